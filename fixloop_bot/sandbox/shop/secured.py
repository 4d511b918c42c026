"""The shop's HTTPS port: which certificate a caller is shown."""

import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path

from .certificates import new_authority
from .faults import FaultSwitches, State

FAULT = "expired-certificate"
GOOD_FOR = timedelta(days=60)


class Secured:
    """`ca_pem` is what a client has to trust; `context` serves, and looks at the fault at every handshake."""

    def __init__(self, switches: FaultSwitches) -> None:
        authority, now = new_authority(), datetime.now(UTC)
        self.ca_pem = authority.pem
        self._switches = switches
        self._good = _context(authority.leaf(until=now + GOOD_FOR))
        self._expired = _context(authority.leaf(until=now - timedelta(hours=6)))
        self._in_turn = cycle((self._good, self._expired))
        self.context = self._good
        self.context.sni_callback = self._choose

    def client(self) -> ssl.SSLContext:
        """For a customer: trusts this shop's authority alone."""
        return ssl.create_default_context(cadata=self.ca_pem)

    def _choose(self, connection: ssl.SSLSocket | ssl.SSLObject, _: str | None, __: ssl.SSLContext) -> None:
        """Half-fixed, every second connection meets a replica that still has the old certificate."""
        state = self._switches.of(FAULT).state
        if state == State.BROKEN:
            connection.context = self._expired
        elif state == State.HALF_FIXED:
            connection.context = next(self._in_turn)


def _context(pem: str) -> ssl.SSLContext:
    """ssl reads certificates from files only; this one is gone at once."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory(prefix="fixloop-") as folder:
        path = Path(folder) / "leaf.pem"
        path.touch(mode=0o600)
        path.write_text(pem)
        context.load_cert_chain(path)
    return context
