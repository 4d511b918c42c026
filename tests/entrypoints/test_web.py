"""The HTTP surface, with the real store, the real Bolt app and a local Slack."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from redis.asyncio import Redis

from fixloop_bot.adapters.redis.server import EmbeddedValkey
from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.adapters.slack import standing
from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.bootstrap import Settings, house
from fixloop_bot.domain.errors import SlackRefused
from fixloop_bot.entrypoints.meters import Meters
from fixloop_bot.entrypoints.slack.app import create_slack_app
from fixloop_bot.entrypoints.web import LARGEST_BODY, Doors, create_app
from fixloop_bot.sandbox.slack import LocalSlack

SIGNING, SECRET = "s1gning-secret-of-the-test", "webhook-secret-of-the-test"
ALERT = {"title": "[Triggered] Errors", "alert_cycle_key": "c1", "tags": "service:checkout,env:prod", "id": "1"}


@dataclass
class Front:
    """A web process's doors, open on a free port."""

    url: str
    session: aiohttp.ClientSession
    store: RedisStore
    slack: LocalSlack
    api: SlackApi

    async def readiness(self) -> tuple[int, dict[str, str]]:
        async with self.session.get(f"{self.url}/readyz") as answer:
            return answer.status, await answer.json()

    async def alert(self, body: object, *, secret: str = SECRET, **headers: str) -> tuple[int, str]:
        """Status and sentence of a webhook; ``body`` is bytes as they are, or a document."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"X-FixLoop-Secret": secret, "Content-Type": "application/json", **headers}
        async with self.session.post(f"{self.url}/datadog/webhook", data=data, headers=sent) as answer:
            return answer.status, (await answer.json())["message"]

    async def slack_says(self, body: bytes, **headers: str) -> int:
        """The status of a request to Slack's door, signed unless the headers say otherwise."""
        stamp = str(int(time.time()))
        signed = hmac.new(SIGNING.encode(), b"v0:%b:%b" % (stamp.encode(), body), hashlib.sha256).hexdigest()
        sent = {
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={signed}",
            "Content-Type": "application/x-www-form-urlencoded",
            **headers,
        }
        async with self.session.post(f"{self.url}/slack/events", data=body, headers=sent) as answer:
            return answer.status


@pytest.fixture
async def front(valkey: str, redis: Redis, tmp_path: Path) -> AsyncIterator[Front]:
    """On the tests' own store, empty."""
    del redis
    async with opened(valkey, tmp_path) as front:
        yield front


