"""The plan as an interactive checklist."""

from __future__ import annotations

from fixloop_bot.adapters.slack.blocks.card import Block, Card, actions, button, context, fallback, mrkdwn
from fixloop_bot.adapters.slack.blocks.card import section as section_block
from fixloop_bot.adapters.slack.blocks.root import resolve_button, validate_button
from fixloop_bot.adapters.slack.blocks.text import clock, counted, cut, one_line, person, span
from fixloop_bot.application.checklist import shown_as_ticked
from fixloop_bot.application.views import ThreadView
from fixloop_bot.domain.incidents import Incident, State
from fixloop_bot.domain.plans import (
    HttpCheck,
    JourneyCheck,
    ManualCheck,
    MetricCheck,
    MonitorCheck,
    Plan,
    PlanSource,
    Role,
    Step,
)

OPTION_LENGTH = 75


def plan_card(view: ThreadView) -> Card | None:
    """The checklist; None before there is a plan."""
    incident, plan = view.incident, view.incident.plan
    if plan is None:
        return None
    name = f"{incident.id}:v{plan.version}"
    blocks: list[Block] = [
        section_block(f"*Validation plan v{plan.version}*", block_id=f"plan:{incident.id}:title"),
        context(origin(plan, incident, view.now), block_id=f"plan:{name}:origin"),
        checklist(incident, plan),
        context(legend(incident, plan), block_id=f"plan:{name}:legend"),
    ]
    if incident.is_open:
        blocks.append(actions(_buttons(incident), block_id=f"plan:{name}:buttons"))
    steps = [f"{number}. {step.title}: {what(step)}" for number, step in enumerate(plan.steps, start=1)]
    text = fallback(f"{incident.id}: validation plan v{plan.version}, {counted(len(plan.steps), 'step')}", *steps)
    return Card(part="plan", text=text, blocks=tuple(blocks))


def origin(plan: Plan, incident: Incident, now: float) -> str:
    """Who wrote it, how long it took, and that it was checked."""
    if incident.planning_since is not None:
        return f"A new version is being written… ({span(now - incident.planning_since)})"
    if plan.source is PlanSource.MODEL:
        note = f" · {one_line(plan.note)}" if plan.note else ""
        return f"by {one_line(plan.author)} in {span(plan.seconds)}{note} · checked against the catalog"
    return one_line(plan.note or plan.source.value)


def checklist(incident: Incident, plan: Plan) -> Block:
    """The steps as checkboxes. The block id names what is shown as ticked, so that a click can be understood."""
    shown = shown_as_ticked(incident)
    options = [_option(number, step, incident) for number, step in enumerate(plan.steps, start=1)]
    ticked = [option for option in options if option["value"] in shown]
    boxes: Block = {"type": "checkboxes", "action_id": "tick", "options": options}
    if ticked:
        boxes["initial_options"] = ticked
    block_id = checklist_id(incident, plan, shown)
    return {"type": "actions", "block_id": block_id, "elements": [boxes]}


def checklist_id(incident: Incident, plan: Plan, shown: tuple[str, ...]) -> str:
    """New at every change: Slack's client keeps its old ticks for a block id that it knows."""
    return f"plan|{incident.id}|{plan.version}|{incident.checklist_revision}|{','.join(shown)}"


def read_checklist_id(block_id: str) -> tuple[str, int, tuple[str, ...]] | None:
    """(incident id, plan version, steps shown as ticked); None where it is no checklist's id."""
    parts = block_id.split("|")
    if len(parts) != 5 or parts[0] != "plan" or not parts[2].isdigit():
        return None
    return parts[1], int(parts[2]), tuple(step for step in parts[4].split(",") if step)


def _option(number: int, step: Step, incident: Incident) -> Block:
    done = next((tick for tick in incident.manual if tick.step_id == step.id), None)
    aim = "by hand" if step.manual else "control" if step.role is Role.CONTROL else "proves the fix"
    if done is not None:
        description = f"done by {person(done.by)} at {clock(done.at)}"
    else:
        description = f"{cut(one_line(what(step)), OPTION_LENGTH - len(aim) - 3)} · {aim}"
    return {
        "text": mrkdwn(cut(f"*{number}*  {one_line(step.title)}", OPTION_LENGTH)),
        "description": mrkdwn(description),
        "value": step.id,
    }


def what(step: Step) -> str:
    """A step's check in a few words: ``POST /checkout → 200``."""
    check = step.check
    match check:
        case HttpCheck():
            return f"{check.request.line()} → {claims(check.expect)}"
        case JourneyCheck():
            return " → ".join(leg.request.line() for leg in check.legs)
        case MetricCheck():
            limit = f"{check.limit:g}" if check.limit is not None else f"{check.times_before:g} × before"
            return f"metric {check.healthy_when} {limit}"
        case MonitorCheck():
            return f"monitor {check.monitor_id} is OK"
        case ManualCheck():
            return check.instruction


def claims(expect: tuple[str, ...]) -> str:
    """Assertions without their ceremony: ``status == 200`` is read as ``200``."""
    short = [line.removeprefix("status == ").removeprefix("json ") for line in expect]
    return ", ".join(short) or "2xx"


def legend(incident: Incident, plan: Plan) -> str:
    by_hand = any(step.manual for step in plan.steps)
    if not incident.is_open:
        return "The checklist as it was at the end."
    manual = " Steps by hand are ticked when they are done." if by_hand else ""
    return f"Ticked steps run.{manual}"


def _buttons(incident: Incident) -> list[Block]:
    if incident.active_run is not None:
        return [button("Stop", action_id="stop", value=incident.id)]
    new_plan = button("New plan", action_id="new_plan", value=incident.id)
    if incident.state is State.RESOLVED:
        return []
    return [validate_button(incident), new_plan, resolve_button(incident)]
