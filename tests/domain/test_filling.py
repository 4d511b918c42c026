"""Filling variables: a value is only ever data, whatever it holds and wherever it stands."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.filling import Unfilled, Values, fill_request, uses_secret
from fixloop_bot.domain.plans import Request

text = st.text(st.characters(exclude_categories=["Cs"]))
value = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text
FORM = (("Content-Type", "application/x-www-form-urlencoded"),)


def values(named: dict[str, object] | None = None, **secrets: str | None) -> Values:
    return Values(named or {}, secrets)


@given(value | st.lists(value) | st.dictionaries(text, value))
def test_a_whole_json_string_becomes_the_value_with_its_type(given_value: object) -> None:
    """``"{{v}}"`` becomes the value itself: a number stays a number, a list a list."""
    filled = fill_request(Request(path="/", json_body='{"a": "{{v}}", "b": ["{{ v }}"]}'), values({"v": given_value}))
    assert filled.body is not None
    assert json.loads(filled.body) == {"a": given_value, "b": [given_value]}


@given(text, text)
def test_a_value_inside_a_string_stays_inside(first: str, second: str) -> None:
    """Quotes, braces and backslashes of a value or secret cannot end the string that they stand in."""
    request = Request(path="/", json_body='{"a": "<{{v}}|${S}>"}')
    filled = fill_request(request, values({"v": first}, S=second))
    assert filled.body is not None
    assert json.loads(filled.body) == {"a": f"<{first}|{second}>"}


@given(text)
def test_a_value_in_an_address_or_form_is_encoded(given_text: str) -> None:
    """No value adds a segment, a parameter or a fragment."""
    filled = fill_request(
        Request(method="POST", path="/a/{{v}}/b?q={{v}}", headers=FORM, body="q={{v}}"), values({"v": given_text})
    )
    path, _, query = filled.where.partition("?")
    assert [unquote(segment) for segment in path.split("/")] == ["", "a", given_text, "b"]
    assert parse_qs(query, keep_blank_values=True) == {"q": [given_text]}
    assert filled.body is not None
    assert parse_qs(filled.body.decode(), keep_blank_values=True) == {"q": [given_text]}


def test_a_value_that_looks_like_a_variable_stays_text() -> None:
    """One pass: what an answer says is never filled in turn, so that it cannot ask for a secret."""
    request = Request(path="{{link}}", headers=(("accept", "{{link}}"),), body="{{link}}")
    filled = fill_request(request, values({"link": "${TOKEN}{{other}}", "other": "x"}, TOKEN="secret"))
    assert filled.where == "${TOKEN}{{other}}"
    assert filled.headers[0] == ("accept", "${TOKEN}{{other}}")
    assert filled.body == b"${TOKEN}{{other}}"


def test_an_address_may_begin_with_a_captured_link() -> None:
    """A link is taken as it is, what follows is encoded; a secret is always encoded."""
    assert fill_request(Request(path="{{l}}?q={{l}}"), values({"l": "/a?b"})).where == "/a?b?q=%2Fa%3Fb"
    assert fill_request(Request(path="${S}"), values(S="/a b")).where == "%2Fa%20b"


@pytest.mark.parametrize(
    "request_",
    [
        Request(path="/{{missing}}"),
        Request(path="{{missing}}"),
        Request(path="/", json_body='"{{missing}}"'),
        Request(path="/", json_body='"x{{missing}}"'),
        Request(path="/", body="${UNSET}"),
        Request(path="/", headers=(("accept", "${OTHER}"),)),
    ],
)
def test_a_missing_value_is_named(request_: Request) -> None:
    """The sentence names what is missing, and never a value."""
    with pytest.raises(Unfilled, match=r"missing|UNSET|OTHER"):
        fill_request(request_, values({"v": "1"}, UNSET=None, TOKEN="secret"))


def test_text_without_variables_is_untouched() -> None:
    """JSON keeps its spelling, and braces that are no variable stay."""
    body = '{"a": 1.50, "b": "{x} {{ }} {{1}} $HOME ${}"}'
    assert fill_request(Request(path="/", json_body=body), values()).body == body.encode()


def test_it_is_known_where_secrets_go() -> None:
    """A secret may stand in the address, a header or the body."""
    for request in (
        Request(path="/?k=${K}"),
        Request(path="/", headers=(("authorization", "${K}"),)),
        Request(path="/", json_body='"${K}"'),
        Request(path="/", body="${K}"),
    ):
        assert uses_secret(request)
    assert not uses_secret(Request(path="/{{k}}", json_body='"$K"'))


def filled(kind: str, body: str, value: object) -> str:
    headers = (("Content-Type", kind),) if kind else ()
    sent = fill_request(
        Request(method="POST", path="/", headers=headers, body=body), values({"v": value}, S='a"b')
    ).body
    assert sent is not None
    return sent.decode()


@given(value | st.lists(value))
def test_a_bare_variable_in_json_is_one_value(given_value: object) -> None:
    """An answer that says ``1, "admin": true`` adds no member: outside a string, a text comes with its quotes."""
    sent = fill_request(
        Request(path="/", json_body='{"a": {{v}}, "b": "x", "c": ${S}}'), values({"v": given_value}, S='"')
    )
    assert sent.body is not None
    assert json.loads(sent.body) == {"a": given_value, "b": "x", "c": '"'}


@given(text)
def test_a_plain_body_of_json_is_filled_as_json(given_text: str) -> None:
    """Its media type says how a value is written; in a string everything is text."""
    sent = filled(
        "application/problem+json; charset=utf-8",
        '{"a": "{{v}}", "b": "\\"{{v}}", "c": {{v}}, "s": "${S}"}',
        given_text,
    )
    assert json.loads(sent) == {"a": given_text, "b": f'"{given_text}', "c": given_text, "s": 'a"b'}
    assert json.loads(filled("application/json", '{"a": "{{v}}"}', 2)) == {"a": "2"}


def test_a_value_stays_inside_a_string_that_never_ends() -> None:
    """A websocket's text need not be JSON, however much it looks like it."""
    assert fill_request(Request(path="/", json_body='{"a": "{{v}}'), values({"v": '"}'})).body == b'{"a": "\\"}'


