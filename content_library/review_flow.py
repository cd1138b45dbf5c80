"""The states of posts, submissions, reviews and suggestions, and what may follow what: tables and nothing else."""

from collections.abc import Mapping
from enum import StrEnum

from content_library.errors import TransitionNotAllowed
from content_library.models.post import PostState as P
from content_library.models.review import ReviewState as R
from content_library.models.review import SubmissionState as S
from content_library.models.suggestion import SuggestionState as G


class PostAct(StrEnum):
    SUBMIT = "submit"
    APPROVE = "approve"
    REQUEST_CHANGES = "request_changes"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    WITHDRAW_TO_APPROVED = "withdraw_to_approved"
    REWORK = "rework"  # a new revision on purpose, after a no
    LOSE_APPROVAL = "lose_approval"
    EXPIRE = "expire"
    ARCHIVE = "archive"
    RESTORE = "restore"


class SubmissionAct(StrEnum):
    APPROVE = "approve"
    REQUEST_CHANGES = "request_changes"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    SUPERSEDE = "supersede"
    EXPIRE = "expire"


class ReviewAct(StrEnum):
    OPEN = "open"
    ASK = "ask"
    ANSWER = "answer"
    DECIDE = "decide"
    CLEAR = "clear"
    DROP = "drop"


class SuggestionAct(StrEnum):
    APPLY = "apply"
    TAKE_BACK = "take_back"  # out of the working copy again
    DECLINE = "decline"
    OUTDATE = "outdate"  # a revision without the words it is about


POST_TRANSITIONS: Mapping[tuple[P, PostAct], P] = {
    (P.DRAFT, PostAct.SUBMIT): P.IN_REVIEW,
    (P.CHANGES_REQUESTED, PostAct.SUBMIT): P.IN_REVIEW,
    (P.REFUSED, PostAct.SUBMIT): P.IN_REVIEW,
    (P.EXPIRED, PostAct.SUBMIT): P.IN_REVIEW,
    (P.APPROVED, PostAct.SUBMIT): P.IN_REVIEW,
    (P.IN_REVIEW, PostAct.SUBMIT): P.IN_REVIEW,
    (P.IN_REVIEW, PostAct.APPROVE): P.APPROVED,
    (P.IN_REVIEW, PostAct.REQUEST_CHANGES): P.CHANGES_REQUESTED,
    (P.IN_REVIEW, PostAct.REFUSE): P.REFUSED,
    (P.IN_REVIEW, PostAct.WITHDRAW): P.DRAFT,
    (P.IN_REVIEW, PostAct.WITHDRAW_TO_APPROVED): P.APPROVED,
    (P.CHANGES_REQUESTED, PostAct.REWORK): P.DRAFT,
    (P.REFUSED, PostAct.REWORK): P.DRAFT,
    (P.EXPIRED, PostAct.REWORK): P.DRAFT,
    (P.APPROVED, PostAct.LOSE_APPROVAL): P.DRAFT,
    (P.DRAFT, PostAct.EXPIRE): P.EXPIRED,
    (P.IN_REVIEW, PostAct.EXPIRE): P.EXPIRED,
    (P.CHANGES_REQUESTED, PostAct.EXPIRE): P.EXPIRED,
    (P.APPROVED, PostAct.EXPIRE): P.EXPIRED,
    (P.DRAFT, PostAct.ARCHIVE): P.ARCHIVED,
    (P.CHANGES_REQUESTED, PostAct.ARCHIVE): P.ARCHIVED,
    (P.APPROVED, PostAct.ARCHIVE): P.ARCHIVED,
    (P.REFUSED, PostAct.ARCHIVE): P.ARCHIVED,
    (P.EXPIRED, PostAct.ARCHIVE): P.ARCHIVED,
    (P.ARCHIVED, PostAct.RESTORE): P.DRAFT,
}

SUBMISSION_TRANSITIONS: Mapping[tuple[S, SubmissionAct], S] = {
    (S.OPEN, SubmissionAct.APPROVE): S.APPROVED,
    (S.OPEN, SubmissionAct.REQUEST_CHANGES): S.CHANGES_REQUESTED,
    (S.OPEN, SubmissionAct.REFUSE): S.REFUSED,
    (S.OPEN, SubmissionAct.WITHDRAW): S.WITHDRAWN,
    (S.OPEN, SubmissionAct.SUPERSEDE): S.SUPERSEDED,
    (S.OPEN, SubmissionAct.EXPIRE): S.EXPIRED,
}

REVIEW_TRANSITIONS: Mapping[tuple[R, ReviewAct], R] = {
    (R.WAITING, ReviewAct.OPEN): R.OPEN,
    (R.OPEN, ReviewAct.ASK): R.ASKED,
    (R.ASKED, ReviewAct.ANSWER): R.OPEN,
    (R.OPEN, ReviewAct.DECIDE): R.DECIDED,
    (R.ASKED, ReviewAct.DECIDE): R.DECIDED,
    (R.WAITING, ReviewAct.CLEAR): R.CLEARED,
    (R.OPEN, ReviewAct.CLEAR): R.CLEARED,
    (R.ASKED, ReviewAct.CLEAR): R.CLEARED,
    (R.WAITING, ReviewAct.DROP): R.MOOT,
    (R.OPEN, ReviewAct.DROP): R.MOOT,
    (R.ASKED, ReviewAct.DROP): R.MOOT,
}

SUGGESTION_TRANSITIONS: Mapping[tuple[G, SuggestionAct], G] = {
    (G.OPEN, SuggestionAct.APPLY): G.APPLIED,
    (G.OPEN, SuggestionAct.DECLINE): G.DECLINED,
    (G.OPEN, SuggestionAct.OUTDATE): G.OUTDATED,
    (G.APPLIED, SuggestionAct.TAKE_BACK): G.OPEN,
}

_SAID = {
    P.DRAFT: "a draft",
    P.IN_REVIEW: "in review",
    P.CHANGES_REQUESTED: "back with its author",
    P.APPROVED: "approved",
    P.REFUSED: "refused",
    P.EXPIRED: "expired",
    P.ARCHIVED: "archived",
}


def next_post_state(state: P, act: PostAct) -> P:
    """Raises TransitionNotAllowed when the post has moved on."""
    following = POST_TRANSITIONS.get((state, act))
    if following is None and (state, act) == (P.IN_REVIEW, PostAct.ARCHIVE):
        raise TransitionNotAllowed("This post is in review. Take it back from review first, then archive it.")
    if following is None:
        raise TransitionNotAllowed(
            f"This post is {_SAID[state]} now, so that can no longer be done. Reload the page."
        )
    return following


def next_submission_state(state: S, act: SubmissionAct) -> S:
    """Raises TransitionNotAllowed when the submission is over."""
    following = SUBMISSION_TRANSITIONS.get((state, act))
    if following is None:
        raise TransitionNotAllowed("This submission is over. Reload the page to see what became of it.")
    return following


def next_review_state(state: R, act: ReviewAct) -> R:
    """Raises TransitionNotAllowed when the review is over or not yet open."""
    following = REVIEW_TRANSITIONS.get((state, act))
    if following is None:
        raise TransitionNotAllowed("This review is not open. Reload the page to see what became of it.")
    return following


def next_suggestion_state(state: G, act: SuggestionAct) -> G:
    """Raises TransitionNotAllowed when somebody has answered it already."""
    following = SUGGESTION_TRANSITIONS.get((state, act))
    if following is None:
        raise TransitionNotAllowed(f"This suggestion is {state.value} already. Reload the page.")
    return following
