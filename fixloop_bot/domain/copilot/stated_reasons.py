"""Where a sentence may say "because" as a fact: a step's own reason for being bad stands in its evidence.

``Step 1 fails because the certificate has expired`` names no cause of the incident, only what the step saw.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from fixloop_bot.domain.copilot import claims
from fixloop_bot.domain.copilot.spoken_figures import Grounds, figures_in, folded, missing
from fixloop_bot.domain.copilot.step_claims import headline
from fixloop_bot.domain.copilot.word_grounds import Told, speaks_of_the_world, unsupported

_BECAUSE = re.compile(
    r"\b(?:because(?: of)?|since|as|due to|weil|da|wegen|parce que|porque|debido a|perché|omdat|vanwege)\b"
)
_OPEN = re.compile(r"\b(?:inconclusive|unentschieden|nicht eindeutig|non concluant\w*|no concluyente|inconclus\w*)\b")
_REASON = re.compile(r"^it is bad[^:]*: (.+)$|^sample #.* bad: (.+)$|^reason: (.+)$", re.IGNORECASE)


def gives_its_reason(claim: str, cited: Sequence[Grounds]) -> bool:
    """Whether a claim says of failed steps, and of nothing else, that they fail because of what they saw themselves."""
    parts = _BECAUSE.split(folded(claim))
    if len(parts) != 2 or claims.names_cause(parts[1]) or not cited:
        return False
    if claims.step_verdicts(parts[0]) == {"failed"}:
        wanted = "failed"
    elif _OPEN.search(parts[0]) is not None:
        wanted = "inconclusive"
    else:
        return False
    return all(
        headline(each) == wanted and any(_holds(parts[1], reason) for reason in _reasons(each)) for each in cited
    )


def _reasons(step: Grounds) -> Iterator[str]:
    for line in step.lines:
        found = _REASON.match(line)
        if found is not None:
            yield next(filter(None, found.groups()))


def _holds(said: str, reason: str) -> bool:
    spoken = figures_in(said)
    if not (spoken or speaks_of_the_world(said)) or missing(spoken, (Grounds.of(reason),)):
        return False
    return not unsupported(said, [Told.of(reason)], context=Told())
