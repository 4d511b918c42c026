"""What `should_escape` does to the text of a slash command: names become ids that an app can be sure of."""

from __future__ import annotations

import re

from fixloop_bot.sandbox.slack.workspace import Workspace

_NAME = re.compile(r"(?<![\w<|^])([@#])([\w.-]*\w)")
_ADDRESS = re.compile(r"(?<![<|])\bhttps?://[^\s<>|]+")


def escaped(workspace: Workspace, typed: str) -> str:
    """`@mira` → `<@U0MIRA0001|mira>`, `@on-call` → `<!subteam^S0ONCALL01|@on-call>`, `#incidents` →
    `<#C0INCIDENT|incidents>`, addresses in angle brackets; `&`, `<` and `>` as entities. Unknown names stay.
    """
    people = {user.name: f"<@{user.id}|{user.name}>" for user in workspace.users.values()}
    groups = {group.handle: f"<!subteam^{group.id}|@{group.handle}>" for group in workspace.groups.values()}
    channels = {each.name: f"<#{each.id}|{each.name}>" for each in workspace.channels.values() if each.kind != "im"}
    known = {"@": groups | people, "#": channels}
    plain = typed.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    named = _NAME.sub(lambda match: known[match[1]].get(match[2], match[0]), plain)
    return _ADDRESS.sub(lambda match: f"<{match[0]}>", named)
