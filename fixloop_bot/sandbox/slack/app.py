"""The one app that is installed in the local workspace: its credentials, scopes and subscriptions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from fixloop_bot.sandbox.slack.manifest import Manifest


@dataclass(slots=True, kw_only=True)
class App:
    """What Slack's app configuration holds.

    `scopes`, `bot_events` and `commands` of None mean everything; so does a missing `manifest` for shortcuts, the
    Home tab and direct messages.
    """

    bot_token: str
    signing_secret: str
    app_token: str
    scopes: frozenset[str] | None = None
    bot_events: frozenset[str] | None = None
    commands: frozenset[str] | None = None
    manifest: Manifest | None = None
    revoked: bool = False
    verification_token: str = "local-verification-token"  # noqa: S105 - the deprecated field that Slack still sends

    def may(self, alternatives: Collection[str]) -> bool:
        """True if any of these scopes is granted, or if none is needed."""
        return self.scopes is None or not alternatives or not self.scopes.isdisjoint(alternatives)

    def hears(self, event: str) -> bool:
        return self.bot_events is None or event in self.bot_events

    def offers(self, callback_id: str, kind: str) -> bool:
        """Whether people find this shortcut (kind: global or message) in their menus."""
        if self.manifest is None:
            return True
        return any((each.callback_id, each.kind) == (callback_id, kind) for each in self.manifest.shortcuts)

    def escapes(self, command: str) -> bool:
        """Whether what is typed after this command arrives with ids in the place of names."""
        return self.manifest is not None and any(
            each.name == command and each.escapes for each in self.manifest.commands
        )

    @property
    def has_home(self) -> bool:
        return self.manifest is None or self.manifest.home_tab

    @property
    def writes_to_people(self) -> bool:
        """Whether its Messages tab is on."""
        return self.manifest is None or self.manifest.messages_tab

    @property
    def hears_people(self) -> bool:
        """Whether people may write in its Messages tab."""
        return self.manifest is None or (self.manifest.messages_tab and not self.manifest.messages_read_only)

    @property
    def is_interactive(self) -> bool:
        return self.manifest is None or self.manifest.interactive


def installed(
    *,
    bot_token: str,
    signing_secret: str,
    app_token: str,
    manifest: Manifest | None,
    scopes: Collection[str] | None,
    bot_events: Collection[str] | None,
    commands: Collection[str] | None,
) -> App:
    """The app with what its manifest grants; lists given beside it count instead of the manifest's."""
    named = None if manifest is None else [each.name for each in manifest.commands]
    return App(
        bot_token=bot_token,
        signing_secret=signing_secret,
        app_token=app_token,
        manifest=manifest,
        scopes=_first(scopes, None if manifest is None else manifest.scopes),
        bot_events=_first(bot_events, None if manifest is None else manifest.bot_events),
        commands=_first(commands, named),
    )


def _first(*candidates: Collection[str] | None) -> frozenset[str] | None:
    return next((frozenset(each) for each in candidates if each is not None), None)
