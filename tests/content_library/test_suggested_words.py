"""Where quoted words stand, and that nothing but them changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_library.content import empty, normalise
from content_library.errors import InvalidInput
from content_library.suggested_words import Spot, only_spot, spots, with_words, words_at

SAID = normalise(
    empty(
        title="Spare lids",
        text="The lids fit.\nOrder them today, order them well.",
        variants={"bluesky": {"text": "Lids for Fen pots."}},
        media=[{"id": 7, "sha256": "x", "alt": "A lid on a pot"}],
        poll={"options": ["Glass for me", "Steel"], "minutes": 60},
        first_comment="All sizes are in the shop.",
    )
)


@pytest.mark.parametrize(
    ("network", "quote", "spot"),
    [
        ("page", "lids fit", Spot("text", 4, 12)),
        ("page", "fit. Order", Spot("text", 9, 19)),
        ("page", "Spare lids", Spot("title", 0, 10)),
        ("page", "on a pot", Spot("alt_7", 6, 14)),
        ("bluesky", "Fen pots", Spot("variant_bluesky", 9, 17)),
        ("bluesky", "for me", Spot("poll_1", 6, 12)),
        ("bluesky", "Steel", Spot("poll_2", 0, 5)),
        ("page", "in the shop", Spot("first_comment", 14, 25)),
    ],
)
def test_words_are_found_where_their_network_shows_them(network: str, quote: str, spot: Spot):
    assert only_spot(SAID, network, quote) == spot
    assert " ".join(words_at(SAID, network, spot).split()) == quote
    changed = with_words(SAID, spot, "§")
    assert words_at(changed, network, Spot(spot.field, spot.start, spot.start + 1)) == "§"
    assert (
        with_words(changed, Spot(spot.field, spot.start, spot.start + 1), words_at(SAID, network, spot))
        == SAID
    )


@pytest.mark.parametrize(
    ("network", "quote", "sentence"),
    [
        ("page", "them", "stand there twice"),
        ("page", "Fen pots", "no longer there"),
        ("bluesky", "lids fit", "no longer there"),
        ("bluesky", "Spare lids", "no longer there"),
    ],
)
def test_words_that_are_gone_or_there_twice_are_said_clearly(network: str, quote: str, sentence: str):
    with pytest.raises(InvalidInput, match=sentence):
        only_spot(SAID, network, quote)


def test_words_are_looked_for_as_they_are_written():
    assert len(spots(SAID, "page", "order them")) == 1


@given(st.text(min_size=1), st.text(min_size=1), st.text(), st.text(max_size=5))
def test_any_words_replaced_and_put_back_leave_the_text_as_it_was(
    before: str, quote: str, after: str, words: str
):
    content = empty(text=f"{before}{quote}{after}")
    spot = Spot("text", len(before), len(before) + len(quote))
    changed = with_words(content, spot, words)
    assert changed["text"] == f"{before}{words}{after}"
    there = Spot("text", spot.start, spot.start + len(words))
    assert with_words(changed, there, quote) == content
