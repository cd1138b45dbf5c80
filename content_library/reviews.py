"""A team's part in a submission: looking at it, and deciding on it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from content_library import audit, checklists
from content_library.errors import InvalidInput, NotFound, PermissionDenied, Refusal, TransitionNotAllowed
from content_library.fact_values import hold_facts
from content_library.in_place_of import counted_twice, is_own, place_taken
from content_library.models.post import Revision
from content_library.models.review import Decision, Review, ReviewState, Submission, SubmissionState, Verdict
from content_library.models.user import User
from content_library.notices import OF_AN_OPEN_REVIEW, notify, over
from content_library.permissions import (
    can_see_desk,
    is_author,
    own_team_ids_for,
    still_counts,
    team_ids_for,
)
from content_library.review_flow import PostAct, ReviewAct, SubmissionAct
from content_library.review_places import checked_place
from content_library.submission_steps import UNDECIDED, about, approve_submission, close, open_step
from content_library.suggesting import check_proposal, propose
from content_library.transitions import flush, hold_deciders, hold_submission, move_post, move_review

LONGEST_REASON = 4_000
_DECIDABLE = (ReviewState.OPEN, ReviewState.ASKED)
_ENDED = {
    SubmissionState.APPROVED: "Every team has approved this revision already.",
    SubmissionState.SUPERSEDED: "A newer revision was sent in place of this one.",
    SubmissionState.WITHDRAWN: "The desk took this submission back.",
    SubmissionState.EXPIRED: "The post’s last moment passed before it was cleared.",
}
_SAID = {
    Verdict.APPROVE: "approved this",
    Verdict.REQUEST_CHANGES: "asked for changes",
    Verdict.REFUSE: "refused this",
}


def get_review(session: Session, person: User, review_id: int) -> Review:
    """A review on a desk this person can see. Raises NotFound otherwise."""
    review = session.get(Review, review_id)
    if review is None or not can_see_desk(person, review.desk_id):
        raise NotFound("There is no such review for you.")
    return review


def obstacle(session: Session, review: Review, person: User) -> Refusal | None:
    """Why this person cannot decide on this review now; None when they can.

    For whom they stand in is what was last resolved for this person; `decide` resolves it again.
    """
    submission = review.submission
    if review.team_id not in team_ids_for(person, review.desk_id):
        return PermissionDenied(f"Only {review.team.name} can decide on this part of the review.")
    if is_author(person, submission.revision) and not _may_clear_own(review, person):
        return PermissionDenied("You wrote part of this text, so somebody else has to decide on it.")
    if submission.state is not SubmissionState.OPEN:
        return TransitionNotAllowed(_ended(submission))
    counted = counted_twice(session, review, person)
    if counted is not None:
        return counted
    if review.state is ReviewState.WAITING:
        return TransitionNotAllowed(
            "An earlier step is still open. You are told when it is your team’s turn."
        )
    if review.cleared_under:
        return TransitionNotAllowed(f"It is cleared under agreement {review.cleared_under}.")
    if review.state not in _DECIDABLE:
        return TransitionNotAllowed(f"{review.team.name} has decided already.")
    return None


def _may_clear_own(review: Review, person: User) -> bool:
    """Solo mode lets people clear their own text, but not in somebody else’s place."""
    return review.submission.post.desk.solo and is_own(review, person)


def _ended(submission: Submission) -> str:
    """What became of a submission that is over, in a sentence."""
    if submission.state in _ENDED:
        return _ENDED[submission.state]
    last = max((d for r in submission.reviews for d in r.decisions), key=lambda d: d.id)
    return f"{last.by} ({last.review.team.name}) {_SAID[last.verdict]}, so it is back with its author."


def decide(
    session: Session,
    review: Review,
    verdict: Verdict,
    *,
    actor: User,
    now: datetime,
    seen_revision_id: int,
    seen_hash: str,
    reason: str = "",
    place: Mapping[str, str] | None = None,
    replacement: str = "",
    identified_by: str = "password",
    checked: Sequence[str] = (),
) -> Decision:
    """One person's decision, on the revision and hash they saw. Asking twice for the same changes nothing.

    `checked`: the sentences of the team's checklist that were ticked (see `checklist`); approving needs all of them.

    Raises PermissionDenied for people outside the team and for authors, TransitionNotAllowed when the review is
    over, another revision is in review or the person has decided already, InvalidInput when a no has no reason or an
    approval lacks something of the checklist.
    """
    submission, reason = review.submission, reason.strip()
    seen = (seen_revision_id, seen_hash)
    before = repeated(session, review, verdict, actor=actor, now=now, seen=seen, reason=reason)
    if before is not None:
        return before
    kept, ticked = check(
        session, review, verdict, actor=actor, seen=seen, reason=reason, place=place, checked=checked,
        replacement=replacement,
    )  # fmt: skip
    decision = Decision(
        review=review,
        submission_id=submission.id,
        user=actor,
        for_user=place_taken(session, review, actor),
        revision_id=submission.revision_id,
        content_hash=submission.content_hash,
        verdict=verdict,
        reason=reason,
        place=kept,
        checked=ticked,
        is_solo=is_author(actor, submission.revision),
        identified_by=identified_by,
        at=now,
    )
    session.add(decision)
    flush(session)
    _record(session, decision, review, actor=actor, now=now)
    _propose(session, decision, replacement, submission.revision, now=now)
    _settle(session, review, decision, actor=actor, now=now)
    return decision


def repeated(
    session: Session,
    review: Review,
    verdict: Verdict,
    *,
    actor: User,
    now: datetime,
    seen: tuple[int, str],
    reason: str,
) -> Decision | None:
    """Hold the people and the submission; the very same decision, if it is there already: pressed twice."""
    hold_deciders(session, actor, review.team_id, now=now)
    hold_facts(session, review.submission.desk_id, review.submission.revision.content)
    hold_submission(session, review.submission)
    before = session.scalar(_decision_of(review.submission, actor))
    if before is None or not _is_repeated(before, review, verdict, reason, seen):
        return None
    return before


def check(
    session: Session,
    review: Review,
    verdict: Verdict,
    *,
    actor: User,
    seen: tuple[int, str],
    reason: str,
    place: Mapping[str, str] | None,
    checked: Sequence[str],
    replacement: str = "",
) -> tuple[dict[str, str] | None, list[str]]:
    """Everything a decision has to be before it counts; returns the place and the ticks as they are kept.

    Raises as `decide`.
    """
    _check_decidable(session, review, actor=actor, seen=seen)
    check_reason(verdict, reason)
    kept = checked_place(review.submission.revision, place)
    if verdict is Verdict.REQUEST_CHANGES:
        check_proposal(review.submission.revision, kept, replacement)
    return kept, checklists.ticked(checklist(review, actor), verdict, checked)


def checklist(review: Review, person: User) -> list[str]:
    """What this person confirms by approving: the team's sentences; in solo mode those of every team they clear."""
    parts = [review, *(_own_parts(review.submission, person) if is_own(review, person) else [])]
    return list(dict.fromkeys(sentence for part in parts for sentence in part.team.checklist))


