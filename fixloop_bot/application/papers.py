"""What a report needs from outside: a place to file it, a memory of where it is, and who else is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from fixloop_bot.domain.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """Where an incident's report is. ``version`` counts resolutions; ``digest`` is of what it says.

    ``canvas_id`` is of the canvas, ``file_id`` of the last file where there are no canvases; ``sharing`` is one that
    was uploaded but perhaps not shown yet. ``url`` opens it. ``told`` is the version that Datadog was told of.
    ``writing`` is when a new canvas was asked for whose id is not known yet, 0 where none is; ``loose``: the file is
    not known to stand on a message, so that perhaps nobody may open it.
    """

    version: int = 0
    digest: str = ""
    canvas_id: str = ""
    file_id: str = ""
    sharing: str = ""
    url: str = ""
    told: int = 0
    made_at: float = 0.0
    writing: float = 0.0
    loose: bool = False


class Filings(Protocol):
    """Keeps where reports are. Every method raises StoreUnavailable."""

    async def filed(self, incident_id: str) -> Filed: ...

    async def keep_filed(self, incident_id: str, filed: Filed) -> None:
        """Save, and mark the incident's thread as out of date."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """A document that was written: its id, and its address where that is known."""

    id: str
    url: str


class Papers(Protocol):
    """Reports in Slack. Raises SlackRefused or SlackBusy."""

    async def write_canvas(self, report: Report, *, canvas_id: str) -> Canvas | None:
        """Write the report over the canvas, or into a new one where ``canvas_id`` is empty or gone.

        Nobody else sees a new one before ``open_canvas``. None where the workspace has no canvases for us.
        """
        ...

    async def open_canvas(self, canvas_id: str, *, channel: str) -> None:
        """Let everybody in ``channel`` read it."""
        ...

    async def put_file(self, report: Report) -> str:
        """Upload the report as Markdown; returns the file's id. Nobody sees it before one of the next two."""
        ...

    async def finish_file(self, report: Report, file_id: str) -> str | None:
        """Finish the upload without a message of its own; its address, or None where Slack does not know the file.

        Whoever shows that address in a message of ours shares the file with those who read it there.
        """
        ...

    async def share_file(self, report: Report, file_id: str, *, channel: str, thread_ts: str) -> bool:
        """Show the file in a thread, as a message of its own; False where Slack does not know it."""
        ...

    async def has_file(self, file_id: str, *, channel: str, thread_ts: str) -> bool:
        """Whether a message of the thread shows this file."""
        ...


class Announcer(Protocol):
    """Tells others of a report. Raises TelemetryUnavailable."""

    @property
    def available(self) -> bool: ...

    async def announce(self, report: Report, *, service: str, env: str | None, link: str) -> None: ...


class Writer(Protocol):
    """The model, where it may write the summary."""

    @property
    def model(self) -> str: ...

    async def summary(self, incident_id: str) -> str:
        """A checked summary; empty where there is no model, or nothing that it says stands up. Never raises."""
        ...
