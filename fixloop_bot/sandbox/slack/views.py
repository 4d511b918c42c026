"""Modals and Home tabs: trigger ids that live three seconds, stacks of three, hashes against races."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fixloop_bot.sandbox.slack.blocks import view_problems
from fixloop_bot.sandbox.slack.inhabitants import BOT_ID
from fixloop_bot.sandbox.slack.records import Change, Json, NotThereError, RefusalError
from fixloop_bot.sandbox.slack.workspace import APP_ID, TEAM_ID, Workspace

TRIGGER_SECONDS = 3.0
REMEMBERED_S = 60.0
"""How long an expired trigger is told from one that never was."""
STACK = 3


@dataclass(slots=True, kw_only=True)
class View:
    """A view that a person has open, or a Home tab."""

    id: str
    user: str
    content: Json
    hash: str
    root: str
    previous: str | None = None
    open: bool = True
    errors: dict[str, str] = field(default_factory=dict)
    channel: str | None = None


@dataclass(slots=True, kw_only=True)
class Trigger:
    user: str
    expires: float
    view: str | None
    channel: str | None
    used: bool = False


class Views:
    """Every view of the workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._triggers: dict[str, Trigger] = {}
        self.views: dict[str, View] = {}
        self.homes: dict[str, View] = {}

    def trigger(self, user: str, *, view: str | None = None, channel: str | None = None) -> str:
        """A trigger id for one use within three seconds."""
        now = self._workspace.clock()
        expires = now + TRIGGER_SECONDS
        self._triggers = {name: each for name, each in self._triggers.items() if now < each.expires + REMEMBERED_S}
        trigger_id = f"{int(expires * 1000)}.{int(expires)}.{self._workspace.ids.make('')}"
        self._triggers[trigger_id] = Trigger(user=user, expires=expires, view=view, channel=channel)
        return trigger_id

    def redeem(self, trigger_id: str) -> Trigger:
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise RefusalError("invalid_trigger_id")
        if self._workspace.clock() > trigger.expires:
            raise RefusalError("expired_trigger_id")
        if trigger.used:
            raise RefusalError("exchanged_trigger_id")
        trigger.used = True
        return trigger

    def open(self, trigger_id: str, content: Any, *, push: bool = False) -> View:
        """views.open, or views.push onto the view that the trigger came from."""
        checked = self._checked(content, "modal")
        trigger = self.redeem(trigger_id)
        below = self.views.get(trigger.view) if trigger.view is not None else None
        if below is not None and below.content["type"] == "home":
            below = None  # a modal opened from the Home tab begins a stack of its own
        if push and (below is None or not below.open):
            raise RefusalError("not_found")
        if below is not None and len(self.stack(below)) >= STACK:
            raise RefusalError("push_limit_reached")
        view = self._show(checked, trigger.user, below, trigger.channel)
        self._publish("view_pushed" if push else "view_opened", view)
        return view

    def push_onto(self, below: View, content: Any) -> View:
        """What an app's answer `response_action: push` does."""
        view = self._show(self._checked(content, "modal"), below.user, below, below.channel)
        self._publish("view_pushed", view)
        return view

    def update(self, content: Any, *, view_id: str | None, external_id: str | None, hash_: str | None) -> View:
        view = self._find(view_id, external_id)
        checked = self._checked(content, str(view.content["type"]))
        self._match(view, hash_)
        self.replace(view, checked)
        return view

    def replace(self, view: View, content: Any) -> None:
        view.content = self._checked(content, str(view.content["type"]))
        view.content["blocks"] = self._workspace.with_ids(view.content["blocks"])
        view.errors = {}
        view.hash = self._new_hash()
        self._workspace.screen.show(view.id, view.content["blocks"])
        self._publish("view_updated", view)

    def obey(self, view: View, body: Json) -> None:
        """What an app's answer to a submission asks for; raises RefusalError where Slack could not do it."""
        action = body.get("response_action")
        if action == "errors":
            self.complain(view, body.get("errors"))
        elif action == "update":
            self.replace(view, body.get("view"))
        elif action == "push":
            self.push_onto(view, body.get("view"))
        elif action in (None, "clear"):
            self.close(view, all_of_stack=action == "clear")
        else:
            raise RefusalError("invalid_response_action")

    def complain(self, view: View, errors: Any) -> None:
        """What an app's answer `response_action: errors` does: a sentence under each named input block."""
        inputs = {block["block_id"] for block in view.content["blocks"] if block["type"] == "input"}
        if not isinstance(errors, dict) or not errors or not errors.keys() <= inputs:
            raise RefusalError("invalid_errors")
        view.errors = {block: str(sentence) for block, sentence in errors.items()}
        self._publish("view_updated", view)

    def publish(self, user: str, content: Any, hash_: str | None) -> View:
        """views.publish: the Home tab of one person."""
        checked = self._checked(content, "home")
        home = self.homes.get(user)
        if home is None:
            home = self.homes[user] = self._show(checked, user, None, None)
        else:
            self._match(home, hash_)
            home.content = {**checked, "blocks": self._workspace.with_ids(checked["blocks"])}
            home.hash = self._new_hash()
            self._workspace.screen.show(home.id, home.content["blocks"])
        self._publish("home_published", home)
        return home

    def close(self, view: View, *, all_of_stack: bool = False) -> None:
        """A submitted or cancelled view is gone; the one below it is on the screen again."""
        for each in self.stack(view) if all_of_stack else [view]:
            each.open = False
            self._workspace.screen.forget(each.id)
            self._publish("view_closed", each)

    def opened(self, view_id: str) -> View:
        view = self.views.get(view_id)
        if view is None or not view.open or view in self.homes.values():
            raise NotThereError(f"no view {view_id} is open")
        return view

    def stack(self, view: View) -> list[View]:
        return [each for each in self.views.values() if each.open and each.root == view.root]

    def shown(self, view: View) -> Json:
        """The view as the API and the payloads show it."""
        content = view.content
        return {
            "id": view.id,
            "team_id": TEAM_ID,
            "type": content["type"],
            "blocks": content["blocks"],
            "private_metadata": content.get("private_metadata", ""),
            "callback_id": content.get("callback_id", ""),
            "external_id": content.get("external_id", ""),
            "state": {"values": self._workspace.screen.values(view.id, view.user, content["blocks"])},
            "hash": view.hash,
            "title": content.get("title"),
            "submit": content.get("submit"),
            "close": content.get("close"),
            "clear_on_close": content.get("clear_on_close", False),
            "notify_on_close": content.get("notify_on_close", False),
            "submit_disabled": content.get("submit_disabled", False),
            "previous_view_id": view.previous,
            "root_view_id": view.root,
            "app_id": APP_ID,
            "app_installed_team_id": TEAM_ID,
            "bot_id": BOT_ID,
        }

    def _show(self, content: Json, user: str, below: View | None, channel: str | None) -> View:
        external = content.get("external_id")
        if external and any(each.open and each.content.get("external_id") == external for each in self.views.values()):
            raise RefusalError("duplicate_external_id")
        view_id = self._workspace.ids.make("V")
        named = {**content, "blocks": self._workspace.with_ids(content["blocks"])}
        view = View(
            id=view_id,
            user=user,
            content=named,
            hash=self._new_hash(),
            root=below.root if below is not None else view_id,
            previous=below.id if below is not None else None,
            channel=channel,
        )
        self.views[view_id] = view
        self._workspace.screen.show(view_id, named["blocks"])
        return view

    def _checked(self, content: Any, kind: str) -> Json:
        problems = view_problems(content)
        if not problems and content["type"] != kind:
            problems = [f"[ERROR] unsupported type: {content['type']} [json-pointer:/view/type]"]
        if problems:
            raise RefusalError("invalid_arguments", response_metadata={"messages": problems})
        return dict(content)

    def _find(self, view_id: str | None, external_id: str | None) -> View:
        for view in self.views.values():
            by_external = external_id is not None and view.content.get("external_id") == external_id
            if view.open and (view.id == view_id or by_external):
                return view
        raise RefusalError("not_found")

    @staticmethod
    def _match(view: View, hash_: str | None) -> None:
        if hash_ is not None and hash_ != view.hash:
            raise RefusalError("hash_conflict")

    def _new_hash(self) -> str:
        return f"{int(self._workspace.clock())}.{self._workspace.ids.make('')}"

    def _publish(self, kind: str, view: View) -> None:
        self._workspace.changes.publish(Change(kind=kind, user=view.user, payload={"view": self.shown(view)}))
