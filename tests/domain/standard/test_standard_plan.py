"""Without a model there are still five steps, and they always pass the vetting."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixloop_bot.domain.catalog import Allow, Origin, Probe, Service, Slo
from fixloop_bot.domain.decision import ProofSettings
from fixloop_bot.domain.incidents import SignalLine
from fixloop_bot.domain.openapi.operations import Operation, operations
from fixloop_bot.domain.plans import (
    GrpcCheck,
    HttpCheck,
    JourneyCheck,
    LogsCheck,
    ManualCheck,
    MetricCheck,
    MonitorCheck,
    Plan,
    PlanSource,
    Request,
    Role,
    Step,
    TlsCheck,
)
from fixloop_bot.domain.signals import Comparator, IdentityKind, Measure, Transition
from fixloop_bot.domain.standard.plan import standard_plan
from fixloop_bot.domain.vetting.plan import vet

ERRORS = "sum:shop.errors{service:checkout}.as_count() / sum:shop.requests{service:checkout}.as_count()"
PAY = Probe(
    name="a cart can be paid",
    request=Request(method="POST", path="/checkout", json_body='{"items": []}'),
    expect=("status == 200", "json $.total == 19.99"),
    inputs=('{"sku": "A1"}',),
)
BROWSE = Probe(name="the catalog lists products", request=Request(path="/catalog"), expect=("status == 200",))
ALLOW = Allow(
    origins=(Origin.of("https://checkout.example.com"),), methods=("GET", "HEAD", "POST"), writes=("/checkout",)
)
CHECKOUT = Service(
    name="checkout",
    base_url="https://checkout.example.com",
    slo=Slo(error_rate=0.01, p95_ms=400),
    metrics=(("error_rate", ERRORS),),
    allow=ALLOW,
    probes=(BROWSE, PAY),
)
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "paths": {
        "/health": {"get": {"responses": {"200": {"description": "ok"}}}},
        "/checkout": {
            "post": {
                "summary": "Pay a cart",
                "requestBody": {"content": {"application/json": {"example": {"items": []}}}},
                "responses": {"200": {"description": "ok"}},
            }
        },
        "/products": {
            "get": {
                "responses": {
                    "200": {
                        "description": "ok",
                        "content": {"application/json": {"schema": {"type": "array", "items": {"type": "object"}}}},
                    }
                }
            }
        },
        "/carts/{id}": {
            "get": {
                "parameters": [{"name": "id", "in": "path", "required": True, "example": "c1"}],
                "summary": "A checkout's cart",
                "responses": {"200": {"description": "ok"}},
            }
        },
        "/admin": {"post": {"responses": {"200": {"description": "ok"}}}},
    },
}


def signal(title: str = "Checkout error rate is high", **more: Any) -> SignalLine:
    values: dict[str, Any] = {
        "identity": title,
        "identity_kind": IdentityKind.CYCLE,
        "transition": Transition.TRIGGERED,
        "first_at": 1.0,
        "last_at": 1.0,
    }
    return SignalLine(title=title, **(values | more))


def made(
    service: Service | None,
    *signals: SignalLine,
    found: Sequence[Operation] = (),
    why: str = "the model did not answer",
    measured: bool = True,
) -> Plan:
    plan = standard_plan(
        service=service, signals=signals, operations=found, version=3, made_at=7.0, why=why, measured=measured
    )
    assert vet(plan.steps, service) == plan.steps
    assert [step.id for step in plan.steps] == ["s1", "s2", "s3", "s4", "s5"]
    return plan


def http(step: Step) -> HttpCheck:
    assert isinstance(step.check, HttpCheck)
    return step.check


def test_what_cannot_be_measured_takes_no_place() -> None:
    """Without keys for telemetry a metric, a monitor and logs would be skipped: steps that can look stand there."""
    measure = Measure(query=ERRORS, comparator=Comparator.ABOVE, limit=0.01)
    alert = signal(measure=measure, monitor_id="123", scope="service:checkout")
    kinds = [step.check.kind for step in made(CHECKOUT, alert, measured=False).steps]
    assert kinds == ["http", "http", "http", "tls", "manual"]
    assert [step.check.kind for step in made(None, alert, measured=False).steps] == ["manual"] * 5


def test_probes_without_a_place_are_told_of() -> None:
    """A probe that silently did not run would be taken for one that passed; and its name is cut between words."""
    name = "Whoever has a voucher can pay with it, and sees what is left of it afterwards in the mail"
    many = tuple(replace(PAY, name=f"{number} {name}") for number in range(1, 9))
    plan = made(replace(CHECKOUT, probes=many), signal())
    assert plan.note.startswith("standard plan: the model did not answer; ")
    assert "of 8 probes found no place and can be added" in plan.note
    ends = [step.title.removesuffix("…").split()[-1] for step in plan.steps if "voucher" in step.title]
    assert ends
    assert set(ends) <= set(name.split())
    assert "no place" not in made(CHECKOUT, signal()).note


def test_probes_slo_and_metric_make_the_plan() -> None:
    """The probe that the alert is about, its speed, the alert's own metric, a probe beside it, and one more look."""
    measure = Measure(query=ERRORS, comparator=Comparator.ABOVE, limit=0.01)
    plan = made(CHECKOUT, signal(measure=measure, monitor_id="123", scope="service:checkout"))
    assert [(step.title, step.role.value, step.check.kind) for step in plan.steps] == [
        ("A cart can be paid", "confirmation", "http"),
        ("Checkout is fast again", "confirmation", "http"),
        ("The error rate is under 1 % again", "confirmation", "metric"),
        ("The catalog lists products", "control", "http"),
        ("The monitor is OK again", "confirmation", "monitor"),
    ]
    assert (plan.source, plan.note) == (PlanSource.STANDARD, "standard plan: the model did not answer")
    assert (plan.version, plan.made_at) == (3, 7.0)
    assert all(step.why for step in plan.steps)
    assert http(plan.steps[0]) == HttpCheck(request=PAY.request, expect=PAY.expect, inputs=PAY.inputs)
    assert http(plan.steps[1]).expect == ("status == 200", "p95 < 400 ms")
    assert plan.steps[2].check == MetricCheck(query=ERRORS, healthy_when="<=", limit=0.01)
    assert plan.steps[4].check == MonitorCheck(monitor_id="123", group="service:checkout")


