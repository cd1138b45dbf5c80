"""What facts say now: filling a document with their values, and noticing that a revision says an older one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, aliased

from content_library.content import facts_named
from content_library.models.fact import Fact, FactUse, FactVersion
from content_library.models.post import Revision


@dataclass(frozen=True)
class Outdated:
    """A revision says `before`; the fact says `after` now, or nothing any more where it is put away (None)."""

    fact_id: int
    name: str
    before: str
    after: str | None

    @property
    def sentence(self) -> str:
        if self.after is None:
            return f"The fact “{self.name}” is not kept any more. Write the value, or choose another one."
        return (
            f"The fact “{self.name}” has changed from “{self.before}” to “{self.after}” since this revision."
        )


def with_facts(session: Session, desk_id: int, content: Mapping[str, Any]) -> dict[str, Any]:
    """The document with what the desk's facts say now, for those that it names and that there are."""
    keys = facts_named(content)
    return {**content, "facts": _values(session, desk_id, list(keys)) if keys else {}}


def _values(session: Session, desk_id: int, keys: list[str]) -> dict[str, dict[str, Any]]:
    found = session.execute(
        select(Fact.name, Fact.id, Fact.latest_number, FactVersion.value)
        .join(FactVersion, and_(FactVersion.fact_id == Fact.id, FactVersion.number == Fact.latest_number))
        .where(Fact.desk_id == desk_id, Fact.key.in_(keys), Fact.archived_at.is_(None))
        .order_by(Fact.name)
    )
    return {row.name: {"id": row.id, "number": row.latest_number, "value": row.value} for row in found}


def outdated(session: Session, revision: Revision) -> list[Outdated]:
    """The facts of which this revision says what they said before."""
    if not revision.content.get("facts"):
        return []
    before, after = aliased(FactVersion), aliased(FactVersion)
    found = session.execute(
        select(Fact.id, Fact.name, Fact.archived_at, before.value.label("before"), after.value.label("after"))
        .join(FactUse, FactUse.fact_id == Fact.id)
        .join(before, and_(before.fact_id == Fact.id, before.number == FactUse.number))
        .join(after, and_(after.fact_id == Fact.id, after.number == Fact.latest_number))
        .where(
            FactUse.revision_id == revision.id,
            or_(FactUse.number < Fact.latest_number, Fact.archived_at.is_not(None)),
        )
        .order_by(Fact.name)
    )
    return [Outdated(r.id, r.name, r.before, r.after if r.archived_at is None else None) for r in found]


def hold_facts(session: Session, desk_id: int, content: Mapping[str, Any]) -> None:
    """Let nobody change the facts a document names until this transaction ends; several may hold them at once.

    Always before a post is held, never after: whoever changes a fact takes it first and then the posts that use it.
    """
    keys = list(facts_named(content))
    if keys:
        named = select(Fact.id).where(Fact.desk_id == desk_id, Fact.key.in_(keys)).order_by(Fact.id)
        session.execute(named.with_for_update(read=True)).all()
