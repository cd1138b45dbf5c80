"""How values are said."""

from datetime import timedelta

import pytest

from app.formatting import worked


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "less than a minute"),
        (29, "less than a minute"),
        (60, "1 min"),
        (59 * 60, "59 min"),
        (3_600, "1 h"),
        (7_800, "2 h 10 min"),
        (13 * 3_600 + 1_900, "14 h"),
        (40 * 3_600, "40 h"),
    ],
)
def test_working_time_is_said_in_hours_and_never_in_days(seconds, said):
    assert worked(timedelta(seconds=seconds)) == said
