"""What Datadog's webhook sends becomes a signal, whatever the customer made of the template."""

from __future__ import annotations

import json
from dataclasses import replace
from time import thread_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixloop_bot.adapters.datadog.template import SECRET_HEADER, VARIABLES, custom_headers, payload_template
from fixloop_bot.adapters.datadog.webhook import parse_signal
from fixloop_bot.domain.errors import UnreadableSignal
from fixloop_bot.domain.signals import Comparator, IdentityKind, Measure, Signal, Transition
from tests.adapters.datadog_payloads import DEFAULT, RATIO, READABLE, RECEIVED, UNREADABLE, Payload, minimal

LARGEST = 256 * 1024


def parse(body: bytes, content_type: str = "application/json") -> Signal:
    return parse_signal(body, content_type=content_type, received_at=RECEIVED)


def parse_json(document: object) -> Signal:
    return parse(json.dumps(document).encode())


@pytest.mark.parametrize("payload", READABLE, ids=lambda payload: payload.name)
def test_every_known_shape_is_read(payload: Payload) -> None:
    """Each body of the table gives a signal with the attributes the table says."""
    signal = parse(payload.body, payload.content_type)
    assert {key: getattr(signal, key) for key in payload.expect} == payload.expect


@pytest.mark.parametrize("payload", UNREADABLE, ids=lambda payload: payload.name)
def test_what_is_no_alert_is_refused_with_one_sentence(payload: Payload) -> None:
    with pytest.raises(UnreadableSignal) as refusal:
        parse(payload.body, payload.content_type)
    sentence = str(refusal.value)
    assert sentence.endswith(".")
    assert sentence.count(". ") == 0
    assert len(sentence) < 120


def test_the_own_template_is_read_completely() -> None:
    """FixLoop's template, filled in as Datadog does it, gives every attribute that a signal can have."""
    values = {
        "ID": "8306082202796025694",
        "ALERT_ID": "4711",
        "ALERT_CYCLE_KEY": "177",
        "AGGREG_KEY": "9bd4",
        "ALERT_TRANSITION": "Triggered",
        "ALERT_QUERY": f"avg(last_5m):{RATIO} > 0.01",
        "ALERT_SCOPE": "service:checkout,env:prod",
        "ALERT_PRIORITY": "P2",
        "EVENT_TITLE": "[P2] [Triggered on {service:checkout,env:prod}] Errors of checkout",
        "TAGS": "env:prod,service:checkout,team:shop",
        "LINK": "https://app.datadoghq.eu/event/event?id=8306082202796025694",
        "SNAPSHOT": "https://p.datadoghq.eu/snapshot/a.png",
        "DATE": "1789999980000",
        "TEXT_ONLY_MSG": "The value is 0.31.",
    }
    signal = parse(filled(values).encode())
    assert signal == Signal(
        id="event:8306082202796025694|Triggered|1789999980000",
        identity="cycle:177",
        identity_kind=IdentityKind.CYCLE,
        transition=Transition.TRIGGERED,
        title=values["EVENT_TITLE"],
        message="The value is 0.31.",
        service="checkout",
        env="prod",
        tags=("env:prod", "service:checkout", "team:shop"),
        scope="service:checkout,env:prod",
        monitor_id="4711",
        measure=Measure(query=RATIO, comparator=Comparator.ABOVE, limit=0.01, window_s=300.0, reduce="avg"),
        metric=None,
        value=0.31,
        priority="P2",
        link=values["LINK"],
        snapshot=values["SNAPSHOT"],
        occurred_at=1_789_999_980.0,
        received_at=RECEIVED,
    )


def filled(values: dict[str, str]) -> str:
    """The template with variables replaced, unescaped, as Datadog does; the others stay literal."""
    text = payload_template()
    for variable in sorted(values, key=len, reverse=True):
        text = text.replace(f'"${variable}"', f'"{values[variable]}"')
    return text


def test_the_own_template_survives_any_text_in_it() -> None:
    """A log sample in the message, with quotes and objects unescaped, costs none of the other fields."""
    sample = 'log: {"alert_id": "1", "service": "wrong"}\n"quoted", and a "title": "wrong"'
    signal = parse(filled({"ALERT_ID": "4711", "EVENT_TITLE": "[Warn] x", "TEXT_ONLY_MSG": sample}).encode())
    assert (signal.monitor_id, signal.title, signal.transition) == ("4711", "[Warn] x", Transition.WARN)
    assert signal.service is None


def test_the_template_asks_for_each_variable_once_and_quoted() -> None:
    assert sorted(json.loads(payload_template()).values()) == sorted(f"${variable}" for variable in VARIABLES)
    assert json.loads(custom_headers('se"cret')) == {SECRET_HEADER: 'se"cret'}


def test_a_repeated_delivery_has_the_same_id_and_another_notification_another() -> None:
    """The id is the event's, with transition and date; a changed text does not make it another notification."""
    first = parse_json(DEFAULT)
    assert parse_json(DEFAULT | {"body": "other"}).id == first.id
    assert parse_json(DEFAULT | {"date": "1789999981000"}).id != first.id
    assert parse_json(DEFAULT | {"title": "[Recovered] Errors"}).id != first.id


def test_without_an_event_id_only_the_same_bytes_are_the_same() -> None:
    first, again, other = parse_json(minimal()), parse_json(minimal()), parse_json(minimal(body="x"))
    assert first.id == again.id != other.id
    assert not first.stable_id


