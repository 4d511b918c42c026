"""Jobs on the real queue: once for each key, tried again, and taken over from the dead."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import pytest
from redis.asyncio import Redis

from fixloop_bot.adapters.clock import SystemClock
from fixloop_bot.adapters.redis import queue as queue_module
from fixloop_bot.adapters.redis.queue import DocketQueue
from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.application.jobs import Job
from fixloop_bot.application.sweep import Sweep
from fixloop_bot.bootstrap.openings import store_client
from fixloop_bot.domain.errors import SlackBusy, StoreUnavailable
from tests.fake_clock import FakeClock

Handlers = Mapping[str, Callable[..., Awaitable[None]]]

A_WORKER = """
import asyncio, sys
from redis.asyncio import Redis
from fixloop_bot.adapters.clock import SystemClock
from fixloop_bot.adapters.redis.queue import DocketQueue
from fixloop_bot.adapters.redis.store import RedisStore

async def main():
    client = Redis.from_url(sys.argv[1])
    store = RedisStore(client, clock=SystemClock(), retention_s=60)

    async def never_done(word):
        print(word, flush=True)
        await asyncio.sleep(600)

    async with DocketQueue(sys.argv[1], store=store) as queue:
        await queue.work({"write": never_done})

asyncio.run(main())
"""


@pytest.fixture
async def queue(valkey: str, store: RedisStore) -> AsyncIterator[DocketQueue]:
    async with DocketQueue(valkey, store=store) as opened:
        yield opened


@contextlib.asynccontextmanager
async def working(queue: DocketQueue, handlers: Handlers) -> AsyncIterator[None]:
    worker = asyncio.create_task(queue.work(handlers), name="worker")
    try:
        yield
    finally:
        worker.cancel()
        await asyncio.wait({worker}, timeout=10)
        assert worker.done(), "the worker did not stop"


async def until(holds: Callable[[], bool], *, within_s: float = 10.0) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s"
        await asyncio.sleep(0.02)


class Notebook:
    """A handler that writes down what it is given, after raising what it was told to."""

    def __init__(self, *troubles: Exception) -> None:
        self.words: list[str] = []
        self.tries = 0
        self._troubles = list(troubles)
        self.go = asyncio.Event()
        self.go.set()

    async def write(self, word: str) -> None:
        self.tries += 1
        await self.go.wait()
        if self._troubles:
            raise self._troubles.pop(0)
        self.words.append(word)


def job(word: str, *, key: str | None = None) -> Job:
    return Job(name="write", args=(word,), key=key or f"write:{word}")


async def test_a_job_is_performed_and_leaves_the_outbox(queue: DocketQueue, store: RedisStore) -> None:
    """The queue takes a job over from the outbox; then a worker performs it."""
    notebook = Notebook()
    await store.accept(job("hello"), seconds=60)
    async with working(queue, {"write": notebook.write}):
        await queue.hand_over([job("hello")])
        await until(lambda: notebook.words == ["hello"])
    assert await store.waiting_jobs() == []


async def test_jobs_of_one_key_run_once(queue: DocketQueue) -> None:
    """While one waits or runs, handing it over again changes nothing."""
    notebook = Notebook()
    notebook.go.clear()
    await queue.hand_over([job("first", key="k"), job("second", key="k")])
    async with working(queue, {"write": notebook.write}):
        await until(lambda: notebook.tries == 1)
        await queue.hand_over([job("third", key="k")])
        notebook.go.set()
        await queue.hand_over([job("end")])
        await until(lambda: "end" in notebook.words)
    assert notebook.words.count("first") == 1
    assert not {"second", "third"} & set(notebook.words)


async def test_a_job_that_was_saved_and_not_queued_is_swept_up(queue: DocketQueue, store: RedisStore) -> None:
    """Killed between save and queue: the sweep hands the job over, once, however many sweeps there are."""
    notebook = Notebook()
    await store.accept(job("left behind"), seconds=60)
    sweep = Sweep(store, queue, clock=SystemClock())
    await asyncio.gather(sweep.once(), sweep.once())
    async with working(queue, {"write": notebook.write}):
        await until(lambda: bool(notebook.words))
        await sweep.once()
    assert notebook.words == ["left behind"]


@pytest.mark.parametrize(
    "trouble", [StoreUnavailable("The store did not answer."), SlackBusy("chat.update", retry_after=1)]
)
async def test_what_may_go_well_later_is_tried_again(
    queue: DocketQueue, trouble: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """With a pause, by whichever worker is free; it is told in one sentence, and is no error."""
    caplog.set_level(logging.INFO)
    notebook = Notebook(trouble)
    async with working(queue, {"write": notebook.write}):
        await queue.hand_over([job("hello")])
        await until(lambda: notebook.words == ["hello"])
    assert notebook.tries == 2
    assert f"job write will be tried again: {trouble}" in caplog.text
    assert [each for each in caplog.records if each.exc_info or each.levelno >= logging.ERROR] == []


async def test_what_nobody_expected_keeps_its_traceback(queue: DocketQueue, caplog: pytest.LogCaptureFixture) -> None:
    """It is tried again, too, and its cause can be found."""
    notebook = Notebook(ZeroDivisionError("a mistake of ours"))
    async with working(queue, {"write": notebook.write}):
        await queue.hand_over([job("hello")])
        await until(lambda: notebook.words == ["hello"])
    assert "ZeroDivisionError: a mistake of ours" in caplog.text


async def test_a_job_of_a_newer_fixloop_is_dropped_with_a_warning(
    queue: DocketQueue, caplog: pytest.LogCaptureFixture
) -> None:
    """It does not stop the worker."""
    notebook = Notebook()
    async with working(queue, {"write": notebook.write}):
        await queue.hand_over([Job(name="dance", args=(), key="dance"), job("hello")])
        await until(lambda: notebook.words == ["hello"])
    assert "job dance is unknown to this FixLoop" in caplog.text


@pytest.mark.timeout(60)
async def test_a_killed_workers_job_is_taken_over(queue: DocketQueue, valkey: str, redis: Redis) -> None:
    """kill -9 in the middle of a job: within seconds another worker performs it from its beginning."""
    await redis.ping()
    notebook = Notebook()
    victim = await asyncio.create_subprocess_exec(
        sys.executable, "-c", A_WORKER, valkey, stdout=asyncio.subprocess.PIPE
    )
    assert victim.stdout is not None
    await queue.hand_over([job("hello")])
    assert await asyncio.wait_for(victim.stdout.readline(), 20) == b"hello\n"
    victim.kill()
    await victim.wait()
    killed_at = time.monotonic()
    async with working(queue, {"write": notebook.write}):
        await until(lambda: notebook.words == ["hello"], within_s=queue_module.LEASE_S + 7)
    assert time.monotonic() - killed_at < queue_module.LEASE_S + 7


@pytest.mark.timeout(60)
async def test_a_long_job_outlives_an_orderly_stop(
    queue: DocketQueue,
    valkey: str,
    store: RedisStore,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """On SIGTERM a run of minutes is not waited for: it stays queued, and goes on elsewhere. That is no error."""
    monkeypatch.setattr(queue_module, "DRAIN_S", 0.2)
    stuck, notebook = Notebook(), Notebook()
    stuck.go.clear()
    async with working(queue, {"write": stuck.write}):
        await queue.hand_over([job("hello")])
        await until(lambda: stuck.tries == 1)
    async with DocketQueue(valkey, store=store) as elsewhere, working(elsewhere, {"write": notebook.write}):
        await until(lambda: notebook.words == ["hello"], within_s=queue_module.LEASE_S + 7)
    assert stuck.words == []
    assert "Traceback" not in caplog.text


async def test_a_burst_waits_for_its_turn(valkey: str, redis: Redis, clock: FakeClock) -> None:
    """Hundreds of clicks at once are no reason to say that the store is away: of connections there are fewer."""
    del redis
    client = store_client(valkey)
    many = 300
    try:
        store = RedisStore(client, clock=clock, retention_s=60)
        async with DocketQueue(valkey, store=store) as queue:
            jobs = [Job(name="write", args=(str(number),), key=f"burst:{number}") for number in range(many)]
            accepted = await asyncio.gather(*[store.accept(job, seconds=60) for job in jobs])
            await asyncio.gather(*[queue.hand_over([job]) for job in jobs])
            assert accepted == [True] * many
            assert await store.waiting_jobs() == []
            notebook = Notebook()
            async with working(queue, {"write": notebook.write}):
                await until(lambda: len(notebook.words) == many)
    finally:
        await client.aclose()
