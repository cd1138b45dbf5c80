"""The desk's report, and each of its tables as a file. Nothing here changes anything."""

from typing import Any

from flask import Blueprint, abort, render_template, request

from app.csv_answers import csv_answer
from app.extensions import db, desk, me, now
from app.reports.asking import PERIODS, Asked, asked, days_said
from app.reports.figures import shown, table
from app.reports.sections import ENOUGH, SECTIONS
from app.sign_in import signed_in
from content_library.errors import InvalidInput
from content_library.reports import Report, open_report

blueprint = Blueprint("reports", __name__)


@blueprint.get("/d/<desk>/reports")
@signed_in
def index() -> Any:
    wanted = asked()
    report = _report(wanted)
    period, before = report.periods
    page = render_template(
        "reports/index.html",
        asked=wanted,
        sections=[section for make in SECTIONS.values() if (section := make(report))],
        periods=list(PERIODS.items()),
        days=days_said(period),
        days_before=days_said(before),
        enough=ENOUGH,
        shown=shown,
    )
    return (page, 422) if wanted.problems else page


@blueprint.get("/d/<desk>/reports/table")
@signed_in
def table_file() -> Any:
    """One section as a file; its name says of what and of which days it is."""
    wanted, make = asked(), SECTIONS.get(request.args.get("section", "turnaround"))
    report = _report(wanted)
    section = make(report) if make else None
    if section is None:
        abort(404)
    if wanted.problems:
        raise InvalidInput(" ".join(wanted.problems.values()), wanted.problems)
    period, before = report.periods
    name = "-".join([desk().handle, section.key, *wanted.only, str(period.first), str(period.last)])
    return csv_answer(name, table(section, days_said(period), days_said(before)))


def _report(wanted: Asked) -> Report:
    return open_report(db(), desk(), wanted.wanted, actor=me(), now=now())
