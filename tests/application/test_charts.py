"""Pictures are drawn rarely, for a reason each time, and never uploaded twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest
from redis.asyncio import Redis

from fixloop_bot.adapters.redis.albums import Albums
from fixloop_bot.application import charts as charts_module
from fixloop_bot.application.charts import VERDICT_NEAR_S, Charts
from fixloop_bot.application.copilot.readings import ChangeEvent
from fixloop_bot.application.evidence import measure_of, with_reading
from fixloop_bot.application.jobs import DRAW_CHARTS, REFRESH_THREAD
from fixloop_bot.application.ledger import Change, Ledger
from fixloop_bot.application.occasions import (
    CATCH_UP_S,
    FIRST_AFTER_S,
    MAY_VALIDATE_S,
    SIGNAL,
    SPREAD,
    due,
    occasion_of,
)
from fixloop_bot.application.pictures import PaintingFailed
from fixloop_bot.domain.chart import SignalChart
from fixloop_bot.domain.errors import SlackBusy, SlackRefused, TelemetryUnavailable
from fixloop_bot.domain.happenings import Happening
from fixloop_bot.domain.incidents import Move, advance
from fixloop_bot.domain.runs import RecoveryVerdict, RunKind
from fixloop_bot.domain.spread import SpreadChart
from tests.application.office import MIRA, Office, signal
from tests.conftest import RETENTION_S


@dataclass
class Brush:
    """Draws nothing, and remembers what it was asked for. ``trouble`` is raised once."""

    drawn: list[SignalChart | SpreadChart] = field(default_factory=list)
    trouble: Exception | None = None

    async def signal(self, chart: SignalChart) -> bytes:
        return self._draw(chart)

    async def spread(self, chart: SpreadChart) -> bytes:
        return self._draw(chart)

    def _draw(self, chart: SignalChart | SpreadChart) -> bytes:
        if self.trouble is not None:
            trouble, self.trouble = self.trouble, None
            raise trouble
        self.drawn.append(chart)
        return b"png"


@dataclass
class Drawer:
    """Slack's files: what was put, what is complete. ``troubles`` maps a step to what it raises next."""

    available: bool = True
    put_names: list[str] = field(default_factory=list)
    complete_ids: list[str] = field(default_factory=list)
    calls: int = 0
    troubles: dict[str, Exception] = field(default_factory=dict)
    killed_after_complete: bool = False

    async def put(self, content: bytes, *, name: str, alt: str = "") -> str:
        assert content
        assert alt
        self._call("put")
        self.put_names.append(name)
        return f"F{len(self.put_names)}"

    async def complete(
        self, files: Sequence[tuple[str, str]], *, channel: str = "", thread_ts: str = "", comment: str = ""
    ) -> bool:
        assert not channel + thread_ts + comment, "a picture is no message"
        self._call("complete")
        self.complete_ids += [file_id for file_id, _ in files]
        if self.killed_after_complete:
            self.killed_after_complete = False
            raise KeyboardInterrupt
        return True

    def _call(self, step: str) -> None:
        self.calls += 1
        if step in self.troubles:
            raise self.troubles.pop(step)


@dataclass
class NoChanges:
    down: bool = False

    async def changes(self, query: str, *, start: float, end: float, limit: int = 20) -> Sequence[ChangeEvent]:
        del query, end, limit
        if self.down:
            raise TelemetryUnavailable("Datadog did not answer.")
        return [ChangeEvent(id="1", at=start + 3000, title="deploy checkout 2.14.0")]


class Studio(Office):
    """The office with somebody who draws."""

    def __init__(self, office: Office, redis: Redis) -> None:
        self.__dict__.update(office.__dict__)
        self.brush, self.drawer, self.changes = Brush(), Drawer(), NoChanges()
        self.albums = Albums(redis, clock=self.clock, retention_s=RETENTION_S)
        self.charts = Charts(
            self.store,
            self.albums,
            self.tray,
            telemetry=self.datadog,
            changes=self.changes,
            painter=self.brush,
            files=self.drawer,
            catalog=self.catalog,
            clock=self.clock,
        )

    async def draw(self) -> None:
        """Perform the drawing that the incident as it stands is an occasion for."""
        incident = await self.incident()
        await self.charts.draw(incident.id, occasion_of(incident))

    async def move(self, move: Move) -> None:
        """Resolve or reopen, however that is asked for."""
        now = self.clock.now() if move is Move.RESOLVE else None
        await self.ledger.change(
            "INC-1", lambda incident: Change(incident=replace(advance(incident, move), resolved_at=now))
        )

    async def names(self) -> dict[str, str]:
        return {each.name: each.occasion for each in (await self.albums.album("INC-1")).pictures}


