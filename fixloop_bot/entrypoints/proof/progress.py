"""How a run goes on: one line that is rewritten on a terminal, and a line now and then elsewhere."""

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TextIO

from fixloop_bot.domain.runs import Run, StepPhase, StepProgress

LINE_EVERY_S = 10.0
"""Where the line cannot be rewritten, such as in the log of a CI job."""


class ProgressLine:
    """Shows a run's progress on ``stream``; shows nothing when ``quiet``."""

    def __init__(self, *, now: Callable[[], float], stream: TextIO | None = None, quiet: bool = False) -> None:
        self._now = now
        self._stream = stream if stream is not None else sys.stderr
        self._quiet = quiet
        self._rewrites = self._stream.isatty()
        self._began = self._said_at = now()
        self._shown = False

    def run(self, run: Run) -> None:
        self._say(_words(run))

    def samples(self, done: int, of: int) -> None:
        self._say(f"{done} of {of} samples sent again")

    def _say(self, words: str) -> None:
        now = self._now()
        if self._quiet or (not self._rewrites and now - self._said_at < LINE_EVERY_S):
            return
        self._said_at, self._shown = now, True
        line = f"{now - self._began:4.0f} s  {words}"
        self._stream.write(f"\r{_fitting(line)}\x1b[K" if self._rewrites else f"{line}\n")
        self._stream.flush()

    def end(self) -> None:
        """Leave the terminal as it was."""
        if self._shown and self._rewrites:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


def _fitting(line: str) -> str:
    """As much of it as the terminal shows in one line: the rest would stay on the screen, once for each rewriting."""
    columns = shutil.get_terminal_size().columns - 1
    return line if len(line) <= columns else f"{line[: max(0, columns - 1)]}…"


def _words(run: Run) -> str:
    going = [step for step in run.steps if step.phase is StepPhase.RUNNING]
    left = max((step.window_left_s for step in going), default=0.0)
    parts = [f"{run.decided} of {len(run.steps)} steps decided"]
    parts += [_step(run, step) for step in going]
    return "; ".join(parts) + (f"; about {left:.0f} s left" if left else "")


def _step(run: Run, progress: StepProgress) -> str:
    place = next(index for index, step in enumerate(run.plan.steps, start=1) if step.id == progress.step_id)
    failed = f", {progress.failed} failed" if progress.failed else ""
    return f"step {place}: {progress.samples} {'sample' if progress.samples == 1 else 'samples'}{failed}"


class Stop:
    """Whether the person at the terminal, or the CI system, wants it to end. The second time nothing is waited for."""

    def __init__(self) -> None:
        self._by: str | None = None

    def __call__(self) -> str | None:
        return self._by

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take Ctrl-C and SIGTERM as a wish to end in good order, once."""
        earlier = {name: signal.signal(name, self._asked) for name in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for name, handler in earlier.items():
                signal.signal(name, handler)

    def _asked(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._by = "Ctrl-C" if number == signal.SIGINT else "SIGTERM"
        signal.signal(signal.SIGINT, signal.default_int_handler)
