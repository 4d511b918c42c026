"""Tokens that are known by their beginning are masked wherever they stand, and look-alikes are not."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fixloop_bot.domain.redaction import TOKEN, mask
from fixloop_bot.domain.token_formats import FORMATS
from tests.domain.tokens import TOKENS


@pytest.mark.parametrize("issuer", TOKENS)
def test_a_token_is_masked_wherever_it_stands(issuer: str) -> None:
    """In a sentence, in quotes, in JSON, in an address: nothing of it is left, and what stands around it is kept."""
    token = TOKENS[issuer]
    assert mask(f"upstream said {token} and gave up") == f"upstream said {TOKEN} and gave up"
    for text in (f"'{token}'", json.dumps({"said": token}), f"https://shop.example/a?x={token}&page=2", f"({token})"):
        masked = mask(text)
        assert token[8:] not in masked
        assert "‹" in masked
        assert mask(masked) == masked


def test_forty_issuers_are_known() -> None:
    """Each by one line of the table."""
    assert len(FORMATS) >= 40
    assert len({issuer for issuer, _ in FORMATS}) == len(FORMATS)


@given(
    st.sampled_from(FORMATS).flatmap(
        lambda known: st.from_regex(known[1].replace("[\\w", "[a-zA-Z0-9_"), fullmatch=True)
    )
)
@example("~007Q~0000000000000000000000000000000")
def test_whatever_a_format_allows_is_masked(token: str) -> None:
    """The table's patterns do what they say between two spaces, for any text that they describe."""
    if token.isascii() and not any(char in token for char in "‹› \n"):
        assert token not in mask(f"said {token} twice")


@pytest.mark.parametrize(
    "text",
    [
        "commit 9fceb02d0ae598e95dc970b74767f19372d61af8 Merge branch 'main'",
        "trace_id=253445676772137639ec1a3b45534454 span=db7b87e80789eed3",
        "sha256:7d26e5e1e6d520416704566776b9f0adfcb157c550bcc0b1b22aef21f28ee7bb",
        "order 3bb37721-7534-6768-25db-d0fff29cdf94 refused",
        "GET /checkout?sku=sk-1&pk-2 503 in 84 ms, p95 400 ms, pod checkout-7d9f8b6c5-x2x4k",
        "us-east-1 key-value store api-gateway sdk-version 2.14.0 figd npm_config xai hf_home pul-request",
        "https://app.datadoghq.eu/monitors/4711?group=service%3Acheckout&from_ts=1732262473000&to_ts=1732266073000",
        "avg(last_5m):sum:shop.errors{service:checkout,env:prod} by {endpoint} > 0.05",
        "step 2: POST https://shop.example/api/checkout answers 200 with $.total == 19.99, Wilson 98.2 %",
    ],
)
def test_ordinary_text_is_kept(text: str) -> None:
    """Hashes, trace ids, UUIDs, names of things and queries are what a responder reads."""
    assert mask(text) == text


def test_a_card_beside_letters_is_still_a_card() -> None:
    """Only inside of something as long as a hash or shaped like a UUID are digits taken for a part of it."""
    assert mask("0xface4111111111111111 card4111111111111111x") == "0xface‹card› card‹card›x"
    assert mask("a-4111-1111-1111-1111-b") == "a-‹card›-b"
    assert mask("4111111111111111 4111111111111111") == "‹card› ‹card›"
