"""Files in Slack, uploaded in three steps: a URL, the bytes, the completion. Implements the ``Files`` port.

A file that is completed without a channel is seen by nobody until a message or a canvas shows it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import aiohttp

from fixloop_bot.adapters.slack.api import WAIT_AFTER_FAILURE_S, SlackApi
from fixloop_bot.application.ports import Clock
from fixloop_bot.domain.errors import SlackBusy, SlackRefused

log = logging.getLogger(__name__)

REFUSED_FOR_S = 600.0
LONGEST_ALT = 1_000
NOT_ALLOWED = frozenset({"missing_scope", "not_allowed_token_type", "unknown_method", "file_uploads_disabled"})
"""Refusals that say that no upload will work until somebody changes something."""
UNKNOWN_FILE = frozenset({"file_not_found", "file_deleted", "invalid_arguments", "file_update_failed"})
UPLOAD = "the upload"


class SlackFiles:
    """Uploads; after a refusal that concerns every upload it is asked again after ten minutes."""

    def __init__(self, api: SlackApi, *, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._refused_until = 0.0

    @property
    def available(self) -> bool:
        return self._clock.now() >= self._refused_until

    async def put(self, content: bytes, *, name: str, alt: str = "") -> str:
        about: dict[str, Any] = {"alt_txt": alt[:LONGEST_ALT]} if alt else {}
        try:
            answer = await self._api.call("files.getUploadURLExternal", filename=name, length=len(content), **about)
        except SlackRefused as refusal:
            self._note(refusal)
            raise
        await self._send(str(answer["upload_url"]), content)
        return str(answer["file_id"])

    async def complete(
        self, files: Sequence[tuple[str, str]], *, channel: str = "", thread_ts: str = "", comment: str = ""
    ) -> bool:
        return await self._completed(files, channel=channel, thread_ts=thread_ts, comment=comment) is not None

    async def finish(self, file_id: str, title: str) -> str | None:
        """Finish one upload without showing it; its address as Slack says it, or else an empty one.

        None where Slack does not know the file.
        """
        answer = await self._completed([(file_id, title)])
        if answer is None:
            return None
        named = [each for each in answer.get("files") or () if isinstance(each, dict) and each.get("id") == file_id]
        return str(named[0].get("permalink") or "") if named else ""

    async def _completed(
        self, files: Sequence[tuple[str, str]], *, channel: str = "", thread_ts: str = "", comment: str = ""
    ) -> dict[str, Any] | None:
        place: dict[str, Any] = {"channel_id": channel} if channel else {}
        place |= {"thread_ts": thread_ts} if channel and thread_ts else {}
        place |= {"initial_comment": comment} if channel and comment else {}
        named = [{"id": file_id, "title": title} for file_id, title in files]
        try:
            return await self._api.call("files.completeUploadExternal", files=named, **place)
        except SlackRefused as refusal:
            self._note(refusal)
            if refusal.error not in UNKNOWN_FILE:
                raise
            log.info("an upload has to be made again: %s", refusal)
            return None

    def _note(self, refusal: SlackRefused) -> None:
        if refusal.error in NOT_ALLOWED:
            self._refused_until = self._clock.now() + REFUSED_FOR_S

    async def _send(self, url: str, content: bytes) -> None:
        """The bytes go to an address that Slack has just named, without our token."""
        session = self._api.client.session
        if session is None:
            raise RuntimeError("SlackApi is used before it is opened")
        try:
            async with session.post(url, data=content) as answer:
                if answer.status >= 500 or answer.status == 429:
                    raise SlackBusy(UPLOAD, retry_after=WAIT_AFTER_FAILURE_S)
                if answer.status >= 400:
                    raise SlackRefused(f"http_{answer.status}", method=UPLOAD)
        except aiohttp.InvalidURL as error:
            raise SlackRefused("invalid_url", method=UPLOAD) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise SlackBusy(UPLOAD, retry_after=WAIT_AFTER_FAILURE_S) from error


class NullFiles:
    """Without Slack there is nowhere to upload to."""

    available = False

    async def put(self, content: bytes, *, name: str, alt: str = "") -> str:
        raise SlackRefused("not_configured", method=UPLOAD)

    async def complete(
        self, files: Sequence[tuple[str, str]], *, channel: str = "", thread_ts: str = "", comment: str = ""
    ) -> bool:
        raise SlackRefused("not_configured", method=UPLOAD)
