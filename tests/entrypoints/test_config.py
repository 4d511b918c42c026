"""The environment is read once, completely, and a mistake in it is one line that names the variable."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.config import Settings, SettingsError, secret_of

MALFORMED = [
    ("SLACK_BOT_TOKEN", "xoxp-a-persons-token"),
    ("SLACK_APP_TOKEN", "xoxb-the-other-one"),
    ("SLACK_API_URL", "slack.com/api"),
    ("SLACK_API_URL", "http://["),
    ("DD_SITE", "datadog.com"),
    ("DD_API_URL", "ftp://api.datadoghq.com"),
    ("DD_API_KEY", "one\ntwo"),
    ("MINIMAX_BASE_URL", "https://"),
    ("REDIS_URL", "localhost:6379"),
    ("REDIS_URL", "redis://localhost:port"),
    ("REDIS_URL", "unix://"),
    ("FIXLOOP_CATALOG", "~nobody-of-this-name/fixloop.yml"),
    ("FIXLOOP_RETENTION_DAYS", "0"),
    ("FIXLOOP_RETENTION_DAYS", "a while"),
    ("SSL_CERT_FILE", "/nowhere/authorities.pem"),
    ("SSL_CERT_FILE", __file__),
    ("PORT", "65536"),
    ("PORT", "-1"),
    ("PORT", "²"),
    ("PORT", "9" * 5000),
]
NAMES = [*sorted({name for name, _ in MALFORMED}), "SLACK_SIGNING_SECRET", "DD_APP_KEY", "HOST", "FIXLOOP_DATA_DIR"]


def test_nothing_has_to_be_set() -> None:
    """An empty environment is a FixLoop that listens on loopback and keeps its store at home."""
    settings = Settings.from_env({})
    assert (settings.host, settings.port) == ("127.0.0.1", 3000)
    assert settings.data_dir == Path("~/.fixloop").expanduser()
    assert settings.slack_bot_token is None
    assert settings.redis_url is None
    assert not settings.socket_mode
    assert not settings.catalog_named


@pytest.mark.parametrize(("name", "value"), MALFORMED, ids=[f"{name}={value[:20]}" for name, value in MALFORMED])
def test_a_malformed_variable_is_named(name: str, value: str) -> None:
    """One line, the variable's name first."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({name: value})
    sentence = str(caught.value)
    assert sentence.startswith(name)
    assert "\n" not in sentence


def test_a_malformed_secret_is_not_repeated() -> None:
    """A token in the wrong variable does not end up in a log."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({"SLACK_APP_TOKEN": "xoxb-the-other-one"})
    assert "other" not in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_a_blank_variable_is_an_unset_one(name: str) -> None:
    """Platforms set what they do not know to an empty text."""
    assert Settings.from_env({name: "  "}) == Settings.from_env({})


def test_the_site_decides_the_address() -> None:
    """DD_SITE chooses the API's host; DD_API_URL has the last word."""
    assert Settings.from_env({"DD_SITE": "datadoghq.eu"}).dd_api_url == "https://api.datadoghq.eu"
    other = Settings.from_env({"DD_SITE": "datadoghq.eu", "DD_API_URL": "http://127.0.0.1:8126/"})
    assert other.dd_api_url == "http://127.0.0.1:8126"


def test_an_app_token_means_socket_mode() -> None:
    """SLACK_APP_TOKEN is the switch."""
    assert Settings.from_env({"SLACK_APP_TOKEN": "xapp-1"}).socket_mode


def test_slacks_address_ends_with_a_slash() -> None:
    """The SDK joins method names to it."""
    assert Settings.from_env({"SLACK_API_URL": "http://127.0.0.1:1/api"}).slack_api_url == "http://127.0.0.1:1/api/"


def test_settings_do_not_show_secrets() -> None:
    """A log line or a traceback with settings in it has no token in it."""
    assert "xoxb-secret" not in repr(Settings.from_env({"SLACK_BOT_TOKEN": "xoxb-secret"}))


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=40)))
def test_any_environment_is_settings_or_one_sentence(environment: dict[str, str]) -> None:
    """Whatever is in the environment, nothing but a SettingsError comes out, and it names one of the variables."""
    outcome = read(environment)
    if isinstance(outcome, Settings):
        assert 0 <= outcome.port <= 65_535
    else:
        assert outcome.startswith(tuple(environment))
        assert "\n" not in outcome


def read(environment: dict[str, str]) -> Settings | str:
    try:
        return Settings.from_env(environment)
    except SettingsError as error:
        return str(error)


def test_a_secret_is_read_from_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """``env:NAME`` is the only reference; anything else has no value."""
    monkeypatch.setenv("CHECKOUT_TOKEN", "s3cret")
    assert secret_of("env:CHECKOUT_TOKEN") == "s3cret"
    assert secret_of("env:NOT_THERE") is None
    assert secret_of("file:CHECKOUT_TOKEN") is None
