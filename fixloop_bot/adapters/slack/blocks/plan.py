"""The plan as an interactive checklist."""

from __future__ import annotations

from fixloop_bot.adapters.slack.blocks.buttons import edit_button, new_plan_button, resolve_button, validate_button
from fixloop_bot.adapters.slack.blocks.card import Block, Card, actions, context, fallback, mrkdwn
from fixloop_bot.adapters.slack.blocks.card import section as section_block
from fixloop_bot.adapters.slack.blocks.checks import what
from fixloop_bot.adapters.slack.blocks.text import clock, counted, cut, one_line, person
from fixloop_bot.application.checklist import shown_as_ticked
from fixloop_bot.application.views import ThreadView
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.incidents import Incident, Tick
from fixloop_bot.domain.moments import span
from fixloop_bot.domain.plans import ManualCheck, Plan, PlanSource, Role, Step

OPTION_LENGTH = 75
MOST_OPTIONS = 10
INSTRUCTION_LENGTH = 250


def plan_card(view: ThreadView) -> Card | None:
    """The checklist; None before there is a plan.

    Runs and verdicts don't change it: they are told on the root and in the results, and each redraw would be a call.
    """
    incident, plan = view.incident, view.incident.plan
    if plan is None:
        return None
    name = f"{incident.id}:v{plan.version}"
    written, by_hand, rule = origin(plan, incident), instructions(plan), legend(incident, plan)
    blocks: list[Block] = [
        section_block(f"*Validation plan v{plan.version}*", block_id=f"plan:{incident.id}:title"),
        context(written, block_id=f"plan:{name}:origin"),
        checklist(incident, plan, view.service),
    ]
    if by_hand:
        blocks.append(context(by_hand, block_id=f"plan:{name}:by-hand"))
    blocks.append(context(rule, block_id=f"plan:{name}:legend"))
    if incident.is_open:
        buttons = [
            validate_button(incident, plain=True),
            new_plan_button(incident),
            edit_button(incident),
            resolve_button(incident, plain=True),
        ]
        blocks.append(actions(buttons, block_id=f"plan:{name}:buttons"))
    heading = f"{incident.id}: validation plan v{plan.version}, {counted(len(plan.steps), 'step')}, {written}"
    steps = [_said(number, step, view) for number, step in enumerate(plan.steps, start=1)]
    return Card(part="plan", text=fallback(heading, *steps, by_hand.replace("*", ""), rule), blocks=tuple(blocks))


def origin(plan: Plan, incident: Incident) -> str:
    """Who wrote it, how long it took, and that it was checked."""
    if incident.planning_since is not None:
        return f"v{plan.version + 1} is being written since {clock(incident.planning_since)}…"
    if plan.source is PlanSource.MODEL:
        note = f" · {one_line(plan.note, 200)}" if plan.note else ""
        return (
            f"by {one_line(plan.author or 'the model', 80)} in {span(plan.seconds)}{note} · checked against the catalog"
        )
    if plan.source is PlanSource.PERSON and plan.author:
        note = f" · {one_line(plan.note, 200)}" if plan.note else ""
        return f"edited by {person(plan.author)}, {clock(plan.made_at)}{note} · checked against the catalog"
    return one_line(plan.note or plan.source.value, 300)


def checklist(incident: Incident, plan: Plan, service: Service | None = None) -> Block:
    """The steps as checkboxes. The block id names what is shown as ticked, so that a click can be understood."""
    shown = shown_as_ticked(incident)
    steps = plan.steps[:MOST_OPTIONS]
    options = [_option(number, step, incident, service) for number, step in enumerate(steps, start=1)]
    ticked = [option for option in options if option["value"] in shown]
    boxes: Block = {"type": "checkboxes", "action_id": "tick", "options": options}
    if ticked:
        boxes["initial_options"] = ticked
    return actions([boxes], block_id=checklist_id(incident, plan, shown))


def checklist_id(incident: Incident, plan: Plan, shown: tuple[str, ...]) -> str:
    """New at every change: Slack's client keeps its old ticks for a block id that it knows."""
    return f"plan|{incident.id}|{plan.version}|{incident.checklist_revision}|{','.join(shown)}"


def read_checklist_id(block_id: str) -> tuple[str, int, tuple[str, ...]] | None:
    """(incident id, plan version, steps shown as ticked); None where it is no checklist's id."""
    parts = block_id.split("|")
    if len(parts) != 5 or parts[0] != "plan" or not (parts[2].isdecimal() and len(parts[2]) < 7):
        return None
    return parts[1], int(parts[2]), tuple(step for step in parts[4].split(",") if step)


def _option(number: int, step: Step, incident: Incident, service: Service | None) -> Block:
    return {
        "text": mrkdwn(f"{number}  {one_line(step.title)}", OPTION_LENGTH),
        "description": mrkdwn(_description(step, incident, service), OPTION_LENGTH),
        "value": step.id,
    }


def _description(step: Step, incident: Incident, service: Service | None) -> str:
    done = _done(step, incident)
    if done is not None:
        return f"done by {cut(person(done.by), 24)}, {clock(done.at)}"
    aim = aim_of(step)
    if _told_below(step):
        return f"{aim}, see below"
    room = OPTION_LENGTH - len(aim) - 3
    for most in range(room, 11, -4):  # what is escaped grows
        check = one_line(what(step, most, service=service))
        if len(check) <= room:
            return f"{check} · {aim}"
    return aim


def aim_of(step: Step) -> str:
    """What a step is for."""
    if step.manual:
        return "by hand"
    return "control" if step.role is Role.CONTROL else "proves the fix"


def _done(step: Step, incident: Incident) -> Tick | None:
    return next((tick for tick in incident.manual if tick.step_id == step.id), None)


def _said(number: int, step: Step, view: ThreadView) -> str:
    """An option in words, for a screen reader: a tick is read out."""
    incident = view.incident
    done = _done(step, incident)
    if step.manual:
        state = f"done by {person(done.by)}, {clock(done.at)}" if done is not None else "to be done by hand"
        return f"{number}. {one_line(step.title, 100)}: {state}"
    state = "ticked" if step.id in incident.ticked else "left out"
    check = one_line(what(step, 120, service=view.service))
    return f"{number}. {one_line(step.title, 100)}: {check} ({aim_of(step)}, {state})"


def instructions(plan: Plan) -> str:
    """What to do by hand, in full: an option of the checklist has no room for it."""
    lines = [
        f"*{number}*  {one_line(step.check.instruction, INSTRUCTION_LENGTH)}"
        for number, step in enumerate(plan.steps[:MOST_OPTIONS], start=1)
        if isinstance(step.check, ManualCheck) and _told_below(step)
    ]
    return "\n".join(lines)


def _told_below(step: Step) -> bool:
    """Whether a step by hand needs more words than its option has room for."""
    return isinstance(step.check, ManualCheck) and len(one_line(step.check.instruction)) > OPTION_LENGTH - 10


def legend(incident: Incident, plan: Plan) -> str:
    if not incident.is_open:
        return "The checklist as it was at the end."
    by_hand = any(step.manual for step in plan.steps)
    return f"Ticks count from the next run on.{' Tick a step by hand when it is done.' if by_hand else ''}"
