"""Who and what a new local workspace contains."""

from __future__ import annotations

from fixloop_bot.sandbox.slack.records import Channel, User, UserGroup
from fixloop_bot.sandbox.slack.workspace import APP_ID, Workspace

MIRA = "U0MIRA0001"
JONAS = "U0JONAS001"
BOT_USER = "U0FIXLOOP1"
BOT_ID = "B0FIXLOOP1"
OTHER_BOT_USER = "U0DEPLOY01"
OTHER_BOT_ID = "B0DEPLOY01"
INCIDENTS = "C0INCIDENT"
GENERAL = "C0GENERAL1"
PRIVATE = "C0PRIVATE1"
ARCHIVED = "C0ARCHIVE1"
ON_CALL = "S0ONCALL01"


def settle(workspace: Workspace, *, bot_name: str) -> None:
    """Two engineers, the bot, another bot, four channels and the on-call group.

    The bot is in #incidents and nowhere else: #general is public without it, #war-room private without it,
    #incidents-2019 archived.
    """
    people = (
        User(id=MIRA, name="mira", real_name="Mira Keller"),
        User(id=JONAS, name="jonas", real_name="Jonas Brandt", timezone="America/New_York"),
        User(id=BOT_USER, name=bot_name.lower(), real_name=bot_name, bot_id=BOT_ID, app_id=APP_ID),
        User(id=OTHER_BOT_USER, name="deploys", real_name="Deploys", bot_id=OTHER_BOT_ID, app_id="A0DEPLOY01"),
    )
    channels = (
        Channel(id=INCIDENTS, name="incidents", members={MIRA, JONAS, BOT_USER, OTHER_BOT_USER}),
        Channel(id=GENERAL, name="general", members={MIRA, JONAS}),
        Channel(id=PRIVATE, name="war-room", kind="private", members={MIRA}),
        Channel(id=ARCHIVED, name="incidents-2019", archived=True, members={MIRA, BOT_USER}),
    )
    workspace.users |= {user.id: user for user in people}
    workspace.channels |= {channel.id: channel for channel in channels}
    workspace.groups[ON_CALL] = UserGroup(id=ON_CALL, handle="on-call", name="On call", users=(MIRA,))
