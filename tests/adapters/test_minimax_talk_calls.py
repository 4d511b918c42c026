"""Tool calls in every shape in which the model has been seen to write them, and the history that goes back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.adapters.minimax.arguments import read_arguments
from fixloop_bot.adapters.minimax.history import NO_RESULT, mended
from fixloop_bot.adapters.minimax.turn import TurnReader
from fixloop_bot.application.copilot.speech import Tool, ToolCall, Turn

METRIC = Tool(
    name="query_metric",
    description="A metric.",
    parameters={
        "type": "object",
        "properties": {"query": {"type": "string"}, "minutes": {"type": "integer"}, "wide": {"type": "boolean"}},
    },
)
RUNBOOK = Tool(name="read_runbook", description="The runbook.")
QUERY = {"query": "p95:x{y}"}


JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=8) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def heard(*deltas: dict[str, Any], finish_reason: str = "stop", complete: bool = True) -> tuple[str, Turn]:
    """What a turn of these deltas says, and its end."""
    reader = TurnReader([METRIC, RUNBOOK], prefix="call_3", taken={"used"})
    spoken = "".join(reader.take({"choices": [{"delta": delta}]}) for delta in deltas)
    spoken += reader.take({"choices": [{"delta": {}, "finish_reason": finish_reason}]})
    last, turn = reader.finish(complete=complete)
    return spoken + last, turn


def native(*entries: dict[str, Any]) -> Turn:
    spoken, turn = heard(*({"tool_calls": [entry]} for entry in entries), finish_reason="tool_calls")
    assert spoken == ""
    return turn


def fragment(
    index: Any = 0, *, identity: str | None = None, name: str | None = None, arguments: Any = None
) -> dict[str, Any]:
    entry: dict[str, Any] = {"index": index, "id": identity, "function": {"name": name, "arguments": arguments}}
    return {key: value for key, value in entry.items() if value is not None}


def named(turn: Turn) -> list[tuple[str, Any]]:
    return [(call.name, dict(call.arguments)) for call in turn.calls if not call.wrong]


@pytest.mark.parametrize(
    "entries",
    [
        [fragment(identity="a", name="query_metric", arguments='{"query"'), fragment(arguments=': "p95:x{y}"}')],
        [
            fragment(identity="a", name="query_metric"),
            fragment(identity="a", name="query_metric", arguments=json.dumps(QUERY)),
        ],
        [fragment(name="query_metric", arguments=json.dumps(QUERY))],
        [fragment(None, name="query_metric", arguments='{"query": '), fragment(None, arguments='"p95:x{y}"}')],
        [fragment(identity="a", name="query_", arguments=""), fragment(name="metric", arguments=json.dumps(QUERY))],
        [fragment(identity="a", name="query_metric", arguments=""), fragment(1, arguments=json.dumps(QUERY))],
        [fragment(identity="a", name="query_metric", arguments="{}"), fragment(arguments=json.dumps(QUERY))],
        [fragment(identity="a", name="query_metric", arguments=json.dumps(json.dumps(QUERY)))],
        [fragment(identity="a", name="query_metric", arguments=QUERY)],
        [fragment(identity="a", name="query_metric", arguments="{'query': 'p95:x{y}'}")],
        [fragment(identity="a", name="query_metric", arguments='{query: "p95:x{y}",}')],
        [fragment(identity="a", name="query_metric", arguments='{"query": "p95:x{y}"{"query": "p95:x{y}"}')],
        [fragment(identity="a", name="functions.query_metric", arguments=json.dumps(QUERY))],
    ],
)
def test_a_native_call_in_fragments_is_one_call(entries: list[dict[str, Any]]) -> None:
    """Partial arguments, a missing id or index, a name twice or in parts, JSON in JSON, and slips."""
    turn = native(*entries)
    assert named(turn) == [("query_metric", QUERY)]
    assert json.loads(turn.message["tool_calls"][0]["function"]["arguments"]) == QUERY
    assert turn.message["tool_calls"][0]["id"] == turn.calls[0].id != ""


@pytest.mark.parametrize(
    "entries",
    [
        [
            fragment(0, identity="a", name="query_metric", arguments=json.dumps(QUERY)),
            fragment(1, identity="b", name="read_runbook"),
        ],
        [
            fragment(0, identity="a", name="query_metric", arguments=json.dumps(QUERY)),
            fragment(0, identity="b", name="read_runbook"),
        ],
        [
            fragment(0, name="query_metric", arguments=json.dumps(QUERY)),
            fragment(0, name="read_runbook", arguments="{}"),
        ],
        [
            fragment(0, identity="a", name="query_metric", arguments=json.dumps(QUERY)),
            fragment(1, identity="a", name="read_runbook"),
        ],
        [
            fragment(0, identity="used", name="query_metric", arguments=json.dumps(QUERY)),
            fragment(1, name="read_runbook"),
        ],
    ],
)
def test_two_calls_stay_two(entries: list[dict[str, Any]]) -> None:
    """Even with the same index or id; each gets an id that nobody had before."""
    turn = native(*entries)
    assert named(turn) == [("query_metric", QUERY), ("read_runbook", {})]
    assert len({call.id for call in turn.calls} - {"used"}) == 2


XML = '<invoke name="query_metric">\n<parameter name="query">p95:x{y}</parameter>\n</invoke>'


@pytest.mark.parametrize(
    "content",
    [
        f"<minimax:tool_call>\n{XML}\n</minimax:tool_call>",
        f"<minimax:tool_call>{XML}",
        f"<tool_call>{XML}</tool_call>",
        XML,
        f"]<]minimax[>[<minimax:tool_call>{XML}</minimax:tool_call>",
        f"```xml\n{XML}\n```",
        '<tool_call>\n{"name": "query_metric", "arguments": {"query": "p95:x{y}"}}\n</tool_call>',
        '<tool_call>{"name": "query_metric", "parameters": "{\\"query\\": \\"p95:x{y}\\"}"}</tool_call>',
        '```json\n{"name": "query_metric", "arguments": {"query": "p95:x{y}"}}\n```',
        '```\n[{"name": "query_metric", "arguments": {"query": "p95:x{y}"}}]\n```',
        '{"name": "query_metric", "arguments": {"query": "p95:x{y}"}}',
        '{"tool_calls": [{"function": {"name": "query_metric", "arguments": {"query": "p95:x{y}"}}}]}',
        '{"type": "function", "function": {"name": "query_metric", "arguments": {"query": "p95:x{y}"}}}',
        '```json\n{"name": "query_metric", "arguments": {"query": "p95:x{y}"},}\n```',
    ],
)
@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_a_call_in_the_content_is_a_call_and_no_word(content: str, size: int) -> None:
    """Markup, fenced and bare JSON, cut up at any place: none of it is said, and the history has it once."""
    whole = f"<think>I should look.</think>Let me look.\n\n{content}"
    spoken, turn = heard(*({"content": whole[at : at + size]} for at in range(0, len(whole), size)))
    assert spoken == "Let me look."
    assert named(turn) == [("query_metric", QUERY)]
    assert turn.message["content"].startswith("<think>I should look.</think>Let me look.")
    assert "query_metric" not in turn.message["content"]
    assert [call["id"] for call in turn.message["tool_calls"]] == ["call_3_1"]


@pytest.mark.parametrize(
    "content",
    [
        'The body is {"name": "checkout", "status": 503} [1].',
        'It says:\n```json\n{"name": "checkout", "status": 503}\n```\nThat is all [1].',
        "The tag `<tool_call>` stands there, and so does `<think>`.",
        "p95 < 400 ms and a[0] > 3, `code` and ```\nfence <think>\n``` too {x}.",
        'An odd {"name": start, and a "quote',
    ],
)
@pytest.mark.parametrize("size", [1, 5, 1000])
def test_what_only_looks_like_a_call_is_said(content: str, size: int) -> None:
    """JSON and tags that are quoted in an answer are words, to the letter."""
    whole = "<think>Hm.</think>" + content
    spoken, turn = heard(*({"content": whole[at : at + size]} for at in range(0, len(whole), size)))
    assert (spoken, turn.calls) == (content, ())


def test_values_get_the_type_of_their_parameter() -> None:
    """XML knows only text: numbers are numbers where the tool wants them, and text stays text."""
    xml = (
        '<invoke name="query_metric"><parameter name="query">0503</parameter><parameter name="minutes">30</parameter>'
        '<parameter name="wide">True</parameter></invoke>'
    )
    assert named(heard({"content": xml})[1]) == [("query_metric", {"query": "0503", "minutes": 30, "wide": True})]
    turn = native(
        fragment(identity="a", name="query_metric", arguments='{"query": 503, "minutes": "30", "wide": "false"}')
    )
    assert named(turn) == [("query_metric", {"query": "503", "minutes": 30, "wide": False})]


@pytest.mark.parametrize(
    ("deltas", "sentence"),
    [
        (
            [{"tool_calls": [fragment(identity="a", name="drop_tables", arguments="{}")]}],
            "The tools are: query_metric, read",
        ),
        (
            [{"tool_calls": [fragment(identity="a", name="query_metric", arguments='{"query": "p9')]}],
            "could not be read",
        ),
        ([{"tool_calls": [fragment(identity="a", name="query_metric", arguments="[1, 2]")]}], "could not be read"),
        ([{"tool_calls": [fragment(identity="a", arguments="{}")]}], "There is no tool of that name"),
        ([{"content": '<invoke name="query_metric"><parameter name="query">p9'}], "broke off"),
        ([{"content": '```json\n{"name": "query_metric", "arguments": {"query": "p9'}], "could not be read"),
        ([{"content": "<tool_call>query_metric please</tool_call>"}], "could not be read"),
        ([{"content": '{"name": "drop tables", "arguments": {}}'}], "There is no tool of that name"),
    ],
)
def test_a_call_that_cannot_be_made_says_why(deltas: list[dict[str, Any]], sentence: str) -> None:
    """It comes as wrong, with empty arguments, and with a history that the API takes."""
    spoken, turn = heard(*deltas)
    assert spoken == ""
    [call] = turn.calls
    assert sentence in call.wrong
    assert call.arguments == {}
    assert turn.message["tool_calls"][0]["function"]["arguments"] == "{}"
    assert turn.message["tool_calls"][0]["function"]["name"] == call.name != ""


def test_a_call_behind_thinking_that_never_ended_counts() -> None:
    """The model forgot the closing tag: a call that nothing follows is a call; thinking about one is none."""
    assert named(heard({"content": f"<think>I look.\n{XML}"})[1]) == [("query_metric", QUERY)]
    assert named(heard({"content": f"<think>I could write {XML} here."})[1]) == []
    assert named(heard({"content": f"<think>I could write {XML}</think>No."})[1]) == []
    assert named(heard({"content": f"I could write {XML}</think>No."})[1]) == []


def test_of_a_turn_that_was_cut_no_call_is_made() -> None:
    """However complete it looks."""
    call = fragment(identity="a", name="read_runbook", arguments="{}")
    for delta in ({"tool_calls": [call]}, {"content": XML}):
        spoken, turn = heard(delta, complete=False)
        assert (spoken, turn.calls, turn.cut_off) == ("", (), True)
        assert "tool_calls" not in turn.message
        assert "<invoke" not in turn.message["content"]


def test_the_last_message_of_a_stream_holds_the_calls() -> None:
    """A repetition of the whole message replaces fragments, and repeats no word."""
    reader = TurnReader([METRIC], prefix="c")
    spoken = reader.take({"choices": [{"delta": {"content": "<think>Hm.</think>Looking."}}]})
    reader.take({"choices": [{"delta": {"tool_calls": [fragment(name="query_metric", arguments='{"qu')]}}]})
    entry = {"id": "z", "type": "function", "function": {"name": "query_metric", "arguments": json.dumps(QUERY)}}
    message = {"role": "assistant", "content": "<think>Hm.</think>Looking.", "tool_calls": [entry]}
    spoken += reader.take(
        {"object": "chat.completion", "choices": [{"message": message, "finish_reason": "tool_calls"}]}
    )
    last, turn = reader.finish(complete=True)
    assert (spoken + last, named(turn), turn.calls[0].id) == ("Looking.", [("query_metric", QUERY)], "z")


@given(JSON)
def test_no_shape_of_a_delta_breaks_the_reader(value: Any) -> None:
    """Whatever stands where the text, the thoughts or the calls belong: a turn comes out."""
    for key in ("content", "tool_calls", "function_call", "reasoning_details", "reasoning_content"):
        assert isinstance(heard({key: value})[1], Turn)
        assert isinstance(heard({"tool_calls": [{"index": 0, "function": value}, {"id": value}]})[1], Turn)


@pytest.mark.parametrize("cut", ['{"a": "", "}', '{"}": {"a": 1}', "{'a': '', '}", '{"a": ["}"], "b": "]}'])
def test_a_bracket_in_a_string_ends_nothing(cut: str) -> None:
    """What was cut in or behind a string with brackets in it is not taken for whole."""
    assert read_arguments(cut) is None


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=8) | JSON, max_size=4), st.data())
def test_arguments_are_never_completed(arguments: dict[str, Any], data: st.DataObject) -> None:
    """JSON is read as it is; JSON that was cut is not read at all."""
    text = json.dumps(arguments)
    assert read_arguments(text) == arguments
    cut = text[: data.draw(st.integers(1, len(text) - 1))]
    assert read_arguments(cut) is None


def test_a_history_that_the_api_would_refuse_is_mended() -> None:
    """Orphan results go, calls without a result get one, and arguments become JSON; nothing else changes."""
    call = {"id": "a", "type": "function", "function": {"name": "q", "arguments": "{'x': 1}"}}
    lost = {"id": "b", "type": "function", "function": {"name": "q", "arguments": '{"x'}}
    messages = [
        {"role": "system", "content": "hunter2"},
        {"role": "tool", "tool_call_id": "gone", "content": "orphan"},
        {"role": "assistant", "content": None, "tool_calls": [call, lost], "reasoning_details": [{"text": "Hm."}]},
        {"role": "tool", "tool_call_id": "a", "content": "hunter2"},
        {"role": "tool", "tool_call_id": "a", "content": "twice"},
        {"role": "assistant", "content": "", "tool_calls": []},
        {"role": "user", "content": "and?"},
    ]
    sent = mended(messages, lambda text: text.replace("hunter2", "***"))
    assert [message["role"] for message in sent] == ["system", "assistant", "tool", "tool", "user"]
    assert [call["function"]["arguments"] for call in sent[1]["tool_calls"]] == ['{"x":1}', "{}"]
    assert sent[1]["reasoning_details"] == [{"text": "Hm."}]
    assert [message["content"] for message in sent if message["role"] != "assistant"] == [
        "***",
        "***",
        NO_RESULT,
        "and?",
    ]
    assert mended(sent) == sent


def test_a_turn_can_be_sent_back_as_it_is() -> None:
    """Its message and a result for each call pass the mending unchanged."""
    turn = heard({"reasoning_content": "Hm."}, {"content": XML})[1]
    results = [{"role": "tool", "tool_call_id": call.id, "content": "12"} for call in turn.calls]
    conversation = [{"role": "user", "content": "?"}, turn.message, *results]
    assert mended(conversation) == conversation
    assert isinstance(turn.calls[0], ToolCall)
