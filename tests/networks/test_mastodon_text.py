"""How the HTML of other servers is read, and when it says what was sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service_channel.networks.mastodon_limits import ServerLimits, length
from service_channel.networks.mastodon_text import is_alike, is_source, words_of
from tests.networks.servers.mastodon import as_mastodon


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        ("<p>One</p><p>Two<br />three</p>", "\nOne\nTwo\nthree"),
        ("a &amp; b &lt;3 &#39;c&#39;", "a & b <3 'c'"),
        ('<a href="https://help.example/elm">help.example/e…</a>!', "https://help.example/elm!"),
        ('<a href="https://help.example/elm">help.example/e...</a>', "https://help.example/elm"),
        ('<a href="https://x.example/@elm">@<span>elm</span></a>', "@elm"),
        ('<img class="emoji" alt=":cat:" src="x">', ":cat:"),
        ("</a>stray</p>", "stray"),
        ("<a>no address…</a>", "no address…"),
        ("", ""),
    ],
)
def test_html_becomes_the_words_a_reader_sees(shown: str, words: str) -> None:
    assert words_of(shown) == words


@pytest.mark.parametrize(
    ("shown", "sent"),
    [
        (
            "<p>See <a href='https://help.example/%C3%A4'>https://help.example/%C3%A4</a></p>",
            "See https://help.example/ä",
        ),
        ("<p>Thanks @elm@there.example</p>", "Thanks @elm"),
        ("<p>Thanks @elm</p>", "Thanks @elm@there.example"),
        ("<p>Thanks @elm@127.0.0.1:8001.</p>", "Thanks @elm."),
        ("<p>Sto\u0308rung</p>", "Störung"),
        ("<p>One</p>\n<p>Two</p>", "One\r\n\r\nTwo "),
    ],
)
def test_what_servers_change_does_not_make_it_another_post(shown: str, sent: str) -> None:
    assert is_alike(shown, sent)


@pytest.mark.parametrize(
    ("shown", "sent"),
    [
        ("<p>Line 1 works</p>", "Line 2 works"),
        ("<p>works again</p>", "Works again"),
        ("<p><a href='https://help.example/1'>help.example/…</a></p>", "https://help.example/2"),
        ("<p>Thanks @elm</p>", "Thanks @oak"),
    ],
)
def test_other_words_are_another_post(shown: str, sent: str) -> None:
    assert not is_alike(shown, sent)


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\n <>&@#.:/"), max_size=80))
def test_what_mastodon_shows_of_a_text_is_alike(text: str) -> None:
    assert is_alike(as_mastodon(text), text)


def test_a_source_is_compared_to_the_letter() -> None:
    assert is_source("One\n\nTwo", " One\r\n\r\nTwo\n")
    assert not is_source("One Two", "One  Two")


@pytest.mark.parametrize(
    ("text", "long"),
    [
        ("", 0),
        ("👩🏽‍🚒 ä", 3),
        ("https://help.example/a/very/long/way/to/elm-street", 23),
        ("http://a.example and (https://b.example).", 23 + 6 + 23 + 2),
        ("@elm@there.example", 4),
        ("https://there.example/@elm@other.example/1", 23),
        ("info@elm.example", 16),
    ],
)
def test_characters_are_counted_as_mastodon_counts_them(text: str, long: int) -> None:
    assert length(text, ServerLimits()) == long


def test_limits_that_make_no_sense_are_as_in_mastodon() -> None:
    usual = ServerLimits()
    strange = {"statuses": {"max_characters": "many"}, "media_attachments": [], "polls": {"max_options": -1}}
    assert ServerLimits.told({"configuration": strange}) == usual
    assert ServerLimits.told({"configuration": None}) == usual
    assert ServerLimits.kept(None) == usual
    assert ServerLimits.kept({"characters": True, "mimes": "image/png"}) == usual


def test_limits_are_read_as_pleroma_tells_them_too() -> None:
    told = ServerLimits.told({"max_toot_chars": 5_000, "poll_limits": {"max_options": 20}})
    assert (told.characters, told.poll_options, told.media) == (5_000, 20, 4)


def test_limits_are_kept_and_read_back() -> None:
    limits = ServerLimits(characters=11_000, mimes=("image/png",), image_pixels=5)
    assert ServerLimits.kept(limits.as_kept()) == limits
