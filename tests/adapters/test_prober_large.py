"""A large answer is judged aside: meanwhile the loop serves the kill switch and everybody else."""

from __future__ import annotations

import asyncio
import os
import threading
import time

from fixloop_bot.adapters.http import judging
from fixloop_bot.adapters.http.evidence import CUT_AT, Veil
from fixloop_bot.adapters.http.guard import Guard
from fixloop_bot.adapters.http.prepared import Lines
from fixloop_bot.domain.plans import HttpCheck, Request
from fixloop_bot.domain.samples import Outcome, Response, Sample
from tests.adapters.probing import prober_with, service_at
from tests.adapters.targets import answering, speaking

HEX = os.urandom(250_000).hex().encode()
SLOW = 'body not matches "((0|1|2|3|4|5|6|7)[0-9a-f]{9}){20,90}z.*[a-f]{1000}q"'
"""RE2 needs some 0.2 s for half a megabyte of hexadecimal digits."""
ITEMS = b"[" + b",".join(b'{"a":%d}' % number for number in range(3_000)) + b"]"


async def sampled(body: bytes, *lines: str) -> Sample:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with speaking(answering(head + body)) as port:
        prober = prober_with(Guard())
        try:
            check = HttpCheck(request=Request(path="/"), expect=lines)
            return await prober.sample(service_at(port, networks=("127.0.0.0/8",)), check, number=1, fresh=True)
        finally:
            await prober.aclose()


async def test_the_loop_goes_on_while_a_large_answer_is_judged() -> None:
    """Lines that take a fifth of a second hold the loop up for a fraction of that."""
    worst, ended = 0.0, False

    async def watch() -> None:
        nonlocal worst
        while not ended:
            before = time.perf_counter()
            await asyncio.sleep(0)
            worst = max(worst, time.perf_counter() - before)

    async with asyncio.TaskGroup() as group:
        group.create_task(watch())
        started = time.perf_counter()
        sample = await sampled(HEX, SLOW)
        took, ended = time.perf_counter() - started, True
    assert sample.outcome is Outcome.PASSED
    assert worst < took / 2


async def where(body: bytes, *lines: str) -> bool:
    """Whether an answer with these lines is looked at in the loop's own thread."""

    def look() -> bool:
        return threading.current_thread() is threading.main_thread()

    response = Response(status=200, body=body, latency_ms=7.0)
    return await judging.apart_if_long(Lines.of(lines), response, look)


async def test_only_what_takes_long_is_judged_aside() -> None:
    """A thread costs more than a usual answer's whole look."""
    usual = ("status == 200", "json $[0].a == 0", "json $[*].a >= 0", "header etag exists", "p95 < 400 ms")
    assert await where(ITEMS[:9_000], *usual)
    assert await where(b'{"a": 1}', "json $..a exists", 'body matches "a"', "schema openapi")
    assert not await where(HEX, "status == 200")
    assert not await where(ITEMS, "json $[?@.a > 5] exists")
    assert not await where(HEX[:20_000], SLOW)


async def test_a_large_answer_fails_fits_and_is_described_as_a_small_one() -> None:
    """The thread's findings are the loop's."""
    assert (await sampled(ITEMS, "json $[?@.a > 5] length == 2994")).outcome is Outcome.PASSED
    sample = await sampled(ITEMS, "json $[*].a > 5")
    assert [result.seen for result in sample.failures] == ["0"]
    assert sample.shape == '[{"a":"number"}]'


async def test_a_document_of_very_many_values_has_no_shape() -> None:
    """Its keys may differ everywhere, which takes a second and says nothing."""
    body = b"[" + b",".join(b'{"k%d":1}' % number for number in range(25_000)) + b"]"
    sample = await sampled(body, "status == 200")
    assert (sample.outcome, sample.shape) == (Outcome.PASSED, "")


def test_a_long_text_is_cut_before_it_is_covered_and_leaves_no_stump_of_a_secret() -> None:
    """What a control character is left out of is short enough for the first cut to show."""
    veil = Veil({"TOKEN": "hunter2-hunter2-hunter2"})
    stump = "\x01" * (CUT_AT - 9) + "hunter2-hunter2-hunter2"
    assert "hunter" not in veil.shown(stump, 500)
    assert veil.shown("hunter2-hunter2-hunter2 " + "x" * 1_000_000, 12) == "${TOKEN} xxx"
