"""Looks at every monitor each second and tells its transitions: an event, and the webhooks it names."""

import asyncio
import re
import secrets
from collections.abc import Mapping
from typing import Any

from .account import Account, texts
from .evaluate import Group
from .monitors import OK, GroupState, Monitor, advance, measure
from .notification import Notice, aggregation_key, variables
from .webhooks import Deliveries, render

_MENTION = re.compile(r"@webhook-([A-Za-z0-9_.-]*[A-Za-z0-9_-])")
_FORGET_EVERY = 60


class Alerting:
    def __init__(self, account: Account, deliveries: Deliveries) -> None:
        self._account = account
        self._deliveries = deliveries

    async def run(self, every_s: float) -> None:
        """Until cancelled; drops old data now and then."""
        for turn in range(10**12):
            self.evaluate()
            if turn % _FORGET_EVERY == 0:
                self._account.forget()
            await asyncio.sleep(every_s)

    def evaluate(self) -> list[Notice]:
        """One look at every monitor; returns what was told."""
        return [notice for monitor in list(self._account.monitors.values()) for notice in self._look(monitor)]

    def _look(self, monitor: Monitor) -> list[Notice]:
        if monitor.condition is None:
            return []
        now = self._account.clock()
        values = measure(monitor.condition, self._account.metrics, now)
        groups = {*values, *monitor.groups} or ({()} if not monitor.condition.by else set())
        told = (self._advance(monitor, group, values.get(group), now) for group in sorted(groups))
        return [notice for notice in told if notice is not None]

    def _advance(self, monitor: Monitor, group: Group, value: float | None, now: float) -> Notice | None:
        state = monitor.groups.setdefault(group, GroupState())
        if state.told == OK:
            state.cycle_key = str(secrets.randbits(62))
        transition = advance(monitor, state, value, now)
        if transition is None:
            return None
        notice = Notice(
            number=next(self._account.event_numbers),
            at=now,
            monitor=monitor,
            group=group,
            state=state,
            transition=transition,
            app_url=self._account.app_url,
        )
        self._tell(notice)
        return notice

    def _tell(self, notice: Notice) -> None:
        values = variables(notice)
        self._account.add_event(
            number=notice.number,
            title=notice.title,
            text=values["EVENT_MSG"],
            tags=notice.tags,
            at=notice.at,
            status=notice.kind,
            source="alert",
            aggregation_key=aggregation_key(notice.monitor, notice.group),
            monitor={
                "id": notice.monitor.number,
                "name": notice.monitor.body["name"],
                "groups": list(notice.group),
            },
        )
        if not self._muted(notice):
            self._send(notice, values)

    def _send(self, notice: Notice, values: Mapping[str, str]) -> None:
        """Custom variables fill headers, too; monitors cannot override the built-in names."""
        custom = {name: variable["value"] for name, variable in self._account.custom_variables.items()}
        for name in dict.fromkeys(_MENTION.findall(notice.message)):
            webhook = self._account.webhooks.get(name)
            if webhook is not None:
                self._deliveries.send(render(webhook, {**custom, **values}, notice.transition))

    def _muted(self, notice: Notice) -> bool:
        return any(_covers(downtime["attributes"], notice) for downtime in self._account.downtimes.values())


def _covers(downtime: dict[str, Any], notice: Notice) -> bool:
    """An active downtime for this monitor, by id or tags, whose scope is everything or tags of the notice."""
    if downtime["status"] != "active":
        return False
    identifier = downtime["monitor_identifier"]
    named = identifier.get("monitor_id") == notice.monitor.number
    tags = set(texts(identifier.get("monitor_tags")))
    if not named and not (tags and (tags == {"*"} or tags <= set(notice.monitor.body["tags"]))):
        return False
    scope = downtime["scope"].replace(" AND ", ",")
    return scope == "*" or {part.strip() for part in scope.split(",")} <= set(notice.tags)
