"""A plan is shown only if every step keeps the catalog's rules; every breach is told in a sentence."""

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.catalog import Allow, Origin, Probe, Service
from fixloop_bot.domain.decision import ProofSettings
from fixloop_bot.domain.errors import PlanRejected
from fixloop_bot.domain.plans import (
    Check,
    DnsCheck,
    GrpcCheck,
    HttpCheck,
    JourneyCheck,
    Leg,
    LogsCheck,
    ManualCheck,
    MetricCheck,
    MonitorCheck,
    ProofOverride,
    Request,
    Role,
    Step,
    TcpCheck,
    TlsCheck,
    WebsocketCheck,
)
from fixloop_bot.domain.vetting.plan import requests_needed, vet

CHECKOUT = Service(
    name="checkout",
    base_url="https://checkout.example.com",
    allow=Allow(
        origins=(Origin.of("https://checkout.example.com"), Origin.of("https://partner.example.com")),
        methods=("GET", "HEAD", "POST"),
        writes=("/checkout",),
    ),
    secrets=(("TOKEN", "env:TOKEN"),),
)
PAY = Request(method="POST", path="/checkout", json_body='{"items": [{"sku": "A1"}]}')
GET = Request(path="/catalog")
PAYS = HttpCheck(request=PAY, expect=("status == 200",))
READS = HttpCheck(request=GET, expect=("status == 200",))
ASK = ManualCheck(instruction="Ask support whether refunds are open.")
METRIC = MetricCheck(query="sum:shop.errors{*}", healthy_when="<", limit=0.01)


def step(number: int, check: Check, **changes: Any) -> Step:
    return replace(Step(id=f"s{number}", title=f"Step number {number}", role=Role.CONFIRMATION, check=check), **changes)


def plan(first: Check = PAYS, **changes: Any) -> tuple[Step, ...]:
    """Five good steps, of which the first may be replaced or changed."""
    others: tuple[Check, ...] = (READS, METRIC, MonitorCheck(monitor_id="123"), ASK)
    return (step(1, first, **changes), *(step(number, check) for number, check in enumerate(others, start=2)))


def reasons(steps: tuple[Step, ...], service: Service | None = CHECKOUT, **options: Any) -> tuple[str, ...]:
    with pytest.raises(PlanRejected) as refused:
        vet(steps, service, **options)
    return refused.value.reasons


def http(expect: tuple[str, ...] = ("status == 200",), inputs: tuple[str, ...] = (), **request: Any) -> HttpCheck:
    return HttpCheck(request=replace(GET, **request), expect=expect, inputs=inputs)


GOOD_JOURNEY = JourneyCheck(
    legs=(
        Leg(request=GET, expect=("status == 200",), capture=(("sku", "json $.items[0].sku"), ("next", "header link"))),
        Leg(request=replace(PAY, json_body='{"sku": "{{sku}}", "qty": {{qty}}}'), expect=("json $.sku == {{sku}}",)),
        Leg(request=replace(GET, path="{{next}}"), expect=("status == 200",)),
    ),
    inputs=('{"qty": 1}', '{"qty": 2}'),
)


@pytest.mark.parametrize(
    "check",
    [
        PAYS,
        GOOD_JOURNEY,
        http(path="/catalog/{{sku}}?page=1", inputs=('{"sku": "A1"}',)),
        http(headers=(("authorization", "Bearer ${TOKEN}"), ("accept", "application/json"))),
        http(expect=("p95 < 400 ms",)),
        MetricCheck(query="avg:x{*}", healthy_when="<=", times_before=1.5),
    ],
)
def test_a_good_plan_comes_back_unchanged(check: Check) -> None:
    """Vetting is a gate, not an editor."""
    steps = plan(check)
    assert vet(steps, CHECKOUT) is steps


