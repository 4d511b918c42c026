"""An answer of the model, read from the raw assistant message in every shape that has been seen.

Tool calls come natively (arguments as text or as an object), as the older ``function_call``, as
``<minimax:tool_call>`` XML inside the content, or as fenced or bare JSON ``{"name": …, "arguments": …}``.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fixloop_bot.adapters.minimax.dialects import translated
from fixloop_bot.adapters.minimax.loose_json import strict_values
from fixloop_bot.adapters.minimax.thinking import split_thinking

_BLOCK = re.compile(r"<(?:minimax:)?tool_call>.*?(?:</(?:minimax:)?tool_call>|\Z)", re.DOTALL | re.IGNORECASE)
_NAMED = r"\s+name\s*=\s*[\"']?([\w.-]+)[\"']?"
_INVOKE = re.compile(
    rf"<invoke{_NAMED}(?:\s[^<>]{{0,120}}?)?(?:/>|>(.*?)(?:</invoke>|(?=<invoke\s)|\Z))",
    re.DOTALL | re.IGNORECASE,
)
_PARAMETER = re.compile(
    rf"<parameter{_NAMED}(?:\s[^<>]{{0,120}})?>(.*?)(?:</parameter>|(?=<parameter\s)|\Z)", re.DOTALL | re.IGNORECASE
)
_OWN_TAG = re.compile(r"<([A-Za-z_]\w{0,40})>(.*?)</\1>", re.DOTALL)
"""A later model names a parameter by the tag itself."""
_END_TAG = re.compile(r"</(?:parameter|invoke|(?:minimax:)?tool_call)>\Z", re.IGNORECASE)
_LONGEST_END_TAG = 24
_THINKING = re.compile(r"think|reason|thought", re.IGNORECASE)
_DEPTH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """``arguments`` is the model's own text and need not be valid JSON. ``id`` is empty unless the call was native."""

    name: str
    arguments: str
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the model answered.

    ``text`` may be shown to a person: no thinking, no tool-call markup. ``thought`` may not. ``message`` is
    the whole assistant message as it came, to be sent back in a conversation. Tokens are None where the
    model did not count them.
    """

    text: str
    thought: str
    unclosed: bool
    tool_calls: tuple[ToolCall, ...]
    message: Mapping[str, Any]
    finish_reason: str
    model: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None

    @property
    def cut_off(self) -> bool:
        """Whether the answer ended because its token budget did."""
        return self.finish_reason == "length"


def read_answer(body: Mapping[str, Any], tools: Collection[str] = ()) -> Answer:
    """The answer in a chat completion; ``tools`` are the names offered. Total: an unknown shape is an empty answer."""
    choice = _first(body.get("choices"))
    message = mapping(choice.get("message"))
    content = message.get("content") or choice.get("text")
    spoken = split_thinking(translated(content_text(content)))
    thought = "\n".join(filter(None, (_reasoning(message), content_thought(content), spoken.thought)))
    calls, text = tuple(_native(message)), spoken.said
    if not calls:
        calls, text = _written(text, thought, tools)
    usage = mapping(body.get("usage"))
    return Answer(
        text=text,
        thought=thought,
        unclosed=spoken.unclosed,
        tool_calls=calls,
        message=message,
        finish_reason=str(choice.get("finish_reason") or ""),
        model=str(body.get("model") or ""),
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
    )


def _written(text: str, thought: str, tools: Collection[str]) -> tuple[tuple[ToolCall, ...], str]:
    """Calls that were written into the text, and the text without them; from the thoughts if nothing was said."""
    calls = tuple(xml_calls(text))
    if calls:
        return calls, _INVOKE.sub("", _BLOCK.sub("", text)).strip()
    calls = tuple(_json_calls(text, tools))
    if not calls and not text:
        calls = tuple(xml_calls(translated(thought)))
    return calls, text


def xml_calls(text: str, is_text: Callable[[str, str], bool] = lambda tool, name: False) -> Iterator[ToolCall]:
    """Calls written as ``<invoke name="…"><parameter name="…">…``, with or without closing tags and wrapper.

    ``is_text`` says of a tool and its parameter that a value is text even if it could be read as JSON.
    """
    for invoke in _INVOKE.finditer(text):
        inside = invoke[2] or ""
        pairs = {
            match[1]: _text(match[2]) if is_text(invoke[1], match[1]) else _value(match[2])
            for match in (*_PARAMETER.finditer(inside),) or _OWN_TAG.finditer(inside)
        }
        body = _without_end_tags(inside)
        yield ToolCall(name=invoke[1], arguments=json.dumps(pairs) if pairs or not body else body)


def _value(text: str) -> Any:
    """A parameter's JSON value, or its text where it is none; entities are read only where they must be."""
    text = _without_end_tags(text)
    for candidate in (text, html.unescape(text)):
        try:
            return json.loads(candidate)
        except (ValueError, RecursionError):
            continue
    return html.unescape(text)


