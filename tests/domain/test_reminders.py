"""What is to be reminded of, decided on one incident alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixloop_bot.domain.incidents import Entry, Incident, State
from fixloop_bot.domain.reminders import Topic, due, next_reminder
from tests.adapters.thread_states import ALERT, MIRA, SIGNAL, minutes

ALERTED = Entry(at=ALERT, who="datadog", what="Triggered: Error rate of checkout is high")
FRESH = Incident(
    id="INC-42",
    number=42,
    service_key="checkout|prod",
    service="checkout",
    label="checkout",
    title="Error rate is high",
    channel="C0",
    opened_at=ALERT,
    signals=(SIGNAL,),
    timeline=(ALERTED,),
)


def test_it_is_due_from_the_fifth_minute_on() -> None:
    """And not while it is muted, though what is shown of it may be older than the mute."""
    assert due(FRESH, minutes(4.9)) is None
    reminder = due(FRESH, minutes(5))
    assert reminder is not None
    assert (reminder.topic, reminder.since, reminder.at) == (Topic.UNACKNOWLEDGED, ALERT, minutes(5))
    assert due(replace(FRESH, muted_until=minutes(60)), minutes(10)) is None
    assert due(replace(FRESH, muted_until=minutes(60)), minutes(60)) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"state": State.RECOVERED},
        {"state": State.RESOLVED},
        {"acknowledged_by": MIRA},
        {"lead": MIRA},
        {"fixer": MIRA},
        {"timeline": (ALERTED, Entry(at=ALERT + 9, who=MIRA, what="asked for a validate run"))},
        {"reminded": ("unacknowledged:0",)},
    ],
)
def test_nothing_is_to_be_said(changes: dict[str, object]) -> None:
    """It is over, somebody is on it, or it was said."""
    assert next_reminder(replace(FRESH, **changes)) is None  # type: ignore[arg-type]


def test_who_declares_it_is_not_on_it_by_that() -> None:
    """Who sees a fire does not put it out."""
    declared = replace(FRESH, declared_by=MIRA, timeline=(Entry(at=ALERT, who=MIRA, what="declared it"),))
    assert due(declared, minutes(6)) is not None
    assert due(declared.noted(minutes(2), MIRA, "set the severity to SEV1"), minutes(6)) is None


def test_a_trouble_that_comes_back_begins_anew() -> None:
    """What people did before the last proof does not count for what came after it."""
    again = replace(FRESH, reopened=1, reminded=("unacknowledged:0",)).noted(minutes(3), MIRA, "asked for a plan")
    again = again.noted(minutes(20), "fixloop", "validate run 2: proven. All steps passed.")
    again = again.noted(minutes(25), "fixloop", "watch: quiet to its end")
    again = again.noted(minutes(40), "datadog", "Re-Triggered: Error rate of checkout is high")
    reminder = next_reminder(again)
    assert reminder is not None
    assert (reminder.name, reminder.since) == ("unacknowledged:1", minutes(40))
