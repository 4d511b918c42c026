"""One thread of the workspace as text, as one of its people sees it at this moment."""

from __future__ import annotations

from fixloop_bot.sandbox.slack.inhabitants import BOT_USER
from fixloop_bot.sandbox.slack.screen import message_surface
from fixloop_bot.sandbox.slack.terminal import DIM, WIDTH, render_thread, voice_of
from fixloop_bot.sandbox.slack.workspace import Workspace


def transcript(
    workspace: Workspace, channel: str, ts: str, *, reader: str, colour: bool = False, width: int = WIDTH
) -> str:
    """The thread with this reader's ticks, and below it what the assistant says that it is doing.

    Raises NotThereError for an unknown channel or reader; an unknown thread is an empty text.
    """
    voice, where, who = voice_of(workspace, colour=colour), workspace.channel(channel), workspace.user(reader)
    messages = workspace.thread(where, ts)
    ticked = {
        message.ts: workspace.screen.ticked(message_surface(where.id, message.ts), who.id, message.blocks)
        for message in messages
    }
    text = render_thread([workspace.shown(each) for each in messages], voice, width=width, ticked=ticked)
    status = workspace.status(where.id, ts)
    name = workspace.users[BOT_USER].real_name
    return f"{text}\n\n{voice.paint(f'  {name} {status}', DIM)}" if status else text
