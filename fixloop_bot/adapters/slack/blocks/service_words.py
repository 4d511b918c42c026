"""A service of the catalog in words: what is known of it, and what it lacks to prove anything."""

from __future__ import annotations

from fixloop_bot.adapters.slack.blocks.feed_words import JUST_NOW, age
from fixloop_bot.adapters.slack.blocks.text import counted, day_and_clock, one_line
from fixloop_bot.domain.baselines import Baseline
from fixloop_bot.domain.catalog import QuietHours, Service
from fixloop_bot.domain.figures import Unit, reading, unit_of
from fixloop_bot.domain.mutes import Mute


def service_words(service: Service, *, baseline: Baseline | None, mute: Mute | None, now: float) -> str:
    """A few lines: whether it is watched, what can be looked at, who may validate, and what is missing."""
    muted = f" · 🔕 muted until {day_and_clock(mute.until, now)}" if mute is not None else ""
    watched = "watched" if service.watch else "not watched, waits for alerts"
    checks = [
        counted(len(service.probes), "probe"),
        "OpenAPI" if service.openapi else "",
        "logs" if service.logs else "",
        _quiet(service.quiet_hours),
    ]
    lines: list[str] = [
        f"*{one_line(service.name)}* · {watched}{muted}",
        *_missing(service),
        f"{_channel(service.channel)} · may validate: {_responders(service.responders)}",
        _metrics(service),
        " · ".join(each for each in checks if each),
        _baseline(service, baseline, now),
        "" if _missing(service) else "Nothing is missing to prove a recovery.",
    ]
    return "\n".join(line for line in lines if line)


def _metrics(service: Service) -> str:
    """``error_rate (limit 1 %), p95_ms (limit 400 ms)``"""
    said = []
    for name, query in service.metrics:
        measure = service.measure(name)
        limit = f" (limit {reading(measure.limit, _unit(name, query, measure.limit))})" if measure is not None else ""
        said.append(f"{one_line(name, 60)}{limit}")
    return f"Metrics: {', '.join(said)}" if said else ""


def _unit(name: str, query: str, limit: float) -> Unit:
    """By the query, else by the name that the catalog gives it."""
    known = unit_of(query, limit)
    return Unit.MILLISECONDS if known is Unit.NONE and name.endswith("_ms") else known


def _channel(channel: str | None) -> str:
    if channel is None:
        return "the default channel"
    return one_line(channel) if channel.startswith("#") else f"<#{channel}>"


def _responders(responders: tuple[str, ...]) -> str:
    shown = [f"<!subteam^{each}>" if each.startswith("S") else f"<@{each}>" for each in responders]
    return ", ".join(shown) or "everybody"


def _quiet(hours: QuietHours | None) -> str:
    if hours is None:
        return ""
    begins, ends = (f"{minute // 60:02}:{minute % 60:02}" for minute in (hours.begins, hours.ends))
    return f"no reminders {begins} to {ends} ({one_line(hours.zone, 60)}), but for SEV1"


def _baseline(service: Service, baseline: Baseline | None, now: float) -> str:
    if baseline is None:
        learns = "they come with the first healthy round" if service.baseline_every_s else "set `baseline_every_s`"
        return f"No healthy times to compare with: {learns}." if service.probes else ""
    samples, last = sum(probe.samples for probe in baseline.probes), age(now - baseline.until)
    return f"Healthy times: {counted(samples, 'sample')}, the last {last}{'' if last == JUST_NOW else ' ago'}"


def _missing(service: Service) -> list[str]:
    """What keeps FixLoop from proving a recovery, a line each, the worst first."""
    lacks = []
    if service.base_url is None:
        lacks.append("base_url: no request can test it, so nothing can be proven")
    elif not service.probes and not service.openapi:
        lacks.append("probes or openapi: plans can only guess which requests matter")
    if not any(service.measure(name) for name in ("error_rate", "p95_ms")):
        lacks.append("a metric with its slo: real traffic is not measured after a fix")
    return [f"Missing {each}." for each in lacks]
