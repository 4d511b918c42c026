"""Who is said to have done something did it, in the evidence: not whoever else stands there."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixloop_bot.domain.copilot.actors import done_by_another
from fixloop_bot.domain.copilot.spoken_figures import Grounds

THREAD = Grounds.of(
    "thread\n15:22 U0ELIF: the warehouse team says their api restarted at 15:10\n"
    "15:36 U0NOOR: scaling the consumers to 8"
)
LOG = Grounds.of("log gateway\nwarn gateway: upstream identity took 5000 ms, circuit opened")
GROUP = Grounds.of(
    "log orders\nerror orders: the group has already rebalanced and assigned the partitions to another member"
)
TIMELINE = Grounds.of(
    "timeline\n2026-11-20 15:09:00 UTC fixloop: started confirm run 1 of plan v1\n"
    "2026-11-20 15:45:10 UTC U0NOOR: started validate run 2 of plan v1"
)
RUN = Grounds.of("run 2\nrun 2 (validate, after the fix), plan v1, started 2026-11-20 15:45:10 UTC by U0NOOR")


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("Elif restarted the warehouse api", THREAD),
        ("The warehouse team restarted the consumers", THREAD),
        ("The warehouse team is scaling the consumers", THREAD),
        ("Identity opened the circuit to the gateway", LOG),
        ("The gateway took 5 s", LOG),
        ("The other member rebalanced the group", GROUP),
        ("Another member assigned the partitions", GROUP),
        ("The partitions were assigned by another member", GROUP),
        ("FixLoop started the validate run at 15:45", TIMELINE),
        ("Validate run 2 was started by fixloop", RUN),
    ],
)
def test_another_did_it(claim: str, evidence: Grounds) -> None:
    """Subject and object exchanged, the speaker for the one spoken of, one service for the other."""
    assert done_by_another(claim, [evidence])


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("The warehouse team's api restarted at 15:10", THREAD),
        ("Elif says that the warehouse api restarted at 15:10", THREAD),
        ("Noor is scaling the consumers to 8", THREAD),
        ("Identity took 5 s", LOG),
        ("The circuit opened", LOG),
        ("The gateway opened its circuit", LOG),
        ("The group rebalanced, and the partitions were assigned to another member", GROUP),
        ("Noor started validate run 2 at 15:45", TIMELINE),
        ("FixLoop started the confirm run at 15:09", TIMELINE),
        ("Validate run 2 was started by Noor", RUN),
        ("It restarted", THREAD),
        ("Nothing of this is told", THREAD),
    ],
)
def test_who_did_it_is_not_doubted(claim: str, evidence: Grounds) -> None:
    """Active and passive; a service that speaks of itself; a pronoun names nobody."""
    assert not done_by_another(claim, [evidence])


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200), st.text(max_size=200))
def test_no_text_raises(claim: str, evidence: str) -> None:
    assert isinstance(done_by_another(claim, [Grounds.of(evidence)]), bool)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(["restarted", "opened", "took", "scaled"]), st.permutations(["alpha", "beta"]))
def test_active_and_passive_say_the_same(verb: str, names: list[str]) -> None:
    """Whoever acts in the evidence may be named in either voice, and the other in neither."""
    doer, other = names
    told = [Grounds.of(f"{doer} {verb} the {other}")]
    assert not done_by_another(f"The {doer} {verb} the {other}", told)
    assert done_by_another(f"The {other} {verb} the {doer}", told)
