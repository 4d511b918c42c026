"""An answer's blocks: whatever is said, cited or offered, Slack takes them, and nothing in them is markup of others."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.adapters.slack.blocks.answer import (
    askable,
    closed,
    failed,
    is_whole,
    page_blocks,
    page_fallback,
    page_of,
    prompt_blocks,
    reason_modal,
    writing_row,
)
from fixloop_bot.adapters.slack.markdown import safe
from fixloop_bot.application.copilot.speech import Offer, Reference
from fixloop_bot.sandbox.slack.blocks import message_problems, view_problems
from tests.adapters.slack_checks import Json

NASTY = st.text(max_size=200) | st.sampled_from(
    ["<!channel>", "<@U1>", "a|b>", "&", "```", "*", "", " ", "x" * 4000, "<https://evil.example|ok>", "word " * 900]
)
LINKS = st.sampled_from(
    ["", "https://a.example/x?y=<z>&w", "javascript:alert(1)", "https://" + "a" * 4000, "http://a|b>c"]
)
REFERENCES = st.lists(st.builds(Reference, number=st.integers(1, 99), title=NASTY, link=LINKS), max_size=30)
OFFERS = st.lists(
    st.builds(Offer, action=st.sampled_from(["run_step", "new_plan"]), label=NASTY, value=NASTY), max_size=9
)
IDS = st.sampled_from(["C0INCIDENT:1700000000.000100", "x" * 900])


def bad_markup(blocks: list[Json]) -> list[str]:
    """mrkdwn that is not verbatim, tokens that are no web link, and brackets on the loose."""
    found = []
    for text in (each for block in blocks for each in [block.get("text"), *block.get("elements", [])] if each):
        if not isinstance(text, dict) or text.get("type") != "mrkdwn":
            continue
        if text.get("verbatim") is not True:
            found.append("not verbatim")
        found += [token for token in re.findall(r"<([^<>]*)>", text["text"]) if not token.startswith("http")]
        if re.search(r"[<>]|&(?!amp;|lt;|gt;)", re.sub(r"<[^<>]*>", "", text["text"])):
            found.append(f"loose: {text['text'][:80]}")
    return found


@given(IDS, NASTY, REFERENCES, OFFERS, st.booleans(), st.booleans())
def test_slack_takes_every_answer(
    answer_id: str, said: str, references: list[Reference], offers: list[Offer], rich: bool, native: bool
) -> None:
    """While it is written, when it is whole, when it failed; and each is found again by its id."""
    text = safe(said)
    whole = closed(answer_id, references, offers, "a1", native=native)
    for after in (whole, failed(answer_id, said), [writing_row(answer_id, block_id="writing:0", status=said)]):
        blocks = page_blocks(answer_id, 0, text, rich=rich, after=after)
        assert message_problems(blocks) == []
        assert bad_markup(blocks) == []
        assert page_of(blocks, answer_id) == 0
        assert page_of(blocks, "another") is None
        assert is_whole(blocks, answer_id) is (after[-1]["type"] != "section")
        assert len({block["block_id"] for block in blocks}) == len(blocks)
        assert 0 < len(page_fallback(text, after)) <= 3900
        assert 0 < len(page_fallback("", after)) <= 3900


def test_an_answer_without_words_is_read_aloud_all_the_same() -> None:
    """A notification says what goes on, or why there is no answer; it never says three dots alone."""
    assert page_fallback("", failed("C0:1.2", "No incident is open here.")) == "⚠️ No incident is open here."
    row = writing_row("C0:1.2", block_id="row", status="reading the incident…")
    assert page_fallback("", [row]) == "_reading the incident…_"
    assert page_fallback("All is well.", [row]) == "All is well."


@given(st.lists(NASTY, min_size=1, max_size=9))
def test_slack_takes_every_suggestion(prompts: list[str]) -> None:
    if askable(prompts):
        blocks = prompt_blocks("1.0", prompts)
        assert message_problems(blocks) == []
        assert 1 <= len(blocks[1]["elements"]) <= 4


def test_slack_takes_the_modal() -> None:
    assert view_problems(reason_modal("{}")) == []
