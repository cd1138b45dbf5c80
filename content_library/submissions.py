"""Sending a revision through its workflow, and taking it back."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from content_library import events
from content_library.approvals import approval_in_force, approvals_in_force, withdraw, withdraw_all
from content_library.boundaries.checking import Finding
from content_library.boundary_rules import keep_findings
from content_library.clearing_route import find, route, still_owed, what_is_missing
from content_library.errors import InvalidInput, NotFound, Refusal, TransitionNotAllowed
from content_library.fact_values import hold_facts
from content_library.mentions import mentions_in, plain, tell_mentioned
from content_library.models.desk import Desk
from content_library.models.post import Post, Revision
from content_library.models.review import (
    Approval,
    Decision,
    Review,
    ReviewState,
    Submission,
    SubmissionState,
    Verdict,
)
from content_library.models.user import User
from content_library.notices import SENT_BACK, notify, over
from content_library.permissions import can_draft, can_withdraw_approval, require
from content_library.review_flow import PostAct, ReviewAct, SubmissionAct
from content_library.submission_steps import approve_submission, close, open_step
from content_library.terms_pages import as_read
from content_library.transitions import flush, hold_post, hold_submission, move_post, move_review


def open_submission(session: Session, post: Post) -> Submission | None:
    """The submission that is under way, if any."""
    return session.scalar(
        select(Submission).where(Submission.post_id == post.id, Submission.state == SubmissionState.OPEN)
    )


def get_submission(session: Session, desk_id: int, submission_id: int) -> Submission:
    """Raises NotFound, also for another desk's."""
    found = session.scalar(
        select(Submission).where(Submission.id == submission_id, Submission.desk_id == desk_id)
    )
    if found is None:
        raise NotFound("There is no such submission on this desk.")
    return found


def submissions_of(session: Session, post: Post) -> list[Submission]:
    """Every submission of a post, the newest first, with reviews and decisions."""
    reviews = selectinload(Submission.reviews)
    return list(
        session.scalars(
            select(Submission)
            .where(Submission.post_id == post.id)
            .order_by(Submission.id.desc())
            .options(
                joinedload(Submission.revision),
                joinedload(Submission.submitted_by).lazyload("*"),
                reviews.joinedload(Review.team).lazyload("*"),
                reviews.joinedload(Review.decisions).joinedload(Decision.user).lazyload("*"),
            )
        )
    )


def submit(
    session: Session,
    post: Post,
    revision: Revision,
    *,
    actor: User,
    now: datetime,
    note: str = "",
    wanted_at: datetime | None = None,
) -> Submission:
    """Send the latest revision to its teams; an open submission of an older revision is superseded.

    Raises InvalidInput with a sentence for every field that is missing, TransitionNotAllowed when the revision
    is not the latest, is in review already or is approved already.
    """
    require(can_draft(actor, post.desk_id), "Only agents and leads of this desk can submit its posts.")
    hold_facts(session, post.desk_id, revision.content)
    hold_post(session, post)
    _check_submittable(session, post, revision, now=now)
    findings = find(session, revision, now=now)
    problems = what_is_missing(session, post, revision, now=now) | still_owed(findings, revision.content)
    if wanted_at is not None and wanted_at <= now:
        problems["wanted_at"] = "That time is already past. Choose a later one, or leave it open."
    if problems:
        raise InvalidInput("Some things are still missing before this can be submitted.", problems)
    return _send(
        session, revision, findings, actor=actor, submitted_by=actor, now=now, note=note, wanted_at=wanted_at
    )


def _send(
    session: Session,
    revision: Revision,
    findings: Sequence[Finding],
    *,
    actor: User | None,
    submitted_by: User,
    now: datetime,
    note: str,
    wanted_at: datetime | None,
) -> Submission:
    """Make the submission of what has been checked, clear what is agreed on, and open the first step of the rest."""
    post = revision.post
    _supersede(session, post, actor=actor, now=now)
    note, terms = plain(note), as_read(session, revision.content, now=now)
    submission = Submission(
        desk_id=post.desk_id,
        post=post,
        revision=revision,
        content_hash=revision.content_hash,
        state=SubmissionState.OPEN,
        note=note,
        terms=terms,
        has_terms=bool(terms),
        mentions=mentions_in(session, post.desk_id, note).mentions,
        wanted_at=wanted_at,
        submitted_by=submitted_by,
        submitted_at=now,
        reviews=_reviews(session, post, revision, findings, now=now),
    )
    session.add(submission)
    flush(session)
    keep_findings(session, submission, findings, revision.content.get("answers", {}), now=now)
    move_post(
        session,
        post,
        PostAct.SUBMIT,
        actor=actor,
        now=now,
        summary=f"Submitted revision {revision.number} of “{post.title}”",
        details={"submission_id": submission.id, "content_hash": revision.content_hash},
    )
    over(session, SENT_BACK, [post], now=now)
    _begin(session, submission, now=now)
    _tell_named(session, submission, now=now)
    return submission


