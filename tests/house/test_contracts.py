"""What CI checks beside behaviour runs with the tests: imports, lint, format and types. And the contracts bite."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.house.places import PACKAGE, TOP, run, run_module, sources

LINT_IMPORTS = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
PLANTED = [
    ("Arrows point inwards only", "domain/errors.py", "from fixloop_bot.application import jobs"),
    ("Arrows point inwards only", "application/jobs.py", "from fixloop_bot.adapters import clock"),
    ("Arrows point inwards only", "adapters/clock.py", "from fixloop_bot import bootstrap"),
    ("Arrows point inwards only", "bootstrap/__init__.py", "from fixloop_bot.entrypoints import meters"),
    ("Arrows point inwards only", "stray.py", "import json"),
    ("Adapters never import each other", "adapters/slack/api.py", "from fixloop_bot.adapters.redis import scripts"),
    ("Adapters never import each other", "adapters/http/guard.py", "from fixloop_bot.adapters import clock"),
    ("Adapters never import each other", "adapters/stray.py", "import json"),
    ("The domain is pure", "domain/errors.py", "import time"),
    ("The domain is pure", "domain/plans.py", "from random import random"),
    ("The domain is pure", "domain/plans.py", "def late() -> None:\n    import asyncio"),
    ("The application knows only ports", "application/jobs.py", "import redis.asyncio"),
    ("The environment's reader", "entrypoints/meters.py", "from fixloop_bot.config import Settings"),
    ("The environment's reader", "adapters/clock.py", "from fixloop_bot import config"),
    ("The bot does not know the sandbox", "entrypoints/web.py", "from fixloop_bot.sandbox import shop"),
    ("The bot does not know the sandbox", "domain/errors.py", "from fixloop_bot.sandbox import shop"),
    ("The sandbox is a stranger", "sandbox/bot.py", "from fixloop_bot.domain import errors"),
]


def test_no_import_contract_is_broken() -> None:
    """DESIGN's arrows point inwards only, everywhere."""
    checked = run([*LINT_IMPORTS, "--no-logo", "--no-cache"])
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(("contract", "file", "line"), PLANTED, ids=[f"{file}: {line}" for _, file, line in PLANTED])
def test_a_planted_violation_is_caught(contract: str, file: str, line: str, tmp_path: Path) -> None:
    """Each contract notices the import that it forbids; a contract that cannot fail would be decoration."""
    shutil.copytree(PACKAGE, tmp_path / "fixloop_bot", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(TOP / "pyproject.toml", tmp_path)
    with (tmp_path / "fixloop_bot" / file).open("a") as planted:
        planted.write(f"\n\n{line}\n")
    checked = run([*LINT_IMPORTS, "--no-logo", "--no-cache"], folder=tmp_path)
    broken = re.findall(r"^(.+) BROKEN", checked.stdout, re.MULTILINE)
    assert checked.returncode == 1, checked.stdout
    assert any(name.startswith(contract) for name in broken), checked.stdout


def test_lint_is_clean() -> None:
    """``ruff check`` has nothing to say."""
    checked = run_module("ruff", "check", "--output-format=concise")
    assert checked.returncode == 0, checked.stdout


def test_format_is_clean() -> None:
    """``ruff format`` would change nothing."""
    checked = run_module("ruff", "format", "--check")
    assert checked.returncode == 0, checked.stdout


def test_types_are_clean() -> None:
    """mypy, strict, has nothing to say."""
    checked = run_module("mypy")
    assert checked.returncode == 0, checked.stdout


def test_only_config_reads_the_environment() -> None:
    """What is configured is in one place; the sandbox passes its own environment on, and looks for a screen."""
    sandbox = PACKAGE / "sandbox"
    allowed = {PACKAGE / "config.py", sandbox / "bot.py", sandbox / "page" / "__init__.py"}
    readers = {path for path in sources(PACKAGE) if re.search(r"\bos\.(environ|getenv)\b", path.read_text())}
    assert readers == allowed
