"""Step details, an edited plan and a question, pressed in the thread of the running bot."""

from __future__ import annotations

import json

import pytest

from fixloop_bot.sandbox.slack.inhabitants import INCIDENTS, MIRA
from fixloop_bot.sandbox.slack.views import View
from fixloop_bot.sandbox.world import World
from tests.adapters.slack_checks import view_problems
from tests.scenarios.conftest import Open, broken_and_reproduced, eventually

pytestmark = pytest.mark.timeout(180)


async def opened_view(running: World, title: str) -> View:
    """The modal on top of Mira's screen, once it has this title."""

    def top() -> list[View]:
        return [view for view in running.slack.open_views(MIRA)[-1:] if view.content["title"]["text"] == title]

    await eventually(lambda: bool(top()), f"no modal {title!r} opened", within_s=10, world=running)
    assert view_problems(top()[0].content) == []
    return top()[0]


def said(view: View) -> str:
    return json.dumps(view.content["blocks"], ensure_ascii=False)


async def test_details_an_edited_plan_and_a_question(opened: Open) -> None:
    """The failing step opens with its evidence; a plan without it is a new version with its own confirm run; a question
    that is typed into a form is answered in the thread."""
    async with opened() as running:
        await broken_and_reproduced(running)
        await running.press("details")
        details = await opened_view(running, "Step 1 in full")
        assert "curl -sS" in said(details)
        assert "the newest that failed first" in said(details)
        await running.slack.people.close_view(MIRA, details.id)
        root = running.root()
        assert root is not None
        assert "Changed before it: " in root.text, "the release that broke the shop"

        await running.press("edit_plan")
        plan = await opened_view(running, "Edit plan v1")
        block = plan.content["blocks"][1]["block_id"]
        await running.slack.people.click_view(MIRA, plan.id, "step_more", block_id=block, value="down:s1")
        await eventually(
            lambda: str(plan.content["blocks"][1]["block_id"]).endswith(":s2"), "the step did not move", world=running
        )
        await running.slack.people.submit_view(MIRA, plan.id, {"what_changed": "the catalog first"})
        assert running.slack.open_views(MIRA) == []
        await eventually(
            lambda: any(
                "plan v2 · started by FixLoop" in json.dumps(each.blocks, ensure_ascii=False)
                for each in running.thread()
            ),
            "the new version had no confirm run",
            world=running,
        )
        assert any(f"edited by <@{MIRA}>" in str(each.blocks) for each in running.thread())

        await running.press("ask")
        form = await opened_view(running, "Ask about INC-1")
        await running.slack.people.submit_view(MIRA, form.id, {"question": "Which step fails and why?"})
        await eventually(
            lambda: any("answer_feedback" in str(message.blocks) for message in running.thread()),
            "nobody answered",
            world=running,
        )
        asked = [message.text for message in running.slack.thread(INCIDENTS, root.ts)]
        assert f"<@{MIRA}> asks: Which step fails and why?" in asked
