"""``fixloop.yml`` to the domain's Catalog. Every mistake is named with its line and key, all of them at once.

Values of secrets do not belong into the file, and none that got there is repeated in a complaint.
"""

from __future__ import annotations

import math
import re
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fixloop_bot.adapters.catalog_probes import METHODS, complain_of_wire_probes, read_probes, wrong_url
from fixloop_bot.adapters.yaml_nodes import Complaints, Section, compose
from fixloop_bot.domain.addresses import DNS_PORT, check_name_server, split_address
from fixloop_bot.domain.catalog import Allow, Catalog, Origin, QuietHours, Service, Slo
from fixloop_bot.domain.decision import ProofSettings, ProofSettingsError
from fixloop_bot.domain.errors import CatalogError, GateRefused
from fixloop_bot.domain.networks import forbidden_address, is_loopback_host

SERVICE_KEYS = (
    "channel", "match", "base_url", "openapi", "slo", "proof", "metrics", "logs", "watch", "allow", "secrets", "probes",
    "runbook", "responders", "quiet_hours", "soak_s", "replicas", "baseline_every_s",
)  # fmt: skip
PROOF_KEYS = ("unacceptable", "confidence", "alpha", "window_s", "max_samples", "per_second")
ALLOW_KEYS = ("hosts", "networks", "methods", "writes", "requests_per_plan", "requests_per_hour", "name_servers")
QUIET_KEYS = ("from", "to", "zone")
DEFAULTS = ProofSettings()

_NAME = re.compile(r"[\w][\w.:/-]{0,99}")
_CHANNEL = re.compile(r"[CGD][A-Z0-9]{2,20}|#[^\s#@]{1,80}")
_RESPONDER = re.compile(r"[SUW][A-Z0-9]{2,20}")
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?::\d{1,5})?")
_TIME_OF_DAY = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")