OK = ("status == 200",)


def probes(count: int) -> tuple[Probe, ...]:
    return tuple(
        Probe(name=f"Look {number}", request=Request(path=f"/look/{number}"), expect=OK) for number in range(count)
    )


@pytest.mark.parametrize("count", [1, 3, 4, 5])
def test_every_probe_of_the_team_runs_before_anything_made_up(count: int) -> None:
    """A probe without a place is a test that silently did not run; only the alert's own measure is worth as much."""
    trusted = [f"Look {number}" for number in range(count)]
    service = replace(CHECKOUT, probes=probes(count))
    assert [step.title for step in made(service).steps if step.title in trusted] == trusted
    measure = Measure(query=ERRORS, comparator=Comparator.ABOVE, limit=0.01)
    alerted = made(service, signal(measure=measure, monitor_id="123", scope="service:checkout"))
    assert [step.title for step in alerted.steps if step.title in trusted] == trusted[:4]
    assert "The error rate is under 1 % again" in [step.title for step in alerted.steps]


def test_a_probe_beside_the_symptom_goes_before_the_monitor() -> None:
    """The team's test of something else may be the one that sees the bug; the monitor says what the alert has said."""
    beside = (*probes(3), PAY)
    measure = Measure(query=ERRORS, comparator=Comparator.ABOVE, limit=0.01)
    plan = made(replace(CHECKOUT, probes=beside), signal(measure=measure, monitor_id="123", scope="service:checkout"))
    assert {"A cart can be paid", "Look 0", "Look 1", "Look 2"} <= {step.title for step in plan.steps}
    assert not [step for step in plan.steps if isinstance(step.check, MonitorCheck)]


