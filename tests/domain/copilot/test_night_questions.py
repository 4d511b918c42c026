"""What people ask at 3 a.m. is recognised for what it asks, in half sentences and with typos."""

from __future__ import annotations

import pytest

from fixloop_bot.domain.copilot.questions import Topic, topics_of
from fixloop_bot.domain.copilot.unanswered import Wanted, not_known, wanted_by


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("can i go back to bed", Topic.SAFE),
        ("ok to get some sleep?", Topic.SAFE),
        ("rollback worked?", Topic.SAFE),
        ("did the restart help", Topic.SAFE),
        ("are we good?", Topic.SAFE),
        ("is it back up", Topic.SAFE),
        ("kann ich wieder ins bett", Topic.SAFE),
        ("läuft alles wieder?", Topic.SAFE),
        ("c'est reparti ?", Topic.SAFE),
        ("ya funciona?", Topic.SAFE),
        ("もう寝ていい？", Topic.SAFE),
        ("wtf happened", Topic.CAUSE),
        ("what the hell happend", Topic.CAUSE),
        ("what went wrong", Topic.CAUSE),
        ("why are logins failing", Topic.CAUSE),
        ("is it us or stripe", Topic.CAUSE),
        ("who broke it", Topic.CAUSE),
        ("wer ist schuld", Topic.CAUSE),
        ("which flag was it again", Topic.CHANGES),
        ("anything in the last 30 min?", Topic.CHANGES),
        ("since when", Topic.SINCE),
        ("when did this start", Topic.SINCE),
        ("seit wann?", Topic.SINCE),
        ("getting worse or better??", Topic.FIGURES),
        ("how bad is it", Topic.FIGURES),
        ("what have we tried so far", Topic.TRIED),
        ("same as last week?", Topic.LAST_TIME),
        ("this again?", Topic.LAST_TIME),
        ("schon wieder?", Topic.LAST_TIME),
    ],
)
def test_a_half_sentence_has_its_topic(question: str, topic: Topic) -> None:
    """None of these says it in the words of a manual."""
    assert topic in topics_of(question)


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("which flag was it again", Topic.LAST_TIME),
        ("Run step 2 again", Topic.LAST_TIME),
        ("Why does step 1 fail?", Topic.CAUSE),
        ("what did we do last time", Topic.TRIED),
        ("What is known so far?", Topic.SAFE),
    ],
)
def test_a_word_alone_makes_no_topic(question: str, topic: Topic) -> None:
    """What only shares a word with a topic is not about it."""
    assert topic not in topics_of(question)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("should i roll back again?", Wanted.ADVICE),
        ("what do we do now", Wanted.ADVICE),
        ("was soll ich machen", Wanted.ADVICE),
        ("did we lose any orders", Wanted.HOW_MUCH),
        ("everyone or only eu?", Wanted.WHERE),
        ("should we resume traffic?", None),
        ("is it safe?", None),
    ],
)
def test_what_state_cannot_tell_is_known_as_such(question: str, wanted: Wanted | None) -> None:
    """Advice, losses and reach are not in the evidence; whether it is safe is."""
    assert wanted_by(question) is wanted


@pytest.mark.parametrize(
    ("question", "topic", "holds"),
    [
        ("what do the logs say", Topic.LOGS, True),
        ("any error messages?", Topic.LOGS, True),
        ("app users cant log in", Topic.LOGS, False),
        ("who is logged in", Topic.LOGS, False),
        ("what exactly does the service answer?", Topic.STEP, True),
        ("how many tries failed", Topic.STEP, True),
    ],
)
def test_logs_are_not_log_ins(question: str, topic: Topic, holds: bool) -> None:
    """Who cannot log in does not ask for the logs."""
    assert (topic in topics_of(question)) is holds


@pytest.mark.parametrize("wanted", list(Wanted))
def test_what_is_not_known_is_said_in_words(wanted: Wanted) -> None:
    """Sentences for people, the honest one first."""
    said = not_known(wanted)
    assert said.startswith("FixLoop does not know")
    assert not set(said) & set("\\|[]()?*")
