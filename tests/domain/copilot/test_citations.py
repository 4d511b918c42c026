"""What a model writes is held against the evidence before anybody sees it, sentence by sentence."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixloop_bot.domain.copilot.citations import CAUSE_NOT_VERIFIED, LONGEST_ANSWER, NOT_VERIFIED, Checker, checked
from fixloop_bot.domain.copilot.claims import claims_recovery
from fixloop_bot.domain.copilot.dossier import Dossier, Evidence, Source
from fixloop_bot.domain.copilot.replies import HouseRules
from fixloop_bot.domain.copilot.sentences import LONGEST_UNIT, Cutter, Unit

STEP = Evidence(
    key="run1.s1",
    source=Source.STEP,
    title="run 1, step 1",
    text="step 1 (confirmation) of run 1 (confirm): failed: A cart can be paid\n7 of 20 tries bad, 13 of 20 good, "
    'answers: 503 × 7, p95 912 ms (limit 400 ms)\nreason: 0 of 3 passed\nsample #3: body: {"error": "down"}',
    link="https://slack.example.com/archives/C1/p1",
)
CHANGE = Evidence(
    key="change:1",
    source=Source.CHANGE,
    title="change: deploy",
    text="deploy checkout 2.14.0 at 2026-11-22 02:51:00 UTC, 7 min before the incident began",
    link="https://app.datadoghq.com/event/event?id=1",
)
PAST = Evidence(key="INC-7", source=Source.PAST, title="INC-7", text="INC-7: it ended resolved, verdict proven")


def dossier() -> Dossier:
    return Dossier((STEP, CHANGE, PAST))


def said(text: str, **house: bool) -> str:
    return checked(text, dossier(), house=HouseRules(**house)).text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "cited",
    [
        "[1]",
        "[1].",
        ". [1]",
        "【1】",
        "【1†source】",
        "[^1]",
        "[e1]",
        "[E1]",
        "[evidence 1]",
        "(1)",
        "[[1]]",
        "[1](http://x.y/z)",
    ],
)
def test_a_citation_in_any_shape(cited: str) -> None:
    """It becomes [1], and nothing else of it is left."""
    shown = said(f"Step 1 fails in 7 of 20 tries {cited}")
    assert "7 of 20" in shown
    assert shown.count("[1]") == 1
    assert not re.search(r"http|source|evidence|\^|【", shown)


def test_several_citations_at_once() -> None:
    for written in ("[1][2]", "[1, 2]", "[1,2]", "[1-2]", "[1] [2]", "[1; 2]", "[1 and 2]"):
        reply = checked(f"503 was answered, 2.14.0 was deployed {written}.", dossier())
        assert re.sub(r" ", "", reply.text).endswith("[1][2].")
        assert [each.key for each in reply.cited] == ["run1.s1", "change:1"]


def test_citations_are_numbered_in_the_order_of_their_appearance() -> None:
    reply = checked("checkout 2.14.0 was deployed [2]. Step 1 fails [1]. It was 02:51 [2].", dossier())
    assert reply.text == "checkout 2.14.0 was deployed [1]. Step 1 fails [2]. It was 02:51 [1]."
    assert [each.key for each in reply.cited] == ["change:1", "run1.s1"]


@pytest.mark.parametrize(
    "lie",
    [
        "Step 1 fails in 9 of 20 tries [1].",
        "Step 1 passed [1].",
        "Step 1 did not fail [1].",
        "Step 2 fails [1].",
        "It answers 502 [1].",
        "p95 is 413 ms [1].",
        "Version 2.15.0 was deployed [2].",
        "It was deployed at 02:52 [2].",
        "It answered “payment refused” [1].",
        "The log says `OutOfMemoryError` [1].",
        "The database is full [9].",
        "The database is full [1][9].",
        "There were 4,711 errors.",
    ],
)
def test_a_claim_that_does_not_stand_in_what_it_cites_is_left_out(lie: str) -> None:
    reply = checked(f"Step 1 fails [1]. {lie}", dossier())
    assert reply.text == "Step 1 fails [1]."
    assert [each.sentence for each in reply.left_out] == [lie]


def test_a_quote_that_stands_there_is_said() -> None:
    text = "It answered “down” and `503` [1]."
    assert said(text) == text


def test_a_claim_without_a_citation_is_marked() -> None:
    assert said("The database is overloaded.") == f"The database is overloaded. {NOT_VERIFIED}"


@pytest.mark.parametrize(
    "text",
    [
        "I don't know what caused it.",
        "Check the logs of the payment service.",
        "Which fix was made?",
        "Die Ursache ist nicht bekannt.",
    ],
)
def test_ignorance_advice_and_questions_claim_nothing(text: str) -> None:
    assert NOT_VERIFIED not in said(text) or "Ursache" in text
    assert text in said(text)


def test_a_cause_is_never_a_fact() -> None:
    """A change shortly before is evidence for a change, not for a cause."""
    assert said("The deploy of 2.14.0 caused it [2].").endswith(CAUSE_NOT_VERIFIED)
    assert said("The deploy of 2.14.0 may have caused it [2].") == "The deploy of 2.14.0 may have caused it [1]."


RECOVERED = [
    "It is safe to resume traffic.",
    "Production has recovered.",
    "You can resume traffic.",
    "The fix worked.",
    "Everything is fine.",
    "No doubt it is safe to resume.",
    "Not only is it fixed, it is fast.",
    "I have marked the incident as recovered.",
    "Resume traffic.",
    "Recovery: proven.",
    "It is no longer failing.",
    "Payments work again.",
    "Das Problem ist behoben.",
    "Der Dienst ist wieder gesund.",
    "Es ist nicht mehr kaputt.",
    "Le service est rétabli.",
    "Vous pouvez reprendre le trafic.",
    "Es seguro reanudar el tráfico.",
    "El servicio se ha recuperado.",
    "É seguro retomar o tráfego.",
    "O serviço foi recuperado.",
    "È sicuro riprendere il traffico.",
    "Il servizio è ripristinato.",
    "De dienst is hersteld.",
    "Het is veilig om het verkeer te hervatten.",
    "服务已恢复。",
]
BROKEN = [
    "It is not safe to resume yet.",
    "Production has not recovered.",
    "Recovery is unproven.",
    "Das Problem ist noch nicht behoben.",
    "Behoben ist es nicht.",
    "Le service n'est pas rétabli.",
    "No es seguro reanudar el tráfico.",
    "Não é seguro retomar o tráfego.",
    "Non è sicuro riprendere il traffico.",
    "Het is niet hersteld.",
    "I can't tell whether it is fixed.",
    "The error rate is over its limit.",
    "服务未恢复。",
]


@pytest.mark.parametrize("claim", RECOVERED)
def test_recovery_is_said_by_code_alone(claim: str) -> None:
    """In seven languages and a little more; once it is proven, the model may say so, too."""
    assert said(f"{claim[:-1]} [1].") == ""
    assert said(claim) == ""
    assert said(claim, proven=True) != ""


@pytest.mark.parametrize(
    "disguised",
    [
        "Production is **safe** to use.",
        "It is _fixed_.",
        "It has **re**covered.",
        "It has reco\u200bvered.",
        "It has recov&#101;red.",
        "It has ｒｅｃｏｖｅｒｅｄ.",
        "🟢 checkout",
        "| verdict | proven |",
        "## Recovered",
        "Everything is fine:",
    ],
)
def test_a_disguise_does_not_help(disguised: str) -> None:
    """What a reader would see is what is checked."""
    assert said(f"{disguised}\nStep 1 fails [1].") == "Step 1 fails [1]."


@pytest.mark.parametrize(
    "lie", ["**9** of **20** tries fail [1].", "It takes **41**3 ms [1].", "Step **2** fails [1]."]
)
def test_a_figure_in_bold_is_a_figure(lie: str) -> None:
    assert said(lie) == ""


@pytest.mark.parametrize("sentence", BROKEN)
def test_that_it_has_not_recovered_may_be_said(sentence: str) -> None:
    assert not claims_recovery(sentence)


def test_a_bare_yes_is_a_claim_where_recovery_was_asked_about() -> None:
    for yes in ("Yes.", "Ja.", "Sí.", "Oui, bien sûr.", "Yes, absolutely.", "Sure thing."):
        assert said(yes, guarded=True) == ""


def test_how_an_earlier_incident_ended_may_be_said() -> None:
    assert said("INC-7 was resolved [3].") == "INC-7 was resolved [1]."
    assert said("Like INC-7, production is now recovered [3].") == ""
    assert said("INC-7 was resolved [1].") == ""


def test_headings_lists_and_tables() -> None:
    """What stands under nothing is not said; what is left keeps its place."""
    text = (
        "## Facts\n- Step 1 fails [1].\n- Step 2 fails [1].\n\n## Lies\n- It is 99 % [1].\n\n"
        "| what | now |\n|--|--|\n| p95 | 912 ms [1] |\n| p50 | 99 ms [1] |\n"
    )
    assert said(text) == "## Facts\n- Step 1 fails [1].\n\n| what | now |\n|--|--|\n| p95 | 912 ms [1] |"


def test_the_models_own_list_of_sources_is_dropped() -> None:
    assert said("Step 1 fails [1].\n\nSources:\n[1] run 1, step 1\n- [2] deploy\n") == "Step 1 fails [1]."
    assert said("Step 1 fails [1].\n[^1]: run 1\n") == "Step 1 fails [1]."


def test_a_list_of_what_it_was_shown_is_no_answer() -> None:
    """A small model copies the headings of its sections; what stands under them it may say."""
    listed = "[1] step: run 1, step 1\n- [6] verdict\n[3] past incident: INC-7.\n**[7]** incident: INC-1\n"
    assert said(listed) == ""
    assert said(f"{listed}\nStep 1 fails [1].") == "Step 1 fails [1]."
    assert said("Change: deploy [2].") == "Change: deploy [1].", "what was changed is an answer"


def test_code_that_nobody_has_run_is_left_out() -> None:
    assert said("Do this:\n```\nkubectl rollout undo deploy/checkout\n```\nStep 1 fails [1].") == "Step 1 fails [1]."


def test_sentences_are_cut_where_they_end() -> None:
    units = [
        unit.text
        for unit in Cutter().feed("e.g. 2.14.0 is v. 1.2 s. Is it? 失败了。还在失败。[1] Am 3. fiel es aus! ok\n")
    ]
    assert units[:5] == ["e.g. 2.14.0 is v. 1.2 s.", "Is it?", "失败了。", "还在失败。[1]", "Am 3. fiel es aus!"]


MARKS = "[1]|[2, 3]|[9]|(1)|step 1|7 of 20|503|2.14.0|<!channel>|@here|<@U1>|&lt;!here&gt;|http://evil.example.com/x"
WORDS = "recovered|is safe|not|because|Sources:|```|- |失败|\r\n"
PIECES = [*'[]()【】`*|#<>!@.,:;。\n \t"“”…é‹\u200b', "| a |", *MARKS.split("|"), *WORDS.split("|")]
pieces = st.lists(st.sampled_from(PIECES), max_size=40)
answers = st.one_of(st.text(max_size=200), pieces.map("".join), pieces.map(" ".join))


@settings(max_examples=300, deadline=None)
@given(answers, st.booleans())
def test_whatever_is_written_the_answer_is_safe_and_cites_what_there_is(text: str, proven: bool) -> None:
    """It never raises; every number opens something; nobody is called."""
    reply = checked(text, dossier(), house=HouseRules(proven=proven))
    shown = reply.text
    assert not re.search(r"<!|<@|@here|@channel|@everyone|http://", shown)
    assert [each.key for each in reply.cited] == list(dict.fromkeys(each.key for each in reply.cited))
    assert {each.key for each in reply.cited} <= {"run1.s1", "change:1", "INC-7"}


@settings(max_examples=200, deadline=None)
@given(answers, st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_it_does_not_matter_how_the_words_arrive(text: str, sizes: list[int]) -> None:
    """Letter by letter or at once: the same is said."""
    whole = Checker(dossier(), house=HouseRules())
    at_once = whole.feed(text) + whole.close()
    checker, at, turn = Checker(dossier(), house=HouseRules()), 0, 0
    grown = ""
    while at < len(text):
        size = sizes[turn % len(sizes)]
        grown += checker.feed(text[at : at + size])
        at, turn = at + size, turn + 1
    grown += checker.close()
    assert grown == at_once


@pytest.mark.parametrize("endless", ["x", "a.", "| ", "`", "[1", "1,", "so ", "*", "is now ", "```\n", "(1", "失败"])
def test_an_endless_text_is_taken_in_pieces(endless: str) -> None:
    """No unit is longer than LONGEST_UNIT by much, so no check takes long; nothing of it is said for ever."""
    text = endless * (60_000 // len(endless))
    cutter = Cutter()
    for unit in [*cutter.feed(text), *cutter.close(), *Cutter().feed(f"{text}\n")]:
        assert len(unit.text) <= LONGEST_UNIT + 400
    assert len(said(text)) <= LONGEST_ANSWER + 2 * LONGEST_UNIT


@given(answers)
def test_no_unit_is_lost(text: str) -> None:
    """Cutting leaves out nothing but blanks and fences."""
    cutter = Cutter()
    units: list[Unit] = [*cutter.feed(text), *cutter.close()]
    kept = "".join(unit.lead + unit.text for unit in units)
    for word in ("recovered", "step 1", "503"):
        assert kept.count(word) <= text.count(word)
        if "`" not in text and "~" not in text:
            assert kept.count(word) == text.count(word)


@pytest.mark.parametrize("words", ["ab of the cd ", "and then ", "1,000 ", "abc-def ", "12 ms "])
def test_a_long_sentence_is_not_checked_for_long(words: str) -> None:
    """However often it repeats what the evidence repeats, too: the event loop must not wait for it."""
    line = "step 1 (control) of run 1 (before the fix): failed: a\nfrom a to b 1 of 2 tries bad 10:00 x=1 ab of cd\n"
    sources = (Source.LOG, Source.METRIC, Source.STEP, Source.TIMELINE, Source.CHANGE)
    told = [Evidence(key=each, source=each, title="it", text=f"metric x\n{line * 30}{words * 80}") for each in sources]
    began = time.process_time()
    checked((words * 400)[:1_400] + " [1][2][3][4][5].", Dossier(tuple(told)))
    assert time.process_time() - began < 1.0
