"""A storm: ``python -m tests.benchmarks.storm [--seconds 60] [--alerts 200] [--services 50]``.

200 alerts over 50 services in a minute, against a local Slack that enforces its published limits strictly. Printed:
whether a 429 was followed by another one of the same method, whether every incident and every newest reading is shown
in the end, and how much later that was than the limits allow to anybody: a reckoning in which each root card is posted
in turn at one a second, and each newest state is shown as soon as there is an update for it. Of the fifty a minute four
are kept for whoever clicks, in the reckoning as in FixLoop. Compared is the nth card that is up to date with the nth of
the reckoning: which incident is first is not Slack's limit. Ends when all is shown, after a good two minutes.
Bounded, loopback only.

That comparison adds everything up, and so a card that misses the end of a burst counts as late until the next burst,
though nobody could have shown it before: printed is how late the reckoning itself would be by it, had it only begun to
post a second later. So it stands beside another one that takes each update by itself: when did the limits allow it
after the calls that had really been made, and after the cards that had waited longer?
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import re
import statistics
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aiohttp

from fixloop_bot.sandbox.slack import LocalSlack
from tests.benchmarks.calls import tell
from tests.benchmarks.slack_room import alert, roots, until, workspace

LAG_TO_REACH_S = 5.0
SHIFT_S = 1.0
PATIENCE_S = 240.0
POSTS_PER_S, MINUTE_S = 1.0, 60.0
UPDATES_PER_MINUTE = 46
"""Of fifty: a person who clicks gets an answer at once in a storm, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One service's root card: when it was posted, and when it first showed the newest state."""

    posted_at: float
    newest_at: float


