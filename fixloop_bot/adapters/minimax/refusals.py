"""Why the model could not be asked, as one sentence for a person, from whatever shape the refusal came in.

MiniMax refuses with 4xx and an error object, or with HTTP 200 and ``base_resp.status_code`` ≠ 0, which the
SDK does not raise. The vendor's own text is never shown and never logged, since it can quote what it was
sent; only its number is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from fixloop_bot.domain.errors import FixLoopError

UNKNOWN_MODEL = re.compile(r"unknown model|model.{0,80}(?:not found|does not exist|not support)", re.IGNORECASE)
_TRAILING_CODE = re.compile(r"\((\d{4})\)\s*$")


class ModelUnavailable(FixLoopError):  # noqa: N818 - named as its neighbours in domain.errors
    """The model gave no answer. ``str()`` completes a card's line; ``label`` is for the log.

    ``retry``: the same call may succeed in a moment. ``outage``: it says something about the model's health
    and not only about this call, so the circuit breaker counts it. ``mid_stream``: an answer had begun, and
    what came of it can be used.
    """

    def __init__(
        self, sentence: str, *, label: str, retry: bool = False, outage: bool = True, mid_stream: bool = False
    ) -> None:
        self.label = label
        self.mid_stream = mid_stream
        self.retry = retry
        self.outage = outage
        super().__init__(sentence)


class AnswerTooLong(Exception):  # noqa: N818 - raised through the SDK, which wraps it; see ``from_exception``
    """The body of an answer exceeded its cap while it was read."""


@dataclass(frozen=True, slots=True)
class _Kind:
    sentence: str
    retry: bool = False
    outage: bool = True


_KEY = _Kind("the model refused our key; check MINIMAX_API_KEY")
_BUSY = _Kind("the model is rate-limited: too many requests for this key", retry=True)
_INTERNAL = _Kind("the model failed with an internal error", retry=True)

CODES: dict[int, _Kind] = {
    1000: _INTERNAL,
    1001: _Kind("the model timed out on its own side", retry=True),
    1002: _BUSY,
    1004: _KEY,
    1008: _Kind("the model's account has no balance left"),
    1013: _INTERNAL,
    1024: _INTERNAL,
    1026: _Kind("the model's content filter refused the question", outage=False),
    1027: _Kind("the model's content filter withheld its answer", outage=False),
    1033: _INTERNAL,
    1039: _Kind("the question and its answer exceed the model's token limit", outage=False),
    1041: _BUSY,
    2013: _Kind("the model did not accept our parameters", outage=False),
    2045: _BUSY,
    2049: _KEY,
    2056: _Kind("the model's quota is used up"),
}
"""MiniMax's ``base_resp`` codes (platform.minimax.io, error codes)."""

_STATUS: dict[int, _Kind] = {
    401: _KEY,
    402: CODES[1008],
    403: _KEY,
    404: _Kind("the model's address answered 404; check MINIMAX_BASE_URL and MINIMAX_MODEL"),
    408: CODES[1001],
    413: CODES[1039],
    429: _BUSY,
}


_WORDED: tuple[tuple[re.Pattern[str], _Kind], ...] = tuple(
    (re.compile(words, re.IGNORECASE), kind)
    for words, kind in (
        (
            r"insufficient[ _](?:balance|credit|fund)|balance (?:is )?(?:too low|insufficient)|billing|payment",
            CODES[1008],
        ),
        (r"quota", CODES[2056]),
        (r"context[ _](?:length|size|window)|maximum context|too many tokens|prompt is too long", CODES[1039]),
        (r"(?:invalid|incorrect|wrong|missing)[ _]api[ _]key|authenticat|unauthorized|token (?:has )?expired", _KEY),
        (r"rate[ _-]?limit|too many requests", _BUSY),
        (r"overloaded|(?:queue|server) is full|at capacity|unavailable", _Kind("the model is overloaded", retry=True)),
    )
)
"""What servers say without a number that tells. Only the kind is taken from it, never the words."""
_NAMES = ("code", "type", "message", "msg", "detail", "status_msg", "error")


def timed_out(seconds: float) -> ModelUnavailable:
    return ModelUnavailable(f"the model did not answer in {seconds:.3g} s", label="timeout")


def from_body(body: Mapping[str, object]) -> ModelUnavailable | None:
    """The refusal inside an answer of HTTP 200, or None if it has none."""
    base = body.get("base_resp")
    code = _number(base.get("status_code")) if isinstance(base, Mapping) else 0
    if code:
        return _from_code(code, _message(base))
    if body.get("choices"):
        return _in_choice(body)
    if body.get("error"):
        return _from_error(body, _status_of(body))
    if body.get("input_sensitive") is True:
        return _made(CODES[1026], "filter")
    return _without_choices(body) or (strange() if "choices" not in body else nothing_said())


def from_event(event: Mapping[str, object]) -> ModelUnavailable | None:
    """The refusal inside one event of a stream, or None: an event without choices may just count tokens."""
    base = event.get("base_resp")
    code = _number(base.get("status_code")) if isinstance(base, Mapping) else 0
    if code:
        return _from_code(code, _message(base))
    if event.get("error") or "error" in (event.get("type"), event.get("object")):
        return _from_error(event, _status_of(event))
    if event.get("choices"):
        return _in_choice(event)
    if event.get("input_sensitive") is True:
        return _made(CODES[1026], "filter")
    if event.get("output_sensitive") is True:
        return _made(CODES[1027], "filter")
    return _without_choices(event)


