"""The one app that is installed in the local workspace: its credentials, scopes and subscriptions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class App:
    """What Slack's app configuration holds; `scopes`, `bot_events` and `commands` of None mean everything."""

    bot_token: str
    signing_secret: str
    app_token: str
    scopes: frozenset[str] | None = None
    bot_events: frozenset[str] | None = None
    commands: frozenset[str] | None = None
    revoked: bool = False
    verification_token: str = "local-verification-token"  # noqa: S105 - the deprecated field that Slack still sends

    def may(self, alternatives: Collection[str]) -> bool:
        """True if any of these scopes is granted, or if none is needed."""
        return self.scopes is None or not alternatives or not self.scopes.isdisjoint(alternatives)

    def hears(self, event: str) -> bool:
        return self.bot_events is None or event in self.bot_events


def frozen(names: Collection[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)
