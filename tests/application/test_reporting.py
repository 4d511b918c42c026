"""One report for each resolution: filed once, told once, written again when the incident ends again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import pytest
from redis.asyncio import Redis

from fixloop_bot.adapters.redis.albums import Albums
from fixloop_bot.adapters.redis.filings import Filings
from fixloop_bot.application.ledger import Change
from fixloop_bot.application.papers import Canvas
from fixloop_bot.application.pictures import Album, Picture
from fixloop_bot.application.reporting import NOT_SHOWN, Reporting, due
from fixloop_bot.application.wishes import Wish
from fixloop_bot.domain.errors import SlackBusy, SlackRefused, TelemetryUnavailable
from fixloop_bot.domain.incidents import Move, advance
from fixloop_bot.domain.report import Report
from tests.application.office import MIRA, Office
from tests.conftest import RETENTION_S


@dataclass
class Desk:
    """Slack's canvases and files. ``troubles`` maps a step to what it raises next."""

    has_canvases: bool = True
    canvases: dict[str, Report] = field(default_factory=dict)
    files: list[Report] = field(default_factory=list)
    thread: list[str] = field(default_factory=list)
    troubles: dict[str, BaseException] = field(default_factory=dict)

    async def write_canvas(self, report: Report, *, canvas_id: str, channel: str) -> Canvas | None:
        assert channel == "C0CHECKOUT"
        self._trouble("write_canvas")
        if not self.has_canvases:
            return None
        known = canvas_id or f"F0CANVAS{len(self.canvases)}"
        self.canvases[known] = report
        self._trouble("after write_canvas")
        return Canvas(id=known, url=f"https://slack.test/docs/T1/{known}")

    async def put_file(self, report: Report) -> str:
        self._trouble("put_file")
        self.files.append(report)
        return f"F0FILE{len(self.files)}"

    async def share_file(self, report: Report, file_id: str, *, channel: str, thread_ts: str) -> bool:
        assert (channel, thread_ts) == ("C0CHECKOUT", "1.0001")
        self._trouble("share_file")
        self.thread.append(file_id)
        self._trouble("after share_file")
        return True

    async def has_file(self, file_id: str, *, channel: str, thread_ts: str) -> bool:
        del channel, thread_ts
        return file_id in self.thread

    def _trouble(self, step: str) -> None:
        if step in self.troubles:
            raise self.troubles.pop(step)


@dataclass
class Herald:
    """Datadog's events."""

    available: bool = True
    told: list[tuple[Report, str, str]] = field(default_factory=list)
    down: bool = False

    async def announce(self, report: Report, *, service: str, env: str | None, link: str) -> None:
        del env
        if self.down:
            raise TelemetryUnavailable("Datadog did not answer.")
        self.told.append((report, service, link))


@dataclass
class Pen:
    words: str = ""
    model: str = "MiniMax-M2.5"

    async def summary(self, incident_id: str) -> str:
        del incident_id
        return self.words


class Press:
    """The office with somebody who writes reports."""

    def __init__(self, office: Office, redis: Redis) -> None:
        self.office, self.redis = office, redis
        self.desk, self.herald, self.pen = Desk(), Herald(), Pen()
        self.filings = Filings(redis, clock=office.clock, retention_s=RETENTION_S)
        self.albums = Albums(redis, clock=office.clock, retention_s=RETENTION_S)
        self.reporting = Reporting(
            office.store,
            office.store,
            self.filings,
            self.albums,
            papers=self.desk,
            announcer=self.herald,
            writer=self.pen,
            catalog=office.catalog,
            clock=office.clock,
        )

    async def prove(self) -> None:
        await self.office.broken()
        await self.office.fixed()
        await self.office.validate()

    async def move(self, move: Move, **changes: object) -> None:
        """Resolve or reopen, however that is asked for."""
        now = self.office.clock.now() if move is Move.RESOLVE else None
        known = {"resolved_at": now, "resolved_by": MIRA if now else None, **changes}
        await self.office.ledger.change(
            "INC-1",
            lambda incident: Change(incident=replace(advance(incident, move), **known)),  # type: ignore[arg-type]
        )

    async def make(self) -> None:
        incident = await self.office.incident()
        await self.reporting.make("INC-1", str(incident.reopened + 1))


