"""``fixloop datadog install`` sets the webhook up, and may be run as often as one likes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from fixloop_bot.adapters.datadog.install import Written, install_webhook
from fixloop_bot.adapters.datadog.template import payload_template
from fixloop_bot.domain.errors import TelemetryUnavailable
from tests.adapters.datadog_server import Say, ScriptedDatadog, scripted_datadog

HOOKS = "/api/v1/integration/webhooks/configuration/webhooks"
VARIABLES = "/api/v1/integration/webhooks/configuration/custom-variables"
URL = "https://fixloop.example.com/datadog/webhook"
HIDDEN = {"X-FixLoop-Secret": "$FIXLOOP_WEBHOOK_SECRET"}


@pytest.fixture
async def datadog() -> AsyncIterator[ScriptedDatadog]:
    async with scripted_datadog() as server:
        yield server


async def install(datadog: ScriptedDatadog, **changes: Any) -> str:
    wanted = {"api_key": "k", "app_key": "a", "host": datadog.host, "url": URL, "secret": "s3cret"} | changes
    return await install_webhook(**wanted)


def written(datadog: ScriptedDatadog) -> list[tuple[str, str, Any]]:
    return [(asked.method, asked.path, asked.body) for asked in datadog.asked if asked.method != "GET"]


async def test_a_new_webhook_is_created_with_its_secret_hidden(datadog: ScriptedDatadog) -> None:
    """The secret goes into a hidden variable; the webhook only names it."""
    datadog.will(VARIABLES, Say(status=201), method="POST")
    datadog.will(HOOKS, Say(status=201), method="POST")
    said = await install(datadog)
    assert said == (
        f"Created the webhook fixloop, which posts to {URL} (secret in a hidden variable). "
        "Add @webhook-fixloop to a monitor's message."
    )
    variable, webhook = written(datadog)
    assert variable[2] == {"name": "FIXLOOP_WEBHOOK_SECRET", "value": "s3cret", "is_secret": True}
    assert webhook[2] | {"custom_headers": json.loads(webhook[2]["custom_headers"])} == {
        "name": "fixloop",
        "url": URL,
        "payload": payload_template(),
        "encode_as": "json",
        "custom_headers": HIDDEN,
    }


def known(**changes: Any) -> Say:
    body = {
        "name": "fixloop",
        "url": URL,
        "payload": json.dumps(json.loads(payload_template())),
        "encode_as": "json",
        "custom_headers": json.dumps(HIDDEN, indent=1),
    }
    return Say(body=body | changes)


async def test_a_second_time_changes_nothing_but_the_secret(datadog: ScriptedDatadog) -> None:
    """The hidden value cannot be read back, so it is written again; the webhook is left alone."""
    datadog.will(f"{VARIABLES}/FIXLOOP_WEBHOOK_SECRET", Say())
    datadog.will(f"{VARIABLES}/FIXLOOP_WEBHOOK_SECRET", Say(), method="PUT")
    datadog.will(f"{HOOKS}/fixloop", known())
    assert (await install(datadog)).startswith("Nothing to change in the webhook fixloop")
    assert [method for method, _, _ in written(datadog)] == ["PUT"]


@pytest.mark.parametrize(
    "changed", [{"url": "https://old"}, {"payload": None}, {"custom_headers": None}, {"encode_as": "form"}]
)
async def test_a_webhook_that_differs_is_updated(datadog: ScriptedDatadog, changed: dict[str, Any]) -> None:
    datadog.will(f"{VARIABLES}/FIXLOOP_WEBHOOK_SECRET", Say())
    datadog.will(f"{VARIABLES}/FIXLOOP_WEBHOOK_SECRET", Say(), method="PUT")
    datadog.will(f"{HOOKS}/fixloop", known(**changed))
    datadog.will(f"{HOOKS}/fixloop", Say(), method="PUT")
    assert (await install(datadog)).startswith("Updated the webhook fixloop")
    assert written(datadog)[-1][2]["url"] == URL


async def test_without_hidden_variables_the_header_holds_the_secret(datadog: ScriptedDatadog) -> None:
    datadog.will(HOOKS, Say(status=201), method="POST")
    assert "(secret in its header)" in await install(datadog)
    assert json.loads(written(datadog)[-1][2]["custom_headers"]) == {"X-FixLoop-Secret": "s3cret"}


async def test_without_a_secret_no_header_is_sent(datadog: ScriptedDatadog) -> None:
    datadog.will(HOOKS, Say(status=201), method="POST")
    assert "(secret not set)" in await install(datadog, secret="")
    (webhook,) = written(datadog)
    assert "custom_headers" not in webhook[2]


async def test_a_refusal_is_said_and_nothing_is_repeated(datadog: ScriptedDatadog) -> None:
    """A creation is never sent twice: the first one may have been done although its answer was lost."""
    datadog.will(VARIABLES, Say(status=500, body={"errors": ["oops"]}), method="POST")
    with pytest.raises(TelemetryUnavailable, match=r"problem of its own \(500\): oops"):
        await install(datadog)
    assert len(written(datadog)) == 1


async def test_what_is_written_is_known_at_any_time(datadog: ScriptedDatadog) -> None:
    """Where no secret is hidden, the variable is not spoken of."""
    datadog.will(HOOKS, Say(status=201), method="POST")
    written_so_far = Written("fixloop")
    assert str(written_so_far) == "Nothing is written in Datadog"
    await install(datadog, secret="", written=written_so_far)
    assert str(written_so_far) == "The webhook fixloop is written"
