"""A step's check in the few words of the checklist."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.adapters.slack.blocks.checks import fitting, latency_limit, what
from fixloop_bot.adapters.slack.blocks.claims import claim
from fixloop_bot.adapters.slack.blocks.evidence import figures
from fixloop_bot.adapters.slack.blocks.grounds import LINE_LENGTH, grounds
from fixloop_bot.adapters.slack.blocks.text import cut, person, shorten
from fixloop_bot.domain.baselines import Baseline, ProbeBaseline
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.moments import span
from fixloop_bot.domain.plans import (
    Check,
    DnsCheck,
    GrpcCheck,
    HttpCheck,
    JourneyCheck,
    Leg,
    LogsCheck,
    MetricCheck,
    Request,
    Role,
    Step,
    TcpCheck,
    TlsCheck,
    WebsocketCheck,
)
from fixloop_bot.domain.reasons import difference, reading_reason
from fixloop_bot.domain.runs import LatencyBand, StepPhase, StepProgress, StepVerdict
from fixloop_bot.domain.samples import AssertionResult
from tests.adapters.thread_states import CONFIRM, broken, failed
from tests.strategies import checks, shapes


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
        ("shape as before", "shaped as before"),
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


CHECKOUT = Service(name="checkout", base_url="https://checkout.example.com/api")


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (TlsCheck(), "TLS checkout.example.com → trusted, at least 7 days left"),
        (
            TlsCheck(target="db.example.com", expect=("json $.days_left >= 14",)),
            "TLS db.example.com → trusted, at least 14 days left",
        ),
        (TlsCheck(expect=()), "TLS checkout.example.com → trusted"),
        (
            DnsCheck(name="db.example.com", expect=('json $.answers contains "10.0.0.4"',)),
            "DNS A db.example.com → has 10.0.0.4",
        ),
        (DnsCheck(record="MX", servers=("10.0.0.2",)), "DNS MX checkout.example.com at 10.0.0.2 → at least 1 answer"),
        (
            DnsCheck(name="db", servers=("10.0.0.2", "10.0.0.3"), expect=('json $.answers == ["10.0.0.4"]',)),
            "DNS A db at 2 name servers → is 10.0.0.4",
        ),
        (GrpcCheck(service="orders"), "gRPC health orders → SERVING"),
        (GrpcCheck(service="orders", target="db:50051"), "gRPC health orders at db:50051 → SERVING"),
        (GrpcCheck(), "gRPC health checkout.example.com → SERVING"),
        (
            WebsocketCheck(path="/live", send="ping", expect=('body == "pong"',)),
            'WebSocket /live → answers "pong"',
        ),
        (WebsocketCheck(path="/live", send="ping"), "WebSocket /live → answers"),
        (WebsocketCheck(path="/live"), "WebSocket /live → opens"),
        (TcpCheck(target="db:5432"), "TCP db:5432 → accepts"),
        (TcpCheck(target="db:5432", expect=("latency < 50 ms",)), "TCP db:5432 → accepts, each under 50 ms"),
        (TcpCheck(target="mail:25", expect=('body contains "220"',)), 'TCP mail:25 → greets with "220"'),
        (LogsCheck(query="Timeout", times_before=2), 'logs "Timeout" → at most 2 × the hour before'),
        (LogsCheck(query="Timeout", times_before=1), 'logs "Timeout" → at most the hour before'),
        (LogsCheck(query='"a b"', per_minute=0.5), 'logs "a b" → at most 0.5 a minute'),
    ],
)
def test_a_check_of_another_kind(check: Check, words: str) -> None:
    """What is asked, and what it must find; without a target it is the service's own address."""
    assert what(Step(id="s1", title="", role=Role.CONTROL, check=check), service=CHECKOUT) == words


@pytest.mark.parametrize(
    ("source", "subject", "seen", "expected", "words"),
    [
        ("json $.days_left >= 7", "$.days_left", "3", ">= 7", "days left was 3, expected at least 7"),
        (
            'json $.status == "SERVING"', "$.status", '"NOT_SERVING"', '"SERVING"',
            "the health service says NOT_SERVING",
        ),
        ('json $.status == "paid"', "$.status", '"open"', '"paid"', '$.status was "open", expected "paid"'),
        (
            "json $.answers length >= 1", "$.answers length", "0", ">= 1",
            "the number of answers was 0, expected at least 1",
        ),
        ("json $.total == 19.99", "$.total", "", "19.99", "$.total was nothing, expected 19.99"),
    ],
)  # fmt: skip
def test_a_difference_in_the_words_of_its_kind(source: str, subject: str, seen: str, expected: str, words: str) -> None:
    """Certificates, name servers and health services are not spoken of in JSON paths."""
    result = AssertionResult(source=source, held=False, seen=seen, expected=expected, subject=subject)
    assert difference(result) == words


def test_a_log_rate_against_its_limit() -> None:
    """With the unit on both sides."""
    step = Step(id="s1", title="", role=Role.CONFIRMATION, check=LogsCheck(query="Timeout", per_minute=3))
    assert reading_reason(step, StepProgress(step_id="s1", value=42.0)) == (
        "logged 42 a minute, must be at most 3 a minute"
    )


