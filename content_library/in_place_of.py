"""In whose place somebody decides, so that nobody is counted twice and nobody decides on what either of them wrote."""

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from content_library.errors import PermissionDenied, Refusal, TransitionNotAllowed
from content_library.models.review import Decision, Review, Submission
from content_library.models.user import User
from content_library.permissions import is_author, own_team_ids_for, stand_ins_of


def is_own(review: Review, person: User) -> bool:
    """Whether the person decides for themselves: in the team, and not in somebody’s place."""
    return review.team_id in own_team_ids_for(person, review.desk_id)


def people_away(review: Review, person: User) -> list[User]:
    """In whose place this person may act for the review’s team; nobody when they are in the team themselves."""
    if is_own(review, person):
        return []
    return [s.person for s in stand_ins_of(person) if s.team.id == review.team_id]


def place_taken(session: Session, review: Review, person: User) -> User | None:
    """In whose place this person would decide: the first who neither wrote the text nor has been counted."""
    submission = review.submission
    for other in people_away(review, person):
        if is_author(other, submission.revision):
            continue
        if session.scalar(counted_for(submission, other)) is None:
            return other
    return None


def counted_twice(session: Session, review: Review, person: User) -> Refusal | None:
    """Why this person’s decision would count somebody twice, or somebody who wrote it."""
    mine = session.scalar(counted_for(review.submission, person))
    if mine is not None and mine.user_id == person.id:
        return TransitionNotAllowed(
            f"You have decided already, for {mine.review.team.name}. One person counts once."
        )
    if mine is not None:
        return TransitionNotAllowed(
            f"{mine.user.name} has decided for you, for {mine.review.team.name}. One person counts once."
        )
    away = people_away(review, person)
    if not away or place_taken(session, review, person) is not None:
        return None
    if all(is_author(other, review.submission.revision) for other in away):
        return PermissionDenied(
            f"{away[0].name} wrote part of this text, so nobody decides on it in their place."
        )
    return TransitionNotAllowed(f"{away[0].name} has been counted already. One person counts once.")


def counted_for(submission: Submission, person: User) -> Select[Decision]:
    """The decision on a submission that this person made, or that was made in their place."""
    whose = or_(Decision.user_id == person.id, Decision.for_user_id == person.id)
    return select(Decision).where(Decision.submission_id == submission.id, whose)
