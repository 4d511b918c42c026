"""The gate against requests that try to leave the catalog: ``python -m tests.benchmarks.gate [--all]``.

Every attempt of ``bypass_corpus`` is offered to the real prober in every form that could carry it, over a sealed
network that writes each dial down; ``ssrfguard``, ``microsoft-antissrf`` and plain clients get the same addresses.
Ends with 1 where FixLoop dialled anything outside its policy, let an attempt through or refused an honest request.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from fixloop_bot.domain.samples import FaultKind, Outcome, Sample
from tests.benchmarks.bypass_corpus import AT_HOME as FIRST_IS_RIGHT
from tests.benchmarks.bypass_corpus import Attempt, corpus
from tests.benchmarks.gate_contenders import (
    AT_HOME,
    REPEATS,
    RIVALS,
    Ours,
    absolute,
    checks_of,
    good_requests,
    network,
)
from tests.benchmarks.sealed_network import Place, SealedNetwork, inside

MISSING = "pip install -e '.[bench]'"
REFUSED = {FaultKind.GATE, FaultKind.UNFILLED}
"""What a sample must say; a name without an address is also one that was asked about, and must not have been."""


@dataclass(slots=True)
class Score:
    """What one contender did, counted in offers. ``inside`` are dials to where no public service can be."""

    name: str
    offers: int = 0
    inside: int = 0
    elsewhere: int = 0
    at_home: int = 0
    refused: int = 0
    good: int = 0
    good_offers: int = 0
    by_family: dict[str, list[str]] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)

    def count(self, attempt: Attempt, dials: list[Place]) -> None:
        """The worst of what was dialled for one offer."""
        self.offers += 1
        if any(inside(address) for address, _ in set(dials) - AT_HOME):
            self.inside += 1
            self.by_family.setdefault(attempt.family, []).append(attempt.url)
        elif set(dials) - AT_HOME:
            self.elsewhere += 1
        elif dials and attempt.family not in FIRST_IS_RIGHT:
            self.at_home += 1
        else:
            self.refused += 1


def trouble_with(attempt: Attempt, samples: list[Sample], dials: list[Place]) -> str:
    """Why this is no clean refusal; empty if it is one."""
    outside = set(dials) - AT_HOME
    if outside:
        return f"dialled {sorted(outside)}"
    if attempt.family == "redirects":
        held = all(sample.outcome is Outcome.FAILED and sample.status in range(300, 400) for sample in samples)
        return "" if held and len(dials) <= len(samples) else f"redirect not judged as it came: {_said(samples[-1])}"
    if attempt.family == "decoys":
        return ""  # every reading that counts sends them home
    if dials and attempt.family not in FIRST_IS_RIGHT:
        return f"reached the shop: {_said(samples[-1])}"
    refused = [sample for sample in samples if sample.fault is not None and sample.fault.kind in REFUSED]
    enough = len(refused) == len(samples) or (attempt.family == "rebinding" and refused)
    return "" if enough else f"not refused by the gate: {_said(samples[-1])}"


def _said(sample: Sample) -> str:
    return f"{sample.outcome.value} {sample.status or ''} {sample.reason()}".strip()


async def score_ours(sealed: SealedNetwork) -> Score:
    """FixLoop on every attempt in every form; troubles name the address."""
    score, ours = Score("FixLoop"), Ours(sealed)
    for attempt in corpus():
        for form, check in checks_of(attempt):
            samples, dials = await ours.offer(attempt, check)
            score.count(attempt, dials)
            trouble = trouble_with(attempt, samples, dials)
            if trouble:
                score.troubles.append(f"{attempt.family}, as {form}: {attempt.url[:120]!r} {trouble}")
    for service in ours.catalog.services:
        for request in good_requests(service):
            score.good_offers += 1
            accepted = await ours.accepts(service, request)
            score.good += accepted
            if not accepted:
                score.troubles.append(f"honest, refused: {request.line()}")
        score.good_offers += service.openapi is not None
        score.good += service.openapi is not None and await ours.reads_openapi(service)
    await ours.aclose()
    return score


async def score_rival(name: str, sealed: SealedNetwork) -> Score:
    """A library or client on the addresses of the corpus, each as the GET of an absolute address."""
    score = Score(name)
    async with AsyncExitStack() as stack:
        send = await RIVALS[name](stack)
        for attempt in corpus():
            if attempt.ours_alone:
                continue
            sealed.forget()
            for _ in range(REPEATS.get(attempt.family, 1)):
                await _status(send("GET", attempt.url))
            score.count(attempt, sealed.dials)
        ours = Ours(sealed)
        for service in ours.catalog.services:
            for request in good_requests(service):
                sealed.forget()
                score.good_offers += 1
                score.good += await _status(send(request.method, absolute(service, request))) == 200
        await ours.aclose()
    return score


async def _status(sending: object) -> int:
    """The status, or 0 for whatever a client raises: a refusal, a parse error, a closed port."""
    try:
        return await sending  # type: ignore[misc,no-any-return]
    except Exception:  # noqa: BLE001 - each client has errors of its own, some of them plain ValueErrors
        return 0


async def compare(names: list[str]) -> list[Score]:
    async with network() as sealed:
        scores = [await score_ours(sealed)]
        for name in names:
            try:
                scores.append(await score_rival(name, sealed))
            except ModuleNotFoundError as missing:
                print(f"{name} is left out: {missing.name} is not installed ({MISSING}).")
        return scores


def show(scores: list[Score]) -> None:
    attempts = corpus()
    urls = {attempt.url for attempt in attempts}
    families = {attempt.family for attempt in attempts}
    print(f"{len(attempts)} attempts, {len(urls)} addresses, {len(families)} families; counted in offers.\n")
    heads = ("offers", "dialled inside", "elsewhere", "sent home", "refused", "honest")
    print(f"{'':<20}" + "".join(f"{head:>16}" for head in heads))
    for each in scores:
        honest = f"{each.good}/{each.good_offers}"
        cells = (each.offers, each.inside, each.elsewhere, each.at_home, each.refused, honest)
        print(f"{each.name:<20}" + "".join(f"{cell:>16}" for cell in cells))
    print("\ndialled inside: loopback, private, link-local, metadata. elsewhere: a public host outside the catalog.")
    print("sent home: a request of the corpus that reached the shop as it was. honest: of the catalog, answered 200.\n")
    for each in scores:
        if each.by_family:
            found = (f"{name} {len(urls)} ({urls[0][:60]!r})" for name, urls in each.by_family.items())
            print(f"{each.name} dialled inside: {', '.join(found)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON, too")
    parser.add_argument("--only-ours", action="store_true", help="leave the others out")
    arguments = parser.parse_args()
    scores = asyncio.run(compare([] if arguments.only_ours else list(RIVALS)))
    show(scores)
    if arguments.json:
        fields = ("offers", "inside", "elsewhere", "at_home", "refused", "good", "good_offers")
        print(json.dumps({each.name: {name: getattr(each, name) for name in fields} for each in scores}))
    for trouble in scores[0].troubles:
        print(f"HOLE {trouble}")
    sys.exit(1 if scores[0].troubles else 0)


if __name__ == "__main__":
    main()
