"""Jobs on pydocket: Redis streams, any number of workers, a dead worker's job taken over.

One docket task, ``perform``, carries every job by name, so that a web process can queue work whose code only workers
load.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import TracebackType

from docket import Docket, ExponentialRetry, Worker
from redis.exceptions import RedisError

from fixloop_bot.application.jobs import Job
from fixloop_bot.application.ports import Store
from fixloop_bot.domain.errors import Conflict, SlackBusy, StoreUnavailable

log = logging.getLogger(__name__)

Handler = Callable[..., Awaitable[None]]
LEASE_S = 5.0
"""A worker that does not renew its lease for so long is taken for dead, and its jobs are taken over."""
JOBS_AT_ONCE = 100
"""Jobs wait for the network most of the time; runs last minutes and must not keep cards from being drawn."""
HANDED_AT_ONCE = 50
CONNECTIONS = 2 * (JOBS_AT_ONCE + HANDED_AT_ONCE)
"""A pool that has none left raises instead of waiting, and a burst of clicks would look like a store that is away."""
RETRIES = "docket.dependencies"
"""Where docket logs a job that has failed and is queued again."""
EXPECTED = (StoreUnavailable, Conflict, SlackBusy, RedisError, OSError, BaseExceptionGroup)
DRAIN_S = 3.0
"""On shutdown a job has so long to finish; then it is cancelled, stays in the stream, and is taken over."""
_RETRY = ExponentialRetry(attempts=6, minimum_delay=timedelta(seconds=1), maximum_delay=timedelta(seconds=20))


class Interrupted(Exception):  # noqa: N818 - nothing went wrong
    """A job was cut off because its worker leaves; docket then queues it again, for another one."""


def _without_expected_tracebacks(record: logging.LogRecord) -> bool:
    """Where a job is tried again or the store is away docket's words are enough; a page of traceback is no news.

    Nor are those words an error: docket has queued the job again, and ``perform`` has said why.
    """
    if record.exc_info and isinstance(record.exc_info[1], (*EXPECTED, Interrupted)):
        record.exc_info = None
        if record.name == RETRIES:
            record.levelno, record.levelname = logging.DEBUG, logging.getLevelName(logging.DEBUG)
            return logging.getLogger(RETRIES).isEnabledFor(logging.DEBUG)
    return True


class DocketQueue:
    """Implements the ``JobQueue`` port; ``async with`` opens it."""

    def __init__(self, url: str, *, store: Store, name: str = "fixloop-jobs") -> None:
        self._docket = Docket(name=name, url=_with_room(url), execution_ttl=timedelta(minutes=5))
        self._store = store
        self._handlers: Mapping[str, Handler] = {}
        self._active: set[asyncio.Task[object]] = set()
        self._leaving = False
        self._places = asyncio.Semaphore(HANDED_AT_ONCE)

    async def __aenter__(self) -> DocketQueue:
        for name in ("docket.worker", RETRIES):
            logging.getLogger(name).addFilter(_without_expected_tracebacks)
        try:
            await self._docket.__aenter__()
        except (RedisError, OSError) as error:
            raise StoreUnavailable(f"The store did not answer ({type(error).__name__}).") from error
        self._docket.register(self._perform_task(), names=["perform"])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._docket.__aexit__(kind, error, trace)

    async def hand_over(self, jobs: Sequence[Job]) -> None:
        if not jobs:
            return
        try:
            async with self._places:
                for job in jobs:
                    when = datetime.fromtimestamp(job.at, UTC) if job.at else None
                    await self._docket.add("perform", when=when, key=job.key)(job.name, list(job.args))
        except (RedisError, OSError) as error:
            raise StoreUnavailable(f"The store did not answer ({type(error).__name__}).") from error
        await self._store.jobs_taken([job.key for job in jobs])

    async def work(self, handlers: Mapping[str, Handler], *, name: str | None = None) -> None:
        """Perform jobs until cancelled. Then short jobs are drained, and long ones left to whoever takes them over.

        Docket's loop is told to stop by leaving its worker. It is not cancelled: cancelled while it starts, it hangs.
        """
        self._handlers = handlers
        worker = Worker(
            self._docket,
            name=name,
            concurrency=JOBS_AT_ONCE,
            redelivery_timeout=timedelta(seconds=LEASE_S),
            reconnection_delay=timedelta(seconds=1),
            schedule_automatic_tasks=False,
        )
        with contextlib.ExitStack() as in_the_end:
            async with worker:
                performing = asyncio.create_task(worker.run_forever(), name="jobs")
                try:
                    await asyncio.sleep(0)  # a loop that has not begun is not waited for
                    await asyncio.shield(performing)
                finally:
                    later = asyncio.get_running_loop().call_later
                    in_the_end.callback(later(DRAIN_S, self._leave_jobs).cancel)
                    in_the_end.callback(later(2 * DRAIN_S, performing.cancel).cancel)

    def _leave_jobs(self) -> None:
        self._leaving = True
        for job in list(self._active):
            job.cancel()

    def _perform_task(self) -> Callable[..., Awaitable[None]]:
        async def perform(name: str, args: list[str], retry: ExponentialRetry = _RETRY) -> None:
            handler = self._handlers.get(name)
            if handler is None:
                log.warning("job %s is unknown to this FixLoop and was dropped", name)
                return
            task = asyncio.current_task()
            assert task is not None  # noqa: S101 - docket runs every job as a task
            self._active.add(task)
            try:
                await handler(*args)
            except (StoreUnavailable, Conflict, SlackBusy) as busy:
                log.info("job %s will be tried again: %s", name, busy)
                raise
            except asyncio.CancelledError:
                if self._leaving:  # docket would take a job that ends as cancelled for done
                    raise Interrupted(f"job {name} goes on elsewhere") from None
                raise
            finally:
                self._active.discard(task)

        return perform


def _with_room(url: str) -> str:
    """The address with as many connections as jobs may want at once, unless it says how many."""
    if "max_connections=" in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}max_connections={CONNECTIONS}"
