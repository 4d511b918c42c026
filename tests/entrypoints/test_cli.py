"""The command line: quick, honest about what is wrong, and gone when it is told to go."""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixloop_bot import __version__
from fixloop_bot.entrypoints.cli import build_parser, main
from tests.entrypoints.fixloop_process import OURS, PATIENCE_S, Fixloop, stop, wait_until

HEAVY = ("aiohttp", "slack_sdk", "slack_bolt", "pydantic", "redis", "docket", "openai", "datadog_api_client", "orjson")
STOPS_WITHIN_S = 3.0
"""An idle process takes a third of a second; a busy machine may need more."""


@pytest.fixture
def fixloop(tmp_path: Path) -> Fixloop:
    return Fixloop(tmp_path)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment without a word about FixLoop, and an empty folder."""
    for name in [name for name in os.environ if name.startswith(OURS)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FIXLOOP_DATA_DIR", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    return monkeypatch


def commands(parser: argparse.ArgumentParser, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command, as the words that one types."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield (*above, name)
                yield from commands(below, (*above, name))


COMMANDS = sorted(commands(build_parser()))


# Speaking


def test_help_imports_nothing_heavy() -> None:
    """``fixloop --help`` answers at once, because the command line imports what a command needs when it runs."""
    script = (
        "import sys\nfrom fixloop_bot.entrypoints.cli import build_parser\nbuild_parser().format_help()\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == "[]"


def test_the_outside_contract_is_there() -> None:
    """The commands that the README and platforms rely on."""
    typed = {" ".join(words) for words in COMMANDS}
    assert typed >= {"serve", "web", "worker", "sandbox", "doctor", "datadog install", "datadog template"}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_help(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """``--help`` of each command says in a sentence what it does."""
    with pytest.raises(SystemExit) as left:
        main([*words, "--help"])
    usage, _, rest = capsys.readouterr().out.partition("\n\n")
    assert left.value.code == 0
    assert usage.startswith(f"usage: fixloop {' '.join(words)}")
    assert rest[0].isalpha()


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody who types ``fixloop`` alone is told what there is."""
    assert main([]) == 0
    assert "sandbox" in capsys.readouterr().out


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """``fixloop --version``."""
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"fixloop {__version__}\n"


@pytest.mark.parametrize("arguments", [["serf"], ["serve", "--loud"], ["datadog"], ["datadog", "install"]])
def test_wrong_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """argparse's own exit code, with the usage on stderr."""
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 2
    assert "usage: fixloop" in capsys.readouterr().err


def test_the_template_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    """``fixloop datadog template`` can be piped into Datadog."""
    assert main(["datadog", "template"]) == 0
    assert json.loads(capsys.readouterr().out)["alert_transition"] == "$ALERT_TRANSITION"


