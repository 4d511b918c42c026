"""views.*: modals and the Home tab."""

from __future__ import annotations

from fixloop_bot.sandbox.slack.api.call import Call, Method
from fixloop_bot.sandbox.slack.limits import TIER_4
from fixloop_bot.sandbox.slack.records import Json, RefusalError
from fixloop_bot.sandbox.slack.views import View


def methods() -> dict[str, Method]:
    return {
        "views.open": Method(handle=open_view, per_minute=TIER_4),
        "views.push": Method(handle=push, per_minute=TIER_4),
        "views.update": Method(handle=update, per_minute=TIER_4),
        "views.publish": Method(handle=publish, per_minute=TIER_4),
    }


def open_view(call: Call) -> Json:
    return _shown(call, call.core.views.open(_trigger(call), _view(call)))


def push(call: Call) -> Json:
    return _shown(call, call.core.views.open(_trigger(call), _view(call), push=True))


def update(call: Call) -> Json:
    view_id, external_id = call.optional("view_id"), call.optional("external_id")
    if view_id is None and external_id is None:
        call.text("view_id")
    view = call.core.views.update(_view(call), view_id=view_id, external_id=external_id, hash_=call.optional("hash"))
    return _shown(call, view)


def publish(call: Call) -> Json:
    user = call.text("user_id")
    if not call.core.app.has_home:
        raise RefusalError("not_enabled")
    if user not in call.core.workspace.users:
        raise RefusalError("invalid_arguments", response_metadata={"messages": ["[ERROR] invalid user_id"]})
    return _shown(call, call.core.views.publish(user, _view(call), call.optional("hash")))


def _trigger(call: Call) -> str:
    """Interactivity pointers are the newer name of the same thing."""
    return call.optional("trigger_id") or call.text("interactivity_pointer")


def _view(call: Call) -> Json:
    view = call.get("view")
    if not isinstance(view, dict):
        raise RefusalError(
            "invalid_arguments", response_metadata={"messages": ["[ERROR] missing required field: view"]}
        )
    missing = call.missing_files(view.get("blocks"))
    if missing:
        raise RefusalError("invalid_arguments", response_metadata={"messages": missing})
    return view


def _shown(call: Call, view: View) -> Json:
    return {"ok": True, "view": call.core.views.shown(view)}
