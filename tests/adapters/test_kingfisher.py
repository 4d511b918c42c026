"""The kept detector beside the mask's own patterns: what it adds, what it leaves, and that no text turns it off."""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import random
import stat
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixloop_bot.adapters import kingfisher as kingfisher_module
from fixloop_bot.adapters.kingfisher import OVERLAP, WINDOW, Kingfisher, prepare
from fixloop_bot.domain.redaction import mask
from tests.domain.tokens import HEX, TOKENS

GITHUB = TOKENS["GitHub"]
ADOBE = "p8e-" + "".join(random.Random(8).choices(HEX, k=32))
"""A format that only the detector knows."""


@pytest.fixture(scope="session")
def kingfisher(tmp_path_factory: pytest.TempPathFactory) -> Kingfisher:
    shared = tmp_path_factory.getbasetemp().parent  # by all workers, so that the rules are compiled once
    detector = Kingfisher(shared / "kingfisher")
    detector.load()
    return detector


def found(detector: Kingfisher, text: str) -> list[str]:
    raw = text.encode()
    return [raw[start:end].decode() for start, end in detector(raw)]


def test_it_adds_to_the_masks_own_patterns(kingfisher: Kingfisher) -> None:
    """What only the library knows is masked through the one door, with what stands around it kept."""
    text = f"upstream sagt für Müller: {ADOBE} – gescheitert"
    assert mask(text) == text
    assert mask(text, detect=kingfisher) == "upstream sagt für Müller: ‹token› – gescheitert"


def test_a_token_that_was_encoded_in_base64_is_found(kingfisher: Kingfisher) -> None:
    """Own patterns see only the text as it stands."""
    hidden = base64.b64encode(f"export TOKEN_OF_CI={GITHUB} and more".encode()).decode()
    assert mask(f"data {hidden} end", detect=kingfisher) == "data ‹token› end"


@pytest.mark.parametrize(
    "remark", ["# gitleaks:allow", "# betterleaks:allow", "// kingfisher:ignore", "# nosec", "test"]
)
def test_a_remark_in_the_text_does_not_turn_it_off(kingfisher: Kingfisher, remark: str) -> None:
    """Scanners of source code obey such remarks; the text of a log must not decide."""
    assert found(kingfisher, f"said {GITHUB} {remark}") == [GITHUB]


@pytest.mark.parametrize("around", ["\0", "a\0" * 200, "\0\0\0a" * 100, "\ufeff", "ü\u2028", "\x1b[31m", "\r\n", "🙂"])
def test_odd_characters_hide_nothing(kingfisher: Kingfisher, around: str) -> None:
    """Nulls and byte-order marks do not make it take the text for another encoding; places are exact."""
    assert found(kingfisher, f"{around} {GITHUB} {around}") == [GITHUB]


