"""An incident of the feed in words: where it stands, what was measured, whose it is, how it ended."""

from __future__ import annotations

from fixloop_bot.adapters.slack.blocks.status import (
    GREEN,
    RED,
    SYMBOLS,
    WHITE,
    WORDS,
    YELLOW,
    Status,
    back_status,
)
from fixloop_bot.adapters.slack.blocks.text import clock, counted, day_and_clock, link, one_line, person
from fixloop_bot.application.feed_views import FeedItem
from fixloop_bot.domain.feed import FeedRow, sparkline
from fixloop_bot.domain.figures import Unit, reading, unit_of
from fixloop_bot.domain.incidents import State
from fixloop_bot.domain.moments import span
from fixloop_bot.domain.mutes import HeldBack, Mute
from fixloop_bot.domain.numbers import Middle, Numbers
from fixloop_bot.domain.runs import RecoveryVerdict
from fixloop_bot.domain.signals import Comparator, Measure

HOUR_S = 3600.0
JUST_NOW = "just now"
TITLE_LENGTH = 140
FIX_LENGTH = 120


def title(row: FeedRow) -> str:
    """``checkout (prod) · Error rate is high``, escaped."""
    env = f" ({one_line(row.env, 40)})" if row.env else ""
    return f"{one_line(row.label, 80)}{env} · {one_line(row.title, TITLE_LENGTH)}"


