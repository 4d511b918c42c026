"""The feed, the mutes and the reminders, wired."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fixloop_bot.adapters.clock import WorldCalendar
from fixloop_bot.adapters.datadog.client import NullTelemetry
from fixloop_bot.adapters.minimax.client import MiniMaxClient
from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.crier import NullCrier, SlackCrier
from fixloop_bot.adapters.slack.home import FeedWords, NullFront, SlackFront
from fixloop_bot.application.brake import Brake
from fixloop_bot.application.curves import Curves
from fixloop_bot.application.directory import Directory
from fixloop_bot.application.feed import Feed
from fixloop_bot.application.feed_views import Front
from fixloop_bot.application.jobs import JobQueue
from fixloop_bot.application.ledger import Ledger
from fixloop_bot.application.listing import Listing
from fixloop_bot.application.mute_ports import Downtimes
from fixloop_bot.application.muting import Muting
from fixloop_bot.application.ports import Clock, Telemetry
from fixloop_bot.application.reminders import Crier, Reminders
from fixloop_bot.application.wishes import Command, Deed
from fixloop_bot.domain.catalog import Catalog

NO_KEYS = "Datadog keys are not set (DD_API_KEY, DD_APP_KEY): real traffic is not measured, so nothing is read from it."
NO_MODEL = "MINIMAX_API_KEY is not set: plans are the standard ones, and questions are answered from state alone."
MODEL_DOWN = "The model does not answer: plans are the standard ones until it does."


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeds:
    """What is built here. ``run`` of feed, curves and reminders never return."""

    feed: Feed
    curves: Curves
    muting: Muting
    listing: Listing
    reminders: Reminders

    def deeds(self) -> Mapping[str, Deed]:
        return self.feed.deeds()

    def commands(self) -> Sequence[Command]:
        return (*self.listing.commands(), *self.muting.commands())


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedMeans:
    """What it is built of."""

    store: RedisStore
    queue: JobQueue
    ledger: Ledger
    front: Front
    crier: Crier
    telemetry: Telemetry
    model: MiniMaxClient | None
    downtimes: Downtimes
    directory: Directory
    brake: Brake
    catalog: Catalog
    clock: Clock
    name: str


def front_of(slack: SlackApi | None) -> Front:
    return SlackFront(slack) if slack is not None else NullFront()


def crier_of(slack: SlackApi | None) -> Crier:
    return SlackCrier(slack) if slack is not None else NullCrier()


def build_feeds(by: FeedMeans) -> Feeds:
    feed = Feed(by.store, by.front, clock=by.clock, name=by.name, troubles=_troubles(by))
    words, calendar = FeedWords(), WorldCalendar()
    muting = Muting(
        by.store,
        by.store,
        by.ledger,
        catalog=by.catalog,
        clock=by.clock,
        calendar=calendar,
        directory=by.directory,
        downtimes=by.downtimes,
        words=words,
    )
    return Feeds(
        feed=feed,
        curves=Curves(by.store, feed.rows, telemetry=by.telemetry, catalog=by.catalog, clock=by.clock, name=by.name),
        muting=muting,
        listing=Listing(feed, by.front, by.store, words, by.brake, catalog=by.catalog, clock=by.clock),
        reminders=Reminders(
            by.store,
            feed.rows,
            by.ledger,
            by.queue,
            by.crier,
            catalog=by.catalog,
            clock=by.clock,
            calendar=calendar,
            mutes=by.store.mutes,
            end_mutes=muting.end_due,
            name=by.name,
        ),
    )


def _troubles(by: FeedMeans) -> Callable[[], Sequence[str]]:
    """What keeps FixLoop from its work now, asked whenever the feed is drawn."""

    def now() -> list[str]:
        without_keys = [NO_KEYS] if isinstance(by.telemetry, NullTelemetry) else []
        down = [NO_MODEL] if by.model is None else [MODEL_DOWN] if by.model.down else []
        return [*without_keys, *down]

    return now
