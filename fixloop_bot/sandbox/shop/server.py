"""The shop as a running thing: the public port with its balancer, a port a replica, the control port."""

import asyncio
import random
import time
from collections import OrderedDict
from collections.abc import Callable
from itertools import cycle

from aiohttp import web

from .faults import FaultSwitches, State, UnknownFaultError
from .secured import Secured
from .service import ShopService
from .symptoms import failure
from .telemetry import Telemetry
from .traffic import Traffic

REPLICAS = ("shop-1", "shop-2", "shop-3", "shop-4")
REMEMBERED = 4096


class Shop:
    """Start it, break it with `faults.set(name, "broken")`, stop it.

    `url` is the public address, `secure_url` the same by HTTPS with a certificate that `ca_pem` vouches for,
    `replica_urls` reach one replica each, `control_url` has the fault switches:
    GET /_sandbox/faults and PUT /_sandbox/faults/{name} {"state": "broken|half-fixed|fixed|off"}. Telemetry goes
    to `dd_url` every `push_every_s` seconds; without it nothing is sent. `traffic.per_second` may be changed.
    """

    def __init__(
        self,
        *,
        dd_url: str | None = None,
        dd_api_key: str = "",
        traffic_per_second: float = 6.0,
        push_every_s: float = 1.0,
        seed: int = 1,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.faults = FaultSwitches(clock)
        self.telemetry = Telemetry(dd_url=dd_url, api_key=dd_api_key, clock=clock)
        self.traffic = Traffic(self.telemetry, per_second=traffic_per_second, seed=seed)
        self.url = ""
        self.secure_url = ""
        self.control_url = ""
        self.replica_urls: dict[str, str] = {}
        self._push_every_s = push_every_s
        self._balancer = Balancer()
        self._secured = Secured(self.faults)
        dice = random.Random(seed)
        self._service = ShopService(self.faults, self.telemetry, self._balancer.replica_of, dice, clock)
        self._runners: list[web.AppRunner] = []
        self._background: asyncio.Task[None] | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0, control_port: int = 0) -> None:
        """Listen on all ports and begin traffic and telemetry; the addresses are known afterwards."""
        runner = web.AppRunner(self._service.application(), access_log=None)
        self.url = await self._listen(runner, host, port)
        for replica in REPLICAS:
            site = web.TCPSite(runner, host, 0)
            await site.start()
            bound: int = runner.addresses[-1][1]
            self._balancer.pin(bound, replica)
            self.replica_urls[replica] = f"http://{host}:{bound}"
        secure = web.TCPSite(runner, host, 0, ssl_context=self._secured.context)
        await secure.start()
        self.secure_url = f"https://{host}:{runner.addresses[-1][1]}"
        self.control_url = await self._listen(web.AppRunner(_control(self.faults), access_log=None), host, control_port)
        await self.telemetry.start()
        self._background = asyncio.create_task(self._run(), name="shop-background")

    async def stop(self) -> None:
        """Send customers home, push what is complete, close every port."""
        if self._background is not None:
            self._background.cancel()
            await asyncio.gather(self._background, return_exceptions=True)
            await self.telemetry.flush()
        await self.telemetry.stop()
        for runner in self._runners:
            await runner.cleanup()

    @property
    def ca_pem(self) -> str:
        return self._secured.ca_pem

    async def _listen(self, runner: web.AppRunner, host: str, port: int) -> str:
        self._runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        return f"http://{host}:{runner.addresses[0][1]}"

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self.telemetry.run(self._push_every_s), name="shop-telemetry")
            customers = self.traffic.run(self.url, self.secure_url, self._secured.client())
            group.create_task(customers, name="shop-traffic")


class Balancer:
    """Chooses a replica for each new connection, in turn; a port of its own always means the same one."""

    def __init__(self) -> None:
        self._turn = cycle(REPLICAS)
        self._pinned: dict[int, str] = {}
        self._chosen: OrderedDict[tuple[object, ...], str] = OrderedDict()

    def pin(self, port: int, replica: str) -> None:
        self._pinned[port] = replica

    def replica_of(self, request: web.Request) -> str:
        """The caller's address and port name its connection; the newest few thousand are remembered."""
        transport = request.transport
        if transport is None:
            return REPLICAS[0]
        pinned = self._pinned.get(transport.get_extra_info("sockname")[1])
        if pinned is not None:
            return pinned
        connection = tuple(transport.get_extra_info("peername"))
        if connection not in self._chosen:
            self._chosen[connection] = next(self._turn)
        if len(self._chosen) > REMEMBERED:
            self._chosen.popitem(last=False)
        return self._chosen[connection]


def _control(faults: FaultSwitches) -> web.Application:
    async def listing(_: web.Request) -> web.Response:
        return web.json_response({"faults": faults.listing()})

    async def switch(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        try:
            body = await request.json()
            faults.set(name, str(body["state"]))
        except UnknownFaultError:
            return failure(404, "unknown_fault", f"no such fault, or not one of {', '.join(State)}")
        except (ValueError, KeyError, TypeError):
            return failure(400, "invalid_body", 'send {"state": "broken"}')
        return web.json_response({"name": name, "state": faults.of(name).state.value})

    app = web.Application()
    app.add_routes([web.get("/_sandbox/faults", listing), web.put("/_sandbox/faults/{name}", switch)])
    return app