def _own_parts(submission: Submission, person: User) -> list[Review]:
    """The reviews that one person's approval clears beside their own, in solo mode."""
    if not submission.post.desk.solo:
        return []
    mine = own_team_ids_for(person, submission.desk_id)
    return [r for r in submission.reviews if r.state in UNDECIDED and r.team_id in mine]


def _decision_of(submission: Submission, person: User) -> Select[Decision]:
    return select(Decision).where(Decision.submission_id == submission.id, Decision.user_id == person.id)


def _is_repeated(
    before: Decision, review: Review, verdict: Verdict, reason: str, seen: tuple[int, str]
) -> bool:
    """Whether the very same decision is there already: the button was pressed twice."""
    same = (before.review_id, before.verdict, before.reason) == (review.id, verdict, reason)
    return same and seen == (before.revision_id, before.content_hash)


def _check_decidable(session: Session, review: Review, *, actor: User, seen: tuple[int, str]) -> None:
    refusal = obstacle(session, review, actor)
    if refusal is not None:
        raise refusal
    submission = review.submission
    if seen != (submission.revision_id, submission.content_hash):
        raise TransitionNotAllowed(
            "The text has changed since you opened this page. Read the new revision first."
        )


def check_reason(verdict: Verdict, reason: str) -> None:
    """Raises InvalidInput at `reason` when a no has none, or it is too long."""
    if verdict is not Verdict.APPROVE and not reason:
        sentence = "Say why, so that the author knows what to do."
        raise InvalidInput(sentence, {"reason": sentence})
    if len(reason) > LONGEST_REASON:
        sentence = f"Keep the reason under {LONGEST_REASON} characters."
        raise InvalidInput(sentence, {"reason": sentence})


def _record(session: Session, decision: Decision, review: Review, *, actor: User, now: datetime) -> None:
    said = decision.verdict.value.replace("_", " ")
    audit.record(
        session,
        f"decision.{decision.verdict}",
        review,
        actor=actor,
        now=now,
        summary=f"{review.team.name}: {said} “{review.submission.post.title}”{_in_place(decision)}",
        details={
            "decision_id": decision.id,
            "submission_id": decision.submission_id,
            "revision_id": decision.revision_id,
            "content_hash": decision.content_hash,
            "reason": decision.reason,
            "place": decision.place,
            "checked": decision.checked,
            "identified_by": decision.identified_by,
            "solo": decision.is_solo,
            "for_user_id": decision.for_user_id,
        },
    )


