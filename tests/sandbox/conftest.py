"""A local Slack with a real Bolt app behind it; a test file with other needs has fixtures of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from slack_bolt.app.async_app import AsyncApp

from fixloop_bot.sandbox.slack import LocalSlack
from tests.sandbox.slack_room import bolt_app, listening, running_slack


@pytest.fixture
async def slack() -> AsyncIterator[LocalSlack]:
    async with running_slack() as local:
        local.delivery.retry_scale = 0.0
        yield local


@pytest.fixture
async def app(slack: LocalSlack) -> AsyncIterator[AsyncApp]:
    bolt = bolt_app(slack)
    async with listening(slack, bolt):
        yield bolt
        await slack.settled()
