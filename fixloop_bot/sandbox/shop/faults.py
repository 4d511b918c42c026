"""The shop's faults: a table of what each one is, and the switches that turn them on.

A fault is *off* or *fixed* (no difference, except where fixing leaves something behind), *broken*, or
*half-fixed*: the same failure at a lower rate, as after a patch that missed something. `broken` and `half_fixed`
are the shares of the affected requests that show it. How each behaves is in symptoms.py.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class State(StrEnum):
    OFF = "off"
    BROKEN = "broken"
    HALF_FIXED = "half-fixed"
    FIXED = "fixed"


class UnknownFaultError(KeyError):
    """No fault has that name, or no state that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One row: what a responder sees, what the fix is, and which recovery verdict is right after it.

    `verdict` is for *fixed*, `half_verdict` for *half-fixed*; both suppose that the plan covers the symptom
    and that a confirm run saw the fault broken. `monitored` says whether the error rate or the p95 shows it.
    """

    name: str
    sees: str
    fix: str
    half: str
    broken: float = 1.0
    half_fixed: float = 0.1
    verdict: str = "proven"
    half_verdict: str = "not recovered"
    monitored: bool = True


FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault(
            name="checkout-500",
            sees="Every checkout answers 500 or 503 with an error body; /healthz says degraded.",
            fix="Roll back the release whose payment client cannot connect.",
            half="One checkout in ten still fails.",
        ),
        Fault(
            name="checkout-slow",
            sees="One checkout in five takes 0.9 s; the median is fine, the p95 is far over 400 ms.",
            fix="Put the missing index on the orders table back.",
            half="One checkout in ten is still slow.",
            broken=0.2,
        ),
        Fault(
            name="checkout-crawls",
            sees="Every checkout takes 0.7 s.",
            fix="Restore the size of the database connection pool.",
            half="Three checkouts in ten are still slow.",
            half_fixed=0.3,
        ),
        Fault(
            name="wrong-total",
            sees="Checkout answers 200 with a total one cent too low; only the ledger's log complains.",
            fix="Add up in cents instead of floats.",
            half="One total in ten is still wrong.",
            monitored=False,
        ),
        Fault(
            name="missing-quantity",
            sees="Checkout answers 200 with a total that leaves the quantity out; single items are right.",
            fix="Multiply by the quantity again.",
            half="Three carts in ten with a quantity above 1 are still wrong.",
            half_fixed=0.3,
            monitored=False,
        ),
        Fault(
            name="one-in-five-fails",
            sees="A fifth of the checkouts answers 503.",
            fix="Remove the overloaded payment route.",
            half="One checkout in ten still fails.",
            broken=0.2,
        ),
        Fault(
            name="health-lies",
            sees="/healthz says ok while every checkout answers 500.",
            fix="Restart the workers that lost their queue.",
            half="Three checkouts in ten still fail; /healthz says ok.",
            half_fixed=0.3,
        ),
        Fault(
            name="five-percent-errors",
            sees="One checkout in twenty answers 503, just over what can be tolerated.",
            fix="Replace the flaky network card.",
            half="One checkout in fifty still fails: too often to be proven, too seldom to be sure.",
            broken=0.05,
            half_fixed=0.02,
            half_verdict="inconclusive",
        ),
        Fault(
            name="stale-cache-after-fix",
            sees="GET /catalog/A1 shows a wrong price (18.99), marked X-Cache: HIT with its Age.",
            fix="Correct the price and purge the cache; entries live on for 20 s after the fix.",
            half="The price is corrected, the cache of half the replicas is not purged.",
            half_fixed=0.5,
            monitored=False,
        ),
        Fault(
            name="one-bad-replica",
            sees="One replica of four (shop-4) fails every checkout; the others are fine.",
            fix="Replace shop-4.",
            half="shop-4 still fails half of its checkouts.",
            half_fixed=0.5,
        ),
        Fault(
            name="fails-for-one-input",
            sees="A checkout with a quantity of 3 or more answers 500; all others work.",
            fix="Allow quantities of two digits in the stock query.",
            half="Three such checkouts in ten still fail.",
            half_fixed=0.3,
        ),
        Fault(
            name="missing-header",
            sees="Checkout's answers lack X-Request-Id; the mobile app refuses them.",
            fix="Put the header back into the proxy's configuration.",
            half="Three answers in ten still lack it.",
            half_fixed=0.3,
            monitored=False,
        ),
        Fault(
            name="broken-pagination",
            sees="Page 2 of the catalog repeats page 1.",
            fix="Count the offset from the page number again.",
            half="Three requests in ten still get page 1.",
            half_fixed=0.3,
            monitored=False,
        ),
        Fault(
            name="short-catalog",
            sees="The catalog has 11 items instead of 12 (D3 is missing) and still answers 200.",
            fix="Finish the import that was cut off.",
            half="Three answers in ten still lack D3.",
            half_fixed=0.3,
            monitored=False,
        ),
        Fault(
            name="double-charge-on-retry",
            sees="A checkout repeated with the same Idempotency-Key makes a second order.",
            fix="Look the key up before charging.",
            half="Three repetitions in ten are still charged twice.",
            half_fixed=0.3,
            monitored=False,
        ),
        Fault(
            name="truncated-body",
            sees="Checkout answers 200 with half of its JSON.",
            fix="Raise the proxy's buffer.",
            half="Three answers in ten are still cut off.",
            half_fixed=0.3,
            monitored=False,
        ),
        Fault(
            name="empty-success",
            sees="Checkout answers 200 with an empty object and makes no order.",
            fix="Deploy the handler that was stubbed out.",
            half="Three answers in ten are still empty.",
            half_fixed=0.3,
            monitored=False,
        ),
        Fault(
            name="redirect-to-login",
            sees="Checkout redirects to /login, a page that answers 200.",
            fix="Renew the service's session key.",
            half="Three checkouts in ten are still redirected.",
            half_fixed=0.3,
            monitored=False,
        ),
        Fault(
            name="expired-certificate",
            sees="By HTTPS nobody can pay: the certificate expired six hours ago. By HTTP everything works.",
            fix="Renew the certificate on every replica.",
            half="Every second connection still meets the old certificate.",
            half_fixed=0.5,
            monitored=False,
        ),
        Fault(
            name="flapping",
            sees="Checkout fails for six seconds, works for six, fails again.",
            fix="Stop the crash loop of the payment worker.",
            half="It fails for one second in twelve.",
        ),
        Fault(
            name="slow-leak",
            sees="Checkout gets 40 ms slower every second, up to 2 s.",
            fix="Close the cursors that leak.",
            half="A restart took it back to half a second; it still gets slower, at a third of the pace.",
        ),
        Fault(
            name="half-fix",
            sees="Every checkout answers 503.",
            fix="Roll back all four replicas.",
            half="Only two replicas of four were rolled back.",
            half_fixed=0.5,
        ),
        Fault(
            name="fix-breaks-neighbour",
            sees="Every checkout answers 500; quotes work.",
            fix="Roll back to the release before both changes.",
            half="The hotfix repairs checkout and breaks /quote, which answers 500.",
            half_fixed=1.0,
        ),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """The state of a fault and since when, in seconds since the epoch."""

    state: State = State.OFF
    since: float = 0.0


@dataclass(slots=True)
class FaultSwitches:
    """Which faults are on; `listeners` hear of every change as (name, state)."""

    clock: Callable[[], float]
    listeners: list[Callable[[str, State], None]] = field(default_factory=list)
    _switches: dict[str, Switch] = field(default_factory=dict)

    def set(self, name: str, state: str) -> None:
        """Turn a fault; raises UnknownFaultError for a name or a state that does not exist."""
        if name not in FAULTS or state not in set(State):
            raise UnknownFaultError(f"{name}: {state}")
        self._switches[name] = Switch(state=State(state), since=self.clock())
        for listener in self.listeners:
            listener(name, State(state))

    def of(self, name: str) -> Switch:
        return self._switches.get(name, Switch())

    def active(self) -> list[tuple[Fault, Switch]]:
        """Faults that were ever turned on and may still make a difference."""
        return [(FAULTS[name], switch) for name, switch in self._switches.items() if switch.state != State.OFF]

    def listing(self) -> list[dict[str, Any]]:
        """The whole table with the states, as the control port and the page show it."""
        return [{**asdict(fault), "state": self.of(name).state.value} for name, fault in FAULTS.items()]
