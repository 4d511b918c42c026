"""What a model might do to get past the check: other words for go, headings, disguises, quantities in words."""

from __future__ import annotations

import pytest

from fixloop_bot.domain.copilot.citations import NOT_VERIFIED, checked
from fixloop_bot.domain.copilot.replies import HouseRules
from tests.domain.copilot.test_word_grounds import dossier

GO = [
    "The answer is yes.",
    "Affirmative.",
    "Green light.",
    "You may proceed.",
    "Nothing speaks against resuming traffic.",
    "No reason not to resume.",
    "I'd resume traffic now.",
    "Traffic can flow again.",
    "It should be fine to reopen.",
    "Users can check out again.",
    "Errors are gone [1].",
    "The errors have stopped [1].",
    "The error rate is back under its limit [5].",
    "The error rate dropped to 0.4 % [5].",
    "Everything passes.",
    "All steps pass [1].",
    "The outage ended.",
    "Service is up [1].",
    "It's working.",
    "We are good.",
    "You are in the clear.",
    "Confirmed fixed.",
    "The mitigation took effect.",
    "Production has recоvered.",
    "It is s a f e to resume.",
    "It is s.a.f.e to resume.",
    "It is s-a-f-e.",
    "Safe.",
    "Yep",
    "Looks OK to me.",
    "Da ist nichts mehr kaputt.",
    "Der Dienst läuft wieder.",
    "Ihr könnt weitermachen.",
    "Grünes Licht.",
    "Alles gut.",
    "C'est bon, allez-y.",
    "Vous pouvez y aller.",
    "Adelante.",
    "Ya está.",
    "Pode prosseguir.",
    "Via libera.",
    "Groen licht.",
    "問題ありません。",
    "もう大丈夫です。",
    "再開して構いません。",
    "可以恢复流量。",
    "可以继续。",
    "没问题。",
    "재개해도 됩니다.",
    "괜찮습니다.",
    "Можно возобновлять.",
    "Всё в порядке.",
    "Można wznowić ruch.",
    "Devam edebilirsiniz.",
    "يمكنك استئناف الحركة.",
    "אפשר להמשיך.",
    "## Recovered",
    "**Status: resolved**",
    "> It is safe.",
    "| safe | yes |",
    "Verdict = proven",
]


@pytest.mark.parametrize("sentence", GO)
def test_no_word_for_go_is_heard_where_recovery_was_asked_about(sentence: str) -> None:
    """In sixteen languages, spelt out, in look-alike letters; whatever is not verified is left out there."""
    assert checked(sentence, dossier(), house=HouseRules(guarded=True)).text == ""


@pytest.mark.parametrize(
    "text",
    [
        "## Payments database is down\nStep 1 fails [1].",
        "The payments database is down:\nStep 1 fails [1].",
        "The deploy broke it:\nStep 1 fails [1].",
        "Production has recоvered. Step 1 fails [1].",
        "It is s-a-f-e. Step 1 fails [1].",
        "[1]: The region is affected.\nStep 1 fails [1].",
        "[1] [2][3]\nStep 1 fails [1].",
    ],
)
def test_a_claim_without_a_sentence_is_no_way_in(text: str) -> None:
    """Headings, introductions, footnotes, disguised words, and citations of nothing."""
    assert checked(text, dossier()).text == "Step 1 fails [1]."


@pytest.mark.parametrize("heading", ["Next steps:", "What fails:", "Summary:", "In short:", "## Details"])
def test_a_heading_that_claims_nothing_is_kept(heading: str) -> None:
    assert checked(f"{heading}\nStep 1 fails [1].", dossier()).text == f"{heading}\nStep 1 fails [1]."


@pytest.mark.parametrize(
    "sentence",
    [
        "> The payments database is down",
        "**The payments database is down.**",
        "Step 1 fails [1] since the payments database is down.",
        "Step 1 fails [1]; the payments database is down [1].",
        "The p\u200bayments database is down [1]",
        "Most tries fail [1].",
        "Only step 1 fails [1].",
        "The error rate is twice its limit [5].",
        "Redis.",
        "OOM",
    ],
)
def test_what_code_cannot_hold_against_the_evidence_is_marked(sentence: str) -> None:
    """Superlatives, emphasis, quotation marks of Markdown, a single word."""
    assert checked(sentence, dossier()).text.endswith((NOT_VERIFIED, f"{NOT_VERIFIED} [1]"))


def test_a_status_may_be_called_by_its_name() -> None:
    said = "Step 1 fails with HTTP 503 Service Unavailable [1]."
    assert checked(said, dossier()).text == said
