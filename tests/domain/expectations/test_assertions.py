"""Holding assertions against answers: exact where it counts, short in words, never fooled, never raising."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.errors import ExpectError
from fixloop_bot.domain.expectations.assertions import captured, hold, hold_all, implicit, parse_capture
from fixloop_bot.domain.expectations.expect import parse
from fixloop_bot.domain.samples import AssertionResult, Response

from .test_expect import LINES

DOCUMENT = {
    "total": 59.97,
    "items": [{"price": 19.99, "qty": 1, "sku": "A"}, {"price": 19.99, "qty": 2, "sku": "B"}],
    "id": 7,
    "name": "Ann",
    "n": 3,
    "half": 0.5,
    "big": 10.0,
    "tags": ["x", 1],
    "ok": True,
    "none": None,
    "text_number": "7",
}


def answer(
    body: object = None, *, status: int = 200, headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    content = body if isinstance(body, bytes) else orjson.dumps(DOCUMENT if body is None else body)
    named = {"content-type": "application/json", **(headers or {})}
    return Response(status=status, headers=tuple(named.items()), body=content, **more)


def check(line: str, response: Response, **more: Any) -> AssertionResult:
    return hold(parse(line), response, **more)


@pytest.mark.parametrize(
    ("line", "held"),
    [
        ("json $.total == 59.970", True),
        ("json $.total == 59.971", False),
        ("json $.big == 10", True),
        ("json $.big type integer", True),
        ("json $.half type integer", False),
        ("json $.id == 7.0", True),
        ('json $.id == "7"', False),
        ("json $.text_number == 7", False),
        ("json $.ok == true", True),
        ("json $.ok == 1", False),
        ("json $.ok != 1", True),
        ("json $.ok type number", False),
        ("json $.none == null", True),
        ("json $.none exists", True),
        ("json $.missing == null", False),
        ("json $.missing != 3", False),
        ("json $.missing not exists", True),
        ("json $.missing not contains 3", False),
        ("json $.n > 2.999", True),
        ("json $.name > 2", False),
        ("json $.items length == 2", True),
        ("json $.items[*] length == 2", True),
        ("json $.nope[*] length == 0", True),
        ("json $.nope length == 0", False),
        ("json $.name length == 3", True),
        ("json $.items[*].qty >= 1", True),
        ("json $.items[*].qty >= 2", False),
        ("json $.nope[*].qty >= 1", False),
        ('json $.items[*].sku == ["A", "B"]', True),
        ('json $.items[*].sku contains "B"', True),
        ('json $.items[*].sku in ["A", "B", "C"]', True),
        ('json $.items[*].sku in ["A"]', False),
        ("json $.tags contains 1.0", True),
        ('json $.tags contains "1"', False),
        ('json $.name contains "nn"', True),
        ('json $ contains "name"', True),
        ('json $.name matches "^A\\w+$"', True),
        ('json $.name not matches "^A"', False),
        ('json $.items[?search(@.sku, "^A$")].qty == 1', True),
        ('json $.items[?search(@.sku, "(?=A)")].qty == 1', False),
        ("json $.name type text", True),
        ("json $.name type string", True),
    ],
)
def test_json_values_compare_by_type_and_decimal_value_and_missing_ones_hold_nothing(line: str, held: bool) -> None:
    assert check(line, answer()).held is held


@pytest.mark.parametrize(
    ("line", "held"),
    [
        ("json $.total == sum($.items[*].price * $.items[*].qty)", True),
        ("json $.total == sum($.items[*].price)", False),
        ("json $.total == $.items[0].price * 3", True),
        ("json $.n == count($.items[*]) + 1", True),
        ("json $.n == round(10 / 3)", True),
        ("json $.half == round(0.445, 2) + 0.05", True),  # half up, in decimal
        ("json $.n == max($.items[*].qty) - min($.items[*].qty) + 2", True),
        ("json $.half == avg($.items[*].qty) - 1", True),
        ("json $.n == (1 + 2) * abs(0 - 1)", True),
        ("json $.id == $.id", True),
        ("json $.name == $.name", True),
        ("json $.n == $.items[*].qty", False),  # two values, not one
        ("json $.n == sum($.items[*].qty * $.tags[*])", False),  # a text among them
        ("json $.n == 3 / ($.n - 3)", False),
        ("json $.n == $.missing + 3", False),
    ],
)
def test_arithmetic_between_values_is_exact_to_the_cent(line: str, held: bool) -> None:
    assert check(line, answer()).held is held


def test_a_product_of_unequal_lists_is_refused_rather_than_stretched() -> None:
    body = {"t": 6, "a": [{"p": 2, "q": 1}, {"q": 2}]}
    for product in ("$.a[*].p * $.a[*].q", "$.a[*].q * $.a[*].p"):
        result = check(f"json $.t == sum({product})", answer(body))
        assert not result.held
        assert "gives" in result.seen
    assert check("json $.t == sum($.a[*].q * 2)", answer(body)).held


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("json $.total == 19.99", "$.total was 59.97, expected 19.99"),
        ("json $.gone exists", "$.gone was nothing, expected a value"),
        ("status == 500", "status was 200, expected 500"),
        ("status not in 2xx", "status was 200, expected none of 2xx"),
        ("json $.items length == 12", "$.items length was 2, expected 12"),
        ("latency < 100", "latency was 250 ms, expected < 100 ms"),
        ("p95 < 100", "latency was 250 ms, expected < 100 ms"),
        ("json $.total == sum($.items[*].price)", "$.total was 59.97, expected 39.98 (sum($.items[*].price))"),
        ('json $.name != "Ann"', '$.name was "Ann", expected anything but "Ann"'),
        ("json $.id == {{order}}", "$.id was 7, expected 8"),
        ("json $.id == {{nope}}", "$.id was not comparable: no value for {{nope}}, expected {{nope}}"),
        ('schema {"required": ["zz"]}', 'body was wrong at $: "zz" is a required property, expected a fit'),
        ('redirect to "/a"', 'redirect was not a redirect (status 200), expected a redirect to "/a"'),
    ],
)
def test_a_failure_says_what_was_seen_and_what_was_expected(line: str, sentence: str) -> None:
    result = check(line, answer(latency_ms=250.2), values={"order": 8})
    assert not result.held
    assert result.sentence() == sentence


def test_a_body_that_is_not_json_fails_the_assertion_and_says_so() -> None:
    result = check("json $.total == 1", answer(b"<html>sorry</html>"))
    assert result.sentence() == "body was not JSON, expected JSON with $.total"
    assert check("json $.total not exists", answer(b"oops")).held is False
    assert check("json $.total == 1", answer(b"")).seen == "empty"
    assert check("json $.a == 1", answer(b'\xef\xbb\xbf{"a": 1}')).held


def test_status_headers_cookies_size_hash_body_and_redirects() -> None:
    moved = Response(
        status=302,
        headers=(
            ("location", "https://h.example/cart?x=1"),
            ("Set-Cookie", "s=abc; Path=/"),
            ("vary", "a"),
            ("vary", "b"),
        ),
        body=b" ok\n",
        latency_ms=5,
    )
    for line in (
        "status in 2xx, 3xx",
        "status < 400",
        "status in 300-399",
        "header location contains CART",
        'header vary == "a, b"',
        "header x-none not exists",
        "header x-none != HIT",
        "cookie s == abc",
        "cookie t not exists",
        "size == 4 bytes",
        f"sha256 == {hashlib.sha256(b' ok' + bytes([10])).hexdigest().upper()}",
        'body == "ok"',
        'body matches "^ ok\\n"',
        'redirect to "/cart"',
        'redirect to "/cart?x=1"',
        'redirect to "https://h.example/cart?x=1"',
        'redirect not to "/login"',
        'redirect matches "cart"',
        "latency <= 5",
    ):
        assert check(line, moved).held, line
    for line in ('redirect to "/car"', 'redirect to "/cart?x=2"', "header x-none contains a", "cookie t == abc"):
        assert not check(line, moved).held, line


def test_placeholders_keep_their_type_alone_and_are_literal_inside_a_pattern() -> None:
    assert check('json $.id == "{{id}}"', answer(), values={"id": 7}).held
    assert check("json $.id == {{id}}", answer(), values={"id": 7}).held
    assert not check("json $.id == {{id}}", answer(), values={"id": "7"}).held
    assert check('json $.u == "/o/{{id}}"', answer({"u": "/o/7"}), values={"id": 7}).held
    assert check('body matches "^/o/{{id}}$"', answer(b"/o/a.b"), values={"id": "a.b"}).held
    assert not check('body matches "^/o/{{id}}$"', answer(b"/o/axb"), values={"id": "a.b"}).held
    assert check("header x == {{id}}", answer(headers={"x": "7"}), values={"id": 7}).held
    assert check("status == {{s}}", answer(status=404), values={"s": 404}).held


def test_the_openapi_schema_is_the_one_that_is_handed_in() -> None:
    line = "schema openapi"
    assert check(line, answer(), response_schema='{"required": ["id"]}').held
    assert not check(line, answer(), response_schema='{"required": ["gone"]}').held
    assert "not described" in check(line, answer()).seen
    assert "not checked" in check(line, answer(), response_schema="{").seen
    assert check(
        line, answer({"a": 1}), response_schema='{"properties": {"a": {"minimum": 0, "exclusiveMinimum": true}}}'
    ).held


def test_what_is_shown_is_short_and_masked() -> None:
    body = answer({"access_token": "abcdef123456", "note": "Bearer abcdefghijklmnop1234567890", "key": "s3cr3t-value"})
    hidden = check("json $.access_token == 1", body)
    assert "abcdef" not in hidden.seen
    assert "abcdefghij" not in check("json $.note == 1", body).seen
    assert "s3cr3t" not in check("json $.key == 1", body, secrets=["s3cr3t-value"]).seen
    assert "xyz" not in check("cookie s == 1", Response(status=200, headers=(("set-cookie", "s=xyz"),))).seen
    long = check('body == "ok"', answer(b"a " * 1000))
    assert len(long.seen) <= 120


def test_a_quantile_is_left_out_of_what_one_answer_has_to_hold() -> None:
    lines = [parse("status == 200"), parse("p95 < 1"), parse("latency < 1")]
    results = hold_all(lines, answer(latency_ms=50))
    assert [(result.source, result.held) for result in results] == [("status == 200", True), ("latency < 1", False)]


# Not fooled


LOGIN = b'<html><title>Sign in</title><form><input type="password" name="p"></form></html>'
HTML = {"content-type": "text/html; charset=utf-8"}


@pytest.mark.parametrize(
    ("lines", "response", "seen"),
    [
        (["body contains x"], answer(b"x", status=500), "500"),
        (["status != 500"], answer(status=503), "503"),
        (["status in 2xx, 4xx"], answer(status=404), "404"),
        (["status < 500"], answer(status=401), "401"),
        (["status not in 5xx"], answer(status=403), "403"),
        (["status in 2xx"], answer(status=302, headers={"location": "https://sso.example.com/"}), "302"),
        (["status == 302"], answer(status=302, headers={"location": "/login?next=/"}), "login page"),
        (["status < 400"], answer(status=303, headers={"location": "/oauth2/authorize"}), "login page"),
        (["json $.id exists"], answer(LOGIN, headers=HTML), "login page"),
        (["status == 200"], answer(LOGIN, headers=HTML), "login page"),
        (["body contains 'a'"], answer(b""), "empty"),
        (["schema openapi"], answer(b"  \n"), "empty"),
        (["status == 200"], answer(b""), "empty"),
        (["status == 200"], answer(truncated=True), "cut off"),
        (["json $.id exists"], answer(headers=HTML), "text/html"),
        (["status == 200"], answer(headers={"age": "120"}), "cached (Age 120 s)"),
        (["status == 200"], answer(headers={"x-cache": "HIT from edge"}), "cached"),
        (["status == 200"], answer(headers={"cf-cache-status": "HIT"}), "cached"),
        (["status == 200"], answer(headers={"cache-status": "edge; hit"}), "cached"),
        (["status == 200"], answer(b"<h1>Down for maintenance</h1>", headers=HTML), "maintenance page"),
        (["status == 200"], answer(b"<p>We will be back soon</p>", headers=HTML), "maintenance page"),
        (["status == 200"], answer({"error": "no database"}), "an error"),
        (["status == 200"], answer({"ok": False}), "an error"),
        (["status == 200"], answer(b"<html>"), "not JSON"),
    ],
)
def test_an_answer_that_only_looks_fine_does_not_count(lines: list[str], response: Response, seen: str) -> None:
    found = implicit([parse(line) for line in lines], response)
    assert any(seen in result.seen for result in found), found
    assert not any(result.held for result in found)


@pytest.mark.parametrize(
    ("lines", "response"),
    [
        (["json $.id exists"], answer()),
        ([], answer(status=201)),
        (["status == 404"], answer(status=404)),
        (["status in 401, 403"], answer(status=403)),
        (["status in 4xx"], answer(status=422)),
        (["status < 500"], answer(status=302, headers={"location": "/cart"})),
        (['redirect to "/login"'], answer(status=302, headers={"location": "/login"})),
        (['header location contains "login"'], answer(status=302, headers={"location": "/login"})),
        (["body contains 'Password'"], answer(LOGIN, headers=HTML)),
        (["status == 204"], answer(b"", status=204)),
        (["status == 200"], answer(b"", headers={"content-type": "text/plain"})),
        (['body == ""'], answer(b"")),
        (["size == 0"], answer(b"")),
        (["json $.id exists", "header content-type contains html"], answer(headers=HTML)),
        (["header age exists"], answer(headers={"age": "120"})),
        (["header x-cache contains hit"], answer(headers={"x-cache": "HIT"})),
        (["status == 200"], answer(headers={"age": "0", "x-cache": "MISS"})),
        (["body contains maintenance"], answer(b"<h1>Maintenance page</h1>", headers=HTML)),
        (["status == 200"], answer(b"<title>Shop</title><p>Author: maintenance kits</p>", headers=HTML)),
        (["status == 200"], answer({"errors": [], "error": None})),
        (["status == 200"], answer(status=200, headers={"location": "/login"})),
    ],
)
def test_a_step_that_wants_exactly_that_gets_it(lines: list[str], response: Response) -> None:
    assert implicit([parse(line) for line in lines], response) == ()


def test_an_answer_to_head_has_no_body_to_look_at() -> None:
    assert implicit([parse("status == 200")], answer(b""), method="HEAD") == ()


def test_captures_give_typed_values_and_none_where_there_is_nothing() -> None:
    response = answer(headers={"location": "/orders/42", "set-cookie": "c=1; Path=/", "x": "y"}, status=302)
    assert captured("json $.id", response) == 7
    assert captured("json $.items[*].sku", response) == "A"
    assert captured("header X", response) == "y"
    assert captured("cookie c", response) == "1"
    assert captured('header location matches "/orders/(\\d+)"', response) == "42"
    assert captured('redirect matches "\\d+"', response) == "42"
    assert captured('body matches "\\"name\\":\\"(\\w+)"', response) == "Ann"
    assert captured("status", response) == 302
    for nothing in ("json $.gone", "header gone", "cookie gone", 'body matches "(gone)"'):
        assert captured(nothing, response) is None
    assert captured("json $.a", answer(b"no json")) is None


@pytest.mark.parametrize(
    "expression", ["", "jsn $.a", "json a", "body", 'body matches "("', 'body matches "{{x}}"', "header"]
)
def test_a_capture_that_cannot_be_read_is_refused_before_anything_is_sent(expression: str) -> None:
    with pytest.raises(ExpectError):
        parse_capture(expression)


def test_a_hostile_document_costs_a_failed_assertion_and_no_more() -> None:
    deep = b"[" * 900 + b"1" + b"]" * 900
    assert "too deeply" in check("json $..x exists", answer(deep)).seen
    assert not check("json $ == $[0]", answer(deep)).held
    assert not check("json $.a == 1", answer(b"[" * 100_000)).held
    tree = '{"$defs": {"t": {"items": {"$ref": "#/$defs/t"}}}, "$ref": "#/$defs/t"}'
    assert check(f"schema {tree}", answer(deep)).held
    assert not check('json $.a matches "(a+)+$"', answer({"a": "a" * 100_000 + "!"})).held


VALUES = {"order_id": 7, "status": "200", "x": float("nan")}
bodies = st.one_of(
    st.binary(max_size=200),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["total", "items", "id", "n", "price", "list", "name"]), inner, max_size=4
            )
        ),
        max_leaves=12,
    ).map(lambda value: orjson.dumps(value, default=str)),
    st.sampled_from([LOGIN, b"", b"null", b"\xff\xfe{", b"[" * 5000, b'{"total": 1e308}']),
)
responses = st.builds(
    Response,
    status=st.integers(0, 999),
    headers=st.lists(
        st.tuples(
            st.sampled_from(["content-type", "location", "age", "x-cache", "set-cookie", "x-request-id"]),
            st.one_of(st.text(max_size=20), st.sampled_from(["text/html", "/login", "http://[", "\udcff", "9" * 5000])),
        ),
        max_size=4,
    ).map(tuple),
    body=bodies,
    truncated=st.booleans(),
    latency_ms=st.floats(0, 1e6),
)


@given(responses)
def test_nothing_raises_for_any_answer(response: Response) -> None:
    lines = [parse(line) for line in LINES]
    results = hold_all(lines, response, values=VALUES, response_schema='{"type": "object", "required": ["id"]}')
    assert len(results) == sum(line.quantile is None for line in lines)
    for result in (*results, *implicit(lines, response), *implicit([], response)):
        assert len(result.seen) <= 125
        assert result.held or result.expected
    for expression in ("json $.id", "header location", "cookie a", 'body matches "(.)"', "status", "redirect"):
        captured(expression, response)
