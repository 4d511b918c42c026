"""Which past incidents are like this one: ranked by words and, where that is installed, by meaning.

By words it is BM25 as SQLite's own full-text index computes it. Two hundred incidents are indexed in a millisecond or
two, in memory, so there is no index to keep. Words are cut to their stems for English; any other language is matched by
its words as they are, without accents. Both rankings become one by the places in them (``domain.copilot.fusion``).
"""

from __future__ import annotations

import asyncio
import logging
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from fixloop_bot.application.copilot.meaning import Meaning, MeaningUnavailable, nearest
from fixloop_bot.domain.copilot.fusion import fused
from fixloop_bot.domain.incidents import Incident
from fixloop_bot.domain.redaction import mask

log = logging.getLogger(__name__)

MOST_WORDS = 40
TEXT = 4_000
MEANT = 300
"""Characters whose meaning is looked at, some seventy word pieces: what a thing is about stands at its beginning."""
PATIENCE_S = 1.5
"""How long meaning may take; words alone answer then. Half of what a source of an answer may take as a whole."""
LEAST = 0.3
"""Less alike by meaning is not alike: of unrelated texts hardly any pair comes so near."""
DEEP = 50
"""Places of each ranking that count."""
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


class Search:
    """Finds what is like a query, by words and by what ``meaning`` says; None: by words alone."""

    def __init__(self, meaning: Meaning | None = None, *, patience_s: float = PATIENCE_S) -> None:
        self._meaning = meaning
        self._patience_s = patience_s
        self._is_quiet = False

    async def likest(self, documents: Sequence[Document], query: str, *, most: int) -> list[str]:
        """Ids of the documents that are like the query, the likest first; never fails for want of meaning.

        Meaning is named first: of two with the same place, what is alike stands before what only shares a word.
        """
        by_words, by_meaning = await asyncio.gather(
            asyncio.to_thread(ranked, documents, query, most=DEEP), self.by_meaning(documents, query)
        )
        return fused(by_meaning, by_words)[:most]

    async def by_meaning(self, documents: Sequence[Document], query: str) -> list[str]:
        """Ids of the documents that mean alike, the likest first; none where meaning is not there, or not in time."""
        if self._meaning is None or not documents or not query.strip():
            return []
        try:
            async with asyncio.timeout(self._patience_s):
                found = await self._nearest(self._meaning, documents, query)
        except TimeoutError:
            self._say_once(f"meaning takes longer than {self._patience_s:g} s")
            return []
        except MeaningUnavailable as error:
            self._say_once(str(error))
            return []
        self._is_quiet = False
        return found

    async def _nearest(self, meaning: Meaning, documents: Sequence[Document], query: str) -> list[str]:
        texts = await asyncio.to_thread(_meant, documents, query)
        asked, *known = await meaning.vectors(texts)
        vectors = {document.id: vector for document, vector in zip(documents, known, strict=True)}
        return await asyncio.to_thread(nearest, asked, vectors, least=LEAST, most=DEEP)

    def _say_once(self, why: str) -> None:
        """Until meaning is back: a search that stays slow does not fill the log."""
        if not self._is_quiet:
            log.warning("past incidents are ranked by words alone: %s", why)
        self._is_quiet = True


def _meant(documents: Sequence[Document], query: str) -> list[str]:
    """What goes to the model of meaning: the query's and each document's beginning, masked."""
    return [mask(text[: 2 * MEANT])[:MEANT] for text in (query, *(f"{each.title}\n{each.text}" for each in documents))]
