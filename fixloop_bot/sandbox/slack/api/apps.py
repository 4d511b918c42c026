"""apps.*: Socket Mode connections. blocks.validate: the checks alone, without a token."""

from __future__ import annotations

from fixloop_bot.sandbox.slack.api.call import Call, Method
from fixloop_bot.sandbox.slack.blocks import message_problems, view_problems
from fixloop_bot.sandbox.slack.limits import SPECIAL, TIER_1
from fixloop_bot.sandbox.slack.records import Json, RefusalError
from fixloop_bot.sandbox.slack.socket_mode import check_room


def methods() -> dict[str, Method]:
    return {
        "apps.connections.open": Method(handle=open_connection, per_minute=TIER_1 * 60, token="app"),  # noqa: S106
        "blocks.validate": Method(handle=validate, per_minute=SPECIAL, token="none"),  # noqa: S106
    }


def open_connection(call: Call) -> Json:
    check_room(call.core.socket)
    base = call.core.base_url.replace("http://", "ws://", 1)
    return {"ok": True, "url": f"{base}/link/?ticket={call.core.socket.ticket()}&app_id=local"}


def validate(call: Call) -> Json:
    """The answer has one entry per problem: pointer, code and message."""
    view = call.get("view")
    problems = message_problems(call.get("blocks")) if view is None else view_problems(view)
    if not problems:
        return {"ok": True}
    raise RefusalError("invalid_blocks", errors=[_described(problem) for problem in problems])


def _described(problem: str) -> Json:
    message, _, pointer = problem.removeprefix("[ERROR] ").rpartition(" [json-pointer:")
    return {"pointer": pointer.removesuffix("]"), "code": "invalid", "message": message}
