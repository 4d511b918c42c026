"""Whether a piece of evidence vouches for a sentence: its words, its figures together, and who did what.

What is vouched for is said without a mark. Everything here errs on the strict side: a doubt costs a mark.
"""

from __future__ import annotations

from collections.abc import Sequence

from fixloop_bot.domain.copilot import claims
from fixloop_bot.domain.copilot.actors import done_by_another
from fixloop_bot.domain.copilot.admissions import without_admissions
from fixloop_bot.domain.copilot.bindings import scattered
from fixloop_bot.domain.copilot.close_bonds import torn_apart
from fixloop_bot.domain.copilot.comparisons import compared_wrongly, without_proven_comparisons
from fixloop_bot.domain.copilot.directions import (
    out_of_order,
    parted,
    rarer_or_more_often,
    without_proven_directions,
)
from fixloop_bot.domain.copilot.dossier import Dossier, Evidence, Source
from fixloop_bot.domain.copilot.figure_kinds import mislabelled
from fixloop_bot.domain.copilot.founded import identifiers, unquoted
from fixloop_bot.domain.copilot.measures import measured_otherwise
from fixloop_bot.domain.copilot.neighbours import beside_another
from fixloop_bot.domain.copilot.no_recovery import praises_another_thing
from fixloop_bot.domain.copilot.opposites import turned_about
from fixloop_bot.domain.copilot.quantities import counts_what_it_cites, excludes_others, without_proven_quantities
from fixloop_bot.domain.copilot.segments import Segment, segments
from fixloop_bot.domain.copilot.sequences import ordered, surpassed
from fixloop_bot.domain.copilot.spoken_figures import Grounds, figures_in, folded, missing
from fixloop_bot.domain.copilot.step_claims import (
    covers,
    says_only,
    speaks_of_both,
    speaks_of_several_steps,
)
from fixloop_bot.domain.copilot.subjects import of_another_subject
from fixloop_bot.domain.copilot.told_times import (
    at_another_time,
    dated_by_its_message,
)
from fixloop_bot.domain.copilot.try_shares import beyond_the_share
from fixloop_bot.domain.copilot.unreal import only_wished_for, without_alert_text
from fixloop_bot.domain.copilot.word_grounds import Told, closest, unsupported

LONGEST_CLAIM = 600
"""Characters. A longer sentence is never vouched for: holding it against its evidence would take seconds."""
_LISTED = frozenset({Source.TIMELINE, Source.THREAD, Source.PLAN})
_EVENTS = frozenset({Source.CHANGE, Source.SIGNAL, Source.LOG, Source.PAST})

_DOUBTS = (
    scattered,
    out_of_order,
    rarer_or_more_often,
    compared_wrongly,
    mislabelled,
    turned_about,
    at_another_time,
    done_by_another,
    beyond_the_share,
    excludes_others,
    torn_apart,
    dated_by_its_message,
    praises_another_thing,
    measured_otherwise,
    beside_another,
    of_another_subject,
    only_wished_for,
)
"""What can be wrong though every word and figure stands in the evidence."""


def vouched_for(claim: str, numbers: Sequence[int], cited: Sequence[Grounds], dossier: Dossier) -> bool:
    """Whether the words of a claim stand in what it cites, and its figures together.

    ``cited`` are the grounds of ``numbers``, as far as the claim may take its figures from them.
    """
    if len(claim) > LONGEST_CLAIM:
        return False
    claim, turned = ordered(parted(claim, cited), cited)
    changes = [dossier.grounds(number) for number, each in dossier.numbered() if each.source is Source.CHANGE]
    if turned or surpassed(claim, cited, changes) or any(doubts(claim, cited) for doubts in _DOUBTS):
        return False
    if speaks_of_several_steps(claim) and not _covered(claim, numbers, dossier):
        return False
    return _worded(claim, numbers, cited, dossier)


def _worded(claim: str, numbers: Sequence[int], cited: Sequence[Grounds], dossier: Dossier) -> bool:
    context = _context(claim, dossier)
    hedged = claims.is_hedged(claim)
    stated = _unproven(unquoted(without_admissions(claim)), cited)
    units = [
        unit for number, each in zip(numbers, cited, strict=True) for unit in _units(claim, dossier.entry(number), each)
    ]
    if len(units) < 2:
        told = [_told(claim, number, dossier) for number in numbers]
        return not unsupported(stated, told, context=context, hedged=hedged)
    whole = [number for number in numbers if not _units(claim, dossier.entry(number), dossier.grounds(number))]
    told = [dossier.told(number) for number in whole]
    grounds = tuple(map(dossier.grounds, whole))

    def stands(part: Segment, unit: str) -> bool:
        lacking = missing(part.figures, (*grounds, Grounds.of(unit)))
        return not lacking and not unsupported(part.text, [*told, Told.of(unit)], context=context, hedged=hedged)

    return all(
        all(stands(part, unit) for unit in units)
        if speaks_of_both(part.text)
        else any(stands(part, unit) for unit in closest(part.text, units))
        for part in segments(counts_what_it_cites(folded(stated), len(units)), cited)
    )


def _context(claim: str, dossier: Dossier) -> Told:
    """The incident's own words, which may be spoken of anywhere; its title not at a time that is another's."""
    about = dossier.number_of("incident")
    if about is None:
        return Told()
    grounds = dossier.grounds(about)
    moments = [name for name in figures_in(claim).names if ":" in name]
    if all(grounds.names(moment) for moment in moments):
        return dossier.told(about)
    named = " ".join(identifiers("\n".join(grounds.lines[1:2])))
    return Told.of("\n".join((*grounds.lines[:1], named, *grounds.lines[2:])))


def _unproven(claim: str, cited: Sequence[Grounds]) -> str:
    """The claim without the words that its own figures prove."""
    for without in (
        without_proven_directions,
        without_proven_comparisons,
        without_proven_quantities,
    ):
        claim = without(claim, cited)
    return claim


def _told(claim: str, number: int, dossier: Dossier) -> Told:
    """The words of a piece; those of an alert's own text only where they are said to be that."""
    lines = dossier.grounds(number).lines
    kept = without_alert_text(claim, lines)
    return dossier.told(number) if len(kept) == len(lines) else Told.of("\n".join(kept))


def _units(claim: str, evidence: Evidence | None, cited: Grounds) -> Sequence[str]:
    """What stands for itself: each line of a list, each event. One part of a sentence tells of one of them."""
    if evidence is None or evidence.source not in _EVENTS:
        return cited.lines if evidence is not None and evidence.source in _LISTED else ()
    return ("\n".join(without_alert_text(claim, cited.lines)),)


def _covered(claim: str, numbers: Sequence[int], dossier: Dossier) -> bool:
    """Whether a claim about several steps cites enough of them; other evidence than steps may tell of all."""
    entries = [each for number in numbers if (each := dossier.entry(number)) is not None]
    if any(each.source is not Source.STEP for each in entries):
        return True
    runs = {each.key.partition(".")[0] for each in entries}
    named = set(figures_in(claim).places) if says_only(claim) else set()
    counted = [
        (number in numbers, dossier.grounds(number))
        for number, each in dossier.numbered()
        if each.source is Source.STEP and each.key.partition(".")[0] in runs
    ]
    rest = [each for is_cited, each in counted if not is_cited or (named and named.isdisjoint(each.places))]
    return covers(claim, cited=len(entries), others=rest)
