"""What is secret is masked, in every form in which it travels; what is not stays readable."""

import base64
import json
import time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.redaction import LEFT_OUT, LIMIT, OVERLAP, mask

PARTS = ("abcdefgh", "0123456789ABCDEF", "Zx81kQ")
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqb25hcyJ9.c2lnbmF0dXJl"
KEY_BLOCK = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Authorization: Bearer abc.def next", "Authorization: ‹token› next"),
        ('{"authorization": "Basic dXNlcjpwYXNz", "a": 1}', '{"authorization": "‹token›", "a": 1}'),
        ("authorization: Digest username=x, response=y", "authorization: ‹token›"),
        ("curl -H 'Cookie: a=b; c=d' https://x", "curl -H 'Cookie: ‹secret›' https://x"),
        ("set-cookie: sid=9f; Path=/", "set-cookie: ‹secret›"),
        (f"got {JWT} back", "got ‹token› back"),
        ("key AKIA" + "IOSFODNN7EXAMPLE.", "key ‹token›."),
        ("xoxb-" + "123-456-abcdef", "‹token›"),
        ("https://hooks.slack.com/services/T0/B0/xyz", "https://hooks.slack.com/services/‹token›"),
        ("ghp_" + PARTS[0] * 4, "‹token›"),
        ("sk-api-" + PARTS[1], "‹token›"),
        ("sk_live_" + PARTS[1], "‹token›"),
        ("DD-API-KEY: " + "0123456789abcdef" * 2, "DD-API-KEY: ‹secret›"),
        ("dd_application_key=" + "0123456789" * 4, "dd_application_key=‹secret›"),
        (f"a {KEY_BLOCK} b", "a ‹private key› b"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE and then cut", "‹private key›"),
        ("postgres://app:p@ss/w@db.internal/shop", "postgres://app:‹secret›@db.internal/shop"),
        ("redis://:hunter2@cache:6379/0", "redis://:‹secret›@cache:6379/0"),
        ("https://user:pw@example.com/x", "https://user:‹secret›@example.com/x"),
        ("password=hunter2&page=2", "password=‹secret›&page=2"),
        ('{"password": "a b\\"c", "qty": 1}', '{"password": "‹secret›", "qty": 1}'),
        (r"{\"client_secret\": \"abcdef\", \"x\": 1}", r"{\"client_secret\": \"‹secret›\", \"x\": 1}"),
        ("mail from jörg.müller+x@firma.example.de today", "mail from ‹e-mail› today"),
        ("paid with 5 4111 1111 1111 1111 now", "paid with 5 ‹card› now"),
        ("card=378282246310005;", "card=‹card›;"),
    ],
)
def test_what_looks_secret_becomes_a_named_placeholder(text: str, masked: str) -> None:
    """Each shape of secret is replaced, and what stands around it is kept."""
    assert mask(text) == masked
    assert mask(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "POST /checkout 503 in 84 ms at 2026-11-22 08:11:13, epoch 1732262473000",
        "invalid token: expired",
        "Basic authentication failed",
        "trace 4bf92f3577b34da6a3ce929d0e0e4736",
        "p95 0.4111111111111111, total 19.99",
        "http://127.0.0.1:8080/cart/x@y",
        "max_tokens: 512, shipping: fast",
        "Authorization: Bearer ${CHECKOUT_TOKEN}",
        "order 4111111111111112",
    ],
)
def test_what_a_responder_needs_is_kept(text: str) -> None:
    """Times, trace ids, fractions, sentences and references to secrets are not masked."""
    assert mask(text) == text


@given(
    st.text(alphabet="aZ9 /+=&\"'\\üß%🙂<", min_size=6, max_size=24).filter(lambda value: len(set(value)) > 3),
    st.sampled_from([" ", "x=", "{", ""]),
)
def test_a_known_secret_is_masked_in_every_form(secret: str, around: str) -> None:
    """Plain, URL-encoded (both hex cases), JSON-escaped and base64, also inside ``user:secret``."""
    forms = [
        secret,
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        base64.b64encode(secret.encode()).decode().rstrip("="),
        base64.b64encode(f"user:{secret}".encode()).decode().rstrip("="),
    ]
    for form in forms:
        masked = mask(f"{around}{form}{around}", [secret])
        assert form not in masked
        assert "‹" in masked


def test_the_longest_of_nested_secrets_is_masked_whole() -> None:
    """A secret that contains another one leaves no remainder."""
    assert mask("say hunter2-prod!", ["hunter2", "hunter2-prod"]) == "say ‹secret›!"


def test_a_secret_too_short_to_be_one_is_not_searched() -> None:
    """Masking ``on`` everywhere would shred the text."""
    assert mask("the monitor is on", ["on"]) == "the monitor is on"


@given(st.text(max_size=200))
def test_masking_twice_changes_nothing_more(text: str) -> None:
    """Any text can be masked, and placeholders are never masked again."""
    once = mask(text, ["hunter2"])
    assert mask(once, ["hunter2"]) == once


def test_a_text_that_is_too_long_is_cut_without_a_stump() -> None:
    """A secret that straddles the limit is not left half."""
    masked = mask("x " * (LIMIT // 2 + OVERLAP // 2 - 4) + "hunter2-prod", ["hunter2-prod"])
    assert masked.endswith(LEFT_OUT)
    assert "hunter" not in masked
    assert len(masked) <= LIMIT + len(LEFT_OUT)


@pytest.mark.parametrize(
    "piece",
    ["a", 'password="', "a@", "4 ", "44 ", "eyJ", "-----BEGIN PRIVATE KEY-----", "://a:", "postgres://a:", "cookie: ",
     "authorization:", 'password=\'"\\"', "a.b-c_", "\\", "passwordpassword", "411111111111111", "é", "token: \\"],
)  # fmt: skip
def test_hostile_text_takes_linear_time(piece: str) -> None:
    """No text of the largest size takes longer than a few seconds on a slow machine."""
    text = (piece * (LIMIT // len(piece) + 1))[:LIMIT]
    began = time.process_time()
    mask(text)
    assert time.process_time() - began < 4
