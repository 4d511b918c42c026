"""From any answer to the plan's steps: every shape that MiniMax sends, and nothing but UnusableAnswer for the rest."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fixloop_bot.adapters.minimax.answers import plan_steps
from fixloop_bot.adapters.minimax.spoken import Answer, read_answer
from fixloop_bot.adapters.minimax.thinking import split_thinking
from fixloop_bot.application.ports import UnusableAnswer
from tests.adapters.minimax_endpoint import PLAN, STEPS, called, completion, said

TITLES = [step["title"] for step in STEPS]
TOOLS = ("submit_plan",)
SINGLE = repr({"steps": STEPS})
LOST_BRACES = PLAN.replace('[{"title"', '["title"').replace('}, {"title"', '}, "title"')
STEPS_XML = json.dumps(STEPS)


def titles(document: dict[str, Any]) -> list[str]:
    return [step["title"] for step in plan_steps(read_answer(document, TOOLS))]


def xml(parameters: str) -> str:
    return f'<minimax:tool_call>\n<invoke name="submit_plan">\n{parameters}\n</invoke>\n</minimax:tool_call>'


ESCAPED = STEPS_XML.replace('"', "&quot;")
STEPS_CALL = xml(f'<parameter name="steps">{STEPS_XML}</parameter>')
FIVE_LEGS = json.dumps(STEPS[1]["legs"] * 2 + STEPS[1]["legs"][:1])
JOURNEY_OF_FIVE = PLAN.replace(json.dumps(STEPS[1]["legs"]), FIVE_LEGS).replace(
    '"kind": "journey",', '"kind": "journey",,'
)
SHAPES: dict[str, dict[str, Any]] = {
    "native call": called(PLAN),
    "native call, arguments as an object": called({"steps": STEPS}),
    "native call, steps as a text": called(json.dumps({"steps": STEPS_XML})),
    "native call, every step as a text": called(json.dumps({"steps": [json.dumps(step) for step in STEPS]})),
    "native call, encoded twice": called(json.dumps(PLAN)),
    "native call, wrapped": called(json.dumps({"plan": {"steps": STEPS}})),
    "native call, bare array": called(STEPS_XML),
    "native call, numbered steps": called(json.dumps({"steps": {f"s{n}": step for n, step in enumerate(STEPS)}})),
    "native call, lost braces": called(LOST_BRACES),
    "native call, single quotes": called(SINGLE),
    "native call, an extra brace": called(PLAN + "}"),
    "native call, not closed": called(PLAN[:-2]),
    "older function_call": completion({"content": "", "function_call": {"name": "submit_plan", "arguments": PLAN}}),
    "one call a step": completion(
        {"tool_calls": [{"function": {"name": "submit_plan", "arguments": {"steps": [step]}}} for step in STEPS]}
    ),
    "XML": said(STEPS_CALL),
    "XML after thinking": said(f"<think>hm</think>{STEPS_CALL}"),
    "XML with entities": said(xml(f'<parameter name="steps">{ESCAPED}</parameter>')),
    "XML with the object as its body": said(xml(PLAN)),
    "XML, not closed": said(f'<minimax:tool_call><invoke name="submit_plan"><parameter name="steps">{STEPS_XML}'),
    "XML without its wrapper": said(f'<invoke name="submit_plan"><parameter name="steps">{STEPS_XML}</parameter>'),
    "XML, broken JSON inside": said(xml(f'<parameter name="steps">{STEPS_XML[:-1]},]</parameter>')),
    "XML inside thinking that was not ended": said(f"<think>so {STEPS_CALL}"),
    "fenced": said(f"Here is the plan:\n```json\n{PLAN}\n```\nGood luck!"),
    "fenced without a language": said(f"```\n{json.dumps({'steps': STEPS}, indent=2)}\n```"),
    "fenced, not closed": said(f"```json\n{PLAN}"),
    "fenced call": said(f"```json\n{json.dumps({'name': 'submit_plan', 'arguments': {'steps': STEPS}})}\n```"),
    "hermes call": said(f"<tool_call>{json.dumps({'name': 'submit_plan', 'arguments': PLAN})}</tool_call>"),
    "bare": said(PLAN),
    "bare in prose": said(f"We use {{{{sku}}}} and [notes] here: {PLAN} That is {{all}}."),
    "trailing commas": said(PLAN.replace("]}", ",],}")),
    "broken JSON in prose": said(f"We use {{{{sku}}}} first. {LOST_BRACES} Done."),
    "an open brace in the prose": said(f'Use {{sku: "A and [ then {LOST_BRACES}'),
    "a fenced array after an open brace": said(f'Note {{"x: "\n```json\n["title{LOST_BRACES[17:-1]}\n```'),
    "broken around a journey of five legs": said(JOURNEY_OF_FIVE),
    "several objects": said(f'{{"service": "checkout"}} {{"ok": [1, 2]}} {PLAN}'),
    "a shorter draft first": said(f"{json.dumps({'steps': STEPS[:2]})} and better: {PLAN}"),
    "one step a line": said("\n".join(json.dumps(step) for step in STEPS)),
    "think in front": said(f"<think>maybe {{'steps': []}}</think>\n{PLAN}"),
    "opening tag missing": said(f'first {{"steps": [{{"title": "no", "kind": "http"}}]}} no.</think>\n{PLAN}'),
    "closing tag missing": said(f"<think>I will submit {PLAN}"),
    "all in the reasoning": completion({"content": "", "reasoning_content": f"So: {PLAN}"}),
    "content in parts": completion({"content": [{"type": "text", "text": PLAN}]}),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_five_steps_are_found_in_every_shape(shape: str) -> None:
    """All five steps, in order, none from the thinking."""
    assert titles(SHAPES[shape]) == TITLES


@pytest.mark.parametrize("shape", SHAPES)
def test_repair_keeps_what_a_step_says(shape: str) -> None:
    """A repaired plan is the plan: the same requests, expectations and legs."""
    steps = plan_steps(read_answer(SHAPES[shape], TOOLS))
    assert [step.get("expect") for step in steps] == [step.get("expect") for step in STEPS]
    assert steps[0]["json"] == STEPS[0]["json"]
    assert steps[1]["legs"][:2] == STEPS[1]["legs"]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (said(""), "was empty"),
        (said("<think>done</think>"), "was empty"),
        (said("I cannot help with that."), 'no JSON object with "steps"'),
        (said('{"steps": []}'), 'no JSON object with "steps"'),
        (said("<think>and then", finish_reason="length"), "cut off at its token limit"),
        (called("{}"), 'no JSON object with "steps"'),
        (called(PLAN, name="delete_everything"), 'no JSON object with "steps"'),
        (said(f"<think>{PLAN}</think>No, I refuse."), 'no JSON object with "steps"'),
    ],
)
def test_an_answer_without_a_plan_says_what_to_do(document: dict[str, Any], words: str) -> None:
    """One complaint, fit for a re-ask; a plan that was only thought about, and then refused, is none."""
    with pytest.raises(UnusableAnswer) as caught:
        plan_steps(read_answer(document, TOOLS))
    assert len(caught.value.complaints) == 1
    assert words in caught.value.complaints[0]


def test_no_markup_of_a_call_is_left_in_the_text() -> None:
    """What a person may see holds no tool call and no thinking."""
    call = xml('<parameter name="steps">[1]</parameter>')
    answer = read_answer(said(f"<think>a</think>I look.{call}"), TOOLS)
    assert answer.text == "I look."
    assert [(call.name, call.arguments) for call in answer.tool_calls] == [("submit_plan", '{"steps": [1]}')]


def test_a_call_is_found_in_thinking_that_was_not_ended() -> None:
    """With nothing said, a call among the thoughts is the answer; after an answer it is only a thought."""
    assert [call.name for call in read_answer(said(f"<think>so {STEPS_CALL}")).tool_calls] == ["submit_plan"]
    assert read_answer(said(f"<think>so {STEPS_CALL}</think>No.")).tool_calls == ()


def test_entities_in_a_parameter_are_read() -> None:
    """An escaped value keeps its type; a text that only looks escaped is read as people mean it."""
    written = (
        '<invoke name="f"><parameter name="a">{&quot;b&quot;: 1}</parameter><parameter name="c">x &lt; 1</parameter>'
    )
    (call,) = read_answer(said(written)).tool_calls
    assert json.loads(call.arguments) == {"a": {"b": 1}, "c": "x < 1"}


def test_two_calls_and_one_without_parameters() -> None:
    """XML holds several calls; one without parameters has an empty object, which MiniMax wants back."""
    written = '<minimax:tool_call><invoke name="logs"></invoke><invoke name="runs"><parameter name="n">3</parameter>'
    answer = read_answer(said(written + "</invoke></minimax:tool_call>"))
    assert [(call.name, call.arguments) for call in answer.tool_calls] == [("logs", "{}"), ("runs", '{"n": 3}')]


@pytest.mark.parametrize(
    ("content", "spoken"),
    [
        ("<think>a</think>b", "b"),
        ("a</think>b", "b"),
        ("<think>a", ""),
        ("b<think>a", "b"),
        ("<think>a</think>b</think>c", "b c"),
        ("<THINKING>a</THINKING>b<think>c</think>d", "b d"),
        ("<thi<think>x</think>nk>b", "<thi nk>b"),
        ("no thinking", "no thinking"),
    ],
)
def test_thinking_is_taken_out(content: str, spoken: str) -> None:
    """With both tags, with one, with none, and several times."""
    assert split_thinking(content).said == spoken


@given(st.lists(st.sampled_from(["<think>", "</think>", "<think", ">", "</", " ", "x", "<mm:think>"])).map("".join))
def test_no_think_tag_survives(content: str) -> None:
    """However tags are nested, doubled or torn, none reaches a person."""
    spoken = split_thinking(content)
    assert "<think>" not in spoken.said
    assert "</think>" not in spoken.said


PIECES = ['{"steps": [', '{"title": "a", "kind": "http"', "}", "]", ",", '"', "'", "{", "[", "\\", "```json\n", "```"]
TAGS = [
    "<think>",
    "</think>",
    "<minimax:tool_call>",
    '<invoke name="submit_plan">',
    '<parameter name="steps">',
    "\ud800",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["steps", "title", "kind", "plan", "arguments", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)
TEXT = st.text(max_size=200) | st.lists(st.sampled_from([*PIECES, *TAGS, " text "]), max_size=30).map("".join)


def read(document: Any) -> list[Any] | None:
    try:
        return plan_steps(read_answer(document, TOOLS))
    except UnusableAnswer:
        return None


@settings(deadline=None)
@given(TEXT)
@example("[" * 3000)
@example('{"a":' * 3000)
@example('{"steps":"' * 300)
def test_any_text_is_steps_or_unusable(content: str) -> None:
    """Whatever is said or submitted, only steps or UnusableAnswer come out."""
    for document in (said(content), called(content)):
        steps = read(document)
        assert steps is None or steps


@given(JSON)
def test_any_json_is_steps_or_unusable(value: Any) -> None:
    """The same for any JSON, as arguments, as content and as a message."""
    for document in (called(value), said(json.dumps(value)), {"choices": [{"message": value}]}):
        steps = read(document)
        assert steps is None or steps


@pytest.mark.parametrize(
    "hostile", ["{'" * 20_000, '"steps":{' * 20_000, "```json\n{" * 20_000, "[" * 200_000, "<think>" * 60_000]
)
def test_hostile_text_is_read_in_bounded_time(hostile: str) -> None:
    """json_repair is quadratic on such text; what is given to it is bounded."""
    began = time.process_time()
    assert isinstance(read_answer(said(hostile), TOOLS), Answer)
    read(said(hostile))
    assert time.process_time() - began < 4.0
