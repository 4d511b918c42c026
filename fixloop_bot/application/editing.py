"""Editing a plan: a draft is changed step by step, vetted like the model's steps, and frozen as a new version.

A version that was frozen is never changed (rule of proof 2): what is saved is the next one, with a confirm run of its
own. Nothing is saved while a run is going, nor over a version that its author has not seen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from fixloop_bot.application.drafts import Draft, Drafts, StepWords, Unreadable, Wording
from fixloop_bot.application.ledger import Change, Ledger
from fixloop_bot.application.mentions import who
from fixloop_bot.application.planning import Planning, adopt, not_now
from fixloop_bot.application.ports import Clock, Store
from fixloop_bot.application.starters import Starter, starters
from fixloop_bot.domain.catalog import Catalog, Service
from fixloop_bot.domain.errors import PlanRejected
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.openapi.described import lines_of, wants_before, wants_openapi
from fixloop_bot.domain.plans import ManualCheck, Plan, PlanSource, Step, plan_hash
from fixloop_bot.domain.redaction import mask
from fixloop_bot.domain.said import said, writes_secret
from fixloop_bot.domain.vetting.clear_text import ADVICE
from fixloop_bot.domain.vetting.plan import LONGEST_INSTRUCTION, MOST_STEPS, step_breaches, vet

READY_WITHIN_S = 1.5
"""Slack waits three seconds for what becomes of a submitted modal."""
GONE = "This draft is not kept any more. Close it, and press Edit again."
WRITTEN_OUT = f"This has what looks like a secret {ADVICE}"
Allowed = Callable[[Incident, str], Awaitable[str]]
"""(incident, person) → why they may not edit its plan; empty where they may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why something was not done: ``errors`` are sentences by field, ``sentence`` is for the whole."""

    sentence: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)


async def everybody(incident: Incident, person: str) -> str:
    """Without permissions everybody may edit."""
    del incident, person
    return ""


class Editing:
    """What people do with a plan's steps."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        planning: Planning,
        drafts: Drafts,
        wording: Wording,
        *,
        catalog: Catalog,
        clock: Clock,
        token: Callable[[], str],
        allowed: Allowed = everybody,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._planning = planning
        self._drafts = drafts
        self._wording = wording
        self._catalog = catalog
        self._clock = clock
        self._token = token
        self._allowed = allowed

    async def begin(self, incident_id: str, *, by: str) -> Draft | Refused:
        """A draft of the plan that stands now."""
        incident = await self._store.incident(incident_id)
        if incident is None or incident.plan is None:
            return Refused(sentence=f"{incident_id} has no plan to edit yet.")
        sentence = not_now(incident) or await self._allowed(incident, by)
        if sentence:
            return Refused(sentence=sentence)
        steps = incident.plan.steps
        draft = Draft(
            id=self._token(), incident=incident.id, version=incident.plan.version, by=by, base=steps, steps=steps
        )
        await self._drafts.save_draft(draft)
        return draft

    async def draft(self, draft_id: str) -> Draft | None:
        return await self._drafts.draft(draft_id)

    def words(self, step: Step) -> StepWords:
        """A step as it is typed."""
        return self._wording.words(step)

    # Changes of the draft

    async def rearrange(self, draft: Draft, what: str, step_id: str) -> Draft:
        """``up``, ``down``, ``remove`` or ``manual``, for one step; what makes no sense changes nothing."""
        steps, place = list(draft.steps), _place(draft, step_id)
        if place is None:
            return draft
        if what == "remove" and len(steps) > 1:
            del steps[place]
        elif what == "manual":
            steps[place] = by_hand(steps[place])
        elif what in ("up", "down"):
            other = place + (1 if what == "down" else -1)
            if 0 <= other < len(steps):
                steps[place], steps[other] = steps[other], steps[place]
        return await self._keep(draft, steps)

    def new_id(self, draft: Draft) -> str:
        """For the form of a new step: submitted twice, it adds one."""
        return _free(draft)

    async def put(self, draft: Draft, step_id: str, words: StepWords) -> Draft | Refused:
        """Typed words in the place of a step, or as a new one at the end; refused with a sentence for each field."""
        before = draft.step(step_id)
        if before is None and len(draft.steps) >= MOST_STEPS:
            return Refused(errors={"title": f"A plan has at most {MOST_STEPS} steps. Remove one first."})
        typed = self._whole(replace(words, title=mask(words.title)), before)
        try:
            step = self._wording.read(typed, step_id=step_id or _free(draft), before=before)
        except Unreadable as unreadable:
            return Refused(errors=unreadable.errors)
        service = await self._service(draft.incident)
        (step,) = await self._concrete((_masked(step),), service)
        errors = at_fields(step_breaches(step, (_place(draft, step.id) or 0) + 1, service))
        errors = errors or ({} if step.manual else self._secrets(typed, before))
        if errors:
            return Refused(errors=errors)
        steps = [step if each.id == step.id else each for each in draft.steps]
        return await self._keep(draft, steps if before is not None else [*steps, step])

    async def starters(self, draft: Draft, *, described: bool = True) -> tuple[Starter, ...]:
        """What a new step can begin with: the catalog's probes and, where ``described``, the OpenAPI operations.

        The document is fetched for them, which may take longer than a click may wait.
        """
        service = await self._service(draft.incident)
        return starters(service, await self._planning.operations_of(service) if described else ())

    # The new version

    async def save(self, draft: Draft, *, by: str, note: str = "") -> Refused | None:
        """Freeze the draft as the plan's next version; refused with a sentence, and the draft stays."""
        service = await self._service(draft.incident)
        steps = tuple(replace(step, id=f"s{number}") for number, step in enumerate(draft.steps, start=1))
        if plan_hash(steps) == plan_hash(draft.base):
            return Refused(sentence="Nothing was changed.")
        try:
            vet(steps, service, exactly=None)
        except PlanRejected as rejected:
            return Refused(sentence=" ".join(rejected.reasons[:3]))
        incident = await self._store.incident(draft.incident)
        sentence = await self._allowed(incident, by) if incident is not None else GONE
        return Refused(sentence=sentence) if sentence else await self._adopt(draft, steps, by=by, note=note)

    async def _adopt(self, draft: Draft, steps: tuple[Step, ...], *, by: str, note: str) -> Refused | None:
        refusal: list[Refused] = []

        def decide(incident: Incident) -> Change | None:
            refusal.clear()
            sentence = not_now(incident) or _overtaken(incident, draft)
            if sentence:
                refusal.append(Refused(sentence=sentence))
                return None
            now = self._clock.now()
            plan = Plan(
                version=incident.plans_made + 1,
                source=PlanSource.PERSON,
                steps=steps,
                author=by,
                note=said(note),
                made_at=now,
            )
            return adopt(incident, plan, asked_by=by, now=now, place="modal")

        await self._ledger.change(draft.incident, decide)
        return refusal[0] if refusal else None

    # Inside

    def _whole(self, words: StepWords, before: Step | None) -> StepWords:
        """With what the form had no room for, as it was before."""
        if before is None:
            return words
        known = self._wording.words(before)
        expect = known.expect if words.expect is None and not words.check else words.expect
        return replace(words, check=words.check or known.check, expect=expect)

    def _secrets(self, typed: StepWords, before: Step | None) -> dict[str, str]:
        """A plan is shown, stored and read by the model: what is secret is never written out in it."""
        known = self._wording.words(before) if before is not None else None
        fields = {
            "check": (typed.check, known.check if known else ""),
            "expect": (typed.expect or "", (known.expect or "") if known else ""),
        }
        return {name: WRITTEN_OUT for name, (now, then) in fields.items() if writes_secret(now, before=then)}

    async def _keep(self, draft: Draft, steps: Sequence[Step]) -> Draft:
        kept = replace(draft, steps=tuple(steps), revision=draft.revision + 1)
        await self._drafts.save_draft(kept)
        return kept

    async def _service(self, incident_id: str) -> Service | None:
        incident = await self._store.incident(incident_id)
        return self._catalog.service(incident.service or "") if incident is not None else None

    async def _concrete(self, steps: tuple[Step, ...], service: Service | None) -> tuple[Step, ...]:
        """``schema openapi`` and ``shape as before`` as what they say now; as they are where that takes too long."""
        lines = [line for step in steps for line in lines_of(step)]
        if service is None or not any(wants_openapi(line) or wants_before(line) for line in lines):
            return steps
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                return await self._planning.concrete(steps, service)
        except TimeoutError:
            return steps