BREACHES: list[tuple[Check, str]] = [
    (http(method="DELETE"), "does not allow DELETE"),
    (http(method="POST", path="/admin"), "safe to repeat"),
    (http(path="https://evil.example.com/"), "evil.example.com"),
    (http(path="//evil.example.com/"), "two slashes"),
    (http(path="http://169.254.169.254/latest"), "169.254.169.254"),
    (http(path="/a/../admin"), "dot segment"),
    (http(path="/a b"), "space"),
    (http(headers=(("host", "evil"),)), "host"),
    (http(headers=(("authorization", "Bearer abc"),)), "authorization"),
    (http(headers=(("cookie", "a=b"),)), "cookie"),
    (http(headers=(("x-forwarded-for", "127.0.0.1"),)), "x-forwarded-for"),
    (http(headers=(("accept", "a\r\nhost: b"),)), "control"),
    (http(headers=(("authorization", "${OTHER}"),)), r"\$\{OTHER\} is not a secret"),
    (http(json_body="{nope}"), "not valid JSON"),
    (http(json_body="NaN"), "not valid JSON"),
    (http(json_body='"' + "x" * 70_000 + '"'), "64 KB"),
    (http(json_body="{}", body="x"), "both"),
    (http(body="DELETE /admin HTTP/1.1"), "A GET may not have a body"),
    (http(method="HEAD", json_body="{}"), "A HEAD may not have a body"),
    (http(body=""), "A GET may not have a body"),
    (
        http(path="https://partner.example.com/?k=${TOKEN}"),
        r"\$\{TOKEN\} is for https://checkout.example.com and may not",
    ),
    (
        http(path="https://partner.example.com/{{x}}", headers=(("authorization", "${TOKEN}"),), inputs=('{"x": 1}',)),
        "may not go to https://partner.example.com",
    ),
    (http(path="/catalog/{{sku}}"), r"\{\{sku\}\} is not defined"),
    (http(path="/catalog/{{sku}}", inputs=('{"sku": 1}', '{"id": 1}')), "not defined"),
    (http(expect=("json $.a == {{b}}",)), r"\{\{b\}\} is not defined"),
    (http(inputs=("[1]",)), "input 1 is no JSON object"),
    (http(inputs=('{"a": 1}',) * 51), "51 inputs"),
    (http(expect=()), "expects nothing"),
    (http(expect=("status is fine",)), "cannot be read"),
    (http(expect=('body contains "${TOKEN}"',)), "names a secret"),
    (http(expect=("status == 200",) * 21), "21 expectations"),
    (http(expect=("p99.99 < 1 ms",)), "too many samples"),
    (JourneyCheck(legs=()), "0 requests"),
    (JourneyCheck(legs=(GOOD_JOURNEY.legs[0],) * 6), "6 requests"),
    (JourneyCheck(legs=(GOOD_JOURNEY.legs[1], GOOD_JOURNEY.legs[0])), r"\{\{sku\}\} is not defined"),
    (JourneyCheck(legs=(Leg(request=GET, expect=("status == 200",), capture=(("a", "the id"),)),)), "captures a"),
    (
        JourneyCheck(legs=(Leg(request=GET, expect=("status == 200",), capture=(("a", "json $.a length == 1 #"),)),)),
        "a",
    ),
    (MetricCheck(query=" ", healthy_when="<", limit=1), "query is empty"),
    (MetricCheck(query="x" * 1_001, healthy_when="<", limit=1), "1,001 characters"),
    (MetricCheck(query="x\ny", healthy_when="<", limit=1), "control characters"),
    (MetricCheck(query="x", healthy_when="<"), "exactly one yardstick"),
    (MetricCheck(query="x", healthy_when="<", limit=1, times_before=2), "exactly one yardstick"),
    (MetricCheck(query="x", healthy_when="<", limit=float("nan")), "finite"),
    (MetricCheck(query="x", healthy_when="<", times_before=0), "times_before"),
    (MonitorCheck(monitor_id="12a"), "monitor_id"),
    (ManualCheck(instruction=""), "instruction is empty"),
    (ManualCheck(instruction="x" * 301), "301 characters"),
]


def test_a_secret_goes_where_the_teams_own_probe_sends_it() -> None:
    """The team knows whom it gives its secret to; the same origin is meant, and no other secret."""
    path, headers = "https://partner.example.com/a", (("authorization", "Bearer ${TOKEN}"),)
    probe = Probe(name="p", request=Request(path=path, headers=headers), expect=())
    service = replace(CHECKOUT, probes=(probe,), secrets=(("TOKEN", "env:A"), ("OTHER", "env:B")))
    asked = http(path="https://partner.example.com/b", headers=headers)
    assert vet(plan(asked), service)
    other = http(path="https://partner.example.com/b", headers=(("authorization", "Bearer ${OTHER}"),))
    assert "The secret ${OTHER} is for" in " ".join(reasons(plan(other), service))


@pytest.mark.parametrize(("check", "says"), BREACHES)
def test_a_breach_is_told_with_its_step_and_what_to_do(check: Check, says: str) -> None:
    """The reason names step 1, the trouble, and ends as a sentence; no other step is blamed."""
    found = reasons(plan(check))
    assert all(reason.startswith("Step 1: ") and reason.endswith(".") for reason in found)
    assert any(re.search(says, reason) for reason in found)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"title": ""}, "no title"),
        ({"title": "x" * 76}, "76 characters"),
        ({"title": "a\u202eb"}, "control characters"),
        ({"id": "first"}, "s1"),
        ({"id": "s2"}, "same id"),
        ({"why": "x" * 501}, "reason"),
        ({"proof": ProofOverride(confidence=0.5)}, "tightened"),
        ({"proof": ProofOverride(window_s=5)}, "tightened"),
        ({"proof": ProofOverride(unacceptable=0.2)}, "tightened"),
        ({"proof": ProofOverride(unacceptable=float("nan"))}, "not numbers"),
        ({"proof": ProofOverride(unacceptable=0.001)}, "refused"),
    ],
)
def test_a_steps_words_and_proof_are_checked(changes: dict[str, Any], says: str) -> None:
    """Titles are short plain text, ids unique, and a step may only tighten its service's proof."""
    assert says in " ".join(reasons(plan(**changes)))