def test_a_latency_alert_is_answered_with_a_step_for_speed() -> None:
    """However many probes there are: without it the plan would not cover the symptom."""
    plan = made(replace(CHECKOUT, probes=probes(5)), signal("p95 latency of checkout is high"))
    assert "Checkout is fast again" in [step.title for step in plan.steps]


def test_the_probe_that_the_alert_names_comes_first() -> None:
    """Words that alert and probe share decide; without any, writes come before reads."""
    assert made(CHECKOUT, signal("Products: too many errors in the catalog")).steps[0].title == BROWSE.name.replace(
        "the", "The", 1
    )
    assert made(CHECKOUT, signal("Disk full")).steps[0].title == "A cart can be paid"


def test_an_openapi_document_stands_in_for_probes() -> None:
    """The related operation confirms, a read beside it controls; forbidden writes and example ids are left out."""
    service = Service(name="checkout", base_url="https://checkout.example.com", allow=ALLOW)
    plan = made(service, signal(), found=operations(DOCUMENT))
    assert [(step.title, step.role) for step in plan.steps[:2]] == [
        ("The checkout works again", Role.CONFIRMATION),
        ("The products still work", Role.CONTROL),
    ]
    assert http(plan.steps[0]).request.json_body == '{"items":[]}'
    assert http(plan.steps[1]).expect == (
        "status == 200",
        "header content-type contains json",
        'schema {"type":"array","items":{"type":"object"}}',
    )
    assert "/admin" not in str(plan.steps)
    assert "/carts" not in str(plan.steps)


def test_documented_values_and_listed_things_vary_what_is_asked() -> None:
    """An operation is asked with all of its documented values, and a journey looks up what was just listed."""
    item = {"type": "object", "properties": {"id": {"type": "string"}}}
    listed = {"content": {"application/json": {"schema": {"type": "array", "items": item}}}, "description": "ok"}
    size = {"name": "size", "in": "query", "required": True, "schema": {"enum": ["S", "M", "L"]}}
    known = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    paths = {
        "/checkout/quote": {"get": {"parameters": [size], "responses": {"200": {"description": "ok"}}}},
        "/products": {"get": {"responses": {"200": listed}}},
        "/products/{id}": {"get": {"parameters": [known], "responses": {"200": {"description": "ok"}}}},
        "/offers": {"get": {"responses": {"200": {"description": "ok"}}}},
    }
    service = Service(name="checkout", base_url="https://checkout.example.com", allow=ALLOW)
    plan = made(service, signal(), found=operations({"openapi": "3.1.0", "paths": paths}))
    quote = http(plan.steps[0])
    assert quote.request.line() == "GET /checkout/quote?size={{size}}"
    assert quote.inputs == ('{"size": "S"}', '{"size": "M"}', '{"size": "L"}')
    lookup = next(step for step in plan.steps if isinstance(step.check, JourneyCheck))
    assert (lookup.title, lookup.role) == ("What /products lists can be looked up", Role.CONTROL)
    assert [step.check.kind for step in plan.steps].count("http") == 2, "one value of an operation is not another step"


def test_with_a_base_url_alone_the_service_must_at_least_answer() -> None:
    """Two automatic steps remain even without probes, documents and metrics: does it answer, is it trusted."""
    plan = made(Service(name="checkout", base_url="https://checkout.example.com"), signal())
    assert http(plan.steps[0]).request == Request(path="/")
    assert [step.check.kind for step in plan.steps] == ["http", "tls", "manual", "manual", "manual"]
    assert plan.steps[1].check == TlsCheck(expect=("json $.days_left >= 7",))
    assert plan.steps[1].role is Role.CONTROL
    plain = made(Service(name="checkout", base_url="http://checkout.example.com"), signal())
    assert [step.check.kind for step in plain.steps] == ["http", "manual", "manual", "manual", "manual"]


def test_a_certificate_takes_no_place_from_what_says_more() -> None:
    """Probes, metrics and the monitor fill the plan; only then it would have been a step by hand."""
    measure = Measure(query=ERRORS, comparator=Comparator.ABOVE, limit=0.01)
    full = made(CHECKOUT, signal(measure=measure, monitor_id="123"))
    assert "tls" not in [step.check.kind for step in full.steps]
    assert [step.check.kind for step in made(CHECKOUT, signal()).steps].count("tls") == 1


