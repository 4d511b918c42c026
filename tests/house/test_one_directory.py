"""Who people are is asked of Slack once for a process, whoever wants to know."""

from __future__ import annotations

from pathlib import Path

from redis.asyncio import Redis

from fixloop_bot.adapters.slack.directory import SlackDirectory
from fixloop_bot.bootstrap.means import open_means
from fixloop_bot.bootstrap.wiring import _wired
from fixloop_bot.config import Settings
from fixloop_bot.sandbox.slack.inhabitants import MIRA
from tests.sandbox.slack_room import BOT_TOKEN, running_slack


async def test_reports_and_rights_share_one_directory(valkey: str, redis: Redis, tmp_path: Path) -> None:
    """Slack takes few of these calls a minute, and nobody is known in one place and unknown in another."""
    del redis  # an empty server
    async with running_slack() as slack:
        environment = {
            "REDIS_URL": valkey,
            "FIXLOOP_DATA_DIR": str(tmp_path),
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_API_URL": slack.api_url,
        }
        async with open_means(Settings.from_env(environment)) as means:
            places = [means.gallery.directory, _wired(means).ownership.directory]
            for directory in places:
                assert isinstance(directory, SlackDirectory)
                assert (await directory.person(MIRA)).name == "mira"
        assert slack.call_counts["users.info"] == 1
