"""Whatever an alert, a model or a service says, Slack takes the cards, and nobody is mentioned or led astray."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fixloop_bot.adapters.slack.blocks import cards, read_checklist_id, status_text
from fixloop_bot.adapters.slack.blocks.text import code, code_block, cut, link, one_line, person, plain_line, shorten
from fixloop_bot.application.checklist import shown_as_ticked
from fixloop_bot.application.views import ThreadView
from fixloop_bot.domain.plans import HttpCheck, ManualCheck, Request
from fixloop_bot.domain.samples import AssertionResult
from tests.adapters.slack_checks import problems, text_problems
from tests.adapters.thread_states import PLAN, SIGNAL, STEPS
from tests.adapters.thread_states_proof import STATES
from tests.strategies import NASTY, texts, views

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
thorough = settings(max_examples=45, deadline=None, suppress_health_check=SLOW)
brief = settings(max_examples=12, deadline=None, suppress_health_check=SLOW)


@thorough
@given(view=views())
def test_any_thread_is_accepted_by_slack(view: ThreadView) -> None:
    """Limits, unique ids, models, escaped words: for every card of every thread that Hypothesis can think of."""
    shown = cards(view)
    found = [problem for card in shown for problem in problems(card, view)]
    assert found == []
    assert [card.part for card in shown] == [
        part for part in ("root", "plan", "results", "resolution") if part in {card.part for card in shown}
    ]
    assert shown[0].part == "root"
    assert all(orjson.dumps(list(card.blocks)) and card.digest() == card.digest() for card in shown)


@pytest.mark.parametrize("letter", ["word ", "& ", "<", "👩‍👩‍👧", "ש "])
def test_the_largest_thread_fits(letter: str) -> None:
    """Ten failing steps, fifty signals, and every text as long as anybody could make it."""
    long = letter * 3000
    base, failing = STATES["taken back by the watch"](), STATES["not recovered"]()
    run = failing.shown
    assert run is not None
    assert failing.confirm is not None
    worst = run.steps[0]
    result = AssertionResult(source=long, held=False, seen=long, expected=f"{long} ({long})", subject=long)
    sample = replace(worst.failures[0], failures=(result,), request=long, curl=long, replica=long)
    kinds = (HttpCheck(request=Request(path=f"/{long}"), expect=(long, long)), ManualCheck(instruction=long))
    steps = tuple(replace(STEPS[0], id=f"s{n}", title=long, check=kinds[n % 2]) for n in range(1, 11))
    plan = replace(PLAN, steps=steps, author=long, note=long)
    automatic = [step for step in steps if not step.manual]
    done = tuple(replace(worst, step_id=step.id, reason=long, failures=(sample,)) for step in automatic)
    run = replace(run, plan=plan, steps=done, step_ids=tuple(step.step_id for step in done), reason=long)
    signals = tuple(replace(SIGNAL, identity=str(n), title=long, link=f"https://example.com/{n}") for n in range(50))
    incident = replace(
        base.incident,
        plan=plan,
        signals=signals,
        label=long,
        env=long,
        service=None,
        severity=long,
        verdict_reason=long,
    )
    view = replace(base, incident=incident, shown=run, confirm=replace(failing.confirm, plan=plan, steps=done))
    shown = cards(view)
    assert [problem for card in shown for problem in problems(card, view)] == []
    assert {card.part for card in shown} == {"root", "plan", "results"}
    assert max(len(card.text) for card in shown) > 3000, "none of the limits was reached"


@brief
@given(view=views())
def test_the_first_block_finds_a_card_again(view: ThreadView) -> None:
    """Its id depends on the incident alone, whatever happens to it."""
    marks = {card.part: card.blocks[0]["block_id"] for card in cards(view)}
    places = {"root": "head", "plan": "title", "results": "title", "resolution": "line"}
    assert marks == {part: f"{part}:INC-7:{places[part]}" for part in marks}


@brief
@given(view=views())
def test_a_checklist_tells_what_it_shows_as_ticked(view: ThreadView) -> None:
    """Its block id can be read back, and a new state of the ticks has a new id."""
    boxes = [
        (block["block_id"], element)
        for card in cards(view)
        for block in card.blocks
        for element in block.get("elements", [])
        if element.get("type") == "checkboxes"
    ]
    for block_id, element in boxes:
        assert view.incident.plan is not None
        read = read_checklist_id(block_id)
        assert read == (view.incident.id, view.incident.plan.version, shown_as_ticked(view.incident))
        assert str(view.incident.checklist_revision) == block_id.split("|")[3]
        assert tuple(each["value"] for each in element.get("initial_options", [])) == read[2]


@brief
@given(view=views())
def test_the_status_of_any_incident_can_be_whispered(view: ThreadView) -> None:
    """``/fixloop status`` prints it as mrkdwn, too."""
    for address in ("", "https://acme.slack.com/archives/C1/p1"):
        assert list(text_problems(status_text(view, address), view)) == []


@given(text=texts(), most=st.integers(min_value=2, max_value=200))
@example(text="a &amp; b", most=5)
@example(text="<https://example.com/;x|label> more", most=20)
@example(text="two words", most=43)
def test_a_cut_text_fits_and_ends_between_tokens(text: str, most: int) -> None:
    """Never longer than asked, never inside an entity or a link."""
    marked = f"{one_line(text)} {link('https://example.com/a;b', text[:40])}"
    kept = cut(marked, most)
    assert len(kept) <= most
    assert kept.count("<") == kept.count(">")
    assert "&" not in kept.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")


@given(text=texts())
def test_nothing_from_outside_becomes_markup(text: str) -> None:
    """In a line, in code, in a code block, in a label and in a name."""
    for written in (one_line(text), code(text), code_block(text), person(text.removeprefix("U").lower())):
        assert "<" not in written.replace("<@", "", 1) or written.startswith("<@")
        assert ">" not in written or written.startswith("<@")
    assert code(text).count("`") == 2
    assert code_block(text)[3:-3].count("```") == 0
    assert link("https://example.com", text[:100]).count(">") == 1
    assert not any(mark in one_line(text) for mark in "*`~\n")


@pytest.mark.parametrize("url", ["javascript:alert(1)", "//evil", "<!channel>", "https://" + "a" * 5000, ""])
def test_only_web_addresses_of_a_sane_length_are_linked(url: str) -> None:
    """Anything else leaves the bare label."""
    assert link(url, "Monitor") == "Monitor"


def test_an_address_cannot_break_out_of_its_link() -> None:
    """Brackets, bars and spaces are percent-encoded."""
    assert link("https://x.example.com/a|b><!channel> c", "Logs") == (
        "<https://x.example.com/a%7Cb%3E%3C!channel%3E%20c|Logs>"
    )


def test_right_to_left_text_and_emoji_stay_intact() -> None:
    """Hebrew is isolated, so that the figures after it stay in place; joined emoji stay joined; overrides go."""
    assert one_line("שירות") == "\u2068שירות\u2069"
    assert one_line("👩‍👩‍👧 ok") == "👩‍👩‍👧 ok"
    assert one_line("exe\u202egnp") == "exegnp"
    assert cut("👩‍👩‍👧👩‍👩‍👧", 5) == "…"
    assert [shorten("ab👍🏽 thumbs", most) for most in (4, 5)] == ["ab…", "ab👍🏽…"]
    assert [shorten("a🇩🇪🇫🇷 flags", most) for most in (3, 4, 5, 6)] == ["a…", "a🇩🇪…", "a🇩🇪…", "a🇩🇪🇫🇷…"]
    assert shorten("1️⃣2️⃣3️⃣", 6) == "1️⃣…"
    assert cut(f"{one_line('שירות התשלומים נכשל')} · 31 %", 12) == "\u2068שירות…\u2069"
    assert plain_line("p95 < 400 ms <!channel>") == "p95 < 400 ms ‹!channel>"


def test_the_nasty_texts_are_nasty() -> None:
    """The list tries every way in that Slack's markup has."""
    everything = "".join(NASTY)
    assert all(each in everything for each in ("<!channel>", "<http", "<@U", "<#C", "```", "\u202e", "\x1b", "\ud83d"))
