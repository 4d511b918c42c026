"""The sandbox's page: the workspace in the middle, the incident's flight deck beside it, in any browser.

A stranger to the bot like everything in the sandbox: it shows what the local Slack and the local Datadog hold, and
acts through the local Slack's people.
"""

from __future__ import annotations

import os
import sys
import webbrowser

from fixloop_bot.sandbox.page.server import page

__all__ = ["open_browser", "page"]


def open_browser(address: str) -> bool:
    """Show the page where somebody sits at a screen; False in CI, over SSH without one, or without a browser."""
    if os.environ.get("CI") or not _has_screen():
        return False
    try:
        return webbrowser.open(address)
    except webbrowser.Error:
        return False


def _has_screen() -> bool:
    if sys.platform in ("darwin", "win32"):
        return not os.environ.get("SSH_CONNECTION")
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
