"""What a person may see of a content that is still arriving: no thinking, no tool calls, however it is cut up.

The text is *said*, *thought*, or captured since it may be a call. What is said may be *held back* besides: as long
as a closing tag could still turn it into thinking. That is so at the beginning, where the opening tag may be
missing, and behind a closing tag that was not the last one owed. A closing tag makes what was held back thinking; the
end of a complete answer makes it words; the end of a cut one never does.

A tag in code counts as quoted if the code ends behind it; else it is a tag. Where it is doubtful, nothing leaks.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from fixloop_bot.adapters.minimax.captures import Capture, Found, JsonCapture, MarkupCapture, Written, is_json
from fixloop_bot.adapters.minimax.marks import (
    MORE,
    SEPARATOR,
    Open,
    Tag,
    fence_at,
    json_call_at,
    may_be_thought,
    quoted,
    separator_at,
    tag_at,
    ticks_at,
)
from fixloop_bot.adapters.minimax.voice import Code, Voice

_SPECIAL = re.compile(r"[`<{\[\]\n]")
_IN_THOUGHT = re.compile(r"[`<\n]")

SECOND_LOOKS = 100_000
"""Characters of one answer that are looked at again."""

Step = int | Open | Callable[[], None]
"""What to do at a mark: so many characters are plain text, wait for more, or act."""


class Sieve:
    """Feed it content; it returns what may be shown. The same text gives the same result however it is cut.

    ``is_call`` says of a JSON text whether it is a tool call. After ``finish``: ``calls`` that were written into
    the text, ``thought``, ``unclosed`` (the thinking did not end) and ``late``: a closing tag told, after words
    had been let go by ``release``, that they had been thinking. ``spans`` are the offsets of all that was written
    as a call, in the order of the text.
    """

    def __init__(self, is_call: Callable[[str], bool] = lambda text: False) -> None:
        self._is_call = is_call
        self._voice = Voice()
        self._voice.hold()
        self._buffer, self._at = "", 0
        self._offset = 0  # of the buffer's first character in the whole text
        self._plain_until, self._second_looks = 0, SECOND_LOOKS
        self._starting, self._guessed = True, False
        self._depth, self._owed = 0, 0
        self._code, self._code_in_thought = Code(), Code()
        self._capture: Capture | None = None
        self._captured: list[str] = []
        self._fence_to_drop = False
        self._thought: list[str] = []
        self.spans: list[tuple[int, int]] = []
        self.late = False

    @property
    def thought(self) -> str:
        return "".join(self._thought).strip()

    @property
    def spoke(self) -> bool:
        return self._voice.spoke

    @property
    def unclosed(self) -> bool:
        return self._depth > 0

    @property
    def calls(self) -> tuple[Written, ...]:
        return tuple(self._voice.calls)

    @property
    def waiting(self) -> bool:
        """Whether there are words that only wait because the opening tag of a thought may be missing."""
        return self._starting and not self._depth and bool(self._voice.opening)

    def feed(self, text: str) -> str:
        self._buffer += text
        self._run(final=False)
        return self._voice.take()

    def finish(self, *, complete: bool) -> str:
        """The end. ``complete``: the model said that it had finished, so that nothing can follow any more."""
        self._run(final=True)
        while self._capture is not None:
            self._end_unclosed(self._capture)
            self._run(final=True)
        if complete:
            self._voice.let_go()
        else:
            self._thought.append(self._voice.drop())
        return self._voice.take()

    def trust(self) -> str:
        """The thinking came in a field of its own: the content needs no tag to begin."""
        if self._starting and not self._depth:
            self._starting = False
            self._voice.let_go()
        return self._voice.take()

    def release(self) -> str:
        """Nothing more came for a while: let words go, unless they sound like thinking aloud."""
        if not self.waiting or may_be_thought(self._voice.opening):
            return ""
        self._guessed = True
        return self.trust()

    # ── reading on ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _run(self, *, final: bool) -> None:
        going = True
        while going and self._at < len(self._buffer):
            if self._capture is not None:
                going = self._collect(self._capture, final)
            elif self._depth:
                going = self._go(_IN_THOUGHT, self._mark_in_thought, self._thought.append, final)
            else:
                going = self._go(_SPECIAL, self._mark, self._voice.say, final)
        self._offset += self._at
        self._buffer, self._at = self._buffer[self._at :], 0

    def _go(
        self, special: re.Pattern[str], mark: Callable[[int, bool], Step], put: Callable[[str], None], final: bool
    ) -> bool:
        """Put text up to the next mark and act on that; False where only more text will tell."""
        at = self._at
        while (found := special.search(self._buffer, at)) is not None:
            step = mark(found.start(), final)
            if isinstance(step, int):
                at = found.start() + step
                continue
            put(self._consume(found.start()))
            if isinstance(step, Open):
                return False
            step()
            return True
        put(self._consume(len(self._buffer)))
        return False

    def _consume(self, end: int) -> str:
        piece, self._at = self._buffer[self._at : end], end
        return piece

    def _mark(self, at: int, final: bool) -> Step:
        char = self._buffer[at]
        if char == "\n":
            self._code.new_line()
            return 1
        if char == "<":
            return self._tag(at, final)
        if char == "`":
            return self._ticks(at, final)
        if char == "]":
            found = separator_at(self._buffer, at, final=final)
            return (lambda: self._skip(at + len(SEPARATOR))) if found is True else 1 if found is False else MORE
        if self._code.inline or self._plain(at):
            return 1
        call = json_call_at(self._buffer, at, final=final)
        return (lambda: self._begin_json(at)) if call is True else 1 if call is False else MORE

    def _plain(self, at: int) -> bool:
        """Whether this was looked at before and found to be no call."""
        return self._offset + at < self._plain_until

    def _tag(self, at: int, final: bool) -> Step:
        tag = tag_at(self._buffer, at, final=final)
        if not isinstance(tag, Tag):
            return 1 if tag is None else tag
        if self._code.inline or (self._code.fence and tag.kind == "think"):
            literal = quoted(self._buffer, tag.end, fence=self._code.fence, final=final)
            if literal is not False:
                return tag.end - at if literal is True else MORE
        if tag.kind == "think":
            return (lambda: self._close(tag.end)) if tag.closing else (lambda: self._open(tag.end))
        if tag.closing or tag.kind == "parameter" or self._plain(at):
            return lambda: self._skip(tag.end)
        return lambda: self._begin_markup(tag.kind, tag.end, "")

    def _ticks(self, at: int, final: bool) -> Step:
        count = ticks_at(self._buffer, at, final=final)
        if isinstance(count, Open):
            return MORE
        if count >= 3 and self._fence_to_drop:
            return lambda: self._drop_fence(at + count)
        if count >= 3 and not self._code.inside and not self._plain(at):
            begun = self._fenced_call(at, final)
            if begun is not None:
                return begun
        self._code.ticks(count)
        return count

    def _fenced_call(self, at: int, final: bool) -> Step | None:
        """The call that is a fence's content takes the fence with it."""
        inside = fence_at(self._buffer, at, final=final)
        if isinstance(inside, Open):
            return MORE
        prefix = self._buffer[at:inside]
        if self._buffer[inside : inside + 1] in ("{", "["):
            call = json_call_at(self._buffer, inside, final=final)
            return (lambda: self._begin_json(inside, prefix)) if call is True else None if call is False else MORE
        tag = tag_at(self._buffer, inside, final=final) if self._buffer.startswith("<", inside) else None
        if isinstance(tag, Open):
            return MORE
        if tag is None or tag.closing or tag.kind not in ("block", "invoke"):
            return None
        return lambda: self._begin_markup(tag.kind, tag.end, prefix)

    def _mark_in_thought(self, at: int, final: bool) -> Step:
        code = self._code_in_thought
        if self._buffer[at] == "\n":
            code.new_line()
            return 1
        if self._buffer[at] == "`":
            count = ticks_at(self._buffer, at, final=final)
            if not isinstance(count, Open):
                code.ticks(count)
            return count
        tag = tag_at(self._buffer, at, final=final)
        if tag is None or isinstance(tag, Open):
            return 1 if tag is None else tag
        if tag.kind != "think" or (code.inside and not tag.closing):
            return tag.end - at
        if code.inline and tag.end == len(self._buffer) and not final:
            return MORE
        if code.inline and self._buffer.startswith("`", tag.end):
            return tag.end - at
        return lambda: self._turn(tag)

    # ── acting on marks ───────────────────────────────────────────────────────────────────────────────────────────────

    def _turn(self, tag: Tag) -> None:
        """A tag inside of thinking. What follows a closing tag that leaves others owed is held back."""
        self._at = tag.end
        if not tag.closing:
            self._depth += 1
            return
        self._owed += self._depth - 1 + self._code_in_thought.fence
        self._depth, self._code_in_thought = 0, Code()
        if self._starting:  # what came before the opening tag sounded like thinking as well
            self._starting = False
            self._thought.append(self._voice.drop())
        if self._owed:
            self._voice.hold()
        self._voice.gap()

    def _open(self, end: int) -> None:
        self._at, self._depth = end, 1
        if self._starting and not (self._voice.opening and may_be_thought(self._voice.opening)):
            self._starting = False
            self._voice.let_go()

    def _close(self, end: int) -> None:
        """A closing tag outside of thinking: what was held back had been thinking."""
        self._at, self._code = end, Code()
        if self._voice.holding:
            self._thought.append(self._voice.drop())
            self._starting, self._owed = False, max(0, self._owed - 1)
            if self._owed:
                self._voice.hold()
        elif self._guessed and not self._thought:
            self.late = True
        self._voice.gap()

    def _skip(self, end: int) -> None:
        self._at = end
        self._voice.gap()

    def _drop_fence(self, end: int) -> None:
        self.spans.append((self._offset + self._at, self._offset + end))
        self._fence_to_drop = False
        self._skip(end)

    # ── calls ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _begin_markup(self, family: str, end: int, prefix: str) -> None:
        self._capture = MarkupCapture(self._offset + self._at, prefix, family)
        self._captured = [self._consume(end)]

    def _begin_json(self, at: int, prefix: str = "") -> None:
        self._capture = JsonCapture(self._offset + self._at, prefix)
        self._captured = [self._consume(at)]

    def _collect(self, capture: Capture, final: bool) -> bool:
        end, found = capture.take(self._buffer, self._at, holding=self._voice.holding, final=final)
        self._captured.append(self._consume(end))
        if found is Found.GOES_ON:
            return False
        if found is Found.ENDED and (capture.shape == "markup" or self._is_call("".join(self._captured[1:]))):
            self._written(capture, closed=True)
        else:
            self._give_up(capture)
        return True

    def _end_unclosed(self, capture: Capture) -> None:
        """The text ended inside of what may be a call."""
        text = "".join(self._captured)
        if capture.shape == "markup" or (self._is_call(text) and "think" not in text.lower()):
            self._written(capture, closed=False)
        else:
            self._give_up(capture)

    def _written(self, capture: Capture, *, closed: bool) -> None:
        text, end = "".join(self._captured), self._offset + self._at
        self.spans.append((capture.start, end))
        self._voice.call(Written(text=text, start=capture.start, end=end, shape=capture.shape, closed=closed))
        self._fence_to_drop = self._fence_to_drop or bool(capture.prefix)
        self._capture, self._captured = None, []

    def _give_up(self, capture: Capture) -> None:
        """It was no call: read it again as words, in which no call begins."""
        text = "".join(self._captured)
        self._plain_until = self._offset + self._at
        quoted_json = capture.shape == "json" and is_json(text[len(capture.prefix) :])
        if len(text) <= self._second_looks and not quoted_json:
            # Its mark led astray: a call may begin behind that. Not for ever, as looking again costs time.
            self._second_looks -= len(text)
            self._plain_until = capture.start + len(capture.prefix) + 1
        if len(text) > self._at:
            self._buffer, self._offset = text + self._buffer[self._at :], self._offset + self._at - len(text)
            self._at = len(text)
        self._at -= len(text)
        self._capture, self._captured = None, []
