"""Forms and how an incident ended: within Slack's limits, whoever wrote the words in them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fixloop_bot.adapters.slack.blocks import forms
from fixloop_bot.adapters.slack.blocks.resolution import resolution_card
from fixloop_bot.application.views import ThreadView
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.incidents import Incident, State, StatusNote
from tests.adapters.slack_checks import problems, view_problems
from tests.adapters.thread_states import view
from tests.strategies import NASTY

ABOUT = {"incident": "INC-7", "channel": "C0INCIDENT", "thread_ts": "1764000000.000100"}
MIRA, JONAS = "U0MIRA0001", "U0JONAS001"


@pytest.mark.parametrize("text", NASTY)
def test_every_form_fits_whatever_the_incident_is_called(text: str) -> None:
    """Slack, its models and our own rules take it."""
    note = StatusNote(text=text[:300], by=MIRA, at=1_764_000_000)
    incident = replace(resolved(), state=State.OPEN, label=text, title=text, severity=text, note=note, lead=MIRA)
    several = [replace(incident, id=f"INC-{number}") for number in range(3)]
    made = [
        forms.resolve_form(incident, ABOUT, failing=text, asker=MIRA),
        forms.severity_form(incident, ABOUT),
        forms.note_form(incident, ABOUT),
        forms.roles_form(incident, ABOUT),
        forms.merge_form(incident, several, ABOUT),
        forms.mute_form(incident, ABOUT),
        forms.timeline_form(several, ABOUT),
        forms.declare_form([], ABOUT, what=text),
        forms.declare_form([Service(name="checkout"), Service(name=text.strip()[:60] or "x")], ABOUT, what=text),
    ]
    assert [view_problems(each) for each in made] == [[] for _ in made]


def test_a_hundred_services_fit() -> None:
    """Slack takes no more in a menu; the others are named by hand."""
    form = forms.declare_form([Service(name=f"service-{number}") for number in range(140)], ABOUT)
    assert view_problems(form) == []
    assert len(form["blocks"][0]["element"]["options"]) == 100


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"service": "checkout"}, ""),
        ({"other": "search"}, ""),
        ({"other": "  "}, "Choose a service above"),
        ({}, "Choose a service above"),
        ({"service": "checkout", "other": " "}, ""),
        ({"service": "checkout", "other": "search"}, "Only one service can be given"),
        ({"service": "checkout", "other": "Checkout "}, ""),
    ],
)
def test_a_declaration_needs_one_service(fields: dict[str, str], said: str) -> None:
    """Chosen or named; of two neither is taken silently, but the same one twice is no question."""
    errors = forms.declare_errors(fields)
    assert list(errors) == (["other"] if said else [])
    assert errors.get("other", "").startswith(said)


def ended(**changes: Any) -> ThreadView:
    shown = view(replace(resolved(), **changes), now=1_764_003_600)
    return replace(shown, now=1_764_003_600)


def resolved() -> Incident:
    return Incident(
        id="INC-7",
        number=7,
        service_key="checkout|prod",
        service="checkout",
        label="checkout",
        title="Error rate is high",
        channel="C0INCIDENT",
        opened_at=1_764_000_000,
        state=State.RESOLVED,
        resolved_at=1_764_003_000,
        resolved_by=MIRA,
    )


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"fixed_by": "rolled back 2.14.0", "fixer": MIRA}, f"fixed by <@{MIRA}>: rolled back 2.14.0"),
        (
            {"fixed_by": "rolled back 2.14.0", "fixer": JONAS},
            f"fixed by <@{JONAS}>: rolled back 2.14.0 · resolved by <@{MIRA}>",
        ),
        ({}, f"by <@{MIRA}>"),
        ({"override_reason": "the shop closes"}, "Resolved although a step failed. The reason: the shop closes"),
        ({"merged_into": "INC-1"}, "INC-7 was merged into INC-1: go on there."),
    ],
)
def test_the_last_card_says_what_fixed_it(changes: dict[str, Any], says: str) -> None:
    """And why it was ended all the same, or where it went; in the words for a screen reader, too."""
    card = resolution_card(ended(**changes))
    assert card is not None
    assert says in card.text
    assert problems(card, ended(**changes)) == []


def test_a_merged_incident_offers_no_reopening() -> None:
    """There is nothing to go on with in its thread."""
    card = resolution_card(ended(merged_into="INC-1"))
    assert card is not None
    assert all(block["type"] != "actions" for block in card.blocks)


@pytest.mark.parametrize("text", NASTY)
def test_the_last_card_fits_whatever_was_said(text: str) -> None:
    """Any fix, any reason."""
    shown = ended(fixed_by=text, override_reason=text, fixer=JONAS)
    card = resolution_card(shown)
    assert card is not None
    assert problems(card, shown) == []
