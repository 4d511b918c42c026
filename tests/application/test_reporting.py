"""One report for each resolution: filed once, told once, written again when the incident ends again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import pytest
from redis.asyncio import Redis

from fixloop_bot.adapters.redis.albums import Albums
from fixloop_bot.adapters.redis.filings import Filings
from fixloop_bot.application.directory import Person
from fixloop_bot.application.jobs import MAKE_REPORT, Job
from fixloop_bot.application.kept import Refused
from fixloop_bot.application.ledger import Change
from fixloop_bot.application.papers import Canvas
from fixloop_bot.application.pictures import Album, Picture
from fixloop_bot.application.reporting import CARD_SHOWS_S, NOT_SHOWN, PICTURE_WITHIN_S, Reporting, due
from fixloop_bot.application.views import PartRef
from fixloop_bot.application.wishes import Wish
from fixloop_bot.domain.errors import SlackBusy, SlackRefused, TelemetryUnavailable
from fixloop_bot.domain.happenings import Happening
from fixloop_bot.domain.incidents import Move, advance
from fixloop_bot.domain.report import Report
from tests.application.office import JONAS, MIRA, Office
from tests.conftest import RETENTION_S


@dataclass
class Desk:
    """Slack's canvases and files. ``troubles`` maps a step to what it raises next."""

    has_canvases: bool = True
    canvases: dict[str, Report] = field(default_factory=dict)
    readers: dict[str, str] = field(default_factory=dict)
    files: list[Report] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
    thread: list[str] = field(default_factory=list)
    troubles: dict[str, BaseException] = field(default_factory=dict)

    async def write_canvas(self, report: Report, *, canvas_id: str) -> Canvas | None:
        self._trouble("write_canvas")
        if not self.has_canvases:
            return None
        known = canvas_id or f"F0CANVAS{len(self.canvases)}"
        self.canvases[known] = report
        self._trouble("after write_canvas")
        return Canvas(id=known, url=f"https://slack.test/docs/T1/{known}")

    async def open_canvas(self, canvas_id: str, *, channel: str) -> None:
        self._trouble("open_canvas")
        self.readers[canvas_id] = channel

    async def put_file(self, report: Report) -> str:
        self._trouble("put_file")
        self.files.append(report)
        return f"F0FILE{len(self.files)}"

    async def finish_file(self, report: Report, file_id: str) -> str | None:
        del report
        self._trouble("finish_file")
        self.finished.append(file_id)
        self._trouble("after finish_file")
        return f"https://slack.test/files/U0BOT/{file_id}/report.md"

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


@dataclass
class Workspace:
    """Who knows where people's clocks are."""

    zones: dict[str, str] = field(default_factory=lambda: {MIRA: "Europe/Berlin", JONAS: "America/New_York"})
    trouble: BaseException | None = None

    async def person(self, user: str) -> Person:
        if self.trouble is not None:
            raise self.trouble
        return Person(id=user, name=user, zone=self.zones.get(user, ""))

    async def members(self, group: str) -> frozenset[str]:
        raise NotImplementedError(group)


