"""The pieces of a streamed message, put together: text that grows, thoughts, and calls that come in fragments."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fixloop_bot.adapters.minimax.calls import RawCall
from fixloop_bot.adapters.minimax.spoken import all_text, content_thought, mapping

CERTAIN = 4
"""Characters that a chunk must repeat before the stream counts as one that sends the whole text each time."""


class Growth:
    """A text of which each chunk is the next piece or, as MiniMax's own example has it, everything so far.

    A stream that repeats itself does so from its second chunk on; one chunk that does not begin with the one before
    settles that the pieces are pieces.
    """

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._last = ""
        self._whole: bool | None = None
        self._half = ""

    @property
    def text(self) -> str:
        return mended(self._last if self._whole else "".join(self.pieces))

    def take(self, chunk: str) -> str:
        """What is new in it. Half of a surrogate pair waits for the other."""
        new = self._new(chunk)
        if new.isascii() and not self._half:
            return new
        return self._paired(self._half + new)

    def _new(self, chunk: str) -> str:
        if self._whole is not False and self._last:
            repeats = chunk.startswith(self._last) and (self._whole is True or len(chunk) > len(self._last))
            if repeats and (self._whole is True or len(self._last) >= CERTAIN):
                self._whole, known = True, len(self._last)
                self._last = chunk
                return chunk[known:]
            if not repeats and self._whole is None:
                self._whole = False
            elif not repeats:  # pieces after all
                self._last += chunk
                return chunk
        if self._whole is None:
            self._last = chunk
        self.pieces.append(chunk)
        return chunk

    def _paired(self, text: str) -> str:
        self._half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
        text = text[: len(text) - len(self._half)]
        return mended(text)


def mended(text: str) -> str:
    """Halves of surrogate pairs put together, and a replacement for each that has no other half."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@dataclass(slots=True)
class _Fragment:
    """A call while it arrives."""

    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    given: object = None

    @property
    def text(self) -> str:
        return "".join(self.arguments)

    @property
    def finished(self) -> bool:
        if not self.arguments or not self.arguments[-1].rstrip().endswith("}"):
            return False
        try:
            return isinstance(json.loads(self.text), dict)
        except (ValueError, RecursionError):
            return False


class Fragments:
    """Calls in the API's own words: with or without index and id, names that come twice, arguments in pieces."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = names
        self._calls: list[_Fragment] = []
        self._by_index: dict[int, _Fragment] = {}

    def __bool__(self) -> bool:
        return bool(self._calls)

    def take(self, entries: object) -> int:
        """The next fragments; how many characters they had."""
        size = 0
        for entry in entries if isinstance(entries, Sequence) and not isinstance(entries, str) else [entries]:
            outer = mapping(entry)
            inner = mapping(outer.get("function")) or outer
            if not inner:
                continue
            name, identity = _word(inner.get("name")), _word(outer.get("id"))
            call = self._target(_place(outer.get("index")), identity, name)
            self._grow(call, identity, name, inner.get("arguments"))
            size += len(name) + len(_word(inner.get("arguments")))
        return size

    def replace(self, entries: object) -> None:
        """The whole list, as it stands in a message at the end of a stream."""
        if isinstance(entries, list) and entries:
            self._calls, self._by_index = [], {}
            for number, entry in enumerate(entries):
                self.take([{**mapping(entry), "index": number}])

    def raw(self) -> list[RawCall]:
        return [
            RawCall(name=call.name, arguments=call.text if call.given is None else call.given, id=call.id)
            for call in self._calls
            if call.name or call.arguments
        ]

    def _target(self, index: object, identity: str, name: str) -> _Fragment:
        last = self._calls[-1] if self._calls else None
        known = self._by_index.get(index) if isinstance(index, int) else self._by_id(identity, last, name)
        if known is not None and not self._begins_another(known, identity, name):
            return known
        # A call in two entries: its name first, its arguments without a name.
        orphan = last is not None and not name and not identity and not last.text
        call = last if orphan and last is not None else _Fragment()
        if not orphan:
            self._calls.append(call)
        if isinstance(index, int):
            self._by_index[index] = call
        return call

    def _by_id(self, identity: str, last: _Fragment | None, name: str) -> _Fragment | None:
        if identity:
            return next((call for call in self._calls if call.id == identity), None)
        if last is None or not name:
            return last
        return None if last.finished or last.name != name else last

    def _begins_another(self, call: _Fragment, identity: str, name: str) -> bool:
        """Some servers give every call the same index: another id, or another tool's name, begins another call."""
        if not name or not call.name:
            return False
        if identity and call.id:
            return identity != call.id
        return name in self._names and call.name in self._names and (name != call.name or call.finished)

    def _grow(self, call: _Fragment, identity: str, name: str, arguments: object) -> None:
        call.id = call.id or identity
        if name and name != call.name:
            joined = call.name + name
            pieces = call.name and name not in self._names and not name.startswith(call.name)
            call.name = joined if pieces or joined in self._names else name
        if isinstance(arguments, str):
            call.arguments.append(arguments)
        elif arguments is not None:
            call.given = arguments


class Thoughts:
    """What the model thought, in fields of its own: to be sent back as it came, and never to be shown."""

    def __init__(self) -> None:
        self._plain: dict[str, Growth] = {}
        self._details: list[tuple[dict[str, Any], Growth]] = []

    def take(self, delta: Mapping[str, Any]) -> str:
        """What is new; a thought that stands in two fields counts once for each."""
        new = [self._plain.setdefault(key, Growth()).take(text) for key in _FIELDS if (text := _word(delta.get(key)))]
        details = delta.get("reasoning_details")
        for number, detail in enumerate(details if isinstance(details, list) else ()):
            new.append(self._detail(mapping(detail), number))
        if part := content_thought(delta.get("content")):
            new.append(self._plain.setdefault("reasoning_content", Growth()).take(part))
        return "".join(new)

    def complete(self, message: Mapping[str, Any]) -> str:
        """The same fields of a whole message: taken only where nothing came before."""
        return self.take(message) if not self._plain and not self._details else ""

    def text(self) -> str:
        """All of it, once."""
        plain = max((growth.text for growth in self._plain.values()), key=len, default="")
        return plain or "".join(growth.text for _, growth in self._details)

    def fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = {key: text for key, growth in self._plain.items() if (text := growth.text)}
        if self._details:
            fields["reasoning_details"] = [{**detail, "text": growth.text} for detail, growth in self._details]
        return fields

    def _detail(self, detail: Mapping[str, Any], number: int) -> str:
        index = detail.get("index", number)
        found = next((entry for entry in self._details if entry[0].get("index", 0) == index), None)
        if found is None:
            found = ({"index": index, **detail}, Growth())
            self._details.append(found)
        found[0].update({key: value for key, value in detail.items() if value and key != "text"})
        return found[1].take(_word(detail.get("text")))


_FIELDS = ("reasoning_content", "reasoning")


def _place(index: object) -> object:
    return int(index) if isinstance(index, str) and index.isdecimal() and len(index) < 4 else index


def _word(value: object) -> str:
    return all_text(value)
