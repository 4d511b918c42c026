"""Shop and local Datadog together over HTTP, and Datadog's own client against the stand-in."""

import asyncio
import json
import time
from typing import Any

import aiohttp
import pytest
from datadog_api_client import ApiClient, Configuration
from datadog_api_client.exceptions import ApiException
from datadog_api_client.v1.api.authentication_api import AuthenticationApi
from datadog_api_client.v1.api.metrics_api import MetricsApi as MetricsV1
from datadog_api_client.v1.api.monitors_api import MonitorsApi
from datadog_api_client.v1.api.webhooks_integration_api import WebhooksIntegrationApi
from datadog_api_client.v1.model.webhooks_integration import WebhooksIntegration
from datadog_api_client.v2.api.logs_api import LogsApi
from datadog_api_client.v2.api.metrics_api import MetricsApi as MetricsV2
from datadog_api_client.v2.model.logs_list_request import LogsListRequest
from datadog_api_client.v2.model.metric_payload import MetricPayload

from fixloop_bot.adapters.datadog.client import DatadogTelemetry
from fixloop_bot.domain.errors import TelemetryUnavailable
from fixloop_bot.sandbox.datadog import LocalDatadog
from fixloop_bot.sandbox.shop import Shop

from .datadog_account import API_KEY, APP_KEY, Client, receiving, running, until

SCOPE = "{service:checkout,env:prod}"
ERROR_RATE = f"sum:shop.errors{SCOPE}.as_count() / sum:shop.requests{SCOPE}.as_count()"
WEBHOOKS = "/api/v1/integration/webhooks/configuration/webhooks"


def _shop(datadog: LocalDatadog, **options: Any) -> Shop:
    return Shop(dd_url=datadog.url, dd_api_key=API_KEY, **{"traffic_per_second": 40, "push_every_s": 0.2, **options})


async def _watch(client: Client, url: str) -> None:
    payload = json.dumps({"transition": "$ALERT_TRANSITION", "status": "$ALERT_STATUS", "cycle": "$ALERT_CYCLE_KEY"})
    hook = {"name": "fixloop", "url": url, "payload": payload}
    assert (await client.call("POST", WEBHOOKS, json=hook))[0] == 201
    monitor = {"type": "metric alert", "name": "errors", "message": "@webhook-fixloop", "priority": 2}
    monitor["query"] = f"avg(last_2s):{ERROR_RATE} > 0.05"
    assert (await client.call("POST", "/api/v1/monitor", json=monitor))[0] == 200


async def test_breaking_the_shop_triggers_and_fixing_it_recovers() -> None:
    """Break → the monitor triggers → the webhook arrives; fix → Recovered arrives; nothing else is told."""
    async with receiving() as receiver, running(evaluate_every_s=0.1) as client:
        shop = _shop(client.datadog)
        await shop.start()
        try:
            await _watch(client, receiver.url)
            await until(lambda: _overall(client) == "OK")
            shop.faults.set("checkout-500", "broken")
            await until(lambda: len(receiver.bodies) == 1)
            shop.faults.set("checkout-500", "fixed")
            await until(lambda: len(receiver.bodies) == 2)
            logs = {"filter": {"query": "service:checkout status:error payment"}, "page": {"limit": 5}}
            _, found = await client.call("POST", "/api/v2/logs/events/search", json=logs)
        finally:
            await shop.stop()
    first, second = (json.loads(body) for body in receiver.bodies)
    assert (first["transition"], second["transition"]) == ("Triggered", "Recovered")
    assert first["cycle"] == second["cycle"]
    assert first["status"].endswith("was > 0.05 on average during the last 2s.")
    assert len(found["data"]) == 5


def _overall(client: Client) -> str:
    [monitor] = client.datadog.account.monitors.values()
    return monitor.overall


async def test_the_shop_is_measured_as_the_catalog_file_asks() -> None:
    """Requests, latency by percentile, replicas, customers' failures; FixLoop's own probes can be told apart."""
    async with running() as client:
        shop = _shop(client.datadog)
        await shop.start()
        try:
            shop.faults.set("wrong-total", "broken")
            async with (
                aiohttp.ClientSession(headers={"User-Agent": "FixLoop/0.1"}) as session,
                session.post(f"{shop.url}/checkout", json={"items": [{"sku": "A1"}]}) as response,
            ):
                assert response.status == 200
            await until(lambda: "shop.customer_failures" in client.datadog.account.metrics.names())
            await _settled(client, 40)
            now = time.time()
            probes = await client.query("sum:shop.requests{client:fixloop}.as_count()", now - 60, now)
            replicas = await client.query(f"sum:shop.requests{SCOPE} by {{replica}}", now - 60, now)
            [p95] = await client.query("p95:shop.latency{service:checkout}", now - 60, now)
            failures = await client.query("sum:shop.customer_failures{*} / sum:shop.customer_orders{*}", now - 60, now)
            ledger = {"filter": {"query": '"ledger mismatch"'}}
            _, found = await client.call("POST", "/api/v2/logs/events/search", json=ledger)
        finally:
            await shop.stop()
    assert sum(value for line in probes for _, value in line["pointlist"]) == 1
    assert len(replicas) == 4
    assert 0 < p95["pointlist"][0][1] < 400
    assert {value for _, value in failures[0]["pointlist"]} == {1.0}
    assert found["data"]


