"""A step's check in the few words of the checklist."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.adapters.slack.blocks.claims import claim, fitting, latency_limit, what
from fixloop_bot.adapters.slack.blocks.text import cut, person, shorten, span
from fixloop_bot.domain.plans import HttpCheck, JourneyCheck, Leg, MetricCheck, Request, Role, Step
from tests.strategies import checks


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("status == 200", "200"),
        ("status in 2xx, 304", "2xx or 304"),
        ("status not in 5xx", "not 5xx"),
        ("status < 500", "under 500"),
        ("json $.total == sum($.items[*].price * $.items[*].qty)", "total adds up"),
        ("json $.total == $.net * 1.19", "total is right"),
        ("json $.total == 19.99", "total 19.99"),
        ("json $.items length == 12", "12 items"),
        ("json $.items length == 1", "1 entry in items"),
        ("json $.items length >= 3", "at least 3 items"),
        ("json $.items[*].price > 0", "items.price over 0"),
        ("json $.error not exists", "no error"),
        ("json $.id type number", "id is number"),
        ("header content-type contains json", "content-type contains json"),
        ("header x-request-id exists", "has x-request-id"),
        ("schema openapi", "fits its schema"),
        ('body not contains "Exception"', 'body never contains "Exception"'),
        ("latency < 400", "each under 400 ms"),
        ("p95 < 400 ms", "p95 under 400 ms"),
        ("not a line of the language", "not a line of the language"),
    ],
)
def test_an_expectation_in_words(source: str, words: str) -> None:
    """Without the ceremony of the language; what cannot be read stays as it is."""
    assert claim(source) == words


def test_claims_are_shown_whole_or_counted() -> None:
    """Never cut in the middle of an expression."""
    claims = ["200", "total adds up", "12 items"]
    assert fitting(claims, 40) == "200, total adds up, 12 items"
    assert fitting(claims, 27) == "200, total adds up, +1 more"
    assert fitting(claims, 12) == "200, +2 more"
    assert fitting(claims, 5) == "3 checks"


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (MetricCheck(query="sum:errors{*} / sum:hits{*}", healthy_when="<=", limit=0.02), "error share at most 2 %"),
        (MetricCheck(query="sum:cache.hits{*} / sum:hits{*}", healthy_when=">=", limit=0.9), "share at least 90 %"),
        (MetricCheck(query="100 * sum:errors{*} / sum:hits{*}", healthy_when="<", limit=1), "error share under 1 %"),
        (MetricCheck(query="p95:shop.latency_ms{*}", healthy_when="<=", limit=400), "metric at most 400 ms"),
        (MetricCheck(query="avg:queue.depth{*}", healthy_when="<", limit=400), "metric under 400"),
        (
            MetricCheck(query="avg:queue.depth{*}", healthy_when="<=", times_before=1.5),
            "metric at most 1.5 × the hour before",
        ),
    ],
)
def test_a_metric_has_its_unit(check: MetricCheck, words: str) -> None:
    """A quotient with a limit of at most one is a share, read in per cent."""
    assert what(Step(id="s1", title="", role=Role.CONFIRMATION, check=check)) == words


def test_a_journey_is_its_requests() -> None:
    """In order; those that do not fit are counted."""
    legs = tuple(Leg(request=Request(path=f"/{name}"), expect=()) for name in ("cart", "pay", "receipt"))
    step = Step(id="s1", title="", role=Role.CONFIRMATION, check=JourneyCheck(legs=legs))
    assert what(step) == "GET /cart → GET /pay → GET /receipt"
    assert what(step, 24) == "GET /cart → +2 steps"


@given(check=checks(), most=st.integers(min_value=30, max_value=200))
def test_any_check_fits_its_room(check: object, most: int) -> None:
    """The option of a checklist has room for 75 characters."""
    step = Step(id="s1", title="", role=Role.CONTROL, check=check)  # type: ignore[arg-type]
    assert len(what(step, most)) <= most
    assert latency_limit(step) in ("", "400 ms")


def test_latency_has_its_limit_beside_it() -> None:
    """Taken from the step's own p95 line."""
    check = HttpCheck(request=Request(path="/"), expect=("status == 200", "p95 < 1.5 s"))
    assert latency_limit(Step(id="s1", title="", role=Role.CONFIRMATION, check=check)) == "1,500 ms"


def test_texts_are_cut_between_words() -> None:
    """With an ellipsis, and no dangling punctuation."""
    assert shorten("the quick brown fox", 17) == "the quick brown…"
    assert cut("a &amp; b, c d e f g", 14) == "a &amp; b, c…"
    assert cut("x" * 30, 10) == "x" * 9 + "…"


def test_people_are_mentioned_and_machines_named() -> None:
    """Only what has the form of a Slack id becomes a mention."""
    assert person("U0MIRA0001") == "<@U0MIRA0001>"
    assert person("datadog") == "Datadog"
    assert person("Ursula <!here>") == "Ursula &lt;!here&gt;"
    assert person(None) == "nobody"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59.4, "59 s"), (60, "1 min"), (7500, "2 h 5 min"), (273_600, "3 d 4 h")]
)
def test_spans(seconds: float, words: str) -> None:
    """The two largest units are enough."""
    assert span(seconds) == words
