"""Draws one step's tries before the fix and now: two histograms over one scale, failures hatched."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes

from fixloop_bot.adapters.charts import palette
from fixloop_bot.adapters.charts.sheet import EDGE, FONT, TITLE, WIDTH, Sheet, sheet
from fixloop_bot.domain.chart_layout import value_ticks
from fixloop_bot.domain.figures import milliseconds, number
from fixloop_bot.domain.spread import Side, SpreadChart, side_said

PLOT, GAP, FOOT, HEAD = 52.0, 26.0, 50.0, 62.0
MOST_TICKS = 4
AT_THE_EDGE = 0.08
"""No label stands this near an end of the scale, as a share of it."""
P95_ROOM = 0.12
"""Free space above the highest bar, as a share of it."""


def draw_spread(chart: SpreadChart) -> bytes:
    """A PNG, 1,080 pixels wide."""
    panel = sheet(FOOT + 2 * PLOT + GAP + HEAD)
    panel.write(f"Step {chart.number}, before the fix and now", EDGE, panel.height - 23, fontsize=TITLE, weight="bold")
    upper = FOOT + PLOT + GAP
    for side, name, bottom in ((chart.before, "Before", upper), (chart.now, "Now", FOOT)):
        axes = panel.axes(EDGE, bottom, WIDTH - 2 * EDGE, PLOT)
        _bars(axes, side, chart)
        _tail(axes, side)
        panel.write(f"{name}: {side_said(side)}", EDGE, bottom + PLOT + 6)
        axes.set_yticks([])
        axes.axhline(0, color=palette.MARK, linewidth=1.2, clip_on=False)
        _scale(axes, chart, shown=bottom == FOOT)
    _foot(panel, chart)
    return panel.png()


def _bars(axes: Axes, side: Side, chart: SpreadChart) -> None:
    """Each side is scaled to its own highest bar: what is compared is where the tries lie, not how many there were."""
    edges = chart.edges
    widths = [(after - before) * 0.86 for before, after in pairwise(edges)]
    axes.bar(edges[:-1], side.passed, widths, align="edge", color=palette.PASSED)
    for left, wide, below, count in zip(edges, widths, side.passed, side.failed, strict=False):
        if count:
            box: dict[str, Any] = {
                "facecolor": palette.PANEL,
                "edgecolor": palette.FAILED,
                "hatch": "//////",
                "linewidth": 1,
            }
            axes.bar([left], [count], [wide], bottom=[below], align="edge", **box)
    axes.set_ylim(0, max(1, side.tallest) * (1 + P95_ROOM))


def _tail(axes: Axes, side: Side) -> None:
    if side.tail_ms is not None:
        axes.axvline(side.tail_ms, color=palette.TEXT, linewidth=1.4, linestyle=(0, (1.5, 1.5)))


def _scale(axes: Axes, chart: SpreadChart, *, shown: bool) -> None:
    low, high = chart.edges[0], chart.edges[-1]
    if chart.logarithmic:
        axes.set_xscale("log")
    axes.minorticks_off()
    pad = (high / low) ** 0.02 if chart.logarithmic else 1.0
    room = 0.0 if chart.logarithmic else high * 0.02
    axes.set_xlim(low / pad - room, high * pad + room)
    ticks = _ticks(low, high, logarithmic=chart.logarithmic)
    axes.set_xticks(ticks, [milliseconds(tick) for tick in ticks] if shown else [])
    axes.tick_params(axis="x", pad=6)


def _ticks(low: float, high: float, *, logarithmic: bool) -> list[float]:
    """Round times, few enough to stand beside each other, and none so near an edge that its label is cut off."""
    if not logarithmic:
        step = value_ticks([0.75 * high])[1]
        return [count * step for count in range(1, MOST_TICKS + 1) if count * step < (1 - AT_THE_EDGE) * high]
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    edge = (high / low) ** AT_THE_EDGE
    for factors in ((1, 2, 5), (1, 3), (1,)):
        fine = [factor * 10.0**power for power in powers for factor in factors]
        within = [tick for tick in fine if low * edge <= tick <= high / edge]
        if len(within) <= MOST_TICKS:
            break
    return within[:: -(-len(within) // MOST_TICKS)] if within else []


def _foot(panel: Sheet, chart: SpreadChart) -> None:
    said = [f"dotted line: {' or '.join(dict.fromkeys((chart.before.tail, chart.now.tail)))}"]
    if chart.before.failures or chart.now.failures:
        silent = sum(side.failures - sum(side.failed) for side in (chart.before, chart.now))
        without = f", {number(silent)} had no answer" if silent else ""
        said.insert(0, f"hatched: failed{without}")
    text = panel.write(" · ".join(said), EDGE, 10, colour=palette.QUIET_TEXT, fontsize=FONT)
    panel.fit(text, WIDTH - 2 * EDGE)
