"""App Home: what Slack takes, what a responder reads first, and that words from outside stay words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.views import View

from fixloop_bot.adapters.slack.blocks import cards
from fixloop_bot.adapters.slack.blocks.feed_words import age, measured, numbers_text, standing
from fixloop_bot.adapters.slack.blocks.home import home_view, lines_of
from fixloop_bot.adapters.slack.blocks.service_words import service_words
from fixloop_bot.adapters.slack.crier import reminder_blocks, words
from fixloop_bot.adapters.slack.home import FeedWords, drawn
from fixloop_bot.application.feed_views import FeedItem, FeedPicture
from fixloop_bot.application.reminders import Reminder
from fixloop_bot.domain.catalog import QuietHours, Service
from fixloop_bot.domain.incidents import Incident, State
from fixloop_bot.domain.mutes import HeldBack, Mute
from fixloop_bot.domain.numbers import Numbers
from fixloop_bot.domain.reminders import Topic
from fixloop_bot.domain.runs import RecoveryVerdict
from fixloop_bot.sandbox.slack.blocks import message_problems, view_problems
from fixloop_bot.sandbox.slack.mrkdwn import Voice
from fixloop_bot.sandbox.slack.terminal import render_view
from tests.adapters.feed_states import FULL, NIGHT, NOW, ended, item, picture, row
from tests.adapters.thread_states import ALERT, JONAS, MIRA, STATES, minutes, under_way
from tests.strategies import figures, texts

VOICE = Voice(colour=False, names={MIRA: "@mira", JONAS: "@jonas"}, timezone=ZoneInfo("UTC"))
ACTIONS = {"acknowledge", "validate", "open_thread", "declare"}
_TOKEN = re.compile(r"<([^<>]*)>")
_OURS = re.compile(r"!date\^-?\d+\^[^|<>]+\|[0-9A-Z :-]+|@[UW][A-Z0-9]{2,20}|https://acme\.slack\.com/[^|]+\|.+")


def told(shown: FeedPicture, *, width: int = 64) -> str:
    return render_view(home_view(shown), VOICE, width=width)


def problems(view: dict[str, Any]) -> Iterator[str]:
    """What Slack, its models or we would refuse."""
    yield from view_problems(view)
    View(**view).validate_json()
    blocks = view["blocks"]
    if len(blocks) > 100:
        yield f"{len(blocks)} blocks"
    ids = Counter(block["block_id"] for block in blocks)
    yield from (f"block id {each} is there {times} times" for each, times in ids.items() if times > 1)
    for block in blocks:
        elements = [each for each in block.get("elements", []) if "action_id" in each]
        names = [each["action_id"] for each in elements]
        if len(names) != len(set(names)) or not set(names) <= ACTIONS:
            yield f"action ids {names}"
        yield from (problem for text in mrkdwn_of(block) for problem in text_problems(text))


def mrkdwn_of(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if value.get("type") == "mrkdwn":
            assert value["verbatim"] is True
            yield value["text"]
        for each in value.values():
            yield from mrkdwn_of(each)
    elif isinstance(value, list):
        for each in value:
            yield from mrkdwn_of(each)


def text_problems(text: str) -> Iterator[str]:
    """Markup that is not ours, or that was cut."""
    yield from (
        f"a token of somebody else's: <{each[:60]}>" for each in _TOKEN.findall(text) if not _OURS.fullmatch(each)
    )
    rest = _TOKEN.sub("", text)
    if "<" in rest or ">" in rest or re.search(r"&(?!(?:amp|lt|gt);)", rest):
        yield f"something cut or not escaped in {text[:80]!r}"


@pytest.mark.parametrize("shown", [picture(), picture(*NIGHT), FULL], ids=["quiet", "night", "everything"])
def test_slack_takes_it(shown: FeedPicture) -> None:
    """Its limits, its models, and our own rules."""
    assert list(problems(home_view(shown))) == []


def test_the_worst_stands_on_top_of_a_phone() -> None:
    """What is broken, that it is really broken, by how much, whose it is, and the next button."""
    assert told(picture(*NIGHT)).splitlines()[:9] == [
        "4 open incidents, nobody is on 2 of them",
        "[ Declare an incident ]",
        "─" * 60,
        "checkout (prod) · Error rate is high",
        "🔴 Reproduced · not validated",
        "31 % (limit 1 %)",
        "▁▁▁▁▁▁▁▁▁▁█ 0.2 % to 30 % within the hour, 30 % at 03:04",
        "Nobody is on it",
        "INC-42 · SEV2 · since 02:58 (10 min)",
    ]


def test_what_keeps_fixloop_from_its_work_comes_before_everything() -> None:
    """The kill switch first, then the answer to a click, then what is down."""
    lines = told(FULL, width=100).splitlines()
    assert lines[0] == "⛔ All traffic is stopped, by @mira. /fixloop go lets it flow again."
    assert lines[1] == "INC-42 is yours."
    assert lines[3] == "⚠️ The model does not answer, so plans are the standard ones."


def test_what_has_ended_says_how() -> None:
    """With the verdict's word, how long it took, and what fixed it."""
    assert (
        "🟢 proven · INC-38 checkout (prod) · Error rate is high\n38 min · by @mira: rolled back 2.14.0 · 22:48"
        in told(picture(*NIGHT), width=200)
    )


