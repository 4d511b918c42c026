"""Strict reading of submitted steps: harmless differences are repaired, every problem is one sentence."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixloop_bot.adapters.minimax.fields import StepFields
from fixloop_bot.adapters.minimax.schema import MOST_COMPLAINTS, plan_tool, read_steps
from fixloop_bot.application.ports import UnusableAnswer
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
    Request,
    Role,
    Step,
    TcpCheck,
    TlsCheck,
    WebsocketCheck,
    plan_hash,
)
from tests.adapters.minimax_endpoint import STEPS

BASE = "https://shop.example.com/api"
DROPPED = object()


def read(steps: list[Any], base_url: str | None = BASE) -> tuple[Step, ...]:
    return read_steps(steps, base_url=base_url, raw="raw")


def first(**changes: Any) -> Step:
    """The plan's first step, an http one, with some fields changed or dropped."""
    fields = {**STEPS[0], **changes}
    return read([{key: value for key, value in fields.items() if value is not DROPPED}, *STEPS[1:]])[0]


def http(**changes: Any) -> HttpCheck:
    check = first(**changes).check
    assert isinstance(check, HttpCheck)
    return check


def complaints(steps: list[Any]) -> tuple[str, ...]:
    with pytest.raises(UnusableAnswer) as caught:
        read(steps)
    assert caught.value.raw == "raw"
    return caught.value.complaints


def complaint(**changes: Any) -> str:
    fields = {**STEPS[0], **changes}
    (only,) = complaints([{key: value for key, value in fields.items() if value is not DROPPED}, *STEPS[1:]])
    return only


def test_a_plan_as_asked_for_becomes_five_steps() -> None:
    """Every kind arrives in the core's own types, with ids s1 to s5, in order."""
    steps = read(STEPS)
    assert [step.id for step in steps] == ["s1", "s2", "s3", "s4", "s5"]
    assert [step.role for step in steps] == [Role.CONFIRMATION] * 3 + [Role.CONTROL] * 2
    assert [step.check for step in steps] == [
        HttpCheck(
            request=Request(
                method="POST", path="/checkout", json_body='{"items":[{"sku":"A1","price":19.99,"qty":1}]}'
            ),
            expect=("status == 200", "json $.total == 19.99"),
        ),
        JourneyCheck(
            legs=(
                Leg(
                    request=Request(method="POST", path="/checkout", json_body='{"items":[]}'),
                    expect=("status == 200",),
                    capture=(("id", "json $.id"),),
                ),
                Leg(request=Request(path="/orders/{{id}}"), expect=("status == 200",)),
            )
        ),
        MetricCheck(query="p95:shop.latency{service:checkout}", healthy_when="<", limit=400.0),
        HttpCheck(request=Request(path="/catalog"), expect=("status == 200", "json $.items length == 12")),
        ManualCheck(instruction="Ask support."),
    ]
    assert len(plan_hash(steps)) == 64


@pytest.mark.parametrize(
    ("said", "role"),
    [("Confirmation", "confirmation"), ("proof", "confirmation"), ("control_step", "control"), ("Baseline", "control")],
)
def test_synonyms_of_a_role(said: str, role: str) -> None:
    """A role in other words is understood."""
    assert first(role=said).role == role


@pytest.mark.parametrize(
    ("expect", "lines"),
    [
        ("status == 200", ("status == 200",)),
        ("status == 200\njson $.total == 19.99\n", ("status == 200", "json $.total == 19.99")),
        (200, ("status == 200",)),
        ("200", ("status == 200",)),
        ([200, "json $.id exists"], ("status == 200", "json $.id exists")),
        ({"status": 200, "$.total": 19.99}, ("status == 200", "json $.total == 19.99")),
        ([{"status": "503"}], ("status == 503",)),
        (["$.total == 19.99"], ("json $.total == 19.99",)),
        (["status == 200", "status == 200", " "], ("status == 200",)),
    ],
)
def test_expectations_in_other_forms(expect: Any, lines: tuple[str, ...]) -> None:
    """A line for a list, a number for a status, names with values: all become lines."""
    assert http(expect=expect).expect == lines


def test_a_status_in_a_field_of_its_own() -> None:
    """``status: 200`` beside expect is one more line."""
    assert http(status=200, expect=["json $.id exists"]).expect == ("status == 200", "json $.id exists")