def _begin(session: Session, submission: Submission, *, now: datetime) -> None:
    """What an agreement clears is cleared now; when that is all of it, the post is approved."""
    for review in submission.reviews:
        if review.clause_id is not None:
            move_review(session, review, ReviewAct.CLEAR, actor=None, now=now)
    if any(review.state is ReviewState.WAITING for review in submission.reviews):
        open_step(session, submission, now=now)
    elif submission.reviews:
        approve_submission(session, submission, now=now, is_solo=False)


def send_again(session: Session, before: Submission, *, now: datetime, why: str) -> Submission | None:
    """Back to review, as it was: an agreement that had cleared part of it does so no longer.

    None where a person has to look first: the post has moved on, or something is missing by now.
    """
    post, revision = before.post, before.revision
    hold_facts(session, post.desk_id, revision.content)
    hold_post(session, post)
    findings = find(session, revision, now=now)
    try:
        _check_submittable(session, post, revision, now=now)
        if what_is_missing(session, post, revision, now=now) or still_owed(findings, revision.content):
            return None
        wanted_at = before.wanted_at if before.wanted_at and before.wanted_at > now else None
        with session.begin_nested():
            sent = _send(
                session, revision, findings, actor=None, submitted_by=before.submitted_by, now=now, note=why,
                wanted_at=wanted_at,
            )  # fmt: skip
    except Refusal:
        return None
    over(session, "approval.lost", [post], now=now)
    people = {a.id for a in revision.authors} | {before.submitted_by_id}
    notify(
        session, people, "post.sent_again", post, stage=f"submission {sent.id}", now=now,
        text=f"“{post.title}” is back in review: {why}", details={"post_id": post.id},
    )  # fmt: skip
    return sent


def _tell_named(session: Session, submission: Submission, *, now: datetime) -> None:
    """Whom the note names hears of it, whether or not their team is asked."""
    named = {mention["id"] for mention in submission.mentions} - {submission.submitted_by_id}
    post, who = submission.post, submission.submitted_by.name
    tell_mentioned(
        session, named, submission, f"{who} mentioned you on “{post.title}”.", desk_id=post.desk_id, now=now,
        details={"post_id": post.id, "from": who, "quote": submission.note},
    )  # fmt: skip


def _check_submittable(session: Session, post: Post, revision: Revision, *, now: datetime) -> None:
    if post.latest_revision_id != revision.id:
        raise TransitionNotAllowed(
            "There is a newer revision of this post. Reload the page and submit that one."
        )
    under_way = open_submission(session, post)
    if under_way is not None and under_way.revision_id == revision.id:
        raise TransitionNotAllowed("This revision is in review already.")
    if any(a.revision_id == revision.id for a in approvals_in_force(session, post, now=now)):
        raise TransitionNotAllowed("This revision is approved already. Plan when it goes out.")
    refused = select(Decision.id).where(
        Decision.revision_id == revision.id, Decision.verdict == Verdict.REFUSE
    )
    if session.scalar(refused.limit(1)) is not None:
        raise TransitionNotAllowed("This revision was refused. Change the text and submit the new revision.")


def _supersede(session: Session, post: Post, *, actor: User | None, now: datetime) -> None:
    before = open_submission(session, post)
    if before is not None:
        close(session, before, SubmissionAct.SUPERSEDE, actor=actor, now=now)


