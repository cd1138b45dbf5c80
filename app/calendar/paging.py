"""Where a page of the agenda begins: a day, or the neighbour of the page before."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from flask import request

from app.calendar.spans import midnight, read_day
from content_library.wall_time import wall_of
from scheduler.agenda import Card


@dataclass(frozen=True)
class Place:
    """An instant and a publication's id: the page begins there, or ends just before."""

    start: tuple[datetime, int]
    day: date
    backwards: bool = False

    @staticmethod
    def after(card: Card) -> dict[str, Any]:
        return {"from": _written(card.due_at, card.id + 1)}

    @staticmethod
    def before(card: Card) -> dict[str, Any]:
        return {"before": _written(card.due_at, card.id)}


def read_place(now: datetime, zone: str) -> Place:
    """From the address; today when nothing there makes sense."""
    for name in ("before", "from"):
        start = _read(request.args.get(name, ""))
        if start is not None:
            return Place(start, wall_of(start[0], zone).date(), backwards=name == "before")
    day = read_day(request.args.get("day", ""), now, zone)
    return Place((midnight(day, zone), 0), day)


def _written(instant: datetime, number: int) -> str:
    return f"{instant.astimezone(UTC):%Y%m%dT%H%M%S.%f}~{number}"


def _read(text: str) -> tuple[datetime, int] | None:
    instant, _, number = text.partition("~")
    try:
        return datetime.strptime(instant, "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC), int(number)
    except ValueError:
        return None
