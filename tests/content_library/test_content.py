"""The content document: canonical, complete, and hashed so that the hash differs iff a byte of it does."""

import copy
import json

from hypothesis import given
from hypothesis import strategies as st

from content_library.content import (
    EMPTY,
    OPTIONAL,
    canonical_json,
    content_hash,
    empty,
    every_text,
    facts_named,
    links_in,
    normalise,
    parts_for,
    rendition,
    rendition_hash,
    text_for,
    texts_going_out,
)
from content_library.models.account import Account

WORDS = st.text(max_size=40)
VARIANTS = st.dictionaries(
    st.sampled_from(["bluesky", "mastodon", "page"]), st.builds(lambda t: {"text": t}, WORDS)
)
PICTURES = st.builds(lambda i, a: {"id": i, "sha256": f"{i:064x}", "alt": a}, st.integers(1, 9), WORDS)
DOCUMENTS = st.fixed_dictionaries(
    {
        "title": WORDS,
        "text": WORDS,
        "thread": st.booleans(),
        "accounts": st.lists(st.integers(1, 9), max_size=3),
        "variants": VARIANTS,
        "fields": st.dictionaries(st.sampled_from(["link", "terms", "host"]), WORDS | st.booleans()),
        "media": st.lists(PICTURES, max_size=2),
        "source": st.builds(lambda t: {**EMPTY["source"], "title": t}, WORDS),
        "evergreen": st.booleans(),
    }
)  # fmt: skip


@given(DOCUMENTS)
def test_the_canonical_form_of_a_canonical_form_is_itself(raw):
    once = normalise(raw)
    assert normalise(once) == once


@given(DOCUMENTS, DOCUMENTS)
def test_the_hash_differs_exactly_when_a_byte_of_the_canonical_form_differs(one, other):
    first, second = normalise(one), normalise(other)
    same_bytes = canonical_json(first).encode() == canonical_json(second).encode()
    assert (content_hash(first, []) == content_hash(second, [])) == same_bytes


@given(DOCUMENTS, st.data())
def test_changing_any_one_value_changes_the_hash(raw, data):
    document = normalise(raw)
    changed = copy.deepcopy(document)
    key = data.draw(st.sampled_from(["title", "text", "evergreen", "source", "accounts"]))
    changed[key] = {
        "title": document["title"] + "x",
        "text": document["text"] + "x",
        "evergreen": not document["evergreen"],
        "source": {**document["source"], "title": document["source"]["title"] + "x"},
        "accounts": [*document["accounts"], 99],
    }[key]
    assert content_hash(changed, []) != content_hash(document, [])


def test_the_order_of_keys_and_the_way_it_was_typed_do_not_change_the_hash():
    typed = {"text": "Ca\u0301fe\r\nopen  ", "title": "A", "accounts": ["2", 1, 2]}
    composed = {"accounts": [1, 2], "title": "A", "text": "C\u00e1fe\nopen"}
    assert content_hash(normalise(typed), []) == content_hash(normalise(composed), [])


def test_what_an_account_shows_is_part_of_the_hash():
    document = normalise({"text": "Same"})
    assert content_hash(document, [rendition_hash("a")]) != content_hash(document, [rendition_hash("b")])


def test_the_order_in_which_accounts_are_listed_is_not():
    document = normalise({"text": "Same"})
    assert content_hash(document, ["a", "b"]) == content_hash(document, ["b", "a"])


def test_a_rendition_and_a_revision_with_the_same_bytes_have_different_hashes():
    assert rendition_hash(canonical_json({"content": {}, "renditions": []})) != content_hash({}, [])


@given(
    st.dictionaries(
        st.text().filter(lambda key: key not in EMPTY), st.none() | st.integers() | st.text(), max_size=4
    )
)
def test_what_is_not_part_of_a_post_is_left_out(raw):
    assert set(normalise({**raw, "is_administrator": True})) == set(EMPTY)


def test_a_variant_that_says_the_same_as_the_text_is_no_variant():
    assert (
        normalise({"text": "Hello", "variants": {"bluesky": {"text": "Hello"}, "page": {"text": ""}}})[
            "variants"
        ]
        == {}
    )


def test_control_characters_do_not_get_in_and_emoji_stay_whole():
    assert normalise({"text": "a\x00b\x1b 👩‍👧"})["text"] == "ab 👩‍👧"


def account(network="bluesky"):
    return Account(id=7, network=network, handle="h", name="N", desk_id=1)


def test_each_network_gets_its_own_text_where_it_has_one():
    content = normalise({"text": "Long", "variants": {"bluesky": {"text": "Short"}}})
    assert (text_for(content, "bluesky"), text_for(content, "page")) == ("Short", "Long")


def test_only_the_public_page_gets_the_title_and_the_source():
    content = normalise(
        {"title": "T", "text": "Hello", "source": {**EMPTY["source"], "url": "https://a.example"}}
    )
    assert rendition(content, account("page"))["title"] == "T"
    assert rendition(content, account("page"))["source"]["url"] == "https://a.example"
    assert rendition(content, account())["title"] == ""
    assert rendition(content, account())["source"] is None


