"""A report in Slack: a canvas where there are canvases, else a file; and nothing from outside gets out of its line."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.blocks import resolution_card
from fixloop_bot.adapters.slack.blocks.card import context
from fixloop_bot.adapters.slack.blocks.report import plain, report_line, report_markdown, report_title
from fixloop_bot.adapters.slack.canvas import NullPapers, SlackPapers
from fixloop_bot.adapters.slack.directory import SlackDirectory
from fixloop_bot.adapters.slack.files import SlackFiles
from fixloop_bot.application.papers import Filed
from fixloop_bot.application.views import ThreadView
from fixloop_bot.domain.acts import Act, Acts
from fixloop_bot.domain.errors import SlackBusy, SlackRefused
from fixloop_bot.domain.incidents import RecentChange
from fixloop_bot.domain.report import Case, Report, report_of
from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.slack.faults import FaultKind
from fixloop_bot.sandbox.slack.inhabitants import BOT_USER, INCIDENTS, MIRA
from tests.adapters.thread_states import STATES, minutes
from tests.domain.test_report import proven, with_incident
from tests.fake_clock import FakeClock
from tests.sandbox.slack_room import BOT_TOKEN, running_slack
from tests.strategies import NASTY, texts, views

NO_CANVASES = (
    *("canvas_disabled_user_team", "free_teams_cannot_create_non_tabbed_canvases", "missing_scope", "unknown_method"),
    *("not_allowed_token_type", "canvas_creation_failed"),
)


def report(**changes: object) -> Report:
    known = report_of(with_incident(proven(), resolved_by=MIRA, lead=MIRA), version=1, pictures=[("F1", "A rise.")])
    return replace(known, **changes)  # type: ignore[arg-type]


@pytest.fixture
async def slack(clock: FakeClock) -> AsyncIterator[LocalSlack]:
    async with running_slack(clock=clock.now) as running:
        yield running


@pytest.fixture
async def papers(slack: LocalSlack, clock: FakeClock) -> AsyncIterator[SlackPapers]:
    async with SlackApi(token=BOT_TOKEN, base_url=slack.api_url, clock=clock) as api, clock.flowing():
        directory = SlackDirectory(api, clock=clock)
        yield SlackPapers(api, SlackFiles(api, clock=clock), directory, clock=clock)


async def test_a_report_is_a_canvas_that_the_channel_may_read(slack: LocalSlack, papers: SlackPapers) -> None:
    """Two calls; its address opens it; people are mentioned, and pictures shown by their files."""
    written = await papers.write_canvas(report(), canvas_id="")
    assert written is not None
    canvas = slack.core.workspace.canvases[written.id]
    assert canvas.access == {}
    await papers.open_canvas(written.id, channel=INCIDENTS)
    assert slack.core.workspace.canvases[written.id].access == {INCIDENTS: "read"}
    assert canvas.title == "INC-42 · checkout: Error rate of checkout is high"
    assert canvas.markdown.startswith(
        "**Recovery proven** · SEV2 · 2026-09-25 02:58 to 03:36 (38 min)\n\nTimes are in UTC."
    )
    assert f"![](@{MIRA})" in canvas.markdown
    assert "/F1/inc-42.png)" in canvas.markdown
    assert slack.core.workspace.files[written.id]["permalink"] == written.url
    assert [call.method for call in slack.calls] == ["auth.test", "canvases.create", "canvases.access.set"]


async def test_the_next_version_stands_at_the_same_address(slack: LocalSlack, papers: SlackPapers) -> None:
    """Reopened and resolved again: who kept the link reads the newest."""
    first = await papers.write_canvas(report(), canvas_id="")
    assert first is not None
    again = await papers.write_canvas(report(version=2), canvas_id=first.id)
    assert again == first
    assert len(slack.core.workspace.canvases) == 1
    assert "report version 2" in slack.core.workspace.canvases[first.id].markdown


async def test_a_canvas_that_somebody_deleted_is_written_anew(slack: LocalSlack, papers: SlackPapers) -> None:
    written = await papers.write_canvas(report(), canvas_id="F0GONE")
    assert written is not None
    assert written.id in slack.core.workspace.canvases


async def test_a_picture_that_a_canvas_does_not_take_costs_no_report(slack: LocalSlack, papers: SlackPapers) -> None:
    """It is written once more without pictures; what they show is said in words."""
    slack.faults.add("canvases.create", "refuse", error="canvas_creation_failed")
    written = await papers.write_canvas(report(), canvas_id="")
    assert written is not None
    text = slack.core.workspace.canvases[written.id].markdown
    assert ".png" not in text
    assert "A rise." in text


@pytest.mark.parametrize("error", NO_CANVASES)
async def test_where_there_are_no_canvases_that_is_said(
    slack: LocalSlack, papers: SlackPapers, clock: FakeClock, error: str
) -> None:
    """None, and no call for ten minutes."""
    slack.faults.add("canvases.create", "refuse", error=error, times=2)
    assert await papers.write_canvas(report(), canvas_id="") is None
    calls = sum(slack.call_counts.values())
    assert await papers.write_canvas(report(), canvas_id="") is None
    assert sum(slack.call_counts.values()) == calls
    clock.advance(601)
    assert await papers.write_canvas(report(), canvas_id="") is not None


async def test_a_free_workspace_has_none(slack: LocalSlack, papers: SlackPapers) -> None:
    slack.core.workspace.canvas_plan = "free"
    assert await papers.write_canvas(report(), canvas_id="") is None


async def test_a_slack_that_is_away_is_no_reason_for_a_file(slack: LocalSlack, papers: SlackPapers) -> None:
    slack.faults.add("canvases.create", "server_error")
    with pytest.raises(SlackBusy):
        await papers.write_canvas(report(), canvas_id="")


async def test_a_file_names_people_and_stands_in_the_thread(slack: LocalSlack, papers: SlackPapers) -> None:
    """Markdown that any editor opens; a file has no mentions, so names are asked for."""
    root = slack.people.message("jonas", "incidents", "checkout is down").ts
    file_id = await papers.put_file(report())
    assert not await papers.has_file(file_id, channel=INCIDENTS, thread_ts=root)
    assert await papers.share_file(report(), file_id, channel=INCIDENTS, thread_ts=root)
    assert await papers.has_file(file_id, channel=INCIDENTS, thread_ts=root)
    shown = slack.thread("incidents", root)[-1]
    assert shown.text == "Report of INC-42."
    text = slack.core.workspace.file_contents[file_id].decode()
    assert text.startswith("# INC-42 · checkout: Error rate of checkout is high\n")
    assert "- Lead, resolved by: mira\n" in text
    assert MIRA not in text


async def test_a_file_that_a_card_names_is_shared_without_a_message(slack: LocalSlack, papers: SlackPapers) -> None:
    """Its address in the text of our own message is enough; until then nobody else may see it."""
    root = slack.people.message("jonas", "incidents", "checkout is down").ts
    file_id = await papers.put_file(report())
    address = await papers.finish_file(report(), file_id)
    assert address is not None
    assert slack.core.workspace.files[file_id]["permalink"] == address
    assert slack.core.workspace.files[file_id]["channels"] == []
    card = await papers._api.call("chat.postMessage", channel=INCIDENTS, thread_ts=root, text="Resolved.")
    assert not await papers.has_file(file_id, channel=INCIDENTS, thread_ts=root)
    line = report_line(Filed(version=1, file_id=file_id, url=address), proven().incident)
    blocks = [context(line, block_id="line")]
    await papers._api.call("chat.update", channel=INCIDENTS, ts=card["ts"], text=f"Resolved. {line}", blocks=blocks)
    assert await papers.has_file(file_id, channel=INCIDENTS, thread_ts=root)
    assert slack.core.workspace.files[file_id]["channels"] == [INCIDENTS]
    assert len(slack.thread("incidents", root)) == 2, "no message of its own"


async def test_the_address_of_a_file_is_known_where_slack_does_not_say_it(
    slack: LocalSlack, papers: SlackPapers
) -> None:
    """An answer without permalinks, as the method's reference shows it."""
    file_id = await papers.put_file(report())
    assert await papers.finish_file(report(), "F0GONE") is None
    await papers.finish_file(report(), file_id)
    slack.core.workspace.files[file_id]["permalink"] = ""
    address = await papers.finish_file(report(), file_id)
    assert address is not None
    assert address.startswith("http")
    assert address.endswith(f"/files/{BOT_USER}/{file_id}/inc-42-report.md")


