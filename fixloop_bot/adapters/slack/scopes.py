"""The scopes that FixLoop's token needs, as ``manifest.yml`` asks for them, and what each is for."""

from __future__ import annotations

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
