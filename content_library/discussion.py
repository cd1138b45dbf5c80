"""The talk beside a post: comments, a team's question to the author, and the answer. None of it changes a clearance."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from content_library import audit
from content_library.errors import InvalidInput, PermissionDenied
from content_library.mentions import MENTIONED, mentions_in, plain, tell_mentioned
from content_library.models.post import Post, Revision
from content_library.models.review import Comment, Review, ReviewState, Submission, SubmissionState
from content_library.models.user import User
from content_library.notices import notify, over
from content_library.permissions import can_comment, can_draft, is_author, require, team_ids_for
from content_library.review_flow import ReviewAct
from content_library.review_places import checked_place
from content_library.suggesting import propose
from content_library.transitions import flush, hold_submission, move_review

LONGEST_COMMENT = 4_000


def comments(session: Session, post: Post) -> list[Comment]:
    """The discussion of a post, oldest first."""
    return list(
        session.scalars(
            select(Comment)
            .where(Comment.post_id == post.id)
            .order_by(Comment.id)
            .options(
                joinedload(Comment.user).lazyload("*"),
                joinedload(Comment.revision),
                joinedload(Comment.review),
            )
        )
    )


def comment(
    session: Session,
    post: Post,
    body: str,
    *,
    actor: User,
    now: datetime,
    revision: Revision | None = None,
    place: Mapping[str, str] | None = None,
    replacement: str = "",
) -> Comment:
    """Say something beside a post. When a team has asked the author, an author's or drafter's comment is the answer.

    With `replacement` it proposes these words for those of `place`.

    Raises PermissionDenied, and InvalidInput at `body`, `quote` or `replacement`.
    """
    require(can_comment(actor, post), "Only people of this desk and its reviewers can comment here.")
    said = _say(session, post, body, actor=actor, now=now, revision=revision, place=place)
    suggested = None
    if revision is not None:
        suggested = propose(session, revision, said.place, replacement, actor=actor, now=now, comment=said)
    words = _words(said, instead=suggested.replacement if suggested else "")
    answered = _answer(session, post, actor=actor, now=now)
    talk = comments(session, post)
    over(session, ("comment.added", MENTIONED), talk, now=now, person=actor)
    people = {post.owner_id, *(c.user_id for c in talk)} - {actor.id}
    if revision is not None:
        people |= {a.id for a in revision.authors} - {actor.id}
    named = _tell_named(session, said, words, now=now)
    notify(
        session, people - named, "comment.added", said, text=f"{actor.name} commented on “{post.title}”.", now=now,
        desk_id=post.desk_id, details=words,
    )  # fmt: skip
    over(session, "review.asked", answered, now=now)
    for review in answered:
        text = f"{actor.name} answered {review.team.name} on “{post.title}”. It waits for you again."
        notify(
            session, _askers(session, review), "review.answered", review, stage=f"comment {said.id}",
            text=text, now=now, details=words,
        )  # fmt: skip
    return said


def ask(
    session: Session,
    review: Review,
    question: str,
    *,
    actor: User,
    now: datetime,
    place: Mapping[str, str] | None = None,
) -> Comment:
    """Ask the author. The team's clock stands until somebody of the desk answers.

    Raises PermissionDenied for people outside the team and for authors, TransitionNotAllowed when the review is not
    open, InvalidInput at `body` or `quote`.
    """
    submission = review.submission
    require(
        review.team_id in team_ids_for(actor, review.desk_id),
        f"Only {review.team.name} can ask a question for {review.team.name}.",
    )
    if is_author(actor, submission.revision):
        raise PermissionDenied("You wrote part of this text. Write a comment instead.")
    hold_submission(session, submission)
    move_review(session, review, ReviewAct.ASK, actor=actor, now=now)
    said = _say(
        session, submission.post, question, actor=actor, now=now, revision=submission.revision, place=place,
        review=review,
    )  # fmt: skip
    people = {a.id for a in submission.revision.authors} | {submission.submitted_by_id}
    words = _words(said)
    _tell_named(session, said, words, but=people, now=now)
    text = f"{review.team.name} has a question about “{submission.post.title}”."
    notify(
        session, people - {actor.id}, "review.asked", review, stage=f"comment {said.id}", text=text,
        now=now, details=words,
    )  # fmt: skip
    return said


def _say(
    session: Session,
    post: Post,
    body: str,
    *,
    actor: User,
    now: datetime,
    revision: Revision | None,
    place: Mapping[str, str] | None,
    review: Review | None = None,
) -> Comment:
    body = plain(body)
    if not body or len(body) > LONGEST_COMMENT:
        sentence = "Write something first." if not body else f"Keep it under {LONGEST_COMMENT} characters."
        raise InvalidInput(sentence, {"body": sentence})
    said = Comment(
        post_id=post.id,
        revision=revision,
        review=review,
        user=actor,
        body=body,
        mentions=mentions_in(session, post.desk_id, body).mentions,
        place=checked_place(revision, place) if revision else None,
        at=now,
    )
    session.add(said)
    flush(session)
    audit.record(
        session,
        "comment.added",
        said,
        actor=actor,
        now=now,
        desk_id=post.desk_id,
        summary=f"Comment on “{post.title}”" if review is None else f"Question about “{post.title}”",
        details={"post_id": post.id, "body": body, "place": said.place},
    )
    return said


def _answer(session: Session, post: Post, *, actor: User, now: datetime) -> list[Review]:
    """Set the clocks of the teams going again that had asked; returns their reviews."""
    if not can_draft(actor, post.desk_id):
        return []
    asked = session.scalars(
        select(Review)
        .join(Submission, Submission.id == Review.submission_id)
        .where(
            Submission.post_id == post.id,
            Submission.state == SubmissionState.OPEN,
            Review.state == ReviewState.ASKED,
        )
    ).all()
    if asked:
        hold_submission(session, asked[0].submission)
    answered = [r for r in asked if r.state is ReviewState.ASKED and not _is_asker(session, r, actor)]
    for review in answered:
        move_review(session, review, ReviewAct.ANSWER, actor=actor, now=now)
    return answered


def _askers(session: Session, review: Review) -> set[int]:
    return set(session.scalars(select(Comment.user_id).where(Comment.review_id == review.id)))


def _is_asker(session: Session, review: Review, actor: User) -> bool:
    """Somebody who adds to their own question has not answered it."""
    return actor.id in _askers(session, review)


def _tell_named(
    session: Session, said: Comment, words: Mapping[str, object], *, now: datetime, but: Iterable[int] = ()
) -> set[int]:
    """Tell whom the words name; returns them."""
    named = {mention["id"] for mention in said.mentions} - {said.user.id, *but}
    post = said.post
    text = f"{said.user.name} mentioned you on “{post.title}”."
    tell_mentioned(session, named, said, text, desk_id=post.desk_id, now=now, details=words)
    return named


def _words(said: Comment, instead: str = "") -> dict[str, object]:
    quoted = said.place["quote"] if said.place else ""
    return {
        "post_id": said.post_id,
        "from": said.user.name,
        "quote": said.body,
        "about": quoted,
        "instead": instead,
    }
