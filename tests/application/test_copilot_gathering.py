"""The dossier is made of what is so now; what cannot be read is left out, and no answer of Datadog's is too large."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from fixloop_bot.application.copilot import gathering as gathering_module
from fixloop_bot.application.copilot import readings
from fixloop_bot.application.copilot.gathering import BUDGET
from fixloop_bot.application.copilot.readings import Gauge
from fixloop_bot.application.copilot.searching import Document, ranked
from fixloop_bot.application.copilot.talks import Exchange
from fixloop_bot.application.ports import LogLine, Series
from fixloop_bot.domain.catalog import Catalog
from fixloop_bot.domain.copilot.dossier import Source
from fixloop_bot.domain.copilot.situation import Situation
from fixloop_bot.domain.moments import utc
from tests.application.copilot_stage import Stage
from tests.application.office import ERROR_RATE, MIRA, Office, checkout
from tests.fake_clock import START


@pytest.fixture
async def stage(office: Office, redis: Redis) -> Stage:
    await office.broken()
    return Stage(office, redis)


async def gathered(stage: Stage, talk: Sequence[Exchange] = ()) -> Situation:
    view = await stage.gathering.view("INC-1")
    assert view is not None
    return await stage.gathering.gather(view, "What fails?", talk)


async def test_everything_that_is_known_is_there(stage: Stage) -> None:
    """Each with its key, in the order of its weight."""
    talk = [Exchange(id="C:1", at=START, user=MIRA, question="rolled back?", answer="The model's own words")]
    dossier = (await gathered(stage, talk)).dossier
    sources = [each.source for _, each in dossier.numbered()]
    assert sources[0] is Source.VERDICT
    wanted = (Source.INCIDENT, Source.RUN, Source.STEP, Source.SIGNAL, Source.PLAN, Source.TIMELINE, Source.CATALOG)
    assert set(sources) >= {*wanted, Source.METRIC, Source.LOG, Source.CHANGE, Source.THREAD}
    step = dossier.of("run1.s1")
    assert step is not None
    assert step.text.startswith("step 1 (confirmation) of run 1 (confirm, before the fix): failed: A cart can be paid")
    assert "→ 503" in step.text
    metric = dossier.of("metric:error_rate")
    assert metric is not None
    assert "now: 31 %" in metric.text
    assert "limit 1 %, now outside its limit" in metric.text
    assert metric.link.startswith("https://app.datadoghq.com/metric/explorer")
    thread = dossier.of("thread")
    assert thread is not None
    assert "rolled back?" in thread.text
    assert "own words" not in thread.text, "what the model once said is no evidence"


async def test_what_cannot_be_read_is_left_out(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Datadog down, a source that hangs, a source with a fault: the rest is there."""
    stage.office.datadog.down = True
    monkeypatch.setattr(gathering_module, "PATIENCE_S", 0.05)

    async def hanging(*args: object, **named: object) -> list[object]:
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr(stage.deploys, "changes", hanging)
    sources = {each.source for _, each in (await gathered(stage)).dossier.numbered()}
    assert Source.STEP in sources
    assert not sources & {Source.METRIC, Source.LOG, Source.CHANGE}


async def test_before_and_after_are_held_against_each_other(stage: Stage) -> None:
    await stage.office.fixed()
    await stage.office.validate()
    dossier = (await gathered(stage)).dossier
    comparison = dossier.of("comparison")
    assert comparison is not None
    assert "step 1: The bug was there and is gone; before 503 ×" in comparison.text


async def test_the_runbook_is_read_where_the_gate_allows(office: Office, redis: Redis) -> None:
    """As text; where it is refused, its link is all there is."""
    office.catalog = Catalog(services=(checkout(runbook="https://checkout.example.com/runbook"),))
    office = Office(office.store, office.clock, services=office.catalog.services)
    await office.broken()
    stage = Stage(office, redis)
    office.shop.document = b"<html><style>p {x}</style><h1>When payments fail</h1><p>Fail over to B.</p></html>"
    runbook = (await gathered(stage)).dossier.of("runbook")
    assert runbook is not None
    assert runbook.text == "When payments fail Fail over to B."
    office.shop.document = None
    dossier = (await gathered(stage)).dossier
    assert dossier.of("runbook") is None
    catalog = dossier.of("catalog")
    assert catalog is not None
    assert catalog.link == "https://checkout.example.com/runbook"


