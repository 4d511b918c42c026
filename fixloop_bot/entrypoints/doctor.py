"""``fixloop doctor``: one line for every part that FixLoop leans on, with the cure where there is one.

**ok** was looked at and works, **off** is not configured (its built-in way serves instead) or could not be looked at,
**broken** is configured and does not work. Every look has a deadline; nothing is posted and nothing is changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from fixloop_bot.adapters.clock import SystemClock
from fixloop_bot.adapters.http.prober import HttpProber
from fixloop_bot.adapters.minimax.client import Question
from fixloop_bot.adapters.redis.version import server_version
from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.scopes import NEEDED
from fixloop_bot.bootstrap import (
    Settings,
    halted_by,
    open_app_connections,
    open_model,
    open_prober,
    open_slack,
    open_telemetry,
    read_catalog,
    secret_of,
    store_url,
)
from fixloop_bot.domain.catalog import Catalog, Service
from fixloop_bot.domain.errors import BadInput, FixLoopError, SlackBusy, SlackRefused
from fixloop_bot.domain.plans import HttpCheck, Request

DEADLINE_S = 12.0
"""Of one part. Its own calls give up earlier, and know better what to say."""
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
WRONG_TOKEN = frozenset({"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"})
HIDDEN = "…"
SHORTEST_SECRET = 4


class State(StrEnum):
    """What a look found."""

    OK = "ok"
    OFF = "off"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line: a part, its state, what was seen, and the cure."""

    part: str
    state: State
    seen: str
    cure: str = ""


Look = Callable[[Settings], Awaitable[Sequence[Finding]]]


async def examine(settings: Settings, *, say: Callable[[str], None] = print, deadline_s: float = DEADLINE_S) -> int:
    """Look at every part, side by side; returns 1 if something is broken, else 0."""
    looks: dict[str, Look] = {
        "store": _store,
        "catalog": _catalog,
        "slack": _slack,
        "requests": _requests,
        "channel": _channel,
        "datadog": _datadog,
        "webhook": _webhook,
        "model": _model,
        "service": _services,
    }
    halted = await halted_by(settings)
    if halted is not None:
        del looks["service"]
    found = await asyncio.gather(*(_within(part, look, settings, deadline_s) for part, look in looks.items()))
    findings = [finding for each in found for finding in each]
    if halted is not None:
        seen, cure = f"stopped by {halted}; no service was asked", "/fixloop go lets it flow again"
        findings.append(Finding(part="traffic", state=State.OFF, seen=seen, cure=cure))
    for line in report(findings, secrets=_secrets(settings)):
        say(line)
    return int(any(finding.state is State.BROKEN for finding in findings))


def report(findings: Sequence[Finding], *, secrets: Iterable[str]) -> list[str]:
    """The lines, aligned; no secret survives in them, whoever quoted it."""
    width = max(len(finding.part) for finding in findings)
    lines = [_line(finding, width) for finding in findings]
    for secret in secrets:
        lines = [line.replace(secret, HIDDEN) for line in lines]
    return lines


def _line(finding: Finding, width: int) -> str:
    cure = f" → {finding.cure}" if finding.cure else ""
    return " ".join(f"{finding.part:<{width}}  {finding.state:<6}  {finding.seen}{cure}".splitlines())


def _secrets(settings: Settings) -> list[str]:
    kept = (
        settings.slack_bot_token,
        settings.slack_signing_secret,
        settings.slack_app_token,
        settings.dd_api_key,
        settings.dd_app_key,
        settings.minimax_api_key,
        settings.webhook_secret,
        urlsplit(settings.redis_url).password if settings.redis_url else None,
    )
    return sorted((each for each in kept if each and len(each) >= SHORTEST_SECRET), key=len, reverse=True)


async def _within(part: str, look: Look, settings: Settings, deadline_s: float) -> Sequence[Finding]:
    """A look that always ends, with a finding."""
    try:
        async with asyncio.timeout(deadline_s):
            return await look(settings)
    except TimeoutError:
        return [Finding(part=part, state=State.BROKEN, seen=f"no answer within {deadline_s:g} s")]
    except FixLoopError as error:
        return [Finding(part=part, state=State.BROKEN, seen=str(error))]
    except Exception as error:  # noqa: BLE001 - the doctor reports on a broken house and must not fall with it
        return [Finding(part=part, state=State.BROKEN, seen=f"the look itself failed ({type(error).__name__})")]


# Ours


