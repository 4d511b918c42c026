"""What to say when Datadog does not give an answer, in one sentence for a person, without the keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fixloop_bot.domain.errors import TelemetryUnavailable

LONGEST_WORDS = 300
SHORTEST_KEY = 8  # a shorter one is a stand-in's, and would blot out plain words


class Refusal(TelemetryUnavailable):
    """Datadog answered, but with a status that is not a success. ``headers`` are those of its answer."""

    def __init__(self, sentence: str, *, status: int, headers: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.headers = headers or {}
        super().__init__(sentence)

    @property
    def reset_s(self) -> float | None:
        """Seconds until a spent rate limit comes back, if Datadog says so."""
        low = {key.lower(): value for key, value in self.headers.items()}
        try:
            return max(0.0, float(low["x-ratelimit-reset"]))
        except (KeyError, ValueError):
            return None


class Unreached(TelemetryUnavailable):
    """No connection, so that another try may help."""


def refused(error: Any, *, what: str, secrets: tuple[str, ...]) -> TelemetryUnavailable:
    """The failure for the library's ApiException; ``what`` was asked for."""
    status = int(error.status or 0)
    words = _without(words_of(error.body), secrets)
    said = f": {words}" if words else ""
    if status == 0:
        return Unreached(f"Datadog could not be reached safely ({_first_line(str(error.reason))}).")
    if status in (401, 403):
        return Refusal(_keys_sentence(status, words, what=what), status=status)
    if status == 429:
        return _limited(error.headers or {}, what=what)
    if status in (400, 422):
        return Refusal(f"Datadog does not accept {what} ({status}){said}", status=status)
    if status == 404:
        return Refusal(f"Datadog does not know {what} (404){said}", status=status)
    if status >= 500:
        return Refusal(f"Datadog has a problem of its own ({status}){said}", status=status)
    return Refusal(f"Datadog answered {what} with status {status}{said}", status=status)


def unreached(error: Exception, *, host: str, deadline_s: float) -> TelemetryUnavailable:
    """The failure for a connection that was not made, broke, or stayed silent."""
    name = type(error).__name__
    if "Timeout" in name and "Connect" not in name:
        return TelemetryUnavailable(f"Datadog did not answer within {deadline_s:g} s.")
    cause = "the connection timed out" if "Timeout" in name else _CAUSES.get(name, name)
    return Unreached(f"Datadog could not be reached at {host}: {cause}.")


_CAUSES = {
    "NewConnectionError": "the connection was refused",
    "NameResolutionError": "the name is unknown",
    "ProtocolError": "the connection broke off",
    "SSLError": "the TLS certificate was not accepted",
}


def words_of(body: Any) -> str:
    """Datadog's own words in an error body: ``{"errors": [text]}``, ``{"errors": [{title, detail}]}``, ``{"error":
    text}``, ``{"message": text}``; nothing for a page of HTML."""
    found: list[str] = []
    if isinstance(body, Mapping):
        for key in ("errors", "error", "message", "detail"):
            found.extend(_texts(body.get(key)))
    elif isinstance(body, list):
        found.extend(_texts(body))
    elif isinstance(body, str) and not body.lstrip().startswith("<"):
        found.append(body)
    return _first_line("; ".join(dict.fromkeys(found)))[:LONGEST_WORDS]


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if value.strip() else []
    if isinstance(value, Mapping):
        return _texts(value.get("detail") or value.get("message") or value.get("title"))
    if isinstance(value, list):
        return [text for item in value[:5] for text in _texts(item)]
    return []


def _keys_sentence(status: int, words: str, *, what: str) -> str:
    """Names the key that is wrong, as far as Datadog tells."""
    low = words.lower()
    refusal = f"Datadog refused {what} ({status}: {words})" if words else f"Datadog refused {what} ({status})"
    if "application key" in low or "app key" in low:
        return f"{refusal}: check DD_APP_KEY."
    if "api key" in low:
        return f"{refusal}: check DD_API_KEY."
    return f"{refusal}: check DD_API_KEY, and whether DD_APP_KEY may do this."


def _limited(headers: Mapping[str, str], *, what: str) -> Refusal:
    refusal = Refusal(f"Datadog's rate limit for {what} is used up (429).", status=429, headers=headers)
    if refusal.reset_s is None:
        return refusal
    return Refusal(f"{str(refusal)[:-1]}; it resets in {refusal.reset_s:.0f} s.", status=429, headers=headers)


def _without(text: str, secrets: tuple[str, ...]) -> str:
    for secret in secrets:
        text = text.replace(secret, "…") if len(secret) >= SHORTEST_KEY else text
    return text


def _first_line(text: str) -> str:
    return " ".join(text.split())