@pytest.mark.parametrize(
    ("path", "method", "line"),
    [
        ("GET /catalog", DROPPED, "GET /catalog"),
        ("post  /checkout", DROPPED, "POST /checkout"),
        ("/checkout", "post", "POST /checkout"),
        (f"{BASE}/checkout?a=1", "GET", "GET /checkout?a=1"),
        ("HTTPS://SHOP.example.com:443/api", "GET", "GET /"),
        ("GET https://shop.example.com/api/cart", DROPPED, "GET /cart"),
        ("/redirect?to=https://shop.example.com/", "GET", "GET /redirect?to=https://shop.example.com/"),
    ],
)
def test_method_and_path_in_other_forms(path: str, method: Any, line: str) -> None:
    """The service's own address becomes a path; a method in front of the path moves to its place."""
    assert http(path=path, method=method).request.line() == line


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example.com/api/checkout",
        "http://shop.example.com/api/checkout",
        "https://shop.example.com:8443/api/checkout",
        "https://shop.example.com.evil.com/api/x",
        "https://shop.example.com/elsewhere",
        "https://shop.example.com/apidocs",
        "//evil.example.com/x",
        "http://169.254.169.254/latest",
        "http://[broken/x",
        "file:///etc/passwd",
    ],
)
def test_another_host_is_never_a_path(path: str) -> None:
    """The model picks no hosts; the complaint says what to write instead."""
    assert complaint(path=path) == ("Step 1, path: it names a host; write a path of the service, beginning with /.")


def test_nested_and_renamed_fields() -> None:
    """A request inside a check, and the usual other names, are the same step."""
    step = {
        "name": "A cart can be paid",
        "reason": "Payments fail.",
        "role": "confirm",
        "type": "HTTP",
        "check": {
            "request": {
                "method": "POST",
                "url": "/checkout",
                "headers": [{"name": "X-Try", "value": 1}, "Accept: application/json"],
                "body": {"a": "ü"},
            },
            "assertions": "status == 200",
        },
        "inputs": {"qty": 1},
    }
    read_step = read([step, *STEPS[1:]])[0]
    assert (read_step.title, read_step.why) == ("A cart can be paid", "Payments fail.")
    assert read_step.check == HttpCheck(
        request=Request(
            method="POST",
            path="/checkout",
            headers=(("X-Try", "1"), ("Accept", "application/json")),
            json_body='{"a":"ü"}',
        ),
        expect=("status == 200",),
        inputs=('{"qty":1}',),
    )


def test_json_given_as_text_is_the_json_itself() -> None:
    """A body that was encoded once more is sent as what it spells."""
    check = http(json='{"items": []}', inputs='[{"qty": 1}, {"qty": 2}]')
    assert check.request.json_body == '{"items":[]}'
    assert check.inputs == ('{"qty":1}', '{"qty":2}')


def test_metric_and_monitor_in_other_words() -> None:
    """Comparisons in words and numbers as text are understood; a limit beats a multiple."""
    metric = {**STEPS[2], "healthy_when": "below", "limit": "0.01", "times_before": 2}
    monitor = {"title": "Quiet", "role": "control", "kind": "monitor", "monitor_id": 4711, "group": "env:prod"}
    steps = read([metric, monitor, *STEPS[2:]])
    assert steps[0].check == MetricCheck(query="p95:shop.latency{service:checkout}", healthy_when="<", limit=0.01)
    assert steps[1].check == MonitorCheck(monitor_id="4711", group="env:prod")


def test_long_and_broken_text_is_made_fit_for_a_card() -> None:
    """Titles are one line and bounded; half a character becomes a whole one that can be stored."""
    step = first(title="A\n\tcart \u202e" + "x" * 500, why="\ud800")
    assert step.title.startswith("A cart x")
    assert len(step.title) == 120
    assert step.why == "\ufffd"


def other(**fields: Any) -> Check:
    """A step of another kind, without the fields of an http one."""
    return read([{"title": "It works", "role": "control", **fields}, *STEPS[1:]])[0].check


@pytest.mark.parametrize(
    ("fields", "check"),
    [
        ({"kind": "logs", "query": "Timeout", "times_before": 2}, LogsCheck(query="Timeout", times_before=2)),
        ({"kind": "tls"}, TlsCheck()),
        (
            {"kind": "tls", "target": "shop.example.com", "expect": ["json $.days_left >= 14"]},
            TlsCheck(target="shop.example.com", expect=("json $.days_left >= 14",)),
        ),
        (
            {"kind": "dns", "target": "shop.example.com", "record": "AAAA", "servers": ["10.0.0.2"]},
            DnsCheck(name="shop.example.com", record="AAAA", servers=("10.0.0.2",)),
        ),
        ({"kind": "tcp", "target": "db:5432"}, TcpCheck(target="db:5432")),
        ({"kind": "grpc", "service": "orders"}, GrpcCheck(service="orders")),
        (
            {"kind": "websocket", "path": "/live", "send": "ping", "expect": ['body == "pong"']},
            WebsocketCheck(path="/live", send="ping", expect=('body == "pong"',)),
        ),
    ],
)
def test_the_other_kinds_as_they_are_offered(fields: dict[str, Any], check: Check) -> None:
    """What a step leaves out is what its check expects by itself."""
    assert other(**fields) == check


