"""Inserting rows that may be there already, without a race: the same on SQLite and PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from content_library.database import Base


def insert_once(
    session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]], *, unique: tuple[str, ...]
) -> list[Any]:
    """Insert the rows that are not there yet, by their `unique` columns; returns id and those columns of the new ones.

    Give the rows in the order of those columns: two transactions then never wait for each other in a circle.
    """
    if not rows:
        return []
    dialect: Any = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    columns = model.__table__.columns
    statement = dialect.insert(model.__table__).on_conflict_do_nothing(index_elements=unique)
    returned = statement.returning(columns["id"], *(columns[name] for name in unique))
    return list(session.execute(returned, list(rows)).all())