def test_numbers_in_words() -> None:
    """Each with what it is of; one of each is singular."""
    assert numbers_text(picture(*NIGHT).numbers).splitlines() == [
        "7 incidents, 4 still open",
        "4 reproduced, 2 with a proof that stands",
        "From alert to reproduced: 48 s, median of 4",
        "From alert to fix: 38 min, median of 4",
        "From alert to proof: 52 min, median of 2",
        "2 signals recovered by Datadog's word alone, unproven",
        "1 proof taken back",
    ]
    assert "From alert to proof: none yet" in numbers_text(Numbers(incidents=1, open=1))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "⚪ *Not reproduced yet* · not validated"),
        ({"busy": "planning", "planned": False}, "🟡 *Writing the plan…*"),
        ({"busy": "confirm"}, "🟡 *Reproducing…*"),
        ({"busy": "validate", "state": State.REPRODUCED}, "🔴 *Validating…* It was reproduced before."),
        ({"state": State.REPRODUCED, "verdict": RecoveryVerdict.NOT_RECOVERED}, "🔴 *Not recovered* · reproduced"),
        ({"verdict": RecoveryVerdict.UNPROVEN}, "⚪ *Unproven*"),
        ({"verdict": RecoveryVerdict.INCONCLUSIVE}, "⚪ *Inconclusive*"),
        ({"taken_back": 1}, "⚪ *Not reproduced yet* · not validated"),
        ({"state": State.RECOVERED, "verdict": RecoveryVerdict.PROVEN}, "🟢 *Recovery proven*"),
    ],
)
def test_where_an_incident_stands(changes: dict[str, Any], said: str) -> None:
    """The four verdicts by exactly their words, and green for proven alone."""
    assert standing(row(1, **changes), NOW).marked() == said


def test_a_watch_counts_down_by_itself() -> None:
    """Slack shows the time in the reader's zone; nothing has to be published for it."""
    watched = row(1, state=State.RECOVERED, verdict=RecoveryVerdict.PROVEN, soak_until=minutes(20))
    first, later = (standing(watched, NOW + after).rest for after in (0, 300))
    assert first == later == f", watching until <!date^{int(minutes(20))}^{{time}}|03:18 UTC>, provisional until then"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "just now"),
        (59, "just now"),
        (240, "4 min"),
        (13 * 60, "10 min"),
        (3599, "55 min"),
        (3600, "1 h"),
        (5700, "1 h 30 min"),
        (90_000, "1 day"),
        (200_000, "2 days"),
    ],
)
def test_ages_go_in_steps(seconds: float, said: str) -> None:
    """Each step is a publication for everybody who looks."""
    assert age(seconds) == said


