"""Everything of the sandbox, started and wired: shop, Datadog, Slack and the bot, on free loopback ports."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from fixloop_bot.sandbox import settings
from fixloop_bot.sandbox.bot import Bot, BotDied, authorities
from fixloop_bot.sandbox.datadog import LocalDatadog
from fixloop_bot.sandbox.own_catalog import OwnCatalog
from fixloop_bot.sandbox.releases import Pipeline
from fixloop_bot.sandbox.shop import Shop
from fixloop_bot.sandbox.slack import LocalSlack, Message
from fixloop_bot.sandbox.slack.inhabitants import BOT_ID, MIRA

WINDOW_S = 20.0
SOAK_S = 20.0


@dataclass(slots=True, kw_only=True)
class World:
    """The running parts. ``folder`` holds the bot's store, catalog and log.

    Without ``has_shop`` the shop is there to be looked at only: it does not run, and its faults change nothing.
    """

    shop: Shop
    datadog: LocalDatadog
    slack: LocalSlack
    bot: Bot
    folder: Path
    has_shop: bool = True

    def root(self) -> Message | None:
        """The newest incident's root card, in whichever channel, if there is one."""
        channels = [each for each in self.slack.core.workspace.channels.values() if each.kind != "im"]
        said = [message for channel in channels for message in self.slack.messages(channel.id)]
        roots = [each for each in said if each.content.get("bot_id") == BOT_ID and not each.is_reply]
        return max(roots, key=lambda each: float(each.ts), default=None)

    def thread(self) -> list[Message]:
        root = self.root()
        return self.slack.thread(root.channel, root.ts) if root is not None else []

    def card(self, action_id: str) -> Message | None:
        """The newest message of the thread with this button or box on it."""
        fitting = [message for message in self.thread() if has_action(message, action_id)]
        return fitting[-1] if fitting else None

    async def press(self, action_id: str, *, user: str = MIRA) -> None:
        """Press a button in the thread; raises LookupError where it is not shown."""
        card = self.card(action_id)
        if card is None:
            raise LookupError(f"no card shows a {action_id} button")
        await self.slack.people.click(user, card.channel, card.ts, action_id)


def has_action(message: Message, action_id: str) -> bool:
    return any(
        element.get("action_id") == action_id for block in message.blocks for element in block.get("elements") or ()
    )


@contextlib.asynccontextmanager
async def world(
    *,
    folder: Path | None = None,
    window_s: float = WINDOW_S,
    soak_s: float = SOAK_S,
    environment: Mapping[str, str] | None = None,
    proof: Mapping[str, float] | None = None,
    watch: bool = False,
    roles: tuple[str, ...] = ("serve",),
    with_monitors: bool = True,
    manifest: Path | None = None,
    own: OwnCatalog | None = None,
) -> AsyncIterator[World]:
    """Start everything; stop it, and leave nothing behind, at the end. ``folder`` is kept if it is given.

    ``manifest`` is the app's, and decides what Slack grants the bot; the one that ships with FixLoop if not given.
    ``own`` is a team's own catalog instead of the shop's; the shop runs only where it is named there.
    """
    async with contextlib.AsyncExitStack() as stack:
        home = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fixloop-")))
        home.mkdir(parents=True, exist_ok=True)
        keys = {name: secrets.token_hex(16) for name in ("DD_API_KEY", "DD_APP_KEY", "FIXLOOP_WEBHOOK_SECRET")}
        datadog = await _datadog(stack, keys)
        has_shop = own is None or own.wants_shop
        shop = await _shop(stack, datadog, keys, starts=has_shop)
        app = manifest or settings.shipped_manifest()
        slack = LocalSlack(bot_token="xoxb-sandbox", signing_secret=secrets.token_hex(16), manifest=app)  # noqa: S106
        await slack.start()
        stack.push_async_callback(slack.stop)
        if own is None:
            addresses = shop.url, shop.secure_url
            text = settings.catalog(*addresses, window_s=window_s, soak_s=soak_s, proof=proof, watch=watch)
        else:
            text = own.installed(slack.core.workspace, shop.url)
        (home / "fixloop.yml").write_text(text)
        (home / "authorities.pem").write_text(authorities(shop.ca_pem))
        bot = Bot({**_environment(home, datadog, slack, keys), **(environment or {})}, folder=home)
        slack.events_url = f"{bot.url}/slack/events"
        stack.push_async_callback(bot.stop)
        monitors = settings.monitors() if own is None else own.monitors()
        connecting = [_connect(datadog, bot, keys, monitors)] if with_monitors else []
        await asyncio.gather(bot.start(*roles), *connecting)
        yield World(shop=shop, datadog=datadog, slack=slack, bot=bot, folder=home, has_shop=has_shop)


async def _datadog(stack: contextlib.AsyncExitStack, keys: Mapping[str, str]) -> LocalDatadog:
    datadog = LocalDatadog(api_key=keys["DD_API_KEY"], app_key=keys["DD_APP_KEY"], limits={})
    await datadog.start()
    stack.push_async_callback(datadog.stop)
    return datadog


async def _shop(
    stack: contextlib.AsyncExitStack, datadog: LocalDatadog, keys: Mapping[str, str], *, starts: bool
) -> Shop:
    """The shop with its release pipeline, running until the stack is unwound if it ``starts`` at all."""
    shop = Shop(dd_url=datadog.url, dd_api_key=keys["DD_API_KEY"], traffic_per_second=12)
    shop.faults.listeners.append(Pipeline(shop.telemetry.announce_release))
    if starts:
        await shop.start()
        stack.push_async_callback(shop.stop)
    return shop


def _environment(home: Path, datadog: LocalDatadog, slack: LocalSlack, keys: Mapping[str, str]) -> dict[str, str]:
    return {
        **keys,
        "DD_API_URL": datadog.url,
        "SLACK_BOT_TOKEN": "xoxb-sandbox",
        "SLACK_SIGNING_SECRET": slack.core.app.signing_secret,
        "SLACK_API_URL": slack.api_url,
        "FIXLOOP_DATA_DIR": str(home / "store"),
        "FIXLOOP_CATALOG": str(home / "fixloop.yml"),
        "FIXLOOP_DEFAULT_CHANNEL": settings.CHANNEL,
        "SSL_CERT_FILE": str(home / "authorities.pem"),
        "PYTHONUNBUFFERED": "1",
    }


async def _connect(
    datadog: LocalDatadog, bot: Bot, keys: Mapping[str, str], monitors: Sequence[Mapping[str, Any]]
) -> None:
    """What a team does once: install the webhook with the bot's own command, and create monitors that use it."""
    code = await bot.run("datadog", "install", "--url", f"{bot.url}/datadog/webhook")
    if code != 0:
        raise BotDied(f"`fixloop datadog install` failed:\n{bot.last_words()}")
    headers = {"DD-API-KEY": keys["DD_API_KEY"], "DD-APPLICATION-KEY": keys["DD_APP_KEY"]}
    async with aiohttp.ClientSession(headers=headers) as session:
        for monitor in monitors:
            await _post(session, f"{datadog.url}/api/v1/monitor", monitor)


async def _post(session: aiohttp.ClientSession, url: str, body: Any) -> None:
    async with session.post(url, json=body) as answer:
        if answer.status >= 300:
            raise RuntimeError(f"the local Datadog refused a monitor: {answer.status} {await answer.text()}")
