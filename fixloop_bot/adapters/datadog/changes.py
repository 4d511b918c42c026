"""Change events and deploys out of Datadog's event search, in the core's words. Pure; texts are data."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from fixloop_bot.adapters.datadog.events import POSTED_BY
from fixloop_bot.application.copilot.readings import ChangeEvent

MOST_EVENTS = 100
LONGEST_TITLE, LONGEST_TEXT, LONGEST_VALUE = 300, 1_000, 60
DEPLOYERS = (
    *(
        "amazon_codedeploy",
        "argocd",
        "azure_devops",
        "azuredevops",
        "bitbucket",
        "capistrano",
        "circleci",
        "deployment",
    ),
    *("fluxcd", "github", "gitlab", "helm", "jenkins", "launchdarkly", "octopus_deploy", "spinnaker", "split"),
    *("statsig", "terraform"),
)
"""Sources whose events tell of changes, though they do not all carry the category."""
CHANGES = f"@evt.category:change OR source:({' OR '.join(DEPLOYERS)}) OR deploy* OR rollback* OR rollout*"
"""What is a change: the category; a source that deploys; or, of events that a script posts, a word of their text."""
TELLING_TAGS = ("version", "env", "team", "region", "cluster")

Link = Callable[[str, str], str]
"""An event's uid and id (either may be empty) → its address."""


def search_of(query: str) -> str:
    """The event search for changes where ``query`` applies, without monitors' alerts and our own reports."""
    where = f"({query}) " if query.strip(" *") else ""
    return f"{where}({CHANGES}) -source:alert -{POSTED_BY}"


def changes_of(answer: Any, link: Link, *, most: int) -> list[ChangeEvent]:
    """The newest ``most`` events of a search's answer, newest first; what is no object is left out."""
    data = answer.get("data") if isinstance(answer, dict) else None
    found = [each for each in data if isinstance(each, dict)] if isinstance(data, list) else []
    return sorted((change_event(each, link) for each in found), key=lambda event: event.at, reverse=True)[:most]


def change_event(found: Mapping[str, Any], link: Link) -> ChangeEvent:
    """One event of ``data``; what it lacks is empty, and an event without any title says so."""
    outer = _object(found, "attributes")
    own = _object(outer, "attributes")
    evt = _object(own, "evt")
    message = _plain(outer.get("message"))
    title = _text(own.get("title")) or _text(evt.get("name")) or message.partition("\n")[0]
    return ChangeEvent(
        id=_text(found.get("id")) or _text(evt.get("uid")) or _text(evt.get("id")),
        at=moment(own.get("timestamp")) or moment(outer.get("timestamp")),
        title=(title or "a change without a title")[:LONGEST_TITLE],
        text="\n".join(_told(own, _tags(outer, own), message))[:LONGEST_TEXT],
        link=link(_text(evt.get("uid")), _text(evt.get("id"))),
    )


def moment(found: Any) -> float:
    """Epoch seconds of an ISO time or of milliseconds; 0 where it is neither."""
    if isinstance(found, int | float) and not isinstance(found, bool):
        return found / 1000.0 if math.isfinite(found) else 0.0
    try:
        read = datetime.fromisoformat(str(found))
    except ValueError:
        return 0.0
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


def _told(own: Mapping[str, Any], tags: list[str], message: str) -> Iterator[str]:
    """Who, what from and to, the event's own words, its source and the tags that say where."""
    if author := _text(_object(own, "author").get("name")):
        yield f"by {author[:LONGEST_VALUE]}"
    before, after = _object(own, "prev_value"), _object(own, "new_value")
    steps = [
        f"{key} {_value(before, key)} → {_value(after, key)}" for key in list(after)[:5] if _differs(before, after, key)
    ]
    if steps:
        yield ", ".join(steps)
    if message:
        yield message
    source = _text(own.get("source_type_name")) or _text(own.get("source"))
    if source:
        yield f"source {source[:LONGEST_VALUE]}"
    telling = [tag[:LONGEST_VALUE] for tag in tags if tag.partition(":")[0] in TELLING_TAGS]
    if telling:
        yield " ".join(telling[:6])


def _differs(before: Mapping[str, Any], after: Mapping[str, Any], key: str) -> bool:
    """Whether a scalar was changed; nested values would fill the line."""
    return not isinstance(after[key], dict | list) and before.get(key) != after[key]


def _value(values: Mapping[str, Any], key: str) -> str:
    return str(values[key])[:LONGEST_VALUE] if key in values else "(unset)"


def _plain(message: Any) -> str:
    """A message without the marks that fence Markdown in events, and without blank lines."""
    lines = _text(message).replace("%%%", "").splitlines()
    return "\n".join(line.strip() for line in lines if line.strip())[:LONGEST_TEXT]


def _tags(outer: Mapping[str, Any], own: Mapping[str, Any]) -> list[str]:
    tags = outer.get("tags") or own.get("tags")
    return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []


def _object(found: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    inner = found.get(key)
    return inner if isinstance(inner, dict) else {}


def _text(found: Any) -> str:
    return found if isinstance(found, str) else str(found) if isinstance(found, int) and found is not True else ""
