"""What a section of a report is made of: columns, rows of measured cells, a picture of some of them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from app.csv_answers import Value
from app.formatting import gettext as _
from app.formatting import worked


class Unit(StrEnum):
    COUNT = "count"
    MINUTES = "minutes"
    PERCENT = "percent"


UNIT_WORDS = {Unit.COUNT: _("count"), Unit.MINUTES: _("minutes"), Unit.PERCENT: _("percent")}


@dataclass(frozen=True)
class Column:
    """One figure: what it is called, in what it is measured, and what exactly it says."""

    label: str
    unit: Unit
    says: str


@dataclass(frozen=True)
class Measure:
    """A figure of the period and of the one before; None: not enough data."""

    now: int | None
    before: int | None


@dataclass(frozen=True)
class Row:
    label: str
    measures: Sequence[Measure]


@dataclass(frozen=True)
class Series:
    """One set of bars, each with its value or None."""

    label: str
    values: Sequence[int | None]
    quiet: bool = False  # an outline beside the full bars


@dataclass(frozen=True)
class Chart:
    """Bars, a group for each label. `says` is what a reader who does not see the picture is told."""

    says: str
    unit: Unit
    labels: Sequence[str]
    series: Sequence[Series]

    @property
    def json(self) -> str:
        """What the script draws, for an attribute."""
        series = [{"label": s.label, "values": list(s.values), "quiet": s.quiet} for s in self.series]
        return json.dumps({"unit": self.unit, "labels": list(self.labels), "series": series})

    @property
    def is_empty(self) -> bool:
        return all(not value for series in self.series for value in series.values)


@dataclass(frozen=True)
class Section:
    """`first`: what the first column lists. `nothing`: the sentence where there are no rows."""

    key: str
    title: str
    icon: str
    says: str
    first: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    nothing: str = ""
    charts: Sequence[Chart] = field(default_factory=tuple)
    template: str = "reports/_section.html"


def shown(value: int | None, unit: Unit) -> str:
    """A figure as people read it."""
    if value is None:
        return _("not enough data")
    if unit is Unit.MINUTES:
        return worked(timedelta(minutes=value))
    return f"{value} %" if unit is Unit.PERCENT else f"{value:,}"


def table(section: Section, days: str, days_before: str) -> list[list[Value]]:
    """The section as rows of a file: every figure twice, of the period and of the one before."""
    head: list[Value] = [section.first]
    for column in section.columns:
        named = f"{column.label}, {UNIT_WORDS[column.unit]}"
        head += [f"{named}, {days}", f"{named}, {days_before}"]
    body = [[row.label, *(v for m in row.measures for v in (m.now, m.before))] for row in section.rows]
    return [head, *body]
