"""Which fault an exception is: the target's own (evidence against it) or ours (the sample is void)."""

from __future__ import annotations

import errno
import os

import aiohttp

from fixloop_bot.adapters.http.bodies import BodyTooLarge, BrokenEncoding
from fixloop_bot.adapters.http.guard import ForbiddenAddress, LostConnection, NameNotFound
from fixloop_bot.domain.errors import BadInput, GateRefused
from fixloop_bot.domain.samples import Fault, FaultKind

_BY_ERRNO = {
    errno.ECONNREFUSED: FaultKind.REFUSED,
    errno.ECONNRESET: FaultKind.RESET,
    errno.ECONNABORTED: FaultKind.RESET,
    errno.EPIPE: FaultKind.RESET,
    errno.ETIMEDOUT: FaultKind.TIMEOUT,
}
TROUBLE = (aiohttp.ClientError, OSError, TimeoutError, BodyTooLarge, BrokenEncoding)
"""What a request may meet on its way; anything else is a bug here and must be seen."""


def fault_of(error: BaseException, *, answered: bool = False) -> Fault:
    """The fault behind an exception of a probe; ``answered`` says that status and headers had arrived already.

    What cannot be told apart from trouble of our own counts as ours: a dead route, an exhausted descriptor
    table.
    """
    match error:
        case GateRefused():
            return Fault(kind=FaultKind.GATE, detail=str(error))
        case BadInput():
            return Fault(kind=FaultKind.UNFILLED, detail=str(error))
        case BodyTooLarge():
            return Fault(kind=FaultKind.TOO_LARGE)
        case BrokenEncoding():
            return Fault(kind=FaultKind.PROTOCOL, detail="the body is not what its Content-Encoding says")
        case TimeoutError():
            return Fault(kind=FaultKind.TIMEOUT, detail=_timeout(error, answered))
        case aiohttp.ClientConnectorError() | aiohttp.ClientSSLError():
            return _connect_fault(error)
        case LostConnection():
            return Fault(kind=FaultKind.RESET)
        case aiohttp.InvalidURL():
            return Fault(kind=FaultKind.GATE, detail="The address cannot be sent as it is.")
    return _broken_answer(error, answered)


def _broken_answer(error: BaseException, answered: bool) -> Fault:
    if answered and isinstance(error, aiohttp.ClientPayloadError | aiohttp.ClientConnectionError | OSError):
        return Fault(kind=FaultKind.TRUNCATED)
    if isinstance(error, OSError | aiohttp.ClientConnectionError):
        return Fault(kind=FaultKind.RESET)
    return Fault(kind=FaultKind.PROTOCOL)


def _timeout(error: TimeoutError, answered: bool) -> str:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "no connection"
    return "the answer did not end" if answered else ""


def _connect_fault(error: aiohttp.ClientConnectorError) -> Fault:
    cause: BaseException = error.os_error if hasattr(error, "os_error") else error
    if isinstance(cause, ForbiddenAddress):
        return Fault(kind=FaultKind.GATE, detail=f"{cause.strerror}.")
    if isinstance(cause, NameNotFound):
        return Fault(kind=FaultKind.NAME_NOT_FOUND, detail=str(cause))
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return Fault(kind=FaultKind.TLS, detail=_certificate(error))
    if isinstance(error, aiohttp.ClientSSLError):
        return Fault(kind=FaultKind.PROTOCOL, detail="no TLS connection could be made")
    number = cause.errno if isinstance(cause, OSError) else None
    kind = _BY_ERRNO.get(number or 0, FaultKind.UNREACHABLE)
    return Fault(kind=kind, detail="" if kind is not FaultKind.UNREACHABLE or not number else os.strerror(number))


def _certificate(error: aiohttp.ClientConnectorCertificateError) -> str:
    reason = getattr(error.certificate_error, "verify_message", "")
    return str(reason)[:120]
