"""What the package imports is declared, and no declaration is open-ended."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.house.places import PACKAGE, TOP, sources

PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]


def imported(*paths: Path) -> set[str]:
    """The top modules that these files import, wherever in a file."""
    names: set[str] = set()
    for path in paths:
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
    lines = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["embeddings"]]
    declared = {plain(re.split(r"[<>=;\[ ]", line)[0]) for line in lines}
    providers = packages_distributions()
    foreign = imported(*sources(PACKAGE))
    assert "aiohttp" in foreign
    assert {name for name in foreign if not declared & {plain(each) for each in providers.get(name, [])}} == set()


def test_every_dependency_has_both_bounds() -> None:
    """A release that breaks us does not break a fresh machine."""
    extras = PROJECT["optional-dependencies"]
    lines = [*PROJECT["dependencies"], *extras["dev"], *extras["embeddings"]]
    own = "fixloop-bot[embeddings]"
    assert own in extras["dev"]
    assert [line for line in lines if line != own and not (">=" in line and "<" in line)] == []


def test_an_optional_package_is_imported_in_one_place() -> None:
    """By the embedding process, which is only started where the extra is installed; the rest works without it."""
    optional = {plain(re.split("[<>=]", line)[0]) for line in PROJECT["optional-dependencies"]["embeddings"]}
    providers = packages_distributions()
    modules = {name for name, provided in providers.items() if optional & {plain(each) for each in provided}}
    assert "onnxruntime" in modules
    using = {path.relative_to(PACKAGE).as_posix() for path in sources(PACKAGE) if imported(path) & modules}
    assert using == {"adapters/meaning/model.py"}
