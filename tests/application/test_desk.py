"""What people ask for, and what they are told when it cannot be had."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.adapters.slack.blocks.buttons import more_menu
from fixloop_bot.application.copilot.question import Question
from fixloop_bot.application.jobs import EXECUTE_RUN
from fixloop_bot.application.wishes import COMMANDS, ON_THE_CARD, Wish
from fixloop_bot.domain.incidents import Incident, State
from fixloop_bot.domain.runs import RecoveryVerdict, RunKind
from tests.application.office import JONAS, MIRA, Office, checkout, signal
from tests.fake_clock import FakeClock


async def command(office: Office, text: str, **fields: str) -> str:
    told = await office.wish("command", text=text, response_url="https://slack.test/1", **fields)
    return told[0]


async def test_buttons_do_what_they_say_and_say_nothing(office: Office) -> None:
    """A card that changes is answer enough."""
    await office.broken()
    assert await office.wish("validate", incident="INC-1") == []
    assert await office.wish("stop", incident="INC-1") == []
    await office.settle()
    assert await office.wish("resolve", incident="INC-1") == []
    assert (await office.incident()).state is State.RESOLVED
    assert await office.wish("reopen", incident="INC-1") == []
    assert (await office.incident()).state is State.OPEN


async def test_the_second_click_learns_who_was_first(office: Office) -> None:
    """And when."""
    await office.broken()
    await office.wish("validate", incident="INC-1")
    office.clock.advance(12)
    told = await office.wish("validate", incident="INC-1", user=JONAS)
    assert told == [f"A validate run is going already. <@{MIRA}> started it 12 s ago."]
    assert office.wall.whispers[-1][0] == JONAS


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("stop", "No run is going."),
        ("reopen", "INC-1 is open already."),
        ("validate", "The plan is still being written. Try again in a moment."),
    ],
)
async def test_what_cannot_be_done_is_told_in_a_line(office: Office, what: str, told: str) -> None:
    """To the person alone."""
    await office.receive(signal())
    assert await office.wish(what, incident="INC-1") == [told]


async def test_a_resolution_is_told_once_and_by_whom(office: Office) -> None:
    """Two people resolve at once."""
    await office.receive(signal())
    await office.wish("resolve", incident="INC-1", user=JONAS)
    assert await office.wish("resolve", incident="INC-1") == [f"INC-1 was resolved already, by <@{JONAS}>."]


async def test_a_command_finds_its_incident(office: Office) -> None:
    """The channel's only one, or the one that is named, in any case."""
    await office.broken()
    assert await command(office, "validate") == "INC-1 is being validated; its thread shows the run."
    assert await command(office, "STOP inc-1") == "The run of INC-1 is being stopped."
    assert await command(office, "resolve INC-7") == "There is no incident INC-7."
    assert [line.kind for line in (await office.incident()).runs] == [RunKind.CONFIRM, RunKind.VALIDATE]


@pytest.mark.parametrize("said", ["stop", "stop everything NOW", "stop 5xx please", "Stop checkout"])
async def test_stop_without_an_incident_is_the_kill_switch(office: Office, said: str) -> None:
    """Whatever is said behind it: all traffic ends; the answer says what was done and how to undo it."""
    await office.broken()
    await office.fixed()
    await office.validate(settle=False)
    assert await command(office, said) == (
        "*All traffic is stopped.* FixLoop sends nothing more to any service, in any incident. Stopped with it: "
        "the validate run of `INC-1`. Undecided steps are inconclusive. `/fixloop go` lets it flow again. "
        "To stop one run alone: `/fixloop stop INC-42`."
    )
    assert await office.store.halted_by() == MIRA
    sent = len(office.shop.requests)
    await office.settle()
    run = await office.run(2)
    assert (run.verdict, run.stopped_by) == (RecoveryVerdict.INCONCLUSIVE, MIRA)
    assert len(office.shop.requests) == sent
    await command(office, "go")


