"""What ``/metrics`` tells."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)


class Meters:
    """Counters of one process, on a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._webhooks = Counter(
            "fixloop_webhooks", "Datadog webhooks by HTTP status", ["status"], registry=self._registry
        )
        self._seconds = Histogram(
            "fixloop_webhook_seconds", "Time until a webhook is answered", buckets=_BUCKETS, registry=self._registry
        )

    def webhook(self, status: int, seconds: float) -> None:
        self._webhooks.labels(status=str(status)).inc()
        self._seconds.observe(seconds)

    def text(self) -> tuple[bytes, str]:
        return generate_latest(self._registry), CONTENT_TYPE_LATEST
