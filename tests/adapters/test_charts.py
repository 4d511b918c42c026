"""Pictures that can be read on a phone, by night and by day, drawn where they hold up nobody."""

from __future__ import annotations

import asyncio
import io
import os
import struct
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixloop_bot.adapters.charts import painter as painter_module
from fixloop_bot.adapters.charts import palette
from fixloop_bot.adapters.charts.__main__ import draw
from fixloop_bot.adapters.charts.painter import PNG, ProcessPainter
from fixloop_bot.application.pictures import PaintingFailed
from fixloop_bot.domain.chart import Mark, SignalChart
from fixloop_bot.domain.figures import Unit
from fixloop_bot.domain.signals import Comparator
from fixloop_bot.domain.spread import MOST_BINS as BINS
from fixloop_bot.domain.spread import Side, SpreadChart
from tests.domain.test_chart import RISE_AND_FALL, chart

WORDS = (
    *("start", "reproduced", "validate", "proven", "unproven", "not recovered", "inconclusive"),
    *("deploy", "rollback", "change", "resolved"),
)
SPREAD = SpreadChart(
    number=1,
    edges=tuple(10.0 * 1.2**index for index in range(BINS + 1)),
    logarithmic=True,
    before=Side(
        samples=20, failures=7, passed=(1,) * 13 + (0,) * (BINS - 13), failed=(0,) * 17 + (1,) * 7, tail_ms=300.0
    ),
    now=Side(samples=24, failures=0, passed=(1,) * BINS, failed=(0,) * BINS, tail_ms=120.0),
)


def size(png: bytes) -> tuple[int, int]:
    """Width and height in pixels, out of the file's head."""
    assert png.startswith(PNG)
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.mark.parametrize("colour", palette.TEXTS)
def test_text_can_be_read(colour: str) -> None:
    """4.5 : 1 against the panel, which brings its own background to dark and light pages."""
    assert palette.contrast(colour, palette.PANEL) >= 4.5


@pytest.mark.parametrize("colour", palette.LINES)
def test_lines_can_be_seen(colour: str) -> None:
    assert palette.contrast(colour, palette.PANEL) >= 3


def test_the_ruler_of_contrast_measures() -> None:
    assert palette.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert palette.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_a_picture_is_sharp_on_a_phone() -> None:
    """Three pixels for each of a phone's 360; not too high for a card."""
    for png in (draw({"kind": "signal", "chart": chart(*RISE_AND_FALL)}), draw({"kind": "spread", "chart": SPREAD})):
        width, height = size(png)
        assert width == 3 * 360
        assert 180 <= height / 3 <= 330
        assert len(png) < 200_000


@pytest.mark.parametrize("word", WORDS)
def test_words_are_no_wider_than_they_are_placed_for(word: str) -> None:
    """Labels are placed without measuring; the real letters have to fit, and are large enough to be read."""
    from fixloop_bot.adapters.charts.sheet import FONT, sheet, width_of
    from fixloop_bot.adapters.charts.signal import LABEL_PADDING, LETTER

    panel = sheet(200)
    assert FONT >= 11
    assert width_of(panel.write(word, 0, 0)) <= len(word) * LETTER + LABEL_PADDING


