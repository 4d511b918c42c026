"""Tokens of chat templates that reach us as text: none is said, thinking stays thinking, calls are calls."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixloop_bot.adapters.minimax.dialects import Dialect, translated
from fixloop_bot.adapters.minimax.spoken import read_answer
from fixloop_bot.adapters.minimax.turn import TurnReader
from fixloop_bot.application.copilot.speech import Tool, Turn
from tests.adapters.minimax_endpoint import said

NUMBER = {"type": "object", "properties": {"number": {"type": "integer"}}, "required": ["number"]}
TOOLS = (Tool(name="get_run", description="A run.", parameters=NUMBER), Tool(name="read_runbook", description="It."))
SAID = "Step 1 fails with 503 [1]."
HM = "Step 1 fails with 418 [1], I think."
SEPARATOR = "]<]minimax[>["
PREFIX = "antml:"
PIECES = [
    "<|channel|>", "<|message|>", "<|start|>", "<|end|>", "<|return|>", "<|im_start|>", "<|im_end|>", "<|eot_id|>",
    "analysis", "final", "assistant", "user", "\n", "to=functions.get_run ", "<|call|>", "]~b]ai", "]~b]user", "[e~[",
    "]~!b[", SEPARATOR, "[TOOL_CALL]", "[/TOOL_CALL]", "[1]", "[", "]", "<", ">", "<function=get_run>", "</function>",
    "◁think▷", "◁/think▷", "<｜tool▁call▁begin｜>", "<｜DSML｜invoke", "<answer>", "</answer>", "&lt;think&gt;",
    "é", "word",
]  # fmt: skip


def heard(content: str, size: int) -> tuple[str, Turn]:
    reader = TurnReader(TOOLS, prefix="call")
    pieces = (content[at : at + size] for at in range(0, len(content), size))
    spoken = "".join(reader.take({"choices": [{"index": 0, "delta": {"content": each}}]}) for each in pieces)
    last, turn = reader.finish(complete=True)
    return spoken + last, turn


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    "content",
    [
        f"<|channel|>analysis<|message|>{HM}<|end|><|start|>assistant<|channel|>final<|message|>{SAID}<|return|>",
        f"{HM}<|end|><|start|>assistant<|channel|>final<|message|>{SAID}",
        f"<|channel|>commentary<|message|>{HM}<|end|><|start|>assistant<|channel|>final<|message|>{SAID}",
        f"<|channel>thought\n{HM}<channel|>{SAID}",
        f"◁think▷{HM}◁/think▷{SAID}",
        f"[THINK]{HM}[/THINK]{SAID}",
        f"<seed:think>{HM}</seed:think>{SAID}",
        f"<|begin_of_thought|>{HM}<|end_of_thought|><|begin_of_solution|>{SAID}<|end_of_solution|>",
        f"&lt;think&gt;{HM}&lt;/think&gt;{SAID}",
        f"<|open|>think<|sep|>{HM}<|close|>think<|sep|><|open|>response<|sep|>{SAID}<|close|>message<|sep|>",
        f"<think>{HM}</think><answer>{SAID}</answer>",
        f"]~!b[]~b]assistant{SAID}[e~[",
        f"{SAID}<|im_end|>\n<|im_start|>user\nIs it safe?<|im_end|>\n<|im_start|>assistant\nYes.",
        f"<|start_header_id|>assistant<|end_header_id|>\n\n{SAID}<|eot_id|>",
        f"{SAID}[e~[]~b]user\nIs it safe?[e~[]~b]ai\nYes.",
        f"<s>{SAID}</s>",
        f"{SAID}<｜end▁of▁sentence｜><｜User｜>Is it safe?",
        f"<tool_response>{HM}</tool_response>{SAID}",
    ],
)
def test_tokens_of_a_template_are_no_words(content: str, size: int) -> None:
    """The answer is all that is said: no token, no thinking, and nothing that the model made others say."""
    spoken, turn = heard(content, size)
    assert (spoken.strip(), turn.calls) == (SAID, ())
    assert read_answer(said(content)).text.strip() == SAID


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    "content",
    [
        f'{SEPARATOR}<tool_call>\n{SEPARATOR}<invoke name="get_run">{SEPARATOR}<number>1{SEPARATOR}</number>'
        f"{SEPARATOR}</invoke>\n{SEPARATOR}</tool_call>",
        '<minimax:tool_call><invoke name="get_run"><number>1</number></invoke></minimax:tool_call>',
        "<minimax:tool_call><invoke name='get_run' id='1'><parameter name='number' type='integer'>1</parameter>"
        "</invoke>",
        '<TOOL_CALL><INVOKE NAME="get_run"><PARAMETER NAME="number">1</PARAMETER></INVOKE></TOOL_CALL>',
        f'<{PREFIX}function_calls><{PREFIX}invoke name="get_run"><{PREFIX}parameter name="number">1</{PREFIX}parameter>'
        f"</{PREFIX}invoke></{PREFIX}function_calls>",
        '[TOOL_CALL] { "tool": "get_run", "args": { "number": 1 } } [/TOOL_CALL]',
        '[TOOL_CALL]\n{tool => "get_run", args => {\n  --number 1\n}}\n[/TOOL_CALL]',
        '[TOOL_CALLS][{"name": "get_run", "arguments": {"number": 1}}]',
        '[TOOL_CALLS]get_run[ARGS]{"number": 1}',
        "<tool_call>\n<function=get_run>\n<parameter=number>\n1\n</parameter>\n</function>\n</tool_call>",
        "<function=get_run><parameter=number>1</parameter></function>",
        '<function=get_run>{"number": 1}</function>',
        "<tool_call>get_run\n<arg_key>number</arg_key>\n<arg_value>1</arg_value>\n</tool_call>",
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.get_run:0<|tool_call_argument_begin|>"
        '{"number": 1}<|tool_call_end|><|tool_calls_section_end|>',
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_run\n"
        '```json\n{"number": 1}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
        '<｜DSML｜function_calls><｜DSML｜invoke name="get_run"><｜DSML｜parameter name="number" string="false">1'
        "</｜DSML｜parameter></｜DSML｜invoke></｜DSML｜function_calls>",
        f"<|channel|>analysis<|message|>{HM}<|end|><|start|>assistant<|channel|>commentary to=functions.get_run "
        '<|constrain|>json<|message|>{"number": 1}<|call|>',
        '<|python_tag|>{"name": "get_run", "parameters": {"number": 1}}<|eom_id|>',
        '<tool_call>\n{"name": "get_run", "arguments": {"number": 1}}',
        f'<think>{HM}<minimax:tool_call><invoke name="get_run"><parameter name="number">1</parameter></invoke>'
        "</minimax:tool_call></think>",
    ],
)
def test_a_call_in_another_dialect_is_a_call(content: str, size: int) -> None:
    """Each way in which a server has been seen to pass a call on as text, cut up at any place."""
    spoken, turn = heard(content, size)
    assert spoken == ""
    assert [(call.name, dict(call.arguments), call.wrong) for call in turn.calls] == [("get_run", {"number": 1}, "")]


@pytest.mark.parametrize(
    "content",
    [
        '<tool_call>\n{"name": "get_run", "arguments": {"number": 1',
        '[TOOL_CALLS]get_run[ARGS]{"number": ',
        '[TOOL_CALL]\n{tool => "get_run", args => {\n  --number 1',
        "<tool_call>get_run\n<arg_key>number</arg_key>\n<arg_value>1",
    ],
)
def test_half_a_call_is_none(content: str) -> None:
    """What broke off is said to the model, and is neither carried out nor said to people."""
    spoken, turn = heard(content, 1000)
    assert spoken == ""
    assert [bool(call.wrong) for call in turn.calls] == [True]


@pytest.mark.parametrize(
    "name", ["functions.get_run:0", "get_run<|channel|>commentary", " get_run ", "Get_Run", "get-run", "tools.get_run"]
)
def test_a_tools_name_in_other_clothes(name: str) -> None:
    """Servers add namespaces, numbers and tokens to a name; the tool is the same."""
    reader = TurnReader(TOOLS, prefix="call")
    call = {"index": 0, "id": "c1", "function": {"name": name, "arguments": '{"number": 1}'}}
    reader.take({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]})
    assert [(each.name, each.wrong) for each in reader.finish(complete=True)[1].calls] == [("get_run", "")]


def test_a_call_at_the_end_of_thinking_in_its_own_field() -> None:
    """A server that takes a call for thinking loses it otherwise."""
    thought = f'{HM}<|tool_call_begin|>functions.get_run:0<|tool_call_argument_begin|>{{"number": 1}}<|tool_call_end|>'
    reader = TurnReader(TOOLS, prefix="call")
    assert reader.take({"choices": [{"index": 0, "delta": {"reasoning_content": thought}}]}) == ""
    assert [call.name for call in reader.finish(complete=True)[1].calls] == ["get_run"]


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=14).map("".join),
    st.lists(st.integers(0, 10_000), max_size=6),
)
def test_any_chunking_gives_the_same_translation(text: str, places: list[int]) -> None:
    """The translation depends on the text alone."""
    whole = translated(text)
    for bounds in ([0, *sorted(place % (len(text) + 1) for place in places), len(text)], list(range(len(text) + 1))):
        dialect = Dialect()
        assert "".join(dialect.feed(text[start:stop]) for start, stop in pairwise(bounds)) + dialect.finish() == whole


def test_words_are_not_kept_waiting() -> None:
    """A citation and a comparison pass at once; only what may begin a token waits."""
    dialect = Dialect()
    assert dialect.feed("p95 < 400 ms [1], 5 > 3.") == "p95 < 400 ms [1], 5 > 3."
    assert dialect.feed(" So <|im") == " So "
    assert dialect.feed("_end|>.") == "."


@pytest.mark.parametrize(
    "hostile", ["<|channel|>" * 20_000, "<" * 200_000, "[" * 200_000, "<|x" * 60_000, "]<" * 90_000]
)
def test_hostile_tokens_take_linear_time(hostile: str) -> None:
    """Text that always begins a token and never ends one costs no more than other text."""
    began = time.process_time()
    dialect = Dialect()
    for at in range(0, len(hostile), 50):
        dialect.feed(hostile[at : at + 50])
    dialect.finish()
    assert time.process_time() - began < 3.0
