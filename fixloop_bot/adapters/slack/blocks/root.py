"""The root card: what is broken, whether it really is, and the next button to press."""

from __future__ import annotations

import json
import re

from fixloop_bot.adapters.slack.blocks.aftermath import taken_back_line
from fixloop_bot.adapters.slack.blocks.buttons import resolve_button, stop_button, validate_button
from fixloop_bot.adapters.slack.blocks.card import SECTION_LENGTH, Block, Card, actions, context, fallback, header
from fixloop_bot.adapters.slack.blocks.card import section as section_block
from fixloop_bot.adapters.slack.blocks.signals import signals_text, title
from fixloop_bot.adapters.slack.blocks.status import status, would_reproduce
from fixloop_bot.adapters.slack.blocks.text import code_block, day_and_clock, link, one_line, shorten
from fixloop_bot.application.views import ThreadView
from fixloop_bot.domain.incidents import Incident, State
from fixloop_bot.domain.moments import span
from fixloop_bot.domain.runs import RunKind

_PLAIN_YAML = re.compile(r"(?!(?:on|off|yes|no|y|n|true|false|null)$)[A-Za-z][A-Za-z0-9_.-]*", re.IGNORECASE)
"""What needs no quotes: YAML reads a bare ``on`` as true."""


def root_card(view: ThreadView) -> Card:
    """The card in the channel."""
    incident = view.incident
    name = incident.id
    now, facts, signals = status(view), facts_line(incident, view.now), signals_text(incident)
    would = "\n".join(f"• {each}" for each in would_reproduce(view))
    would = f"What would reproduce it:\n{would}" if would else ""
    back = "" if "aken back" in now.said() else taken_back_line(view)
    blocks: list[Block] = [
        header(title(incident), block_id=f"root:{name}:head"),
        section_block(now.marked(), block_id=f"root:{name}:status"),
        *([context(back, block_id=f"root:{name}:taken-back")] if back else []),
        *([context(would, block_id=f"root:{name}:reproduce")] if would else []),
        context(facts, block_id=f"root:{name}:facts"),
        section_block(signals, block_id=f"root:{name}:signals"),
    ]
    links = links_line(view)
    if links:
        blocks.append(context(links, block_id=f"root:{name}:links"))
    hint = catalog_hint(incident) if incident.service is None else ""
    if hint:
        blocks.append(section_block(hint, block_id=f"root:{name}:catalog"))
    buttons = root_buttons(incident)
    if buttons:
        blocks.append(actions(buttons, block_id=f"root:{name}:buttons"))
    text = fallback(one_line(title(incident)), now.said(), back, would, facts, signals, hint)
    return Card(part="root", text=text, blocks=tuple(blocks))


def facts_line(incident: Incident, now: float) -> str:
    """Id, severity, state and since when. How long it lasts is said once that no longer changes."""
    severity = one_line(incident.severity or "severity not set", 40)
    lasted = f" ({span(incident.resolved_at - incident.opened_at)})" if incident.resolved_at is not None else ""
    since = f"since {day_and_clock(incident.opened_at, now)}{lasted}"
    again = {0: "", 1: " · reopened once"}.get(incident.reopened, f" · reopened {incident.reopened} times")
    return f"{incident.id} · {severity} · {incident.state.value} · {since}{again}"


def links_line(view: ThreadView) -> str:
    """Where to look in Datadog, and the runbook; the longest addresses are left out where not all fit."""
    links = view.links
    named = (
        (links.metric, "Metric Explorer"),
        (links.monitor, "Monitor"),
        (links.logs, "Logs"),
        (links.runbook, "Runbook"),
    )
    shown = [link(url, label) for url, label in named if url]
    while len(" · ".join(shown)) > SECTION_LENGTH:
        shown.remove(max(shown, key=len))
    return " · ".join(each for each in shown if each.startswith("<"))


def catalog_hint(incident: Incident) -> str:
    """What to add to the catalog, so that the next incident of this service is tested."""
    known = incident.label not in ("", "unknown service")
    name = _yaml(incident.label) if known else "SERVICE"
    env = f", env: {_yaml(incident.env)}" if incident.env else ""
    match = f"match: {{service: {name}{env}}}"
    entry = f'services:\n  {name}:\n    {match}\n    base_url: https://…\n    channel: "#…"'
    return (
        "No catalog entry matches this alert, so no request can test it. Add one to fixloop.yml:\n"
        f"{code_block(shorten(entry, 900))}"
    )


def _yaml(name: str) -> str:
    """A name as YAML reads it back; JSON's quotes are YAML's too."""
    short = shorten(name, 120)
    return short if _PLAIN_YAML.fullmatch(short) else json.dumps(short, ensure_ascii=False)


def _confirming(incident: Incident) -> bool:
    """While the bug is being reproduced one may ask to validate already: that run follows, and cuts the other short."""
    line = incident.run_line(incident.active_run or "")
    return line is not None and line.kind is RunKind.CONFIRM


def root_buttons(incident: Incident) -> list[Block]:
    if incident.state is State.RESOLVED:
        return []
    if incident.active_run is not None:
        return [validate_button(incident), stop_button(incident)] if _confirming(incident) else [stop_button(incident)]
    resolve = resolve_button(incident)
    return [validate_button(incident), resolve] if incident.plan is not None else [resolve]


def status_text(view: ThreadView) -> str:
    """An incident in three lines, for ``/fixloop status``."""
    incident = view.incident
    return f"*{one_line(title(incident))}*\n{status(view).marked()}\n{facts_line(incident, view.now)}"
