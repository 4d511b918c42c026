"""Opens forms: within the three seconds that a trigger lives, out of the store, and never raising behind an ack.

Whoever may not do what a form is for is told so before they have typed anything. That is a courtesy; the desk asks
again when the form is submitted, and what is not known in time is left to it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.blocks import forms
from fixloop_bot.adapters.slack.blocks.card import Block
from fixloop_bot.application import errands
from fixloop_bot.application.errands import Errand, Urgency
from fixloop_bot.application.kept import Kept
from fixloop_bot.application.permissions import Permissions
from fixloop_bot.application.ports import Store
from fixloop_bot.application.resolution import Resolution
from fixloop_bot.application.whereabouts import Whereabouts
from fixloop_bot.application.wishes import ALSO, Wish
from fixloop_bot.domain.catalog import Catalog
from fixloop_bot.domain.errors import FixLoopError, SlackRefused
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.said import said
from fixloop_bot.entrypoints.slack.counter import Counter

log = logging.getLogger(__name__)

IN_TIME_S = 2.4
"""For all that comes before views.open; the trigger dies at three seconds."""
LEAVE_S = 0.8
"""For Slack's word on who is in a user group."""
OTHERWISE: Mapping[str, str] = {
    "declare": "`/fixloop declare checkout payments fail`",
    "resolve": "`/fixloop resolve {incident} rolled back 2.14.0`",
    "roles": "`/fixloop who {incident} lead @mira`",
    "mute": "`/fixloop mute {incident} 2h`",
}
"""What does the same without a form; whoever copies it gets the incident that was meant."""

View = Block | str
"""A form, or the sentence why there is none."""


class Forms:
    """Turns a click, a command or a shortcut into an open form. ``open`` never raises."""

    def __init__(
        self,
        api: SlackApi,
        store: Store,
        kept: Kept,
        counter: Counter,
        permissions: Permissions,
        resolution: Resolution,
        *,
        catalog: Catalog,
    ) -> None:
        self._api = api
        self._store = store
        self._kept = kept
        self._where = Whereabouts(store)
        self._counter = counter
        self._permissions = permissions
        self._resolution = resolution
        self._catalog = catalog

    async def open(self, wish: Wish, *, trigger_id: str) -> None:
        """Open the form of ``wish.what``; where it cannot be, the person is told another way to the same end."""
        try:
            async with asyncio.timeout(IN_TIME_S):
                view = await self._view_for(wish)
                if isinstance(view, str):
                    await self._tell(wish, view)
                elif view is None:
                    await self._counter.take(wish)
                else:
                    with errands.on(Errand(urgency=Urgency.ANSWER)):
                        await self._api.call("views.open", trigger_id=trigger_id, view=view)
        except (FixLoopError, TimeoutError) as error:
            if isinstance(error, SlackRefused) and error.error == "exchanged_trigger_id":
                return  # a repeated delivery: the form is open
            log.warning("the form of %s was not opened: %s", wish.what, str(error) or "too slow")
            await self._tell(wish, f"Slack did not open the form in time. Press again{_otherwise(wish)}.")

    async def _tell(self, wish: Wish, sentence: str) -> None:
        await self._counter.take(replace(wish, id=f"{wish.id}:told", what="told", text=sentence))

    async def of_command(self, wish: Wish) -> Wish | None:
        """The wish whose form a command opens; None for a command that needs none. Raises StoreUnavailable."""
        word, _, rest = wish.text.strip().partition(" ")
        word = ALSO.get(word.lower(), word.lower())
        if word == "declare":
            return replace(wish, what="declare", text=rest.strip())
        if word != "resolve":
            return None
        incident, name, more = await self._where.named(rest)
        here = [incident] if incident is not None else [] if name else [*await self._where.here(wish)]
        if more.strip() or len(here) != 1 or not here[0].is_open:
            return None
        return replace(wish, what="resolve", incident=here[0].id, text="")

    async def _view_for(self, wish: Wish) -> View | None:
        """None: this person may not, and the desk says so."""
        if await self._may_not(wish):  # a mute is a command for the desk, which is made of the form
            return await self._permissions.refusal(_named(wish), "mute") if wish.what == "mute" else None
        if wish.what == "declare":
            return self._declare(wish)
        if wish.what == "add_to_timeline":
            return await self._timeline(wish)
        incident = await self._store.incident(wish.incident)
        if incident is None:
            return f"There is no incident {wish.incident}."
        if not incident.is_open:
            return f"{incident.id} is resolved. Reopen it first."
        return await self._of_incident()[wish.what](incident, wish)

    async def _may_not(self, wish: Wish) -> bool:
        try:
            async with asyncio.timeout(LEAVE_S):
                return await self._permissions.would_refuse(_named(wish), wish.what)
        except TimeoutError:
            return False

    def _of_incident(self) -> Mapping[str, Callable[[Incident, Wish], Awaitable[View]]]:
        return {
            "resolve": self._resolve,
            "merge": self._merge,
            "severity": _at_once(forms.severity_form),
            "note": _at_once(forms.note_form),
            "roles": _at_once(forms.roles_form),
            "mute": _at_once(forms.mute_form),
        }

    def _declare(self, wish: Wish) -> View:
        """``declare checkout payments fail``: a first word that is a service is chosen, the rest is what is wrong."""
        first, _, rest = wish.text.partition(" ")
        known = self._catalog.service(first.lower()) or self._catalog.service(first)
        service, what = (known.name, rest.strip()) if known is not None else ("", wish.text)
        return forms.declare_form(self._catalog.services, about(wish), service=service, what=what)

    async def _resolve(self, incident: Incident, wish: Wish) -> View:
        failing = await self._resolution.failing(incident)
        return forms.resolve_form(incident, about(wish), failing=failing, asker=wish.user)

    async def _merge(self, incident: Incident, wish: Wish) -> View:
        others = [each for each in await self._where.open_ones() if each.id != incident.id]
        if not others:
            return f"No other incident is open that {incident.id} could be merged into."
        return forms.merge_form(incident, others[::-1], about(wish))

    async def _timeline(self, wish: Wish) -> View:
        found = (await self._where.open_ones())[::-1]
        if not found:
            return "No incident is open, so there is no timeline to add it to."
        words = {"author": wish.field("author"), "text": said(wish.field("text"))}
        await self._kept.keep_words(f"{wish.channel}:{wish.field('ts')}", words)
        return forms.timeline_form(found, about(wish))


def _named(wish: Wish) -> Wish:
    """With words that say what is to be muted: without any, mutes are only listed."""
    return replace(wish, text=wish.incident) if wish.what == "mute" else wish


def _otherwise(wish: Wish) -> str:
    way = OTHERWISE.get(wish.what)
    return f", or type {way.format(incident=wish.incident)}" if way is not None else ""


def about(wish: Wish) -> dict[str, str]:
    """The ids that come back with the form."""
    known = {
        "incident": wish.incident,
        "channel": wish.channel,
        "thread_ts": wish.thread_ts,
        "ts": wish.field("ts"),
        "home": "yes" if wish.place == "home" else "",
    }
    return {name: value for name, value in known.items() if value}


def _at_once(build: Callable[[Incident, forms.About], Block]) -> Callable[[Incident, Wish], Awaitable[View]]:
    async def built(incident: Incident, wish: Wish) -> View:
        return build(incident, about(wish))

    return built


NAMES = ("resolve", "merge", "severity", "note", "roles", "mute")
"""The forms of one incident."""