@pytest.fixture
def studio(office: Office, redis: Redis) -> Studio:
    return Studio(office, redis)


async def test_a_new_incident_is_drawn_after_a_minute(studio: Studio) -> None:
    """Before that there is little to see. The job is part of the write that opens the incident."""
    await studio.receive(signal())
    incident = replace(await studio.incident(), id="INC-2", number=2, service_key="other|prod")
    await Ledger(studio.store, studio.tray, follow_ups=(due,)).open(incident, ())
    job = next(job for job in studio.tray.jobs.values() if job.name == DRAW_CHARTS)
    assert job.args == ("INC-2", "opened:0")
    assert job.at == studio.clock.now() + FIRST_AFTER_S


async def test_what_is_no_occasion_draws_nothing(studio: Studio) -> None:
    """A line in the timeline, a signal, a tick: the picture would say the same."""
    await studio.broken()
    incident = await studio.incident()
    assert due(incident, incident.noted(0, MIRA, Happening.NOTE, "looked at it")) == ()
    assert [job.args[1] for job in due(None, incident)] == ["run:1"]
    resolved = advance(incident, Move.RESOLVE)
    assert [job.args[1] for job in due(incident, resolved)] == ["resolved:0"]
    assert due(incident, replace(resolved, merged_into="INC-7")) == ()
    assert [job.args[1] for job in due(resolved, advance(resolved, Move.REOPEN))] == ["opened:1"]


async def test_the_signal_and_its_marks_are_drawn(studio: Studio) -> None:
    """From an hour before; with the changes that Datadog knows, and the bug when it was seen."""
    await studio.broken()
    await studio.draw()
    (chart,) = studio.brush.drawn
    assert isinstance(chart, SignalChart)
    assert chart.name == "error rate"
    assert [mark.word for mark in chart.marks] == ["deploy", "start", "reproduced"]
    assert await studio.names() == {SIGNAL: "run:1"}
    assert studio.drawer.calls == 2
    assert "INC-1" in await studio.store.dirty_threads()
    again = [job for job in studio.tray.jobs.values() if job.name == REFRESH_THREAD and job.at]
    assert [job.at for job in again] == [studio.clock.now() + charts_module.SHOWN_AGAIN_S]


async def test_the_same_occasion_twice_is_drawn_once(studio: Studio) -> None:
    """A job that is delivered twice, a sweep that repeats it."""
    await studio.broken()
    await studio.draw()
    asked = len(studio.datadog.asked)
    await studio.draw()
    assert studio.drawer.calls == 2
    assert len(studio.datadog.asked) == asked
    await studio.charts.draw("INC-1", "opened:0")
    await studio.charts.draw("INC-9", "opened:0")
    assert studio.drawer.calls == 2


async def test_a_normal_incident_costs_six_calls_at_most(studio: Studio) -> None:
    """From the alert over the proof to the resolution, with before and now beside the results."""
    await studio.receive(signal())
    await studio.draw()
    studio.shop.broken["/checkout"] = 1.0
    await studio.settle(but=(DRAW_CHARTS,))
    await studio.draw()
    studio.tray.jobs.clear()
    await studio.fixed()
    await studio.validate()
    await studio.draw()
    assert await studio.names() == {SIGNAL: "run:2", SPREAD: "run:2"}
    await studio.move(Move.RESOLVE)
    await studio.draw()
    assert await studio.names() == {SIGNAL: "run:2", SPREAD: "run:2"}, "the proof's picture shows the end"
    assert "resolved:0" in (await studio.albums.album("INC-1")).drawn_for, "and the report waits for no other"
    assert studio.drawer.calls == charts_module.MOST_CALLS - 1
    spreads = [chart for chart in studio.brush.drawn if isinstance(chart, SpreadChart)]
    assert [(chart.before.failures > 0, chart.now.failures) for chart in spreads] == [(True, 0)]


