"""UTM parameters on links: added once, to links only, and nothing else of an address is touched."""

import string
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_library.content import comment_for, normalise, parts_for, rendition
from content_library.link_tags import source_of, tagged, tagged_link
from content_library.models.account import Account
from content_library.network_limits import count, find_links

UTM = {"medium": "social", "campaign": "lids"}
ADDED = "utm_source=x&utm_medium=social&utm_campaign=lids"
PATHS = st.text(string.ascii_letters + "/%20é=&;?+-_~!$'()*,:@", max_size=20)


@pytest.mark.parametrize(
    ("link", "after"),
    [
        ("https://a.example", f"https://a.example?{ADDED}"),
        ("https://a.example/", f"https://a.example/?{ADDED}"),
        ("https://a.example/x?y=1", f"https://a.example/x?y=1&{ADDED}"),
        ("https://a.example/x?y=1&", f"https://a.example/x?y=1&{ADDED}"),
        ("https://a.example/x#top", f"https://a.example/x?{ADDED}#top"),
        ("https://a.example/x?y=%C3%A9&z=a+b#/r?q=1", f"https://a.example/x?y=%C3%A9&z=a+b&{ADDED}#/r?q=1"),
        ("https://a.example/wiki_(a)", f"https://a.example/wiki_(a)?{ADDED}"),
        ("HTTPS://A.example/é", f"HTTPS://A.example/é?{ADDED}"),
    ],
)
def test_a_link_gets_the_parameters_before_its_fragment_and_keeps_every_sign_of_its_own(
    link: str, after: str
):
    assert tagged(f"See {link}.", "x", UTM) == f"See {after}."


def test_a_question_mark_that_ends_a_sentence_stays_behind_the_link():
    assert tagged("Seen https://a.example/x?", "x", UTM) == f"Seen https://a.example/x?{ADDED}?"
    assert tagged_link("https://a.example/x?", {"utm_source": "x"}) == "https://a.example/x?utm_source=x"


def test_a_link_keeps_the_parameters_it_has_whatever_they_say():
    assert tagged("https://a.example/?utm_source=mail", "x", UTM) == (
        "https://a.example/?utm_source=mail&utm_medium=social&utm_campaign=lids"
    )
    for whole in (
        f"https://a.example/?{ADDED}",
        "https://a.example/?UTM_Source=&utm_medium=m&utm_campaign=c",
    ):
        assert tagged(whole, "x", UTM) == whole


def test_a_campaign_is_left_out_where_there_is_none_and_written_so_that_it_can_be_read():
    assert tagged("https://a.example", "x", {"medium": "social", "campaign": ""}).endswith(
        "utm_medium=social"
    )
    link = tagged("https://a.example", "x", {"medium": "social", "campaign": "Fen & Tern ü#1"})
    assert dict(parse_qsl(urlsplit(link).query))["utm_campaign"] == "Fen & Tern ü#1"


def test_a_text_without_links_and_an_address_that_cannot_be_read_stay_as_they_are():
    for text in ("Mail a@b.example or see b.example", "http://[1", "ftp://a.example/x"):
        assert tagged(text, "x", UTM) == text


def test_a_webhook_of_a_network_is_that_network():
    assert [source_of(n) for n in ("discord_webhook", "slack_webhook", "mastodon")] == [
        "discord",
        "slack",
        "mastodon",
    ]


@given(
    st.lists(PATHS.map(lambda path: f"https://a.example/{path}"), max_size=4), st.sampled_from(["x", "page"])
)
def test_doing_it_twice_changes_nothing_and_words_between_links_stay(links: list[str], network: str):
    text = " und ".join(["Vorher", *links, "nachher"])
    once = tagged(text, network, UTM)
    assert tagged(once, network, UTM) == once
    found = find_links(once)
    assert len(found) == len(find_links(text))
    for link in found:
        names = [name for name, _ in parse_qsl(urlsplit(link.url).query, keep_blank_values=True)]
        assert sorted(n for n in names if n.startswith("utm_")) == [
            "utm_campaign",
            "utm_medium",
            "utm_source",
        ]


def account(network: str) -> Account:
    return Account(id=7, network=network, handle="h", name="N", desk_id=1)


def test_every_network_is_sent_links_that_name_it_in_text_and_comment_and_the_record_lists_them_so():
    said = normalise(
        {"text": "Lids: https://a.example/l", "first_comment": "More: https://a.example/m", "utm": UTM}
    )
    made = rendition(said, account("mastodon"))
    assert [part["text"] for part in made["parts"]] == [
        "Lids: https://a.example/l?utm_source=mastodon&utm_medium=social&utm_campaign=lids",
        "More: https://a.example/m?utm_source=mastodon&utm_medium=social&utm_campaign=lids",
    ]
    assert made["links"] == [find_links(part["text"])[0].url for part in made["parts"]]
    assert comment_for(said, "page") == ""


def test_what_is_added_counts_where_the_network_counts_the_whole_link():
    link = {"text": "https://lids.shop"}
    plain, tags = normalise(link), normalise({**link, "utm": UTM})
    for network, more in (("bluesky", len("?" + ADDED) + len("bluesky") - 1), ("mastodon", 0), ("x", 0)):
        before, after = (count(network, parts_for(said, network)[0]).used for said in (plain, tags))
        assert after - before == more, network


def test_a_thread_is_divided_with_the_parameters_in_it():
    words = "Lids and more lids for it. " * 9 + "https://a.example/l " + "And again, lids of each kind. " * 4
    parts = parts_for(normalise({"text": words, "thread": True, "utm": UTM}), "bluesky")
    assert len(parts) > 1
    assert all(count("bluesky", part).over == 0 for part in parts)
    assert sum("utm_source=bluesky" in part for part in parts) == 1
