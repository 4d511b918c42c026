"""``fixloop doctor`` against real parts: Valkey, a local Slack, Datadog and shop, an endpoint that plays the model."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import openai  # noqa: F401 - loading it is not part of a look's deadline
import pytest
import yaml

from fixloop_bot.adapters.meaning import embedder
from fixloop_bot.config import Settings
from fixloop_bot.entrypoints.cli import main
from fixloop_bot.entrypoints.doctor import Finding, State, examine, report
from fixloop_bot.sandbox.datadog import LocalDatadog
from fixloop_bot.sandbox.shop import Shop
from fixloop_bot.sandbox.slack import LocalSlack
from fixloop_bot.sandbox.slack.inhabitants import GENERAL, INCIDENTS, PRIVATE
from tests.adapters.minimax_endpoint import Endpoint, body, endpoint, http_error, said
from tests.house.places import TOP

SCOPES = yaml.safe_load((TOP / "manifest.yml").read_text())["oauth_config"]["scopes"]["bot"]
TOKEN, APP_TOKEN = "xoxb-doctors-token", "xapp-doctors-token"
NOBODY = "http://127.0.0.1:1"


class Patient:
    """An environment, the lines that the doctor says about it, and its exit code."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            "FIXLOOP_DATA_DIR": str(folder / "store"),
            "FIXLOOP_CATALOG": str(folder / "fixloop.yml"),
        }
        self.lines: list[str] = []
        self.describe("services: {}")

    def describe(self, catalog: str) -> None:
        (self.folder / "fixloop.yml").write_text(catalog)

    async def examined(self, *, deadline_s: float = 20.0, **environment: str) -> int:
        settings = Settings.from_env(self.environment | environment)
        self.lines.clear()
        return await examine(settings, say=self.lines.append, deadline_s=deadline_s)

    def of(self, part: str) -> list[str]:
        """The lines about a part, without its name."""
        return [line.removeprefix(part).strip() for line in self.lines if line.startswith(f"{part} ")]


@pytest.fixture
def patient(tmp_path: Path) -> Patient:
    return Patient(tmp_path)


@pytest.fixture
async def slack() -> AsyncIterator[LocalSlack]:
    local = LocalSlack(bot_token=TOKEN, app_token=APP_TOKEN, signing_secret="s3cret-s3cret", scopes=SCOPES)
    await local.start()
    yield local
    await local.stop()


@pytest.fixture
async def datadog() -> AsyncIterator[LocalDatadog]:
    local = LocalDatadog(api_key="api-key-of-the-doctor", app_key="app-key-of-the-doctor")
    await local.start()
    yield local
    await local.stop()


@pytest.fixture
async def model() -> AsyncIterator[Endpoint]:
    async with endpoint() as running:
        running.script = [body(said("ok"))]
        yield running


