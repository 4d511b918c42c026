"""From what people say and press in Slack to jobs: over HTTP, signed, through Bolt, with a real store."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp

from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.blocks.answer import closed, page_blocks, prompt_blocks, writing_row
from fixloop_bot.adapters.slack.board import NullBoard
from fixloop_bot.application.copilot.question import ANSWER_QUESTION, Question
from fixloop_bot.application.copilot.speech import Offer
from fixloop_bot.application.jobs import ANSWER_WISH, Job
from fixloop_bot.application.wishes import Wish
from fixloop_bot.entrypoints.slack import register
from fixloop_bot.entrypoints.slack.asking import asks
from fixloop_bot.entrypoints.slack.counter import Counter
from fixloop_bot.entrypoints.slack.questions import OLDEST_S, question, withdrawal
from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.slack.inhabitants import BOT_USER, INCIDENTS, JONAS, MIRA
from fixloop_bot.sandbox.slack.workspace import TEAM_ID
from tests.sandbox.slack_room import BOT_TOKEN, bolt_app, client_of, listening, running_slack, until

INCIDENT = "INC-42"


class NotingQueue:
    """Keeps what is handed over; the store has accepted it before."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    async def hand_over(self, jobs: Sequence[Job]) -> None:
        self.jobs += jobs


class Threads(RedisStore):
    """A real store, and one thread that belongs to an incident."""

    roots: frozenset[tuple[str, str]] = frozenset()

    async def incident_of_thread(self, channel: str, ts: str) -> str | None:
        return INCIDENT if (channel, ts) in self.roots else None


class Office:
    """The local Slack with the bot's listeners behind it."""

    def __init__(self, slack: LocalSlack, queue: NotingQueue) -> None:
        self.slack, self.queue = slack, queue
        self.root = slack.people.message("mira", "incidents", "INC-42 checkout").ts

    def say(self, text: str, who: str = "jonas", **place: Any) -> str:
        return self.slack.people.message(who, "incidents", text, **{"thread_ts": self.root, **place}).ts

    async def post(self, blocks: list[dict[str, Any]]) -> str:
        """A message of the bot's in the thread."""
        client = client_of(self.slack)
        posted = await client.chat_postMessage(channel=INCIDENTS, thread_ts=self.root, text="…", blocks=blocks)
        return str(posted["ts"])

    async def questions(self, count: int = 1) -> list[Question]:
        """What has been asked: so many, and whatever else there is by then."""
        return [Question.read(job.args[0]) for job in await self._jobs(ANSWER_QUESTION, count)]

    async def wishes(self, count: int = 1) -> list[Wish]:
        return [Wish.read(job.args[0]) for job in await self._jobs(ANSWER_WISH, count)]

    async def _jobs(self, name: str, count: int) -> list[Job]:
        """Bolt answers before its listener is done, so: until there are so many, and a mention after them is heard."""
        await until(lambda: len([job for job in self.queue.jobs if job.name == name]) >= count)
        await self.slack.settled()
        last = self.slack.people.message("mira", "incidents", "@fixloop the last one?").ts
        key = f"question:{INCIDENTS}:{last}"
        await until(lambda: any(job.key == key for job in self.queue.jobs))
        await self.slack.settled()
        return [job for job in self.queue.jobs if job.name == name and "the last one?" not in job.args[0]]


@pytest.fixture
async def office(store: RedisStore) -> AsyncIterator[Office]:
    queue = NotingQueue()
    async with running_slack() as slack, SlackApi(token=BOT_TOKEN, base_url=slack.api_url) as api:
        slack.delivery.retry_scale = 0.0
        room = Office(slack, queue)
        threads = Threads(store._redis, clock=store._clock, retention_s=3600.0)
        threads.roots = frozenset({(INCIDENTS, room.root)})
        app: AsyncApp = bolt_app(slack)
        register(app, api, Counter(threads, queue, NullBoard()), forms=None)  # type: ignore[arg-type]  # none is opened here
        async with listening(slack, app):
            yield room
            await slack.settled()


