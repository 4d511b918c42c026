"""The way of an incident, wired: from a signal over plans and runs to its thread."""

from __future__ import annotations

import random
from dataclasses import dataclass

from fixloop_bot.adapters.datadog.client import NullTelemetry
from fixloop_bot.adapters.datadog.links import DatadogLinks
from fixloop_bot.application.brake import Brake
from fixloop_bot.application.execution import Execution
from fixloop_bot.application.intake import Intake
from fixloop_bot.application.ledger import Ledger
from fixloop_bot.application.planning import Planning
from fixloop_bot.application.ports import DeepLinks
from fixloop_bot.application.storms import Storms
from fixloop_bot.application.threads import Threads
from fixloop_bot.application.validation import Validation
from fixloop_bot.bootstrap.gallery import FOLLOW_UPS
from fixloop_bot.bootstrap.means import Means


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What an incident goes through."""

    ledger: Ledger
    links: DeepLinks
    intake: Intake
    planning: Planning
    validation: Validation
    execution: Execution
    threads: Threads
    brake: Brake


def build_flow(by: Means) -> Flow:
    store, catalog, clock = by.store, by.catalog, by.clock
    ledger, links = Ledger(store, by.queue, follow_ups=FOLLOW_UPS), DatadogLinks(by.settings.dd_site)
    validation = Validation(store, ledger, catalog=catalog, clock=clock)
    return Flow(
        ledger=ledger,
        links=links,
        intake=Intake(store, ledger, catalog=catalog, clock=clock, default_channel=by.settings.default_channel or ""),
        planning=_planning(by, ledger),
        validation=validation,
        execution=Execution(
            store,
            ledger,
            validation,
            prober=by.prober,
            telemetry=by.telemetry,
            catalog=catalog,
            clock=clock,
            chance=random.Random(),
        ),
        threads=_threads(by, links),
        brake=Brake(store, by.prober, clock=clock, ledger=ledger),
    )


def _planning(by: Means, ledger: Ledger) -> Planning:
    return Planning(
        by.store,
        ledger,
        planner=by.planner,
        telemetry=by.telemetry,
        prober=by.prober,
        catalog=by.catalog,
        clock=by.clock,
        changes=by.telemetry,
        measured=not isinstance(by.telemetry, NullTelemetry),
    )


def _threads(by: Means, links: DeepLinks) -> Threads:
    return Threads(
        by.store,
        by.board,
        links,
        catalog=by.catalog,
        clock=by.clock,
        waiting=by.store,
        queue=by.queue,
        storms=Storms(by.store, by.store, by.storm_board, queue=by.queue, clock=by.clock),
        albums=by.gallery.albums,
        filings=by.gallery.filings,
    )
