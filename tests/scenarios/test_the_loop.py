"""From an alert to a verdict, on real parts."""

from __future__ import annotations

import asyncio

import pytest

from fixloop_bot.sandbox.slack.inhabitants import INCIDENTS, JONAS, MIRA
from fixloop_bot.sandbox.stage import card_text, verdict_of
from tests.scenarios.conftest import Open, broken_and_reproduced, eventually, submit, verdict

pytestmark = pytest.mark.timeout(180)


async def test_a_bug_is_reproduced_fixed_and_its_recovery_proven(opened: Open) -> None:
    """An alert opens one thread; the plan fails before the fix and passes after it; the watch stays quiet."""
    async with opened() as running:
        await broken_and_reproduced(running)
        running.shop.faults.set("checkout-500", "fixed")
        await running.press("validate")
        assert await verdict(running) == "proven"
        await eventually(lambda: "stayed quiet" in card_text(running), "the watch did not end", world=running)
        await running.press("resolve")
        await submit(running, "resolve", {"fixed_by": "rolled back 2.15.0"})
        await eventually(lambda: "resolved, proven" in card_text(running), "it was not resolved", world=running)
        roots = [message for message in running.slack.messages(INCIDENTS) if not message.is_reply]
        assert len(roots) == 1
        assert len(running.thread()) == 4, "root, plan, results and resolution"


async def test_a_half_fix_is_not_believed(opened: Open) -> None:
    """One replica of two rolled back: half of the requests still fail, and the thread says so with evidence."""
    async with opened() as running:
        await broken_and_reproduced(running, "half-fix")
        running.shop.faults.set("half-fix", "half-fixed")
        await running.press("validate")
        assert await verdict(running) == "not recovered"
        assert "status was 503, expected 200" in card_text(running)


async def test_a_wrong_total_behind_a_200_is_seen(opened: Open) -> None:
    """Every status is 200 and the health check is green; the totals are a cent off, and that is what the card shows."""
    async with opened() as running:
        await broken_and_reproduced(running, "wrong-total")
        assert "$.total" in card_text(running)


async def test_a_plan_that_never_failed_proves_nothing(opened: Open) -> None:
    """Nothing is broken when Mira validates: everything passes, and the verdict is unproven, not proven."""
    async with opened(with_monitors=False) as running:
        await _alert(running, "Error rate of checkout is high")
        await eventually(lambda: "Not reproduced" in card_text(running), "no confirm run", world=running)
        await eventually(lambda: running.card("validate") is not None, "no Validate button", world=running)
        await running.press("validate")
        assert await verdict(running) == "unproven"


async def test_two_people_press_validate_at_once(opened: Open) -> None:
    """One run starts; the second person is told, alone, who started it."""
    async with opened() as running:
        await broken_and_reproduced(running)
        await asyncio.gather(running.press("validate", user=MIRA), running.press("validate", user=JONAS))
        told = [*running.slack.ephemerals(MIRA), *running.slack.ephemerals(JONAS)]
        await eventually(
            lambda: bool([*running.slack.ephemerals(MIRA), *running.slack.ephemerals(JONAS)]),
            "nobody was told",
            world=running,
        )
        told = [*running.slack.ephemerals(MIRA), *running.slack.ephemerals(JONAS)]
        assert 1 <= len(told) <= 2, "both are told where the confirm run was not quite over"
        assert all("run is going already" in each.text for each in told)
        assert await verdict(running) == "not recovered"
        assert card_text(running).count("Validate run") == 1


async def test_two_people_tick_at_once_and_nothing_is_lost(opened: Open) -> None:
    """Mira unticks the second step and Jonas the third, from the same screen: both are left out of the next run."""
    async with opened() as running:
        await broken_and_reproduced(running)
        card = running.card("tick")
        assert card is not None
        block = next(each for each in card.blocks if str(each.get("block_id", "")).startswith("plan|"))
        everything = [option["value"] for option in block["elements"][0]["initial_options"]]
        await asyncio.gather(
            running.slack.people.tick(
                MIRA, INCIDENTS, card.ts, block["block_id"], [s for s in everything if s != "s2"]
            ),
            running.slack.people.tick(
                JONAS, INCIDENTS, card.ts, block["block_id"], [s for s in everything if s != "s3"]
            ),
        )

        def ticked() -> set[str]:
            newest = running.card("tick")
            blocks = newest.blocks if newest is not None else []
            boxes = next(b for b in blocks if str(b.get("block_id", "")).startswith("plan|"))["elements"][0]
            return {option["value"] for option in boxes.get("initial_options", [])}

        await eventually(lambda: ticked() == set(everything) - {"s2", "s3"}, "a tick was lost", world=running)
        assert verdict_of(running) is None


async def test_a_service_without_a_catalog_entry_lands_in_the_default_channel(opened: Open) -> None:
    """The card says what to add to the catalog, and sends no request anywhere."""
    async with opened(with_monitors=False) as running:
        await _alert(running, "Queue is long", service="billing")
        await eventually(lambda: "No catalog entry" in _everything(running), "no hint", world=running)
        assert "billing" in _everything(running)


def _everything(running: object) -> str:
    """All that the blocks of the thread say."""
    return "\n".join(str(message.blocks) for message in running.thread())  # type: ignore[attr-defined]


async def _alert(running: object, title: str, *, service: str = "checkout") -> None:
    """A webhook as Datadog sends it, from a customer's own template."""
    import aiohttp

    bot = running.bot  # type: ignore[attr-defined]
    body = {
        "alert_transition": "Triggered",
        "alert_cycle_key": "4711",
        "title": title,
        "tags": f"service:{service},env:prod",
        "date": "1764000000000",
        "id": "815",
    }
    headers = {"X-FixLoop-Secret": bot.environment["FIXLOOP_WEBHOOK_SECRET"]}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{bot.url}/datadog/webhook", json=body, headers=headers) as answer,
    ):
        assert answer.status == 202