def test_error_logs_are_watched_where_the_trouble_is_one_of_errors() -> None:
    """The service's own search against twice the hour before, after metrics and before the certificate."""
    service = Service(
        name="checkout", base_url="https://checkout.example.com", allow=ALLOW, logs="service:checkout status:error"
    )
    plan = made(service, signal("Too many errors"))
    assert [step.check.kind for step in plan.steps] == ["logs", "http", "tls", "manual", "manual"]
    assert plan.steps[0].check == LogsCheck(query="service:checkout status:error", times_before=2.0)
    assert plan.steps[0].role is Role.CONFIRMATION
    assert "The error logs are quiet" not in [step.title for step in plan.steps]
    calm = made(service, signal("Queue is long"))
    assert "logs" not in [step.check.kind for step in calm.steps]
    assert "The error logs are quiet" in [step.title for step in calm.steps]


def test_a_probe_of_another_kind_is_the_step_itself() -> None:
    """What the team wrote into the catalog, a gRPC health check for instance, stands in the plan as it is."""
    health = GrpcCheck(service="orders")
    probe = Probe(name="orders are served", expect=health.expect, check=health)
    service = Service(name="orders", base_url="https://orders.example.com", probes=(probe,))
    step = made(service, signal("Orders fail")).steps[0]
    assert (step.title, step.check, step.role) == ("Orders are served", health, Role.CONFIRMATION)


def test_a_refused_control_does_not_leave_the_plan_without_one() -> None:
    """A probe beside the symptom that may not be sent gives its place to the plain question whether it answers."""
    stray = Probe(name="far away", request=Request(path="https://evil.example.com/"), expect=("status == 200",))
    service = Service(name="checkout", base_url="https://checkout.example.com", allow=ALLOW, probes=(stray, PAY))
    assert [step.title for step in made(service, signal()).steps[:2]] == [
        "A cart can be paid",
        "The service still answers",
    ]
    dear = Probe(name="dear", request=Request(path="/"), expect=("p99 < 400 ms",))
    poor = Service(
        name="checkout", base_url="https://checkout.example.com", allow=Allow(requests_per_plan=90), probes=(dear,)
    )
    assert http(made(poor).steps[0]).request == Request(path="/")


def test_without_a_catalog_entry_nothing_is_requested() -> None:
    """Metric and monitor of the signal, and things for people, each different and concrete."""
    measure = Measure(query="avg:queue.depth{*}", comparator=Comparator.AT_LEAST, limit=100)
    plan = made(None, signal("Queue is deep", measure=measure, monitor_id="9"))
    assert [step.check.kind for step in plan.steps] == ["metric", "monitor", "manual", "manual", "manual"]
    assert plan.steps[0].title == "The alert's own metric is under 100 again"
    assert plan.steps[0].check == MetricCheck(query="avg:queue.depth{*}", healthy_when="<", limit=100)
    bare = made(None)
    instructions = {step.check.instruction for step in bare.steps if isinstance(step.check, ManualCheck)}
    assert len(instructions) == 5


@pytest.mark.parametrize(
    ("query", "limit", "expect"),
    [
        ("p95:trace.http.request{service:checkout}", 0.4, "p95 < 400 ms"),
        ("avg:checkout.latency_ms{*}", 250, "p95 < 250 ms"),
        ("avg:checkout.latency{*}", 250, None),
    ],
)
def test_a_latency_alert_brings_its_limit_where_the_unit_is_known(query: str, limit: float, expect: str | None) -> None:
    """Seconds and milliseconds are told by the metric; a unit is never guessed."""
    service = Service(name="checkout", base_url="https://checkout.example.com", allow=ALLOW, probes=(PAY,))
    measure = Measure(query=query, comparator=Comparator.ABOVE, limit=limit)
    plan = made(service, signal("Checkout latency is high", measure=measure))
    claims = [line for step in plan.steps if isinstance(step.check, HttpCheck) for line in step.check.expect]
    assert [line for line in claims if line.startswith("p95")] == ([expect] if expect else [])


