"""Tables as files: what a spreadsheet opens, and what it must never run."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.csv_answers import BOM, csv_text


def read(text: str) -> list[list[str]]:
    assert text.startswith(BOM)
    return list(csv.reader(io.StringIO(text.removeprefix(BOM), newline="")))


def test_letters_quotes_commas_and_lines_come_back_as_they_were():
    rows = [["Team", "“Free”, 😀"], ['say "free"', "two\nlines"], ["日本", None], ["n", 1_234]]
    assert read(csv_text(rows)) == [
        ["Team", "“Free”, 😀"],
        ['say "free"', "two\nlines"],
        ["日本", ""],
        ["n", "1234"],
    ]


def test_every_cell_is_quoted_and_lines_end_as_spreadsheets_like_it():
    assert csv_text([["a", 1]]) == f'{BOM}"a","1"\r\n'


@pytest.mark.parametrize(
    "begins", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "  =", "\t =", "\u00a0="]
)
def test_what_would_be_a_formula_is_a_text(begins):
    cell = read(csv_text([[f"{begins}HYPERLINK(1)"]]))[0][0]
    assert cell.startswith("'")


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), min_size=1),
        min_size=1,
    )
)
def test_no_text_makes_another_cell_or_begins_like_a_formula(rows):
    found = read(csv_text(rows))
    assert [len(row) for row in found] == [len(row) for row in rows]
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for row in found for cell in row)
