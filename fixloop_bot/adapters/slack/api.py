"""The Web API as FixLoop uses it: one call, two kinds of failure.

``SlackRefused`` carries Slack's own error name: trying the same again is pointless. ``SlackBusy`` says how long to
wait: a 429, a 5xx, or no answer at all (aiohttp's errors are not SlackApiError).

Every call keeps to Slack's limits, which all processes share. One whose turn comes within moments waits for it here;
any other is ``SlackBusy`` at once, and holds no worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from fixloop_bot.adapters.slack.limits import POST, errand_for, limit_of
from fixloop_bot.adapters.slack.own_paces import OwnPaces
from fixloop_bot.adapters.slack.scopes import LACKS_SCOPE, lacking
from fixloop_bot.adapters.slack.standing import NO_ACCESS, Standing
from fixloop_bot.application.errands import Errand, Limit, Paces, Place, Urgency, errand
from fixloop_bot.application.ports import Clock
from fixloop_bot.domain.errors import SlackBusy, SlackRefused, StoreUnavailable

log = logging.getLogger(__name__)

TIMEOUT_S = 10
WAIT_AFTER_FAILURE_S = 3.0
PATIENCE_S = {Urgency.PROGRESS: 2.5, Urgency.NEWS: 2.5, Urgency.ANSWER: 5.0}
"""How long a call waits for its turn. Somebody who clicked waits longer than a worker should for a card."""
BOOKED_AHEAD_S = {**PATIENCE_S, Urgency.PROGRESS: 0.5}
"""A booked place is nobody else's: a plan that books one two seconds ahead delays the new incidents of these seconds,
and all that stand in line behind them. So figures and plans wait in line, and book no place but the next one."""
PATIENCE_OF_A_TRIGGER_S = 1.5
"""What is opened by a trigger must come within the three seconds that it lives."""
PASSING = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})


class SlackApi:
    """Calls Slack with one shared connection pool. ``async with`` opens and closes it.

    ``paces`` is where Slack's limits are shared; without it this process counts alone. Without ``clock`` time is real.
    """

    def __init__(self, *, token: str, base_url: str, paces: Paces | None = None, clock: Clock | None = None) -> None:
        self._now = clock.now if clock is not None else time.monotonic
        self._own_paces = OwnPaces(self._now)
        self._paces = paces or self._own_paces
        self._sleep = clock.sleep if clock is not None else asyncio.sleep
        self.standing = Standing(self._now)
        self._ids: dict[str, str] = {}
        self._token = token
        self._base_url = base_url
        self._session: aiohttp.ClientSession | None = None
        self._client: AsyncWebClient | None = None
        self._identity: dict[str, Any] | None = None
        self._lock = asyncio.Lock()
        self._doors: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

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
        self.standing.check(method)
        await self._await_turn(method, arguments)
        try:
            answer = await self._send(method, **arguments)
        except SlackBusy as busy:
            if busy.undone:
                await self._hold(method, busy.retry_after)
            raise
        except SlackRefused as refusal:
            if refusal.error in NO_ACCESS:
                self.standing.lost(refusal)
            raise
        self.standing.works()
        await self._learn(method, arguments, answer)
        return answer

    async def _learn(self, method: str, arguments: dict[str, Any], answer: AsyncSlackResponse) -> None:
        """A channel's id, since a name and its id are one channel; and when its last message went out at the latest."""
        if method != POST:
            return
        named, data = str(arguments.get("channel", "")), answer.data
        channel = str(data.get("channel") or named) if isinstance(data, dict) else named
        if channel != named:
            self._ids[named] = channel
        limit = limit_of(method, {"channel": channel})
        if limit is not None:
            with contextlib.suppress(StoreUnavailable):
                await self._paces.went_out(limit)

    async def _await_turn(self, method: str, arguments: dict[str, Any]) -> None:
        """Return when Slack's limits allow the call; raises SlackBusy where that is not within moments."""
        named = str(arguments.get("channel", ""))
        limit = limit_of(method, {"channel": self._ids.get(named, named)})
        what_for = errand_for(method, errand())
        if limit is None:
            return
        if "trigger_id" in arguments:
            await self._come_soon(limit)
            return
        place = await self._in_line(limit, what_for)
        if place.wait_s > 0:
            await self._sleep(place.wait_s)
            held = await self._held_for(method)  # Slack may have asked everybody to wait meanwhile
            if held > 0:
                raise SlackBusy(method, retry_after=held, undone=True)
        if limit.calls == 1:  # a busy process may have sent the last one late; who was booked first goes first
            async with self._doors[limit.name]:
                while (left := await self._too_soon(limit)) > 0:
                    await self._sleep(left)

    async def _in_line(self, limit: Limit, what_for: Errand) -> Place:
        """A booked place; raises SlackBusy where there is none within the errand's patience."""
        ahead, patience = BOOKED_AHEAD_S[what_for.urgency], PATIENCE_S[what_for.urgency]
        until = self._now() + patience
        place = await self._place(limit, what_for, patience_s=ahead)
        while not place.booked and ahead < patience and self._now() + place.wait_s < until:
            await self._sleep(place.wait_s)
            place = await self._place(limit, what_for, patience_s=ahead)
        if not place.booked:
            raise SlackBusy(limit.method, retry_after=place.wait_s, undone=True)
        return place

    async def _come_soon(self, limit: Limit) -> None:
        """A modal takes its place like any other call; where there is none in time, it goes out all the same.

        Its trigger lives three seconds, and nobody there expects to be told to wait. Only where Slack itself has asked
        for that, it is SlackBusy: that call would be the next 429.
        """
        held = await self._held_for(limit.method)
        if held > PATIENCE_OF_A_TRIGGER_S:
            raise SlackBusy(limit.method, retry_after=held, undone=True)
        place = await self._place(limit, Errand(urgency=Urgency.ANSWER), patience_s=PATIENCE_OF_A_TRIGGER_S)
        await self._sleep(place.wait_s if place.booked else 0.0)

    async def _place(self, limit: Limit, what_for: Errand, *, patience_s: float) -> Place:
        try:
            return await self._paces.take_call(limit, what_for, patience_s=patience_s)
        except StoreUnavailable:  # a person who clicked is answered although the store is away
            return await self._own_paces.take_call(limit, what_for, patience_s=patience_s)

    async def _held_for(self, method: str) -> float:
        with contextlib.suppress(StoreUnavailable):
            return await self._paces.held_for(method)
        return 0.0

    async def _too_soon(self, limit: Limit) -> float:
        with contextlib.suppress(StoreUnavailable):
            return await self._paces.too_soon(limit)
        return await self._own_paces.too_soon(limit)

    async def _hold(self, method: str, seconds: float) -> None:
        log.info("Slack asks to wait %.0f s before the next %s", seconds, method)
        with contextlib.suppress(StoreUnavailable):
            await self._paces.hold_calls(method, seconds=seconds)

    async def _send(self, method: str, **arguments: Any) -> AsyncSlackResponse:
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

    async def trouble(self) -> str:
        """Slack's word for why it does not take our token, such as ``token_revoked``; empty while it does.

        As long as it does not, Slack is asked again, at most every half minute.
        """
        if self.standing.trouble:
            with contextlib.suppress(SlackBusy, SlackRefused):
                await self._ask("auth.test")
        return self.standing.trouble

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
        # A gateway that gave up (502, 503, 504) does not know what Slack still does behind it.
        return SlackBusy(method, retry_after=WAIT_AFTER_FAILURE_S, over=status in (200, 500))
    details = said.get("response_metadata") or {}
    messages = details.get("messages", []) if isinstance(details, dict) else []
    lacks = lacking(str(said.get("needed") or ""), str(said.get("provided") or "")) if name == LACKS_SCOPE else ""
    detail = "; ".join(map(str, messages[:3]))
    return SlackRefused(name or f"http_{status}", method=method, detail=detail, lacks=lacks)


def _retry_after(response: Any) -> float:
    headers = {str(key).lower(): value for key, value in dict(getattr(response, "headers", {}) or {}).items()}
    try:
        return max(1.0, float(headers.get("retry-after", 1)))
    except (TypeError, ValueError):
        return 1.0
