"""``fixloop doctor`` beside a FixLoop that runs: the ways from Datadog and from Slack to it, and the cure for each."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from fixloop_bot.config import Settings
from fixloop_bot.entrypoints.doctor import examine
from fixloop_bot.sandbox.world import World, world

pytestmark = pytest.mark.timeout(120)
NOBODY = "http://127.0.0.1:1/datadog/webhook"


async def examined(running: World, **environment: str) -> tuple[int, list[str]]:
    lines: list[str] = []
    code = await examine(Settings.from_env({**running.bot.environment, **environment}), say=lines.append)
    return code, lines


def about(part: str, lines: list[str]) -> list[str]:
    return [line.removeprefix(part).strip() for line in lines if line.startswith(f"{part} ")]


def change(running: World, **fields: str | None) -> None:
    """Somebody edits the webhook in Datadog."""
    webhooks = running.datadog.account.webhooks
    webhooks["fixloop"] = replace(webhooks["fixloop"], **fields)  # type: ignore[arg-type]


@pytest.fixture
async def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    async with world(folder=tmp_path / "world") as started:
        monkeypatch.setenv("SSL_CERT_FILE", started.bot.environment["SSL_CERT_FILE"])  # as in the bot's own process
        yield started


async def test_the_whole_way_is_tried_and_well(running: World) -> None:
    """Datadog's webhook leads to this FixLoop, which knows the secret; Slack's handshake is answered; all is ok."""
    code, lines = await examined(running)
    assert code == 0, lines
    assert [line for line in about("webhook", lines) if not line.startswith("ok ")] == []
    assert any("FixLoop answers and knows the secret" in line for line in about("webhook", lines))
    assert "answers Slack's signed handshake" in about("requests", lines)[0]
    assert about("monitors", lines)[0].endswith("name @webhook-fixloop")
    assert running.root() is None, "looking opens no incident"


async def test_a_certificate_that_nobody_trusts_has_its_cure(running: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service by HTTPS whose authority this machine does not know."""
    monkeypatch.delenv("SSL_CERT_FILE")
    code, lines = await examined(running)
    assert code == 1
    assert "certificate not trusted" in about("service payments", lines)[0]
    assert "name its authority's file in SSL_CERT_FILE" in about("service payments", lines)[0]


async def test_another_secret_there_is_named(running: World) -> None:
    """The process there has other secrets than the doctor's environment: both are told, with what to do."""
    code, lines = await examined(running, FIXLOOP_WEBHOOK_SECRET="another-secret", SLACK_SIGNING_SECRET="another-one")
    assert code == 1
    assert "FIXLOOP_WEBHOOK_SECRET is refused there → give that process" in "".join(about("webhook", lines))
    assert "has another SLACK_SIGNING_SECRET → start it again" in about("requests", lines)[0]
    assert "another-" not in "".join(lines)


async def test_each_mistake_in_the_webhook_has_its_cure(running: World) -> None:
    """An address where nobody is, one of somebody else, a missing header, an own payload, no webhook at all."""
    asked: list[tuple[Callable[[], None], int, str]] = [
        (lambda: change(running, url=NOBODY), 1, "the connection was refused) → start it (fixloop serve)"),
        (lambda: change(running, url=f"{running.shop.url}/healthz"), 1, "answered with 405, and not by FixLoop"),
        (
            lambda: change(running, url=f"{running.bot.url}/datadog/webhook", custom_headers=None),
            1,
            "every alert is refused",
        ),
        (lambda: change(running, payload=json.dumps({"id": "$ID"})), 1, "a payload of its own"),
        (lambda: running.datadog.account.webhooks.clear(), 0, "has no webhook named fixloop"),
    ]
    for mistake, code, sentence in asked:
        mistake()
        seen, lines = await examined(running)
        assert sentence in "".join(about("webhook", lines))
        assert seen == code
        assert "→" in "".join(about("webhook", lines))


async def test_monitors_that_tell_nobody_are_told(running: World) -> None:
    """A webhook that no monitor names brings no alert."""
    for monitor in running.datadog.account.monitors.values():
        monitor.body["message"] = "Look at the runbook."
    _, lines = await examined(running)
    assert "→ add @webhook-fixloop to a monitor's message" in about("monitors", lines)[0]


async def test_a_door_that_is_open_to_all_is_broken(running: World) -> None:
    """A FixLoop without a secret of its own takes a wrong one, too."""
    async with careless() as url:
        change(running, url=url)
        code, lines = await examined(running)
    assert code == 1
    assert "takes any secret: whoever finds it may post alerts" in "".join(about("webhook", lines))


@asynccontextmanager
async def careless() -> AsyncIterator[str]:
    """Answers as FixLoop does where FIXLOOP_WEBHOOK_SECRET is not set."""

    async def take(_: web.Request) -> web.Response:
        return web.json_response({"ok": False, "message": "The body is empty."}, status=400)

    application = web.Application()
    application.router.add_post("/datadog/webhook", take)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/datadog/webhook"
    finally:
        await runner.cleanup()