@pytest.fixture
async def press(office: Office, redis: Redis) -> Press:
    """An incident that was reproduced, proven and resolved."""
    opened = Press(office, redis)
    await opened.prove()
    await opened.move(Move.RESOLVE, fixed_by="rolled back 2.14.0")
    return opened


async def test_a_resolution_is_reported(press: Press) -> None:
    """A canvas with the proof, whose address the card shows; Datadog is told with the same address."""
    await press.make()
    ((canvas_id, report),) = press.desk.canvases.items()
    assert report.verdict == "proven"
    assert report.fixed_by == "rolled back 2.14.0"
    assert report.proof[0].before.endswith("failed")
    assert report.proof[0].verdict == "passed"
    filed = await press.filings.filed("INC-1")
    assert (filed.version, filed.canvas_id) == (1, canvas_id)
    assert "INC-1" in await press.office.store.dirty_threads()
    ((told, service, link),) = press.herald.told
    assert (told.incident_id, service, link) == ("INC-1", "checkout", filed.url)


async def test_the_same_job_twice_files_one_report(press: Press) -> None:
    await press.make()
    first = press.desk.canvases["F0CANVAS0"]
    await press.make()
    await press.reporting.make("INC-9", "1")
    assert press.desk.canvases == {"F0CANVAS0": first}
    assert len(press.herald.told) == 1


async def test_two_processes_write_one_report(press: Press) -> None:
    """A person asks for it while another worker's model still writes the summary: they are told so, and one canvas is
    made; two were, when each process only looked at itself."""
    other, writing, go_on = Press(press.office, press.redis), asyncio.Event(), asyncio.Event()

    async def slow(incident_id: str) -> str:
        del incident_id
        writing.set()
        await go_on.wait()
        return ""

    press.pen.summary = slow  # type: ignore[method-assign]
    other.reporting._papers = press.desk
    making = asyncio.create_task(press.make())
    await writing.wait()
    told = await other.reporting.report("INC-1", by=MIRA)
    go_on.set()
    await making
    assert told == "The report of INC-1 is being written. Ask again in a moment."
    assert list(press.desk.canvases) == ["F0CANVAS0"]
    assert "open it" in await other.reporting.report("INC-1", by=MIRA)


async def test_what_a_killed_process_held_is_written_by_the_next(press: Press) -> None:
    """Its lock ends by itself, and the job waits for that."""
    store = press.office.store
    held = await store.lock("report:INC-1", seconds=60)
    assert held is not None
    async with press.office.clock.flowing():
        making = asyncio.create_task(press.make())
        began = press.office.clock.now()
        while press.office.clock.now() < began + 3:
            await asyncio.sleep(0)
        assert press.desk.canvases == {}
        await store.unlock("report:INC-1", held)
        await making
    assert list(press.desk.canvases) == ["F0CANVAS0"]


async def test_only_a_resolution_is_an_occasion(press: Press) -> None:
    incident = await press.office.incident()
    recovered = replace(incident, state=incident.state.RECOVERED)
    assert [job.args for job in due(recovered, incident)] == [("INC-1", "1")]
    assert due(incident, incident.noted(0, MIRA, "looked")) == ()
    assert due(recovered, replace(incident, merged_into="INC-7")) == (), "it is told by what took it over"
    assert due(incident, advance(incident, Move.REOPEN)) == ()


async def test_the_second_end_is_the_second_version_at_the_same_place(press: Press) -> None:
    """Reopened and resolved again: the report is written over, and Datadog is told again."""
    await press.make()
    await press.move(Move.REOPEN)
    await press.make()
    assert (await press.filings.filed("INC-1")).version == 1, "an open incident is not reported by itself"
    await press.move(Move.RESOLVE)
    await press.make()
    assert list(press.desk.canvases) == ["F0CANVAS0"]
    assert press.desk.canvases["F0CANVAS0"].version == 2
    assert (await press.filings.filed("INC-1")).version == 2
    assert len(press.herald.told) == 2


async def test_where_there_are_no_canvases_it_is_a_file_in_the_thread(press: Press) -> None:
    press.desk.has_canvases = False
    await press.make()
    filed = await press.filings.filed("INC-1")
    assert press.desk.thread == ["F0FILE1"]
    assert (filed.file_id, filed.sharing, filed.url) == ("F0FILE1", "", "")


