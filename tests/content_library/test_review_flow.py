"""The tables of review: every state against every act, so that a new row is a decision and not an accident."""

from itertools import product

import pytest

from content_library.errors import TransitionNotAllowed
from content_library.models.post import PostState as P
from content_library.models.review import ReviewState as R
from content_library.models.review import SubmissionState as S
from content_library.models.suggestion import SuggestionState as G
from content_library.review_flow import (
    POST_TRANSITIONS,
    REVIEW_TRANSITIONS,
    SUBMISSION_TRANSITIONS,
    SUGGESTION_TRANSITIONS,
    PostAct,
    ReviewAct,
    SubmissionAct,
    SuggestionAct,
    next_post_state,
    next_review_state,
    next_submission_state,
    next_suggestion_state,
)

A = PostAct
ARCHIVABLE = (P.DRAFT, P.CHANGES_REQUESTED, P.APPROVED, P.REFUSED, P.EXPIRED)
POSTS = {
    **{(state, A.SUBMIT): P.IN_REVIEW for state in P if state is not P.ARCHIVED},
    (P.IN_REVIEW, A.APPROVE): P.APPROVED,
    (P.IN_REVIEW, A.REQUEST_CHANGES): P.CHANGES_REQUESTED,
    (P.IN_REVIEW, A.REFUSE): P.REFUSED,
    (P.IN_REVIEW, A.WITHDRAW): P.DRAFT,
    (P.IN_REVIEW, A.WITHDRAW_TO_APPROVED): P.APPROVED,
    **{(state, A.REWORK): P.DRAFT for state in (P.CHANGES_REQUESTED, P.REFUSED, P.EXPIRED)},
    (P.APPROVED, A.LOSE_APPROVAL): P.DRAFT,
    **{(s, A.EXPIRE): P.EXPIRED for s in (P.DRAFT, P.IN_REVIEW, P.CHANGES_REQUESTED, P.APPROVED)},
    **{(state, A.ARCHIVE): P.ARCHIVED for state in ARCHIVABLE},
    (P.ARCHIVED, A.RESTORE): P.DRAFT,
}
SUBMISSIONS = {
    (S.OPEN, SubmissionAct.APPROVE): S.APPROVED,
    (S.OPEN, SubmissionAct.REQUEST_CHANGES): S.CHANGES_REQUESTED,
    (S.OPEN, SubmissionAct.REFUSE): S.REFUSED,
    (S.OPEN, SubmissionAct.WITHDRAW): S.WITHDRAWN,
    (S.OPEN, SubmissionAct.SUPERSEDE): S.SUPERSEDED,
    (S.OPEN, SubmissionAct.EXPIRE): S.EXPIRED,
}
REVIEWS = {
    (R.WAITING, ReviewAct.OPEN): R.OPEN,
    (R.OPEN, ReviewAct.ASK): R.ASKED,
    (R.ASKED, ReviewAct.ANSWER): R.OPEN,
    (R.OPEN, ReviewAct.DECIDE): R.DECIDED,
    (R.ASKED, ReviewAct.DECIDE): R.DECIDED,
    **{(state, ReviewAct.CLEAR): R.CLEARED for state in (R.WAITING, R.OPEN, R.ASKED)},
    **{(state, ReviewAct.DROP): R.MOOT for state in (R.WAITING, R.OPEN, R.ASKED)},
}
SUGGESTIONS = {
    (G.OPEN, SuggestionAct.APPLY): G.APPLIED,
    (G.OPEN, SuggestionAct.DECLINE): G.DECLINED,
    (G.OPEN, SuggestionAct.OUTDATE): G.OUTDATED,
    (G.APPLIED, SuggestionAct.TAKE_BACK): G.OPEN,
}


@pytest.mark.parametrize(("state", "act"), list(product(P, PostAct)))
def test_a_post_moves_where_its_table_says_and_nowhere_else(state: P, act: PostAct):
    check(next_post_state, POSTS, state, act)


@pytest.mark.parametrize(("state", "act"), list(product(S, SubmissionAct)))
def test_a_submission_ends_once(state: S, act: SubmissionAct):
    check(next_submission_state, SUBMISSIONS, state, act)


@pytest.mark.parametrize(("state", "act"), list(product(R, ReviewAct)))
def test_a_review_moves_where_its_table_says_and_nowhere_else(state: R, act: ReviewAct):
    check(next_review_state, REVIEWS, state, act)


@pytest.mark.parametrize(("state", "act"), list(product(G, SuggestionAct)))
def test_a_suggestion_is_answered_once(state: G, act: SuggestionAct):
    check(next_suggestion_state, SUGGESTIONS, state, act)


def check(following, expected, state, act):
    if (state, act) in expected:
        assert following(state, act) is expected[state, act]
        return
    with pytest.raises(TransitionNotAllowed, match=r"Reload|Take it back"):
        following(state, act)


def test_the_tables_hold_nothing_else():
    assert dict(POST_TRANSITIONS) == POSTS
    assert dict(SUBMISSION_TRANSITIONS) == SUBMISSIONS
    assert dict(REVIEW_TRANSITIONS) == REVIEWS
    assert dict(SUGGESTION_TRANSITIONS) == SUGGESTIONS


def test_a_post_in_review_is_taken_back_before_it_is_archived():
    with pytest.raises(TransitionNotAllowed, match="Take it back from review first"):
        next_post_state(P.IN_REVIEW, PostAct.ARCHIVE)
