"""The scopes that FixLoop's token needs, as ``manifest.yml`` asks for them, and what each is for."""

from __future__ import annotations

LACKS_SCOPE = "missing_scope"
MOST_NAMED = 4
LONGEST_NAME = 60
NEEDED = {
    "app_mentions:read": "to hear @FixLoop",
    "canvases:write": "to write an incident's report as a canvas",
    "channels:history": "to hear replies in its threads in public channels, and find its own messages after a crash",
    "channels:read": "to look up the id of a public #name",
    "chat:write": "to post and update the incident's thread, and stream answers into it",
    "chat:write.public": "to post in public channels without an invitation",
    "commands": "to take /fixloop",
    "files:write": "to upload charts, and reports where there are no canvases",
    "groups:history": "to hear replies in its threads in private channels, and find its own messages after a crash",
    "groups:read": "to look up the id of a private #name",
    "reactions:read": "to put a message with 📌 into the timeline",
    "usergroups:read": "to see who is in a service's responders",
    "users:read": "to name people in timelines and reports",
}


def lacking(needed: str, provided: str) -> str:
    """What to add to the token, out of Slack's words: ``needed`` may name several scopes, of which any will do.

    As a part of a sentence: ``the token lacks users:read, to name people in timelines and reports``.
    """
    has = set(_scopes(provided))
    wanted = [scope for scope in _scopes(needed) if scope not in has] or _scopes(needed)
    if not wanted:
        return "Slack does not say which scope the token lacks"
    known = [scope for scope in wanted if scope in NEEDED] or wanted[:MOST_NAMED]
    what_for = f", {NEEDED[known[0]]}" if len(known) == 1 and known[0] in NEEDED else ""
    return f"the token lacks {' or '.join(known[:MOST_NAMED])}{what_for}"


def _scopes(said: str) -> list[str]:
    """Names as they may stand in a log: what else Slack might send is cut."""
    return [name[:LONGEST_NAME] for each in said.split(",") if (name := "".join(each.split()))]
