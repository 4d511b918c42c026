"""Plans as YAML: what is written reads back to the same plan by hash, and mistakes are named with line and key."""

from __future__ import annotations

import math
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fixloop_bot.adapters.plan_file import parse_plan, read_plan, vetted
from fixloop_bot.adapters.plan_text import write_plan
from fixloop_bot.domain.errors import BadInput
from fixloop_bot.domain.plans import (
    DnsCheck,
    GrpcCheck,
    HttpCheck,
    JourneyCheck,
    Leg,
    LogsCheck,
    Plan,
    PlanSource,
    ProofOverride,
    Request,
    Role,
    Step,
    TcpCheck,
    TlsCheck,
    WebsocketCheck,
    plan_hash,
)
from tests.application.office import STEPS, checkout
from tests.strategies import plans, texts

EVERY_KIND = """\
service: checkout
steps:
  - title: A cart can be paid
    role: confirmation
    why: It is what the alert is about.
    post: /checkout
    headers: {authorization: "Bearer ${TOKEN}"}
    json: {items: [{sku: "{{sku}}", qty: 2}]}
    expect:
      - status == 200
      - json $.total == 19.99
    inputs:
      - {sku: A1}
      - {sku: B2}
    proof: {unacceptable: 0.02, window_s: 120}
  - title: A cart can be found again
    role: control
    journey:
      - post: /checkout/carts
        json: []
        capture: {cart: json $.id}
      - get: /checkout/carts/{{cart}}
        expect: [status == 200]
  - {title: Errors are rare, metric: "sum:errors{*}", healthy_when: "<=", limit: 10}
  - {title: The monitor is OK, monitor: 4711, group: "env:prod"}
  - {title: Nothing is logged, logs: "service:checkout status:error", times_before: 1.5}
  - {title: The certificate is good, tls: ""}
  - {title: The name is known, dns: "", record: AAAA, servers: [10.0.0.2]}
  - {title: The port is open, tcp: "checkout.example.com:443"}
  - {title: It serves, grpc: "checkout.example.com:443", service: shop.Orders}
  - {title: It talks, websocket: /live, send: ping, expect: ['body == "pong"']}
  - {title: Ask support, manual: "Are refunds open?"}
"""


def steps_of(text: str) -> tuple[Step, ...]:
    return parse_plan(text).steps


def plan_of(*steps: Step) -> Plan:
    return Plan(version=1, source=PlanSource.PERSON, steps=steps)


def mistakes(text: str) -> list[str]:
    with pytest.raises(BadInput) as refused:
        vetted(parse_plan(text), checkout(), made_at=0.0)
    return str(refused.value).splitlines()


def refusal(text: str) -> str | None:
    """What is wrong with a plan, if anything; any other error than BadInput is the test's failure."""
    try:
        vetted(parse_plan(text), checkout(), made_at=0.0)
    except BadInput as refused:
        return str(refused)
    return None


# Reading


def test_every_kind_has_its_short_form() -> None:
    """One key says what a step checks; what is left out has the check's own default."""
    steps = steps_of(EVERY_KIND)
    paid, found, _, monitor, logs, tls, dns, tcp, grpc, socket, _ = (step.check for step in steps)
    assert [step.id for step in steps] == [f"s{number}" for number in range(1, 12)]
    assert paid == HttpCheck(
        request=Request(
            method="POST",
            path="/checkout",
            headers=(("authorization", "Bearer ${TOKEN}"),),
            json_body='{"items":[{"sku":"{{sku}}","qty":2}]}',
        ),
        expect=("status == 200", "json $.total == 19.99"),
        inputs=('{"sku":"A1"}', '{"sku":"B2"}'),
    )
    assert steps[0].proof == ProofOverride(unacceptable=0.02, window_s=120)
    assert isinstance(found, JourneyCheck)
    assert found.legs[0].capture == (("cart", "json $.id"),)
    assert found.legs[0].expect == ("status in 2xx",)
    assert asdict(monitor)["monitor_id"] == "4711"
    assert logs == LogsCheck(query="service:checkout status:error", times_before=1.5)
    assert tls == TlsCheck()
    assert dns == DnsCheck(record="AAAA", servers=("10.0.0.2",))
    assert tcp == TcpCheck(target="checkout.example.com:443")
    assert grpc == GrpcCheck(target="checkout.example.com:443", service="shop.Orders")
    assert socket == WebsocketCheck(path="/live", send="ping", expect=('body == "pong"',))


def test_a_probe_of_the_catalog_can_be_pasted() -> None:
    """``request`` in the catalog's long form."""
    (step,) = steps_of("steps: [{title: Paid, request: {method: POST, path: /checkout, json: {a: 1}}}]")
    assert step.check == HttpCheck(
        request=Request(method="POST", path="/checkout", json_body='{"a":1}'), expect=("status in 2xx",)
    )
    assert step.role is Role.CONFIRMATION


