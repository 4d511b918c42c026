"""The drawing process: one chart as JSON on stdin, its PNG on stdout."""

from __future__ import annotations

import os
import sys
from typing import Any

import orjson
from pydantic import TypeAdapter

from fixloop_bot.domain.chart import SignalChart
from fixloop_bot.domain.spread import SpreadChart

NICER = 10
"""Whoever answers people goes first."""


def draw(document: dict[str, Any]) -> bytes:
    """The picture that ``{"kind": …, "chart": {…}}`` asks for; matplotlib is loaded here."""
    if document["kind"] == "signal":
        from fixloop_bot.adapters.charts.signal import draw_signal

        return draw_signal(TypeAdapter(SignalChart).validate_python(document["chart"]))
    from fixloop_bot.adapters.charts.spread import draw_spread

    return draw_spread(TypeAdapter(SpreadChart).validate_python(document["chart"]))


def main() -> None:
    if hasattr(os, "nice"):
        os.nice(NICER)
    picture = draw(orjson.loads(sys.stdin.buffer.read()))
    sys.stdout.buffer.write(picture)


if __name__ == "__main__":
    main()
