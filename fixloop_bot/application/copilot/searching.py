"""Which past incidents are like this one: ranked by words, BM25 as SQLite's own full-text index computes it.

Two hundred incidents are indexed in a millisecond or two, in memory, so there is no index to keep. Words are cut to
their stems for English; any other language is matched by its words as they are, without accents.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from fixloop_bot.domain.incidents import Incident

MOST_WORDS = 40
TEXT = 4_000
_WORD = re.compile(r"[^\W_]{2,40}")
_EVERYWHERE = re.compile(
    r"the|and|for|was|were|with|that|this|from|what|did|does|how|when|last|time|do|we|you|is|it|in|of|on|to|an|at|by|be|"
    r"der|die|das|und|ist|war|wir|le|la|les|des|que|el|los|las|une|est|il|lo|di|het|een|de|van|en"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What is searched: ``id`` is given back; a word in ``title`` weighs four times as much as one in ``text``."""

    id: str
    title: str
    text: str


def document_of(incident: Incident) -> Document:
    """An incident's words: title, signals, what failed, and what people did."""
    failing = [line.reason for line in incident.runs if line.reason]
    words = [
        *(f"{line.title} {line.message[:300]}" for line in incident.signals[:8]),
        incident.verdict_reason,
        *failing[-6:],
        *(entry.what for entry in incident.timeline[-40:]),
    ]
    return Document(id=incident.id, title=f"{incident.title} {incident.label}", text="\n".join(words)[:TEXT])


def ranked(documents: Sequence[Document], query: str, *, most: int) -> list[str]:
    """Ids of the documents that share words with the query, the likest first. Blocking: for a thread."""
    words = [word for word in dict.fromkeys(_WORD.findall(query.casefold())) if not _EVERYWHERE.fullmatch(word)][
        :MOST_WORDS
    ]
    if not words or not documents:
        return []
    asked = " OR ".join(f'"{word}"' for word in words)
    with closing(sqlite3.connect(":memory:")) as index:
        index.execute(
            "CREATE VIRTUAL TABLE found USING fts5(id UNINDEXED, title, text, "
            "tokenize = 'porter unicode61 remove_diacritics 2')"
        )
        rows = [(each.id, each.title, each.text) for each in documents]
        index.executemany("INSERT INTO found VALUES (?, ?, ?)", rows)
        best = index.execute(
            "SELECT id FROM found WHERE found MATCH ? ORDER BY bm25(found, 0.0, 4.0, 1.0), rowid LIMIT ?", (asked, most)
        )
        return [str(row[0]) for row in best]
