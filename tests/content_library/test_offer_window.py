"""From when until when a post may go out, in the desk's wall time."""

from datetime import UTC, datetime

from content_library.offer_window import window

HOLIDAY = {"key": "day", "type": "date", "ends": True}
WEBINAR = {"key": "starts_at", "type": "moment", "ends": True}
TERMS = {"key": "terms", "type": "long_text", "ends": False}


def document(*, valid_from="", valid_until="", **fields):
    return {"valid_from": valid_from, "valid_until": valid_until, "fields": fields}


def at(*numbers):
    return datetime(*numbers, tzinfo=UTC)


def test_a_post_that_says_nothing_may_go_out_at_any_time():
    assert window(document(), [], "Europe/Berlin").contains(at(2030, 1, 1))


def test_wall_times_are_the_desks():
    found = window(document(valid_from="2026-07-01T09:00"), [], "Europe/Berlin")
    assert found.starts_at == at(2026, 7, 1, 7)


def test_nothing_goes_out_at_the_last_moment_itself():
    found = window(document(valid_until="2026-07-01T09:00"), [], "UTC")
    assert found.contains(at(2026, 7, 1, 8, 59, 59))
    assert not found.contains(at(2026, 7, 1, 9))


def test_a_holiday_question_ends_with_its_day_in_the_desks_zone():
    found = window(document(day="2026-10-25"), [HOLIDAY], "Europe/Berlin")  # a day of 25 hours
    assert found.until == at(2026, 10, 25, 23)


def test_a_webinar_ends_by_itself_when_it_starts():
    assert window(document(starts_at="2026-05-04T10:00"), [WEBINAR], "UTC").until == at(2026, 5, 4, 10)


def test_the_earliest_of_several_ends_counts():
    found = window(
        document(valid_until="2026-05-03T10:00", starts_at="2026-05-04T10:00"), [WEBINAR, TERMS], "UTC"
    )
    assert found.until == at(2026, 5, 3, 10)


def test_what_cannot_be_read_as_a_time_ends_nothing():
    found = window(document(valid_until="soon", day="2026-02-31"), [HOLIDAY], "UTC")
    assert (found.starts_at, found.until) == (None, None)
