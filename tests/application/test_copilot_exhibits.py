"""What the model reads of an incident's own state: as people read it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from fixloop_bot.application.copilot.exhibits import request_of
from fixloop_bot.domain.plans import HttpCheck, JourneyCheck, Leg, Request
from tests.application.office import PAID

TWO = ('{"sku": "A1", "price": 19.99}', '{"sku": "B2", "price": 5}')
MANY = tuple(json.dumps({"sku": f"A{number}", "price": number}) for number in range(9))
EXPECT = ("status == 200", "json $.price == {{price}}")


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        (TWO, "GET /products/A1 +1 more → status == 200, json $.price == 19.99 or 5"),
        (MANY, "GET /products/A0 +8 more → status == 200, json $.price == the price asked for"),
        ((), "GET /products/:sku → status == 200, json $.price == the price from before"),
    ],
)
def test_the_model_reads_the_values_that_are_tried(inputs: tuple[str, ...], told: str) -> None:
    """A placeholder is for the plan's file: whoever quotes it to people would puzzle them."""
    check = HttpCheck(request=Request(path="/products/{{sku}}"), expect=EXPECT, inputs=inputs)
    assert request_of(replace(PAID, check=check)) == told


def test_a_journey_is_told_with_its_first_values() -> None:
    """And what an earlier request finds by its name."""
    legs = (
        Leg(request=Request(method="POST", path="/carts/{{sku}}"), expect=(), capture=(("order_id", "json $.id"),)),
        Leg(request=Request(path="/orders/{{order_id}}"), expect=()),
    )
    told = request_of(replace(PAID, check=JourneyCheck(legs=legs, inputs=TWO)))
    assert told == "POST /carts/A1 +1 more, then GET /orders/:order_id"
