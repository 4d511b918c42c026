"""A query tree over the store: first over time within a series, then over the series of a group.

As in Datadog, an undefined point stays undefined through arithmetic (no interpolation), and a division by
zero is undefined. Distributions are merged before they are aggregated, so that an average is weighted by
requests and a percentile is one of requests.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .query import Binary, Call, Expression, Metric, Number, calculate, leaves
from .store import COARSE_S, FINE_KEPT_S, Cell, MetricStore, Series

Group = tuple[str, ...]
Points = dict[int, float | None]
Table = dict[Group, Points]

# Longest range in seconds → resolution in seconds; the numbers from an hour upwards are Datadog's own.
RESOLUTIONS = ((300, 1), (900, 5), (3600, 20), (4 * 3600, 60), (86_400, 300))
_COARSEST_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Seconds since the epoch, [start, end), cut into buckets of `interval` seconds from `start`."""

    start: int
    end: int
    interval: int

    def buckets(self) -> range:
        return range(self.start, self.end, self.interval)


def window_for(tree: Expression, start: int, end: int, now: float) -> Window:
    """What the API answers for: whole buckets of the resolution that the range or the rollup asks for."""
    asked = [leaf.rollup[1] for leaf in leaves(tree) if leaf.rollup and leaf.rollup[1]]
    interval = max(asked) if asked else resolution(end - start)
    if interval % COARSE_S and start < now - FINE_KEPT_S:
        interval += -interval % COARSE_S  # seconds that old are no longer kept one by one
    return Window(start=start + -start % interval, end=end + 1, interval=interval)


def resolution(length: int) -> int:
    return next((step for longest, step in RESOLUTIONS if length <= longest), _COARSEST_S)


def evaluate(tree: Expression, window: Window, store: MetricStore) -> Table:
    """Points per group; the group of an ungrouped query is ()."""
    match tree:
        case Metric():
            return _leaf(tree, window, store)
        case Number():
            return {(): dict.fromkeys(window.buckets(), tree.value)}
        case Binary(left=Number(value=number)):
            return _each(evaluate(tree.right, window, store), lambda value: calculate(tree.operator, number, value))
        case Binary(right=Number(value=number)):
            return _each(evaluate(tree.left, window, store), lambda value: calculate(tree.operator, value, number))
        case Binary():
            return _join(tree.operator, evaluate(tree.left, window, store), evaluate(tree.right, window, store))
        case Call(function="abs"):
            return _each(evaluate(tree.argument, window, store), abs)
        case Call():
            table = evaluate(tree.argument, window, store) or {(): {}}
            return {group: _filled(points, window, "zero") for group, points in table.items()}


def _each(table: Table, change: Callable[[float], float | None]) -> Table:
    return {
        group: {at: None if value is None else change(value) for at, value in points.items()}
        for group, points in table.items()
    }


def _join(operator: str, left: Table, right: Table) -> Table:
    """Group by group; an ungrouped side is applied to every group of the other."""
    groups = [group for group in left if group in right]
    if not groups:
        groups = list(right) if () in left else list(left) if () in right else []
    return {group: _pair(operator, _of(left, group), _of(right, group)) for group in groups}


def _of(table: Table, group: Group) -> Points:
    return table[group] if group in table else table[()]


def _pair(operator: str, left: Points, right: Points) -> Points:
    points: Points = {}
    for at in sorted({*left, *right}):
        a, b = left.get(at), right.get(at)
        points[at] = None if a is None or b is None else calculate(operator, a, b)
    return points


def _leaf(leaf: Metric, window: Window, store: MetricStore) -> Table:
    kind = store.type_of(leaf.name)
    gather = _merged if kind == "distribution" else _aggregated
    table = gather(leaf, window, store, kind)
    ordered: Table = {group: dict(sorted(table[group].items())) for group in sorted(table)}
    if leaf.fill is None:
        return ordered
    return {group: _filled(points, window, leaf.fill) for group, points in ordered.items()}


