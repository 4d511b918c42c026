"""A team's own catalog in the sandbox: its channels and groups in the local Slack, monitors for its metrics.

Whether it is right is for the bot to say, which is asked first; here it is read as YAML and no further.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fixloop_bot.sandbox.settings import monitor
from fixloop_bot.sandbox.slack.inhabitants import BOT_USER, JONAS, MIRA
from fixloop_bot.sandbox.slack.records import Channel, NotThereError, User, UserGroup
from fixloop_bot.sandbox.slack.workspace import Workspace

SHOP = "SHOP_URL"
"""Where a catalog says this, the shop's address is put, and the shop is started."""
WINDOW = "last_1m"
LIMITS = {"error_rate": "Error rate of {} is high", "p95_ms": "{} is slow"}


class CatalogUnreadableError(ValueError):
    """The file cannot be read, or is not a catalog at all; the message is one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCatalog:
    """``text`` as it stands in the file; ``services`` as YAML has them."""

    text: str
    services: Mapping[str, Mapping[str, Any]]

    @property
    def wants_shop(self) -> bool:
        return SHOP in self.text

    def installed(self, workspace: Workspace, shop_url: str) -> str:
        """Furnish the workspace; returns the text for the bot."""
        self.furnish(workspace)
        return self.written(shop_url)

    def written(self, shop_url: str) -> str:
        return self.text.replace(SHOP, shop_url)

    def monitors(self) -> list[dict[str, Any]]:
        """One for each metric that has a limit in ``slo``; the others have nothing to be held against."""
        return [made for name, service in self.services.items() for made in _monitors(name, service)]

    def furnish(self, workspace: Workspace) -> None:
        """Make the channels, groups and people that the catalog names, with Mira, Jonas and the bot in them."""
        for name, service in self.services.items():
            channel = service.get("channel")
            if isinstance(channel, str):
                _open_channel(workspace, channel, name)
            for responder in service.get("responders") or ():
                _introduce(workspace, str(responder), name)


def read_own_catalog(path: Path) -> OwnCatalog:
    """Raises CatalogUnreadableError with what the bot says of it, so that nothing is started for a file with a typo."""
    text = _text(path)
    _ask_the_bot(text, path.name)
    document = yaml.safe_load(text)
    services = document.get("services") if isinstance(document, dict) else None
    if not isinstance(services, dict) or not all(isinstance(each, dict) for each in services.values()):
        raise CatalogUnreadableError(f"{path} is no catalog: it needs services, each with its own keys")
    return OwnCatalog(text=text, services={str(name): entry for name, entry in services.items()})


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise CatalogUnreadableError(f"{path} is not UTF-8 text") from None
    except OSError as error:
        raise CatalogUnreadableError(f"{path} cannot be read: {error.strerror}") from error


def _ask_the_bot(text: str, name: str) -> None:
    """Have ``fixloop catalog check`` look at it, under its own name: its complaints name lines and keys."""
    with tempfile.TemporaryDirectory(prefix="fixloop-") as folder:
        file = Path(folder) / name
        file.write_text(text.replace(SHOP, "http://127.0.0.1:1"), encoding="utf-8")
        command = [sys.executable, "-m", "fixloop_bot", "catalog", "check", str(file)]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)  # noqa: S603
    if done.returncode != 0:
        raise CatalogUnreadableError(done.stderr.strip().removeprefix("fixloop: "))


def _monitors(name: str, service: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    metrics, slo = service.get("metrics") or {}, service.get("slo") or {}
    match = service.get("match") or {"service": name}
    tags = [f"{key}:{value}" for key, value in match.items()]
    for metric, title in LIMITS.items():
        if metrics.get(metric) and isinstance(slo.get(metric), (int, float)):
            query = f"avg({WINDOW}):{metrics[metric]} > {float(slo[metric])}"
            yield monitor(title.format(name), query, priority=2 if metric == "error_rate" else 3, tags=tags)


def _open_channel(workspace: Workspace, wanted: str, service: str) -> None:
    try:
        workspace.channel(wanted)
    except NotThereError:
        named = wanted.startswith("#")
        number = workspace.ids.make("C") if named else wanted
        name = wanted.removeprefix("#") if named else f"{service}-incidents"
        workspace.channels[number] = Channel(id=number, name=name, members={MIRA, JONAS, BOT_USER})


def _introduce(workspace: Workspace, responder: str, service: str) -> None:
    if responder.startswith("S") and responder not in workspace.groups:
        handle = f"{service}-responders"
        workspace.groups[responder] = UserGroup(id=responder, handle=handle, name=handle, users=(MIRA,))
    elif not responder.startswith("S") and responder not in workspace.users:
        name = f"responder-{len(workspace.users)}"
        workspace.users[responder] = User(id=responder, name=name, real_name=name.title())
        for channel in workspace.channels.values():
            if BOT_USER in channel.members and channel.kind != "im":
                channel.members.add(responder)
