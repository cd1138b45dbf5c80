"""Counting as X does, against twitter-text itself: https://pypi.org/project/twitter-text-parser/."""

import importlib.resources
import sys
import types
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_library.network_limits import count, split_thread, what_is_cut
from content_library.text_weights import weight

FAMILY = "👨‍👩‍👧‍👦"
EMOJI = ["😷", "👍🏽", FAMILY, "🇩🇪", "🏳️‍🌈", "🏴󠁧󠁢󠁷󠁬󠁳󠁿", "1️⃣", "❤️", "❤", "☺️", "👩🏽‍🚒", "©", "🏽", "✌🏽"]
ADDRESSES = [
    "https://deskcast.com",
    "https://help.deskcast.org/articles/" + "a" * 90,
    "http://a.io/x_(y)?q=1&b=%20#top",
    "https://straße.de/ä/ö",
    "HTTPS://A.de",
    "https://sub.a-b.co.uk:8080/x-y_z/",
    "https://a.de/中文",
    "https://desk.example/status",
    "deskcast.com",
    "help.deskcast.de/status?x=1",
    "t.co/abc",
    "müller.de",
    "詳細はdeskcast.comを見る",
]
WORDS = [
    "wort",
    "Ünïcödé",
    "日本語",
    "한국어",
    "e\u0301",
    "n\u0303",
    "–",
    "“so”",
    "…",
    "नमस्ते",
    "10 €",
    "@desk",
    "#tag",
    "a.b",
]
SPACES = [" ", "\n", "\n\n", "\r\n", "\u00a0", " (", ") ", ", ", ". ", "! ", ": "]
TEXTS = st.lists(
    st.tuples(st.sampled_from(EMOJI + ADDRESSES + WORDS), st.sampled_from(SPACES)), max_size=60
).map(lambda pairs: "".join(word + space for word, space in pairs))


@pytest.fixture(scope="module")
def twitter_text() -> Iterator[Callable[[str], int]]:
    """What twitter-text says a text weighs. The package reads a file with pkg_resources, which setuptools gave up."""
    stand_in = types.ModuleType("pkg_resources")
    stand_in.resource_string = lambda package, name: (  # type: ignore[attr-defined]
        importlib.resources.files(package.rpartition(".")[0]).joinpath(name).read_bytes()
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(sys.modules, "pkg_resources", stand_in)
        parser = pytest.importorskip("twitter_text", reason="twitter-text-parser is not installed")
        yield lambda text: parser.parse_tweet(text).weightedLength


@given(text=TEXTS)
def test_a_text_of_words_emoji_and_addresses_weighs_what_x_says(
    twitter_text: Callable[[str], int], text: str
) -> None:
    assert weight(text) == count("x", text).used == twitter_text(text)


@given(text=st.text(st.characters(codec="utf-8", exclude_characters="."), max_size=80) | TEXTS)
def test_no_text_weighs_less_than_x_says(twitter_text: Callable[[str], int], text: str) -> None:
    assert weight(text) >= twitter_text(text)


@given(text=TEXTS)
def test_every_part_of_a_thread_fits_in_the_eyes_of_x(twitter_text: Callable[[str], int], text: str) -> None:
    parts = split_thread("x", text)
    assert all(twitter_text(part) <= 280 for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


@given(text=TEXTS)
def test_what_is_kept_of_a_cut_text_fits_in_the_eyes_of_x(
    twitter_text: Callable[[str], int], text: str
) -> None:
    cut = what_is_cut("x", text)
    assert cut.kept + cut.beyond == text
    assert twitter_text(cut.kept) <= 280
    assert bool(cut.beyond) == bool(count("x", text).over)


@pytest.mark.parametrize("emoji", EMOJI)
def test_an_emoji_weighs_two(emoji: str) -> None:
    assert weight(emoji) == 2


@pytest.mark.parametrize(
    ("text", "heavy"),
    [
        ("", 0),
        ("plain", 5),
        ("日本", 4),
        ("“quoted” – …", 13),
        ("e\u0301", 1),
        ("a\r\nb", 3),
        ("https://deskcast.com/" + "a" * 200, 23),
        ("deskcast.com", 23),
        ("see deskcast.com.", 28),
        ("https://a.de/中文", 23 + 4),
        ("mail@deskcast.com", 17),
        ("https://desk.example/x", 22),
        ("http://localhost:8000/x", 23),
        ("an.unheard-of.wordlikethis", 26),
    ],
)
def test_known_weights(text: str, heavy: int) -> None:
    assert weight(text) == heavy


def test_280_fit_and_one_more_does_not() -> None:
    assert count("x", "ä" * 280).over == 0
    assert count("x", "ä" * 281).over == 1
    assert count("x", "語" * 140).over == 0
    assert count("x", "語" * 141).over == 2


def test_an_address_is_divided_neither_with_nor_without_its_beginning() -> None:
    text = "wort " * 54 + "help.deskcast.de/status and https://deskcast.com/a/b"
    parts = split_thread("x", text)
    assert [word for part in parts for word in part.split()] == text.split()
    assert all(count("x", part).over == 0 for part in parts)
