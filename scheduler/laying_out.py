"""Making a run and its publications: the rows that planning by hand and series have in common."""

import uuid
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from content_library import audit
from content_library.approvals import approval_in_force
from content_library.models.account import Account
from content_library.models.desk import Desk
from content_library.models.format import Format
from content_library.models.post import Post, Revision
from content_library.models.user import User
from content_library.offer_window import Window, window
from content_library.transitions import flush
from content_library.wall_time import Resolved, parse_wall, tzdata_version
from scheduler.binding import WAITS, bind, late_at, let_go
from scheduler.gate import Reason
from scheduler.models import Publication, PublicationState, Run, RunCause


def new_run(session: Session, post: Post, cause: RunCause, *, by_id: int, now: datetime) -> Run:
    """The next run of a post, which the caller holds."""
    last = session.scalar(select(func.max(Run.number)).where(Run.post_id == post.id)) or 0
    run = Run(post_id=post.id, number=last + 1, cause=cause, created_by_id=by_id, created_at=now)
    session.add(run)
    flush(session)
    run.post = post
    return run


def new_publication(
    session: Session, run: Run, account: Account, wall: str, zone: str, time: Resolved, *, source: str,
    by_id: int, actor: User | None, now: datetime,
) -> Publication:  # fmt: skip
    """Of a run's post on one account. What is approved is bound at once; anything else is blocked, visibly."""
    post, source_key = run.post, f"{source}:{account.id}"
    format_ = session.get_one(Format, post.format_key)
    publication = Publication(
        source_key=source_key,
        desk_id=post.desk_id,
        run_id=run.id,
        post=post,
        account=account,
        client_key=str(uuid.uuid5(uuid.NAMESPACE_URL, f"deskcast:publication:{source_key}")),
        state=PublicationState.BLOCKED,
        reason=Reason.APPROVAL,
        explanation=WAITS,
        wall=parse_wall(wall).isoformat(timespec="seconds"),
        zone=zone,
        fold=time.fold,
        due_at=time.due_at,
        tzdata_version=tzdata_version(),
        grace_s=format_.grace_s,
        late_at=late_at(time.due_at, format_.grace_s, post.valid_until),
        state_at=now,
        created_by_id=by_id,
        created_at=now,
    )
    session.add(publication)
    flush(session)
    audit.record(
        session, "publication.planned", publication, actor=actor, now=now,
        summary=f"Planned “{post.title}” on {account.handle} for {said_time(publication)}",
        details={"post_id": post.id, "account_id": account.id, "due_at": time.due_at.isoformat()},
    )  # fmt: skip
    if bind(session, publication, approval_in_force(session, post, now=now)):
        let_go(session, publication, actor=actor, now=now, reason="approved")
    return publication


def said_time(publication: Publication) -> str:
    return f"{publication.wall[:16].replace('T', ' ')} {publication.zone}"


def content_window(session: Session, post: Post) -> Window:
    """The window of the newest revision, so that a time outside it is refused before anybody has cleared it."""
    revision = session.get(Revision, post.latest_revision_id) if post.latest_revision_id else None
    if revision is None:
        return Window(None, post.valid_until)
    fields = session.get_one(Format, revision.content["format"]).fields
    return window(revision.content, fields, session.get_one(Desk, post.desk_id).zone)
