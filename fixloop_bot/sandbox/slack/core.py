"""The parts of the local Slack that its API, its people and its server share."""

from __future__ import annotations

from dataclasses import dataclass, field

from fixloop_bot.sandbox.slack.app import App
from fixloop_bot.sandbox.slack.background import Background
from fixloop_bot.sandbox.slack.changes import Changes
from fixloop_bot.sandbox.slack.delivery import Delivery
from fixloop_bot.sandbox.slack.faults import Faults
from fixloop_bot.sandbox.slack.limits import RateLimits
from fixloop_bot.sandbox.slack.response_urls import ResponseUrls
from fixloop_bot.sandbox.slack.socket_mode import SocketMode
from fixloop_bot.sandbox.slack.views import Views
from fixloop_bot.sandbox.slack.workspace import Workspace


@dataclass(slots=True, kw_only=True)
class Core:
    """Held by LocalSlack; `base_url` is known once the server listens."""

    app: App
    workspace: Workspace
    changes: Changes
    background: Background
    socket: SocketMode
    delivery: Delivery
    limits: RateLimits
    faults: Faults
    views: Views
    response_urls: ResponseUrls
    base_url: str = ""
    uploads: dict[str, str] = field(default_factory=dict)
    """Upload ticket → file id."""