async def test_a_question_in_an_incidents_thread_is_taken(office: Office) -> None:
    """With who, where and what; addressed, because it reads like a question."""
    ts = office.say("is it safe &amp; sound to resume traffic?")
    (asked,) = await office.questions()
    assert asked == Question(
        id=f"{INCIDENTS}:{ts}",
        channel=INCIDENTS,
        thread_ts=office.root,
        ts=ts,
        user=JONAS,
        team=TEAM_ID,
        text="is it safe & sound to resume traffic?",
        incident=INCIDENT,
    )


async def test_a_mention_that_comes_twice_is_one_question(office: Office) -> None:
    """app_mention and message, each of them repeated by Slack."""
    office.slack.delivery.repeat_events = 2
    ts = office.say("@fixloop run step 2 again")
    (asked,) = await office.questions()
    assert (asked.id, asked.text, asked.addressed) == (f"{INCIDENTS}:{ts}", "run step 2 again", True)


async def test_a_mention_outside_of_threads_is_a_question_of_its_own_thread(office: Office) -> None:
    ts = office.slack.people.message("jonas", "incidents", "@fixloop what is broken?").ts
    (asked,) = await office.questions()
    assert (asked.thread_ts, asked.incident, asked.text) == (ts, "", "what is broken?")


async def test_a_mention_without_words_asks_for_the_status(office: Office) -> None:
    office.say("@fixloop")
    (wish,) = await office.wishes()
    assert (wish.what, wish.user, wish.thread_ts) == ("mention", JONAS, office.root)


async def test_talk_in_an_incidents_thread_is_left_to_the_use_case(office: Office) -> None:
    """It may be a follow-up to an answer, which only the use case knows: taken, but not addressed."""
    office.say("rolled back 2.14.0")
    (asked,) = await office.questions()
    assert not asked.addressed


async def test_what_is_said_elsewhere_is_nobodys_business(office: Office) -> None:
    """Other threads, and the channel itself, unless the bot is mentioned."""
    other = office.slack.people.message("jonas", "incidents", "is lunch ready?").ts
    office.say("why not?", thread_ts=other)
    assert await office.questions(0) == []


async def test_what_is_edited_or_deleted_is_told_again_and_never_asked(office: Office) -> None:
    """So that what was overheard is replaced or forgotten; a bot's edits and what is said elsewhere are left alone."""
    said = office.say("rolled back &amp; waiting")
    office.slack.people.edit("jonas", "incidents", said, "@fixloop rolled back &amp; done")
    office.slack.people.delete("jonas", "incidents", said)
    other = office.slack.people.message("jonas", "incidents", "lunch?").ts
    office.slack.people.edit("jonas", "incidents", office.say("yes", thread_ts=other), "no")
    asked = await office.questions(3)
    assert {(each.text, bool(each.edited), each.addressed) for each in asked} == {
        ("rolled back & waiting", False, False),
        ("rolled back & done", True, False),
        ("", True, False),
    }
    assert {each.id for each in asked} == {f"{INCIDENTS}:{said}"}
    assert len({each.job().key for each in asked}) == 3


async def test_bots_edits_and_deletions_ask_nothing(office: Office) -> None:
    """The bot's own messages, other bots, an edit that mentions the bot; a deletion takes the question back."""
    office.say("@fixloop what now?", who="deploys")
    await client_of(office.slack).chat_postMessage(channel=INCIDENTS, thread_ts=office.root, text="Is it safe?")
    said = office.say("rolled back")
    office.slack.people.edit("jonas", "incidents", said, "@fixloop is it safe now?")
    assert [asked.text for asked in await office.questions() if not asked.edited] == ["rolled back"]
    office.slack.people.delete("jonas", "incidents", said)
    (wish,) = await office.wishes()
    assert (wish.what, wish.chosen) == ("withdraw_question", (f"{INCIDENTS}:{said}",))


def event(text: str = "is it safe?", **more: Any) -> dict[str, Any]:
    said = {"type": "message", "user": MIRA, "channel": INCIDENTS, "ts": "1700000000.000100", "thread_ts": "1.0"}
    authorizations = [{"user_id": BOT_USER, "is_bot": True}]
    return {"team_id": TEAM_ID, "authorizations": authorizations, "event": {**said, "text": text, **more}}


