"""Who may do what: the one place that decides, asked by the desk before every deed and command.

Everybody may ask, look, declare, take an incident on, and stop traffic: none of these does harm, and at 3 a.m. whoever
sees it first must be able to act. What sends requests to a service, changes what counts as its proof, or ends its
incident needs one of the service's responders. A name that stands in neither table needs one as well.

**When Slack does not say who is in a group**, whoever was seen in it within the last day is let through: nobody on
call is locked out by a Slack that is busy. Anybody else is refused, and told what is missing: a right that is granted
because it cannot be checked is none.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from fixloop_bot.application.directory import Directory
from fixloop_bot.application.kept import Kept, Refused
from fixloop_bot.application.mentions import responder
from fixloop_bot.application.ports import Clock, Store
from fixloop_bot.application.whereabouts import Whereabouts
from fixloop_bot.application.wishes import Wish
from fixloop_bot.domain.catalog import Catalog, Service
from fixloop_bot.domain.errors import SlackBusy, SlackRefused
from fixloop_bot.domain.incidents import Incident

log = logging.getLogger(__name__)

NEEDS_RESPONDER: Mapping[str, str] = {
    "validate": "validate",
    "confirm": "run the plan of",
    "run_step": "run a step of",
    "new_plan": "write a new plan for",
    "plan": "write a new plan for",
    "edit_plan": "edit the plan of",
    "tick": "change the checklist of",
    "resolve": "resolve",
    "reopen": "reopen",
    "merge": "merge incidents of",
    "mute": "mute",
}
"""Deeds and commands that only a service's responders may do, each as it is said before the service's name."""
FOR_EVERYBODY = frozenset(
    {
        *("status", "list", "report", "services", "who", "help", "mention", "told", "home_opened"),
        *("ask", "stop_answer", "withdraw_question", "answer_liked", "answer_disliked"),
        *("declare", "acknowledge", "severity", "note", "roles", "add_to_timeline", "pin", "link"),
        *("stop", "go", "home_opened"),
    }
)
"""What needs nobody's leave. ``stop`` ends traffic, of one run or of all, and ``go`` takes that back: whoever stops
by mistake must be able to undo it. Roles, notes and the severity are said by people, and the timeline says by whom."""
MISSING = frozenset({"missing_scope", "not_allowed_token_type", "no_permission"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refusal:
    service: Service
    sentence: str


class Permissions:
    """Decides, and keeps what it has refused in the audit log."""

    def __init__(self, store: Store, kept: Kept, directory: Directory, *, catalog: Catalog, clock: Clock) -> None:
        self._store = store
        self._kept = kept
        self._directory = directory
        self._catalog = catalog
        self._clock = clock
        self._where = Whereabouts(store)

    async def refusal(self, wish: Wish, name: str) -> str:
        """Why this person may not do this, politely and with who may; empty where they may. What is refused is kept.

        ``name`` is the deed or the command's word. The incidents are those of the wish, read from the store: what a
        button or a modal says of its service counts for nothing.
        """
        refused = await self._refused(wish, name)
        if refused is None:
            return ""
        entry = Refused(
            at=self._clock.now(),
            user=wish.user,
            what=name,
            service=refused.service.name,
            incident=wish.incident,
            place=wish.place,
            why=refused.sentence,
        )
        log.warning("%s was refused to %s: %s %s (%s)", name, wish.user, entry.service, entry.incident, entry.place)
        await self._kept.note_refusal(entry)
        return refused.sentence

    async def would_refuse(self, wish: Wish, name: str) -> bool:
        """The same question before a form is opened; nothing is kept, since nothing was done."""
        return await self._refused(wish, name) is not None

    async def to_edit(self, incident: Incident, person: str) -> str:
        """Why somebody may not edit an incident's plan; the editor asks, since it answers within its form."""
        return await self.refusal(
            Wish(id="", what="edit_plan", user=person, channel="", incident=incident.id, place="modal"), "edit_plan"
        )

    def who_may(self, service: Service | None) -> str:
        """Who may validate and resolve a service, as Slack shows them."""
        if service is None or not service.responders:
            return "everybody here"
        return " and ".join(responder(each) for each in service.responders)

    async def _refused(self, wish: Wish, name: str) -> _Refusal | None:
        if name in FOR_EVERYBODY or (name == "mute" and not wish.text.strip()):  # it only lists what is muted
            return None
        for service in await self._services_of(wish):
            sentence = await self._why_not(wish.user, service, NEEDS_RESPONDER.get(name, "do that for"))
            if sentence:
                return _Refusal(service=service, sentence=sentence)
        return None

    async def _services_of(self, wish: Wish) -> list[Service]:
        """Every service that a wish is about: of its incident, of the one that it is to be merged into, or by name."""
        incidents = [wish.incident, wish.field("target")]
        found = [incident for each in incidents if each and (incident := await self._store.incident(each)) is not None]
        names = [incident.service or "" for incident in found]
        if not wish.incident:
            names += await self._named(wish)
        services = (self._catalog.service(name) for name in dict.fromkeys(names))
        return [service for service in services if service is not None]

    async def _named(self, wish: Wish) -> list[str]:
        """What a command's words begin with, an incident or a service, in any case; else what stands where it was
        given. Whoever reads words reads them in this order."""
        incident, name, _ = await self._where.named(wish.text)
        if name:
            return [incident.service or ""] if incident is not None else []
        words = f"{wish.text.strip().lower()} "
        fits = [each.name for each in self._catalog.services if words.startswith(f"{each.name.lower()} ")]
        if fits:
            return [max(fits, key=len)]
        return [incident.service or "" for incident in await self._where.here(wish)]

    async def _why_not(self, user: str, service: Service, verb: str) -> str:
        people = [each for each in service.responders if not each.startswith("S")]
        if not service.responders or user in people:
            return ""
        unsure = ""
        for group in (each for each in service.responders if each.startswith("S")):
            try:
                members = await self._directory.members(group)
            except (SlackRefused, SlackBusy) as error:
                members = await self._kept.kept_members(group)
                unsure = unsure or _cannot_tell(group, error)
            else:
                await self._kept.keep_members(group, members)
            if user in members:
                return ""
        if unsure:
            return f"{unsure} Until then only people who were seen in it today may {verb} {service.name}."
        may = self.who_may(service)
        return (
            f"Only {may} may {verb} {service.name}, so this was not done. Ask one of them; everybody may ask FixLoop."
        )


def _cannot_tell(group: str, error: SlackRefused | SlackBusy) -> str:
    shown = responder(group)
    if isinstance(error, SlackBusy):
        return f"Slack does not say right now who is in {shown}, so this was not done. Try again in a minute."
    if error.error in MISSING:
        return (
            f"Slack does not tell FixLoop who is in {shown}, so this was not done: the scope usergroups:read "
            "is missing. Whoever looks after FixLoop adds it from manifest.yml and installs the app again."
        )
    return (
        f"Slack does not tell FixLoop who is in the group {group} ({error.error}), so this was not done. "
        "Whoever looks after FixLoop corrects `responders` in fixloop.yml."
    )
