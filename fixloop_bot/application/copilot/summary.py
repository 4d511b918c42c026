"""The model may write a report's summary. It is held to the same check as an answer, and said whole or not at all."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, cast

from fixloop_bot.application.copilot import prompt
from fixloop_bot.application.copilot.gathering import Gathering
from fixloop_bot.application.copilot.speech import Heard, Talker, Turn, Words
from fixloop_bot.domain.copilot.citations import checked
from fixloop_bot.domain.copilot.replies import HouseRules
from fixloop_bot.domain.errors import FixLoopError

log = logging.getLogger(__name__)

ASKED = (
    "Write the summary of this incident for its report, for readers who were not there: what was broken and how that "
    "showed, what was changed, and what was seen afterwards. Three or four sentences."
)
DEADLINE_S = 30.0
LONGEST, SHORTEST = 1_500, 60
"""Characters. What is shorter is no summary, what is longer is none either."""
_CITATION = re.compile(r"\s*\[\d+\]")


class SummaryWriter:
    """Implements the ``Writer`` port."""

    def __init__(self, gathering: Gathering, talker: Talker) -> None:
        self._gathering = gathering
        self._talker = talker

    @property
    def model(self) -> str:
        return self._talker.model

    async def summary(self, incident_id: str) -> str:
        """Never raises: a report does not wait for a model that is down, and needs none."""
        if not self._talker.available:
            return ""
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await self._checked(incident_id)
        except (FixLoopError, TimeoutError) as error:
            log.info("the summary of %s is put together from state: %s", incident_id, error)
        except Exception:
            log.exception("the model's summary of %s could not be read", incident_id)
        return ""

    async def _checked(self, incident_id: str) -> str:
        view = await self._gathering.view(incident_id)
        if view is None:
            return ""
        situation = await self._gathering.gather(view, ASKED, ())
        text = await self._words(prompt.messages(situation.dossier, (), ASKED))
        secrets = self._gathering.known_secrets(view)
        house = HouseRules(
            proven=situation.proven, instructions=prompt.RULES, secrets=secrets, detect=self._gathering.detect
        )
        # The detector reads for milliseconds: not on the event loop.
        reply = await asyncio.to_thread(checked, text, situation.dossier, house=house)
        stands = not reply.left_out and not reply.not_verified and bool(reply.cited)
        words = " ".join(_CITATION.sub("", reply.text).split())
        if not stands or not SHORTEST <= len(words) <= LONGEST:
            log.info("the model's summary of %s does not stand, so it is not used", incident_id)
            return ""
        return words

    async def _words(self, messages: Sequence[Mapping[str, Any]]) -> str:
        """What the model says in one turn, without tools."""
        # The port promises that closing ends the request; only generators can be closed.
        parts = cast(AsyncGenerator[Heard, None], self._talker.talk(messages, (), deadline_s=DEADLINE_S))
        said: list[str] = []
        async with aclosing(parts) as heard:
            async for part in heard:
                if isinstance(part, Turn):
                    return "" if part.cut_off else "".join(said)
                if isinstance(part, Words):
                    said.append(part.text)
                if sum(map(len, said)) > 4 * LONGEST:
                    break
        return ""
