"""Who may do what is decided in one place, by the incident in the store, whatever a button or a form says of itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.application.permissions import FOR_EVERYBODY, NEEDS_RESPONDER
from fixloop_bot.application.wishes import Wish
from fixloop_bot.domain.errors import SlackBusy, SlackRefused
from fixloop_bot.domain.incidents import State
from tests.application.office import JONAS, MIRA, Office, checkout, signal
from tests.fake_clock import FakeClock

ON_CALL, OTHERS = "S0ONCALL", "S0PAYMENTS"
EVE = "U0EVE"


@pytest.fixture
async def guarded(store: RedisStore, clock: FakeClock) -> Office:
    """Checkout (INC-1) belongs to Mira's group, cart (INC-2) to Jonas alone, docs (INC-3) to nobody in particular."""
    services = (
        checkout(responders=(ON_CALL,)),
        checkout(name="cart", match=(("service", "cart"),), responders=(OTHERS, JONAS)),
        checkout(name="docs", match=(("service", "docs"),)),
    )
    office = Office(store, clock, services=services)
    office.town.groups = {ON_CALL: frozenset({MIRA})}
    office.shop.broken["/checkout"] = 1.0
    await office.receive(
        signal(),
        signal(at=1, identity="c2", service="cart", tags=("service:cart",)),
        signal(at=2, identity="c3", service="docs", tags=("service:docs",)),
    )
    await office.settle()
    return office


DEEDS: list[tuple[str, dict[str, Any]]] = [
    ("validate", {}),
    ("confirm", {}),
    ("new_plan", {}),
    ("resolve", {"fields": (("fixed_by", "x"), ("override", "because")), "place": "modal"}),
    ("merge", {"fields": (("target", "INC-3"),), "place": "modal"}),
    ("run_step", {"text": "s1", "plan_version": 1}),
    ("tick", {"block_id": "plan|INC-1|1|0|s1", "plan_version": 1, "shown": ("s1",), "chosen": ()}),
]


async def test_a_groups_id_is_nobodys(guarded: Office) -> None:
    """Only its members are let through, not whoever names it."""
    await guarded.wish("resolve", user=ON_CALL, incident="INC-1", fields=(("override", "because"),), place="modal")
    assert (await guarded.incident()).is_open


@pytest.mark.parametrize(("what", "more"), DEEDS, ids=[what for what, _ in DEEDS])
async def test_what_a_stranger_asks_for_changes_nothing(guarded: Office, what: str, more: dict[str, Any]) -> None:
    """The incident is as it was; the person is told who may; the audit log has it."""
    before = await guarded.incident()
    (told,) = await guarded.wish(what, user=EVE, incident="INC-1", **more)
    assert told.startswith(f"Only <!subteam^{ON_CALL}> may {NEEDS_RESPONDER[what]} checkout")
    assert await guarded.incident() == before
    (kept,) = await guarded.store.refusals()
    assert (kept.user, kept.what, kept.service, kept.incident) == (EVE, what, "checkout", "INC-1")
    assert await guarded.wish(what, user=MIRA, incident="INC-1", **more) != [told]


@pytest.mark.parametrize("said", ["validate INC-1", "plan INC-1 more", "resolve INC-1 override: x", "reopen INC-1"])
async def test_a_command_is_no_way_round(guarded: Office, said: str) -> None:
    """The same people, whichever way."""
    before = await guarded.incident()
    (told,) = await guarded.wish("command", user=EVE, text=said, response_url="https://slack.test/1", place="command")
    assert told.startswith("Only ")
    assert await guarded.incident() == before


async def test_the_incident_counts_and_not_what_a_form_says_of_it(guarded: Office) -> None:
    """A form or button forged with a service, a group or another incident's thread in it is still about its incident.

    Jonas may do what he likes with cart, and nothing with checkout.
    """
    forged = {
        "fields": (("service", "cart"), ("responders", JONAS), ("fixed_by", "x"), ("override", "x")),
        "thread_ts": "2.0001",
    }
    (told,) = await guarded.wish("resolve", user=JONAS, incident="INC-1", place="modal", **forged)
    assert told.startswith("Only ")
    assert (await guarded.incident()).is_open
    assert await guarded.wish("validate", user=JONAS, incident="INC-2") == []


