"""Looking afterwards: samples, breaches, and the second breach that suspends a clause."""

import pytest
from sqlalchemy.orm import Session

from content_library import after_reviews, agreements
from content_library.agreement_drafts import ClauseTerms
from content_library.approvals import approval_in_force
from content_library.errors import InvalidInput, NotFound, PermissionDenied, TransitionNotAllowed
from content_library.models.agreement import SampleState
from content_library.models.post import Post
from content_library.models.review import Review, ReviewState
from tests import factories as make
from tests.content_library.agreed import agree
from tests.content_library.scene import Scene, make_scene
from tests.factories import NOW


@pytest.fixture
def scene(session: Session) -> Scene:
    made = make_scene(session)
    agree(made, ClauseTerms(["how_to"], sample_percent=100))
    return made


def cleared(scene: Scene, title: str = "Descale your kettle") -> Review:
    return scene.review(scene.submit(scene.post(title=title)), "marketing")


def elena(scene: Scene):
    return scene.reviewers["marketing"]


def test_what_is_drawn_waits_for_the_team_and_for_nobody_else(scene: Scene):
    review = cleared(scene)
    page = after_reviews.samples_for(scene.session, elena(scene))
    assert [sample.review_id for sample in page.samples] == [review.id]
    assert after_reviews.samples_count(scene.session, elena(scene)) == 1
    for person in (scene.reviewers["legal"], scene.maya, scene.priya):
        assert after_reviews.samples_count(scene.session, person) == 0


def test_in_order_is_noted_and_it_waits_no_longer(scene: Scene):
    review = cleared(scene)
    after_reviews.find_in_order(scene.session, review, "Fine.", actor=elena(scene), now=NOW)
    sample = after_reviews.sample_of(scene.session, review)
    assert (sample.state, sample.note, sample.decided_by_id) == (
        SampleState.IN_ORDER,
        "Fine.",
        elena(scene).id,
    )
    assert after_reviews.samples_count(scene.session, elena(scene)) == 0
    assert scene.recorded("sample.pass")
    with pytest.raises(TransitionNotAllowed):
        after_reviews.find_in_order(scene.session, review, "", actor=elena(scene), now=NOW)


def test_only_the_team_looks_and_never_who_wrote_it(scene: Scene):
    review = cleared(scene)
    noor = make.make_user(scene.session, "Noor Haddad", desk=scene.desk, teams=["marketing"])
    review.submission.revision.authors.append(noor)
    for person in (scene.priya, scene.maya, scene.reviewers["legal"], noor):
        with pytest.raises(PermissionDenied):
            after_reviews.find_in_order(scene.session, review, "", actor=person, now=NOW)
        with pytest.raises(PermissionDenied):
            after_reviews.note_breach(scene.session, review, "No.", actor=person, now=NOW)


def test_what_a_person_decided_is_not_looked_at_afterwards(scene: Scene):
    submission = scene.submit(scene.side_by_side())
    review = scene.review(submission, "legal")
    with pytest.raises(PermissionDenied, match="No agreement cleared this"):
        after_reviews.note_breach(scene.session, review, "No.", actor=scene.reviewers["legal"], now=NOW)


def test_what_was_not_drawn_cannot_be_found_in_order(session: Session):
    scene = make_scene(session)
    agree(scene)
    with pytest.raises(NotFound):
        after_reviews.find_in_order(session, cleared(scene), "", actor=elena(scene), now=NOW)


@pytest.mark.parametrize("what", ["", "  ", "x" * 2_001])
def test_a_breach_says_what_should_not_have_been_said(scene: Scene, what: str):
    with pytest.raises(InvalidInput) as refused:
        after_reviews.note_breach(scene.session, cleared(scene), what, actor=elena(scene), now=NOW)
    assert set(refused.value.fields) == {"what"}


