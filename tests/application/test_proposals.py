"""Plans without an incident: nothing is stored, and nothing follows."""

from __future__ import annotations

from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.application.proposals import Proposals
from fixloop_bot.domain.catalog import Catalog, Probe
from fixloop_bot.domain.plans import PlanSource, Request
from fixloop_bot.domain.vetting.plan import vet
from tests.application.office import STEPS, Author, Datadog, Shop, checkout
from tests.fake_clock import FakeClock

PROBED = checkout(
    probes=(
        Probe(
            name="a cart can be paid",
            request=Request(method="POST", path="/checkout", json_body="{}"),
            expect=("status == 200", "shape as before"),
        ),
    )
)


def proposals(store: RedisStore, clock: FakeClock, author: Author) -> Proposals:
    catalog = Catalog(services=(PROBED,))
    return Proposals(store, planner=author, telemetry=Datadog(), prober=Shop(clock), catalog=catalog, clock=clock)


async def test_the_standard_plan_comes_from_the_catalog(store: RedisStore, clock: FakeClock) -> None:
    """The team's probes first, without a line that refers to a baseline that is not there; the model is not asked."""
    author = Author()
    plan = await proposals(store, clock, author).standard(PROBED)
    assert (plan.source, plan.steps[0].title) == (PlanSource.STANDARD, "A cart can be paid")
    assert vet(plan.steps, PROBED) == plan.steps
    assert author.briefs == []


async def test_the_model_is_asked_where_somebody_wants_it(store: RedisStore, clock: FakeClock) -> None:
    """It is told the service, and that nothing has happened."""
    author = Author()
    plan = await proposals(store, clock, author).from_model(PROBED)
    assert (plan.source, plan.steps) == (PlanSource.MODEL, STEPS)
    assert author.briefs[0].incident.title == "Check that checkout works"
    assert await store.latest_incidents(10) == []


async def test_without_a_usable_answer_the_standard_plan_says_why(store: RedisStore, clock: FakeClock) -> None:
    """So that the command can tell it."""
    plan = await proposals(store, clock, Author(available=False)).from_model(PROBED)
    assert plan.source is PlanSource.STANDARD
    assert "MINIMAX_API_KEY is not set" in plan.note