def test_a_long_title_stays_inside() -> None:
    """It gets smaller, though never too small to read."""
    from fixloop_bot.adapters.charts.sheet import EDGE, FONT, TITLE, WIDTH, sheet, width_of

    panel = sheet(200)
    text = panel.write("Response time of payments 1,240 ms, was 30 s", EDGE, 0, fontsize=TITLE, fontweight="bold")
    panel.fit(text, WIDTH - 2 * EDGE)
    assert width_of(text) <= WIDTH - EDGE
    assert text.get_fontsize() >= FONT


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    values=st.lists(st.floats(min_value=-1e9, max_value=1e12), max_size=40),
    limit=st.floats(min_value=-1e9, max_value=1e12),
    unit=st.sampled_from(Unit),
    comparator=st.sampled_from(Comparator),
    marks=st.lists(st.tuples(st.floats(0, 1), st.sampled_from(WORDS)), max_size=5),
    name=st.sampled_from(("error rate", "$\\frac{1}{0}$ $x", "x" * 30)),
)
def test_any_chart_can_be_drawn(
    values: list[float],
    limit: float,
    unit: Unit,
    comparator: Comparator,
    marks: list[tuple[float, str]],
    name: str,
) -> None:
    """Whatever Datadog answers; a name with dollar signs is no formula."""
    known = chart(*((float(at), value) for at, value in enumerate(values, start=-20)), limit=limit, unit=unit)
    placed = tuple(Mark(at=known.start + part * (known.end - known.start), word=word) for part, word in marks)
    whole = SignalChart(
        name=name,
        unit=unit,
        comparator=comparator,
        limit=limit,
        opened_at=known.opened_at,
        start=known.start,
        end=known.end,
        points=known.points,
        marks=placed,
    )
    assert size(draw({"kind": "signal", "chart": whole}))[0] == 1080


async def test_a_process_draws_it_and_ends(tmp_path: Path) -> None:
    """The event loop goes on meanwhile, and matplotlib is never loaded here by a painter."""
    code = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from tests.domain.test_chart import RISE_AND_FALL, chart\n"
        "from fixloop_bot.adapters.charts.painter import ProcessPainter\n"
        f"png = asyncio.run(ProcessPainter(Path({str(tmp_path)!r})).signal(chart(*RISE_AND_FALL)))\n"
        "assert 'matplotlib' not in sys.modules and 'numpy' not in sys.modules\n"
        "sys.stdout.buffer.write(png)\n"
    )
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    png, _ = await child.communicate()
    assert child.returncode == 0
    assert size(png)[0] == 1080


async def test_the_loop_is_not_held_up(tmp_path: Path) -> None:
    """Somebody who clicks is acknowledged while a picture is drawn."""
    latest = 0.0

    async def beat() -> None:
        nonlocal latest
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            latest = max(latest, time.perf_counter() - began)

    beating = asyncio.create_task(beat(), name="beat")
    try:
        await ProcessPainter(tmp_path).spread(SPREAD)
    finally:
        beating.cancel()
        await asyncio.wait({beating})
    assert latest < 0.5


async def test_the_drawing_process_knows_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that reads the environment finds no token in it."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    seen: list[dict[str, str]] = []
    real = asyncio.create_subprocess_exec

    async def noting(*command: str, **options: object) -> asyncio.subprocess.Process:
        seen.append(dict(options["env"]))  # type: ignore[call-overload]
        return await real(*command, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", noting)
    await ProcessPainter(tmp_path).spread(SPREAD)
    assert set(seen[0]) == {"MPLCONFIGDIR", "PYTHONPATH"}
    assert os.environ["SLACK_BOT_TOKEN"] not in str(seen)


async def test_a_drawing_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence for the log, no process left behind."""
    monkeypatch.setattr(painter_module, "DEADLINE_S", 0.01)
    with pytest.raises(PaintingFailed, match=r"not drawn within"):
        await ProcessPainter(tmp_path).spread(SPREAD)


async def test_a_drawing_that_fails_says_why(tmp_path: Path) -> None:
    broken = SpreadChart(number=1, edges=(), logarithmic=True, before=SPREAD.before, now=SPREAD.now)
    with pytest.raises(PaintingFailed, match=r"could not be drawn: \w+Error"):
        await ProcessPainter(tmp_path).spread(broken)


def test_a_picture_says_nothing_of_the_machine() -> None:
    """No path, no user, no library's name in the file."""
    png = io.BytesIO(draw({"kind": "spread", "chart": SPREAD})).getvalue()
    assert b"tEXtSoftware" not in png
    assert os.path.expanduser("~").encode() not in png
