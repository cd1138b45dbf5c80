"""When a post goes out: planning, moving, cancelling. Planning may come before the clearance; going may not."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, joinedload

from content_library.approvals import approval_in_force
from content_library.errors import InvalidInput, NotFound, TransitionNotAllowed
from content_library.models.account import Account, AccountState
from content_library.models.desk import Desk
from content_library.models.post import Post, PostState
from content_library.models.user import User
from content_library.offer_window import Window
from content_library.permissions import can_plan, require
from content_library.transitions import flush, hold_post
from content_library.wall_time import Resolved, parse_wall, resolve
from scheduler import calm, transitions
from scheduler.binding import WAITS, bind, let_go, set_time
from scheduler.gate import Reason
from scheduler.half_out import STANDS, stands
from scheduler.laying_out import content_window, new_publication, new_run, said_time
from scheduler.models import Publication, PublicationState, Run, RunCause
from scheduler.publication_flow import UNSENT, Act

OVER = (
    PublicationState.CANCELLED,
    PublicationState.EXPIRED,
    PublicationState.MISSED,
)  # these free their place, unless a part of it stands there
ENDED_BADLY = (*OVER, PublicationState.FAILED)
MAY_PLAN = "Only agents and leads of this desk can plan when its posts go out."


@dataclass(frozen=True)
class WallTime:
    """What a person means: the time on the wall, the zone, and which one if it happens twice."""

    wall: str
    zone: str
    fold: int = 0

    def resolved(self) -> Resolved:
        """Raises InvalidInput for what is no date, time or zone."""
        return resolve(parse_wall(self.wall), self.zone, fold=self.fold)


def get_publication(session: Session, desk_id: int, publication_id: int) -> Publication:
    """With what it is about. Raises NotFound, also for another desk's."""
    found = session.scalar(
        select(Publication)
        .where(Publication.id == publication_id, Publication.desk_id == desk_id)
        .options(
            joinedload(Publication.account),
            joinedload(Publication.post).joinedload(Post.format),
            joinedload(Publication.revision),
            joinedload(Publication.rendition),
        )
    )
    if found is None:
        raise NotFound("There is no such publication on this desk.")
    return found


def plan(
    session: Session, post: Post, accounts: Sequence[Account], when: WallTime, *, actor: User, now: datetime,
    key: str = "", quiet_ok: bool = False,
) -> list[Publication]:  # fmt: skip
    """Plan a post on accounts for a time; one publication each. The same `key` again changes nothing.

    `quiet_ok`: the person was told which accounts are quiet then, and wants that time all the same.

    What is approved is bound at once; anything else is blocked, visibly, until its clearance comes.
    Raises InvalidInput for a time in the past, accounts of another desk, or a post that went out there already.
    """
    require(can_plan(actor, post.desk_id), MAY_PLAN)
    hold_post(
        session, post
    )  # two clicks at once: the second waits here, and finds what the first has planned
    key = key or uuid.uuid4().hex
    already = planned_with(session, post, key)
    if already:
        return already
    time = _future(when, now)
    _check_plannable(post, accounts)
    _check_window(content_window(session, post), time.due_at)
    run = _run(session, post, accounts, actor=actor, now=now)
    made = [
        new_publication(
            session, run, a, when.wall, when.zone, time, source=_source(post, key), by_id=actor.id, actor=actor, now=now
        )
        for a in accounts
    ]  # fmt: skip
    for publication in made:
        _check_window(Window(publication.starts_at, publication.ends_at), publication.due_at)
    _mark_quiet(session, made, quiet_ok=quiet_ok)
    flush(session)
    return made


def _mark_quiet(session: Session, publications: Sequence[Publication], *, quiet_ok: bool) -> None:
    """Keep for each whether its own time is in its account's quiet hours, on purpose."""
    first = publications[0]
    silences = calm.read(session, session.get_one(Desk, first.desk_id), now=first.due_at, until=first.due_at)
    for publication in publications:
        is_quiet = silences.quiet_until(publication.account_id, publication.due_at) is not None
        publication.quiet_ok = quiet_ok and is_quiet


