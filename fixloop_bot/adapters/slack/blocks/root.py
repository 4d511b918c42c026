"""The root card: what is broken, whether it really is, and the next button to press."""

from __future__ import annotations

import json
import re

from fixloop_bot.adapters.slack.blocks.aftermath import taken_back_line
from fixloop_bot.adapters.slack.blocks.buttons import (
    ask_button,
    more_menu,
    on_it_button,
    resolve_button,
    stop_button,
    validate_button,
)
from fixloop_bot.adapters.slack.blocks.card import SECTION_LENGTH, Block, Card, actions, context, fallback, header
from fixloop_bot.adapters.slack.blocks.card import section as section_block
from fixloop_bot.adapters.slack.blocks.chart import picture_said, signal_picture
from fixloop_bot.adapters.slack.blocks.people import (
    change_line,
    facts_line,
    people_line,
    standing_lines,
)
from fixloop_bot.adapters.slack.blocks.signals import signals_text, title
from fixloop_bot.adapters.slack.blocks.status import status, would_reproduce
from fixloop_bot.adapters.slack.blocks.text import code_block, cut, link, one_line, shorten
from fixloop_bot.application.views import ThreadView
from fixloop_bot.domain.incidents import Incident, State
from fixloop_bot.domain.runs import RecoveryVerdict, RunKind

_PASSES = (RecoveryVerdict.PROVEN, RecoveryVerdict.UNPROVEN)
"""With another verdict the next thing to press is not Resolve; that stands on the plan then."""
_PLAIN_YAML = re.compile(r"(?!(?:on|off|yes|no|y|n|true|false|null)$)[A-Za-z][A-Za-z0-9_.-]*", re.IGNORECASE)
"""What needs no quotes: YAML reads a bare ``on`` as true."""


def root_card(view: ThreadView) -> Card:
    """The card in the channel: above the buttons what is needed to press one, below them what explains it."""
    incident = view.incident
    name = incident.id
    now = status(view)
    back = "" if "taken back" in now.said().lower() else taken_back_line(view)
    above = [back, facts_line(incident, view.now), change_line(incident), people_line(incident)]
    facts = cut("\n".join(each for each in above if each), SECTION_LENGTH)
    below = "\n".join(standing_lines(incident, view.now))
    signals, would = signals_text(incident), _would_line(view)
    hint = catalog_hint(incident) if incident.service is None else ""
    links, buttons = links_line(view), root_buttons(incident)
    blocks: list[Block] = [
        header(title(incident), block_id=f"root:{name}:head"),
        section_block(now.marked(), block_id=f"root:{name}:status"),
        context(facts, block_id=f"root:{name}:facts"),
        *([actions(buttons, block_id=f"root:{name}:buttons")] if buttons else []),
        *([context(below, block_id=f"root:{name}:standing")] if below else []),
        *signal_picture(view),
        *([context(would, block_id=f"root:{name}:reproduce")] if would else []),
        context(signals, block_id=f"root:{name}:signals"),
        *([context(links, block_id=f"root:{name}:links")] if links else []),
        *([section_block(hint, block_id=f"root:{name}:catalog")] if hint else []),
    ]
    text = fallback(one_line(title(incident)), now.said(), facts, below, picture_said(view), would, signals, hint)
    return Card(part="root", text=text, blocks=tuple(blocks))


def _would_line(view: ThreadView) -> str:
    would = "\n".join(f"• {each}" for each in would_reproduce(view))
    return f"What would reproduce it:\n{would}" if would else ""


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
    """The next one to press first; nobody is offered what would be refused."""
    if incident.state is State.RESOLVED:
        return []
    run = incident.active_run is not None
    can_validate = incident.plan is not None and (not run or _confirming(incident))
    over = not run and (incident.verdict in _PASSES or incident.plan is None)
    return [
        *(
            [on_it_button(incident)]
            if incident.acknowledged_by is None and incident.state is not State.RECOVERED
            else []
        ),
        *([validate_button(incident)] if can_validate else []),
        *([stop_button(incident)] if run else []),
        *([resolve_button(incident)] if over else []),
        ask_button(incident),
        more_menu(incident),
    ]


def status_text(view: ThreadView, address: str = "") -> str:
    """An incident in three lines, for ``/fixloop status``; its name leads to its thread, whose ``address`` it is."""
    incident, name = view.incident, one_line(title(view.incident))
    name = f"<{address}|{name}>" if address else f"*{name}*"
    return f"{name}\n{status(view).marked()}\n{facts_line(incident, view.now)}"
