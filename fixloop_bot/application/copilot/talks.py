"""What is kept of the conversations in threads, and who may answer now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A question and its answer. ``id`` is ``channel:ts`` of the question; ``at`` epoch seconds; texts are masked."""

    id: str
    at: float
    user: str
    question: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What somebody wrote in an incident's thread to somebody else than the bot; ``text`` is masked and cut."""

    id: str
    at: float
    user: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What a responder thought of an answer."""

    user: str
    good: bool
    at: float
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An answer as it was given, kept for its feedback. ``model`` is empty for the built-in way."""

    id: str
    incident: str
    exchange: Exchange
    model: str = ""
    left_out: int = 0
    not_verified: int = 0
    seconds: float = 0.0
    feedback: tuple[Feedback, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """A question's place in its thread's line: how many are ``ahead``; ``gone`` where it needs no answer any more.

    ``gone`` means that it was answered, or that another worker is at it.
    """

    ahead: int = 0
    gone: bool = False


class Talks(Protocol):
    """Conversations in threads, shared by all processes. Every method raises StoreUnavailable."""

    async def take_turn(self, thread: str, question: str, token: str, *, asked_at: float, seconds: float) -> Stand:
        """Stand in a thread's line, in the order of asking, and hold the turn for some seconds once it is there.

        To be repeated: while waiting, to keep the place, and while answering, to keep the turn. ``token`` tells two
        workers apart that were given the same question.
        """
        ...

    async def end_turn(self, thread: str, question: str, token: str, *, answered: bool) -> None:
        """Leave the line; a question that was ``answered`` is not answered again."""
        ...

    async def conversation(self, thread: str) -> Sequence[Exchange]:
        """The last exchanges of a thread, oldest first."""
        ...

    async def overhear(self, thread: str, remark: Remark) -> None:
        """Remember what people write to each other, the newest of it, once for each message."""
        ...

    async def remarks(self, thread: str) -> Sequence[Remark]:
        """What was overheard in a thread, oldest first."""
        ...

    async def amend(self, thread: str, message: str, text: str) -> None:
        """What a message says now, remark or question; empty: it was deleted, and is forgotten."""
        ...

    async def keep(self, thread: str, record: Record) -> None:
        """Remember an answer, and add it to its thread's conversation."""
        ...

    async def record(self, answer_id: str) -> Record | None: ...

    async def add_feedback(self, answer_id: str, feedback: Feedback) -> bool:
        """Keep what somebody thought, instead of what they thought before; False if the answer is not known."""
        ...

    async def under_way(self, thread: str) -> str | None:
        """The id of the answer that is being given in a thread."""
        ...

    async def stop_answer(self, answer_id: str, by: str) -> None: ...
    async def answer_stopped_by(self, answer_id: str) -> str | None: ...