def _in_place(decision: Decision) -> str:
    return f" for {decision.for_user.name}" if decision.for_user else ""


def _settle(session: Session, review: Review, decision: Decision, *, actor: User, now: datetime) -> None:
    if decision.verdict is not Verdict.APPROVE:
        _stop(session, review, decision, actor=actor, now=now)
        return
    given = {d.counts_for.id for d in review.decisions if _stands(d, review)} | {decision.counts_for.id}
    if len(given) < review.quorum:
        return
    move_review(session, review, ReviewAct.DECIDE, actor=actor, now=now)
    over(session, OF_AN_OPEN_REVIEW, [review], now=now)
    _go_on(session, review.submission, decision, actor=actor, now=now)


def _stands(decision: Decision, review: Review) -> bool:
    """Whether an approval still counts: the person it counts for has not left the team since."""
    return decision.verdict is Verdict.APPROVE and still_counts(decision, review)


def _go_on(
    session: Session, submission: Submission, decision: Decision, *, actor: User, now: datetime
) -> None:
    """Open the next step when this one is done, and approve when none is left."""
    _clear_own_teams(session, submission, decision, actor=actor, now=now)
    states = {r.state for r in submission.reviews}
    if states & set(_DECIDABLE):
        return
    if ReviewState.WAITING in states:
        open_step(session, submission, now=now)
        return
    solo = any(d.is_solo for r in submission.reviews for d in r.decisions)
    approve_submission(session, submission, now=now, is_solo=solo)
    _tell_authors(session, submission, decision, "post.approved", now=now)


def _clear_own_teams(
    session: Session, submission: Submission, decision: Decision, *, actor: User, now: datetime
) -> None:
    """Solo mode: one person counts for every team they are in, and the decision says so."""
    others = [] if decision.for_user_id else _own_parts(submission, actor)
    for review in others:
        move_review(session, review, ReviewAct.CLEAR, actor=actor, now=now)
    over(session, OF_AN_OPEN_REVIEW, others, now=now)
    decision.is_solo = decision.is_solo or bool(others)


def _stop(session: Session, review: Review, decision: Decision, *, actor: User, now: datetime) -> None:
    """One no is enough: the submission closes and the post goes back to its authors."""
    submission, post = review.submission, review.submission.post
    move_review(session, review, ReviewAct.DECIDE, actor=actor, now=now)
    over(session, OF_AN_OPEN_REVIEW, [review], now=now)
    refused = decision.verdict is Verdict.REFUSE
    close(
        session, submission, SubmissionAct.REFUSE if refused else SubmissionAct.REQUEST_CHANGES,
        actor=actor, now=now,
    )  # fmt: skip
    move_post(
        session, post, PostAct.REFUSE if refused else PostAct.REQUEST_CHANGES,
        actor=actor, now=now, summary=_told(submission, decision),
    )  # fmt: skip
    _tell_authors(session, submission, decision, "post.sent_back", now=now)


def _propose(session: Session, decision: Decision, words: str, revision: Revision, *, now: datetime) -> None:
    """Other words for those the decision is about, where it asks for changes."""
    if decision.verdict is Verdict.REQUEST_CHANGES:
        propose(session, revision, decision.place, words, actor=decision.user, now=now, decision=decision)


def _told(submission: Submission, decision: Decision) -> str:
    said = {
        Verdict.APPROVE: "“{title}” is approved.",
        Verdict.REQUEST_CHANGES: "{team} asks for changes to “{title}”.",
        Verdict.REFUSE: "{team} refused “{title}”.",
    }
    return said[decision.verdict].format(team=decision.review.team.name, title=submission.post.title)


def _tell_authors(
    session: Session, submission: Submission, decision: Decision, kind: str, *, now: datetime
) -> None:
    people = {a.id for a in submission.revision.authors} | {submission.submitted_by_id}
    words = {**about(submission), "from": decision.by, "quote": decision.reason}
    notify(
        session, people - {decision.user_id}, kind, submission.post,
        stage=f"submission {submission.id}", text=_told(submission, decision), now=now, details=words,
    )  # fmt: skip


def last_decided(session: Session, review: Review) -> Revision | None:
    """The revision this team decided on last, before this submission: what it need not read again."""
    return session.scalar(
        select(Revision)
        .join(Submission, Submission.revision_id == Revision.id)
        .join(Review, Review.submission_id == Submission.id)
        .join(Decision, Decision.review_id == Review.id)
        .where(
            # From the post's few submissions: SQLite would go through everything the team has ever read.
            Submission.post_id == review.submission.post_id,
            Submission.id < review.submission_id,
            Review.team_id == review.team_id,
        )
        .order_by(Decision.id.desc())
        .limit(1)
    )
