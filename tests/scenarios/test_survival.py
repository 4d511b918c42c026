"""Killed, split over processes, refused by Slack, without a webhook: the loop still ends in one verdict."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal

import pytest

from fixloop_bot.sandbox.bot import Bot
from fixloop_bot.sandbox.slack.inhabitants import BOT_ID, INCIDENTS
from fixloop_bot.sandbox.stage import card_text, verdict_of
from fixloop_bot.sandbox.world import World
from tests.scenarios.conftest import Open, broken_and_reproduced, eventually, verdict

pytestmark = pytest.mark.timeout(240)


def roots(running: World) -> int:
    return sum(not m.is_reply for m in running.slack.messages(INCIDENTS) if m.content.get("bot_id") == BOT_ID)


async def test_killed_during_a_run_it_is_taken_over_and_ends_in_one_verdict(opened: Open) -> None:
    """kill -9 in the middle of a validate run, start again: the run goes on where it stood, and is told once."""
    async with opened(window_s=12.0) as running:
        await broken_and_reproduced(running)
        running.shop.faults.set("checkout-500", "fixed")
        await running.press("validate")
        await eventually(
            lambda: "running" in card_text(running) or "leaning" in card_text(running), "no run", world=running
        )
        await running.bot.kill()
        await running.bot.start()
        assert await verdict(running, within_s=90) == "proven"
        assert "interrupted, and resumed" in _everything(running)
        assert roots(running) == 1
        assert card_text(running).count("Validate run") == 1


async def test_killed_before_the_thread_was_opened_nothing_is_lost(opened: Open) -> None:
    """A webhook was answered 2xx and the process killed at once: the thread opens after the restart."""
    async with opened(with_monitors=False) as running:
        headers = {"X-FixLoop-Secret": running.bot.environment["FIXLOOP_WEBHOOK_SECRET"]}
        body = {"id": "1", "title": "[Triggered] Errors", "tags": "service:checkout,env:prod", "alert_cycle_key": "c1"}
        status = await _post(f"{running.bot.url}/datadog/webhook", body, headers)
        await running.bot.kill()
        assert status == 202
        await running.bot.start()
        await eventually(lambda: roots(running) == 1, "the thread was lost", world=running)


async def test_the_sandbox_starts_a_killed_bot_again(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks on is told, and the bot goes on with what it kept; one that only dies is left alone in the end.

    No store is left behind, though the bot that started it was killed.
    """
    monkeypatch.setattr("fixloop_bot.sandbox.bot.TOO_OFTEN", 2)
    said: list[str] = []
    async with opened(with_monitors=False) as running:
        standing_by = asyncio.create_task(running.bot.stand_by(said.append), name="stand by")
        first = running.bot.pid
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: running.bot.pid != first, "it was not started again", world=running)
        assert said == ["FixLoop was ended by SIGKILL. It is started again, and goes on with what its store holds."]
        os.kill(running.bot.pid, signal.SIGKILL)
        async with asyncio.timeout(20):
            await standing_by
        assert said[1].startswith("FixLoop was ended by SIGKILL again, and is not started any more. Its log ends with:")
    with (running.folder / "store" / "store.server").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # raises while a server holds it


async def test_web_and_two_workers_apart_share_the_work(opened: Open) -> None:
    """One web process and two workers on one built-in store; one worker is killed, the other ends the run."""
    async with opened(roles=("web",), window_s=8.0) as running:
        workers = [Bot(running.bot.environment, folder=running.folder) for _ in range(2)]
        try:
            for worker in workers:
                await worker.launch("worker")
            await broken_and_reproduced(running)
            running.shop.faults.set("checkout-500", "fixed")
            await running.press("validate")
            await eventually(lambda: "leaning" in card_text(running), "no run", world=running)
            await workers[0].kill()
            assert await verdict(running, within_s=90) == "proven"
            assert roots(running) == 1
        finally:
            for worker in workers:
                await worker.stop()


