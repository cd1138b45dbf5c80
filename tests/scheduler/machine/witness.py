"""Who watches a publication machine: what was in force when something was marked, what left, what came back, what the
network holds, and what the record says. It reads the tables and the network's own log, never the gate.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library.content import content_hash, rendition_hash
from content_library.database import Database
from content_library.models.account import Account, AccountState
from content_library.models.audit import AuditEntry, AuditPayload
from content_library.models.post import Rendition, Revision
from content_library.models.review import Approval
from content_library.settings import Timing
from scheduler.models import Attempt, AttemptOutcome, Hold, HoldScope, Part, Publication, PublicationState
from scheduler.publication_flow import TRANSITIONS, Act
from scheduler.transitions import Claim
from service_channel.networks.base import Access, Outcome, OutgoingPart, SendResult
from tests.fakes import FakeServer
from tests.scheduler.machine.weather import standing_text
from tests.support.clock import FrozenClock

S = PublicationState
TABLE: Mapping[tuple[S, Act], S] = dict(TRANSITIONS)  # as it is now: what a fault adds to it does not count
GOING = frozenset({S.PLANNED, S.CLAIMED, S.SENDING})  # between these the record is silent
UNCLEAR = (AttemptOutcome.OPEN, AttemptOutcome.UNKNOWN)


def _reachable() -> dict[S, set[S]]:
    found = {state: {state} for state in S}
    for _ in S:
        for (start, _act), end in TABLE.items():
            for reached in found.values():
                if start in reached:
                    reached.add(end)
    return found


REACHABLE = _reachable()


@dataclass
class Witness:
    """`wrong` says in words what must never have happened."""

    database: Database
    clock: FrozenClock
    timing: Timing
    server: FakeServer
    wrong: list[str] = field(default_factory=list)
    due: dict[int, datetime] = field(default_factory=dict)  # publication → when people want it
    cancelled: set[int] = field(default_factory=set)
    cleared: set[int] = field(default_factory=set)  # revisions whose approval people have not taken back
    frozen: dict[int, str] = field(default_factory=dict)  # rendition → its payload when it was made
    answered: dict[int, int] = field(
        default_factory=dict
    )  # publication → the last attempt a person answered for
    jumped: bool = False
    results: dict[int, SendResult] = field(default_factory=dict)  # attempt → what the network said
    cut: set[int] = field(default_factory=set)  # attempts whose engine was lost
    applied: dict[tuple[int, int], set[str]] = field(default_factory=lambda: defaultdict(set))
    standing: dict[str, tuple[int, int]] = field(default_factory=dict)
    _paths: dict[str, tuple[int, int]] = field(default_factory=dict)
    _signed_out: dict[int, int] = field(default_factory=dict)  # attempt → account
    _asked_to_wait: dict[int, tuple[int, datetime]] = field(default_factory=dict)
    _orders: dict[tuple[int, int], tuple[int, str]] = field(default_factory=dict)
    _revisions: dict[int, int | None] = field(default_factory=dict)
    _keys: dict[tuple[int, int], tuple[str, datetime]] = field(default_factory=dict)
    _remote: dict[tuple[int, int], str] = field(default_factory=dict)
    _said: dict[int, S] = field(default_factory=dict)  # what the record says of each
    _states: dict[int, S] = field(default_factory=dict)
    _last_attempt: int = 0
    _last_entry: int = 0
    _read: int = 0

    def __post_init__(self) -> None:
        self._read = self.server.log.stat().st_size

    # ---- the moment of the mark ------------------------------------------------

    def at_mark(self) -> None:
        """Judge what has just been marked, while nobody else can have acted since."""
        with self.database.read() as session:
            new = select(Attempt).where(Attempt.id > self._last_attempt, Attempt.act == "send")
            for attempt in session.scalars(new.order_by(Attempt.id)):
                self._last_attempt = attempt.id
                publication = session.get_one(Publication, attempt.publication_id)
                problems = list(self._against(session, publication, attempt))
                self.wrong += [f"publication {publication.id} was marked {p}" for p in problems]
                self._place_order(session, publication, attempt)

    def _against(self, session: Session, publication: Publication, attempt: Attempt) -> Iterable[str]:
        now, timing = self.clock(), self.timing
        if publication.state is not S.SENDING:
            yield f"and is {publication.state}"
        if attempt.fence != publication.fence:
            yield "by an engine whose claim was taken over"
        margin = now + timedelta(seconds=timing.send_deadline)
        if publication.leased_until is None or publication.leased_until <= margin:
            yield "with a lease that ends before the sending"
        if max(publication.due_at, self.due[publication.id]) > now:
            yield "before its time"
        if now > publication.late_at:
            yield "after its grace"
        if publication.ends_at is not None and publication.ends_at <= now:
            yield "after its offer"
        if publication.id in self.cancelled:
            yield "though it was cancelled"
        if self.jumped:
            yield "by a clock that cannot be trusted"
        if self._revisions.setdefault(publication.id, publication.revision_id) != publication.revision_id:
            first = session.get_one(Part, (publication.id, 0)).remote_id
            if first is not None:
                yield "with another revision than its first part"
        yield from self._held(session, publication)
        yield from self._uncleared(session, publication)
        yield from self._unable(session, publication)
        yield from self._sent_before(session, publication, attempt)

    def _held(self, session: Session, publication: Publication) -> Iterable[str]:
        covered = {
            HoldScope.ALL: None,
            HoldScope.DESK: publication.desk_id,
            HoldScope.ACCOUNT: publication.account_id,
            HoldScope.PUBLICATION: publication.id,
        }
        for hold in session.scalars(select(Hold).where(Hold.lifted_at.is_(None))):
            own = {
                HoldScope.ALL: None,
                HoldScope.DESK: hold.desk_id,
                HoldScope.ACCOUNT: hold.account_id,
                HoldScope.PUBLICATION: hold.publication_id,
            }
            if own[hold.scope] == covered[hold.scope]:
                yield f"while a hold on its {hold.scope} stood"

    def _uncleared(self, session: Session, publication: Publication) -> Iterable[str]:
        if publication.revision_id not in self.cleared:
            yield "with a revision nobody has cleared"
            return
        revision = session.get_one(Revision, publication.revision_id)
        payloads = [self.frozen[r.id] for r in sorted(revision.renditions, key=lambda r: r.id)]
        exact = content_hash(revision.content, [rendition_hash(p) for p in payloads])
        in_force = [
            a.content_hash
            for a in session.scalars(select(Approval).where(Approval.revision_id == revision.id))
            if a.withdrawn_at is None and (a.valid_until is None or a.valid_until > self.clock())
        ]
        if exact not in in_force:
            yield "without an approval in force for exactly its content"
        rendition = session.get_one(Rendition, publication.rendition_id)
        if rendition.revision_id != revision.id or rendition.account_id != publication.account_id:
            yield "with another account’s or revision’s text"
        if publication.payload_sha256 != rendition_hash(rendition.payload):
            yield "with a payload that is not the one it was bound to"

    def _unable(self, session: Session, publication: Publication) -> Iterable[str]:
        account = session.get_one(Account, publication.account_id)
        if account.state is not AccountState.ACTIVE:
            yield "on an account that is not connected"
        for attempt_id, (account_id, until) in self._asked_to_wait.items():
            told = session.get_one(Attempt, attempt_id).outcome is AttemptOutcome.NOT_SENT
            if account_id == account.id and told and until > self.clock():
                yield "though the network asked to wait"
        for attempt_id, account_id in self._signed_out.items():
            told = session.get_one(Attempt, attempt_id).outcome is AttemptOutcome.SIGNED_OUT
            if account_id == account.id and told:
                yield "though the network has signed it out"
        sending = select(Publication.id).where(
            Publication.account_id == account.id, Publication.state == S.SENDING
        )
        if len(session.scalars(sending).all()) > 1:
            yield "while another of its account was being sent"

    def _sent_before(self, session: Session, publication: Publication, attempt: Attempt) -> Iterable[str]:
        """After an unclear answer nothing goes again before somebody has looked and not found it."""
        earlier = session.scalars(
            select(Attempt)
            .where(
                Attempt.publication_id == publication.id,
                Attempt.position == attempt.position,
                Attempt.id < attempt.id,
            )
            .order_by(Attempt.id)
        ).all()
        sends = [a for a in earlier if a.act == "send"]
        if not sends:
            return
        if sends[-1].outcome in (AttemptOutcome.SENT, AttemptOutcome.REFUSED):
            yield f"again after it was {sends[-1].outcome}"
        looked = any(
            a.act == "look" and a.outcome is AttemptOutcome.ABSENT for a in earlier if a.id > sends[-1].id
        )
        asked = self.answered.get(publication.id, 0) >= sends[-1].id
        if sends[-1].outcome in UNCLEAR and not looked and not asked:
            yield "again after an unclear answer, though nobody had looked"

    def _place_order(self, session: Session, publication: Publication, attempt: Attempt) -> None:
        place = (publication.id, attempt.position)
        payload = json.loads(self.frozen[publication.rendition_id or 0])
        self._orders[place] = (attempt.id, standing_text(payload, attempt.position))
        part = session.get_one(Part, place)
        if self._keys.setdefault(place, (part.key, part.created_at)) != (part.key, part.created_at):
            self.wrong.append(f"part {place} was given another key")

    # ---- what leaves and what comes back ---------------------------------------

    def leaving(self, access: Access, part: OutgoingPart) -> int:
        """One mark allows one sending, of exactly what was marked."""
        place = (part.publication_id, part.index)
        if place not in self._orders:
            self.wrong.append(f"part {place} left without a mark")
            return 0
        attempt_id, text = self._orders.pop(place)
        if part.text != text:
            self.wrong.append(f"part {place} left with another text than was approved")
        if (part.key, part.created_at) != self._keys[place]:
            self.wrong.append(f"part {place} left under another key than was committed")
        with self.database.read() as session:
            account_id = session.get_one(Publication, part.publication_id).account_id
        if access.account_id != account_id:
            self.wrong.append(f"part {place} left for another account")
        return attempt_id

    def came_back(self, attempt_id: int, access: Access, result: SendResult) -> None:
        if not attempt_id:
            return  # it left without a mark, and that is said already
        self.results[attempt_id] = result
        if result.outcome is Outcome.SIGNED_OUT:
            self._signed_out[attempt_id] = access.account_id
        if result.retry_after:
            until = self.clock() + timedelta(seconds=result.retry_after)
            self._asked_to_wait[attempt_id] = (access.account_id, until)

    def reconnected(self, account_id: int) -> None:
        """Connecting again begins anew."""
        self._asked_to_wait = {k: v for k, v in self._asked_to_wait.items() if v[0] != account_id}
        self._signed_out = {k: v for k, v in self._signed_out.items() if v != account_id}

    def engine_lost(self, claim: Claim) -> None:
        """What it has not written down will never be."""
        with self.database.read() as session:
            still_open = select(Attempt.id).where(
                Attempt.publication_id == claim.publication_id,
                Attempt.fence == claim.fence,
                Attempt.outcome.in_(UNCLEAR),
            )
            self.cut |= set(session.scalars(still_open))

    # ---- after every step ------------------------------------------------------

    def look_around(self) -> list[str]:
        """Everything that is wrong by now, in words."""
        self._read_log()
        with self.database.read() as session:
            publications = session.scalars(select(Publication).order_by(Publication.id)).all()
            self._nothing_is_lost(publications)
            self._replay(session, publications)
            self._attempts_are_written_down(session)
            self._parts_stay(session)
        return self.wrong

    def _read_log(self) -> None:
        with self.server.log.open("rb") as log:
            log.seek(self._read)
            lines = log.read().decode().splitlines()
            self._read = log.tell()
        for line in map(json.loads, lines):
            self._note_event(line)
        for place, paths in self.applied.items():
            if len(paths) > 1:
                self.wrong.append(f"the network was given part {place} {len(paths)} times")

    def _note_event(self, line: Mapping[str, Any]) -> None:
        if line["event"] == "arrived":
            self._paths[line["path"]] = (line["body"]["publication_id"], line["body"]["index"])
        elif line["event"] == "applied":
            self.applied[self._paths[line["path"]]].add(line["path"])
            self.standing[line["path"]] = self._paths[line["path"]]
        elif line["event"] == "deleted":
            self.standing.pop(line["path"], None)

    def _nothing_is_lost(self, publications: Iterable[Publication]) -> None:
        states = {p.id: p.state for p in publications}
        if set(states) != set(self.due):
            self.wrong.append(f"planned {sorted(self.due)}, there are {sorted(states)}")
        for publication_id, state in states.items():
            before = self._states.get(publication_id, state)
            if state not in REACHABLE[before]:
                self.wrong.append(f"publication {publication_id} went from {before} to {state}")
        self._states = states

    def _replay(self, session: Session, publications: Iterable[Publication]) -> None:
        """The entries of the record, replayed along the table of states, lead to the states of now."""
        entries = (
            select(AuditEntry.id, AuditEntry.verb, AuditEntry.subject_id, AuditPayload.details)
            .join(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
            .where(AuditEntry.id > self._last_entry, AuditEntry.subject_type == "publication")
            .order_by(AuditEntry.id)
        )
        for entry_id, verb, publication_id, details in session.execute(entries):
            self._last_entry = entry_id
            self._replay_one(publication_id, verb.partition(".")[2], details)
        for publication in publications:
            said = self._said.get(publication.id)
            if publication.state not in (GOING if said in GOING else {said}):
                self.wrong.append(
                    f"publication {publication.id}: the record says {said}, it is {publication.state}"
                )

    def _replay_one(self, publication_id: int, verb: str, details: Mapping[str, Any]) -> None:
        if verb == "planned":
            self._said[publication_id] = S.BLOCKED
        if verb not in set(Act):
            return
        said, act = self._said[publication_id], Act(verb)
        starts = [state for state in (GOING if said in GOING else {said}) if (state, act) in TABLE]
        if (
            not starts
            or details.get("from", starts[0]) not in starts
            or details["to"] != TABLE[starts[0], act]
        ):
            self.wrong.append(f"publication {publication_id}: {act} from {said} is recorded as {details}")
        self._said[publication_id] = S(details["to"])

    def _attempts_are_written_down(self, session: Session) -> None:
        """What was sent and what came back stand in the attempt; only a lost engine leaves it unclear."""
        for attempt_id, result in self.results.items():
            attempt = session.get(Attempt, attempt_id)
            if attempt is None:
                self.wrong.append(f"attempt {attempt_id} is not written down")
            elif attempt_id in self.cut:
                if attempt.outcome not in UNCLEAR:
                    self.wrong.append(f"attempt {attempt_id} of a lost engine is {attempt.outcome}")
            elif (attempt.outcome.value, attempt.status) != (result.outcome.value, result.status):
                self.wrong.append(
                    f"attempt {attempt_id} says {attempt.outcome}, the network said {result.outcome}"
                )
            elif result.outcome is not Outcome.UNKNOWN and attempt.request != result.request:
                self.wrong.append(f"attempt {attempt_id} does not say what was sent")

    def _parts_stay(self, session: Session) -> None:
        for part in session.scalars(select(Part).where(Part.remote_id.is_not(None))):
            place = (part.publication_id, part.position)
            if self._remote.setdefault(place, part.remote_id or "") != part.remote_id:
                self.wrong.append(f"part {place} was given another address")

    # ---- in the end ------------------------------------------------------------

    def in_the_end(self) -> list[str]:
        """What the network holds is known to the record, and what is published is there."""
        self.look_around()
        with self.database.read() as session:
            parts = list(session.scalars(select(Part)))
            states = {p.id: p.state for p in session.scalars(select(Publication))}
            self._network_and_record_agree(parts, states)
        return self.wrong

    def _network_and_record_agree(self, parts: Iterable[Part], states: Mapping[int, S]) -> None:
        known = {p.remote_id for p in parts if p.remote_id is not None and p.taken_down_at is None}
        for path, (publication_id, position) in self.standing.items():
            state = states[publication_id]
            if path not in known and publication_id not in self.answered and state is not S.NEEDS_PERSON:
                self.wrong.append(
                    f"part {position} of publication {publication_id} stands there, and it is {state}"
                )
        for part in parts:
            is_out = part.remote_id in self.standing or part.taken_down_at is not None
            is_published = states[part.publication_id] is S.PUBLISHED
            if is_published and part.publication_id not in self.answered and not is_out:
                self.wrong.append(
                    f"publication {part.publication_id} is out, its part {part.position} is not"
                )
