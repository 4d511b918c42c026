"""Whatever a client sends, the local Slack's Web API answers with Slack's own words."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.slack.api import all_methods
from fixloop_bot.sandbox.slack.api.call import Call
from fixloop_bot.sandbox.slack.inhabitants import INCIDENTS, MIRA
from fixloop_bot.sandbox.slack.records import RefusalError
from fixloop_bot.sandbox.slack.workspace import TEAM_ID

NAMES = (
    *("channel", "channel_id", "ts", "thread_ts", "timestamp", "message_ts", "text", "blocks", "attachments"),
    *("metadata", "user", "users", "user_id", "view", "view_id", "trigger_id", "name", "limit", "cursor"),
    *("oldest", "latest", "types", "files", "file", "filename", "length", "chunks", "markdown_text", "prompts"),
    *("status", "loading_messages", "title", "type", "link", "usergroup", "bot", "recipient_team_id"),
    *("recipient_user_id", "hash", "external_id", "initial_comment", "channels", "reply_broadcast"),
)
LEAVES = st.none() | st.booleans() | st.integers(-5, 10**15) | st.floats() | st.text(max_size=6)
VALUES = st.recursive(
    LEAVES | st.sampled_from([INCIDENTS, MIRA, TEAM_ID, "[{}]", "{", "[1]", "next:9", "ROOT", "eyes"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "type", "text"]), inner),
    max_leaves=4,
)


@settings(max_examples=250, deadline=None)
@given(
    st.sampled_from(sorted(all_methods())),
    st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6),
    st.booleans(),
)
def test_no_arguments_break_a_method(method: str, arguments: dict[str, Any], in_thread: bool) -> None:
    """Every method accepts or refuses by name; nothing ends in an error of ours."""
    slack = LocalSlack(bot_token="xoxb", signing_secret="s", bot_events=[], enforcement="off")
    root = slack.people.message("mira", "incidents", "hello").ts
    where = dict.fromkeys(("ts", "thread_ts", "timestamp", "message_ts"), root)
    base = {"channel": INCIDENTS, "channel_id": INCIDENTS, **where} if in_thread else {}
    call = Call(core=slack.core, method=method, arguments={**base, **arguments})
    try:
        answer = all_methods()[method].handle(call)
    except RefusalError as refusal:
        answer = refusal.body()
        assert answer["error"]
    assert isinstance(answer["ok"], bool)
