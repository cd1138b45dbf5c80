"""Reading the record: finding entries, quickly also among very many, and keeping the last verdict on it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, joinedload

from content_library import audit
from content_library.errors import NotFound
from content_library.models.audit import AuditEntry
from content_library.models.desk import Desk, Setting
from content_library.models.user import User
from content_library.permissions import can_manage_people, can_read_record, require
from content_library.record_chain import Flaw, Head, Problem, Walk

MOST_COUNTED = 1_000
_VERDICT, _WALK = "record_verdict", "record_walk"


@dataclass(frozen=True)
class Wanted:
    """What to look for. `before` and `after` are ids: the page goes on from there. `until` is exclusive."""

    words: str = ""
    person: str = ""
    verb: str = ""
    subject_type: str = ""
    subject_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    desk_handle: str = ""


@dataclass(frozen=True)
class RecordPage:
    """Entries, the newest first. `total` is counted up to MOST_COUNTED; `is_more` says that there are more."""

    entries: Sequence[AuditEntry]
    total: int
    is_more: bool
    newer: int | None
    older: int | None


def find_entries(
    session: Session,
    *,
    actor: User,
    desk_id: int | None,
    wanted: Wanted,
    before: int | None = None,
    after: int | None = None,
    per_page: int = 50,
) -> RecordPage:
    """A page of a desk's entries; `desk_id=None` is the whole installation, for administrators.

    Pages are found by the id of their neighbour, so the thousandth is as quick as the first.
    """
    _check_reader(actor, desk_id)
    conditions = _conditions(desk_id, wanted)
    rows = _rows(session, conditions, before=before, after=after, most=per_page + 1)
    beyond, entries = len(rows) > per_page, rows[:per_page]
    if after is not None:
        entries = entries[::-1]
    newer = entries[0].id if entries and (before is not None or (after is not None and beyond)) else None
    older = entries[-1].id if entries and (after is not None or beyond) else None
    counted = session.scalar(
        select(func.count()).select_from(
            select(AuditEntry.id).where(*conditions).limit(MOST_COUNTED + 1).subquery()
        )
    )
    total = counted or 0
    return RecordPage(entries, min(total, MOST_COUNTED), total > MOST_COUNTED, newer, older)


def get_entry(session: Session, entry_id: int, *, actor: User, desk_id: int | None) -> AuditEntry:
    """An entry with its details. Raises NotFound, also for another desk's.

    `desk_id=None` reads in the whole installation, for administrators, as in `find_entries`.
    """
    _check_reader(actor, desk_id)
    query = select(AuditEntry).where(AuditEntry.id == entry_id).options(joinedload(AuditEntry.payload))
    entry = session.scalar(query)
    if entry is None or desk_id not in (None, entry.desk_id):
        raise NotFound("There is no such entry in this record.")
    return entry


def verbs(session: Session, *, desk_id: int | None) -> list[str]:
    """The verbs that occur lately, for a list to choose from."""
    some = select(AuditEntry.verb).order_by(AuditEntry.id.desc()).limit(5_000)
    if desk_id is not None:
        some = some.where(AuditEntry.desk_id == desk_id)
    recent = some.subquery()
    return list(session.scalars(select(recent.c.verb).distinct().order_by(recent.c.verb)))


@dataclass(frozen=True)
class Verdict:
    """How the last verification ended."""

    at: datetime
    by: str
    ok: bool
    upto_seq: int
    entries: int
    flaws: int
    problems: tuple[Problem, ...]
    unsealed: int
    against: int | None


def last_verdict(session: Session) -> Verdict | None:
    """None before the first verification."""
    row = session.get(Setting, _VERDICT)
    if row is None:
        return None
    kept = dict(row.value)
    kept["at"] = datetime.fromisoformat(kept["at"])
    kept["problems"] = tuple(_problem(problem) for problem in kept["problems"])
    return Verdict(**kept)


def keep_verdict(session: Session, verdict: Verdict, *, actor: User, desk_id: int | None) -> None:
    """Note how a verification ended, for everybody to see."""
    kept = {**asdict(verdict), "at": verdict.at.isoformat(), "problems": _written(verdict.problems)}
    session.merge(Setting(key=_VERDICT, value=kept))
    forget_walk(session)
    found = "it fits" if verdict.ok else f"{verdict.flaws} entries do not fit"
    audit.record(
        session, "record.verified", actor, actor=actor, now=verdict.at, desk_id=desk_id,
        summary=f"Verified the record up to entry {verdict.upto_seq}: {found}",
        details={"upto_seq": verdict.upto_seq, "flaws": verdict.flaws, "against": verdict.against},
    )  # fmt: skip


@dataclass(frozen=True)
class UnderWay:
    """A verification that goes on, part by part."""

    walk: Walk
    head: Head | None
    total: int


def walk_under_way(session: Session) -> UnderWay | None:
    row = session.get(Setting, _WALK)
    if row is None:
        return None
    walk, head = dict(row.value["walk"]), row.value["head"]
    walk["problems"] = tuple(_problem(problem) for problem in walk["problems"])
    return UnderWay(Walk(**walk), Head(**head) if head else None, row.value["total"])


def keep_walk(session: Session, under_way: UnderWay) -> None:
    """Note how far a verification has come."""
    walk = {**asdict(under_way.walk), "problems": _written(under_way.walk.problems)}
    head = asdict(under_way.head) if under_way.head else None
    session.merge(Setting(key=_WALK, value={"walk": walk, "head": head, "total": under_way.total}))


def forget_walk(session: Session) -> None:
    row = session.get(Setting, _WALK)
    if row is not None:
        session.delete(row)


def _check_reader(actor: User, desk_id: int | None) -> None:
    if desk_id is None:
        require(
            can_manage_people(actor), "Only administrators can read the record of the whole installation."
        )
        return
    require(can_read_record(actor, desk_id), "Only auditors, leads and administrators can read the record.")


def _rows(
    session: Session,
    conditions: list[ColumnElement[bool]],
    *,
    before: int | None,
    after: int | None,
    most: int,
) -> list[AuditEntry]:
    query = select(AuditEntry).where(*conditions).limit(most)
    if after is not None:
        return list(session.scalars(query.where(AuditEntry.id > after).order_by(AuditEntry.id)))
    if before is not None:
        query = query.where(AuditEntry.id < before)
    return list(session.scalars(query.order_by(AuditEntry.id.desc())))


def _conditions(desk_id: int | None, wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool] | None] = [
        AuditEntry.desk_id == desk_id if desk_id is not None else None,
        AuditEntry.desk_id.in_(_of(wanted.desk_handle)) if wanted.desk_handle else None,
        AuditEntry.actor_name.icontains(wanted.person, autoescape=True) if wanted.person else None,
        AuditEntry.verb == wanted.verb if wanted.verb else None,
        AuditEntry.subject_type == wanted.subject_type if wanted.subject_type else None,
        AuditEntry.subject_id == wanted.subject_id if wanted.subject_id is not None else None,
        AuditEntry.at >= wanted.since if wanted.since else None,
        AuditEntry.at < wanted.until if wanted.until else None,
        *(AuditEntry.summary.icontains(word, autoescape=True) for word in wanted.words.split()[:6]),
    ]
    return [condition for condition in conditions if condition is not None]


def _of(handle: str) -> Select[int]:
    return select(Desk.id).where(Desk.handle == handle)


def _written(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    return [asdict(problem) for problem in problems]


def _problem(written: Mapping[str, Any]) -> Problem:
    return Problem(Flaw(written["flaw"]), written["seq"], written["last"])
