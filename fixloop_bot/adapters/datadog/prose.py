"""What can be read out of a signal's own text: title prefixes, a value, links to the monitor.

All patterns are bounded and run on a bounded piece of text, since the text may be hostile.
"""

from __future__ import annotations

import html
import math
import re
from urllib.parse import parse_qs, urlsplit

from fixloop_bot.adapters.datadog.vocabulary import DATADOG_WORDS, transition_word
from fixloop_bot.domain.signals import Transition

LONGEST_TITLE = 300
LONGEST_MESSAGE = 4_000
LONGEST_URL = 2_000
READ = 20_000  # how much of a message is searched
MARK = "%%%"
"""What Datadog puts around $EVENT_MSG to say that it is markdown."""
DATADOG_HOSTS = ("datadoghq.com", "datadoghq.eu", "ddog-gov.com")

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]\w{1,30});")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_BLANK = re.compile(r"\s+")
_SLACK_LINK = re.compile(r"<https?://[^\s<>|]{1,1000}\|([^<>]{1,300})>")
_ORNAMENT = re.compile(r"^[^\w\s\[\]{}()<>\"'*`#$@-]{1,4}\s{0,4}(?=\[)")
_COLON_TITLE = re.compile(r"([A-Za-z-]{4,12}(?: [Dd]ata)?(?: [Rr]ecovered)?)(?: on \{[^}]{0,300}\})?:\s")
_MARKED_RECOVERED = re.compile(r"marked as \*{0,2}Recovered\b")
_NUMBER = r"(-?\d{1,18}(?:\.\d{1,18})?(?:[eE][+-]?\d{1,3})?)"
_VALUES = (
    re.compile(rf"\bvalue\b\"?[ \t:=*_`]{{1,8}}(?:(?:is|was|of|now|at)[ \t:=*_`]{{1,8}})?{_NUMBER}(?!\w|\.\d)", re.I),
    re.compile(rf"\*\*{_NUMBER}\*\*[ \t]{{0,4}}[<>]=?[ \t]{{0,4}}-?\d"),
    re.compile(rf"\b(?:is|was)[ \t*]{{1,6}}{_NUMBER}[ \t*]{{1,6}}[<>]=?[ \t*]{{0,4}}-?\d"),
)
_LIMIT_WORDS = ("threshold", "limit", "critical", "warning", "maximum", "minimum", "recovery")
_MONITOR = re.compile(r"https?://([\w.-]{1,100})/monitors[/#](\d{1,20})(?:/edit)?(\?[^\s)\]\"'<>]{0,1000})?")
_EVENT = re.compile(r"https?://([\w.-]{1,100})/event/(?:event\?[^\s)\]\"'<>]{0,300}?\bid|jump_to\?event_id)=(\d{6,25})")
_EVENT_OF_MONITOR = re.compile(r"[?&]event_id=(\d{6,25})")
_PAGE = re.compile(r"https?://([\w.-]{1,100})/(?:monitors|event)\b\S{0,1900}")
_AFTER_LINK = ",.;:!*"
_SNAPSHOT = re.compile(r"https?://(p\.[\w.-]{1,60})/snapshot/[^\s)\]\"'<>]{1,300}")
_CODE_QUERY = re.compile(r"`((?:avg|sum|min|max|last)\(last_[^`\n]{1,2000})`")


def plain(text: str, limit: int) -> str:
    """Text for people: entities unescaped, ``%%%`` marks and control characters gone, at most ``limit`` characters."""
    unescaped = _ENTITY.sub(lambda match: html.unescape(match[0]), text[: limit * 4])
    visible = _CONTROL.sub("", unescaped.replace(MARK, "")).strip()
    return visible if len(visible) <= limit else visible[: limit - 1].rstrip() + "…"


def one_line(text: str, limit: int = LONGEST_TITLE) -> str:
    """The same on one line, with Slack's ``<url|label>`` reduced to its label."""
    line = _BLANK.sub(" ", _SLACK_LINK.sub(r"\1", plain(text, limit))).strip()
    line = line.strip("* ") if line.startswith("*") and line.endswith("*") else line
    return _ORNAMENT.sub("", line)


def first_line(text: str) -> str:
    """The first line that says anything, without what ties it to the next."""
    return one_line(text.partition(MARK)[0].strip().partition("\n")[0].rstrip(" \t:|—–-"))


def heading(text: str) -> str:
    """What a template wrote above the event's text: ``Disk full — %%%…``; empty where it wrote nothing."""
    return first_line(text) if MARK in text[1:] and not text.lstrip().startswith(MARK) else ""


def only_a_title(message: str) -> bool:
    """Whether a text is one of Datadog's titles and nothing more."""
    return len(message) <= LONGEST_TITLE and "\n" not in message and title_transition(message) is not None


