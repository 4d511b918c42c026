"""JSON that says, beside a friendly status, that something went wrong: ``{"error": true}``, ``{"status": "fail"}``.

Members that describe a thing are not taken for an envelope's: a payment with an id may well have ``status: failed``.
"""

from __future__ import annotations

from collections.abc import Iterator

_ERROR = frozenset(
    {"error", "Error", "ERROR", "errorMessage", "error_message", "ErrorMessage", "errormessage", "errors", "Errors"}
)
_SUCCESS = frozenset({"ok", "Ok", "OK", "success", "Success"})
_STATUS = frozenset({"status", "Status"})
_CODE = frozenset({"code", "status", "errorCode", "error_code", "error"})
_CODE_ITSELF = frozenset({"statusCode", "StatusCode", "status_code", "httpStatus", "httpStatusCode"})
_SIGNS = _ERROR | _SUCCESS | _STATUS | _CODE | _CODE_ITSELF
_TOLD = frozenset({"message", "Message", "msg", "error", "errors", "detail", "details", "reason"})
_A_THING = frozenset({"id", "Id", "ID", "_id", "uuid", "name", "sku", "key", "number", "url", "price"})
_FAILED = frozenset({"error", "fail", "failed", "failure"})
_NOTHING = frozenset(
    {"", "none", "null", "nil", "no", "false", "0", "ok", "success", "no error", "no errors", "n/a", "-"}
)


def confession(document: object, *, of_errors: bool = False) -> dict[str, object]:
    """The members of an answer that confess an error; empty if none does. A list confesses if all of its items do.

    ``of_errors``: the step asks for errors, so that they may be in its answer.
    """
    if isinstance(document, list):
        return _of_all(document) if not of_errors else {}
    if not isinstance(document, dict) or _SIGNS.isdisjoint(document):
        return {}
    signs = set(_signs(document, of_errors))
    if not signs:
        return {}
    return {key: value for key, value in document.items() if key in signs or key in _TOLD}


def _of_all(items: list[object]) -> dict[str, object]:
    for item in items:
        if not isinstance(item, dict) or _ERROR.isdisjoint(item) or not any(map(_is_error, *_split(item))):
            return {}
        if "jsonrpc" not in item and not _A_THING.isdisjoint(item):
            return {}
    first = items[0] if items else {}
    return {key: first[key] for key in _ERROR & first.keys()} if isinstance(first, dict) else {}


def _split(item: dict[str, object]) -> tuple[list[str], list[object]]:
    keys = [key for key in _ERROR if key in item]
    return keys, [item[key] for key in keys]


def _signs(document: dict[str, object], of_errors: bool) -> Iterator[str]:
    for key in _SUCCESS & document.keys():
        if _is_no(document[key]):
            yield key
    if not of_errors:
        yield from (key for key in _ERROR & document.keys() if _is_error(key, document[key]))
    if any(_names_a_thing(key) for key in document):
        return
    for key in _STATUS & document.keys():
        value = document[key]
        if isinstance(value, str) and value.strip().lower() in _FAILED:
            yield key
    yield from (key for key in _CODE_ITSELF & document.keys() if _is_failure(document[key]))
    for key in _CODE & document.keys():
        if _is_failure(document[key]) and not (_TOLD - {key}).isdisjoint(document):
            yield key


def _is_no(value: object) -> bool:
    return value is False or (isinstance(value, str) and value.strip().lower() == "false")


def _is_error(key: str, value: object) -> bool:
    """A number is none: it may be a count or a deviation. ``{"code": 0, "message": ""}`` says that there is none."""
    if value is True:
        return True
    if isinstance(value, str):
        return value.strip().lower() not in _NOTHING
    if isinstance(value, dict):
        worth = [part for part in value.values() if part]
        return any(not isinstance(part, int | float) for part in worth) or (key.lower() != "errors" and bool(worth))
    return isinstance(value, list) and any(value)


def _is_failure(value: object) -> bool:
    """A status 4xx or 5xx, as a number or as its digits."""
    if isinstance(value, str):
        return len(value) == 3 and value.isascii() and value.isdecimal() and value[0] in "45"
    return isinstance(value, int) and 400 <= value <= 599


def _names_a_thing(key: str) -> bool:
    if key in _A_THING:
        return True
    of_request = key.lower().startswith(("request", "trace", "correlation", "span", "error", "req", "x-"))
    return key.endswith(("_id", "Id")) and not of_request
