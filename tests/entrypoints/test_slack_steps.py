"""What modals do: details of a step, editing a plan, asking; over HTTP through Bolt, with real use cases and store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from redis.asyncio import Redis

from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.blocks import cards
from fixloop_bot.adapters.slack.blocks.ask import question_line
from fixloop_bot.adapters.slack.board import NullBoard
from fixloop_bot.adapters.slack.limits import limit_of
from fixloop_bot.application.copilot.question import ANSWER_QUESTION, Question
from fixloop_bot.application.errands import Errand
from fixloop_bot.application.jobs import ANSWER_WISH
from fixloop_bot.application.wishes import Wish
from fixloop_bot.bootstrap.steps import Steps, build_steps
from fixloop_bot.domain.catalog import Probe
from fixloop_bot.domain.errors import SlackBusy, SlackRefused
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.plans import HttpCheck, ManualCheck, PlanSource, Request
from fixloop_bot.domain.runs import RunKind
from fixloop_bot.entrypoints.slack.counter import Counter
from fixloop_bot.entrypoints.slack.steps import is_open, register
from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.slack.faults import FaultKind
from fixloop_bot.sandbox.slack.inhabitants import INCIDENTS, MIRA
from fixloop_bot.sandbox.slack.views import View
from tests.adapters.slack_checks import view_problems
from tests.application.office import Office, checkout
from tests.fake_clock import FakeClock
from tests.sandbox.slack_room import BOT_TOKEN, bolt_app, client_of, listening, running_slack, until

DOCUMENT = b"""{"openapi": "3.1.0", "info": {"title": "shop", "version": "1"}, "paths": {"/stock": {"get": {
"summary": "What is in stock", "responses": {"200": {"description": "ok", "content": {"application/json": {"schema":
{"type": "object", "properties": {"total": {"type": "number"}}}}}}}}}}}"""


@dataclass
class Room:
    """The local Slack with the incident's cards in it, and the bot's listeners behind them."""

    slack: LocalSlack
    api: SlackApi
    office: Office
    steps: Steps
    posted: dict[str, str]

    async def show(self) -> None:
        """Post the cards as they are now."""
        view = await self.office.threads.view("INC-1")
        assert view is not None
        client = client_of(self.slack)
        for card in cards(view):
            thread = self.posted.get("root") if card.part != "root" else None
            said = await client.chat_postMessage(
                channel=INCIDENTS, text=card.text, blocks=list(card.blocks), thread_ts=thread
            )
            self.posted[card.part] = str(said["ts"])

    async def press(self, part: str, action: str, who: str = "mira") -> None:
        answer = await self.slack.people.click(who, "incidents", self.posted[part], action)
        assert answer.ok, answer

    async def view(self, title: str, who: str = "mira") -> View:
        """The modal on top, once it has this title."""
        await until(lambda: any(_title(view) == title for view in self.slack.open_views(who)[-1:]))
        top = self.slack.open_views(who)[-1]
        assert view_problems(top.content) == []
        return top

    async def choose(self, view: View, action: str, value: str, who: str = "mira") -> None:
        block = next(
            str(each["block_id"])
            for each in view.content["blocks"]
            for element in [*each.get("elements", []), each.get("accessory", {})]
            if element.get("action_id") == action and any(o["value"] == value for o in element.get("options", []))
        )
        answer = await self.slack.people.click_view(who, view.id, action, block_id=block, value=value)
        assert answer.ok, answer

    async def submit(self, view: View, values: Mapping[str, Any], who: str = "mira") -> dict[str, str]:
        """What stands below the fields then; empty where the modal was taken."""
        named = {_block(view, name): value for name, value in values.items()}
        answer = await self.slack.people.submit_view(who, view.id, named)
        assert answer.ok, answer
        return {name.rpartition(":")[2]: sentence for name, sentence in view.errors.items()} if view.open else {}

    async def incident(self) -> Incident:
        return await self.office.incident()

    async def told(self, who: str = "mira") -> str:
        """The sentence that is kept until this person has heard it."""
        user = self.slack.user(who).id
        await until(lambda: any(wish.user == user for wish in self.tellings()))
        return next(wish.text for wish in self.tellings() if wish.user == user)

    def tellings(self) -> list[Wish]:
        jobs = [job for job in self.office.tray.jobs.values() if job.name == ANSWER_WISH]
        return [wish for job in jobs if (wish := Wish.read(job.args[0])).what == "told"]


def _title(view: View) -> str:
    return str(view.content["title"]["text"])


def _block(view: View, name: str) -> str:
    return next(
        str(each["block_id"]) for each in view.content["blocks"] if str(each["block_id"]).rpartition(":")[2] == name
    )


def words(view: View) -> str:
    return "\n".join(str(each) for each in view.content["blocks"])


@pytest.fixture
async def room(store: RedisStore, clock: FakeClock) -> AsyncIterator[Room]:
    """A service that is broken, its plan, and a confirm run that has reproduced it."""
    probe = Probe(name="the stock is listed", request=Request(path="/stock"), expect=("status == 200",))
    service = checkout(probes=(probe,), openapi="https://checkout.example.com/openapi.json")
    office = Office(store, clock, services=(service,))
    office.shop.document = DOCUMENT
    steps = build_steps(store, office.ledger, office.planning, catalog=office.catalog, clock=clock)
    await office.broken()
    async with running_slack() as slack, SlackApi(token=BOT_TOKEN, base_url=slack.api_url) as api:
        app = bolt_app(slack)
        register(app, api, Counter(store, office.tray, NullBoard()), steps.details, steps.editing)
        async with listening(slack, app):
            there = Room(slack, api, office, steps, {})
            await there.show()
            yield there
            await slack.settled()


# A modal that does not open


@pytest.mark.parametrize(("part", "button"), [("results", "details"), ("plan", "edit_plan"), ("root", "ask")])
@pytest.mark.parametrize("kind", ["refuse", "ratelimited", "server_error", "drop"])
async def test_who_gets_no_modal_is_told_whatever_the_reason(
    room: Room, part: str, button: str, kind: FaultKind
) -> None:
    """By a wish, which is kept where Slack takes no whisper at that moment either."""
    room.slack.faults.add("views.open", kind, times=2, error="expired_trigger_id")  # a plain client tries a drop again
    await room.press(part, button)
    assert await room.told() == "Slack did not open it in time. Press it again."
    assert room.slack.open_views("mira") == []


def test_only_a_trigger_that_was_used_has_opened_its_modal() -> None:
    """Whatever else Slack refuses or leaves unanswered has opened nothing, and somebody is told."""
    refusals = [SlackRefused(error, method="views.open") for error in ("expired_trigger_id", "exchanged_trigger_id")]
    assert [is_open(each) for each in refusals] == [False, True]
    assert not is_open(SlackBusy("views.open", retry_after=3))
    assert not is_open(TimeoutError())


async def test_a_click_that_is_delivered_again_is_not_called_late(room: Room) -> None:
    """The trigger was used by the first delivery: the modal is open, and there is nothing to press."""
    room.slack.faults.add("views.open", "refuse", error="exchanged_trigger_id")
    await room.press("results", "details")
    await room.slack.settled()
    room.slack.faults.add("views.open", "refuse", error="expired_trigger_id")
    await room.press("results", "details", "jonas")
    await room.told("jonas")
    assert [wish.user for wish in room.tellings()] == [room.slack.user("jonas").id]


# Details


async def test_details_show_the_failing_step_from_the_store_alone(room: Room) -> None:
    """Samples, claims, what would change it; not one request goes out for it."""
    sent = len(room.office.shop.requests)
    await room.press("results", "details")
    view = await room.view("Step 1 in full")
    said = words(view)
    assert "POST /checkout" in said
    assert "status was 503, expected 200" in said
    assert "the newest that failed first" in said
    assert "a failure that is certain is not taken back" in said
    assert len(room.office.shop.requests) == sent


async def test_another_step_is_shown_in_the_same_modal(room: Room) -> None:
    """views.update, and the menu stands on what was chosen."""
    await room.press("results", "details")
    view = await room.view("Step 1 in full")
    await room.choose(view, "details_step", "s2")
    again = await room.view("Step 2 in full")
    assert again.id == view.id
    assert "The catalog still works" in words(again)
    assert "GET /catalog" in words(again)


async def test_a_run_that_is_going_says_as_of_when(room: Room) -> None:
    """With a button that looks again."""
    run = await room.office.run(1)
    going = replace(run, finished_at=None)
    await room.office.store.save_run(going)
    await room.press("results", "details")
    view = await room.view("Step 1 in full")
    assert "the run is going, so this is not its end" in words(view)
    assert "as of" in words(view)
    before = view.hash
    answer = await room.slack.people.click_view("mira", view.id, "details_refresh")
    assert answer.ok
    await until(lambda: room.slack.open_views("mira")[-1].hash != before)


async def test_a_run_that_is_not_kept_any_more_is_said_so(room: Room) -> None:
    """The card may outlive it."""
    await room.office.store._redis.delete("fixloop:run:INC-1-r1")
    await room.press("results", "details")
    assert "not kept any more" in words(await room.view("Step details"))


# Editing


async def edit(room: Room, who: str = "mira") -> View:
    await room.press("plan", "edit_plan", who)
    return await room.view("Edit plan v1", who)


async def test_an_edited_step_becomes_a_new_version_with_its_own_confirm_run(room: Room) -> None:
    """Title, role, request and expectations in the words of a plan's file; the old version stays as it was."""
    listing = await edit(room)
    await room.choose(listing, "step_more", "edit:s1")
    form = await room.view("Edit a step")
    typed = {
        "title": "A cart can be paid twice",
        "check": "post: /checkout\njson: {items: [], twice: true}",
        "expect": "status == 200\n- json $.total == 39.98",
    }
    assert await room.submit(form, typed) == {}
    listing = await room.view("Edit plan v1")
    await until(lambda: "A cart can be paid twice" in words(room.slack.open_views("mira")[-1]))
    assert "(edited)" in words(room.slack.open_views("mira")[-1])
    assert await room.submit(listing, {"what_changed": "customers pay twice"}) == {}
    incident = await room.incident()
    assert incident.plan is not None
    assert (incident.plan.version, incident.plan.source, incident.plan.author) == (2, PlanSource.PERSON, MIRA)
    check = incident.plan.steps[0].check
    assert isinstance(check, HttpCheck)
    assert check.request.json_body == '{"items":[],"twice":true}'
    assert check.expect == ("status == 200", "json $.total == 39.98")
    assert incident.plan.note == "customers pay twice"
    entry = incident.timeline[-1]
    assert (entry.who, entry.what, entry.place) == (MIRA, "plan v2 (edited)", "modal")
    await room.office.settle()
    lines = (await room.incident()).runs
    assert [(line.kind, line.plan_version) for line in lines] == [(RunKind.CONFIRM, 1), (RunKind.CONFIRM, 2)]