async def test_a_button_of_another_incident_is_judged_by_that_incident(guarded: Office) -> None:
    """Mira's rights to checkout do not open cart, whose id somebody put into checkout's button."""
    (told,) = await guarded.wish("validate", user=MIRA, incident="INC-2", thread_ts="1.0001")
    assert f"<!subteam^{OTHERS}> and <@{JONAS}>" in told
    assert (await guarded.incident("INC-2")).active_run is None


async def test_a_tick_is_judged_by_its_incident_not_by_its_block(guarded: Office) -> None:
    """The block's id names another incident; the wish's is the one that would change."""
    before = await guarded.incident("INC-2")
    told = await guarded.wish(
        "tick",
        user=MIRA,
        incident="INC-2",
        block_id="plan|INC-1|1|0|s1",
        plan_version=1,
        shown=("s1",),
        chosen=(),
    )
    assert told[0].startswith("Only ")
    assert await guarded.incident("INC-2") == before


@pytest.mark.parametrize(("source", "target"), [("INC-1", "INC-2"), ("INC-2", "INC-1")])
async def test_a_merge_needs_both_services(guarded: Office, source: str, target: str) -> None:
    """Neither can an incident be taken from others, nor be put upon them."""
    (told,) = await guarded.wish("merge", user=MIRA, incident=source, fields=(("target", target),))
    assert "may merge incidents of cart" in told
    assert (await guarded.incident(source)).is_open


@pytest.mark.parametrize("name", ["inc-1", " INC-1", "INC-1 ", "INC-01", "INC-1\n", "*"])
async def test_a_name_that_is_nearly_an_incidents_reaches_none(guarded: Office, name: str) -> None:
    """What is checked is what is done: a spelling that the check does not find, the deed does not find either."""
    before = await guarded.incident()
    await guarded.wish("validate", user=EVE, incident=name)
    await guarded.wish("resolve", user=EVE, incident=name, fields=(("override", "x"),))
    assert await guarded.incident() == before


async def test_everybody_may_ask_look_and_stop(guarded: Office) -> None:
    """Whoever sees harm ends it at once; that needs nobody's leave."""
    await guarded.wish("validate", user=MIRA, incident="INC-1")
    assert await guarded.wish("stop", user=EVE, incident="INC-1") == []
    assert await guarded.wish("acknowledge", user=EVE, incident="INC-1") == []
    (told,) = await guarded.wish("command", user=EVE, text="stop", response_url="https://slack.test/1")
    assert told.startswith("*All traffic is stopped.*")
    await guarded.wish("command", user=EVE, text="go", response_url="https://slack.test/1")
    assert await guarded.store.refusals() == []


async def test_without_responders_everybody_in_the_channel_may(guarded: Office) -> None:
    """Which is the default, and asks nothing of Slack."""
    guarded.town.trouble = SlackRefused("missing_scope", method="usergroups.users.list")
    assert await guarded.wish("validate", user=EVE, incident="INC-3") == []
    assert (await guarded.incident("INC-3")).active_run is not None


def busy() -> Exception:
    return SlackBusy("usergroups.users.list", retry_after=30)


def no_scope() -> Exception:
    return SlackRefused("missing_scope", method="usergroups.users.list")


def no_group() -> Exception:
    return SlackRefused("no_such_subteam", method="usergroups.users.list")


@pytest.mark.parametrize(
    ("trouble", "says"),
    [(busy, "right now"), (no_scope, "the scope usergroups:read is missing"), (no_group, "fixloop.yml")],
)
async def test_who_was_seen_in_the_group_today_is_let_through(
    guarded: Office, trouble: Callable[[], Exception], says: str
) -> None:
    """A Slack that is busy at 3 a.m. locks nobody out who is on call; whom it has never named is refused, with why."""
    await guarded.wish("validate", user=MIRA, incident="INC-1")
    await guarded.settle()
    guarded.town.trouble = trouble()
    assert await guarded.wish("validate", user=MIRA, incident="INC-1") == []
    (told,) = await guarded.wish("new_plan", user=EVE, incident="INC-1")
    assert says in told
    assert "not done" in told


