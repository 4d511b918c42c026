"""The kill switch: ends whatever is under way and refuses what comes after, until it is released."""

from __future__ import annotations

import asyncio
from types import TracebackType


class Halted(Exception):  # noqa: N818 - as errors.GateRefused
    """The kill switch is on; the text is why."""


class KillSwitch:
    """Knows what is under way in the running loop. ``halt`` and ``release`` are harmless when repeated."""

    def __init__(self) -> None:
        self._reason: str | None = None
        self._open: set[_UnderWay] = set()

    def check(self) -> None:
        """Raise Halted while the switch is on."""
        if self._reason is not None:
            raise Halted(self._reason)

    def under_way(self) -> _UnderWay:
        """``with switch.under_way():`` around traffic raises Halted at its start or, when halted meanwhile, its end."""
        return _UnderWay(self, self._open)

    def halt(self, reason: str) -> None:
        """End what is under way (its tasks see a cancellation, which becomes Halted) and refuse everything after."""
        self._reason = reason
        for visit in tuple(self._open):
            visit.stop(reason)

    def release(self) -> None:
        self._reason = None


class _UnderWay:
    """One visit in one task, ended as ``asyncio.timeout`` ends its own: by a cancellation that it takes back."""

    __slots__ = ("_cancelling", "_open", "_reason", "_switch", "_task")

    def __init__(self, switch: KillSwitch, visits: set[_UnderWay]) -> None:
        self._switch = switch
        self._open = visits
        self._reason: str | None = None

    def __enter__(self) -> None:
        self._switch.check()
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("the kill switch guards tasks only")
        self._task = task
        self._cancelling = task.cancelling()
        self._open.add(self)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._open.discard(self)
        if self._reason is None:
            return
        others = self._task.uncancel() > self._cancelling
        if kind is asyncio.CancelledError and not others:
            raise Halted(self._reason) from error

    def stop(self, reason: str) -> None:
        if self._reason is None:
            self._reason = reason
            self._task.cancel()
