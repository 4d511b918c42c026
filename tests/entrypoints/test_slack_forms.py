"""Forms, the shortcut and 📌: over HTTP through Bolt and the local Slack, with the real use cases and store."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_bolt.async_app import AsyncApp

from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.blocks import forms as views
from fixloop_bot.adapters.slack.blocks.buttons import more_menu, resolve_button
from fixloop_bot.adapters.slack.blocks.card import actions, button
from fixloop_bot.adapters.slack.board import NullBoard
from fixloop_bot.application.jobs import ANSWER_WISH, EXECUTE_RUN, MAKE_PLAN, REFRESH_THREAD, START_RUN
from fixloop_bot.application.people import SEVERITIES
from fixloop_bot.application.wishes import Wish
from fixloop_bot.domain.incidents import State
from fixloop_bot.entrypoints.slack import commands, modals, reactions, shortcuts
from fixloop_bot.entrypoints.slack.commands import typed
from fixloop_bot.entrypoints.slack.counter import Counter
from fixloop_bot.entrypoints.slack.forms import NAMES, Forms
from fixloop_bot.sandbox.slack import LocalSlack, payloads
from fixloop_bot.sandbox.slack.inhabitants import INCIDENTS, JONAS, MIRA
from fixloop_bot.sandbox.slack.views import View
from tests.adapters.slack_checks import view_problems
from tests.application.office import Office, checkout, signal
from tests.fake_clock import FakeClock
from tests.sandbox.slack_room import BOT_TOKEN, bolt_app, client_of, listening, running_slack, until

ON_CALL = "S0ONCALL"


@dataclass
class Room:
    """INC-1 of checkout, where only Mira may resolve, and INC-2 of cart, where everybody may; a card for each."""

    slack: LocalSlack
    office: Office
    cards: dict[str, str]

    async def choose(self, what: str, *, incident: str = "INC-1", who: str = MIRA) -> None:
        await self.slack.people.select(who, INCIDENTS, self.cards[incident], "more", f"{what}:{incident}")

    async def press(self, action: str, *, incident: str = "INC-1", who: str = MIRA) -> None:
        await self.slack.people.click(who, INCIDENTS, self.cards[incident], action)

    async def form(self, *, who: str = MIRA) -> View:
        """The form on top; whatever it is, Slack and its models take it."""
        await until(lambda: bool(self.slack.open_views(who)))
        view = self.slack.open_views(who)[-1]
        assert view_problems(view.content) == []
        return view

    async def told(self) -> str:
        """What was whispered for all wishes that have come."""
        await until(lambda: ANSWER_WISH in self.office.tray.names())
        await self.office.settle(but=(MAKE_PLAN, START_RUN, EXECUTE_RUN, REFRESH_THREAD))
        return "\n".join(text for _, text in self.office.wall.whispers)


@pytest.fixture
async def room(store: RedisStore, clock: FakeClock) -> AsyncIterator[Room]:
    services = (checkout(responders=(ON_CALL,)), checkout(name="cart", match=(("service", "cart"),)))
    office = Office(store, clock, services=services)
    office.town.groups = {ON_CALL: frozenset({MIRA})}
    await office.receive(signal(), signal(at=1, identity="c2", service="cart", tags=("service:cart",)))
    async with running_slack() as slack, SlackApi(token=BOT_TOKEN, base_url=slack.api_url) as api:
        slack.delivery.retry_scale = 0.0  # what nobody listens to here is not sent for minutes
        app = bolt_app(slack)
        _register(app, api, office)
        async with listening(slack, app):
            yield Room(slack, office, {name: await _card(slack, office, name) for name in ("INC-1", "INC-2")})
            await slack.settled()


def _register(app: AsyncApp, api: SlackApi, office: Office) -> None:
    counter = Counter(office.store, office.tray, NullBoard())
    by = office.ownership
    forms = Forms(api, office.store, office.store, counter, by.permissions, by.resolution, catalog=office.catalog)
    commands.register(app, counter, forms)
    modals.register(app, counter, forms)
    shortcuts.register(app, counter, forms)
    reactions.register(app, counter)


async def _card(slack: LocalSlack, office: Office, incident_id: str) -> str:
    incident = await office.incident(incident_id)
    elements = [resolve_button(incident), more_menu(incident), button("Declare", action_id="declare", value="home")]
    said = await client_of(slack).chat_postMessage(
        channel=INCIDENTS, text=incident_id, blocks=[actions(elements, block_id=f"b:{incident_id}")]
    )
    return str(said["ts"])


@pytest.mark.parametrize("what", [name for name in NAMES if name != "resolve"])
async def test_every_choice_of_the_menu_opens_its_form(room: Room, what: str) -> None:
    """With the incident's id in it and no words of anybody."""
    await room.choose(what)
    view = await room.form()
    assert view.content["callback_id"] == f"form:{what}"
    known = json.loads(view.content["private_metadata"])
    assert known == {"incident": "INC-1", "channel": INCIDENTS, "thread_ts": room.cards["INC-1"]}


