"""A bench for probes below HTTP: a guard whose names all lead to loopback, and a service on one port of it."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fixloop_bot.adapters.http.guard import Guard
from fixloop_bot.adapters.http.wire import ProbeFault, Seen, look
from fixloop_bot.domain.catalog import Allow, Origin, Service
from fixloop_bot.domain.expectations.assertions import hold_all
from fixloop_bot.domain.expectations.expect import parse
from fixloop_bot.domain.not_fooled.wire import implicit_wire
from fixloop_bot.domain.plans import WireCheck
from fixloop_bot.domain.samples import FaultKind, Response
from tests.adapters.probing import Names
from tests.adapters.targets import Speak

HOST = "checkout.example.com"
LOOPBACK = ("127.0.0.0/8",)
TOKEN = "s3cr3t-t0ken"
TURNS = 50
"""Turns of the loop after which the client, which lives in the same one, has read what was sent."""


def service_at(port: int, *, scheme: str = "http", networks: tuple[str, ...] = LOOPBACK, **allow: Any) -> Service:
    url = f"{scheme}://{HOST}:{port}"
    return Service(
        name="checkout",
        base_url=url,
        allow=Allow(origins=(Origin.of(url),), networks=networks, **allow),
        secrets=(("TOKEN", "env:TOKEN"),),
    )


@dataclass
class WireBench:
    """Looks at one service; ``passes`` also judges, as a step would."""

    service: Service
    trust: ssl.SSLContext | None = None
    names: Names = field(default_factory=lambda: Names(["127.0.0.1"]))
    total_s: float = 5.0

    async def look(self, check: WireCheck, *, number: int = 1, **named: object) -> Seen:
        return await look(
            Guard(resolve=self.names, tls=self.trust),
            self.service,
            check,
            number=number,
            fresh=True,
            named=named,
            secrets={"TOKEN": TOKEN},
            total_s=self.total_s,
        )

    async def document(self, check: WireCheck, **options: Any) -> dict[str, Any]:
        seen = await self.look(check, **options)
        found: dict[str, Any] = json.loads(seen.response.body)
        return found

    async def fault(self, check: WireCheck) -> FaultKind:
        """The kind of fault that it meets; an answer in its place fails the test."""
        try:
            seen = await self.look(check)
        except ProbeFault as prevented:
            return prevented.fault.kind
        raise AssertionError(f"answered: {seen}")

    async def passes(self, check: WireCheck) -> bool:
        return judged(check, (await self.look(check)).response)


def judged(check: WireCheck, response: Response) -> bool:
    lines = [parse(line) for line in check.expect]
    own = hold_all(lines, response)
    return all(result.held for result in own) and not implicit_wire(check, lines, response)


@asynccontextmanager
async def secured(speak: Speak, context: ssl.SSLContext) -> AsyncIterator[int]:
    """A TLS server on a free loopback port."""
    server = await asyncio.start_server(speak, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def trickling(*parts: bytes) -> Speak:
    """Sends each part by itself, whatever the client says, and closes."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for part in parts:
                writer.write(part)
                for _ in range(TURNS):
                    await asyncio.sleep(0)
            writer.write_eof()
            await reader.read()
        except OSError:
            return
        finally:
            writer.close()

    return speak


def hostile(sequence: Sequence[bytes]) -> Speak:
    """Any bytes as soon as the client has said something."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read(65_536)
            for part in sequence:
                writer.write(part)
            await writer.drain()
        except OSError:
            return
        finally:
            writer.close()

    return speak
