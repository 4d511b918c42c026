"""Past incidents that are like a question: ``python -m tests.benchmarks.similar``.

Words alone (BM25), meaning alone (all-MiniLM-L6-v2) and both, fused by places, on 40 past incidents and 32 questions,
half of them in other words than the incident's: mean reciprocal rank, and how often the right one is among the first
three, which are those that an answer sees. Then what it costs. Nothing leaves this machine.
"""

from __future__ import annotations

import asyncio
import os
import resource
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

from fixloop_bot.adapters.meaning.embedder import ProcessMeaning, is_installed
from fixloop_bot.application.copilot.searching import DEEP, Document, Search, ranked
from tests.benchmarks.similar_incidents import ASKED, PARAPHRASE, PAST, WORDS, Asked, Past

SHOWN = 3
PATIENCE_S = 120.0
MANY = 200

Ranking = Callable[[Sequence[Document], str], Awaitable[list[str]]]


def document_of(past: Past) -> Document:
    """As the copilot's own documents are made: title, alert, verdict, and what people did."""
    text = "\n".join((f"{past.title} {past.message}", past.reason, f"what fixed it: {past.fixed}"))
    return Document(id=past.id, title=f"{past.title} {past.service}", text=text)


def many(documents: Sequence[Document]) -> list[Document]:
    """As many as are searched at most, each with words of its own."""
    return [
        replace(
            documents[number % len(documents)], id=f"INC-{number}", title=f"{number} {documents[number % 40].title}"
        )
        for number in range(MANY)
    ]


async def quality(documents: Sequence[Document], rankings: dict[str, Ranking]) -> None:
    """One line for each ranking and kind of question."""
    print(f"{'':<10}{'questions in':<14}{'MRR':>6}{'recall@3':>10}")
    for name, ranking in rankings.items():
        places = [(each.kind, await place(ranking, documents, each)) for each in ASKED]
        for kinds in ((WORDS,), (PARAPHRASE,), (WORDS, PARAPHRASE)):
            mrr, recall = figures([at for kind, at in places if kind in kinds])
            print(f"{name:<10}{kinds[0] if len(kinds) == 1 else 'both kinds':<14}{mrr:>6.2f}{recall:>10.0%}")


async def place(ranking: Ranking, documents: Sequence[Document], asked: Asked) -> int:
    """Counted from 1; 0: it was not found."""
    found = await ranking(documents, asked.text)
    return found.index(asked.wanted) + 1 if asked.wanted in found else 0


def figures(places: Sequence[int]) -> tuple[float, float]:
    """Mean reciprocal rank, and the share among the first three."""
    found = [1 / at if at else 0.0 for at in places]
    return statistics.mean(found), sum(1 <= at <= SHOWN for at in places) / len(places)


async def cost(documents: Sequence[Document], search: Search, meaning: ProcessMeaning) -> None:
    """Milliseconds of a search over 200 incidents, and what the process takes."""
    everything = many(documents)
    began = time.perf_counter()
    await search.likest(everything, "the first of all", most=SHOWN)
    first = time.perf_counter() - began
    alone, both = [], []
    for asked in ASKED:
        began = time.perf_counter()
        await asyncio.to_thread(ranked, everything, asked.text, most=SHOWN)
        alone.append(time.perf_counter() - began)
        began = time.perf_counter()
        await search.likest(everything, f"{asked.text} just now", most=SHOWN)
        both.append(time.perf_counter() - began)
    print(f"a search over {MANY} incidents, median: words {statistics.median(alone) * 1e3:.1f} ms, ", end="")
    print(f"both {statistics.median(both) * 1e3:.0f} ms; the first of all, {MANY} texts new: {first:.1f} s")
    if meaning.pid is not None and sys.platform == "linux":
        size, spent = resident_mib(meaning.pid), processor_s(meaning.pid)
        print(f"the embedding process: {size:.0f} MiB, {spent:.1f} s of a processor until now")
    print(f"this process at its largest: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def resident_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measure() -> None:
    documents = [document_of(each) for each in PAST]

    async def by_words(documents: Sequence[Document], query: str) -> list[str]:
        return await asyncio.to_thread(ranked, documents, query, most=DEEP)

    async def by_both(documents: Sequence[Document], query: str) -> list[str]:
        return await search.likest(documents, query, most=DEEP)

    meaning = ProcessMeaning()
    search = Search(meaning, patience_s=PATIENCE_S)
    try:
        if not is_installed():
            print("The extra embeddings is not installed, so words alone are measured.")
            await quality(documents, {"words": by_words})
            return
        await quality(documents, {"words": by_words, "meaning": search.by_meaning, "both": by_both})
        await cost(documents, search, meaning)
    finally:
        await meaning.aclose()


if __name__ == "__main__":
    asyncio.run(measure())
