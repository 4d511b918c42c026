"""Everything that makes a payload for Slack, by name, with inputs that Hypothesis makes: what is not here fails a test.

``WHOLE`` renders messages, modals and Home tabs; ``PARTS`` are rendered within those, and are named with where.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from fixloop_bot.adapters.plan_words import PlanWords
from fixloop_bot.adapters.slack.blocks import Card
from fixloop_bot.adapters.slack.blocks import forms as people_forms
from fixloop_bot.adapters.slack.blocks.answer import (
    closed,
    failed,
    page_blocks,
    page_fallback,
    prompt_blocks,
    reason_modal,
)
from fixloop_bot.adapters.slack.blocks.ask import ask_form
from fixloop_bot.adapters.slack.blocks.chart import without_pictures
from fixloop_bot.adapters.slack.blocks.details import details_modal, gone_modal
from fixloop_bot.adapters.slack.blocks.home import home_view
from fixloop_bot.adapters.slack.blocks.plan import plan_card
from fixloop_bot.adapters.slack.blocks.resolution import resolution_card
from fixloop_bot.adapters.slack.blocks.results import results_card
from fixloop_bot.adapters.slack.blocks.root import root_card
from fixloop_bot.adapters.slack.blocks.step_editor import plan_form, step_form
from fixloop_bot.adapters.slack.blocks.storm import storm_card
from fixloop_bot.adapters.slack.crier import reminder_blocks
from fixloop_bot.adapters.slack.crier import words as reminder_words
from fixloop_bot.adapters.slack.markdown import safe
from fixloop_bot.adapters.slack.refusals import milder, with_place
from fixloop_bot.application.copilot.speech import Offer, Reference
from fixloop_bot.application.details import StepDetails, failing_first, telling_step
from fixloop_bot.application.drafts import Draft
from fixloop_bot.application.feed_views import FeedItem, FeedPicture
from fixloop_bot.application.occasions import SIGNAL
from fixloop_bot.application.pictures import Album, Picture
from fixloop_bot.application.reminders import Reminder
from fixloop_bot.application.starters import Starter
from fixloop_bot.application.storms import Member, Storm, StormView
from fixloop_bot.application.views import ThreadRefs, ThreadView
from fixloop_bot.domain.calm_text import calm
from fixloop_bot.domain.catalog import Service
from fixloop_bot.domain.errors import SlackRefused
from fixloop_bot.domain.feed import row_of
from fixloop_bot.domain.reminders import Topic
from tests.strategies import incidents, texts, views

Json = dict[str, Any]
HERE = "https://acme.slack.com/archives/C0INCIDENT/p1790000000000100"
"""Slack's own address of a message."""
ABOUT = {"incident": "INC-7", "channel": "C0INCIDENT", "thread_ts": "1790000000.000100"}


@dataclass(frozen=True)
class Message:
    """A message that is no card."""

    text: str
    blocks: list[Json]


@dataclass(frozen=True)
class Case:
    """What Hypothesis made for one look at every renderer: a thread, and whatever else a renderer asks it for."""

    view: ThreadView
    data: st.DataObject

    def draw(self, strategy: st.SearchStrategy[Any]) -> Any:
        return self.data.draw(strategy)


Payload = Card | Message | Json
Render = Callable[[Case], Iterator[Payload]]


def _card(render: Callable[[ThreadView], Card | None]) -> Render:
    def rendered(case: Case) -> Iterator[Payload]:
        card = render(case.view)
        if card is not None:
            yield card

    return rendered


def _root_without(case: Case) -> Iterator[Payload]:
    yield without_pictures(root_card(case.view))


def _milder(case: Case) -> Iterator[Payload]:
    for error in ("invalid_blocks", "msg_too_long", "msg_blocks_too_long", "invalid_arguments"):
        refusal = SlackRefused(error, method="chat.update")
        card = milder(results_card(case.view) or root_card(case.view), refusal)
        if card is not None and card.blocks:
            yield card


def _with_place(case: Case) -> Iterator[Payload]:
    refs = ThreadRefs(channel="C0INCIDENT", belongs=case.draw(texts()), before=HERE)
    yield with_place(root_card(case.view), refs)


