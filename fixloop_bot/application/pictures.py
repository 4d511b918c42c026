"""What pictures need from outside: somebody who draws them, a place to keep them, and a memory of what is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from fixloop_bot.application.occasions import SPREAD
from fixloop_bot.domain.chart import SignalChart
from fixloop_bot.domain.errors import FixLoopError
from fixloop_bot.domain.runs import Run
from fixloop_bot.domain.spread import SpreadChart


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture of an incident, in Slack.

    ``name`` is its place (``signal``, ``spread``), ``occasion`` what it was drawn for, ``digest`` one of what it shows,
    so that nothing is uploaded twice. ``file_id`` is Slack's. ``drawn_at`` is epoch seconds.
    """

    name: str
    occasion: str
    digest: str
    file_id: str
    alt: str
    drawn_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Album:
    """The pictures of one incident: the newest of each name.

    ``uploading`` are those that Slack was given but that are not complete: written down first, so that the upload of a
    killed worker is completed, not repeated. ``drawn_for`` are the last occasions that are done. ``calls`` counts what
    pictures have cost in calls to Slack since the incident's ``cycle`` (how often it was reopened) began.
    """

    pictures: tuple[Picture, ...] = ()
    uploading: tuple[Picture, ...] = ()
    drawn_for: tuple[str, ...] = ()
    calls: int = 0
    cycle: int = 0

    def picture(self, name: str) -> Picture | None:
        return next((each for each in self.pictures if each.name == name), None)

    def with_pictures(self, *new: Picture) -> Album:
        """These in the place of those of the same name; nothing is being uploaded any more."""
        names = {each.name for each in new}
        kept = tuple(each for each in self.pictures if each.name not in names)
        return replace(self, pictures=(*kept, *new), uploading=())


def spread_of(album: Album, run: Run | None) -> Picture | None:
    """The picture of before and now that belongs to this run."""
    picture = album.picture(SPREAD)
    fits = picture is not None and run is not None and picture.occasion == f"run:{run.number}"
    return picture if fits else None


class Albums(Protocol):
    """Keeps albums. Every method raises StoreUnavailable."""

    async def album(self, incident_id: str) -> Album: ...

    async def keep_album(self, incident_id: str, album: Album) -> None:
        """Save, and mark the incident's thread as out of date."""
        ...


class Painter(Protocol):
    """Draws a PNG, off the event loop. Raises PaintingFailed with one sentence."""

    async def signal(self, chart: SignalChart) -> bytes: ...
    async def spread(self, chart: SpreadChart) -> bytes: ...


class PaintingFailed(FixLoopError):  # noqa: N818 - named for what happened
    """There is no picture this time; nobody is told but the log."""


class Files(Protocol):
    """Files in Slack. Raises SlackRefused or SlackBusy."""

    @property
    def available(self) -> bool:
        """Whether uploads are possible at all, as far as is known."""
        ...

    async def put(self, content: bytes, *, name: str, alt: str = "") -> str:
        """Give Slack the bytes; returns the file's id. Nobody sees it before ``complete``."""
        ...

    async def complete(
        self, files: Sequence[tuple[str, str]], *, channel: str = "", thread_ts: str = "", comment: str = ""
    ) -> bool:
        """Finish the uploads of (id, title), and show them in a thread if one is named.

        False where Slack does not know one of them, so that it has to be put again.
        """
        ...
