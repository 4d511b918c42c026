"""An incident that fell back: one truth in one set of words, on the card, in Home, in lists and in the status."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from fixloop_bot.adapters.slack.blocks import status_text
from fixloop_bot.adapters.slack.blocks.home import home_view, lines_of
from fixloop_bot.adapters.slack.blocks.root import root_card
from fixloop_bot.application.feed_views import FeedItem, FeedPicture
from fixloop_bot.application.views import ThreadView
from fixloop_bot.domain.feed import row_of
from fixloop_bot.domain.happenings import Entry, Happening, Undone
from fixloop_bot.domain.incidents import Move, advance
from tests.adapters.test_slack_blocks import words
from tests.adapters.thread_states import MIRA, minutes, quiet, resolved, taken_back

PROVES = Entry(at=minutes(25), who="fixloop", kind=Happening.RUN_ENDED, what="proven", about="INC-42-r2")
RESOLVES = Entry(at=minutes(38), who=MIRA, kind=Happening.RESOLVED, what="resolved (proven)", about="proven")


def reopened(who: str, kind: Happening, move: Move) -> ThreadView:
    """After a proven resolution."""
    seen = resolved(quiet(), at=minutes(38))
    back = Entry(at=minutes(50), who=who, kind=kind, what="back", undid=Undone.RESOLUTION)
    entries = (PROVES, RESOLVES, back)
    return replace(seen, incident=replace(advance(seen.incident, move), timeline=entries), now=minutes(51))


def by_a_person() -> ThreadView:
    return reopened(MIRA, Happening.REOPENED, Move.REOPEN)


def by_datadog() -> ThreadView:
    return reopened("datadog", Happening.SIGNAL, Move.ALERT_AGAIN)


def by_the_watch() -> ThreadView:
    seen = taken_back()
    entry = replace(PROVES, at=minutes(30), about="INC-42-r3", undid=Undone.PROOF)
    return replace(seen, incident=replace(seen.incident, timeline=(PROVES, entry)))


@pytest.mark.parametrize(
    ("state", "word", "rest"),
    [
        (by_a_person, "Reopened", " by <@U0MIRA0001>, and not validated since."),
        (by_datadog, "Reopened", ": Datadog alerted again. Not validated since."),
        (by_the_watch, "Broken again", ": the watch saw it fail, so the proof is taken back."),
    ],
)
def test_it_is_told_alike_everywhere(state: Callable[[], ThreadView], word: str, rest: str) -> None:
    """Who reads two of them at 3 a.m. reads the same."""
    seen = state()
    item = FeedItem(row=row_of(seen.incident))
    home = str(home_view(FeedPicture(now=seen.now, open=(item,), open_count=1)))
    listed = lines_of("1 open", [item], more=0, now=seen.now)
    told = [words(root_card(seen)), status_text(seen), home, listed]
    for text in told:
        assert f"🔴 *{word}*" in text or f"🔴 {word}" in text
        assert rest in text
    proof = "aken back" if word == "Broken again" else "reopened"
    assert all(("aken back" in text) == (proof == "aken back") for text in told)