def test_a_plan_is_read_and_vetted(tmp_path: Path) -> None:
    """From a file to a frozen plan whose author is the file."""
    file = tmp_path / "plan.yml"
    file.write_text(write_plan(plan_of(*STEPS), service="checkout"))
    plan = vetted(read_plan(file), checkout(), made_at=7.0)
    assert (plan.hash, plan.source, plan.author) == (plan_hash(STEPS), PlanSource.PERSON, "plan.yml")


# Refusing


def test_all_mistakes_are_named_at_once() -> None:
    """Each with its line and key."""
    text = """\
servce: checkout
steps:
  - title: A cart can be paid
    role: proof
    pots: /checkout
  - get: /catalog
    metric: sum:errors{*}
    expect: [5]
  - title: Slow
    metric: sum:errors{*}
    json: {}
    limit: few
"""
    found = "\n".join(mistakes(text))
    for line in (
        "line 1, servce: is not a known key; did you mean service?",
        "line 4, steps[0].role: must be confirmation or control",
        "line 5, steps[0].pots: is not a known key; did you mean post?",
        "line 3, steps[0]: checks nothing",
        "line 6, steps[1].title: is missing",
        "line 7, steps[1].metric: cannot stand beside get",
        "line 8, steps[1].expect[0]: must be text, not a number",
        "line 11, steps[2].json: does not belong to a metric step",
        "line 12, steps[2].limit: must be a number, not text",
    ):
        assert f"plan.yml {line}" in found, found