async def test_steps_are_moved_removed_and_given_to_a_person(room: Room) -> None:
    """In the list, without a run for each; the new version numbers them in order."""
    listing = await edit(room)
    for choice, seen in (("down:s1", "*1  The catalog"), ("remove:s3", "1 removed"), ("manual:s4", "(edited)")):
        await room.choose(room.slack.open_views("mira")[-1], "step_more", choice)
        await until(lambda seen=seen: seen in words(room.slack.open_views("mira")[-1]))  # type: ignore[misc]
    assert await room.submit(listing, {}) == {}
    plan = (await room.incident()).plan
    assert plan is not None
    assert [(step.id, step.title) for step in plan.steps] == [
        ("s1", "The catalog still works"),
        ("s2", "A cart can be paid"),
        ("s3", "The monitor is OK"),
        ("s4", "Ask support"),
    ]
    assert isinstance(plan.steps[2].check, ManualCheck)


async def test_a_step_is_added_from_a_probe_or_from_the_openapi_document(room: Room) -> None:
    """The form is filled by a choice; what was described is frozen with its schema."""
    listing = await edit(room)
    answer = await room.slack.people.click_view("mira", listing.id, "step_add")
    assert answer.ok
    form = await room.view("Add a step")
    await until(lambda: "GET /stock (OpenAPI)" in words(room.slack.open_views("mira")[-1]))
    assert "the stock is listed (Probes of the catalog)" in words(form)
    await room.choose(form, "step_start", "3")
    await until(lambda: "schema openapi" in words(room.slack.open_views("mira")[-1]))
    assert await room.submit(room.slack.open_views("mira")[-1], {}) == {}
    await until(lambda: "What is in stock" in words(room.slack.open_views("mira")[-1]))
    assert await room.submit(listing, {}) == {}
    plan = (await room.incident()).plan
    assert plan is not None
    added = plan.steps[5]
    assert (added.id, added.title) == ("s6", "What is in stock")
    assert isinstance(added.check, HttpCheck)
    assert added.check.expect[1].startswith("schema {")


