"""Sorting out what was kept back: each goes at another time, back to its author, or not at all; and taking it back.

Nothing is sent in that moment, and what goes on keeps apart. What ends for good ends some minutes later, so that it
can be undone; until then it is set aside and asks for nobody.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from content_library import audit
from content_library.approvals import approval_in_force
from content_library.errors import InvalidInput, NotFound, TransitionNotAllowed
from content_library.models.desk import Desk
from content_library.models.user import User
from content_library.notices import notify
from content_library.permissions import can_hold, require
from content_library.transitions import flush
from content_library.wall_time import parse_wall, resolve, wall_of
from scheduler import kept_back, openings, transitions
from scheduler.binding import bind, let_go, set_time
from scheduler.gate import Reason
from scheduler.kept_back import Choice, Kept
from scheduler.models import Publication, PublicationState
from scheduler.openings import Openings
from scheduler.plan_models import TriageAct
from scheduler.publication_flow import LET_BE, SENT_BACK, SET_ASIDE, Act

UNDO = timedelta(minutes=10)
MAY_SORT = "Only the desk’s leads can decide what becomes of what was kept back."
MOVED_ON = "Somebody decided about it meanwhile."
FEW = 50  # up to here each is put to the gate at once; beyond, the gate asks when it goes
_REASONS = {Choice.BACK: SENT_BACK, Choice.LET_BE: LET_BE}


@dataclass(frozen=True)
class Wanted:
    """What somebody chose for one publication; `wall` in the desk's zone, `seen` the version they saw."""

    id: int
    choice: Choice
    seen: int
    wall: str = ""


@dataclass(frozen=True)
class Sorted:
    """What was done. `refused`: publication and sentence. `act` is None when nothing was."""

    act: TriageAct | None
    done: dict[Choice, int]
    refused: list[tuple[int, str]]


def fingerprint(rows: Sequence[Kept]) -> str:
    """Of what is suggested, times apart: whoever takes it all takes what stood there."""
    seen = [(row.id, row.version, row.choice.value) for row in rows]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:16]


def sort_all(session: Session, desk: Desk, seen: str, *, actor: User, now: datetime) -> Sorted:
    """Do with each what is suggested. Raises InvalidInput when it is no longer what the person saw."""
    rows = kept_back.look(session, desk, now=now)
    if fingerprint(rows) != seen:
        raise InvalidInput("Something has changed since you looked. Look again, then press once more.")
    wanted = [
        Wanted(row.id, row.choice, row.version, wall_of(row.at, desk.zone).isoformat() if row.at else "")
        for row in rows
    ]
    return sort_out(session, desk, wanted, actor=actor, now=now)


def sort_out(session: Session, desk: Desk, wanted: Sequence[Wanted], *, actor: User, now: datetime) -> Sorted:
    """Do what was chosen, each on its own: what cannot be done is named, the rest is done."""
    require(can_hold(actor, desk.id), MAY_SORT)
    wanted = [w for w in wanted if w.choice is not Choice.LEAVE]
    found = _lock(session, desk.id, [w.id for w in wanted])
    looked = {kept.id: kept for kept in kept_back.look(session, desk, now=now)}
    work = _Work(session, openings.read(session, desk, now=now), actor, now, is_few=len(wanted) <= FEW)
    refused: list[tuple[int, str]] = []
    for one in wanted:
        publication, kept = found.get(one.id), looked.get(one.id)
        if publication is None or kept is None or publication.version != one.seen:
            refused.append((one.id, MOVED_ON))
        elif problem := work.do(publication, kept, one):
            refused.append((one.id, problem))
    return Sorted(_keep(session, desk, work, actor=actor, now=now), work.counts(), refused)


def _lock(session: Session, desk_id: int, ids: Sequence[int]) -> dict[int, Publication]:
    """Two who decide at once come one after the other; the second finds what the first has done."""
    found = session.scalars(
        select(Publication)
        .where(Publication.desk_id == desk_id, Publication.id.in_(ids))
        .order_by(Publication.id)
        .options(joinedload(Publication.post), joinedload(Publication.account))
        .with_for_update(of=Publication)
        .execution_options(populate_existing=True)
    )
    return {publication.id: publication for publication in found}


