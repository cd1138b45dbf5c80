"""Legal holds: auditors and administrators say what must be kept; the desk itself neither places nor lifts them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from content_library import audit
from content_library.errors import InvalidInput, NotFound, TransitionNotAllowed
from content_library.models.desk import Desk
from content_library.models.legal_hold import LegalHold
from content_library.models.post import Post
from content_library.models.user import User
from content_library.permissions import can_hold_legally, require
from content_library.transitions import flush

MAY_HOLD = "Only auditors and administrators can place and lift legal holds."
LONGEST = 2_000


def legal_holds(session: Session, desk_id: int) -> Sequence[LegalHold]:
    """Those of a desk, what is in force first, the newest first."""
    return session.scalars(
        select(LegalHold)
        .where(LegalHold.desk_id == desk_id)
        .order_by(LegalHold.lifted_at.is_not(None), LegalHold.id.desc())
        .options(joinedload(LegalHold.post), joinedload(LegalHold.placed_by), joinedload(LegalHold.lifted_by))
    ).all()


def get_legal_hold(session: Session, desk_id: int, hold_id: int) -> LegalHold:
    """A hold of this desk. Raises NotFound, also for another desk's."""
    hold = session.scalar(select(LegalHold).where(LegalHold.id == hold_id, LegalHold.desk_id == desk_id))
    if hold is None:
        raise NotFound("There is no such legal hold on this desk.")
    return hold


def place(
    session: Session, desk: Desk, reason: str, *, actor: User, now: datetime, post_id: int | None = None
) -> LegalHold:
    """Keep a post, or everything of the desk, until the hold is lifted. A second hold beside the first is fine."""
    require(can_hold_legally(actor, desk.id), MAY_HOLD)
    reason = _sentence(reason, "reason", "Say why it must be kept: whoever lifts the hold has to know.")
    post = _post(session, desk, post_id) if post_id is not None else None
    hold = LegalHold(desk=desk, post=post, reason=reason, placed_by=actor, placed_at=now)
    session.add(hold)
    flush(session)
    audit.record(
        session, "legal_hold.placed", hold, actor=actor, now=now, desk_id=desk.id,
        summary=f"Legal hold on {_what(hold)}: {reason}",
        details={"post_id": post_id, "desk_id": desk.id, "reason": reason},
    )  # fmt: skip
    flush(session)
    return hold


def lift(session: Session, hold: LegalHold, why: str, *, actor: User, now: datetime) -> None:
    """From now on the periods of retention hold again. Raises TransitionNotAllowed when it was lifted already."""
    require(can_hold_legally(actor, hold.desk_id), MAY_HOLD)
    if hold.lifted_at is not None:
        raise TransitionNotAllowed("This legal hold was lifted already. Reload the page.")
    why = _sentence(why, "why", "Say why it need not be kept any longer.")
    hold.lifted_by, hold.lifted_at, hold.lifted_why = actor, now, why
    audit.record(
        session, "legal_hold.lifted", hold, actor=actor, now=now, desk_id=hold.desk_id,
        summary=f"Legal hold on {_what(hold)} lifted: {why}",
        details={"post_id": hold.post_id, "desk_id": hold.desk_id, "reason": hold.reason, "why": why},
    )  # fmt: skip
    flush(session)


def _post(session: Session, desk: Desk, post_id: int) -> Post:
    post = session.scalar(select(Post).where(Post.id == post_id, Post.desk_id == desk.id))
    if post is None:
        sentence = "There is no post with this number on this desk. The number stands in the post’s address."
        raise InvalidInput(sentence, {"post": sentence})
    return post


def _sentence(text: str, field: str, needed: str) -> str:
    text = text.strip()
    if not text:
        raise InvalidInput(needed, {field: needed})
    if len(text) > LONGEST:
        long = f"Use at most {LONGEST:,} characters."
        raise InvalidInput(long, {field: long})
    return text


def _what(hold: LegalHold) -> str:
    return f"“{hold.post.title}”" if hold.post else f"everything of {hold.desk.name}"
