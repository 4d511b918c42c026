"""The language of ``expect``: what it reads, and that every error points at its column."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.errors import ExpectError
from fixloop_bot.domain.expectations.claim import Comparison, Subject
from fixloop_bot.domain.expectations.expect import parse

LINES = (
    "status == 200",
    "status != 500",
    "status in 200,201,3xx",
    "status in 2xx",
    "status in [200, 300-302]",
    "status not in 5xx",
    "status == {{status}}",
    "header content-type contains json",
    "header x-request-id exists",
    'header cache-control == "no-store"',
    'header location matches "^/login"',
    'header x-cache in "MISS", BYPASS',
    "cookie session exists",
    "json $.total == 19.99",
    "json $.items length == 12",
    "json $.id exists",
    "json $.a not exists",
    'json $.name matches "^[A-Z]\\d+$"',
    'json $.state in ["a","b"]',
    "json $.n type number",
    "json $.n not type null",
    "json $.n >= 3",
    'json $.list contains "x"',
    "json $.items[?@.sku == 'A 1'].qty == 1",
    "json $.total == sum($.items[*].price * $.items[*].qty)",
    "json $.gross == round($.net * 1.19, 2)",
    "json $.id == {{order_id}}",
    'json $.id == "{{order_id}}"',
    "json $.name == 'Ann'",
    'schema {"required": ["id"]}',
    "schema openapi",
    "shape as before",
    'body contains "text"',
    'body not contains "text"',
    'body matches "re+"',
    'body == "ok"',
    "latency < 400",
    "latency <= 0.4 s",
    "p95 < 400 ms",
    "p50<1s",
    "p99.9 <= 2 s",
    "size > 10",
    "size < 1000 bytes",
    f'sha256 == "{"ab" * 32}"',
    'redirect to "/path"',
    "redirect not to /login",
)


@pytest.mark.parametrize("line", LINES)
def test_reads_every_form_of_the_grammar_and_keeps_the_line_as_written(line: str) -> None:
    assertion = parse(f"  {line} ")
    assert assertion.source == line
    assert hash(assertion) == hash(parse(f"  {line} "))
    again = parse(assertion.source)
    assert (again.subject, again.comparison, again.negated) == (
        assertion.subject,
        assertion.comparison,
        assertion.negated,
    )


def test_a_quantile_is_a_statement_about_the_step_with_its_limit_in_milliseconds() -> None:
    assertion = parse("p95 < 0.4 s")
    assert (assertion.subject, assertion.quantile, assertion.limit_ms) == (Subject.LATENCY, 0.95, 400.0)
    assert parse("latency < 400").quantile is None
    assert parse("p99.9 < 1").quantile == 0.999


def test_placeholders_are_named_so_that_a_missing_value_is_known_before_anything_is_sent() -> None:
    assert parse('json $.t == {{a}} * count($.x[*]) + "{{ b }}"').names == ("a", "b")
    assert parse('json $.o == {"{{k}}": ["{{v}}", 1]}').names == ("k", "v")
    assert parse("status == 200").names == ()


def test_not_goes_with_words_and_unequal_is_a_negated_equal() -> None:
    assertion = parse("json $.a != 1")
    assert (assertion.comparison, assertion.negated) == (Comparison.EQUAL, True)
    assert parse("schema openapi").wants_openapi
    assert not parse('schema {"type": "object"}').wants_openapi


def test_shape_as_before_wants_a_baseline_and_no_openapi_document() -> None:
    assertion = parse("shape  as before")
    assert (assertion.wants_before, assertion.wants_openapi, assertion.subject) == (True, False, Subject.SCHEMA)
    assert not parse("schema openapi").wants_before


@pytest.mark.parametrize(
    ("line", "column", "says"),
    [
        ("", 1, "expected p95 or a subject"),
        ("statuss == 200", 1, "did you mean status?"),
        ("headers x exists", 1, "did you mean header?"),
        ("status = 200", 8, "expected a comparison"),
        ("status == 99", 11, "200, 2xx or 200-299"),
        ("status > 2xx", 13, "single status code"),
        ("status == 200 or 201", 15, "end of the line"),
        ("header x containz y", 10, "did you mean contains?"),
        ("json total == 3", 6, "begins with $"),
        ("json $.x[ == 3", 11, "JSON path"),
        ("json $.{{x}} == 3", 6, "placeholder cannot stand inside"),
        ('json $["{{x}}"] == 3', 6, "placeholder cannot stand inside"),
        ("json $..a..b == 1", 10, "one ``..``"),
        ("json $[?@.a == $.b] == 1", 16, "use @"),
        ("json $.total == paid", 17, 'needs quotes: "paid"'),
        ("json $.total == NaN", 17, "expected a value"),
        ('json $.n >= "x"', 13, "a number"),
        ("json $.n in 3", 13, "a list"),
        ("json $.n type nmber", 15, "did you mean number?"),
        ('json $.name matches "(?=a)"', 21, "invalid perl operator"),
        ("json $.name matches abc", 21, "regular expression in quotes"),
        ('body matches "abc', 14, "never closed"),
        ('body contains ""', 15, "empty text"),
        ("json $.n not length", 14, "after not"),
        ("json $.a == summ($.b)", 13, "did you mean sum?"),
        ("json $.a == sum($.b", 20, "expected )"),
        ("json $.a == " + "(" * 50, 34, "too many brackets"),
        ("latency < fast", 11, "a time"),
        ("latency < 4 min", 13, "a unit"),
        ("p95 > 400", 5, "(<=, <)"),
        ("p0 < 400", 1, "quantile"),
        ("sha256 == abc", 11, "64 hexadecimal"),
        ('schema {"type": "strin"}', 8, "schema cannot be used"),
        ("schema {}", 8, "fits every answer"),
        ("shape", 6, "expected shape as before (as)"),
        ("shape as befor", 10, "did you mean before?"),
        ("shape as before {}", 17, "end of the line"),
        ("shap as before", 1, "did you mean shape?"),
        ('schema {"$ref": "http://127.0.0.1:9/x"}', 8, "schema cannot be used"),
        ("status == 200" + " " * 3000, 2001, "longer than"),
    ],
)
def test_an_error_says_what_was_expected_at_which_column(line: str, column: int, says: str) -> None:
    with pytest.raises(ExpectError) as caught:
        parse(line)
    assert caught.value.column == column
    assert says in str(caught.value)


def test_a_schema_fetches_nothing_from_network_or_disk(tmp_path: Path) -> None:
    (tmp_path / "text.json").write_text('{"type": "string"}')
    with pytest.raises(ExpectError, match="schema cannot be used"):
        parse(f'schema {{"$ref": "file://{tmp_path}/text.json"}}')


WORDS = (
    "status header cookie json schema body latency p95 size sha256 redirect openapi shape as before not in contains "
    "matches exists"
)
SYMBOLS = (
    "type length to == != < >= $ $. $..a [*] [?@.a==1] [0] .a .* sum( round( ) ( 200 2xx 1.5 -3 1e999 ms , * / + - é"
)
TEXTS = """ "a" "(" 'x' "\\u00e9" "\\ud800" {{x}} {"a":1} {"$ref":"#"} [1] """
pieces = st.sampled_from([piece for row in (WORDS, SYMBOLS, TEXTS) for piece in row.split()])


@given(st.one_of(st.text(max_size=60), st.lists(pieces, max_size=10).map(" ".join), st.lists(pieces).map("".join)))
def test_only_its_own_error_comes_out_of_any_text(text: str) -> None:
    try:
        assertion = parse(text)
        problem = None
    except ExpectError as error:
        assertion, problem = None, error
    if problem is not None:
        assert 1 <= problem.column <= len(text) + 1
    if assertion is not None:
        assert parse(assertion.source).subject is assertion.subject
