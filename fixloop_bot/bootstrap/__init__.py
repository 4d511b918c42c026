"""The only composition root: settings → adapters → use cases. Import builds nothing; ``house()`` builds everything."""

from fixloop_bot.bootstrap.openings import (
    install_webhook,
    open_app_connections,
    open_model,
    open_prober,
    open_slack,
    open_telemetry,
    read_catalog,
    store_url,
)
from fixloop_bot.bootstrap.outside import Bench, bench, halted_by
from fixloop_bot.bootstrap.wiring import House, house
from fixloop_bot.config import Settings, SettingsError, secret_of

__all__ = [
    "Bench",
    "House",
    "Settings",
    "SettingsError",
    "bench",
    "halted_by",
    "house",
    "install_webhook",
    "open_app_connections",
    "open_model",
    "open_prober",
    "open_slack",
    "open_telemetry",
    "read_catalog",
    "secret_of",
    "store_url",
]