@contextlib.asynccontextmanager
async def silent_server() -> AsyncIterator[str]:
    """Takes connections and never says a word."""
    gone = asyncio.Event()

    async def listen(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gone.wait()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        gone.set()
        server.close()
        await server.wait_closed()


def connected(slack: LocalSlack, **more: str) -> dict[str, str]:
    return {
        "SLACK_BOT_TOKEN": TOKEN,
        "SLACK_SIGNING_SECRET": "s3cret-s3cret",
        "SLACK_API_URL": slack.api_url,
        "FIXLOOP_DEFAULT_CHANNEL": INCIDENTS,
        **more,
    }


async def test_nothing_configured_is_nothing_broken(patient: Patient) -> None:
    """A FixLoop without any account is whole: its store is looked at, the rest is off, each with its cure."""
    assert await patient.examined() == 0
    assert patient.of("store")[0].startswith("ok      built-in Valkey 9")
    for part in ("catalog", "slack", "datadog", "webhook", "model"):
        (line,) = patient.of(part)
        assert line.startswith("off ")
    assert "→" in patient.of("slack")[0]


async def test_everything_configured_is_all_ok(
    patient: Patient, slack: LocalSlack, datadog: LocalDatadog, model: Endpoint
) -> None:
    """With every part in place there is one ok each, and no secret in any line."""
    shop = Shop(traffic_per_second=0.1)
    await shop.start()
    patient.describe(f"services:\n  shop:\n    base_url: {shop.url}\n")
    environment = connected(
        slack,
        DD_API_KEY="api-key-of-the-doctor",
        DD_APP_KEY="app-key-of-the-doctor",
        DD_API_URL=datadog.url,
        MINIMAX_API_KEY="key-of-the-model",
        MINIMAX_BASE_URL=model.base_url,
        FIXLOOP_WEBHOOK_SECRET="secret-of-the-webhook",
    )
    try:
        code = await patient.examined(**environment)
    finally:
        await shop.stop()
    assert code == 0
    (alone,) = [line for line in patient.lines if "  ok  " not in line]
    assert "has no webhook named fixloop" in alone
    assert "fixloop datadog install" in alone
    assert len(patient.lines) == 11
    assert "fixloop" in patient.of("slack")[0]
    assert "answered 200" in patient.of("service shop")[0] or "answered 404" in patient.of("service shop")[0]
    secrets = [value for name, value in environment.items() if name.endswith(("TOKEN", "SECRET", "KEY"))]
    assert [secret for secret in secrets if secret in "\n".join(patient.lines)] == []


async def test_a_wrong_token_is_named(patient: Patient, slack: LocalSlack) -> None:
    """Slack's own error name, and which token to copy again."""
    assert await patient.examined(**connected(slack, SLACK_BOT_TOKEN="xoxb-somebody-elses")) == 1
    (line,) = patient.of("slack")
    assert line.startswith("broken  Slack refused auth.test: invalid_auth")
    assert "SLACK_BOT_TOKEN" in line
    assert "somebody" not in line


async def test_missing_scopes_are_named(patient: Patient) -> None:
    """Each scope of the manifest that the token lacks, with what it is for."""
    poor = LocalSlack(bot_token=TOKEN, signing_secret="s", scopes=[each for each in SCOPES if each != "commands"])
    await poor.start()
    try:
        assert await patient.examined(**connected(poor)) == 1
    finally:
        await poor.stop()
    _, lacking = patient.of("slack")
    assert "lacks commands, to take /fixloop" in lacking


@pytest.mark.parametrize(
    ("channel", "state"),
    [(INCIDENTS, "ok"), (GENERAL, "off"), (PRIVATE, "broken"), ("C0NOTTHERE1", "broken"), ("#incidents", "off")],
)
async def test_the_default_channel_is_looked_at(patient: Patient, slack: LocalSlack, channel: str, state: str) -> None:
    """In reach, not a member of it, no such place, or a name that cannot be looked up; nothing is posted."""
    code = await patient.examined(**connected(slack, FIXLOOP_DEFAULT_CHANNEL=channel))
    assert patient.of("channel")[0].split()[0] == state
    assert code == (state == "broken")
    assert slack.calls_of("chat.postMessage") == []


async def test_socket_mode_is_tried(patient: Patient, slack: LocalSlack) -> None:
    """The app-level token opens a connection's address, or is named."""
    assert await patient.examined(**connected(slack, SLACK_APP_TOKEN=APP_TOKEN)) == 0
    assert patient.of("requests") == ["ok      by Socket Mode"]
    assert await patient.examined(**connected(slack, SLACK_APP_TOKEN="xapp-somebody-elses")) == 1
    assert "SLACK_APP_TOKEN" in patient.of("requests")[0]


async def test_a_slack_without_a_way_in_is_broken(patient: Patient, slack: LocalSlack) -> None:
    """A token alone can post, but hears no click."""
    environment = connected(slack)
    del environment["SLACK_SIGNING_SECRET"]
    assert await patient.examined(**environment) == 1
    assert "SLACK_SIGNING_SECRET" in patient.of("requests")[0]


async def test_wrong_datadog_keys_are_named(patient: Patient, datadog: LocalDatadog) -> None:
    """One key alone, and a key that Datadog refuses."""
    assert await patient.examined(DD_API_KEY="api-key-of-the-doctor") == 1
    assert "DD_APP_KEY is not set" in patient.of("datadog")[0]
    wrong = {"DD_API_KEY": "api-key-of-the-doctor", "DD_APP_KEY": "app-key-of-nobody", "DD_API_URL": datadog.url}
    assert await patient.examined(**wrong) == 1
    (line,) = patient.of("datadog")
    assert line.startswith("broken  Datadog refused the query")
    assert "DD_API_KEY counts: copy DD_APP_KEY again" in line
    assert "nobody" not in line
    assert await patient.examined(**wrong | {"DD_API_KEY": "api-key-of-nobody"}) == 1
    assert "does not know DD_API_KEY" in patient.of("datadog")[0]


async def test_a_model_that_refuses_is_named(patient: Patient, model: Endpoint) -> None:
    """The model's own refusal in one sentence; its key is not repeated, even if the endpoint does that."""
    model.script = [body(http_error(401, "invalid api key key-of-the-model"), status=401)]
    assert await patient.examined(MINIMAX_API_KEY="key-of-the-model", MINIMAX_BASE_URL=model.base_url) == 1
    assert patient.of("model")[0].startswith("broken ")
    assert "key-of-the-model" not in patient.of("model")[0]


async def test_the_search_says_what_it_ranks_by(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words and meaning, words alone, or words alone because the model does not come up; each with its cure."""
    await patient.examined()
    assert patient.of("search")[0].startswith("ok      past incidents are ranked by words and meaning")
    monkeypatch.setattr(embedder, "COMMAND", ("/nowhere/python",))
    assert await patient.examined() == 1
    assert patient.of("search")[0].startswith("broken  past incidents are ranked by words only: No embedding process")
    monkeypatch.setattr(embedder, "NEEDED", ("no_such_module_anywhere",))
    assert await patient.examined() == 0
    (line,) = patient.of("search")
    assert line.startswith("off     past incidents are ranked by words only → the extra embeddings adds")


async def test_every_part_down_is_one_line_each(patient: Patient) -> None:
    """With nothing at the other end of any address the doctor still ends, with a sentence for each part."""
    patient.describe(f"services:\n  shop:\n    base_url: {NOBODY}\n    secrets: {{TOKEN: env:NO_SUCH_TOKEN_SET}}\n")
    code = await patient.examined(
        SLACK_BOT_TOKEN=TOKEN,
        SLACK_APP_TOKEN=APP_TOKEN,
        SLACK_API_URL=f"{NOBODY}/api/",
        FIXLOOP_DEFAULT_CHANNEL=INCIDENTS,
        DD_API_KEY="k",
        DD_APP_KEY="k",
        DD_API_URL=NOBODY,
        MINIMAX_API_KEY="k",
        MINIMAX_BASE_URL=f"{NOBODY}/v1",
        REDIS_URL="redis://:hunter22@127.0.0.1:1/0",
        HOST="0.0.0.0",
    )
    assert code == 1
    broken = [line.split()[0] for line in patient.lines if "  broken  " in line]
    assert broken == ["store", "slack", "requests", "channel", "datadog", "webhook", "model", "service", "service"]
    assert "hunter22" not in "".join(patient.lines)
    assert "set NO_SUCH_TOKEN_SET" in "".join(patient.of("service shop"))


async def test_silence_has_a_deadline(patient: Patient) -> None:
    """A part that takes the connection and says nothing is broken after the deadline, and holds up no other."""
    async with silent_server() as address:
        code = await patient.examined(
            deadline_s=0.5,
            SLACK_BOT_TOKEN=TOKEN,
            SLACK_API_URL=f"http://{address}/api/",
            REDIS_URL=f"redis://{address}",
        )
    assert code == 1
    assert patient.of("slack")[0].startswith("broken  no answer within 0.5 s → check the address")
    assert patient.of("store")[0].startswith("broken  no answer within 0.5 s")
    assert patient.of("datadog")[0].startswith("off ")


async def test_every_mistake_of_the_catalog_is_a_line(patient: Patient) -> None:
    """Each with its line and key."""
    patient.describe("services:\n  shop:\n    chanel: C1\n    base_url: nowhere\n")
    assert await patient.examined() == 1
    first, second = patient.of("catalog")
    assert "line 3, services.shop.chanel" in first
    assert "line 4, services.shop.base_url" in second


async def test_an_old_store_is_refused(patient: Patient) -> None:
    """Streams and scripts need Redis 7; an older server is named with its version."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        about = b"# Server\r\nredis_version:6.2.14\r\n"
        answers = {b"HELLO": b"%1\r\n$5\r\nproto\r\n:3\r\n", b"CLIENT": b"+OK\r\n"}
        answers[b"INFO"] = b"$%d\r\n%s\r\n" % (len(about), about)
        while line := await reader.readline():
            writer.write(answers.get(line.strip(), b""))
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert await patient.examined(REDIS_URL=f"redis://127.0.0.1:{port}") == 1
    assert "Redis 6.2.14" in patient.of("store")[0]


def test_no_secret_survives_in_a_line() -> None:
    """Whatever an error text quotes, the lines show no secret; and a finding is one line, whatever it holds."""
    found = Finding(part="store", state=State.BROKEN, seen="no s3cret-s3cret\nhere", cure="not s3cret-s3cret")
    assert report([found], secrets=["s3cret-s3cret"]) == ["store  broken  no … here → not …"]


def test_the_command_prints_its_findings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``fixloop doctor`` itself: lines on stdout, nothing on stderr, the exit code."""
    for name in ("SLACK_BOT_TOKEN", "REDIS_URL", "MINIMAX_API_KEY", "DD_API_KEY", "DD_APP_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FIXLOOP_DATA_DIR", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    assert main(["doctor"]) == 0
    said_there = capsys.readouterr()
    assert said_there.out.startswith("store ")
    assert "there is no fixloop.yml" in said_there.out
    assert said_there.err == ""