async def fire(url: str, *, alerts: int, services: int, seconds: float) -> dict[str, list[float]]:
    """Send evenly; returns when the alerts of each service were accepted."""
    sent: dict[str, list[float]] = {}
    async with aiohttp.ClientSession() as session:
        began = time.monotonic()
        for number in range(alerts):
            await asyncio.sleep(max(0.0, began + number * seconds / alerts - time.monotonic()))
            service = f"service-{number % services}"
            body = alert(number // services, service=service)
            async with session.post(f"{url}/datadog/webhook", json=body) as answer:
                await answer.read()
            sent.setdefault(service, []).append(time.time())
    return sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Redraw:
    """A posted root card showed a newer alert: since when there was one, and when it showed it."""

    asked: float
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the log of calls tells: of each service's root card, and when cards were updated for other reasons."""

    roots: dict[str, Shown]
    redraws: list[Redraw]
    others: list[float]


def seen_in(slack: LocalSlack, sent: Mapping[str, list[float]]) -> Seen:
    """From the first post of each root, and the first call that showed its last alert's time."""
    posted: dict[str, float] = {}
    newest: dict[str, float] = {}
    alerts: dict[str, int] = {}
    redraws: list[Redraw] = []
    others: list[float] = []
    for call in slack.calls:
        if call.method not in ("chat.postMessage", "chat.update") or call.status != 200:
            continue
        text = str(call.arguments.get("text", ""))
        found, alerted = re.match(r"(service-\d+)\b", text), re.search(r"• .*?<!date\^(\d+)", text)
        name, at = (found[1] if found else ""), (int(alerted[1]) if alerted else 0)
        if name not in sent or call.arguments.get("thread_ts") or at <= alerts.get(name, 0):
            others += [call.at] if call.method == "chat.update" else []
            continue
        if name in posted:
            # Shown are whole seconds of an alert that was accepted a moment later.
            newer = (each for each in sent[name] if each > alerts[name] + 1.5)
            redraws.append(Redraw(asked=next(newer, sent[name][-1]), at=call.at))
        alerts[name] = at
        posted.setdefault(name, call.at)
        if at >= int(sent[name][-1]) - 1:
            newest.setdefault(name, call.at)
    both = {name: Shown(posted_at=posted[name], newest_at=newest[name]) for name in posted if name in newest}
    return Seen(roots=both, redraws=redraws, others=others)


def allowed(sent: Mapping[str, list[float]], others: Sequence[float], *, later_s: float = 0.0) -> dict[str, Shown]:
    """The same by somebody who uses all that Slack's limits allow, in the order of arrival.

    A card that is out of date stands in line for an update until there is one, and then shows its newest alert.
    ``others`` are the updates that were made for other reasons: they had to be paid from the same minute. With
    ``later_s`` every post is so much later, and all else follows the same rule.
    """
    posted, at = {}, 0.0
    for name in sorted(sent, key=lambda each: sent[each][0]):
        at = max(sent[name][0] + later_s, at + 1 / POSTS_PER_S)
        posted[name] = at
    window: deque[float] = deque(maxlen=UPDATES_PER_MINUTE)
    newest = dict(posted)
    wanted = [(each, name) for name, times in sent.items() for each in times] + [(each, "") for each in others]
    for asked, name in sorted(wanted):
        if name and asked <= newest[name]:
            continue
        full = bool(name) and len(window) == UPDATES_PER_MINUTE
        at = max(asked, window[0] + MINUTE_S if full else asked)
        window = deque(sorted((*window, at)), maxlen=UPDATES_PER_MINUTE)
        if name:
            newest[name] = at
    return {name: Shown(posted_at=posted[name], newest_at=newest[name]) for name in sent}


def late(seen: Sequence[float], ideal: Sequence[float]) -> list[float]:
    """How much later the first, second, third … were than in the reckoning."""
    return [real - possible for real, possible in zip(sorted(seen), sorted(ideal), strict=False)]


def own_turns(seen: Seen) -> list[float]:
    """How much later each redraw was than its own turn: the limits' after the calls before it, or its overtaker's."""
    updates = sorted([*seen.others, *(each.at for each in seen.redraws)])
    late_by = []
    for redraw in seen.redraws:
        before = [at for at in updates if at < redraw.at]
        free = before[-UPDATES_PER_MINUTE] + MINUTE_S if len(before) >= UPDATES_PER_MINUTE else redraw.asked
        younger = [each.at for each in seen.redraws if each.asked > redraw.asked and each.at < redraw.at]
        late_by.append(redraw.at - min(max(redraw.asked, free), *younger, redraw.at))
    return late_by


def refused_in_a_row(slack: LocalSlack) -> tuple[int, int]:
    """How many calls got a 429, and how often two of one method one after the other."""
    by_method: dict[str, list[int]] = {}
    for call in slack.calls:
        by_method.setdefault(call.method, []).append(call.status)
    all_of_them = sum(status == 429 for statuses in by_method.values() for status in statuses)
    twice = sum(pair == (429, 429) for statuses in by_method.values() for pair in itertools.pairwise(statuses))
    return all_of_them, twice


def report(slack: LocalSlack, sent: Mapping[str, list[float]]) -> None:
    all_of_them, twice = refused_in_a_row(slack)
    print(f"429s: {all_of_them}; twice in a row: {twice} (to reach: 0)")
    found = seen_in(slack, sent)
    seen, ideal = found.roots, allowed(sent, found.others)
    summaries = [each for each in roots(slack) if each.text.startswith("Storm")]
    print(f"incidents shown with their last alert: {len(seen)} of {len(sent)}; summaries: {len(summaries)} of 1")
    posts = late([each.posted_at for each in seen.values()], [each.posted_at for each in ideal.values()])
    newest = late([each.newest_at for each in seen.values()], [each.newest_at for each in ideal.values()])
    turns = own_turns(found)
    for what, lags in (("root card posted", posts), ("newest state shown", newest), ("each redraw by itself", turns)):
        worst = max(lags)
        median = statistics.median(lags)
        print(
            f"{what}, later than the limits allow: median {median:.1f} s, worst {worst:.1f} s"
            f" / {LAG_TO_REACH_S:.0f} s = {max(0.0, worst) / LAG_TO_REACH_S:.2f};"
            f" within it: {sum(lag <= LAG_TO_REACH_S for lag in lags)} of {len(lags)}"
        )
    shifted = [each.newest_at for each in allowed(sent, found.others, later_s=SHIFT_S).values()]
    worst = max(late(shifted, [each.newest_at for each in ideal.values()]))
    print(f"the reckoning itself, had it posted {SHIFT_S} s later: newest state worst {worst:.1f} s")
    ends = [max(each.newest_at for each in shown.values()) - min(map(min, sent.values())) for shown in (seen, ideal)]
    print(f"all cards up to date {ends[0]:.0f} s after the first alert; in the reckoning {ends[1]:.0f} s")
    print(f"load: {os.getloadavg()[0]:.1f}")
    counts = ", ".join(f"{method} {count}" for method, count in slack.call_counts.most_common())
    print(f"calls: {counts}")
    if summaries:
        print("\n" + summaries[0].text)


def tell_cards(slack: LocalSlack, sent: Mapping[str, list[float]]) -> None:
    """When the first, second, third … card was up to date, and when it was in the reckoning."""
    found, began = seen_in(slack, sent), slack.calls[0].at
    both = [
        sorted(each.newest_at - began for each in cards.values())
        for cards in (found.roots, allowed(sent, found.others))
    ]
    for number, (real, possible) in enumerate(zip(*both, strict=False), 1):
        print(f"  card {number:2}: up to date at {real:5.1f} s, in the reckoning at {possible:5.1f} s")


async def main(chosen: argparse.Namespace) -> None:
    async with workspace(enforcement="strict") as (slack, bot):
        sent = await fire(
            bot.url,
            alerts=min(chosen.alerts, 2000),
            services=min(chosen.services, 200),
            seconds=min(chosen.seconds, 300),
        )
        print(f"{sum(map(len, sent.values()))} alerts of {len(sent)} services in {chosen.seconds:.0f} s")

        def all_shown() -> bool:
            return len(seen_in(slack, sent).roots) == len(sent)

        await until(all_shown, "not all are shown", within_s=PATIENCE_S, every_s=1.0)
        report(slack, sent)
        if chosen.verbose:
            tell(slack)
            tell_cards(slack, sent)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--alerts", type=int, default=200)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--services", type=int, default=50)
    asyncio.run(main(parser.parse_args()))
