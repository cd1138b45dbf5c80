"""The approvals of a post: which one is in force, and what ends it. Sits beside transitions, below use cases."""

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from content_library import audit, events
from content_library.models.post import Post, PostState
from content_library.models.review import Approval
from content_library.models.user import User
from content_library.review_flow import PostAct
from content_library.transitions import flush, move_post


def approval_in_force(session: Session, post: Post, *, now: datetime | None = None) -> Approval | None:
    """The newest approval that is neither withdrawn nor (if `now` is given) past its end."""
    query = select(Approval).where(Approval.post_id == post.id, Approval.withdrawn_at.is_(None))
    if now is not None:
        query = query.where(or_(Approval.valid_until.is_(None), Approval.valid_until > now))
    return session.scalar(query.order_by(Approval.revision_id.desc()).limit(1))


def approvals_in_force(session: Session, post: Post) -> list[Approval]:
    return list(
        session.scalars(select(Approval).where(Approval.post_id == post.id, Approval.withdrawn_at.is_(None)))
    )


def withdraw(
    session: Session, post: Post, approval: Approval, *, actor: User | None, now: datetime, why: str
) -> None:
    """End an approval. What is unsent under it stops in the same transaction."""
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
    if post.state is PostState.APPROVED and approval_in_force(session, post) is None:
        move_post(
            session,
            post,
            PostAct.LOSE_APPROVAL,
            actor=actor,
            now=now,
            summary=f"“{post.title}” is a draft again",
        )
    events.tell(session, events.ApprovalLost(post, approval, why, now))
