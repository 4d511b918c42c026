"""What must hold for every message that goes to Slack, whoever wrote the words in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import slackblocks
from slack_sdk.models.blocks import Block as SdkBlock

from fixloop_bot.adapters.slack.blocks import Card
from fixloop_bot.application.views import ThreadView
from fixloop_bot.sandbox.slack.blocks import message_problems

Json = dict[str, Any]
ACTIONS = {"validate", "confirm", "new_plan", "resolve", "stop", "reopen", "tick"}
_TOKEN = re.compile(r"<([^<>]*)>")
_DATE = re.compile(r"!date\^-?\d+\^[^|<>]+\|[0-9A-Z :-]+")
_PERSON = re.compile(r"@[UW][A-Z0-9]{2,20}")
_LOOSE = re.compile(r"&(?!(?:amp|lt|gt);)")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066\u2067\ud800-\udfff]")


def problems(card: Card, view: ThreadView) -> list[str]:
    """Everything that Slack, its models or we would refuse."""
    blocks = list(card.blocks)
    return [
        *message_problems(blocks),
        *_own_rules(card, blocks),
        *(f"{place}: {problem}" for place, text in texts(card) for problem in text_problems(text, view)),
        *model_problems(blocks),
    ]


def _own_rules(card: Card, blocks: list[Json]) -> Iterator[str]:
    if not 0 < len(card.text) <= 4000:
        yield f"a text of {len(card.text)} characters"
    if not 0 < len(blocks) <= 50:
        yield f"{len(blocks)} blocks"
    ids = Counter(block["block_id"] for block in blocks)
    yield from (f"block id {each} is there {times} times" for each, times in ids.items() if times > 1)
    for block in blocks:
        elements = [element for element in block.get("elements", []) if "action_id" in element]
        names = [element["action_id"] for element in elements]
        if len(names) != len(set(names)) or not set(names) <= ACTIONS:
            yield f"action ids {names}"
        for element in elements:
            if not all(option in element["options"] for option in element.get("initial_options", [])):
                yield "an initial option that is no option"


def texts(card: Card) -> Iterator[tuple[str, str]]:
    """Every mrkdwn of the card, with its place; a plain text takes no markup but is looked at as well."""
    yield "text", card.text
    for block in card.blocks:
        for found in _within(block):
            if found["type"] == "mrkdwn":
                assert found.get("verbatim") is True, f"{block['block_id']} lets Slack find links and mentions"
                yield block["block_id"], found["text"]
            else:
                assert not re.search(r"<[!@#\w]", found["text"]), f"{block['block_id']} has a token in a plain text"


def _within(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        if value.get("type") in ("mrkdwn", "plain_text"):
            yield value
        for each in value.values():
            yield from _within(each)
    elif isinstance(value, list):
        for each in value:
            yield from _within(each)


def text_problems(text: str, view: ThreadView) -> Iterator[str]:
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


def _is_ours(token: str, view: ThreadView) -> bool:
    """A link whose address state has supplied."""
    address, _, _ = token.partition("|")
    links = view.links
    known = [links.metric, links.monitor, links.logs, links.runbook, *(line.link for line in view.incident.signals)]
    begins = [_letters(url) for url in known if url is not None and url.startswith(("http://", "https://"))]
    return address.startswith(("http://", "https://")) and _letters(address.replace("&amp;", "&")) in begins


def _letters(address: str) -> str:
    """An address without what may be percent-encoded differently."""
    return "".join(re.findall(r"[A-Za-z0-9]", re.sub(r"%[0-9A-Fa-f]{2}|[^\x21-\x7e]", "", address)))


def model_problems(blocks: Iterable[Json]) -> Iterator[str]:
    """What the models of slack_sdk and slackblocks refuse."""
    for block in blocks:
        parsed = SdkBlock.parse(block)
        if parsed is None:
            yield f"slack_sdk does not know {block['type']}"
        else:
            parsed.validate_json()
        _strict(block)


def _strict(block: Json) -> None:
    """Build the block with slackblocks, which raises where a limit is broken."""
    match block["type"]:
        case "header":
            slackblocks.HeaderBlock(_text(block["text"]), block_id=block["block_id"])
        case "section":
            slackblocks.SectionBlock(_text(block["text"]), block_id=block["block_id"])
        case "context":
            slackblocks.ContextBlock([_text(each) for each in block["elements"]], block_id=block["block_id"])
        case "actions":
            slackblocks.ActionsBlock([_element(each) for each in block["elements"]], block_id=block["block_id"])
        case other:
            raise AssertionError(f"no model for {other}")


def _text(text: Json) -> Any:
    if text["type"] == "plain_text":
        return slackblocks.Text(text["text"], type_=slackblocks.TextType.PLAINTEXT, emoji=True)
    return slackblocks.Text(text["text"], verbatim=True)


def _element(element: Json) -> Any:
    if element["type"] == "checkboxes":
        options = [_option(each) for each in element["options"]]
        initial = [_option(each) for each in element.get("initial_options", [])] or None
        return slackblocks.CheckboxGroup(element["action_id"], options, initial_options=initial)
    confirm = element.get("confirm")
    asked = (
        slackblocks.ConfirmationDialogue(**{name: _text(part) for name, part in confirm.items()}) if confirm else None
    )
    return slackblocks.Button(
        _text(element["text"]),
        action_id=element["action_id"],
        value=element["value"],
        style=element.get("style"),
        confirm=asked,
    )


def _option(option: Json) -> Any:
    return slackblocks.Option(_text(option["text"]), option["value"], description=_text(option["description"]))