def _in_choice(body: Mapping[str, object]) -> ModelUnavailable | None:
    """A gateway may put the error of the provider behind it into the choice."""
    choices = body.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    failed = isinstance(first, Mapping) and bool(first.get("error"))
    return _from_error(first, _status_of(first)) if failed and isinstance(first, Mapping) else None


def _without_choices(body: Mapping[str, object]) -> ModelUnavailable | None:
    """An error in no known envelope: a number that is an error's, a ``detail``, or ``success: false``."""
    status = _status_of(body)
    says = body.get("success") is False or any(body.get(key) for key in ("detail", "errors"))
    if "choices" in body or not (says or status):
        return None
    return _from_error(body, status)


def broke_off() -> ModelUnavailable:
    return ModelUnavailable("the model's answer broke off", label="broke off", retry=True, mid_stream=True)


def fell_silent(seconds: float) -> ModelUnavailable:
    return ModelUnavailable(f"the model fell silent for {seconds:.3g} s", label="silent", mid_stream=True)


def too_long() -> ModelUnavailable:
    return ModelUnavailable("the model's answer did not end", label="too long", mid_stream=True)


def foreign() -> ModelUnavailable:
    return ModelUnavailable("the model's address did not answer in JSON; check MINIMAX_BASE_URL", label="not json")


def strange() -> ModelUnavailable:
    return ModelUnavailable(
        "the model's address answers in another API's form; check MINIMAX_BASE_URL", label="another api"
    )


def nothing_said() -> ModelUnavailable:
    return ModelUnavailable("the model's answer was empty", label="no choices", retry=True)


def from_read_error(error: Exception) -> ModelUnavailable:
    """What it means that a stream could not be read on."""
    return too_long() if _caused_by(error, AnswerTooLong) else broke_off()


def from_exception(error: Exception) -> ModelUnavailable:
    """What an exception of the SDK means. Called only once the SDK has been loaded."""
    import openai

    if isinstance(error, openai.APITimeoutError):
        return ModelUnavailable("the model did not answer in time", label="timeout", retry=True)
    if isinstance(error, openai.APIStatusError):
        body = error.body if isinstance(error.body, Mapping) else {}
        return _from_error(body, error.status_code)
    if _caused_by(error, AnswerTooLong):
        return too_long()
    if isinstance(error, openai.APIConnectionError):
        return ModelUnavailable("the model could not be reached", label="connection", retry=True)
    return ModelUnavailable("the model's answer could not be read", label=type(error).__name__)


def _from_error(body: Mapping[str, object], status: int) -> ModelUnavailable:
    inner = body.get("error", body)
    message = _message(inner)
    trailing = _TRAILING_CODE.search(message)
    if trailing and int(trailing[1]) in CODES:
        return _from_code(int(trailing[1]), message)
    if UNKNOWN_MODEL.search(message) or "model_not_found" in _said(inner):
        return _unknown_model(f"http {status}")
    if status not in (401, 402, 403, 404) and (kind := _worded(_said(inner))) is not None:
        return _made(kind, f"http {status}" if status else "error")
    return _from_status(status) if status else _made(_INTERNAL, "error")


def _said(inner: object) -> str:
    """What an error says of itself, in whichever fields."""
    if not isinstance(inner, Mapping):
        return inner[:2000] if isinstance(inner, str) else ""
    return " ".join(text[:2000] for key in _NAMES if isinstance(text := inner.get(key), str))


def _worded(said: str) -> _Kind | None:
    return next((kind for words, kind in _WORDED if words.search(said) is not None), None)


def _status_of(event: Mapping[str, object]) -> int:
    """The HTTP status that an error inside of an answer would have had; 0 where it names none."""
    inner = event.get("error")
    named = inner if isinstance(inner, Mapping) else event
    numbers = (_number(named.get(key)) for key in ("http_code", "code", "status_code", "status"))
    return next((number for number in numbers if 400 <= number < 600), 0)


def _from_code(code: int, message: str) -> ModelUnavailable:
    if code == 2013 and UNKNOWN_MODEL.search(message):
        return _unknown_model("2013")
    kind = CODES.get(code, _Kind("the model refused"))
    return _made(kind, str(code))


def _from_status(status: int) -> ModelUnavailable:
    if 300 <= status < 400:
        sentence = f"the model's address answered {status}, a redirect; check MINIMAX_BASE_URL"
        return ModelUnavailable(sentence, label=f"http {status}")
    if status >= 500:
        return ModelUnavailable(f"the model answered {status}", label=f"http {status}", retry=True)
    kind = _STATUS.get(status, _Kind("the model did not accept the question", outage=False))
    return _made(kind, f"http {status}")


def _made(kind: _Kind, label: str) -> ModelUnavailable:
    shown = f"{kind.sentence} ({label})" if label.isdigit() else kind.sentence
    return ModelUnavailable(shown, label=label, retry=kind.retry, outage=kind.outage)


def _unknown_model(label: str) -> ModelUnavailable:
    return ModelUnavailable("the model's name is unknown there; check MINIMAX_MODEL", label=label)


def _caused_by(error: BaseException | None, kind: type[BaseException]) -> bool:
    while error is not None:
        if isinstance(error, kind):
            return True
        error = error.__cause__ or error.__context__
    return False


def _message(value: object) -> str:
    if isinstance(value, Mapping):
        value = value.get("message") or value.get("status_msg")
    return value[:2000] if isinstance(value, str) else ""


def _number(value: object) -> int:
    try:
        return int(value) if isinstance(value, int | str) else 0
    except ValueError:
        return 0
