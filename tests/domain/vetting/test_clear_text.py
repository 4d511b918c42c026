"""A credential is named in a plan and never written out, whoever wrote the plan."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.adapters.plan_file import parse_plan, vetted
from fixloop_bot.domain.catalog import Probe
from fixloop_bot.domain.errors import BadInput
from fixloop_bot.domain.plans import HttpCheck, JourneyCheck, Leg, Request
from fixloop_bot.domain.vetting.plan import vet
from tests.domain.vetting.test_vetting import CHECKOUT, PAYS, plan, reasons

REFUSED = "in clear text; put it in the catalog's secrets and refer to it as ${NAME}."


def sends(body: str, *inputs: str) -> HttpCheck:
    request = Request(method="POST", path="/checkout", json_body=body)
    return HttpCheck(request=request, expect=("status == 200",), inputs=inputs)


def test_a_models_step_with_a_password_is_refused_by_name() -> None:
    """The sentence goes back to the model: it says which field, and never what stands in it."""
    (reason,) = reasons(plan(sends('{"user": "mira", "password": "hunter2-blue"}')))
    assert reason == f"Step 1: its body has password {REFUSED}"


def test_a_plan_file_is_held_to_the_same() -> None:
    """With the line of its step."""
    document = parse_plan(
        "steps:\n- title: Login works\n  post: /checkout\n  json: {password: hunter2-blue}\n"
        "- title: The catalog works\n  get: /catalog\n"
    )
    with pytest.raises(BadInput, match="its body has password in clear text"):
        vetted(document, CHECKOUT, made_at=0.0)


def test_each_request_of_a_journey_is_looked_at() -> None:
    """How a journey logs in is where passwords are typed."""
    login = Request(method="POST", path="/checkout", body="user=mira&passwd=hunter2-blue")
    legs = (
        Leg(request=login, expect=("status == 200",)),
        Leg(request=Request(path="/catalog"), expect=("status == 200",)),
    )
    (reason,) = reasons(plan(JourneyCheck(legs=legs)))
    assert reason == f"Step 1: its body has passwd {REFUSED}"


@pytest.mark.parametrize(
    "body",
    [
        '{"token": "${TOKEN}"}',
        '{"token": "Bearer ${TOKEN}"}',
        '{"pin": {{pin}}}',
        '{"pin": "{{pin}}"}',
        '{"password": "wrong", "token": "", "secret": null, "token_required": true}',
        '{"max_tokens": 5, "password_length": 12, "note": "the password was changed", "email": "mira@example.com"}',
    ],
)
def test_what_only_names_a_credential_is_taken(body: str) -> None:
    """A reference, a placeholder, a value that is meant to be turned away, a word that only sounds like one."""
    filled = '{"pin": ""}'
    vet(plan(sends(body, filled) if "{{" in body else sends(body)), CHECKOUT)


def test_what_a_probe_of_the_team_sends_may_be_sent_again() -> None:
    """The catalog is the team's own word; the same name with another value is not."""
    probe = Probe(name="demo login", request=sends('{"password": "demo-login"}').request, expect=PAYS.expect)
    team = replace(CHECKOUT, probes=(probe,))
    vet(plan(sends('{"user": "mira", "password": "demo-login"}')), team)
    assert reasons(plan(sends('{"password": "hunter2-blue"}')), team)


@given(
    key=st.sampled_from(["password", "apiKey", "client_secret", "x-token", "Passwd"]),
    value=st.text(alphabet=st.characters(codec="ascii", categories=["L", "N"]), min_size=12, max_size=40),
    depth=st.integers(0, 6),
)
def test_however_deep_it_is_never_repeated(key: str, value: str, depth: int) -> None:
    """A credential is found in any depth of the body, and its value is in no sentence."""
    body = '{"a": [' * depth + f'{{"{key}": "{value}"}}' + "]}" * depth
    said = " ".join(reasons(plan(sends(body))))
    assert key in said
    assert value not in said
