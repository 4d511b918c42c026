"""Reports in Slack: a canvas where the workspace has them, else a Markdown file. Implements the ``Papers`` port."""

from __future__ import annotations

import asyncio
import logging
import re

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.blocks.report import plain, report_markdown, report_title
from fixloop_bot.adapters.slack.earlier import thread
from fixloop_bot.adapters.slack.files import SlackFiles
from fixloop_bot.application.copilot.speech import Place
from fixloop_bot.application.directory import LONGEST_NAME, Directory
from fixloop_bot.application.papers import Canvas
from fixloop_bot.application.ports import Clock
from fixloop_bot.domain.errors import SlackBusy, SlackRefused
from fixloop_bot.domain.report import Report
from fixloop_bot.domain.said import said

log = logging.getLogger(__name__)

REFUSED_FOR_S = 600.0
MOST_NAMES = 30
NAMES_WITHIN_S = 5.0
"""For all names together: a Slack that is slow to tell them must not keep the report from its readers."""
STRANGERS = frozenset({"user_not_found", "user_not_visible", "users_not_found"})
"""Refusals that concern one person, who may be of another workspace."""
_USER = re.compile(r"[UW][A-Z0-9]{2,20}")


class SlackPapers:
    """Where the workspace, its plan or our token has no canvases, files are used; that is asked again in a while."""

    def __init__(self, api: SlackApi, files: SlackFiles, directory: Directory, *, clock: Clock) -> None:
        self._api = api
        self._files = files
        self._directory = directory
        self._clock = clock
        self._no_canvases_until = 0.0

    async def write_canvas(self, report: Report, *, canvas_id: str) -> Canvas | None:
        if self._clock.now() < self._no_canvases_until:
            return None
        me = await self._api.identity()
        url = str(me.get("url", "")).rstrip("/")
        team, bot = str(me.get("team_id", "")), str(me.get("user_id", ""))

        def picture(file_id: str, says: str) -> str:
            del says  # it stands below, for everybody
            return f"![]({url}/files/{bot}/{file_id}/{report.incident_id.lower()}.png)" if url and bot else ""

        shown = report_markdown(report, people=_mention, pictures=picture)
        found = await self._written(report, shown, canvas_id) if report.pictures else ""
        found = found or await self._written(report, report_markdown(report, people=_mention), canvas_id)
        if not found:
            self._no_canvases_until = self._clock.now() + REFUSED_FOR_S
            return None
        return Canvas(id=found, url=f"{url}/docs/{team}/{found}" if url and team else "")

    async def _written(self, report: Report, markdown: str, canvas_id: str) -> str:
        """The id of the canvas that holds the text now; empty where Slack refuses."""
        content = {"type": "markdown", "markdown": markdown}
        if canvas_id:
            change = {"operation": "replace", "document_content": content}
            try:
                await self._api.call("canvases.edit", canvas_id=canvas_id, changes=[change])
            except SlackRefused as refusal:
                log.info("a report gets a new canvas: %s", refusal)
            else:
                return canvas_id
        try:
            made = await self._api.call("canvases.create", title=report_title(report), document_content=content)
        except SlackRefused as refusal:
            log.info("a report does not become a canvas: %s", refusal)
            return ""
        return str(made["canvas_id"])

    async def open_canvas(self, canvas_id: str, *, channel: str) -> None:
        try:
            await self._api.call("canvases.access.set", canvas_id=canvas_id, access_level="read", channel_ids=[channel])
        except SlackRefused as refusal:
            log.warning("the report can only be read by those it is shared with: %s", refusal)

    async def put_file(self, report: Report) -> str:
        names = await self._names_of(report)
        text = f"# {report_title(report)}\n\n{report_markdown(report, people=lambda who: names.get(who, who))}"
        return await self._files.put(text.encode("utf-8", "replace"), name=_file_name(report))

    async def finish_file(self, report: Report, file_id: str) -> str | None:
        address = await self._files.finish(file_id, _file_title(report))
        if address == "":  # Slack says it in its answer as a rule
            me = await self._api.identity()
            url, bot = str(me.get("url", "")).rstrip("/"), str(me.get("user_id", ""))
            return f"{url}/files/{bot}/{file_id}/{_file_name(report).lower()}" if url and bot else ""
        return address

    async def share_file(self, report: Report, file_id: str, *, channel: str, thread_ts: str) -> bool:
        title = _file_title(report)
        return await self._files.complete([(file_id, title)], channel=channel, thread_ts=thread_ts, comment=f"{title}.")

    async def has_file(self, file_id: str, *, channel: str, thread_ts: str) -> bool:
        messages = await thread(self._api, Place(channel=channel, thread_ts=thread_ts, user=""))
        return any(each.get("id") == file_id for message in messages for each in message.get("files") or [])

    async def _names_of(self, report: Report) -> dict[str, str]:
        """What people are called: a file has no mentions. Their ids, where we may not ask."""
        who = {person for _, person in report.people} | {entry.who for entry in report.timeline}
        who |= {act.who for act in report.acts.lines}
        names: dict[str, str] = {}
        try:
            async with asyncio.timeout(NAMES_WITHIN_S):
                for user in sorted(each for each in who if _USER.fullmatch(each))[:MOST_NAMES]:
                    names[user] = await self._name_of(user)
        except (SlackRefused, SlackBusy, TimeoutError) as error:
            log.info("the report names people by their ids: %s", str(error) or "Slack is slow")
        return names

    async def _name_of(self, user: str) -> str:
        """A name is text from outside: in a document it is nothing else."""
        try:
            person = await self._directory.person(user)
        except SlackRefused as refusal:
            if refusal.error in STRANGERS:
                return user
            raise
        return plain(said(person.name, most=LONGEST_NAME), LONGEST_NAME) or user


def _mention(user: str) -> str:
    """A person in a canvas."""
    return f"![](@{user})"


def _file_name(report: Report) -> str:
    return f"{report.incident_id}-report.md"


def _file_title(report: Report) -> str:
    version = f", version {report.version}" if report.version > 1 else ""
    return f"Report of {report.incident_id}{version}"


class NullPapers:
    """Without Slack no incident has a thread, so that nobody comes here."""

    async def write_canvas(self, report: Report, *, canvas_id: str) -> Canvas | None:
        return None

    async def open_canvas(self, canvas_id: str, *, channel: str) -> None:
        """There is none."""

    async def put_file(self, report: Report) -> str:
        raise SlackRefused("not_configured", method="files.getUploadURLExternal")

    async def finish_file(self, report: Report, file_id: str) -> str | None:
        return None

    async def share_file(self, report: Report, file_id: str, *, channel: str, thread_ts: str) -> bool:
        return False

    async def has_file(self, file_id: str, *, channel: str, thread_ts: str) -> bool:
        return False
