"""The only composition root: settings → adapters → use cases. Import builds nothing; ``house()`` builds everything.

::

    wiring        one process: opens its means, and puts the use cases on them
    means         the adapters of one process, opened and closed again
    openings      each of them by itself: catalog, store, Slack, Datadog, model, gate
    flow          the way of an incident: intake, plans, runs, thread
    speaking      the copilot
    ownership     what people do with incidents beside plans and runs
    feeds         App Home, mutes, reminders
    gallery       pictures and reports
    steps         what modals need at once
    outside       the commands that work without Slack
"""

from fixloop_bot.adapters.meaning.embedder import open_meaning
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
    "open_meaning",
    "open_model",
    "open_prober",
    "open_slack",
    "open_telemetry",
    "read_catalog",
    "secret_of",
    "store_url",
]
