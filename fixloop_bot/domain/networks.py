"""Which addresses a name may resolve to. A name is only a promise; the address is what is dialled."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


# Never a service of anybody, whatever a catalog declares: credentials live behind the metadata addresses.
_NEVER = (
    ("a link-local address", _networks("169.254.0.0/16", "fe80::/10")),
    (
        "a cloud's metadata address",  # AWS (all its own services), Alibaba, Azure, Oracle, Google; Scaleway, Linode
        _networks(
            "fd00:ec2::/32",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "fd20:ce::254",
            "fd00:42::42",
            "fd00:a9fe:a9fe::1",
        ),
    ),
    ("an unspecified address", _networks("0.0.0.0/8", "::")),
    ("a multicast address", _networks("224.0.0.0/4", "ff00::/8")),
    ("a broadcast or reserved address", _networks("240.0.0.0/4")),
)
# is_global differs between Python versions here (IANA added some of these late), so they are named.
_NOT_PUBLIC = _networks(
    "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15",
    "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)  # fmt: skip
_PUBLIC_IP6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
_NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")  # RFC 8215
_COMPATIBLE = IPv6Network("::/96")  # RFC 4291, deprecated
_TRANSLATED = IPv6Network("::ffff:0:0:0/96")  # RFC 2765
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)  # RFC 5214


def forbidden_address(ip: str | Address, networks: Sequence[str], base_is_loopback: bool) -> str | None:
    """Why this address must not be dialled, as a sentence without its full stop; None if it may.

    ``networks`` are the catalog's CIDR texts. Without any, only publicly routable addresses may be dialled,
    and loopback where the base_url itself is loopback. An IPv6 form that a router or kernel turns into an
    IPv4 address is judged by that address as well.
    """
    return _forbidden(str(ip), tuple(networks), base_is_loopback)


def is_loopback_host(host: str) -> bool:
    """Whether a host is loopback by its name or address alone."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return _same_as(ip_address(host)).is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=4096)
def _forbidden(text: str, networks: tuple[str, ...], base_is_loopback: bool) -> str | None:
    try:
        address = ip_address(text)
    except ValueError:
        return f"{text} is not an address"
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return f"{text} is bound to a network interface"
    reason = _never(address)
    if reason is not None:
        return f"{text} is {reason}"
    hidden = [form for form in _embedded(address) if not _may_lead_to(form, networks, base_is_loopback)]
    address = _same_as(address)
    if hidden and address not in hidden:
        return f"{text} leads to {hidden[0]}, which is neither public nor declared"
    if networks:
        declared = any(_contains(_network(network), address) for network in networks)
        return None if declared else f"{text} is outside the networks that the catalog declares"
    if (address.is_loopback and base_is_loopback) or _public(address):
        return None
    return f"{text} is not a public address, and the catalog declares no networks"


def _may_lead_to(form: IPv4Address, networks: tuple[str, ...], base_is_loopback: bool) -> bool:
    """Whether an IPv4 address inside an IPv6 one is public, or declared itself: declaring its IPv6 form is not it."""
    if any(_contains(_network(network), form) for network in networks):
        return True
    return _public(form) or (form.is_loopback and base_is_loopback and not networks)


@lru_cache(maxsize=256)
def _network(text: str) -> Network:
    return ip_network(text, strict=False)


def _contains(network: Network, address: Address) -> bool:
    return network.version == address.version and address in network


def _never(address: Address) -> str | None:
    for form in (address, *_embedded(address)):
        for reason, networks in _NEVER:
            if any(_contains(network, form) for network in networks):
                return reason
    return None


def _same_as(address: Address) -> Address:
    """The IPv4 address that an IPv6 form *is* (mapped, compatible, NAT64): it reaches the very same machine."""
    if not isinstance(address, IPv6Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    compatible = address in _COMPATIBLE and int(address) > 1
    return _last_four(address) if compatible or address in _NAT64 else address


def _embedded(address: Address) -> tuple[IPv4Address, ...]:
    """Every IPv4 address that an IPv6 address may lead to by translation or tunnel."""
    if not isinstance(address, IPv6Address):
        return ()
    same = _same_as(address)
    if isinstance(same, IPv4Address):
        return (same,)
    found: list[IPv4Address] = [address.sixtofour] if address.sixtofour is not None else []
    found.extend(address.teredo or ())
    interface = (int(address) >> 32) & 0xFFFF_FFFF
    if address in _NAT64_LOCAL or address in _TRANSLATED or interface in _ISATAP:
        found.append(_last_four(address))
    if address in _NAT64_LOCAL and int(_after_48_bits(address)):  # all zero where the prefix is longer than 48 bits
        found.append(_after_48_bits(address))
    return tuple(found)


def _last_four(address: IPv6Address) -> IPv4Address:
    return IPv4Address(int(address) & 0xFFFF_FFFF)


def _after_48_bits(address: IPv6Address) -> IPv4Address:
    """RFC 6052 with a /48 prefix: bits 48–63 and 72–87, around a zero octet."""
    bits = int(address)
    return IPv4Address((((bits >> 64) & 0xFFFF) << 16) | ((bits >> 40) & 0xFFFF))


def _public(address: Address) -> bool:
    if any(_contains(network, address) for network in _NOT_PUBLIC):
        return False
    return address.is_global and (address.version == 4 or address in _PUBLIC_IP6)
