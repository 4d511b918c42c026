"""A sheet to draw on, measured in the pixels of a phone: 360 wide, three real pixels each.

Imports matplotlib, so only the drawing process may import this module.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from fixloop_bot.adapters.charts import palette

WIDTH = 360.0
SCALE = 3
POINTS_TO_AN_INCH = 72.0
FONT, TITLE = 11.0, 13.0
EDGE = 12.0


@dataclass(frozen=True, slots=True)
class Sheet:
    """``left``, ``bottom`` and so on are in pixels of a phone, from the lower left corner."""

    figure: Figure
    height: float

    def axes(self, left: float, bottom: float, width: float, height: float) -> Axes:
        """A plot without a frame, its ticks without marks."""
        box = (left / WIDTH, bottom / self.height, width / WIDTH, height / self.height)
        axes = self.figure.add_axes(box, facecolor="none")
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.tick_params(length=0, pad=4, colors=palette.QUIET_TEXT, labelsize=FONT)
        return axes

    def write(self, text: str, x: float, y: float, *, colour: str = palette.TEXT, **how: Any) -> Text:
        """A text whose lower left corner is at (x, y)."""
        chosen: dict[str, Any] = {"fontsize": FONT, "va": "baseline", **how}
        return self.figure.text(x / WIDTH, y / self.height, text, color=colour, **chosen)

    def fit(self, text: Text, width: float) -> None:
        """Make a text smaller, down to the smallest readable size, until it is at most so wide."""
        size = float(text.get_fontsize())
        while size > FONT and width_of(text) > width:
            size -= 0.5
            text.set_fontsize(size)

    def png(self) -> bytes:
        target = io.BytesIO()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a letter that the font lacks is drawn as a box, which is warning enough
            self.figure.savefig(target, format="png", facecolor=palette.PANEL, metadata={"Software": None})
        return target.getvalue()


def width_of(text: Text) -> float:
    """How wide a text is, in pixels of a phone."""
    return float(text.get_window_extent().width) / SCALE


def sheet(height: float) -> Sheet:
    """An empty panel with a border, 360 × ``height``."""
    mpl.rc("font", family="DejaVu Sans", size=FONT)  # comes with matplotlib: the same picture on every machine
    mpl.rc("text", parse_math=False)  # a name with two dollar signs is no formula
    mpl.rc("hatch", linewidth=1.2)
    size = (WIDTH / POINTS_TO_AN_INCH, height / POINTS_TO_AN_INCH)
    figure = Figure(figsize=size, dpi=POINTS_TO_AN_INCH * SCALE, facecolor=palette.PANEL)
    FigureCanvasAgg(figure)
    figure.patch.set_edgecolor(palette.BORDER)
    figure.patch.set_linewidth(1.5)
    return Sheet(figure, height)
