"""Where a check may go. A plan is hostile until vetted: a model chose it, and alert text reached the model.

``locate`` is the only parser of an address, ``locate_wire`` of a check's target below HTTP. What they accept they take
apart, and the prober dials those very parts, so no second parser can read them differently. The grammar is narrower
than RFC 3986 on purpose: whatever two programs might understand differently is refused, with one sentence that says
why.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from fixloop_bot.domain.catalog import Allow, Origin, Service
from fixloop_bot.domain.errors import GateRefused
from fixloop_bot.domain.networks import forbidden_address as forbidden_address

LONGEST_ADDRESS = 2_000
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
DNS_PORT = 53
MOST_ENCODINGS = 5  # %252525…: nobody means it, and a server may decode more than once

_ABSOLUTE = re.compile(r"(https?)://([^/?#]*)(.*)", re.DOTALL)
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::([1-9][0-9]{0,4}))?")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBERISH = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PATH = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*")
_QUERY = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?\[\]]|%[0-9A-Fa-f]{2})*")
_VARIABLE = re.compile(r"\{\{\s*[A-Za-z_][A-Za-z0-9_.-]*\s*\}\}|\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_LEADING_VARIABLE = re.compile(r"\{\{\s*[A-Za-z_][A-Za-z0-9_.-]*\s*\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An address that the catalog allows. ``path`` begins with ``/`` and holds the query too, exactly as it is sent."""

    origin: Origin
    path: str

    @property
    def url(self) -> str:
        return f"{self.origin}{self.path}"


def locate(service: Service, *, method: str, where: str) -> Target:
    """The target of a request of this service: a path below its ``base_url``, or an absolute http(s) URL.

    Raises GateRefused with one sentence if the grammar, the origin, the method or the path is not allowed.
    ``where`` is filled already; a template is checked with ``vet_template``.
    """
    return _located(service.name, service.base_url, service.allow, method, where)


def vet_template(service: Service, *, method: str, where: str) -> None:
    """Check an address whose ``{{name}}`` and ``${NAME}`` are not filled yet; raises GateRefused.

    Each stands for one harmless segment here and is checked again with its value when the request is sent. An
    address that *begins* with a variable (a link that a journey captured) can only be checked then.
    """
    if not _LEADING_VARIABLE.match(where):
        locate(service, method=method, where=filler(where))
    else:
        _check_length(where)
        _check_verb(service.name, service.allow, method)


def filler(where: str) -> str:
    """The address with a harmless segment for each variable; one that begins with a captured link is no address."""
    return where if _LEADING_VARIABLE.match(where) else _VARIABLE.sub("x", where)


def home(service: Service) -> Origin:
    """The origin of a service's base_url; raises GateRefused if it has none."""
    return _home(service.name, service.base_url)[0]


def locate_wire(service: Service, target: str, *, tls: bool = False) -> Origin:
    """The origin behind ``host`` or ``host:port`` of a check below HTTP; empty means base_url's own.

    Raises GateRefused unless exactly that host and port are in the catalog. A host alone stands for the base_url's
    port, else for the usual one, else for the only one. With ``tls`` only an https origin will do.
    """
    base = home(service)
    known = tuple(dict.fromkeys((base, *service.allow.origins)))
    host, port = _host_and_port(target) if target else (base.host, base.port)
    here = [origin for origin in known if origin.host == host and port in (None, origin.port)]
    if not here:
        listed = ", ".join(dict.fromkeys(_authority(origin) for origin in known[:10]))
        raise GateRefused(f"The catalog does not allow {target} for {service.name}, only {listed}.")
    found = [origin for origin in here if not tls or origin.scheme == "https"]
    if not found:
        raise GateRefused(f"The catalog calls {here[0]} plain http, which has no certificate.")
    usual = [origin for origin in found if origin == base] or [origin for origin in found if origin.port in (80, 443)]
    if not usual and len(found) > 1:
        listed = ", ".join(_authority(origin) for origin in found[:10])
        raise GateRefused(f"The catalog lists several ports of {host}; name one: {listed}.")
    return (usual or found)[0]


def _authority(origin: Origin) -> str:
    return f"[{origin.host}]:{origin.port}" if ":" in origin.host else f"{origin.host}:{origin.port}"