@pytest.mark.parametrize(
    "more",
    [
        {"bot_id": "B1"},
        {"bot_profile": {"id": "B1"}},
        {"hidden": True},
        {"subtype": "message_changed"},
        {"subtype": "message_replied"},
        {"subtype": "bot_message", "user": None},
        {"subtype": "channel_join"},
        {"subtype": "something_new"},
        {"edited": {"user": MIRA, "ts": "1700000001.000000"}},
        {"user": "USLACKBOT"},
        {"user": None},
        {"ts": "nonsense"},
        {"ts": None},
        {"thread_ts": None},
        {"ts": f"{1700000000 - OLDEST_S - 1:.6f}"},
    ],
)
def test_what_is_no_question_of_a_person(more: dict[str, Any]) -> None:
    """Neither bots, nor what is hidden, edited, replayed after ten minutes, or of a kind that we do not know."""
    assert question(event(), now=1700000000.0) is not None
    assert question(event(**more), now=1700000000.0) is None


@pytest.mark.parametrize("subtype", ["thread_broadcast", "file_share", "me_message"])
def test_what_a_person_says_in_another_way_is_said_too(subtype: str) -> None:
    """A reply that is also sent to the channel, or that has a file."""
    asked = question(event(subtype=subtype), now=1700000000.0)
    assert asked is not None
    assert asked.addressed


def test_another_ones_name_is_no_mention() -> None:
    """One whose id begins with ours; and what somebody else is asked is not asked of us."""
    asked = question(event(f"<@{BOT_USER}2> is it safe?"), now=1700000000.0)
    assert asked is not None
    assert not asked.addressed
    assert question(event(f"<@{BOT_USER}|fixloop>: look", thread_ts=None), now=1700000000.0) is not None


def test_only_a_persons_message_can_be_withdrawn() -> None:
    deleted = {"subtype": "message_deleted", "deleted_ts": "2.0", "hidden": True}
    assert withdrawal(event(**deleted, previous_message={"bot_id": "B1", "user": BOT_USER, "ts": "2.0"})) is None
    assert withdrawal(event(**deleted)) is None
    wish = withdrawal(event(**deleted, previous_message={"user": MIRA, "ts": "2.0", "thread_ts": "1.0"}))
    assert wish is not None
    assert wish.thread_ts == "1.0"


@pytest.mark.parametrize(
    "text",
    [
        "is it safe to resume traffic",
        "<@U0FIXLOOP1> what caused this",
        "Which step fails and why",
        "ok, so why is checkout slow",
        "What's broken?!",
        "did anything deploy before it",
        "Run step 2 again",
        "show me the logs",
        "safe? :thinking_face:",
        "*really?*",
        "warum schlägt Schritt 2 fehl",
        "Können wir den Verkehr wieder freigeben?",
        "ist das sicher",
        "pourquoi ça échoue",
        "¿por qué falla?",
        "qué pasó",
        "o que aconteceu",
        "perché fallisce",
        "dlaczego to nie działa",
        "почему упало",
        "为什么失败了",
        "可以恢复流量吗",
        "なぜ失敗しましたか",
        "왜 실패했나요",
        "هل هو آمن؟",
        "neden başarısız oldu",
        "क्या यह सुरक्षित है",
    ],
)
def test_questions_are_heard(text: str) -> None:
    assert asks(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rolled back 2.14.0",
        "on it",
        "can confirm, it is back",
        "will do",
        "did it, rolled back",
        "When I deployed 2.14.0 it broke",
        "Run 3 is green",
        "> is it safe?\nyes",
        "```why?```",
        "thanks!",
        "danke, läuft wieder",
        "see https://x.example/?a=1",
        "<https://x.example/?q=why?>",
        "isolated the pod",
        "washed the logs",
    ],
)
def test_talk_is_not(text: str) -> None:
    assert not asks(text)


async def test_a_running_answer_can_be_stopped(office: Office) -> None:
    ts = await office.post([writing_row("q1", block_id="answer:q1:0")])
    answer = await office.slack.people.click("jonas", "incidents", ts, "answer_stop")
    assert answer.ok
    (wish,) = await office.wishes()
    assert (wish.what, wish.user, wish.chosen, wish.thread_ts) == ("stop_answer", JONAS, ("q1",), office.root)


