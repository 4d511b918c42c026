"""One answer of the model: its turns and their tools, within so many rounds and seconds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

from fixloop_bot.application.copilot.speech import Heard, Speech, Talker, Tool, ToolCall, Turn, Words
from fixloop_bot.application.copilot.telling import Telling
from fixloop_bot.application.copilot.tools import Toolbox
from fixloop_bot.domain.errors import ModelSilent

log = logging.getLogger(__name__)

CALLS_IN_A_TURN = 4
AT_THE_END_S = 0.5
RESULT = 8_000
"""Characters of a tool's result that the model reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one answer may take."""

    rounds: int = 6
    seconds: float = 45.0


class Conversation:
    """Talks with the model until it has answered, or a limit is reached, which is then said."""

    def __init__(self, talker: Talker, toolbox: Toolbox, telling: Telling, speech: Speech, *, limits: Limits) -> None:
        self._talker = talker
        self._toolbox = toolbox
        self._telling = telling
        self._speech = speech
        self._limits = limits

    async def hold(self, messages: Sequence[Mapping[str, Any]]) -> str:
        """Returns what has to be said about how it ended: a limit, or a silent model; empty if it ended well."""
        note = ""
        try:
            async with asyncio.timeout(self._limits.seconds):
                note = await self._rounds(list(messages))
        except TimeoutError:
            note = self._too_late()
        except ModelSilent as silent:
            note = _sentence(str(silent))
        except Exception:
            log.exception("the conversation with the model failed")
            note = "The model's answer could not be read."
        await self._telling.end_of_turn()
        return note

    async def _rounds(self, messages: list[Mapping[str, Any]]) -> str:
        tools, until = self._toolbox.tools(), asyncio.get_running_loop().time() + self._limits.seconds
        for number in range(self._limits.rounds + 1):
            last = number == self._limits.rounds
            turn = await self._turn(messages, () if last else tools, until)
            if self._telling.enough:
                return "The answer was cut, since it went on and on."
            if last:
                return f"Stopped after {self._limits.rounds} look-ups."
            if not turn.calls:
                return self._cut_off(until) if turn.cut_off else ""
            await self._telling.end_of_turn()
            messages += [turn.message, *await self._results(turn.calls)]
        return ""

    def _too_late(self) -> str:
        return f"Stopped after {self._limits.seconds:g} s."

    def _cut_off(self, until: float) -> str:
        """An answer that was cut at its deadline reached a limit; any other one broke off."""
        late = asyncio.get_running_loop().time() >= until - AT_THE_END_S
        return self._too_late() if late else "The model's answer broke off."

    async def _turn(self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Tool], until: float) -> Turn:
        left = max(0.1, until - asyncio.get_running_loop().time())
        # The port promises that closing ends the request; only generators can be closed.
        parts = cast(AsyncGenerator[Heard, None], self._talker.talk(messages, tools, deadline_s=left))
        async with aclosing(parts) as heard:
            async for part in heard:
                if isinstance(part, Turn):
                    return part
                if isinstance(part, Words):
                    await self._telling.hear(part.text)
                if self._telling.enough:
                    break
        return Turn(cut_off=True)

    async def _results(self, calls: Sequence[ToolCall]) -> list[Mapping[str, Any]]:
        results: list[Mapping[str, Any]] = []
        for index, call in enumerate(calls):
            if index < CALLS_IN_A_TURN:
                await self._speech.doing(self._toolbox.status(call))
                content = await self._toolbox.use(call)
            else:
                content = f"At most {CALLS_IN_A_TURN} calls in a turn; this one was left out."
            results.append({"role": "tool", "tool_call_id": call.id, "content": content[:RESULT]})
        return results


def _sentence(text: str) -> str:
    """A reason that completes a card's line, as a sentence of its own."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
