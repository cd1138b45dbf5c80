"""The words a boundary found are marked where the reviewer reads them, and nothing else is."""

import pytest
from markupsafe import Markup

from app.previews import shown_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("It is free.", "It is <mark>free</mark>."),
        ("<b>free</b> & fair", "&lt;b&gt;<mark>free</mark>&lt;/b&gt; &amp; fair"),
        ("Nothing here", "Nothing here"),
        ("lowest price, lowest", "<mark>lowest price</mark>, <mark>lowest</mark>"),
    ],
)
def test_found_words_are_marked_and_everything_is_escaped(text: str, shown: str):
    assert shown_text("page", text, {"free", "lowest", "lowest price"}) == Markup(shown)


def test_words_with_signs_are_taken_as_they_are():
    assert shown_text("page", "f.r.e.e (or fr€e)", {"f.r.e.e", "fr€e"}) == Markup(
        "<mark>f.r.e.e</mark> (or <mark>fr€e</mark>)"
    )


def test_a_found_link_is_marked_and_still_leads_there():
    said = shown_text("page", "See https://bit.ly/x now", {"https://bit.ly/x"})
    assert said == Markup(
        'See <mark><a href="https://bit.ly/x" rel="noopener nofollow ugc">https://bit.ly/x</a></mark> now'
    )


def test_mentions_and_tags_are_shown_beside_marked_words():
    assert shown_text("bluesky", "free #tea", {"free"}) == Markup("<mark>free</mark> <a>#tea</a>")
    assert shown_text("bluesky", "free #tea") == Markup("free <a>#tea</a>")
