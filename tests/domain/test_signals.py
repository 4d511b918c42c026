"""A signal's words: what alerts, what recovers, and what it is about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.signals import Comparator, Transition, bare_title
from tests.application.office import signal


@pytest.mark.parametrize("transition", list(Transition))
def test_what_nobody_understands_neither_fires_nor_recovers(transition: Transition) -> None:
    """Every transition is one of three: it alerts, it recovers, or it says nothing."""
    assert transition.alerting == (transition not in (Transition.RECOVERED, Transition.UNKNOWN))
    assert not transition.again or transition.alerting
    assert signal(transition).recovers == (transition is Transition.RECOVERED)


def test_a_contradicted_recovery_is_none() -> None:
    """A title that says the opposite makes it doubtful."""
    assert not signal(Transition.RECOVERED, contradiction=True).recovers


def test_tags_and_scope_are_read_as_facts() -> None:
    """Lower case, several values for a key, braces and blanks ignored."""
    facts = signal(
        tags=("Service:Checkout", "env:prod", "lonely", "url:http://a:1"), scope="{env:PROD, host:a}"
    ).facts()
    assert facts["service"] == {"checkout"}
    assert facts["env"] == {"prod"}
    assert facts["host"] == {"a"}
    assert facts["url"] == {"http://a:1"}
    assert "lonely" not in facts


@pytest.mark.parametrize(
    ("title", "bare"),
    [
        ("[P2] [Triggered on {env:prod}] Errors are high on {host:a}", "Errors are high"),
        ("Errors are high {env:prod}", "Errors are high"),
        ("Errors are high", "Errors are high"),
        ("[Triggered]", "[Triggered]"),
        ("[P1] Ask <@U0MIRA0001|mira> about <@W0PAVEL>", "Ask ‹@U0MIRA0001|mira> about ‹@W0PAVEL>"),
        ("", ""),
    ],
)
def test_a_title_is_told_without_its_prefixes(title: str, bare: str) -> None:
    """A title of prefixes alone is kept as it is; nobody is called by one, in a report either."""
    assert bare_title(title) == bare


@given(st.text(max_size=80))
def test_a_title_never_vanishes(title: str) -> None:
    """Whatever it is made of, something to read is left."""
    assert bool(bare_title(title)) == bool(title.strip())


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_a_breach_is_on_one_side(value: float, limit: float) -> None:
    """Above and at most are opposites, and so are below and at least."""
    assert Comparator.ABOVE.breached(value, limit) != Comparator.AT_MOST.breached(value, limit)
    assert Comparator.BELOW.breached(value, limit) != Comparator.AT_LEAST.breached(value, limit)
