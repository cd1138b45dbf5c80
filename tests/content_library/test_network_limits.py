"""How texts are counted, cut and split for each network."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_library.network_limits import LIMITS, count, find_links, graphemes, split_thread, what_is_cut

FAMILY = "👨‍👩‍👧‍👦"
FLAG = "🇩🇪"
LONG_URL = "https://help.example/articles/" + "a" * 90
TRICKY = st.sampled_from(
    [
        FAMILY,
        FLAG,
        "👍🏽",
        "e\u0301",
        "n\u0303",
        "क्षि",
        "\r\n",
        "\n\n",
        " ",
        "\u00a0",
        "。",
        ". ",
        "! ",
        "z. B. ",
        "wort",
    ]
)
TEXTS = st.lists(
    TRICKY | st.text(max_size=12) | st.just(LONG_URL) | st.just("(https://a.example/b)."), max_size=400
).map("".join)
THREADED = st.sampled_from(["bluesky", "mastodon"])


@pytest.mark.parametrize("emoji", [FLAG, FAMILY, "👍🏽", "🏴󠁧󠁢󠁷󠁬󠁳󠁿", "e\u0301", "🏳️‍🌈"])
def test_what_a_reader_sees_as_one_character_counts_as_one(emoji: str) -> None:
    assert count("bluesky", emoji).graphemes == 1
    assert count("bluesky", emoji * 300).graphemes == 300


def test_a_bluesky_post_of_300_characters_fits_and_of_301_does_not() -> None:
    assert count("bluesky", "ä" * 300).over == 0
    assert count("bluesky", "ä" * 301).over == 1


def test_a_bluesky_post_short_in_characters_can_be_too_long_in_bytes() -> None:
    counted = count("bluesky", FAMILY * 121)  # 25 bytes each
    assert (counted.graphemes, counted.unit) == (121, "bytes")
    assert (counted.used, counted.limit, counted.over) == (3_025, 3_000, 25)


def test_bytes_are_shown_only_where_they_are_nearer_to_their_limit() -> None:
    assert count("bluesky", "plain").unit == "characters"
    assert count("bluesky", "").over == 0


def test_mastodon_counts_every_address_as_23_characters() -> None:
    assert count("mastodon", LONG_URL).used == 23
    assert count("mastodon", "http://a.io").used == 23
    assert count("mastodon", f"See {LONG_URL}.").used == 4 + 23 + 1
    assert count("bluesky", LONG_URL).used == len(LONG_URL)


def test_mastodon_allows_500_and_the_page_5000_characters() -> None:
    assert count("mastodon", "x" * 501).over == 1
    assert count("page", "x" * 5_000).over == 0
    assert count("page", "x" * 5_001).over == 1


@pytest.mark.parametrize(
    ("network", "used"),
    [
        ("bluesky", 4),
        ("mastodon", 4),
        ("x", 5),
        ("linkedin", 7),
        ("telegram", 7),
        ("instagram", 7),
        ("threads", 11),
        ("discord", 6),
        ("slack", 5),
    ],
)
def test_each_network_counts_in_its_own_way(network: str, used: int) -> None:
    assert count(network, "a*👍🏽b").used == used


def test_a_network_without_limits_here_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        count("nowhere", "text")


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("Read https://a.example/x.", ["https://a.example/x"]),
        ("(see https://a.example/x)", ["https://a.example/x"]),
        ("https://a.example/Mail_(Post), ok", ["https://a.example/Mail_(Post)"]),
        ("«https://a.example/é?q=1#top»!", ["https://a.example/é?q=1#top"]),
        ("HTTPS://A.example and http://b.example", ["HTTPS://A.example", "http://b.example"]),
        ("a.example/x and mailto:x@a.example and xhttps://a.example", []),
        ("https:// alone", []),
    ],
)
def test_only_http_addresses_are_links_and_end_before_punctuation(text: str, urls: list[str]) -> None:
    links = find_links(text)
    assert [link.url for link in links] == urls
    assert [text[link.start : link.end] for link in links] == urls


def test_what_is_cut_names_the_words_beyond_the_limit() -> None:
    cut = what_is_cut("bluesky", "x" * 300 + FAMILY + "end")
    assert (cut.kept, cut.beyond) == ("x" * 300, FAMILY + "end")
    assert what_is_cut("bluesky", "short").beyond == ""


@given(st.sampled_from(sorted(LIMITS)), TEXTS)
def test_the_kept_and_the_cut_text_are_the_whole_text(network: str, text: str) -> None:
    cut = what_is_cut(network, text)
    assert cut.kept + cut.beyond == text
    assert count(network, cut.kept).over == 0
    assert bool(cut.beyond) == bool(count(network, text).over)


def test_a_text_that_fits_stays_in_one_part() -> None:
    assert split_thread("bluesky", "Short and clear.") == ["Short and clear."]
    assert split_thread("bluesky", "") == [""]


def test_a_network_without_threads_gets_one_part() -> None:
    text = "word " * 2_000
    assert split_thread("page", text) == [text]


def test_a_thread_is_split_between_paragraphs_first() -> None:
    first, second = "One sentence. " * 14 + "End.", "Another sentence. " * 10 + "End."
    assert split_thread("bluesky", f"{first}\n\n{second}") == [first, second]


def test_a_thread_is_split_between_sentences_before_words() -> None:
    sentence = "We repaired the line in your street last night and checked it twice this morning."
    assert split_thread("bluesky", " ".join([sentence] * 5)) == [
        " ".join([sentence] * 3),
        " ".join([sentence] * 2),
    ]


def test_a_date_and_an_abbreviation_do_not_end_a_sentence() -> None:
    text = "Wir ändern " + "sehr " * 40 + "viel am 3. Mai und z. B. noch mehr am Tag danach " + "viel " * 40
    first = split_thread("bluesky", text)[0]
    assert not first.endswith(("3.", "z.", "B."))


def test_a_text_without_sentences_is_split_between_words() -> None:
    parts = split_thread("bluesky", "wort " * 200)
    assert all(set(part.split()) == {"wort"} for part in parts)
    assert all(count("bluesky", part).used > 250 for part in parts[:-1])


def test_an_address_is_never_divided_even_where_it_alone_is_too_long() -> None:
    giant = "https://help.example/" + "a" * 400
    parts = split_thread("bluesky", f"Before {giant} after")
    assert parts == ["Before", giant, "after"]
    assert count("bluesky", giant).over


def test_a_hard_space_holds_its_words_together() -> None:
    text = "x" * 290 + " 10\u00a0000\u00a0people like this very much"
    assert split_thread("bluesky", text)[1].startswith("10\u00a0000\u00a0people")


@given(THREADED, TEXTS)
def test_splitting_loses_nothing_but_space_between_parts(network: str, text: str) -> None:
    parts = split_thread(network, text)
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert split_thread(network, text) == parts


@given(THREADED, TEXTS)
def test_no_part_divides_a_character(network: str, text: str) -> None:
    whole = [piece for piece in graphemes(text) if not piece.isspace()]
    pieces = [
        piece for part in split_thread(network, text) for piece in graphemes(part) if not piece.isspace()
    ]
    assert pieces == whole


@given(
    THREADED,
    st.lists(st.sampled_from(["wort", "Satz.", "ende!", LONG_URL, FAMILY, "(so)", "\n\n"]), max_size=300),
)
def test_words_stay_whole_and_every_part_fits(network: str, words: list[str]) -> None:
    text = " ".join(words)
    parts = split_thread(network, text)
    assert [word for part in parts for word in part.split()] == text.split()
    assert all(count(network, part).over == 0 for part in parts)
    assert all(part == part.strip() for part in parts) or parts == [text]