@pytest.mark.parametrize("said", ["stop INC-1", "stop inc1", "stop #1", "stop 1 please"])
async def test_stop_with_an_incident_stops_its_run_alone(office: Office, said: str) -> None:
    """Traffic of others goes on."""
    await office.broken()
    await office.validate(settle=False)
    assert await command(office, said) == "The run of INC-1 is being stopped."
    assert await office.store.stopped_by("INC-1-r2") == MIRA
    assert await office.store.halted_by() is None
    assert await command(office, "stop INC-77") == "There is no incident INC-77."


async def test_a_stop_stands_above_everything_until_it_is_lifted(office: Office) -> None:
    """With who and when, for whoever asks; and a second one does not take its place."""
    await command(office, "stop")
    office.clock.advance(600)
    since = f"All traffic was stopped already, by <@{MIRA}> 10 min ago. `/fixloop go` lets it flow again."
    assert await command(office, "stop", user=JONAS) == since
    standing = f"*All traffic is stopped*, by <@{MIRA}> 10 min ago. `/fixloop go` lets it flow again."
    assert await command(office, "status") == f"{standing}\nNo open incident."
    await office.receive(signal())
    assert await command(office, "INC-1") == f"{standing}\nINC-1 open"
    assert (await command(office, "resume", user=JONAS)).startswith(
        f"Traffic may flow again; it was stopped by <@{MIRA}> 10 min ago."
    )
    assert await command(office, "go") == "Traffic is not stopped."
    assert (await command(office, "list")).startswith("*1 open*\n")


async def test_while_all_is_stopped_no_run_begins(office: Office) -> None:
    """Who clicks is told; what would have begun by itself is noted in the thread; afterwards all is as before."""
    await office.broken()
    await command(office, "stop", user=JONAS)
    refusal = f"All traffic is stopped, by <@{JONAS}>. `/fixloop go` lets it flow again."
    assert await office.wish("validate", incident="INC-1") == [refusal]
    await office.validation.start_when_free("INC-1", "validate", "datadog")
    incident = await office.incident()
    assert [line.kind for line in incident.runs] == [RunKind.CONFIRM]
    assert incident.timeline[-1].what == f"asked for a validate run while all traffic was stopped by {JONAS}"
    await command(office, "go")
    assert await office.wish("validate", incident="INC-1") == []
    assert (await office.incident()).active_run == "INC-1-r2"


async def test_of_several_incidents_a_command_asks_which(store: RedisStore, clock: FakeClock) -> None:
    """And of none it says how to name one."""
    office = Office(store, clock, services=(checkout(), checkout(name="cart", match=(("service", "cart"),))))
    assert await command(office, "resolve") == "No incident is open here. Name one: `/fixloop resolve INC-42`."
    await office.receive(signal(), signal(at=1, identity="c2", service="cart", tags=("service:cart",)))
    told = await command(office, "resolve")
    assert told.startswith("Which one? `INC-1` (checkout), `INC-2` (cart).")


async def test_what_is_over_is_reopened_where_it_was(office: Office) -> None:
    """In the channel, without a name: the one that was resolved there last; nothing from other channels."""
    assert await command(office, "reopen") == "No incident is open here. Name one: `/fixloop reopen INC-42`."
    await office.broken()
    await office.resolve()
    assert not (await office.incident()).is_open
    assert "No incident is open here." in await command(office, "reopen", channel="C0ELSEWHERE")
    assert await command(office, "reopen") == "INC-1 is open again."
    assert (await office.incident()).is_open


async def test_status_and_list(office: Office) -> None:
    """What is open here, and everywhere; nothing open is said as well."""
    assert await command(office, "") == "No open incident."
    await office.receive(signal())
    assert await command(office, "status") == "INC-1 open"
    assert (await command(office, "list")).startswith("*1 open*\n")


