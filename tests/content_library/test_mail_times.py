"""When a mail may leave: known answers, also in the nights in which the clocks change."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from content_library.errors import InvalidInput
from content_library.mail_times import MailTimes, clock_times

BERLIN = "Europe/Berlin"


def at(text: str, zone: str = BERLIN, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def leaves(times: MailTimes, told: str) -> str:
    return f"{times.leaves_at(at(told, times.zone)).astimezone(ZoneInfo(times.zone)):%a %d %b %H:%M:%S}"


EACH = MailTimes(BERLIN)
TOGETHER = MailTimes(BERLIN, together=True)
WEEKDAYS = MailTimes(BERLIN, quiet_weekends=True)


@pytest.mark.parametrize(
    ("times", "told", "answer"),
    [
        (EACH, "2026-11-03T10:00", "Tue 03 Nov 10:00:10"),
        (EACH, "2026-11-03T19:59:49", "Tue 03 Nov 19:59:59"),
        (EACH, "2026-11-03T19:59:50", "Wed 04 Nov 07:00:00"),
        (EACH, "2026-11-03T20:00", "Wed 04 Nov 07:00:00"),
        (EACH, "2026-11-04T03:00", "Wed 04 Nov 07:00:00"),
        (EACH, "2026-11-04T06:59:59", "Wed 04 Nov 07:00:00"),
        (EACH, "2026-11-04T07:00", "Wed 04 Nov 07:00:10"),
        (EACH, "2026-11-07T12:00", "Sat 07 Nov 12:00:10"),
        (WEEKDAYS, "2026-11-06T19:00", "Fri 06 Nov 19:00:10"),
        (WEEKDAYS, "2026-11-06T21:00", "Mon 09 Nov 07:00:00"),
        (WEEKDAYS, "2026-11-07T12:00", "Mon 09 Nov 07:00:00"),
        (WEEKDAYS, "2026-11-08T23:30", "Mon 09 Nov 07:00:00"),
        (TOGETHER, "2026-11-03T08:00", "Tue 03 Nov 08:30:00"),
        (TOGETHER, "2026-11-03T08:29:50", "Tue 03 Nov 08:30:00"),
        (TOGETHER, "2026-11-03T08:29:51", "Tue 03 Nov 13:30:00"),
        (TOGETHER, "2026-11-03T14:00", "Wed 04 Nov 08:30:00"),
        (TOGETHER, "2026-11-06T14:00", "Mon 09 Nov 08:30:00"),
        (TOGETHER, "2026-11-07T12:00", "Mon 09 Nov 08:30:00"),
        (MailTimes(BERLIN, together=True, times=("06:00",)), "2026-11-03T05:00", "Tue 03 Nov 07:00:00"),
        (MailTimes(BERLIN, together=True, days=(5,), quiet_weekends=True), "2026-11-03T05:00", "Mon 09 Nov 07:00:00"),
        (MailTimes(BERLIN, quiet_from="12:00", quiet_until="13:00"), "2026-11-03T12:30", "Tue 03 Nov 13:00:00"),
        (MailTimes(BERLIN, quiet_from="00:00", quiet_until="00:00"), "2026-11-03T03:00", "Tue 03 Nov 03:00:10"),
        (MailTimes("Asia/Kathmandu"), "2026-11-03T23:00", "Wed 04 Nov 07:00:00"),
    ],
)  # fmt: skip
def test_a_mail_leaves_when_the_person_chose(times: MailTimes, told: str, answer: str):
    assert leaves(times, told) == answer


def test_a_quiet_end_that_does_not_exist_comes_with_the_offset_before_the_gap():
    times = MailTimes(BERLIN, quiet_until="02:30")
    assert leaves(times, "2026-03-28T23:00") == "Sun 29 Mar 03:30:00"


def test_a_quiet_hour_that_comes_twice_ends_once():
    """On 25 October 2026 it is 02:30 in Berlin twice; the first ends the quiet hours."""
    times = MailTimes(BERLIN, quiet_until="02:30")
    first, second = at("2026-10-25T02:30"), at("2026-10-25T02:15", fold=1)
    assert times.leaves_at(at("2026-10-25T01:00")) == first
    assert times.awake_at(second) == second


def test_the_night_in_which_clocks_change_is_an_hour_longer_or_shorter():
    longer = EACH.leaves_at(at("2026-10-24T20:00")) - at("2026-10-24T20:00")
    shorter = EACH.leaves_at(at("2026-03-28T20:00")) - at("2026-03-28T20:00")
    assert (longer.total_seconds() / 3600, shorter.total_seconds() / 3600) == (12, 10)


def test_a_digest_at_a_time_that_does_not_exist_still_comes_that_day():
    times = MailTimes(BERLIN, True, times=("02:30",), days=(6,), quiet_from="00:00", quiet_until="00:00")
    assert leaves(times, "2026-03-28T23:00") == "Sun 29 Mar 03:30:00"


def test_times_are_read_as_people_write_them():
    assert clock_times("13.30, 8:30; 8:30", field="times") == ["08:30", "13:30"]


@pytest.mark.parametrize("text", ["", "noon", "24:00", "8:60", "1:00 2:00 3:00 4:00 5:00 6:00 7:00"])
def test_what_is_no_list_of_times_is_refused_at_its_field(text: str):
    with pytest.raises(InvalidInput) as refusal:
        clock_times(text, field="times")
    assert "times" in refusal.value.fields
