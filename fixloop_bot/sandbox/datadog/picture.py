"""A line chart as a PNG, drawn without any library: what a graph snapshot shows."""

import struct
import zlib
from collections.abc import Sequence
from itertools import pairwise

WIDTH, HEIGHT, MARGIN = 640, 200, 12
PAPER, GRID, LINE, LIMIT = (255, 255, 255), (226, 230, 236), (99, 44, 166), (204, 41, 54)

Colour = tuple[int, int, int]
Curve = Sequence[tuple[float, float | None]]


class Canvas:
    """Pixels, three bytes each, from the upper left."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._pixels = bytearray(bytes(PAPER) * (width * height))

    def dot(self, x: int, y: int, colour: Colour) -> None:
        if 0 <= x < self.width and 0 <= y < self.height:
            at = 3 * (y * self.width + x)
            self._pixels[at : at + 3] = bytes(colour)

    def line(self, start: tuple[int, int], end: tuple[int, int], colour: Colour) -> None:
        """Two pixels thick."""
        steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
        for step in range(steps + 1):
            x = round(start[0] + (end[0] - start[0]) * step / steps)
            y = round(start[1] + (end[1] - start[1]) * step / steps)
            self.dot(x, y, colour)
            self.dot(x, y + 1, colour)

    def png(self) -> bytes:
        """PNG, 8 bits RGB (RFC 2083): signature, IHDR, IDAT, IEND."""
        row = 3 * self.width
        raw = b"".join(b"\0" + self._pixels[at : at + row] for at in range(0, len(self._pixels), row))
        header = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(raw)), (b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def chart(curves: Sequence[Curve], *, start: float, end: float, limit: float | None = None) -> bytes:
    """The curves from `start` to `end` over a grid, with a line at `limit`; gaps where there is no value."""
    canvas = Canvas(WIDTH, HEIGHT)
    values = [value for curve in curves for _, value in curve if value is not None]
    values += [limit] if limit is not None else []
    low, high = min(values, default=0.0), max(values, default=1.0)
    low, high = min(low, 0.0), high if high > low else low + 1.0

    def place(at: float, value: float) -> tuple[int, int]:
        x = MARGIN + (at - start) / max(end - start, 1.0) * (WIDTH - 2 * MARGIN)
        y = HEIGHT - MARGIN - (value - low) / (high - low) * (HEIGHT - 2 * MARGIN)
        return round(x), round(y)

    for quarter in range(5):
        level = low + (high - low) * quarter / 4
        canvas.line(place(start, level), place(end, level), GRID)
    if limit is not None:
        canvas.line(place(start, limit), place(end, limit), LIMIT)
    for curve in curves:
        for (at, value), (later, following) in pairwise(curve):
            if value is not None and following is not None:
                canvas.line(place(at, value), place(later, following), LINE)
    return canvas.png()
