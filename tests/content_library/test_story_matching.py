"""When two entries are the same article."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_library.feed_shapes import DateSource, ReadEntry
from content_library.story_matching import (
    KnownStory,
    Likeness,
    StoryIndex,
    item_key,
    item_keys,
    known_item,
    link_key,
    normalise_link,
    telling_links,
    title_key,
)

AT = datetime(2026, 11, 3, 9, tzinfo=UTC)


def entry(
    guid: str | None = None,
    link: str = "",
    title: str = "",
    *,
    at: datetime = AT,
    text: str = "",
    source: DateSource = DateSource.PUBLISHED,
) -> ReadEntry:
    return ReadEntry(guid, link, title, "", "", text, at, source)


# --- links --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        "https://news.example/a/b?x=1&y=2",
        "http://news.example:80/a/b/?y=2&x=1",
        "HTTPS://WWW.News.Example:443/a/b?x=1&y=2#comments",
        "https://news.example./a/b?utm_source=feed&x=1&y=2&fbclid=abc",
        "https://news.example/a/%62?x=1&y=2",
        " https://news.example/a/b/index.html?x=1&y=2 ",
    ],
)
def test_spellings_of_one_link_are_equal(other: str) -> None:
    assert normalise_link(other) == "news.example/a/b?x=1&y=2"
    assert link_key(other) == link_key("https://news.example/a/b?x=1&y=2")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://news.example/a", "https://news.example/A"),
        ("https://news.example/a", "https://news.example/a?page=2"),
        ("https://news.example/a", "https://news.example:8080/a"),
        ("https://news.example/", "https://old.news.example/"),
        ("https://news.example/#!/a", "https://news.example/#!/b"),
    ],
)
def test_different_pages_stay_different(one: str, other: str) -> None:
    assert normalise_link(one) != normalise_link(other)


@pytest.mark.parametrize(
    "link", ["", "news.example/a", "mailto:a@b.example", "http://", "http://[", "http://a:b/"]
)
def test_what_is_no_web_link_has_no_key(link: str) -> None:
    assert normalise_link(link) == ""
    assert link_key(link) is None


@given(st.text(max_size=60))
def test_any_text_is_normalised_the_same_twice(text: str) -> None:
    once = normalise_link(f"https://news.example/{text}")
    assert normalise_link(f"http://{once}") == once or once == ""


# --- inside one feed ----------------------------------------------------------------------------------


def test_a_guid_is_enough_whatever_else_changes() -> None:
    first = item_keys([entry("1", "https://a.example/x", "Old title")])
    assert first == item_keys([entry("1", "https://b.example/y", "New title", at=AT + timedelta(days=9))])


def test_a_guid_used_for_several_links_needs_the_link() -> None:
    entries = [entry("same", f"https://a.example/{name}") for name in "abb"]
    a, b, b_again = item_keys(entries)
    assert a != b == b_again


def test_without_a_guid_the_link_counts_and_then_title_and_day() -> None:
    link = item_keys([entry(None, "http://www.a.example/x/", "One")])
    assert link == item_keys([entry(None, "https://a.example/x", "Two")])
    title = item_keys([entry(title="Fish, & chips")])
    assert title == item_keys([entry(title="FISH & chips!", at=AT + timedelta(hours=9))])
    assert title != item_keys([entry(title="Fish & chips", at=AT + timedelta(days=1))])


def test_the_day_we_first_saw_an_entry_is_not_part_of_its_key() -> None:
    today = entry(title="Undated", source=DateSource.FIRST_SEEN)
    tomorrow = entry(title="Undated", source=DateSource.FIRST_SEEN, at=AT + timedelta(days=1))
    assert item_keys([today]) == item_keys([tomorrow])


def test_without_a_title_the_text_tells_entries_apart() -> None:
    one, other = item_keys([entry(text="A short note"), entry(text="Another note")])
    assert one != other


def test_a_key_fits_its_column() -> None:
    assert len(item_key(guid="x" * 5000, link="", title="", published_at=None)) == 64


def test_a_changed_guid_with_the_same_link_is_the_same_item() -> None:
    known = entry("http://a.example/?p=1", "http://a.example/story")
    moved = entry("https://a.example/?p=1", "https://a.example/story")
    by_key = {item_keys([known])[0]: 7}
    by_link = {link: 7 for link in telling_links([known]) if link}
    found = known_item(item_keys([moved])[0], telling_links([moved])[0], by_key=by_key, by_link=by_link)
    assert found == 7
    assert known_item(item_keys([entry("9")])[0], None, by_key=by_key, by_link=by_link) is None


def test_a_link_that_several_entries_share_tells_nothing() -> None:
    shared = [entry("1", "https://a.example/live"), entry("2", "https://a.example/live")]
    assert telling_links(shared) == [None, None]
    assert telling_links([entry("1", "https://a.example/")]) == [None]
    assert telling_links([entry("1")]) == [None]


# --- across feeds -------------------------------------------------------------------------------------

TITLE = "Recall of 1200 kettles after faults in March"
INDEX = StoryIndex(
    [
        KnownStory(1, TITLE, AT, "https://a.example/kettles", "https://origin.example/kettles"),
        KnownStory(2, "Hello world", AT, "https://a.example/hello"),
        KnownStory(3, "Update 3 of 4 on the outage in Leeds", AT, "https://a.example/update"),
    ]
)


def find(
    title: str = "", link: str = "", canonical: str = "", *, at: datetime = AT
) -> tuple[int, Likeness] | None:
    match = INDEX.find(KnownStory(0, title, at, link, canonical))
    return (match.story_id, match.likeness) if match else None


def test_the_link_comes_before_the_canonical_link_and_both_before_the_title() -> None:
    assert find(TITLE, "http://www.a.example/hello?utm_medium=rss") == (2, Likeness.SAME_LINK)
    assert find("x", "https://b.example/1", "https://a.example/kettles") == (1, Likeness.SAME_CANONICAL_LINK)
    assert find("x", "https://origin.example/kettles") == (1, Likeness.SAME_LINK)


def test_an_equal_title_within_three_days_is_the_same_story() -> None:
    assert find("recall of 1200 KETTLES, after faults in March!") == (1, Likeness.SAME_TITLE)
    assert find(TITLE, at=AT + timedelta(days=3)) == (1, Likeness.SAME_TITLE)
    assert find(TITLE, at=AT + timedelta(days=3, seconds=1)) is None


def test_a_title_of_fewer_than_four_words_is_never_enough() -> None:
    assert find("Hello world") is None
    assert title_key("Just three words") is None
    assert title_key("Now there are four") is not None


def test_alike_titles_with_the_same_numbers_are_a_possible_duplicate_and_not_the_same() -> None:
    found = find("After faults in March, recall of 1200 kettles announced")
    assert found is None or not found[1].is_same
    assert find("Recall of 1200 kettles after fault in March") == (1, Likeness.POSSIBLE_DUPLICATE)
    assert not Likeness.POSSIBLE_DUPLICATE.is_same


def test_alike_titles_with_other_numbers_are_other_stories() -> None:
    assert find("Update 4 of 4 on the outage in Leeds") is None
    assert find("Recall of 1300 kettles after fault in March") is None


def test_one_title_is_looked_up_among_many_quickly() -> None:
    index = StoryIndex(
        KnownStory(n, f"Story number {n} about the weather in town {n % 97}", AT) for n in range(20_000)
    )
    started = time.process_time()
    for n in range(20):
        index.find(KnownStory(0, f"A wholly different headline about trains and rain {n}", AT))
    assert (time.process_time() - started) / 20 < 0.03