def _storm(case: Case) -> Iterator[Payload]:
    members = tuple(
        Member(incident=each, channel="C0", ts="1.2") for each in case.draw(st.lists(incidents(), max_size=3))
    )
    storm = Storm(id="storm:C0@1790000000", channel="C0", began_at=1.79e9, last_at=1.79e9 + 30, incidents=())
    shared = tuple(case.draw(st.lists(texts(), max_size=3)))
    view = StormView(storm=storm, members=members * 9, shared=shared, calm=case.draw(st.booleans()))
    yield storm_card(view, lambda channel, ts: "")


def _reminder(case: Case) -> Iterator[Payload]:
    reminder = Reminder(
        incident=case.view.incident,
        topic=case.draw(st.sampled_from(Topic)),
        name="unvalidated:0",
        to=("U0MIRA0001",),
        since=case.view.now - 400,
        now=case.view.now,
    )
    yield Message(reminder_words(reminder), reminder_blocks(reminder))


def _home(case: Case) -> Iterator[Payload]:
    items = tuple(FeedItem(row=row_of(replace(each, id=f"INC-{number}", number=number)), address=HERE)
                  for number, each in enumerate(case.draw(st.lists(incidents(), max_size=3)), 1))  # fmt: skip
    opened = tuple(item for item in items if item.row.is_open)
    resolved = tuple(item for item in items if not item.row.is_open)
    yield home_view(
        FeedPicture(
            now=case.view.now,
            open=opened,
            open_count=len(opened) * 3,
            resolved=resolved,
            resolved_count=len(resolved),
            troubles=("The model does not answer.",),
        )
    )


def _details(case: Case) -> Iterator[Payload]:
    run = case.view.shown
    for step in run.plan.steps if run is not None else ():
        assert run is not None
        progress = run.progress(step.id)
        known = (*progress.failures, *progress.passes, *progress.voids) if progress is not None else ()
        yield details_modal(
            StepDetails(
                incident=case.view.incident,
                run=run,
                step=step,
                service=None,
                before=case.view.confirm,
                samples=failing_first(known * 9),
                looked_at=900,
                now=case.view.now,
            )
        )
    assert run is None or telling_step(run) in run.plan.steps


def _draft(case: Case) -> Draft | None:
    plan = case.view.incident.plan
    if plan is None:
        return None
    steps = tuple(reversed(plan.steps))
    return Draft(id="d0", incident="INC-7", version=plan.version, by="U0MIRA0001", base=plan.steps, steps=steps[:10])


def _plan_form(case: Case) -> Iterator[Payload]:
    draft = _draft(case)
    if draft is not None:
        yield plan_form(draft)


def _step_form(case: Case) -> Iterator[Payload]:
    draft = _draft(case)
    for step in draft.steps if draft is not None else ():
        assert draft is not None
        offered = [Starter(group="Probes", label=case.draw(texts()), step=step) for _ in range(3)]
        yield step_form(draft, step.id, PlanWords().words(step))
        yield step_form(draft, "", PlanWords().words(step), revision="2", starters=offered, chosen="1")


def _ask(case: Case) -> Iterator[Payload]:
    del case
    yield ask_form({"incident": "INC-123456789", "channel": "C0INCIDENT", "thread": "1790000000.000100"})


def _declare(case: Case) -> Iterator[Payload]:
    names = case.draw(st.lists(st.text(min_size=1, max_size=90), max_size=120, unique=True))
    services = [Service(name=name) for name in names if name.strip() and len(name) <= 75]
    yield people_forms.declare_form(services, ABOUT, what=case.draw(texts())[:2000])


def _resolve(case: Case) -> Iterator[Payload]:
    failing = case.draw(st.one_of(st.just(""), texts()))
    yield people_forms.resolve_form(_person_made(case), ABOUT, failing=failing, asker="U0MIRA0001")


def _person_made(case: Case) -> Any:
    """Roles are Slack's users, by the menu that they are chosen from; a severity one of five."""
    return replace(case.view.incident, fixer="U0JONAS001", lead=None, severity="SEV2")


def _form(make: Callable[..., Json]) -> Render:
    def rendered(case: Case) -> Iterator[Payload]:
        yield make(_person_made(case), ABOUT)

    return rendered


def _merge(case: Case) -> Iterator[Payload]:
    others = [replace(case.view.incident, id=f"INC-{number}") for number in range(1, 5)]
    yield people_forms.merge_form(_person_made(case), others, ABOUT)


