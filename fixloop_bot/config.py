"""Settings from the environment, whose only reader this is. A malformed variable stops the start with one line."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from fixloop_bot.domain.errors import BadInput

SLACK_API_URL = "https://slack.com/api/"
MINIMAX_BASE_URL = "https://api.minimax.io/v1"
MINIMAX_MODEL = "MiniMax-M2.5"
DATADOG_SITES = frozenset(
    {
        "datadoghq.com",
        "us3.datadoghq.com",
        "us5.datadoghq.com",
        "datadoghq.eu",
        "ap1.datadoghq.com",
        "ap2.datadoghq.com",
        "ddog-gov.com",
    }
)


class SettingsError(BadInput):
    """An environment variable that cannot be used; the sentence names it."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Settings:
    """Everything that is configured. Optional integrations are None where their variables are not set.

    ``dd_api_url`` is always set: from DD_API_URL, else from the site. ``catalog_named`` says that FIXLOOP_CATALOG is
    set, so that the file must exist. ``retention_days`` is how long incidents are kept.
    """

    slack_bot_token: str | None
    slack_signing_secret: str | None
    slack_app_token: str | None
    slack_api_url: str
    dd_api_key: str | None
    dd_app_key: str | None
    dd_site: str
    dd_api_url: str
    minimax_api_key: str | None
    minimax_base_url: str
    minimax_model: str
    redis_url: str | None
    data_dir: Path
    catalog: Path
    catalog_named: bool
    webhook_secret: str | None
    default_channel: str | None
    host: str
    port: int
    retention_days: int

    @property
    def socket_mode(self) -> bool:
        return self.slack_app_token is not None

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read settings; raises SettingsError with one line that names the variable."""
        read = _Reader(environ)
        read.authorities("SSL_CERT_FILE")
        site = read.choice("DD_SITE", "datadoghq.com", DATADOG_SITES)
        return cls(
            slack_bot_token=read.token("SLACK_BOT_TOKEN", "xoxb-"),
            slack_signing_secret=read.text("SLACK_SIGNING_SECRET"),
            slack_app_token=read.token("SLACK_APP_TOKEN", "xapp-"),
            slack_api_url=read.url("SLACK_API_URL", SLACK_API_URL, ("http", "https")).rstrip("/") + "/",
            dd_api_key=read.text("DD_API_KEY"),
            dd_app_key=read.text("DD_APP_KEY"),
            dd_site=site,
            dd_api_url=read.url("DD_API_URL", f"https://api.{site}", ("http", "https")).rstrip("/"),
            minimax_api_key=read.text("MINIMAX_API_KEY"),
            minimax_base_url=read.url("MINIMAX_BASE_URL", MINIMAX_BASE_URL, ("http", "https")).rstrip("/"),
            minimax_model=read.text("MINIMAX_MODEL") or MINIMAX_MODEL,
            redis_url=read.url("REDIS_URL", "", ("redis", "rediss", "unix")) or None,
            data_dir=read.path("FIXLOOP_DATA_DIR", "~/.fixloop"),
            catalog=read.path("FIXLOOP_CATALOG", "fixloop.yml"),
            catalog_named=read.text("FIXLOOP_CATALOG") is not None,
            webhook_secret=read.text("FIXLOOP_WEBHOOK_SECRET"),
            default_channel=read.text("FIXLOOP_DEFAULT_CHANNEL"),
            host=read.text("HOST") or "127.0.0.1",
            port=read.whole("PORT", 3000, lowest=0, highest=65_535),
            retention_days=read.whole("FIXLOOP_RETENTION_DAYS", 90, lowest=1, highest=3_650),
        )


class _Reader:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str) -> str | None:
        value = self._environ.get(name, "").strip()
        if any(ord(char) < 32 for char in value):
            raise SettingsError(f"{name} has a line break or another control character in it.")
        return value or None

    def token(self, name: str, prefix: str) -> str | None:
        value = self.text(name)
        if value is not None and not value.startswith(prefix):
            raise SettingsError(f"{name} must begin with {prefix}")
        return value

    def url(self, name: str, default: str, schemes: tuple[str, ...]) -> str:
        value = self.text(name) or default
        if value and not _is_address(value, schemes):
            raise SettingsError(f"{name} must be an address that begins with {' or '.join(f'{s}://' for s in schemes)}")
        return value

    def path(self, name: str, default: str) -> Path:
        try:
            return Path(self.text(name) or default).expanduser()
        except RuntimeError:
            raise SettingsError(f"{name} begins with ~, and there is no such home directory") from None

    def authorities(self, name: str) -> None:
        """OpenSSL reads this variable by itself, and says nothing about a file that it cannot use."""
        value = self.text(name)
        if value is None:
            return
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=value)
        except ssl.SSLError:
            raise SettingsError(f"{name} names {value}, which holds no certificates (PEM)") from None
        except OSError as error:
            raise SettingsError(f"{name} names {value}, which cannot be read: {error.strerror}") from None

    def whole(self, name: str, default: int, *, lowest: int, highest: int) -> int:
        value = self.text(name)
        if value is None:
            return default
        if not _is_digits(value) or not lowest <= int(value) <= highest:
            raise SettingsError(f"{name} must be a whole number from {lowest} to {highest}")
        return int(value)

    def choice(self, name: str, default: str, allowed: frozenset[str]) -> str:
        value = self.text(name) or default
        if value not in allowed:
            raise SettingsError(f"{name} must be one of {', '.join(sorted(allowed))}")
        return value


def _is_digits(text: str) -> bool:
    """ASCII digits, and few enough for Python to read them as a number."""
    return text.isascii() and text.isdigit() and len(text) < 20


def _is_address(text: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises where it is no number
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.path if parts.scheme == "unix" else parts.hostname)


def secret_of(reference: str) -> str | None:
    """The value behind a catalog's ``env:NAME``, read at the last moment and kept nowhere."""
    scheme, _, name = reference.partition(":")
    return os.environ.get(name) if scheme == "env" else None
