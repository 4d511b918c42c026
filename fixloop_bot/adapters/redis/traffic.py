"""How much may be sent to a service, over all processes, and whether anything may be sent at all."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fixloop_bot.adapters.redis import scripts
from fixloop_bot.adapters.redis.calls import store_errors, wait
from fixloop_bot.adapters.redis.keyspace import Keyspace

HALT = "halt"
EARLY_PLACES = 2
"""How many places may be taken before their time: samples fall on random times in their slots, two close together."""
SOMEBODY = "somebody"
LONGEST_NAME = 80
_WRITTEN = re.compile(r"(?P<by>.*) @(?P<at>\d{9,11})", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """Who has stopped all traffic, and when (epoch seconds); an operator who set the key by hand left no time."""

    by: str
    at: float | None = None


class Traffic(Keyspace):
    """Keys ``rate``, ``spent`` and ``halt``.

    ``halt`` can be set and deleted with the server's own client, ``SET fixloop:halt me``: whatever is in it, all
    traffic is stopped for as long as it exists.
    """

    async def take_place(self, service: str, *, per_second: float, per_hour: int, requests: int = 1) -> float | None:
        """Book a sample of so many requests; the seconds to wait for it, or None where the hour's total is spent.

        In any T seconds at most ``per_second · T + EARLY_PLACES + 1`` samples' first requests fall due, each sample
        of n pushing the next one back by n places; in any 3,600 seconds at most ``per_hour`` requests.
        """
        waited = await self._call(
            scripts.TAKE_PLACE,
            keys=[self._key("rate", service), self._key("spent", service)],
            args=[self._pacing_time(), 1 / per_second, EARLY_PLACES, requests, per_hour],
        )
        return float(waited) if waited is not None else None

    def _pacing_time(self) -> str:
        return "" if self._shared_time else f"{self._clock.now():.6f}"

    async def halt(self, by: str) -> None:
        """Stop all traffic until ``resume``. Whoever was first stays the one who did it."""
        async with store_errors():
            await wait(self._redis.set(self._key(HALT), f"{by} @{self._clock.now():.0f}", nx=True))

    async def resume(self) -> bool:
        async with store_errors():
            return bool(await wait(self._redis.delete(self._key(HALT))))

    async def halted_by(self) -> str | None:
        halt = await self._halt()
        return halt.by if halt is not None else None

    async def halted_since(self) -> float | None:
        """When it was stopped; None where nothing is stopped, or an operator set the key by hand."""
        halt = await self._halt()
        return halt.at if halt is not None else None

    async def _halt(self) -> Halt | None:
        _, stored = await self._call(scripts.HALTED, keys=[self._key(HALT)], args=[])
        return halt_written(stored) if stored is not None else None


def halt_written(stored: bytes) -> Halt:
    """Reads the key's value: FixLoop's own ``U0MIRA @1700000000``, or whatever an operator wrote; never raises."""
    text = stored.decode(errors="replace")
    ours = _WRITTEN.fullmatch(text)
    name = " ".join((ours["by"] if ours else text).split())[:LONGEST_NAME]
    return Halt(by=name or SOMEBODY, at=float(ours["at"]) if ours else None)
