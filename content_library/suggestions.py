"""What a desk does with proposed words: takes them into a working copy, takes them back, or declines them.

Applying writes into the working copy and saves nothing, so that several can be applied and then saved on purpose.
Whoever applies one edits, and becomes an author with the revision they save.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from content_library.errors import InvalidInput, NotFound, TransitionNotAllowed
from content_library.models.post import Post, WorkingCopy
from content_library.models.suggestion import Suggestion, SuggestionState
from content_library.models.user import User
from content_library.notices import notify
from content_library.permissions import can_draft, require
from content_library.review_flow import SuggestionAct, next_suggestion_state
from content_library.suggested_words import Spot, only_spot, with_words, words_at
from content_library.transitions import move_suggestion

MAY_APPLY = "Only agents and leads of this desk can take suggested words into its posts."
LONGEST_WHY = 1_000


def of_post(session: Session, post: Post) -> list[Suggestion]:
    """Every suggestion for a post, oldest first."""
    return list(
        session.scalars(
            select(Suggestion)
            .where(Suggestion.post_id == post.id)
            .order_by(Suggestion.id)
            .options(
                joinedload(Suggestion.user).lazyload("*"),
                joinedload(Suggestion.closed_by).lazyload("*"),
                joinedload(Suggestion.applied_revision),
            )
        )
    )


def get_suggestion(session: Session, post: Post, suggestion_id: int) -> Suggestion:
    """Raises NotFound, also for another post's."""
    found = session.scalar(
        select(Suggestion).where(Suggestion.id == suggestion_id, Suggestion.post_id == post.id)
    )
    if found is None:
        raise NotFound("There is no such suggestion for this post.")
    return found


def apply(session: Session, suggestion: Suggestion, copy: WorkingCopy, *, actor: User, now: datetime) -> None:
    """Replace the words in this person's working copy.

    Raises TransitionNotAllowed when it is not open, InvalidInput when the words are gone or stand there twice.
    """
    _check_own(copy, suggestion, actor)
    next_suggestion_state(suggestion.state, SuggestionAct.APPLY)
    spot = only_spot(copy.content, suggestion.network, suggestion.quote)
    suggestion.field, suggestion.start = spot.field, spot.start
    suggestion.original = words_at(copy.content, suggestion.network, spot)
    _write(copy, spot, suggestion.replacement, now)
    move_suggestion(session, suggestion, SuggestionAct.APPLY, actor=actor, now=now)


def take_back(
    session: Session, suggestion: Suggestion, copy: WorkingCopy, *, actor: User, now: datetime
) -> None:
    """Put the words that stood there before back into the working copy.

    Raises TransitionNotAllowed once they are in a revision, InvalidInput when they were written over.
    """
    _check_own(copy, suggestion, actor)
    if suggestion.applied_revision_id is not None or suggestion.closed_by_id != actor.id:
        raise TransitionNotAllowed("These words are saved already. Change them in the text, and save that.")
    next_suggestion_state(suggestion.state, SuggestionAct.TAKE_BACK)
    there = Spot(suggestion.field, suggestion.start, suggestion.start + len(suggestion.replacement))
    if words_at(copy.content, suggestion.network, there) != suggestion.replacement:
        there = only_spot(copy.content, suggestion.network, suggestion.replacement)
    _write(copy, there, suggestion.original, now)
    move_suggestion(session, suggestion, SuggestionAct.TAKE_BACK, actor=actor, now=now)


def decline(session: Session, suggestion: Suggestion, why: str, *, actor: User, now: datetime) -> None:
    """Say no, with a word to whoever proposed it, who may also withdraw it. Raises InvalidInput at `why`."""
    own = suggestion.user_id == actor.id
    require(
        own or can_draft(actor, suggestion.desk_id),
        "Only agents and leads of this desk can decline suggestions.",
    )
    why = why.strip()
    if not why or len(why) > LONGEST_WHY:
        sentence = "Say why, in a word or two." if not why else f"Keep it under {LONGEST_WHY} characters."
        raise InvalidInput(sentence, {"why": sentence})
    suggestion.why = why
    move_suggestion(session, suggestion, SuggestionAct.DECLINE, actor=actor, now=now)
    text = f"{actor.name} did not take your words into “{suggestion.post.title}”."
    notify(
        session, {suggestion.user_id} - {actor.id}, "suggestion.declined", suggestion, text=text, now=now,
        details={"post_id": suggestion.post_id, "from": actor.name, "quote": why, "about": suggestion.replacement},
    )  # fmt: skip


def open_ones(found: list[Suggestion]) -> list[Suggestion]:
    """What the desk has not answered yet, and what stands in somebody's working copy unsaved."""
    return [s for s in found if s.state is SuggestionState.OPEN or is_unsaved(s)]


def is_unsaved(suggestion: Suggestion) -> bool:
    return suggestion.state is SuggestionState.APPLIED and suggestion.applied_revision_id is None


def _check_own(copy: WorkingCopy, suggestion: Suggestion, actor: User) -> None:
    require(copy.user_id == actor.id and can_draft(actor, copy.post.desk_id), MAY_APPLY)
    if copy.post_id != suggestion.post_id:
        raise NotFound("There is no such suggestion for this post.")


def _write(copy: WorkingCopy, spot: Spot, words: str, now: datetime) -> None:
    copy.content, copy.updated_at = with_words(copy.content, spot, words), now
