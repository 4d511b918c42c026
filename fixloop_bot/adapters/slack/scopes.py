"""The scopes that FixLoop's token needs, as ``manifest.yml`` asks for them, and what each is for."""

from __future__ import annotations

NEEDED = {
    "app_mentions:read": "to hear @FixLoop",
    "channels:history": "to hear replies in its threads in public channels, and find its own messages after a crash",
    "channels:read": "to look up the id of a public #name",
    "chat:write": "to post and update the incident's thread, and stream answers into it",
    "chat:write.public": "to post in public channels without an invitation",
    "commands": "to take /fixloop",
    "groups:history": "to hear replies in its threads in private channels, and find its own messages after a crash",
    "groups:read": "to look up the id of a private #name",
}