@pytest.mark.parametrize(
    ("fields", "check"),
    [
        ({"kind": "SSL", "host": "https://shop.example.com/"}, TlsCheck(target="shop.example.com")),
        ({"type": "certificate", "min_days": 14}, TlsCheck(expect=("json $.days_left >= 14",))),
        ({"kind": "ssl-certificate", "expect": "days_left > 7"}, TlsCheck(expect=("json $.days_left > 7",))),
        ({"kind": "tls", "hostname": "db.example.com", "port": 8443}, TlsCheck(target="db.example.com:8443")),
        ({"kind": "tls", "url": "https://evil.example.com"}, TlsCheck(target="evil.example.com")),
        ({"kind": "dns", "name": "shop.example.com", "type": "aaaa"}, DnsCheck(name="shop.example.com", record="AAAA")),
        (
            {"kind": "dns_lookup", "answers": ["10.0.0.4"], "nameservers": "10.0.0.2, 10.0.0.3"},
            DnsCheck(servers=("10.0.0.2", "10.0.0.3"), expect=('json $.answers contains "10.0.0.4"',)),
        ),
        ({"check": {"type": "dns", "name": "shop.example.com"}}, DnsCheck(name="shop.example.com")),
        ({"kind": "port", "address": "tcp://db:5432"}, TcpCheck(target="db:5432")),
        ({"kind": "grpc_health", "service_name": "orders", "status": "SERVING"}, GrpcCheck(service="orders")),
        ({"kind": "gRPC health check", "expect": ["status == SERVING"]}, GrpcCheck()),
        (
            {"kind": "ws", "url": "wss://shop.example.com/api/live", "message": {"op": "ping"}},
            WebsocketCheck(path="/live", send='{"op": "ping"}'),
        ),
        ({"kind": "log search", "query": "Timeout", "per_minute": "3"}, LogsCheck(query="Timeout", per_minute=3)),
    ],
)
def test_the_other_kinds_in_other_words(fields: dict[str, Any], check: Check) -> None:
    """Names that a model would really write; an address is the written one, never quietly the service's own."""
    assert other(**fields) == check


@pytest.mark.parametrize("count", [1, 4, 6, 30])
def test_not_five_steps(count: int) -> None:
    """Fewer and more are refused, with the number."""
    said = complaints([STEPS[0]] * count)
    assert said == (f"The plan has {count} steps; it must have exactly 5.",)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"title": DROPPED}, "Step 1, title: it is missing."),
        ({"role": DROPPED}, "Step 1, role: it is missing."),
        ({"role": "boss"}, "Step 1, role: Input should be 'confirmation' or 'control', not \"boss\"."),
        (
            {"kind": "sql"},
            "Step 1, kind: Input should be 'http', 'journey', 'metric', 'monitor', 'logs', 'tls', 'dns', 'tcp', "
            "'grpc', 'websocket' or 'manual', not \"sql\".",
        ),
        ({"path": DROPPED}, "Step 1, path: it is missing."),
        ({"path": "checkout"}, "Step 1, path: it must begin with /."),
        (
            {"path": "/orders/{id}"},
            "Step 1, path: it has an unfilled parameter; write a real value, or {{name}} with inputs.",
        ),
        ({"expect": DROPPED}, "Step 1, expect: at least one line is needed."),
        ({"expect": []}, "Step 1, expect: at least one line is needed."),
        ({"inputs": [1]}, "Step 1, inputs[0]: Input should be a valid dictionary, not 1."),
        ({"json": {"a": float("nan")}}, "Step 1, json: it cannot be written as JSON."),
        ({"json": {"a": "x" * 30_000}}, "Step 1, json: it is longer than 20000 characters."),
        ({"headers": {"A": ["b"]}}, 'Step 1, headers.A: Input should be a valid string, not ["b"].'),
        ({"kind": "journey"}, "Step 1, legs: a journey needs at least one request."),
        ({"kind": "logs"}, "Step 1, query: it is missing; a logs step needs it."),
        (
            {"kind": "logs", "query": "Timeout", "limit": 3},
            "Step 1, per_minute: a logs step needs per_minute or times_before.",
        ),
        ({"kind": "logs", "query": "q", "per_minute": 0}, "Step 1, per_minute: Input should be greater than 0, not 0."),
        (
            {"kind": "dns", "record": "PTR"},
            "Step 1, record: Input should be 'A', 'AAAA', 'CNAME', 'MX', 'NS', 'SRV' or 'TXT', not \"PTR\".",
        ),
        (
            {"kind": "websocket", "path": "wss://evil.example.com/live"},
            "Step 1, path: it names a host; write a path of the service, beginning with /.",
        ),
        ({"kind": "metric"}, "Step 1, query: it is missing; a metric step needs it."),
        ({"kind": "monitor"}, "Step 1, monitor_id: it is missing; a monitor step needs it."),
        ({"kind": "metric", "query": "q"}, "Step 1, healthy_when: it is missing; it must be one of <, <=, >, >=."),
        (
            {"kind": "metric", "query": "q", "healthy_when": "<"},
            "Step 1, limit: a metric step needs limit or times_before.",
        ),
        (
            {"kind": "metric", "query": "q", "healthy_when": "<", "limit": "much"},
            'Step 1, limit: Input should be a valid number, not "much".',
        ),
    ],
)
def test_a_problem_is_one_sentence_with_step_and_field(changes: dict[str, Any], sentence: str) -> None:
    """What the model has to correct, where, and what it wrote."""
    assert complaint(**changes) == sentence