def _source(post: Post, key: str) -> str:
    return f"plan:{post.id}:{hashlib.sha256(key.encode()).hexdigest()[:40]}"


def planned_with(session: Session, post: Post, key: str) -> list[Publication]:
    """What the same click has planned already."""
    source = _source(post, key)
    of_post = select(Publication).where(Publication.post_id == post.id).order_by(Publication.id)
    return [p for p in session.scalars(of_post) if p.source_key.rpartition(":")[0] == source]


def _future(when: WallTime, now: datetime) -> Resolved:
    time = when.resolved()
    if time.due_at <= now:
        raise InvalidInput(
            "That time is past. Choose a later one.", {"wall": "That time is past. Choose a later one."}
        )
    if (time.due_at - now).days > 730:
        raise InvalidInput(
            "That is more than two years away. Choose an earlier time.",
            {"wall": "That is more than two years away. Choose an earlier time."},
        )
    return time


def _check_plannable(post: Post, accounts: Sequence[Account]) -> None:
    if not accounts:
        sentence = "Choose at least one account."
        raise InvalidInput(sentence, {"accounts": sentence})
    if any(a.desk_id != post.desk_id or a.state is AccountState.CLOSED for a in accounts):
        sentence = "One of the accounts is not this desk’s. Choose from the list."
        raise InvalidInput(sentence, {"accounts": sentence})
    refused = why_unplannable(post)
    if refused:
        raise TransitionNotAllowed(refused)


def why_unplannable(post: Post) -> str:
    """Why a post cannot be given a time at all; empty when it can."""
    if post.state not in (PostState.ARCHIVED, PostState.REFUSED, PostState.EXPIRED):
        return ""
    return f"This post is {post.state.value}, so it cannot be planned. Work on it first."


def _run(session: Session, post: Post, accounts: Sequence[Account], *, actor: User, now: datetime) -> Run:
    """The run these publications belong to: the current one while the accounts have no part in it, else a new one.

    What stands on an account, or is planned there, counts whichever run it is of; only what recurs is apart.
    """
    of_post = select(Run).where(Run.post_id == post.id, Run.cause != RunCause.RECURRING)
    current = session.scalar(of_post.order_by(Run.number.desc()).limit(1))
    if current is None:
        return new_run(session, post, RunCause.FIRST, by_id=actor.id, now=now)
    taken = session.scalars(
        select(Publication)
        .join(Run, Run.id == Publication.run_id)
        .where(
            Publication.post_id == post.id,
            Run.cause != RunCause.RECURRING,
            Publication.account_id.in_([a.id for a in accounts]),
            or_(Publication.state.not_in(OVER), STANDS),
        )
        .order_by(Publication.id)
    ).all()
    begun = next((p for p in taken if p.state in ENDED_BADLY and stands(session, p)), None)
    if begun is not None and not post.is_evergreen:
        sentence = _part_of_it_stands(begun)
        raise InvalidInput(sentence, {"accounts": sentence})
    settled = (PublicationState.PUBLISHED, PublicationState.FAILED, *OVER)
    planned = next((p for p in taken if p.state not in settled), None)
    if planned is not None:
        sentence = f"It is planned on {planned.account.handle} already. Move that one instead."
        raise InvalidInput(sentence, {"accounts": sentence})
    published = begun is not None or any(p.state is PublicationState.PUBLISHED for p in taken)
    if published and not post.is_evergreen:
        sentence = "It has gone out there already. Mark the post as evergreen to run it again."
        raise InvalidInput(sentence, {"accounts": sentence})
    if all(p.run_id != current.id for p in taken):
        return current
    cause = RunCause.RECYCLED if published else RunCause.CORRECTION
    return new_run(session, post, cause, by_id=actor.id, now=now)


def _part_of_it_stands(begun: Publication) -> str:
    way = "Send the rest from" if begun.state is PublicationState.MISSED else "Take that down on"
    return (
        f"A part of it stands on {begun.account.handle} already. {way} that publication’s own page, "
        "or mark the post as evergreen to run all of it again."
    )


