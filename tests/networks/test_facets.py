"""Which stretches of a text become links, mentions and tags."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from service_channel.networks.facets import facets, mentioned

IDS = {"@desk.test": "did:plc:desk", "@anna.example.com": "did:plc:anna"}
PIECES = st.sampled_from(
    [
        "@desk.test",
        "@anna.example.com",
        "@nobody.test",
        "#Störung",
        "#1",
        "https://a.example/ä",
        "👩🏽‍🚒",
        "é",
        "(",
        ")",
        " ",
        "\n",
        ".",
    ]
)


def shown(text: str) -> list[tuple[str, str]]:
    """The stretch of each facet, cut out by its bytes, and what it is."""
    octets = text.encode()
    return [(octets[_start(one) : _end(one)].decode(), _kind(one)) for one in facets(text, IDS)]


def test_every_kind_is_found_at_its_place() -> None:
    text = "👩🏽‍🚒 @desk.test: #Störung behoben, mehr auf https://help.example/ä."
    assert shown(text) == [("@desk.test", "mention"), ("#Störung", "tag"), ("https://help.example/ä", "link")]


def test_a_plain_text_has_no_facets() -> None:
    assert facets("The line works again. 100 % sure, 5 $ back", IDS) == []


def test_what_looks_like_a_domain_is_no_link() -> None:
    assert shown("Mehr unter help.example.com oder prüfen.In Kürze") == []


def test_a_price_is_no_tag() -> None:
    assert shown("Save $US now, #1 choice") == []


def test_handles_are_resolved_in_small_letters_and_once() -> None:
    assert mentioned("@Desk.test and @desk.TEST and me@desk.test") == ["@desk.test"]
    assert shown("Hi @Desk.test") == [("@Desk.test", "mention")]


def test_a_mention_without_an_id_stays_plain_text() -> None:
    assert facets("Thanks @nobody.test", IDS) == []
    assert facets("Thanks @desk.test", {}) == []


def test_the_id_belongs_to_the_handle() -> None:
    (only,) = facets("Thanks @anna.example.com", IDS)
    assert only["features"] == [{"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:anna"}]


def test_a_tag_inside_an_address_is_part_of_the_address() -> None:
    assert shown("https://a.example/x#top #top") == [("https://a.example/x#top", "link"), ("#top", "tag")]


@given(st.lists(PIECES, max_size=30).map("".join))
def test_facets_rise_never_overlap_and_hold_what_they_say(text: str) -> None:
    end = 0
    octets = text.encode()
    for one in facets(text, IDS):
        assert end <= _start(one) < _end(one) <= len(octets)
        end = _end(one)
        stretch, feature = octets[_start(one) : end].decode(), one["features"][0]
        assert stretch in (feature.get("uri"), f"#{feature.get('tag')}") or IDS[stretch] == feature["did"]


def _start(facet: dict[str, Any]) -> int:
    return int(facet["index"]["byteStart"])


def _end(facet: dict[str, Any]) -> int:
    return int(facet["index"]["byteEnd"])


def _kind(facet: dict[str, Any]) -> str:
    return str(facet["features"][0]["$type"]).rpartition("#")[2]
