"""The SDK's client, as this bot wants it: nothing from the environment, no redirects, no bodies without an end."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fixloop_bot.adapters.minimax.refusals import AnswerTooLong

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI

CONNECT_S = 5.0
STREAM = "text/event-stream"


def open_sdk(base_url: str, api_key: str, *, longest_body: int, longest_stream: int) -> AsyncOpenAI:
    """The SDK's client, with everything it would take from the environment or log by itself switched off."""
    import httpx2
    import openai

    for name in ("openai", "httpx2", "httpcore2"):  # what they write at DEBUG differs with every version
        logging.getLogger(name).setLevel(logging.WARNING)
    http_client = openai.DefaultAsyncHttpxClient(
        timeout=httpx2.Timeout(60.0, connect=CONNECT_S),
        follow_redirects=False,
        trust_env=not _loopback(base_url),
        event_hooks={"response": [partial(_cap, longest_body, longest_stream)]},
    )
    sdk = openai.AsyncOpenAI(
        base_url=base_url,
        api_key=api_key,
        max_retries=0,
        http_client=http_client,
        default_headers={"Accept-Encoding": "identity"},
    )
    sdk.organization, sdk.project = None, None  # OPENAI_* of the machine are not MiniMax's business
    return sdk


def timeouts(deadline_s: float) -> Any:
    import openai

    return openai.Timeout(deadline_s, connect=min(CONNECT_S, deadline_s))


def _loopback(base_url: str) -> bool:
    """A model on this machine is never asked through a proxy."""
    return urlsplit(base_url).hostname in ("127.0.0.1", "::1", "localhost")


async def _cap(longest_body: int, longest_stream: int, response: httpx2.Response) -> None:
    """Wrap the answer's stream, so that a body that never ends does not fill the memory until the deadline."""
    import httpx2

    inner = response.stream
    limit = longest_stream if response.request.headers.get("accept") == STREAM else longest_body

    class Capped(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            seen = 0
            async for chunk in inner:  # type: ignore[union-attr]
                seen += len(chunk)
                if seen > limit:
                    raise AnswerTooLong
                yield chunk

        async def aclose(self) -> None:
            await inner.aclose()  # type: ignore[union-attr]

    response.stream = Capped()
