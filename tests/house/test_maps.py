"""A package with many modules has a map in its docstring, so that none of them is a riddle."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.house.places import PACKAGE

_LINE = re.compile(r"^ {4}(?P<first>\w+) {2,}(?:(?P<group>\w+(?:, \w+)*):)?", re.MULTILINE)
"""``tally    what the samples add up to``, or ``step    tally, findings: one run's steps``."""


def mapped(docstring: str) -> Iterator[str]:
    """The modules that the map names, each as often as it does."""
    for line in _LINE.finditer(docstring):
        yield from line["group"].split(", ") if line["group"] else [line["first"]]


@pytest.mark.parametrize(
    "package", ["domain", "domain/copilot", "application", "application/copilot", "adapters/slack", "bootstrap"]
)
def test_the_map_names_every_module_once(package: str) -> None:
    """Whoever adds a module says in its package's docstring what it is for, or in which group it stands."""
    folder = PACKAGE / package
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    modules |= {path.parent.name for path in folder.glob("*/__init__.py")}
    docstring = ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""
    assert sorted(mapped(docstring)) == sorted(modules)