def brackets(title: str) -> list[str]:
    """Contents of the ``[…]`` groups that a title begins with; braces inside may hold brackets of their own."""
    found: list[str] = []
    rest = title.lstrip()
    while rest.startswith("[") and len(found) < 10:
        on, plain_end = rest.find(" on {"), rest.find("]")
        end = rest.find("}]", on) + 1 if 0 < on < plain_end else plain_end
        end = end if end > 0 else plain_end
        if end < 0:
            break
        found.append(rest[1:end].strip())
        rest = rest[end + 1 :].lstrip()
    return found


def title_transition(title: str) -> Transition | None:
    """What the title's prefix says, in Datadog's own words: ``[Triggered on {…}] name``, ``Recovered: name``."""
    for group in brackets(title):
        if word := transition_word(group.partition(" on ")[0], DATADOG_WORDS):
            return word
    spoken = _COLON_TITLE.match(title)
    return transition_word(spoken[1], DATADOG_WORDS) if spoken else None


def title_scope(title: str) -> str:
    """``host:a,env:b`` of ``[Triggered on {host:a,env:b}]``, or empty."""
    for group in brackets(title):
        _, separator, scope = group.partition(" on {")
        if separator:
            return scope.rstrip("}").strip()
    return ""


def title_priority(title: str) -> str | None:
    return next((priority for group in brackets(title) if (priority := priority_of(group))), None)


def priority_of(text: str) -> str | None:
    """``P1`` to ``P5``; None for the event's own "normal" and "low", which say nothing of the monitor."""
    match = re.fullmatch(r"[Pp]?([1-5])(?:\.0)?", text.strip()[:10])
    return f"P{match[1]}" if match else None


def says_recovered_by_hand(message: str) -> bool:
    """Whether the text is the one of a manual resolve: "The monitor was marked as **Recovered** by NAME"."""
    return _MARKED_RECOVERED.search(message[:READ]) is not None


def value_in(message: str) -> float | None:
    """The reading that a message states, or None unless it states exactly one: "value: 0.31", "**0.31** > 0.01"."""
    text = message[:READ]
    found = {
        float(match[1])
        for pattern in _VALUES
        for match in pattern.finditer(text)
        if not text[max(0, match.start() - 12) : match.start()].lower().rstrip(" _-").endswith(_LIMIT_WORDS)
    }
    return found.pop() if len(found) == 1 else None


def number_of(text: str | None) -> float | None:
    """A finite number, or None; "31 %" is 31."""
    try:
        number = float((text or "")[:40].strip().removesuffix("%"))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def query_in(message: str) -> str | None:
    """The monitor's query, where a message quotes exactly one."""
    found = {match[1].strip() for match in _CODE_QUERY.finditer(message[:READ])}
    return found.pop() if len(found) == 1 else None


def monitor_in(*texts: str) -> tuple[str, str, str] | None:
    """(monitor id, group, link) where texts link to exactly one monitor in Datadog's pages."""
    links = [match for text in texts for match in _MONITOR.finditer(text[:READ]) if _of_datadog(match[1])]
    if len({match[2] for match in links}) != 1:
        return None
    groups = [group for match in links for group in parse_qs((match[3] or "")[1:]).get("group", [])]
    return links[0][2], groups[0].rstrip(_AFTER_LINK) if groups else "", links[0][0].rstrip(_AFTER_LINK)


def event_in(*texts: str) -> str | None:
    """The event id where texts link to exactly one event."""
    found = {match[2] for text in texts for match in _EVENT.finditer(text[:READ])}
    found |= {match[1] for text in texts for match in _EVENT_OF_MONITOR.finditer(text[:READ])}
    return found.pop() if len(found) == 1 else None


def event_page_in(*texts: str) -> str | None:
    """The first link to an event's page."""
    links = (match for text in texts for match in _EVENT.finditer(text[:READ]) if _of_datadog(match[1]))
    return next((match[0] for match in links), None)


def snapshot_in(*texts: str) -> str | None:
    """The first graph in a text: ``[![Metric Graph](https://p.datadoghq.com/snapshot/…)]``."""
    links = (match for text in texts for match in _SNAPSHOT.finditer(text[:READ]) if _of_datadog(match[1]))
    return next((match[0].rstrip(_AFTER_LINK) for match in links), None)


def is_alert_page(text: str) -> bool:
    """Whether a text is nothing but the address of Datadog's page of a monitor or an event."""
    match = _PAGE.fullmatch(text.strip()) if len(text) <= LONGEST_URL else None
    return match is not None and _of_datadog(match[1])


def _of_datadog(host: str) -> bool:
    return any(host == known or host.endswith(f".{known}") for known in DATADOG_HOSTS)


def web_address(text: str | None) -> str | None:
    """A URL that may be shown as a link: http or https, with a host, and nothing that could end a link early."""
    url = (text or "").strip()
    if len(url) > LONGEST_URL or not url.isprintable() or any(mark in url for mark in ' <>"\\`'):
        return None
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return None
    return url.replace("|", "%7C") if fits else None