def _selected(leaf: Metric, store: MetricStore) -> Iterator[tuple[Group, Series]]:
    """Series in scope with their group; one that lacks a tag of the grouping belongs to no group."""
    for series in store.series(leaf.name):
        if leaf.scope.matches(series.tags):
            group = _group_of(series.tags, leaf.by)
            if group is not None:
                yield group, series


def _group_of(tags: frozenset[str], by: tuple[str, ...]) -> Group | None:
    found = []
    for key in by:
        tag = next((tag for tag in tags if tag.startswith(f"{key}:")), None)
        if tag is None:
            return None
        found.append(tag)
    return tuple(found)


def _gather(series: Series, window: Window, into: dict[int, Cell]) -> dict[int, Cell]:
    """Merge a series' cells into buckets; whole buckets of 20 s are read from the coarse cells."""
    start, interval = window.start, window.interval
    for at, cell in series.between(start, window.end, fine=_is_fine(window)):
        bucket = at - (at - start) % interval
        found = into.get(bucket)
        if found is None:
            found = into[bucket] = Cell()
        found.merge(cell)
    return into


def _is_fine(window: Window) -> bool:
    return bool(window.interval % COARSE_S or window.start % COARSE_S)


def _merged(leaf: Metric, window: Window, store: MetricStore, _: str) -> Table:
    """Distributions: all requests of a group in one cell a bucket."""
    cells: dict[Group, dict[int, Cell]] = {}
    for group, series in _selected(leaf, store):
        _gather(series, window, cells.setdefault(group, {}))
    return {
        group: {at: _reading(leaf, cell) for at, cell in buckets.items()} for group, buckets in cells.items() if buckets
    }


def _reading(leaf: Metric, cell: Cell) -> float:
    rank = leaf.percentile
    return cell.quantile(rank) if rank is not None else _value(cell, leaf.aggregator)


def _aggregated(leaf: Metric, window: Window, store: MetricStore, kind: str) -> Table:
    """Gauges and counts: over time within each series, then over the series of a group."""
    over_time = _time_method(leaf, kind)
    if over_time == leaf.aggregator == "sum":
        return _summed(leaf, window, store)
    scale = 1 / window.interval if leaf.kind == "rate" else 1.0
    cells: dict[Group, dict[int, Cell]] = {}
    for group, series in _selected(leaf, store):
        buckets = cells.setdefault(group, {})
        for at, cell in _gather(series, window, {}).items():
            buckets.setdefault(at, Cell()).add(_value(cell, over_time) * scale)
    # A percentile over the series of a gauge has no meaning here: the largest is the nearest honest answer.
    over_space = "max" if leaf.percentile is not None else leaf.aggregator
    return {
        group: {at: _value(cell, over_space) for at, cell in buckets.items()}
        for group, buckets in cells.items()
        if buckets
    }


def _summed(leaf: Metric, window: Window, store: MetricStore) -> Table:
    """The commonest query, sums of sums, without a cell in between: four times as fast."""
    start, interval = window.start, window.interval
    scale = 1 / interval if leaf.kind == "rate" else 1.0
    fine = _is_fine(window)
    table: dict[Group, dict[int, float]] = {}
    for group, series in _selected(leaf, store):
        totals = table.setdefault(group, {})
        for at, cell in series.between(start, window.end, fine=fine):
            bucket = at - (at - start) % interval
            if cell.total or bucket not in totals:
                totals[bucket] = totals.get(bucket, 0.0) + cell.total * scale
    return {group: dict(totals) for group, totals in table.items() if totals}


def _time_method(leaf: Metric, kind: str) -> str:
    if leaf.rollup is not None:
        return leaf.rollup[0]
    return "sum" if leaf.kind or kind == "count" else "avg"


def _value(cell: Cell, method: str) -> float:
    match method:
        case "sum":
            return cell.total
        case "min":
            return cell.low
        case "max":
            return cell.high
        case "count":
            return float(cell.n)
        case _:
            return cell.total / cell.n


def _filled(points: Points, window: Window, how: str) -> Points:
    filled: Points = {}
    last: float | None = None
    for at in window.buckets():
        value = points.get(at)
        if value is None:
            value = 0.0 if how == "zero" else last if how == "last" else None
        last = filled[at] = value
    return filled
