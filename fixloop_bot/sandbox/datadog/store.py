"""Metric points in memory, in two resolutions, with bounded age and bounded count.

Every point is merged into a cell of one second (kept 15 minutes) and a cell of 20 seconds (kept 4 hours), so
that a query over an hour reads hundreds of cells and not every request. Distribution values go into
logarithmic bins with 1 % relative error, the idea of DDSketch (Masson, Rim and Lee, VLDB 2019), which Datadog
itself uses.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

FINE_S, FINE_KEPT_S = 1, 900
COARSE_S, COARSE_KEPT_S = 20, 4 * 3600
FUTURE_S = 600  # the intake ignores points further ahead, and those older than an hour, as Datadog's does
PAST_S = 3600
MAX_SERIES = 4000

_GAMMA = 1.02
_LOG_GAMMA = math.log(_GAMMA)
_SMALLEST = 1e-9


@dataclass(slots=True)
class Cell:
    """What happened in one series during one interval."""

    n: int = 0
    total: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    bins: dict[int, int] | None = None

    def add(self, value: float) -> None:
        self.n += 1
        self.total += value
        self.low = min(self.low, value)
        self.high = max(self.high, value)

    def add_sample(self, value: float) -> None:
        """One value of a distribution: also counted in its bin."""
        self.add(value)
        if self.bins is None:
            self.bins = {}
        key = bin_of(value)
        self.bins[key] = self.bins.get(key, 0) + 1

    def merge(self, other: "Cell") -> None:
        """Take in another cell; comparisons instead of min() and max() because queries do this the most."""
        self.n += other.n
        self.total += other.total
        if other.low < self.low:
            self.low = other.low
        if other.high > self.high:
            self.high = other.high
        if other.bins is None:
            return
        if self.bins is None:
            self.bins = other.bins.copy()
            return
        mine = self.bins
        for key, count in other.bins.items():
            mine[key] = mine.get(key, 0) + count

    def quantile(self, rank: float) -> float:
        """The value below which `rank` (0 to 1) of the samples lie, within 1 %, never beyond low and high."""
        remaining = rank * (self.n - 1)
        bins = self.bins or {}
        for key in sorted(bins):
            remaining -= bins[key]
            if remaining < 0:
                return min(max(value_of(key), self.low), self.high)
        return self.high


def bin_of(value: float) -> int:
    """Bin index; everything at or below a billionth, negatives included, shares the lowest bin."""
    return math.ceil(math.log(max(value, _SMALLEST)) / _LOG_GAMMA)


def value_of(key: int) -> float:
    """The middle of a bin."""
    return float(2 * _GAMMA**key / (1 + _GAMMA))


@dataclass(slots=True)
class Series:
    """One metric with one exact set of tags."""

    tags: frozenset[str]
    fine: dict[int, Cell] = field(default_factory=dict)
    coarse: dict[int, Cell] = field(default_factory=dict)
    last: int = 0

    def cells_at(self, timestamp: int) -> tuple[Cell, Cell]:
        self.last = max(self.last, timestamp)
        coarse = timestamp - timestamp % COARSE_S
        return self.fine.setdefault(timestamp, Cell()), self.coarse.setdefault(coarse, Cell())

    def between(self, start: int, end: int, *, fine: bool) -> Iterable[tuple[int, Cell]]:
        """Cells whose beginning lies in [start, end); reads the fewer of those asked and those held."""
        cells, step = (self.fine, FINE_S) if fine else (self.coarse, COARSE_S)
        first = start + -start % step
        if (end - first) // step < len(cells):
            return [(at, cells[at]) for at in range(first, end, step) if at in cells]
        return [item for item in cells.items() if first <= item[0] < end]

    def forget(self, now: int) -> None:
        for cells, kept in ((self.fine, FINE_KEPT_S), (self.coarse, COARSE_KEPT_S)):
            for at in [at for at in cells if at < now - kept]:
                del cells[at]


class MetricStore:
    """All series by metric name. `dropped` counts points refused for their age or for want of room."""

    def __init__(self) -> None:
        self._series: dict[str, dict[frozenset[str], Series]] = {}
        self._types: dict[str, str] = {}
        self._count = 0
        self.dropped = 0

    def names(self) -> list[str]:
        return sorted(self._series)

    def type_of(self, metric: str) -> str:
        """`gauge`, `count`, `rate` or `distribution`; gauge where nothing was ever submitted."""
        return self._types.get(metric, "gauge")

    def series(self, metric: str) -> Iterable[Series]:
        return self._series.get(metric, {}).values()

    def add(
        self, metric: str, kind: str, tags: frozenset[str], timestamp: int, values: list[float], now: float
    ) -> None:
        """Merge points of one second; a metric keeps the type of its first point."""
        series = self._find(metric, tags) if now - PAST_S <= timestamp <= now + FUTURE_S else None
        if series is None:
            self.dropped += len(values)
            return
        distribution = self._types.setdefault(metric, kind) == "distribution"
        for cell in series.cells_at(timestamp):
            for value in values:
                (cell.add_sample if distribution else cell.add)(value)

    def forget(self, now: float) -> None:
        """Drop what is past its age; called every minute."""
        for metric, group in list(self._series.items()):
            for tags, series in list(group.items()):
                series.forget(int(now))
                if not series.coarse:
                    del group[tags]
                    self._count -= 1
            if not group:
                del self._series[metric]

    def _find(self, metric: str, tags: frozenset[str]) -> Series | None:
        found = self._series.get(metric, {}).get(tags)
        if found is None and self._count < MAX_SERIES:
            found = self._series.setdefault(metric, {})[tags] = Series(tags)
            self._count += 1
        return found
