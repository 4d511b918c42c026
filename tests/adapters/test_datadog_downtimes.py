"""Datadog's own mutes: what is asked for, and what is said when it is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from fixloop_bot.adapters.datadog.downtimes import DatadogDowntimes, NullDowntimes, scope_of
from fixloop_bot.domain.errors import TelemetryUnavailable
from tests.adapters.datadog_server import Say, ScriptedDatadog, scripted_datadog

DOWNTIME = "/api/v2/downtime"
TAGS = (("service", "checkout"), ("env", "prod"))
UNTIL = 1_700_000_000.0


@pytest.fixture
async def datadog() -> AsyncIterator[ScriptedDatadog]:
    async with scripted_datadog() as server:
        yield server


@pytest.fixture
async def downtimes(datadog: ScriptedDatadog) -> AsyncIterator[DatadogDowntimes]:
    client = DatadogDowntimes(api_key="0123456789abcdef-api", app_key="0123456789abcdef-app", host=datadog.host)
    yield client
    client.close()


async def test_it_silences_every_monitor_of_these_tags_until_then(
    datadog: ScriptedDatadog, downtimes: DatadogDowntimes
) -> None:
    """From now on, in UTC, and its id is kept."""
    datadog.will(DOWNTIME, Say(body={"data": {"id": "d-1", "type": "downtime"}}), method="POST")
    assert await downtimes.create(TAGS, until=UNTIL, message="Muted.") == "d-1"
    (asked,) = datadog.asked
    assert asked.body["data"] == {
        "type": "downtime",
        "attributes": {
            "message": "Muted.",
            "monitor_identifier": {"monitor_tags": ["*"]},
            "schedule": {"end": "2023-11-14T22:13:20+00:00"},
            "scope": "service:checkout AND env:prod",
        },
    }


@pytest.mark.parametrize(
    ("say", "said"),
    [
        (Say(status=403, body={"errors": ["Forbidden"]}), "refused the downtime (403: Forbidden)"),
        (Say(status=400, body={"errors": ["scope is wrong"]}), "scope is wrong"),
        (Say(status=503), "a problem of its own (503)"),
        (Say(body={"data": {}}), "names none"),
        (Say(body=[]), "names none"),
        (Say(cut=True), "could not be reached"),
    ],
)
async def test_a_refusal_is_a_sentence_and_is_not_tried_again(
    datadog: ScriptedDatadog, downtimes: DatadogDowntimes, say: Say, said: str
) -> None:
    """A second downtime would outlive the cancellation of the first one."""
    datadog.will(DOWNTIME, say, method="POST")
    with pytest.raises(TelemetryUnavailable) as refused:
        await downtimes.create(TAGS, until=UNTIL, message="Muted.")
    assert said in str(refused.value)
    assert len(datadog.asked) == 1


async def test_one_that_is_gone_is_cancelled(datadog: ScriptedDatadog, downtimes: DatadogDowntimes) -> None:
    """It has ended by itself; any other refusal is told."""
    datadog.will(f"{DOWNTIME}/d-1", Say(status=204, body=b""), method="DELETE")
    await downtimes.cancel("d-1")
    await downtimes.cancel("d-2")
    datadog.will(f"{DOWNTIME}/d-3", Say(status=403, body={"errors": ["Forbidden"]}), method="DELETE")
    with pytest.raises(TelemetryUnavailable, match="403"):
        await downtimes.cancel("d-3")


@pytest.mark.parametrize("tags", [(), (("service", "a) OR env:*"),), (("service", ""),), (("a b", "c"),)])
def test_what_a_scope_cannot_say_is_refused(tags: tuple[tuple[str, str], ...]) -> None:
    """A tag is data: it must not silence more than it names."""
    with pytest.raises(TelemetryUnavailable):
        scope_of(tags)


async def test_without_keys_it_says_which() -> None:
    """As every feature does."""
    with pytest.raises(TelemetryUnavailable, match="DD_API_KEY"):
        await NullDowntimes().create(TAGS, until=UNTIL, message="")