async def test_without_leave_to_ask_for_names_ids_stand_there(slack: LocalSlack, papers: SlackPapers) -> None:
    slack.faults.add("users.info", "refuse", error="missing_scope", times=9)
    text = slack.core.workspace.file_contents[await papers.put_file(report())].decode()
    assert f"- Lead, resolved by: {MIRA}\n" in text
    assert slack.call_counts["users.info"] == 1


@pytest.mark.parametrize("fault", ["server_error", "ratelimited"])
async def test_names_that_do_not_come_cost_no_report(slack: LocalSlack, papers: SlackPapers, fault: FaultKind) -> None:
    """Who it was is in the ids as well; a report that is never filed says nothing at all."""
    slack.faults.add("users.info", fault, times=99)
    text = slack.core.workspace.file_contents[await papers.put_file(report())].decode()
    assert f"- Lead, resolved by: {MIRA}\n" in text


async def test_somebody_whom_slack_does_not_know_takes_no_others_name(slack: LocalSlack, papers: SlackPapers) -> None:
    """Somebody of another workspace, for example; the others are named all the same."""
    slack.faults.add("users.info", "refuse", error="user_not_found", times=1)
    strange = report(people=(("Lead", "U000FOREIGN"), ("Resolved by", MIRA)))
    text = slack.core.workspace.file_contents[await papers.put_file(strange)].decode()
    assert "U000FOREIGN" in text
    assert MIRA not in text