def test_a_value_is_of_the_past_once_nothing_fires() -> None:
    """The alert's own value would be read as today's."""
    assert measured(item(row(1, firing=0)), NOW) == "was 31 % (limit 1 %)"
    assert measured(item(row(1, value=None)), NOW) == "limit 1 %"
    assert measured(item(row(1, value=None, measure=None)), NOW) == ""


def test_more_than_fits_is_counted() -> None:
    """A hundred blocks are Slack's limit; nobody is left in doubt that there is more."""
    many = [row(number, state=State.REPRODUCED) for number in range(100, 300)]
    past = [ended(number, None, days_ago=3) for number in range(300, 400)]
    shown = picture(*many, *past, mutes=FULL.mutes * 30, troubles=("x",) * 9, halted="x", note="y" * 9000)
    view = home_view(shown)
    assert list(problems(view)) == []
    said = told(shown)
    assert "and 185 more open: /fixloop list open" in said
    assert "and 92 more: /fixloop list resolved" in said
    assert "and 20 more: /fixloop mute" in said


@settings(max_examples=60)
@given(data=st.data())
def test_words_from_outside_stay_words(data: st.DataObject) -> None:
    """No mention, link or markup of an alert's reaches a Home, a list or a reminder; and everything fits."""
    said = texts()
    hostile = {"label": data.draw(said), "title": data.draw(said), "env": data.draw(said), "severity": data.draw(said)}
    numbers = {"value": data.draw(figures()), "opened_at": data.draw(st.floats(0, 2e9))}
    rows = (row(1, **hostile, **numbers), ended(2, None, days_ago=1, **hostile, fixed_by=data.draw(said)))
    mute = Mute(service=data.draw(said), until=NOW, by=MIRA, at=NOW)
    points = tuple((NOW - 60 * back, data.draw(figures())) for back in range(3, 0, -1))
    shown = picture(*rows, mutes=((mute, HeldBack()),), troubles=(data.draw(said),))
    shown = replace(shown, open=tuple(replace(each, points=points) for each in shown.open))
    assert list(problems(home_view(shown))) == []
    listed = lines_of("2 open", [*shown.open, *shown.resolved], more=0, now=NOW)
    assert list(text_problems(listed)) == []
    incident = Incident(
        id="INC-1",
        number=1,
        service_key="x",
        service=None,
        channel="C0",
        opened_at=NOW,
        label=data.draw(said),
        title=data.draw(said),
    )
    reminder = Reminder(incident=incident, topic=Topic.UNACKNOWLEDGED, name="x:0", to=(MIRA,), since=ALERT, now=NOW)
    assert message_problems(reminder_blocks(reminder)) == []
    assert list(text_problems(words(reminder))) == []


def test_the_digest_changes_exactly_with_what_is_seen() -> None:
    """A revision that shows nothing new costs no call."""
    same = picture(*(replace(each, revision=9) for each in NIGHT))
    assert drawn(picture(*NIGHT)).digest == drawn(same).digest
    assert drawn(picture(*NIGHT)).digest != drawn(picture(*NIGHT, note="x")).digest


def test_a_list_for_a_command() -> None:
    """Linked to its thread, one idea a line, with a blank line between two; what has ended in two lines."""
    said = lines_of("1 open", picture(*NIGHT[:1]).open, more=2, now=NOW).splitlines()
    assert said[0] == "*1 open*"
    assert said[1] == "<https://acme.slack.com/archives/C0CHECKOUT/p42000000|checkout (prod) · Error rate is high>"
    assert said[2] == "🔴 *Reproduced* · not validated"
    assert said[-4:-2] == ["Nobody is on it", f"INC-42 · SEV2 · since <!date^{int(ALERT)}^{{time}}|02:58 UTC> (10 min)"]
    assert said[-2:] == ["", "and 2 more"]
    ended = lines_of("3 resolved", picture(*NIGHT).resolved, more=0, now=NOW).splitlines()
    assert len(ended) == 1 + 2 * 3


