"""Certificates for the shop's HTTPS port: one authority, and leaves that it signs, good or expired.

X.509 v3 (RFC 5280) with ECDSA on P-256 (FIPS 186-4), in a few lines of arithmetic, so that a sandbox needs neither a
library nor a program for it. It is not hardened against timing: the keys live as long as a sandbox and guard nothing.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

Point = tuple[int, int] | None

_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_A = _P - 3
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
_EC_KEY, _P256 = (1, 2, 840, 10045, 2, 1), (1, 2, 840, 10045, 3, 1, 7)
_ECDSA_SHA256 = (1, 2, 840, 10045, 4, 3, 2)
_COMMON_NAME, _SERVER_AUTH = (2, 5, 4, 3), (1, 3, 6, 1, 5, 5, 7, 3, 1)
_SUBJECT_KEY, _KEY_USAGE, _NAMES, _BASIC, _AUTHORITY_KEY, _EXTENDED = (
    (2, 5, 29, number) for number in (14, 15, 17, 19, 35, 37)
)
_LOOPBACK = bytes((127, 0, 0, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A private number and its point on the curve."""

    secret: int
    public: bytes

    @property
    def id(self) -> bytes:
        return hashlib.sha1(self.public, usedforsecurity=False).digest()

    def pem(self) -> str:
        """The form of RFC 5915, which Python's ssl reads."""
        secret = _tlv(0x04, self.secret.to_bytes(32, "big"))
        body = _int(1) + secret + _tlv(0xA0, _oid(_P256)) + _tlv(0xA1, _bits(self.public))
        return _pem("EC PRIVATE KEY", _sequence(body))


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Signs leaves for 127.0.0.1 and localhost. `pem` is what a client has to trust."""

    key: Key
    pem: str

    def leaf(self, *, until: datetime) -> str:
        """Certificate and key in one PEM text; valid from 90 days before `until`."""
        key = new_key()
        names = _sequence(_tlv(0x87, _LOOPBACK) + _tlv(0x82, b"localhost"))
        extensions = (
            _extension(_BASIC, _sequence(b""), critical=True)
            + _extension(_KEY_USAGE, _tlv(0x03, b"\x07\x80"), critical=True)  # digitalSignature
            + _extension(_EXTENDED, _sequence(_oid(_SERVER_AUTH)))
            + _extension(_NAMES, names)
            + _extension(_SUBJECT_KEY, _tlv(0x04, key.id))
            + _extension(_AUTHORITY_KEY, _sequence(_tlv(0x80, self.key.id)))
        )
        return _certificate("shop", key, self.key, until - timedelta(days=90), until, extensions) + key.pem()


def new_authority() -> Authority:
    """A new authority, valid for a year around now."""
    key, now = new_key(), datetime.now(UTC)
    extensions = (
        _extension(_BASIC, _sequence(_tlv(0x01, b"\xff")), critical=True)  # CA
        + _extension(_KEY_USAGE, _tlv(0x03, b"\x02\x04"), critical=True)  # keyCertSign
        + _extension(_SUBJECT_KEY, _tlv(0x04, key.id))
        + _extension(_AUTHORITY_KEY, _sequence(_tlv(0x80, key.id)))
    )
    day = timedelta(days=183)
    pem = _certificate(_AUTHORITY_NAME, key, key, now - day, now + day, extensions)
    return Authority(key=key, pem=pem)


def new_key() -> Key:
    secret = secrets.randbelow(_N - 1) + 1
    point = _multiplied(secret)
    assert point is not None, "no multiple of the generator below its order is the point at infinity"  # noqa: S101
    return Key(secret=secret, public=b"\x04" + b"".join(each.to_bytes(32, "big") for each in point))


_AUTHORITY_NAME = "FixLoop sandbox"


def _certificate(subject: str, key: Key, signer: Key, begins: datetime, ends: datetime, extensions: bytes) -> str:
    algorithm = _sequence(_oid(_ECDSA_SHA256))
    body = _sequence(
        _tlv(0xA0, _int(2))
        + _int(secrets.randbits(64))
        + algorithm
        + _name(_AUTHORITY_NAME)
        + _sequence(_time(begins) + _time(ends))
        + _name(subject)
        + _sequence(_sequence(_oid(_EC_KEY) + _oid(_P256)) + _bits(key.public))
        + _tlv(0xA3, _sequence(extensions))
    )
    return _pem("CERTIFICATE", _sequence(body + algorithm + _bits(_signature(signer, body))))


def _signature(key: Key, message: bytes) -> bytes:
    """ECDSA (FIPS 186-4, 6.4) over SHA-256."""
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    while True:
        k = secrets.randbelow(_N - 1) + 1
        point = _multiplied(k)
        r = point[0] % _N if point is not None else 0
        s = pow(k, -1, _N) * (digest + r * key.secret) % _N
        if r and s:
            return _sequence(_int(r) + _int(s))


def _multiplied(times: int) -> Point:
    """That multiple of the generator, by doubling and adding."""
    result: Point = None
    addend: Point = _G
    while times:
        if times & 1:
            result = _added(result, addend)
        addend = _added(addend, addend)
        times >>= 1
    return result


def _added(left: Point, right: Point) -> Point:
    if left is None or right is None:
        return right if left is None else left
    (x1, y1), (x2, y2) = left, right
    if x1 == x2 and (y1 + y2) % _P == 0:
        return None
    slope = (3 * x1 * x1 + _A) * pow(2 * y1, -1, _P) if left == right else (y2 - y1) * pow(x2 - x1, -1, _P)
    x = (slope * slope - x1 - x2) % _P
    return x, (slope * (x1 - x) - y1) % _P


# DER (X.690)


def _tlv(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size))) + size + content


def _sequence(content: bytes) -> bytes:
    return _tlv(0x30, content)


def _bits(content: bytes) -> bytes:
    return _tlv(0x03, b"\0" + content)


def _int(number: int) -> bytes:
    return _tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _oid(numbers: tuple[int, ...]) -> bytes:
    first, second, *rest = numbers
    content = bytearray([40 * first + second])
    for number in rest:
        parts = [number & 0x7F]
        while number := number >> 7:
            parts.append(0x80 | number & 0x7F)
        content.extend(reversed(parts))
    return _tlv(0x06, bytes(content))


def _name(common: str) -> bytes:
    return _sequence(_tlv(0x31, _sequence(_oid(_COMMON_NAME) + _tlv(0x0C, common.encode()))))


def _time(at: datetime) -> bytes:
    """UTCTime, which ends in 2049."""
    return _tlv(0x17, at.strftime("%y%m%d%H%M%SZ").encode())


def _extension(oid: tuple[int, ...], value: bytes, *, critical: bool = False) -> bytes:
    return _sequence(_oid(oid) + (_tlv(0x01, b"\xff") if critical else b"") + _tlv(0x04, value))


def _pem(label: str, content: bytes) -> str:
    text = base64.encodebytes(content).decode()
    return f"-----BEGIN {label}-----\n{text}-----END {label}-----\n"
