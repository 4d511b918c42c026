"""Text of an answer, made safe to post: no mention, no broadcast, no link and no image that state did not supply.

What a reader loses is a colour or a click, never a word: a foreign address stays readable as code.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Collection

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e007f]"
)
_EMPHASIS = re.compile(r"\*+|~~+|(?<!\w)_+|_+(?!\w)")
_MARKDOWN_LINK = re.compile(r"!?\[([^\[\]\n]{0,300})\]\(\s*<?([^)\s>]{0,2000})>?(?:\s+[\"'][^)\n]{0,200})?\s*\)")
_REFERENCE_LINK = re.compile(r"^\s{0,3}\[[^\]\n]{1,80}\]:\s*\S+.*$", re.MULTILINE)
_TOKEN = re.compile(r"<(?=[!@#/|A-Za-z])")
_BROADCAST = re.compile(r"[@＠](?=\s?(?:here|channel|everyone|group|[a-z0-9_.\-]))", re.IGNORECASE)
_ADDRESS = re.compile(
    r"(?P<code>`[^`\n]*`)"
    r"|(?P<url>[a-z][a-z0-9+.\-]{1,15}://[^\s<>`\"'|]*"
    r"|\b(?:mailto:|tel:|slack:|javascript:|data:)[^\s<>`\"'|]*)"
    r"|(?P<bare>(?<![\w@/.\-])(?:www\.)?"
    r"(?:[a-z0-9](?:[a-z0-9\-]{0,62})\.){1,8}[a-z]{2,18}(?::\d{1,5})?(?:/[^\s<>`\"'|]*)?(?![\w]))"
    r"|(?P<host>(?<![\w@/.\-])\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?/[^\s<>`\"'|]*)",
    re.IGNORECASE,
)
_TRAILING = ".,;:!?)]}*_"
_ABBREVIATION = re.compile(r"(?:[a-z]\.)+[a-z]+", re.IGNORECASE)


def plain(text: str) -> str:
    """The text as a reader sees it: entities resolved, nothing invisible in it."""
    return _CONTROL.sub("", html.unescape(html.unescape(text)))


def bare(text: str) -> str:
    """What a sentence says, whatever it looks like: without emphasis, letters and digits in their plain form."""
    return unicodedata.normalize("NFKC", _EMPHASIS.sub("", text))


def calm(text: str, *, links: Collection[str] = ()) -> str:
    """The text as it may be posted. ``links`` are the addresses that stay as they are; never raises."""
    shown = _REFERENCE_LINK.sub("", plain(text))
    shown = _MARKDOWN_LINK.sub(lambda found: _link(found, links), shown)
    shown = _TOKEN.sub("‹", shown.replace("|", "¦") if "<" in shown else shown)
    shown = _BROADCAST.sub("@\u2060", shown)
    shown = _ADDRESS.sub(lambda found: _address(found, links), shown)
    return shown.replace("<!", "‹!").replace("<@", "‹@").replace("```", "ˋˋˋ")


def _link(found: re.Match[str], links: Collection[str]) -> str:
    label, address = found[1], found[2]
    return f"{label} ({address})" if address in links else label


def _address(found: re.Match[str], links: Collection[str]) -> str:
    """An address of our own is kept; any other one becomes code, which is no link."""
    if found["code"] is not None:
        return found[0] if found[0].strip("`") in links else found[0].replace("://", "[:]//")
    bare = found[0].rstrip(_TRAILING)
    rest = found[0][len(bare) :]
    if bare in links or found[0] in links or (found["bare"] and _ABBREVIATION.fullmatch(bare)):
        return found[0]
    return f"`{_unlinked(bare)}`{rest}"


def _unlinked(address: str) -> str:
    """Without its scheme's colon, so that nothing makes a link of it even outside of code."""
    return address.replace("://", "[:]//").replace("`", "ˋ")
