"""From what the model wrote to tool calls: known tools with readable arguments, or a sentence that says what is wrong.

That sentence is for the model, which then calls again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fixloop_bot.adapters.minimax.arguments import as_json, fitted, read_arguments
from fixloop_bot.adapters.minimax.captures import Written, is_json
from fixloop_bot.adapters.minimax.foreign_calls import named_call
from fixloop_bot.adapters.minimax.loose_json import strict_values
from fixloop_bot.adapters.minimax.spoken import xml_calls
from fixloop_bot.application.copilot.speech import Tool, ToolCall

MOST_CALLS = 16
"""Of one turn; more are a model in a loop."""
LONGEST_BLOCK = 40_000
LONGEST_LOOSE = 8_000
_NAME = re.compile(r"[\w-]{1,64}")
_NAMED = re.compile(r"[\"'](?:name|tool|tool_name)[\"']\s{0,8}:\s{0,8}[\"']([\w.-]{1,64})[\"']")
_PIECE = re.compile(r"<(?P<closing>/?)(?:invoke|parameter)\b[^<>]{0,160}?(?P<alone>/?)>", re.IGNORECASE)
_PREFIX = re.compile(r"\A(?:functions?|default_api|tools?)[.:]", re.IGNORECASE)
_NAME_KEYS = ("name", "tool", "tool_name", "function")
UNREADABLE = "The arguments could not be read; call the tool again, with its arguments as one JSON object."


@dataclass(frozen=True, slots=True, kw_only=True)
class RawCall:
    """A call as it was written: arguments in any form. ``wrong`` where it cannot be one."""

    name: str
    arguments: object
    id: str = ""
    wrong: str = ""


class Reading:
    """Reads calls against the tools that were offered."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        self._tools = {tool.name: tool for tool in tools}

    @property
    def names(self) -> Collection[str]:
        return self._tools.keys()

    def is_call(self, text: str) -> bool:
        """Whether a JSON text is a call: a known tool's name, or a name and arguments as only calls have them."""
        return bool(self._in_json(text)) or self._named(text) in self._tools

    def written(self, written: Written) -> list[RawCall]:
        """The calls in a piece of the content; one that broke off is a call that is ``wrong``."""
        if len(written.text) > LONGEST_BLOCK:
            return [RawCall(name="", arguments={}, wrong="The call was too long to be read.")]
        calls = self.marked(written.text) if written.shape == "markup" else []
        calls = calls or (self._in_json(written.text) if written.closed or _is_whole(written.text) else [])
        calls = calls or (self._in_words(written) if written.shape == "markup" else [])
        return calls or [RawCall(name=self._named(written.text), arguments={}, wrong=UNREADABLE)]

    def thought(self, text: str) -> list[RawCall]:
        """The calls at the end of thinking, where nothing was said."""
        block = text[text.rfind("<tool_call>") :] if "<tool_call>" in text else ""
        written = Written(text=block, start=0, end=len(block), shape="markup", closed=True)
        return self.marked(text) or (self._in_words(written) or self._in_json(block) if block else [])

    def marked(self, text: str) -> list[RawCall]:
        """Calls in XML; the last one is wrong if it broke off."""
        calls = [
            RawCall(name=call.name, arguments=call.arguments, id=call.id) for call in xml_calls(text, self._is_text)
        ]
        if calls and not _ended(text):
            calls[-1] = RawCall(name=calls[-1].name, arguments={}, wrong="The call broke off; call the tool again.")
        return calls

    def made(self, raw: Sequence[RawCall], *, prefix: str, taken: Collection[str]) -> tuple[ToolCall, ...]:
        """Calls with ids of their own, of which ``taken`` has none."""
        made: list[ToolCall] = []
        for number, call in enumerate(raw[:MOST_CALLS], 1):
            used = {*taken, *(other.id for other in made)}
            identity = call.id if call.id and call.id not in used else f"{prefix}_{number}"
            while identity in used:
                identity += "_"
            made.append(self._made(call, identity))
        return tuple(made)

    def _made(self, call: RawCall, identity: str) -> ToolCall:
        tool = self._tool(call.name)
        name = tool.name if tool is not None else call.name if _NAME.fullmatch(call.name) else "unknown"
        wrong = call.wrong
        if not wrong and tool is None:
            wrong = f"There is no tool of that name. The tools are: {', '.join(self._tools) or 'none'}."
        arguments = read_arguments(call.arguments) if not wrong else {}
        if arguments is None:
            wrong = UNREADABLE
        if wrong or arguments is None or tool is None:
            return ToolCall(id=identity, name=name, arguments={}, wrong=wrong)
        return ToolCall(id=identity, name=name, arguments=fitted(arguments, tool.parameters))

    def _tool(self, written: str) -> Tool | None:
        """The tool that is meant: ``functions.get_run:0`` and ``Get_Run<|channel|>commentary`` are ``get_run``."""
        bare = _PREFIX.sub("", written.strip()).partition("<")[0].strip()
        names = (written, bare, bare.rpartition(".")[2], bare.partition(":")[0], bare.lower().replace("-", "_"))
        return next((self._tools[name] for name in names if name in self._tools), None)

    def _in_words(self, written: Written) -> list[RawCall]:
        """A block that names its tool in plain words, as other models' templates have it."""
        read = named_call(written.text, self._tools, closed=written.closed)
        return [RawCall(name=read[0], arguments=read[1])] if read is not None else []

    def _is_text(self, tool: str, parameter: str) -> bool:
        offered = self._tools.get(tool)
        properties = offered.parameters.get("properties") if offered is not None else None
        schema = properties.get(parameter) if isinstance(properties, Mapping) else None
        return isinstance(schema, Mapping) and schema.get("type") == "string"

    def _in_json(self, text: str) -> list[RawCall]:
        """The calls in a text that is JSON, or holds some between its first and its last bracket."""
        start, end = _first_bracket(text), max(text.rfind("}"), text.rfind("]")) + 1
        try:
            return self._json_calls([json.loads(text[start:end])])
        except (ValueError, RecursionError):
            pass
        return self._json_calls([read_arguments(text[start:end])]) or self._json_calls(
            strict_values(text[:LONGEST_LOOSE])
        )

    def _json_calls(self, values: Iterable[Any]) -> list[RawCall]:
        entries = (entry for value in values for entry in _entries(value))
        return [call for entry in entries if (call := self._json_call(entry)) is not None]

    def _json_call(self, entry: Mapping[str, Any]) -> RawCall | None:
        inner = entry.get("function")
        holder = inner if isinstance(inner, Mapping) else entry
        name = next((holder[key] for key in _NAME_KEYS if key in holder), None)
        if not isinstance(name, str) or not name:
            return None
        # A service has a name as well: only a known tool may be called in other words.
        if name not in self._tools and not ("arguments" in holder and "name" in holder):
            return None
        rest = {key: value for key, value in holder.items() if key not in (*_NAME_KEYS, "type", "id")}
        given = next((holder[key] for key in ("arguments", "parameters", "input", "args") if key in holder), rest)
        return RawCall(name=name, arguments=given, id=str(entry.get("id") or ""))

    def _named(self, text: str) -> str:
        named = _NAMED.search(text)
        return named[1] if named is not None else ""


def as_messages(calls: Sequence[ToolCall]) -> list[dict[str, Any]]:
    """The calls as an assistant's message holds them."""
    return [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": as_json(call.arguments)}}
        for call in calls
    ]


def _ended(text: str) -> bool:
    """Whether the last call in XML is whole: its end, or the end of a parameter, is the last of its tags."""
    pieces = [tag["closing"] or tag["alone"] for tag in _PIECE.finditer(text)]
    return not pieces or bool(pieces[-1])


def _is_whole(text: str) -> bool:
    """Whether a block that has no end holds whole JSON behind its tag: then nothing of the call is missing."""
    return is_json(text.partition(">")[2].strip())


def _first_bracket(text: str) -> int:
    return min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=0)


def _entries(value: Any) -> Iterator[Mapping[str, Any]]:
    """A call, a list of calls, or what wraps them."""
    if isinstance(value, list):
        for entry in value[:MOST_CALLS]:
            yield from _entries(entry) if isinstance(entry, Mapping) else ()
    elif isinstance(value, Mapping):
        wrapped = next((value[key] for key in ("tool_calls", "tool_call", "function_call") if key in value), None)
        if isinstance(wrapped, Mapping | list):
            yield from _entries(wrapped)
        else:
            yield value
