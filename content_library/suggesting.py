"""Proposing other words, and what becomes of proposals when a revision is saved or a working copy thrown away.

Proposing is not editing: whoever proposes may still decide. Applying is (see `suggestions`).
"""

import unicodedata
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from content_library.errors import InvalidInput
from content_library.models.post import Post, Revision
from content_library.models.review import Comment, Decision
from content_library.models.suggestion import Suggestion, SuggestionState
from content_library.models.user import User
from content_library.notices import notify
from content_library.review_flow import SuggestionAct
from content_library.suggested_words import only_spot, spots
from content_library.transitions import move_suggestion, start_suggestion

LONGEST = 2_000


def propose(
    session: Session,
    revision: Revision,
    place: Mapping[str, str] | None,
    replacement: str,
    *,
    actor: User,
    now: datetime,
    comment: Comment | None = None,
    decision: Decision | None = None,
) -> Suggestion | None:
    """Propose other words for the words of `place`; None where none are given.

    Raises InvalidInput at `quote` when no words are marked or they stand there more than once, and at `replacement`.
    """
    words = check_proposal(revision, place, replacement)
    if not words or not place:
        return None
    suggestion = Suggestion(
        desk_id=revision.post.desk_id, post=revision.post, revision_id=revision.id,
        comment_id=comment.id if comment else None, decision_id=decision.id if decision else None,
        user=actor, network=place["network"], quote=place["quote"], replacement=words, at=now,
    )  # fmt: skip
    start_suggestion(session, suggestion, now=now)
    return suggestion


def check_proposal(revision: Revision, place: Mapping[str, str] | None, replacement: str) -> str:
    """The words that would be proposed, as they are kept; empty for none. Raises as `propose`."""
    words = unicodedata.normalize("NFC", replacement.replace("\r\n", "\n")).strip()
    if not words:
        return ""
    if not place:
        sentence = "Mark the words that these should replace."
        raise InvalidInput(sentence, {"quote": sentence})
    _check(revision, place, words)
    return words


def _check(revision: Revision, place: Mapping[str, str], words: str) -> None:
    if len(words) > LONGEST or words == place["quote"]:
        sentence = (
            "These are the same words." if words == place["quote"] else f"Keep it under {LONGEST} characters."
        )
        raise InvalidInput(sentence, {"replacement": sentence})
    if len(found := spots(revision.content, place["network"], place["quote"])) != 1:
        sentence = (
            "These words stand there more than once. Mark a few more words around them."
            if found
            else "Other words can be proposed for the text, the title, the first comment, the options of a poll and "
            "the descriptions of pictures only."
        )
        raise InvalidInput(sentence, {"quote": sentence})


def settle_saved(session: Session, post: Post, revision: Revision, *, actor: User, now: datetime) -> None:
    """After a revision was saved: what was applied in it says so, and what no longer fits the text is outdated."""
    for suggestion in _unsaved(session, post, actor):
        if spots(revision.content, suggestion.network, suggestion.replacement):
            suggestion.applied_revision_id = revision.id
            _tell(session, suggestion, f"{actor.name} took your words into “{post.title}”.", actor, now=now)
        else:
            move_suggestion(session, suggestion, SuggestionAct.TAKE_BACK, actor=actor, now=now)
    for suggestion in session.scalars(_of(post, SuggestionState.OPEN)):
        try:
            only_spot(revision.content, suggestion.network, suggestion.quote)
        except InvalidInput:
            move_suggestion(session, suggestion, SuggestionAct.OUTDATE, actor=None, now=now)
    session.flush()


def reopen_unsaved(session: Session, post: Post, *, actor: User, now: datetime) -> None:
    """What this person had applied and thrown away again, or changed back, is open again."""
    for suggestion in _unsaved(session, post, actor):
        move_suggestion(session, suggestion, SuggestionAct.TAKE_BACK, actor=actor, now=now)


def _unsaved(session: Session, post: Post, actor: User) -> list[Suggestion]:
    mine = _of(post, SuggestionState.APPLIED).where(
        Suggestion.applied_revision_id.is_(None), Suggestion.closed_by_id == actor.id
    )
    return list(session.scalars(mine))


def _of(post: Post, state: SuggestionState) -> Select[Suggestion]:
    return select(Suggestion).where(Suggestion.post_id == post.id, Suggestion.state == state)


def _tell(session: Session, suggestion: Suggestion, text: str, actor: User, *, now: datetime) -> None:
    notify(
        session, {suggestion.user_id} - {actor.id}, "suggestion.applied", suggestion, text=text, now=now,
        details={"post_id": suggestion.post_id},
    )  # fmt: skip