async def test_the_whole_fits_its_budget(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the texts are; what matters most is kept."""

    async def long(query: str, *, start: float, end: float, limit: int = 20) -> Sequence[LogLine]:
        kinds = ("alpha", "beta", "gamma", "delta")
        return [
            LogLine(id=each, at=end, status="error", service="x", message=f"{each} {'w' * 90_000}") for each in kinds
        ]

    monkeypatch.setattr(stage.office.datadog, "error_logs", long)
    talk = [Exchange(id=f"C:{n}", at=START, user=MIRA, question="q" * 5_000, answer="") for n in range(20)]
    dossier = (await gathered(stage, talk)).dossier
    assert sum(len(each.title) + len(each.text) for _, each in dossier.numbered()) <= BUDGET
    assert dossier.of("verdict") is not None


def test_a_metric_is_told_before_at_its_worst_and_now() -> None:
    """With its limit; a large answer is cut before it is looked at."""
    points = tuple((START + minute * 60.0, 0.002 if minute < 0 else 0.31) for minute in range(-60, 10))
    gauge = Gauge(name="error_rate", query=ERROR_RATE, limit=0.01)
    told = readings.metric(gauge, [Series(scope="*", points=points)], opened_at=START, link="x")
    assert "before the incident: mean 0.2 %, 60 points" in told.text
    assert f"worst since it began: 31 % at {utc(START)}" in told.text
    assert f"now: 31 % at {utc(START + 540)}" in told.text
    huge = Series(scope="*", points=tuple((START + index, 0.5) for index in range(400_000)))
    assert "50 %" in readings.metric(gauge, [huge], opened_at=START, link="x").text
    assert "no data" in readings.metric(gauge, [], opened_at=START, link="x").text


def test_logs_are_told_by_kind_the_commonest_first() -> None:
    lines = [LogLine(id=str(n), at=START, status="error", service="s", message=f"order {n} failed") for n in range(5)]
    rare = LogLine(id="r", at=START, status="error", service="s", message="disk full")
    told = list(readings.logs([rare, *lines], found="last error logs", link=lambda first, last: f"{first}-{last}"))
    assert [each.key for each in told] == ["log:0", "log:r"]
    assert "5 of 6 lines looked at are like this one, the commonest kind" in told[0].text
    assert told[0].link == f"{START - 300}-{START + 300}"


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("order 12: no connection", "order 123456: no connection", True),
        ("pod-7f9c restarts", "pod-8a1b2 restarts", True),
        ("took 12.4ms at 10:22:11", "took 8ms at 10:23:59", True),
        ("answered 500 for /a", "answered 503 for /a", False),
        ("no connection", "no memory", False),
    ],
)
def test_lines_that_differ_in_a_figure_are_of_one_kind(one: str, other: str, alike: bool) -> None:
    """However many digits it has; two statuses are two kinds."""
    lines = [LogLine(id=str(n), at=START, status="error", service="s", message=m) for n, m in enumerate((one, other))]
    found = list(readings.logs(lines, found="logs", link=lambda first, last: ""))
    assert len(found) == (1 if alike else 2)


def test_changes_before_the_start_come_first() -> None:
    events = [
        replace(readings.ChangeEvent(id="", at=START, title=""), id=name, at=START + at)
        for name, at in (("after", 60.0), ("long before", -9_000.0), ("just before", -420.0))
    ]
    told = list(readings.changes(events, opened_at=START))
    assert [each.key for each in told] == ["change:just before", "change:long before", "change:after"]
    assert "7 min before the incident began" in told[0].text


def test_past_incidents_are_ranked_by_their_words() -> None:
    """Stems and accents do not matter, nor does anything that would be syntax in a search."""
    documents = [
        Document(id="INC-1", title="Checkout payments failing", text="503 from the payment gateway; rolled back 2.1.0"),
        Document(id="INC-2", title="Search is slow", text="the index was rebuilt"),
        Document(id="INC-3", title="Latency of checkout", text="a full disk"),
    ]
    assert ranked(documents, "payment failed with 503", most=2)[0] == "INC-1"
    assert ranked(documents, "full DISKS", most=3) == ["INC-3"]
    assert ranked(documents, "índex", most=3) == ["INC-2"]
    assert ranked(documents, '" OR title:* NEAR( )', most=3) == []
    assert ranked(documents, "", most=3) == []
    assert ranked([], "checkout", most=3) == []


def test_a_hostile_runbook_is_read_in_linear_time() -> None:
    """Whoever can edit it must not be able to stop the event loop."""
    began = time.process_time()
    for hostile in (b"<!--" * 50_000, b"<script>" * 25_000, b"<" * 200_000, (b"<!--" + b"x" * 1_990) * 100):
        gathering_module._readable(hostile)
    assert time.process_time() - began < 0.7
