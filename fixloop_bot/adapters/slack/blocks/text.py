"""How things are written in Slack: escaped, cut between words, times in the reader's zone.

All mrkdwn of the cards is sent ``verbatim``, so that Slack makes no link, channel or mention of plain words; what is
left for an attacker are angle brackets, which ``escape`` takes away. Links and mentions are only made here, from state.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from urllib.parse import quote

_JOINERS = "\u200c\u200d"
"""Zero-width joiners hold emoji and Persian words together."""
_JOINED = "\u200d\ufe0e\ufe0f\u20e3" + "".join(map(chr, range(0x1F3FB, 0x1F400)))
"""What belongs to the character before it: a joiner, a form of it, a key's frame, a skin tone."""
_FLAG_LETTERS = "".join(map(chr, range(0x1F1E6, 0x1F200)))
"""Two of them are one flag."""
_RIGHT_TO_LEFT = ("R", "AL")
_ISOLATE, _END_ISOLATE = "\u2068", "\u2069"
_LOOKALIKES = str.maketrans({"*": "∗", "`": "ˋ", "~": "∼"})
_EDGE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_TOKEN = re.compile(r"<(?=[!@#\w])")
_SLACK_USER = re.compile(r"[UW][A-Z0-9]{2,20}")
_FAR_S = 20 * 3600.0
"""Beyond this a time of day alone may be of another day."""


def harmless(text: str) -> str:
    """Without control characters and direction overrides. What is right-to-left is isolated from what stands around."""
    clean = "".join(char for char in text if char.isprintable() or char in _JOINERS or char == "\n")
    if any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in clean):
        return f"{_ISOLATE}{clean}{_END_ISOLATE}"
    return clean


def escape(text: str) -> str:
    """Text from outside, made harmless: no mention, no link and no control sequence survives."""
    return harmless(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def one_line(text: str, most: int = 600) -> str:
    """Escaped, without line breaks or formatting marks, to stand within a sentence; cut at ``most`` characters."""
    calm = shorten(" ".join(text.split()), most).translate(_LOOKALIKES)
    return escape(_EDGE_UNDERSCORE.sub("ˍ", calm))


def plain_line(text: str) -> str:
    """For ``plain_text``, which Slack takes literally: one line, and nothing that reads like one of Slack's tokens."""
    return _TOKEN.sub("‹", harmless(" ".join(text.split())))


def code(text: str, most: int = 300) -> str:
    """Inline code; a backtick inside cannot end it."""
    return f"`{escape(shorten(' '.join(text.split()), most).replace('`', 'ˋ'))}`"


def code_block(text: str) -> str:
    inside = escape(text.replace("\t", " ")).replace("```", "ˋˋˋ")
    return f"```{inside}```"


def cut(text: str, most: int) -> str:
    """At most ``most`` characters, ended between words with an ellipsis; never inside an entity, a link or a letter."""
    if len(text) <= most:
        return text
    # A token may hold a space, so tokens are made whole after the words are.
    kept = _ended(_whole_tokens(_between_words(text, most)))
    unclosed = kept.count(_ISOLATE) - kept.count(_END_ISOLATE)
    if unclosed <= 0:
        return kept
    # What is right-to-left stays isolated from what stands behind it, though its end is cut away.
    kept = _ended(_whole_tokens(_between_words(text, most - unclosed)))
    return kept + _END_ISOLATE * max(0, kept.count(_ISOLATE) - kept.count(_END_ISOLATE))


def shorten(text: str, most: int) -> str:
    """The same for text that is not marked up yet: its brackets and ampersands mean nothing."""
    return text if len(text) <= most else _ended(_between_words(text, most))


def _between_words(text: str, most: int) -> str:
    kept = text[: most - 1]
    while kept and _continues(text[len(kept)], kept):
        kept = kept[:-1]
    space = max(kept.rfind(" "), kept.rfind("\n"))
    return kept[:space] if space > most / 3 else kept


def _ended(kept: str) -> str:
    return kept.rstrip(" \n·,(") + "…"


def _whole_tokens(kept: str) -> str:
    """Without the ``<…`` or ``&…`` that the end cuts through."""
    for opening, closing in (("<", ">"), ("&", ";")):
        start = kept.rfind(opening)
        if start >= 0 and closing not in kept[start:]:
            kept = kept[:start]
    return kept


def _continues(following: str, kept: str) -> bool:
    """Whether a cut between the two would take a letter, an emoji or a flag apart."""
    if unicodedata.combining(following) or following in _JOINED or kept[-1] == "\u200d":
        return True
    flag = len(kept) - len(kept.rstrip(_FLAG_LETTERS))
    return following in _FLAG_LETTERS and flag % 2 == 1


def clock(at: float) -> str:
    """A time of day in the reader's own zone."""
    return _date(at, "{time}", "%H:%M UTC")


def clock_with_seconds(at: float) -> str:
    return _date(at, "{time_secs}", "%H:%M:%S UTC")


def day_and_clock(at: float, now: float) -> str:
    """A time of day, with its day where that is not obvious."""
    return clock(at) if abs(now - at) < _FAR_S else _date(at, "{date_short_pretty}, {time}", "%Y-%m-%d %H:%M UTC")


def _date(at: float, form: str, spare: str) -> str:
    return f"<!date^{int(at)}^{form}|{datetime.fromtimestamp(at, UTC).strftime(spare)}>"


def link(url: str, label: str, *, most: int = 1500) -> str:
    """A link whose address cannot break out of it; the bare label where the address is no web page or over long."""
    safe = quote(url, safe="%/:=&?~#+!$,;'@()*[]", errors="replace").replace("&", "&amp;")
    whole = f"<{safe}|{one_line(label)}>"
    is_web = url.startswith(("https://", "http://"))
    return whole if is_web and len(whole) <= most else one_line(label)


def person(who: str | None) -> str:
    """A Slack user as a mention that does not need their name; machines by their name."""
    if not who:
        return "nobody"
    if _SLACK_USER.fullmatch(who):
        return f"<@{who}>"
    return {"datadog": "Datadog", "fixloop": "FixLoop"}.get(who, one_line(who, 40))


def counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
