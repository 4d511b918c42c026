"""A figure that is said must stand in the evidence, in whatever shape it is spoken; everything else does not count."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.domain.copilot.spoken_figures import Grounds, figures_in, missing

EVIDENCE = """run 2, step 3
step 3 (confirmation) of run 2 (validate): failed: Payments are quick
7 of 20 tries bad, 13 of 20 good; answers: 503 × 7, 200 × 13; p95 912 ms, limit 400 ms; p50 1,204 ms
error_rate: 0.3117, limit 1 %; deploy checkout 2.15.0 at 2026-11-22 02:51:07 UTC, 7 min before INC-42; took 12.4 s
latency_ms: 84; from pod-7f9c; 0 of 105 tries bad; 4,812 requests; watch 10 min
"""
GROUNDS = Grounds.of(EVIDENCE)


def unfounded(sentence: str) -> str:
    return missing(figures_in(sentence), (GROUNDS,))


@pytest.mark.parametrize(
    "sentence",
    [
        "7 of 20 tries failed",
        "7/20 failed",
        "7 out of 20",
        "7 von 20 Versuchen",
        "7 sur 20",
        "0/105",
        "35 % failed",
        "31 % of requests",
        "31.2 %",
        "31,2 Prozent",
        "the error rate is 0.31",
        "p95 is 912 ms against 400 ms",
        "p95 is 0.9 s",
        "p50 is 1.2 s",
        "p50 ist 1,2 s",
        "p50 is 1204 ms",
        "84ms",
        "12 s",
        "step 3 of run 2",
        "Schritt 3",
        "étape 3",
        "paso 3",
        "version 2.15.0",
        "v2.15.0",
        "checkout 2.15.0 at 02:51",
        "at 2:51",
        "on 2026-11-22",
        "INC-42",
        "503",
        "pod-7f9c",
        "7 min",
        "4812 requests",
        "20 tries",
        "watched for 10 minutes",
    ],
)
def test_the_same_figure_in_another_shape(sentence: str) -> None:
    assert unfounded(sentence) == ""


@pytest.mark.parametrize(
    ("sentence", "wrong"),
    [
        ("3 of 20 tries failed", "3 of 20"),
        ("7 of 105 tries", "7 of 105"),
        ("7 of 13", "7 of 13"),
        ("30 %", "30 %"),
        ("100 %", "100 %"),
        ("31.4 %", "31.4 %"),
        ("p95 is 913 ms", "913 ms"),
        ("p95 is 0.8 s", "0.8 s"),
        ("20 s", "20 s"),
        ("13 ms", "13 ms"),
        ("step 2", "step 2"),
        ("step 7", "step 7"),
        ("steps 3 and 4", "step 4"),
        ("run 3", "run 3"),
        ("2.15.1", "2.15.1"),
        ("2.15", "2.15"),
        ("12.15.0", "12.15.0"),
        ("2.15.0.1", "2.15.0.1"),
        ("2.15.0-rc1", "2.15.0-rc1"),
        ("at 02:52", "02:52"),
        ("at 51:07", "51:07"),
        ("INC-4", "INC-4"),
        ("INC-421", "INC-421"),
        ("502", "502"),
        ("pod-7f9", "pod-7f9"),
        ("5xx", "5xx"),
    ],
)
def test_another_figure_does_not_stand_there(sentence: str, wrong: str) -> None:
    assert unfounded(sentence) == wrong


def test_a_longer_version_in_the_evidence_is_another_one() -> None:
    """2.15.0 is neither 12.15.0 nor 2.15.0-rc1 nor 2.15.0.1; a name before it does not matter."""
    for written in ("12.15.0", "2.15.0-rc1", "2.15.0.1", "2.15.01"):
        assert missing(figures_in("2.15.0"), (Grounds.of(f"deploy {written}"),)) == "2.15.0"
    for written in ("checkout-2.15.0", "v2.15.0", "checkout:2.15.0.", "(2.15.0)"):
        assert missing(figures_in("2.15.0"), (Grounds.of(f"deploy {written}"),)) == ""


def test_figures_may_come_from_several_pieces_of_evidence() -> None:
    """But a pair comes from one."""
    one, other = Grounds.of("p95 212 ms"), Grounds.of("limit 400 ms, 20 tries, 7 errors")
    assert missing(figures_in("212 ms against 400 ms"), (one, other)) == ""
    assert missing(figures_in("7 of 20"), (one, other)) == "7 of 20"


def test_ordinals_and_plain_words_are_no_figures() -> None:
    assert not figures_in("The 1st and the 2nd of them fail, and so does the third.")


@given(st.integers(0, 10_000), st.integers(1, 10_000))
def test_whatever_is_written_can_be_said(part: int, whole: int) -> None:
    """A figure is never missing from the text that it was taken from."""
    text = f"{part} of {whole} tries, {part} ms, step {part % 9 + 1}, {part / 100} %, v{part}.{whole}.0, {part:,} lines"
    assert missing(figures_in(text), (Grounds.of(text),)) == ""


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_text_raises(said: str, written: str) -> None:
    grounds = Grounds.of(written)
    found = figures_in(said)
    assert isinstance(missing(found, (grounds,)), str)
    assert isinstance(grounds.quotes(said), bool)


@given(st.integers(0, 99), st.integers(0, 99))
def test_whole_percents_are_rounded_ones(said: int, tenths: int) -> None:
    """31 % stands for 30.5 to 31.5 %, and for nothing else; 0 % and 100 % are meant exactly."""
    written = said + (tenths - 50) / 50
    if written <= 0 or said == 0:
        return
    near = abs(said - written) <= 0.5
    assert (missing(figures_in(f"{said} %"), (Grounds.of(f"share {written:.4f} %"),)) == "") == near


@pytest.mark.parametrize(
    ("sentence", "steps"),
    [
        ("steps 1, 2, and 3", [1, 2, 3]),
        ("step 1, 3 of 20 tries", [1]),
        ("steps 1 and 2, 3 of 20 tries", [1, 2]),
        ("run 1, 200 every time in step 4", [4]),
        ("Schritte 1, 2 und 3", [1, 2, 3]),
        ("étapes 1 et 2", [1, 2]),
        ("steps 1-3", [1, 2, 3]),
        ("Schritte 2 bis 4", [2, 3, 4]),
        ("the second step", [2]),
        ("im zweiten Schritt", [2]),
        ("step two", [2]),
        ("ステップ1と2", [1, 2]),
        ("2番目のステップ", [2]),
        ("第2步和第3步", [2, 3]),
        ("步骤1、2和3", [1, 2, 3]),
        ("2단계가 실패", [2]),
        ("шаг 2", [2]),
        ("krok 2", [2]),
        ("2. adım", [2]),
    ],
)
def test_places_of_steps_in_other_words(sentence: str, steps: list[int]) -> None:
    """Lists, spans, ordinals, and the orders of words of other languages."""
    assert [number for name, number in figures_in(sentence).places if name == "step"] == steps


def test_a_figure_between_asian_letters_stands_alone() -> None:
    """``503です`` says 503, and ``20回中7回`` 7 of 20."""
    assert [each.text for each in figures_in("応答は503です").numbers] == ["503"]
    assert figures_in("20回中7回失敗").pairs == ((7.0, 20.0),)
    assert unfounded("20回中7回失敗、p95は912msです") == ""
    assert unfounded("20回中3回失敗") == "3 of 20"


def test_a_quote_is_whole() -> None:
    """The end of another figure is no quotation, and what was left out stands between what was not."""
    assert GROUNDS.quotes("7 of 20 tries bad")
    assert GROUNDS.quotes("7 of 20 … 13 of 20 good")
    assert not GROUNDS.quotes("3 of 20 good")
    assert not GROUNDS.quotes("13 of 20 good … 7 of 20")
