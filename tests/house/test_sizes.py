"""Size is a budget: a file of at most 350 lines, a function of at most 45. A longer one says why in its docstring."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.house.places import PACKAGE, TESTS, TOP, sources

LONGEST_FILE = 350
LONGEST_TEST_FILE = 700
"""Tests are read one at a time."""
LONGEST_FUNCTION = 45
REASON = "long because"

Documented = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef


def has_a_reason(node: Documented) -> bool:
    return REASON in (ast.get_docstring(node) or "").lower()


def long_functions(tree: ast.Module) -> list[str]:
    """Functions over the budget whose docstring gives no reason."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [each.name for each in functions if lines_of(each) > LONGEST_FUNCTION and not has_a_reason(each)]


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def is_too_long(text: str, limit: int) -> bool:
    return len(text.splitlines()) > limit and not has_a_reason(ast.parse(text))


@pytest.mark.parametrize(("folder", "limit"), [(PACKAGE, LONGEST_FILE), (TESTS, LONGEST_TEST_FILE)])
def test_files_keep_to_their_budget(folder: Path, limit: int) -> None:
    """A file is read in one sitting, or says in its docstring why it is long ("Long because …")."""
    assert [str(path.relative_to(TOP)) for path in sources(folder) if is_too_long(path.read_text(), limit)] == []


def test_functions_keep_to_their_budget() -> None:
    """A function fits on a screen, or says in its docstring why it is long."""
    found = {str(path.relative_to(TOP)): long_functions(ast.parse(path.read_text())) for path in sources(PACKAGE)}
    assert {path: names for path, names in found.items() if names} == {}


def test_the_ruler_measures() -> None:
    """A function of 46 lines is over the budget, one of 45 is not, and a reason lets it pass."""
    body = "\n".join("    pass" for _ in range(LONGEST_FUNCTION))
    assert long_functions(ast.parse(f"def f():\n{body}\n")) == ["f"]
    assert long_functions(ast.parse(f"def f():\n{body.removesuffix('    pass')}")) == []
    assert long_functions(ast.parse(f'def f():\n    """Long because it says so."""\n{body}\n')) == []
    assert is_too_long("\n" * (LONGEST_FILE + 1), LONGEST_FILE)
