"""What a notification says: the `$VARIABLES` of a monitor's transition, and templates filled with them."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from .evaluate import Group
from .monitors import ALERT, NO_DATA, WARN, Condition, GroupState, Monitor
from .query import leaves

ORG_ID, ORG_NAME = "321813", "FixLoop Sandbox"
_VARIABLE = re.compile(r"\$([A-Z][A-Z0-9_]*)(?:\[([^\]]*)\])?")
_BLOCK = re.compile(r"\{\{\s*([#^])(is_\w+)\s*\}\}(.*?)\{\{\s*/\2\s*\}\}", re.DOTALL)
_VALUE = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
_KINDS = {ALERT: "error", WARN: "warning", NO_DATA: "warning"}
_OVER = {"avg": "on average", "sum": "in total", "min": "at all times", "max": "at least once"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One transition of one group, ready to be told; `at` in seconds, `number` is the event's id."""

    number: int
    at: float
    monitor: Monitor
    group: Group
    state: GroupState
    transition: str
    app_url: str
    snapshot: str = ""

    @property
    def scope(self) -> str:
        return self.monitor.scope_of(self.group)

    @property
    def kind(self) -> str:
        return _KINDS.get(self.state.status, "success")

    @property
    def title(self) -> str:
        on = f" on {{{self.scope}}}" if self.scope != "*" else ""
        return f"{_priority(self.monitor, '[', '] ')}[{self.transition}{on}] {self.monitor.body['name']}"

    @property
    def tags(self) -> list[str]:
        scope = [] if self.scope == "*" else self.scope.split(",")
        return sorted({*self.monitor.body["tags"], *scope, *self.group, "monitor"})

    @property
    def message(self) -> str:
        """The monitor's own message with its conditional blocks and {{value}} settled."""
        return settle(self.monitor.body["message"], self)


def settle(message: str, notice: Notice) -> str:
    """Keep `{{#is_alert}}…{{/is_alert}}` blocks that apply; unknown blocks and names stay as they are."""
    facts = {
        "is_alert": notice.state.status == ALERT,
        "is_warning": notice.state.status == WARN,
        "is_no_data": notice.state.status == NO_DATA,
        "is_recovery": "Recovered" in notice.transition,
        "is_alert_recovery": notice.transition == "Recovered",
        "is_renotify": notice.transition.startswith("Re-"),
    }

    def block(match: re.Match[str]) -> str:
        if match[2] not in facts:
            return match[0]
        return match[3] if facts[match[2]] == (match[1] == "#") else ""

    values = {tag.split(":", 1)[0] + ".name": tag.split(":", 1)[-1] for tag in notice.group}
    if notice.state.value is not None:
        values["value"] = f"{notice.state.value:g}"
    if notice.monitor.condition:
        values["threshold"] = f"{notice.monitor.condition.thresholds['critical']:g}"
    return _VALUE.sub(lambda match: values.get(match[1], match[0]), _BLOCK.sub(block, message)).strip()


def variables(notice: Notice) -> dict[str, str]:
    """Every `$NAME` of the webhook integration's documentation that a metric monitor fills."""
    monitor, condition = notice.monitor, notice.monitor.condition
    milliseconds = str(int(notice.at * 1000))
    status = summary(notice) if condition else ""
    return {
        "ID": str(notice.number),
        "ALERT_ID": str(monitor.number),
        "ALERT_CYCLE_KEY": notice.state.cycle_key,
        "AGGREG_KEY": aggregation_key(monitor, notice.group),
        "ALERT_TRANSITION": notice.transition,
        "ALERT_TYPE": notice.kind,
        "ALERT_METRIC": leaves(condition.tree)[0].name if condition else "",
        "ALERT_QUERY": str(monitor.body["query"]),
        "ALERT_SCOPE": notice.scope,
        "ALERT_STATUS": status,
        "ALERT_TITLE": f"[{notice.transition}] {monitor.body['name']}",
        "ALERT_PRIORITY": _priority(monitor),
        "EVENT_TITLE": notice.title,
        "EVENT_MSG": f"%%%\n{notice.message}\n\n{_bold(status)}\n\n- - -\n\n{_links(notice)}\n%%%",
        "TEXT_ONLY_MSG": f"{notice.message}\n\n{status}".strip(),
        "EVENT_TYPE": "query_alert_monitor",
        "TAGS": ", ".join(notice.tags),
        "HOSTNAME": next((tag[5:] for tag in notice.tags if tag.startswith("host:")), ""),
        "LINK": f"{notice.app_url}/event/event?id={notice.number}",
        "SNAPSHOT": notice.snapshot,
        "DATE": milliseconds,
        "LAST_UPDATED": milliseconds,
        "ORG_ID": ORG_ID,
        "ORG_NAME": ORG_NAME,
        "PRIORITY": "normal",
        "USER": "",
        "USERNAME": "",
        "EMAIL": "",
    }


