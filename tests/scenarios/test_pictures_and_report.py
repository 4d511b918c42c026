"""What an incident leaves behind: pictures on its cards, a report in Slack, an event in Datadog. The whole bot."""

from __future__ import annotations

from typing import Any

import pytest

from fixloop_bot.sandbox.slack.inhabitants import INCIDENTS, MIRA
from fixloop_bot.sandbox.stage import card_text
from fixloop_bot.sandbox.world import World
from tests.scenarios.conftest import Open, broken_and_reproduced, eventually, verdict

pytestmark = pytest.mark.timeout(240)
FILES = {"files.getUploadURLExternal", "files.completeUploadExternal"}
MOST_CALLS = 6


def images(running: World) -> list[dict[str, Any]]:
    """The pictures on the cards as they are now."""
    return [block for message in running.thread() for block in message.blocks if block["type"] == "image"]


def shown(running: World, part: str) -> bool:
    return any(str(block["block_id"]).startswith(part) for block in images(running))


def upload_calls(running: World) -> int:
    return sum(call.method in FILES for call in running.slack.calls)


def event_of(running: World, key: str) -> list[dict[str, Any]]:
    found = [document.body["attributes"] for document in running.datadog.account.events]
    return [each for each in found if each["attributes"].get("aggregation_key") == key]


async def test_an_incident_is_shown_proven_and_reported(opened: Open) -> None:
    """Alert, bug seen, fix, proof, resolution: pictures by six calls at most, one canvas, one event."""
    async with opened() as running:
        await broken_and_reproduced(running)
        await eventually(lambda: shown(running, "root:"), "no picture of the signal", world=running)
        running.shop.faults.set("checkout-500", "fixed")
        await running.press("validate")
        assert await verdict(running) == "proven"
        await eventually(lambda: shown(running, "results:"), "no picture of before and now", world=running)
        for image in images(running):
            file_id = image["slack_file"]["id"]
            assert running.slack.core.workspace.file_contents[file_id].startswith(b"\x89PNG")
        said = {str(image["block_id"]).partition(":")[0]: image["alt_text"] for image in images(running)}
        assert "Error rate" in said["root"]
        assert "Marks (UTC): " in said["root"]
        assert "Before the fix: " in said["results"]
        await running.slack.people.command(MIRA, INCIDENTS, "/fixloop resolve INC-1 rolled back 2.14.0")
        await eventually(lambda: "|Report>" in card_text(running), "no report on the card", world=running)
        (canvas,) = running.slack.core.workspace.canvases.values()
        assert "**Recovery proven**" in canvas.markdown
        assert "rolled back 2.14.0" in canvas.markdown
        await eventually(lambda: len(event_of(running, "INC-1")) == 1, "Datadog was not told", world=running)
        assert upload_calls(running) <= MOST_CALLS
        assert len(running.thread()) == 4, "a report is no fifth message"
        assert "Times are in Europe/Berlin (" in canvas.markdown


async def test_without_canvases_the_report_is_a_file_on_the_last_card(opened: Open) -> None:
    """Everybody in the channel may open it, and it is no fifth message."""
    async with opened() as running:
        workspace = running.slack.core.workspace
        workspace.canvas_plan = "none"
        await broken_and_reproduced(running)
        await running.slack.people.command(MIRA, INCIDENTS, "/fixloop resolve INC-1 override: rolled back 2.14.0")

        def reports() -> list[dict[str, Any]]:
            return [
                file for file in workspace.files.values() if file["name"].endswith("report.md") and file["channels"]
            ]

        await eventually(lambda: bool(reports()), "no report is shared", world=running)
        (report,) = reports()
        card = running.thread()[-1]
        assert [file["id"] for file in card.content["files"]] == [report["id"]]
        assert f"<{report['permalink']}|Report>" in card.text
        assert workspace.file_contents[report["id"]].startswith(b"# INC-1 ")
        assert len(running.thread()) <= 4
