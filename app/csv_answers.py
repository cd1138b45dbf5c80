"""A table as a file for spreadsheets.

UTF-8 with a byte-order mark, commas, every cell in quotes, lines end in CRLF: Excel, LibreOffice and Numbers open it
with a double click and keep its letters. What a person typed never becomes a formula. Numbers are whole, so that no
decimal mark is read wrongly.
"""

import csv
import io
from collections.abc import Iterable, Sequence

from flask import Response

BOM = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

Value = str | int | None


def csv_answer(name: str, rows: Iterable[Sequence[Value]]) -> Response:
    """The file `name`.csv to be saved."""
    answer = Response(csv_text(rows), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=f"{name}.csv")
    return answer


def csv_text(rows: Iterable[Sequence[Value]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([_cell(value) for value in row] for row in rows)
    return BOM + out.getvalue()


def _cell(value: Value) -> str:
    """A text that a spreadsheet would run begins with an apostrophe, which it shows as nothing."""
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    return f"'{value}" if value.startswith(_FORMULA) or value.lstrip().startswith(_FORMULA) else value