@pytest.mark.parametrize(
    "before", [0, WINDOW - 20, WINDOW, WINDOW - OVERLAP + 100, WINDOW - OVERLAP - 20, 2 * WINDOW - OVERLAP - 7]
)
@pytest.mark.parametrize("filler", ["x ", "ü "])
def test_a_token_on_the_edge_of_a_window_is_found_once(kingfisher: Kingfisher, before: int, filler: str) -> None:
    """Long text is looked at piece by piece, also where a piece begins within a character."""
    text = filler * (before // len(filler.encode())) + GITHUB + " x" * WINDOW
    assert found(kingfisher, text) == [GITHUB]


@pytest.mark.parametrize(
    "size", [0, WINDOW - 80, WINDOW - 40, WINDOW, WINDOW + 40, 2 * WINDOW - OVERLAP - 40, 3 * WINDOW]
)
def test_a_token_at_the_very_end_is_found(kingfisher: Kingfisher, size: int) -> None:
    """The last piece reaches to the end of the text, however long that is."""
    assert found(kingfisher, "x " * (size // 2) + GITHUB) == [GITHUB]


def test_known_placeholders_are_left_as_they_are(kingfisher: Kingfisher) -> None:
    """Masking twice changes nothing more, also where a rule would take the placeholder for a password."""
    assert mask("postgres://app:hunter2@db/shop", detect=kingfisher) == "postgres://app:‹secret›@db/shop"
    text = f"mongodb+srv://app:hunter2hunter2@c0.mongodb.net/shop {ADOBE} password=hunter22 {' '.join(TOKENS.values())}"
    once = mask(text, ["hunter2"], detect=kingfisher)
    assert mask(once, ["hunter2"], detect=kingfisher) == once
    assert "hunter" not in once
    assert not any(token in once for token in TOKENS.values())


@given(st.text(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_can_be_looked_at(kingfisher: Kingfisher, text: str) -> None:
    """Spans are sorted, apart from each other, and inside the text; masking twice is masking once."""
    raw = text.encode("utf-8", "replace")
    edge = 0
    for start, end in kingfisher(raw):
        assert edge <= start < end <= len(raw)
        edge = end
    once = mask(text, detect=kingfisher)
    assert mask(once, detect=kingfisher) == once


ORDINARY = (
    "2026-11-22T08:11:{s}.301Z ERROR checkout payment refused trace_id={h32} span={h16}\n",
    '{{"order": "{u}", "total": 19.99, "etag": "W/\\"{h32}\\"", "status": "ok"}}\n',
    "commit {h40} Merge pull request #12 from fix/checkout\n",
    "Step 2 POST https://shop.example/api/checkout?qty=3 answers 503 in 812 ms, limit p95 400 ms\n",
    "*Recovery proven* 214 of 214 samples passed <https://app.datadoghq.eu/monitors/1?from_ts=1732262473000|Monitor>\n",
    "image checkout@sha256:{h64} key=checkout token expired, password reset mail sent\n",
)


def ordinary(size: int) -> str:
    """Log lines, bodies, cards and steps with fresh ids."""
    dice = random.Random(3)

    def digits(count: int) -> str:
        return "".join(dice.choices(HEX, k=count))

    parts: list[str] = []
    while sum(map(len, parts)) < size:
        ids = {"h16": digits(16), "h32": digits(32), "h40": digits(40), "h64": digits(64), "s": dice.randint(10, 59)}
        uuid = "-".join(digits(count) for count in (8, 4, 4, 4, 12))
        parts.append(dice.choice(ORDINARY).format(**ids, u=uuid))
    return "".join(parts)


def test_it_finds_nothing_in_ordinary_text(kingfisher: Kingfisher) -> None:
    """Log lines, bodies, steps, cards, hashes and images are kept as they are."""
    image = base64.b64encode(random.Random(1).randbytes(60_000)).decode()
    for text in (ordinary(200_000), f"data:image/png;base64,{image}"):
        assert kingfisher(text.encode()) == []


def test_it_is_quick(kingfisher: Kingfisher) -> None:
    """4 KB take 0.03 ms and 100 KB 0.6 ms on a quiet machine; the bounds leave room for a busy one."""
    for size, most_s in ((4_096, 0.01), (100_000, 0.1)):
        raw = ordinary(size).encode()
        began = time.process_time()
        kingfisher(raw)
        assert time.process_time() - began < most_s


@pytest.mark.parametrize(
    "piece",
    ["-----BEGIN RSA PRIVATE KEY-----\nMIIE", "eyJ", "key=", "mongodb://a:b@", "AKIA", "Z2hwX2FC", f"{GITHUB} "],
)
def test_hostile_text_takes_bounded_time(kingfisher: Kingfisher, piece: str) -> None:
    """Windows keep the rules that take more than linear time within bounds."""
    raw = (piece * (300_000 // len(piece))).encode()
    began = time.process_time()
    kingfisher(raw)
    assert time.process_time() - began < 3


def test_many_threads_may_ask_at_once(kingfisher: Kingfisher) -> None:
    """Each gets the places of its own text."""
    texts = ["x" * count + f" {GITHUB}" for count in range(200)]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda text: found(kingfisher, text), texts)) == [[GITHUB]] * len(texts)


def test_the_rules_are_kept_for_the_next_start(kingfisher: Kingfisher, tmp_path: Path) -> None:
    """The folder is made, is private, and holds the compiled rules."""
    folder = tmp_path / "deep" / "rules"
    assert found(Kingfisher(folder), f"said {GITHUB}") == [GITHUB]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert any(each.stat().st_size > 100_000 for each in folder.iterdir())


def test_what_fails_finds_nothing_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A folder that cannot be made leaves the mask with its own patterns; the text is not in the log."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    detector = Kingfisher(blocked / "rules")
    with caplog.at_level(logging.WARNING):
        assert mask(f"said {GITHUB} and {ADOBE}", detect=detector) == f"said ‹token› and {ADOBE}"
    assert "the own patterns stand alone" in caplog.text
    assert ADOBE not in caplog.text


@pytest.mark.parametrize("around", ["{}", "key {}.", "({})", "<{}>", "pod {}: gone", "is it {}?", "{}, then"])
def test_a_secret_is_known_whatever_ends_the_phrase(kingfisher: Kingfisher, around: str) -> None:
    """The rules alone want a blank, a quote or the end behind it."""
    secret = b"glsa_" + b"5FTotxoVuIOHC5ZzGz0usCALaql5IDSJ_bc0f1e2d"
    before, _, behind = around.partition("{}")
    start = len(before)
    assert kingfisher(before.encode() + secret + behind.encode()) == [(start, start + len(secret))]


@pytest.mark.timeout(400)
async def test_a_child_process_compiles_the_rules_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It leaves the compiled rules and a note behind, and no memory in this process; once is enough."""
    monkeypatch.setattr(kingfisher_module, "DEADLINE_S", 360.0)  # it goes last: busy cores let it starve for minutes
    folder = tmp_path / "rules"
    await prepare(folder)
    (compiled,) = folder.glob("*.vscdb")
    assert len(list(folder.glob("compiled-*"))) == 1
    assert compiled.stat().st_size > 100_000
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    compiled.unlink()
    await prepare(folder)
    assert not compiled.exists(), "the note says that it was done"
    assert found(Kingfisher(folder), f"said {GITHUB}") == [GITHUB]


@pytest.mark.timeout(400)
async def test_the_loop_goes_on_meanwhile(tmp_path: Path) -> None:
    """While the rules are compiled and loaded, nobody else waits for half a second (0.02 s on a quiet machine)."""
    slowest, last, over = 0.0, time.perf_counter(), asyncio.Event()

    async def beat() -> None:
        nonlocal slowest, last
        while not over.is_set():
            await asyncio.sleep(0.002)
            slowest, last = max(slowest, time.perf_counter() - last), time.perf_counter()

    async with asyncio.TaskGroup() as group:
        group.create_task(beat())
        await prepare(tmp_path / "rules")
        await asyncio.to_thread(Kingfisher(tmp_path / "rules").load)
        over.set()
    assert slowest < 0.5


async def test_whoever_stops_ends_the_child(tmp_path: Path) -> None:
    """Nothing goes on after the worker is gone, and there is no note of what was not done."""
    preparing = asyncio.create_task(prepare(tmp_path / "rules"))
    while not children():
        await asyncio.sleep(0.001)
    preparing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await preparing
    assert children() == []
    assert list((tmp_path / "rules").glob("compiled-*")) == []


def children() -> list[str]:
    """The processes that this one has started to compile rules."""
    listed = subprocess.run(["ps", "-axo", "ppid=,args="], capture_output=True, text=True, check=True)
    processes = [line.split(maxsplit=1) for line in listed.stdout.splitlines()]
    return [args for parent, args in processes if parent == str(os.getpid()) and "adapters.kingfisher" in args]


async def test_a_folder_that_cannot_be_made_costs_only_the_wait(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    with caplog.at_level(logging.INFO):
        await prepare(tmp_path / "file" / "rules")
    assert "are compiled with the first question (exit 1)" in caplog.text
