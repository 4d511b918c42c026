"""Numbers are written as people read them, with the unit that the query tells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.figures import Unit, milliseconds, number, reading, unit_of


@pytest.mark.parametrize(
    ("query", "limit", "unit"),
    [
        ("sum:errors{*} / sum:requests{*}", 0.02, Unit.SHARE),
        ("sum:errors{*} / sum:requests{*}", 5, Unit.NONE),
        ("sum:errors{*} / sum:requests{*}", None, Unit.NONE),
        ("(sum:errors{*} / sum:requests{*}) * 100", 1, Unit.PERCENT),
        ("100 * sum:errors{*} / sum:requests{*}", 1, Unit.PERCENT),
        ("sum:errors{*} / sum:requests{*} * 1000", 1, Unit.SHARE),
        ("p95:shop.latency_ms{*}", 400, Unit.MILLISECONDS),
        ("p95:trace.http.request{*}", 0.4, Unit.SECONDS),
        ("avg:queue.depth{*}", 0.5, Unit.NONE),
    ],
)
def test_the_unit_of_a_query(query: str, limit: float | None, unit: Unit) -> None:
    """A quotient with a limit of at most one is a share; what is multiplied by a hundred is in per cent already."""
    assert unit_of(query, limit) is unit


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (0.31, Unit.SHARE, "31 %"),
        (0.00123, Unit.SHARE, "0.123 %"),
        (1.2, Unit.PERCENT, "1.2 %"),
        (212.4, Unit.MILLISECONDS, "212 ms"),
        (0.4, Unit.SECONDS, "0.4 s"),
        (1234.5, Unit.NONE, "1,234"),
        (0, Unit.NONE, "0"),
    ],
)
def test_a_reading(value: float, unit: Unit, words: str) -> None:
    """As precise as it matters."""
    assert reading(value, unit) == words


@pytest.mark.parametrize(
    ("value", "words"), [(0.456, "0.46 ms"), (1.6, "1.6 ms"), (84.4, "84 ms"), (1240, "1,240 ms"), (12_400, "12.4 s")]
)
def test_a_latency(value: float, words: str) -> None:
    """Tenths below ten milliseconds, seconds above ten thousand."""
    assert milliseconds(value) == words


@given(value=st.floats())
def test_any_number_stays_short(value: float) -> None:
    """Whatever Datadog sends."""
    assert 0 < len(number(value)) < 20
    assert 0 < len(milliseconds(value)) < 25
