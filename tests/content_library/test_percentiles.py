"""Percentiles by nearest rank, with known answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_library.percentiles import nearest_rank


@pytest.mark.parametrize(("percent", "known"), [(5, 15), (30, 20), (40, 20), (50, 35), (100, 50)])
def test_the_answers_of_the_method_s_usual_example(percent, known):
    assert nearest_rank([15, 20, 35, 40, 50], percent) == known


@pytest.mark.parametrize(
    ("values", "median", "p90"),
    [
        ([7], 7, 7),
        ([1, 2], 1, 2),
        ([3, 1, 2], 2, 3),
        (range(1, 11), 5, 9),
        (range(1, 101), 50, 90),
        ([0, 0, 0, 0, 9], 0, 9),
    ],
)
def test_the_median_and_the_ninth_of_ten_are_values_that_are_there(values, median, p90):
    assert (nearest_rank(values, 50), nearest_rank(values, 90)) == (median, p90)


def test_of_nothing_there_is_no_percentile():
    assert nearest_rank([], 50) is None
    assert nearest_rank({4: 0}, 50) is None


def test_values_may_be_counted_before():
    assert nearest_rank({60: 3, 120: 1}, 50) == 60
    assert nearest_rank({60: 3, 120: 1}, 90) == 120


@pytest.mark.parametrize("percent", [0, -1, 101])
def test_a_percentile_lies_between_1_and_100(percent):
    with pytest.raises(ValueError, match="from 1 to 100"):
        nearest_rank([1], percent)


@given(st.lists(st.integers(0, 50), min_size=1), st.integers(1, 100))
def test_it_is_the_smallest_value_that_enough_values_do_not_exceed(values, percent):
    found = nearest_rank(values, percent)

    def share(limit):
        return sum(value <= limit for value in values) * 100 / len(values)

    assert found in values
    assert share(found) >= percent
    assert all(share(smaller) < percent for smaller in values if smaller < found)