def _keep(session: Session, desk: Desk, work: "_Work", *, actor: User, now: datetime) -> TriageAct | None:
    if not work.choices:
        return None
    settled = None if work.counts().keys() - {Choice.RESUME} else now
    act = TriageAct(desk_id=desk.id, by_id=actor.id, at=now, choices=work.choices, settled_at=settled)
    session.add(act)
    flush(session)
    summary = ", ".join(f"{count} {_DONE[choice]}" for choice, count in work.counts().items())
    audit.record(
        session, "triage.decided", act, actor=actor, now=now, summary=f"Sorted out: {summary}",
        details={"choices": [{"id": c["id"], "act": c["act"]} for c in work.choices]},
    )  # fmt: skip
    flush(session)
    return act


_DONE = {Choice.RESUME: "go on", Choice.BACK: "back to their authors", Choice.LET_BE: "do not go out"}


class _Work:
    """One person's decisions, done one after the other."""

    def __init__(self, session: Session, free: Openings, actor: User, now: datetime, *, is_few: bool) -> None:
        self.session, self.free, self.actor, self.now, self.is_few = session, free, actor, now, is_few
        self.choices: list[dict[str, Any]] = []

    def counts(self) -> dict[Choice, int]:
        acts = [choice["act"] for choice in self.choices]
        return {choice: acts.count(choice.value) for choice in Choice if choice.value in acts}

    def do(self, publication: Publication, kept: Kept, one: Wanted) -> str:
        """The sentence why not; empty when it is done."""
        before = {
            "wall": publication.wall, "zone": publication.zone, "fold": publication.fold,
            "explanation": publication.explanation,
        }  # fmt: skip
        problem = (
            self._resume(publication, kept, one.wall)
            if one.choice is Choice.RESUME
            else self._set_aside(publication, kept, one.choice)
        )
        if not problem:
            self.choices.append(
                {
                    "id": publication.id,
                    "act": one.choice.value,
                    "version": publication.version,
                    "before": before,
                }
            )
        return problem

    def _resume(self, publication: Publication, kept: Kept, wall: str) -> str:
        if kept.choice is not Choice.RESUME and kept.why:
            return kept.why
        try:
            time = resolve(parse_wall(wall), self.free.desk.zone)
        except InvalidInput as wrong:
            return wrong.message
        if problem := self._in_the_way(publication, kept, time.due_at):
            return problem
        set_time(publication, wall, self.free.desk.zone, time)
        self.free.take(publication.account_id, time.due_at)
        self._go(publication, kept)
        return ""

    def _in_the_way(self, publication: Publication, kept: Kept, moment: datetime) -> str:
        """Why it does not fit there. What was kept back never bursts."""
        if moment <= self.now:
            return "That time is past by now."
        if publication.ends_at is not None and moment >= publication.ends_at:
            return "Its offer or day is over by then."
        if publication.starts_at is not None and moment < publication.starts_at:
            return "Its offer has not begun by then."
        silence = None if kept.in_silence else self.free.calm.window(publication.account_id, moment)
        if silence is not None:
            return f"Nothing goes out then: {silence.name}."
        if not kept.in_silence and self.free.calm.quiet_until(publication.account_id, moment):
            return "The account is quiet then. To send it all the same, move it on its own page."
        gap = timedelta(seconds=publication.account.least_gap_s)
        clash = self.free.clash(publication.account_id, moment, gap)
        return (
            "" if clash is None else "Something else goes out there at that time; leave a gap between them."
        )

    def _go(self, publication: Publication, kept: Kept) -> None:
        """A handful is asked at once whatever the gate will ask; many have had the answers that change most often."""
        session, now = self.session, self.now
        wall = publication.wall[:16].replace("T", " ")
        if publication.revision_id != kept.revision_id:
            bind(session, publication, approval_in_force(session, publication.post, now=now))
        if self.is_few:
            let_go(
                session, publication, actor=self.actor, now=now, reason="resumed", explanation=f"For {wall}."
            )
        else:
            transitions.move(
                session, publication, Act.RELEASE, actor=self.actor, now=now, reason="resumed",
                explanation=f"For {wall}.",
            )  # fmt: skip

    def _set_aside(self, publication: Publication, kept: Kept, choice: Choice) -> str:
        publication.reason = _REASONS[choice]
        why = kept.why or publication.explanation
        words = {Choice.BACK: "Back to its author.", Choice.LET_BE: "It does not go out."}[choice]
        publication.explanation = f"{words} {why}".strip()
        transitions.note(
            self.session, publication, "publication.set_aside", publication.explanation, now=self.now,
            actor=self.actor,
        )  # fmt: skip
        return ""


