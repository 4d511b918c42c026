"""What people ask for, by button, command, modal, shortcut or reaction, translated out of Slack's words."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace

import orjson

from fixloop_bot.application.jobs import ANSWER_WISH, Job
from fixloop_bot.domain.redaction import mask

COMMANDS = {
    "status": "what is broken, and whether it is proven (`status INC-42`)",
    "list": "all open incidents (`list resolved`, `list mine`)",
    "declare": "open an incident without an alert",
    "validate": "run the plan now (`validate INC-42`, or in the incident's channel)",
    "plan": "write a new plan, with a hint if you like (`plan test the refund path`)",
    "ask": "a question about the incident (`ask is it safe to resume traffic?`)",
    "stop": "end all of FixLoop's traffic, of every incident, at once (`stop INC-42`: only that run)",
    "go": "let traffic flow again after `stop`",
    "resolve": "end the incident, with what fixed it",
    "reopen": "take a resolution back (`reopen INC-42`)",
    "mute": "no new threads or reminders for a while (`mute checkout 2h`, `mute INC-42 30m`)",
    "link": "make a thread belong to an incident (`link INC-42`)",
    "report": "the incident's report, from alert to proof",
    "services": "what the catalog knows, and what it lacks",
    "who": "who leads, who fixes, who may validate (`who lead @mira`)",
    "help": "this list",
}
"""The words of ``/fixloop``, in the order in which ``help`` tells them."""
ALSO = {"resume": "go", "unmute": "mute off", "incident": "declare", "role": "who", "roles": "who"}
"""Words that people try; what stands behind another word is put behind theirs (``mute checkout off``)."""
ON_THE_CARD = {
    "note": "Say where it stands",
    "severity": "Severity",
    "sev": "Severity",
    "merge": "Merge into another",
    "lead": "Lead and fixer",
    "fixer": "Lead and fixer",
}
"""Words that people try for what only a form can ask; where it is."""
INCIDENT_NAME = re.compile(r"(?:inc[-_ ]?)?#?(\d{1,9})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One click, command or submitted modal.

    ``what`` is an action or ``command``; ``incident`` an id or empty; ``text`` a command's words. ``block_id`` …
    ``chosen`` are of a tick on the checklist. ``fields`` are what a modal asked for, by name. ``place`` says where the
    person was: ``button``, ``command``, ``modal``, ``home``, ``shortcut`` or ``reaction``; ``team`` is their
    workspace's id. ``pressed_at`` is when, in epoch seconds by Slack's clock, and 0 where Slack does not say. ``id`` is
    the same for a repeated delivery.
    """

    id: str
    what: str
    user: str
    channel: str
    incident: str = ""
    thread_ts: str = ""
    response_url: str = ""
    text: str = ""
    block_id: str = ""
    plan_version: int = 0
    shown: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    place: str = ""
    team: str = ""
    pressed_at: float = 0.0

    def field(self, name: str) -> str:
        """What a modal's field holds; empty where it was left so."""
        return dict(self.fields).get(name, "")

    def job(self) -> Job:
        """What was typed is masked before the queue keeps it: nobody needs the secret in it."""
        fields = tuple((name, mask(value)) for name, value in self.fields)
        masked = replace(self, text=mask(self.text), fields=fields)
        return Job(name=ANSWER_WISH, args=(orjson.dumps(asdict(masked)).decode(),), key=f"wish:{self.id}")

    @classmethod
    def read(cls, document: str) -> Wish:
        raw = orjson.loads(document)
        pairs = tuple((name, value) for name, value in raw.get("fields", ()))
        return cls(**{**raw, "shown": tuple(raw["shown"]), "chosen": tuple(raw["chosen"]), "fields": pairs})


Deed = Callable[[Wish], Awaitable[str]]
"""Fulfils a wish; returns a sentence for the person alone, or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Who answers to a word of ``COMMANDS``.

    ``deed`` gets the wish with the words behind this one as its ``text``. With ``on_incident`` it gets the wish of one
    incident: the one that is named first, else that of the thread, else the only open one of the channel, else, with
    ``even_resolved``, the one resolved there last; where there is none or several, the person is asked which. ``done``
    says what has begun, where the deed has nothing to say, with the incident's id for ``{id}``: it must not claim more
    than that.
    """

    word: str
    deed: Deed
    on_incident: bool = False
    even_resolved: bool = False
    done: str = ""


def stops_everything(wish: Wish) -> bool:
    """Whether a wish is the kill switch: ``stop`` that names no incident, since who is in a hurry names nothing."""
    word, _, rest = wish.text.strip().partition(" ")
    return wish.what == "command" and word.lower() == "stop" and INCIDENT_NAME.match(rest.strip()) is None
