"""Webhook bodies in the shapes that customers send, each with what must be read from it.

Written for these tests after the templates that public guides recommend; no body is a copy of a real one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from fixloop_bot.domain.signals import IdentityKind, Transition

RECEIVED = 1_790_000_000.0
EVENT = "8306082202796025694"
FORM = "application/x-www-form-urlencoded"
RATIO = "sum:shop.errors{service:checkout}.as_count() / sum:shop.requests{service:checkout}.as_count()"
TEXT = (
    "%%%\n@webhook-fixloop\n\nCheckout fails &amp; carts are lost.\n\n"
    "[![Metric Graph](https://p.datadoghq.eu/snapshot/view/a.png)](https://app.datadoghq.eu/monitors/4711?group=x)\n\n"
    "The monitor was last triggered at Thu Aug 26 2021 19:05:52 UTC.\n\n- - -\n\n"
    "[[Monitor Status](https://app.datadoghq.eu/monitors/4711?to_ts=1&group=service%3Acheckout&from_ts=0)] · "
    "[[Edit Monitor](https://app.datadoghq.eu/monitors#4711/edit)]\n%%%"
)
DEFAULT = {
    "body": "Checkout fails",
    "last_updated": "1789999990000",
    "event_type": "query_alert_monitor",
    "title": "[P2] [Triggered on {service:checkout,env:prod}] Errors of checkout",
    "date": "1789999980000",
    "org": {"id": "352347", "name": "shop"},
    "id": EVENT,
}


@dataclass(frozen=True, slots=True)
class Payload:
    """A body and the attributes that its signal must have."""

    name: str
    body: bytes
    expect: dict[str, Any]
    content_type: str = field(default="application/json")


def of(name: str, document: Any, content_type: str = "application/json", /, **expect: Any) -> Payload:
    if isinstance(document, bytes):
        return Payload(name, document, expect, content_type)
    text = document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)
    return Payload(name, text.encode(), expect, content_type)


def minimal(**changes: Any) -> dict[str, Any]:
    """A small valid alert, with keys changed; a None takes the key away."""
    alert = {"title": "Errors of checkout", "alert_id": "4711", "alert_transition": "Triggered"} | changes
    return {key: value for key, value in alert.items() if value is not None}


def transition(word: str, expected: Transition) -> Payload:
    return of(f"transition {word!r}", minimal(alert_transition=word), transition=expected)


def titled(title: str, expected: Transition, **expect: Any) -> Payload:
    return of(f"title {title!r}", {"title": title}, transition=expected, **expect)


T = Transition
K = IdentityKind
MONITOR = {"identity": "monitor:4711", "identity_kind": K.MONITOR_AND_SCOPE}

NAMING = [
    of("snake case", minimal(), **MONITOR, transition=T.TRIGGERED, title="Errors of checkout", monitor_id="4711"),
    of("camel case", {"alertId": 4711, "alertTransition": "Triggered", "alertTitle": "x"}, **MONITOR, title="x"),
    of("Pascal case", {"AlertID": 4711, "AlertTransition": "Warn"}, **MONITOR, transition=T.WARN),
    of("spaces", {"alert id": "4711", "Alert Transition": "No Data"}, **MONITOR, transition=T.NO_DATA),
    of(
        "variable names", {"ALERT_ID": "4711", "ALERT_TRANSITION": "Re-Triggered"}, **MONITOR, transition=T.RE_TRIGGERED
    ),
    of("dollar names", {"$ALERT_ID": "4711", "$ALERT_TRANSITION": "Recovered"}, **MONITOR, transition=T.RECOVERED),
    of("dotted", {"monitor.id": 4711, "monitor.name": "x", "alert.transition": "Warn"}, **MONITOR, title="x"),
    of("Datadog's own name before a synonym", {"transition": "Warn"} | minimal(), transition=T.TRIGGERED),
    of("an outer synonym before an embedded name", minimal(body=json.dumps({"alert_id": "1"})), **MONITOR),
    of("explicit before generic", {"title": "a", "event_title": "b", "id": 1, "alert_id": 4711}, **MONITOR, title="b"),
    of("nested alert", {"alert": {"id": "4711", "transition": "Triggered", "title": "x"}}, **MONITOR, title="x"),
    of("nested monitor", {"monitor": {"id": 4711, "name": "x"}, "transition": "Warn"}, **MONITOR, transition=T.WARN),
    of("deep", {"data": {"event": {"monitor": {"id": 4711, "transition": {"trans_name": "Triggered"}}}}}, **MONITOR),
    of("list of one", [minimal()], **MONITOR),
    of("list in a list", [[minimal()]], **MONITOR),
    of("JSON in a string", {"payload": json.dumps(minimal())}, **MONITOR, transition=T.TRIGGERED),
    of("encoded twice", json.dumps(json.dumps(minimal())), **MONITOR),
    of(
        "queue envelope",
        {"Type": "Notification", "Message": json.dumps(minimal())},
        **MONITOR,
        title="Errors of checkout",
    ),
    of(
        "monitor id under id, as the text's links confirm",
        {
            "msg": TEXT.replace("Checkout fails", "The monitor was marked as **Recovered** by Ann"),
            "id": "4711",
            "transition": "Recovered",
            "type": "success",
            "title": "[P2] [Recovered on {service:checkout}] Errors",
            "status": "",
            "link": f"https://app.datadoghq.eu/event/event?id={EVENT}",
        },
        identity="monitor:4711|service:checkout",
        id=f"event:{EVENT}|Recovered|",
        transition=T.RECOVERED,
        contradiction=False,
    ),
    of(
        "incident tool's envelope",
        {
            "routing_key": "r",
            "event_action": "trigger",
            "dedup_key": "9bd4ac",
            "payload": {"summary": "[Warn] Errors", "severity": "critical", "source": "h1"},
        },
        identity="aggreg:9bd4ac",
        title="[Warn] Errors",
        transition=T.WARN,
    ),
    of(
        "event of the API",
        {
            "data": {
                "id": "AwAAA",
                "attributes": {
                    "timestamp": "2026-09-21T14:13:00.000Z",
                    "tags": ["service:checkout"],
                    "attributes": {
                        "evt": {"id": EVENT},
                        "title": "[Triggered] Errors",
                        "monitor": {
                            "id": 4711,
                            "name": "Errors",
                            "alert_cycle_key_txt": "77",
                            "transition": {"trans_name": "Triggered", "trans_type": "alert"},
                        },
                    },
                },
            }
        },
        identity="cycle:77",
        monitor_id="4711",
        id=f"event:{EVENT}|Triggered|2026-09-21T14:13:00.000Z",
        occurred_at=1_789_999_980.0,
        service="checkout",
    ),
    of("number with a fraction", minimal(alert_id=4711.0), **MONITOR),
    of(
        "chat attachment with rows",
        {
            "text": "[Triggered on {service:checkout}] Errors of checkout",
            "attachments": [{"fields": [{"title": "Alert ID", "value": "4711", "short": True}]}],
        },
        identity="monitor:4711|service:checkout",
        title="[Triggered on {service:checkout}] Errors of checkout",
        transition=T.TRIGGERED,
        service="checkout",
    ),
    of(
        "chat message with a link",
        {"text": "*<https://app.datadoghq.com/monitors/4711|[Recovered] Errors>*", "attachments": []},
        transition=T.RECOVERED,
        title="[Recovered] Errors",
    ),
    of("a user's name is no title", {"user": {"name": "Ann"}, "alert_id": 4711}, **MONITOR, title="Monitor 4711"),
    of("an org's id is no event", minimal(org={"id": "99"}), stable_id=False),
]

DEFAULTS = [
    of(
        "default payload",
        DEFAULT,
        transition=T.TRIGGERED,
        service="checkout",
        env="prod",
        priority="P2",
        scope="service:checkout,env:prod",
        identity="title:errors of checkout|service:checkout|env:prod",
        identity_kind=K.TITLE,
        occurred_at=1_789_999_980.0,
        id=f"event:{EVENT}|Triggered|1789999980000",
        stable_id=True,
    ),
    of(
        "default payload with Datadog's text",
        DEFAULT | {"body": TEXT, "title": "[Recovered] Errors of checkout"},
        transition=T.RECOVERED,
        monitor_id="4711",
        link="https://app.datadoghq.eu/monitors/4711?group=x",
        identity_kind=K.MONITOR_AND_SCOPE,
    ),
    of("default payload of a test", DEFAULT | {"title": "[Triggered] [TEST] Errors"}, transition=T.TRIGGERED, scope=""),
    of("default payload without date", {**DEFAULT, "date": "$DATE"}, occurred_at=1_789_999_990.0),
]

IDENTITY = [
    of("cycle key first", minimal(cycleKey="c1", aggreg_key="a1"), identity="cycle:c1", identity_kind=K.CYCLE),
    of("aggregation key second", minimal(aggregKey="a1"), identity="aggreg:a1", identity_kind=K.AGGREGATE),
    of("unresolved cycle key", minimal(cycle_key="$ALERT_CYCLE_KEY", aggreg_key="a1"), identity="aggreg:a1"),
    of("half resolved cycle key", minimal(cycle_key="dd-$ALERT_CYCLE_KEY"), **MONITOR),
    of("null text", minimal(alert_cycle_key="null", aggreg_key="None"), **MONITOR),
    of("empty and N/A", minimal(alert_cycle_key="", aggreg_key="N/A"), **MONITOR),
    of("JSON null", minimal(alert_cycle_key=None, aggreg_key=None), **MONITOR),
    of("scope in any order", minimal(scope="b:2, a:1"), identity="monitor:4711|a:1,b:2", scope="b:2, a:1"),
    of("scope of a title", minimal(title="[Triggered on {host:h1}] x"), identity="monitor:4711|host:h1"),
    of("scope of everything", minimal(alert_scope="*"), **MONITOR),
    of("bare title", {"title": "[P1] [Triggered] Errors"}, identity="title:errors", identity_kind=K.TITLE),
    of("long key is hashed", minimal(cycle_key="k" * 1000), identity_kind=K.CYCLE),
    of(
        "monitor id under id",
        {"id": "4711", "title": "x", "transition": "Triggered", "date": "1789999980000"},
        **MONITOR,
        monitor_id="4711",
        stable_id=False,
    ),
    of("both under one id", {"id": "4711", "alert_id": "4711", "title": "x"}, **MONITOR, stable_id=False),
    of(
        "links to two monitors",
        {"title": "x", "body": " ".join(f"https://app.datadoghq.eu/monitors/{n}" for n in (1, 2))},
        identity="title:x",
        link=None,
    ),
    of("short event id beside a monitor", minimal(id="123456789"), **MONITOR, id="event:123456789|Triggered|"),
    of("event id of the link", minimal(link=f"https://app.datadoghq.eu/event/event?id={EVENT}"), stable_id=True),
]

TRANSITIONS = [
    *(transition(word.value, word) for word in T),
    transition("Warn Recovered", T.RECOVERED),
    transition("No Data Recovered", T.RECOVERED),
    transition("RE-NO DATA", T.RE_NO_DATA),
    transition("triggered", T.TRIGGERED),
    transition("Not Recovered", T.UNKNOWN),
    transition("Exploded", T.UNKNOWN),
    titled("[Triggered on {service:checkout}] x", T.TRIGGERED, service="checkout"),
    titled("[Re-Triggered] x", T.RE_TRIGGERED),
    titled("[Warn on {host:a[0]}] x", T.WARN, scope="host:a[0]"),
    titled("[No Data] x", T.NO_DATA),
    titled("[P3] [No Data Recovered on {a:b}] x", T.RECOVERED, priority="P3"),
    titled("[TEST] [Recovered] x", T.RECOVERED),
    titled("Recovered: x", T.RECOVERED),
    titled("[Warning] people name monitors so", T.UNKNOWN),
    titled("An alert has recovered", T.UNKNOWN),
    of("unresolved transition", minimal(alert_transition="$ALERT_TRANSITION", title="[Warn] x"), transition=T.WARN),
    of("under status", minimal(alert_transition=None, status="Recovered"), transition=T.RECOVERED),
    of("a status that is a text", minimal(alert_transition=None, status="x was > 0"), transition=T.UNKNOWN),
    of(
        "resolved by hand",
        {"title": "x", "body": "The monitor was marked as **Recovered** by Ann."},
        transition=T.RECOVERED,
    ),
    of("by alert type", minimal(alert_transition=None, alert_type="error"), transition=T.TRIGGERED),
    of("info says nothing", minimal(alert_transition=None, alert_type="info"), transition=T.UNKNOWN),
    of("agreeing", minimal(alert_transition="Recovered", title="[Recovered] x"), contradiction=False),
    of(
        "contradicting",
        minimal(alert_transition="Recovered", title="[Triggered] x"),
        contradiction=True,
        recovers=False,
    ),
    of("contradicting the other way", minimal(title="[Recovered] x"), contradiction=True, transition=T.TRIGGERED),
    of("contradicting no data", minimal(alert_transition="Recovered", title="[No Data] x"), contradiction=True),
    of("unknown contradicts nothing", minimal(alert_transition="?", title="[Recovered] x"), contradiction=False),
]

BROKEN = [
    of(
        "log sample in a text",
        '{"title": "x", "body": "sample: {"level":"error","title":"wrong"} end", "alert_id": "4711", '
        '"alert_transition": "Triggered"}',
        **MONITOR,
        title="x",
        transition=T.TRIGGERED,
        message='sample: {"level":"error","title":"wrong"} end',
    ),
    of(
        "text that is an object",
        '{"body": "{"id": 1, "n": {"a": 2}}", "title": "x", "alert_id": 4711}',
        **MONITOR,
        title="x",
    ),
    of("unquoted object", '{"log": {"a" 1, b}, "alert_id": "4711", "title": "x"}', **MONITOR, title="x"),
    of("quotation marks", '{"title": "the "big" one", "alert_id": "4711"}', **MONITOR, title='the "big" one'),
    of(
        "raw newlines and tabs",
        '{"title": "x", "body": "one\n\ttwo", "alert_id": 4711}',
        **MONITOR,
        message="one\n\ttwo",
    ),
    of("trailing comma", '{"title": "x", "alert_id": "4711",}', **MONITOR, title="x"),
    of(
        "cut off",
        '{"alert_id": "4711", "alert_transition": "Recovered", "body": "abc',
        **MONITOR,
        transition=T.RECOVERED,
    ),
    of("single quotes", "{'alert_id': '4711', 'title': 'x'}", **MONITOR, title="x"),
    of("bare keys", "{alert_id: 4711, title: x}", **MONITOR, title="x"),
    of("bare variable", '{"alert_id": 4711, "date": $DATE, "title": "x"}', **MONITOR, occurred_at=RECEIVED),
    of(
        "nested and broken",
        '{"org": {"id": "9", "name": "o"}, "alert_id": "4711", "body": ""quoted""}',
        **MONITOR,
        stable_id=False,
    ),
    of("invalid escape", '{"alert_id": "4711", "title": "C:\\windows"}', **MONITOR, title="C:\\windows"),
]

FORMS = [
    of(
        "flat form",
        urlencode({"alert_id": "4711", "title": "a b", "alert_transition": "Warn"}),
        FORM,
        **MONITOR,
        title="a b",
    ),
    of("payload field", urlencode({"payload": json.dumps(minimal())}), FORM, **MONITOR, transition=T.TRIGGERED),
    of("broken payload field", urlencode({"payload": '{"alert_id": "4711", "title": "a "b" c"}'}), FORM, **MONITOR),
    of("bracketed form keys", urlencode({"alert[id]": "4711", "alert[transition]": "Recovered"}), FORM, **MONITOR),
    of("JSON said to be a form", json.dumps(minimal()), FORM, **MONITOR),
    of("form said to be JSON", urlencode(minimal()), **MONITOR),
    of("object in a form field", urlencode({"alert": json.dumps({"id": 4711})}), FORM, **MONITOR),
    of(
        "object under its own name",
        urlencode({"org": '{"id": "9"}', "alert_id": "4711"}),
        FORM,
        **MONITOR,
        stable_id=False,
    ),
]

ENCODINGS = [
    of("byte order mark", b"\xef\xbb\xbf" + json.dumps(minimal()).encode(), **MONITOR),
    of("UTF-16", json.dumps(minimal()).encode("utf-16"), **MONITOR),
    of("Latin-1", json.dumps(minimal(title="Störung"), ensure_ascii=False).encode("latin-1"), title="Störung"),
    of(
        "entities",
        minimal(title="a &gt; b", body="x &lt;b&gt; &amp;amp; &copy=1"),
        title="a > b",
        message="x <b> &amp; &copy=1",
    ),
    of("markdown marks", minimal(body="%%%\nhello\n%%%"), message="hello"),
    of("text without marks preferred", minimal(event_msg="%%%a%%%", text_only_msg="b", body="c"), message="b"),
]

DETAILS = [
    of("date in seconds", minimal(date=1789999980), occurred_at=1_789_999_980.0),
    of("date in milliseconds", minimal(date="1789999980500"), occurred_at=1_789_999_980.5),
    of("date in ISO", minimal(date="2026-09-21T14:13:00Z"), occurred_at=1_790_000_000 - 20.0),
    of("date of nonsense", minimal(date="yesterday"), occurred_at=RECEIVED),
    of("date of the future", minimal(date=1_890_000_000), occurred_at=RECEIVED),
    of("date of zero", minimal(date=0), occurred_at=RECEIVED),
    of(
        "tags by comma",
        minimal(tags="service:api,env:prod, team:a"),
        tags=("service:api", "env:prod", "team:a"),
        env="prod",
    ),
    of("tags by list", minimal(tags=["service:api", "service:api"]), tags=("service:api",), service="api"),
    of("tags by mapping", minimal(tags={"service": "api"}), tags=("service:api",), service="api"),
    of("tags by hash sign", minimal(tags="#service:api #env:prod"), tags=("service:api", "env:prod"), service="api"),
    of("service by key", minimal(service="api", tags="service:other"), service="api"),
    of("service by object", minimal(service={"name": "api"}), service="api"),
    of("service by scope", minimal(scope="service:api,env:dev", tags="env:prod"), service="api", env="dev"),
    of("service by query", minimal(alert_query=f"avg(last_5m):{RATIO} > 0.01"), service="checkout"),
    of("value by key", minimal(value="0.31"), value=0.31),
    of("value by text", minimal(body="The value is **0.31** now."), value=0.31),
    of("value by comparison", minimal(body="**0.31** > 0.01"), value=0.31),
    of("two values are none", minimal(body="value 1, value 2"), value=None),
    of("a limit is no value", minimal(body="was **> 0.1** during the last 5m; threshold value: 5"), value=None),
    of("value that is no number", minimal(value="NaN"), value=None),
    of("priority by number", minimal(alert_priority=2), priority="P2"),
    of("the event's priority says nothing", minimal(priority="normal"), priority=None),
    of(
        "link",
        minimal(link="https://app.datadoghq.eu/event/event?id=1"),
        link="https://app.datadoghq.eu/event/event?id=1",
    ),
    of("link of a script", minimal(link="javascript:alert(1)"), link=None),
    of("link that hides its host", minimal(link="https://app.datadoghq.eu@evil.example/"), link=None),
    of("link that ends early", minimal(link="https://a/<b>"), link=None),
    of("snapshot", minimal(snapshot="https://p.datadoghq.eu/a.png"), snapshot="https://p.datadoghq.eu/a.png"),
    of("no snapshot", minimal(snapshot="null"), snapshot=None),
    of("metric of the query", minimal(query="avg(last_5m):avg:shop.load{*} > 1"), metric="shop.load"),
    of(
        "a log monitor has no measure",
        minimal(query='logs("a").index("*").rollup("count").last("5m") > 2'),
        measure=None,
    ),
]

CYCLE = "7716548234055550000"
PAGE = f"https://app.datadoghq.eu/event/event?id={EVENT}"
GRAPH = "https://p.datadoghq.eu/snapshot/view/a.png"
PREFIXED = "[P2] [Triggered on {service:checkout,env:prod}] Errors of checkout"
GROUP = {"identity": "monitor:4711|env:prod,service:checkout", "identity_kind": K.MONITOR_AND_SCOPE}
TITLED = {"title": PREFIXED, "transition": T.TRIGGERED, "priority": "P2", "service": "checkout", "env": "prod"}

TEMPLATES = [
    of("monitor as de-duplication key", {"dedup_key": "4711", "payload": {"summary": PREFIXED}}, **GROUP, **TITLED),
    of(
        "monitor inside a fingerprint",
        {"fingerprint": "dd-4711", "title": PREFIXED, "labels": {"alert_id": "4711"}},
        **GROUP,
    ),
    of("monitor as unique key", {"unique_key": "4711", "summary": PREFIXED, "status": "Triggered"}, **GROUP, **TITLED),
    of(
        "cycle key under id",
        {"event": {"id": CYCLE, "title": PREFIXED, "url": PAGE, "status": "Triggered"}},
        identity=f"cycle:{CYCLE}",
        identity_kind=K.CYCLE,
        id=f"event:{EVENT}|Triggered|",
    ),
    of(
        "event's id under the monitor's name",
        {
            "text": PREFIXED,
            "attachments": [{"text": "Carts are lost.", "fields": [{"title": "Alert ID", "value": EVENT}]}],
        },
        monitor_id=None,
        identity_kind=K.TITLE,
        message="Carts are lost.",
    ),
    of("a forgotten dollar", minimal(event={"event_id": "ID", "event_url": PAGE}), id=f"event:{EVENT}|Triggered|"),
    of(
        "a ticket",
        {"fields": {"project": {"key": "SHOP"}, "summary": PREFIXED, "description": f"Graph: {GRAPH}, event: {PAGE}"}},
        link=PAGE,
        snapshot=GRAPH,
        **TITLED,
    ),
    of("a title under any key", {"alert_id": "4711", "class": PREFIXED, "severity": "Triggered"}, **GROUP, **TITLED),
    of("a title under a form's key", urlencode({"cause": PREFIXED, "ALERT_ID": "4711"}), FORM, **GROUP, **TITLED),
    of(
        "bracketed form variables",
        urlencode({"variables[ALERT_ID]": "4711", "variables[TAGS]": "env:prod", "variables[EVENT_TITLE]": PREFIXED}),
        FORM,
        tags=("env:prod",),
        **GROUP,
    ),
    of("title and text in one", {"markdown": f"**Errors of checkout**\n\n{TEXT}"}, title="Errors of checkout"),
    of("title and text in a prompt", {"prompt": {"text": f"Errors — {TEXT}"}}, title="Errors", monitor_id="4711"),
    of(
        "text under summary",
        {"alert_id": "4711", "title": "Errors", "summary": TEXT},
        title="Errors",
        link="https://app.datadoghq.eu/monitors/4711?group=x",
        snapshot=GRAPH,
    ),
    of(
        "embed",
        {
            "username": "Datadog",
            "embeds": [{"author": {"name": "x"}, "title": PREFIXED, "url": PAGE, "description": TEXT}],
        },
        monitor_id="4711",
        link=PAGE,
        **TITLED,
    ),
    of(
        "card with sections",
        {
            "@type": "MessageCard",
            "summary": PREFIXED,
            "sections": [
                {"activityTitle": f"🔔 {PREFIXED}", "facts": [{"name": "Tags", "value": "a:b"}], "text": TEXT},
            ],
            "potentialAction": [{"name": "View", "targets": [{"os": "default", "uri": PAGE}]}],
        },
        monitor_id="4711",
        link="https://app.datadoghq.eu/monitors/4711?group=x",
        id=f"event:{EVENT}|Triggered|",
        tags=("a:b",),
        **TITLED,
    ),
    of(
        "broken card with rows",
        '{"markdown": "' + PREFIXED + '", "facts": [{"title": "ID", "value": "' + EVENT + '"}], '
        '"body": [{"text": "Alert!"}, {"text": "%%%\nsay "sorry"\n%%%"}], "actions": [{"title": "Acknowledge"}]}',
        value=None,
        message='say "sorry"',
        stable_id=True,
        **TITLED,
    ),
    of("text under any key", {"extra_vars": {"why": TEXT}, "status": "Warn"}, monitor_id="4711", snapshot=GRAPH),
    of("event's id as the monitor's", minimal(alert_id=EVENT), id=f"event:{EVENT}|Triggered|", monitor_id=None),
    of("ornament before a title", {"title": "🚨 [Warn] Errors"}, transition=T.WARN, title="[Warn] Errors"),
    of("links of other keys", minimal(links=[{"href": PAGE}], images=[{"src": GRAPH}]), link=PAGE, snapshot=GRAPH),
    of(
        "links to other pages",
        minimal(
            alert_id=None,
            board="https://app.datadoghq.eu/dashboard/a",
            related="https://app.datadoghq.eu/monitors/9",
            body=TEXT,
        ),
        monitor_id="4711",
        link="https://app.datadoghq.eu/monitors/4711?group=x",
    ),
    of("a chat's own link", minimal(title_link="https://chat.example/docs", datadog_event=PAGE), link=PAGE),
    of(
        "links in a sentence",
        {"title": "x", "text": "See https://app.datadoghq.eu/monitors/4711?group=a%3Ab, then act."},
        identity="monitor:4711|a:b",
        link="https://app.datadoghq.eu/monitors/4711?group=a%3Ab",
    ),
    of("graph of the text", minimal(body=TEXT), snapshot=GRAPH),
    of("sender under service", minimal(service="datadog", scope="service:checkout"), service="checkout"),
    of("scope under service", minimal(service="env:prod,service:checkout"), service="checkout"),
    of("host under service", minimal(service="h1", tags="host:h1,service:checkout"), service="checkout"),
    of("host under env", minimal(env="h1", hostname="h1", tags="env:prod"), env="prod"),
    of("long name of env", minimal(tags="environment:production"), env="production"),
    of("date in seconds", minimal(date_posix="1789999980"), occurred_at=1_789_999_980.0),
    of("update in seconds", minimal(last_updated_posix=1_789_999_980), occurred_at=1_789_999_980.0),
    of("priority under severity", minimal(severity="P1"), priority="P1"),
    of("critical is no priority", minimal(severity="critical"), priority=None),
    of("level of a log is no priority", minimal(level="3"), priority=None),
    of(
        "labels that are no tags",
        minimal(labels={"team": "shop", "alert_query": "avg(last_5m):avg:a{*} by {host} > 2", "hostname": ""}),
        tags=("team:shop",),
        metric="a",
    ),
    of(
        "incident of the own nest",
        {"incident": {"id": "4711", "title": PREFIXED, "status": "Triggered"}, "logs_sample": {}},
        **GROUP,
        **TITLED,
    ),
]
"""Shapes of templates that tools' guides recommend and people keep in their repositories, retold."""

READABLE = [*NAMING, *DEFAULTS, *IDENTITY, *TRANSITIONS, *BROKEN, *FORMS, *ENCODINGS, *DETAILS, *TEMPLATES]

UNREADABLE = [
    of("nothing", b""),
    of("blanks", b" \n\t "),
    of("plain text", b"hello"),
    of("prose with a colon", b"Dear all,\ntitle: x"),
    of("a number", b"42"),
    of("null", b"null"),
    of("a string", b'"hello"'),
    of("an empty object", b"{}"),
    of("an empty list", b"[]"),
    of("binary", bytes(range(256)) * 4),
    of("compressed", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"),
    of("no alert", {"hello": "world"}),
    of("no alert in a text", {"text": "hello"}),
    of("a number alone", {"id": 4711}),
    of("only unresolved", {"title": "$EVENT_TITLE", "alert_id": "$ALERT_ID"}),
    of("a form of something else", "a=1&b=2", FORM),
    of("a form of too much", "&".join(f"a{n}=1" for n in range(600)), FORM),
]
