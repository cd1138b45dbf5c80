"""What a network would refuse is said at its field before anybody clears it."""

from types import SimpleNamespace

import pytest

from content_library.content import normalise, parts_for, rendition
from content_library.models.account import NETWORK_NAMES, Account
from content_library.network_fit import hints, misfits
from content_library.network_limits import LIMITS, count, count_comment, split_thread, what_is_cut

DIAL = {"id": 1, "sha256": "a", "alt": "A dial"}


def said(**content):
    return normalise({"title": "T", "text": "A text.", **content})


def picture(mime="image/jpeg", size=1_000):
    return {1: SimpleNamespace(mime=mime, size=size)}


def test_instagram_takes_no_post_without_a_picture():
    assert list(misfits(said(), ["instagram", "page"], {})) == ["media"]
    assert misfits(said(media=[DIAL]), ["instagram", "page"], {}) == {}


def test_with_a_picture_telegram_takes_less_text_and_says_why():
    text = "x" * 1_025
    assert misfits(said(text=text), ["telegram"], {}) == {}
    found = misfits(said(text=text, media=[DIAL]), ["telegram"], {})
    assert found == {
        "text": "Telegram takes 1024 where there are pictures and this is 1025. Shorten it, write a variant for "
        "Telegram, or send it as a thread."
    }
    assert what_is_cut("telegram", text, has_pictures=True).beyond == "x"


def test_as_a_thread_the_first_part_fits_beside_the_picture_and_the_others_are_as_long_as_ever():
    parts = parts_for(said(text="word " * 1_200, thread=True, media=[DIAL]), "telegram")
    assert count("telegram", parts[0], has_pictures=True).over == 0
    assert len(parts) == 3
    assert misfits(said(text="word " * 1_200, thread=True, media=[DIAL]), ["telegram"], {}) == {}
    assert split_thread("telegram", "word " * 800) == [("word " * 800).strip()]


def test_the_parameters_of_links_are_named_where_they_make_a_text_too_long():
    content = said(text="x" * 280 + " https://a.example", utm={"medium": "social", "campaign": ""})
    assert "with the UTM parameters of its links" in misfits(content, ["bluesky"], {})["text"]


@pytest.mark.parametrize(
    ("network", "mime", "fits"),
    [("instagram", "image/png", False), ("x", "image/gif", False), ("bluesky", "image/gif", True)],
)
def test_a_kind_of_picture_a_network_does_not_take_is_said_before_it_is_cleared(network, mime, fits):
    found = misfits(said(media=[DIAL]), [network], picture(mime))
    assert (found == {}) is fits
    assert fits or NETWORK_NAMES[network] in found["media"]


def test_a_picture_that_is_too_large_is_named_by_its_number():
    found = misfits(said(media=[DIAL]), ["bluesky"], picture(size=2_000_001))
    assert found == {"media": "Picture 1 is larger than the 2 MB Bluesky takes."}


WITHOUT_COMMENTS = {"page", "discord_webhook", "slack_webhook", "teams"}


def parts(network, **content):
    media = [DIAL] if LIMITS[network].needs_image else []
    account = Account(id=7, network=network, handle="h", name="N", desk_id=1)
    return rendition(said(media=media, **content), account)["parts"]


@pytest.mark.parametrize("network", sorted(NETWORK_NAMES))
def test_a_first_comment_is_one_more_part_after_the_last_where_one_can_be_written(network):
    made = parts(network, first_comment="And more.")
    if network in WITHOUT_COMMENTS:
        assert made == parts(network)
    else:
        assert made == [*parts(network), {"text": "And more.", "media": [], "comment": True}]


def test_after_a_thread_it_comes_last():
    made = parts("bluesky", text="Word of it. " * 60, thread=True, first_comment="And more.")
    assert len(made) > 2
    assert [part.get("comment", False) for part in made] == [*[False] * (len(made) - 1), True]


@pytest.mark.parametrize("network", sorted(NETWORK_NAMES.keys() - WITHOUT_COMMENTS))
def test_a_first_comment_is_as_long_as_the_network_takes_it(network):
    most = LIMITS[network].first_comment
    media = [DIAL] if LIMITS[network].needs_image else []
    assert misfits(said(media=media, first_comment="x" * most), [network], {}) == {}
    found = misfits(said(media=media, first_comment="x" * (most + 1)), [network], {})
    assert found == {
        "first_comment": f"{NETWORK_NAMES[network]} takes {most} in a comment and this is {most + 1}. Shorten it."
    }


def test_a_comment_where_none_can_be_written_is_not_counted():
    assert misfits(said(first_comment="x" * 9_000), ["page", "teams"], {}) == {}
    with pytest.raises(KeyError):
        count_comment("page", "x")


def test_the_composer_says_where_a_first_comment_does_not_go_out():
    content = said(first_comment="And more.")
    assert hints(content, ["bluesky", "linkedin"]) == []
    assert hints(content, ["page", "bluesky", "teams"]) == [
        "The first comment does not go out here, because none can be written: Public page, Microsoft Teams."
    ]
