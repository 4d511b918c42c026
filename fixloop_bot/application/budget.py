"""How many requests a run may still send, over all its steps."""

from __future__ import annotations


class Budget:
    """Counts down; ``allow.requests_per_plan`` of the catalog is where a run begins."""

    def __init__(self, requests: int) -> None:
        self._left = max(0, requests)

    def take(self, requests: int) -> bool:
        """Take so many at once; False, and nothing taken, where fewer are left."""
        if requests > self._left:
            return False
        self._left -= requests
        return True
