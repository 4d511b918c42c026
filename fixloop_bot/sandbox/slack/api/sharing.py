"""Files that a message of the bot's names by their address: Slack shows them with it, and so shares them.

Only whoever uploaded a file can share it so, and only the ``text`` of a message counts, not its blocks.
"""

from __future__ import annotations

from fixloop_bot.sandbox.slack.api.call import Call
from fixloop_bot.sandbox.slack.inhabitants import BOT_USER
from fixloop_bot.sandbox.slack.records import Change, Channel, Json


def shared_by_link(call: Call, channel: Channel, text: str) -> list[Json]:
    """The bot's finished uploads whose address stands in ``text``; from now on the channel's."""
    files = [each for each in call.core.workspace.files.values() if _is_named(each, text)]
    for file in files:
        if channel.id not in file["channels"]:
            file["channels"].append(channel.id)
            shared = {"file_id": file["id"], "user_id": BOT_USER, "channel_id": channel.id}
            call.core.changes.publish(Change(kind="file_shared", channel=channel.id, payload=shared))
    return [{name: value for name, value in file.items() if name not in ("done", "ready_at")} for file in files]


def _is_named(file: Json, text: str) -> bool:
    return bool(file.get("done")) and file.get("mode") == "hosted" and str(file["permalink"]) in text
