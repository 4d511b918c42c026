"""What only shows when a step's answers are laid side by side: one answer to everything that was asked.

A cache, a fallback page or a stub answers each question alike, and every single answer looks fine. So where a step
varies its requests and does not compare the answers with what it asked, equal answers prove nothing. Many requests
rightly have one answer, hence what is *not* suspected:

* an answer of a few bytes (``{"ok":true}``), and to a write an acknowledgement of up to 256: writes are not cached;
* a step that names the answer itself (``body ==``, ``sha256 ==``, ``json $ ==``) or compares it with its inputs;
* answers that differ at all, be it by a time stamp or a request id: then they were made for us;
* requests that had one answer in healthy times, by the baseline: for them it is normal. A run before the fix is no
  witness of what is normal.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence

from fixloop_bot.domain.baselines import Baseline
from fixloop_bot.domain.expectations import expect
from fixloop_bot.domain.expectations.claim import Assertion, Comparison, Subject
from fixloop_bot.domain.plans import HttpCheck, ProbedCheck, Request
from fixloop_bot.domain.samples import Outcome, Response, Sample

ENOUGH_INPUTS = 3
TINY = 64  # characters up to which an answer may well be the same to all
ACKNOWLEDGEMENT = 256  # the same for a request that writes
SAME_ANSWER = "different inputs brought the same answer: it may come from a cache"
_READS = frozenset({"GET", "HEAD", "OPTIONS", "QUERY"})
_NAME = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.-]*)\s*\}\}")
DIGITS = 16
_NOTHING = hashlib.sha256(b"").hexdigest()[:DIGITS]


def fingerprint(response: Response) -> str:
    """What makes two answers the same: their body, or a tag that says so where bodies may differ or be missing.

    16 hex digits of SHA-256. A *weak* ETag (RFC 9110, 8.8.1) declares answers equal whose bytes are not, and an answer
    to HEAD has nothing but its ETag. A strong one promises equal bytes, so the bytes are the better witness.
    """
    tag = (response.header("etag") or "").strip()
    if tag and (tag.startswith("W/") or not response.body):
        return hashlib.sha256(tag.encode("utf-8", "replace")).hexdigest()[:DIGITS]
    return hashlib.sha256(response.body).hexdigest()[:DIGITS]


class Sameness:
    """The answers of one step, by what was asked. Fed with every sample; it resumes from stored ones."""

    def __init__(self, check: ProbedCheck, *, baseline: Baseline | None = None) -> None:
        self._asked = _asked(check) if isinstance(check, HttpCheck) else ()
        self._suspects = (
            len(set(self._asked)) >= ENOUGH_INPUTS and not _says_which(check) and not _same_in(baseline, check)
        )
        self._longest_ack = TINY if _method(check) in _READS else ACKNOWLEDGEMENT
        self._answers: dict[tuple[str, ...], set[str]] = {}
        self._weighty = _method(check) == "HEAD"

    def add(self, sample: Sample) -> None:
        """Remember what a passed sample brought, and to which of the inputs."""
        if not self._suspects or sample.outcome is not Outcome.PASSED or sample.input is None:
            return
        if sample.digest in ("", _NOTHING) or not 0 <= sample.input < len(self._asked):
            return
        self._answers.setdefault(self._asked[sample.input], set()).add(sample.digest)
        # Only the first samples keep the start of their body; equal answers are equally long.
        self._weighty = self._weighty or len(sample.excerpt) >= self._longest_ack

    def suspicion(self) -> str:
        """Why these answers prove nothing; empty where they may."""
        several = len(set().union(*self._answers.values())) > 1
        if several or len(self._answers) < ENOUGH_INPUTS or not self._weighty:
            return ""
        return f"{len(self._answers)} {SAME_ANSWER}"


def _method(check: ProbedCheck) -> str:
    return check.request.method.upper() if isinstance(check, HttpCheck) else ""


def _asked(check: HttpCheck) -> tuple[tuple[str, ...], ...]:
    """For each input, what of it goes into the request: two that differ elsewhere ask the same."""
    names = _names(check.request)
    return tuple(_values(text, names) for text in check.inputs) if names else ()


def _values(text: str, names: Sequence[str]) -> tuple[str, ...]:
    try:
        values = json.loads(text)
    except ValueError:
        return ()
    return tuple(json.dumps(values.get(name), sort_keys=True) for name in names) if isinstance(values, dict) else ()


def _names(request: Request) -> list[str]:
    texts = (request.path, request.json_body or "", request.body or "", *(value for _, value in request.headers))
    return sorted({name for text in texts for name in _NAME.findall(text)})


def _says_which(check: ProbedCheck) -> bool:
    """Whether a line compares the answer with the inputs, or states it as a whole: then it has judged already."""
    lines = check.expect if isinstance(check, HttpCheck) else ()
    return any(_judges(expect.parse(line)) for line in lines)


def _judges(line: Assertion) -> bool:
    if line.names:
        return True
    whole = line.subject in (Subject.BODY, Subject.SHA256) or (line.subject is Subject.JSON and line.path == "$")
    return whole and line.comparison is Comparison.EQUAL and not line.negated


def _same_in(baseline: Baseline | None, check: ProbedCheck) -> bool:
    """One body in several answers while the service was healthy, to a request that was varied then, too."""
    known = baseline.of(check.request.line()) if baseline is not None and isinstance(check, HttpCheck) else None
    if known is None or "{{" not in known.line:
        return False
    return known.samples >= 2 * ENOUGH_INPUTS and len(known.digests) == 1
