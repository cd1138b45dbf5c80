"""Work that one engine does and the others leave alone: whoever takes the turn has it until its end."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from content_library.models.desk import Setting

_NEVER = datetime(2000, 1, 1, tzinfo=UTC).isoformat()


def take_turn(session: Session, name: str, *, now: datetime, until: datetime) -> bool:
    """True for one caller, who has it until then; False for everybody else. The session must be a writing one."""
    key = f"turn_{name}"
    dialect: Any = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    first = dialect.insert(Setting.__table__).values(key=key, value={"until": _NEVER})
    session.execute(first.on_conflict_do_nothing(index_elements=["key"]))
    locked = select(Setting).where(Setting.key == key).with_for_update()
    row = session.scalars(locked.execution_options(populate_existing=True)).one()
    if datetime.fromisoformat(row.value["until"]) > now:
        return False
    row.value = {"until": until.isoformat()}
    session.flush()
    return True
