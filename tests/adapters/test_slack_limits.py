"""Every call keeps to Slack's limits, however many processes make it, and answers to people come first."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from fixloop_bot.adapters.clock import SystemClock
from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.adapters.slack.api import PATIENCE_OF_A_TRIGGER_S, SlackApi
from fixloop_bot.adapters.slack.limits import ALWAYS_ANSWERS, SHARED, errand_for, limit_of
from fixloop_bot.application import errands
from fixloop_bot.application.errands import Errand, Limit, Urgency, errand
from fixloop_bot.domain.errors import SlackBusy, SlackRefused
from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.slack.api import all_methods
from fixloop_bot.sandbox.slack.inhabitants import GENERAL, INCIDENTS, MIRA
from tests.fake_clock import FakeClock
from tests.sandbox.slack_room import BOT_TOKEN, running_slack, until

FEW_A_MINUTE = 100
MODAL = {"type": "modal", "title": {"type": "plain_text", "text": "Details"}, "blocks": []}


@pytest.fixture
async def slack(clock: FakeClock) -> AsyncIterator[LocalSlack]:
    async with running_slack(clock=clock.now, enforcement="strict") as local, clock.flowing():
        yield local


@pytest.fixture
async def two(slack: LocalSlack, store: RedisStore, clock: FakeClock) -> AsyncIterator[tuple[SlackApi, SlackApi]]:
    """Two processes of one FixLoop."""
    async with (
        SlackApi(token=BOT_TOKEN, base_url=slack.api_url, paces=store, clock=clock) as one,
        SlackApi(token=BOT_TOKEN, base_url=slack.api_url, paces=store, clock=clock) as other,
    ):
        yield one, other


def test_no_method_is_called_more_often_than_slack_takes_it() -> None:
    """Compared with all that the local Slack enforces; a method that nobody has looked up counts as a slow one."""
    for name, method in all_methods().items():
        limit = limit_of(name, {})
        if limit is None:
            assert method.per_minute > FEW_A_MINUTE or name == "apps.connections.open", name
        elif name != "chat.postMessage":
            assert limit.calls * 60 / limit.per_s <= method.per_minute, name
    unheard_of = limit_of("moon.phase", {})
    assert unheard_of is not None
    assert unheard_of.calls == 20
    assert set(all_methods()) >= SHARED | ALWAYS_ANSWERS


async def test_a_storm_of_posts_from_two_processes(store: RedisStore) -> None:
    """In real time: one a second for each channel, no 429, no second wasted, and who waited longest goes first."""
    clock = SystemClock()
    async with (
        running_slack(enforcement="strict") as slack,
        SlackApi(token=BOT_TOKEN, base_url=slack.api_url, paces=shared_by(store)) as one,
        SlackApi(token=BOT_TOKEN, base_url=slack.api_url, paces=shared_by(store)) as other,
    ):
        began = clock.now()

        async def post(number: int) -> None:
            api, channel = (one, other)[number // 2 % 2], (INCIDENTS, GENERAL)[number % 2]
            what_for = Errand(name=f"INC-{number}", since=began - 1_000 + number)
            while True:
                try:
                    with errands.on(what_for):
                        await api.call("chat.postMessage", channel=channel, text=str(number))
                except SlackBusy as busy:
                    await clock.sleep(busy.retry_after)
                else:
                    return

        await asyncio.gather(*(post(number) for number in reversed(range(16))))
        posts = slack.calls_of("chat.postMessage")
    assert [call.status for call in posts] == [200] * 16
    assert max(call.at for call in posts) - began < 7 * 1.1 + 3
    for channel in (INCIDENTS, GENERAL):
        order = [int(call.arguments["text"]) for call in posts if call.arguments["channel"] == channel]
        waited = order[4:]  # whoever came into an empty room had a place at once
        assert waited == sorted(waited)


def shared_by(store: RedisStore) -> RedisStore:
    """The store of another process: the server's own clock paces both."""
    return RedisStore(store._redis, clock=SystemClock(), retention_s=60, shared_time=True)