async def test_a_proof_is_drawn_at_once(studio: Studio) -> None:
    """Real traffic was inside its limit: a picture that still ends in the trouble would belie the verdict beside it."""
    await studio.broken()
    before = await studio.incident()
    await studio.fixed()
    proven = await studio.validate()
    assert [(job.args[1], job.at) for job in due(before, proven)] == [("run:2", 0.0)]
    await studio.draw()
    assert await studio.names() == {SIGNAL: "run:2", SPREAD: "run:2"}
    proof = await studio.store.run("INC-1-r2")
    assert proof is not None
    assert proof.traffic is not None
    measure = measure_of(await studio.incident(), studio.catalog.service("checkout"))
    assert measure is not None
    began, ended = proof.started_at, proof.finished_at or 0.0
    lagging = ((began - 60, 0.4), (began + 1, 0.3))
    assert with_reading(lagging, proof, measure) == ((began - 60, 0.4), (ended, proof.traffic.value))
    told = (*lagging, (ended, 0.001))
    assert with_reading(told, proof, measure) == told, "what Datadog knows by now is drawn as it is"
    assert with_reading(lagging, None, measure) == lagging


async def test_what_is_well_but_unproven_is_drawn_later(studio: Studio) -> None:
    """Telemetry lags: beside it, a picture that still shows the trouble would only confuse."""
    await studio.receive(signal())
    await studio.settle(but=(DRAW_CHARTS,))
    await studio.fixed()
    before = await studio.incident()
    unproven = await studio.validate()
    assert unproven.verdict is RecoveryVerdict.UNPROVEN
    at_once, later = due(before, unproven)
    number = unproven.runs[-1].number
    assert (at_once.args[1], at_once.at) == (f"run:{number}", 0.0)
    assert (later.args[1], later.at) == (f"after:{number}", (unproven.runs[-1].finished_at or 0.0) + CATCH_UP_S)


async def test_what_still_fails_is_drawn_at_once(studio: Studio) -> None:
    """Both pictures, by three calls."""
    await studio.broken()
    before = await studio.incident()
    failing = await studio.validate()
    assert [job.args[1] for job in due(before, failing)] == ["run:2"]
    await studio.draw()
    assert await studio.names() == {SIGNAL: "run:2", SPREAD: "run:2"}
    assert studio.drawer.calls == 3


async def test_while_the_bug_is_being_reproduced_nothing_is_drawn(studio: Studio) -> None:
    """The run's end, moments later, is drawn instead."""
    await studio.broken()
    incident = await studio.incident()
    running = replace(incident.runs[0], id="INC-1-r9", number=9, finished_at=None)
    await studio.ledger.change(
        "INC-1", lambda now: Change(incident=replace(now, runs=(running,), active_run="INC-1-r9"))
    )
    studio.tray.jobs.clear()
    await studio.draw()
    assert studio.drawer.calls == 0
    (again,) = studio.tray.jobs.values()
    assert (again.name, again.at) == (DRAW_CHARTS, studio.clock.now() + FIRST_AFTER_S)


async def test_what_a_confirm_run_saw_is_drawn_a_little_later(studio: Studio) -> None:
    """Whoever validates at once gets the verdict's picture, and Slack is spared the one before it."""
    await studio.broken()
    incident = await studio.incident()
    (line,) = incident.runs
    (job,) = due(replace(incident, runs=()), incident)
    assert line.finished_at is not None
    assert (job.args[1], job.at) == ("run:1", line.finished_at + MAY_VALIDATE_S)


async def test_while_it_is_validated_nothing_is_drawn_but_a_slow_run_is_not_waited_for(studio: Studio) -> None:
    """Its verdict has a picture of its own; a run that takes longer than that is no reason to show none."""
    await studio.broken()
    now, (confirm,) = studio.clock.now(), (await studio.incident()).runs
    going = replace(confirm, id="INC-1-r9", number=9, kind=RunKind.VALIDATE, started_at=now, finished_at=None)
    await studio.ledger.change(
        "INC-1", lambda known: Change(incident=replace(known, runs=(confirm, going), active_run="INC-1-r9"))
    )
    await studio.draw()
    assert studio.drawer.calls == 0
    studio.clock.advance(VERDICT_NEAR_S)
    await studio.draw()
    assert studio.drawer.calls > 0


