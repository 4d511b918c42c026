"""What sounds like recovery and is none: how a control step looked, and a monitor's own alert that has recovered.

``DNS is fine`` says no more than the step that asks for the name, and ``the resolver alert has recovered`` no more
than the signal. Whether production has recovered stays with the verdict.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from fixloop_bot.domain.copilot.dossier import Evidence, Source
from fixloop_bot.domain.copilot.segments import segments
from fixloop_bot.domain.copilot.spoken_figures import Grounds
from fixloop_bot.domain.copilot.step_claims import headline
from fixloop_bot.domain.copilot.talk_words import NEUTRAL
from fixloop_bot.domain.copilot.word_grounds import Told, unsupported

_LOOKS_FINE = re.compile(
    r"\b(?:is|are|looks?|seems?) (?:fine|okay|ok|healthy|good|normal)\b|\bworks? (?:as (?:before|expected)|normally|"
    r"well)\b"
)
_WORKS = re.compile(
    r"(.{0,200}?)\b(?:(?:is|are|was|were|looks?|seems?|remains?|stays?) (?:\w+ )?)?(?:(?P<well>unaffected|"
    r"not (?:affected|impacted)|works?|working|worked|healthy|fine|intact)|pass(?:es|ed)?|succeeds?)\b"
)
_HEADLINE = re.compile(r"step \d+ \(\w+\) of run \d+ ")
_WORD = re.compile(r"[^\W\d_]{3,}")
LEAST_WORDS = 2
"""An alert has to be named by more than one word of its title: "the search alert has recovered" may be any."""
_ALERT = re.compile(r"\b(?:alerts?|monitors?|signals?|alarms?) (?:has|have|is|are)(?: \w+)? recovered\b")


def stands_for_itself(clauses: Sequence[str], cited: Sequence[Evidence]) -> bool:
    """Whether each clause that sounds like recovery is about a passed control step or a recovered alert among these."""
    steps = [Grounds.of(each.text) for each in cited if each.source is Source.STEP]
    fine = len(steps) == len(cited) > 0 and all(map(_is_passed_control, steps))
    recovered = [each.title for each in cited if each.source is Source.SIGNAL and each.text.startswith("Recovered:")]
    return all(
        (fine and _is_about(clause, _LOOKS_FINE, "\n".join(map(_what_it_asks, steps))))
        or any(_is_about(clause, _ALERT, title, least=LEAST_WORDS) for title in recovered)
        for clause in clauses
    )


def praises_another_thing(claim: str, cited: Sequence[Grounds]) -> bool:
    """Whether something is said to work, or to be unaffected, of which no control step that passed has asked.

    ``Payments are unaffected`` is not what a step about refunds has seen, though the service is called payments; and of
    a step that confirms the trouble, this would be a word about recovery.
    """
    if not cited or not all(map(headline, cited)):
        return False
    parts = [part.text for part in segments(claim, cited) if not part.figures.pairs]
    return any(_is_of_another(found, cited) for text in parts if (found := _WORKS.match(text)) is not None)


def _is_of_another(praised: re.Match[str], steps: Sequence[Grounds]) -> bool:
    """That a step passes may be said of any; that something works, of what a control asks for."""
    asked = [_what_it_asks(each) for each in steps if not praised["well"] or _is_passed_control(each)]
    return not asked or bool(unsupported(praised[1], [Told.of("\n".join(asked))], context=Told()))


def _is_about(clause: str, predicate: re.Pattern[str], subject: str, *, least: int = 1) -> bool:
    """Whether what stands before the predicate is all of the subject, and there is something."""
    found = predicate.search(clause)
    if found is None:
        return False
    words = clause[: found.start()]
    named = [word for word in _WORD.findall(words) if word not in NEUTRAL]
    return len(named) >= least and not unsupported(words, [Told.of(subject)], context=Told())


def _is_passed_control(step: Grounds) -> bool:
    return "(control)" in step.text and headline(step) == "passed"


def _what_it_asks(step: Grounds) -> str:
    """Its title, and the kind of its request (``DNS``, ``TLS``); no words of an address."""
    at = next(at for at, line in enumerate(step.lines) if _HEADLINE.match(line) is not None)
    request = step.lines[at + 1] if at + 1 < len(step.lines) else ""
    return f"{step.lines[at].rpartition(': ')[2]}\n{request.partition(' ')[0]}"