async def test_a_submitted_form_is_a_wish_from_a_modal(room: Room) -> None:
    """Fields by their names; the place is in the timeline."""
    await room.choose("severity")
    await room.slack.people.submit_view(MIRA, (await room.form()).id, {"severity": "SEV1"})
    await room.told()
    incident = await room.office.incident()
    assert (incident.severity, incident.timeline[-1].place) == ("SEV1", "modal")


async def test_a_mute_is_the_command_that_it_stands_for(room: Room) -> None:
    """So that there is one way in which a mute is read."""
    await room.choose("mute")
    await room.slack.people.submit_view(MIRA, (await room.form()).id, {"time": "2h"})
    await until(lambda: ANSWER_WISH in room.office.tray.names())
    (job,) = [job for job in room.office.tray.jobs.values() if job.name == ANSWER_WISH]
    wish = Wish.read(job.args[0])
    assert (wish.what, wish.text, wish.place) == ("command", "mute INC-1 2h", "modal")


async def test_a_form_that_was_tampered_with_is_judged_by_its_incident(room: Room) -> None:
    """Jonas opens cart's form, and puts checkout's id into it: he may resolve cart, and not checkout."""
    await room.press("resolve", incident="INC-2", who=JONAS)
    view = await room.form(who=JONAS)
    forged = json.loads(view.content["private_metadata"]) | {"incident": "INC-1", "service": "cart"}
    view.content["private_metadata"] = json.dumps(forged)
    await room.slack.people.submit_view(JONAS, view.id, {"fixed_by": "nothing"})
    assert f"Only <!subteam^{ON_CALL}> may resolve checkout" in await room.told()
    assert (await room.office.incident()).is_open
    assert [each.user for each in await room.office.store.refusals()] == [JONAS]


async def test_whoever_may_not_is_told_before_they_have_typed(room: Room) -> None:
    """No form opens, and the refusal is kept."""
    await room.press("resolve", who=JONAS)
    assert "may resolve checkout" in await room.told()
    assert room.slack.open_views(JONAS) == []
    assert len(await room.office.store.refusals()) == 1


async def test_whoever_may_not_mute_is_told_so_as_well(room: Room) -> None:
    """Without words a mute only lists, which everybody may; its form is for one incident."""
    await room.choose("mute", who=JONAS)
    assert "may mute checkout" in await room.told()
    assert room.slack.open_views(JONAS) == []
    assert [each.what for each in await room.office.store.refusals()] == ["mute"]


async def test_the_same_submission_twice_opens_one_incident(room: Room) -> None:
    """Slack repeats what it believes lost."""
    await room.press("declare")
    view = await room.form()
    room.slack.people._fill(room.slack.user(MIRA), view, {"service": "cart", "what": "slow"})
    await room.office.resolve("INC-2")
    payload = payloads.view_submission(room.slack.core, room.slack.user(MIRA), view)
    for _ in range(2):
        assert (await room.slack.delivery.interaction(payload)).ok
    await room.told()
    assert sorted(await room.office.store.open_incidents()) == ["INC-1", "INC-3"]


async def test_a_declaration_without_a_service_stays_on_the_screen(room: Room) -> None:
    """With the sentence at its field; nothing is taken."""
    await room.press("declare")
    view = await room.form()
    await room.slack.people.submit_view(MIRA, view.id, {"what": "slow"})
    assert view.errors == {"other": "Choose a service above, or name one here."}
    assert ANSWER_WISH not in room.office.tray.names()


async def test_a_declaration_of_two_services_stays_on_the_screen(room: Room) -> None:
    """Which of them is meant is not for FixLoop to guess; with one of them it is taken."""
    await room.press("declare")
    view = await room.form()
    await room.slack.people.submit_view(MIRA, view.id, {"service": "cart", "other": "search", "what": "slow"})
    assert view.errors == {
        "other": "Only one service can be given: empty this field, or clear the choice above.",
    }
    assert ANSWER_WISH not in room.office.tray.names()
    await room.slack.people.submit_view(MIRA, view.id, {"service": "cart", "other": "", "what": "slow"})
    assert ANSWER_WISH in room.office.tray.names()


async def test_the_words_of_a_command_are_filled_in(room: Room) -> None:
    """A first word that is a service is chosen, in any case."""
    await room.slack.people.command(MIRA, INCIDENTS, "/fixloop declare Cart payments fail &amp; more")
    blocks = {block["block_id"]: block for block in (await room.form()).content["blocks"]}
    assert blocks["service"]["element"]["initial_option"]["value"] == "cart"
    assert blocks["what"]["element"]["initial_value"] == "payments fail & more"


async def test_resolve_by_command_asks_only_where_it_was_not_said(room: Room) -> None:
    """With words behind it there is nothing to ask."""
    await room.slack.people.command(MIRA, INCIDENTS, "/fixloop resolve INC-1")
    assert (await room.form()).content["title"]["text"] == "Resolve INC-1"
    await room.slack.people.command(MIRA, INCIDENTS, "/fixloop resolve INC-1 rolled back")
    await room.told()
    incident = await room.office.incident()
    assert (incident.state, incident.fixed_by) == (State.RESOLVED, "rolled back")
    assert len(room.slack.open_views(MIRA)) == 1


