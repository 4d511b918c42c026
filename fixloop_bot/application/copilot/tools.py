"""The tools of the model: seven that read, and two that only prepare a button for a responder.

None takes an address, a query language or a name that the catalog does not have. What a tool finds becomes evidence
with a number; what it cannot do is said in a sentence.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from fixloop_bot.application.copilot import exhibits, prompt
from fixloop_bot.application.copilot.gathering import HOUR_S, Gathering, gauges_of
from fixloop_bot.application.copilot.speech import Offer, Tool, ToolCall
from fixloop_bot.application.ports import Store
from fixloop_bot.application.views import ThreadView
from fixloop_bot.domain.copilot.dossier import Dossier, Evidence, Source
from fixloop_bot.domain.errors import FixLoopError
from fixloop_bot.domain.redaction import mask
from fixloop_bot.domain.runs import Run
from fixloop_bot.domain.samples import Outcome, Sample

log = logging.getLogger(__name__)

PATIENCE_S = 8.0
RUN_STEP, NEW_PLAN = "run_step", "new_plan"
"""Actions of the two buttons."""
HINT, WORDS = 300, 200
SHOWN_SAMPLES = 5
MOST_HOURS = 72.0
_NOT_A_WORD = re.compile(r"[^\w\s.\-/@*]")


def _tool(name: str, description: str, /, **properties: Mapping[str, Any]) -> Tool:
    """All properties are required but ``hours``."""
    required = [each for each in properties if each != "hours"]
    schema = {"type": "object", "properties": properties, "required": required}
    return Tool(name=name, description=description, parameters=schema)


_HOURS = {"type": "number", "description": "how many hours back, 1 to 72"}
_NUMBER = {"type": "integer", "minimum": 1}
_TEXT = {"type": "string"}


class Toolbox:
    """The tools of one answer; whatever they find is added to its dossier."""

    def __init__(self, gathering: Gathering, store: Store, view: ThreadView, dossier: Dossier) -> None:
        self._gathering = gathering
        self._store = store
        self._view = view
        self._dossier = dossier
        self.offers: list[Offer] = []
        self._doing: dict[str, Callable[[Mapping[str, Any]], Awaitable[str]]] = {
            "query_metric": self._query_metric,
            "search_logs": self._search_logs,
            "list_changes": self._list_changes,
            "get_run": self._get_run,
            "get_step_samples": self._get_step_samples,
            "find_past_incidents": self._find_past,
            "read_runbook": self._read_runbook,
            "run_step_again": self._run_step_again,
            "propose_plan": self._propose_plan,
        }

    def tools(self) -> tuple[Tool, ...]:
        """What the model may call here."""
        names = [gauge.name for gauge in gauges_of(self._view)]
        metric = {"type": "string", "enum": names} if names else _TEXT
        return (
            _tool("query_metric", "A metric before the incident, at its worst and now.", name=metric, hours=_HOURS),
            _tool("search_logs", "The service's logs that hold these words, by kind.", words=_TEXT, hours=_HOURS),
            _tool("list_changes", "Deploys and other changes around the start.", hours=_HOURS),
            _tool("get_run", "A run and all its steps.", number=_NUMBER),
            _tool("get_step_samples", "Single samples of a step of a run.", run=_NUMBER, step=_NUMBER),
            _tool("find_past_incidents", "Earlier incidents by words, and how they ended.", words=_TEXT),
            _tool("read_runbook", "The team's runbook of this service."),
            _tool("run_step_again", "Prepares a button: run one step of the plan again.", step=_NUMBER),
            _tool("propose_plan", "Prepares a button: write a new plan version with a hint.", hint=_TEXT),
        )

    @staticmethod
    def status(call: ToolCall) -> str:
        """What a person sees while a tool works. Nothing of it is the model's own words but numbers."""
        number = call.arguments.get("number") or call.arguments.get("run")
        shown = f" {number}" if isinstance(number, int) and 0 < number < 10_000 else ""
        return {
            "query_metric": "reading the metric…",
            "search_logs": "searching the logs…",
            "list_changes": "looking for changes…",
            "get_run": f"reading run{shown}…",
            "get_step_samples": f"reading samples of run{shown}…",
            "find_past_incidents": "looking at past incidents…",
            "read_runbook": "reading the runbook…",
        }.get(call.name, "thinking…")

    async def use(self, call: ToolCall) -> str:
        """The result of a call, for the model; never raises."""
        tool = self._doing.get(call.name)
        if tool is None:
            return f"There is no such tool. There are: {', '.join(self._doing)}."
        if call.wrong:
            return f"The arguments could not be read: {call.wrong[:200]}"
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await tool(call.arguments)
        except TimeoutError:
            return f"No answer in {PATIENCE_S:.0f} s."
        except FixLoopError as error:
            return f"It could not be read: {mask(str(error))[:300]}"
        except (TypeError, ValueError, KeyError, OverflowError):
            return "These arguments do not fit the tool."
        except Exception:
            log.exception("the tool %s failed", call.name)
            return "It could not be read."

    async def _shown(self, evidence: Sequence[Evidence], nothing: str) -> str:
        """Masked, numbered, and written as sections."""
        kept = await self._gathering.masked(self._view, evidence)
        return prompt.found(self._dossier, [self._dossier.add(each) for each in kept], "" if kept else nothing)

    async def _query_metric(self, asked: Mapping[str, Any]) -> str:
        name = str(asked["name"])
        names = [gauge.name for gauge in gauges_of(self._view)]
        if name not in names:
            return f"There is no such metric here. There are: {', '.join(names) or 'none'}."
        since = self._view.now - _hours(asked, 2) * HOUR_S
        start = min(since, self._view.incident.opened_at - HOUR_S)
        return await self._shown(await self._gathering.metrics(self._view, only=name, since=start), "No data.")

    async def _search_logs(self, asked: Mapping[str, Any]) -> str:
        if self._view.service is None or self._view.service.logs is None:
            return "The catalog names no logs of this service."
        # Parentheses and colons would leave the service's own logs; plain words cannot.
        words = " ".join(_NOT_A_WORD.sub(" ", str(asked["words"])[:WORDS]).split())
        kept = " ".join(word for word in words.split() if word not in ("OR", "AND", "NOT"))
        since = self._view.now - _hours(asked, 2) * HOUR_S
        return await self._shown(await self._gathering.errors(self._view, words=kept, since=since), "No such line.")

    async def _list_changes(self, asked: Mapping[str, Any]) -> str:
        found = await self._gathering.changes(self._view, hours=_hours(asked, 6))
        return await self._shown(found, "No change events. That does not mean that nothing was changed.")

    async def _get_run(self, asked: Mapping[str, Any]) -> str:
        run = await self._run(int(asked["number"]))
        if run is None:
            return self._no_run()
        root = await self._gathering.root(self._view.incident)
        facts = exhibits.run_facts(run, now=self._view.now, link=root)
        return await self._shown([facts, *exhibits.steps(run, link=root)], "")

    async def _get_step_samples(self, asked: Mapping[str, Any]) -> str:
        run, at = await self._run(int(asked["run"])), int(asked["step"])
        if run is None:
            return self._no_run()
        if not 1 <= at <= len(run.plan.steps):
            return f"Run {run.number} has steps 1 to {len(run.plan.steps)}."
        samples = await self._store.samples(run.id, run.plan.steps[at - 1].id)
        root = await self._gathering.root(self._view.incident)
        told = [_sample(run, at, each, link=root) for each in _telling(samples)]
        return await self._shown(told, "No samples are kept of it.")

    async def _run(self, number: int) -> Run | None:
        line = next((line for line in self._view.incident.runs if line.number == number), None)
        return await self._store.run(line.id) if line is not None else None

    def _no_run(self) -> str:
        numbers = ", ".join(str(line.number) for line in self._view.incident.runs[-20:])
        return f"There is no such run. There are: {numbers or 'none'}."

    async def _find_past(self, asked: Mapping[str, Any]) -> str:
        words = str(asked["words"])[:WORDS]
        return await self._shown(await self._gathering.past(self._view, words), "No earlier incident is like it.")

    async def _read_runbook(self, asked: Mapping[str, Any]) -> str:
        del asked
        return await self._shown(await self._gathering.runbook(self._view), "The catalog names no runbook.")

    async def _run_step_again(self, asked: Mapping[str, Any]) -> str:
        at = int(asked["step"])
        offer = offer_of_step(self._view, at)
        if offer is None:
            return "The plan has no such step."
        self._offer(offer)
        return f"A button to run step {at} again stands below your answer. Nothing has run."

    async def _propose_plan(self, asked: Mapping[str, Any]) -> str:
        hint = " ".join((await self._gathering.clean(str(asked["hint"])[:HINT], self._view)).split())
        label = _label(f"New plan: {hint}" if hint else "New plan")
        self._offer(Offer(action=NEW_PLAN, label=label, value=f"{self._view.incident.id}:{hint}"))
        return "A button to write a new plan stands below your answer. Nothing was changed."

    def _offer(self, offer: Offer) -> None:
        if offer not in self.offers and len(self.offers) < 2:
            self.offers.append(offer)


