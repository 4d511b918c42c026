"""What people do with incidents, from their first click to what the others see, on real parts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fixloop_bot.sandbox.slack import Message
from fixloop_bot.sandbox.slack.inhabitants import GENERAL, INCIDENTS, JONAS, MIRA, ON_CALL
from fixloop_bot.sandbox.stage import card_text
from fixloop_bot.sandbox.world import World
from tests.scenarios.conftest import Open, broken_and_reproduced, eventually, form, submit

pytestmark = pytest.mark.timeout(180)


async def command(running: World, words: str, *, user: str = MIRA, channel: str = INCIDENTS) -> None:
    await running.slack.people.command(user, channel, f"/fixloop {words}")


async def choose(running: World, what: str, *, user: str = MIRA) -> None:
    """Choose from the menu on the newest root card."""
    root = running.root()
    assert root is not None
    options = next(
        element["options"]
        for block in root.blocks
        for element in block.get("elements", ())
        if element.get("action_id") == "more"
    )
    value = next(each["value"] for each in options if each["value"].startswith(f"{what}:"))
    await running.slack.people.select(user, root.channel, root.ts, "more", value)


def whispered(running: World, user: str) -> str:
    return "\n".join(message.text for message in running.slack.ephemerals(user))


async def told(running: World, words: str, *, user: str = MIRA) -> None:
    await eventually(
        lambda: words in whispered(running, user), f"{user} was not told {words!r}", world=running, within_s=15
    )


async def shown(running: World, words: str, *, within_s: float = 30) -> None:
    await eventually(
        lambda: words in card_text(running), f"the thread does not show {words!r}", world=running, within_s=within_s
    )


def roots(running: World) -> list[Message]:
    return [each for each in running.slack.messages(INCIDENTS) if not each.is_reply and each.content.get("bot_id")]


async def test_a_declared_incident_is_tested_like_an_alerts(opened: Open) -> None:
    """Its words are filled in, its form opens one incident, and the plan and the confirm run follow by themselves."""
    async with opened(with_monitors=False) as running:
        running.shop.faults.set("checkout-500", "broken")
        await command(running, "declare checkout payments fail for half of all")
        view = await form(running, "declare")
        state = running.slack.core.views.views[view].content["blocks"]
        assert "payments fail for half of all" in json.dumps(state)
        answers = [await running.slack.people.submit_view(MIRA, view, {"severity": "SEV2"})]
        assert answers[0].ok
        await told(running, "INC-1 is open")
        await shown(running, "payments fail for half of all")
        await shown(running, f"declared by <@{MIRA}>")
        await shown(running, "SEV2")
        await eventually(lambda: "Reproduced" in card_text(running), "it was not reproduced", world=running)
        assert "Triggered" not in card_text(running), "no monitor has said anything"
        await command(running, "declare checkout again it is slow", user=JONAS)
        await submit(running, "declare", {}, user=JONAS)
        await told(running, "has an open incident already", user=JONAS)
        assert "|INC-1>" in whispered(running, JONAS), "with its address"
        assert len(roots(running)) == 1
        await command(running, "declare")
        view = await form(running, "declare")
        await running.slack.people.submit_view(MIRA, view, {"what": "the search is empty"})
        assert "Choose a service above" in str(running.slack.core.views.views[view].errors)
        await running.slack.people.submit_view(MIRA, view, {"other": "search", "severity": "SEV4"})
        await eventually(lambda: len(roots(running)) == 2, "a service without a catalog entry", world=running)
        await shown(running, "search")


async def test_resolving_needs_a_reason_while_a_step_fails(opened: Open) -> None:
    """The form and the command name the step; the reason and what fixed it are kept on the card."""
    async with opened() as running:
        await broken_and_reproduced(running)
        await command(running, "resolve INC-1 rolled back")
        await told(running, "is not recovered: step 1")
        await command(running, "resolve")
        view = await form(running, "resolve")
        assert "Not recovered" in json.dumps(running.slack.core.views.views[view].content["blocks"])
        values = {"override": "we take it out of the shop", "fixed_by": "switched off", "fixer": JONAS}
        await running.slack.people.submit_view(MIRA, view, values)
        await shown(running, f"fixed by <@{JONAS}>: switched off")
        await shown(running, "we take it out of the shop")
        await running.press("reopen")
        await eventually(lambda: running.card("validate") is not None, "it is not open", world=running)
        await command(running, "resolve INC-1 rolled back 2.14.0")
        await shown(running, "rolled back 2.14.0")


async def test_people_take_it_on_and_say_where_it_stands(opened: Open) -> None:
    """One has it and the second is told; roles, severity and note stand on the card; messages enter the timeline."""
    async with opened() as running:
        await broken_and_reproduced(running)
        await running.press("acknowledge")
        await shown(running, f"Lead: <@{MIRA}>")
        assert running.card("acknowledge") is None
        await choose(running, "severity")
        await submit(running, "severity", {"severity": "SEV1"})
        await shown(running, "SEV1")
        await choose(running, "note", user=JONAS)
        await submit(running, "note", {"note": "rolling back now"}, user=JONAS)
        await shown(running, "rolling back now")
        await choose(running, "roles")
        await submit(running, "roles", {"fixer": JONAS})
        await shown(running, f"Fixer: <@{JONAS}>")
        await command(running, f"who lead <@{JONAS}|jonas>")
        await told(running, f"Lead: <@{JONAS}>")
        await command(running, "who")
        await told(running, "everybody here")
        root = running.root()
        assert root is not None
        people = running.slack.people
        said = people.message(JONAS, INCIDENTS, "it began with the deploy", thread_ts=root.ts)
        await people.shortcut(MIRA, "add_to_timeline", INCIDENTS, said.ts)
        await told(running, "Added to INC-1's timeline")
        await people.shortcut(JONAS, "add_to_timeline", INCIDENTS, said.ts)
        await told(running, "timeline already", user=JONAS)
        people.reaction(MIRA, INCIDENTS, said.ts, "pushpin")
        reads = "conversations.replies"
        await eventually(
            lambda: any(call.method == reads for call in running.slack.calls), "the pinned message is not read"
        )
        elsewhere = people.message(MIRA, GENERAL, "customers call")
        await people.shortcut(MIRA, "add_to_timeline", GENERAL, elsewhere.ts)
        before = whispered(running, MIRA).count("Added to INC-1")
        await submit(running, "add_to_timeline", {"incident": "INC-1"})
        await eventually(lambda: whispered(running, MIRA).count("Added to INC-1") > before, "it was not added")


async def test_incidents_are_merged_threads_linked_and_questions_answered(opened: Open) -> None:
    """The merged one says where it went; a linked thread is answered for its incident; a command's question, too."""
    async with opened() as running:
        await broken_and_reproduced(running)
        first = running.root()
        assert first is not None
        await command(running, "declare")
        await submit(running, "declare", {"other": "web shop", "what": "nobody can pay"})
        await eventually(lambda: len(roots(running)) == 2, "the second incident is not shown", world=running)
        await choose(running, "merge")
        await submit(running, "merge", {"target": "INC-1"})
        await told(running, "INC-2 is merged into")
        await shown(running, "Merged into INC-1")
        await eventually(lambda: "Merged into this: INC-2" in str(_fresh(running, first)), "INC-1 says nothing")
        people = running.slack.people
        outside = people.message(MIRA, INCIDENTS, "is anybody looking at payments?")
        people.message(MIRA, INCIDENTS, "@fixloop link INC-1", thread_ts=outside.ts)
        await told(running, "replies in that thread are about")
        people.message(MIRA, INCIDENTS, "Which step fails?", thread_ts=outside.ts)
        await eventually(
            lambda: (
                "Step 1 (A cart can be paid) fails"
                in str([each.blocks for each in running.slack.thread(INCIDENTS, outside.ts)])
            ),
            "no answer in the linked thread",
            world=running,
        )
        await command(running, "ask INC-1 which step fails and why?", channel=GENERAL)
        await told(running, "The answer comes in")
        await eventually(
            lambda: "asks: which step fails" in str(_blocks(running, first)),
            "no answer to the command",
            world=running,
        )