def load_catalog(path: Path) -> Catalog:
    """Read the file; raises CatalogError if it is missing, unreadable or wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise CatalogError(f"there is no catalog at {path}") from None
    except UnicodeDecodeError:
        raise CatalogError(f"{path.name} is not UTF-8 text") from None
    except OSError as error:
        raise CatalogError(f"the catalog {path} cannot be read: {error.strerror}") from error
    return parse_catalog(text, name=path.name)


def parse_catalog(text: str, *, name: str = "fixloop.yml") -> Catalog:
    """Read the text of a catalog; raises CatalogError with one line for each mistake."""
    root = compose(text, name)
    if root is None:
        raise CatalogError(f"{name}: is empty; it needs services")
    complaints = Complaints(name)
    top = Section(root, "", complaints, known=("services",))
    services = top.section("services")
    if "services" not in top.nodes:
        complaints.add(root, "services", "is missing")
    catalog = Catalog(services=tuple(_service(services, key) for key in services.nodes))
    complaints.raise_if_any()
    return catalog


def _service(services: Section, name: str) -> Service:
    entry = services.section(name, known=SERVICE_KEYS)
    if not _NAME.fullmatch(name):
        services.complain(name, "a service's name is made of letters, digits and _ . : / -")
    base_url = entry.text("base_url", check=_wrong_base_url)
    secrets = _secrets(entry)
    slo, proof, allow = _slo(entry), _proof(entry), _allow(entry, base_url)
    service = Service(
        name=name,
        channel=entry.text("channel", check=_wrong_channel),
        match=_match(entry),
        base_url=base_url.rstrip("/") if base_url else None,
        openapi=_openapi(entry, base_url),
        slo=slo,
        proof=proof,
        metrics=_metrics(entry),
        logs=entry.text("logs"),
        watch=entry.flag("watch"),
        allow=allow,
        secrets=secrets,
        probes=read_probes(entry, dict(secrets)),
        runbook=entry.text("runbook", check=wrong_url),
        responders=entry.texts("responders", _responder),
        quiet_hours=_quiet_hours(entry),
        soak_s=_or(entry.number("soak_s", 0, 86_400), 600.0),
        replicas=_replicas(entry, base_url, allow.networks),
        baseline_every_s=entry.number("baseline_every_s", 5, 86_400),
    )
    _watchable(entry, service)
    complain_of_wire_probes(entry, service)
    return service


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _watchable(entry: Section, service: Service) -> None:
    if service.watch and not any(service.measure(name) for name, _ in service.metrics):
        entry.complain("watch", "needs metrics.error_rate with slo.error_rate, or metrics.p95_ms with slo.p95_ms")


def _match(entry: Section) -> tuple[tuple[str, str], ...]:
    tags = entry.section("match")
    return tuple((key, tags.word(key)) for key in tags.nodes)


def _metrics(entry: Section) -> tuple[tuple[str, str], ...]:
    queries = entry.section("metrics")
    return tuple((key, query) for key in queries.nodes if (query := queries.text(key)))


# What the team tolerates


def _slo(entry: Section) -> Slo:
    section = entry.section("slo", known=("error_rate", "p95_ms"))
    return Slo(
        error_rate=section.number("error_rate", 0, 1, below=True),
        p95_ms=section.number("p95_ms", 0, math.inf, above=True),
    )


def _proof(entry: Section) -> ProofSettings:
    """The service's settings; the SLO's error rate is the tolerated one."""
    slo = entry.section("slo", known=None)
    section = entry.section("proof", known=PROOF_KEYS)
    given = {
        "unacceptable": section.number("unacceptable", 0, 1, above=True, below=True),
        "confidence": section.number("confidence", 0.5, 1, below=True),
        "alpha": section.number("alpha", 0, 0.5, above=True),
        "window_s": section.number("window_s", 0, 86_400),
        "per_second": section.number("per_second", 0, 1000, above=True),
        "max_samples": section.whole("max_samples", 1, 100_000),
    }
    settings: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    unacceptable = settings.get("unacceptable", DEFAULTS.unacceptable)
    tolerated = slo.number("error_rate", 0, 1, below=True)
    if tolerated is None:
        tolerated = min(DEFAULTS.tolerated, unacceptable / 5)  # the ratio of the defaults
    elif tolerated >= unacceptable:
        slo.complain("error_rate", f"{tolerated:g} must be below proof.unacceptable ({unacceptable:g})")
        return DEFAULTS
    try:
        return ProofSettings(tolerated=tolerated, **settings)
    except ProofSettingsError as error:
        _blame(slo if error.field == "tolerated" else section, error)
        return DEFAULTS


def _blame(section: Section, error: ProofSettingsError) -> None:
    field = "error_rate" if error.field == "tolerated" else error.field
    section.complain(field, str(error).removeprefix(f"{error.field} "))


# Addresses


def _wrong_base_url(text: str) -> str | None:
    wrong = wrong_url(text)
    if wrong:
        return wrong
    return "must hold neither ? nor #" if "?" in text or "#" in text else None


def _openapi(entry: Section, base_url: str | None) -> str | None:
    """The document's address; a path is joined to base_url, as a request's is."""
    text = entry.text("openapi", check=_wrong_document)
    if text is None or not text.startswith("/"):
        return text
    if base_url is None:
        if "base_url" not in entry.nodes:
            entry.complain("openapi", "is a path and needs a base_url")
        return None
    return base_url.rstrip("/") + text


def _wrong_document(text: str) -> str | None:
    if text.startswith("/"):
        return None
    return wrong_url(text) if "://" in text else "must be a path that begins with /, or an address"


def _allow(entry: Section, base_url: str | None) -> Allow:
    section = entry.section("allow", known=ALLOW_KEYS)
    own = Origin.of(base_url) if base_url else None
    others = section.texts("hosts", lambda text: _origin(text, own))
    origins = tuple(dict.fromkeys((own, *others) if own else others))
    return Allow(
        origins=origins,
        networks=section.texts("networks", _network),
        methods=section.texts("methods", _method) or Allow().methods,
        writes=section.texts("writes", _write_path),
        requests_per_plan=section.whole("requests_per_plan", 1, 3000) or Allow().requests_per_plan,
        requests_per_hour=section.whole("requests_per_hour", 1, 500_000) or Allow().requests_per_hour,
        name_servers=section.texts("name_servers", _name_server),
    )


def _name_server(text: str) -> str:
    """``10.0.0.2`` or ``10.0.0.2:5353``: being listed here is what allows it, whatever the networks."""
    address, port = _address(text, usual=DNS_PORT)
    try:
        check_name_server(address)
    except GateRefused as refusal:
        raise ValueError(f"cannot be asked: {refusal}") from None
    return address if port == DNS_PORT else _joined(address, port)


def _replicas(entry: Section, base_url: str | None, networks: tuple[str, ...]) -> tuple[str, ...]:
    """Addresses behind base_url's host; each must be one that this host's name might resolve to."""
    if "replicas" in entry.nodes and "base_url" not in entry.nodes:
        entry.complain("replicas", "stand behind a base_url, and there is none")
        return ()
    loopback = base_url is not None and is_loopback_host(Origin.of(base_url).host)

    def read(text: str) -> str:
        address, port = _address(text)
        reason = forbidden_address(address, networks, loopback)
        if reason is not None:
            raise ValueError(f"cannot be asked: {reason}")
        return _joined(address, port)

    return entry.texts("replicas", read)


def _address(text: str, *, usual: int | None = None) -> tuple[str, int]:
    try:
        return split_address(text, usual=usual)
    except GateRefused:
        port = "a port, such as 10.20.0.4:8080" if usual is None else f"an optional port, such as 10.0.0.2:{usual}"
        raise ValueError(f"must be an address with {port}") from None


def _joined(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _origin(text: str, own: Origin | None) -> Origin:
    """``host``, ``host:port`` or ``scheme://host:port``; by default base_url's scheme and its usual port."""
    scheme, slashes, host = text.rpartition("://")
    if "*" in text:
        raise ValueError("must name one host; wildcards are not allowed")
    if not _HOST.fullmatch(host) or (slashes and scheme not in ("http", "https")):
        raise ValueError("must be host, host:port or scheme://host:port")
    try:
        return Origin.of(f"{scheme or (own.scheme if own else 'https')}://{host}")
    except ValueError:
        raise ValueError("must be host, host:port or scheme://host:port") from None


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError:
        pass
    try:
        meant = ip_network(text, strict=False)
    except ValueError:
        raise ValueError("must be a network such as 10.20.0.0/16") from None
    raise ValueError(f"is an address inside a network; did you mean {meant}?")


