"""True sentences in free wording are said without a mark, and nobody vouches for untrue ones beside them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from fixloop_bot.domain.copilot.citations import checked
from fixloop_bot.domain.copilot.dossier import Dossier, Evidence, Source
from fixloop_bot.domain.copilot.replies import HouseRules, Reply

SETS: list[dict[str, Any]] = [
    yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(Path(__file__).parent.glob("spoken*.yaml"))
]
"""Each with its own incidents; what was added later was written for rules that did not know it."""
DOSSIERS = {
    name: Dossier(
        tuple(
            Evidence(key=each["key"], source=Source(each["source"]), title=each["title"], text=each["text"])
            for each in told
        )
    )
    for each_set in SETS
    for name, told in each_set["incidents"].items()
}


def sentences(kind: str) -> list[tuple[str, str]]:
    return [(name, sentence) for each in SETS for name, listed in each[kind].items() for sentence in listed]


def said_of(incident: str, sentence: str) -> Reply:
    dossier = DOSSIERS[incident]
    cited = re.sub(r"\{([^{}]+)\}", lambda found: str(dossier.number_of(found[1])), sentence)
    return checked(cited, dossier, house=HouseRules())


def is_vouched_for(reply: Reply) -> bool:
    """Something was said, with a citation, and all of it without a reservation."""
    return bool(reply.text and reply.cited) and not reply.left_out and not reply.not_verified


@pytest.mark.parametrize(("incident", "sentence"), sentences("kept"))
def test_a_true_sentence_is_said_without_a_mark(incident: str, sentence: str) -> None:
    """Paraphrases, lists, rounded shares, numbers in words, other units, several languages."""
    reply = said_of(incident, sentence)
    assert not reply.left_out
    assert not reply.not_verified, reply.text


@pytest.mark.parametrize(("incident", "sentence"), sentences("refused"))
def test_nobody_vouches_for_an_untrue_sentence(incident: str, sentence: str) -> None:
    """Figures that are off by a little, swapped steps, runs, times and people, directions, denials, quantifiers."""
    assert not is_vouched_for(said_of(incident, sentence))


def test_most_of_what_is_true_is_kept_and_little_that_is_untrue_passes() -> None:
    """The lists of what is not right yet only grow shorter."""
    kept, doubted, refused, passed = (len(sentences(kind)) for kind in ("kept", "doubted", "refused", "passed"))
    assert kept / (kept + doubted) >= 0.80
    assert passed / (refused + passed) <= 0.004
