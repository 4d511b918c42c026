"""What people are asked for in modals: what is wrong, what fixed it, who leads, where to merge, for how long.

Every form's callback id is ``form:{what}``, where ``what`` is the wish that its submission makes; every input's block
id is the name of the wish's field. Who may submit it, and to what, is decided from state when it is submitted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fixloop_bot.adapters.slack.blocks.card import Block, plain
from fixloop_bot.adapters.slack.blocks.modal import MOST_OPTIONS, lines_block, modal, select_input, text_input
from fixloop_bot.adapters.slack.blocks.signals import title
from fixloop_bot.adapters.slack.blocks.text import one_line, plain_line, shorten
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.incidents import Incident, State
from fixloop_bot.domain.runs import RecoveryVerdict
from fixloop_bot.domain.said import LONGEST

FORM = "form:"
OPTION_LENGTH = 75
NAME_LENGTH = 60
SEVERITY_WORDS = (
    ("SEV1", "SEV1 · everybody is hit"),
    ("SEV2", "SEV2 · many are hit"),
    ("SEV3", "SEV3 · some are hit"),
    ("SEV4", "SEV4 · few are hit, or there is a way round"),
    ("SEV5", "SEV5 · nobody notices yet"),
)
MUTES = (
    ("30m", "30 minutes"),
    ("1h", "1 hour"),
    ("2h", "2 hours"),
    ("4h", "4 hours"),
    ("8h", "8 hours"),
    ("24h", "24 hours"),
)

About = Mapping[str, str]
"""The ids that a form brings back: ``incident``, and where the person was."""


def declare_form(services: Sequence[Service], about: About, *, service: str = "", what: str = "") -> Block:
    """Opens an incident without an alert; ``service`` and ``what`` are filled in already."""
    named = [(shorten(plain_line(each.name), OPTION_LENGTH), each.name) for each in services[:MOST_OPTIONS]]
    menu = [_optional(select_input("Service", named, block_id="service", chosen=service))] if named else []
    label = "Or another service" if named else "Service"
    blocks = [
        *menu,
        text_input(label, block_id="other", optional=bool(named), most=NAME_LENGTH),
        text_input("What is wrong?", block_id="what", value=what, multiline=True, most=LONGEST),
        select_input("Severity", _turned(SEVERITY_WORDS), block_id="severity", chosen="SEV3"),
    ]
    return _form("Declare an incident", blocks, "declare", about, submit="Declare")


def declare_errors(fields: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with a submitted declaration, by the input's block id; empty where nothing is."""
    chosen, named = fields.get("service", ""), fields.get("other", "").strip()
    if not chosen and not named:
        return {"other": "Choose a service above, or name one here."}
    if chosen and named and named.casefold() != chosen.casefold():
        return {"other": "Only one service can be given: empty this field, or clear the choice above."}
    return {}


def resolve_form(incident: Incident, about: About, *, failing: str, asker: str) -> Block:
    """Asks what fixed it; while a step fails (``failing``) it asks for the reason to resolve it all the same."""
    blocks = [lines_block(_standing(incident, failing), block_id="standing")]
    if failing:
        hint = "It is kept, and shown on the card and in the report."
        blocks.append(text_input("Why resolve it now?", block_id="override", multiline=True, most=LONGEST, hint=hint))
    blocks += [
        text_input(
            "What fixed it?",
            block_id="fixed_by",
            optional=bool(failing),
            multiline=True,
            most=LONGEST,
            placeholder="Rolled back 2.14.0",
        ),
        _person("Who fixed it?", "fixer", incident.fixer or asker),
    ]
    return _form(f"Resolve {incident.id}", blocks, "resolve", about, submit="Resolve")


def _standing(incident: Incident, failing: str) -> str:
    """How sure it is that it is over, in a line."""
    if failing:
        return f"*Not recovered:* {one_line(failing)} failed when it was last looked at."
    if incident.verdict is RecoveryVerdict.PROVEN:
        return "The recovery is *proven*."
    if incident.verdict is None:
        seen = " It was not seen broken either." if incident.state is State.OPEN else ""
        return f"*Not validated:* nothing shows that it has recovered.{seen} The thread will keep saying so."
    return f"The recovery is *{incident.verdict.value}*. The thread will keep saying so."


def severity_form(incident: Incident, about: About) -> Block:
    menu = select_input("Severity", _turned(SEVERITY_WORDS), block_id="severity", chosen=incident.severity or "")
    return _form(f"{incident.id}: severity", [menu], "severity", about, submit="Save")


def note_form(incident: Incident, about: About) -> Block:
    note = incident.note.text if incident.note is not None else ""
    field = text_input(
        "Where does it stand?", block_id="note", value=note, multiline=True, most=LONGEST, optional=True,
        hint="It stands on the card, with your name. Empty takes it back.",
    )  # fmt: skip
    return _form(f"{incident.id}: note", [field], "note", about, submit="Save")


def roles_form(incident: Incident, about: About) -> Block:
    fields = [_person("Lead", "lead", incident.lead), _person("Fixer", "fixer", incident.fixer)]
    return _form(f"{incident.id}: roles", fields, "roles", about, submit="Save")


def merge_form(incident: Incident, others: Sequence[Incident], about: About) -> Block:
    """Where this incident's troubles go; ``others`` is not empty."""
    blocks = [
        lines_block(
            f"{incident.id} ends as merged: its runs stop, and later alerts of it go to the other one.",
            block_id="what",
        ),
        select_input("Merge into", _named(others), block_id="target", chosen=""),
    ]
    return _form(f"Merge {incident.id}", blocks, "merge", about, submit="Merge")


def mute_form(incident: Incident, about: About) -> Block:
    menu = select_input("No reminders for", _turned(MUTES), block_id="time", chosen="1h")
    return _form(f"Mute {incident.id}", [menu], "mute", about, submit="Mute")


def timeline_form(incidents: Sequence[Incident], about: About) -> Block:
    """To which incident's timeline a message is added that stands in none's thread; ``incidents`` is not empty."""
    chosen = incidents[0].id if len(incidents) == 1 else ""
    menu = select_input("Incident", _named(incidents), block_id="incident", chosen=chosen)
    return _form("Add to timeline", [menu], "add_to_timeline", about, submit="Add")


def _form(heading: str, blocks: Sequence[Block], what: str, about: About, *, submit: str) -> Block:
    return modal(heading, blocks, callback_id=f"{FORM}{what}", about=about, submit=submit, close="Cancel")


def _named(incidents: Sequence[Incident]) -> list[tuple[str, str]]:
    return [(shorten(plain_line(f"{each.id} · {title(each)}"), OPTION_LENGTH), each.id) for each in incidents]


def _turned(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(text, value) for value, text in pairs]


def _optional(block: Block) -> Block:
    return block | {"optional": True}


def _person(label: str, block_id: str, user: str | None) -> Block:
    """Somebody, or nobody."""
    element: Block = {"type": "users_select", "action_id": "value", "placeholder": plain("Nobody", 150)}
    if user:
        element["initial_user"] = user
    block = {"type": "input", "block_id": block_id, "label": plain(label, OPTION_LENGTH), "element": element}
    return _optional(block)
