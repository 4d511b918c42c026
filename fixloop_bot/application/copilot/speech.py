"""What the copilot needs from outside: a model that it talks with, and a place where its answer appears as it grows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A function that the model may call. ``parameters`` is a JSON Schema of an object, possibly without properties."""

    name: str
    description: str
    parameters: Mapping[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})


@dataclass(frozen=True, slots=True)
class Words:
    """A part of the text that a person will see; thinking never gets here."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """The model asks for a tool. ``arguments`` is an object already; one that could not be read comes as ``wrong``."""

    id: str
    name: str
    arguments: Mapping[str, Any]
    wrong: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The end of one turn; ``message`` is the whole message in the API's words, to be sent back as it is."""

    calls: tuple[ToolCall, ...] = ()
    message: Mapping[str, Any] = field(default_factory=dict)
    cut_off: bool = False
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


Heard = Words | Turn


class Talker(Protocol):
    """The model in a conversation. Raises ModelSilent (``domain.errors``) with one sentence."""

    @property
    def available(self) -> bool:
        """Whether there is a model at all, and it is not known to be down."""
        ...

    @property
    def model(self) -> str: ...

    def talk(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Tool], *, deadline_s: float
    ) -> AsyncIterator[Heard]:
        """One turn: words as they come, and a Turn at the end. Closing the iterator ends the request."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an answer belongs. ``team`` is needed by Slack to stream in a channel."""

    channel: str
    thread_ts: str
    user: str
    team: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One line below an answer: ``[1] run 2, step 3``, with a link where there is something to open."""

    number: int
    title: str
    link: str = ""


class Unheard(Exception):  # noqa: N818 - nothing went wrong here; the copilot answers anew
    """Slack was away for so long that the answer is stale: what of it has been seen is not certain."""


class Speech(Protocol):
    """One answer on its way into the thread. ``close`` or ``fail`` ends it; afterwards nothing more is said.

    Both raise Unheard. A new speech of the same id then goes on in what may be in the thread already.
    """

    async def doing(self, status: str) -> None:
        """What goes on behind the scenes: "reading run 2…". Shown until words come."""
        ...

    async def say(self, text: str) -> None:
        """More of the answer, as Markdown that is already checked and escaped."""
        ...

    async def close(self, *, references: Sequence[Reference], feedback_id: str, offers: Sequence[Offer] = ()) -> None:
        """The end: the citations' list, buttons for what was proposed, and 👍/👎."""
        ...

    async def fail(self, sentence: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Something that the copilot may only do when a responder presses its button."""

    action: str
    label: str
    value: str


class Podium(Protocol):
    """Opens a speech in a thread; never raises for a Slack that cannot stream: then plain updates are used."""

    def speech(self, place: Place, *, answer_id: str) -> Speech: ...

    async def there(self) -> bool:
        """False while nobody could be answered: Slack is out of reach, or does not take our token."""
        ...

    async def suggest(self, place: Place, prompts: Sequence[str]) -> None:
        """At most four questions that fit the incident's state."""
        ...
