"""The gate: every payload that we make for Slack passes Slack's validator, two libraries and our own rules."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hypothesis import HealthCheck, given, settings

from fixloop_bot.adapters.slack.blocks import Card
from tests.adapters.slack_checks import message_breaches, problems, view_problems
from tests.adapters.slack_renderers import PARTS, WHOLE, Case, Message, Payload, cases
from tests.house.places import PACKAGE

RENDERER = ("_card", "_form", "_modal", "_view", "_blocks")
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


def breaches(payload: Payload, case: Case) -> list[str]:
    if isinstance(payload, Card):
        return problems(payload, case.view)
    if isinstance(payload, Message):
        return message_breaches(payload.text, payload.blocks, case.view)
    return view_problems(payload, case.view)


@settings(max_examples=10, deadline=None, suppress_health_check=SLOW)
@given(case=cases())
def test_whatever_is_rendered_is_taken_by_slack(case: Case) -> None:
    """Every renderer, with incidents, texts and names that Hypothesis makes up."""
    found = [
        (name, each) for name, render in WHOLE.items() for payload in render(case) for each in breaches(payload, case)
    ]
    assert found == []


def renderers() -> Iterator[str]:
    """Public functions whose result is a card, a modal, a Home tab or blocks, by their annotation or their name."""
    for path in sorted([*PACKAGE.glob("adapters/slack/**/*.py"), *PACKAGE.glob("entrypoints/slack/*.py")]):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            returns = ast.unparse(node.returns) if node.returns is not None else ""
            several = returns.startswith(("list[Block", "Sequence[Block", "Iterator[Block", "tuple[Block"))
            if returns.split(" ")[0] == "Card" or several or node.name.endswith(RENDERER):
                yield f"{path.relative_to(PACKAGE).as_posix()} {node.name}"


def test_nothing_is_rendered_past_the_gate() -> None:
    """A new renderer is entered in the registry, which looks at it, or this test names it."""
    assert set(renderers()) == {*WHOLE, *PARTS}
