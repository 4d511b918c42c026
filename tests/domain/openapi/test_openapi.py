"""An OpenAPI document of any quality becomes a bounded list of operations, or one sentence."""

import json
import time
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixloop_bot.domain.errors import BadInput
from fixloop_bot.domain.expectations.compiled import schema as compiled_schema
from fixloop_bot.domain.openapi.operations import LONGEST_LINE, MOST_OPERATIONS, Operation, operations

SHOP: dict[str, Any] = {
    "openapi": "3.0.3",
    "paths": {
        "/checkout": {
            "post": {
                "summary": "Pay a cart",
                "operationId": "pay",
                "tags": ["money"],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Cart"}}},
                },
                "responses": {
                    "500": {"description": "no"},
                    "200": {"$ref": "#/components/responses/Receipt"},
                },
            }
        },
        "/products/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"enum": ["A1", "B2"]}}],
            "get": {"responses": {"2XX": {"description": "ok"}}},
            "delete": {"security": [{"key": []}], "responses": {"204": {"description": "gone"}}},
        },
        "/orders/{order}": {"get": {"responses": {"200": {"description": "ok"}}}},
        "/search": {
            "get": {
                "parameters": [
                    {"name": "q", "in": "query", "required": True, "example": "red shoes"},
                    {"name": "x-tenant", "in": "header", "required": True, "schema": {"default": "t1"}},
                ],
                "responses": {"200": {"description": "ok"}},
            }
        },
    },
    "components": {
        "responses": {
            "Receipt": {
                "description": "ok",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Receipt"}}},
            }
        },
        "schemas": {
            "Item": {
                "type": "object",
                "required": ["sku"],
                "properties": {"sku": {"type": "string", "example": "A1"}, "qty": {"type": "integer", "default": 1}},
            },
            "Cart": {
                "type": "object",
                "required": ["items"],
                "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}}},
            },
            "Receipt": {
                "type": "object",
                "required": ["total", "password"],
                "properties": {
                    "total": {"type": "number", "nullable": True, "minimum": 0, "exclusiveMinimum": True},
                    "password": {"type": "string", "writeOnly": True},
                    "refund": {"oneOf": [{"$ref": "#/components/schemas/Receipt"}, {"type": "string"}]},
                },
            },
        },
    },
}


def found(method: str, path: str, document: Any = SHOP) -> Operation:
    return next(each for each in operations(document) if (each.method, each.path) == (method, path))


def test_an_operation_is_read_with_its_body_status_and_line() -> None:
    """References are followed, the example body is put together from its parts, the lowest 2xx is the success."""
    pay = found("POST", "/checkout")
    assert pay.ready
    assert json.loads(pay.json_body or "") == {"items": [{"sku": "A1", "qty": 1}]}
    assert (pay.status, pay.operation_id, pay.tags) == (200, "pay", ("money",))
    assert pay.line() == "POST /checkout — Pay a cart (json: items[].sku, items[].qty) → 200"


def test_a_schema_is_inlined_and_never_asks_for_more_than_the_document() -> None:
    """Cycles accept anything, ``nullable`` allows null, flags become bounds, write-only properties are not required."""
    check = compiled_schema(found("POST", "/checkout").response_schema or "")
    assert check.is_valid({"total": 1})
    assert check.is_valid({"total": None, "refund": {"total": 2}})
    assert check.is_valid({"total": 1, "refund": "all of it"})
    assert not check.is_valid({"total": 0})
    assert not check.is_valid({"total": "1"})
    assert not check.is_valid({})


def test_ready_means_callable_without_guessing() -> None:
    """Enumerations, examples and defaults fill a template; an undocumented variable or credentials leave it unready."""
    assert found("GET", "/products/{id}").ready_path == "/products/A1"
    assert found("GET", "/products/{id}").status == 200
    search = found("GET", "/search").request()
    assert search is not None
    assert (search.path, search.headers) == ("/search?q=red%20shoes", (("x-tenant", "t1"),))
    assert found("GET", "/orders/{order}").request() is None
    assert found("DELETE", "/products/{id}").request() is None


def test_a_body_without_an_example_is_not_invented() -> None:
    """A required property without a documented value makes the operation unready."""
    document = json.loads(json.dumps(SHOP))
    del document["components"]["schemas"]["Item"]["properties"]["sku"]["example"]
    assert found("POST", "/checkout", document).request() is None


@pytest.mark.parametrize(
    ("server", "base_url", "path"),
    [
        ("https://x.example/api/v1/", None, "/api/v1/checkout"),
        ("/api/v1", "https://x.example", "/api/v1/checkout"),
        ("/api/v1", "https://x.example/api/v1", "/checkout"),
        ("https://x.example/{stage}", None, "/live/checkout"),
        ("https://[", None, "/checkout"),
    ],
)
def test_the_servers_path_is_put_in_front_once(server: str, base_url: str | None, path: str) -> None:
    """A base_url that already holds the server's path is not doubled."""
    document = SHOP | {"servers": [{"url": server, "variables": {"stage": {"default": "live"}}}]}
    assert operations(document, base_url=base_url)[0].path == path


