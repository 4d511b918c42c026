"""One answer to everything that was asked proves nothing, unless it is meant to be one."""

from __future__ import annotations

from typing import Any

import pytest

from fixloop_bot.domain.across import Sameness, fingerprint
from fixloop_bot.domain.baselines import Baseline, ProbeBaseline
from fixloop_bot.domain.plans import HttpCheck, ProbedCheck, Request, TcpCheck
from fixloop_bot.domain.samples import Fault, FaultKind, Outcome, Response, Sample

BODY = '{"id": 7, "name": "Tea", "price": 4.5, "stock": 12, "description": "leaves"}'
SKUS = tuple(f'{{"sku": "A{place}"}}' for place in range(5))


def product(**changes: Any) -> HttpCheck:
    request = changes.pop("request", Request(path="/products/{{sku}}"))
    return HttpCheck(**{"request": request, "expect": ("status == 200",), "inputs": SKUS, **changes})


def sample(place: int, digest: str = "d1", **changes: Any) -> Sample:
    known = {"number": place + 1, "at": 0.0, "outcome": Outcome.PASSED, "input": place, "excerpt": BODY}
    return Sample(**{**known, "digest": digest, **changes})


def suspicion(check: ProbedCheck, *samples: Sample, **more: Any) -> str:
    sameness = Sameness(check, **more)
    for each in samples or [sample(place) for place in range(5)]:
        sameness.add(each)
    return sameness.suspicion()


def test_the_same_answer_to_different_inputs_may_come_from_a_cache() -> None:
    """However often each was asked."""
    twice = [sample(place % 5) for place in range(10)]
    assert suspicion(product(), *twice) == "5 different inputs brought the same answer: it may come from a cache"


def test_three_inputs_are_enough_and_two_are_not() -> None:
    assert suspicion(product(), sample(0), sample(1), sample(2)).startswith("3 different inputs")
    assert suspicion(product(), sample(0), sample(1), sample(0)) == ""


@pytest.mark.parametrize(
    "check",
    [
        product(inputs=()),
        product(inputs=SKUS[:2]),
        product(request=Request(path="/products/A1")),
        product(inputs=tuple(f'{{"sku": "A", "nonce": {place}}}' for place in range(5))),
        product(expect=('json $.sku == "{{sku}}"',)),
        product(expect=('body == "closed"',)),
        product(expect=(f'sha256 == "{"0" * 64}"',)),
        product(expect=('json $ == {"id": 7}',)),
        TcpCheck(),
    ],
)
def test_what_does_not_vary_or_judges_its_answer_is_not_suspected(check: ProbedCheck) -> None:
    """Inputs that do not reach the request, and lines that compare the answer with them or state it as a whole."""
    assert suspicion(check) == ""


def test_answers_that_differ_were_made_for_us() -> None:
    """Be it one of them, and by a time stamp."""
    assert suspicion(product(), *[sample(place) for place in range(5)], sample(0, "d2")) == ""


def test_a_tiny_answer_may_be_the_same_to_all() -> None:
    """``{"ok":true}``; to a write an acknowledgement too. Without a body there is nothing to compare."""
    tiny = [sample(place, excerpt='{"ok":true}') for place in range(5)]
    assert suspicion(product(), *tiny) == ""
    write = product(request=Request(method="POST", path="/orders", json_body='{"sku": "{{sku}}"}'))
    assert suspicion(write) == ""
    assert suspicion(write, *[sample(place, excerpt=BODY * 4) for place in range(5)]) != ""
    nothing = fingerprint(Response(status=204))
    assert suspicion(product(), *[sample(place, nothing, excerpt="") for place in range(5)]) == ""


def test_only_the_first_samples_need_to_have_kept_their_body() -> None:
    later = [sample(place, excerpt=BODY if place < 2 else "") for place in range(5)]
    assert suspicion(product(), *later) != ""


def test_failed_and_void_samples_say_nothing_here() -> None:
    """A service that refuses each alike has failed already."""
    fault = Fault(kind=FaultKind.UNREACHABLE)
    failed = [sample(place, outcome=Outcome.FAILED) for place in range(4)]
    void = [sample(place, "", outcome=Outcome.VOID, fault=fault) for place in range(4)]
    assert suspicion(product(), *failed, *void, sample(4)) == ""


def test_what_was_so_before_is_normal() -> None:
    """In healthy times, to varied requests; several bodies there, too few samples, or one fixed request do not do."""
    line = "GET /products/{{sku}}"

    def baseline(digests: tuple[str, ...], samples: int = 50) -> Baseline:
        probe = ProbeBaseline(line=line, samples=samples, digests=digests)
        return Baseline(service="shop", since=0.0, until=1.0, probes=(probe,))

    assert suspicion(product(), baseline=baseline(("d1",))) == ""
    assert suspicion(product(), baseline=baseline(("d1", "d2"))) != ""
    assert suspicion(product(), baseline=baseline(("d1",), samples=2)) != ""
    line = "POST /quote"
    posted = HttpCheck(
        request=Request(method="POST", path="/quote", json_body='{"sku": "{{sku}}"}'),
        expect=("status == 200",),
        inputs=product().inputs,
    )
    assert suspicion(posted, baseline=baseline(("d1",))) == suspicion(posted), "it was asked one question only"


def test_answers_are_the_same_by_their_bytes_or_by_a_tag_that_says_so() -> None:
    """A weak ETag over different bytes, and any ETag where there is no body; a strong one promises equal bytes."""

    def of(body: bytes, tag: str = "") -> str:
        return fingerprint(Response(status=200, headers=(("etag", tag),) if tag else (), body=body))

    assert of(b"a") == of(b"a") != of(b"b")
    assert of(b"a", 'W/"1"') == of(b"b", 'W/"1"') != of(b"a", 'W/"2"')
    assert of(b"", '"1"') == of(b"", '"1"') != of(b"", '"2"')
    assert of(b"a", '"1"') != of(b"b", '"1"')
    assert len(of(b"a")) == 16


def test_an_answer_to_head_is_known_by_its_tag() -> None:
    head = product(request=Request(method="HEAD", path="/products/{{sku}}"))
    assert suspicion(head, *[sample(place, excerpt="") for place in range(5)]) != ""
