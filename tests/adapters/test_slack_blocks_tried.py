"""A placeholder is for the plan's file: people read the values that are tried, or words."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.adapters.plan_words import PlanWords
from fixloop_bot.adapters.slack.blocks.checks import what
from fixloop_bot.adapters.slack.blocks.details import details_modal
from fixloop_bot.adapters.slack.blocks.plan import plan_card
from fixloop_bot.application.details import StepDetails
from fixloop_bot.domain.plans import HttpCheck, JourneyCheck, Leg, Request, Step, WebsocketCheck
from tests.adapters.thread_states import CONFIRM, PLANNED, STEPS, view

TWO = ('{"sku": "A1", "price": 19.99}', '{"sku": "B2", "price": 5}')
MANY = tuple(json.dumps({"sku": f"A{number}", "price": number}) for number in range(9))


def asks(inputs: tuple[str, ...], *expect: str) -> Step:
    request = Request(path="/products/{{sku}}")
    return replace(STEPS[0], check=HttpCheck(request=request, expect=expect, inputs=inputs))


@pytest.mark.parametrize(
    ("inputs", "line", "words"),
    [
        (TWO, "json $.price == {{price}}", "price 19.99 or 5"),
        (MANY, "json $.price == {{price}}", "price as asked for"),
        (MANY, "json $.offer.price == {{price}}", "offer.price as asked for"),
        (MANY, "json $.amount == {{price}}", "amount is the price asked for"),
        (MANY, "json $.price <= {{price}}", "price at most the price asked for"),
        (TWO, 'body contains "sold as {{sku}}"', 'body contains "sold as A1 or B2"'),
        (('{"sku": "{{sku}}"}',), 'json $.sku == "{{sku}}"', "sku as asked for"),
    ],
)
def test_a_claim_has_the_values_or_words(inputs: tuple[str, ...], line: str, words: str) -> None:
    """Few values are named, many are told in words, and what looks like a placeholder is none of them."""
    assert what(asks(inputs, line)).partition(" → ")[2] == words


def test_a_request_is_shown_as_it_is_first_sent() -> None:
    """With how many other ways there are."""
    assert what(asks(TWO[:1], "status == 200")) == "GET /products/A1 → 200"
    assert what(asks(MANY, "status == 200")) == "GET /products/A0 +8 more → 200"


def test_what_an_earlier_request_has_found_is_named() -> None:
    """Its value is known only while the journey runs."""
    legs = (
        Leg(request=Request(method="POST", path="/checkout"), expect=(), capture=(("order_id", "json $.id"),)),
        Leg(request=Request(path="/orders/{{order_id}}"), expect=('json $.id == "{{order_id}}"',)),
    )
    assert what(replace(STEPS[0], check=JourneyCheck(legs=legs))) == "POST /checkout → GET /orders/:order_id"


def test_the_checklist_and_the_details_have_no_braces_and_the_editor_has_them() -> None:
    """Who edits a step types what the plan's file says."""
    step = asks(MANY, "status == 200", "json $.price == {{price}}")
    steps = (step, *STEPS[1:])
    incident = replace(PLANNED, plan=replace(CONFIRM.plan, steps=steps))
    card = plan_card(view(incident, now=CONFIRM.started_at))
    assert card is not None
    run = replace(CONFIRM, plan=replace(CONFIRM.plan, steps=steps))
    details = StepDetails(
        incident=incident, run=run, step=step, service=None, before=None, samples=(), looked_at=0, now=run.started_at
    )
    shown = json.dumps([card.text, card.blocks, details_modal(details)])
    assert "price as asked for" in shown
    assert "{{" not in shown
    words = PlanWords().words(step)
    assert "{{sku}}" in words.check
    assert words.expect is not None
    assert "{{price}}" in words.expect


@given(
    name=st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,60}", fullmatch=True),
    values=st.lists(st.one_of(st.text(max_size=50), st.integers(), st.none()), max_size=6),
)
def test_no_placeholder_is_left_whatever_it_is_called(name: str, values: list[object]) -> None:
    """Also for values that look like one."""
    inputs = tuple(json.dumps({name: value}) for value in values)
    lines = (f"json $.a == {{{{{name}}}}}", f'body contains "x {{{{{name}}}}} y"')
    check = HttpCheck(request=Request(path=f"/p/{{{{{name}}}}}"), expect=lines, inputs=inputs)
    socket = WebsocketCheck(path=f"/p/{{{{{name}}}}}", expect=lines, inputs=inputs)
    for each in (check, socket):
        assert "{{" not in what(replace(STEPS[0], check=each), 300)
