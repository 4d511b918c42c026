"""The app's manifest, read as Slack reads it: what the app may call, hears of, and offers to people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

SCOPES_OF_EVENTS: Mapping[str, tuple[str, ...]] = {
    "app_home_opened": (),
    "app_mention": ("app_mentions:read",),
    "app_rate_limited": (),
    "file_shared": ("files:read",),
    "member_joined_channel": ("channels:read", "groups:read"),
    "message.channels": ("channels:history",),
    "message.groups": ("groups:history",),
    "message.im": ("im:history",),
    "reaction_added": ("reactions:read",),
    "reaction_removed": ("reactions:read",),
    "subteam_members_changed": ("usergroups:read",),
    "subteam_updated": ("usergroups:read",),
}
"""What a subscription needs: any one of these scopes. Other events exist, and are not checked here."""


class ManifestError(ValueError):
    """Slack would not take this manifest; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortcut:
    """An entry of the ⚡ menu (global) or of a message's own menu (message)."""

    callback_id: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A slash command as the client completes it."""

    name: str
    description: str
    usage_hint: str
    escapes: bool = False
    """Whether people, groups and channels that are typed arrive as ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`home_tab`: whether views.publish works; `messages_tab`: whether the app may write to people, and
    `messages_read_only`: whether they may not answer.
    """

    name: str
    scopes: frozenset[str]
    bot_events: frozenset[str]
    commands: tuple[Command, ...] = ()
    shortcuts: tuple[Shortcut, ...] = ()
    interactive: bool = False
    home_tab: bool = False
    messages_tab: bool = True
    messages_read_only: bool = True


def read_manifest(path: Path) -> Manifest:
    """The manifest in this YAML (or JSON) file; raises ManifestError where Slack would refuse it."""
    try:
        document = yaml.safe_load(path.read_text())
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ManifestError(f"{path} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise ManifestError(f"{path} is no manifest: it is not a mapping")
    features, settings = _part(document, "features"), _part(document, "settings")
    home = _part(features, "app_home")
    read = Manifest(
        name=str(_part(document, "display_information").get("name") or "App"),
        scopes=frozenset(_part(document, "oauth_config", "scopes").get("bot") or ()),
        bot_events=frozenset(_part(settings, "event_subscriptions").get("bot_events") or ()),
        commands=tuple(_command(each) for each in features.get("slash_commands") or ()),
        shortcuts=tuple(_shortcut(each) for each in features.get("shortcuts") or ()),
        interactive=bool(_part(settings, "interactivity").get("is_enabled")),
        home_tab=bool(home.get("home_tab_enabled", False)),
        messages_tab=bool(home.get("messages_tab_enabled", True)),
        messages_read_only=bool(home.get("messages_tab_read_only_enabled", True)),
    )
    _check(read)
    return read


def _check(manifest: Manifest) -> None:
    for event in sorted(manifest.bot_events):
        needed = SCOPES_OF_EVENTS.get(event, ())
        if needed and manifest.scopes.isdisjoint(needed):
            raise ManifestError(f"bot_events: {event} needs the scope {' or '.join(needed)}")
    if (manifest.commands or manifest.shortcuts) and "commands" not in manifest.scopes:
        raise ManifestError("slash commands and shortcuts need the scope commands")
    if manifest.shortcuts and not manifest.interactive:
        raise ManifestError("shortcuts need interactivity to be enabled")


def _command(entry: Mapping[str, Any]) -> Command:
    return Command(
        name=str(entry["command"]),
        description=str(entry.get("description", "")),
        usage_hint=str(entry.get("usage_hint", "")),
        escapes=bool(entry.get("should_escape", False)),
    )


def _shortcut(entry: Mapping[str, Any]) -> Shortcut:
    kind = str(entry.get("type"))
    if kind not in ("global", "message"):
        raise ManifestError(f"shortcuts: type must be global or message, not {kind}")
    return Shortcut(callback_id=str(entry["callback_id"]), name=str(entry["name"]), kind=kind)


def _part(document: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """A mapping inside the document; an empty one where it is missing."""
    for name in path:
        inner = document.get(name)
        document = inner if isinstance(inner, Mapping) else {}
    return document
