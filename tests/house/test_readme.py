"""What the README says is true: its commands exist, its catalog parses, its variables are the ones that are read."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping

import pytest

from fixloop_bot.adapters import catalog_file, catalog_probes
from fixloop_bot.adapters.catalog_file import parse_catalog
from fixloop_bot.adapters.catalog_schema import catalog_reference
from fixloop_bot.config import Settings
from fixloop_bot.domain.expectations.claim import Subject
from fixloop_bot.domain.expectations.expect import parse
from fixloop_bot.domain.runs import RecoveryVerdict
from fixloop_bot.entrypoints.cli import build_parser
from tests.house.places import TOP

README = (TOP / "README.md").read_text()
FENCES = [(found[1], found[2]) for found in re.finditer(r"^```(\w+)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)]
SHELL = [line for kind, text in FENCES if kind == "sh" for line in text.splitlines()]
INLINE = re.findall(r"`(fixloop [^`]+)`", README)
FIXLOOP = [command.strip() for line in [*SHELL, *INLINE] for command in line.split("&&") if "fixloop " in f"{command} "]
TEST_COMMAND = SHELL[1]
KEYS = (
    *catalog_file.SERVICE_KEYS,
    *catalog_file.PROOF_KEYS,
    *catalog_file.ALLOW_KEYS,
    *catalog_probes.PROBE_KEYS,
    *catalog_probes.REQUEST_KEYS,
)


class Recorder(Mapping[str, str]):
    """An empty environment that remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


@pytest.mark.parametrize("command", sorted(set(FIXLOOP)))
def test_every_command_exists(command: str) -> None:
    """Each ``fixloop …`` of the README is understood by the command line, options included."""
    chosen = build_parser().parse_args(shlex.split(command)[1:])
    assert callable(chosen.command)


def test_the_readme_begins_with_two_commands() -> None:
    """One shows the product and one passes the tests, each from a fresh clone on a machine whose Python refuses pip."""
    first = "python3 -m venv .venv && . .venv/bin/activate && python3 -m pip install"
    assert SHELL[0] == f"{first} . && fixloop sandbox"
    assert SHELL[1] == f'{first} -e ".[dev]" && python3 -m pytest'


def test_ci_runs_the_readmes_test_command() -> None:
    """``.ci/run`` takes its command from the README by the end of the line, which must find that one and no other."""
    script = (TOP / ".ci" / "run").read_text()
    pattern = re.search(r"grep -m1 -- '(.+)' README\.md", script)
    assert pattern is not None
    assert [line for line in README.splitlines() if re.search(pattern[1], line)] == [TEST_COMMAND]
    assert re.findall(r"pip|pytest|ruff|mypy", script.replace("pipefail", "").replace(pattern[0], "")) == []


def test_the_catalog_example_parses() -> None:
    """The example is a catalog, without a complaint."""
    (text,) = [text for kind, text in FENCES if kind == "yaml"]
    (service,) = parse_catalog(text).services
    assert service.name == "checkout"
    assert len(service.probes) == 7


EXPECT_TABLE = README[README.index("### What a line may expect") :].partition("\n\n`{{name}}`")[0]


@pytest.mark.parametrize("line", re.findall(r"`([^`]+)`", EXPECT_TABLE))
def test_every_expect_line_can_be_read(line: str) -> None:
    """The examples are of the grammar, and every subject of it has one."""
    assert parse(line).source == line
    shown = {parse(each).subject for each in re.findall(r"`([^`]+)`", EXPECT_TABLE)}
    assert shown == set(Subject)


@pytest.mark.parametrize("key", sorted(set(KEYS)))
def test_the_catalog_example_has_every_key(key: str) -> None:
    """Whoever reads the example has seen every key that a catalog may have."""
    (text,) = [text for kind, text in FENCES if kind == "yaml"]
    assert re.search(rf"\b{key}: ", text + " ".join(text.split("\n")))


def test_the_reference_is_the_schemas() -> None:
    """The table of keys is what the command prints, so that it cannot fall behind."""
    assert f"\n\n{catalog_reference()}\n\n</details>" in README


def test_the_environment_table_is_complete() -> None:
    """The table names every variable that is read, and no other; DESIGN's defaults stand in it."""
    asked = Recorder()
    settings = Settings.from_env(asked)
    table = README[README.index("## Environment") :]
    rows = [line.split("|")[1:4] for line in table.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row[0])}
    assert named == asked.asked
    defaults = {name: default for row in rows for name, default in zip(_ticked(row[0]), _ticked(row[1]), strict=False)}
    assert defaults["SLACK_API_URL"] == settings.slack_api_url
    assert defaults["DD_SITE"] == settings.dd_site
    assert defaults["MINIMAX_BASE_URL"] == settings.minimax_base_url
    assert defaults["MINIMAX_MODEL"] == settings.minimax_model
    assert defaults["FIXLOOP_CATALOG"] == str(settings.catalog)
    assert defaults["FIXLOOP_RETENTION_DAYS"] == str(settings.retention_days)
    assert (defaults["HOST"], defaults["PORT"]) == (settings.host, str(settings.port))


def test_the_four_verdicts_are_explained() -> None:
    """The README explains each verdict by exactly the word that Slack shows."""
    explained = re.findall(r"^\| \*\*([a-z ]+)\*\* \|", README, re.MULTILINE)
    assert sorted(explained) == sorted(verdict.value for verdict in RecoveryVerdict)


def _ticked(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)
