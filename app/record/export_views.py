"""What is found in the record as a CSV file, and the head of its chain to print."""

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Any

from flask import Response, render_template, stream_with_context

from app.extensions import database, db, desk, let_go, me, now
from app.record.views import blueprint, scope_of_request, wanted
from app.sign_in import signed_in
from content_library import record, sealing
from content_library.models.audit import AuditEntry
from content_library.models.user import User
from content_library.permissions import can_read_record, require
from content_library.record import Wanted
from scheduler.head_exports import head_text

MOST_ROWS = 100_000
_AT_ONCE = 1_000
_COLUMNS = (
    "number",
    "id",
    "when (UTC)",
    "who",
    "act",
    "about",
    "about number",
    "what",
    "digest of the details",
    "link",
)
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝")


@blueprint.get("/d/<desk>/record/entries.csv")
@signed_in
def entries() -> Any:
    """Everything that the filters in the address find, the newest first, up to 100,000 entries."""
    require(can_read_record(me(), desk().id), "Only auditors, leads and administrators can read the record.")
    scope, filters, actor = scope_of_request(), wanted(), me()
    name = f"record-{desk().handle}-{now():%Y-%m-%d}.csv"
    let_go()
    return Response(
        stream_with_context(_lines(actor, scope, filters)),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@blueprint.get("/d/<desk>/record/head")
@signed_in
def head_page() -> Any:
    """The head as a sheet to print, sign and put away."""
    require(can_read_record(me(), desk().id), "Only auditors, leads and administrators can read the record.")
    head = sealing.export_head(db())
    groups = [head["mac"][n : n + 8] for n in range(0, len(head["mac"]), 8)]
    return render_template("record/head.html", head=head, groups=groups, text=head_text(head))


def _lines(actor: User, scope: int | None, filters: Wanted) -> Iterator[str]:
    yield "\ufeff" + _line(_COLUMNS)  # the mark by which spreadsheets know UTF-8
    before, rows = None, 0
    with database().read() as session:
        while rows < MOST_ROWS:
            page = record.find_entries(
                session, actor=actor, desk_id=scope, wanted=filters, before=before, per_page=_AT_ONCE
            )
            yield "".join(_line(_cells(entry)) for entry in page.entries)
            rows += len(page.entries)
            before = page.older
            session.expunge_all()
            if before is None:
                return
    yield _line(
        (f"Only the newest {MOST_ROWS:,} are in this file. Ask for a shorter time to have the rest.",)
    )


def _cells(entry: AuditEntry) -> tuple[Any, ...]:
    return (
        entry.seq, entry.id, entry.at.isoformat(), entry.actor_name, entry.verb, entry.subject_type, entry.subject_id,
        entry.summary, entry.payload_digest, entry.mac,
    )  # fmt: skip


def _line(cells: tuple[Any, ...]) -> str:
    out = StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow([_safe(cell) for cell in cells])
    return out.getvalue()


def _safe(cell: Any) -> str:
    """The text as a spreadsheet shows it and never runs it."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_STARTS_A_FORMULA) else text