@pytest.mark.parametrize("kind", ["text/xml", "application/soap+xml; charset=utf-8", "Application/XML", "text/html"])
def test_a_value_adds_no_element(kind: str) -> None:
    """Angle brackets, ampersands and both quotes are written as entities."""
    assert filled(kind, "<a>{{v}}</a>", "</a><b c=\"d\" e='f'>&") == (
        "<a>&lt;/a&gt;&lt;b c=&quot;d&quot; e=&#x27;f&#x27;&gt;&amp;</a>"
    )


@pytest.mark.parametrize(
    ("kind", "hostile"),
    [
        ("", "a\r\nb"),
        ("text/plain", "a\0"),
        ("text/csv", "\x85"),
        ("text/xml", "\x1b"),
        ("multipart/form-data", "a\n--b"),
    ],
)
def test_a_plain_body_takes_no_control_character_of_a_value(kind: str, hostile: str) -> None:
    """A carriage return ends a part or a request; tabs and line feeds are only text."""
    with pytest.raises(Unfilled, match="control character"):
        filled(kind, "<{{v}}>", hostile)
    assert filled("", "{{v}}", "a\tb\nc") == "a\tb\nc"


@pytest.mark.parametrize(
    "request_",
    [
        Request(path="/{{v}}"),
        Request(path="{{v}}"),
        Request(path="/", headers=(("accept", "{{v}}"),)),
        Request(path="/", json_body='"{{v}}"'),
        Request(path="/", json_body="{{v}}"),
        Request(path="/", body="{{v}}"),
    ],
)
@pytest.mark.parametrize("kind", ["deep", "infinite"])
def test_a_value_that_cannot_be_written_is_refused(request_: Request, kind: str) -> None:
    """An answer nested thousands of times, or with a number beyond all, ends in a sentence."""
    deep: object = float("inf")
    for _ in range(100_000 if kind == "deep" else 0):
        deep = [deep]
    with pytest.raises(Unfilled, match="nested too deeply"):
        fill_request(request_, values({"v": deep}))
