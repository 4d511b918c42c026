"""Evidence as a JSON file: a run, its plan, every sample, and hashes that show what was changed afterwards.

The hashes are SHA-256 over canonical JSON (sorted keys, no spaces). ``head`` covers everything before the samples.
Each sample's hash covers the sample and the hash before it, the first one ``head``; ``document`` covers ``head`` and
the last sample's hash, so that nothing can be changed, taken out, moved or added unseen. They show edits and damage.
They are no signature: whoever wants to forge a whole file can, so keep the document's hash, which ``fixloop validate``
prints, where the file's keeper cannot change it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypedDict

from pydantic import TypeAdapter, ValidationError

from fixloop_bot.application.proving import Evidence, ProofVerdict
from fixloop_bot.domain.errors import BadInput
from fixloop_bot.domain.plans import Step
from fixloop_bot.domain.runs import Run, StepProgress, StepVerdict
from fixloop_bot.domain.samples import Sample

FORMAT = "fixloop evidence"
VERSION = 1
LARGEST = 256 * 1024 * 1024
_RUN: TypeAdapter[Run] = TypeAdapter(Run)
_SAMPLE: TypeAdapter[Sample] = TypeAdapter(Sample)
Json = dict[str, Any]


class Hashes(TypedDict):
    """What ``hashes`` of a document holds."""

    head: str
    samples: int
    document: str


def write_evidence(evidence: Evidence) -> str:
    """The document's text, one sample a line. The same evidence gives the same text."""
    head = summary(evidence)
    opening = _hash(_canonical(head))
    last, samples = opening, []
    for step_id, sample in ((step_id, sample) for step_id, seen in evidence.samples for sample in seen):
        record = {"step": step_id, **_plain(asdict(sample))}
        last = _hash(last, _canonical(record))
        samples.append(_canonical({**record, "hash": last}))
    hashes: Hashes = {"head": opening, "samples": len(samples), "document": _hash(opening, last)}
    lines = [f" {json.dumps(key)}: {json.dumps(value, ensure_ascii=True)}," for key, value in head.items()]
    listed = ",\n  ".join(samples)
    return "\n".join(["{", *lines, f' "samples": [\n  {listed}\n ],', f' "hashes": {json.dumps(hashes)}', "}", ""])


def summary(evidence: Evidence) -> Json:
    """The document without its samples: what ``fixloop validate --json`` prints."""
    run = _plain(asdict(evidence.run))
    plan = run.pop("plan")
    return {
        "format": FORMAT,
        "version": VERSION,
        "fixloop": evidence.product,
        "service": evidence.service,
        "base_url": evidence.base_url,
        "verdict": evidence.verdict.value,
        "reason": evidence.reason,
        "before": evidence.before,
        "plan_hash": evidence.run.plan.hash,
        "steps": [_step(step, evidence.run.progress(step.id)) for step in evidence.run.plan.steps],
        "plan": plan,
        "run": run,
    }


def _step(step: Step, progress: StepProgress | None) -> Json:
    """A step's line for a reader; a manual one has no progress, and is skipped."""
    seen = progress if progress is not None else StepProgress(step_id=step.id, verdict=StepVerdict.SKIPPED)
    verdict = seen.verdict.value if seen.verdict is not None else None
    counted = {"samples": seen.samples, "failed": seen.failed, "void": seen.void}
    words = {"claim": seen.claim, "reason": seen.reason}
    return {"id": step.id, "title": step.title, "role": step.role.value, "verdict": verdict, **words, **counted}


def document_hash(text: str) -> str:
    """The hash of a whole document that ``write_evidence`` has made."""
    document: Json = json.loads(text)
    found: str = document["hashes"]["document"]
    return found


def load_evidence(path: Path) -> Evidence:
    """The evidence in a file; raises BadInput with one sentence where it is missing, damaged or changed."""
    try:
        if path.stat().st_size > LARGEST:
            raise BadInput(f"{path} is larger than any evidence that FixLoop writes")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInput(f"there is no evidence at {path}") from None
    except UnicodeDecodeError:
        raise BadInput(f"{path.name} is not UTF-8 text") from None
    except OSError as error:
        raise BadInput(f"the evidence {path} cannot be read: {error.strerror}") from error
    return read_evidence(text, name=path.name)


def read_evidence(text: str, *, name: str = "evidence") -> Evidence:
    """The evidence in a document, once its hashes hold; raises BadInput that names the first misfit."""
    document = _document(text, name)
    _verify(document, name)
    try:
        return _evidence(document)
    except (ValidationError, KeyError, TypeError, ValueError):
        raise BadInput(f"{name} is not evidence that this FixLoop can read, although its hashes hold.") from None


def _document(text: str, name: str) -> Json:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise BadInput(f"{name} is not JSON, so it is no evidence of FixLoop's.") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise BadInput(f"{name} is no evidence of FixLoop's.")
    version = document.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise BadInput(f"{name} was written by a newer FixLoop (format {version}): update this one.")
    return document


def _verify(document: Json, name: str) -> None:
    """Raise BadInput at the first thing that was changed."""
    head = {key: value for key, value in document.items() if key not in ("samples", "hashes")}
    samples, hashes = document.get("samples"), document.get("hashes")
    if not isinstance(samples, list) or not isinstance(hashes, dict):
        raise BadInput(f"{name} was changed: its samples or its hashes are missing.")
    last = opening = _hash(_canonical(head))
    if opening != hashes.get("head"):
        raise BadInput(f"{name} was changed after the run: what stands before its samples does not fit its hash.")
    for place, record in enumerate(samples, start=1):
        if not isinstance(record, dict):
            raise BadInput(f"{name} was changed after the run: record {place} of {len(samples)} is no sample.")
        last = _hash(last, _canonical({key: value for key, value in record.items() if key != "hash"}))
        if last != record.get("hash"):
            what = f"step {record.get('step')}, sample {record.get('number')}"
            raise BadInput(
                f"{name} was changed after the run: record {place} of {len(samples)} ({what}) does not fit its hash, "
                "or records before it were taken out, added or moved."
            )
    if len(samples) != hashes.get("samples") or _hash(opening, last) != hashes.get("document"):
        raise BadInput(f"{name} was changed after the run: records are missing at its end, or were added there.")


def _evidence(document: Json) -> Evidence:
    run = _RUN.validate_python({**document["run"], "plan": document["plan"]})
    if run.plan.hash != document["plan_hash"]:
        raise ValueError("the plan's hash")
    return Evidence(
        product=str(document["fixloop"]),
        service=str(document["service"]),
        base_url=document["base_url"],
        verdict=ProofVerdict(document["verdict"]),
        reason=str(document["reason"]),
        run=run,
        samples=tuple((step_id, tuple(_of(document, step_id))) for step_id in run.step_ids),
        before=str(document["before"]),
    )


def _of(document: Json, step_id: str) -> Iterator[Sample]:
    for record in document["samples"]:
        if record["step"] == step_id:
            yield _SAMPLE.validate_python({key: value for key, value in record.items() if key not in ("step", "hash")})


def _plain(value: Any) -> Any:
    """As JSON has it: lists for tuples, and nothing that JSON does not know."""
    return json.loads(json.dumps(value))


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _hash(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
