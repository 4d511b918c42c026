"""Counting logs: the aggregate request, checked as the API checks it, and answered with a count."""

from collections.abc import Mapping
from typing import Any

from .documents import SearchRequestError, Shelf

_AGGREGATIONS = frozenset(
    {"count", "cardinality", "pc75", "pc90", "pc95", "pc98", "pc99", "sum", "min", "max", "avg", "median"}
)
_TYPES = frozenset({"total", "timeseries"})


class NotCounted(Exception):  # noqa: N818 - the request is well formed
    """The real API can do this; the stand-in only counts."""


def aggregate(shelf: Shelf, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The buckets of ``{filter, compute}``: one with ``c0``, ``c1`` …, or none where nothing matches, as recorded.

    Raises SearchRequestError where the API would answer 400, NotCounted where it could do more than this.
    """
    computes = _computes(request.get("compute"))
    if request.get("group_by"):
        raise NotCounted("This stand-in counts all matching logs together; it does not group them")
    found = len(shelf.matching(request))
    return [{"by": {}, "computes": {f"c{place}": found for place in range(computes)}}] if found else []


def _computes(wanted: object) -> int:
    """How many computations are asked for, all of them counts."""
    if wanted is None:
        wanted = [{"aggregation": "count"}]
    if not isinstance(wanted, list) or not wanted:
        raise SearchRequestError("Field 'compute' must be a list with at least one computation")
    for each in wanted:
        if not isinstance(each, Mapping) or each.get("aggregation") not in _AGGREGATIONS:
            raise SearchRequestError(f"Field 'compute.aggregation' must be one of {', '.join(sorted(_AGGREGATIONS))}")
        if each.get("type", "total") not in _TYPES:
            raise SearchRequestError("Field 'compute.type' must be total or timeseries")
        if each["aggregation"] != "count" and not each.get("metric"):
            raise SearchRequestError(f"Field 'compute.metric' is required for {each['aggregation']}")
        if each["aggregation"] != "count" or each.get("type", "total") != "total":
            raise NotCounted("This stand-in only counts: ask for the aggregation count of type total")
    return len(wanted)
