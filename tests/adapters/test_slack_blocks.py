"""The thread in every state: what Slack is sent, and what a responder reads."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from datetime import UTC

import pytest
import yaml
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from fixloop_bot.adapters.slack.blocks import Card, cards, status_text
from fixloop_bot.adapters.slack.blocks.status import status
from fixloop_bot.application.views import ThreadView
from fixloop_bot.domain.runs import RecoveryVerdict, StepPhase, TrafficReading
from fixloop_bot.sandbox.slack.mrkdwn import Voice
from fixloop_bot.sandbox.slack.terminal import block_lines
from tests.adapters.slack_checks import problems
from tests.adapters.thread_states import JONAS, MIRA
from tests.adapters.thread_states_proof import STATES

PHONE = 40
LONG = {"not reproduced", "the watch notices", "reopened", "taken back by the watch", "inconclusive, own network"}
"""States whose reason is a sentence that nobody should cut."""


def shown(state: str) -> dict[str, Card]:
    return {card.part: card for card in cards(STATES[state]())}


def words(card: Card) -> str:
    """All mrkdwn and plain text of the blocks."""
    found: list[str] = []
    for block in card.blocks:
        pieces = [block.get("text"), *block.get("elements", [])]
        found.extend(piece["text"] for piece in pieces if piece is not None and isinstance(piece.get("text"), str))
        found.extend(
            f"{option['text']['text']} {option['description']['text']}"
            for piece in block.get("elements", [])
            for option in piece.get("options", [])
            if "description" in option
        )
    return "\n".join(found)


def buttons(card: Card) -> list[str]:
    return [
        element["action_id"]
        for block in card.blocks
        for element in block.get("elements", [])
        if element["type"] in ("button", "overflow")
    ]


@pytest.mark.parametrize("state", STATES)
def test_the_cards_of(state: str, snapshot: SnapshotAssertion) -> None:
    """Exactly what is sent, card by card; a change of a word is seen in review."""
    sent = {card.part: {"text": card.text, "blocks": list(card.blocks)} for card in cards(STATES[state]())}
    assert sent == snapshot(extension_class=JSONSnapshotExtension)


@pytest.mark.parametrize("state", STATES)
def test_slack_takes_the_cards_of(state: str) -> None:
    """Its validator, the models of two libraries, and our own rules."""
    view = STATES[state]()
    assert [problem for card in cards(view) for problem in problems(card, view)] == []


@pytest.mark.parametrize("state", STATES)
def test_a_screen_reader_hears_the_status_and_no_symbol_alone(state: str) -> None:
    """The fallback text has the status in words; a symbol in the blocks is followed by a word."""
    root = shown(state)["root"]
    line = next(block["text"]["text"] for block in root.blocks if block["block_id"].endswith(":status"))
    symbol, rest = line.split(" ", 1)
    assert symbol in "🔴🟡🟢⚪"
    assert rest.replace("*", "") == root.text.split("\n")[1]
    for card in cards(STATES[state]()):
        text = words(card)
        for mark in "🔴🟡🟢⚪✅❌❔➖⏳✋☐":
            assert all(after[:1] == " " and after[1:2].strip() for after in text.split(mark)[1:])


@pytest.mark.parametrize(
    ("state", "line"),
    [
        ("just opened", "🟡 *Writing the plan…*"),
        ("planning", "🟡 *Writing the plan…*"),
        ("plan posted", "⚪ *Not reproduced yet*"),
        (
            "reproducing",
            "🔴 *Reproduced*: POST /checkout answered 503 in 7 of 20 tries. Still counting, 1 of 4 steps decided.",
        ),
        ("reproduced", "🔴 *Reproduced*: POST /checkout answered 503 in 7 of 20 tries. Step 3 fails too."),
        (
            "telemetry alone",
            "🔴 *Only telemetry sees it*: step 3 fails: error share is 31 %, must be at most 1 %. "
            "No request of this plan failed, so it cannot prove a fix: Edit a step, or press New plan.",
        ),
        (
            "not reproduced",
            "⚪ *Not reproduced*: none of 105 samples of each step failed, and a fault in more than 2.81 % of such "
            "requests would have been seen with 95 % certainty.",
        ),
        ("validating", "🟡 *Validating…* 1 of 4 steps decided, about 30 s left"),
        ("unproven", "⚪ *Unproven*: everything passes, but nothing that ran now had failed before."),
        (
            "not recovered",
            "🔴 *Not recovered*: step 1 still fails in 2 of 17 tries: $.total was 19.98, expected 19.99. "
            "Step 3 fails too.",
        ),
        (
            "broken by the fix",
            "🔴 *Not recovered*: step 4 passed before and now fails in 6 of 6 tries: status was 404, expected 200.",
        ),
        (
            "inconclusive, own network",
            "⚪ *Inconclusive*: steps 1, 2 and 4 could not look, which says nothing about the service: "
            "no network from here.",
        ),
        ("validate stopped", "⚪ *Inconclusive*: stopped by <@U0MIRA0001> before it was decided."),
        (
            "all traffic stopped",
            "⚪ *Inconclusive*: <@U0JONAS001> stopped all traffic before it was decided. `/fixloop go` lifts it.",
        ),
        (
            "all traffic stopped while reproducing",
            "⚪ *Not reproduced yet*: <@U0JONAS001> stopped all traffic before it was decided. `/fixloop go` lifts it.",
        ),
        (
            "other checks reproduced",
            "🔴 *Reproduced*: TLS checkout.example.com:443: certificate not trusted: certificate has expired, "
            "in 4 of 4 tries. Steps 2, 3 and 5 fail too.",
        ),
        (
            "certificate nearly over",
            "🔴 *Not recovered*: step 1 still fails in 4 of 4 tries: days left was 3, expected at least 7.",
        ),
        ("reopened", "🔴 *Reopened*, and not validated since."),
        ("no catalog entry", "⚪ *Not reproduced*: the plan has only steps by hand."),
    ],
)
def test_the_status_line(state: str, line: str) -> None:
    """The first thing that is read at three in the morning."""
    assert line in words(shown(state)["root"]).split("\n")


def test_the_verdicts_appear_by_their_exact_words() -> None:
    """Recovery proven, Unproven, Not recovered, Inconclusive; the plain text begins with them."""
    expected = {
        "proven and quiet": "Recovery proven",
        "unproven": "Unproven",
        "not recovered": "Not recovered",
        "inconclusive, own network": "Inconclusive",
    }
    for state, word in expected.items():
        assert shown(state)["root"].text.split("\n")[1].startswith(word)
        assert shown(state)["results"].text.split("\n")[1].startswith(word)


@pytest.mark.parametrize("verdict", RecoveryVerdict)
def test_green_is_for_proven_alone(verdict: RecoveryVerdict) -> None:
    """Nothing else looks well."""
    view = STATES["proven and quiet"]()
    line = status_text(replace(view, incident=replace(view.incident, verdict=verdict)))
    assert ("🟢" in line) == (verdict is RecoveryVerdict.PROVEN)


def test_the_status_leads_to_its_thread() -> None:
    """By its name, as in Home and in the list; without an address it is a name alone."""
    view = STATES["not recovered"]()
    name, *others = status_text(view).split("\n")
    linked = status_text(view, "https://slack.test/archives/C1/p1").split("\n")
    assert linked == [f"<https://slack.test/archives/C1/p1|{name.strip('*')}>", *others]
    assert name == f"*{name.strip('*')}*"


def test_a_failing_step_shows_its_evidence() -> None:
    """Sample number, status, latency, time, the differing field, its formula, and the request to repeat it."""
    text = words(shown("not recovered")["results"])
    assert "before 7/20 failed (503)  →  now 2/17 failed ($.total)" in text
    assert "$.total was 19.98, expected 19.99\n" in text
    assert "sample #4, 200, 84 ms, <!date^1790306532^{time_secs}|03:22:12 UTC>, from shop-3" in text
    assert "19.99 is `sum($.items[*].price * $.items[*].qty)`" in text
    assert "```curl -sS -X POST 'https://checkout.example.com/checkout'" in text
    assert "$CHECKOUT_TOKEN" in text


def test_before_stands_beside_now() -> None:
    """The figures of both runs, the p95 where speed is the point, and below them what they prove."""
    text = words(shown("before and now")["results"])
    assert "before 7/20 failed (503)  →  now 0/105 failed\n" in text
    assert "before 22/40 failed (503), p95 1,840 ms  →  now 0/97 failed, p95 212 ms (limit 400 ms)\n" in text
    assert "error &lt; 5 % at 99 % confidence: 105 samples over 60 s, 4 replicas, 25 inputs\n" in text
    assert "before 42 a minute  →  now 0.2 a minute (at most 2 × the hour before)" in words(
        shown("certificate nearly over")["results"]
    )


def test_a_proof_is_provisional_while_it_is_watched() -> None:
    """Until when, and what the watch has noticed meanwhile."""
    line = words(shown("the watch notices")["root"])
    assert "03:33 UTC>, provisional until then. Noticed in the watch, step 2: it gets slower: p95 was 212 ms" in line
    assert "🟡 *Noticed* in the watch, step 2: it gets slower" in words(shown("the watch notices")["results"])
    assert "Noticed" not in words(shown("proven and watching")["results"])


def test_what_would_reproduce_the_bug_is_said_where_it_hid() -> None:
    """One idea a line, while the plan has never seen the bug; nowhere else."""
    for state in ("not reproduced", "unproven"):
        text = words(shown(state)["root"])
        assert "What would reproduce it:\n• a new plan with the request that failed, if somebody knows it\n" in text
        assert "• a window longer than 60 s, in case it comes and goes\n" in text
    for state in set(STATES) - {"not reproduced", "unproven"}:
        assert "What would reproduce it" not in words(shown(state)["root"]), state
    assert "Unproven" in words(shown("unproven")["results"])
    assert "Never reproduced here: none of 105 samples failed" in words(shown("unproven")["results"])


def test_a_run_that_was_stopped_alone_does_not_speak_of_all_traffic() -> None:
    """``/fixloop go`` is only for what the kill switch has ended."""
    for state in ("validate stopped", "confirm stopped"):
        assert "/fixloop go" not in "".join(words(card) for card in shown(state).values())


def test_readings_are_in_per_cent_where_they_are_shares() -> None:
    """In the title, the checklist, the results and the verdict."""
    assert "31 % (limit 1 %)" in words(shown("reproduced")["root"])
    assert "error share at most 1 %" in words(shown("reproduced")["plan"])
    assert "before 31 %  →  now 12 % (at most 1 %)" in words(shown("not recovered")["results"])
    assert "Real traffic: error share 0.12 %, limit 1 %." in words(shown("proven and quiet")["results"])


def test_a_signal_without_a_value_says_so() -> None:
    """The limit alone would read like a measurement."""
    assert "no value sent (limit 400 ms)" in words(shown("several signals")["root"])
    assert "did not say whether it fires" in words(shown("unknown transition")["root"])


def test_the_buttons_fit_the_state() -> None:
    """Nobody is offered what would be refused."""
    assert buttons(shown("planning")["root"]) == ["acknowledge", "resolve", "ask", "more"]
    assert buttons(shown("reproduced")["root"]) == ["acknowledge", "validate", "ask", "more"]
    assert buttons(shown("people are on it")["root"]) == ["validate", "ask", "more"]
    assert buttons(shown("not recovered")["root"]) == ["acknowledge", "validate", "ask", "more"]
    assert buttons(shown("unproven")["root"]) == ["acknowledge", "validate", "resolve", "ask", "more"]
    assert buttons(shown("proven and quiet")["root"]) == ["validate", "resolve", "ask", "more"]
    assert buttons(shown("reproduced")["plan"]) == ["validate", "new_plan", "edit_plan", "resolve"]
    always = [
        "validate",
        "new_plan",
        "edit_plan",
        "resolve",
    ]  # the plan is not redrawn for a run: Validate says so then
    running = [["acknowledge", "stop", "ask", "more"], always, ["details", "stop"]]
    assert [buttons(card) for card in shown("validating").values()] == running
    assert [buttons(card) for card in shown("resolved proven").values()] == [[], [], ["details"], ["report", "reopen"]]
    assert buttons(shown("reopened")["resolution"]) == []


def test_a_proof_that_was_taken_back_is_no_longer_green() -> None:
    """The worst news stands first, in the results as well."""
    seen = shown("taken back by the watch")
    assert "🟢" not in words(seen["root"]) + words(seen["results"])
    assert words(seen["results"]).index("Proof taken back") < words(seen["results"]).index("Was proven")


def test_only_the_results_change_from_second_to_second() -> None:
    """More samples and a shorter window redraw one card, not three."""
    view = STATES["validating"]()
    assert view.shown is not None
    later_steps = tuple(
        step
        if step.phase is StepPhase.DONE
        else replace(step, samples=step.samples + 9, window_left_s=step.window_left_s - 5, p95_ms=90.0)
        for step in view.shown.steps
    )
    later = replace(view, shown=replace(view.shown, steps=later_steps), now=view.now + 5)
    changed = [old.part for old, new in zip(cards(view), cards(later), strict=True) if old.digest() != new.digest()]
    assert changed == ["results"]


@pytest.mark.parametrize("state", [state for state in STATES if state not in ("reproducing", "validating")])
def test_time_alone_redraws_nothing(state: str) -> None:
    """A card says when, not how long ago, so that ten minutes later it still is true."""
    view: ThreadView = STATES[state]()
    later = replace(view, now=view.now + 600)
    assert [card.digest() for card in cards(later)] == [card.digest() for card in cards(view)]


def test_who_is_on_it_and_what_was_changed_before_it() -> None:
    """One idea a line, the same words for a screen reader; what people set stands below the buttons."""
    seen = shown("people are on it")["root"]
    deploy = "Changed before it: <https://app.datadoghq.com/event/1|deploy checkout 2.14.0>, <!date^1790304660^{time}"
    assert f"{deploy}|02:51 UTC> (7 min before)\n" in words(seen)
    assert "Lead: <@U0MIRA0001> since <!date^1790305260^{time}|03:01 UTC> · Fixer: <@U0JONAS001>" in words(seen)
    assert "Note: Rolling back 2.14.0, ready in 5 min. (<@U0JONAS001>, <!date^" in words(seen)
    assert "Lead: nobody" in words(shown("reproduced")["root"])
    muted = words(shown("muted and merged")["root"])
    assert "Merged into this: INC-43, INC-44\nMuted until <!date^" in muted
    assert "· declared by <@U0JONAS001>" in words(shown("declared by a person")["root"])
    for state in ("people are on it", "muted and merged", "declared by a person"):
        card = shown(state)["root"]
        missing = [line for line in words(card).split("\n")[2:] if line not in card.text and " · <http" not in line]
        assert [line for line in missing if not line.startswith("<http")] == []


WORD = re.compile(r"<[^<>]+>|[\w$/%-]+(?:\.[\w$]+)*")
ONLY_SEEN = {"see", "below", "more"}
"""What points to another place of the card, and what an option has no room to say in full."""


@pytest.mark.parametrize("state", STATES)
def test_the_text_says_the_same_as_the_blocks(state: str) -> None:
    """Whoever hears the message's text misses no word and no figure but links, buttons and the command to copy."""
    for card in cards(STATES[state]()):
        heard = set(WORD.findall(card.text.lower()))
        shown_words = re.sub(r"```.*?```", "", words(card), flags=re.DOTALL)
        lines = [line for line in shown_words.split("\n") if not line.startswith("<http") and "`sum" not in line]
        missed = {word for line in lines for word in WORD.findall(line.lower())} - heard - ONLY_SEEN
        assert {word for word in missed if len(word) > 1} == set(), card.part