def test_a_thread_has_its_pictures_on_the_first_part():
    content = normalise(
        {"text": "Word. " * 100, "thread": True, "media": [{"id": 1, "sha256": "a" * 64, "alt": "A kettle"}]}
    )
    parts = rendition(content, account())["parts"]
    assert len(parts) > 1
    assert [len(part["media"]) for part in parts] == [1] + [0] * (len(parts) - 1)


def test_a_network_without_threads_gets_one_part_all_the_same():
    assert len(parts_for(normalise({"text": "Word. " * 100, "thread": True}), "page")) == 1


def test_links_are_named_once_each_without_the_full_stop_behind():
    assert links_in(["See https://a.example/x. And https://a.example/x!"]) == ["https://a.example/x"]


def test_an_empty_document_is_its_own_copy():
    first = empty()
    first["source"]["url"] = "https://a.example"
    assert empty()["source"]["url"] == ""
    assert json.loads(canonical_json(empty())) == dict(EMPTY)


BEFORE = {
    "title": "Dial or buttons?",
    "text": "Dial or buttons? Read https://shop.example/lids?x=1#top, and (https://b.example).\n\n"
    + "We want to know. " * 30,
    "thread": True,
    "accounts": [3, 1],
    "variants": {"x": {"text": "Short https://b.example/y"}},
    "media": [{"id": 4, "sha256": "a" * 64, "alt": "A dial"}],
    "format": "this_or_that",
    "fields": {"host": "Maya"},
}


def test_a_post_without_what_not_every_post_has_keeps_the_hash_it_always_had():
    document = normalise(BEFORE)
    hashes = {
        network: rendition_hash(canonical_json(rendition(document, account(network))))
        for network in ("page", "bluesky", "mastodon", "x", "linkedin", "telegram")
    }
    assert {network: found[:16] for network, found in hashes.items()} == {
        "page": "09dca66c0651885e",
        "bluesky": "bea1e3094bcc3005",
        "mastodon": "5d1693be1a4b9f2e",
        "x": "e28c24aeb2d3a612",
        "linkedin": "2af70a5c7cb35afc",
        "telegram": "736d5bddb21a350c",
    }
    found = content_hash(document, list(hashes.values()))
    assert found == "18806670aa4d2dc1a8509d10a75beec2a1f0e29353ac3a204d1aab1d7fd176da"


def test_what_is_offered_and_left_empty_is_not_in_the_document():
    nothing = {"poll": {"options": ["", " "], "minutes": 60}, "first_comment": " ", "utm": None}
    assert normalise({**BEFORE, **nothing}) == normalise(BEFORE)


MORE = {
    "poll": {"options": [" Dial ", "", "But\ntons"], "minutes": "60"},
    "first_comment": "Ca\u0301fe ",
    "utm": {"medium": "social", "campaign": "lids", "other": "x"},
}


def test_what_not_every_post_has_is_kept_in_one_form():
    document = normalise({**BEFORE, **MORE})
    assert {key: document[key] for key in OPTIONAL} == {
        "poll": {"options": ["Dial", "But tons"], "minutes": 60},
        "first_comment": "C\u00e1fe",
        "utm": {"medium": "social", "campaign": "lids"},
    }
    assert normalise(document) == document


def test_each_of_them_changes_the_hash():
    document = normalise({**BEFORE, **MORE})
    others = [
        {**document, "first_comment": "Tea"},
        {**document, "poll": {**document["poll"], "minutes": 61}},
        {**document, "poll": {**document["poll"], "options": ["Dial", "Keys"]}},
        {**document, "utm": {**document["utm"], "campaign": ""}},
        normalise(BEFORE),
    ]
    assert len({content_hash(one, []) for one in [document, *others]}) == len(others) + 1
    made = {canonical_json(rendition(one, account("mastodon"))) for one in [document, *others]}
    assert len(made) >= 3


def test_facts_are_written_out_in_options_and_in_the_first_comment():
    facts = {"price": {"id": 1, "number": 1, "value": "9 €"}}
    raw = {"poll": {"options": ["For {{Price}}", "No"], "minutes": 60}, "first_comment": "It is {{price}}."}
    document = normalise({"text": "What?", **raw, "facts": facts})
    assert set(facts_named(document)) == {"price"}
    said = every_text(document)
    assert (said["poll_1"], said["first_comment"]) == ("For 9 €", "It is 9 €.")


def test_a_first_comment_is_read_only_where_it_goes_out_and_options_everywhere():
    document = normalise({**BEFORE, **MORE})
    assert "first_comment" not in texts_going_out(document, ["page", "teams"])
    assert {"first_comment", "poll_1", "poll_2", "utm_campaign"} <= set(
        texts_going_out(document, ["page", "x"])
    )