def test_nobody_is_asked_to_take_what_has_recovered() -> None:
    """It only waits for its end, as on its card."""
    view = home_view(picture(row(1, state=State.RECOVERED, verdict=RecoveryVerdict.PROVEN)))
    assert "on it" not in str(view)


def test_a_service_says_its_quiet_hours_and_what_it_lacks() -> None:
    """In the order of what keeps from proving anything."""
    bare = Service(
        name="cart", quiet_hours=QuietHours(begins=1320, ends=420, zone="Europe/Berlin"), responders=("S01", MIRA)
    )
    assert service_words(bare, baseline=None, mute=None, now=NOW).splitlines() == [
        "*cart* · not watched, waits for alerts",
        "Missing base_url: no request can test it, so nothing can be proven.",
        "Missing a metric with its slo: real traffic is not measured after a fix.",
        f"the default channel · may validate: <!subteam^S01>, <@{MIRA}>",
        "0 probes · no reminders 22:00 to 07:00 (Europe/Berlin), but for SEV1",
    ]


def test_reminders_say_what_is_broken_and_have_the_one_button() -> None:
    """It may be the first that somebody reads of it."""
    incident = Incident(
        id="INC-1", number=1, service_key="x", service="cart", channel="C0", opened_at=ALERT, label="cart", title="Slow"
    )
    nobody = Reminder(
        incident=incident, topic=Topic.UNACKNOWLEDGED, name="unacknowledged:0", to=("S01",), since=ALERT, now=minutes(5)
    )
    assert words(nobody) == "*INC-1* · cart · Slow\n<!subteam^S01> Nobody is on it, for 5 min now."
    late = replace(nobody, topic=Topic.UNVALIDATED, to=(MIRA,), now=minutes(31))
    assert words(late).endswith(
        f"<@{MIRA}> It was reproduced 31 min ago, and not validated since. Press Validate when the fix is in."
    )
    assert [each["elements"][0]["action_id"] for each in (reminder_blocks(nobody)[1], reminder_blocks(late)[1])] == [
        "acknowledge",
        "validate",
    ]


def test_muted_services_are_told_with_what_waits() -> None:
    """Also where nothing came."""
    quiet = Mute(service="cart", until=minutes(300), by=MIRA, at=ALERT)
    said = FeedWords().mutes([*FULL.mutes, (quiet, HeldBack())], NOW)
    assert said.splitlines() == [
        f"🔕 search until <!date^{int(minutes(300))}^{{time}}|07:58 UTC>, also in Datadog, by <@{JONAS}>: "
        "3 signals kept back, 1 alert still firing",
        f"🔕 cart until <!date^{int(minutes(300))}^{{time}}|07:58 UTC>, by <@{MIRA}>: no signal meanwhile",
    ]


def test_an_item_without_a_thread_has_no_button_for_it() -> None:
    """Its card may not be posted yet."""
    shown = picture(row(1))
    view = home_view(replace(shown, open=(FeedItem(row=shown.open[0].row),)))
    assert "open_thread" not in str(view)


def test_the_cards_of_a_watch_stand_still_while_it_goes_on() -> None:
    """ "Watching until 03:34" counts down on the reader's own clock: samples and minutes redraw nothing."""
    seen = STATES["proven and watching"]()
    watch = seen.soak
    assert watch is not None

    def later(samples: int) -> list[str]:
        soak = replace(watch, steps=(under_way("s1", samples=samples),))
        return [card.digest() for card in cards(replace(seen, soak=soak, now=seen.now + 2 * samples))]

    assert later(10) == later(60) == later(200)
