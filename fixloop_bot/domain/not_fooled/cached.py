"""Whether an answer comes from a cache: it says how the service was, not how it is.

What a cache has asked the service about again (``REVALIDATED``, ``RefreshHit``, Rack's ``stale, valid``) is the
service's own word and counts. Wordings are those of Squid, Varnish, nginx, Akamai, CloudFront, Cloudflare, Fastly,
Azure Front Door and Rack::Cache; ``Age``, ``Warning`` and ``Cache-Status`` are those of RFC 9111, 7234 and 9211.
"""

from __future__ import annotations

from collections.abc import Callable

from fixloop_bot.domain.expectations.answers import Answer
from fixloop_bot.domain.expectations.compiled import regex
from fixloop_bot.domain.wants import Wants

_HIT = r"(?i)(?:^|[^a-z])(?:hit|stale|updating)(?:$|[^a-z])"
_NO_HIT = r"(?i)refresh[_ -]?hit|hit[_ -]?(?:for[_ -]?)?(?:pass|miss)"
_QUOTED = r'"[^"]*"'
_STALE_WARNING = r"(?:^|,)\s*11[0-3](?:$|[^0-9])"
_TRUE = frozenset({"true", "yes", "1", "hit", "on"})


def _says_hit(value: str) -> bool:
    """``TCP_MEM_HIT from edge``; behind ``from`` is a cache's name."""
    parts = [part.lower().partition(" from ")[0] for part in value.split(",")]
    return any(regex(_HIT).search(regex(_NO_HIT).sub("", part)) for part in parts)


def _says_status(value: str) -> bool:
    """``edge; hit; ttl=5``: the first word is the cache's name, unless it is alone."""
    for member in regex(_QUOTED).sub("", value).split(","):
        words = [word.strip().lower() for word in member.split(";")]
        if words[1:] and ("hit" in words[1:] or "hit=?1" in words[1:]):
            return True
        if not words[1:] and _says_hit(member):
            return True
    return False


def _says_fresh(value: str) -> bool:
    """Rack's and Symfony's trace: ``fresh`` alone was not asked for again."""
    return regex(r"(?i)\bfresh\b").search(value) is not None


def _says_true(value: str) -> bool:
    return value.strip().lower() in _TRUE


def _counts(value: str) -> bool:
    """``120`` or ``120, 5``: a number above 0 in a list."""
    return any(part.strip().isdecimal() and part.strip().strip("0") for part in value.split(","))


def _warns(value: str) -> bool:
    return regex(_STALE_WARNING).search(regex(_QUOTED).sub("", value)) is not None


_STATES = (
    "x-cache", "x-cache-status", "cf-cache-status", "x-proxy-cache", "x-vercel-cache", "x-nextjs-cache",
    "x-varnish-cache", "x-fastcgi-cache", "x-drupal-cache", "x-litespeed-cache", "cdn-cache", "x-cdn-cache",
    "x-sucuri-cache", "x-nginx-cache", "x-cache-remote", "x-edge-cache", "x-kinsta-cache", "akamai-cache-status",
)  # fmt: skip
_EVIDENCE: dict[str, Callable[[str], bool]] = {
    "age": _counts,
    **dict.fromkeys(_STATES, _says_hit),
    "cache-status": _says_status,
    "x-cache-hits": _counts,
    "x-cached": _says_true,
    "x-from-cache": _says_true,
    "x-rack-cache": _says_fresh,
    "x-symfony-cache": _says_fresh,
    "warning": _warns,
}


def from_a_cache(wants: Wants, answer: Answer) -> str:
    """The header that says so, in words; empty if none does, or if the step speaks of that header itself."""
    if not any(name in _EVIDENCE for name, _ in answer.response.headers):
        return ""
    for name, says in _EVIDENCE.items():
        value = answer.header(name)
        if value and says(value) and not wants.names_header(name):
            return f"Age {value.strip()} s" if name == "age" else f"{name}: {value}"
    return ""
