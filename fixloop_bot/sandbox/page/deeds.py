"""What somebody does in the page: as one of the people, at the shop's switches, or by playing a scenario."""

from __future__ import annotations

import inspect
from typing import Any

from fixloop_bot.sandbox.page.line import Line
from fixloop_bot.sandbox.page.live import Live
from fixloop_bot.sandbox.shop.faults import UnknownFaultError
from fixloop_bot.sandbox.slack import Answer
from fixloop_bot.sandbox.slack.control import ACTIONS
from fixloop_bot.sandbox.slack.records import NotThereError, RefusalError

Json = dict[str, Any]
FREE = frozenset({"value", "values", "selected_values", "add", "clear"})
"""What may be something else than a text; everything else names a person's surroundings."""
LONGEST = 4_000
"""Characters of one text; Slack's own composer takes 12,000, nobody types that much here."""


async def perform(live: Live, line: Line, what: str, values: Json) -> str:
    """Do it; returns what went wrong in a sentence, or nothing."""
    try:
        return await _do(live, line, what, values)
    except (UnknownFaultError, KeyError) as missing:
        return f"There is no {missing.args[0] if missing.args else what}."
    except (NotThereError, RefusalError, LookupError, TypeError, ValueError) as refused:
        return str(refused)


async def _do(live: Live, line: Line, what: str, values: Json) -> str:
    match what:
        case "be":
            line.user = live.picture.anybody(str(values["user"]))
            live.join(line)
        case "break":
            live.world.shop.faults.set(str(values["name"]), str(values["state"]))
        case "play":
            live.plays.start(str(values["name"]))
        case "stop":
            await live.plays.stop()
        case _ if what in ACTIONS:
            return await _as_person(live, line, what, values)
        case _:
            return f"Nobody can {what[:40]} here."
    return ""


async def _as_person(live: Live, line: Line, what: str, values: Json) -> str:
    """The page says what is done, never by whom: that is whoever the page belongs to."""
    odd = next((name for name, value in values.items() if name not in FREE and not isinstance(value, str)), None)
    if odd is not None:
        return f"{odd[:40]} is not a text."
    if any(isinstance(value, str) and len(value) > LONGEST for value in values.values()):
        return f"That is longer than {LONGEST} characters."
    done = getattr(live.world.slack.people, what)(**{**values, "user": line.user})
    answer = await done if inspect.isawaitable(done) else done
    if what == "submit_view":
        line.touch("views")  # errors stay on the view without another change
    if what in ("tick", "select"):
        _redraw(line, values)
    return "" if not isinstance(answer, Answer) or answer.ok else "FixLoop did not answer in time."


def _redraw(line: Line, values: Json) -> None:
    """A tick changes what the same person sees in another window."""
    channel, ts = values.get("channel"), values.get("ts")
    if isinstance(channel, str) and isinstance(ts, str):
        line.touch("message", channel, ts)
