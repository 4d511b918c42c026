"""What the flight deck reads: cards as a stranger reads them, and series as Datadog's own API gives them."""

from __future__ import annotations

import time
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.sandbox.page.charts import BUCKET_S, SHOWN_S, Charts
from fixloop_bot.sandbox.page.readings import headline, plain, run_of, steps_of
from fixloop_bot.sandbox.slack import Message
from tests.sandbox.datadog_account import running

RESULTS = """Validate run 2
Recovery proven. Steps 1 and 3 failed before and pass now.
1  ✅ passed · A cart can be paid
before 2/2 failed (500)  →  now 0/112 failed
The bug was there and is gone · error &lt; 5 %
2  ⏳ leaning to passed · 10 s to go · A quote · adds up
before 0/112 failed  →  now 0/56 failed
3  ❔ inconclusive · The error rate
4  ✋ open · Ask support · tick it in the plan"""


def card(text: str, *blocks: dict[str, Any]) -> Message:
    return Message(channel="C1", ts="1.0", content={"text": text, "blocks": list(blocks)})


def test_a_run_is_read_step_by_step() -> None:
    """The mark, what is said of the state, the title with its own dots, and the figures below it."""
    run = run_of([card("hello"), card(RESULTS), card("an answer\n1  ✅ passed · not a run")])
    assert run is not None
    assert (run["heading"], run["outcome"][:16]) == ("Validate run 2", "Recovery proven.")
    assert [(each["number"], each["mark"], each["state"], each["title"]) for each in run["steps"]] == [
        (1, "passed", "passed", "A cart can be paid"),
        (2, "running", "leaning to passed · 10 s to go", "A quote · adds up"),
        (3, "inconclusive", "inconclusive", "The error rate"),
        (4, "manual", "open", "Ask support · tick it in the plan"),
    ]
    assert run["steps"][0]["figures"] == "before 2/2 failed (500)  →  now 0/112 failed"
    assert run["steps"][2]["figures"] == ""


def test_a_headline_is_read_off_the_root_card() -> None:
    """Title, status without its mark, the tone of the mark, and the line with the incident's name."""
    read = headline(
        card(
            "",
            {"type": "header", "text": {"type": "plain_text", "text": "checkout · errors"}},
            {"type": "section", "text": {"type": "mrkdwn", "text": "🟢 *Recovery proven*, 03:24.\nmore"}},
            {
                "type": "context",
                "elements": [{"type": "mrkdwn", "text": "Taken back\nINC-7 · SEV2 · since <!date^1^{time}|03:00>"}],
            },
            {
                "type": "actions",
                "block_id": "b",
                "elements": [{"type": "button", "action_id": "ask", "value": "x"}, {"type": "overflow"}],
            },
        )
    )
    assert read == {
        "title": "checkout · errors",
        "status": "Recovery proven, 03:24.",
        "tone": "good",
        "facts": "INC-7 · SEV2 · since <!date^1^{time}|03:00>",
        "buttons": [{"block_id": "b", "action_id": "ask"}],
    }


def test_another_card_has_no_tone() -> None:
    assert headline(card("just words"))["tone"] == ""


@given(st.text(max_size=400))
def test_any_text_can_be_read(text: str) -> None:
    """Whatever a card says, reading it ends, and never with an error."""
    run_of([card(text), card(f"Watch 3\n{text}")])
    assert all(each["number"] >= 0 for each in steps_of(text.split("\n")))
    assert plain(text.replace("&", "").replace("<", "")).count("&lt;") == 0


@given(
    st.recursive(
        st.none() | st.text(max_size=5), lambda inner: st.dictionaries(st.text(max_size=5), inner), max_leaves=5
    )
)
def test_any_block_can_be_read(value: Any) -> None:
    """A block whose parts are not what they should be is a card without a headline."""
    assert headline(card("x", {"type": "section", "text": value}, {"type": "header", "text": value}))["tone"] == ""


async def test_a_chart_shows_what_the_api_answers() -> None:
    """Bucket by bucket the same numbers as a query with a rollup of the same length, also when read bit by bit."""
    now = time.time()
    rate = "sum:errors{*}.as_count() / sum:requests{*}.as_count()"
    async with running() as client:
        body = {"name": "m", "type": "query alert", "query": f"avg(last_1m):{rate} > 0.1", "message": ""}
        assert (await client.call("POST", "/api/v1/monitor", json=body))[0] == 200
        charts = Charts(client.datadog.account)
        for age in range(120, 0, -7):
            await client.send("requests", 1, now - age, 10)
            await client.send("errors", 1, now - age, age % 5)
            if age <= 2 * BUCKET_S:
                charts.read()
        [monitor] = client.datadog.account.monitors.values()
        shown = {at: value for at, value in charts.points(monitor) if value is not None}
        rolled = "sum:errors{*}.as_count().rollup(sum, 5) / sum:requests{*}.as_count().rollup(sum, 5)"
        first = int(now) - int(now) % BUCKET_S - SHOWN_S
        [series] = await client.query(rolled, first, now)
        asked = {int(at / 1000): round(value, 6) for at, value in series["pointlist"] if value is not None}
        assert len(shown) > 10
        assert {at: shown[at] for at in asked if at in shown} == asked


async def test_points_that_come_late_are_still_drawn() -> None:
    """The newest buckets are read again: a second that arrives after its neighbour is not lost."""
    now = time.time()
    async with running() as client:
        body = {"name": "m", "type": "query alert", "query": "sum(last_1m):sum:requests{*} > 1", "message": ""}
        assert (await client.call("POST", "/api/v1/monitor", json=body))[0] == 200
        charts = Charts(client.datadog.account)
        charts.read()
        await client.send("requests", 1, now - BUCKET_S, 4)
        charts.read()
        [monitor] = client.datadog.account.monitors.values()
        assert [value for _, value in charts.points(monitor) if value is not None] == [4]
        assert len(charts.points(monitor, newest=3)) == 3
