"""The register of incidents: a world is entered under its builder's name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from redis.asyncio import Redis

from tests.copilot.plant import Plant


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """An incident as it stands. ``said`` begins the verdict's line; ``proven`` is whether the code calls it so."""

    build: Callable[[Redis], Awaitable[Plant]]
    said: str = "Not known to have recovered"
    proven: bool = False
    leaks: tuple[str, ...] = ()


WORLDS: dict[str, World] = {}

Build = Callable[[Redis], Awaitable[Plant]]


def world(said: str = "Not known to have recovered", **more: object) -> Callable[[Build], Build]:
    """Enters a builder under its own name."""

    def enter(build: Build) -> Build:
        WORLDS[build.__name__] = replace(World(build=build, said=said), **more)  # type: ignore[arg-type]
        return build

    return enter
