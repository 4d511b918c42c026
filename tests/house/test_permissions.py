"""Whatever can be wished for in the wired house has been decided on: for everybody, or for responders alone."""

from __future__ import annotations

from pathlib import Path

from redis.asyncio import Redis

from fixloop_bot.application.permissions import FOR_EVERYBODY, NEEDS_RESPONDER
from fixloop_bot.bootstrap import house
from fixloop_bot.config import Settings


async def test_every_deed_and_command_that_is_wired_has_a_decision(valkey: str, redis: Redis, tmp_path: Path) -> None:
    """A feature that adds a deed says in ``permissions.py`` who may do it; a name that is gone is not kept there."""
    del redis  # an empty server
    environment = {"REDIS_URL": valkey, "FIXLOOP_DATA_DIR": str(tmp_path)}
    async with house(Settings.from_env(environment)) as built:
        names = built.desk.names
    assert names - FOR_EVERYBODY - NEEDS_RESPONDER.keys() == frozenset()
    assert not FOR_EVERYBODY & NEEDS_RESPONDER.keys()
    elsewhere = {"edit_plan"}  # asked by the editor itself
    assert (FOR_EVERYBODY | NEEDS_RESPONDER.keys()) - names - elsewhere == frozenset()
