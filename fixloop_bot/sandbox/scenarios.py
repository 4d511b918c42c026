"""The scenarios: what breaks, how it is mended, and which verdict is right in the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fixloop_bot.sandbox.shop import FAULTS
from fixloop_bot.sandbox.shop.faults import Fault
from fixloop_bot.sandbox.shop.symptoms import STALE_S

DEFAULT = "checkout-500"
HALF = "-half-fixed"
AT_ONCE = "-at-once"
BY_CHANCE = frozenset({"five-percent-errors"})
"""Half-fixed they fail too seldom for one right verdict: chance decides, and so nobody plays it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One story: a fault is switched on, somebody mends it wholly or by half, waits, and presses Validate."""

    name: str
    fault: str
    mended: str
    sees: str
    fix: str
    expected: str
    waits_s: float = 0.0


def scenarios() -> dict[str, Scenario]:
    """All scenarios by name; those that end in -half-fixed mend only half and must not be believed."""
    return {scenario.name: scenario for fault in FAULTS.values() for scenario in _stories(fault)}


def _stories(fault: Fault) -> Iterator[Scenario]:
    slow_to_show = fault.name == "stale-cache-after-fix"
    fixed = Scenario(
        name=fault.name,
        fault=fault.name,
        mended="fixed",
        sees=fault.sees,
        fix=fault.fix,
        expected=fault.verdict,
        waits_s=STALE_S + 2 if slow_to_show else 0.0,
    )
    yield fixed
    if slow_to_show:
        name = f"{fault.name}{AT_ONCE}"
        yield _changed(fixed, name=name, fix=f"{fault.fix} Nobody waits for that.", expected="not recovered")
    if fault.name not in BY_CHANCE:
        yield _changed(
            fixed, name=f"{fault.name}{HALF}", mended="half-fixed", fix=fault.half, expected=fault.half_verdict
        )


def _changed(story: Scenario, *, name: str, fix: str, expected: str, mended: str = "fixed") -> Scenario:
    return Scenario(
        name=name, fault=story.fault, mended=mended, sees=story.sees, fix=fix, expected=expected, waits_s=0.0
    )