def _timeline(case: Case) -> Iterator[Payload]:
    yield people_forms.timeline_form([case.view.incident], ABOUT)


def _answer(case: Case) -> Iterator[Payload]:
    said = safe(" ".join(calm(case.draw(texts())).split()))  # as the copilot says it
    references = [Reference(number=1, title=case.draw(texts()), link="")]
    offers = [Offer(action="run_step", label=case.draw(texts()), value="INC-7:s1:1")]
    for native in (True, False):
        after = closed("C0:1.2", references, offers, "C0:1.2", native=native)
        yield Message(page_fallback(said), page_blocks("C0:1.2", 0, said, rich=False, after=after))
    yield Message(page_fallback(said), page_blocks("C0:1.2", 0, said, rich=False, after=failed("C0:1.2", said)))


def _prompts(case: Case) -> Iterator[Payload]:
    yield Message("Ask:", prompt_blocks("1790000000.000100", ["Is it safe to resume?", case.draw(texts())]))


def _one(view: Json) -> Render:
    def rendered(case: Case) -> Iterator[Payload]:
        del case
        yield view

    return rendered


WHOLE: Mapping[str, Render] = {
    "adapters/slack/blocks/root.py root_card": _card(root_card),
    "adapters/slack/blocks/plan.py plan_card": _card(plan_card),
    "adapters/slack/blocks/results.py results_card": _card(results_card),
    "adapters/slack/blocks/resolution.py resolution_card": _card(resolution_card),
    "adapters/slack/blocks/chart.py without_pictures": _root_without,
    "adapters/slack/blocks/storm.py storm_card": _storm,
    "adapters/slack/refusals.py milder": _milder,
    "adapters/slack/refusals.py with_place": _with_place,
    "adapters/slack/crier.py reminder_blocks": _reminder,
    "adapters/slack/blocks/home.py home_view": _home,
    "adapters/slack/blocks/details.py details_modal": _details,
    "adapters/slack/blocks/details.py gone_modal": _one(gone_modal()),
    "adapters/slack/blocks/step_editor.py plan_form": _plan_form,
    "adapters/slack/blocks/step_editor.py step_form": _step_form,
    "adapters/slack/blocks/ask.py ask_form": _ask,
    "adapters/slack/blocks/forms.py declare_form": _declare,
    "adapters/slack/blocks/forms.py resolve_form": _resolve,
    "adapters/slack/blocks/forms.py severity_form": _form(people_forms.severity_form),
    "adapters/slack/blocks/forms.py note_form": _form(people_forms.note_form),
    "adapters/slack/blocks/forms.py roles_form": _form(people_forms.roles_form),
    "adapters/slack/blocks/forms.py mute_form": _form(people_forms.mute_form),
    "adapters/slack/blocks/forms.py merge_form": _merge,
    "adapters/slack/blocks/forms.py timeline_form": _timeline,
    "adapters/slack/blocks/answer.py page_blocks": _answer,
    "adapters/slack/blocks/answer.py prompt_blocks": _prompts,
    "adapters/slack/blocks/answer.py reason_modal": _one(reason_modal('{"answer":"C0:1.2","channel":"C0"}')),
}
PARTS: Mapping[str, str] = {
    "adapters/slack/blocks/answer.py closed": "below an answer's page",
    "adapters/slack/blocks/answer.py failed": "below an answer's page",
    "adapters/slack/blocks/chart.py signal_picture": "on the root card",
    "adapters/slack/blocks/chart.py spread_picture": "on the results card",
    "adapters/slack/blocks/results.py results_buttons": "on the results card",
    "adapters/slack/blocks/root.py root_buttons": "on the root card",
}


def cases() -> st.SearchStrategy[Case]:
    return st.builds(Case, view=st.builds(_pictured, views(), texts()), data=st.data())


def _pictured(view: ThreadView, says: str) -> ThreadView:
    picture = Picture(name=SIGNAL, occasion="", digest="", file_id="F0CHART0001", alt=says, drawn_at=view.now)
    return replace(view, album=Album(pictures=(picture,)))


__all__ = ["PARTS", "WHOLE", "Case", "Message", "Payload", "cases"]
