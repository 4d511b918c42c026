"""Which fault an exception is: the target's own (evidence against it) or ours (the sample is void)."""

from __future__ import annotations

import errno
import os
import ssl

from fixloop_bot.adapters.http.bodies import BodyCutOff, BodyTooLarge, BrokenEncoding
from fixloop_bot.adapters.http.guard import ConnectTimeout, ForbiddenAddress, NameNotFound, NotConnected
from fixloop_bot.adapters.http.reading import MalformedAnswer
from fixloop_bot.adapters.http.switch import Halted
from fixloop_bot.domain.errors import BadInput, GateRefused
from fixloop_bot.domain.samples import Fault, FaultKind

_BY_ERRNO = {
    errno.ECONNREFUSED: FaultKind.REFUSED,
    errno.ECONNRESET: FaultKind.RESET,
    errno.ECONNABORTED: FaultKind.RESET,
    errno.EPIPE: FaultKind.RESET,
    errno.ETIMEDOUT: FaultKind.TIMEOUT,
}
TROUBLE = (OSError, EOFError, BodyTooLarge, BodyCutOff, BrokenEncoding, MalformedAnswer, Halted)
"""What a request may meet on its way (time-outs are OSErrors); anything else is a bug here and must be seen."""


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
        case Halted():
            return Fault(kind=FaultKind.STOPPED, detail=str(error))
        case BodyTooLarge():
            return Fault(kind=FaultKind.TOO_LARGE)
        case BrokenEncoding():
            return Fault(kind=FaultKind.PROTOCOL, detail="the body is not what its Content-Encoding says")
        case MalformedAnswer():
            return Fault(kind=FaultKind.PROTOCOL)
        case ForbiddenAddress():
            return Fault(kind=FaultKind.GATE, detail=f"{error.strerror}.")
        case NameNotFound():
            return Fault(kind=FaultKind.NAME_NOT_FOUND, detail=str(error))
        case NotConnected():
            return _not_connected(error)
        case TimeoutError():
            return Fault(kind=FaultKind.TIMEOUT, detail=_timeout(error, answered))
    return _broken_answer(error, answered)


def _broken_answer(error: BaseException, answered: bool) -> Fault:
    if answered:
        return Fault(kind=FaultKind.TRUNCATED)
    match error:
        case ssl.SSLCertVerificationError():
            return Fault(kind=FaultKind.TLS, detail=error.verify_message[:120])
        case ssl.SSLError():
            return Fault(kind=FaultKind.PROTOCOL, detail="no TLS connection could be made")
    return Fault(kind=FaultKind.RESET)


def _timeout(error: TimeoutError, answered: bool) -> str:
    if isinstance(error, ConnectTimeout):
        return "no connection"
    return "the answer did not end" if answered else ""


def _not_connected(error: NotConnected) -> Fault:
    kind = _BY_ERRNO.get(error.errno or 0, FaultKind.UNREACHABLE)
    described = kind is FaultKind.UNREACHABLE and error.errno
    return Fault(kind=kind, detail=os.strerror(error.errno or 0) if described else "")
