"""Faults on demand: what Slack or the network may do to the next calls of a method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FaultKind = Literal["refuse", "delay", "ratelimited", "server_error", "drop", "lose_answer"]


@dataclass(slots=True, kw_only=True)
class Fault:
    """`drop` closes the connection before the call takes effect, `lose_answer` after it did."""

    method: str
    kind: FaultKind
    remaining: int
    error: str = "internal_error"
    seconds: float = 1.0
    status: int = 500


class Faults:
    """A queue of faults; the oldest that fits a call is used up first."""

    def __init__(self) -> None:
        self._pending: list[Fault] = []

    def add(
        self,
        method: str,
        kind: FaultKind,
        *,
        times: int = 1,
        error: str = "internal_error",
        seconds: float = 1.0,
        status: int = 500,
    ) -> None:
        """For the next `times` calls of `method` ("*" for any).

        `error` names a refusal, `seconds` is the delay or the Retry-After, `status` the server error's HTTP
        status.
        """
        fault = Fault(method=method, kind=kind, remaining=times, error=error, seconds=seconds, status=status)
        self._pending.append(fault)

    def take(self, method: str) -> Fault | None:
        for fault in self._pending:
            if fault.method in (method, "*"):
                fault.remaining -= 1
                if fault.remaining <= 0:
                    self._pending.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        self._pending.clear()
