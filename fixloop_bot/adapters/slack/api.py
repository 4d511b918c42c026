"""The Web API as FixLoop uses it: one call, two kinds of failure.

``SlackRefused`` carries Slack's own error name: trying the same again is pointless. ``SlackBusy`` says how long to
wait: a 429, a 5xx, or no answer at all (aiohttp's errors are not SlackApiError).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from fixloop_bot.domain.errors import SlackBusy, SlackRefused

log = logging.getLogger(__name__)

TIMEOUT_S = 10
WAIT_AFTER_FAILURE_S = 3.0
PASSING = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})


class SlackApi:
    """Calls Slack with one shared connection pool. ``async with`` opens and closes it."""

    def __init__(self, *, token: str, base_url: str) -> None:
        self._token = token
        self._base_url = base_url
        self._session: aiohttp.ClientSession | None = None
        self._client: AsyncWebClient | None = None
        self._identity: dict[str, Any] | None = None
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> SlackApi:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        self._session = aiohttp.ClientSession(timeout=timeout)
        self._client = AsyncWebClient(
            token=self._token, base_url=self._base_url, session=self._session, timeout=TIMEOUT_S, retry_handlers=[]
        )
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def client(self) -> AsyncWebClient:
        if self._client is None:
            raise RuntimeError("SlackApi is used before it is opened")
        return self._client

    async def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """One call; returns Slack's answer as a dict. Raises SlackRefused or SlackBusy."""
        answer = await self._ask(method, **arguments)
        return dict(answer.data) if isinstance(answer.data, dict) else {}

    async def granted(self) -> frozenset[str]:
        """The scopes that the token has now, which Slack names in a header of every answer."""
        answer = await self._ask("auth.test")
        headers = {str(key).lower(): str(value) for key, value in dict(answer.headers or {}).items()}
        return frozenset(filter(None, (scope.strip() for scope in headers.get("x-oauth-scopes", "").split(","))))

    async def _ask(self, method: str, **arguments: Any) -> AsyncSlackResponse:
        # The SDK's own methods know which of Slack's methods take JSON, which a form, and which a GET.
        ask: Callable[..., Awaitable[AsyncSlackResponse]] = getattr(self.client, method.replace(".", "_"))
        try:
            return await ask(**arguments)
        except SlackApiError as error:
            raise _meaning(method, error) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.debug("Slack did not answer %s: %s", method, type(error).__name__)
            raise SlackBusy(method, retry_after=WAIT_AFTER_FAILURE_S) from error

    async def identity(self) -> dict[str, Any]:
        """Who the token belongs to (auth.test), asked once."""
        async with self._lock:
            if self._identity is None:
                self._identity = await self.call("auth.test")
            return self._identity

    def permalink(self, channel: str, ts: str) -> str:
        """A message's address; empty as long as Slack was not asked who we are (``identity``)."""
        url = str((self._identity or {}).get("url", "")).rstrip("/")
        return f"{url}/archives/{channel}/p{ts.replace('.', '')}" if url else ""

    async def respond(self, response_url: str, text: str) -> None:
        """Answer a command where nobody else sees it; raises SlackBusy when the address does not answer."""
        if self._session is None:
            raise RuntimeError("SlackApi is used before it is opened")
        message = {"response_type": "ephemeral", "replace_original": False, "text": text}
        try:
            async with self._session.post(response_url, json=message) as answer:
                if answer.status >= 400:
                    raise SlackRefused(f"http_{answer.status}", method="response_url")
        except aiohttp.InvalidURL as error:
            raise SlackRefused("invalid_url", method="response_url") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise SlackBusy("response_url", retry_after=WAIT_AFTER_FAILURE_S) from error


def _meaning(method: str, error: SlackApiError) -> SlackRefused | SlackBusy:
    response = error.response
    status = getattr(response, "status_code", 200)
    data = getattr(response, "data", None)
    said = data if isinstance(data, dict) else {}  # a proxy's error page is text
    name = str(said.get("error", ""))
    if status == 429 or name in ("ratelimited", "rate_limited"):
        return SlackBusy(method, retry_after=_retry_after(response), undone=True)
    if status >= 500 or name in PASSING:
        return SlackBusy(method, retry_after=WAIT_AFTER_FAILURE_S)
    details = said.get("response_metadata") or {}
    messages = details.get("messages", []) if isinstance(details, dict) else []
    return SlackRefused(name or f"http_{status}", method=method, detail="; ".join(map(str, messages[:3])))


def _retry_after(response: Any) -> float:
    headers = {str(key).lower(): value for key, value in dict(getattr(response, "headers", {}) or {}).items()}
    try:
        return max(1.0, float(headers.get("retry-after", 1)))
    except (TypeError, ValueError):
        return 1.0