def _fresh(running: World, message: Message) -> list[Any]:
    return running.slack.message(INCIDENTS, message.ts).blocks


async def test_only_responders_validate_and_resolve(opened: Open, tmp_path: Path) -> None:
    """Jonas is not on call: his click changes nothing, he is told who may, and no form opens for him."""
    catalog = {
        "services": {
            "checkout": {"channel": "#incidents", "base_url": "http://127.0.0.1:9", "responders": [ON_CALL]},
        }
    }
    (tmp_path / "mine.yml").write_text(json.dumps(catalog))
    environment = {"FIXLOOP_CATALOG": str(tmp_path / "mine.yml")}
    async with opened(with_monitors=False, environment=environment) as running:
        await command(running, "declare checkout it is down", user=JONAS)
        await submit(running, "declare", {}, user=JONAS)
        await eventually(lambda: running.card("validate") is not None, "no Validate button", world=running)
        await running.press("validate", user=JONAS)
        await told(running, f"Only <!subteam^{ON_CALL}> may validate checkout", user=JONAS)
        await command(running, "resolve INC-1", user=JONAS)
        await told(running, "may resolve checkout", user=JONAS)
        assert not running.slack.open_views(JONAS)
        await running.press("acknowledge", user=JONAS)
        await shown(running, f"Lead: <@{JONAS}>")
        await command(running, "resolve INC-1")
        await submit(running, "resolve", {"fixed_by": "a restart", "override": "nobody uses it any more"})
        await shown(running, "a restart")


def _blocks(running: World, root: Message) -> list[Any]:
    return [each.blocks for each in running.slack.thread(INCIDENTS, root.ts)]
