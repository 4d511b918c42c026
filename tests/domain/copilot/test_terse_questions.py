"""Questions of people who are tired: a word or two."""

from __future__ import annotations

import pytest

from fixloop_bot.domain.copilot import briefing
from fixloop_bot.domain.copilot.briefing import NOT_READ
from fixloop_bot.domain.copilot.questions import Topic, topics_of
from fixloop_bot.domain.runs import RecoveryVerdict, StepVerdict
from tests.domain.copilot.test_briefing import situation


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("why", Topic.CAUSE),
        ("and why?", Topic.CAUSE),
        ("rollback?", Topic.CHANGES),
        ("was it rolled back", Topic.CHANGES),
    ],
)
def test_a_word_may_be_a_standing_question(question: str, topic: Topic) -> None:
    assert topic in topics_of(question)


def test_what_is_not_understood_is_not_answered_with_no() -> None:
    """``is it dns`` is not answered by "No: not recovered", which would read as the answer."""
    told = [each.text for each in briefing.answer("is it dns", _not_recovered())]
    assert told[0] == NOT_READ
    assert not any(each.startswith("No:") for each in told)


@pytest.mark.parametrize(
    ("verdict", "begins"),
    [
        (RecoveryVerdict.NOT_RECOVERED, "*Not recovered*. Because"),
        (RecoveryVerdict.UNPROVEN, "Recovery is *unproven*. Because"),
        (RecoveryVerdict.INCONCLUSIVE, "Recovery is *inconclusive*. Because"),
    ],
)
def test_the_brief_tells_the_verdict_as_news(verdict: RecoveryVerdict, begins: str) -> None:
    """Nobody asked for it, so it answers no question."""
    told = briefing.answer("so?", situation(verdict, now_verdict=StepVerdict.FAILED))
    assert told[0].text.startswith(begins)


def _not_recovered() -> briefing.Situation:
    return situation(RecoveryVerdict.NOT_RECOVERED, now_verdict=StepVerdict.FAILED)
