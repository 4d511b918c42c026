"""The doctor's looks at Slack: the tokens, the scopes, how Slack reaches us, and the default channel."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence

import aiohttp

from fixloop_bot.adapters.clock import SystemClock
from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.scopes import LACKS_SCOPE, NEEDED
from fixloop_bot.bootstrap import Settings, open_app_connections, open_slack
from fixloop_bot.domain.errors import SlackBusy, SlackRefused
from fixloop_bot.entrypoints.finding import Finding, State

WRONG_TOKEN = frozenset({"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"})
CURES = {
    LACKS_SCOPE: "add the scope as in manifest.yml (an app-level token needs connections:write), install again",
    "not_allowed_token_type": "SLACK_BOT_TOKEN is the one with xoxb-, SLACK_APP_TOKEN the one with xapp-",
    "channel_not_found": "set FIXLOOP_DEFAULT_CHANNEL to a channel's id; a private one has to /invite @FixLoop first",
    "is_archived": "set FIXLOOP_DEFAULT_CHANNEL to a channel that is in use",
}
EVERYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - what HOST may say, not what is bound here
KNOCK_S = 5.0


async def look_at_slack(settings: Settings) -> Sequence[Finding]:
    """The bot token, and what it may do."""
    async with open_slack(settings) as api:
        if api is None:
            seen = "SLACK_BOT_TOKEN is not set: incidents are tested, but shown nowhere"
            return [Finding(part="slack", state=State.OFF, seen=seen, cure="connect your workspace (README)")]
        try:
            me = await api.identity()
            granted = await api.granted()
        except (SlackRefused, SlackBusy) as error:
            return [_no_slack("slack", settings, error, token="SLACK_BOT_TOKEN")]  # noqa: S106 - its name
    who = f"{me.get('user', 'a bot')} in {me.get('team', 'a workspace')} ({me.get('team_id', '')})"
    known = Finding(part="slack", state=State.OK, seen=who)
    # Who names no scope at all is no Slack that keeps any.
    return [known, *(_lacks(scope) for scope in NEEDED if granted and scope not in granted)]


def _lacks(scope: str) -> Finding:
    cure = "add it as in manifest.yml, and install the app again"
    return Finding(part="slack", state=State.BROKEN, seen=f"the token lacks {scope}, {NEEDED[scope]}", cure=cure)


def _no_slack(part: str, settings: Settings, error: SlackRefused | SlackBusy, *, token: str) -> Finding:
    if isinstance(error, SlackBusy):
        cure = "try again, or check SLACK_API_URL and the way out"
        return Finding(part=part, state=State.BROKEN, seen=f"{settings.slack_api_url} does not answer", cure=cure)
    again = f"copy {token} from the app's page again" if error.error in WRONG_TOKEN else ""
    cure = again or CURES.get(error.error, "look the error's name up in Slack's documentation of the method")
    return Finding(part=part, state=State.BROKEN, seen=str(error), cure=cure)


async def look_at_requests(settings: Settings) -> Sequence[Finding]:
    """How Slack reaches us."""
    if settings.slack_bot_token is None:
        return []
    if settings.slack_app_token is None:
        if settings.slack_signing_secret is None:
            cure = "set SLACK_SIGNING_SECRET, or SLACK_APP_TOKEN for Socket Mode"
            return [Finding(part="requests", state=State.BROKEN, seen="neither way in is set", cure=cure)]
        return [await _handshake(settings, settings.slack_signing_secret)]
    try:
        await open_app_connections(settings, settings.slack_app_token)
    except (SlackRefused, SlackBusy) as error:
        return [_no_slack("requests", settings, error, token="SLACK_APP_TOKEN")]  # noqa: S106 - its name
    return [Finding(part="requests", state=State.OK, seen="by Socket Mode")]


async def _handshake(settings: Settings, secret: str) -> Finding:
    """Slack's own first request, signed with this secret, to the FixLoop that runs on this machine, if one does."""
    where = f"http://{'127.0.0.1' if settings.host in EVERYWHERE else settings.host}:{settings.port}"
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=KNOCK_S)) as session:
            there = await _is_fixloop(session, where)
            status, echoed = await _verified(session, where, secret) if there else (0, False)
    except (aiohttp.ClientError, TimeoutError, ValueError):
        status, echoed = 0, False
    if status == 0:
        seen = f"by HTTP: Slack posts to /slack/events, signed; no FixLoop on {where} to try it with"
        return Finding(part="requests", state=State.OK, seen=seen)
    if status == 401:
        cure = "start it again with this SLACK_SIGNING_SECRET (Basic Information of the app's page)"
        seen = f"the FixLoop on {where} has another SLACK_SIGNING_SECRET"
        return Finding(part="requests", state=State.BROKEN, seen=seen, cure=cure)
    if not echoed:
        cure = "start it again with this environment"
        seen = f"the FixLoop on {where} does not take Slack's requests (answered {status})"
        return Finding(part="requests", state=State.BROKEN, seen=seen, cure=cure)
    seen = f"by HTTP: the FixLoop on {where} answers Slack's signed handshake"
    return Finding(part="requests", state=State.OK, seen=seen)


async def _is_fixloop(session: aiohttp.ClientSession, where: str) -> bool:
    async with session.get(f"{where}/healthz") as answer:
        return answer.status == 200 and await answer.json() == {"status": "ok"}


async def _verified(session: aiohttp.ClientSession, where: str, secret: str) -> tuple[int, bool]:
    """The status, and whether the challenge came back."""
    challenge, stamp = secrets.token_hex(16), str(int(SystemClock().now()))
    body = json.dumps({"type": "url_verification", "challenge": challenge}).encode()
    signed = hmac.new(secret.encode(), b"v0:%b:%b" % (stamp.encode(), body), hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={signed}",
    }
    async with session.post(f"{where}/slack/events", data=body, headers=headers) as answer:
        return answer.status, challenge in (await answer.text())


async def look_at_channel(settings: Settings) -> Sequence[Finding]:
    """Whether the default channel can be read; posting is not tried."""
    channel = settings.default_channel
    async with open_slack(settings) as api:
        if api is None:
            return []
        if channel is None:
            seen = "FIXLOOP_DEFAULT_CHANNEL is not set: alerts of services outside the catalog are not shown"
            return [Finding(part="channel", state=State.OFF, seen=seen, cure="set it to a channel's id")]
        if channel.startswith("#"):
            cure = "a channel's id would be looked at"
            return [Finding(part="channel", state=State.OFF, seen=f"{channel} is a name: not checked", cure=cure)]
        return [await _read(api, channel, settings)]


async def _read(api: SlackApi, channel: str, settings: Settings) -> Finding:
    try:
        await api.call("conversations.history", channel=channel, limit=1)
    except SlackBusy as error:
        return _no_slack("channel", settings, error, token="SLACK_BOT_TOKEN")  # noqa: S106 - its name
    except SlackRefused as refusal:
        cure = CURES.get(refusal.error, "invite @FixLoop to it, or set FIXLOOP_DEFAULT_CHANNEL to another")
        state = State.OFF if refusal.error == "not_in_channel" else State.BROKEN
        why = str(refusal) if refusal.error == LACKS_SCOPE else refusal.error
        return Finding(part="channel", state=state, seen=f"{channel}: {why}", cure=cure)
    return Finding(part="channel", state=State.OK, seen=f"{channel} is in reach")
