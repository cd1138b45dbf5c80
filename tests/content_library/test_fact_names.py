"""Facts in a text: found by name, written out, and said to be missing in words."""

from hypothesis import given
from hypothesis import strategies as st

from content_library.content import empty, every_text, normalise, parts_for, rendition, resolved, text_for
from content_library.fact_names import fact_key, names_in, problems_in, written_out
from content_library.models.account import Account

PRICE = {"Sharpening price": {"id": 1, "number": 2, "value": "12 € a knife"}}


def said(text: str, **more: object) -> dict[str, object]:
    return normalise(empty(text=text, facts=PRICE, **more))


def test_a_name_is_found_whatever_its_spaces_and_its_case() -> None:
    assert names_in(["It is {{ Sharpening   PRICE }}.", "{{sharpening price}}"]) == {
        "sharpening price": "Sharpening PRICE"
    }


def test_the_value_stands_where_the_name_stood() -> None:
    assert text_for(said("Now {{sharpening PRICE}}, and {{ sharpening price }} in May."), "page") == (
        "Now 12 € a knife, and 12 € a knife in May."
    )


def test_everything_that_can_go_out_says_the_value() -> None:
    content = said(
        "{{sharpening price}}",
        title="Only {{sharpening price}}",
        variants={"bluesky": {"text": "{{sharpening price}}!"}},
        media=[{"id": 3, "sha256": "a" * 64, "alt": "A sign: {{sharpening price}}"}],
    )
    assert every_text(content) == {
        "title": "Only 12 € a knife",
        "text": "12 € a knife",
        "source": "",
        "variant_bluesky": "12 € a knife!",
        "alt_3": "A sign: 12 € a knife",
    }
    page = rendition(content, Account(id=1, network="page"))
    assert page["title"] == "Only 12 € a knife"
    assert page["parts"][0] == {
        "text": "12 € a knife",
        "media": [{"sha256": "a" * 64, "alt": "A sign: 12 € a knife"}],
    }


def test_a_thread_is_split_where_the_written_out_text_is_long() -> None:
    content = normalise(
        empty(text="{{terms}}", thread=True, facts={"terms": {"id": 1, "number": 1, "value": "word " * 90}})
    )
    assert len(parts_for(content, "bluesky")) > 1


def test_links_in_a_value_are_links_that_go_out() -> None:
    content = normalise(
        empty(
            text="See {{terms}}", facts={"terms": {"id": 1, "number": 1, "value": "https://a.example/terms"}}
        )
    )
    assert rendition(content, Account(id=1, network="page"))["links"] == ["https://a.example/terms"]


def test_a_value_of_several_lines_is_one_line_in_a_title() -> None:
    content = normalise(
        empty(title="{{hours}}", facts={"hours": {"id": 1, "number": 1, "value": "Mon 9–17\nSat 10–14"}})
    )
    assert resolved(content)["title"] == "Mon 9–17 Sat 10–14"


def test_an_unknown_name_stays_and_is_named() -> None:
    assert written_out("{{nothing}}", {"something": "x"}) == "{{nothing}}"
    assert [p.sentence for p in problems_in("It costs {{nothing}}.")] == [
        "There is no fact called “nothing” on this desk. Choose one from the list or write the value."
    ]


def test_braces_that_are_not_closed_are_named_too() -> None:
    assert "Close it" in problems_in("It costs {{price.")[0].sentence
    assert problems_in("A { brace } or }} alone.") == []


def test_a_document_of_before_there_were_facts_is_read_as_it_is() -> None:
    old = {k: v for k, v in normalise(empty(text="{{x}}")).items() if k != "facts"}
    assert text_for(old, "page") == "{{x}}"
    assert normalise(old) == normalise(empty(text="{{x}}"))


@given(st.text(max_size=60), st.text(max_size=60).filter(lambda v: "{" not in v and "}" not in v))
def test_writing_out_twice_is_writing_out_once(text: str, value: str) -> None:
    values = {fact_key("a b"): value}
    once = written_out(f"{text}{{{{A  b}}}}", values)
    assert written_out(once, values) == once
