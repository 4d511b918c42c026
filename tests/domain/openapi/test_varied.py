"""Inputs come from what the service's own document calls valid, and are spread over all of it."""

import json
import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.filling import Values, fill_request
from fixloop_bot.domain.openapi.operations import Operation, operations
from fixloop_bot.domain.openapi.varied import MOST_INPUTS, choices_of, combined, placeholder_names


def one(path: str, described: dict[str, Any], method: str = "get") -> Operation:
    ok: dict[str, Any] = {"responses": {"200": {"description": "ok"}}}
    (found,) = operations({"openapi": "3.1.0", "paths": {path: {method: {**ok, **described}}}})
    return found


def required(name: str, where: str = "query", **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": where, "required": True, "schema": schema}


def sent(operation: Operation) -> list[str]:
    """The addresses that the operation's inputs make."""
    request = operation.varied
    assert request is not None
    return [fill_request(request, Values(json.loads(text), {})).where for text in operation.inputs]


def test_enumerated_values_vary_the_path_and_are_sent_as_they_are() -> None:
    operation = one("/products/{id}", {"parameters": [required("id", "path", enum=["A1", "B 2", "C3"])]})

    assert sent(operation) == ["/products/A1", "/products/C3"], "a value with a space is no plain segment"
    assert operation.ready_path == "/products/A1"


def test_a_query_varies_encoded_over_enumerations_and_ranges() -> None:
    operation = one(
        "/search",
        {
            "parameters": [
                required("q", examples=["red shoes", "a&b"]),
                required("n", type="integer", minimum=1, maximum=9, default=1),
            ]
        },
    )

    found = sent(operation)
    assert found[0] == "/search?q=red%20shoes&n=1"
    assert len(set(found)) == len(found) == 10
    assert any("q=a%26b" in where for where in found)


def test_a_body_varies_by_whole_examples_only() -> None:
    """A price belongs to its product: parts of a body are never mixed."""
    carts = {"one": {"value": {"sku": "A1", "price": 1}}, "two": {"value": {"sku": "B2", "price": 2}}}
    media = {"schema": {"properties": {"sku": {"enum": ["A1", "B2"]}}}, "examples": carts}
    operation = one("/quote", {"requestBody": {"required": True, "content": {"application/json": media}}}, "post")

    assert operation.varied is not None
    bodies = [fill_request(operation.varied, Values(json.loads(text), {})).body for text in operation.inputs]
    assert [json.loads(body or b"") for body in bodies] == [{"sku": "A1", "price": 1}, {"sku": "B2", "price": 2}]


def test_a_document_that_gives_one_value_makes_no_inputs() -> None:
    operation = one("/search", {"parameters": [required("q", default="shoes")]})

    assert (operation.varied, operation.inputs) == (None, ())


def test_a_parameter_that_would_have_to_be_guessed_leaves_nothing_to_vary() -> None:
    parameters = [required("id", "path", enum=["A1", "B2"]), required("token", "header", type="string")]

    assert one("/products/{id}", {"parameters": parameters[:1]}).varied is not None
    assert one("/products/{id}", {"parameters": parameters}).varied is None


def test_nothing_is_called_a_choice_twice_and_truth_is_no_number() -> None:
    described = {"example": 1, "examples": [1, True, 1.5], "schema": {"enum": [1, "1", None]}}

    assert choices_of({}, described) == (1, True, 1.5, "1")


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 40), min_size=1, max_size=4),
)
def test_combinations_are_distinct_and_every_list_is_used_up(sizes: dict[str, int]) -> None:
    choices = {name: list(range(size)) for name, size in sizes.items()}
    total = math.prod(sizes.values())

    inputs = combined(choices)

    assert len(set(inputs)) == len(inputs) == (min(total, MOST_INPUTS) if total > 1 else 0)
    if total > 1:
        assert json.loads(inputs[0]) == dict.fromkeys(choices, 0)
    for name, size in sizes.items():
        seen = {json.loads(text)[name] for text in inputs}
        if total > 1:
            assert len(seen) == min(size, MOST_INPUTS), f"{name} took {seen} of {size} values"


@given(st.lists(st.text(max_size=20), max_size=8, unique=True))
def test_placeholders_are_names_that_a_template_accepts(names: list[str]) -> None:
    found = placeholder_names(names)

    assert len(set(found.values())) == len(names)
    values = dict.fromkeys(found.values(), "x")
    for name in found.values():
        assert Values(values, {}).fill(f"{{{{{name}}}}}", str) == "x"
