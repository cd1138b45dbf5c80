"""Addresses, numbers, cards and accounts of people; what only looks like one is left alone."""

import pytest

from content_library.boundaries.personal_data import Kind, masked, personal_data


def kinds(text: str, **settings: object) -> list[tuple[str, str]]:
    return [(p.kind.value, text[p.start : p.end]) for p in personal_data(text, **settings)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("Write to ada.love+x@mail.example.org.", "mail", "ada.love+x@mail.example.org"),
        ("Call +44 20 7946 0958 today", "phone", "+44 20 7946 0958"),
        ("Ruf +49 30 901820 an", "phone", "+49 30 901820"),
        ("+81 3-1234-5678", "phone", "+81 3-1234-5678"),
        ("Card 4111 1111 1111 1111 please", "card", "4111 1111 1111 1111"),
        ("5500-0000-0000-0004", "card", "5500-0000-0000-0004"),
        ("IBAN DE89 3704 0044 0532 0130 00 thanks", "bank_account", "DE89 3704 0044 0532 0130 00"),
        ("GB82WEST12345698765432", "bank_account", "GB82WEST12345698765432"),
    ],
)
def test_it_is_found(text: str, kind: str, words: str):
    assert kinds(text) == [(kind, words)]


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112 is no card",  # Luhn
        "0000 0000 0000 0000",
        "DE89 3704 0044 0532 0130 01",  # check digits
        "On 2026-11-22 at 10:30, 1,299.00 in total",
        "@brindlemoor and #tea at 3",
        "Version 10.2.33, item 90210",
    ],
)
def test_what_only_looks_like_it_is_left_alone(text: str):
    assert kinds(text, regions=("GB", "DE", "US")) == []


def test_numbers_without_a_country_are_read_as_the_desks_regions_write_them():
    text = "Ring 020 7946 0958 before noon"
    assert kinds(text) == []
    assert kinds(text, regions=("GB",)) == [("phone", "020 7946 0958")]
    assert kinds(text, regions=("US",)) == []


def test_what_a_customer_has_defined_is_found_by_its_shape():
    patterns = (("order number", "BH-######"), ("account", "@@####"))
    assert kinds("Order bh-004711 of AB1234, not BH-12 nor XBH-004711", patterns=patterns) == [
        ("pattern", "bh-004711"),
        ("pattern", "AB1234"),
    ]
    assert personal_data("BH-004711", patterns=patterns)[0].name == "order number"


def test_the_houses_own_address_and_number_are_allowed():
    text = "help@brindlemoor.example or +44 20 7946 0958"
    assert kinds(text, allowed=("HELP@brindlemoor.example", "+442079460958")) == []


def test_every_place_is_found_once_by_what_is_surest():
    text = "4111111111111111, a@b.example, a@b.example"
    assert [kind for kind, _ in kinds(text, regions=("GB", "US", "DE"))] == [Kind.CARD, Kind.MAIL, Kind.MAIL]


def test_a_text_can_be_shown_with_dots_in_its_place():
    text = "Card 4111111111111111, mail a@b.example, and +49 30 901820: all of it."
    assert masked(text) == "Card •••, mail •••, and •••: all of it."
    assert masked("Nothing here.") == "Nothing here."
