"""Everything the core may raise, in one tree.

::

    FixLoopError                     a sentence that a person can act on
    ├── BadInput                     what came in cannot be understood; names what and where
    │   ├── CatalogError             line and key of fixloop.yml
    │   ├── PlanRejected             a plan that breaks the catalog's rules, with every reason
    │   ├── ExpectError              an ``expect`` line, with the column
    │   ├── GateRefused              a request that the catalog does not allow
    │   └── UnreadableSignal         a webhook body in which no alert can be found
    ├── IllegalTransition            the lifecycle does not allow it; nothing changed
    ├── Conflict                     somebody else wrote first; read again and retry
    ├── NewerDocument                the store holds a document of a newer FixLoop
    ├── StoreUnavailable             the store did not answer
    ├── TelemetryUnavailable         Datadog did not answer, or refused
    ├── PlannerUnavailable           no model, or no usable answer; the standard plan steps in
    ├── ModelSilent                  no answer in a conversation; the built-in brief steps in
    ├── SlackRefused                 Slack said no, with its error name
    └── SlackBusy                    Slack asks to wait so many seconds, or does not answer
        └── FiguresWait              the same, where only figures that count on are not shown
"""

from __future__ import annotations

from collections.abc import Sequence


class FixLoopError(Exception):
    """Base of all; ``str(error)`` is one sentence for a person."""


class BadInput(FixLoopError):
    """What came in cannot be understood."""


class CatalogError(BadInput):
    """The catalog is wrong; the sentence names line and key."""


class PlanRejected(BadInput):
    """A plan breaks the rules of its service. ``reasons`` has one sentence for each breach."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__(" ".join(self.reasons))


class ExpectError(BadInput):
    """An ``expect`` line that cannot be read. ``column`` counts from 1."""

    def __init__(self, sentence: str, *, source: str, column: int) -> None:
        self.source = source
        self.column = column
        super().__init__(f"{sentence} (column {column} of `{source}`)")


class GateRefused(BadInput):
    """A request that the catalog does not allow; nothing was sent."""


class UnreadableSignal(BadInput):
    """A webhook body in which no alert can be found."""


class IllegalTransition(FixLoopError):
    """The lifecycle does not allow this move; the incident is unchanged."""


class Conflict(FixLoopError):
    """Somebody else wrote first."""


class NewerDocument(FixLoopError):
    """The store holds a document that a newer FixLoop has written."""


class StoreUnavailable(FixLoopError):
    """The store did not answer."""


class TelemetryUnavailable(FixLoopError):
    """Datadog could not be asked."""


class PlannerUnavailable(FixLoopError):
    """The model wrote no usable plan; the sentence says why."""


class ModelSilent(FixLoopError):
    """The model gave no answer in a conversation, or none that may be shown; the sentence says why."""


class SlackRefused(FixLoopError):
    """Slack answered with an error; ``error`` is Slack's own name for it.

    ``lacks`` is what the token lacks, where that is the reason: ``the token lacks users:read, to name people …``.
    """

    def __init__(self, error: str, *, method: str, detail: str = "", lacks: str = "") -> None:
        self.error = error
        self.method = method
        self.why = lacks or error
        """For people, as a part of a sentence."""
        known = "; ".join(filter(None, (lacks, detail)))
        super().__init__(f"Slack refused {method}: {error}{f' ({known})' if known else ''}")


class SlackBusy(FixLoopError):
    """Slack asks to wait, or did not answer; ``retry_after`` is in seconds.

    ``undone`` says that Slack refused before it did anything, so that the call may simply be sent again; ``over`` that
    it failed on the call and said so: what was done can be seen by now, and nothing more will come of it.
    """

    def __init__(self, method: str, *, retry_after: float, undone: bool = False, over: bool = False) -> None:
        self.retry_after = retry_after
        self.undone = undone
        self.over = over
        super().__init__(f"Slack asks to wait {retry_after:.0f} s before {method}.")


class FiguresWait(SlackBusy):
    """Everything new is shown; only figures that count on are not, and may be ``retry_after`` seconds from now."""
