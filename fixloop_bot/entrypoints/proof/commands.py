"""The three commands, from what was typed to an exit code. What is wrong with the request is said before it starts."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fixloop_bot.adapters.evidence_file import document_hash, load_evidence, summary, write_evidence
from fixloop_bot.adapters.junit import write_junit
from fixloop_bot.adapters.plan_file import PlanDocument, read_plan, vetted
from fixloop_bot.adapters.plan_text import write_plan
from fixloop_bot.application.evidence import measure_of
from fixloop_bot.application.proving import Before, Evidence
from fixloop_bot.bootstrap import Bench, Settings, bench, read_catalog
from fixloop_bot.domain.catalog import Catalog, Service
from fixloop_bot.domain.errors import BadInput, PlanRejected, StoreUnavailable
from fixloop_bot.domain.openapi.described import lines_of, wants_before, wants_openapi
from fixloop_bot.domain.plans import Plan, PlanSource
from fixloop_bot.domain.signals import Measure
from fixloop_bot.domain.vetting.plan import vet
from fixloop_bot.entrypoints.proof import report
from fixloop_bot.entrypoints.proof.codes import BAD, BY_VERDICT, GOOD, STOPPED, UNKNOWN
from fixloop_bot.entrypoints.proof.progress import ProgressLine, Stop

_RUN_ID = re.compile(r"INC-\d+-r\d+")
KEPT = 100
"""Evidence files in the data directory; older ones are removed. Those written with --evidence stay."""


async def run(chosen: argparse.Namespace) -> int:
    """Perform the chosen command; raises FixLoopError with a sentence for what is wrong with it."""
    command = {"plan": plan, "validate": validate, "replay": replay}[chosen.proof]
    try:
        return await command(chosen)
    except StoreUnavailable as error:  # nothing is wrong with what was asked: it could not be looked at
        _say(f"fixloop: {error} `fixloop doctor` says what is connected.")
        return UNKNOWN


# plan


async def plan(chosen: argparse.Namespace) -> int:
    """``fixloop plan SERVICE``."""
    settings = Settings.from_env()
    catalog = read_catalog(settings)
    service = _service(catalog, chosen.service)
    if chosen.out is not None:
        _writable(chosen.out)
        if chosen.out.exists() and not chosen.force:
            raise BadInput(f"{chosen.out} exists; --force overwrites it")
    async with bench(settings, catalog, with_model=chosen.from_model) as built:
        proposals = built.proposals
        made = await (proposals.from_model(service) if chosen.from_model else proposals.standard(service))
    if chosen.from_model and made.source is not PlanSource.MODEL:
        _say(f"fixloop: this is the {made.note}")
    if left_out := report.left_out(made, service):
        _say(f"fixloop: {left_out}")
    text = write_plan(made, service=service.name)
    if chosen.out is None:
        sys.stdout.write(text)
    else:
        _write(chosen.out, text)
        _say(f"fixloop: {chosen.out} is written; run it with: fixloop validate {service.name} --plan {chosen.out}")
    return GOOD


# validate


async def validate(chosen: argparse.Namespace) -> int:
    """``fixloop validate SERVICE``."""
    settings = Settings.from_env()
    catalog = read_catalog(settings)
    service = _service(catalog, chosen.service)
    for path in (chosen.evidence, chosen.junit):
        if path is not None:
            _writable(path)
    before = _before_of_file(chosen)
    document = read_plan(chosen.plan) if chosen.plan is not None else None
    async with bench(settings, catalog) as built:
        from_file = await _concrete(built, document, service) if document is not None else None
        if before is not None:
            from_file = _same_plan(before, from_file, service)
        measure = measure_of_service(service)
        if before is None and chosen.before is not None:
            before, measure = await _before_of_store(built, chosen.before, service)
            from_file = _same_plan(before, from_file, service)
        chosen_plan = from_file if from_file is not None else await built.proposals.standard(service)
        progress, stop = ProgressLine(now=built.clock.now, quiet=chosen.quiet), Stop()
        try:
            with stop.listening():
                evidence = await built.proving.prove(
                    chosen_plan, service, before=before, measure=measure, show=progress.run, stopped=stop
                )
        finally:
            progress.end()
    kept_at = chosen.evidence or _in_data_dir(settings, evidence)
    _tell(chosen, evidence, before, kept_at)
    if from_file is None and (left_out := report.left_out(chosen_plan, service)):
        _say(f"fixloop: {left_out}")
    return STOPPED if stop() is not None and evidence.stopped else BY_VERDICT[evidence.verdict.value]


async def _concrete(built: Bench, document: PlanDocument, service: Service) -> Plan:
    """The vetted plan of a file, with what it refers to made part of it; raises BadInput."""
    lines = [line for step in document.steps for line in lines_of(step)]
    if any(wants_openapi(line) or wants_before(line) for line in lines):
        document = replace(document, steps=await built.proposals.concrete(document.steps, service))
    return vetted(document, service, made_at=0.0)


def _tell(chosen: argparse.Namespace, evidence: Evidence, before: Before | None, kept_at: Path) -> None:
    """Keep the evidence, then say what was found."""
    text = write_evidence(evidence)
    digest = document_hash(text)
    if not chosen.json:  # first of all what was found: a full disk must not take it along
        sys.stdout.write(f"{report.result(evidence)}\n\n")
        sys.stdout.flush()
    _write(kept_at, text)
    if chosen.junit is not None:
        _write(chosen.junit, write_junit(evidence))
    if chosen.json:
        kept = {"evidence": str(kept_at), "evidence_hash": digest}
        sys.stdout.write(json.dumps({**summary(evidence), **kept}, indent=1) + "\n")
        return
    sys.stdout.write(f"Evidence: {kept_at} (sha256 {digest})\n")
    follows = report.next_command(evidence, kept_at=str(kept_at), before=before)
    if follows and not chosen.quiet:
        sys.stdout.write(f"{follows}\n")


def measure_of_service(service: Service) -> Measure | None:
    """What real traffic is measured by without an incident."""
    return service.measure("error_rate") or service.measure("p95_ms")


def _before_of_file(chosen: argparse.Namespace) -> Before | None:
    """The evidence that ``--before`` names; None where it names none, or a run of the store."""
    if chosen.before is None or (_RUN_ID.fullmatch(chosen.before) and not Path(chosen.before).exists()):
        return None
    path = Path(chosen.before)
    if chosen.evidence is not None and chosen.evidence.resolve() == path.resolve():
        raise BadInput(f"--evidence would overwrite {path}, which this run is compared with")
    evidence = load_evidence(path)
    service = _service(read_catalog(Settings.from_env()), chosen.service)
    _same_address(str(path), evidence.base_url, service)
    return Before(name=chosen.before, run=evidence.run)


def _same_address(name: str, address: str | None, service: Service) -> None:
    if address != service.base_url:
        raise BadInput(
            f"{name} is about {address}, and {service.name} is now at {service.base_url}: what failed there "
            "proves nothing here"
        )


async def _before_of_store(built: Bench, run_id: str, service: Service) -> tuple[Before, Measure | None]:
    run = await built.store.run(run_id)
    if run is None:
        raise BadInput(f"there is no run {run_id} in the store, nor a file of that name")
    if run.base_url is not None and run.service == service.name:  # older runs did not keep it
        _same_address(run_id, run.base_url, service)
    incident = await built.store.incident(run.incident_id)
    measure = measure_of(incident, service) if incident is not None else measure_of_service(service)
    return Before(name=run_id, run=run), measure


def _same_plan(before: Before, from_file: Plan | None, service: Service) -> Plan:
    """The frozen plan that both runs are of; raises BadInput where they would not be."""
    run = before.run
    if not run.finished:
        raise BadInput(f"{before.name} is still going; wait for its end")
    if run.service != service.name:
        raise BadInput(f"{before.name} is a run of {run.service}, not of {service.name}")
    if from_file is not None and from_file.hash != run.plan.hash:
        raise BadInput(
            f"{before.name} ran another plan (hash {run.plan.hash[:12]}…, and --plan has {from_file.hash[:12]}…): only "
            "the very same plan proves a recovery; leave --plan out to run it again"
        )
    _vetted(run.plan, service, before.name)
    return run.plan


def _vetted(plan: Plan, service: Service, name: str) -> None:
    try:
        vet(plan.steps, service, exactly=None)
    except PlanRejected as rejected:
        raise BadInput(f"the catalog does not allow the plan of {name} (any more): {rejected}") from None


# replay


async def replay(chosen: argparse.Namespace) -> int:
    """``fixloop replay EVIDENCE``."""
    settings = Settings.from_env()
    evidence = load_evidence(chosen.evidence)
    catalog = read_catalog(settings)
    service = _service(catalog, evidence.service)
    plan = evidence.run.plan
    _vetted(plan, service, str(chosen.evidence))
    if evidence.base_url != service.base_url:
        _say(f"fixloop: recorded at {evidence.base_url}, sent again to {service.base_url}")
    async with bench(settings, catalog) as built:
        progress, stop = ProgressLine(now=built.clock.now), Stop()
        try:
            with stop.listening():
                replayed = await built.replaying.replay(
                    evidence, service, most=chosen.samples, show=progress.samples, stopped=stop
                )
        finally:
            progress.end()
    if not replayed:
        sys.stdout.write("Nothing that was recorded can be sent again.\n")
        return UNKNOWN
    places = {step.id: place for place, step in enumerate(plan.steps, start=1)}
    sys.stdout.write(f"{report.table(replayed, places)}\n\n{report.tally(replayed)}\n")
    if stop() is not None:
        return STOPPED
    if any(each.differs for each in replayed):
        return BAD
    return GOOD if all(each.looked for each in replayed) else UNKNOWN


# Files


def _service(catalog: Catalog, name: str) -> Service:
    service = catalog.service(name)
    if service is None:
        known = ", ".join(each.name for each in catalog.services) or "none"
        raise BadInput(f"the catalog has no service {name!r}; it has: {known}")
    return service


def _writable(path: Path) -> None:
    """Raise BadInput where the file could not be written, before minutes are spent on what would stand in it."""
    if path.is_dir() or not path.parent.is_dir():
        what = "is a directory" if path.is_dir() else "is in a directory that does not exist"
        raise BadInput(f"{path} {what}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise BadInput(f"{path} cannot be written: permission denied")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}") from error


def _in_data_dir(settings: Settings, evidence: Evidence) -> Path:
    """Where evidence goes that nobody named a file for; only the newest files stay."""
    folder = settings.data_dir / "evidence"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _prune(sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime))
    except OSError as error:
        raise BadInput(f"{folder} cannot be written: {error.strerror}") from error
    return folder / f"{re.sub(r'[^A-Za-z0-9_.-]', '-', evidence.run.id)}.json"


def _prune(files: Sequence[Path]) -> None:
    for file in files[: max(0, len(files) - KEPT + 1)]:
        file.unlink(missing_ok=True)


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")
