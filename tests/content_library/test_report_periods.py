"""The days of a report, in the desk's zone."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_library.errors import InvalidInput
from content_library.report_periods import LONGEST, Period, read_period

NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
BERLIN = "Europe/Berlin"


def read(zone=BERLIN, now=NOW, **asked) -> Period:
    return read_period({name.rstrip("_"): value for name, value in asked.items()}, zone=zone, now=now)


def days(period: Period) -> tuple[str, str]:
    return period.first.isoformat(), period.last.isoformat()


def wrong(**asked) -> dict[str, str]:
    with pytest.raises(InvalidInput) as refused:
        read(**asked)
    return dict(refused.value.fields)


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("7", "2026-10-28"),
        ("30", "2026-10-05"),
        ("90", "2026-08-06"),
        ("", "2026-10-05"),
        ("x", "2026-10-05"),
    ],
)
def test_the_last_days_end_today_and_nonsense_is_thirty_of_them(asked, first):
    assert days(read(period=asked)) == (first, "2026-11-03")


def test_today_is_the_desk_s_today():
    late = datetime(2026, 11, 3, 23, 30, tzinfo=UTC)
    assert read(now=late, period="7").last == date(2026, 11, 4)
    assert read(zone="America/New_York", now=late, period="7").last == date(2026, 11, 3)


def test_a_period_runs_from_midnight_to_midnight_there_also_over_a_change_of_clocks():
    october = read(period="month", month="2026-10")
    assert days(october) == ("2026-10-01", "2026-10-31")
    assert october.since == datetime(2026, 9, 30, 22, 0, tzinfo=UTC)
    assert october.until == datetime(2026, 10, 31, 23, 0, tzinfo=UTC)


def test_a_month_is_compared_to_the_month_before_it():
    assert days(read(period="month", month="2026-03").before) == ("2026-02-01", "2026-02-28")
    assert days(read(period="days", from_="2026-01-01", to="2026-01-31").before) == (
        "2025-12-01",
        "2025-12-31",
    )


def test_days_are_compared_to_as_many_right_before():
    assert days(read(period="days", from_="2026-03-02", to="2026-03-31").before) == (
        "2026-01-31",
        "2026-03-01",
    )
    assert days(read(period="7").before) == ("2026-10-21", "2026-10-27")


@pytest.mark.parametrize(
    ("asked", "field", "sentence"),
    [
        ({"period": "month"}, "month", "Choose a month."),
        (
            {"period": "month", "month": "10/2026"},
            "month",
            "“10/2026” is not a month. Write it like 2026-10.",
        ),
        ({"period": "days", "to": "2026-01-01"}, "from", "Choose the first day."),
        ({"period": "days", "from_": "2026-01-01"}, "to", "Choose the last day."),
        ({"period": "days", "from_": "tomorrow", "to": "2026-01-01"}, "from", "“tomorrow” is not a day."),
        ({"period": "days", "from_": "2026-01-02", "to": "2026-01-01"}, "to", "lies before the first"),
        (
            {"period": "days", "from_": "2024-01-01", "to": "2026-01-01"},
            "to",
            "That is 732 days. A report covers at most 366.",
        ),
        ({"period": "days", "from_": "0001-01-01", "to": "0001-01-02"}, "from", "lies too far away"),
    ],
)
def test_days_that_make_no_sense_are_said_at_their_field(asked, field, sentence):
    assert sentence in wrong(**asked)[field]


@given(
    st.dates(date(2001, 1, 1), date(2100, 1, 1)),
    st.integers(1, LONGEST),
    st.sampled_from([BERLIN, "UTC", "America/St_Johns", "Pacific/Apia"]),
)
def test_the_period_before_ends_where_the_period_begins(first, length, zone):
    period = Period(first, date.fromordinal(first.toordinal() + length - 1), zone)
    assert period.before.until == period.since
    assert period.before.since < period.since < period.until
