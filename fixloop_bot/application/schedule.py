"""When a step's samples are sent, and how: one at a random time in each slot, most of them on fresh connections."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass

from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.decision import ProofSettings, boundaries_for
from fixloop_bot.domain.expectations import expect
from fixloop_bot.domain.expectations.claim import Assertion, Comparison, Subject
from fixloop_bot.domain.plans import Check, HttpCheck, JourneyCheck, Step, WebsocketCheck
from fixloop_bot.domain.runs import RunKind

SLACK_IN_SLOTS = 1.15
"""So many more slots in a window than a spotless service needs: a void or two must not cost a second window."""
SOAK_PER_SECOND = 0.5
LONGEST_WINDOW_S = 1800.0
"""A signal that flaps more seldom than this is for the watch, not for somebody who waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Slots of ``width_s`` seconds; ``window_s`` of them must have passed before anything is called recovered."""

    width_s: float
    window_s: float
    most_samples: int

    def covered_s(self, slots: int) -> float:
        return slots * self.width_s


def settings_for(step: Step, service: Service) -> ProofSettings:
    """The service's proof settings with what the step tightens."""
    tighter = step.proof
    settings = service.proof
    if tighter.unacceptable is not None:
        settings = settings.tightened(unacceptable=tighter.unacceptable)
    if tighter.confidence is not None:
        settings = settings.tightened(confidence=tighter.confidence)
    if tighter.window_s is not None:
        settings = settings.tightened(window_s=tighter.window_s)
    return settings


def requests_per_sample(step: Step) -> int:
    return len(step.check.legs) if isinstance(step.check, JourneyCheck) else 1


def inputs_of(check: Check) -> int:
    """How many inputs the step's samples take in turn; 1 where it has none."""
    return max(1, len(check.inputs)) if isinstance(check, HttpCheck | JourneyCheck | WebsocketCheck) else 1


def window_for(settings: Iterable[ProofSettings], period_s: float = 0.0) -> float:
    """W: the longest that a setting asks for, and the longest period seen in the incident's own signal."""
    return max(max(each.window_s for each in settings), min(period_s, LONGEST_WINDOW_S))


def schedule_for(
    settings: Iterable[ProofSettings], *, share: float, kind: RunKind, soak_s: float, period_s: float = 0.0
) -> Schedule:
    """The slots of a step that may send ``share`` samples a second.

    ``period_s`` is how far apart two breaches of the incident's signal began (``domain.periods``); a window that is
    shorter could fall between two of them.
    """
    strictest = list(settings)
    if kind is RunKind.SOAK:
        width = max(1 / SOAK_PER_SECOND, 1 / share)
        planned = max(1, math.ceil(soak_s / width))
        return Schedule(width_s=width, window_s=soak_s, most_samples=_most_of_a_soak(planned, strictest))
    window = window_for(strictest, period_s)
    needed = max(boundaries_for(each).samples_to_recover(0, 0) or each.max_samples for each in strictest)
    width = max(window / math.ceil(needed * SLACK_IN_SLOTS), 1 / share)
    return Schedule(width_s=width, window_s=window, most_samples=max(each.max_samples for each in strictest))


def _most_of_a_soak(planned: int, settings: list[ProofSettings]) -> int:
    """A soak that is undecided at its end goes on, for up to twice its time, where that is enough for a decision."""
    cap = min(each.max_samples for each in settings)
    return max(planned, cap) if 2 * planned >= cap else planned


def latency_lines(step: Step) -> tuple[Assertion, ...]:
    """The step's upper bounds of latency, for each answer and for quantiles; of a journey those of all its legs."""
    check = step.check
    legs = [leg.expect for leg in check.legs] if isinstance(check, JourneyCheck) else [getattr(check, "expect", ())]
    lines = {line: expect.parse(line) for leg in legs for line in leg}
    upper = (Comparison.BELOW, Comparison.AT_MOST)
    return tuple(line for line in lines.values() if line.subject is Subject.LATENCY and line.comparison in upper)


def on_fresh_connection(number: int, *, inputs: int, seed: str) -> bool:
    """Whether the ``number``-th sample (from 1) opens a connection of its own: two of three do.

    A kept connection stays with one replica and hides the others, so fresh ones are the rule; faults of kept ones exist
    as well. Of three turns of an input exactly one is on a kept connection, and of three inputs in a row exactly one in
    each turn; which one is drawn. So neither an input nor a replica is tied to either kind, whatever their numbers.
    Depends on nothing but its arguments: a worker that takes over goes on with the same pattern.
    """
    turn, place = divmod(number - 1, max(1, inputs))
    kept = random.Random(f"{seed}:{turn // 3}:{place // 3}").sample(range(3), 3)
    return turn % 3 != kept[place % 3]


class Slots:
    """The slots of a step, one after the other.

    Where the service's rate is crowded a sample waits for its place and may overrun its slot. The next slot then begins
    later, at full width: nothing is caught up in a burst, each time stays random, and the window stretches.
    """

    def __init__(self, schedule: Schedule, chance: random.Random, *, done: int = 0, stretched_s: float = 0.0) -> None:
        self.schedule = schedule
        self.done = done
        self._stretched_s = stretched_s
        self._chance = chance
        self._end: float | None = None

    def next_due(self, now: float) -> float:
        """When the next sample is due (epoch seconds)."""
        start = now if self._end is None else max(self._end, now)
        self._stretched_s += 0.0 if self._end is None else start - self._end
        self._end = start + self.schedule.width_s
        return start + self._chance.random() * self.schedule.width_s

    @property
    def covered_s(self) -> float:
        """How much of the window the slots so far stand for, at their planned width."""
        return self.schedule.covered_s(self.done)

    @property
    def lasted_s(self) -> float:
        """How long they took."""
        return self.covered_s + self._stretched_s

    @property
    def window_over(self) -> bool:
        return self.covered_s >= self.schedule.window_s - 1e-9

    def left_s(self, samples_missing: int) -> float:
        """How long the window, and the samples that are missing, will take at the pace so far."""
        left = max(self.schedule.window_s - self.covered_s, samples_missing * self.schedule.width_s, 0.0)
        return left * (self.lasted_s / self.covered_s if self.done else 1.0)