def _check_window(opened: Window, due_at: datetime) -> None:
    sentence = ""
    if opened.until is not None and due_at >= opened.until:
        sentence = "Its offer or day is over by then. Choose an earlier time."
    if opened.starts_at is not None and due_at < opened.starts_at:
        sentence = "Its offer has not begun by then. Choose a later time."
    if sentence:
        raise InvalidInput(sentence, {"wall": sentence})


def move_to(
    session: Session,
    publication: Publication,
    when: WallTime,
    *,
    actor: User,
    now: datetime,
    seen_version: int | None = None,
    quiet_ok: bool = False,
) -> None:
    """Give a publication another time. What is missed, held or waiting goes through the gate again like all else."""
    require(can_plan(actor, publication.desk_id), MAY_PLAN)
    if publication.state not in UNSENT:
        transitions.refuse(publication)
    if seen_version is not None and seen_version != publication.version:
        raise TransitionNotAllowed(
            "Somebody else changed this publication a moment ago. Reload and look again."
        )
    time = _future(when, now)
    _check_window(Window(publication.starts_at, publication.ends_at), time.due_at)
    before = {"wall": publication.wall, "zone": publication.zone, "fold": publication.fold}
    set_time(publication, when.wall, when.zone, time)
    _mark_quiet(session, [publication], quiet_ok=quiet_ok)
    transitions.note(
        session, publication, "publication.moved", f"Moved to {said_time(publication)}", now=now,
        actor=actor, details={"from": before, "due_at": time.due_at.isoformat()},
    )  # fmt: skip
    _after_moving(session, publication, actor=actor, now=now)


def _after_moving(session: Session, publication: Publication, *, actor: User, now: datetime) -> None:
    """At its new time something else may stand in its way, or nothing any more."""
    if publication.state is PublicationState.CLAIMED:
        transitions.move(session, publication, Act.GIVE_BACK, actor=actor, now=now)
    if publication.state is PublicationState.HELD and publication.reason != Reason.BLACKOUT:
        return
    if publication.state is PublicationState.MISSED:
        _check_still_wanted(session, publication)
    if bind(session, publication, approval_in_force(session, publication.post, now=now)):
        let_go(session, publication, actor=actor, now=now, reason="moved")
    elif publication.state is PublicationState.MISSED:
        transitions.move(session, publication, Act.RELEASE, actor=actor, now=now, reason="moved")
        transitions.move(
            session, publication, Act.BLOCK, actor=actor, now=now, reason=Reason.APPROVAL, explanation=WAITS
        )


def _check_still_wanted(session: Session, publication: Publication) -> None:
    """A missed publication may have been planned anew meanwhile; only one of the two may go."""
    other = session.scalar(
        select(Publication.id).where(
            Publication.post_id == publication.post_id,
            Publication.account_id == publication.account_id,
            Publication.id > publication.id,
            Publication.run_id.in_(select(Run.id).where(Run.cause != RunCause.RECURRING)),
            Publication.state.not_in(OVER),
        )
    )
    if other is not None:
        raise TransitionNotAllowed("It was planned anew meanwhile. Move that one, and cancel this one.")


def cancel(session: Session, publication: Publication, *, actor: User, now: datetime, why: str = "") -> None:
    """Take a publication out of the plan. Raises TransitionNotAllowed when it is on its way or out already."""
    require(can_plan(actor, publication.desk_id), MAY_PLAN)
    transitions.move(
        session, publication, Act.CANCEL, actor=actor, now=now, reason="cancelled", explanation=why.strip()
    )


def planned_count(session: Session, post: Post) -> int:
    """How many publications of a post have not begun to go out."""
    return (
        session.scalar(
            select(func.count())
            .select_from(Publication)
            .where(Publication.post_id == post.id, Publication.state.in_(UNSENT))
        )
        or 0
    )


def planned_on(session: Session, account_ids: Sequence[int]) -> dict[int, int]:
    """How many publications of each account have not begun to go out; accounts without any are left out."""
    rows = session.execute(
        select(Publication.account_id, func.count())
        .where(Publication.account_id.in_(account_ids), Publication.state.in_(UNSENT))
        .group_by(Publication.account_id)
    )
    return {row[0]: row[1] for row in rows}