def test_the_scenarios_are_listed() -> None:
    """``fixloop sandbox --list`` shows what can go wrong and the verdict that is right."""
    done = subprocess.run(
        [sys.executable, "-m", "fixloop_bot", "sandbox", "--list"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("checkout-500 "))
    assert "proven" in line


# Refusing


@pytest.mark.parametrize(
    ("command", "environment", "names"),
    [
        ("serve", {"PORT": "http"}, "PORT"),
        ("web", {"SLACK_BOT_TOKEN": "token"}, "SLACK_BOT_TOKEN"),
        ("web", {"SLACK_BOT_TOKEN": "xoxb-1"}, "SLACK_SIGNING_SECRET"),
        ("web", {"HOST": "0.0.0.0"}, "FIXLOOP_WEBHOOK_SECRET"),
        ("worker", {"REDIS_URL": "localhost"}, "REDIS_URL"),
        ("worker", {"FIXLOOP_CATALOG": "gone.yml"}, "FIXLOOP_CATALOG"),
        ("doctor", {"DD_SITE": "example.com"}, "DD_SITE"),
        ("datadog install --url https://bot.example.com/datadog/webhook", {}, "DD_API_KEY"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_what_is_wrong_is_one_line(
    bare: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    environment: dict[str, str],
    names: str,
) -> None:
    """A start that cannot succeed ends with 3 and one line that names the variable; no traceback."""
    for name, value in environment.items():
        bare.setenv(name, value)
    assert main(command.split()) == 3
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("fixloop: ")
    assert names in line


def test_every_mistake_in_the_catalog_is_named(bare: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Line and key of each, all at once."""
    Path("fixloop.yml").write_text("services:\n  shop:\n    chanel: C1\n    base_url: nowhere\n")
    assert main(["serve"]) == 3
    first, second = capsys.readouterr().err.splitlines()
    assert "fixloop.yml line 3, services.shop.chanel" in first
    assert "fixloop.yml line 4, services.shop.base_url" in second


def test_a_store_that_does_not_answer_is_one_line(fixloop: Fixloop) -> None:
    """A wrong REDIS_URL stops the start, and its password is not repeated."""
    done = fixloop.run("worker", REDIS_URL="redis://:hunter22@127.0.0.1:1/0")
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1
    assert "hunter22" not in done.stderr


def test_a_port_in_use_is_one_line(fixloop: Fixloop, tmp_path: Path) -> None:
    """The second ``web`` on the same port says which port it is."""
    with fixloop.running("web") as first:
        wait_until(fixloop.answers, fixloop.log)
        done = fixloop.run("web")
        stop(first)  # in good order, so that it takes its store along
    assert done.returncode == 3
    assert done.stderr.endswith(
        f"fixloop: PORT {fixloop.port} on 127.0.0.1 is in use: set PORT to another, or end who listens there.\n"
    )


def test_a_host_of_another_machine_is_one_line(fixloop: Fixloop) -> None:
    """The variable at fault is HOST, and not PORT."""
    done = fixloop.run("web", HOST="192.0.2.1", FIXLOOP_WEBHOOK_SECRET="s3cret")
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert done.stderr.startswith("fixloop: HOST 192.0.2.1 is no address of this machine")


def test_output_that_cannot_be_written_is_one_line(fixloop: Fixloop) -> None:
    """A full disk, say; here a stream that is open for reading only."""
    command = [sys.executable, "-m", "fixloop_bot", "catalog", "reference"]
    with Path(os.devnull).open() as unwritable:
        done = subprocess.run(
            command,
            env=fixloop.environment,
            stdout=unwritable,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
            check=False,
        )
    assert (done.returncode, done.stderr) == (3, "fixloop: Bad file descriptor\n")


def test_closed_streams_lead_nowhere(fixloop: Fixloop) -> None:
    """A daemon's parent may have closed them; nothing that is opened later takes their place."""
    command = f"exec {sys.executable} -m fixloop_bot catalog reference <&- >&- 2>&-"
    assert subprocess.run(["/bin/sh", "-c", command], env=fixloop.environment, timeout=30, check=False).returncode == 0


def test_a_sign_that_the_terminal_does_not_know_is_spelled_out(fixloop: Fixloop) -> None:
    """No locale is a reason to end with a traceback."""
    done = fixloop.run("catalog", "reference", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert r"a user group `S\u2026`" in done.stdout


# Starting and stopping


@pytest.mark.parametrize(("role", "by"), [("serve", signal.SIGTERM), ("web", signal.SIGINT)])
def test_a_web_process_starts_and_stops(fixloop: Fixloop, role: str, by: signal.Signals) -> None:
    """It serves health and readiness, and ends in good order, with 0, within seconds; its store goes with it."""
    with fixloop.running(role) as process:
        wait_until(fixloop.answers, fixloop.log)
        assert fixloop.answers("/healthz")
        assert fixloop.answers("/metrics")
        took = stop(process, by=by)
    assert process.returncode == 0
    assert took < STOPS_WITHIN_S
    assert not (fixloop.folder / "store" / "valkey.sock").exists()
    assert "Traceback" not in fixloop.log()


def test_a_worker_starts_and_stops(fixloop: Fixloop) -> None:
    """``fixloop worker`` opens no port, and ends like the others."""
    with fixloop.running("worker") as process:
        wait_until(lambda: "ready: worker" in fixloop.log(), fixloop.log)
        took = stop(process)
    assert process.returncode == 0
    assert took < STOPS_WITHIN_S
    assert "Traceback" not in fixloop.log()


def test_sigterm_takes_the_store_of_any_command_along(fixloop: Fixloop) -> None:
    """A command that is told to go while it waits for something closes what it has opened, as with Ctrl-C."""
    (fixloop.folder / "fixloop.yml").write_text("services: {shop: {base_url: 'http://127.0.0.1:1'}}")
    store = fixloop.folder / "store" / "valkey.sock"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        model = {"MINIMAX_API_KEY": "k", "MINIMAX_BASE_URL": f"http://127.0.0.1:{silent.getsockname()[1]}/v1"}
        with fixloop.running("plan", "shop", "--from-model", **model) as process:
            silent.settimeout(PATIENCE_S)
            asked, _ = silent.accept()
            with asked:  # the model is asked, so the store is open
                assert store.exists()
                stop(process)
    assert process.returncode == 130
    assert not store.exists()
    assert "Traceback" not in fixloop.log()


@pytest.mark.parametrize("module", ["argparse", "fixloop_bot.entrypoints.catalog"])
def test_ctrl_c_while_it_is_being_loaded_is_quiet(module: str) -> None:
    """Who changes their mind within the first tenth of a second is shown no traceback either."""
    script = (
        "import os, runpy, signal, sys\n"
        "class Impatient:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}:\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Impatient())\n"
        "runpy.run_module('fixloop_bot', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_the_command_is_the_guarded_one() -> None:
    """``fixloop`` and ``python -m fixloop_bot`` begin with the same lines."""
    settings = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert settings["project"]["scripts"] == {"fixloop": "fixloop_bot.__main__:main"}


def test_web_and_worker_share_the_built_in_store(fixloop: Fixloop, tmp_path: Path) -> None:
    """Processes of one data directory use one server; it stays until the last one leaves."""
    (tmp_path / "other").mkdir()
    other = Fixloop(tmp_path / "other")
    other.environment["FIXLOOP_DATA_DIR"] = fixloop.environment["FIXLOOP_DATA_DIR"]
    with fixloop.running("web") as web, other.running("web") as second:
        wait_until(lambda: fixloop.answers() and other.answers(), lambda: fixloop.log() + other.log())
        stop(web)
        assert other.answers()
        stop(second)
    assert not (fixloop.folder / "store" / "valkey.sock").exists()


def test_a_quiet_start_says_one_thing(fixloop: Fixloop) -> None:
    """With Slack configured the log has no warnings of the libraries' own; nothing is said but that it is ready."""
    slack = {
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_SIGNING_SECRET": "s3cret",
        "SLACK_API_URL": "http://127.0.0.1:1/api/",
        "FIXLOOP_DEFAULT_CHANNEL": "C0123456789",
        "SLACK_CLIENT_ID": "1.2",
        "SLACK_CLIENT_SECRET": "oauth-would-be-on",
    }
    with fixloop.running("web", **slack) as process:
        wait_until(fixloop.answers, fixloop.log)
        said = fixloop.log().splitlines()
        stop(process)
    assert [line.split(" ", 3)[3] for line in said] == [
        f"fixloop_bot.entrypoints.processes fixloop is ready: web on http://127.0.0.1:{fixloop.port}, "
        "0 services in the catalog"
    ]