def test_a_metric_without_a_limit_is_held_against_the_hour_before() -> None:
    """No SLO is no reason to leave real traffic out."""
    service = Service(name="checkout", metrics=(("error_rate", ERRORS),))
    assert made(service).steps[0].check == MetricCheck(query=ERRORS, healthy_when="<=", times_before=1.5)


TEXT = st.text(max_size=100) | st.sampled_from(["checkout", "a cart can be paid", "latency p95", "error\nrate", ""])
PATHS = TEXT | st.sampled_from(["/", "/checkout", "/catalog/{{id}}", "//evil", "https://evil.example.com", "/a/../b"])
METHODS = st.sampled_from(["GET", "HEAD", "POST", "DELETE", "get"])
LINES = st.lists(
    st.sampled_from(
        ["status == 200", "json $.a == 1", "p95 < 400 ms", "p99.9 < 1 ms", "nonsense", "body contains {{x}}"]
    )
).map(tuple)
REQUESTS = st.builds(Request, method=METHODS, path=PATHS, json_body=st.none() | TEXT)
CHECKS = st.none() | st.builds(GrpcCheck, target=TEXT, expect=LINES) | st.builds(TlsCheck, target=TEXT, expect=LINES)
PROBES = st.builds(Probe, name=TEXT, request=REQUESTS, expect=LINES, inputs=st.just(()), check=CHECKS)
POSITIVE = st.none() | st.floats() | st.sampled_from([0.01, 400.0, 1e-9])
OPERATIONS = st.builds(
    Operation,
    method=METHODS,
    path=PATHS,
    summary=TEXT,
    status=st.none() | st.integers(0, 999),
    content_type=st.none() | st.just("application/json"),
    response_schema=st.none() | st.sampled_from(["{}", '{"type": 5}', '{"enum": ["{{x}}"]}', "nope"]),
    ready_path=st.none() | PATHS,
    json_body=st.none() | TEXT,
    varied=st.none() | REQUESTS,
    inputs=st.sampled_from([(), ('{"id": 1}', '{"id": 2}'), ("nonsense",)]),
)
SERVICES = st.builds(
    Service,
    name=TEXT,
    base_url=st.none() | st.sampled_from(["https://checkout.example.com", "http://127.0.0.1:8080/api", "nonsense"]),
    slo=st.builds(Slo, error_rate=POSITIVE, p95_ms=POSITIVE),
    proof=st.sampled_from([ProofSettings(), ProofSettings(unacceptable=0.02, max_samples=2_000)]),
    metrics=st.lists(st.tuples(st.sampled_from(["error_rate", "p95_ms", "other"]), TEXT), max_size=3).map(tuple),
    allow=st.builds(
        Allow,
        methods=st.lists(METHODS, max_size=4).map(tuple),
        writes=st.sampled_from([(), ("/",), ("/checkout",)]),
        requests_per_plan=st.integers(0, 1_000) | st.just(3_000),
    ),
    probes=st.lists(PROBES, max_size=6).map(tuple),
    logs=st.none() | TEXT,
)
MEASURES = st.builds(Measure, query=TEXT, comparator=st.sampled_from(Comparator), limit=st.floats())
SIGNALS = st.builds(
    signal,
    TEXT,
    measure=st.none() | MEASURES,
    monitor_id=st.none() | TEXT | st.just("123"),
    scope=TEXT,
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.none() | SERVICES, st.lists(SIGNALS, max_size=4), st.lists(OPERATIONS, max_size=6), TEXT)
def test_any_catalog_and_any_signals_give_five_steps_that_pass(
    service: Service | None, signals: list[SignalLine], found: list[Operation], why: str
) -> None:
    """Five steps, vetted, with titles and reasons; the note is one line."""
    plan = made(service, *signals, found=found, why=why)
    assert all(step.title and step.why for step in plan.steps)
    assert plan.note.isprintable()
