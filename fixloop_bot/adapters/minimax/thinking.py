"""What a reasoning model thought, taken apart from what it said.

MiniMax always thinks. With ``reasoning_split`` the thoughts stand in a field of their own, without it
inside the content, and either tag may be missing: before a closing tag without its opening one everything
was thought, and after an opening tag without its closing one everything still is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TAG = re.compile(
    r"<(/?)\s*(?:mm:)?(?:think(?:ing)?|thoughts?|reasoning|reflection|scratchpad|analysis)\s*>", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """``said`` may be shown to a person; ``thought`` never. ``unclosed``: the model did not end its thinking."""

    said: str
    thought: str
    unclosed: bool


def split_thinking(content: str) -> Spoken:
    """Take content apart at its think tags; total, and no tag is left in either part."""
    said: list[str] = []
    thought: list[str] = []
    thinking, opened, position = False, False, 0
    for tag in _TAG.finditer(content):
        piece, position = content[position : tag.start()], tag.end()
        closing = bool(tag[1])
        if closing and not opened:
            thought, said = [*said, piece], []
        else:
            (thought if thinking else said).append(piece)
        thinking, opened = not closing, True
    (thought if thinking else said).append(content[position:])
    return Spoken(said=_joined(said), thought=_joined(thought), unclosed=thinking)


def _joined(pieces: list[str]) -> str:
    # Removing one tag can put two halves of another together.
    return _TAG.sub("", " ".join(piece for piece in map(str.strip, pieces) if piece))
