"""A report as Markdown, for a canvas or a file, and its line on the resolution card.

Everything from outside is put on one line and made harmless: it can be no heading, link, image, mention or table cell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from fixloop_bot.adapters.slack.blocks.card import Block, button
from fixloop_bot.adapters.slack.blocks.text import harmless, link, shorten
from fixloop_bot.application.papers import Filed
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.moments import span, utc
from fixloop_bot.domain.report import ProofLine, Report, SignalRow

LONGEST = 600
_LOOKALIKES = str.maketrans({"*": "∗", "`": "ˋ", "~": "∼", "|": "¦", "\\": "∖"})
_EDGE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_TOKEN = re.compile(r"<(?=[!@#/\w])")
_LINKING = re.compile(r"(?<=\])(?=[(\[:])|(?<=!)(?=\[)")
_PERSON = re.compile(r"<@([UW][A-Z0-9]{2,20})>")
_USER = re.compile(r"[UW][A-Z0-9]{2,20}")
_SAID = {"proven": "Recovery proven", "unproven": "Unproven", "not recovered": "Not recovered"}

People = Callable[[str], str]
"""A Slack user id as the document's reader can read it."""
Pictures = Callable[[str, str], str]
"""A file's id and what it shows → Markdown that shows it; empty where the document cannot."""


_STARTERS = frozenset("#>|*+`-=")
"""What makes something else of a line in Markdown when it stands first."""


def plain(text: str, most: int = LONGEST) -> str:
    """Text from outside on one line, without Markdown of its own."""
    calm = shorten(" ".join(harmless(text).split()), most).translate(_LOOKALIKES)
    return _LINKING.sub(" ", _TOKEN.sub("‹", _EDGE_UNDERSCORE.sub("ˍ", calm)))


def report_markdown(report: Report, *, people: People, pictures: Pictures = lambda file_id, says: "") -> str:
    """The whole report. Times are in UTC, since everybody who opens it sees the same."""
    return "\n\n".join(part for part in _parts(report, people, pictures) if part) + "\n"


def _paragraph(text: str) -> str:
    """Text that begins with what somebody called their service stays a paragraph: no heading, list or rule."""
    return f"\\{text}" if text[:1] in _STARTERS else text


def report_title(report: Report) -> str:
    return f"{report.incident_id} · {plain(report.label, 60)}: {plain(report.title, 120)}"


def _parts(report: Report, people: People, pictures: Pictures) -> Iterator[str]:
    yield _head(report)
    yield "## Summary"
    yield "\n\n".join(_paragraph(_sentence(each, people)) for each in report.summary)
    if report.summary_by:
        yield f"_Summary by {plain(report.summary_by, 60)}, from state; everything else on this page is from state._"
    yield from _section("What fixed it", _fixed(report, people))
    yield from _section("What stayed unproven", [f"- {_sentence(each, people)}" for each in report.unproven])
    yield from _section("Follow-ups", [f"- [ ] {_sentence(each, people)}" for each in report.follow_ups])
    yield from _section("Proof", _proof(report.proof))
    for file_id, says in report.pictures:
        yield "\n\n".join(each for each in (pictures(file_id, says), plain(says, 1_500)) if each)
    yield from _section("Signals", [_signal(report, row) for row in report.signals])
    yield from _section("Times and people", _times(report, people))
    yield from _section("Timeline", _timeline(report, people))


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"## {title}"
        yield "\n".join(lines)


def _head(report: Report) -> str:
    verdict = _SAID.get(report.verdict, report.verdict.capitalize())
    ended = report.resolved_at
    until = f" to {_moment(report, ended)[:-3]}" if ended is not None else ", still open"
    lasted = f" ({span(ended - report.opened_at)})" if ended is not None else ""
    version = f" · report version {report.version}" if report.version > 1 else ""
    began = f"{utc(report.opened_at)[:16]}{until}{lasted}"
    return f"**{verdict}** · {plain(report.severity, 40)} · {began} · times are UTC{version}"


def _moment(report: Report, at: float) -> str:
    """``03:36:00``, with its day where that is not the day on which the incident began."""
    day, _, time = utc(at).removesuffix(" UTC").partition(" ")
    return time if time and utc(report.opened_at).startswith(day) else f"{day} {time}".rstrip()


def _sentence(text: str, people: People) -> str:
    """A line of state; people whom it names are shown as the reader knows them."""
    pieces = _PERSON.split(text)
    return "".join(people(piece) if index % 2 else _spaced(piece) for index, piece in enumerate(pieces))


def _spaced(piece: str) -> str:
    """``plain``, with the spaces at both ends that belong to the sentence."""
    before, after = " " if piece[:1].isspace() else "", " " if piece[-1:].isspace() and piece.strip() else ""
    return f"{before}{plain(piece)}{after}"


def _by(who: str, people: People) -> str:
    known = {"datadog": "Datadog", "fixloop": "FixLoop"}
    return people(who) if _USER.fullmatch(who) else known.get(who, plain(who, 60))


def _fixed(report: Report, people: People) -> list[str]:
    lines = [_sentence(report.fixed_by, people)] if report.fixed_by else ["Nobody has noted it."]
    reason = report.override_reason
    return [*lines, f"Resolved by override: {_sentence(reason, people)}"] if reason else lines


def _proof(lines: Sequence[ProofLine]) -> list[str]:
    """A table that fits a phone; what the figures mean stands below it."""
    if not lines:
        return ["No plan ran."]
    rows = [
        [
            str(each.number),
            f"{plain(each.title, 120)} ({each.role})",
            plain(each.before) or "–",
            plain(each.after) or "–",
            each.verdict,
        ]
        for each in lines
    ]
    head = ["Step", "What", "Before", "Now", "Verdict"]
    table = [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
    meant = [f"- Step {each.number}: {_meant(each)}" for each in lines if each.claim or each.meaning]
    return [*table, *(["", *meant] if meant else [])]


def _meant(line: ProofLine) -> str:
    claim = f" Shown: {plain(line.claim).rstrip('.')}." if line.claim else ""
    return f"{plain(line.meaning)}{claim}".strip()


def _signal(report: Report, row: SignalRow) -> str:
    often = f", {row.seen:,} notifications" if row.seen > 1 else ""
    value = f", {plain(row.value)}" if row.value else ""
    return f"- {plain(row.title, 200)}: {row.stands}, first {_moment(report, row.first_at)}{value}{often}"


def _timeline(report: Report, people: People) -> list[str]:
    return [
        f"- {_moment(report, each.at)} · {_by(each.who, people)}: {_sentence(each.what, people)}"
        for each in report.timeline
    ]


def _times(report: Report, people: People) -> list[str]:
    times = [f"- {plain(what)}: {plain(value)}" for what, value in report.facts]
    return [*times, *(f"- {role}: {_by(who, people)}" for role, who in report.people)]


def report_button(incident: Incident) -> Block:
    return button("Report", action_id="report", value=incident.id)


def report_line(filed: Filed, incident: Incident) -> str:
    """Where the report is, for the resolution card; empty while there is none of this resolution."""
    if filed.version < incident.reopened + 1:
        return ""
    version = f", version {filed.version}" if filed.version > 1 else ""
    if filed.url:
        return link(filed.url, f"Report{version}")
    return f"The report{version} is a file in this thread." if filed.file_id else ""
