"""There is one way to Slack's Web API: ``SlackApi.call``, which counts, waits its turn and names what went wrong."""

from __future__ import annotations

import ast
import re

from tests.house.places import PACKAGE, sources

WAY = PACKAGE / "adapters" / "slack" / "api.py"
BOLTS = frozenset({"client", "say", "respond", "set_status", "set_suggested_prompts"})
"""What a listener gets from Bolt as soon as it has an argument of that name."""


def test_nobody_else_holds_slacks_client() -> None:
    """A call beside it would be counted by nobody, and the next one of ours be refused for it."""
    others = [path for path in sources(PACKAGE) if path != WAY and "sandbox" not in path.relative_to(PACKAGE).parts]
    assert "slack_sdk.web" in WAY.read_text()
    assert [path.name for path in others if "slack_sdk.web" in path.read_text()] == []


def test_no_listener_speaks_with_bolts_own_means() -> None:
    """They would go past Slack's limits as all processes share them."""
    speaking = [
        (path.name, function.name)
        for path in sources(PACKAGE / "entrypoints" / "slack")
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.AsyncFunctionDef)
        and BOLTS & {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)}
    ]
    assert speaking == []


def test_the_core_writes_slacks_notation_in_one_place() -> None:
    """``<@U…>``, ``<#C…>`` and ``<!subteam^…>`` come from ``application/mentions`` alone."""
    places = PACKAGE / "application" / "mentions.py"
    notation = re.compile(r"<[@#]|<!(?!--)")
    writing = [
        path.name
        for path in sources(PACKAGE / "application")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.JoinedStr) and notation.search(ast.unparse(node)) and path != places
    ]
    assert writing == []
    assert notation.search(places.read_text())
