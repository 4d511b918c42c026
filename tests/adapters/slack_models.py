"""What the models of slack_sdk and slackblocks refuse, of a message's blocks and of modals and Home tabs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import slackblocks
from slack_sdk.models.blocks import Block as SdkBlock
from slack_sdk.models.views import View as SdkView

Json = dict[str, Any]


def model_problems(blocks: Iterable[Json]) -> Iterator[str]:
    """Both libraries' checks, block by block; slackblocks raises where a limit is broken."""
    for block in blocks:
        parsed = SdkBlock.parse(block)
        if parsed is None:
            yield f"slack_sdk does not know {block['type']}"
        else:
            parsed.validate_json()
        strict(block)


def view_model_problems(view: Json) -> Iterator[str]:
    """The same for a view as a whole."""
    yield from model_problems(view["blocks"])
    SdkView(**view).validate_json()
    blocks = [strict(block) for block in view["blocks"]]
    if view["type"] == "home":
        slackblocks.HomeTabView(blocks, callback_id=view.get("callback_id"))
        return
    named = {name: _text(view[name]) for name in ("title", "close", "submit") if name in view}
    slackblocks.ModalView(
        blocks=blocks,
        private_metadata=view.get("private_metadata"),
        callback_id=view.get("callback_id"),
        **named,
    )


def strict(block: Json) -> Any:
    """The block as slackblocks builds it."""
    block_id = block["block_id"]
    match block["type"]:
        case "header":
            return slackblocks.HeaderBlock(_text(block["text"]), block_id=block_id)
        case "section":
            accessory = _element(block["accessory"]) if "accessory" in block else None
            return slackblocks.SectionBlock(_text(block["text"]), block_id=block_id, accessory=accessory)
        case "context":
            return slackblocks.ContextBlock([_text(each) for each in block["elements"]], block_id=block_id)
        case "actions":
            return slackblocks.ActionsBlock([_element(each) for each in block["elements"]], block_id=block_id)
        case "divider":
            return slackblocks.DividerBlock(block_id=block_id)
        case "markdown":
            return slackblocks.MarkdownBlock(block["text"], block_id=block_id)
        case "image":
            file = slackblocks.SlackFile(id=block["slack_file"]["id"], url=None)
            return slackblocks.ImageBlock(alt_text=block["alt_text"], slack_file=file, block_id=block_id)
        case "input":
            hint = {"hint": _text(block["hint"])} if "hint" in block else {}
            return slackblocks.InputBlock(
                _text(block["label"]),
                _element(block["element"]),
                block_id=block_id,
                optional=block.get("optional", False),
                **hint,
            )
        case "context_actions":
            return slackblocks.ContextActionsBlock([_element(each) for each in block["elements"]], block_id=block_id)
        case other:
            raise AssertionError(f"no model for {other}")


def _text(text: Json) -> Any:
    if text["type"] == "plain_text":
        return slackblocks.Text(text["text"], type_=slackblocks.TextType.PLAINTEXT, emoji=True)
    return slackblocks.Text(text["text"], verbatim=True)


def _element(element: Json) -> Any:
    name, placeholder = element.get("action_id"), element.get("placeholder")
    held = {"placeholder": _text(placeholder)} if placeholder else {}
    match element["type"]:
        case "button":
            return _button(element)
        case "checkboxes":
            initial = [_option(each) for each in element.get("initial_options", [])] or None
            return slackblocks.CheckboxGroup(name, _options(element), initial_options=initial)
        case "overflow":
            return slackblocks.OverflowMenu(name, _options(element))
        case "static_select":
            chosen = element.get("initial_option")
            first = _option(chosen) if chosen else None
            return slackblocks.StaticSelectMenu(name, options=_options(element), initial_option=first, **held)
        case "users_select":
            return slackblocks.UserSelectMenu(name, initial_user=element.get("initial_user"), **held)
        case "plain_text_input":
            return slackblocks.PlainTextInput(
                name,
                initial_value=element.get("initial_value"),
                max_length=element.get("max_length"),
                multiline=element.get("multiline", False),
                **held,
            )
        case "feedback_buttons":
            return slackblocks.FeedbackButtons(
                _feedback(element["positive_button"]), _feedback(element["negative_button"]), name
            )
        case other:
            raise AssertionError(f"no model for {other}")


def _feedback(side: Json) -> Any:
    return slackblocks.FeedbackButton(_text(side["text"]), side["value"])


def _button(element: Json) -> Any:
    confirm = element.get("confirm")
    asked = slackblocks.ConfirmationDialogue(**{key: _text(part) for key, part in confirm.items()}) if confirm else None
    return slackblocks.Button(
        _text(element["text"]),
        action_id=element["action_id"],
        value=element["value"],
        style=element.get("style"),
        confirm=asked,
    )


def _options(element: Json) -> list[Any]:
    return [_option(each) for each in element["options"]]


def _option(option: Json) -> Any:
    described = {"description": _text(option["description"])} if "description" in option else {}
    return slackblocks.Option(_text(option["text"]), option["value"], **described)
