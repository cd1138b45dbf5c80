"""Sending a post through its teams, taking it back, and what time does to it."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from content_library import discussion, submissions
from content_library.approvals import approval_in_force, approvals_in_force
from content_library.errors import InvalidInput, NotFound, PermissionDenied, TransitionNotAllowed
from content_library.models.post import PostState, Revision
from content_library.models.review import ReviewState, SubmissionState, Verdict
from content_library.models.user import TeamMembership
from tests import factories as make
from tests.content_library.scene import Scene, make_scene
from tests.factories import NOW


@pytest.fixture
def scene(session: Session) -> Scene:
    return make_scene(session)


def test_the_first_step_opens_and_its_teams_are_told(scene: Scene):
    submission = scene.submit(scene.side_by_side())
    assert {r.state for r in submission.reviews} == {ReviewState.OPEN}
    for key in ("pr", "legal"):
        (notice,) = scene.told(scene.reviewers[key], "review.open")
        assert notice.details["from"] == "Maya Okafor"
    assert scene.told(scene.reviewers["marketing"]) == []


@pytest.mark.parametrize("who", ["ruth", "elena"])
def test_only_agents_and_leads_submit(scene: Scene, who: str):
    post = scene.post()
    person = scene.ruth if who == "ruth" else scene.reviewers["marketing"]
    with pytest.raises(PermissionDenied):
        make.submit(scene.session, post, person)


def test_what_is_missing_is_said_at_its_field(scene: Scene):
    post = scene.post(text="", format_key="celebrity_news")
    with pytest.raises(InvalidInput) as refusal:
        scene.submit(post)
    assert {"text", "relevance"} <= refusal.value.fields.keys()


def test_a_wanted_time_that_is_past_is_refused(scene: Scene):
    post = scene.post()
    revision = scene.session.get_one(Revision, post.latest_revision_id)
    with pytest.raises(InvalidInput) as refusal:
        submissions.submit(scene.session, post, revision, actor=scene.maya, now=NOW, wanted_at=NOW)
    assert "already past" in refusal.value.fields["wanted_at"]


def test_an_older_revision_is_not_submitted(scene: Scene):
    post = scene.post()
    before = scene.session.get_one(Revision, post.latest_revision_id)
    make.save(scene.session, post, scene.maya, text="A newer text.")
    with pytest.raises(TransitionNotAllowed, match="newer revision"):
        submissions.submit(scene.session, post, before, actor=scene.maya, now=NOW)


def test_the_same_revision_is_not_submitted_twice(scene: Scene):
    post = scene.post()
    scene.submit(post)
    with pytest.raises(TransitionNotAllowed, match="in review already"):
        scene.submit(post)


def test_an_approved_revision_is_not_submitted_again(scene: Scene):
    post = scene.post()
    make.clear(scene.session, post, scene.maya, scene.reviewers)
    with pytest.raises(TransitionNotAllowed, match="approved already"):
        scene.submit(post)


def test_a_refused_revision_is_blocked_and_a_new_one_is_not(scene: Scene):
    post = scene.post()
    make.decide(scene.session, scene.submit(post).reviews[0], scene.reviewers["marketing"], Verdict.REFUSE)
    with pytest.raises(TransitionNotAllowed, match="was refused"):
        scene.submit(post)
    make.save(scene.session, post, scene.maya, text="Another text.")
    assert scene.submit(post).state is SubmissionState.OPEN


def test_the_same_revision_goes_round_again_after_changes_were_asked_for(scene: Scene):
    post = scene.post()
    first = scene.submit(post)
    make.decide(scene.session, first.reviews[0], scene.reviewers["marketing"], Verdict.REQUEST_CHANGES)
    second = scene.submit(post)
    make.decide(scene.session, second.reviews[0], scene.reviewers["marketing"])
    assert post.state is PostState.APPROVED


def test_a_team_the_desk_lacks_is_named(scene: Scene):
    scene.desk.teams = [t for t in scene.desk.teams if t.key != "legal"]
    with pytest.raises(InvalidInput, match="no legal team"):
        scene.submit(scene.side_by_side())


def test_a_team_with_nobody_who_may_decide_is_reported_to_the_leads(scene: Scene):
    scene.reviewers["marketing"].is_active = False
    scene.submit(scene.post())
    (notice,) = scene.told(scene.priya, "review.nobody")
    assert "waits for Marketing, where nobody may decide on it" in notice.text


def test_a_team_whose_only_member_wrote_it_is_reported_too(scene: Scene):
    scene.maya.team_memberships.append(
        TeamMembership(team=next(t for t in scene.desk.teams if t.key == "marketing"))
    )
    scene.reviewers["marketing"].team_memberships.clear()
    scene.session.flush()
    scene.submit(scene.post())
    assert len(scene.told(scene.priya, "review.nobody")) == 1
    assert scene.told(scene.maya, "review.open") == []


def test_a_newer_submission_supersedes_and_leaves_the_approved_revision_alone(scene: Scene):
    post = scene.post()
    make.clear(scene.session, post, scene.maya, scene.reviewers)
    approved = approval_in_force(scene.session, post)
    make.save(scene.session, post, scene.maya, text="Second.")
    second = scene.submit(post)
    make.save(scene.session, post, scene.maya, text="Third.")
    third = scene.submit(post)
    assert second.state is SubmissionState.SUPERSEDED
    assert [r.state for r in second.reviews] == [ReviewState.MOOT]
    assert approvals_in_force(scene.session, post) == [approved]
    make.decide(scene.session, third.reviews[0], scene.reviewers["marketing"])
    assert [a.revision_id for a in approvals_in_force(scene.session, post)] == [
        third.revision_id,
        approved.revision_id if approved else 0,
    ]


def test_what_is_superseded_no_longer_waits_in_anybodys_notices(scene: Scene):
    post = scene.post()
    scene.submit(post)
    make.save(scene.session, post, scene.maya, text="Second.")
    scene.submit(post)
    assert [n.read_at for n in scene.told(scene.reviewers["marketing"])] == [NOW, None]


@pytest.mark.parametrize("approved_before", [False, True])
def test_taking_it_back_returns_to_where_it_was(scene: Scene, approved_before: bool):
    post = scene.post()
    if approved_before:
        make.clear(scene.session, post, scene.maya, scene.reviewers)
        make.save(scene.session, post, scene.maya, text="Second.")
    submission = scene.submit(post)
    submissions.withdraw_submission(scene.session, submission, actor=scene.jonas, now=NOW)
    assert submission.state is SubmissionState.WITHDRAWN
    assert post.state is (PostState.APPROVED if approved_before else PostState.DRAFT)


def test_what_is_over_cannot_be_taken_back(scene: Scene):
    submission = scene.submit(scene.post())
    submissions.withdraw_submission(scene.session, submission, actor=scene.maya, now=NOW)
    with pytest.raises(TransitionNotAllowed, match="This submission is over"):
        submissions.withdraw_submission(scene.session, submission, actor=scene.maya, now=NOW)


def test_an_approval_that_ran_out_does_not_count_as_one_when_taking_back(scene: Scene):
    post = scene.post()
    make.clear(scene.session, post, scene.maya, scene.reviewers)
    approval = approval_in_force(scene.session, post)
    assert approval is not None
    approval.valid_until = NOW
    make.save(scene.session, post, scene.maya, text="Second.")
    submissions.withdraw_submission(scene.session, scene.submit(post), actor=scene.maya, now=NOW)
    assert post.state is PostState.DRAFT


def test_another_desks_submission_is_not_found(scene: Scene):
    submission = scene.submit(scene.post())
    assert submissions.get_submission(scene.session, scene.desk.id, submission.id) is submission
    with pytest.raises(NotFound):
        submissions.get_submission(scene.session, scene.desk.id + 1, submission.id)


def test_nothing_is_approved_by_silence(scene: Scene):
    post = scene.post(valid_until="2026-11-04T10:00")
    submission = scene.submit(post)
    ends = NOW + timedelta(days=1)
    assert submissions.expire_submissions(scene.session, now=ends - timedelta(seconds=1)) == 0
    assert submissions.expire_submissions(scene.session, now=ends) == 1
    assert (post.state, submission.state) == (PostState.EXPIRED, SubmissionState.EXPIRED)
    assert approval_in_force(scene.session, post) is None
    assert scene.told(scene.maya, "post.expired")[0].text.endswith("expired before it was cleared.")
    assert submissions.expire_submissions(scene.session, now=ends) == 0


def test_the_newest_submission_stands_first(scene: Scene):
    post = scene.post()
    first = scene.submit(post)
    make.save(scene.session, post, scene.maya, text="Second.")
    second = scene.submit(post)
    assert submissions.submissions_of(scene.session, post) == [second, first]
    assert submissions.open_submission(scene.session, post) is second


def test_a_comment_never_changes_a_clearance(scene: Scene):
    post = scene.post()
    make.clear(scene.session, post, scene.maya, scene.reviewers)
    discussion.comment(scene.session, post, "Wait!", actor=scene.reviewers["legal"], now=NOW)
    assert post.state is PostState.APPROVED
    assert approval_in_force(scene.session, post) is not None
