"""Clocks in working hours: known answers, and what holds for any week."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from hypothesis import given

from content_library.errors import InvalidInput
from content_library.working_hours import (
    ALWAYS,
    WorkingHours,
    add,
    between,
    interval,
    is_open,
    next_opening,
    subtract,
    week_of,
)

OFFICE = ((interval("09:00", "17:00"),),)
BERLIN = WorkingHours("Europe/Berlin", week_of(OFFICE * 5 + ((),) * 2))
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def at(text: str, zone: str = "Europe/Berlin") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def test_an_hour_from_friday_1630_ends_on_monday_0930():
    assert add(BERLIN, at("2026-11-06T16:30"), HOUR) == at("2026-11-09T09:30")


def test_half_an_hour_from_friday_1645_is_over_on_monday_0915_and_late_a_minute_later():
    due = add(BERLIN, at("2026-11-06T16:45"), 30 * MINUTE)
    assert due == at("2026-11-09T09:15")
    assert between(BERLIN, at("2026-11-06T16:45"), at("2026-11-09T09:16")) == 31 * MINUTE


def test_the_latest_safe_moment_for_monday_1000_with_eight_hours_is_friday_1000():
    assert subtract(BERLIN, at("2026-11-09T10:00"), 8 * HOUR) == at("2026-11-06T10:00")


def test_with_a_holiday_on_monday_the_latest_safe_moment_for_tuesday_0900_is_friday_0900():
    closed = WorkingHours(BERLIN.zone, BERLIN.week, frozenset({date(2026, 11, 9)}))
    assert subtract(closed, at("2026-11-10T09:00"), 8 * HOUR) == at("2026-11-06T09:00")


def test_what_is_done_at_closing_time_is_due_then_and_not_in_the_morning():
    assert add(BERLIN, at("2026-11-05T16:00"), HOUR) == at("2026-11-05T17:00")


def test_several_stretches_a_day_leave_out_the_lunch_between_them():
    split = WorkingHours("UTC", week_of([[interval("09:00", "12:00"), interval("13:00", "17:00")]] * 7))
    assert add(split, at("2026-11-03T11:30", "UTC"), HOUR) == at("2026-11-03T13:30", "UTC")
    assert not is_open(split, at("2026-11-03T12:00", "UTC"))


def test_a_night_shift_belongs_to_the_day_it_begins_on_also_before_a_holiday():
    nights = WorkingHours("UTC", week_of([[interval("22:00", "06:00")]] * 7), frozenset({date(2026, 11, 4)}))
    assert is_open(nights, at("2026-11-04T05:59", "UTC"))
    assert next_opening(nights, at("2026-11-04T06:00", "UTC")) == at("2026-11-05T22:00", "UTC")


def test_an_hour_lost_in_spring_is_not_worked_and_one_won_in_autumn_is():
    nights = WorkingHours("Europe/Berlin", week_of([[interval("00:00", "06:00")]] * 7))
    assert between(nights, at("2026-03-29T00:00"), at("2026-03-29T12:00")) == 5 * HOUR
    assert between(nights, at("2026-10-25T00:00"), at("2026-10-25T12:00")) == 7 * HOUR


def test_a_stretch_that_spring_pushes_into_the_next_counts_once():
    pair = WorkingHours(
        "Europe/Berlin",
        week_of([()] * 6 + [[interval("01:00", "02:30"), interval("03:00", "05:00")]]),
    )
    assert between(pair, at("2026-03-29T00:00"), at("2026-03-29T12:00")) == 3 * HOUR
    assert subtract(pair, at("2026-03-29T05:00"), 3 * HOUR) == at("2026-03-29T01:00")


def test_who_never_works_is_never_done():
    never = WorkingHours("UTC", ((),) * 7)
    assert add(never, at("2026-11-03T09:00"), MINUTE) is None
    assert subtract(never, at("2026-11-03T09:00"), MINUTE) is None
    assert next_opening(never, at("2026-11-03T09:00")) is None
    assert between(never, at("2026-11-03T09:00"), at("2026-12-03T09:00")) == timedelta()


@pytest.mark.parametrize("text", ["", "9", "25:00", "nine", "24:01"])
def test_what_is_no_time_of_day_is_refused_in_words(text: str):
    with pytest.raises(InvalidInput, match="not a time of day"):
        interval(text, "17:00")


@pytest.mark.parametrize(
    "days",
    [
        [[("09:00", "12:00"), ("11:00", "13:00")], *[[]] * 6],
        [[("22:00", "06:00")], [("05:00", "09:00")], *[[]] * 5],
        [[("05:00", "09:00")], *[[]] * 5, [("22:00", "06:00")]],
    ],
)
def test_hours_that_run_into_one_another_are_refused(days: list[list[tuple[str, str]]]):
    with pytest.raises(InvalidInput, match="run into one another"):
        week_of([[interval(*each) for each in day] for day in days])


def test_all_round_the_clock_is_one_stretch():
    start = at("2026-11-03T09:07", "UTC")
    assert add(ALWAYS, start, 100 * HOUR) == start + 100 * HOUR
    assert subtract(ALWAYS, start, 100 * HOUR) == start - 100 * HOUR


starts = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))
durations = st.integers(0, 14 * 24 * 60).map(lambda n: n * MINUTE)
weeks = st.lists(
    st.one_of(
        st.just([]),
        st.tuples(st.integers(0, 600), st.integers(601, 1440)).map(lambda pair: [pair]),
        st.tuples(
            st.integers(0, 300), st.integers(301, 600), st.integers(601, 900), st.integers(901, 1440)
        ).map(lambda four: [four[:2], four[2:]]),
    ),
    min_size=7,
    max_size=7,
).filter(any)
teams = st.builds(
    lambda zone, week, closed: WorkingHours(zone, week_of(week), frozenset(closed)),
    st.sampled_from(("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")),
    weeks,
    st.lists(st.dates(date(2026, 1, 1), date(2027, 12, 31)), max_size=5),
)


@given(teams, starts, durations)
def test_what_was_added_is_what_has_passed_between(hours: WorkingHours, start: datetime, duration: timedelta):
    due = add(hours, start, duration)
    if due is not None:
        assert due >= start
        assert between(hours, start, due) == duration


@given(teams, starts, durations)
def test_asking_at_the_latest_safe_moment_is_in_time_and_a_minute_later_is_not(
    hours: WorkingHours, end: datetime, duration: timedelta
):
    latest = subtract(hours, end, duration)
    if latest is None or duration == timedelta():
        return
    assert between(hours, latest, end) == duration
    assert between(hours, latest + MINUTE, end) < duration
    assert add(hours, latest, duration) <= end
