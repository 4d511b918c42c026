"""One streamed turn, put together: words as they come, and at the end the turn with its calls and its message."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from fixloop_bot.adapters.minimax.calls import RawCall, Reading, as_messages
from fixloop_bot.adapters.minimax.deltas import Fragments, Growth, Thoughts, mended
from fixloop_bot.adapters.minimax.dialects import Dialect, translated
from fixloop_bot.adapters.minimax.refusals import ModelUnavailable, from_event
from fixloop_bot.adapters.minimax.sieve import Sieve
from fixloop_bot.adapters.minimax.spoken import content_text, mapping
from fixloop_bot.application.copilot.speech import Tool, Turn

LONGEST_TURN = 400_000
"""Characters of content, thoughts and arguments together; twelve times what ``max_tokens`` allows."""
_END_OF_MARKUP = ("</invoke>", "</tool_call>", "</minimax:tool_call>", "</tool_calls>")


class TurnReader:
    """Takes the events of one stream; what ``take`` and ``release`` return may be shown at once.

    ``finish_reason`` is set once the model has named one; ``flooded`` once it has sent more than may be kept;
    ``strange`` once a document came that is none of this API's.
    Calls without an id of their own get ``prefix`` and a number; no id is one of ``taken``.
    """

    def __init__(self, tools: Sequence[Tool], *, prefix: str, taken: Collection[str] = ()) -> None:
        self._prefix = prefix
        self._taken = taken
        self._reading = Reading(tools)
        self._sieve = Sieve(self._reading.is_call)
        self._content = Growth()
        self._thoughts = Thoughts()
        self._fragments = Fragments(self._reading.names)
        self._dialect = Dialect()
        self._came: list[str] = []
        self._fed: list[str] = []
        self._size = 0
        self._index: object = None
        self.answered = False
        self.strange = False
        self.finish_reason = ""
        self.prompt_tokens: int | None = None
        self.completion_tokens: int | None = None

    @property
    def flooded(self) -> bool:
        return self._size > LONGEST_TURN

    @property
    def begun(self) -> bool:
        """Whether anything was said, thought or called: an empty first event says only that the model is asked."""
        return self._size > 0

    @property
    def waiting(self) -> bool:
        """Whether ``release`` might let words go."""
        return self._sieve.waiting

    def release(self) -> str:
        return self._sieve.release()

    def take(self, event: Mapping[str, Any]) -> str:
        """The words in one event. Raises ModelUnavailable for a refusal, and where thinking turned out to be said."""
        refusal = from_event(event)
        if refusal is not None:
            raise refusal
        self._count(mapping(event.get("usage")))
        choice = self._choice(event.get("choices"))
        if not choice:
            self.strange = self.strange or _strange(event)
            return ""
        self.answered = True
        reason = choice.get("finish_reason")
        self.finish_reason = reason if isinstance(reason, str) and reason else self.finish_reason
        delta, message = _delta(choice), mapping(choice.get("message"))
        words = self._piece(delta) if delta else ""
        at_end = bool(reason) or event.get("object") == "chat.completion"
        if message and (at_end or not delta):  # beside a delta it repeats what came so far
            words += self._whole(message) if at_end else self._piece(message)
        if self._sieve.late:
            raise ModelUnavailable(
                "the model's thinking could not be told from its answer", label="thinking", outage=False
            )
        return words

    def finish(self, *, complete: bool) -> tuple[str, Turn]:
        """The last words and the turn. Of an answer that is not ``complete`` no call is carried out."""
        words = self._translated(self._dialect.finish()) + self._sieve.finish(complete=complete)
        raw = self._raw_calls() if complete else []
        calls = self._reading.made(raw, prefix=self._prefix, taken=self._taken)
        message: dict[str, Any] = {"role": "assistant", "content": self._kept(), **self._thoughts.fields()}
        if calls:
            message["tool_calls"] = as_messages(calls)
        return words, Turn(
            calls=calls,
            message=message,
            cut_off=not complete,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
        )

    def _piece(self, delta: Mapping[str, Any]) -> str:
        thought = self._thoughts.take(delta)
        words = self._sieve.trust() if thought.strip() else ""
        said = content_text(delta.get("content"))
        self._size += len(thought) + len(said)
        if said:
            words += self._feed(self._content.take(said))
        for key in ("tool_calls", "function_call"):
            if delta.get(key):
                self._size += self._fragments.take(delta[key])
        return words

    def _whole(self, message: Mapping[str, Any]) -> str:
        """A whole message: all there is, or a repetition of what was streamed before, of which only the rest is new."""
        thought = self._thoughts.complete(message)
        words = self._sieve.trust() if thought.strip() else ""
        said, before = content_text(message.get("content")), "".join(self._came)
        new = said[len(before) :] if said.startswith(before) else ""
        self._size += len(thought) + len(new)
        if new:
            words += self._feed(mended(new))
        self._fragments.replace(message.get("tool_calls") or message.get("function_call"))
        return words

    def _feed(self, text: str) -> str:
        self._came.append(text)
        return self._translated(self._dialect.feed(text))

    def _translated(self, text: str) -> str:
        self._fed.append(text)
        return self._sieve.feed(text)

    def _choice(self, choices: object) -> Mapping[str, Any]:
        """The choice of the first index that came; only one is asked for, whatever its number is."""
        listed = [mapping(choice) for choice in choices] if isinstance(choices, list) else []
        if self._index is None and any(listed):
            self._index = min((choice.get("index") or 0 for choice in listed if choice), key=str)
        return next((choice for choice in listed if choice and (choice.get("index") or 0) == self._index), {})

    def _count(self, usage: Mapping[str, Any]) -> None:
        """MiniMax sends zeros, or null, until it knows."""
        asked, written = usage.get("prompt_tokens"), usage.get("completion_tokens")
        if isinstance(asked, int) and asked > 0:
            self.prompt_tokens = asked
        if isinstance(written, int) and written > 0:
            self.completion_tokens = written

    def _raw_calls(self) -> list[RawCall]:
        if self._fragments:
            return self._fragments.raw()
        written = [call for piece in self._sieve.calls for call in self._reading.written(piece)]
        if written or self._sieve.spoke:
            return written
        # Nothing was said, and the thinking, which may never have ended, ends with a call.
        thought = self._sieve.thought or translated(self._thoughts.text()).strip()
        return self._reading.thought(thought) if thought.endswith(_END_OF_MARKUP) else []

    def _kept(self) -> str:
        """The content in one dialect, thoughts included, without the calls that were written into it."""
        text, at, kept = "".join(self._fed), 0, []
        for start, end in self._sieve.spans:
            kept.append(text[at:start])
            at = end
        kept.append(text[at:] + ("\n</think>" if self._sieve.unclosed else ""))
        return "".join(kept).strip()


def _delta(choice: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is new in a choice; some servers send the bare text, or answer as the API for completions does."""
    delta = choice.get("delta")
    bare = delta if isinstance(delta, str) else choice.get("text")
    return mapping(delta) if isinstance(delta, Mapping) or not isinstance(bare, str) else {"content": bare}


def _strange(event: Mapping[str, Any]) -> bool:
    """Whether a document is another API's: Anthropic's events, Gemini's candidates, Ollama's own lines."""
    return bool(event) and "choices" not in event and "usage" not in event and event.get("type") != "ping"
