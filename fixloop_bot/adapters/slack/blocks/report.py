"""A report as Markdown, for a canvas or a file, and its line on the resolution card.

Everything from outside is put on one line and made harmless: it can be no heading, link, image, mention or table cell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from fixloop_bot.adapters.slack.blocks.card import Block, button
from fixloop_bot.adapters.slack.blocks.hours import Hours
from fixloop_bot.adapters.slack.blocks.text import harmless, link, shorten
from fixloop_bot.application.papers import Filed
from fixloop_bot.domain.acts import Act
from fixloop_bot.domain.incidents import Incident, RecentChange
from fixloop_bot.domain.moments import apart, span
from fixloop_bot.domain.report import ProofLine, Report, SignalRow

LONGEST = 600
_LOOKALIKES = str.maketrans({"*": "∗", "`": "ˋ", "~": "∼", "|": "¦", "\\": "∖"})
_EDGE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_TOKEN = re.compile(r"<(?=[!@#/\w])")
_LINKING = re.compile(r"(?<=\])(?=[(\[:])|(?<=!)(?=\[)")
_PERSON = re.compile(r"<@([UW][A-Z0-9]{2,20})>")
_USER = re.compile(r"[UW][A-Z0-9]{2,20}")
_FROM = {
    "button": "by button",
    "command": "by command",
    "modal": "in a form",
    "home": "in App Home",
    "shortcut": "by shortcut",
    "reaction": "by reaction",
}
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """A report, and how this document shows people, pictures and times."""

    report: Report
    people: People
    pictures: Pictures
    hours: Hours


def report_markdown(report: Report, *, people: People, pictures: Pictures = lambda file_id, says: "") -> str:
    """The whole report. Everybody who opens it sees the same, so its times are in one zone, which it names."""
    page = _Page(report=report, people=people, pictures=pictures, hours=Hours(report.zone, _moments(report)))
    return "\n\n".join(part for part in _parts(page) if part) + "\n"


def _moments(report: Report) -> Iterator[float]:
    """All that the document shows, the first first."""
    yield report.opened_at
    yield from (report.resolved_at,) if report.resolved_at is not None else ()
    for lines in (report.timeline, report.acts.lines, report.changes):
        yield from (each.at for each in lines)
    yield from (act.last_at for act in report.acts.lines if act.times > 1)
    yield from (row.first_at for row in report.signals)


def _paragraph(text: str) -> str:
    """Text that begins with what somebody called their service stays a paragraph: no heading, list or rule."""
    return f"\\{text}" if text[:1] in _STARTERS else text


def report_title(report: Report) -> str:
    return f"{report.incident_id} · {plain(report.label, 60)}: {plain(report.title, 120)}"


def _parts(page: _Page) -> Iterator[str]:
    report = page.report
    yield _head(page)
    yield page.hours.legend()
    yield "## Summary"
    yield "\n\n".join(_paragraph(_sentence(each, page.people)) for each in report.summary)
    if report.summary_by:
        yield f"_Summary by {plain(report.summary_by, 60)}, from state; everything else on this page is from state._"
    yield from _section("What fixed it", _fixed(page))
    yield from _section("What stayed unproven", [f"- {_sentence(each, page.people)}" for each in report.unproven])
    yield from _section("Follow-ups", [f"- [ ] {_sentence(each, page.people)}" for each in report.follow_ups])
    yield from _section("What changed before it", [_change(page, each) for each in report.changes])
    yield from _section("Proof", _proof(report.proof))
    for file_id, says in report.pictures:
        yield "\n\n".join(each for each in (page.pictures(file_id, says), plain(says, 1_500)) if each)
    yield from _section("Signals", [_signal(page, row) for row in report.signals])
    yield from _section("Times and people", _times(page))
    yield from _section("Who did what", _acts(page))
    yield from _section("Timeline", _timeline(page))


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"## {title}"
        yield "\n".join(lines)


def _head(page: _Page) -> str:
    report, hours = page.report, page.hours
    verdict = _SAID.get(report.verdict, report.verdict.capitalize())
    ended = report.resolved_at
    override = ", resolved by override" if report.override_reason else ""
    until = f" to {hours.moment(ended, seconds=False)}" if ended is not None else ", still open"
    lasted = f" ({span(ended - report.opened_at)})" if ended is not None else ""
    version = f" · report version {report.version}" if report.version > 1 else ""
    began = hours.day(report.opened_at)
    return f"**{verdict}**{override} · {plain(report.severity, 40)} · {began}{until}{lasted}{version}"


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


def _fixed(page: _Page) -> list[str]:
    """Nothing where nobody has noted it: the follow-ups say so."""
    return [_paragraph(_sentence(page.report.fixed_by, page.people))] if page.report.fixed_by else []


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


def _signal(page: _Page, row: SignalRow) -> str:
    often = f", {row.seen:,} notifications" if row.seen > 1 else ""
    value = f", {plain(row.value)}" if row.value else ""
    return f"- {plain(row.title, 200)}: {row.stands}, first {page.hours.moment(row.first_at)}{value}{often}"


def _change(page: _Page, change: RecentChange) -> str:
    return f"- {page.hours.moment(change.at)} ({apart(change.at, page.report.opened_at)}): {plain(change.what, 200)}"


def _timeline(page: _Page) -> list[str]:
    return [
        f"- {page.hours.moment(each.at)} · {_by(each.who, page.people)}: {_told(page, each.what)}"
        for each in page.report.timeline
    ]


def _acts(page: _Page) -> list[str]:
    acts = page.report.acts
    more = [f"- {acts.left_out:,} more of them in the timeline"] if acts.left_out else []
    return [*(_act(page, each) for each in acts.lines), *more]


def _act(page: _Page, act: Act) -> str:
    where = f" {_FROM.get(act.place, f'({plain(act.place, 20)})')}" if act.place else ""
    again = f" ({act.times:,} times, last {page.hours.moment(act.last_at)})" if act.times > 1 else ""
    return f"- {page.hours.moment(act.at)} · {_by(act.who, page.people)}{where}: {_told(page, act.what)}{again}"


def _told(page: _Page, what: str) -> str:
    """What an entry says; until when something was muted is a time like all others."""
    return _sentence(page.hours.translated(what) if what.startswith("muted ") else what, page.people)


def _times(page: _Page) -> list[str]:
    """How long it took, and who was who: somebody with four roles is one line."""
    times = [f"- {plain(what)[:1].upper()}{plain(what)[1:]}: {plain(value)}" for what, value in page.report.facts]
    roles: dict[str, list[str]] = {}
    for role, who in page.report.people:
        roles.setdefault(who, []).append(role)
    said = [f"{', '.join(each)}: {_by(who, page.people)}" for who, each in roles.items()]
    return [*times, *(f"- {line[:1].upper()}{line[1:]}" for line in said)]


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
