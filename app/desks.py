"""Which desk an address belongs to. A desk this person cannot see is a 404, like one that does not exist."""

from typing import Any

from flask import Flask, current_app, g
from sqlalchemy import select

from app.extensions import db
from content_library.errors import NotFound
from content_library.models.desk import Desk
from content_library.permissions import can_see_desk


def scope_desks(app: Flask) -> None:
    """Take `desk` out of every address into `g.desk`, and put it into every address made on a desk's page."""
    app.url_value_preprocessor(_take)
    app.url_defaults(_give)


def desks_of(person: Any) -> list[Desk]:
    """The desks a person can see, by name."""
    if person.is_administrator:
        every = list(db().scalars(select(Desk)))
    else:  # they are loaded with the person
        every = [m.desk for m in person.desk_memberships]
        every += [desk for m in person.team_memberships for desk in m.team.desks]
        every += [desk for stood in person.stand_ins for desk in stood.team.desks]
    seen = {desk.id: desk for desk in every if can_see_desk(person, desk.id)}
    return sorted(seen.values(), key=lambda desk: desk.name)


def _take(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    g.desks = desks_of(g.user) if g.user is not None else []
    handle = values.pop("desk", None) if values else None
    g.desk = None
    if handle is None:
        g.desk = _usual_desk()
        return
    g.desk = next((desk for desk in g.desks if desk.handle == handle), None)
    g.desk_asked = handle


def _usual_desk() -> Desk | None:
    """On pages of no desk: the one last looked at, else the first."""
    if g.user is None or not g.desks:
        return None
    return g.desks[0]


def stand_on(desk: Desk) -> None:
    """On a page without a desk in its address that shows one desk's thing: that desk is the page's."""
    g.desk = desk


def require_desk() -> None:
    """Raise NotFound unless the desk of the address is one this person can see."""
    if g.get("desk_asked") is not None and g.desk is None:
        raise NotFound("There is no such desk for you.")


def _give(endpoint: str, values: dict[str, Any]) -> None:
    if "desk" in values or g.get("desk") is None:
        return
    if current_app.url_map.is_endpoint_expecting(endpoint, "desk"):
        values["desk"] = g.desk.handle
