"""Faults that come with a release: the deploy is told to Datadog, as a team's pipeline would."""

from __future__ import annotations

from collections.abc import Callable

RELEASES = {
    "checkout-500": "mira@example.com",
    "empty-success": "jonas@example.com",
    "fix-breaks-neighbour": "mira@example.com",
    "half-fix": "jonas@example.com",
    "missing-quantity": "mira@example.com",
    "wrong-total": "jonas@example.com",
}
"""Fault → who deployed the release that brought it. All others come out of the blue: nothing was changed before."""
BEFORE, AFTER = "2.14.0", "2.15.0"


class Pipeline:
    """Listens to the fault switches: a fault of a release begins with a deploy and, mended, ends with a roll-back."""

    def __init__(self, announce: Callable[[str, str], None]) -> None:
        self._announce = announce
        self._out: set[str] = set()

    def __call__(self, fault: str, state: str) -> None:
        author = RELEASES.get(fault)
        if author is None:
            return
        if state == "broken" and fault not in self._out:
            self._out.add(fault)
            self._announce(AFTER, author)
        elif state == "fixed" and fault in self._out:
            self._out.discard(fault)
            self._announce(BEFORE, author)
