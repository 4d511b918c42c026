"""Canvases, pins, bookmarks, pictures and people's time zones of the local Slack."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.slack.inhabitants import INCIDENTS, JONAS, MIRA, ON_CALL
from tests.sandbox.slack_room import Clock, client_of, refused, running_slack

Json = dict[str, Any]
PNG = b"\x89PNG\r\n\x1a\n"


def document(text: str) -> Json:
    return {"type": "markdown", "markdown": text}


async def test_a_canvas_is_written_and_edited_by_section(slack: LocalSlack) -> None:
    """Created with a text, found by its heading, extended after it, renamed, and read back as a file."""
    client = client_of(slack)
    made = await client.canvases_create(title="INC-42", document_content=document("# Summary\n\nIt broke."))
    canvas = made["canvas_id"]
    found = await client.canvases_sections_lookup(canvas_id=canvas, criteria={"section_types": ["h1"]})
    after = {
        "operation": "insert_after",
        "section_id": found["sections"][0]["id"],
        "document_content": document("Now."),
    }
    await client.canvases_edit(canvas_id=canvas, changes=[after])
    renamed = {"operation": "rename", "title_content": document("INC-42 report")}
    await client.canvases_edit(canvas_id=canvas, changes=[renamed])
    assert slack.core.workspace.canvases[canvas].markdown == "# Summary\n\nNow.\n\nIt broke."
    file = (await client.files_info(file=canvas))["file"]
    assert (file["title"], file["filetype"]) == ("INC-42 report", "quip")
    assert file["permalink"].endswith(canvas)
    await client.canvases_delete(canvas_id=canvas)
    assert await refused(client.canvases_edit(canvas_id=canvas, changes=[after])) == "canvas_not_found"


async def test_a_canvas_takes_one_valid_change_a_call(slack: LocalSlack) -> None:
    """Two changes, an unknown operation and an unknown section are refused, and nothing is changed."""
    client = client_of(slack)
    canvas = (await client.canvases_create(document_content=document("one")))["canvas_id"]
    end = {"operation": "insert_at_end", "document_content": document("two")}
    assert await refused(client.canvases_edit(canvas_id=canvas, changes=[end, end])) == "invalid_arguments"
    assert await refused(client.canvases_edit(canvas_id=canvas, changes=[{"operation": "x"}])) == "invalid_arguments"
    lost = {"operation": "replace", "section_id": "temp:C:0", "document_content": document("x")}
    assert await refused(client.canvases_edit(canvas_id=canvas, changes=[lost])) == "section_not_found"
    assert slack.core.workspace.canvases[canvas].markdown == "one"


async def test_a_channel_has_one_canvas_and_free_workspaces_have_none_alone(slack: LocalSlack) -> None:
    """channel_canvas_already_exists; and the refusals of the plans without canvases."""
    client = client_of(slack)
    made = await client.conversations_canvases_create(channel_id=INCIDENTS, document_content=document("x"))
    info = await client.conversations_info(channel=INCIDENTS)
    assert info["channel"]["properties"]["canvas"]["file_id"] == made["canvas_id"]
    again = client.conversations_canvases_create(channel_id=INCIDENTS, document_content=document("y"))
    assert await refused(again) == "channel_canvas_already_exists"
    slack.core.workspace.canvas_plan = "free"
    assert await refused(client.canvases_create(title="x")) == "free_teams_cannot_create_non_tabbed_canvases"
    assert (await client.canvases_create(title="x", channel_id=INCIDENTS))["canvas_id"]
    slack.core.workspace.canvas_plan = "none"
    assert await refused(client.canvases_create(title="x", channel_id=INCIDENTS)) == "canvas_disabled_user_team"


async def test_access_to_a_canvas_is_for_people_or_for_channels(slack: LocalSlack) -> None:
    """Not for both in one call, and only for those who exist."""
    client = client_of(slack)
    canvas = (await client.canvases_create(title="x"))["canvas_id"]
    await client.canvases_access_set(canvas_id=canvas, access_level="read", channel_ids=[INCIDENTS])
    assert slack.core.workspace.canvases[canvas].access == {INCIDENTS: "read"}
    both = client.canvases_access_set(canvas_id=canvas, access_level="read", channel_ids=[INCIDENTS], user_ids=[MIRA])
    assert await refused(both) == "invalid_arguments"
    nobody = client.canvases_access_set(canvas_id=canvas, access_level="read", user_ids=["U0NOBODY"])
    assert await refused(nobody) == "user_not_found"


async def test_pins_and_bookmarks_come_and_go(slack: LocalSlack) -> None:
    """What is removed twice is no_pin, or not_found."""
    client = client_of(slack)
    ts = (await client.chat_postMessage(channel=INCIDENTS, text="the card"))["ts"]
    await client.pins_add(channel=INCIDENTS, timestamp=ts)
    assert [each["message"]["ts"] for each in (await client.pins_list(channel=INCIDENTS))["items"]] == [ts]
    await client.pins_remove(channel=INCIDENTS, timestamp=ts)
    assert await refused(client.pins_remove(channel=INCIDENTS, timestamp=ts)) == "no_pin"
    made = await client.bookmarks_add(channel_id=INCIDENTS, title="Runbook", type="link", link="https://a.example")
    mark = made["bookmark"]["id"]
    await client.bookmarks_edit(bookmark_id=mark, channel_id=INCIDENTS, title="The runbook")
    assert [each["title"] for each in (await client.bookmarks_list(channel_id=INCIDENTS))["bookmarks"]] == [
        "The runbook"
    ]
    await client.bookmarks_remove(bookmark_id=mark, channel_id=INCIDENTS)
    assert await refused(client.bookmarks_remove(bookmark_id=mark, channel_id=INCIDENTS)) == "not_found"


async def test_a_picture_is_shown_once_slack_has_processed_it() -> None:
    """An image block names an uploaded file by id; too early, or unknown, it is invalid_blocks."""
    clock = Clock()
    async with running_slack(clock=clock) as slack:
        slack.core.workspace.file_seconds = 2.0
        client = client_of(slack)
        uploaded = await client.files_upload_v2(filename="chart.png", content=PNG, alt_txt="error rate, 31 %")
        picture = {"type": "image", "slack_file": {"id": uploaded["files"][0]["id"]}, "alt_text": "error rate, 31 %"}
        early = client.chat_postMessage(channel=INCIDENTS, text="chart", blocks=[picture])
        assert await refused(early) == "invalid_blocks"
        clock.now += 2.0
        await client.chat_postMessage(channel=INCIDENTS, text="chart", blocks=[picture])
        unknown = {**picture, "slack_file": {"id": "F0NOTHING"}}
        home = {"type": "home", "blocks": [unknown]}
        with pytest.raises(SlackApiError, match="invalid slack file"):
            await client.views_publish(user_id=MIRA, view=home)


async def test_people_live_in_their_own_time_zones_and_groups(slack: LocalSlack) -> None:
    """users.info names the zone and its present offset; the on-call group has members."""
    client = client_of(slack)
    mira, jonas = [(await client.users_info(user=each))["user"] for each in (MIRA, JONAS)]
    assert (mira["tz"], jonas["tz"]) == ("Europe/Berlin", "America/New_York")
    assert mira["tz_offset"] in (3600, 7200)
    assert (mira["real_name"], mira["tz_label"]) in (("Mira Keller", "CET"), ("Mira Keller", "CEST"))
    assert (await client.usergroups_users_list(usergroup=ON_CALL))["users"] == [MIRA]
    assert await refused(client.usergroups_users_list(usergroup="S0NOBODY")) == "no_such_subteam"
