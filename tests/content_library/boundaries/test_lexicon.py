"""Whole words however they are dressed up, and nothing inside another word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_library.boundaries.folding import fold
from content_library.boundaries.lexicon import find_words

RUDE = ("cunt", "shit", "ass", "god damn", "guarantee*", "free", "best")


def found(text: str, words: tuple[str, ...] = RUDE, allowed: tuple[str, ...] = ()) -> list[str]:
    return [text[start:end] for start, end in find_words(text, words, allowed)]


@pytest.mark.parametrize(
    "text",
    [
        "Scunthorpe United play at home.",
        "We assess the class of passengers.",
        "A carefree freedom, freely given: freeze it.",
        "The bestseller rests.",
        "Penistone, Lightwater and Clitheroe",
        "Order 50 of them for 4.55",
    ],
)
def test_no_word_is_found_inside_another(text: str):
    assert found(text, (*RUDE, "so", "penis", "twat")) == []


@pytest.mark.parametrize(
    "worn",
    [
        "free", "FREE", "Free!", "fr€e", "fr33", "f.r.e.e", "f-r-e-e", "freeeee", "ｆｒｅｅ", "𝐟𝐫𝐞𝐞",
        "fr\u0435e", "f\u200bree", "fre\u0301e", "frèe", "FR€€",
    ],
)  # fmt: skip
def test_a_word_is_found_in_every_dress(worn: str):
    text = f"Yes, {worn} today."
    places = find_words(text, ("free",))
    assert len(places) == 1
    start, end = places[0]
    assert text[start:end].rstrip("!") == worn.rstrip("!")


@pytest.mark.parametrize(
    ("text", "word"), [("sh!t", "shit"), ("5h1t", "shit"), ("sh*t", "shit"), ("$hit", "shit")]
)
def test_signs_stand_for_letters(text: str, word: str):
    assert found(text, (word,)) == [text]


def test_a_star_at_the_end_stands_for_every_longer_form():
    assert found("We guarantee it. Guaranteed! Guarantees.") == ["guarantee", "Guaranteed", "Guarantees"]


def test_words_of_several_parts_may_be_spread_over_lines():
    assert found("god\n  damn") == ["god\n  damn"]


def test_an_allowed_phrase_is_left_alone_and_only_there():
    assert found("Free shipping. It is free.", allowed=("free shipping",)) == ["free"]


def test_a_stretched_word_is_not_a_longer_one():
    assert found("good god", ("god",)) == ["god"]
    assert found("goood", ("good",)) == ["goood"]


def test_several_words_are_found_in_their_order():
    assert found("The best is free, guaranteed.") == ["best", "free", "guaranteed"]


@pytest.mark.parametrize("text", ["1,2,3", "4.55", "50 %", "7357"])
def test_a_number_is_no_word(text: str):
    assert found(text, ("test", "so", "ass", "i")) == []


@given(st.text(max_size=200))
def test_folding_always_knows_the_way_back(text: str):
    folded = fold(text)
    assert len(folded.text) == len(folded.origin)
    assert list(folded.origin) == sorted(folded.origin)
    assert all(0 <= place < len(text) for place in folded.origin)


@given(st.text(alphabet="abcdefgh \n.*!4€é", max_size=300))
def test_what_is_found_stands_in_the_text(text: str):
    for start, end in find_words(text, ("abe", "bad*", "gee"), ("bad egg",)):
        assert 0 <= start < end <= len(text)


def test_a_word_of_another_script_is_found_in_it():
    assert found("Бесплатно сегодня", ("бесплатно",)) == ["Бесплатно"]
    assert found("本日は無料です。無料", ("無料",)) == [
        "無料"
    ]  # no spaces between words: only where it stands alone