@pytest.mark.parametrize("state", STATES)
def test_the_next_button_is_seen_without_scrolling(state: str) -> None:
    """On a phone of 390 px, about 40 characters, at most nine lines come before the root card's buttons."""
    root = shown(state)["root"]
    above = itertools.takewhile(lambda block: block["type"] != "actions", root.blocks)
    voice = Voice(timezone=UTC, names={MIRA: "@mira", JONAS: "@jonas"})
    lines = [line for block in above for line in block_lines(block, voice, PHONE, {})]
    assert len(lines) <= (9 if state not in LONG else 12), "\n".join(lines)


def test_a_day_later_the_day_is_named() -> None:
    """A time of day alone would be of today."""
    view = STATES["reproduced"]()
    assert "{date_short_pretty}, {time}" in words(cards(replace(view, now=view.now + 86_400))[0])


def test_a_plan_says_who_wrote_it() -> None:
    """The model with its time and the check against the catalog, or why the standard plan stands in."""
    assert "by MiniMax-M2.5 in 6 s · checked against the catalog" in words(shown("plan posted")["plan"])
    assert "standard plan: MINIMAX_API_KEY is not set" in words(shown("standard plan posted")["plan"])
    edited = words(shown("plan edited by a person")["plan"])
    assert "edited by <@U0MIRA0001>, <!date^" in edited
    assert "· the refund path · checked against the catalog" in edited


def test_what_to_add_to_the_catalog_can_be_copied() -> None:
    """Valid YAML for this very alert, whatever its service is called."""
    for label in ("billing", "söhne & <co>: {a}", "on", "1.5"):
        view = STATES["no catalog entry"]()
        root = cards(replace(view, incident=replace(view.incident, label=label)))[0]
        block = words(root).split("```")[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        entry = yaml.safe_load(block)["services"]
        assert [str(name) for name in entry] == [label]
        assert str(entry[next(iter(entry))]["match"]["service"]) == label


def test_a_proof_without_telemetry_says_so_in_its_first_line() -> None:
    """A green line that leaves it out would read stronger than it is."""
    seen = STATES["proven and watching"]()
    assert seen.shown is not None
    assert "not measured" not in status(seen).said()
    blind = replace(seen, shown=replace(seen.shown, traffic=TrafficReading(why_not="no Datadog keys")))
    assert "Recovery proven, " in status(blind).said()
    assert ", by requests alone: real traffic was not measured. Watching until" in status(blind).said()
