"""What is missing before a post can be submitted, each as a sentence at its field."""

from datetime import UTC, datetime

import pytest

from content_library.completeness import is_address, missing
from content_library.content import empty
from content_library.formats import BUILTIN_FORMATS
from content_library.models.account import Account

NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)
PAGE = Account(id=1, network="page", handle="b", name="B", desk_id=1)
BLUESKY = Account(id=2, network="bluesky", handle="b", name="B", desk_id=1)
FORMATS = {builtin.key: [spec.as_data() for spec in builtin.fields] for builtin in BUILTIN_FORMATS}


def asked(format_key="how_to", accounts=(PAGE,), **said):
    content = empty(**{"title": "Title", "text": "Text", "topics": [1], **said})
    return missing(content, fields=FORMATS[format_key], accounts=accounts, zone="Europe/Berlin", now=NOW)


def test_a_complete_post_misses_nothing():
    assert asked() == {}


@pytest.mark.parametrize("format_key", sorted(FORMATS))
def test_an_empty_post_misses_every_field_its_format_needs_and_says_why(format_key):
    found = asked(format_key, accounts=(), title="", text="", topics=[])
    for spec in FORMATS[format_key]:
        if spec["required"]:
            assert spec["why"] in found[spec["key"]]
        else:
            assert spec["key"] not in found
    assert {"title", "text", "accounts"} <= set(found)


def test_a_text_that_is_too_long_for_a_network_names_it_and_what_to_do():
    found = asked(accounts=(PAGE, BLUESKY), text="x" * 301)
    assert found["text"] == (
        "Bluesky takes 300 and this is 301. Shorten it, write a variant for Bluesky, or send it as a thread."
    )


def test_a_variant_that_is_too_long_is_named_itself():
    found = asked(accounts=(BLUESKY,), text="short", variants={"bluesky": {"text": "x" * 301}})
    assert set(found) == {"variant_bluesky"}


def test_as_a_thread_a_long_text_is_fine():
    assert asked(accounts=(BLUESKY,), text="Word. " * 100, thread=True) == {}


def test_every_picture_needs_a_description():
    pictures = [{"id": 1, "sha256": "a", "alt": "A kettle"}, {"id": 2, "sha256": "b", "alt": ""}]
    assert "Picture 2:" in asked(media=pictures)["media"]


def test_more_pictures_than_a_network_takes_are_refused_by_number():
    pictures = [{"id": n, "sha256": "a", "alt": "A kettle"} for n in range(5)]
    assert (
        asked(accounts=(BLUESKY,), media=pictures)["media"]
        == "Bluesky takes 4 pictures and there are 5. Remove some."
    )


def test_a_description_that_is_too_long_for_a_network_is_named():
    found = asked(accounts=(BLUESKY,), media=[{"id": 1, "sha256": "a", "alt": "x" * 2_001}])
    assert "description of picture 1 is too long for Bluesky" in found["media"]


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "www.example.org", "https://", "https://a b.example", "http://[1"]
)
def test_a_link_that_would_not_open_is_refused(address):
    assert not is_address(address)
    assert "link" in asked("faq_link", fields={"link": address})
    assert "source" in asked(source={**empty()["source"], "url": address})
    assert "onward" in asked(onward={"kind": "faq", "url": address})


def test_an_end_in_the_past_is_refused():
    assert "already past" in asked(valid_until="2026-11-03T09:59")["valid_until"]


def test_an_end_before_the_start_is_refused():
    found = asked(valid_from="2026-12-02T09:00", valid_until="2026-12-01T09:00")
    assert "ends before it starts" in found["valid_until"]


@pytest.mark.parametrize("key", ["valid_from", "valid_until", "review_by"])
def test_a_moment_that_cannot_be_read_is_refused_and_not_taken_for_none(key):
    assert key in asked(**{key: "next week"})


def test_a_format_that_asks_for_a_moment_refuses_nonsense_in_it():
    found = asked("webinar", fields={"starts_at": "24:00 on Monday", "link": "https://a.example"})
    assert "starts_at" in found
