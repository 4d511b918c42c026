"""What every part of the store stands on: the client, the names of keys, scripts and codecs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from fixloop_bot.adapters.redis.calls import store_errors, wait
from fixloop_bot.adapters.redis.codec import UPGRADES, VERSIONS, Codec
from fixloop_bot.application.ports import Clock

T = TypeVar("T")


class Keyspace:
    """One FixLoop's keys on one server.

    ``retention_s`` is how long documents are kept after their last change. ``shared_time`` says whose clock paces
    traffic: the server's own, so that processes whose clocks differ share one rate, or ``clock``, for whoever makes
    time run by hand.
    """

    def __init__(
        self,
        client: Redis,
        *,
        clock: Clock,
        retention_s: float,
        prefix: str = "fixloop:",
        shared_time: bool = False,
    ) -> None:
        self._redis = client
        self._clock = clock
        self._ttl = int(retention_s)
        self._prefix = prefix
        self._shared_time = shared_time
        self._scripts: dict[str, AsyncScript] = {}
        self._codecs: dict[str, Codec[Any]] = {}

    def _key(self, *parts: str) -> str:
        return self._prefix + ":".join(parts)

    def _codec(self, shape: type[T], kind: str) -> Codec[T]:
        """The codec of one kind of document; building it takes milliseconds, so each is built once."""
        if kind not in self._codecs:
            version, upgrades = VERSIONS.get(kind, 1), UPGRADES.get(kind)
            self._codecs[kind] = Codec(shape, kind=kind, version=version, upgrades=upgrades)
        return self._codecs[kind]

    async def _call(self, script: str, *, keys: Sequence[str], args: Sequence[Any] = ()) -> Any:
        """Run a script atomically; raises StoreUnavailable."""
        if script not in self._scripts:
            self._scripts[script] = self._redis.register_script(script)
        async with store_errors():
            return await self._scripts[script](keys=keys, args=args)

    async def _get(self, key: str) -> bytes | None:
        async with store_errors():
            found: bytes | None = await wait(self._redis.get(key))
        return found

    async def _text(self, key: str) -> str | None:
        stored = await self._get(key)
        return stored.decode() if stored is not None else None
