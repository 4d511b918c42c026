"""The sandbox at a keyboard: break the shop, mend it, press buttons, talk to the bot."""

from __future__ import annotations

import asyncio
import selectors
import sys

from fixloop_bot.sandbox.narrator import Narrator
from fixloop_bot.sandbox.shop import FAULTS
from fixloop_bot.sandbox.slack import Message, NotThereError
from fixloop_bot.sandbox.slack.elements import interactive
from fixloop_bot.sandbox.slack.inhabitants import INCIDENTS, MIRA
from fixloop_bot.sandbox.slack.views import TRIGGER_SECONDS
from fixloop_bot.sandbox.world import World

BUTTONS = {"validate": "validate", "plan": "new_plan", "stop": "stop", "reopen": "reopen"}
SHOP_WORDS = """\
  break NAME      break the shop (faults: {faults})
  half            mend it by half        fix       mend it
"""
WORDS = """\
  validate        press Validate         plan      press New plan
  resolve …       press Resolve, and say what fixed it (or why it ends although a step fails)
  stop            press Stop
  tick N          tick or untick step N of the checklist
  say …           reply in the thread, such as: say is it safe to resume traffic?
  stop answer     press Stop on an answer that is being written
  good, bad       👍 or 👎 on the last answer (bad BECAUSE: with a reason)
  /fixloop …      a slash command        thread    print the whole thread
  quit"""


async def take_commands(running: World, narrator: Narrator) -> None:
    """Read commands until ``quit``, the end of input or Ctrl-C."""
    print(f"{_words(running)}\n", flush=True)
    try:
        reader = await _keyboard()
    except (OSError, ValueError):  # no terminal and no pipe, such as /dev/null: there is nobody who could type
        print("Nobody can type here: Ctrl-C ends it.", flush=True)
        await asyncio.Event().wait()
        return
    while line := await reader.readline():
        words = line.decode(errors="replace").strip()
        if words in ("quit", "exit"):
            return
        if words:
            narrator_said = await obey(running, narrator, words)
            if narrator_said:
                print(narrator_said, flush=True)


async def _keyboard() -> asyncio.StreamReader:
    """What is typed. Raises OSError or ValueError where nothing can be: the event loop would only log it, later."""
    with selectors.DefaultSelector() as trial:
        trial.register(sys.stdin, selectors.EVENT_READ)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def obey(running: World, narrator: Narrator, words: str) -> str:
    """Do what was typed; returns a sentence where it could not be done."""
    verb, _, rest = words.partition(" ")
    try:
        if words.startswith("/"):
            await running.slack.people.command(MIRA, INCIDENTS, words)
        elif verb == "break":
            return _break(running, rest.strip())
        elif verb in ("fix", "half"):
            return _mend(running, "fixed" if verb == "fix" else "half-fixed")
        elif verb == "say":
            _say(running, rest.strip())
        elif words == "stop answer":
            card = _newest(running, "answer_stop")
            await running.slack.people.click(MIRA, card.channel, card.ts, "answer_stop")
        elif verb in ("good", "bad"):
            await _judge(running, good=verb == "good", reason=rest.strip())
        elif verb == "resolve":
            await _resolve(running, rest.strip() or "it was mended")
        elif verb in BUTTONS:
            await running.press(BUTTONS[verb])
        elif verb == "tick":
            await _tick(running, rest.strip())
        elif verb == "thread":
            root = running.root()
            return narrator.thread(root.channel, root.ts) if root is not None else "There is no incident."
        else:
            return _words(running)
    except (LookupError, NotThereError) as missing:
        return f"Not now: {missing}"
    except TimeoutError:
        return "Not now: the bot did not answer in time"
    return ""


def _words(running: World) -> str:
    """The help: what can be typed in this world."""
    return (SHOP_WORDS.format(faults=", ".join(FAULTS)) if running.has_shop else "") + WORDS


def _break(running: World, name: str) -> str:
    if not running.has_shop:
        raise LookupError("there is no shop to break beside a catalog of your own")
    if name not in FAULTS:
        return f"There is no fault {name!r}. Faults: {', '.join(FAULTS)}"
    running.shop.faults.set(name, "broken")
    return FAULTS[name].sees


def _mend(running: World, state: str) -> str:
    if not running.has_shop:
        raise LookupError("there is no shop to mend beside a catalog of your own")
    broken = [fault.name for fault, _ in running.shop.faults.active()]
    for name in broken:
        running.shop.faults.set(name, state)
    return "" if broken else "Nothing is broken."


def _say(running: World, words: str) -> None:
    root = running.root()
    if root is None or not words:
        raise LookupError("say needs an incident's thread, and words")
    running.slack.people.message(MIRA, root.channel, words, thread_ts=root.ts)


async def _resolve(running: World, words: str) -> None:
    """Press Resolve, and fill in its form: what fixed it, and the same as the reason where a step still fails."""
    changes = running.slack.changes()
    await running.press("resolve")
    async with asyncio.timeout(TRIGGER_SECONDS):
        async for change in changes:
            if change.kind == "view_opened":
                break
    view = running.slack.open_views(MIRA)[-1]
    asked = {placed.block_id for placed in interactive(view.content["blocks"])}
    await running.slack.people.submit_view(
        MIRA, view.id, {name: words for name in ("fixed_by", "override") if name in asked}
    )


async def _judge(running: World, *, good: bool, reason: str) -> None:
    """Press a thumb, and fill in the modal that asks why."""
    card, people = _newest(running, "answer_feedback"), running.slack.people
    thumbs = next(placed.element for placed in interactive(card.blocks) if placed.type == "feedback_buttons")
    value = thumbs["positive_button" if good else "negative_button"]["value"]
    changes = running.slack.changes()
    await people.click(MIRA, card.channel, card.ts, "answer_feedback", value=value)
    if good:
        return
    async with asyncio.timeout(TRIGGER_SECONDS):  # the bot opens the modal after it has answered the click
        async for change in changes:
            if change.kind == "view_opened":
                break
    view = running.slack.open_views(MIRA)[-1]
    if reason:
        await people.submit_view(MIRA, view.id, {"reason": reason})
    else:
        await people.close_view(MIRA, view.id)


def _newest(running: World, action_id: str) -> Message:
    """The newest message of the thread on which this can be pressed."""
    for message in reversed(running.thread()):
        if any(placed.action_id == action_id for placed in interactive(message.blocks)):
            return message
    raise LookupError("there is no such answer")


async def _tick(running: World, number: str) -> None:
    card = running.card("tick")
    if card is None or not number.isdigit():
        raise LookupError("tick needs the number of a step, and a checklist")
    block = next(
        block for block in card.blocks if any(e.get("type") == "checkboxes" for e in block.get("elements", ()))
    )
    options = [option["value"] for option in block["elements"][0]["options"]]
    if not 1 <= int(number) <= len(options):
        raise LookupError(f"the checklist has no step {number}")
    now = set(running.slack.people.ticked(MIRA, card.channel, card.ts).get(block["block_id"], []))
    chosen = now ^ {options[int(number) - 1]}
    await running.slack.people.tick(MIRA, card.channel, card.ts, block["block_id"], sorted(chosen))