def test_one_breach_is_told_and_recorded_and_suspends_nothing(scene: Scene):
    review = cleared(scene)
    assert after_reviews.note_breach(scene.session, review, "A claim.", actor=elena(scene), now=NOW) == 0
    assert review.clause.suspended_at is None
    assert after_reviews.sample_of(scene.session, review).state is SampleState.BREACH
    assert scene.recorded("agreement.breach")[0].payload.details["what"] == "A claim."
    assert scene.told(scene.priya, "agreement.breach")
    assert scene.told(scene.maya, "agreement.breach")
    assert cleared(scene, "Another").state is ReviewState.CLEARED


def test_the_same_post_is_one_breach(scene: Scene):
    review = cleared(scene)
    after_reviews.note_breach(scene.session, review, "A claim.", actor=elena(scene), now=NOW)
    with pytest.raises(TransitionNotAllowed):
        after_reviews.note_breach(scene.session, review, "Again.", actor=elena(scene), now=NOW)


def posts_in_force(scene: Scene) -> int:
    posts = scene.session.query(Post).all()
    return sum(approval_in_force(scene.session, post) is not None for post in posts)


def test_two_breaches_suspend_the_clause_and_what_it_cleared_falls(scene: Scene):
    first, second, third = (cleared(scene, title) for title in ("One", "Two", "Three"))
    after_reviews.note_breach(scene.session, first, "A claim.", actor=elena(scene), now=NOW)
    assert posts_in_force(scene) == 3
    assert after_reviews.note_breach(scene.session, second, "A price.", actor=elena(scene), now=NOW) == 3
    assert third.clause.suspended_at == NOW
    assert posts_in_force(scene) == 0
    assert scene.recorded("agreement.suspend")[0].actor_name == "Deskcast"
    assert scene.told(scene.priya, "agreement.suspended")
    assert cleared(scene, "Four").state is ReviewState.OPEN


def test_a_third_breach_is_still_noted(scene: Scene):
    reviews = [cleared(scene, title) for title in ("One", "Two", "Three")]
    for review in reviews:
        after_reviews.note_breach(scene.session, review, "A claim.", actor=elena(scene), now=NOW)
    assert len(reviews[0].clause.breaches) == 3


def test_either_side_suspends_a_clause_at_once_and_a_new_version_brings_it_back(scene: Scene):
    review = cleared(scene)
    clause = review.clause
    with pytest.raises(PermissionDenied):
        agreements.suspend(scene.session, clause, "Hm.", actor=scene.maya, now=NOW)
    with pytest.raises(InvalidInput):
        agreements.suspend(scene.session, clause, " ", actor=scene.priya, now=NOW)
    assert agreements.suspend(scene.session, clause, "A new law.", actor=elena(scene), now=NOW) == 1
    with pytest.raises(TransitionNotAllowed):
        agreements.suspend(scene.session, clause, "Again.", actor=scene.priya, now=NOW)
    agree(scene, ClauseTerms(["how_to"], sample_percent=0))
    assert cleared(scene, "Two").cleared_under == "Marketing v2 §1"


def test_the_list_of_what_was_cleared_shows_what_became_of_it(scene: Scene):
    first, second = cleared(scene, "One"), cleared(scene, "Two")
    after_reviews.find_in_order(scene.session, first, "", actor=elena(scene), now=NOW)
    after_reviews.note_breach(scene.session, second, "A claim.", actor=elena(scene), now=NOW)
    page = after_reviews.cleared_under(scene.session, first.clause.version.agreement)
    assert page.total == 2
    shown = {row.review.id: (row.sample.state, row.breach and row.breach.what) for row in page.rows}
    assert shown == {first.id: (SampleState.IN_ORDER, None), second.id: (SampleState.BREACH, "A claim.")}


def test_a_breach_counts_against_the_accounts_the_text_was_for(scene: Scene):
    page = make.page_of(scene.session, scene.desk)
    other = make.make_account(scene.session, scene.desk)
    review = scene.review(scene.submit(scene.post(accounts=[page.id])), "marketing")
    after_reviews.note_breach(scene.session, review, "A claim.", actor=elena(scene), now=NOW)
    assert after_reviews.breaches_on(scene.session, page.id, since=NOW) == [NOW]
    assert after_reviews.breaches_on(scene.session, other.id, since=NOW) == []
