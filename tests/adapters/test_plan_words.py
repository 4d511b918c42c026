"""A step as it is typed in a form: the same step comes back, and whatever else is typed is told at its field."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixloop_bot.adapters.plan_words import PlanWords
from fixloop_bot.application.drafts import StepWords, Unreadable
from fixloop_bot.domain.plans import (
    Check,
    DnsCheck,
    GrpcCheck,
    HttpCheck,
    JourneyCheck,
    Leg,
    LogsCheck,
    MetricCheck,
    ProofOverride,
    Request,
    Role,
    Step,
    TcpCheck,
    TlsCheck,
    WebsocketCheck,
)
from tests.adapters.thread_states import STEPS
from tests.strategies import EXPECT, texts

WORDS = PlanWords()
PAY = Request(
    method="POST",
    path="/checkout",
    headers=(("authorization", "Bearer ${CHECKOUT_TOKEN}"), ("x-a", "1"), ("x-a", "2")),
    json_body='{"items":[{"sku":"{{sku}}","qty":1}]}',
)
OTHERS: tuple[Check, ...] = (
    HttpCheck(request=PAY, expect=("status == 200", f"schema {'x' * 400}"), inputs=('{"sku":"A1"}', '{"sku":"B2"}')),
    HttpCheck(request=Request(method="PURGE", path="/cache", body="a: b\n- c"), expect=("status in 2xx, 304",)),
    JourneyCheck(
        legs=(
            Leg(request=PAY, expect=("status == 201",), capture=(("id", "json $.id"),)),
            Leg(request=Request(path="/orders/{{id}}"), expect=("status == 200",)),
        )
    ),
    MetricCheck(query="sum:a{*}", healthy_when=">", times_before=1.5),
    LogsCheck(query="status:error", per_minute=3.0),
    TlsCheck(target="a.example.com:443", expect=("json $.days_left >= 14",)),
    DnsCheck(name="a.example.com", record="TXT", servers=("10.0.0.2",)),
    TcpCheck(target="a.example.com:22"),
    GrpcCheck(service="orders"),
    WebsocketCheck(path="/live", send="ping", expect=('body == "pong"',)),
)
KNOWN = (*STEPS, *(replace(STEPS[0], title=f"Another {n}", check=check) for n, check in enumerate(OTHERS)))


@pytest.mark.parametrize("step", KNOWN, ids=lambda step: f"{step.check.kind} {step.title[:20]}")
def test_a_step_that_is_not_changed_comes_back_as_it_was(step: Step) -> None:
    """Every kind of check, with what the form does not show."""
    step = replace(step, why="customers pay there", proof=ProofOverride(window_s=90.0))
    assert WORDS.read(WORDS.words(step), step_id=step.id, before=step) == step


def test_expectations_are_typed_one_a_line() -> None:
    """A dash or a blank line is no mistake; a line of a schema is kept by its number."""
    step = replace(STEPS[0], check=OTHERS[0])
    words = WORDS.words(step)
    assert words.expect is not None
    assert words.expect.split("\n")[1].startswith("keep 2: schema xxx")
    typed = replace(words, expect="\n- status == 201\n\nkeep 2\n  p95 < 400 ms  ")
    read = WORDS.read(typed, step_id="s1", before=step).check
    assert isinstance(read, HttpCheck)
    assert read.expect == ("status == 201", f"schema {'x' * 400}", "p95 < 400 ms")


def test_a_line_that_nobody_has_to_keep_cannot_be_kept() -> None:
    """``keep 9`` of two lines is an expectation that cannot be read."""
    step = replace(STEPS[0], check=OTHERS[0])
    with pytest.raises(Unreadable) as caught:
        WORDS.read(replace(WORDS.words(step), expect="keep 9"), step_id="s1", before=step)
    assert caught.value.errors["expect"].startswith("Line 1, column 1: ")


@settings(max_examples=150, deadline=None)
@given(
    title=texts(),
    role=st.sampled_from([*(role.value for role in Role), "both", ""]),
    check=texts() | st.builds("{}: {}".format, st.sampled_from(["post", "get", "metric", "journey", "tls"]), texts()),
    expect=st.none() | texts() | st.lists(st.sampled_from(EXPECT)).map("\n".join),
)
def test_whatever_is_typed_is_a_step_or_is_told_at_its_field(
    title: str, role: str, check: str, expect: str | None
) -> None:
    """No other error comes out, and each sentence ends as one."""
    errors: dict[str, str] = {}
    step = None
    try:
        step = WORDS.read(StepWords(title=title, role=role, check=check, expect=expect), step_id="s3")
    except Unreadable as unreadable:
        errors = unreadable.errors
    assert (step is None) == bool(errors)
    assert set(errors) <= {"title", "role", "check", "expect"}
    assert all(sentence.endswith(".") for sentence in errors.values())


@pytest.mark.parametrize("text", ["[" * 2900, "[" * 1450 + "]" * 1450, "[{a: " * 560])
def test_brackets_within_brackets_do_not_hold_the_event_loop(text: str) -> None:
    """Three thousand characters of them took the YAML reader a second, for everybody."""
    began = time.thread_time()
    with pytest.raises(Unreadable) as refused:
        WORDS.read(StepWords(title="t", role="control", check=f"post: /checkout\njson: {text}"), step_id="s1")
    assert time.thread_time() - began < 0.05
    assert refused.value.errors == {"check": "This is nested too deeply."}


def test_half_a_character_is_told_before_it_reaches_the_store() -> None:
    """YAML can name one, and nothing can store or send it."""
    with pytest.raises(Unreadable) as refused:
        WORDS.read(StepWords(title="t", role="control", check='post: /checkout\nbody: "\\ud800"'), step_id="s1")
    assert "only half of one" in refused.value.errors["check"]