def test_trigger_and_recovery_share_their_identity() -> None:
    """Whichever key the identity comes from, a recovery finds the incident that its trigger opened."""
    for extra in ({"cycle_key": "c"}, {"aggreg_key": "a"}, {}, {"alert_id": None}):
        titles = ("[Triggered on {a:1,b:2}] x", "[Recovered on {b:2,a:1}] x")
        triggered, recovered = (parse_json(minimal(title=title, **extra)) for title in titles)
        assert triggered.identity == recovered.identity


def test_a_group_of_a_monitor_is_measured_alone() -> None:
    """A query by host is narrowed to the signal's host, so that another host's trouble is not this one's."""
    query = "avg(last_5m):avg:system.load.1{env:prod} by {host} > 2"
    signal = parse_json(minimal(alert_query=query, alert_scope="host:a"))
    assert signal.measure is not None
    assert signal.measure.query == "avg:system.load.1{env:prod,host:a}"


def test_everything_is_bounded() -> None:
    signal = parse_json(
        minimal(title="t" * 5000, body="m" * 9000, tags=[f"a:{n}" for n in range(900)], scope="s:" + "x" * 9000)
    )
    assert (len(signal.title), len(signal.message), len(signal.tags)) == (300, 4000, 100)
    assert len(signal.scope) <= 500
    assert len(signal.identity) < 300


HOSTILE = {
    "braces": "{" * LARGEST,
    "opened objects": '{"a":' * (LARGEST // 5),
    "brackets": "[" * LARGEST,
    "quotes": '{"a": "' + '"' * LARGEST,
    "half pairs": "{" + '"a":"b" ' * (LARGEST // 8),
    "half objects": '{"title":"' + '[{"' * (LARGEST // 3),
    "blanks": '{"a"' + " " * LARGEST,
    "entities": '{"title":"x","body":"' + "&amp;" * (LARGEST // 5) + '"}',
    "links": '{"title":"x","body":"' + "http://datadoghq.com/monitors/1?" * (LARGEST // 32) + '"}',
    "values": '{"title":"x","body":"' + "value " * (LARGEST // 6) + '"}',
    "dollars": '{"title":"' + "${" * (LARGEST // 2) + '"}',
    "moustaches": '{"title":"x","cycle_key":"' + "{{" * (LARGEST // 2) + '"}',
    "backslashes": '{"title":"' + "\\" * LARGEST,
    "objects in a text": '{"t":"' + 'x{"a":1}' * (LARGEST // 8),
    "percent signs": "payload=" + "%7B" * (LARGEST // 3),
    "deep": '{"a":' * 900 + "1" + "}" * 900,
    "many rows": '{"title":"x","a":[' + ",".join(['{"b":[1,2,3]}'] * 18000) + "]}",
    "zeros": "\x00" * LARGEST,
    "texts of links": '{"title":"x","attachments":['
    + ",".join(['{"text":"' + "https://p.datadoghq.eu/snapshot/event/event?event_id= " * 350 + '"}'] * 13)
    + "{}]}",
    "links under any key": "{" + ",".join(f'"k{n}":"https://datadoghq.eu/monitors/{n}"' for n in range(6_000)) + "}",
    "marks": '{"markdown":"' + "%%%" * (LARGEST // 3) + '"}',
    "rows": '{"facts":["' + '"title":"a","value":"b",' * (LARGEST // 24),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_body_takes_long(name: str) -> None:
    """A quarter of a megabyte of anything is read or refused within 100 ms of CPU; the best of three."""
    body = HOSTILE[name][:LARGEST].encode()
    taken = []
    for _ in range(3):
        began = thread_time()
        try:
            parse(body)
        except UnreadableSignal as refusal:
            assert str(refusal)  # noqa: PT017 - either outcome will do
        taken.append(thread_time() - began)
    assert min(taken) < 0.1


@given(st.binary(max_size=400), st.sampled_from(["application/json", "application/x-www-form-urlencoded", ""]))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_signal_or_a_refusal(body: bytes, content_type: str) -> None:
    check_total(body, content_type)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["title", "alert_id", "id", "tags", "body", "date", "x y", "dedup_key", "labels", "facts", "link"]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@given(JSON_VALUES)
@settings(max_examples=300, deadline=None)
def test_any_json_is_a_signal_or_a_refusal(document: object) -> None:
    check_total(json.dumps(document).encode(), "application/json")


@given(st.text(max_size=60), st.integers(min_value=0, max_value=10_000))
@settings(max_examples=200, deadline=None)
def test_any_text_in_a_payload_is_a_signal_or_a_refusal(text: str, cut: int) -> None:
    """Raw text in the middle of the template, and the whole cut anywhere."""
    whole = filled({"ALERT_ID": "4711", "EVENT_TITLE": text, "TAGS": text, "DATE": text, "TEXT_ONLY_MSG": text})
    check_total(whole.encode("utf-8", "surrogatepass")[:cut], "application/json")


def check_total(body: bytes, content_type: str) -> None:
    try:
        signal = parse(body, content_type)
    except UnreadableSignal as refusal:
        assert str(refusal).endswith(".")  # noqa: PT017 - either outcome will do
        return
    assert signal.title
    assert len(signal.title) <= 300
    assert len(signal.identity) <= 300
    assert len(signal.id) <= 300
    assert signal == replace(parse(body, content_type), received_at=signal.received_at)
    json.dumps(signal.title + signal.message + signal.identity + signal.id).encode()
