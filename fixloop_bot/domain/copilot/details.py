"""Single lines of the built-in way: a measurement, a beginning, what was tried, a step that was asked about by number.

Where a question is not recognised, what the evidence says in the question's own words is the likeliest answer to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fixloop_bot.domain.copilot.claims import claims_recovery
from fixloop_bot.domain.copilot.dossier import Evidence, Source
from fixloop_bot.domain.copilot.situation import Line, Situation
from fixloop_bot.domain.copilot.spoken_figures import figures_in, folded
from fixloop_bot.domain.incidents import RunLine
from fixloop_bot.domain.moments import span, utc
from fixloop_bot.domain.reasons import how_it_fails
from fixloop_bot.domain.runs import Run, RunKind, StepProgress, StepVerdict

MOST_STEPS, MOST_MENTIONS = 3, 2
LONGEST_QUOTE = 200
_WORD = re.compile(r"[^\W\d_][\w.-]{3,40}")
_COMMON = re.compile(
    r"about|after|again|also|any\w+|around|because|been|before|being|better|came|come|could|does|doing|done|down|else|"
    r"even|every\w*|exactly|fail\w*|from|give|going|gone|happen\w*|have|having|hello|here|incident\w*|into|just|"
    r"kn[eo]w\w*|last|like|look\w*|ma[dk]e|many|maybe|mean|more|most|much|need|nothing|only|other|over|please|really|"
    r"right|same|say\w*|seen|should|show\w*|since|some\w*|step\w*|still|such|sure|take|tell|than\w*|that|the\w+|thin\w+|"
    r"this|those|time\w*|told|under|until|very|want\w*|well|went|were|what|when|where|which|while|who\w+|will|with|would|"
    r"wrong|your|fixloop"
)
_QUOTED = (Source.LOG, Source.CHANGE, Source.STEP, Source.RUNBOOK)


def measured(situation: Situation) -> list[Line]:
    """A metric's last reading against its limit."""
    return [_told(metric, ("now", "limit", "no data")) for metric in situation.dossier.from_source(Source.METRIC)[:2]]


def figures(situation: Situation) -> list[Line]:
    """The metrics before the incident, at their worst and now, and how slow a step was; the reader sees the trend."""
    told = ("before", "worst", "now", "limit", "no data")
    metrics = [_told(metric, told) for metric in situation.dossier.from_source(Source.METRIC)[:3]]
    slow = ((each, line) for each in situation.dossier.from_source(Source.STEP) for line in each.text.splitlines())
    timed = [Line(f"{each.title}: {line}.", (each.key,)) for each, line in slow if line.startswith("p95 ")]
    return [*metrics, *timed[:1]]


def _told(metric: Evidence, kinds: tuple[str, ...]) -> Line:
    told = [line.replace(": ", " ", 1) for line in metric.text.splitlines()[1:] if line.startswith(kinds)]
    return Line(f"{metric.title}: {'; '.join(told)}.", (metric.key,))


def began(situation: Situation) -> list[Line]:
    """Since when, and for how long."""
    incident = situation.incident
    until = incident.resolved_at or situation.now
    length = "it lasted" if incident.resolved_at is not None else "so far"
    lasted = span(until - incident.opened_at)
    said = f"{length} {lasted}" if incident.resolved_at is not None else f"{lasted} {length}"
    return [Line(f"It began at {utc(incident.opened_at)}, {said}.", ("incident",))]


def tried(situation: Situation) -> list[Line]:
    """The runs that have ended, and how."""
    incident = situation.incident
    runs = [line for line in incident.runs if line.kind is not RunKind.SOAK and line.finished_at is not None]
    if not runs:
        return [Line("Nothing was tried yet: no run has finished.", ("timeline",))]
    shown = "; ".join(f"run {line.number} ({line.kind.value}): {_ended(line)}" for line in runs[-3:])
    return [Line(f"Tried: {shown}.", ("timeline", *(f"run{line.number}" for line in runs[-3:])))]


def _ended(line: RunLine) -> str:
    if line.verdict is not None:
        return line.verdict.value
    return "reproduced the trouble" if line.reproduced else line.reason.rstrip(".") or "no verdict"


def asked_steps(question: str, situation: Situation) -> list[Line]:
    """How the steps stand that a question names by their numbers, in the newest run that has decided them."""
    numbers = dict.fromkeys(number for name, number in figures_in(folded(question)).places if name == "step")
    return [line for number in list(numbers)[:MOST_STEPS] if (line := _step(number, situation)) is not None]


def _step(number: int, situation: Situation) -> Line | None:
    runs = [run for run in (situation.soak, situation.shown, situation.before) if run is not None]
    for run in sorted(runs, key=lambda each: -each.number):
        steps = run.plan.steps
        progress = run.progress(steps[number - 1].id) if 1 <= number <= len(steps) else None
        if progress is not None and progress.verdict is not None:
            return Line(_judged(run, number, progress), (f"run{run.number}.{progress.step_id}",))
    return None


def _judged(run: Run, number: int, progress: StepProgress) -> str:
    head = f"Step {number} {progress.verdict.value if progress.verdict is not None else ''}"
    where = f"in run {run.number} ({run.kind.value})"
    if progress.verdict is StepVerdict.FAILED:
        return f"{head} {where}{how_it_fails(run, progress)}."
    tries = f": {progress.failed:,} of {progress.samples:,} tries bad" if progress.samples else ""
    return f"{head} {where}{tries}."


def answered(situation: Situation, key: str) -> list[Line]:
    """How the body of a failing answer begins, quoted; not where it speaks of recovery."""
    evidence = situation.dossier.of(key)
    body = evidence.text.rpartition("body: ")[2] if evidence is not None and "body: " in evidence.text else ""
    return [Line(f"It answered: “{_short(body)}”", (key,))] if body and not claims_recovery(body) else []


def mentions(question: str, situation: Situation) -> list[Line]:
    """Lines of the evidence that hold the question's own rarer words, quoted as what they are: data."""
    words = {word for word in _WORD.findall(folded(question)) if _COMMON.fullmatch(word) is None}
    ranked = sorted(_lines_with(words, situation), key=lambda each: -each[0])
    found = [(evidence, text) for _, evidence, text in ranked if not claims_recovery(text)]
    return [
        Line(f"The {evidence.source.value} says: “{_short(text)}”", (evidence.key,))
        for evidence, text in _of_each(found)[:MOST_MENTIONS]
    ]


def _lines_with(words: set[str], situation: Situation) -> Iterator[tuple[int, Evidence, str]]:
    for source in _QUOTED:
        for evidence in situation.dossier.from_source(source):
            for line in evidence.text.splitlines():
                held = sum(word in folded(line) for word in words)
                if held:
                    yield held, evidence, line


def _of_each(found: Sequence[tuple[Evidence, str]]) -> list[tuple[Evidence, str]]:
    """The best line of each piece of evidence."""
    best: dict[str, tuple[Evidence, str]] = {}
    for evidence, text in found:
        best.setdefault(evidence.key, (evidence, text))
    return list(best.values())


def _short(text: str) -> str:
    said = " ".join(text.split())
    return said if len(said) <= LONGEST_QUOTE else said[:LONGEST_QUOTE].rstrip() + "…"


def flat(evidence: Evidence, *, most: int = 2) -> str:
    return "; ".join(line.strip().rstrip(".") for line in evidence.text.splitlines()[:most] if line.strip())