class Press:
    """The office with somebody who writes reports."""

    def __init__(self, office: Office, redis: Redis) -> None:
        self.office, self.redis = office, redis
        self.desk, self.herald, self.pen, self.directory = Desk(), Herald(), Pen(), Workspace()
        self.filings = Filings(redis, clock=office.clock, retention_s=RETENTION_S)
        self.albums = Albums(redis, clock=office.clock, retention_s=RETENTION_S)
        self.reporting = Reporting(
            office.store,
            office.store,
            self.filings,
            self.albums,
            office.tray,
            papers=self.desk,
            announcer=self.herald,
            writer=self.pen,
            directory=self.directory,
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
    assert due(incident, incident.noted(0, MIRA, Happening.NOTE, "looked")) == ()
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


async def test_a_new_canvas_is_announced_and_its_id_kept_first(press: Press, caplog: pytest.LogCaptureFixture) -> None:
    """Killed after Slack made it, nobody has its id: the next one says that it may be there, once. Killed later, it is
    the one that is written over; and nobody may read it before its id is kept."""
    press.desk.troubles["after write_canvas"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        await press.make()
    begun = (await press.filings.filed("INC-1")).writing
    assert begun == press.office.clock.now()
    press.desk.troubles["open_canvas"] = KeyboardInterrupt()
    with caplog.at_level("WARNING"), pytest.raises(KeyboardInterrupt):
        await press.make()
    assert "one that was begun at " in caplog.text
    caplog.clear()
    await press.make()
    assert caplog.text == ""
    assert (await press.filings.filed("INC-1")).canvas_id == "F0CANVAS1"
    assert press.desk.readers == {"F0CANVAS1": "C0CHECKOUT"}


async def test_a_slack_that_took_nothing_leaves_no_canvas_behind(
    press: Press, caplog: pytest.LogCaptureFixture
) -> None:
    press.desk.troubles["write_canvas"] = SlackBusy("canvases.create", retry_after=3, undone=True)
    with pytest.raises(SlackBusy):
        await press.make()
    with caplog.at_level("WARNING"):
        await press.make()
    assert "left over" not in caplog.text


async def card_is_drawn(press: Press) -> None:
    """The resolution card names the file's address by now; whether Slack shows the file there is another matter."""
    refs = await press.office.store.thread_refs("INC-1")
    token = await press.office.store.enter_thread("INC-1")
    assert token is not None
    part = PartRef(part="resolution", ts="1.0005", shown_at=press.office.clock.now())
    await press.office.store.save_thread_refs("INC-1", refs.with_part(part), token)
    await press.office.store.leave_thread("INC-1", token)


def looks(press: Press) -> list[Job]:
    return [job for job in press.office.tray.jobs.values() if job.name == MAKE_REPORT and job.at > 0]


async def test_where_there_are_no_canvases_it_is_a_file_on_the_card(press: Press) -> None:
    """Its address is filed, so that the card names it; when Slack shows it there, it has cost no message."""
    press.desk.has_canvases = False
    await press.make()
    filed = await press.filings.filed("INC-1")
    assert (filed.file_id, filed.url) == ("F0FILE1", "https://slack.test/files/U0BOT/F0FILE1/report.md")
    assert filed.loose
    assert [job.at for job in looks(press)] == [press.office.clock.now() + CARD_SHOWS_S]
    press.desk.thread.append("F0FILE1")  # by the card
    await press.make()
    assert not (await press.filings.filed("INC-1")).loose
    assert len(press.desk.files) == 1
    await press.make()
    assert len(looks(press)) == 1


async def test_a_card_that_waits_for_its_turn_is_waited_for(press: Press) -> None:
    """Slack's limits may keep the card; after ten minutes the file is shown all the same."""
    press.desk.has_canvases = False
    await press.make()
    press.office.clock.advance(CARD_SHOWS_S)
    await press.make()
    assert len(looks(press)) == 2
    assert press.desk.thread == []
    press.office.clock.advance(600)
    await press.make()
    assert press.desk.thread == ["F0FILE2"]


async def test_a_file_that_the_card_does_not_share_gets_a_message(press: Press) -> None:
    """A fifth message is better than a report that nobody may open."""
    press.desk.has_canvases = False
    await press.make()
    press.office.clock.advance(CARD_SHOWS_S)
    await card_is_drawn(press)
    press.desk.troubles["after share_file"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        await press.make()
    await press.make()
    filed = await press.filings.filed("INC-1")
    assert press.desk.thread == ["F0FILE2"]
    assert (filed.file_id, filed.sharing, filed.url, filed.loose) == ("F0FILE2", "", "", False)
    assert await ask(press) == "The report of INC-1, version 1: it is a file in the incident's thread."


@pytest.mark.parametrize("step", ["finish_file", "after finish_file"])
async def test_a_worker_killed_while_it_finishes_a_file_uploads_no_second_one(press: Press, step: str) -> None:
    press.desk.has_canvases = False
    press.desk.troubles[step] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        await press.make()
    await press.make()
    assert len(press.desk.files) == 1
    assert (await press.filings.filed("INC-1")).file_id == "F0FILE1"


async def test_a_file_of_an_open_incident_stands_below_whoever_asked(office: Office, redis: Redis) -> None:
    """There is no card that could name it."""
    press = Press(office, redis)
    press.desk.has_canvases = False
    await press.prove()
    assert await ask(press) == "The report of INC-1 so far: it is a file in the incident's thread."
    assert press.desk.thread == ["F0FILE1"]


@pytest.mark.parametrize("step", ["share_file", "after share_file"])
async def test_a_worker_killed_while_it_shares_a_file_leaves_one(office: Office, redis: Redis, step: str) -> None:
    """Before or after the thread had it: the next one looks, and neither uploads nor shows it twice."""
    press = Press(office, redis)
    press.desk.has_canvases = False
    await press.prove()
    press.desk.troubles[step] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        await ask(press)
    await ask(press)
    assert press.desk.thread == ["F0FILE1"]
    assert len(press.desk.files) == 1


async def test_times_are_in_the_zone_of_whoever_resolved_it(press: Press) -> None:
    await press.make()
    assert press.desk.canvases["F0CANVAS0"].zone == "Europe/Berlin"


async def test_the_times_of_an_open_incident_are_those_of_who_asks(office: Office, redis: Redis) -> None:
    press = Press(office, redis)
    await press.prove()
    await press.reporting.report("INC-1", by=JONAS)
    assert press.desk.canvases["F0CANVAS0"].zone == "America/New_York"


@pytest.mark.parametrize(
    "trouble", [SlackRefused("missing_scope", method="users.info"), SlackBusy("users.info", retry_after=9)]
)
async def test_where_slack_does_not_say_where_somebody_is_times_are_in_utc(
    press: Press, trouble: BaseException
) -> None:
    """No report waits for that."""
    press.directory.trouble = trouble
    await press.make()
    assert press.desk.canvases["F0CANVAS0"].zone == ""


async def test_what_was_refused_stands_in_the_report(press: Press) -> None:
    """Of this incident, or of its service while it was open; nothing of another one's."""
    now, store = press.office.clock.now(), press.office.store
    for service, incident, at in (
        ("checkout", "INC-1", now),
        ("checkout", "", now - 1),
        ("checkout", "", now + 60),
        ("checkout", "INC-9", now),
        ("search", "", now - 1),
    ):
        await store.note_refusal(Refused(at=at, user=JONAS, what="edit_plan", service=service, incident=incident))
    await press.make()
    (act,) = [each for each in press.desk.canvases["F0CANVAS0"].acts.lines if each.who == JONAS]
    assert (act.what, act.times) == ("was refused to edit the plan of checkout", 2)


async def test_the_report_waits_for_the_last_picture(press: Press) -> None:
    """It is drawn when the incident ends; where it does not come within seconds, the report goes without."""
    early = Picture(name="signal", occasion="run:2", digest="d", file_id="F1", alt="A rise.", drawn_at=1.0)
    await press.albums.keep_album("INC-1", Album(pictures=(early,), drawn_for=("run:2",)))
    began = press.office.clock.now()
    async with press.office.clock.flowing():
        making = asyncio.create_task(press.make())
        while press.office.clock.now() < began + 1:
            await asyncio.sleep(0)
        assert press.desk.canvases == {}
        late = replace(early, file_id="F2", alt="A rise and a fall.", occasion="resolved:0")
        await press.albums.keep_album("INC-1", Album(pictures=(late,), drawn_for=("run:2", "resolved:0")))
        await making
    assert press.desk.canvases["F0CANVAS0"].pictures == (("F2", "A rise and a fall."),)
    assert press.office.clock.now() < began + PICTURE_WITHIN_S


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
    assert await ask(press) == "The report of INC-1, version 1: it is a file on the resolution card."