async def _store(settings: Settings) -> Sequence[Finding]:
    cure = "check REDIS_URL, and whether that server runs" if settings.redis_url else "or set REDIS_URL"
    try:
        async with store_url(settings) as url:
            version = await server_version(url)
    except FixLoopError as error:
        return [Finding(part="store", state=State.BROKEN, seen=str(error), cure=cure)]
    if settings.redis_url is None:
        return [Finding(part="store", state=State.OK, seen=f"built-in {version} in {settings.data_dir}")]
    where = urlsplit(settings.redis_url)
    place = where.path if where.scheme == "unix" else f"{where.hostname}:{where.port or 6379}"
    return [Finding(part="store", state=State.OK, seen=f"{version} at {place}")]


async def _catalog(settings: Settings) -> Sequence[Finding]:
    try:
        catalog = read_catalog(settings)
    except BadInput as error:
        mistakes = str(error).splitlines()
        return [Finding(part="catalog", state=State.BROKEN, seen=mistake.strip()) for mistake in mistakes]
    if not catalog.services:
        missing = f"there is no {settings.catalog}" if not settings.catalog.exists() else "it describes no service"
        return [Finding(part="catalog", state=State.OFF, seen=missing, cure="describe your services in it (README)")]
    names = ", ".join(service.name for service in catalog.services)
    return [Finding(part="catalog", state=State.OK, seen=f"{settings.catalog} describes {names}")]


async def _webhook(settings: Settings) -> Sequence[Finding]:
    if settings.webhook_secret is not None:
        return [Finding(part="webhook", state=State.OK, seen="FIXLOOP_WEBHOOK_SECRET is set")]
    cure = "set FIXLOOP_WEBHOOK_SECRET, then run: fixloop datadog install"
    if settings.host in LOOPBACK:
        seen = "FIXLOOP_WEBHOOK_SECRET is not set: whoever reaches this machine may post alerts"
        return [Finding(part="webhook", state=State.OFF, seen=seen, cure=cure)]
    seen = f"FIXLOOP_WEBHOOK_SECRET must be set where HOST is {settings.host}"
    return [Finding(part="webhook", state=State.BROKEN, seen=seen, cure=cure)]


# Slack


async def _slack(settings: Settings) -> Sequence[Finding]:
    async with open_slack(settings) as api:
        if api is None:
            seen = "SLACK_BOT_TOKEN is not set: incidents are tested, but shown nowhere"
            return [Finding(part="slack", state=State.OFF, seen=seen, cure="connect your workspace (README)")]
        try:
            me = await api.identity()
            granted = await api.granted()
        except (SlackRefused, SlackBusy) as error:
            return [_no_slack("slack", settings, error, token="SLACK_BOT_TOKEN")]  # noqa: S106 - its name
    who = f"{me.get('user', 'a bot')} in {me.get('team', 'a workspace')} ({me.get('team_id', '')})"
    known = Finding(part="slack", state=State.OK, seen=who)
    # Who names no scope at all is no Slack that keeps any.
    return [known, *(_lacks(scope) for scope in NEEDED if granted and scope not in granted)]


def _lacks(scope: str) -> Finding:
    cure = "add it as in manifest.yml, and install the app again"
    return Finding(part="slack", state=State.BROKEN, seen=f"the token lacks {scope}, {NEEDED[scope]}", cure=cure)


def _no_slack(part: str, settings: Settings, error: SlackRefused | SlackBusy, *, token: str) -> Finding:
    if isinstance(error, SlackBusy):
        cure = "try again, or check SLACK_API_URL and the way out"
        return Finding(part=part, state=State.BROKEN, seen=f"{settings.slack_api_url} does not answer", cure=cure)
    cure = f"copy {token} from the app's page again" if error.error in WRONG_TOKEN else ""
    return Finding(part=part, state=State.BROKEN, seen=str(error), cure=cure)


async def _requests(settings: Settings) -> Sequence[Finding]:
    """How Slack reaches us."""
    if settings.slack_bot_token is None:
        return []
    if settings.slack_app_token is None:
        if settings.slack_signing_secret is None:
            cure = "set SLACK_SIGNING_SECRET, or SLACK_APP_TOKEN for Socket Mode"
            return [Finding(part="requests", state=State.BROKEN, seen="neither way in is set", cure=cure)]
        seen = "by HTTP: Slack posts to /slack/events, signed"
        return [Finding(part="requests", state=State.OK, seen=seen)]
    try:
        await open_app_connections(settings, settings.slack_app_token)
    except (SlackRefused, SlackBusy) as error:
        return [_no_slack("requests", settings, error, token="SLACK_APP_TOKEN")]  # noqa: S106 - its name
    return [Finding(part="requests", state=State.OK, seen="by Socket Mode")]