def _method(text: str) -> str:
    if text.upper() not in METHODS:
        raise ValueError(f"must be one of {', '.join(METHODS)}")
    return text.upper()


def _write_path(text: str) -> str:
    return _checked(
        text, text.startswith("/") and ".." not in text and not re.search(r"[\s\\]", text), "must begin with /"
    )


def _checked(text: str, good: object, sentence: str) -> str:
    if not good:
        raise ValueError(sentence)
    return text


# People and secrets


def _wrong_channel(text: str) -> str | None:
    return None if _CHANNEL.fullmatch(text) else 'must be a channel id such as C0123456789, or "#name"'


def _responder(text: str) -> str:
    return _checked(text, _RESPONDER.fullmatch(text), "must be the id of a Slack user group (S…) or of a person (U…)")


def _quiet_hours(entry: Section) -> QuietHours | None:
    """``{from: "22:00", to: "07:00", zone: Europe/Berlin}``; the quotes may be left out."""
    section = entry.section("quiet_hours", known=QUIET_KEYS)
    zone = section.text("zone", default="UTC", check=_wrong_zone) or "UTC"
    begins, ends = _minute(section, "from"), _minute(section, "to")
    if "quiet_hours" not in entry.nodes or begins is None or ends is None:
        return None
    if begins == ends:
        section.complain("to", "must differ from quiet_hours.from; a service that never reminds is a muted one")
    return QuietHours(begins=begins, ends=ends, zone=zone)


def _minute(section: Section, key: str) -> int | None:
    """Minutes after midnight. Without quotes YAML takes ``22:00`` for a number; as written it is a time of day."""
    node = section.nodes.get(key)
    found = _TIME_OF_DAY.fullmatch(str(node.value)) if node is not None else None
    if found is not None:
        return int(found[1]) * 60 + int(found[2])
    if node is not None:
        section.complain(key, "must be a time of day such as 22:00")
    elif section.nodes:
        section.complain(key, "is missing")
    return None


def _wrong_zone(text: str) -> str | None:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "must be a time zone such as Europe/Berlin"
    return None


def _secrets(entry: Section) -> tuple[tuple[str, str], ...]:
    """Variables and where their values are kept. Neither a wrong value nor a wrong name is repeated."""
    section = entry.section("secrets")
    kept: list[tuple[str, str]] = []
    for key, node in section.nodes.items():
        prefix, colon, variable = str(node.value).partition(":")
        if not _VARIABLE.fullmatch(key):
            entry.complain("secrets", "a secret's name is made of letters, digits and _")
        elif prefix != "env" or not colon or not _VARIABLE.fullmatch(variable):
            section.complain(
                key, "must be env:NAME, the environment variable that holds it; no secret stands in this file"
            )
        else:
            kept.append((key, node.value))
    return tuple(kept)