async def _settled(client: Client, requests: int) -> None:
    """Until so many requests of all four replicas have been counted."""
    metrics = client.datadog.account.metrics

    def counted() -> bool:
        series = list(metrics.series("shop.requests"))
        total = sum(cell.total for one in series for cell in one.coarse.values())
        replicas = {tag for one in series for tag in one.tags if tag.startswith("replica:")}
        return total >= requests and len(replicas) == 4

    await until(counted)


async def test_a_release_is_announced_as_a_change() -> None:
    """A deploy can be found among the events of the service, and the logs and the document carry its version."""
    async with running() as client:
        shop = _shop(client.datadog, traffic_per_second=0)
        await shop.start()
        try:
            shop.telemetry.announce_release("2.15.0", "mira@example.com")
            await shop.telemetry.flush()
            asked = {"filter": {"query": "service:checkout category:change deployed", "from": "now-1h"}}
            _, found = await client.call("POST", "/api/v2/events/search", json=asked)
            async with client.session.get(f"{shop.url}/openapi.json") as response:
                assert (await response.json())["info"]["version"] == "2.15.0"
        finally:
            await shop.stop()
    [change] = found["data"]
    assert change["attributes"]["attributes"]["new_value"] == {"version": "2.15.0"}


async def test_telemetry_waits_for_datadog() -> None:
    """What could not be sent is sent when Datadog is back, with the time it happened."""
    async with running() as client:
        shop = _shop(client.datadog, traffic_per_second=0, push_every_s=60)
        port = int(client.datadog.url.rsplit(":", 1)[1])
        await shop.start()
        try:
            shop.telemetry.observe(endpoint="quote", status=200, milliseconds=5, replica="shop-1", client="customer")
            second = int(time.time())
            await client.datadog.stop()
            await until(lambda: time.time() >= second + 1)
            await shop.telemetry.flush()
            await client.datadog.start(port=port)
            await shop.telemetry.flush()
            [series] = client.datadog.account.metrics.series("shop.requests")
            assert list(series.fine) == [second]
        finally:
            await shop.stop()


async def test_nothing_is_left_running_after_stop() -> None:
    """Every task of both parts has a name and is gone after stop."""
    before = asyncio.all_tasks()
    async with running() as client:
        shop = _shop(client.datadog)
        await shop.start()
        names = {task.get_name() for task in asyncio.all_tasks() - before}
        await shop.stop()
    assert {"datadog-monitors", "shop-background"} <= names
    left = asyncio.all_tasks() - before
    await until(lambda: not {task for task in left if not task.done()})


@pytest.mark.parametrize("key", [API_KEY, "wrong"])
async def test_datadogs_own_client_works_against_it(key: str) -> None:
    """validate, submit_metrics, query_metrics, list_logs, get_monitor and create_webhooks_integration."""
    async with running() as client:
        await client.call("POST", "/api/v2/logs", json=[{"message": "boom", "service": "checkout", "status": "error"}])
        monitor = {"type": "metric alert", "query": "avg(last_5m):avg:a{*} > 1", "name": "n"}
        _, created = await client.call("POST", "/api/v1/monitor", json=monitor)
        answer = await asyncio.to_thread(_use_the_client, client.datadog.url, key, created["id"])
    if key == API_KEY:
        assert answer == ["a", 1.5, "boom", "No Data", "https://example.com/hook"]
    else:
        assert answer == [403, {"errors": ["Forbidden"]}]


def _use_the_client(url: str, key: str, monitor_id: int) -> list[Any]:
    configuration = Configuration(host=url, check_return_type=False)
    configuration.api_key = {"apiKeyAuth": key, "appKeyAuth": APP_KEY}
    now = int(time.time())
    with ApiClient(configuration) as api:
        try:
            assert AuthenticationApi(api).validate().valid is True
        except ApiException as error:
            return [error.status, error.body]
        point = {"timestamp": now - 1, "value": 1.5}
        body = MetricPayload(series=[{"metric": "a", "type": 0, "points": [point]}], _check_type=False)
        assert MetricsV2(api).submit_metrics(body=body).to_dict() == {"errors": []}
        [series] = MetricsV1(api).query_metrics(_from=now - 60, to=now, query="avg:a{*}").to_dict()["series"]
        logs = LogsApi(api).list_logs(body=LogsListRequest()).to_dict()
        monitor = MonitorsApi(api).get_monitor(monitor_id, group_states="all").to_dict()
        hook = WebhooksIntegration(name="fixloop", url="https://example.com/hook")
        made = WebhooksIntegrationApi(api).create_webhooks_integration(body=hook).to_dict()
    return [
        series["metric"],
        series["pointlist"][0][1],
        logs["data"][0]["attributes"]["message"],
        str(monitor["overall_state"]),
        made["url"],
    ]


async def test_fixloops_own_client_counts_logs() -> None:
    """What was sent is counted between two times, nothing is zero, and a bad search is refused with its reason."""
    async with running() as client:
        now = time.time()
        logs = [{"message": "payment failed", "service": "checkout", "status": "error"}] * 7
        await client.call("POST", "/api/v2/logs", json=logs)
        telemetry = DatadogTelemetry(api_key=API_KEY, app_key=APP_KEY, host=client.datadog.url)
        try:
            found = await telemetry.count_logs("service:checkout status:error", start=now - 60, end=now + 60)
            before = await telemetry.count_logs("service:checkout status:error", start=now - 60, end=now - 30)
            with pytest.raises(TelemetryUnavailable, match=r"does not accept the log count \(400\): Invalid query"):
                await telemetry.count_logs("(service:checkout", start=now - 60, end=now)
        finally:
            telemetry.close()
    assert (found, before) == (7, 0)
