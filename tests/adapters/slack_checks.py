"""What must hold for every message that goes to Slack, whoever wrote the words in it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from fixloop_bot.adapters.slack.blocks import Card
from fixloop_bot.application.views import ThreadView
from fixloop_bot.sandbox.slack.blocks import message_problems
from fixloop_bot.sandbox.slack.blocks import view_problems as sandbox_view_problems
from tests.adapters.slack_models import model_problems, view_model_problems

Json = dict[str, Any]
ACTIONS = {
    *("validate", "confirm", "new_plan", "resolve", "stop", "reopen", "tick", "acknowledge", "ask", "more", "details"),
    *("edit_plan", "report"),
}
"""What is listened to of what stands on cards."""
IDS = re.compile(r"[A-Za-z0-9_.:|@#-]{0,200}")
"""What ``private_metadata`` may hold: anybody who has the modal open can read it."""
_TOKEN = re.compile(r"<([^<>]*)>")
_DATE = re.compile(r"!date\^-?\d+\^[^|<>]+\|[0-9A-Z :-]+")
_PERSON = re.compile(r"@[UW][A-Z0-9]{2,20}|#[CG][A-Z0-9]{2,20}")
"""Mentions and channels are made from ids in state; words of the same look are escaped."""
_CUT_APART = re.compile(r"[\u200d]…$")
_LOOSE = re.compile(r"&(?!(?:amp|lt|gt);)")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066\u2067\ud800-\udfff]")


def problems(card: Card, view: ThreadView | None = None) -> list[str]:
    """Everything that Slack, its models or we would refuse of a card."""
    names = {element["action_id"] for block in card.blocks for element in _elements(block) if "action_id" in element}
    foreign = [f"action ids {names}"] if not names <= ACTIONS else []
    return [*message_breaches(card.text, list(card.blocks), view), *foreign]


def message_breaches(text: str, blocks: list[Json], view: ThreadView | None = None) -> list[str]:
    """The same for any message: ``text`` is what is read out, ``view`` what its links may come from."""
    return [
        *message_problems(blocks),
        *([] if 0 < len(text) <= 4000 else [f"a text of {len(text)} characters"]),
        *([] if 0 < len(blocks) <= 50 else [f"{len(blocks)} blocks"]),
        *_own_rules(blocks),
        *text_problems(text, view),
        *(f"{place}: {each}" for place, found in _block_texts(blocks) for each in text_problems(found, view)),
        *model_problems(blocks),
    ]


def view_problems(view: Json, thread: ThreadView | None = None) -> list[str]:
    """The same for a modal or a Home tab; what it brings back are ids."""
    known = json.loads(view.get("private_metadata") or "{}")
    return [
        *sandbox_view_problems(view),
        *_own_rules(view["blocks"]),
        *(f"{place}: {each}" for place, found in _block_texts(view["blocks"]) for each in text_problems(found, thread)),
        *(f"{name} {value!r} is no id" for name, value in known.items() if not IDS.fullmatch(str(value))),
        *view_model_problems(view),
    ]


def _own_rules(blocks: list[Json]) -> Iterator[str]:
    ids = Counter(block.get("block_id", "") for block in blocks)
    yield from (f"block id {each!r} is there {times} times" for each, times in ids.items() if times > 1)
    yield from (f"a {block['type']} without a block id" for block in blocks if not block.get("block_id"))
    for block in blocks:
        named = Counter(element["action_id"] for element in _elements(block) if "action_id" in element)
        yield from (f"action id {each} is there {times} times" for each, times in named.items() if times > 1)
        for element in _elements(block):
            yield from _choices(element)
    if sum(block["type"] == "table" for block in blocks) > 1:
        yield "more than one table"


def _elements(block: Json) -> list[Json]:
    return [*block.get("elements", []), *(block[name] for name in ("accessory", "element") if name in block)]


def _choices(element: Json) -> Iterator[str]:
    """Initial options are options, to the letter, and values are told apart."""
    options = element.get("options", [])
    first = [*element.get("initial_options", []), *([element["initial_option"]] if "initial_option" in element else [])]
    if not all(option in options for option in first):
        yield "an initial option that is no option"
    if len({option["value"] for option in options}) < len(options):
        yield f"two options of {element['action_id']} have the same value"


def texts(card: Card) -> Iterator[tuple[str, str]]:
    """Every mrkdwn of the card, with its place; a plain text takes no markup but is looked at as well."""
    yield "text", card.text
    yield from _block_texts(list(card.blocks))


def _block_texts(blocks: list[Json]) -> Iterator[tuple[str, str]]:
    for block in blocks:
        for found in _within(block):
            if found["type"] == "mrkdwn":
                assert found.get("verbatim") is True, f"{block['block_id']} lets Slack find links and mentions"
                yield block["block_id"], found["text"]
            else:
                assert not re.search(r"<[!@#\w]", found["text"]), f"{block['block_id']} has a token in a plain text"
                assert not _CUT_APART.search(found["text"]), f"{block['block_id']} is cut inside a letter"


def _within(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        if value.get("type") in ("mrkdwn", "plain_text"):
            yield value
        for each in value.values():
            yield from _within(each)
    elif isinstance(value, list):
        for each in value:
            yield from _within(each)


def text_problems(text: str, view: ThreadView | None = None) -> Iterator[str]:
    """Markup that state did not supply, an entity cut in two, a control character."""
    for token in _TOKEN.findall(text):
        if not (_DATE.fullmatch(token) or _PERSON.fullmatch(token) or _is_ours(token, view)):
            yield f"a token of somebody else's: <{token[:80]}>"
    rest = _TOKEN.sub("", text)
    if "<" in rest or ">" in rest:
        yield f"a bracket that is cut or was not escaped in {text[:80]!r}"
    if _LOOSE.search(rest):
        yield f"an entity that is cut or was not escaped in {text[:80]!r}"
    if _CONTROL.search(text):
        yield f"a control character in {text[:80]!r}"


def _is_ours(token: str, view: ThreadView | None) -> bool:
    """A link whose address state has supplied."""
    address, _, _ = token.partition("|")
    if view is None or address.startswith("https://acme.slack.com/archives/"):
        return view is not None
    links, incident = view.links, view.incident
    known = [links.metric, links.monitor, links.logs, links.runbook, view.filed.url or None]
    known += [line.link for line in incident.signals] + [change.link for change in incident.changes]
    begins = [_letters(url) for url in known if url is not None and url.startswith(("http://", "https://"))]
    return address.startswith(("http://", "https://")) and _letters(address.replace("&amp;", "&")) in begins


def _letters(address: str) -> str:
    """An address without what may be percent-encoded differently."""
    return "".join(re.findall(r"[A-Za-z0-9]", re.sub(r"%[0-9A-Fa-f]{2}|[^\x21-\x7e]", "", address)))
