"""The use cases on a clean store."""

from __future__ import annotations

import pytest

from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.application import execution
from tests.application.office import Office
from tests.fake_clock import FakeClock


@pytest.fixture
def office(store: RedisStore, clock: FakeClock) -> Office:
    return Office(store, clock)


@pytest.fixture(autouse=True)
def saved_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples are saved on real seconds, of which a test has few."""
    monkeypatch.setattr(execution, "SAVE_EVERY_S", 0.02)
