"""Who opens App Home, translated."""

from __future__ import annotations

from typing import Any

import pytest

from fixloop_bot.application.wishes import Wish
from fixloop_bot.entrypoints.slack.actions import button_wish
from fixloop_bot.entrypoints.slack.home import opened_wish

EVENT: dict[str, Any] = {
    "team_id": "T0ACME",
    "event_id": "Ev1",
    "event": {"type": "app_home_opened", "user": "U0MIRA0001", "channel": "D0MIRA", "tab": "home"},
}


def test_the_home_tab_asks_for_the_feed() -> None:
    """A repeated event is the same wish; there is no channel to whisper in."""
    assert opened_wish(EVENT) == Wish(
        id="home:Ev1", what="home_opened", user="U0MIRA0001", channel="", place="home", team="T0ACME"
    )


@pytest.mark.parametrize("event", [{**EVENT["event"], "tab": "messages"}, {"tab": "home"}, {}])
def test_whatever_else_is_opened_is_none_of_ours(event: dict[str, Any]) -> None:
    """The Messages tab tells of itself by the same event; a broken one is left alone."""
    assert opened_wish({**EVENT, "event": event}) is None


def test_a_click_on_the_home_knows_where_it_was() -> None:
    """So that its answer is shown there."""
    body = {
        "user": {"id": "U0MIRA0001"},
        "view": {"type": "home", "id": "V1"},
        "container": {"type": "view", "view_id": "V1"},
        "actions": [{"action_id": "acknowledge", "value": "INC-42", "action_ts": "1.2"}],
    }
    wish = button_wish(body)
    assert (wish.what, wish.incident, wish.place, wish.channel) == ("acknowledge", "INC-42", "home", "")
