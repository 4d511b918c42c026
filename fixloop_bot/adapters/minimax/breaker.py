"""The circuit breaker: when the model is down, nobody waits for it."""

from __future__ import annotations

from fixloop_bot.adapters.minimax.refusals import ModelUnavailable
from fixloop_bot.application.ports import Clock

FAILURES = 3
REST_S = 60.0


class Breaker:
    """After three failed calls in a row the model counts as down for 60 s; then one call may try, and it decides."""

    def __init__(self, clock: Clock, *, failures: int = FAILURES, rest_s: float = REST_S) -> None:
        self._clock = clock
        self._limit = failures
        self._rest_s = rest_s
        self._failed = 0
        self._down_until = 0.0
        self._reason = ""

    @property
    def down(self) -> bool:
        return self._clock.now() < self._down_until

    def admit(self) -> None:
        """Let a call through, or raise ModelUnavailable at once."""
        if self.down:
            left = self._down_until - self._clock.now()
            raise ModelUnavailable(
                f"the model is not asked for another {max(1, round(left))} s, since {self._failed} calls in a row"
                f" failed; the last: {self._reason}",
                label="down",
            )
        if self._failed >= self._limit:
            self._down_until = self._clock.now() + self._rest_s

    def succeeded(self) -> None:
        self._failed, self._down_until, self._reason = 0, 0.0, ""

    def failed(self, reason: str) -> None:
        self._failed += 1
        self._reason = reason
        if self._failed >= self._limit:
            self._down_until = self._clock.now() + self._rest_s

    def undecided(self) -> None:
        """A call that was let through ended without saying anything about the model: the next one may try."""
        self._down_until = min(self._down_until, self._clock.now())
