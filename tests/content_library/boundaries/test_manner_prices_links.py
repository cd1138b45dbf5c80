"""Prices, links, shouting and reading level."""

import pytest

from content_library.boundaries.links import find_unwanted
from content_library.boundaries.manner import find_shouting, reading
from content_library.boundaries.prices import find_prices


def parts(text: str, places: list[tuple[int, int]]) -> list[str]:
    return [text[start:end] for start, end in places]


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("Now £9.99 only", "£9.99"),
        ("Für 1.299,00 € zu haben", "1.299,00 €"),
        ("EUR 20 each", "EUR 20"),
        ("costs 15 USD", "15 USD"),
        ("20% off everything", "20% off"),
        ("30 percent less", "30 percent less"),
        ("Save -25% today", "-25%"),
    ],
)
def test_a_price_is_found(text: str, price: str):
    assert parts(text, find_prices(text)) == [price]


@pytest.mark.parametrize(
    "text", ["100% cotton", "3 to 5 days", "Room 12, at 9.30", "80 % of people agree", "USDA"]
)
def test_a_number_is_no_price(text: str):
    assert find_prices(text) == []


def test_a_shortened_link_is_unwanted_unless_it_is_ours():
    text = "See https://bit.ly/x and https://go.brindlemoor.example/y"
    assert parts(text, find_unwanted(text)) == ["https://bit.ly/x"]
    assert find_unwanted(text, allowed=("bit.ly", "brindlemoor.example")) == []


def test_with_allowed_hosts_every_other_is_unwanted_and_look_alikes_too():
    text = (
        "https://brindlemoor.example https://brindlemoor.example.evil.example https://notbrindlemoor.example"
    )
    assert parts(text, find_unwanted(text, allowed=("brindlemoor.example",))) == [
        "https://brindlemoor.example.evil.example",
        "https://notbrindlemoor.example",
    ]


def test_refused_hosts_cover_what_is_below_them_and_dead_links_are_named():
    text = "https://a.rival.example/x, https://ours.example/gone"
    assert parts(
        text, find_unwanted(text, refused=("Rival.example",), dead={"https://ours.example/gone"})
    ) == [
        "https://a.rival.example/x",
        "https://ours.example/gone",
    ]


@pytest.mark.parametrize("text", ["BUY THIS NOW and smile", "What?!?! Really", "NEVER EVER AGAIN"])
def test_shouting_is_heard(text: str):
    assert find_shouting(text)


@pytest.mark.parametrize(
    "text", ["The FAQ is on the BBC", "A new TV! Nice.", "NASA and ESA agree", "Wow!!", "I AM OK"]
)
def test_speaking_is_not_shouting(text: str):
    assert find_shouting(text) == []


def test_the_reading_level_of_known_texts():
    easy = (
        "The cat sat on the mat. It was warm and dry. The dog saw the cat. He did not care. "
        "They had a nap in the sun and woke up late."
    )
    level = reading(easy)
    assert level is not None
    assert (level.words, round(level.index, 1)) == (31, 6.2)  # 31 words, 5 sentences, none long
    hard = reading("Notwithstanding contractual obligations, " * 15)
    assert hard is not None
    assert hard.index > 60


def test_too_little_text_has_no_reading_level():
    assert reading("Short and sweet.") is None