async def test_in_a_storm_only_verdicts_are_drawn(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack's calls are for words then."""
    monkeypatch.setattr(charts_module, "CROWD", 0)
    await studio.broken()
    await studio.draw()
    assert studio.drawer.calls == 0
    await studio.validate()
    await studio.draw()
    assert await studio.names() == {SIGNAL: "run:2", SPREAD: "run:2"}


async def test_a_plan_that_takes_for_ever_is_not_waited_for(studio: Studio) -> None:
    await studio.receive(signal())
    await studio.draw()
    assert studio.drawer.calls == 0
    studio.clock.advance(charts_module.WAITED_FOR_S)
    await studio.draw()
    assert await studio.names() == {SIGNAL: "opened:0"}


async def test_a_long_incident_is_drawn_at_its_end(studio: Studio) -> None:
    """Half an hour later the last picture is old, whatever it costs."""
    await studio.broken()
    await studio.draw()
    await studio.fixed()
    await studio.validate()
    await studio.draw()
    studio.clock.advance(charts_module.STALE_S + 1)
    await studio.move(Move.RESOLVE)
    await studio.draw()
    assert (await studio.names())[SIGNAL] == "resolved:0"


async def test_a_worker_killed_after_the_upload_leaves_no_second_one(studio: Studio) -> None:
    """The next one completes the same file, and draws nothing anew."""
    await studio.broken()
    studio.drawer.killed_after_complete = True
    with pytest.raises(KeyboardInterrupt):
        await studio.draw()
    assert await studio.names() == {}
    await studio.draw()
    assert await studio.names() == {SIGNAL: "run:1"}
    assert studio.drawer.put_names == ["INC-1-signal.png"]
    assert len(studio.brush.drawn) == 1
    await studio.draw()
    assert studio.drawer.put_names == ["INC-1-signal.png"]


async def test_a_slack_that_asks_to_wait_is_asked_again_for_the_rest(studio: Studio) -> None:
    """The job is tried again; what was put is not put again."""
    await studio.broken()
    studio.drawer.troubles["complete"] = SlackBusy("files.completeUploadExternal", retry_after=3)
    with pytest.raises(SlackBusy):
        await studio.draw()
    await studio.draw()
    assert studio.drawer.put_names == ["INC-1-signal.png"]
    assert await studio.names() == {SIGNAL: "run:1"}


async def test_the_picture_of_an_upload_that_was_overtaken_is_forgotten(studio: Studio) -> None:
    """What was begun for another occasion shows an old state."""
    await studio.broken()
    studio.drawer.troubles["complete"] = SlackBusy("files.completeUploadExternal", retry_after=3)
    with pytest.raises(SlackBusy):
        await studio.draw()
    await studio.move(Move.RESOLVE)
    await studio.draw()
    album = await studio.albums.album("INC-1")
    assert [(each.occasion, each.file_id) for each in album.pictures] == [("resolved:0", "F2")]
    assert album.uploading == ()


def _without_telemetry(studio: Studio) -> None:
    studio.datadog.down = True


def _without_data(studio: Studio) -> None:
    studio.datadog.value = None


def _without_scope(studio: Studio) -> None:
    studio.drawer.troubles["put"] = SlackRefused("missing_scope", method="files.getUploadURLExternal")


def _without_slack(studio: Studio) -> None:
    studio.drawer.available = False


def _without_a_painter(studio: Studio) -> None:
    studio.brush.trouble = PaintingFailed("A picture was not drawn within 30 s.")


@pytest.mark.parametrize(
    "without", [_without_telemetry, _without_data, _without_scope, _without_slack, _without_a_painter]
)
async def test_where_there_can_be_no_picture_there_is_none(studio: Studio, without: Callable[[Studio], None]) -> None:
    """Nobody is told, and nothing fails."""
    await studio.broken()
    without(studio)
    await studio.draw()
    assert await studio.names() == {}


async def test_changes_that_cannot_be_asked_for_cost_only_their_mark(studio: Studio) -> None:
    await studio.broken()
    studio.changes.down = True
    await studio.draw()
    (chart,) = studio.brush.drawn
    assert isinstance(chart, SignalChart)
    assert [mark.word for mark in chart.marks] == ["start", "reproduced"]


async def test_after_a_regression_the_calls_are_counted_anew(studio: Studio) -> None:
    await studio.broken()
    await studio.draw()
    album = await studio.albums.album("INC-1")
    await studio.albums.keep_album("INC-1", replace(album, calls=50))
    await studio.move(Move.RESOLVE)
    await studio.draw()
    assert (await studio.names())[SIGNAL] == "run:1"
    await studio.move(Move.REOPEN)
    await studio.draw()
    assert (await studio.names())[SIGNAL] == "opened:1"
    assert (await studio.albums.album("INC-1")).calls == 2
