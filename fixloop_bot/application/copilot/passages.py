"""Of a long runbook the passages that a question is about, in their own order, with its beginning."""

from __future__ import annotations

from collections.abc import Iterator

from fixloop_bot.application.copilot.searching import MEANT, Document, Search

PASSAGE = MEANT
"""Characters of a passage at most, so that its meaning is looked at whole; lines stay whole where they are shorter."""
MOST = 200
"""Passages that are looked at."""
GAP = "\n[…]\n"


async def told_of(search: Search, text: str, query: str, *, room: int) -> str:
    """The whole text where it has room (characters); else its first passage and those that are like the query.

    A query that is like none of them gets the beginning.
    """
    if len(text) <= room:
        return text
    passages = list(passages_of(text))[:MOST]
    documents = [Document(id=str(at), title="", text=passage) for at, passage in enumerate(passages)]
    most = max(room // (PASSAGE + len(GAP)) - 1, 0)
    found = [int(each) for each in await search.likest(documents, query, most=most)]
    return _joined(passages, sorted({0, *found})) if found else text[:room]


def passages_of(text: str) -> Iterator[str]:
    """The text in pieces of at most PASSAGE characters that end with a line; nothing but line breaks is lost."""
    held = ""
    for line in text.splitlines():
        for start in range(0, len(line), PASSAGE):
            piece = line[start : start + PASSAGE]
            if held and len(held) + 1 + len(piece) > PASSAGE:
                yield held
                held = ""
            held = f"{held}\n{piece}" if held else piece
    if held:
        yield held


def _joined(passages: list[str], chosen: list[int]) -> str:
    """In the text's order, with a mark where something is left out."""
    parts, before = [], -1
    for at in chosen:
        parts += ["\n" if at == before + 1 else GAP, passages[at]]
        before = at
    return "".join(parts[1:])