async def _channel(settings: Settings) -> Sequence[Finding]:
    """Whether the default channel can be read; posting is not tried."""
    channel = settings.default_channel
    async with open_slack(settings) as api:
        if api is None:
            return []
        if channel is None:
            seen = "FIXLOOP_DEFAULT_CHANNEL is not set: alerts of services outside the catalog are not shown"
            return [Finding(part="channel", state=State.OFF, seen=seen, cure="set it to a channel's id")]
        if channel.startswith("#"):
            cure = "a channel's id would be looked at"
            return [Finding(part="channel", state=State.OFF, seen=f"{channel} is a name: not checked", cure=cure)]
        return [await _read(api, channel, settings)]


async def _read(api: SlackApi, channel: str, settings: Settings) -> Finding:
    try:
        await api.call("conversations.history", channel=channel, limit=1)
    except SlackBusy as error:
        return _no_slack("channel", settings, error, token="SLACK_BOT_TOKEN")  # noqa: S106 - its name
    except SlackRefused as refusal:
        cure = "invite @FixLoop to it, or set FIXLOOP_DEFAULT_CHANNEL to another"
        state = State.OFF if refusal.error == "not_in_channel" else State.BROKEN
        return Finding(part="channel", state=state, seen=f"{channel}: {refusal.error}", cure=cure)
    return Finding(part="channel", state=State.OK, seen=f"{channel} is in reach")


# What we ask


async def _datadog(settings: Settings) -> Sequence[Finding]:
    with open_telemetry(settings) as telemetry:
        if telemetry is None:
            return [_keyless(settings)]
        now = SystemClock().now()
        try:
            await telemetry.query("avg:system.load.1{*}", start=now - 300, end=now)
        except FixLoopError as error:
            return [Finding(part="datadog", state=State.BROKEN, seen=str(error))]
    return [Finding(part="datadog", state=State.OK, seen=f"{settings.dd_api_url} answers queries with both keys")]


def _keyless(settings: Settings) -> Finding:
    if settings.dd_api_key is None and settings.dd_app_key is None:
        seen = "DD_API_KEY and DD_APP_KEY are not set: real traffic is not measured"
        return Finding(part="datadog", state=State.OFF, seen=seen, cure="set both")
    missing = "DD_API_KEY" if settings.dd_api_key is None else "DD_APP_KEY"
    return Finding(part="datadog", state=State.BROKEN, seen=f"{missing} is not set", cure="queries need both keys")


async def _model(settings: Settings) -> Sequence[Finding]:
    clock = SystemClock()
    async with open_model(settings, clock) as client:
        if client is None:
            return [Finding(part="model", state=State.OFF, seen="MINIMAX_API_KEY is not set: plans are standard plans")]
        began = clock.now()
        hello = [{"role": "user", "content": "Answer with the word ok."}]
        question = Question(model=settings.minimax_model, messages=hello, deadline_s=DEADLINE_S - 2, max_tokens=16)
        try:
            await client.ask(question)
        except FixLoopError as error:
            return [Finding(part="model", state=State.BROKEN, seen=str(error))]
    took = clock.now() - began
    return [Finding(part="model", state=State.OK, seen=f"{settings.minimax_model} answered in {took:.1f} s")]


async def _services(settings: Settings) -> Sequence[Finding]:
    try:
        catalog = read_catalog(settings)
    except BadInput:
        catalog = Catalog()  # its own line says why
    async with open_prober(SystemClock()) as prober:
        found = await asyncio.gather(*(_service(prober, service) for service in catalog.services))
    return [finding for each in found for finding in each]


async def _service(prober: HttpProber, service: Service) -> Sequence[Finding]:
    """Whether one request gets through the gate and is answered, with whatever status; and the service's secrets."""
    part = f"service {service.name}"
    unset = [
        Finding(
            part=part, state=State.BROKEN, seen=f"${{{name}}} has no value", cure=f"set {reference.partition(':')[2]}"
        )
        for name, reference in service.secrets
        if secret_of(reference) is None
    ]
    return [*unset, await _reached(prober, service, part)]


async def _reached(prober: HttpProber, service: Service, part: str) -> Finding:
    method = next((each for each in ("GET", "HEAD") if each in service.allow.methods), None)
    if service.base_url is None or method is None:
        seen = "no base_url" if service.base_url is None else "neither GET nor HEAD is allowed: not tried"
        return Finding(part=part, state=State.OFF, seen=seen)
    check = HttpCheck(request=Request(method=method, path="/"), expect=())
    sample = await prober.sample(service, check, number=1, fresh=True)
    if sample.status is None:
        seen = f"{service.base_url}: {sample.fault.sentence() if sample.fault is not None else 'no answer'}"
        return Finding(part=part, state=State.BROKEN, seen=seen, cure="check base_url and allow.networks")
    return Finding(part=part, state=State.OK, seen=f"{service.base_url} is in reach (answered {sample.status})")
