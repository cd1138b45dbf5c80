"""Sealing and verifying the record: one sealer at a time gives each entry its number and its link in the chain.

Entries commit unsealed with the change they describe, so the chain never makes writers wait for each other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select, text, update
from sqlalchemy.orm import Session

from content_library import clock
from content_library.audit import digest
from content_library.models.audit import AuditEntry, AuditPayload
from content_library.record_chain import GENESIS, Entry, Head, Problem, Sealed, Walk, finish, link, walk

SETTLING = timedelta(seconds=2)  # so that what began earlier and commits a little later still comes first
OVERDUE = timedelta(seconds=60)
LOCK_KEY = 0x5345414C  # any number nobody else uses as a PostgreSQL advisory lock; these are the letters SEAL
_BATCH = 2_000
FITS = "fits"

_COVERED = (
    AuditEntry.id,
    AuditEntry.at,
    AuditEntry.desk_id,
    AuditEntry.actor_id,
    AuditEntry.actor_name,
    AuditEntry.verb,
    AuditEntry.subject_type,
    AuditEntry.subject_id,
    AuditEntry.summary,
    AuditEntry.payload_digest,
)


@dataclass(frozen=True)
class Verification:
    """`ok` says that nothing sealed was changed. `unsealed` counts entries that should have been sealed by now."""

    ok: bool
    upto_seq: int
    entries: int
    first_broken: int | None
    problems: tuple[Problem, ...]
    flaws: int
    unsealed: int

    def sentences(self) -> list[str]:
        """The verdict in words, what matters most first."""
        said = [str(problem) for problem in self.problems]
        if self.flaws > len(said):
            said.append(f"{self.flaws - len(said)} more entries do not fit.")
        if self.ok:
            said = [f"Verified up to entry {self.upto_seq}: all {self.entries} sealed entries fit."]
        if self.unsealed:
            said.append(
                f"{self.unsealed} entries have waited over a minute for their seal. Is the engine running?"
            )
        return said


def seal(session: Session, *, key: str, now: datetime, most: int = 2000) -> int:
    """Seal up to `most` entries that are 2 seconds old, in the order of their ids; returns how many.

    Returns 0 when another sealer is at work. On SQLite the session must be a writing one. An entry that commits
    late gets a later number; no entry is ever sealed twice.
    """
    if not _is_only_sealer(session):
        return 0
    seq, mac = _tail(session)
    links: list[dict[str, Any]] = []
    for row in session.execute(_unsealed(now).with_only_columns(*_COVERED).limit(most)):
        entry, seq, previous = _entry(row), seq + 1, mac
        mac = link(key.encode(), entry, seq=seq, previous=previous)
        links.append({"id": entry.id, "seq": seq, "previous": previous, "mac": mac})
    if links:
        session.execute(update(AuditEntry), links)
    return len(links)


def verify(
    session: Session,
    *,
    key: str,
    now: datetime | None = None,
    head: Head | Mapping[str, Any] | None = None,
) -> Verification:
    """Check the whole chain, against an exported head if there is one. Reads in one pass, in little memory.

    Raises ValueError for a head that is none.
    """
    now = now or clock.now(session)
    head = head if head is None or isinstance(head, Head) else read_head(head)
    return conclude(session, verify_part(session, Walk(), key=key, head=head), now=now, head=head)


def verify_part(
    session: Session, begun: Walk, *, key: str, head: Head | None = None, most: int | None = None
) -> Walk:
    """Go on from `begun` for at most `most` entries; the same walk comes back when the end is reached."""
    return walk(_sealed(session, after=begun.seq, most=most), key=key.encode(), head=head, begun=begun)


def conclude(session: Session, on: Walk, *, now: datetime, head: Head | None = None) -> Verification:
    """What a walk to the end has shown."""
    ended = finish(on, head=head)
    late = select(func.count()).select_from(AuditEntry)
    overdue = or_(AuditEntry.at <= now - OVERDUE, AuditEntry.at > now + OVERDUE)
    return Verification(
        ok=not ended.flaws,
        upto_seq=ended.seq,
        entries=ended.entries,
        first_broken=ended.first_broken,
        problems=ended.problems,
        flaws=ended.flaws,
        unsealed=session.scalar(late.where(AuditEntry.seq.is_(None), overdue)) or 0,
    )


def seal_of(entry: AuditEntry, *, key: bytes) -> str:
    """Whether the seal of a single entry fits what stands in it, in words."""
    if entry.seq is None or entry.mac is None:
        return "waits for its seal"
    covered = Entry(*(getattr(entry, column.key) for column in _COVERED))
    if link(key, covered, seq=entry.seq, previous=entry.previous or "") != entry.mac:
        return "does not fit: the entry is not what was sealed"
    if entry.payload is not None and digest(entry.payload.details) != entry.payload_digest:
        return "does not fit: its details are not those that were sealed"
    return FITS


def export_head(session: Session) -> dict[str, Any]:
    """The end of the chain, to be kept where the database's owner cannot reach it. `seq` 0: nothing sealed yet."""
    row = session.execute(
        select(AuditEntry.seq, AuditEntry.mac, AuditEntry.at)
        .where(AuditEntry.seq.is_not(None))
        .order_by(AuditEntry.seq.desc())
        .limit(1)
    ).first()
    if row is None:
        return {"form": "deskcast-record-head-v1", "seq": 0, "mac": GENESIS, "at": None}
    return {"form": "deskcast-record-head-v1", "seq": row.seq, "mac": row.mac, "at": row.at.isoformat()}


def read_head(exported: Any) -> Head | None:
    """A head from what `export_head` gave; None for an empty one. Raises ValueError for anything else."""
    try:
        seq, mac = int(exported["seq"]), str(exported["mac"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError("not a head of a record") from error
    if seq < 0 or len(mac) != len(GENESIS):
        raise ValueError("not a head of a record")
    return Head(seq, mac) if seq else None


def _is_only_sealer(session: Session) -> bool:
    """PostgreSQL: an advisory lock until the end of the transaction. SQLite: the write lock it already has."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    return bool(session.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": LOCK_KEY}))


def _tail(session: Session) -> tuple[int, str]:
    head = export_head(session)
    return int(head["seq"]), str(head["mac"])


def _unsealed(now: datetime) -> Select[Any]:
    """Also those of a clock that ran ahead: they must not wait until it is right."""
    settled = or_(AuditEntry.at <= now - SETTLING, AuditEntry.at > now)
    return select(AuditEntry).where(AuditEntry.seq.is_(None), settled).order_by(AuditEntry.id)


def _sealed(session: Session, *, after: int, most: int | None) -> Iterator[Sealed]:
    query = (
        select(*_COVERED, AuditEntry.seq, AuditEntry.previous, AuditEntry.mac, AuditPayload.details)
        .outerjoin(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
        .where(AuditEntry.seq > after)
        .order_by(AuditEntry.seq)
        .limit(most)
        .execution_options(yield_per=_BATCH)
    )
    for row in session.execute(query):
        yield _as_sealed(row)


def _entry(covered: Sequence[Any]) -> Entry:
    return Entry(*covered)


def _as_sealed(row: Sequence[Any]) -> Sealed:
    seq, previous, mac, details = row[len(_COVERED) :]
    found = None if details is None else digest(details)
    return Sealed(_entry(row[: len(_COVERED)]), seq, previous, mac, found)
