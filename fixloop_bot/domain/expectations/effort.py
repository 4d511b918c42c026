"""How much looking one answer is worth. A hostile answer or line ends in TooMuch, and not in a stalled process.

The unit is one value visited, some 0.2 µs. It is counted before the work, so that what is too much is not begun.
"""

from __future__ import annotations

MOST = 1_000_000
"""Units for one answer, whatever the number of lines: about a quarter of a second."""
MOST_FOUND = 50_000
"""Values that a path may find, at each of its steps."""


class TooMuch(Exception):  # noqa: N818 -- a finding about an answer, not an error of the program
    """There is more to look at than is looked at."""

    def __init__(self) -> None:
        super().__init__("too many values to look at")


class Effort:
    """What is left to spend on one answer."""

    __slots__ = ("left",)

    def __init__(self, left: int = MOST) -> None:
        self.left = left

    def spend(self, units: int) -> None:
        """Raises TooMuch."""
        self.left -= units
        if self.left < 0:
            raise TooMuch
