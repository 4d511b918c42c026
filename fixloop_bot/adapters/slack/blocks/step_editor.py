"""The modals behind Edit: the list of a plan's steps, and the form of one step in the words of a plan's file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fixloop_bot.adapters.slack.blocks.card import Block, actions, button, context, overflow, section
from fixloop_bot.adapters.slack.blocks.checks import what
from fixloop_bot.adapters.slack.blocks.modal import INPUT_LENGTH, modal, select, select_input, text_input
from fixloop_bot.adapters.slack.blocks.plan import aim_of
from fixloop_bot.adapters.slack.blocks.text import counted, one_line
from fixloop_bot.application.drafts import Draft, StepWords
from fixloop_bot.application.starters import Starter
from fixloop_bot.domain.plans import Role, Step
from fixloop_bot.domain.vetting.plan import LONGEST_TITLE, MOST_STEPS

EDIT_PLAN, STEP_MORE, ADD_STEP, START_FROM = "edit_plan", "step_more", "step_add", "step_start"
PLAN_FORM, STEP_FORM = "plan_form", "step_form"
NOTE_LENGTH = 150
NOTE = "what_changed"
"""The one field of the list, below which a refusal stands too."""
ROLES = (
    (Role.CONFIRMATION, "Proves the fix: fails while it is broken"),
    (Role.CONTROL, "Control: passes before and after"),
)
CHECK_HINT = (
    "As in a plan's file: post: /checkout (or get, put, delete …), below it headers, json, body, inputs. Or journey, "
    "metric, logs, monitor, tls, dns, tcp, grpc, websocket, manual."
)
EXPECT_HINT = "One a line: status == 200 · json $.total == 19.99 · p95 < 400 ms · header x-request-id exists"


def plan_form(draft: Draft) -> Block:
    """The steps in order, each with what can be done with it; Save freezes them as the next version."""
    name = f"edit:{draft.id}:{draft.revision}"
    blocks = [
        context(
            f"Plan v{draft.version} stays as it is. Saving makes a new version, with its own confirm run.",
            block_id=f"{name}:rule",
        ),
        *(_row(number, step, draft, name) for number, step in enumerate(draft.steps, start=1)),
        context(_told(draft), block_id=f"{name}:told"),
        *_add(draft, name),
        text_input(
            "What you changed, for the others",
            block_id=NOTE,
            optional=True,
            most=NOTE_LENGTH,
            placeholder="The refund path, since that is what customers report",
        ),
    ]
    return modal(
        f"Edit plan v{draft.version}",
        blocks,
        callback_id=PLAN_FORM,
        about={"draft": draft.id, "version": draft.version},
        submit="Save new version",
        close="Discard",
    )


def _told(draft: Draft) -> str:
    """What was changed so far: nothing is frozen before it is saved."""
    edited = sum(bool(draft.mark(step)) for step in draft.steps)
    removed = sum(draft.step(step.id) is None for step in draft.base)
    kept = [step.id for step in draft.steps if draft.mark(step) != "new"]
    moved = kept != [step.id for step in draft.base if step.id in kept]
    said = [
        f"{counted(edited, 'step')} edited or new" if edited else "",
        f"{removed} removed" if removed else "",
        "another order" if moved else "",
    ]
    return ", ".join(each for each in said if each) or "Nothing edited yet"


def _row(number: int, step: Step, draft: Draft, name: str) -> Block:
    mark = draft.mark(step)
    line = f"*{number}  {one_line(step.title, 120)}*{f' ({mark})' if mark else ''}"
    row = section(f"{line}\n{one_line(what(step, 120), 160)} · {aim_of(step)}", block_id=f"{name}:{step.id}")
    return row | {"accessory": overflow(list(_choices(number, step, draft)), action_id=STEP_MORE)}


def _choices(number: int, step: Step, draft: Draft) -> Iterator[tuple[str, str]]:
    """Only what would change something."""
    yield "Edit…", f"edit:{step.id}"
    if number > 1:
        yield "Move up", f"up:{step.id}"
    if number < len(draft.steps):
        yield "Move down", f"down:{step.id}"
    if not step.manual:
        yield "Do it by hand", f"manual:{step.id}"
    if len(draft.steps) > 1:
        yield "Remove", f"remove:{step.id}"


def _add(draft: Draft, name: str) -> Iterator[Block]:
    if len(draft.steps) >= MOST_STEPS:
        yield context(f"A plan has at most {MOST_STEPS} steps.", block_id=f"{name}:full")
        return
    yield actions([button("Add a step", action_id=ADD_STEP, value=draft.id)], block_id=f"{name}:add")


def step_form(
    draft: Draft,
    step_id: str,
    words: StepWords,
    *,
    revision: str = "0",
    starters: Sequence[Starter] = (),
    chosen: str = "",
) -> Block:
    """One step as it is typed; it is added where the draft has none of this id.

    ``revision`` is new where the form is filled anew: the client keeps what it knows.
    """
    name = f"step:{revision}"
    adds = draft.step(step_id) is None
    roles = [(text, role.value) for role, text in ROLES]
    known = words.role if words.role in {value for _, value in roles} else Role.CONFIRMATION.value
    blocks = [
        *([_starters(starters, chosen)] if starters else []),
        text_input("Title", block_id=f"{name}:title", value=words.title, most=LONGEST_TITLE, hint="What works again."),
        select_input("Role", roles, block_id=f"{name}:role", chosen=known),
        *_typed_fields(words, name),
    ]
    about = {"draft": draft.id, "version": draft.version, "step": step_id, "revision": revision}
    title = "Add a step" if adds else "Edit a step"
    return modal(title, blocks, callback_id=STEP_FORM, about=about, submit="Add" if adds else "Done", close="Back")


def _typed_fields(words: StepWords, name: str) -> Iterator[Block]:
    """What it checks and what it expects; as they are where Slack's fields are too small for them."""
    if max(len(words.check), len(words.expect or "")) > INPUT_LENGTH:
        line = f"What it checks has over {INPUT_LENGTH:,} characters, more than Slack's fields hold: it stays as it is."
        yield context(line, block_id=f"{name}:long")
        return
    yield text_input("What it checks", block_id=f"{name}:check", value=words.check, multiline=True, hint=CHECK_HINT)
    if words.expect is not None:
        yield text_input(
            "What it expects",
            block_id=f"{name}:expect",
            value=words.expect,
            multiline=True,
            optional=True,
            hint=EXPECT_HINT,
        )


