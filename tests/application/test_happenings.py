"""What the use cases write into the timeline: of every deed its kind, since nobody decides by the words."""

from __future__ import annotations

from fixloop_bot.application.checklist import Screen, shown_as_ticked
from fixloop_bot.domain.happenings import Entry, Happening, Undone
from fixloop_bot.domain.runs import RunKind
from fixloop_bot.domain.setbacks import Setback, last_setback
from fixloop_bot.domain.signals import Transition
from tests.application.office import JONAS, MIRA, Office, signal
from tests.fake_clock import START

KINDS = {
    "Triggered: ": Happening.SIGNAL,
    "Re-Triggered": Happening.SIGNAL,
    "Recovered": Happening.SIGNAL,
    "declared: ": Happening.DECLARED,
    "No catalog entry matches.": Happening.NOTE,
    "plan v": Happening.PLAN,
    "asked for a confirm run while all traffic was stopped": Happening.HELD_BACK,
    "started ": Happening.RUN_STARTED,
    "confirm run ": Happening.RUN_ENDED,
    "validate run ": Happening.RUN_ENDED,
    "watch: ": Happening.RUN_ENDED,
    "left step ": Happening.CHECKLIST,
    "put step ": Happening.CHECKLIST,
    "did step ": Happening.NOTE,
    "took back step ": Happening.CHECKLIST,
    "is on it": Happening.NOTE,
    "changed the severity ": Happening.NOTE,
    "says: ": Happening.NOTE,
    "asked for a new plan": Happening.NOTE,
    "made ": Happening.ROLE,
    "left the lead open": Happening.ROLE,
    "muted it until ": Happening.MUTE,
    "ended its mute": Happening.MUTE,
    "muted checkout until ": Happening.MUTE,
    "ended the mute of checkout": Happening.MUTE,
    "what fixed it: ": Happening.NOTE,
    "resolved although ": Happening.OVERRIDE,
    "resolved (": Happening.RESOLVED,
    "reopened": Happening.REOPENED,
    "merged into INC-1": Happening.MERGED,
    "took over INC-2": Happening.TOOK_OVER,
    "reminded: ": Happening.REMINDED,
}


SAID = ("who lead me", "mute INC-1 1h", "mute INC-1 off", "mute checkout 1h", "mute checkout off")


async def people_do_this_and_that(office: Office) -> None:
    """Everything that a responder can do to a running incident, each once and back again."""
    for words in SAID:
        await office.wish("command", text=words, response_url="https://slack.test/1", place="command")
    await office.wish("roles", incident="INC-1", fields=(("lead", ""), ("fixer", JONAS)), place="modal")
    await office.wish("severity", incident="INC-1", fields=(("severity", "SEV3"),), place="modal")
    await office.wish("note", incident="INC-1", fields=(("note", "reopened"),), place="modal")
    await office.wish("acknowledge", incident="INC-1", place="button")
    for number, step in enumerate(("s1", "s1", "s5", "s5")):
        shown = shown_as_ticked(await office.incident())
        screen = Screen(block_id=f"b{number}", plan_version=1, shown=shown)
        assert await office.checklist.select("INC-1", user=MIRA, screen=screen, chosen=set(shown) ^ {step}) == ""


async def a_long_night(office: Office) -> list[Entry]:
    """Two incidents, a halt, a reminder, two proofs that fall, two resolutions, and a merge at the end."""
    await office.receive(signal())
    await office.wish("declare", fields=(("other", "mail"), ("what", "Mails are late")), place="modal")
    office.clock.advance(600)
    await office.feeds.reminders.once()
    await office.store.halt(MIRA)
    await office.settle()
    await office.store.resume()
    office.shop.broken["/checkout"] = 1.0
    await office.validation.start("INC-1", RunKind.CONFIRM, by=MIRA)
    await office.settle()
    await people_do_this_and_that(office)
    await office.fixed()
    await office.validate()
    await office.receive(signal(Transition.RE_TRIGGERED, at=after(office)), signal(Transition.RECOVERED, at=1))
    await office.settle()
    await office.validate()
    await office.wish("resolve", incident="INC-1", fields=(("fixed_by", "rolled back"),), place="modal")
    await office.resolution.reopen("INC-1", by=MIRA)
    office.shop.broken["/checkout"] = 1.0
    await office.wish("new_plan", incident="INC-1", place="button")
    await office.settle()
    await office.resolve()
    await office.receive(signal(Transition.RE_TRIGGERED, at=after(office)))
    await office.wish("merge", incident="INC-2", fields=(("target", "INC-1"),), place="modal")
    await office.settle()
    return [*(await office.incident()).timeline, *(await office.incident("INC-2")).timeline]


def after(office: Office) -> float:
    return office.clock.now() - START + 60


async def test_every_deed_is_written_with_its_kind(office: Office) -> None:
    """Through the store and back; a sentence that is new here needs a kind in the table above."""
    told = await a_long_night(office)
    found = {entry.what: (entry.kind, kind_of(entry.what)) for entry in told}
    assert {what: kinds for what, kinds in found.items() if kinds[0] is not kinds[1]} == {}
    assert {kind for kind, _ in found.values()} == set(Happening)


async def test_what_fell_and_what_each_is_about_is_written_too(office: Office) -> None:
    """As often as the incident has fallen back, and never for what changed nothing."""
    told = await a_long_night(office)
    fell = [(entry.kind, entry.undid) for entry in told if entry.undid is not None]
    assert fell == [
        (Happening.SIGNAL, Undone.PROOF),
        (Happening.REOPENED, Undone.RESOLUTION),
        (Happening.SIGNAL, Undone.RESOLUTION),
    ]
    assert len(fell) == (await office.incident()).reopened
    named = {entry.kind: entry.about for entry in told if entry.about}
    runs = {line.id for line in (await office.incident()).runs}
    assert named.pop(Happening.RUN_ENDED) in runs
    assert named == {
        Happening.REMINDED: "unacknowledged:0",
        Happening.HELD_BACK: MIRA,
        Happening.RESOLVED: "not validated",
        Happening.TOOK_OVER: "INC-2",
    }


async def test_the_watch_that_takes_a_proof_back_says_so(office: Office) -> None:
    """With the run that it was, so that every card names it."""
    await office.broken()
    await office.fixed()
    await office.validate(settle=False)
    await office.execution_of_next()
    office.shop.broken["/checkout"] = 1.0
    await office.settle()
    incident = await office.incident()
    (fell,) = [entry for entry in incident.timeline if entry.undid is not None]
    assert (fell.kind, fell.about, fell.undid) == (Happening.RUN_ENDED, "INC-1-r3", Undone.PROOF)
    assert last_setback(incident) == Setback(at=fell.at, who="fixloop", why="the watch saw it fail")


def kind_of(what: str) -> Happening | None:
    return next((kind for begins, kind in KINDS.items() if what.startswith(begins)), None)
