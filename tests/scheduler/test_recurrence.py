"""The days and instants of a series, against known answers that several implementations agree on."""

import json
from datetime import UTC, date, datetime, time
from itertools import islice
from pathlib import Path

import pytest

from content_library.wall_time import WallKind
from scheduler.recurrence import LAST_DAY, Every, Rule

KNOWN = json.loads((Path(__file__).parent.parent / "data" / "wall_times.json").read_text())["recurring"]
FREQUENCY = {"DAILY": Every.DAY, "WEEKLY": Every.WEEK, "MONTHLY": Every.MONTH}


def rule_of(known: dict[str, str]) -> Rule:
    asked = dict(part.split("=") for part in known["rrule"].split(";"))
    begins = datetime.fromisoformat(known["dtstart"])
    return Rule(
        FREQUENCY[asked["FREQ"]], begins.date(), begins.time(), known["zone"], count=int(asked["COUNT"]),
        weekdays=(begins.weekday(),),
    )  # fmt: skip


@pytest.mark.parametrize("known", KNOWN, ids=[k["id"] for k in KNOWN])
def test_a_series_falls_where_others_say_it_does(known) -> None:
    rule = rule_of(known)
    days = list(rule.days(rule.starts_on))
    assert [rule.wall(day) for day in days] == known["expected_walls"]
    assert [f"{rule.resolved(day).due_at:%Y-%m-%dT%H:%M:%SZ}" for day in days] == known["expected_utc"]


def first(rule: Rule, count: int, after: date | None = None) -> list[str]:
    return [day.isoformat() for day in islice(rule.days(after or rule.starts_on), count)]


NINE = time(9)


def test_the_last_day_of_each_month_is_there_in_every_month() -> None:
    rule = Rule(Every.MONTH, date(2026, 1, 31), NINE, "UTC", month_day=LAST_DAY)
    assert first(rule, 3) == ["2026-01-31", "2026-02-28", "2026-03-31"]


def test_a_chosen_day_of_the_month_need_not_be_the_first_one() -> None:
    assert first(Rule(Every.MONTH, date(2026, 1, 10), NINE, "UTC", month_day=5), 2) == [
        "2026-02-05",
        "2026-03-05",
    ]


def test_several_days_of_the_week_take_turns() -> None:
    rule = Rule(Every.WEEK, date(2026, 11, 4), NINE, "UTC", weekdays=(0, 2))
    assert first(rule, 3) == ["2026-11-04", "2026-11-09", "2026-11-11"]


def test_a_leap_day_comes_in_leap_years_only() -> None:
    assert first(Rule(Every.YEAR, date(2028, 2, 29), NINE, "UTC"), 2) == ["2028-02-29", "2032-02-29"]


def test_a_series_ends_with_its_last_day_or_its_last_time() -> None:
    assert first(Rule(Every.DAY, date(2026, 1, 1), NINE, "UTC", ends_on=date(2026, 1, 2)), 9) == [
        "2026-01-01", "2026-01-02",
    ]  # fmt: skip
    counted = Rule(Every.DAY, date(2026, 1, 1), NINE, "UTC", count=3)
    assert first(counted, 9, date(2026, 1, 3)) == ["2026-01-03"]


def test_what_follows_now_says_how_the_clocks_change() -> None:
    rule = Rule(Every.DAY, date(2027, 3, 20), time(2, 30), "Europe/Berlin")
    found = rule.following(datetime(2027, 3, 27, 1, 30, tzinfo=UTC), 2)
    assert [(day.isoformat(), moment.kind) for day, moment in found] == [
        ("2027-03-28", WallKind.GAP), ("2027-03-29", WallKind.NORMAL),
    ]  # fmt: skip
    assert "does not exist" in found[0][1].sentence


def test_today_counts_until_its_time_has_passed() -> None:
    rule = Rule(Every.DAY, date(2026, 1, 1), NINE, "UTC")
    for hour, expected in ((8, 3), (9, 4)):
        [(day, _moment)] = rule.following(datetime(2026, 11, 3, hour, tzinfo=UTC), 1)
        assert day.day == expected
