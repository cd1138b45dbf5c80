"""Word-level differences: nothing lost, nothing invented, and as a person would mark them."""

import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from content_library.word_diff import is_changed, word_diff

TEXTS = st.text(alphabet=st.sampled_from("ab cd.é ü\n 👩‍👧-’ا"), max_size=60)


def before(changes):
    return "".join(text for op, text in changes if op != "insert")


def after(changes):
    return "".join(text for op, text in changes if op != "delete")


@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_out_of_the_difference(old, new):
    changes = word_diff(old, new)
    assert (before(changes), after(changes)) == (old, new)


@given(TEXTS, TEXTS)
def test_it_says_changed_exactly_when_the_texts_differ(old, new):
    assert is_changed(word_diff(old, new)) == (old != new)


@given(TEXTS, TEXTS)
def test_no_two_neighbouring_pieces_are_of_the_same_kind_and_none_is_empty(old, new):
    changes = word_diff(old, new)
    assert all(text for _, text in changes)
    assert not [a for a, b in pairwise(changes) if a[0] == b[0]]


def test_one_changed_word_is_one_mark():
    assert word_diff("Sharpening is free today.", "Sharpening is cheap today.") == [
        ("equal", "Sharpening is "),
        ("delete", "free"),
        ("insert", "cheap"),
        ("equal", " today."),
    ]


def test_a_rewritten_sentence_is_one_mark_and_not_one_for_each_word():
    changes = word_diff("Say hello now. End.", "Bring tea later. End.")
    assert changes == [("delete", "Say hello now"), ("insert", "Bring tea later"), ("equal", ". End.")]


def test_a_word_is_never_cut_in_two():
    changes = word_diff("the kettle", "the kettles")
    assert changes == [("equal", "the "), ("delete", "kettle"), ("insert", "kettles")]


def test_a_changed_address_is_marked_whole():
    changes = word_diff("See https://a.example/x?y=1 now", "See https://a.example/x?y=2 now")
    assert ("delete", "https://a.example/x?y=1") in changes


def test_paragraphs_that_stay_stay_unmarked():
    changes = word_diff("One.\n\nTwo.", "One, more.\n\nTwo.")
    assert changes[-1] == ("equal", ".\n\nTwo.")


def test_two_long_texts_are_compared_while_a_person_waits():
    old = " ".join(f"word{n % 997}" for n in range(6_000))
    new = " ".join(f"word{(n * 7) % 991}" for n in range(6_000))
    began = time.perf_counter()
    word_diff(old, new)
    assert time.perf_counter() - began < 2
