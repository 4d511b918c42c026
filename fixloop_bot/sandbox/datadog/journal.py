"""What the local Datadog did, for the sandbox's page: API calls answered, webhooks sent; newest last."""

from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

KEPT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`kind` is `api` or `webhook`; `at` in seconds since the epoch. Never holds a key or a custom header."""

    kind: str
    at: float
    summary: str
    status: int | None
    milliseconds: float
    details: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Journal:
    """A bounded list of entries; intake calls are only counted, for there are several every second."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self.intake_calls = 0

    def note(self, kind: str, summary: str, status: int | None, seconds: float, **details: Any) -> None:
        self._entries.append(
            Entry(
                kind=kind,
                at=self._clock(),
                summary=summary,
                status=status,
                milliseconds=round(seconds * 1000, 1),
                details=details,
            )
        )

    def entries(self, kind: str | None = None) -> list[Entry]:
        return [entry for entry in self._entries if kind in (None, entry.kind)]
