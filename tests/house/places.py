"""Where the repository's own files are, for tests that read it as a house."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

TOP = Path(__file__).parents[2]
PACKAGE = TOP / "fixloop_bot"
TESTS = TOP / "tests"


def sources(*folders: Path) -> list[Path]:
    """Every Python file below these folders, in order."""
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def run_module(module: str, *arguments: str, folder: Path = TOP) -> subprocess.CompletedProcess[str]:
    """Run ``python -m module`` in a folder of the repository; both outputs end up in ``stdout``."""
    return run([sys.executable, "-m", module, *arguments], folder=folder)


def run(command: Sequence[str], *, folder: Path = TOP) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=110, check=False
    )
