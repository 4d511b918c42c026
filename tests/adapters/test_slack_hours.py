"""Times in a document: right in every zone, over changes of summer time, and whatever Slack says a zone is."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixloop_bot.adapters.slack.blocks.hours import UNKNOWN, Hours, zone_of
from tests.strategies import NASTY


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


SUMMER = at("2026-09-25 02:58:07")
ZONES = st.sampled_from(
    ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Casablanca", "", "Etc/GMT+3"]
)


def test_times_are_those_of_the_readers_clocks() -> None:
    """The zone is named, with what it makes of a time in UTC."""
    hours = Hours("Europe/Berlin", [SUMMER])
    assert hours.day(SUMMER) == "2026-09-25 04:58"
    assert hours.moment(SUMMER) == "04:58:07"
    assert hours.legend() == "Times are in Europe/Berlin (CEST); 04:58 there is 02:58 UTC."


def test_without_a_zone_they_are_in_utc_and_say_so() -> None:
    hours = Hours("", [SUMMER])
    assert (hours.day(SUMMER), hours.legend()) == ("2026-09-25 02:58", "Times are in UTC.")


def test_a_day_is_named_where_it_is_another_one_there() -> None:
    """22:30 UTC is the next day in Berlin already."""
    evening, night = at("2026-09-25 21:30"), at("2026-09-25 22:30")
    assert Hours("", [evening, night]).moment(night) == "22:30:00"
    assert Hours("Europe/Berlin", [evening, night]).moment(night) == "2026-09-26 00:30:00"


def test_an_hour_that_comes_twice_says_which_it_is() -> None:
    """The clocks go back within the incident: 02:30 is there two times, an hour apart."""
    first, second = at("2026-10-25 00:30"), at("2026-10-25 01:30")
    hours = Hours("Europe/Berlin", [first, second])
    assert (hours.clock(first), hours.clock(second)) == ("02:30 CEST", "02:30 CET")
    assert hours.legend() == "Times are in Europe/Berlin (CEST, then CET); 02:30 CEST there is 00:30 UTC."


def test_an_hour_that_never_was_is_never_said() -> None:
    before, after = at("2026-03-29 00:59:59"), at("2026-03-29 01:00")
    hours = Hours("Europe/Berlin", [before, after])
    assert (hours.moment(before), hours.moment(after)) == ("01:59:59 CET", "03:00:00 CEST")


def test_a_zone_whose_hours_have_no_name_says_how_far_it_is() -> None:
    assert Hours("Asia/Dubai", [SUMMER]).legend() == "Times are in Asia/Dubai (UTC+4); 06:58 there is 02:58 UTC."
    assert "(UTC+5:45)" in Hours("Asia/Kathmandu", [SUMMER]).legend()


def test_a_time_within_our_own_sentence_is_shown_there_too() -> None:
    hours = Hours("Europe/Berlin", [SUMMER])
    assert hours.translated("muted it until 2026-12-24 23:30:00 UTC") == "muted it until 2026-12-25 00:30:00 CET"
    assert hours.translated("until 2026-13-45 99:00:00 UTC") == "until 2026-13-45 99:00:00 UTC"


@pytest.mark.parametrize(
    "name",
    [
        *("Mars/Olympus", "../../etc/passwd", "/etc/localtime", "localtime", "posixrules", "right/Europe/Berlin"),
        *("Europe", "Europe/", "Europe/Berlin\0", "Europe/Berlin\n", "a" * 10_000, "Europe/" + "B" * 300, *NASTY),
    ],
)
def test_what_is_no_zone_is_utc(name: str) -> None:
    """A path, a folder, the machine's own zone, leap seconds: none of them is taken."""
    assert zone_of(name).key == "UTC"


@given(ZONES, st.lists(st.floats(0, 4e9), min_size=1, max_size=5))
def test_a_time_can_be_read_back(zone: str, moments: list[float]) -> None:
    """Day, time and, where there are two, the name of the hours: together they are one moment."""
    hours = Hours(zone, moments)
    known = ZoneInfo(zone or "UTC")
    for moment in moments:
        said = hours.day(moment)
        wall = datetime.strptime(said[:16], "%Y-%m-%d %H:%M").replace(tzinfo=known)
        assert int(moment) // 60 * 60 in {
            int(wall.timestamp()) // 60 * 60,
            int(wall.replace(fold=1).timestamp()) // 60 * 60,
        }
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d(?: [A-Z+\-:0-9]+)?", said)


@given(st.floats())
def test_a_time_that_no_calendar_has_is_unknown(moment: float) -> None:
    said = Hours("Europe/Berlin", [moment]).day(moment)
    assert (said == UNKNOWN) == (not 0 <= moment <= 253_402_128_000)