async def test_what_is_delivered_twice_is_done_once(room: Room) -> None:
    """A step is moved up by one place, and one step is added."""
    listing = await edit(room)
    delivery = room.slack.core.delivery
    await room.choose(listing, "step_more", "up:s4")
    assert (await delivery.interaction(delivery.log[-1].payload)).ok
    await until(lambda: "*3  The monitor is OK" in words(room.slack.open_views("mira")[-1]))
    assert (await room.slack.people.click_view("mira", listing.id, "step_add")).ok
    form = await room.view("Add a step")
    await room.submit(form, {"title": "Carts still open"})
    assert (await delivery.interaction(delivery.log[-1].payload)).ok
    assert await room.submit(listing, {}) == {}
    plan = (await room.incident()).plan
    assert plan is not None
    titles = [step.title for step in plan.steps]
    assert titles[2] == "The monitor is OK"
    assert titles.count("Carts still open") == 1


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"expect": "status == 200\njson $.total === 3"}, "expect", "Line 2, column 16"),
        ({"check": "post: /checkout\njsn: {}"}, "check", "Line 2, column 1: jsn"),
        ({"check": "post: /refunds"}, "check", "Use a method and a path that the catalog allows."),
        ({"check": "get: https://evil.example.com/"}, "check", "evil.example.com"),
        ({"check": "post: [1"}, "check", "this is not YAML"),
        ({"check": "just words"}, "check", "Write what it checks as `post: /checkout`"),
        (
            {"check": "post: /checkout\nheaders: {authorization: '${NOBODY}'}"},
            "check",
            "is not a secret of the catalog",
        ),
        ({"title": "😀" * 80}, "title", "shorten it to at most 75"),
        ({"check": "post: /checkout\nexpect: [status == 200]"}, "check", "expect has a field of its own"),
    ],
)
async def test_a_mistake_is_told_at_its_field_and_nothing_typed_is_lost(
    room: Room, typed: dict[str, str], field: str, sentence: str
) -> None:
    """One sentence below the field, and the modal stays open as it is."""
    await room.choose(await edit(room), "step_more", "edit:s1")
    form = await room.view("Edit a step")
    errors = await room.submit(form, typed)
    assert list(errors) == [field]
    assert sentence in errors[field]
    assert form.open
    assert (await room.incident()).plans_made == 1


