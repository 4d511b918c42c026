"""What people do with incidents beside plans and runs: declare, take on, merge, link, note; and who may do what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from fixloop_bot.adapters.redis.store import RedisStore
from fixloop_bot.adapters.slack.api import SlackApi
from fixloop_bot.adapters.slack.messages import NullMessages, SlackMessages
from fixloop_bot.application.asking import Asking
from fixloop_bot.application.declaring import Declaring
from fixloop_bot.application.directory import Directory
from fixloop_bot.application.jobs import JobQueue
from fixloop_bot.application.ledger import Ledger
from fixloop_bot.application.linking import Linking
from fixloop_bot.application.merging import TAKE_OVER, Merging
from fixloop_bot.application.people import People
from fixloop_bot.application.permissions import Permissions
from fixloop_bot.application.ports import Clock
from fixloop_bot.application.resolution import Resolution
from fixloop_bot.application.signpost import Permalink, Signpost
from fixloop_bot.application.timeline import Messages, Timeline
from fixloop_bot.application.wishes import Command, Deed
from fixloop_bot.domain.catalog import Catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What these use cases need of Slack."""

    directory: Directory
    messages: Messages
    permalink: Permalink


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """The use cases, and what they add to the tables of the desk and of the workers."""

    directory: Directory
    signpost: Signpost
    permissions: Permissions
    resolution: Resolution
    deeds: Mapping[str, Deed]
    commands: Sequence[Command]
    handlers: Mapping[str, Callable[..., Awaitable[None]]]


def outside(slack: SlackApi | None, directory: Directory) -> Outside:
    if slack is None:
        return Outside(directory=directory, messages=NullMessages(), permalink=lambda channel, ts: "")
    return Outside(directory=directory, messages=SlackMessages(slack), permalink=slack.permalink)


def build_ownership(
    by: Outside,
    store: RedisStore,
    ledger: Ledger,
    queue: JobQueue,
    *,
    catalog: Catalog,
    clock: Clock,
    default_channel: str,
) -> Ownership:
    signpost = Signpost(store, permalink=by.permalink)
    permissions = Permissions(store, store, by.directory, catalog=catalog, clock=clock)
    people = People(store, ledger, permissions, by.directory, catalog=catalog, clock=clock)
    declaring = Declaring(store, ledger, signpost, catalog=catalog, clock=clock, default_channel=default_channel)
    merging = Merging(store, store, ledger, signpost, clock=clock)
    timeline = Timeline(store, store, ledger, by.messages, by.directory, signpost, clock=clock)
    linking = Linking(store, store, ledger, signpost, clock=clock)
    asking = Asking(store, queue, by.directory, signpost, clock=clock)
    return Ownership(
        directory=by.directory,
        signpost=signpost,
        permissions=permissions,
        resolution=Resolution(store, ledger, clock=clock),
        deeds={**people.deeds(), **declaring.deeds(), **merging.deeds(), **timeline.deeds()},
        commands=(*people.commands(), *declaring.commands(), *linking.commands(), *asking.commands()),
        handlers={TAKE_OVER: merging.take_over},
    )