def test_a_step_may_tighten_its_proof() -> None:
    """More confidence is allowed, and costs requests."""
    sure = step(1, PAYS, proof=ProofOverride(confidence=0.999, window_s=120))
    assert vet((sure, *plan()[1:]), CHECKOUT)
    assert requests_needed(sure, CHECKOUT) > requests_needed(step(1, PAYS), CHECKOUT)


def test_the_plan_as_a_whole_is_checked() -> None:
    """Five steps unless edited, one confirmation, and something that runs by itself where the catalog allows it."""
    assert "write exactly 5" in reasons(plan()[:4])[0]
    assert len(vet(plan()[:1], CHECKOUT, exactly=None)) == 1
    assert "between 1 and 10" in reasons((), exactly=None)[0]
    controls = tuple(replace(each, role=Role.CONTROL) for each in plan())
    assert "confirmation" in reasons(controls)[0]
    manual = tuple(step(number, ASK) for number in range(1, 6))
    assert "Every step is manual" in reasons(manual)[0]
    assert vet(manual, replace(CHECKOUT, base_url=None)) is manual


def test_without_a_catalog_entry_no_request_is_possible() -> None:
    """Metric, monitor and manual steps remain."""
    found = reasons(plan(), None)
    assert [reason.split(":")[0] for reason in found] == ["Step 1", "Step 2"]
    assert vet(plan(METRIC)[0:1] + plan(METRIC)[2:], None, exactly=4)


def test_the_plan_must_be_affordable() -> None:
    """The fewest samples of every step times the requests in each fit into what the catalog allows for a plan."""
    fewest = CHECKOUT.proof.fewest_samples
    assert requests_needed(step(1, GOOD_JOURNEY), CHECKOUT) == 3 * fewest
    poor = replace(CHECKOUT, allow=replace(CHECKOUT.allow, requests_per_plan=4 * fewest - 1))
    found = reasons(plan(GOOD_JOURNEY), poor)
    assert found[0].startswith("Step 1: the plan needs at least 360 requests")
    assert vet(plan(GOOD_JOURNEY), replace(poor, allow=replace(poor.allow, requests_per_plan=4 * fewest)))
    assert (
        requests_needed(step(1, http(expect=("p99 < 1 s",))), CHECKOUT)
        == ProofSettings(tolerated=0.002, unacceptable=0.01).fewest_samples
    )


def test_all_breaches_are_told_at_once() -> None:
    """A model gets everything to correct in one answer."""
    steps = (step(1, http(method="DELETE"), title=""), *plan()[1:4], step(5, ManualCheck(instruction="")))
    assert len(reasons(steps)) == 3


TEXT = st.text(max_size=30) | st.sampled_from(
    ["{{x}}", "${TOKEN}", "status == 200", "json $.a", "/", "GET", '{"a": 1}']
)
REQUESTS = st.builds(
    Request,
    method=TEXT,
    path=TEXT,
    headers=st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple),
    json_body=st.none() | TEXT,
    body=st.none() | TEXT,
)
LINES = st.lists(TEXT, max_size=2).map(tuple)
LEGS = st.builds(Leg, request=REQUESTS, expect=LINES, capture=st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple))
NUMBERS = st.none() | st.floats()
CHECKS: st.SearchStrategy[Check] = st.one_of(
    st.builds(HttpCheck, request=REQUESTS, expect=LINES, inputs=LINES),
    st.builds(JourneyCheck, legs=st.lists(LEGS, max_size=3).map(tuple), inputs=LINES),
    st.builds(MetricCheck, query=TEXT, healthy_when=st.just("<"), limit=NUMBERS, times_before=NUMBERS),
    st.builds(MonitorCheck, monitor_id=TEXT, group=TEXT),
    st.builds(ManualCheck, instruction=TEXT),
    st.builds(LogsCheck, query=TEXT, per_minute=NUMBERS, times_before=NUMBERS),
    st.builds(TlsCheck, target=TEXT, expect=LINES),
    st.builds(TcpCheck, target=TEXT, expect=LINES),
    st.builds(GrpcCheck, target=TEXT, service=TEXT, expect=LINES),
    st.builds(DnsCheck, name=TEXT, servers=LINES, expect=LINES),
    st.builds(WebsocketCheck, path=TEXT, send=st.none() | TEXT, expect=LINES, inputs=LINES),
)  # fmt: skip


@given(st.lists(CHECKS, max_size=6), TEXT, st.sampled_from([CHECKOUT, None]))
def test_any_plan_is_accepted_or_rejected_with_sentences(
    checks: list[Check], title: str, service: Service | None
) -> None:
    """Nothing but PlanRejected comes out, and every reason is a sentence."""
    steps = tuple(step(number, check, title=title) for number, check in enumerate(checks, start=1))
    try:
        found: tuple[str, ...] | None = () if vet(steps, service) == steps else None
    except PlanRejected as refused:
        found = refused.reasons or None
    assert found is not None
    assert all(reason.endswith(".") for reason in found)