@asynccontextmanager
async def opened(store_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    """Built by bootstrap, as in production; no worker runs."""
    async with AsyncExitStack() as stack:
        slack = LocalSlack(bot_token="xoxb-web", signing_secret=SIGNING)
        await slack.start()
        stack.push_async_callback(slack.stop)
        environment = {
            "REDIS_URL": store_url,
            "SLACK_BOT_TOKEN": "xoxb-web",
            "SLACK_SIGNING_SECRET": SIGNING,
            "SLACK_API_URL": slack.api_url,
            "FIXLOOP_DATA_DIR": str(tmp_path),
            "FIXLOOP_WEBHOOK_SECRET": SECRET,
            "FIXLOOP_DEFAULT_CHANNEL": "#incidents",
        }
        built = await stack.enter_async_context(house(Settings.from_env(environment)))
        assert built.slack is not None
        doors = Doors(
            intake=built.intake,
            store=built.store,
            clock=built.clock,
            meters=Meters(),
            slack=create_slack_app(built),
            webhook_secret=SECRET,
            signing_secret=SIGNING,
            slack_trouble=built.slack.trouble,
        )
        server = TestServer(create_app(doors))
        await server.start_server()
        stack.push_async_callback(server.close)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield Front(f"http://127.0.0.1:{server.port}", session, built.store, slack, built.slack)


async def test_an_alert_is_stored_before_it_is_answered(front: Front) -> None:
    """2xx means that it is in the inbox; the same delivery again is fine, and stored once."""
    assert await front.alert(ALERT) == (202, "Stored.")
    assert len(await front.store.unread_signals()) == 1
    assert await front.alert(ALERT) == (202, "Stored before.")
    assert len(await front.store.unread_signals()) == 1


@pytest.mark.parametrize("secret", ["", "wrong", SECRET + "x", "ünïcode", "x" * 5000])
async def test_a_wrong_secret_is_401_and_stores_nothing(front: Front, secret: str) -> None:
    """Whatever it looks like; the sentence names the header and not the secret."""
    status, sentence = await front.alert(ALERT, secret=secret)
    assert status == 401
    assert "X-FixLoop-Secret" in sentence
    assert SECRET not in sentence
    assert await front.store.unread_signals() == []


@pytest.mark.parametrize("body", [b"", b"hello", b"[]", b"\x00\xff\xfe", b"[" * 5000])
async def test_what_is_no_alert_is_400_in_one_sentence(front: Front, body: bytes) -> None:
    """Nothing is guessed, and nothing breaks."""
    status, sentence = await front.alert(body)
    assert status == 400
    assert sentence.endswith(".")
    assert "Traceback" not in sentence


async def test_over_256_kib_is_413(front: Front) -> None:
    """The limit is exact, and the sentence says it."""
    document = json.dumps(ALERT).encode()
    assert (await front.alert(document.ljust(LARGEST_BODY)))[0] == 202
    assert await front.alert(document.ljust(LARGEST_BODY + 1)) == (413, "The body is over 256 KiB.")


async def test_without_a_store_it_is_503(tmp_path: Path) -> None:
    """So that Datadog sends it again; /readyz says the same, /healthz that the process lives."""
    server = EmbeddedValkey(tmp_path / "store")
    await server.start()
    async with opened(server.url, tmp_path) as front:
        assert (await front.alert(ALERT))[0] == 202
        await server.stop()
        assert (await front.alert({**ALERT, "id": "2"}))[0] == 503
        async with front.session.get(f"{front.url}/readyz") as answer:
            assert answer.status == 503
        async with front.session.get(f"{front.url}/healthz") as answer:
            assert answer.status == 200


async def test_a_lost_token_is_named_and_comes_back_by_itself(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no reason to send alerts elsewhere: they are kept. Whoever looks learns Slack's word for it."""
    monkeypatch.setattr(standing, "ASK_AGAIN_S", 0.0)
    assert await front.readiness() == (200, {"status": "ready"})
    front.slack.revoke_token()
    with pytest.raises(SlackRefused):
        await front.api.call("chat.postMessage", channel="#incidents", text="Hello")
    assert await front.readiness() == (200, {"status": "ready", "slack": "token_revoked"})
    front.slack.core.app.revoked = False
    assert await front.readiness() == (200, {"status": "ready"})


async def test_the_meters_count_what_came(front: Front) -> None:
    """By status, for Prometheus."""
    await front.alert(ALERT)
    async with front.session.get(f"{front.url}/metrics") as answer:
        assert 'fixloop_webhooks_total{status="202"} 1.0' in await answer.text()


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Slack-Signature": ""},
        {"X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Signature": "v0=ünsigned"},
        {"X-Slack-Request-Timestamp": "soon"},
        {"X-Slack-Request-Timestamp": "1" * 500},
        {"X-Slack-Request-Timestamp": "1"},
    ],
)
@pytest.mark.parametrize("body", [b"{", b"payload=1", b"[]", b"null", b"payload=%7B%7D"])
async def test_what_slack_did_not_sign_is_401(front: Front, headers: dict[str, str], body: bytes) -> None:
    """Before anything looks into the body: no signature, a wrong or a stale one."""
    assert await front.slack_says(body, **headers) == 401


async def test_a_signed_click_waits_for_a_worker(front: Front) -> None:
    """Acked at once, kept once, even while Slack does not say who we are."""
    front.slack.faults.add("auth.test", "server_error", times=20)
    action = {"type": "button", "action_id": "validate", "value": "INC-1", "action_ts": "1.1", "block_id": "b"}
    payload = {
        "type": "block_actions",
        "user": {"id": "U0MIRA"},
        "team": {"id": "T1"},
        "channel": {"id": "C1"},
        "message": {"ts": "1.0"},
        "actions": [action],
    }
    body = urlencode({"payload": json.dumps(payload)}).encode()
    assert await front.slack_says(body) == 200
    assert await front.slack_says(body) == 200
    async with asyncio.timeout(10):
        while not await front.store._redis.keys("fixloop:once:wish:*"):
            await asyncio.sleep(0.01)
    assert len(await front.store._redis.keys("fixloop:once:wish:*")) == 1


async def test_a_form_that_is_no_payload_breaks_nothing(front: Front) -> None:
    """Signed garbage is refused or ignored, never a 500."""
    for body in (b"payload=1", b"payload=%7B%7D", b"payload=[]", b"command=%2Fother&text=x"):
        assert await front.slack_says(body) < 500 or body == b"payload=1"