TOKEN = "ghp_" + "a1B2c3D4e5F6" * 3


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"check": f"post: /checkout\njson: {{note: {TOKEN}}}"}, "check"),
        ({"expect": f'status == 200\nbody contains "{TOKEN}"'}, "expect"),
    ],
)
async def test_a_token_is_not_written_out_in_a_step(room: Room, typed: dict[str, str], field: str) -> None:
    """A plan is shown to all and read by the model: a secret stands in the catalog, and is named."""
    await room.choose(await edit(room), "step_more", "edit:s1")
    form = await room.view("Edit a step")
    errors = await room.submit(form, typed)
    assert "put it in the catalog's secrets and refer to it as ${NAME}" in errors[field]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("post: /checkout\njson: {user: mira, password: hunter2-blue}", "Its body has password"),
        ("post: /checkout\njson: {payment: [{client_secret: hunter2-blue}]}", "Its body has client_secret"),
        ("post: /checkout\nbody: user=mira&token=hunter2-blue", "Its body has token"),
        ("get: /catalog?api_key=hunter2-blue", "Its address has api_key"),
        ("post: /checkout\njson: {pin: '{{pin}}'}\ninputs: [{pin: hunter2-blue}]", "Its inputs have pin"),
    ],
)
async def test_a_credential_in_clear_text_is_refused_at_its_field_and_stored_nowhere(
    room: Room, redis: Redis, typed: str, name: str
) -> None:
    """One sentence says what to do; what was typed stays in the modal, and the value is in no key of the store."""
    await room.choose(await edit(room), "step_more", "edit:s1")
    form = await room.view("Edit a step")
    errors = await room.submit(form, {"check": typed})
    clear_text = "in clear text; put it in the catalog's secrets and refer to it as ${NAME}."
    assert errors == {"check": f"{name} {clear_text}"}
    assert form.open
    assert b"hunter2" not in await everything_in(redis)


async def everything_in(redis: Redis) -> bytes:
    """Every value of every key, as it is kept."""
    await redis.config_set("rdbcompression", "no")
    dumped = [await redis.dump(key) for key in await redis.keys("*")]
    return b"".join(each for each in dumped if each is not None)