def test_json_and_yaml_say_the_same() -> None:
    """Both texts of one document give the same operations; dates in YAML stay text."""
    text = yaml.safe_dump(SHOP, sort_keys=False)
    assert operations(text.encode()) == operations(json.dumps(SHOP).encode())
    dated = b"openapi: 3.1.0\npaths: {'/d/{day}': {get: {parameters: [{name: day, in: path, example: 2026-11-22}]}}}"
    assert operations(dated)[0].ready_path == "/d/2026-11-22"


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (b"", "empty"),
        (b"<html>", "not OpenAPI"),
        (b"{", "neither JSON nor YAML"),
        (b"[1]", "not a mapping"),
        (b"swagger: '2.0'", "Swagger 2"),
        (b"openapi: 4.0.0", "4.0.0"),
        (b"openapi: 3.0\npaths: []", "paths"),
        (b"[" * 100_000, "too deeply"),
        (b'{"openapi":' * 100_000, "too deeply"),
        (b"- " * 50_000, "too deeply"),
        (b"\xff\xfe\x00", "neither"),
        (b"openapi: 3.0.0\npaths: !!python/object:os.system {}", "neither"),
        (b"{" + b" " * 16_000_000, "MB|JSON"),
    ],
)
def test_what_is_no_openapi_is_refused_with_a_sentence(document: bytes, says: str) -> None:
    """Only BadInput comes out, and it says what is wrong."""
    with pytest.raises(BadInput, match=says):
        operations(document)


def test_hostile_documents_are_bounded() -> None:
    """Thousands of operations over a schema that doubles at every level, cycles of references and of YAML."""
    schemas: dict[str, Any] = {
        f"S{level}": {"properties": {side: {"$ref": f"#/components/schemas/S{level + 1}"} for side in "abcdefgh"}}
        for level in range(30)
    }
    media = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/S0"}}}}
    paths = {f"/p{number}": {"post": {"requestBody": media, "responses": {"200": media}}} for number in range(5_000)}
    began = time.process_time()
    found_operations = operations({"openapi": "3.1.0", "paths": paths, "components": {"schemas": schemas}})
    assert time.process_time() - began < 6
    assert len(found_operations) == MOST_OPERATIONS
    circle = b"openapi: 3.1.0\npaths: {/a: &a {get: &g {responses: {'200': *g}, parameters: [*a], requestBody: *g}}}"
    assert operations(circle)[0].path == "/a"
    chain = {"openapi": "3.0.0", "paths": {"/a": {"$ref": "#/paths/~1b"}, "/b": {"$ref": "#/paths/~1a"}}}
    assert operations(chain) == ()


KEYS = st.sampled_from(
    [
        *("schema", "$ref", "type", "properties", "items", "required", "example", "examples", "default", "enum"),
        *("content", "application/json", "allOf", "oneOf", "anyOf", "not", "nullable", "parameters", "name", "in"),
        *("path", "query", "responses", "200", "2XX", "requestBody", "summary", "servers", "url", "security"),
        *("tags", "exclusiveMinimum", "minimum", "writeOnly", "additionalProperties", "get", "post"),
    ]
)
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), KEYS,
    st.sampled_from(["#/paths", "#/components/schemas/A", "#/", "object", "path", "query"]),
)  # fmt: skip
NODES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.integers(), inner, max_size=5),
    max_leaves=25,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.fixed_dictionaries({"/a/{x}": NODES, "/b": st.fixed_dictionaries({"post": NODES, "parameters": NODES})}), NODES
)
def test_any_document_gives_operations_or_bad_input(paths: dict[str, Any], schema: Any) -> None:
    """Whatever is inside, no other error comes out, every line is short, and every ready one has a plain path."""
    try:
        listed = operations({"openapi": "3.1.0", "paths": paths, "components": {"schemas": {"A": schema}}})
    except BadInput:
        return
    for operation in listed:
        assert len(operation.line()) <= LONGEST_LINE
        assert operation.line().isprintable()
        request = operation.request()
        assert request is None or ("{" not in request.path and request.path.isascii())


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=60)
    | st.text(max_size=60).map(lambda text: ("openapi: 3.0.0\npaths: " + text).encode("utf-8", "replace"))
)
def test_any_bytes_give_operations_or_bad_input(document: bytes) -> None:
    """Garbage is refused with a sentence, never with another error."""
    try:
        said = operations(document) and "operations."
    except BadInput as error:
        said = str(error)
    assert not said or said.endswith(".")
