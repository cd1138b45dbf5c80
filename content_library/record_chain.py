"""The chain of the record: how an entry is written down, how it is linked to the one before, and what breaks it.

Pure. An entry's link is HMAC-SHA256 over its canonical form, its number and the link before, under a key that is
not in the database: whoever can write to the database alone cannot make a chain that fits.
"""

import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

GENESIS = "0" * 64
MOST_NAMED = 50  # problems named one by one; the rest are counted
_FORM = b"deskcast:audit-entry:v1\n"
_written = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Entry(NamedTuple):
    """What the chain covers of an entry. `payload_digest` stands for the details, which may be erased."""

    id: int
    at: datetime
    desk_id: int | None
    actor_id: int | None
    actor_name: str
    verb: str
    subject_type: str
    subject_id: int | None
    summary: str
    payload_digest: str


class Sealed(NamedTuple):
    """An entry as it stands in the database. `details_digest`: of the details found there, None when erased."""

    entry: Entry
    seq: int
    previous: str | None
    mac: str | None
    details_digest: str | None


@dataclass(frozen=True)
class Head:
    """The end of the chain at some moment, kept outside the database."""

    seq: int
    mac: str


class Flaw(StrEnum):
    MISSING = "missing"
    ALTERED = "altered"
    RELINKED = "relinked"
    DETAILS = "details"
    REWRITTEN = "rewritten"
    CUT = "cut"


@dataclass(frozen=True)
class Problem:
    """`seq` is the first number concerned, `last` the last one of a gap."""

    flaw: Flaw
    seq: int
    last: int | None = None

    def __str__(self) -> str:
        return _sentence(self)


@dataclass(frozen=True)
class Walk:
    """How far a verification has come; the next part goes on from here."""

    seq: int = 0
    mac: str = GENESIS
    entries: int = 0
    flaws: int = 0
    problems: tuple[Problem, ...] = field(default=())

    @property
    def first_broken(self) -> int | None:
        return min((problem.seq for problem in self.problems), default=None)

    def found(self, problem: Problem) -> "Walk":
        named = (*self.problems, problem) if len(self.problems) < MOST_NAMED else self.problems
        return replace(self, flaws=self.flaws + 1, problems=named)


def link(key: bytes, entry: Entry, *, seq: int, previous: str) -> str:
    """The link of an entry: 64 hexadecimal digits."""
    return hmac.digest(key, _FORM + canonical(entry, seq=seq, previous=previous), "sha256").hex()


def canonical(entry: Entry, *, seq: int, previous: str) -> bytes:
    """One spelling for one entry: a JSON list in this order, UTF-8, no spaces, the instant in UTC."""
    parts = [
        seq,
        previous,
        entry.id,
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.desk_id,
        entry.actor_id,
        entry.actor_name,
        entry.verb,
        entry.subject_type,
        entry.subject_id,
        entry.summary,
        entry.payload_digest,
    ]
    return _written(parts).encode()


def walk(rows: Iterable[Sealed], *, key: bytes, head: Head | None = None, begun: Walk | None = None) -> Walk:
    """Check rows in the order of their numbers, going on from `begun`.

    After a break it goes on from what stands there, so that one altered entry is named once.
    """
    on = begun or Walk()
    seq, mac, entries = on.seq, on.mac, on.entries
    for row in rows:
        for problem in _flaws(row, key, seq, mac, head):
            on = on.found(problem)
        seq, mac, entries = row.seq, row.mac or "", entries + 1
    return replace(on, seq=seq, mac=mac, entries=entries)


def finish(on: Walk, *, head: Head | None = None) -> Walk:
    """The last check: whether the chain reaches as far as a head that was exported once."""
    if head is not None and head.seq > on.seq:
        return on.found(Problem(Flaw.CUT, on.seq + 1, head.seq))
    return on


def _flaws(row: Sealed, key: bytes, seq: int, mac: str, head: Head | None) -> Iterable[Problem]:
    if row.seq != seq + 1:
        yield Problem(Flaw.MISSING, seq + 1, row.seq - 1)
    elif row.previous != mac:
        yield Problem(Flaw.RELINKED, row.seq)
    if link(key, row.entry, seq=row.seq, previous=row.previous or "") != row.mac:
        yield Problem(Flaw.ALTERED, row.seq)
    if row.details_digest is not None and row.details_digest != row.entry.payload_digest:
        yield Problem(Flaw.DETAILS, row.seq)
    if head is not None and row.seq == head.seq and row.mac != head.mac:
        yield Problem(Flaw.REWRITTEN, row.seq)


def _sentence(problem: Problem) -> str:
    seq, last = problem.seq, problem.last
    if problem.flaw is Flaw.MISSING:
        return f"Entry {seq} is missing." if last == seq else f"Entries {seq} to {last} are missing."
    if problem.flaw is Flaw.CUT:
        return f"A tail is missing: it ends at entry {seq - 1}, but an exported head says it reached entry {last}."
    return {
        Flaw.ALTERED: f"Entry {seq} is not what was sealed: it was changed, swapped or put in afterwards.",
        Flaw.RELINKED: f"Entry {seq} does not follow the entry that stands before it now.",
        Flaw.DETAILS: f"The details of entry {seq} are not those that were sealed.",
        Flaw.REWRITTEN: f"Entry {seq} is not the one an exported head names: what is older was written anew.",
    }[problem.flaw]