async def test_what_people_write_for_people_is_masked(room: Room) -> None:
    """A title, what to do by hand, and what was changed: stored without the token, and so never shown with it."""
    await room.choose(await edit(room), "step_more", "edit:s1")
    form = await room.view("Edit a step")
    typed = {"title": f"Ask {TOKEN}", "check": f"manual: call with {TOKEN}", "expect": ""}
    assert await room.submit(form, typed) == {}
    await until(lambda: "(edited)" in words(room.slack.open_views("mira")[-1]))
    assert await room.submit(room.slack.open_views("mira")[-1], {"what_changed": f"now with {TOKEN}"}) == {}
    plan = (await room.incident()).plan
    assert plan is not None
    assert plan.steps[0].title == "Ask ‹token›"
    assert plan.steps[0].check == ManualCheck(instruction="call with ‹token›")
    assert plan.note == "now with ‹token›"


async def test_nobody_saves_over_a_version_that_they_have_not_seen(room: Room) -> None:
    """Two people edit at once: the second one is told by whom, and their modal stays with all that was typed."""
    first, second = await edit(room), await edit(room, "jonas")
    for who, view in (("mira", first), ("jonas", second)):
        await room.choose(view, "step_more", "remove:s5", who)
        await until(lambda who=who: "1 removed" in words(room.slack.open_views(who)[-1]))  # type: ignore[misc]
    assert await room.submit(first, {}) == {}
    await room.office.settle()
    errors = await room.submit(second, {"what_changed": "no support at night"}, "jonas")
    assert f"Meanwhile v2 was written by <@{MIRA}>, and you have edited v1." in errors["what_changed"]
    assert second.open
    assert (await room.incident()).plans_made == 2


async def test_a_plan_is_frozen_while_a_run_is_going(room: Room) -> None:
    """Edit says so to the person alone; a draft that was begun before cannot be saved either."""
    listing = await edit(room)
    await room.choose(listing, "step_more", "remove:s5")
    await until(lambda: "1 removed" in words(room.slack.open_views("mira")[-1]))
    await room.office.validation.start("INC-1", RunKind.VALIDATE, by=MIRA)
    errors = await room.submit(listing, {})
    assert errors == {"what_changed": "A run is going, and its plan is frozen. Stop it or wait for its verdict."}
    await room.press("plan", "edit_plan", "jonas")
    assert "its plan is frozen" in await room.told("jonas")
    assert room.slack.open_views("jonas") == []


async def test_an_unchanged_plan_is_no_new_version(room: Room) -> None:
    listing = await edit(room)
    assert await room.submit(listing, {}) == {"what_changed": "Nothing was changed."}


async def test_a_modal_carries_ids_and_versions_alone(room: Room) -> None:
    """private_metadata is readable by the client: no request, no secret, no text is in it."""
    await room.choose(await edit(room), "step_more", "edit:s1")
    form = await room.view("Edit a step")
    known = form.content["private_metadata"]
    assert "checkout" not in known
    assert len(known) < 200


# Asking


async def test_ask_puts_the_question_into_the_thread_and_to_the_copilot(room: Room) -> None:
    """As that person, once, however often Slack delivers it."""
    await room.press("root", "ask")
    form = await room.view("Ask about INC-1")
    assert await room.submit(form, {"question": "is it <safe> to resume?"}) == {}
    await until(lambda: ANSWER_QUESTION in room.office.tray.names())
    job = next(job for job in room.office.tray.jobs.values() if job.name == ANSWER_QUESTION)
    asked = Question.read(job.args[0])
    said = room.slack.thread(INCIDENTS, room.posted["root"])[-1]
    assert said.text == f"<@{MIRA}> asks: is it &lt;safe&gt; to resume?"
    assert (asked.user, asked.text, asked.incident) == (MIRA, "is it <safe> to resume?", "INC-1")
    assert (asked.thread_ts, asked.ts) == (room.posted["root"], said.ts)
    limit = limit_of("chat.postMessage", {"channel": INCIDENTS})
    assert limit is not None
    assert not (await room.api._paces.take_call(limit, Errand(), patience_s=0)).booked, "it took its second"


def test_a_typed_question_is_posted_without_its_secrets() -> None:
    """FixLoop says it in the thread, so FixLoop answers for it."""
    assert question_line(MIRA, f"does {TOKEN} still work?") == f"<@{MIRA}> asks: does ‹token› still work?"
