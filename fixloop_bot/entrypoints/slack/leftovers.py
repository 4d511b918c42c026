"""What no other listener takes: an old card's button, somebody else's shortcut. Acked, so that nobody sees an error."""

from __future__ import annotations

import re

from slack_bolt.async_app import AsyncAck, AsyncApp

_ANY = re.compile(".*")


def register(app: AsyncApp) -> None:
    async def acked(ack: AsyncAck) -> None:
        await ack()

    app.action(_ANY)(acked)
    app.shortcut(_ANY)(acked)
    app.view(_ANY)(acked)
