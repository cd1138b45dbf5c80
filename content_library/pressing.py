"""A decision on the page waits some seconds before it counts, so that a slip of the thumb can be taken back.

Pressing checks everything that deciding checks and keeps what was pressed; settling decides with it. Whoever presses,
takes back or settles holds the person first, so that each pending decision ends once, whichever engine or page comes
first.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from content_library import audit, clock, reviews
from content_library.database import Database
from content_library.errors import Conflict, InvalidInput, PermissionDenied, Refusal, TransitionNotAllowed
from content_library.models.review import Decision, PendingDecision, Review, Submission, Verdict
from content_library.models.user import User
from content_library.notices import notify
from content_library.transitions import flush, hold_deciders, hold_person

MOST_AT_ONCE = 25
MOST_SETTLED = 100
PRESSED = {
    Verdict.APPROVE: "approved",
    Verdict.REQUEST_CHANGES: "asked for changes",
    Verdict.REFUSE: "refused",
}
log = logging.getLogger(__name__)


def press(
    session: Session,
    review: Review,
    verdict: Verdict,
    *,
    actor: User,
    now: datetime,
    wait_s: int,
    seen_revision_id: int,
    seen_hash: str,
    reason: str = "",
    place: Mapping[str, str] | None = None,
    replacement: str = "",
    identified_by: str = "password",
    checked: Sequence[str] = (),
) -> PendingDecision | Decision:
    """A decision that counts in `wait_s` seconds unless it is taken back; at once when that is 0.

    Raises what `reviews.decide` raises, and TransitionNotAllowed when something else is pressed already.
    """
    if wait_s == 0:
        return reviews.decide(
            session, review, verdict, actor=actor, now=now, seen_revision_id=seen_revision_id,
            seen_hash=seen_hash, reason=reason, place=place, identified_by=identified_by, checked=checked,
            replacement=replacement,
        )  # fmt: skip
    reason, seen = reason.strip(), (seen_revision_id, seen_hash)
    before = reviews.repeated(session, review, verdict, actor=actor, now=now, seen=seen, reason=reason)
    if before is not None:
        return before
    pressed = pending_of(session, review.submission, actor)
    if pressed is not None:
        return _same(pressed, review, verdict, reason, seen)
    kept, ticked = reviews.check(
        session, review, verdict, actor=actor, seen=seen, reason=reason, place=place, checked=checked,
        replacement=replacement,
    )  # fmt: skip
    pending = PendingDecision(
        review=review,
        submission_id=review.submission_id,
        user=actor,
        verdict=verdict,
        reason=reason,
        place=kept,
        replacement=replacement.strip(),
        checked=ticked,
        seen_revision_id=seen_revision_id,
        seen_hash=seen_hash,
        identified_by=identified_by,
        pressed_at=now,
        settles_at=now + timedelta(seconds=wait_s),
    )
    session.add(pending)
    flush(session)
    return pending


@dataclass(frozen=True)
class Read:
    """One of several that are decided on at once: what stood on the page about it."""

    review: Review
    seen_revision_id: int
    seen_hash: str
    checked: Sequence[str] = ()


@dataclass
class Outcome:
    """Of several pressed at once: what counts or will, and what does not, each with its sentence."""

    made: list[PendingDecision | Decision] = field(default_factory=list)
    refused: list[tuple[Review, Refusal]] = field(default_factory=list)


def press_several(
    session: Session,
    several: Sequence[Read],
    verdict: Verdict,
    *,
    actor: User,
    now: datetime,
    wait_s: int,
    reason: str = "",
    identified_by: str = "password",
) -> Outcome:
    """The same as pressing each on its own: one that is refused keeps no other from counting.

    Raises InvalidInput when none or too many are asked for, or a no has no reason, and PermissionDenied when this
    person may decide on none of them.
    """
    if not 1 <= len(several) <= MOST_AT_ONCE:
        raise InvalidInput(f"Tick from 1 to {MOST_AT_ONCE} of them.")
    reviews.check_reason(verdict, reason.strip())
    outcome = Outcome()
    for read in sorted(several, key=lambda r: (r.review.submission.post_id, r.review.id)):
        try:
            with session.begin_nested():
                made = press(
                    session, read.review, verdict, actor=actor, now=now, wait_s=wait_s, reason=reason,
                    seen_revision_id=read.seen_revision_id, seen_hash=read.seen_hash,
                    identified_by=identified_by, checked=read.checked,
                )  # fmt: skip
            outcome.made.append(made)
        except Refusal as refusal:
            outcome.refused.append((read.review, refusal))
    denied = [refusal for _review, refusal in outcome.refused if isinstance(refusal, PermissionDenied)]
    if len(denied) == len(several):
        raise denied[0]
    return outcome


def _same(
    pressed: PendingDecision, review: Review, verdict: Verdict, reason: str, seen: tuple[int, str]
) -> PendingDecision:
    """What is pressed twice is pressed once. Raises TransitionNotAllowed when it is another decision."""
    same = (pressed.review_id, pressed.verdict, pressed.reason) == (review.id, verdict, reason)
    if not same or seen != (pressed.seen_revision_id, pressed.seen_hash):
        raise TransitionNotAllowed(
            f"You {PRESSED[pressed.verdict]} this a moment ago. Undo that first, then decide again."
        )
    return pressed


def pending_of(session: Session, submission: Submission, person: User) -> PendingDecision | None:
    """What this person has pressed on a submission and can still take back."""
    return session.scalar(
        select(PendingDecision).where(
            PendingDecision.submission_id == submission.id, PendingDecision.user_id == person.id
        )
    )


def undo(session: Session, review_ids: Collection[int], *, actor: User, now: datetime) -> list[Review]:
    """Take back what this person pressed on these reviews; returns those where it did not count yet."""
    hold_person(session, actor)
    mine = select(PendingDecision).where(
        PendingDecision.user_id == actor.id, PendingDecision.review_id.in_(list(review_ids))
    )
    found = list(session.scalars(mine.order_by(PendingDecision.id)))
    for pending in found:
        session.delete(pending)
        audit.record(
            session, "decision.undone", pending.review, actor=actor, now=now,
            summary=f"{pending.review.team.name}: took back a decision on “{_title(pending)}” before it counted",
            details={"verdict": pending.verdict, "submission_id": pending.submission_id},
        )  # fmt: skip
    flush(session)
    return [pending.review for pending in found]


def due(session: Session, *, now: datetime, person: User | None = None) -> list[int]:
    """The ids of what counts by now, the first pressed first; of everybody, or of one person."""
    return list(session.scalars(_due(now, person).order_by(PendingDecision.id).limit(MOST_SETTLED)))


def _due(now: datetime, person: User | None) -> Select[int]:
    found = select(PendingDecision.id).where(PendingDecision.settles_at <= now)
    return found if person is None else found.where(PendingDecision.user_id == person.id)


def settle_due(database: Database, *, person: User | None = None) -> int:
    """Let everything count that is due, each in a transaction of its own; returns how many were looked at."""
    with database.read() as session:
        found = due(session, now=clock.now(session), person=person)
    for pending_id in found:
        try:
            with database.write() as session:
                settle(session, pending_id, now=clock.now(session))
        except Exception:
            log.exception("pending decision %s: tried again later", pending_id)
    return len(found)


def settle(session: Session, pending_id: int, *, now: datetime) -> Decision | None:
    """Decide with what was pressed. A refusal is told to the person, and nothing counts.

    None when it was taken back, or settled by somebody else meanwhile.
    """
    pending = session.get(PendingDecision, pending_id)
    if pending is None:
        return None
    hold_deciders(session, pending.user, pending.review.team_id, now=now)
    mine = delete(PendingDecision).where(PendingDecision.id == pending_id).returning(PendingDecision.id)
    if session.scalar(mine, execution_options={"synchronize_session": False}) is None:
        return None
    session.expunge(pending)
    try:
        with session.begin_nested():
            return _decide(session, pending, now=now)
    except Conflict:
        raise  # tried again: nothing was decided about it
    except Refusal as refusal:
        _tell(session, pending, refusal, now=now)
        return None


def _decide(session: Session, pending: PendingDecision, *, now: datetime) -> Decision:
    return reviews.decide(
        session,
        session.get_one(Review, pending.review_id),
        pending.verdict,
        actor=session.get_one(User, pending.user_id),
        now=now,
        seen_revision_id=pending.seen_revision_id,
        seen_hash=pending.seen_hash,
        reason=pending.reason,
        place=pending.place,
        replacement=pending.replacement,
        identified_by=pending.identified_by,
        checked=pending.checked,
    )


def _tell(session: Session, pending: PendingDecision, refusal: Refusal, *, now: datetime) -> None:
    review = session.get_one(Review, pending.review_id)
    text = f"Your decision on “{review.submission.post.title}” does not count: {refusal.message}"
    notify(
        session, [pending.user_id], "decision.refused", review, stage=f"pressed {pending.id}", text=text, now=now,
        details={"post_id": review.submission.post_id},
    )  # fmt: skip


def _title(pending: PendingDecision) -> str:
    return pending.review.submission.post.title