def recent(session: Session, desk_id: int, *, now: datetime) -> list[TriageAct]:
    """What was decided in the last minutes and can still be taken back, the newest first."""
    return list(
        session.scalars(
            select(TriageAct)
            .where(TriageAct.desk_id == desk_id, TriageAct.undone_at.is_(None), TriageAct.at > now - UNDO)
            .order_by(TriageAct.id.desc())
            .options(joinedload(TriageAct.by))
        )
    )


def get_act(session: Session, desk_id: int, act_id: int) -> TriageAct:
    """Held until the transaction ends. Raises NotFound, also for another desk's."""
    query = select(TriageAct).where(TriageAct.id == act_id, TriageAct.desk_id == desk_id)
    found = session.scalar(query.with_for_update())
    if found is None:
        raise NotFound("There is no such decision on this desk.")
    return found


def undo(session: Session, act: TriageAct, *, actor: User, now: datetime) -> tuple[int, int]:
    """Take back what was decided at once: how many are as they were, and how many have moved on since."""
    require(can_hold(actor, act.desk_id), MAY_SORT)
    if act.undone_at is not None:
        raise TransitionNotAllowed("This was taken back already.")
    if act.at <= now - UNDO:
        raise TransitionNotAllowed("It is too late to take this back. Each can still be planned anew.")
    found = _lock(session, act.desk_id, [choice["id"] for choice in act.choices])
    back = [c for c in act.choices if found[c["id"]].version == c["version"]]
    for choice in back:
        _as_before(session, found[choice["id"]], choice, actor=actor, now=now)
    act.undone_at = act.settled_at = now
    audit.record(session, "triage.undone", act, actor=actor, now=now, summary=f"Taken back: {len(back)}")
    flush(session)
    return len(back), len(act.choices) - len(back)


def _as_before(
    session: Session, publication: Publication, choice: dict[str, Any], *, actor: User, now: datetime
) -> None:
    before = choice["before"]
    if choice["act"] != Choice.RESUME:
        publication.reason, publication.explanation = Reason.LATE, before["explanation"]
        transitions.note(
            session, publication, "publication.taken_up", "to be decided again", now=now, actor=actor
        )
        return
    time = resolve(parse_wall(before["wall"]), before["zone"], fold=before["fold"])
    set_time(publication, before["wall"], before["zone"], time)
    if publication.state is not PublicationState.PLANNED:
        transitions.move(session, publication, Act.RELEASE, actor=actor, now=now, reason="undone")
    transitions.move(
        session, publication, Act.MISS, actor=actor, now=now, reason=Reason.LATE,
        explanation=before["explanation"],
    )  # fmt: skip


def settle(session: Session, *, now: datetime, most: int = 20) -> int:
    """What nobody took back in time ends: cancelled and told to its author, or expired. Returns how many."""
    acts = session.scalars(
        select(TriageAct)
        .where(TriageAct.settled_at.is_(None), TriageAct.at <= now - UNDO)
        .order_by(TriageAct.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    ).all()
    count = 0
    for act in acts:
        found = _lock(session, act.desk_id, [choice["id"] for choice in act.choices])
        for publication in found.values():
            count += _end(session, publication, act, now=now)
        act.settled_at = now
    return count


def _end(session: Session, publication: Publication, act: TriageAct, *, now: datetime) -> bool:
    if publication.state is not PublicationState.MISSED or publication.reason not in SET_ASIDE:
        return False
    is_back = publication.reason == SENT_BACK
    way, reason = (Act.CANCEL, SENT_BACK) if is_back else (Act.EXPIRE, Reason.OVER)
    transitions.move(
        session, publication, way, actor=act.by, now=now, reason=reason, explanation=publication.explanation
    )
    if is_back:
        _tell_author(session, publication, act, now=now)
    return True


def _tell_author(session: Session, publication: Publication, act: TriageAct, *, now: datetime) -> None:
    """About the post, because that is what they work on."""
    post = publication.post
    people = {post.owner_id, publication.created_by_id or post.owner_id}
    notify(
        session, people - {act.by_id}, "publication.sent_back", post, now=now, stage=f"publication {publication.id}",
        text=f"“{post.title}” on {publication.account.handle} came back to you. {publication.explanation}",
        details={"post_id": post.id, "from": act.by.name},
    )  # fmt: skip