async def test_status_leads_to_the_thread(office: Office) -> None:
    """As the list does; to nowhere as long as the thread is not there."""
    await office.receive(signal())
    await command(office, "status")
    await office.settle()
    await command(office, "INC-1")
    refs = await office.store.thread_refs("INC-1")
    assert office.wall.leads_to == ["", f"https://slack.test/archives/{refs.channel}/p10001"]


async def test_a_mention_in_a_thread_is_about_its_incident(office: Office) -> None:
    """Also when it is resolved."""
    await office.broken()
    await office.resolve()
    told = await office.wish("mention", thread_ts="1.0001", text="<@U1> how is it?")
    assert told == ["INC-1 resolved"]


async def test_an_unknown_word_is_answered_with_the_nearest(office: Office) -> None:
    """In a line: the list of all words is one more word away."""
    told = await command(office, "valdiate INC-1")
    assert told == "I don't know that word. Did you mean `/fixloop validate`? `/fixloop help` lists all."
    assert await command(office, "xyzzy") == "I don't know that word. `/fixloop help` lists all."
    listed = await command(office, "help")
    assert all(f"`/fixloop {word}`" in listed for word in COMMANDS)
    assert listed.count("\n") == len(COMMANDS) - 1


async def test_what_only_a_form_can_ask_is_found_on_the_card(office: Office) -> None:
    """People type what they think of; "severity" is not near "services"."""
    told = await command(office, "severity SEV1")
    assert told == "That is in the ⋯ menu of the incident's card: Severity."
    assert "Say where it stands" in await command(office, "note rolling back")
    offered = str(more_menu(await opened(office)))
    assert all(where in offered for where in ON_THE_CARD.values())


async def opened(office: Office) -> Incident:
    await office.receive(signal())
    return await office.incident()


async def test_who_resolves_what_is_resolved_is_told_by_whom(office: Office) -> None:
    """And is not asked what fixed it."""
    await opened(office)
    await office.resolve()
    assert await command(office, "resolve INC-1") == f"INC-1 was resolved already, by <@{MIRA}>."


async def test_a_plan_command_passes_its_hint_on(office: Office) -> None:
    """The words behind it are data for the model."""
    await office.broken()
    assert (
        await command(office, "plan test the refund path")
        == "A new plan for INC-1 is being written; its thread shows it."
    )
    await office.settle(but=(EXECUTE_RUN,))
    assert office.author.briefs[-1].hint == "test the refund path"


async def test_a_newer_fixloops_incident_is_refused_with_a_sentence(office: Office, redis: Redis) -> None:
    """The person learns what to do."""
    await office.receive(signal())
    await redis.hset("fixloop:incident:INC-1", "doc", b'{"v": 99, "doc": {}}')
    told = await office.wish("validate", incident="INC-1")
    assert "update this FixLoop" in told[0]


def test_a_wish_survives_the_queue() -> None:
    """It is written down and read again, and its id is its key."""
    wish = Wish(id="1", what="tick", user=MIRA, channel="C1", shown=("s1",), chosen=("s2", "s3"), plan_version=2)
    assert Wish.read(wish.job().args[0]) == wish
    assert wish.job().key == "wish:1"


def test_no_secret_waits_in_the_queue() -> None:
    """What people type lies in the store until its job is done, and a while longer: masked, as it is used."""
    token = "ghp_" + "a1B2c3D4e5F6" * 3
    wish = Wish(
        id="1",
        what="note",
        user=MIRA,
        channel="C1",
        text=f"why {token}",
        fields=(("note", token), ("ts", "1795363471.000100")),
    )
    question = Question(id="C1:1", channel="C1", thread_ts="1", ts="1", user=MIRA, team="", text=f"is {token} valid?")
    assert token not in f"{wish.job().args} {question.job().args}"
    assert Wish.read(wish.job().args[0]).fields == (("note", "‹token›"), ("ts", "1795363471.000100"))
    assert Question.read(question.job().args[0]).text == "is ‹token› valid?"
