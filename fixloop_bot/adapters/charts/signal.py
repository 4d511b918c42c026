"""Draws a signal around its incident: the line, its dashed limit, and the marks with their words above it."""

from __future__ import annotations

from matplotlib.axes import Axes

from fixloop_bot.adapters.charts import palette
from fixloop_bot.adapters.charts.sheet import EDGE, FONT, TITLE, WIDTH, Sheet, sheet
from fixloop_bot.domain.chart import SignalChart, headline, pieces
from fixloop_bot.domain.chart_layout import Placed, place_labels, time_ticks, value_ticks
from fixloop_bot.domain.figures import reading
from fixloop_bot.domain.moments import utc

PLOT_HEIGHT, FOOT, ROW, HEAD = 128.0, 50.0, 16.0, 34.0
LETTER = 7.0
"""No letter of our few words is wider on average, at 11 pixels: so labels are placed without measuring them."""
LABEL_PADDING = 4.0
LETTERS_OF_TICKS = 6.8


def draw_signal(chart: SignalChart) -> bytes:
    """A PNG, 1,080 pixels wide."""
    ticks = value_ticks([*(value for _, value in chart.points), chart.limit])
    left = EDGE + max(len(reading(tick, chart.unit)) for tick in ticks) * LETTERS_OF_TICKS + 4
    width = WIDTH - left - EDGE - 4
    placed = place_labels([(_x(chart, mark.at, width), _wide(mark.word)) for mark in chart.marks], width=width)
    rows = 1 + max((label.row for label in placed), default=0)
    panel = sheet(FOOT + PLOT_HEIGHT + rows * ROW + HEAD)
    _marks(panel, chart, placed, left=left, rows=rows)
    axes = panel.axes(left, FOOT, width, PLOT_HEIGHT)  # over the marks: nothing hides the signal
    _scale(axes, chart, ticks)
    _limit(axes, chart, ticks)
    _line(axes, chart)
    _words(panel, chart)
    return panel.png()


def _x(chart: SignalChart, at: float, width: float) -> float:
    """Pixels from the left edge of the plot."""
    return (at - chart.start) / (chart.end - chart.start) * width


def _wide(word: str) -> float:
    return len(word) * LETTER + LABEL_PADDING


def _scale(axes: Axes, chart: SignalChart, ticks: tuple[float, ...]) -> None:
    axes.set_xlim(chart.start, chart.end)
    margin = (ticks[-1] - ticks[0]) * 0.04
    axes.set_ylim(ticks[0] - (margin if ticks[0] < 0 else 0), ticks[-1] + margin)
    axes.set_yticks(ticks, [reading(tick, chart.unit) for tick in ticks])
    moments, _ = time_ticks(chart.start, chart.end, chart.opened_at)
    axes.set_xticks([at for at, _ in moments], [label for _, label in moments])
    axes.tick_params(axis="x", pad=8)
    axes.grid(axis="y", color=palette.GRID, linewidth=1)
    axes.set_axisbelow(True)


def _line(axes: Axes, chart: SignalChart) -> None:
    for piece in pieces(chart.points):
        times, values = [at for at, _ in piece], [value for _, value in piece]
        alone = "o" if len(piece) == 1 else ""
        axes.plot(times, values, color=palette.SIGNAL, linewidth=2, solid_joinstyle="round", marker=alone, markersize=3)
    if chart.points:
        at, value = chart.points[-1]
        axes.plot([at], [value], color=palette.SIGNAL, marker="o", markersize=7, clip_on=False, zorder=5)


def _limit(axes: Axes, chart: SignalChart, ticks: tuple[float, ...]) -> None:
    axes.axhline(chart.limit, color=palette.LIMIT, linewidth=1.6, linestyle=(0, (4, 3)))
    below = chart.limit > ticks[0] + 0.85 * (ticks[-1] - ticks[0])
    axes.annotate(
        f"limit {reading(chart.limit, chart.unit)}",
        (chart.start, chart.limit),
        xytext=(2, -4 if below else 4),
        textcoords="offset points",
        va="top" if below else "bottom",
        fontsize=FONT,
        color=palette.LIMIT,
        bbox={"boxstyle": "square,pad=0", "facecolor": palette.PANEL, "edgecolor": "none"},
    )


def _marks(panel: Sheet, chart: SignalChart, placed: tuple[Placed, ...], *, left: float, rows: int) -> None:
    top = FOOT + PLOT_HEIGHT + rows * ROW
    overlay = panel.axes(left, FOOT, WIDTH - left - EDGE - 4, top - FOOT)
    overlay.set_axis_off()
    overlay.set_xlim(0, WIDTH - left - EDGE - 4)
    overlay.set_ylim(0, top - FOOT)
    for mark, label in zip(chart.marks, placed, strict=True):
        middle = top - FOOT - (label.row + 0.5) * ROW
        overlay.plot([label.x, label.x], [0, middle], color=palette.MARK, linewidth=1.2, clip_on=False)
        x, side = _beside(label)
        box = {"boxstyle": "square,pad=0.1", "facecolor": palette.PANEL, "edgecolor": "none"}
        overlay.text(x, middle, mark.word, fontsize=FONT, color=palette.TEXT, ha=side, va="center", bbox=box)


def _beside(label: Placed) -> tuple[float, str]:
    """Where a word begins, ends or has its middle: close to its line."""
    if label.left >= label.x:
        return label.left + LABEL_PADDING, "left"
    if label.right <= label.x:
        return label.right - LABEL_PADDING, "right"
    return (label.left + label.right) / 2, "center"


def _words(panel: Sheet, chart: SignalChart) -> None:
    title = panel.write(headline(chart), EDGE, panel.height - 23, fontsize=TITLE, fontweight="bold")
    panel.fit(title, WIDTH - 2 * EDGE)
    _, unit = time_ticks(chart.start, chart.end, chart.opened_at)
    whole = utc(chart.opened_at)
    began = f"{whole[11:16]} UTC" if whole.endswith("UTC") else whole
    panel.write(f"{unit} from the start, {began}", EDGE, 10, colour=palette.QUIET_TEXT)
