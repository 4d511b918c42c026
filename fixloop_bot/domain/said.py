"""What people type and say, as it is kept: masked, on one line, and cut between words."""

from __future__ import annotations

from fixloop_bot.domain.redaction import PRIVATE_KEY, TOKEN, mask

LONGEST = 300
"""Characters of a note, of a reason, of a quoted message."""
LOOKED_AT = 4_000
"""What is masked before it is cut, so that a secret on the edge is not left as a stump."""


def said(text: str, *, most: int = LONGEST) -> str:
    """``text`` without secrets and line breaks, at most ``most`` characters long; it stays data, and is not escaped."""
    line = " ".join(mask(text[:LOOKED_AT]).split())
    if len(line) <= most:
        return line
    kept = line[: most - 1]
    space = kept.rfind(" ")
    return (kept[:space] if space > most * 0.6 else kept).rstrip(" ,.;:") + "…"


def writes_secret(text: str, *, before: str = "") -> bool:
    """Whether a token or a private key is written out in ``text`` that was not in it ``before``.

    Only what is one by its form: ``json $.token == "abc"`` and ``{password: wrong}`` are what a check is made of.
    """
    return _keys_in(text) > _keys_in(before)


def _keys_in(text: str) -> int:
    shown = mask(text)
    return shown.count(TOKEN) + shown.count(PRIVATE_KEY)
