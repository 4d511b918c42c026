"""A model's Markdown, made safe for Slack while it is still being written.

``<`` ``>`` and ``&`` are escaped, so that no mention, channel or link token survives; ``@name`` and ``#channel`` are
broken by an invisible joiner; links lose their address, which stays readable as code, since whatever may be opened
stands in the list of references below the answer. Code keeps its lines, and is escaped only.

Text that is escaped already (``&lt;``) is not escaped again.
"""

from __future__ import annotations

import re

LONGEST = 12_000
"""What Slack takes as one answer's Markdown."""
TOO_LONG = "\n\n… (cut: the answer was longer than Slack shows)"
FENCE = "```"
JOINER = "\u2060"
"""Invisible, and no word goes on over it: ``@`` before it is no mention."""
_LONGEST_WORD = 500
_ZERO_WIDTH = "\u200c\u200d"
_ENTITY = r"&(?:amp|lt|gt);"
_LINK = (
    r"!?\[(?P<label>[^\[\]\n]{0,300})\]\((?P<target>[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?:\s+[\"'][^\"'\n]*[\"'])?\s*\)"
)
_IN_ADDRESS = r"(?:(?!&[lg]t;|!?\[[^\[\]\n]{0,300}\]\()[^\s<>`|])*"
"""A link or a picture that begins ends the address before it, as a bracket does, escaped or not."""
_ADDRESS = rf"(?:[A-Za-z][A-Za-z0-9+.\-]{{0,30}}://|www\.|mailto:|tel:){_IN_ADDRESS}"
_LATIN = r"A-Za-z0-9_\u00c0-\u024f"
_HOST = (
    rf"(?<![{_LATIN}@.-])(?:[A-Za-z0-9-]{{1,63}}\.){{1,8}}(?:[a-z]{{2,24}}|[A-Z]{{2,24}})(?![{_LATIN}])"
    rf"(?::\d+)?(?:/{_IN_ADDRESS})?"
)
_TOKEN = re.compile(
    rf"(?P<code>`[^`\n]{{1,300}}`)|(?P<tick>`)|{_LINK}|(?P<address>{_ADDRESS}|{_HOST})|(?P<entity>{_ENTITY})"
    r"|(?P<sign>[@#](?=[^\W\d]))|(?P<brackets>\]\()|(?P<special>[&<>])"
)
_IN_CODE = re.compile(rf"{_ENTITY}|[&<>]|@(?=(?:here|channel|everyone)\b)")
_AFTER_ADDRESS = ".,;:!?)]}'\"*_~"
_LAST_WORD = re.compile(r"[\x21-\x7e\u00c0-\u024f]+$")
"""Scripts that write without spaces are not held back: addresses are not written in them."""
_SENTENCE_END = re.compile(r"[^.:/@&`<>#]+[.!?]+[\"')*_]*|(?:[^.:/@&`<>#]*\[\d{1,3}\])+[.!?]*")
_OPEN_LINK = re.compile(
    r"!?\[(?!\d{1,3}\]$)[^\[\]\n]{0,300}(?:\](?:\((?:[^()\n]|\([^()\n]*\)){0,500}(?:\([^()\n]*)?)?)?$"
)
_OPEN_CODE = re.compile(r"`[^`\n]{0,300}$")
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": f"@{JOINER}"}


class SafeText:
    """Grows by pieces that may be cut anywhere. ``text`` only ever gets longer, so that a stream can follow it."""

    def __init__(self) -> None:
        self.text = ""
        self._rest = ""
        self._in_fence = False
        self._full = False

    def add(self, piece: str) -> None:
        """More of the answer; what may still become a link or an entity is held back until that is clear."""
        if not self._full:
            self._rest += _clean(piece)
            self._take(last=False)

    def end(self) -> str:
        """Nothing more comes; returns the whole text, with every code block closed."""
        if not self._full:
            self._take(last=True)
        if self._in_fence:
            self.text += closing(self.text)
            self._in_fence = False
        return self.text

    def _take(self, *, last: bool) -> None:
        while not self._full:
            before, fence, after = self._rest.partition(FENCE)
            if not fence:
                break
            self._put((in_code if self._in_fence else safe_line)(before) + fence)
            self._rest, self._in_fence = after, not self._in_fence
        end = len(self._rest) if last else _settled(self._rest, in_fence=self._in_fence)
        ready, self._rest = self._rest[:end], self._rest[end:]
        self._put((in_code if self._in_fence else safe_line)(ready))

    def _put(self, text: str) -> None:
        last, first = self.text[-1:], text[:1]
        if (last == "." and first.isalpha()) or (last == "]" and first == "("):
            text = JOINER + text  # what was let go as a sentence's end must not become a host's name, nor [1] a link
        room = LONGEST - len(TOO_LONG) - len(FENCE) - 1 - len(self.text)
        if len(text) <= room or self._full:
            self.text += "" if self._full else text
            return
        kept = self.text + text[: whole(text, max(0, room))]
        self.text = kept + closing(kept) + TOO_LONG
        self._full, self._in_fence = True, False


