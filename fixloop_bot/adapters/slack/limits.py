"""Slack's published limits, by method: https://docs.slack.dev/apis/web-api/rate-limits/."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fixloop_bot.application.errands import Errand, Limit, Urgency

TIER_2, TIER_3, TIER_4 = 20, 50, 100
"""Calls a minute, for a method and a workspace."""
MINUTE_S = 60.5
"""A call that took half a second longer on its way than the next one must not fall into the next one's minute."""
BETWEEN_POSTS_S = 1.003
"""About one message a second for a channel. It counts from the answer to the last one, so that it needs no margin but
for the clocks' resolution: of fifty cards in a row the last one waits for every hundredth of it."""
POST = "chat.postMessage"
_PER_MINUTE: Mapping[str, int] = {
    **dict.fromkeys(
        (
            "bookmarks.add",
            "bookmarks.edit",
            "canvases.create",
            "chat.startStream",
            "chat.stopStream",
            "conversations.create",
            "conversations.list",
            "pins.add",
            "reactions.remove",
            "usergroups.list",
            "usergroups.users.list",
            "users.list",
        ),
        TIER_2,
    ),
    **dict.fromkeys(
        (
            "canvases.access.set",
            "canvases.edit",
            "chat.delete",
            "chat.update",
            "conversations.history",
            "conversations.info",
            "conversations.join",
            "conversations.open",
            "conversations.replies",
            "reactions.add",
            "reactions.get",
        ),
        TIER_3,
    ),
    **dict.fromkeys(
        (
            "chat.appendStream",
            "chat.postEphemeral",
            "conversations.members",
            "files.completeUploadExternal",
            "files.getUploadURLExternal",
            "files.info",
            "users.info",
            "views.open",
            "views.publish",
            "views.push",
            "views.update",
        ),
        TIER_4,
    ),
}
UNLIMITED = frozenset(
    {
        "api.test",
        "apps.connections.open",
        "assistant.threads.setStatus",
        "auth.test",
        "blocks.validate",
        "chat.getPermalink",
    }
)
"""Hundreds a minute, or made once in the life of a process."""
SHARED = frozenset({"chat.update", "views.publish"})
"""Methods of redraws, which answers to people need as well."""
ALWAYS_ANSWERS = frozenset({"chat.postEphemeral", "views.open", "views.push", "views.update"})
"""Nobody is spoken to by these who did not just ask for it; a trigger lasts three seconds."""


def limit_of(method: str, arguments: Mapping[str, Any]) -> Limit | None:
    """What bounds this call; None for a method of which Slack takes hundreds a minute.

    A method that nobody has looked up is taken for one of the second tier, so that a new one is polite from the start.
    """
    if method == POST:
        return Limit(name=f"{POST} {arguments.get('channel', '')}", method=POST, calls=1, per_s=BETWEEN_POSTS_S)
    if method in UNLIMITED:
        return None
    calls = _PER_MINUTE.get(method, TIER_2)
    return Limit(name=method, method=method, calls=calls, per_s=MINUTE_S, shared=method in SHARED)


def errand_for(method: str, errand: Errand) -> Errand:
    """The errand that a call is made on, whatever it was called from."""
    return Errand(urgency=Urgency.ANSWER) if method in ALWAYS_ANSWERS else errand