async def test_a_name_is_text_in_the_file_as_anything_else_from_outside(slack: LocalSlack, papers: SlackPapers) -> None:
    """People call themselves what they like."""
    users = slack.core.workspace.users
    users[MIRA] = replace(users[MIRA], name="# [Mira](javascript:1) <!channel>", real_name="")
    text = slack.core.workspace.file_contents[await papers.put_file(report())].decode()
    assert "Mira" in text
    assert not [each for each in ("](javascript", "<!channel>") if each in text]


async def test_without_slack_there_is_no_report() -> None:
    nothing = NullPapers()
    assert await nothing.write_canvas(report(), canvas_id="") is None
    assert not await nothing.share_file(report(), "F1", channel=INCIDENTS, thread_ts="1")
    assert await nothing.finish_file(report(), "F1") is None
    with pytest.raises(SlackRefused):
        await nothing.put_file(report())


# What the document says


def people(who: str) -> str:
    return f"<person {who}>"


def test_the_worst_news_come_first() -> None:
    """What is not proven, and what is left to do, stand above the figures."""
    text = report_markdown(report(unproven=("The watch did not hold.",)), people=people)
    order = ["## Summary", "## What stayed unproven", "## Follow-ups", "## Proof", "## Signals", "## Timeline"]
    assert [text.index(each) for each in order] == sorted(text.index(each) for each in order)


def test_times_are_those_of_whoever_ended_it() -> None:
    """One zone for everybody, named with what it makes of a time in UTC; the timeline is in it, and so is a mute."""
    muted = replace(
        proven().incident.timeline[0], at=minutes(0), who="datadog", what="muted it until 2026-09-25 04:00:00 UTC"
    )
    text = report_markdown(report(zone="Europe/Berlin", timeline=(muted,)), people=people)
    head, legend = text.split("\n\n")[:2]
    assert head == "**Recovery proven** · SEV2 · 2026-09-25 04:58 to 05:36 (38 min)"
    assert legend == "Times are in Europe/Berlin (CEST); 04:58 there is 02:58 UTC."
    assert "- 04:58:00 · Datadog: muted it until 2026-09-25 06:00:00 CEST" in text


def test_clocks_that_change_meanwhile_are_told_apart() -> None:
    first = replace(proven().incident.timeline[0], at=1_792_888_200.0)  # 2026-10-25 00:30 UTC
    known = report(
        zone="Europe/Berlin",
        opened_at=first.at,
        resolved_at=first.at + 3_600,
        timeline=(first, replace(first, at=first.at + 3_600)),
        signals=(),
    )
    text = report_markdown(known, people=people)
    assert "2026-10-25 02:30 CEST to 02:30 CET (1 h)" in text
    assert "- 02:30:00 CEST · " in text
    assert "- 02:30:00 CET · " in text


def test_what_people_did_is_told_with_where_from() -> None:
    """A deed, a refusal of several times, and how many lines are missing; each on one line."""
    done = Act(at=minutes(30), who=MIRA, what="resolved although a step fails, because: <!here> *no*", place="command")
    refused = Act(
        at=minutes(3), who=MIRA, what="was refused to validate checkout", place="x|y", times=3, last_at=minutes(5)
    )
    text = report_markdown(report(acts=Acts(lines=(refused, done), left_out=2)), people=people)
    section = text.partition("## Who did what\n\n")[2].partition("\n\n")[0]
    assert section.splitlines() == [
        f"- 03:01:00 · <person {MIRA}> (x¦y): was refused to validate checkout (3 times, last 03:03:00)",
        f"- 03:28:00 · <person {MIRA}> by command: resolved although a step fails, because: ‹!here> ∗no∗",
        "- 2 more of them in the timeline",
    ]


