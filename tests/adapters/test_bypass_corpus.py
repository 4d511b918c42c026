"""The benchmark's corpus of bypasses, whole, through the real prober: in seconds, so that every change meets it."""

from __future__ import annotations

import asyncio

import pytest

from tests.benchmarks.bypass_corpus import Attempt, corpus
from tests.benchmarks.gate import Score, score_ours, score_rival
from tests.benchmarks.gate_contenders import network
from tests.benchmarks.sealed_network import inside


@pytest.fixture(scope="module")
def ours() -> Score:
    async def score() -> Score:
        async with network() as sealed:
            return await score_ours(sealed)

    return asyncio.run(score())


def test_the_corpus_is_large_and_holds_nothing_twice() -> None:
    """At least 400 different addresses in at least 25 families."""
    attempts = corpus()
    assert len({attempt.url for attempt in attempts}) >= 400
    assert len({attempt.family for attempt in attempts}) >= 25
    assert len(set(attempts)) == len(attempts)


def test_every_attempt_is_refused_without_a_dial(ours: Score) -> None:
    """In every form that can carry it; a redirect is judged and not followed, a rebound name refused when it turns."""
    assert ours.troubles == []
    assert (ours.inside, ours.elsewhere, ours.at_home) == (0, 0, 0)
    assert ours.refused == ours.offers > len(corpus())


def test_all_that_the_catalog_says_is_accepted(ours: Score) -> None:
    """base_url, hosts, probes and the OpenAPI document, and paths that are odd but honest."""
    assert ours.good == ours.good_offers > 15


async def test_the_corpus_bites() -> None:
    """A plain client dials inside for hundreds of the same addresses, and answers every honest one."""
    async with network() as sealed:
        bare = await score_rival("bare aiohttp", sealed)
    assert bare.inside > 200
    assert bare.good == bare.good_offers


async def test_a_dial_that_should_not_be_is_seen() -> None:
    """The network writes down what a client dials behind the gate's back."""
    async with network() as sealed:
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("169.254.169.254", 80)
        assert sealed.dials == [("169.254.169.254", 80)]
        score = Score("nobody")
        score.count(Attempt(family="IPv4 spellings", url="http://169.254.169.254/"), sealed.dials)
    assert (score.inside, score.refused) == (1, 0)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", True),
        ("::ffff:10.0.0.1", True),
        ("64:ff9b::a9fe:a9fe", True),
        ("2002:7f00:1::", True),
        ("168.63.129.16", True),
        ("93.184.216.34", False),
        ("2606:2800:220:1::1", False),
        ("64:ff9b::808:808", False),
    ],
)
def test_inside_is_where_no_public_service_can_be(address: str, expected: bool) -> None:
    """Judged without the product's own code, through the forms that lead to an IPv4 address."""
    assert inside(address) is expected
