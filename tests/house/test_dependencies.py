"""What the package imports is declared, and no declaration is open-ended."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

from tests.house.places import PACKAGE, TOP, sources

PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]


def imported() -> set[str]:
    """The top modules that the package imports, wherever in a file."""
    names: set[str] = set()
    for path in sources(PACKAGE):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition(".")[0])
    return names - sys.stdlib_module_names - {"fixloop_bot"}


def plain(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def test_every_import_is_a_declared_dependency() -> None:
    """Nothing is used that is only there because another library brings it along today."""
    declared = {plain(re.split(r"[<>=;\[ ]", line)[0]) for line in PROJECT["dependencies"]}
    providers = packages_distributions()
    foreign = imported()
    assert "aiohttp" in foreign
    assert {name for name in foreign if not declared & {plain(each) for each in providers.get(name, [])}} == set()


def test_every_dependency_has_both_bounds() -> None:
    """A release that breaks us does not break a fresh machine."""
    lines = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
    assert [line for line in lines if not (">=" in line and "<" in line)] == []