def test_what_changed_before_it_is_told() -> None:
    change = RecentChange(at=minutes(-7), what="deploy [checkout](https://evil.example.com) 2.14.0")
    text = report_markdown(report(changes=(change,)), people=people)
    assert "- 02:51:00 (7 min before): deploy [checkout] (https://evil.example.com) 2.14.0" in text


def test_a_model_is_named_where_it_wrote() -> None:
    text = report_markdown(report(summary=("It was the cache.",), summary_by="MiniMax-M2.5"), people=people)
    assert "_Summary by MiniMax-M2.5, from state; everything else on this page is from state._" in text
    assert "_Summary by" not in report_markdown(report(), people=people)


def test_people_within_a_line_are_shown_as_everywhere() -> None:
    entry = replace(proven().incident.timeline[0], what=f"made <@{MIRA}> the lead; see <https://evil.example.com|here>")
    text = report_markdown(report(timeline=(entry,)), people=people)
    assert f"made <person {MIRA}> the lead; see ‹https://evil.example.com¦here>" in text


@pytest.mark.parametrize("label", ["-", "# shop", "> quoted", "- [x] done", "+ more", "==="])
def test_a_summary_is_a_paragraph_whatever_the_service_is_called(label: str) -> None:
    """A name that is Markdown at the beginning of a line makes no list, heading, quotation or table."""
    text = report_markdown(report(summary=(f"{label}: payments fail.", "It is still open.")), people=people)
    assert any(line.startswith(f"\\{label[0]}") for line in text.splitlines())


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(views())
def test_nothing_from_outside_changes_the_document(view: ThreadView) -> None:
    """Headings, links, images, table cells and check boxes are ours alone, whatever an alert or a person wrote."""
    case = Case(incident=view.incident, before=view.confirm, after=view.shown, soak=view.soak, now=view.now)
    text = report_markdown(report_of(case, version=1), people=lambda who: "somebody")
    assert not re.search(r"\]\(|!\[|<[@!#/\w]", text)
    for line in text.splitlines():
        assert re.match(r"## [A-Z]|- |\*\*[A-Z]|_Summary|\| (?:\d|Step|---)|[^#>|*+`-]|$", line), line
    titles = [line for line in text.splitlines() if line.startswith("#")]
    assert len(titles) == len(set(titles))
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {row.count("|") for row in rows} <= {6}


@given(st.one_of(st.sampled_from(NASTY), texts()))
def test_text_from_outside_is_one_line_without_markup(text: str) -> None:
    found = plain(text)
    assert len(found) <= 610
    assert not re.search(r"[\n\r*`~|\\\x00-\x1f\u202e]|\]\(|!\[|<[@!#/\w]", found)


# The resolution card


def card_text(view: ThreadView) -> str:
    card = resolution_card(view)
    assert card is not None
    return str([block.get("elements") for block in card.blocks])


def resolved(filed: Filed) -> ThreadView:
    return replace(STATES["resolved proven"](), filed=filed, now=minutes(40))


def test_the_card_offers_a_report_until_there_is_one() -> None:
    """A button that makes it, then a link that opens it, or a word where it is."""
    assert "'action_id': 'report'" in card_text(resolved(Filed()))
    linked = card_text(resolved(Filed(version=1, canvas_id="F1", url="https://x.slack.com/docs/T1/F1")))
    assert "<https://x.slack.com/docs/T1/F1|Report>" in linked
    assert "'report'" not in linked
    assert "a file in this thread" in card_text(resolved(Filed(version=1, file_id="F1")))


def test_the_report_of_an_earlier_resolution_is_no_report_of_this_one() -> None:
    incident = replace(proven().incident, reopened=1)
    assert report_line(Filed(version=1, url="https://x.slack.com/docs/T1/F1"), incident) == ""
    newest = Filed(version=2, url="https://x.slack.com/docs/T1/F1")
    assert report_line(newest, incident) == "<https://x.slack.com/docs/T1/F1|Report, version 2>"


def test_a_title_fits_and_is_harmless() -> None:
    assert report_title(report(title="[x](y) " * 100, label="a\nb")).startswith("INC-42 · a b: [x] (y)")
