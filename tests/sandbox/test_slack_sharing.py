"""A file that the bot names by its address in a message's text is shared with that message's readers."""

from __future__ import annotations

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.slack.inhabitants import INCIDENTS
from tests.sandbox.slack_room import client_of


async def uploaded(client: AsyncWebClient) -> tuple[str, str]:
    """A file without a channel: its id and its address."""
    made = await client.files_upload_v2(content=b"# Report", filename="report.md", title="Report")
    return str(made["files"][0]["id"]), str(made["files"][0]["permalink"])


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
async def test_an_address_in_the_text_shares_the_file(slack: LocalSlack, method: str) -> None:
    """Posted with it, or updated so that it stands there; the message shows the file, and the channel has it."""
    client = client_of(slack)
    file_id, address = await uploaded(client)
    first = f"Here: {address}" if method == "chat.postMessage" else "Wait."
    message = await client.chat_postMessage(channel=INCIDENTS, text=first)
    if method == "chat.update":
        assert "files" not in message["message"]
        message = await client.chat_update(channel=INCIDENTS, ts=message["ts"], text=f"<{address}|Report>")
    assert [file["id"] for file in message["message"]["files"]] == [file_id]
    assert slack.core.workspace.files[file_id]["channels"] == [INCIDENTS]
    (said,) = (await client.conversations_history(channel=INCIDENTS, limit=1))["messages"]
    assert [file["id"] for file in said["files"]] == [file_id]


async def test_an_address_in_blocks_alone_shares_nothing(slack: LocalSlack) -> None:
    client = client_of(slack)
    file_id, address = await uploaded(client)
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": f"<{address}|Report>"}}]
    message = await client.chat_postMessage(channel=INCIDENTS, text="A report.", blocks=blocks)
    assert "files" not in message["message"]
    assert slack.core.workspace.files[file_id]["channels"] == []


async def test_a_file_goes_with_its_address(slack: LocalSlack) -> None:
    """An update without it takes the file from the message; a message that was made by an upload keeps its own."""
    client = client_of(slack)
    _, address = await uploaded(client)
    message = await client.chat_postMessage(channel=INCIDENTS, text=address)
    changed = await client.chat_update(channel=INCIDENTS, ts=message["ts"], text="Taken back.")
    assert "files" not in changed["message"]
    await client.files_upload_v2(content=b"x", filename="x.md", title="x", channel=INCIDENTS)
    upload = slack.messages("incidents")[-1]
    kept = await client.chat_update(channel=INCIDENTS, ts=upload.ts, text="Mine.")
    assert [file["name"] for file in kept["message"]["files"]] == ["x.md"]
