"""The scenarios: what breaks, how it is mended, and which verdict is right in the end."""

from __future__ import annotations

from dataclasses import dataclass

from fixloop_bot.sandbox.shop import FAULTS

DEFAULT = "checkout-500"
HALF = "-half-fixed"
PLAYABLE = (
    "checkout-500",
    "checkout-slow",
    "wrong-total",
    "one-in-five-fails",
    "health-lies",
    "missing-quantity",
    "one-bad-replica",
    "half-fix",
    "truncated-body",
    "empty-success",
    "redirect-to-login",
    "missing-header",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One story: a fault is switched on, somebody mends it wholly or by half, and presses Validate."""

    name: str
    fault: str
    mended: str
    sees: str
    fix: str
    expected: str


def scenarios() -> dict[str, Scenario]:
    """All scenarios by name; those that end in -half-fixed mend only half and must not be believed."""
    found: dict[str, Scenario] = {}
    for name in PLAYABLE:
        fault = FAULTS[name]
        found[name] = Scenario(
            name=name, fault=name, mended="fixed", sees=fault.sees, fix=fault.fix, expected=fault.verdict
        )
        half = f"{name}{HALF}"
        found[half] = Scenario(
            name=half, fault=name, mended="half-fixed", sees=fault.sees, fix=fault.half, expected=fault.half_verdict
        )
    return found