def seen_in(low: float, high: float, **more: Any) -> StepProgress:
    """A decided step whose p95 is known to lie between two bounds."""
    band = LatencyBand(quantile=0.95, ms=(low + high) / 2, low_ms=low, high_ms=high)
    facts = {"phase": StepPhase.DONE, "verdict": StepVerdict.PASSED, "samples": 90, "latency": (band,)}
    return StepProgress(step_id="s1", **{**facts, **more})


def test_errors_have_no_speed() -> None:
    """How fast a 503 came back is no p95 to hold against a limit; one good answer among them makes it one again."""
    step = Step(
        id="s1", title="", role=Role.CONFIRMATION, check=HttpCheck(request=Request(path="/"), expect=("p95 < 400 ms",))
    )
    only_errors = failed("s1", 2, 2, broken(1, 1.0), p95_ms=0.6)
    assert figures(step, only_errors, None) == "2/2 failed (503)"
    assert figures(step, replace(only_errors, samples=3), None) == "2/3 failed (503), p95 0.6 ms (limit 400 ms)"


STEP = Step(id="s1", title="", role=Role.CONTROL, check=HttpCheck(request=Request(path="/"), expect=()))


def lines_beside(before: StepProgress, now: StepProgress, step: Step = STEP) -> tuple[str, ...]:
    return grounds(step, now, replace(CONFIRM, steps=(before,)))


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ((110, 130), "p95 was 90 ms (80–100 ms), now 120 ms (110–130 ms): slower"),
        ((20, 40), "p95 was 90 ms (80–100 ms), now 30 ms (20–40 ms): faster"),
        ((95, 130), None),
        ((100, 130), None),
    ],
)
def test_faster_and_slower_are_only_said_when_it_is_certain(now: tuple[float, float], words: str | None) -> None:
    """While the always-valid bands have a value in common, nothing is said: the figures above have the quantile."""
    before, after = seen_in(80, 100), seen_in(*now)
    assert list(lines_beside(before, after)) == [line for line in (words,) if line]


def test_an_errors_answer_looks_different_and_that_is_no_news() -> None:
    """Where most answers were errors before; a field that a fix takes along is news where most were good."""
    broken = seen_in(80, 100, shapes=('{"error":"text"}',), verdict=StepVerdict.FAILED, samples=20, failed=20)
    partly = seen_in(
        80, 100, shapes=('{"id":"text","total":"number"}',), verdict=StepVerdict.FAILED, samples=20, failed=7
    )
    now = seen_in(80, 100, shapes=('{"id":"text"}',))
    assert not any("has changed" in line for line in lines_beside(broken, now))
    assert "the answer has changed: $.total is gone" in lines_beside(partly, now)


def test_what_else_differs_stands_in_lines_of_its_own() -> None:
    """What is worse first, then what the change means, what was noticed, what is proven, and what else differs."""
    shape = '{"id":"text","total":"number"}'
    before = seen_in(80, 100, shapes=(shape,), statuses=(("200", 13), ("503", 7)))
    after = seen_in(
        110,
        130,
        shapes=('{"id":"text"}',),
        statuses=(("200", 90),),
        note="The same bytes for 25 inputs.",
        claim="error < 5 % at 99 % confidence: 90 samples over 60 s, 0 failures",
        inputs=25,
        replicas=4,
    )
    assert lines_beside(before, after) == (
        "p95 was 90 ms (80–100 ms), now 120 ms (110–130 ms): slower",
        "the answer has changed: $.total is gone",
        "error &lt; 5 % at 99 % confidence: 90 samples over 60 s, 4 replicas, 25 inputs",
        "The same bytes for 25 inputs.",
        "answers before 200 × 13 and 503 × 7, now 200 × 90",
    )
    going = replace(after, phase=StepPhase.RUNNING, verdict=None)
    assert lines_beside(before, going) == ("The same bytes for 25 inputs.",)
    assert len(grounds(STEP, after, None)) == 2
    lost = replace(after, verdict=StepVerdict.INCONCLUSIVE, note="")
    assert not any("could not be decided" in line for line in lines_beside(before, lost))
    same = replace(after, statuses=before.statuses)
    assert not any(line.startswith("answers") for line in lines_beside(before, same))


@given(before=shapes(), now=shapes())
def test_any_shape_can_be_shown(before: str, now: str) -> None:
    """Also one that cannot be read: then nothing is said of it."""
    lines = lines_beside(seen_in(80, 100, shapes=(before,)), seen_in(80, 100, shapes=(now,)))
    changed = [line for line in lines if line.startswith("the answer has changed: ")]
    assert before != now or changed == []
    assert all(len(line) < 5 * LINE_LENGTH for line in lines)


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


def test_the_first_incident_is_compared_with_healthy_times() -> None:
    """Without a run before, what was learned while all was well is the before; what is as it was is not told."""
    healthy = LatencyBand(quantile=0.95, ms=90, low_ms=80, high_ms=100)
    probe = ProbeBaseline(line="GET /", samples=60, shape='{"id":"text","total":"number"}', latency=(healthy,))
    baseline = Baseline(service="checkout", since=0, until=1, probes=(probe,))
    now = seen_in(110, 130, shapes=('{"id":"text"}',))
    assert grounds(STEP, now, None, baseline) == (
        "while it was healthy, p95 was 90 ms (80–100 ms), now 120 ms (110–130 ms): slower",
        "compared with healthy times, the answer has changed: $.total is gone",
    )
    assert grounds(STEP, seen_in(95, 130), None, replace(baseline, probes=(replace(probe, shape=""),))) == ()
    assert grounds(STEP, now, None) == ()
