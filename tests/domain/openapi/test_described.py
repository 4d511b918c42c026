"""References to an OpenAPI document or a baseline become schemas before the plan is frozen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixloop_bot.domain.baselines import Baseline, ProbeBaseline
from fixloop_bot.domain.catalog import Probe, Service
from fixloop_bot.domain.comparison import compare
from fixloop_bot.domain.expectations.assertions import hold
from fixloop_bot.domain.expectations.compiled import schema
from fixloop_bot.domain.expectations.expect import parse
from fixloop_bot.domain.latency import bands
from fixloop_bot.domain.not_fooled.strangers import another_service
from fixloop_bot.domain.openapi.described import (
    healthy_before,
    wants_before,
    with_probes,
    with_schemas,
    with_shapes,
)
from fixloop_bot.domain.plans import HttpCheck, JourneyCheck, Leg, ManualCheck, Request, Role, Step, plan_hash
from fixloop_bot.domain.runs import StepProgress, StepVerdict
from fixloop_bot.domain.samples import Response
from fixloop_bot.domain.shapes import shape_of

PAID = shape_of({"id": 7, "total": 19.99})
BASELINE = Baseline(
    service="checkout",
    since=0,
    until=1,
    probes=(
        ProbeBaseline(line="GET /orders/{{order}}", shape=shape_of({"order": 1})),
        ProbeBaseline(line="POST /checkout", shape=PAID),
        ProbeBaseline(line="GET /health", shape=""),
        ProbeBaseline(line="GET /list?page=1", shape=shape_of([{"sku": "A"}])),
    ),
)


def step(*, method: str = "POST", path: str = "/checkout") -> Step:
    request = Request(method=method, path=path)
    check = HttpCheck(request=request, expect=("status == 200", "shape as before"))
    return Step(id="s1", title="A cart can be paid", role=Role.CONFIRMATION, check=check)


def lines(made: Step) -> tuple[str, ...]:
    assert isinstance(made.check, HttpCheck)
    return made.check.expect


def test_the_baselines_shape_becomes_part_of_the_plan() -> None:
    """And of its hash, so that a baseline that learns on does not change the test."""
    (made,) = with_shapes([step()], BASELINE)
    assert lines(made)[0] == "status == 200"
    learned = schema(parse(lines(made)[1]).schema)
    assert learned.is_valid({"id": 8, "total": 1, "note": "more is fine"})
    assert not learned.is_valid({"id": 8})
    assert not learned.is_valid({"id": 8, "total": "19.99"})
    assert plan_hash((made,)) != plan_hash((step(),))


@pytest.mark.parametrize(
    ("method", "path", "known"),
    [
        ("GET", "/orders/17", True),
        ("GET", "/orders/{{id}}", True),
        ("GET", "/orders/17?full=1", True),
        ("GET", "/orders/17/lines", False),
        ("POST", "/orders/17", False),
        ("GET", "/list?page=1", True),
        ("GET", "/list?page=2", True),
        ("GET", "/health", False),
        ("GET", "/elsewhere", False),
    ],
)
def test_a_request_finds_its_baseline_by_method_and_path(method: str, path: str, known: bool) -> None:
    (made,) = with_shapes([step(method=method, path=path)], BASELINE)
    assert wants_before(lines(made)[1]) != known


def test_the_very_same_request_wins_over_a_like_one() -> None:
    exact = ProbeBaseline(line="GET /orders/17", shape=shape_of({"exact": 1}))
    (made,) = with_shapes([step(method="GET", path="/orders/17")], replace(BASELINE, probes=(*BASELINE.probes, exact)))
    assert '"required":["exact"]' in lines(made)[1]


def test_without_a_baseline_the_line_stays_for_vetting_to_refuse() -> None:
    assert with_shapes([step()], None) == with_shapes([step()], replace(BASELINE, probes=())) == (step(),)
    assert not wants_before("status === nonsense")


def test_journeys_are_filled_leg_by_leg_and_other_steps_left_alone() -> None:
    leg = Leg(request=Request(method="POST", path="/checkout"), expect=("shape as before",))
    other = Leg(request=Request(path="/unknown"), expect=("shape as before", "schema openapi"))
    journey = Step(id="s1", title="Buy", role=Role.CONTROL, check=JourneyCheck(legs=(leg, other)))
    asked = Step(id="s2", title="Ask", role=Role.CONTROL, check=ManualCheck(instruction="Ask support"))
    made, same = with_shapes([journey, asked], BASELINE)
    assert isinstance(made.check, JourneyCheck)
    assert made.check.legs[0].expect[0].startswith("schema {")
    assert made.check.legs[1] == other
    assert same == asked
    assert with_schemas([journey], ()) == (journey,), "an OpenAPI document says nothing about what was before"


def test_an_answer_without_any_known_key_is_another_services() -> None:
    (made,) = with_shapes([step()], BASELINE)
    text = parse(lines(made)[1]).schema
    assert another_service(text, {"title": "Welcome"}) == "another service's answer: it has no id and total"
    assert another_service(text, {"id": 1}) == another_service(text, [1]) == ""
    assert another_service('{"required":["id"]}', {"title": "Welcome"}) == another_service("true", {}) == ""


def test_such_an_answer_fails_with_the_words_for_it() -> None:
    (made,) = with_shapes([step()], BASELINE)
    line = parse(lines(made)[1])
    result = hold(line, Response(status=200, body=b'{"title": "Welcome"}'))
    assert (result.held, result.sentence()) == (
        False,
        "body was another service's answer: it has no id and total, expected the shape as before",
    )
    assert hold(line, Response(status=200, body=b'{"id": 1, "total": 2.5}')).held
    assert not hold(parse("shape as before"), Response(status=200, body=b"{}")).held, "nothing is known yet"


def test_a_baseline_is_the_before_of_the_first_incident() -> None:
    """What a step sees while the service is broken is told against what was seen while it was healthy."""
    paid = ProbeBaseline(
        line="POST /checkout", samples=105, statuses=(("200", 105),), shape=PAID, latency=bands([80.0] * 105)
    )
    before = healthy_before(step(), replace(BASELINE, probes=(paid,)))
    now = StepProgress(
        step_id="s1", verdict=StepVerdict.FAILED, statuses=(("503", 4),), shapes=(shape_of({"error": "down"}),)
    )
    told = compare(step(), before, now)
    assert told.statuses == "before 200 × 105, now 503 × 4"
    assert told.shape == ("$ is something else: it had id and total, and has error",)
    assert healthy_before(step(), None) == healthy_before(step(path="/unknown"), BASELINE)
    assert healthy_before(step(), BASELINE) is None, "nothing was sampled yet"


def test_a_trusted_probe_is_not_lost_for_want_of_a_baseline() -> None:
    """What it refers to becomes concrete; a line that refers to nothing yet is left out, and a 2xx is the least."""
    request = Request(method="POST", path="/checkout")
    probe = Probe(name="pay", request=request, expect=("status == 200", "shape as before"))
    bare = Probe(name="list", request=Request(path="/unknown"), expect=("shape as before", "schema openapi"))
    service = Service(name="checkout", probes=(probe, bare))

    known, unknown = with_probes(service, (), BASELINE), with_probes(service, (), None)

    assert known.probes[0].expect[1].startswith("schema {")
    assert unknown.probes[0].expect == ("status == 200",)
    assert known.probes[1].expect == unknown.probes[1].expect == ("status in 2xx",)