async def test_a_429_of_one_process_holds_the_other(
    slack: LocalSlack, two: tuple[SlackApi, SlackApi], clock: FakeClock
) -> None:
    one, other = two
    ts = (await one.call("chat.postMessage", channel=INCIDENTS, text="root"))["ts"]
    slack.faults.add("chat.update", "ratelimited", seconds=30)
    with pytest.raises(SlackBusy) as busy:
        await one.call("chat.update", channel=INCIDENTS, ts=ts, text="new")
    assert busy.value.retry_after == pytest.approx(30)
    with pytest.raises(SlackBusy):
        await other.call("chat.update", channel=INCIDENTS, ts=ts, text="new")
    assert slack.call_counts["chat.update"] == 1, "the other one did not even ask"
    clock.advance(30)
    await other.call("chat.update", channel=INCIDENTS, ts=ts, text="new")


async def test_a_plan_books_no_second_that_a_new_incident_will_want(store: RedisStore) -> None:
    """In real time: it waits in line, and books as late as can be: a root card that comes meanwhile goes first."""

    async def post(api: SlackApi, text: str, urgency: Urgency) -> None:
        with errands.on(Errand(urgency=urgency, name=text)):
            await api.call("chat.postMessage", channel=INCIDENTS, text=text)

    async with (
        running_slack(enforcement="strict") as slack,
        SlackApi(token=BOT_TOKEN, base_url=slack.api_url, paces=shared_by(store)) as one,
        SlackApi(token=BOT_TOKEN, base_url=slack.api_url, paces=shared_by(store)) as other,
    ):
        await post(one, "INC-1", Urgency.NEWS)
        async with asyncio.TaskGroup() as group:
            group.create_task(post(one, "plan of INC-1", Urgency.PROGRESS))
            await asyncio.sleep(0.01)
            group.create_task(post(other, "INC-2", Urgency.NEWS))
    assert [call.arguments["text"] for call in slack.calls] == ["INC-1", "INC-2", "plan of INC-1"]
    assert [call.status for call in slack.calls] == [200] * 3
    assert slack.calls[-1].at - slack.calls[0].at < 3.5 * channel_limit().per_s, "and nobody is told to come back"


async def test_who_waits_for_its_turn_sees_a_hold_that_comes_meanwhile(store: RedisStore, clock: FakeClock) -> None:
    """Otherwise one 429 would be followed by the next."""
    async with (
        running_slack(clock=clock.now, enforcement="strict") as slack,
        SlackApi(token=BOT_TOKEN, base_url=slack.api_url, paces=store, clock=clock) as one,
    ):
        await store.take_call(limit := channel_limit(), Errand(), patience_s=0)
        waiting = asyncio.create_task(one.call("chat.postMessage", channel=INCIDENTS, text="second"), name="second")
        await until(lambda: clock._sleepers)
        await store.hold_calls(limit.method, seconds=40)
        clock.advance(2)
        with pytest.raises(SlackBusy) as busy:
            await waiting
        assert busy.value.retry_after > 30
        assert slack.calls_of("chat.postMessage") == []


def channel_limit() -> Limit:
    limit = limit_of("chat.postMessage", {"channel": INCIDENTS})
    assert limit is not None
    return limit


async def test_what_a_trigger_opens_is_counted_and_never_told_to_wait(
    slack: LocalSlack, two: tuple[SlackApi, SlackApi]
) -> None:
    """A modal takes a place that others lack then; where there is none left it goes out all the same."""
    one, other = two
    for _ in range(FEW_A_MINUTE + 1):
        with contextlib.suppress(SlackRefused, SlackBusy):
            await one.call("views.open", trigger_id="long.gone", view=MODAL)
    assert slack.call_counts["views.open"] == FEW_A_MINUTE + 1
    limit = limit_of("views.open", {})
    assert limit is not None
    assert not (await store_of(other).take_call(limit, Errand(urgency=Urgency.ANSWER), patience_s=5)).booked


async def test_a_trigger_is_not_waited_for_longer_than_it_lives(
    slack: LocalSlack, two: tuple[SlackApi, SlackApi], clock: FakeClock
) -> None:
    """A modal goes out within moments, with a place or without."""
    one, _ = two
    limit = limit_of("views.open", {})
    assert limit is not None
    for _ in range(FEW_A_MINUTE):
        await store_of(one).take_call(limit, Errand(urgency=Urgency.ANSWER), patience_s=0)
    clock.advance(56.0)
    began = clock.now()
    with contextlib.suppress(SlackRefused, SlackBusy):
        await one.call("views.open", trigger_id="long.gone", view=MODAL)
    assert clock.now() - began < PATIENCE_OF_A_TRIGGER_S + 0.5
    assert slack.call_counts["views.open"] == 1


