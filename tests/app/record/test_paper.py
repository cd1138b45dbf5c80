"""What is printed is what was said, in every script, and never less."""

from datetime import UTC, datetime

import pypdfium2
import pytest
from PIL import Image

from app.record.paper import Paper

AT = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)


@pytest.fixture
def paper():
    with Paper(title="A paper", running_head="Evidence of “Zoë”", made_at=AT) as opened:
        yield opened


def pages(paper):
    pdf = pypdfium2.PdfDocument(bytes(paper.output()))
    try:
        return [page.get_textpage().get_text_range() for page in pdf]
    finally:
        pdf.close()


@pytest.mark.parametrize("text", ["Zoë", "привет", "Ελλάδα", "שלום", "مرحبا", "é", "a“b”…", "x\ny"])
def test_what_the_font_has_is_shown_as_it_is(paper, text):
    assert paper.shown(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("日", "[U+65E5]"),
        ("🫠", "[U+1FAE0]"),
        ("a\u202eb", "a[U+202E]b"),
        ("a\u200bb\ufeff", "a[U+200B]b[U+FEFF]"),
        ("bell\x07", "bell[U+0007]"),
        ("e\u0301", "é"),
        ("a\tb", "a    b"),
    ],
)
def test_what_the_font_lacks_or_nobody_sees_is_shown_by_its_number(paper, text, shown):
    assert paper.shown(text) == shown


def test_pages_have_a_running_head_and_their_number(paper):
    paper.heading("A heading", level=1)
    paper.said("Text", "Lorem ipsum dolor sit amet. " * 500)
    first, *_middle, last = pages(paper)
    assert "Evidence of “Zoë”" in first
    assert f"Page 1 of {paper.pages_count}" in first
    assert f"Page {paper.pages_count} of {paper.pages_count}" in last


def test_nothing_of_a_long_text_is_lost_over_the_pages(paper):
    paper.fact("A label", " ".join(f"word{n}" for n in range(3_000)))
    paper.said("Text", "x" * 6_000)
    text = " ".join(pages(paper))
    assert [n for n in range(3_000) if f"word{n}" not in text] == []
    assert text.count("x") >= 6_000


def test_right_to_left_text_is_put_in_its_order(paper):
    paper.said("", "שלום עולם 42")
    pdf = pypdfium2.PdfDocument(bytes(paper.output()))
    page = pdf[0].get_textpage()
    left = {page.get_text_range(n, 1): page.get_charbox(n)[0] for n in range(page.count_chars())}
    pdf.close()
    assert left["ש"] > left["ם"] > left["4"]
    assert left["4"] < left["2"]


def test_markup_is_only_text(paper):
    paper.said("", "<b>bold</b> **strong** __under__ [a](b)")
    paper.table(("One", "Two"), [("<b>", "**x**")], widths=(1, 1))
    text = pages(paper)[0]
    assert "<b>bold</b> **strong** __under__ [a](b)" in text
    assert "**x**" in text


def test_a_table_goes_on_over_the_pages_with_its_head(paper):
    paper.table(("Name", "What"), [(f"row{n}", "some words " * 12) for n in range(120)], widths=(1, 3))
    found = pages(paper)
    assert len(found) > 2
    assert all("What" in page for page in found)
    assert all(any(f"row{n}" in page for page in found) for n in range(120))


@pytest.mark.parametrize("size", [(40, 30), (4000, 100), (100, 4000)])
def test_pictures_are_small(paper, tmp_path, size):
    Image.new("RGB", size, "teal").save(tmp_path / "picture.png")
    paper.picture(tmp_path / "picture.png", alt="")
    assert len(pages(paper)) == 1
