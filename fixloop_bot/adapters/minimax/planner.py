"""The planner on MiniMax: one brief, one question, one draft.

Re-asks, the deadline over all of them and vetting are the application's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fixloop_bot.adapters.minimax.answers import plan_steps, raw_text
from fixloop_bot.adapters.minimax.client import MiniMaxClient, Question
from fixloop_bot.adapters.minimax.prompt import messages
from fixloop_bot.adapters.minimax.refusals import ModelUnavailable
from fixloop_bot.adapters.minimax.schema import plan_tool, read_steps
from fixloop_bot.adapters.minimax.spoken import Answer
from fixloop_bot.application.ports import PlanBrief, PlanDraft
from fixloop_bot.domain.errors import PlannerUnavailable
from fixloop_bot.domain.plans import Step

ASK_DEADLINE_S = 30.0
NO_KEY = "MINIMAX_API_KEY is not set"


Secrets = Callable[[str], str | None]


def _none(reference: str) -> None:
    del reference


class MiniMaxPlanner:
    """Asks the model once for each draft."""

    def __init__(
        self, client: MiniMaxClient, model: str, *, secrets: Secrets = _none, deadline_s: float = ASK_DEADLINE_S
    ) -> None:
        self._client = client
        self._model = model
        self._deadline_s = deadline_s
        self._secrets = secrets

    @property
    def available(self) -> bool:
        """Always: whether the model is down is said by ``draft``, at once and with its reason."""
        return True

    @property
    def model(self) -> str:
        return self._model

    def _known(self, brief: PlanBrief) -> tuple[str, ...]:
        """Values of the service's secrets: what a log line or a document says of them is not for the model."""
        references = brief.service.secrets if brief.service is not None else ()
        return tuple(value for _, reference in references if (value := self._secrets(reference)))

    async def draft(self, brief: PlanBrief) -> PlanDraft:
        """One answer as steps. Raises UnusableAnswer with complaints, or PlannerUnavailable with a card's sentence."""
        question = Question(
            model=self._model,
            messages=messages(brief, secrets=self._known(brief)),
            tools=[plan_tool()],
            deadline_s=self._deadline_s,
        )
        try:
            answer = await self._client.ask(question)
        except ModelUnavailable as failure:
            raise PlannerUnavailable(str(failure)) from failure
        base_url = brief.service.base_url if brief.service else None
        # Repairing a broken answer can take a second of CPU; the event loop goes on meanwhile.
        steps = await asyncio.to_thread(_steps, answer, base_url)
        return PlanDraft(steps=steps, raw=raw_text(answer), model=answer.model or self._model)


class NullPlanner:
    """No key, no model: every draft says so, and the standard plan steps in."""

    @property
    def available(self) -> bool:
        return False

    @property
    def model(self) -> str:
        return ""

    async def draft(self, brief: PlanBrief) -> PlanDraft:
        raise PlannerUnavailable(NO_KEY)


def _steps(answer: Answer, base_url: str | None) -> tuple[Step, ...]:
    return read_steps(plan_steps(answer), base_url=base_url, raw=raw_text(answer))