def test_what_the_catalog_does_not_allow_is_named_at_its_step() -> None:
    """Vetting's sentences stand at the line of the step, and an expectation's at its own."""
    text = """\
service: orders
steps:
  - title: Take everything away
    delete: /orders
  - title: The catalog is whole
    get: /catalog
    expect:
      - status == 200
      - json $.items lenth == 12
"""
    first, second, third = mistakes(text)
    assert first.startswith("plan.yml line 1, service: this plan is for orders, not for checkout")
    assert second.startswith("plan.yml line 3, steps[0]: ")
    assert "DELETE" in second
    assert third.startswith("plan.yml line 9, steps[1].expect[1]: ")
    assert "column" in third


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("steps: []", "must list at least one step"),
        ("steps: {a: 1}", "must be a list"),
        ("steps: [1]", "must be a mapping"),
        ("steps: [{title: a, get: /, json: {}, json_text: '{}'}]", "cannot stand beside json"),
        ("steps: [{title: a, journey: [{json: {}}]}]", "sends nothing"),
        ("steps: [{title: a, dns: '', record: PTR}]", "must be one of A, AAAA"),
        ("steps: [{title: a, metric: m, healthy_when: '!='}]", "must be one of <"),
        ("steps: [{title: a, get: /, inputs: [1]}]", "must be a mapping of names to values"),
        ("steps: [", "this is not YAML"),
    ],
)
def test_a_mistake_is_one_sentence(text: str, says: str) -> None:
    """Whatever stands in the file."""
    assert any(says in line for line in mistakes(text))


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    """And one that is no text."""
    with pytest.raises(BadInput, match="there is no plan"):
        read_plan(tmp_path / "plan.yml")
    (tmp_path / "plan.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="not UTF-8"):
        read_plan(tmp_path / "plan.yml")


@given(st.one_of(st.text(max_size=200), texts()))
@settings(max_examples=100, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but BadInput comes out."""
    assert refusal(text) != ""


leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
)
KEYS = (
    "title",
    "role",
    "get",
    "post",
    "json",
    "expect",
    "inputs",
    "journey",
    "metric",
    "limit",
    "dns",
    "proof",
    "headers",
)


@given(st.lists(st.dictionaries(st.sampled_from(KEYS), trees, max_size=6), max_size=3))
@settings(max_examples=150, deadline=None)
def test_any_tree_is_read_or_refused(steps: list[dict[str, Any]]) -> None:
    """The right keys with anything at all in them."""
    said = refusal(yaml.safe_dump({"steps": steps}))
    assert said is None or said.startswith("plan.yml")


# Writing


def finite(plan: Plan) -> bool:
    numbers = [value for step in plan.steps for value in asdict(step.check).values() if isinstance(value, float)]
    return all(math.isfinite(number) for number in numbers)


@given(plans().filter(finite))
@settings(max_examples=60, deadline=None)
def test_what_is_written_reads_back(plan: Plan) -> None:
    """The same plan by hash, whatever its texts hold."""
    assert plan_hash(steps_of(write_plan(plan, service="checkout"))) == plan.hash


json_texts = st.one_of(
    st.sampled_from(
        ('{"a": 1}', '{"a":1}', '{"a":1.0}', "[1e22]", '{"qty":{{qty}}}', '"text"', "null", "", "{", '{"a":1,"a":2}')
    ),
    st.text(max_size=20),
    trees.map(lambda tree: yaml.safe_dump(tree)),
)
pairs = st.lists(st.tuples(st.text(max_size=6), st.text(max_size=6)), max_size=4).map(tuple)
requests = st.builds(
    Request,
    method=st.sampled_from(("GET", "POST", "get", "Put", "TRACE", "")),
    path=st.text(max_size=12),
    headers=pairs,
    json_body=st.one_of(st.none(), json_texts),
    body=st.one_of(st.none(), st.text(max_size=12)),
)
legs = st.builds(Leg, request=requests, expect=st.just(("status == 200",)), capture=pairs)


@given(st.lists(legs, min_size=1, max_size=3), st.lists(json_texts, max_size=3), st.sampled_from(("s1", "s4")))
@settings(max_examples=150, deadline=None)
def test_requests_read_back_to_the_letter(made: list[Leg], inputs: list[str], step_id: str) -> None:
    """Bodies and inputs are JSON texts, and the hash knows every space of them; a header may occur twice."""
    journey = JourneyCheck(legs=tuple(made), inputs=tuple(inputs))
    step = Step(id=step_id, title="A journey", role=Role.CONTROL, check=journey)
    alone = replace(step, id="s2", check=HttpCheck(request=made[0].request, expect=(), inputs=tuple(inputs)))
    plan = plan_of(step, alone)
    assert steps_of(write_plan(plan, service="checkout")) == plan.steps


def test_a_written_plan_is_pleasant_to_read() -> None:
    """A header says what it is and whose; expectations stand one a line; JSON is YAML where that loses nothing."""
    paid = replace(
        STEPS[0],
        check=HttpCheck(
            request=Request(method="POST", path="/checkout", json_body='{"items":[]}'),
            expect=("status == 200", "size > 2"),
        ),
    )
    text = write_plan(plan_of(paid, STEPS[2]), service="checkout")
    header, _, body = text.partition("service: ")
    assert "checkout" in header
    assert plan_of(paid, STEPS[2]).hash in header
    assert all(line.startswith("#") for line in header.splitlines())
    assert "    post: /checkout\n    json: {items: []}\n    expect:\n      - status == 200\n      - size > 2\n" in body
    assert "    healthy_when: <\n    limit: 0.01\n" in body


# Bombs


def bomb(levels: int) -> str:
    text = "&a0 [x,x,x,x,x,x,x,x,x]"
    for level in range(1, levels):
        text = f"&a{level} [{text},{','.join([f'*a{level - 1}'] * 8)}]"
    return text


@pytest.mark.parametrize(
    "step",
    [
        "post: /x\n    json: " + bomb(10),
        "get: /x\n    inputs: [{a: " + bomb(10) + "}]",
        "post: /x\n    json: &j [*j, *j]",
        "post: /x\n    json: [&t " + "x" * 10_000 + ", *t" * 500 + "]",
        "journey: [" + "&l {get: /x}, " + "*l, " * 100_000 + "]",
    ],
)
def test_aliases_that_double_are_refused_at_once(step: str) -> None:
    """With the line; nothing is written out that would not fit into memory."""
    began = time.process_time()
    with pytest.raises(BadInput, match=r"^plan.yml line [345]: holds over 100,000 keys and values once its aliases"):
        parse_plan(f"steps:\n  - title: t\n    {step}\n")
    assert time.process_time() - began < 15


def test_aliases_that_people_write_are_read() -> None:
    """A step's headers, used again."""
    document = parse_plan(
        "steps:\n  - {title: a, get: /a, headers: &h {accept: text/plain}}\n  - {title: b, get: /b, headers: *h}\n"
    )
    first, second = (step.check for step in document.steps)
    assert isinstance(first, HttpCheck)
    assert isinstance(second, HttpCheck)
    assert first.request.headers == second.request.headers == (("accept", "text/plain"),)


def test_of_very_many_mistakes_a_hundred_are_shown() -> None:
    """By line, with the number of the others; the first few unknown keys come with the key that was meant."""
    keys = "".join(f"    titel{number}: 1\n" for number in range(3_000))
    began = time.process_time()
    with pytest.raises(BadInput) as caught:
        parse_plan(f"steps:\n  - title: t\n    get: /x\n{keys}")
    assert time.process_time() - began < 10
    lines = str(caught.value).splitlines()
    assert len(lines) == 101
    assert lines[0] == "plan.yml line 4, steps[0].titel0: is not a known key; did you mean title?"
    assert "known are" in lines[99]
    assert lines[100] == "plan.yml: and 2,900 more"
