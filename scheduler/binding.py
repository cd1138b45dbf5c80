"""Binding a publication to what was approved, and unbinding it when the approval is lost."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library.approvals import approval_in_force
from content_library.models.desk import Desk
from content_library.models.format import Format
from content_library.models.post import Post, Rendition, Revision
from content_library.models.review import Approval
from content_library.models.user import User
from content_library.offer_window import window
from content_library.wall_time import Resolved, parse_wall, tzdata_version
from scheduler import gate, transitions
from scheduler.gate import Reason
from scheduler.half_out import tell_of_the_rest
from scheduler.models import Part, Publication, PublicationState
from scheduler.publication_flow import UNSENT, Act

WAITS = "It waits for its clearance."


def unsent_of(session: Session, post: Post) -> list[Publication]:
    """The publications of a post that have not begun to go out, held until the transaction ends.

    What is being marked at this moment is waited for. What is being sent is held too: it may have another part to go.
    """
    held = session.scalars(
        select(Publication)
        .where(Publication.post_id == post.id, Publication.state.in_((*UNSENT, PublicationState.SENDING)))
        .order_by(Publication.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return [publication for publication in held if publication.state in UNSENT]


def bind(session: Session, publication: Publication, approval: Approval | None) -> bool:
    """Copy revision, rendition, hash and window of what is approved; False when nothing covers this account.

    A publication of which a part is already out keeps what it is bound to, as long as that stays approved.
    """
    if has_begun(session, publication):
        return _is_approved(session, publication)
    if approval is None:
        return False
    rendition = session.scalar(
        select(Rendition).where(
            Rendition.revision_id == approval.revision_id, Rendition.account_id == publication.account_id
        )
    )
    if rendition is None:
        return False
    revision = session.get_one(Revision, approval.revision_id)
    publication.revision_id, publication.rendition_id = revision.id, rendition.id
    publication.payload_sha256 = rendition.sha256
    _set_window(session, publication, revision)
    return True


def has_begun(session: Session, publication: Publication) -> bool:
    """Whether it was on its way once, so that its parts have their keys: its text stays as it was then."""
    return publication.id is not None and session.get(Part, (publication.id, 0)) is not None


def _is_approved(session: Session, publication: Publication) -> bool:
    """Whether what it is bound to is; that it has not run out, the gate says."""
    its_own = select(Approval.id).where(
        Approval.revision_id == publication.revision_id, Approval.withdrawn_at.is_(None)
    )
    return session.scalar(its_own.limit(1)) is not None


def _set_window(session: Session, publication: Publication, revision: Revision) -> None:
    desk = session.get_one(Desk, publication.desk_id)
    format_ = session.get_one(Format, revision.content["format"])
    open_between = window(revision.content, format_.fields, desk.zone)
    publication.starts_at, publication.ends_at = open_between.starts_at, open_between.until
    publication.grace_s = format_.grace_s
    publication.late_at = late_at(publication.due_at, format_.grace_s, open_between.until)


def late_at(due_at: datetime, grace_s: int, ends_at: datetime | None) -> datetime:
    """Until when it may go out late. A grace of 0 means until the offer ends."""
    if grace_s == 0 and ends_at is not None and ends_at > due_at:
        return ends_at
    return due_at + timedelta(seconds=grace_s or 900)


def set_time(publication: Publication, wall: str, zone: str, time: Resolved) -> None:
    """Its time on the wall, and what follows from that."""
    publication.wall = parse_wall(wall).isoformat(timespec="seconds")
    publication.zone, publication.fold = zone, time.fold
    publication.due_at, publication.tzdata_version = time.due_at, tzdata_version()
    publication.late_at = late_at(time.due_at, publication.grace_s, publication.ends_at)
    publication.not_before = None


def let_go(
    session: Session, publication: Publication, *, actor: User | None, now: datetime, reason: str,
    explanation: str = "", details: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Plan a publication that is bound. What will keep it back at its time is said now, not only then."""
    foreseen = foresee(session, publication)
    if foreseen is not None and foreseen.act is Act.BLOCK and publication.state is PublicationState.BLOCKED:
        _wait_for(session, publication, foreseen, now=now)
        return
    if publication.state is not PublicationState.PLANNED:
        transitions.move(
            session, publication, Act.RELEASE, actor=actor, now=now, reason=reason, explanation=explanation,
            details=details,
        )  # fmt: skip
    if foreseen is not None:
        transitions.move(
            session, publication, foreseen.act, actor=None, now=now, reason=foreseen.reason,
            explanation=foreseen.sentence,
        )  # fmt: skip


def foresee(session: Session, publication: Publication) -> gate.No | None:
    """What the gate would say at its time if nothing changes until then: a hold, or something to wait for."""
    session.flush()
    answer = gate.ask(session, publication.id, now=publication.due_at)
    if not isinstance(answer, gate.No):
        return None
    if answer.act is Act.EXPIRE:
        return gate.No(Reason.WINDOW, Act.BLOCK, "Its offer or day is over by then. Choose an earlier time.")
    return answer if answer.act in (Act.HOLD, Act.BLOCK) else None


def _wait_for(session: Session, publication: Publication, foreseen: gate.No, *, now: datetime) -> None:
    """It was waiting for one thing and now waits for another."""
    if publication.reason == foreseen.reason and publication.explanation == foreseen.sentence:
        return
    publication.reason, publication.explanation = foreseen.reason, foreseen.sentence
    transitions.note(session, publication, "publication.waits", f"waiting. {foreseen.sentence}", now=now)


def rebind_unsent(session: Session, post: Post, approval: Approval, *, now: datetime) -> None:
    """A revision was approved: what waits for it goes, what was planned with an older one goes with this."""
    for publication in unsent_of(session, post):
        before = publication.revision_id
        if not bind(session, publication, approval):
            continue
        details = {"revision_id": publication.revision_id, "before": before}
        if before is not None and before != publication.revision_id:
            transitions.note(
                session, publication, "publication.rebound", "It goes with the newer approved revision.", now=now,
                details=details,
            )  # fmt: skip
        if publication.state in (PublicationState.BLOCKED, PublicationState.PLANNED):
            let_go(
                session, publication, actor=None, now=now, reason="approved",
                explanation="Cleared; it goes at its time.", details=details,
            )  # fmt: skip


def unbind_unsent(session: Session, post: Post, approval: Approval, why: str, *, now: datetime) -> None:
    """An approval was lost: what is unsent under it goes with another one in force, or waits."""
    remaining = approval_in_force(session, post, now=now)
    for publication in unsent_of(session, post):
        if publication.revision_id != approval.revision_id:
            continue
        if remaining is not None and bind(session, publication, remaining):
            transitions.note(
                session, publication, "publication.rebound", "It goes with the revision still approved.", now=now,
                details={"revision_id": remaining.revision_id, "before": approval.revision_id},
            )  # fmt: skip
        elif publication.state in (PublicationState.PLANNED, PublicationState.CLAIMED, PublicationState.HELD):
            transitions.move(
                session, publication, Act.BLOCK, actor=None, now=now, reason=Reason.APPROVAL,
                explanation=f"Its approval was withdrawn: {why}",
            )  # fmt: skip


def expire_unsent(session: Session, post: Post, *, now: datetime) -> None:
    """The post is over: what has not gone out does not go out."""
    for publication in unsent_of(session, post):
        transitions.move(
            session, publication, Act.EXPIRE, actor=None, now=now, reason=Reason.OVER,
            explanation="The post is over, so it does not go out.",
        )  # fmt: skip
        tell_of_the_rest(session, publication, now=now)
