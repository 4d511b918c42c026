"""An honest "I do not know", advice and questions claim nothing; what hides behind them is a claim."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.copilot.admissions import claims_nothing
from fixloop_bot.domain.copilot.citations import NOT_VERIFIED, checked
from fixloop_bot.domain.copilot.claims import names_cause
from fixloop_bot.domain.copilot.dossier import Dossier

HONEST = [
    "I don't know what caused it.",
    "I do not know who approved it.",
    "Die Ursache ist nicht bekannt.",
    "I do not know whether the deploy has to do with it.",
    "No section shows an approval.",
    "The cause is not known yet.",
    "The cause is unknown.",
    "Check the logs of the payment service.",
    "Which fix was made?",
    "A validate run would tell.",
    "I do not know.",
    "Je ne sais pas.",
    "La cause est inconnue.",
    "No sé qué lo causó.",
    "No se sabe.",
    "Não sei.",
    "Non lo so.",
    "Ik weet het niet.",
    "原因はまだ分かりません。",
    "我不知道原因。",
    "원인을 알 수 없습니다.",
    "Причина неизвестна.",
    "I do not know the cause, and no section names a region.",
    "Ich weiß nicht, was die Ursache ist.",
    "There is no evidence that the region is affected.",
    "I can't tell from here.",
    "It is not clear whether it holds.",
    "Das weiß ich nicht.",
    "Sorry, I do not know that.",
    "That is not known; check the deploy log.",
    "I do not know of a relation.",
    "I cannot tell who approved it, since no section names a person.",
    "Press Validate once the fix is out.",
    "Je ne peux pas dire pourquoi.",
    "Nothing here shows a region.",
    "Nobody knows.",
]
HIDING = [
    "I do not know why, but the payments database is down.",
    "An unknown attacker deleted the database.",
    "The database cannot be reached.",
    "No data was lost.",
    "Users cannot see their carts.",
    "Check the payments database, which is down since 02:50.",
    "Check the broken payments database.",
    "The payments database is down, isn't it?",
    "The database is down?",
    "No evidence contradicts that the database is down.",
    "Look at the pool: it is exhausted.",
    "The cause is unknown and the payments database is down.",
    "Restart the database.",
    "Why is the payments database down?",
    "Did you know that the database is down?",
    "原因は分かりませんが、データベースが停止しています。",
    "Ich weiß nicht warum, aber die Datenbank ist ausgefallen.",
    "It is not clear why the database is down.",
    "I do not know which of the two crashed databases did it.",
    "The region is affected.",
    "Unknown region eu-west is down.",
]


@pytest.mark.parametrize("sentence", HONEST)
def test_honesty_needs_no_citation(sentence: str) -> None:
    """In whatever language; it is said as it is."""
    assert claims_nothing(sentence)
    assert NOT_VERIFIED not in checked(sentence, Dossier()).text


@pytest.mark.parametrize("sentence", HIDING)
def test_a_claim_behind_it_is_a_claim(sentence: str) -> None:
    assert not claims_nothing(sentence)
    said = checked(sentence, Dossier()).text
    assert not said or NOT_VERIFIED in said


def test_not_to_know_one_thing_excuses_no_cause() -> None:
    assert names_cause("I do not know when, but the deploy caused it.")
    assert names_cause("It may look small, but the deploy broke it.")
    assert not names_cause("I do not know what caused it.")


@given(st.text(max_size=200))
def test_no_text_raises(text: str) -> None:
    assert claims_nothing(text) in (True, False)
