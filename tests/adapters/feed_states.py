"""The incident feed as a responder may meet it: rows and pictures by hand. Times count from 02:58 UTC."""

from __future__ import annotations

from typing import Any

from fixloop_bot.application.feed_views import FeedItem, FeedPicture
from fixloop_bot.domain.feed import FeedRow, open_rows, resolved_rows
from fixloop_bot.domain.incidents import State
from fixloop_bot.domain.mutes import HeldBack, Mute
from fixloop_bot.domain.numbers import numbers_of
from fixloop_bot.domain.runs import RecoveryVerdict
from fixloop_bot.domain.signals import Comparator, Measure
from tests.adapters.thread_states import ALERT, ERRORS, JONAS, MIRA, minutes

NOW = minutes(14)
DAY_S = 86_400.0
RATE = Measure(query=ERRORS, comparator=Comparator.ABOVE, limit=0.01)
SLOW = Measure(query="p95:shop.latency_ms{service:cart}", comparator=Comparator.ABOVE, limit=400)
HOUR = tuple((ALERT - 2_700 + 60 * step, 0.002 if step < 46 else 0.05 * (step - 45)) for step in range(52))


def row(number: int, **changes: Any) -> FeedRow:
    """An open incident of checkout that nobody has looked at."""
    known: dict[str, Any] = {
        "id": f"INC-{number}",
        "number": number,
        "revision": 1,
        "label": "checkout",
        "service": "checkout",
        "env": "prod",
        "title": "Error rate is high",
        "severity": "SEV2",
        "state": State.OPEN,
        "opened_at": ALERT,
        "firing": 1,
        "value": 0.31,
        "measure": RATE,
        "planned": True,
    }
    return FeedRow(**{**known, **changes})


def ended(number: int, verdict: RecoveryVerdict | None, *, days_ago: float, **changes: Any) -> FeedRow:
    """A resolved one, which took 38 minutes."""
    opened = ALERT - days_ago * DAY_S
    proven = {"proven_at": opened + 1_500, "fixed_at": opened + 1_440} if verdict is RecoveryVerdict.PROVEN else {}
    known: dict[str, Any] = {
        "state": State.RESOLVED,
        "verdict": verdict,
        "opened_at": opened,
        "resolved_at": opened + 38 * 60,
        "resolved_by": MIRA,
        "firing": 0,
        "recovered": 1,
        "confirmed_at": opened + 48,
        "fixed_at": opened + 38 * 60,
        **proven,
    }
    return row(number, **{**known, **changes})


NIGHT = (
    row(42, state=State.REPRODUCED, confirmed_at=ALERT + 48),
    row(43, label="cart", title="Cart is slow", value=1_240.0, measure=SLOW, severity="SEV3", busy="confirm"),
    row(
        40,
        label="payments-gateway",
        state=State.RECOVERED,
        verdict=RecoveryVerdict.PROVEN,
        soak_until=minutes(20),
        lead=MIRA,
        opened_at=ALERT - 5_000,
        confirmed_at=ALERT - 4_900,
        fixed_at=ALERT - 300,
        proven_at=ALERT - 200,
        firing=0,
        recovered=1,
    ),
    row(
        39, label="search", title="No data", value=None, measure=None, muted_until=minutes(300), opened_at=ALERT - 9_000
    ),
    ended(38, RecoveryVerdict.PROVEN, days_ago=0.2, fixer=MIRA, fixed_by="rolled back 2.14.0"),
    ended(37, RecoveryVerdict.UNPROVEN, days_ago=2, label="cart", title="Cart is slow", resolved_by=JONAS),
    ended(36, None, days_ago=6, label="search", title="No data", confirmed_at=None, taken_back=1),
)


def picture(*rows: FeedRow, **changes: Any) -> FeedPicture:
    """What the feed shows of these rows; INC-42 has a curve, and every one a thread."""
    opened, resolved = open_rows(rows, NOW), resolved_rows(rows)
    known: dict[str, Any] = {
        "now": NOW,
        "open": tuple(item(each) for each in opened[:15]),
        "open_count": len(opened),
        "resolved": tuple(item(each) for each in resolved[:8]),
        "resolved_count": len(resolved),
        "numbers": numbers_of(rows, now=NOW),
    }
    return FeedPicture(**{**known, **changes})


def item(each: FeedRow) -> FeedItem:
    address = f"https://acme.slack.com/archives/C0CHECKOUT/p{each.number}000000"
    return FeedItem(row=each, address=address, points=HOUR if each.id == "INC-42" else ())


MUTED = (
    (
        Mute(service="search", until=minutes(300), by=JONAS, at=ALERT, place="command", downtime="d-1"),
        HeldBack(signals=3, troubles=2, firing=1),
    ),
)
FULL = picture(
    *NIGHT,
    mutes=MUTED,
    halted="All traffic is stopped, by <@U0MIRA0001>. `/fixloop go` lets it flow again.",
    troubles=("The model does not answer, so plans are the standard ones.",),
    note="INC-42 is yours.",
)