async def test_a_day_later_nobody_is_known_any_more(guarded: Office) -> None:
    """A right that was not confirmed for a day is gone."""
    await guarded.wish("validate", user=MIRA, incident="INC-1")
    await guarded.settle()
    assert 0 < await guarded.store._redis.ttl(f"fixloop:members:{ON_CALL}") <= 86_400
    await guarded.store._redis.delete(f"fixloop:members:{ON_CALL}")
    guarded.town.trouble = busy()
    assert "right now" in (await guarded.wish("validate", user=MIRA, incident="INC-1"))[0]


async def test_who_has_left_the_group_has_left(guarded: Office) -> None:
    """What Slack says now counts, and not what it said this morning."""
    await guarded.wish("validate", user=MIRA, incident="INC-1")
    await guarded.settle()
    guarded.town.groups = {ON_CALL: frozenset()}
    assert (await guarded.wish("validate", user=MIRA, incident="INC-1"))[0].startswith("Only ")
    guarded.town.trouble = busy()
    assert "right now" in (await guarded.wish("validate", user=MIRA, incident="INC-1"))[0]


async def test_a_person_may_be_named_beside_a_group(guarded: Office) -> None:
    """Whom the catalog names by id, no group has to know."""
    guarded.town.trouble = no_group()
    assert await guarded.wish("validate", user=JONAS, incident="INC-2") == []


def test_every_deed_and_command_has_a_decision(office: Office) -> None:
    """A new one is in exactly one of the two tables, or this fails; until then it needs a responder."""
    undecided = office.desk.names - FOR_EVERYBODY - NEEDS_RESPONDER.keys()
    assert undecided == frozenset()
    assert not FOR_EVERYBODY & NEEDS_RESPONDER.keys()


async def test_what_nobody_has_decided_needs_a_responder(guarded: Office) -> None:
    """A deed that was forgotten in the tables is not open to all."""
    permissions = guarded.ownership.permissions
    wish = Wish(id="1", what="brand_new", user=EVE, channel="C0CHECKOUT", incident="INC-1")
    assert (await permissions.refusal(wish, "brand_new")).startswith("Only ")


async def test_a_refused_reopening_leaves_it_resolved(guarded: Office) -> None:
    """The end of an incident is its responders' as well."""
    await guarded.wish("resolve", user=MIRA, incident="INC-1", fields=(("override", "moved away"),))
    (told,) = await guarded.wish("reopen", user=EVE, incident="INC-1")
    assert told.startswith("Only ")
    assert (await guarded.incident()).state is State.RESOLVED


async def test_the_audit_log_is_capped_and_ends(guarded: Office) -> None:
    """The newest refusals are kept; somebody who clicks for ever does not fill the store."""
    for _ in range(3):
        await guarded.wish("validate", user=EVE, incident="INC-1")
    kept = await guarded.store.refusals(2)
    assert [each.what for each in kept] == ["validate", "validate"]
    assert await guarded.store._redis.ttl("fixloop:audit") > 0


@pytest.mark.parametrize("words", ["checkout 2h", "CHECKOUT 2h", "Checkout  off", "INC-1 30m", "inc1 30m", "#1 off"])
async def test_a_command_that_names_a_service_is_judged_by_it(guarded: Office, words: str) -> None:
    """Wherever it is given, in any case, and whatever incident somebody has put into the wish beside its words."""
    wish = Wish(id="1", what="command", user=JONAS, channel="D0PRIVATE", text=words)
    assert "may mute checkout" in await guarded.ownership.permissions.refusal(wish, "mute")
    told = await guarded.wish("command", user=EVE, text="validate INC-1", incident="INC-3", place="modal")
    assert told[0].startswith("Only ")


async def test_an_editor_is_asked_the_same(guarded: Office) -> None:
    """Plans are edited in forms that answer by themselves; they ask the same permissions, and refusals are kept."""
    permissions = guarded.ownership.permissions
    assert await permissions.to_edit(await guarded.incident(), MIRA) == ""
    assert "may edit the plan of checkout" in await permissions.to_edit(await guarded.incident(), EVE)
    assert [each.what for each in await guarded.store.refusals()] == ["edit_plan"]
