"""A missing scope is named, with what it is for, wherever Slack's refusal is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.scopes import NEEDED, lacking
from fixloop_bot.domain.errors import SlackRefused
from fixloop_bot.sandbox.slack.inhabitants import MIRA
from tests.sandbox.slack_room import BOT_TOKEN, running_slack

WHAT_FOR = "to name people in timelines and reports"


async def test_slacks_refusal_names_the_scope() -> None:
    """The one sentence that logs, the doctor and whoever catches it have."""
    async with (
        running_slack(scopes=["chat:write"]) as slack,
        SlackApi(token=BOT_TOKEN, base_url=slack.api_url) as api,
    ):
        with pytest.raises(SlackRefused) as refused:
            await api.call("users.info", user=MIRA)
    assert refused.value.error == "missing_scope"
    assert str(refused.value) == f"Slack refused users.info: missing_scope (the token lacks users:read, {WHAT_FOR})"
    assert refused.value.why == f"the token lacks users:read, {WHAT_FOR}"


@pytest.mark.parametrize(
    ("needed", "provided", "sentence"),
    [
        ("users:read", "chat:write", f"the token lacks users:read, {WHAT_FOR}"),
        ("channels:read,groups:read,im:read", "im:read", "the token lacks channels:read or groups:read"),
        ("channels:read, groups:read", "channels:read", f"the token lacks groups:read, {NEEDED['groups:read']}"),
        ("pins:write", "", "the token lacks pins:write"),
        ("connections:write", "connections:write", "the token lacks connections:write"),
        ("", "chat:write", "Slack does not say which scope the token lacks"),
    ],
)
def test_what_is_missing_is_what_slack_needs_and_was_not_given(needed: str, provided: str, sentence: str) -> None:
    """Of several that would do those are named that FixLoop's manifest asks for."""
    assert lacking(needed, provided) == sentence


@given(needed=st.text(), provided=st.text())
def test_whatever_slack_sends_makes_one_short_line(needed: str, provided: str) -> None:
    """It stands in logs and in the doctor's findings."""
    said = lacking(needed, provided)
    assert len(said.splitlines()) == 1
    assert len(said) < 400
