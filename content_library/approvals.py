"""The approvals of a post: which one is in force, and what ends it. Sits beside transitions, below use cases."""

from datetime import datetime

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from content_library import audit, events
from content_library.errors import TransitionNotAllowed
from content_library.models.post import Post, PostState
from content_library.models.review import Approval
from content_library.models.user import User
from content_library.review_flow import PostAct
from content_library.transitions import flush, move_post


def approval_in_force(session: Session, post: Post, *, now: datetime | None = None) -> Approval | None:
    """The newest approval that is neither withdrawn nor (if `now` is given) past its end."""
    return session.scalar(_in_force(post, now).order_by(Approval.revision_id.desc()).limit(1))


def approvals_in_force(session: Session, post: Post, *, now: datetime | None = None) -> list[Approval]:
    """All of them, the newest first: an earlier revision stays approved until somebody withdraws it."""
    return list(session.scalars(_in_force(post, now).order_by(Approval.revision_id.desc())))


def _in_force(post: Post, now: datetime | None) -> Select[Approval]:
    query = select(Approval).where(Approval.post_id == post.id, Approval.withdrawn_at.is_(None))
    if now is None:
        return query
    return query.where(or_(Approval.valid_until.is_(None), Approval.valid_until > now))


def withdraw_all(session: Session, post: Post, *, actor: User | None, now: datetime, why: str) -> None:
    """End every approval of a post, as when it is archived or over."""
    for approval in approvals_in_force(session, post):
        withdraw(session, post, approval, actor=actor, now=now, why=why)


def withdraw(
    session: Session, post: Post, approval: Approval, *, actor: User | None, now: datetime, why: str
) -> None:
    """End an approval. What is unsent under it stops in the same transaction.

    Raises TransitionNotAllowed when somebody has withdrawn it already.
    """
    if approval.withdrawn_at is not None:
        raise TransitionNotAllowed("This approval was withdrawn already. Reload the page.")
    approval.withdrawn_at, approval.withdrawn_why = now, why
    approval.withdrawn_by_id = actor.id if actor else None
    audit.record(
        session,
        "approval.withdrawn",
        approval,
        actor=actor,
        now=now,
        desk_id=post.desk_id,
        summary=f"Approval of “{post.title}” withdrawn: {why}",
        details={"post_id": post.id, "content_hash": approval.content_hash},
    )
    flush(session)
    if post.state is PostState.APPROVED and approval_in_force(session, post, now=now) is None:
        move_post(
            session,
            post,
            PostAct.LOSE_APPROVAL,
            actor=actor,
            now=now,
            summary=f"“{post.title}” is a draft again",
        )
    events.tell(session, events.ApprovalLost(post, approval, why, now))
