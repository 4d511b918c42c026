"""Evidence as a file: complete, without secrets, and not to be changed unseen; and the same run as JUnit XML."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixloop_bot.adapters.evidence_file import document_hash, load_evidence, read_evidence, summary, write_evidence
from fixloop_bot.adapters.junit import write_junit
from fixloop_bot.application.proving import Evidence, ProofVerdict
from fixloop_bot.domain.errors import BadInput
from fixloop_bot.domain.plans import Plan, PlanSource
from fixloop_bot.domain.runs import Run, RunKind, StepPhase, StepProgress, StepVerdict
from fixloop_bot.domain.samples import AssertionResult, Fault, FaultKind, Outcome, Sample
from tests.application.office import STEPS
from tests.strategies import plans, runs, samples, texts

PLAN = Plan(version=1, source=PlanSource.STANDARD, steps=STEPS)
WRONG = AssertionResult(source="status == 200", held=False, seen="503", expected="200", subject="status")
FAILED = Sample(
    number=1,
    at=1_700_000_000.25,
    outcome=Outcome.FAILED,
    request="POST /checkout",
    status=503,
    latency_ms=12.5,
    failures=(WRONG,),
    excerpt='{"error": "down"}',
    curl="curl -sS https://checkout.example.com/checkout",
    input=2,
    digest="0123456789abcdef",
    shape='{"error":"text"}',
)
SEEN = (FAILED, replace(FAILED, number=2, outcome=Outcome.PASSED, status=200, failures=()), replace(FAILED, number=3))
VERDICTS = (StepVerdict.FAILED, StepVerdict.PASSED, StepVerdict.SKIPPED, StepVerdict.INCONCLUSIVE)


def evidence(**changes: Any) -> Evidence:
    steps = tuple(
        StepProgress(
            step_id=step.id, phase=StepPhase.DONE, verdict=verdict, reason=f"why {verdict}", claim="error < 5 %"
        )
        for step, verdict in zip(STEPS, VERDICTS, strict=False)
    )
    run = Run(
        id="checkout-1700000000",
        incident_id="",
        number=1,
        kind=RunKind.CONFIRM,
        plan=PLAN,
        step_ids=("s1", "s2", "s3", "s4"),
        service="checkout",
        started_by="command line",
        started_at=1_700_000_000.0,
        finished_at=1_700_000_060.0,
        steps=(replace(steps[0], failures=(FAILED,)), *steps[1:]),
    )
    known: dict[str, Any] = {
        "product": "0.1.0",
        "service": "checkout",
        "base_url": "https://checkout.example.com",
        "verdict": ProofVerdict.FAILED,
        "reason": "Step 1 fails.",
        "run": run,
        "samples": (("s1", SEEN), ("s2", SEEN[:1]), ("s3", ()), ("s4", ())),
    }
    return Evidence(**{**known, **changes})


def changed(text: str, change: Any) -> str:
    """The document with one thing changed in it."""
    document = json.loads(text)
    change(document)
    return json.dumps(document)


def test_what_is_written_reads_back() -> None:
    """Run, plan, verdicts and every sample as it was stored."""
    written = evidence()
    read = read_evidence(write_evidence(written))
    assert read == written
    assert read.run.plan.hash == PLAN.hash


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_any_run_reads_back(data: st.DataObject) -> None:
    """Whatever texts are in it."""
    plan = data.draw(plans(most_steps=3))
    run = data.draw(runs(plan, RunKind.VALIDATE, finished=True))
    seen = tuple((step_id, tuple(data.draw(st.lists(samples(), max_size=3)))) for step_id in run.step_ids)
    written = evidence(run=run, samples=seen, reason=data.draw(texts()))
    text = write_evidence(written)
    assert write_evidence(read_evidence(text)) == text


def test_the_summary_says_each_steps_verdict() -> None:
    """What ``--json`` prints: no samples, and a line for the step that only a person can do."""
    found = summary(evidence())
    assert [step["verdict"] for step in found["steps"]] == ["failed", "passed", "skipped", "inconclusive", "skipped"]
    assert found["steps"][0]["claim"] == "error < 5 %"
    assert (found["verdict"], found["plan_hash"]) == ("failed", PLAN.hash)
    assert "samples" not in found


def forged(document: dict[str, Any]) -> None:
    document["verdict"] = "passed"


def polished(document: dict[str, Any]) -> None:
    document["samples"][1]["status"] = 200
    document["samples"][1]["latency_ms"] = 1.0


def shortened(document: dict[str, Any]) -> None:
    del document["samples"][2]


def beheaded(document: dict[str, Any]) -> None:
    del document["samples"][-1]


def swapped(document: dict[str, Any]) -> None:
    document["samples"][0], document["samples"][1] = document["samples"][1], document["samples"][0]


def replanned(document: dict[str, Any]) -> None:
    document["plan"]["steps"][0]["check"]["expect"] = []


def emptied(document: dict[str, Any]) -> None:
    document["samples"] = [1]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (forged, "what stands before its samples"),
        (replanned, "what stands before its samples"),
        (polished, "record 2 of 4 (step s1, sample 2)"),
        (shortened, "record 3 of 3 (step s2, sample 1)"),
        (swapped, "record 1 of 4 (step s1, sample 2)"),
        (beheaded, "missing at its end"),
        (emptied, "record 1 of 1 is no sample"),
        (lambda document: document.pop("hashes"), "its hashes are missing"),
        (lambda document: document.update(version=99), "newer FixLoop"),
        (lambda document: document.update(format="csv"), "no evidence"),
    ],
)
def test_a_changed_file_is_refused(change: Any, says: str) -> None:
    """In a sentence that names the first record that does not fit."""
    with pytest.raises(BadInput) as refused:
        read_evidence(changed(write_evidence(evidence()), change), name="before.json")
    assert says in str(refused.value)
    assert str(refused.value).startswith("before.json")


@given(st.integers(min_value=0, max_value=10_000), st.characters(codec="ascii"))
@settings(max_examples=150, deadline=None)
def test_no_letter_can_be_changed_unseen(place: int, letter: str) -> None:
    """Any one changed letter is refused, or changes nothing of what is read."""
    text = write_evidence(evidence())
    place %= len(text)
    try:
        read = read_evidence(text[:place] + letter + text[place + 1 :])
    except BadInput:
        return
    assert read == evidence()


def test_the_hash_of_a_document_is_its_own() -> None:
    """Two runs that differ in one latency have other hashes; spaces of the file do not matter."""
    other = evidence(samples=(("s1", (replace(FAILED, latency_ms=12.6), *SEEN[1:])), *evidence().samples[1:]))
    text = write_evidence(evidence())
    assert document_hash(text) != document_hash(write_evidence(other))
    assert read_evidence(json.dumps(json.loads(text), indent=4)) == evidence()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"format": "fixloop evidence"}', b"[" * 100_000])
def test_a_file_that_is_no_evidence_is_one_sentence(content: bytes, tmp_path: Any) -> None:
    """No traceback, whatever is in it."""
    file = tmp_path / "e.json"
    file.write_bytes(content)
    with pytest.raises(BadInput, match=r"e\.json"):
        load_evidence(file)
    with pytest.raises(BadInput, match="there is no evidence"):
        load_evidence(tmp_path / "gone.json")


# JUnit


def test_each_step_is_a_test_case() -> None:
    """Failed, passed, skipped, inconclusive, and the manual one."""
    suite = ElementTree.fromstring(write_junit(evidence()))[0]  # noqa: S314 - our own
    kinds = [[child.tag for child in case if child.tag != "system-out"] for case in suite.iter("testcase")]
    assert kinds == [["failure"], [], ["skipped"], ["error"], ["skipped"]]
    counted = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counted == {"tests": "5", "failures": "1", "errors": "1", "skipped": "2"}
    failure = next(suite.iter("failure"))
    assert "status was 503, expected 200" in (failure.text or "")


@given(texts(), texts())
@settings(max_examples=40, deadline=None)
def test_any_text_is_xml(reason: str, title: str) -> None:
    """Control characters and halves of letters do not break the report."""
    plan = replace(PLAN, steps=(replace(STEPS[0], title=title), *STEPS[1:]))
    step = StepProgress(
        step_id="s1", phase=StepPhase.DONE, verdict=StepVerdict.FAILED, reason=reason, failures=SEEN[:1]
    )
    written = evidence()
    report = write_junit(replace(written, run=replace(written.run, plan=plan, steps=(step,)), reason=reason))
    assert len(list(ElementTree.fromstring(report).iter("testcase"))) == 5  # noqa: S314 - our own


def test_a_fault_is_told() -> None:
    """What could not be reached has no status, and its sentence stands in the report."""
    refused = replace(FAILED, status=None, failures=(), fault=Fault(kind=FaultKind.REFUSED))
    step = StepProgress(step_id="s1", phase=StepPhase.DONE, verdict=StepVerdict.FAILED, failures=(refused,))
    written = evidence()
    assert "connection refused" in write_junit(replace(written, run=replace(written.run, steps=(step,))))
