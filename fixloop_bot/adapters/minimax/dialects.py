"""The tokens of chat templates that should never have been text, as marks that the sieve knows.

Servers that do not know a model's template hand its tokens on as text: end-of-turn marks, thinking in channels or in
brackets, calls between tokens of their own. Each becomes a think tag, a tool call's tag, or nothing. What follows the
token that begins another person's turn was invented, and is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

LONGEST_HEADER = 200
"""Characters of a role or channel before its message begins."""
LONGEST_TOKEN = 120
_SEPARATOR = "]<]minimax[>["
_ROLES = "assistant|user|system|tool|ai"
_TOKEN = re.compile(
    rf"<(?:\|(?P<bar>[a-z][a-z0-9_]{{0,40}})\|>|｜(?P<wide>[A-Za-z][A-Za-z0-9▁_ ]{{0,40}})｜>)"
    r"|<(?P<end>/?)(?:｜DSML｜|antml:)"
    r"|<function=(?P<function>[\w.-]{1,64})>|(?P<function_end></function>)|<parameter=(?P<parameter>[\w.-]{1,64})>"
    r"|<(?P<slash>/?)(?:(?P<think>seed:think)|(?P<result>tool_response|function_results?|tool_results?)"
    r"|answer|final|final_answer|response|output|s)>"
    r"|(?P<thought><\|channel>thought)|(?P<thought_end><channel\|>)"
    r"|◁(?P<kimi>/?)think▷|&lt;(?P<entity>/?)think(?:ing)?&gt;"
    r"|\[(?P<bracket>/?(?:TOOL_CALLS?|THINK|ARGS|INST))\]"
    rf"|\]~b\](?P<role>{_ROLES})|\]~!b\[|\[e~\[|{re.escape(_SEPARATOR)}",
    re.IGNORECASE,
)
_STARTS = re.compile(r"[<\[\]◁&]")
_FIXED = ("◁think▷", "◁/think▷", "]~!b[", "[e~[", _SEPARATOR, "&lt;/thinking&gt;", "&lt;thinking&gt;", "&lt;/think&gt;",
          "&lt;think&gt;", *(f"]~b]{role}" for role in _ROLES.split("|")))  # fmt: skip
_BEGUN = re.compile(rf"<(?:[|/｜A-Za-z][^<>\n]{{0,{LONGEST_TOKEN}}})?\Z|\[/?[A-Za-z_]{{0,10}}\Z")
_HEADERS = ("channel", "start", "im_start", "start_header_id", "open", "close")
_HEADER_ENDS = ("message", "end_header_id", "sep")
_CALLS = ("tool_call_begin", "tool▁call▁begin")
_CALL_ENDS = ("tool_call_end", "tool▁call▁end", "call")
_BEFORE_ARGUMENTS = ("tool_call_argument_begin", "tool▁sep")
_THOUGHTS, _THOUGHT_ENDS = ("begin_of_thought",), ("end_of_thought",)
_OTHERS = re.compile(r"\b(?:user|system|tool|ipython|environment|developer)\b", re.IGNORECASE)
_TO = re.compile(r"\bto=([\w.:-]{1,80})")


@dataclass(slots=True)
class Dialect:
    """Feed it content; it returns the same with its tokens translated, however it is cut."""

    _buffer: str = ""
    _header: list[str] | None = None
    _kind: str = ""
    _thinking: bool = False
    _calling: bool = False
    _muted: bool = False
    _begun: bool = False
    _out: list[str] = field(default_factory=list)

    def feed(self, text: str) -> str:
        if not self._buffer and self._header is None and not self._muted and _STARTS.search(text) is None:
            self._begun = self._begun or bool(text.strip())
            return text
        self._buffer += text
        return self._run(final=False)

    def finish(self) -> str:
        return self._run(final=True)

    def _run(self, *, final: bool) -> str:
        at = 0
        while (found := _STARTS.search(self._buffer, at)) is not None:
            start = found.start()
            token = _TOKEN.match(self._buffer, start)
            if token is None and not final and _may_begin(self._buffer, start):
                self._text(self._buffer[at:start])
                self._buffer = self._buffer[start:]
                return self._take()
            end = token.end() if token is not None else start + 1
            self._text(self._buffer[at : end if token is None else start])
            if token is not None:
                self._token(token)
            at = end
        self._text(self._buffer[at:])
        self._buffer = ""
        return self._take()

    def _take(self) -> str:
        taken, self._out = "".join(self._out), []
        return taken

    def _text(self, text: str) -> None:
        at = 0
        while self._header is not None and at < len(text):
            self._of_header(text[at])
            at += 1
        self._say(text[at:])

    def _of_header(self, char: str) -> None:
        header = self._header or []
        if (char == "\n" and self._kind == "im_start") or len(header) >= LONGEST_HEADER:
            self._end_header()
        else:
            header.append(char)

    def _say(self, text: str) -> None:
        if text and not self._muted:
            self._out.append(text)
            self._begun = self._begun or bool(text.strip())

    def _token(self, token: re.Match[str]) -> None:
        named = (token["bar"] or token["wide"] or "").lower()
        if named:
            self._bar(named)
        elif token["role"]:
            self._muted = self._muted or _OTHERS.search(token["role"]) is not None
        else:
            self._say(_plain(token))

    def _bar(self, name: str) -> None:
        if name in _HEADERS:
            self._header, self._kind = [*(self._header or ()), " "], name
        elif name in _HEADER_ENDS:
            self._end_header()
        elif name in ("user", "system"):
            self._muted = True
        elif name in ("end", "return") and self._thinking:
            self._think(False)
        elif name in (*_CALLS, *_CALL_ENDS, *_BEFORE_ARGUMENTS, *_THOUGHTS, *_THOUGHT_ENDS):
            self._say(_BARS[name]() if name != "call" or self._calling else "")
            self._calling = self._calling and name != "call"

    def _think(self, thinking: bool) -> None:
        if thinking != self._thinking:
            self._say("<think>" if thinking else "</think>")
        self._thinking = thinking

    def _end_header(self) -> None:
        """A header is over: its words say whose message begins, and whether it is thinking, a call, or the answer."""
        words, kind = "".join(self._header or ()), self._kind
        known = self._header is not None
        self._header, self._kind = None, ""
        if not known:
            return
        if kind in ("open", "close"):
            if words.split()[:1] == ["think"]:
                self._think(kind == "open")
            return
        if kind in ("im_start", "start_header_id"):
            self._muted = self._muted or _OTHERS.search(words) is not None
            return
        self._channel(words)

    def _channel(self, words: str) -> None:
        to = _TO.search(words)
        if to is not None:
            self._think(False)
            self._calling = True
            self._say(f"<tool_call>{to[1]}\n")
        elif "final" in words:
            if self._begun and not self._thinking:  # what came before had lost the token that called it thinking
                self._say("</think>")
            self._think(False)
        elif "analysis" in words or "commentary" in words:
            self._think(True)


_BARS: dict[str, Callable[[], str]] = {
    **dict.fromkeys(_CALLS, lambda: "<tool_call>"),
    **dict.fromkeys(_CALL_ENDS, lambda: "</tool_call>"),
    **dict.fromkeys(_BEFORE_ARGUMENTS, lambda: "\n"),
    **dict.fromkeys(_THOUGHTS, lambda: "<think>"),
    **dict.fromkeys(_THOUGHT_ENDS, lambda: "</think>"),
}


def _plain(token: re.Match[str]) -> str:
    """What stands for a token whose meaning does not depend on what came before."""
    if token["end"] is not None:
        return f"<{token['end']}"
    if token["function"]:
        return f'<invoke name="{token["function"]}">'
    if token["function_end"]:
        return "</invoke>"
    if token["parameter"]:
        return f'<parameter name="{token["parameter"]}">'
    if token["bracket"]:
        return _BRACKETS.get(token["bracket"].upper(), "")
    if token["thought"] or token["thought_end"]:
        return "<think>" if token["thought"] else "</think>"
    if token["think"] or token["result"]:  # a result that the model made up is no word of its answer
        return f"<{token['slash']}think>"
    slash = token["kimi"] if token["kimi"] is not None else token["entity"]
    return "" if slash is None else f"<{slash}think>"


_BRACKETS = {
    "TOOL_CALL": "<tool_call>",
    "/TOOL_CALL": "</tool_call>",
    "TOOL_CALLS": "<tool_calls>",
    "/TOOL_CALLS": "</tool_calls>",
    "THINK": "<think>",
    "/THINK": "</think>",
    "ARGS": "\n",
}


def _may_begin(text: str, start: int) -> bool:
    """Whether what stands at the end of a text may be the beginning of a token."""
    if len(text) - start > LONGEST_TOKEN:
        return False
    tail = text[start:]
    if _BEGUN.match(tail) is not None:
        return True
    lowered = tail.lower()
    return any(fixed.startswith(lowered) for fixed in _FIXED)


def translated(text: str) -> str:
    """A whole content at once."""
    dialect = Dialect()
    return dialect.feed(text) + dialect.finish()
