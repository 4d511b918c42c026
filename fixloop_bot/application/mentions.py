"""How sentences name people, groups, channels and messages: the only place where the core writes Slack's notation.

What answers a person is a plain sentence, so a mention has to be written out in it. Only ids and addresses that come
from state get here; text from outside is escaped where it is rendered.
"""

from __future__ import annotations

import re

_USER = re.compile(r"[UW][A-Z0-9]{2,20}")
_TYPED = re.compile(r"<@([UW][A-Z0-9]{2,20})(?:\|[^<>]*)?>|\b([UW][A-Z0-9]{6,20})\b")
_MARKUP = re.compile(r"[<>&*_~`|]")


def who(user: str | None) -> str:
    """A person as Slack shows them, a machine by its name."""
    if user is None:
        return "nobody"
    return f"<@{user}>" if _USER.fullmatch(user) else {"datadog": "Datadog"}.get(user, "FixLoop")


def named(by: str) -> str:
    """A person as Slack shows them; what an operator wrote into the store, without markup."""
    return f"<@{by}>" if _USER.fullmatch(by) else _MARKUP.sub("", by).strip() or "somebody"


def responder(person_or_group: str) -> str:
    """Whoever the catalog names: a person, or a user group by its id (``S…``)."""
    return f"<!subteam^{person_or_group}>" if person_or_group.startswith("S") else f"<@{person_or_group}>"


def channel(id_or_name: str) -> str:
    """A channel by its id; ``#name`` is readable as it is."""
    return id_or_name if id_or_name.startswith("#") else f"<#{id_or_name}>"


def link(address: str, words: str) -> str:
    """Words that open an address of Slack's own."""
    return f"<{address}|{words}>"


def person_in(words: str) -> str | None:
    """The first person that somebody has named in a command; Slack sends ``<@U…|name>``, or people type an id."""
    found = _TYPED.search(words)
    return (found[1] or found[2]) if found is not None else None
