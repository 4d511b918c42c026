"""A conversation as the API takes it, which refuses orphan results, unanswered calls and arguments that are no JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from fixloop_bot.adapters.minimax.arguments import as_json, read_arguments

NO_RESULT = "There is no result: the call was not carried out."

Message = dict[str, Any]


def mended(messages: Sequence[Mapping[str, Any]], clean: Callable[[str], str] = str) -> list[Message]:
    """The messages, each call followed by its one result. ``clean`` goes over every text that is not the model's."""
    sent: list[Message] = []
    open_calls: dict[str, None] = {}
    for message in messages:
        if message.get("role") == "tool":
            identity = str(message.get("tool_call_id") or "")
            if identity in open_calls:
                del open_calls[identity]
                sent.append({**message, "content": clean(_text(message.get("content")))})
            continue
        sent.extend(_unanswered(open_calls))
        mended_message = _assistant(message) if message.get("role") == "assistant" else _cleaned(message, clean)
        open_calls = {call["id"]: None for call in mended_message.get("tool_calls", ())}
        if mended_message.get("content") or open_calls:
            sent.append(mended_message)
    return [*sent, *_unanswered(open_calls)]


def ids(messages: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """The ids of all calls so far."""
    return frozenset(
        str(call.get("id"))
        for message in messages
        for call in message.get("tool_calls") or ()
        if isinstance(call, Mapping)
    )


def _unanswered(open_calls: Mapping[str, None]) -> Iterator[Message]:
    return ({"role": "tool", "tool_call_id": identity, "content": NO_RESULT} for identity in open_calls)


def _assistant(message: Mapping[str, Any]) -> Message:
    """The model's own message, with calls that have an id, a name and a JSON object."""
    kept: Message = {key: value for key, value in message.items() if key != "tool_calls"}
    kept["content"] = kept.get("content") or ""
    calls: list[Message] = []
    for call in message.get("tool_calls") or ():
        function = call.get("function") if isinstance(call, Mapping) else None
        if not isinstance(function, Mapping) or not call.get("id") or not function.get("name"):
            continue
        arguments = as_json(read_arguments(function.get("arguments")) or {})
        name = str(function["name"])
        calls.append({"id": str(call["id"]), "type": "function", "function": {"name": name, "arguments": arguments}})
    return {**kept, "tool_calls": calls} if calls else kept


def _cleaned(message: Mapping[str, Any], clean: Callable[[str], str]) -> Message:
    content = message.get("content")
    return {**message, "content": clean(content) if isinstance(content, str) else content}


def _text(content: object) -> str:
    return content if isinstance(content, str) else as_json({"result": content})