def _text(text: str) -> str:
    return html.unescape(_without_end_tags(text))


def _without_end_tags(text: str) -> str:
    text = text.strip()
    while (tag := _END_TAG.search(text, max(0, len(text) - _LONGEST_END_TAG))) is not None:
        text = text[: tag.start()].rstrip()
    return text


def _json_calls(text: str, tools: Collection[str]) -> Iterator[ToolCall]:
    for value in strict_values(text):
        for entry in value if isinstance(value, list) else [value]:
            call = _call(entry)
            if call and call.name in tools:
                yield call


def _native(message: Mapping[str, Any]) -> Iterator[ToolCall]:
    listed = message.get("tool_calls")
    for entry in listed if isinstance(listed, list) else []:
        call = _call(entry)
        if call:
            yield call
    call = _call(message.get("function_call"))
    if call:
        yield call


def _call(entry: object) -> ToolCall | None:
    outer = mapping(entry)
    inner = mapping(outer.get("function")) or outer
    name = inner.get("name")
    arguments = next((inner[key] for key in ("arguments", "parameters", "input") if key in inner), None)
    if not isinstance(name, str) or not name or arguments is None:
        return None
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return ToolCall(name=name, arguments=text, id=str(outer.get("id") or ""))


def content_text(content: object) -> str:
    """The words of a content: a text, a part, or a list of either; parts that are thinking have none."""
    return "".join(_pieces(content, thinking=False))


def content_thought(content: object) -> str:
    """The thinking that stands in a content as parts of their own."""
    return "".join(_pieces(content, thinking=True)) if isinstance(content, list | Mapping) else ""


def all_text(value: object) -> str:
    """Whatever text a field holds that has one meaning only."""
    return value if isinstance(value, str) else content_text(value) + content_thought(value)


def _pieces(content: object, *, thinking: bool, inside: bool = False, depth: int = 0) -> Iterator[str]:
    if isinstance(content, str):
        if thinking == inside:
            yield content
    elif isinstance(content, list) and depth < _DEPTH:
        for part in content:
            yield from _pieces(part, thinking=thinking, inside=inside, depth=depth + 1)
    elif isinstance(content, Mapping) and depth < _DEPTH:
        thought = inside or content.get("thought") is True or _THINKING.search(str(content.get("type"))) is not None
        for key in ("thinking", "reasoning", "summary"):
            yield from _pieces(content.get(key), thinking=thinking, inside=True, depth=depth + 1)
        yield from _pieces(content.get("text"), thinking=thinking, inside=thought, depth=depth + 1)


def _reasoning(message: Mapping[str, Any]) -> str:
    plain = message.get("reasoning_content")
    return plain if isinstance(plain, str) else all_text(message.get("reasoning_details"))


def _first(choices: object) -> Mapping[str, Any]:
    return mapping(choices[0]) if isinstance(choices, list) and choices else {}


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
