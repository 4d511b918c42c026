"""What a service lists can be looked up: journeys that need no example id."""

from typing import Any

import pytest

from fixloop_bot.domain.captures import captured
from fixloop_bot.domain.openapi.operations import Operation, operations
from fixloop_bot.domain.samples import Response
from fixloop_bot.domain.standard.journeys import lookups
from fixloop_bot.sandbox.shop.openapi import document


def ok(schema: dict[str, Any]) -> dict[str, Any]:
    return {"get": {"responses": {"200": {"description": "ok", "content": {"application/json": {"schema": schema}}}}}}


def described(paths: dict[str, Any]) -> tuple[Operation, ...]:
    return operations({"openapi": "3.1.0", "paths": paths})


ITEM = {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}


def test_an_item_is_looked_up_by_what_its_list_names() -> None:
    (found,) = lookups(operations(document("1.0")))

    listing, item = found.check.legs
    assert (listing.request.path, item.request.path) == ("/catalog", "/catalog/{{sku}}")
    assert listing.capture == (("sku", "json $.items[*].sku"),)
    assert (item.expect[0], item.expect[2]) == ("status == 200", "json $.sku == {{sku}}")
    assert item.expect[1].startswith('schema {"type":"object","required":["sku"')
    assert listing.expect[1].startswith("schema {"), "what the document promises of both answers is held"


@pytest.mark.parametrize("schema", [{"type": "array", "items": ITEM}, {"properties": {"data": {"items": ITEM}}}])
def test_a_bare_array_and_one_in_an_object_are_lists(schema: dict[str, Any]) -> None:
    (found,) = lookups(described({"/orders": ok(schema), "/orders/{order_id}": ok({})}))

    assert found.check.legs[0].capture[0][1].endswith("[*].id")
    assert found.check.legs[1].expect == ("status == 200",), "nothing is said of the item, so nothing more is asked"


@pytest.mark.parametrize(
    "paths",
    [
        {"/orders/{id}": ok(ITEM)},
        {"/orders": ok({"items": {"properties": {"name": {"type": "string"}}}}), "/orders/{id}": ok(ITEM)},
        {"/orders": ok({"items": {"properties": {"id": {"type": "object"}}}}), "/orders/{id}": ok(ITEM)},
        {"/orders": ok({"items": ITEM}), "/orders/{id}/lines/{line}": ok(ITEM)},
        {"/orders": ok({"items": ITEM}), "/orders/{id}": {"delete": ok(ITEM)["get"]}},
        {"/orders": ok({"items": ITEM}), "/orders/{id}": {"get": {**ok(ITEM)["get"], "security": [{"key": []}]}}},
    ],
    ids=["no list", "no id in it", "an id that is no value", "two variables", "a write", "credentials"],
)
def test_what_cannot_be_looked_up_without_guessing_is_left_alone(paths: dict[str, Any]) -> None:
    assert not list(lookups(described(paths)))


def test_the_values_of_a_list_take_turns() -> None:
    """Each sample of a journey looks up another item, and after the last the first again."""
    listing = Response(status=200, body=b'{"items": [{"sku": "A1"}, {"sku": "B2"}]}')

    found = [captured("json $.items[*].sku", listing, turn=turn) for turn in range(3)]

    assert found == ["A1", "B2", "A1"]
    assert captured("json $.items[*].sku", Response(status=200, body=b'{"items": []}'), turn=1) is None