def locate_name(service: Service, name: str) -> str:
    """The host whose name servers may be asked, empty for base_url's own; raises GateRefused."""
    base = home(service).host
    host, port = _host_and_port(name) if name else (base, None)
    hosts = dict.fromkeys((base, *(origin.host for origin in service.allow.origins)))
    if host not in hosts or port is not None:
        raise GateRefused(f"The catalog does not allow {name} for {service.name}, only {', '.join(list(hosts)[:10])}.")
    if ":" in host or _is_canonical_ip4(host):
        raise GateRefused(f"{host} is an address, so no name server can be asked for it.")
    return host


def name_servers(service: Service, asked: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    """Address and port of each name server that is asked, all that the catalog lists where none is.

    Empty where the catalog lists none either: then the system's own are meant. Raises GateRefused.
    """
    listed = tuple(split_address(text, usual=DNS_PORT) for text in service.allow.name_servers)
    wanted = tuple(split_address(text, usual=DNS_PORT) for text in asked) or listed
    for address, port in wanted:
        if (address, port) not in listed:
            known = ", ".join(service.allow.name_servers[:10]) or "none"
            raise GateRefused(f"The catalog does not list {address} as a name server ({known}).")
        check_name_server(address)
    return wanted


def check_name_server(address: str) -> None:
    """Raise GateRefused if nobody's name server may be at this address; being listed, or the system's, is enough."""
    reason = forbidden_address(address, (address,), base_is_loopback=False)
    if reason is not None:
        raise GateRefused(f"{reason}.")


def split_address(text: str, *, usual: int | None = None) -> tuple[str, int]:
    """``10.0.0.2:5353``, ``10.0.0.2`` or ``[fd00::2]:5353`` as address and port; raises GateRefused.

    Without a ``usual`` port, one has to be named.
    """
    bare = f"[{text}]" if text.count(":") > 1 and not text.startswith("[") else text
    address, port = _host_and_port(bare)
    if ":" not in address and not _is_canonical_ip4(address):
        raise GateRefused("The text is not an address with an optional port, such as 10.0.0.2 or 10.0.0.2:5353.")
    if port is None and usual is None:
        raise GateRefused("The address needs a port, as in 10.0.0.2:8080.")
    return address, port or usual or 0


@lru_cache(maxsize=4096)
def _located(name: str, base_url: str | None, allow: Allow, method: str, where: str) -> Target:
    """``locate``, remembered: a step sends the same request hundreds of times."""
    _check_length(where)
    base, prefix = _home(name, base_url)
    origin, rest = _split(where, base, prefix)
    path, mark, query = rest.partition("?")
    _check_path(path)
    _check_query(query)
    _check_origin(name, allow, origin, base)
    _check_method(name, allow, method, path, prefix if origin == base else "")
    target = Target(origin=origin, path=path + mark + query)
    _check_length(target.url)
    return target


def _check_length(address: str) -> None:
    if len(address) > LONGEST_ADDRESS:
        raise GateRefused(f"The address has {len(address):,} characters; at most {LONGEST_ADDRESS:,} are allowed.")


@lru_cache(maxsize=1024)
def _home(name: str, base_url: str | None) -> tuple[Origin, str]:
    """The base_url's origin and its path prefix, without a slash at its end."""
    if not base_url:
        raise GateRefused(f"The service {name} has no base_url in the catalog.")
    origin, rest = _split_absolute(base_url)
    if "?" in rest:
        raise GateRefused(f"The base_url of {name} has a query; only a path may follow its host.")
    return origin, rest.rstrip("/")


def _split(where: str, base: Origin, prefix: str) -> tuple[Origin, str]:
    """Origin, and path with query. Anything that is not a path must be an absolute http(s) URL."""
    if not where.isascii() or not where.isprintable() or " " in where or "\\" in where:
        raise GateRefused("The address has a space, a backslash, a control or a non-ASCII character.")
    if "#" in where:
        raise GateRefused("The address has a fragment (#…), which is never sent.")
    if where.startswith("//"):
        raise GateRefused("The address begins with two slashes, which would name another host.")
    if where.startswith("/"):
        return base, prefix + where
    return _split_absolute(where)


def _split_absolute(url: str) -> tuple[Origin, str]:
    absolute = _ABSOLUTE.fullmatch(url)
    if absolute is None:
        raise GateRefused("The address is neither a path that begins with / nor an http or https URL.")
    scheme, authority, rest = absolute.groups()
    host, port = _host_and_port(authority)
    rest = rest if rest.startswith("/") else "/" + rest
    if rest.startswith("//"):
        raise GateRefused("The path begins with two slashes, which some servers read as another host.")
    return Origin(scheme=scheme, host=host, port=port or (443 if scheme == "https" else 80)), rest


def _host_and_port(authority: str) -> tuple[str, int | None]:
    if "@" in authority:
        raise GateRefused("The address holds a user name or password before its host.")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise GateRefused("The host is not a plain lower-case name or address with an optional port.")
    host, port = parts[1], int(parts[2]) if parts[2] else None
    if port is not None and port > 65_535:
        raise GateRefused(f"The port {port} does not exist.")
    return _canonical_host(host), port


def _canonical_host(host: str) -> str:
    """A host in the one spelling that every program reads alike: no trailing dot, no octal, hex or short numbers."""
    if host.startswith("["):
        return _canonical_ip6(host[1:-1])
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise GateRefused("The host is not a plain lower-case name or address with an optional port.")
    if _NUMBERISH.fullmatch(host.rpartition(".")[2]) and not _is_canonical_ip4(host):
        raise GateRefused("The host is a number that is not written as four plain decimal parts.")
    return host


def _canonical_ip6(text: str) -> str:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        raise GateRefused("The host is not a valid IPv6 address.") from None
    if str(address) != text:
        raise GateRefused(f"The IPv6 host is not in its usual spelling, {address}.")
    return text


def _is_canonical_ip4(host: str) -> bool:
    try:
        return str(ipaddress.IPv4Address(host)) == host
    except ValueError:
        return False


def _check_path(path: str) -> None:
    if not _PATH.fullmatch(path):
        raise GateRefused("The path has a character that must be percent-encoded.")
    decoded = _decoded(path)
    if decoded.startswith("//"):
        raise GateRefused("The path begins with two slashes, which some servers read as another host.")
    if "\\" in decoded:
        raise GateRefused("The path has an encoded backslash.")
    # Tomcat and its kin cut path parameters off before they resolve dots, so that "..;x" is a dot segment
    # too.
    if any(segment.split(";")[0].strip() in (".", "..") for segment in decoded.split("/")):
        raise GateRefused("The path has a dot segment (. or ..), which would leave it.")


def _check_query(query: str) -> None:
    if not _QUERY.fullmatch(query):
        raise GateRefused("The query has a character that must be percent-encoded.")
    _decoded(query)


def _decoded(text: str) -> str:
    """The text with every layer of percent-encoding taken off, in compatibility form (a full-width dot is a dot)."""
    for _ in range(MOST_ENCODINGS):
        raw = unquote_to_bytes(text)
        if any(byte < 0x20 or byte == 0x7F for byte in raw):
            raise GateRefused("The address has an encoded control character, such as %0d%0a or %00.")
        try:
            plain = raw.decode()
        except UnicodeDecodeError:
            raise GateRefused("The address has percent-encoded bytes that are not UTF-8.") from None
        if plain == text:
            return unicodedata.normalize("NFKC", plain)
        text = plain
    raise GateRefused("The address is percent-encoded many times over.")


def _check_origin(name: str, allow: Allow, origin: Origin, base: Origin) -> None:
    if origin != base and origin not in allow.origins:
        raise GateRefused(f"The catalog does not allow {origin} for {name}.")


def _check_verb(name: str, allow: Allow, method: str) -> None:
    if method not in METHODS:
        raise GateRefused(f"The method is none of {', '.join(sorted(METHODS))}.")
    if method not in allow.methods:
        allowed = ", ".join(allow.methods)
        raise GateRefused(f"The catalog does not allow {method} for {name}, only {allowed}.")


def _check_method(name: str, allow: Allow, method: str, path: str, prefix: str) -> None:
    """``allow.writes`` are read as a request's own path is: joined to the base_url's prefix on its origin."""
    _check_verb(name, allow, method)
    if method in WRITES and not any(_under(path, prefix + write) for write in allow.writes):
        raise GateRefused(f"The catalog does not call {method} {path} safe to repeat (allow.writes).")


def _under(path: str, prefix: str) -> bool:
    """Whether a path is the prefix or lies below it, by whole decoded segments; ``/a/`` means only what is below."""
    have, want = _segments(path), _segments(prefix)
    below = want[-1] == b""
    want = want[:-1] if below else want
    return have[: len(want)] == want and len(have) >= len(want) + below


def _segments(path: str) -> list[bytes]:
    return [unquote_to_bytes(segment) for segment in path.split("/")]
