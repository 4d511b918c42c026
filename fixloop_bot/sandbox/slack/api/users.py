"""users.*, usergroups.*, bots.*, team.*, auth.*, api.*: who is who."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from fixloop_bot.sandbox.slack.api.call import Call, Method, page
from fixloop_bot.sandbox.slack.inhabitants import BOT_ID, BOT_USER
from fixloop_bot.sandbox.slack.limits import SPECIAL, TIER_2, TIER_3, TIER_4
from fixloop_bot.sandbox.slack.records import Json, RefusalError, User, UserGroup
from fixloop_bot.sandbox.slack.workspace import TEAM_DOMAIN, TEAM_ID


def methods() -> dict[str, Method]:
    read, groups = ("users:read",), ("usergroups:read",)
    return {
        "auth.test": Method(handle=auth_test, per_minute=SPECIAL),
        "api.test": Method(handle=api_test, per_minute=SPECIAL, token="none"),  # noqa: S106
        "users.info": Method(handle=info, per_minute=TIER_4, scopes=read),
        "users.list": Method(handle=list_all, per_minute=TIER_2, scopes=read),
        "bots.info": Method(handle=bot_info, per_minute=TIER_3, scopes=read),
        "team.info": Method(handle=team_info, per_minute=TIER_3, scopes=("team:read",)),
        "usergroups.list": Method(handle=group_list, per_minute=TIER_2, scopes=groups),
        "usergroups.users.list": Method(handle=group_users, per_minute=TIER_2, scopes=groups),
    }


def auth_test(call: Call) -> Json:
    return {
        "ok": True,
        "url": f"https://{TEAM_DOMAIN}.slack.com/",
        "team": "Sandbox",
        "user": call.core.workspace.users[BOT_USER].name,
        "team_id": TEAM_ID,
        "user_id": BOT_USER,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def api_test(call: Call) -> Json:
    error = call.optional("error")
    if error is not None:
        raise RefusalError(error, args=call.arguments)
    return {"ok": True, "args": call.arguments}


def info(call: Call) -> Json:
    return {"ok": True, "user": described(call, call.person())}


def list_all(call: Call) -> Json:
    chosen, metadata = page(list(call.core.workspace.users.values()), call)
    now = int(call.core.workspace.clock())
    return {
        "ok": True,
        "members": [described(call, user) for user in chosen],
        "cache_ts": now,
        "response_metadata": metadata,
    }


def bot_info(call: Call) -> Json:
    bot_id = call.optional("bot") or BOT_ID
    for user in call.core.workspace.users.values():
        if user.bot_id == bot_id:
            bot = {
                "id": bot_id,
                "deleted": False,
                "name": user.real_name,
                "user_id": user.id,
                "app_id": user.app_id,
            }
            return {"ok": True, "bot": {**bot, "icons": {}}}
    raise RefusalError("bot_not_found")


def team_info(call: Call) -> Json:
    team = {"id": TEAM_ID, "name": "Sandbox", "domain": TEAM_DOMAIN, "email_domain": "", "icon": {}}
    return {"ok": True, "team": team}


def group_list(call: Call) -> Json:
    with_users = call.flag("include_users")
    groups = call.core.workspace.groups.values()
    return {"ok": True, "usergroups": [_group(group, with_users=with_users) for group in groups]}


def group_users(call: Call) -> Json:
    group = call.core.workspace.groups.get(call.text("usergroup"))
    if group is None:
        raise RefusalError("no_such_subteam")
    return {"ok": True, "users": list(group.users)}


def _zone(call: Call, user: User) -> Json:
    """Their time zone, by name and as seconds east of UTC now."""
    now = datetime.fromtimestamp(call.core.workspace.clock(), ZoneInfo(user.timezone))
    offset = now.utcoffset() or timedelta()
    return {"tz": user.timezone, "tz_label": now.tzname(), "tz_offset": int(offset.total_seconds())}


def described(call: Call, user: User) -> Json:
    """A user object."""
    profile: Json = {
        "real_name": user.real_name,
        "real_name_normalized": user.real_name,
        "display_name": user.name,
        "display_name_normalized": user.name,
        "team": TEAM_ID,
    }
    if user.is_bot:
        profile |= {"bot_id": user.bot_id, "api_app_id": user.app_id}
    return {
        "id": user.id,
        "team_id": TEAM_ID,
        "name": user.name,
        "deleted": False,
        "real_name": user.real_name,
        **_zone(call, user),
        "profile": profile,
        "is_admin": False,
        "is_owner": False,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "updated": 0,
    }


def _group(group: UserGroup, *, with_users: bool) -> Json:
    users = {"users": list(group.users)} if with_users else {}
    return {
        "id": group.id,
        "team_id": TEAM_ID,
        "is_usergroup": True,
        "name": group.name,
        "handle": group.handle,
        "description": "",
        "user_count": len(group.users),
        "date_delete": 0,
        **users,
    }
