"""What the people of the workspace do: talk, edit, react, open Home, submit modals, call commands and
shortcuts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fixloop_bot.sandbox.slack import payloads
from fixloop_bot.sandbox.slack.delivery import Answer
from fixloop_bot.sandbox.slack.elements import Placed, interactive
from fixloop_bot.sandbox.slack.escaping import escaped
from fixloop_bot.sandbox.slack.hands import Hands, chosen_value
from fixloop_bot.sandbox.slack.inhabitants import BOT_USER
from fixloop_bot.sandbox.slack.records import (
    Change,
    Channel,
    Json,
    Message,
    NotThereError,
    RefusalError,
    User,
)
from fixloop_bot.sandbox.slack.views import View

_MENTION = re.compile(r"(?<![\w<])@(\w+)")


class People(Hands):
    """Users are named by id or name ("mira"), channels by id or name ("#incidents")."""

    def message(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Message:
        """Say something; `@fixloop`-style names become mentions. Events are delivered in the background."""
        who, where = self._core.workspace.user(user), self._core.workspace.channel(channel)
        if who.id not in where.members or where.archived:
            raise NotThereError(f"{who.name} cannot write in {where.name}")
        written = self._with_mentions(text)
        content = self._spoken(who, written)
        if thread_ts is not None:
            root = self._core.workspace.message(where.id, thread_ts)
            content["thread_ts"] = root.thread_ts or root.ts
        return self._core.workspace.post(where, content)

    def direct(self, user: str, text: str) -> Message:
        """Write to the bot in private."""
        who = self._core.workspace.user(user)
        if not self._core.app.hears_people:
            raise NotThereError("sending messages to this app has been turned off")
        where = self._core.workspace.direct(who.id, BOT_USER)
        return self._core.workspace.post(where, self._spoken(who, text))

    def edit(self, user: str, channel: str, ts: str, text: str) -> Message:
        message = self._own(user, channel, ts)
        written = self._with_mentions(text)
        changed = {"text": written, "blocks": payloads.spoken_blocks(self._core, written)}
        return self._core.workspace.update(message, changed, edited_by=message.author)

    def delete(self, user: str, channel: str, ts: str) -> None:
        self._core.workspace.delete(self._own(user, channel, ts))

    def reaction(self, user: str, channel: str, ts: str, name: str, *, add: bool = True) -> bool:
        """False if there was nothing to change."""
        who, where = self._core.workspace.user(user), self._core.workspace.channel(channel)
        message = self._core.workspace.message(where.id, ts)
        return self._core.workspace.react(message, who.id, name.strip(":"), add=add)

    def join(self, user: str, channel: str) -> bool:
        """Also how somebody invites the bot: `join("fixloop", "#general")`."""
        return self._core.workspace.join(self._core.workspace.channel(channel), self._core.workspace.user(user).id)

    def open_home(self, user: str) -> None:
        """Look at the bot's Home tab."""
        who = self._core.workspace.user(user)
        if not self._core.app.has_home:
            raise NotThereError("this app has no Home tab")
        direct = self._core.workspace.direct(who.id, BOT_USER)
        home = self._core.views.homes.get(who.id)
        shown = {} if home is None else {"view": self._core.views.shown(home)}
        change = Change(kind="home_opened", channel=direct.id, user=who.id, payload=shown)
        self._core.changes.publish(change)

    async def command(self, user: str, channel: str, text: str) -> Answer:
        """Type "/fixloop status"; an answer with text or blocks appears as Slack would show it."""
        who, where = self._core.workspace.user(user), self._core.workspace.channel(channel)
        name, _, rest = text.partition(" ")
        known = self._core.app.commands
        if not name.startswith("/") or (known is not None and name not in known):
            raise NotThereError(f"{name} is not a valid command")
        typed = escaped(self._core.workspace, rest.strip()) if self._core.app.escapes(name) else rest.strip()
        fields = payloads.command(self._core, who, where, name, typed)
        answer = self._warned(await self._core.delivery.command(fields), who.id, name)
        self._show_answer(answer, who, where)
        return answer

    async def shortcut(self, user: str, callback_id: str, channel: str | None = None, ts: str | None = None) -> Answer:
        """A global shortcut, or a message shortcut when a message is given."""
        who = self._core.workspace.user(user)
        kind = "global" if channel is None or ts is None else "message"
        if not self._core.app.offers(callback_id, kind):
            raise NotThereError(f"there is no {kind} shortcut {callback_id!r}")
        if channel is None or ts is None:
            return await self._send(payloads.shortcut(self._core, who, callback_id))
        where = self._core.workspace.channel(channel)
        message = self._core.workspace.message(where.id, ts)
        payload = payloads.message_shortcut(self._core, who, callback_id, where, message)
        return await self._send(payload)

    async def submit_view(self, user: str, view_id: str, values: Mapping[str, Any]) -> Answer:
        """Fill in a modal and submit it. `values`: block_id or action_id → value (an option's value, a text,
        a list).

        The bot's response_action is carried out: errors stay on the view, update replaces it, push stacks one
        on it, clear closes all; no action closes this view.
        """
        who = self._core.workspace.user(user)
        view = self._view(who, view_id)
        self._fill(who, view, values)
        answer = await self._send(payloads.view_submission(self._core, who, view))
        if answer.ok:
            self._respond(who, view, answer.body if isinstance(answer.body, dict) else {})
        return answer

    async def close_view(self, user: str, view_id: str, *, clear: bool = False) -> Answer | None:
        """Cancel a modal (`clear`: the whole stack); the bot hears of it only if the view has notify_on_close."""
        who = self._core.workspace.user(user)
        view = self._view(who, view_id)
        cleared = clear or bool(view.content.get("clear_on_close"))
        self._core.views.close(view, all_of_stack=cleared)
        if not view.content.get("notify_on_close"):
            return None
        payload = payloads.view_closed(self._core, who, view, is_cleared=cleared)
        return await self._send(payload)

    def _fill(self, user: User, view: View, values: Mapping[str, Any]) -> None:
        screen, blocks = self._core.workspace.screen, view.content["blocks"]
        by_name: dict[str, Placed] = {}
        for placed in interactive(blocks):
            by_name[placed.action_id] = by_name[placed.block_id] = placed
        for name, value in values.items():
            if name not in by_name:
                raise NotThereError(f"view {view.id} has no input {name!r}; it has {', '.join(by_name)}")
            screen.set(view.id, user.id, by_name[name], chosen_value(by_name[name], value))
        filled = screen.values(view.id, user.id, blocks)
        for block in blocks:
            if block["type"] == "input" and not block.get("optional"):
                state = filled.get(block["block_id"], {}).get(block["element"]["action_id"], {})
                if not any(value for name, value in state.items() if name != "type"):
                    raise NotThereError(f"the client does not submit: {block['block_id']} is required and empty")

    def _respond(self, user: User, view: View, body: Json) -> None:
        """Do what the app's answer asks; one that Slack cannot use leaves the view, and a warning on it."""
        try:
            self._core.views.obey(view, body)
        except RefusalError as refusal:
            shown = {"text": "We had some trouble connecting. Try again?", "error": str(refusal), **refusal.fields}
            self._core.changes.publish(Change(kind="warning_shown", user=user.id, payload=shown))

    def _show_answer(self, answer: Answer, user: User, channel: Channel) -> None:
        body = {"text": answer.body} if isinstance(answer.body, str) else answer.body
        if not answer.ok or not isinstance(body, dict) or not (body.get("text") or body.get("blocks")):
            return
        try:
            self._core.response_urls.answer(body, user=user.id, channel=channel.id, original=None)
        except RefusalError as refusal:
            self._core.workspace.whisper(channel, user.id, {"text": f"The app's answer was refused: {refusal}"})

    def _own(self, user: str, channel: str, ts: str) -> Message:
        who, where = self._core.workspace.user(user), self._core.workspace.channel(channel)
        message = self._core.workspace.message(where.id, ts)
        if message.author != who.id:
            raise NotThereError(f"{who.name} did not write {ts}")
        return message

    def _spoken(self, user: User, text: str) -> Json:
        content: Json = {"user": user.id, "text": text, "blocks": payloads.spoken_blocks(self._core, text)}
        if user.is_bot:
            return content | {"bot_id": user.bot_id, "app_id": user.app_id}
        return content | {"client_msg_id": self._core.workspace.ids.make("")}

    def _with_mentions(self, text: str) -> str:
        ids = {user.name: user.id for user in self._core.workspace.users.values()}
        return _MENTION.sub(lambda match: f"<@{ids[match[1]]}>" if match[1] in ids else match[0], text)
