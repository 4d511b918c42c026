"""What a step's tally means, in the words that a person reads under the step."""

from __future__ import annotations

from collections import Counter

from fixloop_bot.application.tally import Tally
from fixloop_bot.domain.decision import Leaning, SequentialTest, counted, leaning
from fixloop_bot.domain.latency import drifting
from fixloop_bot.domain.runs import RunKind

DRIFT_SAMPLES = 30
"""Fewer samples in a third of a soak say nothing about a drift."""


def failure(tally: Tally) -> str:
    """Why the step is broken: the commonest reason, how many, since when in a watch, and whose failures they are."""
    samples, failures = tally.counts
    change = tally.change
    many = change.sentence() if change is not None else f"{failures} of {samples} failed"
    common = _most_common(tally.reasons)
    told = f"{common} ({many})" if common else many
    return "; ".join(filter(None, [told, one_replica(tally)]))


def undecided(tally: Tally) -> str:
    """Why there is no decision at the end of the samples."""
    samples, failures = tally.counts
    if not samples:
        return could_not_look(tally) if tally.void else "nothing was sent"
    told = f"{failures} of {samples} failed: too few to call it broken, too many to call it recovered"
    return "; ".join(filter(None, [told, one_replica(tally)]))


def could_not_look(tally: Tally) -> str:
    return f"could not look: {_most_common(tally.void_reasons)}"


def too_many_voids(tally: Tally) -> str:
    return f"{tally.void} of {tally.seen} probes could not look: {_most_common(tally.void_reasons)}"


def one_replica(tally: Tally) -> str:
    """That one replica of several brings most of the failures; empty where none stands out.

    It stands out with four of five failures, although it answered less than half of the samples.
    """
    failed = tally.failed_replicas.total()
    if failed < 2 or len(tally.replicas) < 2:
        return ""
    replica, failures = tally.failed_replicas.most_common(1)[0]
    seen = tally.replicas.total()
    if replica is None or failures < 0.8 * failed or tally.replicas[replica] >= 0.5 * seen:
        return ""
    if failures == failed:
        return f"{'both' if failed == 2 else f'all {failed}'} failures came from replica {replica}"
    return f"{failures} of {failed} failures came from replica {replica}"


def note(tally: Tally) -> str:
    """What a person should know of a step that is not broken: one replica's failures, a latency that creeps up."""
    latencies = tally.trusted_latencies
    third = len(latencies) // 3
    drift = ""
    if tally.kind is RunKind.SOAK and third >= DRIFT_SAMPLES and not tally.lateness.claims:
        drift = drifting(latencies[:third], latencies[-third:])
    return " ".join(filter(None, [_sentence(one_replica(tally)), drift]))


def lean(test: SequentialTest) -> str:
    """Where an undecided step seems to go; empty while nobody can tell."""
    if not test.samples:
        return ""
    towards = leaning(test.settings, test.samples, test.failures)
    return "" if towards is Leaning.OPEN else towards.value


def spent(per_hour: int) -> str:
    return f"the catalog's {counted(per_hour, 'request')} an hour for this service are spent"


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}." if words else ""


def _most_common(reasons: Counter[str]) -> str:
    return reasons.most_common(1)[0][0] if reasons else ""


def long_window(seconds: float) -> str:
    """Why a step is watched for longer than its settings ask for."""
    length = f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"
    return f"The window is {length}: the alert's own signal came back that far apart."


ALWAYS = 3
"""How often an input or a replica must have failed, without passing once, before it is held against the step."""


def always_fails(tally: Tally) -> str:
    """Which input or replica failed every time it was asked: within the bounds on average is not well for its users."""
    bad = [name for name, asked in tally.asked.items() if name and tally.wrong[name] == asked >= ALWAYS]
    if not bad:
        return ""
    who = bad[0] if bad[0].startswith("input ") else f"replica {bad[0]}"
    return f"{who} failed every time it was asked ({tally.wrong[bad[0]]} of {tally.asked[bad[0]]})"
