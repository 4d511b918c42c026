"""The scopes that FixLoop's token needs, as ``manifest.yml`` asks for them, and what each is for."""

from __future__ import annotations

NEEDED = {
    "app_mentions:read": "to hear @FixLoop",
    "channels:history": "to find its own cards again in public channels after a crash",
    "channels:read": "to look up the id of a public #name",
    "chat:write": "to post and update the incident's thread",
    "chat:write.public": "to post in public channels without an invitation",
    "commands": "to take /fixloop",
    "groups:history": "to find its own cards again in private channels after a crash",
    "groups:read": "to look up the id of a private #name",
}