def aggregation_key(monitor: Monitor, group: Group) -> str:
    """The same for every notification about one group of one monitor."""
    return hashlib.sha256(f"{monitor.number}:{','.join(group)}".encode()).hexdigest()[:32]


def summary(notice: Notice) -> str:
    """`error rate over service:checkout was > 0.05 on average during the last 1m.`"""
    condition = notice.monitor.condition
    if condition is None or notice.state.status == NO_DATA:
        return "No data was received."
    over = _OVER.get(condition.over, "")
    return (
        f"{condition.text} over {notice.scope} was {_relation(condition, notice)} "
        f"{over} during the last {_window(condition.window_s)}.".replace("  ", " ")
    )


def _relation(condition: Condition, notice: Notice) -> str:
    opposite = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}
    level = "warning" if notice.state.status == WARN else "critical"
    limit = condition.thresholds[level]
    bad = notice.state.status in (ALERT, WARN)
    return f"{condition.comparator if bad else opposite[condition.comparator]} {limit:g}"


def _window(seconds: int) -> str:
    return next((f"{seconds // n}{unit}" for n, unit in ((3600, "h"), (60, "m")) if not seconds % n), f"{seconds}s")


def _bold(status: str) -> str:
    return re.sub(r"was (\S+ \S+)", r"was **\1**", status)


def _links(notice: Notice) -> str:
    triggered = datetime.fromtimestamp(notice.state.triggered_at or notice.at, UTC)
    base = f"{notice.app_url}/monitors/{notice.monitor.number}"
    group = quote(notice.scope, safe="")
    return (
        f"The monitor was last triggered at {triggered:%a %b %d %Y %H:%M:%S} UTC.\n\n"
        f"[[Monitor Status]({base}?group={group})] · [[Edit Monitor]({base}/edit)]"
    )


def _priority(monitor: Monitor, before: str = "", after: str = "") -> str:
    priority = monitor.body.get("priority")
    return f"{before}P{priority}{after}" if priority else ""


def fill(template: str, values: Mapping[str, str], *, in_json: bool) -> str:
    """Replace `$NAME` and `$TAGS[key]`; what is not known stays literal, as Datadog leaves it.

    With `in_json` the values are escaped to stand inside a JSON string.
    """

    def one(match: re.Match[str]) -> str:
        name, key = match[1], match[2]
        if name not in values:
            return match[0]
        if key is None:
            value, rest = values[name], ""
        elif name == "TAGS":
            value, rest = _tag(values["TAGS"], key), ""
        else:
            value, rest = values[name], f"[{key}]"
        return (json.dumps(value, ensure_ascii=False)[1:-1] if in_json else value) + rest

    return _VARIABLE.sub(one, template)


def _tag(tags: str, key: str) -> str:
    return next((tag.split(":", 1)[1] for tag in tags.split(", ") if tag.startswith(f"{key}:")), "")


def default_payload() -> str:
    """What Datadog sends when a webhook has no payload of its own: neither alert id nor transition."""
    names: dict[str, Any] = {
        "body": "$EVENT_MSG",
        "last_updated": "$LAST_UPDATED",
        "event_type": "$EVENT_TYPE",
        "title": "$EVENT_TITLE",
        "date": "$DATE",
        "org": {"id": "$ORG_ID", "name": "$ORG_NAME"},
        "id": "$ID",
    }
    return json.dumps(names)
