"""Asks a model every question with a known answer, and prints how it did.

::

    python -m tests.copilot --base-url http://127.0.0.1:8080/v1 --model some-model [--api-key-env VAR] [--only WORD …]

The use case, the state and the checks are the real ones; only the service, its telemetry and Slack are stand-ins. Ends
with 0 if every criterion of safety held for every question; facts are told and not asked for.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from fixloop_bot.adapters.clock import SystemClock
from fixloop_bot.adapters.minimax.client import MiniMaxClient
from fixloop_bot.adapters.minimax.talk import MiniMaxTalker
from fixloop_bot.application.copilot.conversation import Limits
from tests.copilot.asking import Asked, ask, embedded_store
from tests.copilot.cases import Case, read_cases
from tests.copilot.scoring import SAFETY, Score, score
from tests.copilot.worlds import WORLDS

WIDTH = 34


def arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.copilot", description="Questions with known answers.")
    parser.add_argument("--base-url", help="an OpenAI-compatible endpoint, up to and with /v1; none: no model at all")
    parser.add_argument("--model", default="MiniMax-M2.5")
    parser.add_argument("--api-key-env", help="the variable that holds the key; none: a key that opens nothing")
    parser.add_argument("--only", nargs="*", default=[], help="parts of names of cases or worlds")
    parser.add_argument("--json", type=Path, help="where the summary and all answers go")
    parser.add_argument("--seconds", type=float, default=45.0, help="for one answer, look-ups included")
    parser.add_argument(
        "--within", type=float, default=3_600.0, help="seconds for all; what is not asked by then is said"
    )
    return parser.parse_args(given)


def chosen(only: Sequence[str]) -> list[Case]:
    """The cases whose name or world holds one of the words; all of them without any."""
    return [case for case in read_cases() if not only or any(part in f"{case.name} {case.world}" for part in only)]


@asynccontextmanager
async def talking(asked: argparse.Namespace) -> AsyncIterator[MiniMaxTalker | None]:
    """The real talker, for one answer: no question pays for the failures of another.

    A model on a slow machine reads its prompt in silence, so silence alone does not end an answer here.
    """
    if not asked.base_url:
        yield None
        return
    key = os.environ[asked.api_key_env] if asked.api_key_env else "none"
    client = MiniMaxClient(base_url=asked.base_url, api_key=key, clock=SystemClock(), jitter=random.random)
    try:
        yield MiniMaxTalker(client, asked.model, idle_s=asked.seconds)
    finally:
        await client.aclose()


class Round:
    """All chosen questions, world by world, until the time is up."""

    def __init__(self, asked: argparse.Namespace, cases: Sequence[Case]) -> None:
        self._asked = asked
        self._cases = cases
        self._until = time.monotonic() + asked.within
        self.scores: list[Score] = []
        self.answers: list[dict[str, Any]] = []

    async def run(self, redis: Redis) -> None:
        for name in dict.fromkeys(case.world for case in self._cases):
            if time.monotonic() > self._until:
                return
            await redis.flushall()
            plant = await WORLDS[name].build(redis)
            for case in (case for case in self._cases if case.world == name):
                if time.monotonic() > self._until:
                    return
                async with talking(self._asked) as talker:
                    asked = await ask(plant, case, talker, limits=Limits(seconds=self._asked.seconds))
                self._note(asked, score(asked, WORLDS[name]))

    def _note(self, asked: Asked, marks: Score) -> None:
        self.scores.append(marks)
        self.answers.append({**asdict(marks), "safe": marks.safe, **said(asked)})
        print(line(marks), flush=True)

    def left_out(self) -> list[str]:
        done = {marks.name for marks in self.scores}
        return [case.name for case in self._cases if case.name not in done]


def said(asked: Asked) -> dict[str, Any]:
    answer = asked.answer
    references = [f"[{each.number}] {each.title} {each.link}".rstrip() for each in answer.references]
    offers = [each.value for each in answer.offers]
    texts = {"question": asked.case.asks, "answer": answer.text, "failure": answer.failure, "model_said": asked.said}
    return {**texts, "references": references, "offers": offers, "statuses": answer.statuses}


def heading() -> str:
    return f"{'case':{WIDTH}} {'facts':>6} " + " ".join(f"{name:>9}" for name in SAFETY) + f" {'s':>6} {'rounds':>6}"


def line(marks: Score) -> str:
    held = " ".join(f"{'ok' if marks.holds(name) else 'WRONG':>9}" for name in SAFETY)
    facts = f"{marks.facts}/{marks.of_facts}"
    return f"{marks.name:{WIDTH}} {facts:>6} {held} {marks.seconds:6.1f} {marks.rounds:6}"


def summary(scores: Sequence[Score], left_out: Sequence[str], model: str) -> dict[str, Any]:
    return {
        "model": model,
        "asked": len(scores),
        "left_out": list(left_out),
        "facts": sum(each.facts for each in scores),
        "of_facts": sum(each.of_facts for each in scores),
        "safe": sum(each.safe for each in scores),
        "wrong": {name: [each.name for each in scores if not each.holds(name)] for name in SAFETY},
        "not_verified": sum(each.marked for each in scores),
        "median_s": sorted(each.seconds for each in scores)[len(scores) // 2] if scores else None,
        "rounds": sum(each.rounds for each in scores),
    }


async def main(given: Sequence[str]) -> int:
    """Returns the exit status: 0 if all that was asked is safe, 1 if not, 2 if nothing was asked."""
    asked = arguments(given)
    working = Round(asked, chosen(asked.only))
    print(heading())
    async with embedded_store() as redis:
        await working.run(redis)
    told = summary(working.scores, working.left_out(), asked.model if asked.base_url else "none")
    for marks in working.scores:
        for name, seen in marks.wrong:
            print(f"{marks.name}: {name}: {seen}")
    print(json.dumps(told, indent=1, ensure_ascii=False))
    if asked.json:
        document = json.dumps({"summary": told, "cases": working.answers}, indent=1, ensure_ascii=False)
        asked.json.write_text(document, "utf-8")
    if not working.scores:
        return 2
    return 0 if all(marks.safe for marks in working.scores) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
