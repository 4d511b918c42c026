"""A local stand-in for Datadog: metrics, logs, events, monitors and webhooks over HTTP, in memory."""

from .limits import Limit
from .server import LocalDatadog
from .webhooks import DeliveryMood

__all__ = ["DeliveryMood", "Limit", "LocalDatadog"]
