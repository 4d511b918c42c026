"""Looks at every monitor each second and tells its transitions: an event, and the webhooks it names."""

import asyncio
import re
import secrets
from collections.abc import Mapping

from .account import Account
from .downtimes import muted
from .evaluate import Group
from .monitors import OK, TRANSITIONS, GroupState, Monitor, advance, measure
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
        delay_s = float(monitor.options.get("evaluation_delay") or 0)
        values = measure(monitor.condition, self._account.metrics, now - delay_s)
        groups = {*values, *monitor.groups} or ({()} if not monitor.condition.by else set())
        told = (self._advance(monitor, group, values.get(group), now) for group in sorted(groups))
        return [notice for notice in told if notice is not None]

    def _advance(self, monitor: Monitor, group: Group, value: float | None, now: float) -> Notice | None:
        state = monitor.groups.setdefault(group, GroupState())
        if state.told == OK:
            state.cycle_key = str(secrets.randbits(62))
        transition = advance(monitor, state, value, now) or self._after_silence(monitor, group, state, now)
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
            snapshot=self._account.snapshot(monitor.condition, now) if monitor.condition else "",
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
        notice.state.held_by = self._silenced_by(notice.monitor, notice.group, notice.at)
        if not notice.state.held_by:
            self._send(notice, values)

    def _silenced_by(self, monitor: Monitor, group: Group, now: float) -> str:
        """The id of the downtime that covers this group now, "mute", or nothing."""
        scope = monitor.scope_of(group)
        if muted(monitor, scope, now):
            return "mute"
        tags = {*monitor.body["tags"], *scope.split(","), *group}
        covering = (each.id for each in self._account.downtimes.values() if each.covers(monitor, tags, now))
        return next(covering, "")

    def _after_silence(self, monitor: Monitor, group: Group, state: GroupState, now: float) -> str | None:
        """A status that nobody was told of is told when its downtime is over, if that downtime is told to."""
        if not state.held_by or self._silenced_by(monitor, group, now):
            return None
        downtime = self._account.downtimes.get(state.held_by)
        state.held_by = ""
        if downtime is None or not downtime.tells_at_its_end(state.status, now):
            return None
        state.told_at = now
        return TRANSITIONS.get((OK, state.status))

    def _send(self, notice: Notice, values: Mapping[str, str]) -> None:
        """Custom variables fill headers, too; monitors cannot override the built-in names."""
        custom = {name: variable["value"] for name, variable in self._account.custom_variables.items()}
        for name in dict.fromkeys(_MENTION.findall(notice.message)):
            webhook = self._account.webhooks.get(name)
            if webhook is not None:
                self._deliveries.send(render(webhook, {**custom, **values}, notice.transition))
