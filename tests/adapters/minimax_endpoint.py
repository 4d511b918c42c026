"""A stand-in for MiniMax's endpoint: it speaks /v1/chat/completions on a free loopback port, in the shapes we are told.

It cannot be had for tests (a key, money, the network), so each answer here is written after a recorded or reported one.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]
KEY = "sk-test-4711-secret"


class Endpoint:
    """Answers with ``script`` in order, the last one again and again, and keeps what it was asked.

    ``arrived`` counts the questions.
    """

    def __init__(self) -> None:
        self.script: list[Reply] = []
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.base_url = ""
        self.arrived = asyncio.Semaphore(0)
        self.closing = asyncio.Event()
        self.dropped = asyncio.Event()
        self.sent_at = 0.0
        self.ports: list[int] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(await request.json())
        self.headers.append(dict(request.headers))
        self.ports.append(request.transport.get_extra_info("peername")[1] if request.transport else 0)
        self.arrived.release()
        reply = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        return await reply(request)

    def hang(self) -> Reply:
        """Take the question and never answer; ``dropped`` is set once the asker has gone."""

        async def reply(request: web.Request) -> web.StreamResponse:
            try:
                await self.closing.wait()
            finally:
                self.dropped.set()
            return web.Response(status=500)

        return reply

    def endless(self, chunk: bytes) -> Reply:
        """Begin an answer and go on for ever."""

        async def reply(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Type": "application/json"})
            await response.prepare(request)
            try:
                while not self.closing.is_set():
                    await response.write(chunk)
                    await asyncio.sleep(0)
            finally:
                self.dropped.set()
            return response

        return reply

    def begins(self, *pieces: bytes, content_type: str = "text/event-stream") -> Reply:
        """Send the pieces, each in a packet of its own, and then nothing more, for ever."""

        async def reply(request: web.Request) -> web.StreamResponse:
            response = await _opened(request, content_type)
            try:
                for piece in pieces:
                    await response.write(piece)
                self.sent_at = asyncio.get_running_loop().time()
                await self.closing.wait()
            finally:
                self.dropped.set()
            return response

        return reply

    def paced(self, first: list[bytes], go_on: asyncio.Event, then: list[bytes]) -> Reply:
        """Send some pieces, and the others when told."""

        async def reply(request: web.Request) -> web.StreamResponse:
            response = await _opened(request, "text/event-stream")
            for one in first:
                await response.write(one)
            self.sent_at = asyncio.get_running_loop().time()
            await go_on.wait()
            for one in then:
                await response.write(one)
            return response

        return reply


@asynccontextmanager
async def endpoint() -> AsyncIterator[Endpoint]:
    """A running stand-in; whatever hangs is let go at the end."""
    served = Endpoint()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", served.handle)
    # Without cancellation a handler would not notice that the asker has gone.
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    served.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield served
    finally:
        served.closing.set()
        await runner.cleanup()


def body(document: Any, status: int = 200) -> Reply:
    """Any JSON document as it is."""

    async def reply(request: web.Request) -> web.StreamResponse:
        return web.json_response(document, status=status)

    return reply


def text(content: str, status: int = 200, content_type: str = "text/html") -> Reply:
    async def reply(request: web.Request) -> web.StreamResponse:
        return web.Response(text=content, status=status, content_type=content_type)

    return reply


def moved(location: str) -> Reply:
    async def reply(request: web.Request) -> web.StreamResponse:
        return web.Response(status=307, headers={"Location": location})

    return reply


def completion(message: dict[str, Any], *, finish_reason: str = "stop", **more: Any) -> dict[str, Any]:
    """A chat completion as MiniMax writes it, with its own extra fields."""
    return {
        "id": "0640",
        "choices": [{"finish_reason": finish_reason, "index": 0, "message": {"role": "assistant", **message}}],
        "created": 1777421217,
        "model": "MiniMax-M2.5",
        "object": "chat.completion",
        "usage": {"total_tokens": 116, "prompt_tokens": 55, "completion_tokens": 61},
        "input_sensitive": False,
        "base_resp": {"status_code": 0, "status_msg": ""},
        **more,
    }


def said(content: str | None, **more: Any) -> dict[str, Any]:
    return completion({"content": content, "name": "MiniMax AI", "audio_content": ""}, **more)


def called(arguments: Any, name: str = "submit_plan") -> dict[str, Any]:
    """A native tool call."""
    call = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}
    return completion(
        {"content": "", "reasoning_content": "I think.", "tool_calls": [call]}, finish_reason="tool_calls"
    )


async def _opened(request: web.Request, content_type: str) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": content_type})
    await response.prepare(request)
    return response


def streamed(*pieces: bytes, cut: bool = False, content_type: str = "text/event-stream") -> Reply:
    """Pieces in packets of their own. ``cut``: the connection breaks instead of ending."""

    async def reply(request: web.Request) -> web.StreamResponse:
        response = await _opened(request, content_type)
        for piece in pieces:
            await response.write(piece)
        if cut and request.transport is not None:
            request.transport.close()
        return response

    return reply


DONE = b"data: [DONE]\n\n"


def event(document: Any) -> bytes:
    return b"data: " + json.dumps(document).encode() + b"\n\n"


def piece(delta: dict[str, Any] | None, finish_reason: str | None = None, **more: Any) -> bytes:
    """One chunk as MiniMax writes it: an empty role, an index, and fields that nobody asked for."""
    choice: dict[str, Any] = {"index": 0, "delta": delta and {"role": "", **delta}}
    if finish_reason is not None:
        choice["finish_reason"] = finish_reason
    document = {
        "id": "0640",
        "choices": [choice],
        "created": 1777421217,
        "model": "MiniMax-M2.5",
        "object": "chat.completion.chunk",
        "usage": None,
        "input_sensitive": False,
        "output_sensitive": False,
    }
    return event({**document, **more})


def words(*texts: str) -> list[bytes]:
    return [piece({"content": text}) for text in texts]


def thoughts(*texts: str) -> list[bytes]:
    """Thinking as ``reasoning_split`` gives it: in two fields at once."""
    return [
        piece(
            {"content": "", "reasoning_content": text, "reasoning_details": [{"type": "reasoning.text", "text": text}]}
        )
        for text in texts
    ]


def end(reason: str = "stop", tokens: tuple[int, int] = (55, 61)) -> list[bytes]:
    """The last chunk with a choice, the one that counts tokens, and the mark."""
    counted = {"total_tokens": sum(tokens), "prompt_tokens": tokens[0], "completion_tokens": tokens[1]}
    return [piece({"content": ""}, reason), event({"choices": [], "usage": counted}), DONE]


def refused(code: int, message: str = "refused") -> dict[str, Any]:
    """HTTP 200 with an error inside, and no choices."""
    return {"id": "0640", "choices": None, "base_resp": {"status_code": code, "status_msg": message}}


def http_error(status: int, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": "bad_request_error", "message": message, "http_code": str(status)}}


STEPS: list[dict[str, Any]] = [
    {
        "title": "A cart can be paid",
        "why": "Payments fail with 503.",
        "role": "confirmation",
        "kind": "http",
        "method": "POST",
        "path": "/checkout",
        "json": {"items": [{"sku": "A1", "price": 19.99, "qty": 1}]},
        "expect": ["status == 200", "json $.total == 19.99"],
    },
    {
        "title": "A paid order can be read",
        "why": "The order must exist afterwards.",
        "role": "confirmation",
        "kind": "journey",
        "legs": [
            {
                "method": "POST",
                "path": "/checkout",
                "json": {"items": []},
                "expect": ["status == 200"],
                "capture": {"id": "json $.id"},
            },
            {"method": "GET", "path": "/orders/{{id}}", "expect": ["status == 200"]},
        ],
    },
    {
        "title": "Checkout is fast again",
        "why": "It was slow.",
        "role": "confirmation",
        "kind": "metric",
        "query": "p95:shop.latency{service:checkout}",
        "healthy_when": "<",
        "limit": 400,
    },
    {
        "title": "The catalog still works",
        "why": "It did not break.",
        "role": "control",
        "kind": "http",
        "path": "/catalog",
        "expect": ["status == 200", "json $.items length == 12"],
    },
    {
        "title": "Refunds are open",
        "why": "Only support knows.",
        "role": "control",
        "kind": "manual",
        "instruction": "Ask support.",
    },
]
PLAN = json.dumps({"steps": STEPS})


class SwiftClock:
    """Time that passes as it does, plus what was slept or skipped; sleeping takes no time."""

    def __init__(self) -> None:
        self.skipped = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        return asyncio.get_running_loop().time() + self.skipped

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.skipped += seconds
        await asyncio.sleep(0)