@pytest.mark.parametrize("step", ["share_file", "after share_file"])
async def test_a_worker_killed_while_it_shares_a_file_leaves_one(press: Press, step: str) -> None:
    """Before or after the thread had it: the next one looks, and neither uploads nor shows it twice."""
    press.desk.has_canvases = False
    press.desk.troubles[step] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        await press.make()
    await press.make()
    assert press.desk.thread == ["F0FILE1"]
    assert len(press.desk.files) == 1
    assert (await press.filings.filed("INC-1")).file_id == "F0FILE1"


async def test_a_slack_that_asks_to_wait_is_asked_again(press: Press) -> None:
    press.desk.troubles["write_canvas"] = SlackBusy("canvases.create", retry_after=3)
    with pytest.raises(SlackBusy):
        await press.make()
    assert press.herald.told == []
    await press.make()
    assert len(press.desk.canvases) == len(press.herald.told) == 1


async def test_where_slack_refuses_everything_datadog_is_still_told(press: Press) -> None:
    press.desk.has_canvases = False
    press.desk.troubles["put_file"] = SlackRefused("missing_scope", method="files.getUploadURLExternal")
    await press.make()
    assert (await press.filings.filed("INC-1")).version == 0
    assert [link for _, _, link in press.herald.told] == [""]


async def test_a_datadog_that_is_away_costs_only_its_event(press: Press) -> None:
    press.herald.down = True
    await press.make()
    assert (await press.filings.filed("INC-1")).version == 1


async def test_without_a_key_datadog_is_not_told(press: Press) -> None:
    press.herald.available = False
    await press.make()
    assert press.herald.told == []


async def test_the_models_summary_is_marked_and_datadog_gets_codes_words(press: Press) -> None:
    """What others are told is never the model's."""
    press.pen.words = "The payment client dropped one request in three."
    await press.make()
    report = press.desk.canvases["F0CANVAS0"]
    assert report.summary == (press.pen.words,)
    assert report.summary_by == "MiniMax-M2.5"
    told, _, _ = press.herald.told[0]
    assert told.summary_by == ""
    assert press.pen.words not in told.summary


async def test_pictures_are_said_in_the_report(press: Press) -> None:
    picture = Picture(name="signal", occasion="run:2", digest="d", file_id="F1", alt="A rise.", drawn_at=1.0)
    await press.albums.keep_album("INC-1", Album(pictures=(picture,)))
    await press.make()
    assert press.desk.canvases["F0CANVAS0"].pictures == (("F1", "A rise."),)


async def ask(press: Press, incident: str = "INC-1") -> str:
    wish = Wish(id="w", what="report", user=MIRA, channel="C0CHECKOUT", incident=incident)
    return await press.reporting.deeds()["report"](wish)


async def test_who_asks_gets_the_address(press: Press) -> None:
    """The one that is there, or one that is made for them; nothing is made twice."""
    assert await ask(press) == "The report of INC-1, version 1: <https://slack.test/docs/T1/F0CANVAS0|open it>."
    await press.make()
    assert await ask(press) == "The report of INC-1, version 1: <https://slack.test/docs/T1/F0CANVAS0|open it>."
    assert len(press.desk.canvases) == 1
    assert await ask(press, "INC-9") == "There is no incident INC-9."
    assert [command.word for command in press.reporting.commands()] == ["report"]


async def test_what_was_merged_is_told_elsewhere(press: Press) -> None:
    await press.move(Move.REOPEN)
    await press.move(Move.RESOLVE, merged_into="INC-7")
    assert await ask(press) == "INC-1 was merged into INC-7: its report is that one's."
    assert press.desk.canvases == {}


async def test_an_open_incident_is_reported_as_it_stands(office: Office, redis: Redis) -> None:
    """The same document becomes the report of its end."""
    press = Press(office, redis)
    await press.prove()
    assert "INC-1 so far: <https://slack.test" in await ask(press)
    assert (await press.filings.filed("INC-1")).version == 0
    await press.move(Move.RESOLVE)
    await press.make()
    assert list(press.desk.canvases) == ["F0CANVAS0"]
    assert (await press.filings.filed("INC-1")).version == 1


async def test_without_a_thread_there_is_nowhere_to_put_it(press: Press, redis: Redis) -> None:
    await redis.delete("fixloop:thread:INC-1")
    await press.make()
    assert press.desk.canvases == {}
    assert await ask(press) == NOT_SHOWN


async def test_a_file_is_named_by_its_place(press: Press) -> None:
    press.desk.has_canvases = False
    assert await ask(press) == "The report of INC-1, version 1: it is a file in the incident's thread."