def offer_of_step(view: ThreadView, at: int) -> Offer | None:
    """A button that runs one step of the present plan again; None where there is no such step to run.

    Its value is incident, step and the plan's version: ``INC-42:s2:1``.
    """
    plan = view.incident.plan
    if plan is None or not 1 <= at <= len(plan.steps) or plan.steps[at - 1].manual:
        return None
    value = f"{view.incident.id}:{plan.steps[at - 1].id}:{plan.version}"
    return Offer(action=RUN_STEP, label=f"Run step {at} again", value=value)


def _hours(asked: Mapping[str, Any], usual: float) -> float:
    return min(max(float(asked.get("hours") or usual), 1.0), MOST_HOURS)


def _label(text: str) -> str:
    return text if len(text) <= 70 else text[:69].rstrip() + "…"


def _telling(samples: Sequence[Sample]) -> list[Sample]:
    """The first that failed, then the last ones, in order."""
    failed = [sample for sample in samples if sample.outcome is not Outcome.PASSED][: SHOWN_SAMPLES - 2]
    last = [sample for sample in samples[-SHOWN_SAMPLES:] if sample not in failed]
    return sorted([*failed, *last[-(SHOWN_SAMPLES - len(failed)) :]], key=lambda sample: sample.number)


def _sample(run: Run, at: int, sample: Sample, *, link: str) -> Evidence:
    text = f"run {run.number}, step {at}: {exhibits.sample_line(sample)}\nit {sample.outcome.value}"
    title = f"run {run.number}, step {at}, sample #{sample.number}"
    key = f"run{run.number}.{run.plan.steps[at - 1].id}#{sample.number}"
    return Evidence(key=key, source=Source.STEP, title=title, text=text, link=link)
