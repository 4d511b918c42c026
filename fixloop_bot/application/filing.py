"""Where a report is put in Slack: a canvas, else a file on the resolution card, else a file as a message of its own.

**A canvas** is announced in the store before it is asked for, and its id is kept before anything else is done with it.
Killed in between, a worker leaves a canvas of which nobody has the id. It cannot be looked for: Slack lists canvases
only by ``files.list``, whose scope ``files:read`` would open every file of FixLoop's channels to it. Such a canvas is
shared with nobody and so seen by nobody; whoever writes the next one says in the log that it may be there.

**A file** that is uploaded without a channel is private to FixLoop. Its address in a message of FixLoop's shares it
with that message's readers, so it costs no message where the resolution card names it. Slack promises that in no
reference, only its developers say so; hence the thread is looked at afterwards, and a file that does not stand on any
of its messages is shown in one of its own: a fifth message is better than a report that nobody may open.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from fixloop_bot.application.papers import Filed, Filings, Papers
from fixloop_bot.application.ports import Clock
from fixloop_bot.application.views import ThreadRefs
from fixloop_bot.domain.errors import SlackBusy, SlackRefused
from fixloop_bot.domain.moments import utc
from fixloop_bot.domain.report import Report

log = logging.getLogger(__name__)

CARD = "resolution"
"""The card that names the report's address."""
CARD_WITHIN_S = 600.0
"""A card that was not brought up to date for so long is waited for no longer."""


class Filing:
    """Every method raises StoreUnavailable, SlackBusy and SlackRefused, after which it may be called again."""

    def __init__(self, papers: Papers, filings: Filings, *, clock: Clock) -> None:
        self._papers = papers
        self._filings = filings
        self._clock = clock

    async def put(self, report: Report, filed: Filed, refs: ThreadRefs) -> Filed:
        """Put the report where the last one is, else where the workspace allows it. What has become a file stays one.

        A report of a resolution is named by its card; any other stands in the thread, below whoever asked for it.
        """
        if not filed.file_id:
            canvas = await self._on_canvas(report, filed, channel=refs.channel or "")
            if canvas is not None:
                return canvas
        if report.resolved_at is None:
            return await self.in_message(report, filed, refs)
        return await self._for_card(report, filed)

    async def _on_canvas(self, report: Report, filed: Filed, *, channel: str) -> Filed | None:
        if not filed.canvas_id:
            filed = await self._announced(report, filed)
        try:
            canvas = await self._papers.write_canvas(report, canvas_id=filed.canvas_id)
        except SlackBusy as busy:
            if busy.undone and not filed.canvas_id:
                await self._filings.keep_filed(report.incident_id, replace(filed, writing=0.0))
            raise
        if canvas is None:
            return None
        filed = replace(filed, canvas_id=canvas.id, url=canvas.url, writing=0.0)
        await self._filings.keep_filed(report.incident_id, filed)
        await self._papers.open_canvas(canvas.id, channel=channel)
        return filed

    async def _announced(self, report: Report, filed: Filed) -> Filed:
        if filed.writing:
            log.warning(
                "the report of %s is written into a new canvas: one that was begun at %s may be left over, unshared",
                report.incident_id,
                utc(filed.writing),
            )
        filed = replace(filed, writing=self._clock.now())
        await self._filings.keep_filed(report.incident_id, filed)
        return filed

    async def _for_card(self, report: Report, filed: Filed) -> Filed:
        sharing = filed.sharing or await self._uploaded(report, filed)
        url = await self._papers.finish_file(report, sharing)
        if url is None:
            sharing = await self._uploaded(report, filed)
            url = await self._papers.finish_file(report, sharing)
        if url is None:
            raise SlackRefused("file_not_found", method="files.completeUploadExternal")
        return replace(filed, file_id=sharing, sharing="", url=url, loose=True, writing=0.0)

    async def in_message(self, report: Report, filed: Filed, refs: ThreadRefs) -> Filed:
        """A message of its own in the thread; what a killed worker had uploaded is shown, and not uploaded again."""
        channel, ts = _thread(refs)
        shown = replace(filed, file_id=filed.sharing, sharing="", url="", loose=False, writing=0.0)
        if filed.sharing and await self._papers.has_file(filed.sharing, channel=channel, thread_ts=ts):
            return shown
        if filed.sharing and await self._papers.share_file(report, filed.sharing, channel=channel, thread_ts=ts):
            return shown
        sharing = await self._uploaded(report, filed)
        if not await self._papers.share_file(report, sharing, channel=channel, thread_ts=ts):
            raise SlackRefused("file_not_found", method="files.completeUploadExternal")
        return replace(shown, file_id=sharing)

    async def _uploaded(self, report: Report, filed: Filed) -> str:
        sharing = await self._papers.put_file(report)
        await self._filings.keep_filed(report.incident_id, replace(filed, sharing=sharing, writing=0.0))
        return sharing

    async def stands(self, filed: Filed, refs: ThreadRefs) -> bool:
        """Whether the file stands on a message of the thread."""
        channel, ts = _thread(refs)
        return await self._papers.has_file(filed.file_id, channel=channel, thread_ts=ts)

    def awaits_card(self, filed: Filed, refs: ThreadRefs) -> bool:
        """Whether the card that would show the file is still to be brought up to date."""
        card = refs.part(CARD)
        drawn = card is not None and card.ts is not None and card.shown_at > filed.made_at
        return not drawn and self._clock.now() < filed.made_at + CARD_WITHIN_S


def _thread(refs: ThreadRefs) -> tuple[str, str]:
    """The channel and the root's timestamp; empty where there is none yet."""
    root = refs.part("root")
    return refs.channel or "", (root.ts if root is not None else None) or ""