async def test_a_modal_is_no_second_429(slack: LocalSlack, two: tuple[SlackApi, SlackApi], clock: FakeClock) -> None:
    """Where Slack has asked to wait, the next trigger is not spent on another refusal, whichever process has it."""
    one, other = two
    slack.faults.add("views.open", "ratelimited", seconds=20)
    for api in (one, other, one):
        with pytest.raises(SlackBusy):
            await api.call("views.open", trigger_id="long.gone", view=MODAL)
    assert [call.status for call in slack.calls_of("views.open")] == [429]
    clock.advance(20)
    with pytest.raises(SlackRefused):
        await one.call("views.open", trigger_id="long.gone", view=MODAL)


def store_of(api: SlackApi) -> RedisStore:
    assert isinstance(api._paces, RedisStore)
    return api._paces


async def test_a_post_counts_from_its_answer(store: RedisStore, clock: FakeClock) -> None:
    """Else those that are booked behind a slow one would pile up, and the last of them show what is long past."""
    limit = limit_of("chat.postMessage", {"channel": INCIDENTS})
    assert limit is not None
    await store.take_call(limit, Errand(), patience_s=2.5)
    clock.advance(0.9)
    await store.went_out(limit)
    place = await store.take_call(limit, Errand(), patience_s=2.5)
    assert place.wait_s == pytest.approx(limit.per_s, abs=0.01)


async def test_posts_go_out_in_the_order_in_which_they_were_booked(
    slack: LocalSlack, two: tuple[SlackApi, SlackApi]
) -> None:
    """Also where the one before them was late, so that all of them wait at the door at once."""
    one, _ = two
    async with asyncio.TaskGroup() as group:
        for text in ("first", "second", "third"):
            group.create_task(one.call("chat.postMessage", channel=INCIDENTS, text=text))
            await asyncio.sleep(0.01)
    assert [call.arguments["text"] for call in slack.calls] == ["first", "second", "third"]


async def test_an_answer_is_given_although_the_store_is_away(slack: LocalSlack, clock: FakeClock) -> None:
    """Then this process counts alone: polite still, and not silent."""
    away = Redis(host="127.0.0.1", port=1, retry=Retry(NoBackoff(), 0))
    nowhere = RedisStore(away, clock=clock, retention_s=60)
    async with SlackApi(token=BOT_TOKEN, base_url=slack.api_url, paces=nowhere, clock=clock) as api:
        for number in range(120):
            if number < FEW_A_MINUTE:
                await api.call("chat.postEphemeral", channel=INCIDENTS, user=MIRA, text="no")
                continue
            with pytest.raises(SlackBusy):
                await api.call("chat.postEphemeral", channel=INCIDENTS, user=MIRA, text="no")
    assert {call.status for call in slack.calls} == {200}


async def test_posts_keep_their_distance_although_the_process_was_busy(
    slack: LocalSlack, two: tuple[SlackApi, SlackApi], store: RedisStore
) -> None:
    """One that went out late pushes the next one back, whichever process sends that."""
    one, other = two
    await one.call("chat.postMessage", channel=INCIDENTS, text="first")
    await store.went_out(Limit(name=f"chat.postMessage {INCIDENTS}", method="chat.postMessage", calls=1, per_s=1.4))
    await other.call("chat.postMessage", channel=INCIDENTS, text="second")
    first, second = (call.at for call in slack.calls_of("chat.postMessage"))
    assert second - first >= 1.4
    limit = channel_limit()
    assert (await store.too_soon(limit)) > 0
    other_channel = Limit(name="chat.postMessage C9", method="chat.postMessage", calls=1, per_s=1.0)
    assert [await store.too_soon(other_channel) > 0 for _ in range(3)] == [False, True, True], "one at a time"


def test_what_only_answers_somebody_is_always_urgent() -> None:
    """A modal must be open within three seconds, whatever asked for it."""
    with errands.on(Errand(urgency=Urgency.PROGRESS, name="INC-1:root")):
        assert errand_for("views.open", errand()).urgency is Urgency.ANSWER
        assert errand_for("chat.update", errand()).name == "INC-1:root"
    assert errand() == Errand()
