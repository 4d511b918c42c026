"""When the local Slack says no: rate limits, faults on demand, and the log of calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.slack.inhabitants import (
    INCIDENTS,
    MIRA,
)
from tests.sandbox.slack_room import APP_TOKEN, Clock, client_of, refused, running_slack


@pytest.fixture
async def slack() -> AsyncIterator[LocalSlack]:
    async with running_slack() as local:
        yield local


@pytest.fixture
def client(slack: LocalSlack) -> AsyncWebClient:
    return client_of(slack)


async def test_strict_limits_answer_429_with_retry_after() -> None:
    """The 51st chat.update within a minute is refused until the first is a minute old."""
    clock = Clock()
    async with running_slack(enforcement="strict", clock=clock) as slack:
        client = client_of(slack)
        ts = (await client.chat_postMessage(channel=INCIDENTS, text="0"))["ts"]
        for number in range(50):
            await client.chat_update(channel=INCIDENTS, ts=ts, text=str(number))
        with pytest.raises(SlackApiError) as caught:
            await client.chat_update(channel=INCIDENTS, ts=ts, text="one too many")
        assert caught.value.response.status_code == 429
        assert caught.value.response.headers["Retry-After"] == "60"
        clock.now += 60
        assert (await client.chat_update(channel=INCIDENTS, ts=ts, text="now"))["ok"]
        assert slack.call_counts["chat.update"] == 52


async def test_posting_is_limited_per_channel() -> None:
    """Strictly one message a second and channel; the relaxed workspace admits a burst of five."""
    for enforcement, admitted in (("strict", 1), ("relaxed", 5)):
        async with running_slack(enforcement=enforcement, clock=Clock()) as slack:
            client = client_of(slack)
            for number in range(admitted):
                await client.chat_postMessage(channel=INCIDENTS, text=str(number))
            assert await refused(client.chat_postMessage(channel=INCIDENTS, text="more")) == "ratelimited"
            assert (await client.chat_postMessage(channel=MIRA, text="elsewhere"))["ok"]


async def test_faults_hit_the_next_calls_only(slack: LocalSlack, client: AsyncWebClient) -> None:
    """A refusal, a 500, a dropped connection and a 429, each as often as ordered."""
    slack.faults.add("chat.postMessage", "refuse", error="fatal_error")
    slack.faults.add("chat.postMessage", "server_error", status=503)
    slack.faults.add("chat.postMessage", "drop")
    client.retry_handlers.clear()
    post: dict[str, Any] = {"channel": INCIDENTS, "text": "x"}
    assert await refused(client.chat_postMessage(**post)) == "fatal_error"
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(**post)
    assert caught.value.response.status_code == 503
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(**post)
    assert slack.messages("incidents") == []

    slack.faults.add("chat.postMessage", "ratelimited", seconds=0)
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=1))
    assert (await client.chat_postMessage(**post))["ok"]


async def test_a_lost_answer_leaves_the_message_posted(slack: LocalSlack) -> None:
    """lose_answer is the honest ambiguity: the call took effect and the caller cannot know."""
    slack.faults.add("chat.postMessage", "lose_answer")
    client = client_of(slack)
    client.retry_handlers.clear()
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=INCIDENTS, text="did it arrive?")
    assert [message.text for message in slack.messages("incidents")] == ["did it arrive?"]


async def test_calls_are_logged_without_the_token(slack: LocalSlack, client: AsyncWebClient) -> None:
    """The log has arguments and answers; a token in header or body is nowhere in it."""
    await client.chat_postMessage(channel=INCIDENTS, text="hello")
    async with aiohttp.ClientSession() as session:
        form = {"token": client.token, "error": "my_error"}
        async with session.post(f"{slack.api_url}api.test", data=form) as answer:
            assert (await answer.json())["error"] == "my_error"
    logged = slack.calls_of("chat.postMessage")[0]
    assert (logged.arguments["text"], logged.response["ok"], logged.status) == ("hello", True, 200)
    assert str(client.token) not in repr(list(slack.calls))


async def test_tokens_are_checked(slack: LocalSlack) -> None:
    """No token, a wrong one, one of the wrong kind and a revoked one each have their error."""
    async with aiohttp.ClientSession() as session, session.post(f"{slack.api_url}auth.test") as answer:
        assert await answer.json() == {"ok": False, "error": "not_authed"}
    assert await refused(client_of(slack, "xoxb-wrong").auth_test()) == "invalid_auth"
    assert await refused(client_of(slack, APP_TOKEN).auth_test()) == "not_allowed_token_type"
    slack.revoke_token()
    assert await refused(client_of(slack).auth_test()) == "token_revoked"


async def test_a_missing_scope_is_named() -> None:
    """missing_scope says what was needed and what was provided."""
    async with running_slack(scopes=["chat:write"]) as slack:
        with pytest.raises(SlackApiError) as caught:
            await client_of(slack).users_info(user=MIRA)
        assert caught.value.response.data == {
            "ok": False,
            "error": "missing_scope",
            "needed": "users:read",
            "provided": "chat:write",
        }