def _masked(step: Step) -> Step:
    """What is for people to read, without secrets."""
    if not isinstance(step.check, ManualCheck):
        return step
    return replace(step, check=ManualCheck(instruction=mask(step.check.instruction)))


def by_hand(step: Step) -> Step:
    """The same step for a person to do."""
    if step.manual:
        return step
    instruction = f"{step.title}: look at it by hand."[:LONGEST_INSTRUCTION]
    return replace(step, check=ManualCheck(instruction=instruction))


def at_fields(breaches: Sequence[str]) -> dict[str, str]:
    """Vetting's sentences at the fields that they speak of, without the step's number; the first one of each."""
    errors: dict[str, str] = {}
    for breach in breaches:
        said = breach.partition(": ")[2] or breach
        errors.setdefault(_field(said), f"{said[:1].upper()}{said[1:]}")
    return errors


def _field(sentence: str) -> str:
    if "title" in sentence[:20]:
        return "title"
    if sentence.startswith(("an expectation", "its answer is not described", "nothing is known of its answer")):
        return "expect"
    return "expect" if "expects nothing" in sentence or "expectations for" in sentence else "check"


def _overtaken(incident: Incident, draft: Draft) -> str:
    """That somebody else was faster; what was typed is not lost by it."""
    plan = incident.plan
    if plan is None or plan.version == draft.version:
        return ""
    author = who(plan.author) if plan.source is PlanSource.PERSON else plan.author or plan.source.value
    return (
        f"Meanwhile v{plan.version} was written by {author}, and you have edited v{draft.version}. "
        "What you typed stays here: copy what you need, close this, and press Edit again."
    )


def _place(draft: Draft, step_id: str) -> int | None:
    return next((place for place, step in enumerate(draft.steps) if step.id == step_id), None)


def _free(draft: Draft) -> str:
    """An id that no step of the draft has, and none of its base either while there is such a one."""
    ids = [f"s{number}" for number in range(1, MOST_STEPS + 2)]  # a full draft refuses it when it is submitted
    held, known = {step.id for step in draft.steps}, {step.id for step in draft.base}
    return next((each for each in ids if each not in held | known), next(each for each in ids if each not in held))