async def test_a_failing_step_is_named_in_the_form(room: Room) -> None:
    """And its reason is what has to be filled in."""
    room.office.shop.broken["/checkout"] = 1.0
    await room.office.settle()
    await room.press("resolve")
    blocks = {block["block_id"]: block for block in (await room.form()).content["blocks"]}
    assert "step 1 (A cart can be paid) failed" in blocks["standing"]["text"]["text"]
    assert not blocks["override"].get("optional")
    assert blocks["fixed_by"]["optional"]


async def test_a_form_that_slack_does_not_open_is_told_with_another_way(room: Room) -> None:
    """The click is not lost in silence."""
    room.slack.faults.add("views.open", "refuse", error="expired_trigger_id")
    await room.press("resolve")
    told = await room.told()
    assert "Slack did not open the form in time" in told
    assert "`/fixloop resolve INC-1 rolled back 2.14.0`" in told, "it can be copied as it stands"


async def test_merging_with_nobody_else_open_is_said(room: Room) -> None:
    """A form with an empty menu would be refused by Slack."""
    await room.office.resolve("INC-2")
    await room.choose("merge")
    assert "No other incident is open that INC-1 could be merged into." in await room.told()


async def test_a_pinned_message_is_a_wish_and_other_reactions_are_not(room: Room) -> None:
    """So is one of another kind of item."""
    said = room.slack.people.message(MIRA, "incidents", "look at this")
    room.slack.people.reaction(MIRA, "incidents", said.ts, "eyes")
    room.slack.people.reaction(JONAS, "incidents", said.ts, "pushpin")
    await until(lambda: ANSWER_WISH in room.office.tray.names())
    (job,) = [job for job in room.office.tray.jobs.values() if job.name == ANSWER_WISH]
    wish = Wish.read(job.args[0])
    assert (wish.what, wish.user, wish.field("ts"), wish.place) == ("pin", JONAS, said.ts, "reaction")
    assert reactions.pin_wish({"event": {"reaction": "pushpin", "user": MIRA, "item": {"type": "file"}}}) is None


async def test_the_shortcut_asks_for_the_incident_outside_a_thread(room: Room) -> None:
    """The form carries no word of the message."""
    said = room.slack.people.message(JONAS, "incidents", "secret-ish words")
    await room.slack.people.shortcut(MIRA, "add_to_timeline", INCIDENTS, said.ts)
    view = await room.form()
    assert "secret-ish" not in json.dumps(view.content)
    await room.slack.people.submit_view(MIRA, view.id, {"incident": "INC-2"})
    await until(lambda: ANSWER_WISH in room.office.tray.names())
    (job,) = [job for job in room.office.tray.jobs.values() if job.name == ANSWER_WISH]
    wish = Wish.read(job.args[0])
    assert (wish.what, wish.incident, wish.field("ts")) == ("add_to_timeline", "INC-2", said.ts)
    await room.told()
    entry = (await room.office.incident("INC-2")).timeline[-1]
    assert entry.what.endswith("said: secret-ish words")


@pytest.mark.parametrize(
    ("escaped", "words"),
    [
        ("who lead <@U0MIRA|mira>", "who lead <@U0MIRA|mira>"),
        ("plan p95 &lt; 400 &amp; no 5xx", "plan p95 < 400 & no 5xx"),
        (
            "link INC-1 <https://a.slack.com/archives/C1/p1?x=1&amp;y=2>",
            "link INC-1 https://a.slack.com/archives/C1/p1?x=1&y=2",
        ),
        ("see <https://a.example.com|a.example.com>", "see https://a.example.com"),
        ("&amp;lt;", "&lt;"),
    ],
)
def test_a_commands_words_are_as_they_were_typed(escaped: str, words: str) -> None:
    """Slack escapes them; people stay ids."""
    assert typed(escaped) == words


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=12,
)


@given(metadata=st.text(max_size=60) | JSON.map(json.dumps), callback=st.text(max_size=30), text=st.text(max_size=80))
def test_no_metadata_breaks_the_listener(metadata: str, callback: str, text: str) -> None:
    """What comes back with a form is read, or it is nobody's wish; nothing is raised."""
    view: dict[str, Any] = {
        "id": "V1",
        "callback_id": f"form:{callback}",
        "private_metadata": metadata,
        "state": {"values": {"what": {"value": {"type": "plain_text_input", "value": text}}}},
    }
    wish = modals.submitted_wish({"view": view, "user": {"id": MIRA}})
    assert wish is not None
    assert wish.field("what") == text
    assert Wish.read(wish.job().args[0]) == wish


def test_every_form_of_an_incident_is_the_desks_word(office_names: frozenset[str]) -> None:
    """A form whose submission nobody answers would swallow what was typed."""
    assert {name for name in NAMES if name != "mute"} | {"declare", "add_to_timeline"} <= office_names


@pytest.fixture
def office_names(store: RedisStore, clock: FakeClock) -> frozenset[str]:
    return Office(store, clock).desk.names


def test_severities_have_words() -> None:
    """Every one that the core knows can be chosen."""
    assert tuple(value for value, _ in views.SEVERITY_WORDS) == SEVERITIES
