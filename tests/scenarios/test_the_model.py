"""The plan is the model's where it writes a usable one, and never anything that the catalog does not allow."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from fixloop_bot.sandbox.stage import card_text
from fixloop_bot.sandbox.world import World
from tests.adapters.minimax_endpoint import STEPS, Endpoint, body, called, endpoint, refused, said
from tests.scenarios.conftest import Open, broken_and_reproduced, eventually, verdict

pytestmark = pytest.mark.timeout(180)


def plan(**first: Any) -> dict[str, Any]:
    """Five steps for the shop; ``first`` changes the first one."""
    steps = copy.deepcopy(STEPS)
    basket = {"items": [{"sku": "A1", "price": 19.99, "qty": 1}]}
    steps[0].update(first)
    steps[1]["legs"] = [
        {
            "method": "POST",
            "path": "/checkout",
            "json": basket,
            "expect": ["status == 200"],
            "capture": {"id": "json $.order_id"},
        },
        {"method": "GET", "path": "/orders/{{id}}", "expect": ["status == 200", "json $.order_id == {{id}}"]},
    ]
    steps[2]["query"] = "p95:shop.latency{service:checkout}"
    return {"steps": steps}


def model(served: Endpoint) -> dict[str, str]:
    return {"MINIMAX_API_KEY": "sk-local-model", "MINIMAX_BASE_URL": served.base_url}


async def test_the_models_plan_proves_the_fix(opened: Open) -> None:
    """A plan with a journey and a metric, in a native tool call: posted, run, and it proves the recovery."""
    async with endpoint() as served:
        served.script = [body(called(_text(plan())))]
        async with opened(environment=model(served)) as running:
            await broken_and_reproduced(running)
            assert "by MiniMax-M2.5" in _everything(running)
            running.shop.faults.set("checkout-500", "fixed")
            await running.press("validate")
            assert await verdict(running) == "proven"


async def test_a_forbidden_request_is_sent_back_and_never_sent_out(opened: Open) -> None:
    """The first answer wants the metadata service and a DELETE; it is asked again, with the reasons."""
    async with endpoint() as served:
        evil = plan(method="DELETE", path="http://169.254.169.254/latest/meta-data/")
        served.script = [body(said(_text(evil))), body(called(_text(plan())))]
        async with opened(environment=model(served)) as running:
            await broken_and_reproduced(running)
            assert "asked 2 times" in _everything(running)
            assert "169.254" not in _everything(running)
            again = served.asked[1]["messages"]
            assert "169.254.169.254" in str(again), "the refusal is quoted"


async def test_three_bad_answers_end_in_the_standard_plan(opened: Open) -> None:
    """Prose, an empty plan and a filtered answer: the card says in one line that the standard plan stands in."""
    async with endpoint() as served:
        served.script = [body(said("I would look at the logs.")), body(called('{"steps": []}')), body(said("<think>"))]
        async with opened(environment=model(served)) as running:
            await broken_and_reproduced(running)
            assert "standard plan" in _everything(running)
            assert "3 answers were not usable" in _everything(running)
            assert len(served.asked) == 3


async def test_a_model_without_balance_is_not_waited_for(opened: Open) -> None:
    """HTTP 200 with an error inside: the standard plan at once, with the reason."""
    async with endpoint() as served:
        served.script = [body(refused(1008, "insufficient balance"))]
        async with opened(environment=model(served), with_monitors=True) as running:
            running.shop.faults.set("checkout-500", "broken")
            await eventually(lambda: "standard plan" in _everything(running), "no plan", world=running, within_s=25)
            assert "Validation plan v1" in _everything(running) or "validation plan v1" in card_text(running)


def _everything(running: World) -> str:
    return "\n".join(str(message.blocks) for message in running.thread())


def _text(document: Any) -> str:
    import json

    return json.dumps(document)
