"""The use cases on a clean store."""

from __future__ import annotations

import pytest

from fixloop_bot.adapters.redis.store import RedisStore
from tests.application.office import Office
from tests.fake_clock import FakeClock


@pytest.fixture
def office(store: RedisStore, clock: FakeClock) -> Office:
    return Office(store, clock)
