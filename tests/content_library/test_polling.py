"""When a feed is asked next."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_library.polling import (
    asked_for,
    average_gap,
    interval_after_answer,
    interval_after_error,
    may_check_now,
    needs_full_fetch,
    next_poll_at,
    usual_interval,
)

NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def days(count: float) -> timedelta:
    return timedelta(days=count)


@pytest.mark.parametrize(
    ("gap", "quiet_for", "interval"),
    [
        (hours(6), hours(1), hours(3)),
        (timedelta(minutes=5), hours(1), timedelta(minutes=15)),
        (days(9), days(1), hours(24)),
        (None, hours(0), hours(1)),
        (hours(6), days(29), hours(3)),
        (hours(6), days(30), days(1)),
        (hours(6), days(179), days(1)),
        (hours(6), days(180), days(7)),
    ],
)
def test_a_feed_is_asked_at_half_its_average_gap_and_seldom_when_quiet(
    gap: timedelta | None, quiet_for: timedelta, interval: timedelta
) -> None:
    assert usual_interval(gap, quiet_for=quiet_for) == interval


def test_the_average_gap_follows_what_the_feed_does() -> None:
    assert average_gap(None, changed_at=None, now=NOW) is None
    assert average_gap(None, changed_at=NOW - hours(4), now=NOW) == hours(4)
    gap: timedelta | None = hours(24)
    for _ in range(30):
        gap = average_gap(gap, changed_at=NOW - hours(1), now=NOW)
    assert gap is not None and hours(1) < gap < hours(1.1)
    assert average_gap(hours(2), changed_at=NOW + hours(1), now=NOW) == hours(1.6)


@pytest.mark.parametrize(
    ("options", "wait"),
    [
        ({}, timedelta(0)),
        ({"ttl_minutes": 90}, hours(1.5)),
        ({"cache_control": "public, max-age=7200"}, hours(2)),
        ({"cache_control": "s-maxage=7200"}, timedelta(0)),
        ({"cache_control": "no-cache, max-age=7200"}, timedelta(0)),
        ({"retry_after_s": 3600, "ttl_minutes": 30}, hours(1)),
        ({"retry_after_s": 10**9}, days(1)),
        ({"ttl_minutes": 10**6}, days(1)),
        ({"retry_after_s": -5}, timedelta(0)),
    ],
)
def test_what_the_server_asks_for_is_respected_up_to_a_day(
    options: dict[str, object], wait: timedelta
) -> None:
    assert asked_for(**options) == wait  # type: ignore[arg-type]


def test_the_longer_of_usual_and_asked_counts() -> None:
    assert interval_after_answer(hours(1), hours(3)) == hours(3)
    assert interval_after_answer(days(7), hours(3)) == days(7)
    assert interval_after_answer(hours(1), days(9)) == days(1)


def test_errors_double_the_wait_up_to_a_day_and_then_it_is_weekly() -> None:
    waits = [interval_after_error(failures) for failures in range(1, 11)]
    minutes = [wait / timedelta(minutes=1) for wait in waits]
    assert minutes == [15, 30, 60, 120, 240, 480, 960, 1440, 10080, 10080]
    assert interval_after_error(1, retry_after_s=7200) == hours(2)
    assert interval_after_error(1000) == days(7)


INTERVALS = st.timedeltas(min_value=timedelta(minutes=15), max_value=days(7))


@given(st.text(max_size=30), st.timedeltas(min_value=timedelta(0), max_value=days(400)), INTERVALS)
def test_the_next_time_lies_between_half_and_one_and_a_half_intervals_and_then_keeps_its_place(
    url: str, later: timedelta, interval: timedelta
) -> None:
    now = NOW + later
    first = next_poll_at(url, now=now, interval=interval)
    assert interval / 2 <= first - now < interval * 1.5 + timedelta(seconds=1)
    assert next_poll_at(url, now=first, interval=interval) - first == interval


@given(INTERVALS, st.timedeltas(min_value=timedelta(0), max_value=days(1)))
def test_a_server_that_asks_for_time_is_never_asked_before(interval: timedelta, wait: timedelta) -> None:
    assert next_poll_at("x", now=NOW, interval=interval, not_before=NOW + wait) >= NOW + wait


def test_a_thousand_feeds_added_at_once_are_spread_over_the_interval() -> None:
    times = [next_poll_at(f"https://{n}.example/feed", now=NOW, interval=hours(1)) for n in range(1000)]
    by_minute = [sum(1 for at in times if int((at - NOW) / timedelta(minutes=6)) == n) for n in range(5, 15)]
    assert sum(by_minute) == 1000
    assert max(by_minute) < 160


def test_once_a_week_a_feed_is_fetched_without_validators() -> None:
    assert needs_full_fetch(None, now=NOW)
    assert not needs_full_fetch(NOW - days(6.9), now=NOW)
    assert needs_full_fetch(NOW - days(7), now=NOW)


def test_check_now_works_once_a_minute() -> None:
    assert may_check_now(None, now=NOW)
    assert not may_check_now(NOW - timedelta(seconds=59), now=NOW)
    assert may_check_now(NOW - timedelta(seconds=60), now=NOW)
