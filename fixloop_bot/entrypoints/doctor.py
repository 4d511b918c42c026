"""``fixloop doctor``: one line for every part that FixLoop leans on, with the cure where there is one.

**ok** was looked at and works, **off** is not configured (its built-in way serves instead) or could not be looked at,
**broken** is configured and does not work. Every look has a deadline; nothing is posted and nothing is changed. What
FixLoop itself serves is asked with requests that it refuses unread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from urllib.parse import urlsplit

from fixloop_bot.adapters.clock import SystemClock
from fixloop_bot.adapters.minimax.client import Question
from fixloop_bot.adapters.redis.version import server_version
from fixloop_bot.bootstrap import (
    Settings,
    halted_by,
    open_meaning,
    open_model,
    read_catalog,
    store_url,
)
from fixloop_bot.domain.errors import BadInput, FixLoopError
from fixloop_bot.entrypoints.doctor_datadog import look_at_keys, look_at_webhook
from fixloop_bot.entrypoints.doctor_services import look_at_services
from fixloop_bot.entrypoints.doctor_slack import look_at_channel, look_at_requests, look_at_slack
from fixloop_bot.entrypoints.finding import Finding, State

DEADLINE_S = 12.0
"""Of one part. Its own calls give up earlier, and know better what to say."""
HIDDEN = "…"
SHORTEST_SECRET = 4

Look = Callable[[Settings], Awaitable[Sequence[Finding]]]


async def examine(settings: Settings, *, say: Callable[[str], None] = print, deadline_s: float = DEADLINE_S) -> int:
    """Look at every part, side by side; returns 1 if something is broken, else 0."""
    looks: dict[str, Look] = {
        "store": _store,
        "catalog": _catalog,
        "slack": look_at_slack,
        "requests": look_at_requests,
        "channel": look_at_channel,
        "datadog": look_at_keys,
        "webhook": look_at_webhook,
        "model": _model,
        "search": _search,
        "service": look_at_services,
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
        cure = "check the address, the firewall and the proxy between here and there"
        return [Finding(part=part, state=State.BROKEN, seen=f"no answer within {deadline_s:g} s", cure=cure)]
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
        cure = f"correct it in {settings.catalog} (the README lists every key)"
        return [Finding(part="catalog", state=State.BROKEN, seen=mistake.strip(), cure=cure) for mistake in mistakes]
    if not catalog.services:
        missing = f"there is no {settings.catalog}" if not settings.catalog.exists() else "it describes no service"
        return [Finding(part="catalog", state=State.OFF, seen=missing, cure="describe your services in it (README)")]
    names = ", ".join(service.name for service in catalog.services)
    return [Finding(part="catalog", state=State.OK, seen=f"{settings.catalog} describes {names}")]


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
            cure = "check MINIMAX_API_KEY, MINIMAX_MODEL and MINIMAX_BASE_URL; until then plans are standard plans"
            return [Finding(part="model", state=State.BROKEN, seen=str(error), cure=cure)]
    took = clock.now() - began
    return [Finding(part="model", state=State.OK, seen=f"{settings.minimax_model} answered in {took:.1f} s")]


async def _search(settings: Settings) -> Sequence[Finding]:
    del settings
    clock = SystemClock()
    async with open_meaning() as meaning:
        if meaning is None:
            seen, cure = "past incidents are ranked by words only", "the extra embeddings adds meaning (README)"
            return [Finding(part="search", state=State.OFF, seen=seen, cure=cure)]
        began = clock.now()
        try:
            await meaning.vectors(["payments are declined"])
        except FixLoopError as error:
            seen = f"past incidents are ranked by words only: {error}"
            cure = "install the extra embeddings again (README)"
            return [Finding(part="search", state=State.BROKEN, seen=seen, cure=cure)]
    seen = f"past incidents are ranked by words and meaning; its model was there in {clock.now() - began:.1f} s"
    return [Finding(part="search", state=State.OK, seen=seen)]