def _starters(starters: Sequence[Starter], chosen: str) -> Block:
    options = [(f"{each.label} ({each.group})", str(number)) for number, each in enumerate(starters)]
    menu = select(options, action_id=START_FROM, chosen=chosen, placeholder="Start from a probe or an operation")
    return actions([menu], block_id="step:from")


def typed(view: Mapping[str, Any]) -> StepWords:
    """What stands in the form; a field that is not there is empty, but for ``expect``, which then does not exist."""
    values = (view.get("state") or {}).get("values") or {}
    found: dict[str, Any] = {
        str(block_id).rpartition(":")[2]: next(iter(each.values()), {}) for block_id, each in values.items() if each
    }
    role = (found.get("role", {}).get("selected_option") or {}).get("value")
    expect = str(found["expect"].get("value") or "") if "expect" in found else None
    return StepWords(
        title=" ".join(str(found.get("title", {}).get("value") or "").split()),
        role=str(role or Role.CONFIRMATION.value),
        check=str(found.get("check", {}).get("value") or ""),
        expect=expect,
    )


def typed_note(view: Mapping[str, Any]) -> str:
    values = (view.get("state") or {}).get("values") or {}
    return " ".join(str((values.get(NOTE) or {}).get("value", {}).get("value") or "").split())[:NOTE_LENGTH]