async def test_socket_mode_needs_no_address_of_ours(opened: Open) -> None:
    """With SLACK_APP_TOKEN clicks come by WebSocket; the HTTP door for Slack stays shut."""
    async with opened(environment={"SLACK_APP_TOKEN": "xapp-local"}) as running:
        running.slack.events_url = None
        await broken_and_reproduced(running)
        running.shop.faults.set("checkout-500", "fixed")
        await running.press("validate")
        assert await verdict(running) == "proven"
        assert await _post(f"{running.bot.url}/slack/events", {}, {}) == 404


async def test_a_slack_that_refuses_delays_and_limits_is_caught_up_with(opened: Open) -> None:
    """Lost answers, 429s and outages while the thread is drawn: in the end one thread, and up to date."""
    async with opened() as running:
        running.slack.faults.add("chat.postMessage", "server_error", times=2)
        running.slack.faults.add("chat.update", "ratelimited", times=2)
        running.slack.faults.add("chat.update", "drop", times=1)
        await broken_and_reproduced(running)
        running.shop.faults.set("checkout-500", "fixed")
        await running.press("validate")
        assert await verdict(running, within_s=90) == "proven"
        assert roots(running) == 1


async def test_a_post_whose_answer_was_lost_is_adopted_and_not_repeated(opened: Open) -> None:
    """Slack posted the card but its answer never reached us: the card is found again instead of posted twice."""
    async with opened(with_monitors=False) as running:
        running.slack.faults.add("chat.postMessage", "lose_answer", times=1)
        headers = {"X-FixLoop-Secret": running.bot.environment["FIXLOOP_WEBHOOK_SECRET"]}
        body = {"id": "7", "title": "[Triggered] Errors", "tags": "service:checkout,env:prod", "alert_cycle_key": "c7"}
        await _post(f"{running.bot.url}/datadog/webhook", body, headers)
        await eventually(lambda: len(running.thread()) >= 3, "the thread is not complete", world=running)
        assert roots(running) == 1


async def test_without_a_webhook_a_watched_metric_opens_the_incident(opened: Open) -> None:
    """``watch: true``: two readings over the SLO open a thread; a monitor's webhook for the same trouble joins it."""
    async with opened(with_monitors=False, watch=True) as running:
        running.shop.faults.set("checkout-500", "broken")
        await eventually(lambda: roots(running) == 1, "the watch opened nothing", world=running, within_s=90)
        headers = {"X-FixLoop-Secret": running.bot.environment["FIXLOOP_WEBHOOK_SECRET"]}
        body = {"id": "9", "title": "[Triggered] Pager", "tags": "service:checkout,env:prod", "alert_cycle_key": "c9"}
        await _post(f"{running.bot.url}/datadog/webhook", body, headers)
        await eventually(lambda: "Pager" in _everything(running), "the monitor did not join", world=running)
        assert roots(running) == 1


async def test_datadogs_recovered_validates_by_itself_and_does_not_resolve(opened: Open) -> None:
    """The fix is deployed and nobody presses anything: Recovered starts the run, and the incident stays open."""
    async with opened() as running:
        await broken_and_reproduced(running)
        running.shop.faults.set("checkout-500", "fixed")
        assert await verdict(running, within_s=90) == "proven"
        assert "started by Datadog" in _everything(running)
        assert "resolved" not in card_text(running)


async def test_a_regression_under_watch_takes_the_proof_back(opened: Open) -> None:
    """Proven, then broken again during the soak: the verdict is withdrawn and the incident is open again."""
    async with opened(soak_s=60.0) as running:
        await broken_and_reproduced(running)
        running.shop.faults.set("checkout-500", "fixed")
        await running.press("validate")
        assert await verdict(running) == "proven"
        running.shop.faults.set("checkout-500", "broken")
        await eventually(lambda: verdict_of(running) != "proven", "the proof stands", world=running)
        await eventually(lambda: "aken back" in _everything(running), "nothing says so", world=running)


def _everything(running: World) -> str:
    return "\n".join(str(message.blocks) for message in running.thread())


async def _post(url: str, body: object, headers: dict[str, str]) -> int:
    import aiohttp

    async with aiohttp.ClientSession() as session, session.post(url, json=body, headers=headers) as answer:
        await asyncio.wait_for(answer.read(), 5)
        return answer.status
