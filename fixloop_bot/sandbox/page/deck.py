"""The flight deck: faults, monitors with their charts, runs, the log, and the scenario that is being played."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from fixloop_bot.sandbox.datadog.monitors import Monitor
from fixloop_bot.sandbox.page.charts import AGAIN, BUCKET_S, SHOWN_S, Charts
from fixloop_bot.sandbox.page.journal import Journal
from fixloop_bot.sandbox.page.readings import heading_of, headline, run_of
from fixloop_bot.sandbox.slack.inhabitants import BOT_ID
from fixloop_bot.sandbox.slack.records import Channel, Message
from fixloop_bot.sandbox.world import World

Json = dict[str, Any]
MARKS_KEPT = 40
CHARTS_EVERY = 2
"""The charts are brought up to date with every second look at the log."""


class Deck:
    """Reads the world; ``look`` says which parts have changed since it was last called."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.journal = Journal(world)
        self._charts = Charts(world.datadog.account)
        self._marks: deque[Json] = deque(maxlen=MARKS_KEPT)
        self._runs: set[tuple[str, str, str]] = set()
        self._monitors: Json = {}
        self._looks = 0

    def follow_faults(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` with every turn of a fault's switch, and remember it as a mark on the charts."""

        def turned(name: str, state: str) -> None:
            self._marks.append({"at": self._world.datadog.account.clock(), "what": str(state), "fault": name})
            changed()

        self._world.shop.faults.listeners.append(turned)

    def hear(self, channel: str, message: Json) -> None:
        """Remember when each run was first heard of, as a mark on the charts."""
        heading = heading_of(str(message.get("text") or "")) if message.get("bot_id") == BOT_ID else ""
        run = (channel, str(message.get("thread_ts")), heading)
        if heading and run not in self._runs:
            self._runs.add(run)
            what = heading.partition(" ")[0].lower()
            self._marks.append({"at": self._world.datadog.account.clock(), "what": what, "fault": heading})

    def look(self) -> set[str]:
        """The parts that have changed: log, monitors, charts."""
        changed: set[str] = set()
        if self.journal.read():
            changed.add("log")
        if self._looks % CHARTS_EVERY == 0:
            self._charts.read()
            changed.add("charts")
        self._looks += 1
        monitors = {"monitors": self.monitors()}
        if monitors != self._monitors:
            self._monitors = monitors
            changed.add("monitors")
        return changed

    def faults(self) -> list[Json]:
        """The shop's switches; none where a team's own services stand in its place."""
        if not self._world.has_shop:
            return []
        keys = ("name", "sees", "fix", "half", "state", "verdict", "half_verdict", "monitored")
        switches = self._world.shop.faults
        rows = switches.listing()
        return [{**{key: row[key] for key in keys}, "since": switches.of(row["name"]).since} for row in rows]

    def monitors(self) -> list[Json]:
        return [_monitor(each) for each in self._world.datadog.account.monitors.values()]

    def charts(self, *, whole: bool) -> Json:
        """Points by monitor: all ten minutes, or the few buckets that may have changed."""
        newest = None if whole else AGAIN + 1
        lines = {
            str(each.number): self._charts.points(each, newest)
            for each in self._world.datadog.account.monitors.values()
        }
        return {"bucket": BUCKET_S, "shown": SHOWN_S, "lines": lines, "marks": list(self._marks)}

    def incidents(self) -> list[Json]:
        """Every root card of the bot with its headline and its run, newest last."""
        channels = self._world.slack.core.workspace.channels.values()
        roots = [
            (channel, message) for channel in channels for message in channel.messages.values() if _is_root(message)
        ]
        shown = [self._incident(channel, root) for channel, root in sorted(roots, key=lambda each: each[1].ts)]
        return [each for each in shown if each["tone"]]

    def _incident(self, channel: Channel, root: Message) -> Json:
        thread = self._world.slack.core.workspace.thread(channel, root.ts)
        return {"channel": channel.id, "ts": root.ts, **headline(root), "run": run_of(thread)}


def _is_root(message: Message) -> bool:
    return message.content.get("bot_id") == BOT_ID and not message.is_reply and not message.deleted


def _monitor(monitor: Monitor) -> Json:
    condition = monitor.condition
    values = [state.value for state in monitor.groups.values() if state.value is not None]
    above = condition is None or condition.comparator.startswith(">")
    since = max((max(state.triggered_at, state.resolved_at) for state in monitor.groups.values()), default=0.0)
    return {
        "number": monitor.number,
        "name": str(monitor.body.get("name", "")),
        "state": monitor.overall,
        "since": since,
        "value": None if not values else round(max(values) if above else min(values), 6),
        "limit": None if condition is None else condition.thresholds["critical"],
        "comparator": "" if condition is None else condition.comparator,
        "window_s": 0 if condition is None else condition.window_s,
        "query": "" if condition is None else condition.text,
    }