def safe(markdown: str) -> str:
    """The whole text at once."""
    script = SafeText()
    script.add(markdown)
    return script.end()


def safe_line(text: str) -> str:
    """Markdown outside code blocks."""
    return _TOKEN.sub(_replaced, text)


def in_code(text: str) -> str:
    """Within a code block nothing is markup but Slack's own three characters."""
    return _IN_CODE.sub(lambda match: _ESCAPED.get(match[0], match[0]), text)


def closing(text: str) -> str:
    """What ends the code block that the text leaves open, or nothing."""
    if text.count(FENCE) % 2 == 0:
        return ""
    return FENCE if text.endswith("\n") else f"\n{FENCE}"


def whole(text: str, most: int) -> int:
    """Where to cut safe text so that at most ``most`` characters come before: after a line, a word, never in an entity.

    A cut is never inside an entity or a fence.
    """
    if len(text) <= most:
        return len(text)
    for mark in ("\n\n", "\n", " "):
        end = text.rfind(mark, most // 2, most)
        if end >= 0 and not FENCE.startswith(text[end:most].strip() or " "):
            return end + len(mark)
    start = text.rfind("&", max(0, most - 5), most)
    return start if start >= 0 and ";" not in text[start:most] else most


def as_mrkdwn(text: str) -> str:
    """Safe Markdown in the markup that section blocks understand: bold, headings, lists and strikes."""
    parts = text.split(FENCE)
    parts[::2] = [_lines_as_mrkdwn(part) for part in parts[::2]]
    return FENCE.join(parts)


def _lines_as_mrkdwn(text: str) -> str:
    text = re.sub(r"(?m)^#{1,6} +(.+?)\s*#*$", r"**\1**", text)
    text = re.sub(r"(?m)^(\s*)[-*+] +", r"\1• ", text)
    text = re.sub(r"(?<![\w*])\*(?=[^\s*])([^*\n]+?)(?<=[^\s*])\*(?![\w*])", r"_\1_", text)
    text = re.sub(r"\*\*(?=\S)([^\n]+?)(?<=\S)\*\*", lambda match: f"*{match[1].replace('**', '')}*", text)
    return re.sub(r"~~(?=\S)([^\n]+?)(?<=\S)~~", r"~\1~", text)


def _replaced(match: re.Match[str]) -> str:
    if match["code"]:
        return in_code(match["code"])
    if match["tick"]:
        return "ˋ"  # code that never ends would end where an address's own code begins
    if match["label"] is not None:
        label = safe_line(match["label"]).strip()
        shown = _as_code(match["target"]) if match["target"] else ""
        return f"{label} ({shown})" if label and shown else label or shown
    if match["address"]:
        address = match["address"].rstrip(_AFTER_ADDRESS)
        address += ";" if match["address"].startswith(f"{address};") and address.endswith("&amp") else ""
        return _as_code(address) + safe_line(match["address"][len(address) :]) if address else match["address"]
    if match["entity"]:
        return match["entity"]
    if match["brackets"]:
        return f"]{JOINER}("  # a link in a way that is not foreseen above
    return f"{match['sign']}{JOINER}" if match["sign"] else _ESCAPED[match["special"]]


def _as_code(address: str) -> str:
    inside = in_code(address.replace("`", "ˋ"))
    return f"`{inside}`" if inside else ""


def _settled(text: str, *, in_fence: bool) -> int:
    """How much of the text reads the same whatever comes after it."""
    if in_fence:
        held = re.search(r"(?:`{1,2}|&\w{0,3}|@\w{0,8})$", text)
        return held.start() if held else len(text)
    end = len(text)
    word = _LAST_WORD.search(text)
    if word and len(word[0]) < _LONGEST_WORD and not _SENTENCE_END.fullmatch(word[0]):
        end = word.start()
    for pattern in (_OPEN_LINK, _OPEN_CODE):
        opened = pattern.search(text)
        if opened and (pattern is _OPEN_LINK or _odd_tick(text, opened.start())):
            end = min(end, opened.start())
    if text[:end].endswith("!"):
        end -= 1  # a picture may begin with it
    cut_through = (token.start() for token in _TOKEN.finditer(text) if token.start() < end < _end(token, text))
    return next(cut_through, end)


def _end(token: re.Match[str], text: str) -> int:
    """Where the token ends; an address that ends with the text may go on, in whatever script."""
    open_ended = token["address"] and token.end() == len(text) and len(token[0]) < _LONGEST_WORD
    return token.end() + (1 if open_ended else 0)


def _odd_tick(text: str, at: int) -> bool:
    """Whether the backtick opens code, and does not end it."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line.count("`") % 2 == 0


def _clean(text: str) -> str:
    """Without control characters and direction overrides."""
    return "".join(char for char in text if char.isprintable() or char in _ZERO_WIDTH or char in "\n\t")