@pytest.mark.parametrize("native", [True, False])
async def test_thumbs_are_kept_and_the_reason_is_asked(office: Office, native: bool) -> None:
    """👍 is one wish; 👎 is one at once, and a second one with the reason, if somebody writes one."""
    blocks = page_blocks("q1", 0, "Not yet.", rich=True, after=closed("q1", (), (), "INC-42:a1", native=native))
    ts = await office.post(blocks)
    people = office.slack.people
    up, down = ("answer_feedback", "answer_feedback") if native else ("answer_liked", "answer_disliked")
    values = [f"{what}:INC-42:a1" if native else "INC-42:a1" for what in ("answer_liked", "answer_disliked")]
    assert (await people.click("mira", "incidents", ts, up, value=values[0])).ok
    assert (await people.click("jonas", "incidents", ts, down, value=values[1])).ok
    await until(lambda: office.slack.open_views("jonas"))
    assert office.slack.open_views("mira") == []
    (view,) = office.slack.open_views("jonas")
    assert (await people.submit_view("jonas", view.id, {"reason": "It was the <db>."})).ok
    found = {(wish.what, wish.user, wish.text, wish.chosen) for wish in await office.wishes(3)}
    assert found == {
        ("answer_liked", MIRA, "", ("INC-42:a1",)),
        ("answer_disliked", JONAS, "", ("INC-42:a1",)),
        ("answer_disliked", JONAS, "It was the <db>.", ("INC-42:a1",)),
    }
    assert office.slack.open_views("jonas") == []


async def test_a_modal_that_does_not_open_loses_no_thumb(office: Office) -> None:
    blocks = page_blocks("q1", 0, "Not yet.", rich=True, after=closed("q1", (), (), "a1", native=True))
    ts = await office.post(blocks)
    office.slack.faults.add("views.open", "refuse", error="expired_trigger_id")
    assert (await office.slack.people.click("jonas", "incidents", ts, "answer_feedback", value="answer_disliked:a1")).ok
    assert [wish.what for wish in await office.wishes()] == ["answer_disliked"]


async def test_an_offer_is_a_wish_with_incident_and_step(office: Office) -> None:
    offers = (
        Offer(action="run_step", label="Run step 2 again", value="INC-42:s2:3"),
        Offer(action="new_plan", label="New plan", value="INC-42:test: the refund path"),
    )
    blocks = page_blocks("q1", 0, "Shall I?", rich=False, after=closed("q1", (), offers, "a1", native=True))
    ts = await office.post(blocks)
    for number, offer in enumerate(offers):
        assert (await office.slack.people.click("jonas", "incidents", ts, f"offer:{offer.action}:{number}")).ok
    wishes = await office.wishes(2)
    assert {wish.user for wish in wishes} == {JONAS}
    assert {(wish.what, wish.incident, wish.text, wish.plan_version) for wish in wishes} == {
        ("run_step", "INC-42", "s2", 3),
        ("new_plan", "INC-42", "test: the refund path", 0),
    }


async def test_a_suggested_question_is_asked_by_whoever_clicks(office: Office) -> None:
    """Twice by two people: two questions, each for its asker, in the incident's thread."""
    ts = await office.post(prompt_blocks(office.root, ["Which step fails and why?", "Is it safe?"]))
    for who in ("mira", "jonas"):
        assert (await office.slack.people.click(who, "incidents", ts, "prompt:0")).ok
    found = await office.questions(2)
    assert {asked.user for asked in found} == {MIRA, JONAS}
    assert {(asked.text, asked.thread_ts, asked.incident, asked.team) for asked in found} == {
        ("Which step fails and why?", office.root, INCIDENT, TEAM_ID)
    }


def test_a_question_survives_its_job() -> None:
    asked = question(event("что случилось?"), now=1700000000.0)
    assert asked is not None
    assert Question.read(asked.job().args[0]) == asked
    assert json.loads(asked.job().args[0])["text"] == "что случилось?"