def _reviews(
    session: Session, post: Post, revision: Revision, findings: Sequence[Finding], *, now: datetime
) -> list[Review]:
    desk = session.get_one(Desk, post.desk_id)
    planned = route(session, desk, revision.content, findings, now=now)
    absent = [r.review.team_key for r in planned if r.team is None]
    if absent:
        raise InvalidInput(
            f"This desk has no {' and no '.join(absent)} team yet, and this post needs it. "
            "Ask an administrator to add it under Settings, People."
        )
    return [
        Review(
            desk_id=post.desk_id,
            team=r.team,
            step=r.review.step,
            quorum=r.review.quorum,
            why=r.review.reasons,
            state=ReviewState.WAITING,
            turnaround_s=r.hours * 3600,
            clause_id=r.cover.clause.id if r.cover else None,
            cleared_under=r.cover.label if r.cover else "",
        )
        for r in planned
    ]


def withdraw_submission(session: Session, submission: Submission, *, actor: User, now: datetime) -> None:
    """Take a submission back before it is decided. Raises TransitionNotAllowed when it is over."""
    post = submission.post
    require(can_draft(actor, post.desk_id), "Only agents and leads of this desk can take a submission back.")
    hold_submission(session, submission)
    close(session, submission, SubmissionAct.WITHDRAW, actor=actor, now=now)
    approved = approval_in_force(session, post, now=now) is not None
    act = PostAct.WITHDRAW_TO_APPROVED if approved else PostAct.WITHDRAW
    move_post(session, post, act, actor=actor, now=now, summary=f"Took “{post.title}” back from review")


def withdraw_approval(session: Session, approval: Approval, *, actor: User, now: datetime, why: str) -> None:
    """End an approval before its time; what is planned with it stops.

    Raises PermissionDenied, InvalidInput without a reason, TransitionNotAllowed when it is withdrawn already.
    """
    post = approval.post
    require(
        can_withdraw_approval(actor, post.desk_id),
        "Only the desk’s leads and its reviewing teams can withdraw an approval.",
    )
    why = why.strip()
    if not why:
        sentence = "Say why, so that the people who planned with it know what to do."
        raise InvalidInput(sentence, {"why": sentence})
    hold_post(session, post)
    session.refresh(approval)
    withdraw(session, post, approval, actor=actor, now=now, why=why)
    people = {a.id for a in approval.revision.authors} | {post.owner_id}
    notify(
        session, people - {actor.id}, "approval.withdrawn", post, stage=f"approval {approval.id}",
        text=f"{actor.name} withdrew the approval of “{post.title}”.", now=now,
        details={"post_id": post.id, "from": actor.name, "quote": why},
    )  # fmt: skip


def expire_submissions(session: Session, *, now: datetime, most: int = 200) -> int:
    """Open submissions whose wanted time or whose post is over expire; returns how many.

    Nothing is approved by silence.
    """
    late = session.scalars(
        select(Submission)
        .join(Post, Post.id == Submission.post_id)
        .where(
            Submission.state == SubmissionState.OPEN,
            or_(Post.valid_until <= now, Submission.wanted_at <= now),
        )
        .limit(most)
    ).all()
    return sum(_expire(session, submission, now=now) for submission in late)


def _expire(session: Session, submission: Submission, *, now: datetime) -> bool:
    """False when it was decided in this very moment."""
    hold_submission(session, submission)
    if submission.state is not SubmissionState.OPEN:
        return False
    post = submission.post
    close(session, submission, SubmissionAct.EXPIRE, actor=None, now=now)
    if post.valid_until is not None and post.valid_until <= now:
        _end(session, post, now=now)
    else:
        _uncleared(session, post, now=now)
    people = {a.id for a in submission.revision.authors} | {submission.submitted_by_id}
    text = f"“{post.title}” expired before it was cleared."
    notify(
        session, people, "post.expired", post, stage=f"submission {submission.id}", text=text, now=now,
        details={"post_id": post.id},
    )  # fmt: skip
    return True


def _end(session: Session, post: Post, *, now: datetime) -> None:
    """The post itself is over, and what was cleared of it before."""
    move_post(session, post, PostAct.EXPIRE, actor=None, now=now, summary=f"“{post.title}” expired uncleared")
    withdraw_all(session, post, actor=None, now=now, why="The post is over.")
    events.tell(session, events.PostExpired(post, now))


def _uncleared(session: Session, post: Post, *, now: datetime) -> None:
    """It was wanted by now. An older revision that is approved stays so, and what is planned with it goes."""
    approved = approval_in_force(session, post, now=now) is not None
    act = PostAct.WITHDRAW_TO_APPROVED if approved else PostAct.EXPIRE
    said = f"“{post.title}” was not cleared at its time"
    move_post(session, post, act, actor=None, now=now, summary=said)