def age(seconds: float) -> str:
    """How long ago, in steps: a Home is published again whenever what it says has changed.

    Minutes up to ten, then five minutes up to an hour, then half hours up to a day, then days.
    """
    minutes = max(0, int(seconds // 60))
    if minutes < 1:
        return JUST_NOW
    if minutes < 60:
        return f"{minutes if minutes < 10 else minutes // 5 * 5} min"
    if minutes < 24 * 60:
        return span(minutes // 30 * 30 * 60)
    return counted(minutes // (24 * 60), "day")


def standing(row: FeedRow, now: float) -> Status:
    """A symbol, the word beside it, and the verdict: what somebody must know who reads one line."""
    word = {"planning": "Writing the plan…", "confirm": "Reproducing…", "validate": "Validating…"}.get(row.busy)
    if word is not None:
        seen = " It was reproduced before." if row.broken and row.busy == "validate" else ""
        return Status(symbol=RED if row.broken else YELLOW, word=word, rest=seen)
    if row.verdict is RecoveryVerdict.PROVEN:
        until = row.soak_until
        watched = f", watching until {clock(until)}, provisional until then" if until is not None else ""
        return Status(symbol=GREEN, word=WORDS[row.verdict], rest=watched)
    if row.verdict is not None:
        unlike = "" if row.state is not State.REPRODUCED else " · reproduced"
        return Status(symbol=SYMBOLS[row.verdict], word=WORDS[row.verdict], rest=unlike)
    if row.setback is not None:
        return back_status(row.setback, now, broken=row.state is State.REPRODUCED)
    if row.state is State.REPRODUCED:
        return Status(symbol=RED, word="Reproduced", rest=" · not validated")
    return Status(symbol=WHITE, word="Not reproduced yet", rest=" · not validated")


def measured(item: FeedItem, now: float) -> str:
    """``31 % (limit 1 %)``, and on a line of its own ``▁▁▂█ 0.2 % to 34 % within the hour, 31 % at 03:08``."""
    row, measure = item.row, item.row.measure
    was = "was " if row.state is State.RECOVERED or not row.firing else ""  # of a time before the recovery
    if measure is None:
        return f"{was}{reading(row.value, Unit.NONE)}" if row.value is not None else ""
    unit = unit_of(measure.query, measure.limit)
    limit = f"limit {reading(measure.limit, unit)}"
    alerted = f"{was}{reading(row.value, unit)} ({limit})" if row.value is not None else limit
    curve = curve_words(item.points, measure, unit, now)
    return f"{alerted}\n{curve}" if curve else alerted


def curve_words(points: tuple[tuple[float, float], ...], measure: Measure, unit: Unit, now: float) -> str:
    """The last hour as bars, with its numbers in words beside them; empty where there are too few."""
    lowest = measure.comparator in (Comparator.BELOW, Comparator.AT_MOST)
    end = max((at for at, _ in points), default=now)
    bars = sparkline(points, start=end - HOUR_S, end=end, lowest=lowest)
    shown = [value for at, value in points if at >= end - HOUR_S]
    if not bars:
        return ""
    course = f"{reading(min(shown), unit)} to {reading(max(shown), unit)}"
    return f"{bars.strip()} {course} within the hour, {reading(points[-1][1], unit)} at {clock(end)}"


def owners(row: FeedRow, now: float) -> str:
    """Whose it is; that it is nobody's is worth a line as well, unless it is muted or over."""
    muted = f"🔕 Muted until {day_and_clock(row.muted_until or now, now)}" if row.muted(now) else ""
    roles = ((row.lead, "Lead"), (row.fixer, "Fixer"))
    named = [f"{role}: {person(who)}" for who, role in roles if who]
    if not named and row.acknowledged_by:
        named = [f"{person(row.acknowledged_by)} is on it"]
    nobody = not named and not muted and row.state is not State.RECOVERED
    return " · ".join([*([muted] if muted else []), *named, *(["Nobody is on it"] if nobody else [])])


def facts(row: FeedRow, now: float) -> str:
    """``INC-42 · SEV2 · since 02:58 (4 min) · reopened once``"""
    severity = one_line(row.severity, 20) if row.severity else "severity not set"
    again = {0: "", 1: " · reopened once"}.get(row.reopened, f" · reopened {row.reopened} times")
    since = f"since {day_and_clock(row.opened_at, now)} ({age(now - row.opened_at)})"
    return f"{row.id} · {severity} · {since}{again}"


def resolved_line(item: FeedItem, now: float) -> str:
    """How it ended and which it was; below it how long it took, who fixed it, and when.

    ``🟢 proven · INC-41 checkout (prod) · Error rate is high``, ``38 min · by @Mira: rolled back 2.14.0 · 03:36``
    """
    row = item.row
    symbol = SYMBOLS[row.verdict] if row.verdict is not None else WHITE
    verdict = row.verdict.value if row.verdict is not None else "not validated"
    ended = row.resolved_at if row.resolved_at is not None else row.opened_at
    fixed = f": {one_line(row.fixed_by, FIX_LENGTH)}" if row.fixed_by else ""
    by = f"by {person(row.fixer or row.resolved_by)}{fixed}"
    name = link(item.address, row.id) if item.address else row.id
    lasted = span(ended - row.opened_at)
    return f"{symbol} *{verdict}* · {name} {title(row)}\n{lasted} · {by} · {day_and_clock(ended, now)}"


def numbers_text(numbers: Numbers) -> str:
    """A line for each idea, the medians with how many incidents they are of."""
    if not numbers.incidents:
        return "No incident."
    lines = [
        f"{counted(numbers.incidents, 'incident')}, {numbers.open:,} still open",
        f"{numbers.confirmed:,} reproduced, {numbers.proven:,} with a proof that stands",
        _median("From alert to reproduced", numbers.to_confirm),
        _median("From alert to fix", numbers.to_fix),
        _median("From alert to proof", numbers.to_proof),
        f"{counted(numbers.recovered_unproven, 'signal')} recovered by Datadog's word alone, unproven",
        f"{counted(numbers.taken_back, 'proof')} taken back",
    ]
    return "\n".join(line for line in lines if line)


def _median(what: str, middle: Middle) -> str:
    if middle.seconds is None:
        return f"{what}: none yet"
    return f"{what}: {span(middle.seconds)}, median of {middle.of:,}"


def muted_words(mute: Mute, held: HeldBack, now: float) -> str:
    """``🔕 checkout until 14:00, by @Mira: 3 signals kept back, 1 trouble still fires``"""
    kept = f"{counted(held.signals, 'signal')} kept back" if held.signals else "no signal meanwhile"
    fires = ""
    if held.signals:
        fires = f", {counted(held.firing, 'alert')} still firing" if held.firing else ", none still firing"
    also = ", also in Datadog" if mute.downtime else ""
    until = day_and_clock(mute.until, now)
    return f"🔕 {one_line(mute.service, 80)} until {until}{also}, by {person(mute.by)}: {kept}{fires}"