def test_an_expect_line_that_cannot_be_read_is_quoted() -> None:
    """Each unreadable line of a step or a leg is its own complaint."""
    legs = [{"method": "GET", "path": "/a", "expect": ["status is fine"]}]
    said = complaints(
        [
            {**STEPS[0], "expect": ["nonsense", "status == 200", "json total == 1"]},
            {**STEPS[1], "legs": legs},
            *STEPS[2:],
        ]
    )
    assert [line.partition(": ")[0] for line in said] == ["Step 1, expect", "Step 1, expect", "Step 2, legs[0].expect"]
    assert "nonsense" in said[0]
    assert "json total == 1" in said[1]
    assert "status is fine" in said[2]


def test_every_problem_is_told_but_not_without_end() -> None:
    """Several steps' problems come together, up to a dozen."""
    said = complaints([{"kind": "http"}, 7, {**STEPS[2], "healthy_when": "?"}, *STEPS[3:]])
    assert "Step 2, the whole step: it must be a JSON object." in said
    assert {line[:6] for line in said} == {"Step 1", "Step 2", "Step 3"}
    assert len(complaints([{"inputs": [1] * 50}] * 5)) == MOST_COMPLAINTS


def test_json_that_is_nested_without_end_is_a_complaint() -> None:
    """A value deeper than the stack is refused, not crashed over."""
    value: Any = 1
    for _ in range(900):
        value = [value]
    assert complaint(json=value) == "Step 1: it is nested too deeply."


def test_the_offered_schema_is_the_one_that_is_read() -> None:
    """Whatever the tool offers, the reader takes; and it is small enough for MiniMax."""
    parameters = plan_tool()["function"]["parameters"]
    step = parameters["properties"]["steps"]["items"]
    known = {field.alias or name for name, field in StepFields.model_fields.items()}
    assert set(step["properties"]) <= known
    assert set(step["properties"]["legs"]["items"]["properties"]) <= known
    assert len(json.dumps(parameters)) < 2_000


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from(["http", "GET /x", "tls", "dns", "grpc_health", "ws", "tcp", "logs", "https://x:1/", "A"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = [
    *plan_tool()["function"]["parameters"]["properties"]["steps"]["items"]["properties"],
    "check",
    "status",
    "url",
    "host",
    "port",
    "answers",
    "min_days",
]


@settings(deadline=None)
@given(
    st.integers(0, 4), st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=6), st.sampled_from([BASE, None, "::"])
)
def test_any_fields_are_a_step_or_complaints(index: int, changes: dict[str, Any], base_url: str | None) -> None:
    """Whatever JSON stands in whatever field, steps that can be stored come out, or sentences."""
    steps = [*STEPS[:index], {**STEPS[index], **changes}, *STEPS[index + 1 :]]
    try:
        made = read(steps, base_url)
    except UnusableAnswer as unusable:
        said = unusable.complaints
    else:
        assert len(plan_hash(made)) == 64
        said = ("Step 0, none: fine.",)
    assert all(line.startswith(("Step ", "The plan")) and line.endswith(".") and "\n" not in line for line in said)
    assert all(len(line) < 500 for line in said)
    "".join(said).encode()
