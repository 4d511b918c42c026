"""The desk takes every wish. Each comes as a job, and may come twice: the use cases behind it are idempotent, and a
wish that was accepted once is not queued again. What can be wished for stands in two tables, made by ``deeds.py`` and
by the use cases themselves; nobody may do what their ``Permissions`` refuse."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from fixloop_bot.application.ledger import acting_from
from fixloop_bot.application.permissions import Permissions
from fixloop_bot.application.ports import Board, Store
from fixloop_bot.application.precedence import Precedence
from fixloop_bot.application.whereabouts import Whereabouts
from fixloop_bot.application.wishes import ALSO, COMMANDS, ON_THE_CARD, Command, Deed, Wish
from fixloop_bot.domain.errors import NewerDocument, SlackBusy, SlackRefused
from fixloop_bot.domain.incidents import Incident

log = logging.getLogger(__name__)

ShowAtHome = Callable[[str, str], Awaitable[None]]
"""Shows a person (by id) their Home as it is now, with a sentence on top, or with none where it is empty."""
FIRST = "status"
"""What ``/fixloop`` alone means."""


class Desk:
    """Fulfils wishes, and says in one line to the person alone why one was not.

    ``deeds`` maps what a button, modal, shortcut or reaction asks for to who does it. ``home`` shows a person their
    Home after a click in it, with the answer on top.
    """

    def __init__(
        self,
        store: Store,
        board: Board,
        permissions: Permissions,
        deeds: Mapping[str, Deed],
        commands: Sequence[Command],
        *,
        home: ShowAtHome | None = None,
    ) -> None:
        self._board = board
        self._permissions = permissions
        self._where = Whereabouts(store)
        self._precedence = Precedence(store)
        self._deeds = deeds
        self._home = home
        self._commands = {command.word: command for command in commands}

    @property
    def names(self) -> frozenset[str]:
        """Every deed and command; each needs a decision in ``permissions.py``."""
        return frozenset({*self._deeds, *self.words})

    @property
    def words(self) -> frozenset[str]:
        """What is answered behind ``/fixloop``; ``COMMANDS`` says what it means."""
        return frozenset({*self._commands, "help"})

    async def answer(self, document: str) -> None:
        """The job: do what a wish asks for."""
        wish = Wish.read(document)
        try:
            with acting_from(wish.place):
                sentence = await self._do(wish)
        except NewerDocument as newer:
            sentence = str(newer)
        await self._precedence.leave(wish)
        if wish.place == "home" and self._home is not None:
            await self._show_at_home(self._home, wish.user, sentence)
        elif sentence:
            await self._say(wish, sentence)

    @staticmethod
    async def _show_at_home(show: ShowAtHome, user: str, sentence: str) -> None:
        """A Home is no channel, where one could whisper: the sentence stands on top of it for a while."""
        try:
            await show(user, sentence)
        except (SlackRefused, SlackBusy) as trouble:
            log.warning("an answer could not be shown at home: %s", trouble)

    async def _do(self, wish: Wish) -> str:
        if wish.what == "command":
            return await self._command(wish)
        deed = self._deeds.get(wish.what)
        return await self._allowed(wish, wish.what, deed) if deed is not None else ""

    async def _allowed(self, wish: Wish, name: str, deed: Deed) -> str:
        """The only way to a deed: the permissions are asked first, about the wish as the deed will get it."""
        refusal = await self._permissions.refusal(wish, name) or await self._precedence.wait(wish, name)
        return refusal or await deed(wish)

    async def _say(self, wish: Wish, sentence: str) -> None:
        try:
            if wish.what == "command" and wish.response_url:
                await self._board.answer(wish.response_url, sentence)
            else:
                await self._board.whisper(
                    channel=wish.channel,
                    user=wish.user,
                    text=sentence,
                    thread_ts=wish.thread_ts or None,
                    response_url=wish.response_url or None,
                )
        except SlackRefused as refusal:
            log.warning("an answer could not be shown: %s", refusal)

    # Commands

    async def _command(self, wish: Wish) -> str:
        word, _, rest = wish.text.strip().partition(" ")
        word = word.lower() or FIRST
        named = (await self._where.named(wish.text.strip()))[1]
        if named:
            word, rest = FIRST, named
        if word == "help":
            return help_text()
        word, _, last = ALSO.get(word, word).partition(" ")
        rest = f"{rest} {last}"
        command = self._commands.get(word)
        if command is None:
            return self._unknown(word)
        asked = replace(wish, text=rest.strip(), incident="")  # a command is about what its words say
        return await (
            self._on_incident(command, asked)
            if command.on_incident
            else self._allowed(asked, command.word, command.deed)
        )

    @staticmethod
    def _unknown(word: str) -> str:
        if word in ON_THE_CARD:
            return f"That is in the ⋯ menu of the incident's card: {ON_THE_CARD[word]}."
        near = difflib.get_close_matches(word, COMMANDS, n=1, cutoff=0.5)
        meant = f" Did you mean `/fixloop {near[0]}`?" if near else ""
        return f"I don't know that word.{meant} `/fixloop help` lists all."

    async def _on_incident(self, command: Command, wish: Wish) -> str:
        incident, name, rest = await self._where.named(wish.text)
        if name and incident is None:
            return f"There is no incident {name}."
        found = [incident] if incident is not None else [*await self._where.here(wish)]
        if not found and command.even_resolved:
            found = [*await self._where.last_resolved(wish)]
        if len(found) != 1:
            return _which(command.word, found)
        about = replace(wish, incident=found[0].id, text=rest)
        sentence = await self._allowed(about, command.word, command.deed)
        return sentence or command.done.format(id=found[0].id)


def help_text() -> str:
    """All words of ``/fixloop``, a line each."""
    return "\n".join(f"`/fixloop {word}`  {meaning}" for word, meaning in COMMANDS.items())


def _which(word: str, several: Sequence[Incident]) -> str:
    if not several:
        return f"No incident is open here. Name one: `/fixloop {word} INC-42`."
    names = ", ".join(f"`{incident.id}` ({incident.label})" for incident in several)
    return f"Which one? {names}. For example `/fixloop {word} {several[0].id}`."
