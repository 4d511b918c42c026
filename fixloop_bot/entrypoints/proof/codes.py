"""Exit codes of the commands outside Slack, by which a CI job decides."""

from __future__ import annotations

GOOD, BAD, UNKNOWN, USAGE, STOPPED = 0, 1, 2, 3, 130
BY_VERDICT = {
    "proven": GOOD,
    "passed": GOOD,
    "failed": BAD,
    "not recovered": BAD,
    "inconclusive": UNKNOWN,
    "unproven": UNKNOWN,
}
"""Unproven is no failure and no proof: a job that asked for a proof has not got it."""
