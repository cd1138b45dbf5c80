"""What an agreement clears on the road: no queue entry, an approval at once, and what becomes of it later."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library import agreement_rounds, agreements, boundary_editing, clearing_route, desks, submissions
from content_library.agreement_drafts import ClauseTerms
from content_library.approvals import approval_in_force
from content_library.boundaries.rules import Severity
from content_library.boundary_editing import Wording
from content_library.models.agreement import Sample
from content_library.models.boundary import Boundary
from content_library.models.post import PostState, Revision
from content_library.models.review import ReviewState, SubmissionState
from content_library.review_queue import waiting_count
from tests import factories as make
from tests.content_library.agreed import TODAY, agree, propose, team
from tests.content_library.scene import Scene, make_scene
from tests.factories import NOW


@pytest.fixture
def scene(session: Session) -> Scene:
    return make_scene(session)


def test_in_scope_and_clean_is_cleared_at_once_and_nobody_is_asked(scene: Scene):
    agree(scene)
    post = scene.post()
    submission = scene.submit(post)
    review = scene.review(submission, "marketing")
    assert (review.state, review.cleared_under) == (ReviewState.CLEARED, "Marketing v1 §1")
    assert submission.state is SubmissionState.APPROVED
    assert post.state is PostState.APPROVED
    assert approval_in_force(scene.session, post, now=NOW).content_hash == submission.content_hash
    assert waiting_count(scene.session, scene.reviewers["marketing"]) == 0
    assert scene.told(scene.reviewers["marketing"], "review.open") == []


def test_the_record_names_the_clause(scene: Scene):
    agree(scene)
    submission = scene.submit(scene.post())
    entry = scene.recorded("review.clear")[0]
    assert "under agreement Marketing v1 §1" in entry.summary
    assert entry.payload.details["clause_id"] == scene.review(submission, "marketing").clause_id


def test_without_an_agreement_the_team_is_asked(scene: Scene):
    propose(scene)  # one side alone is none
    review = scene.review(scene.submit(scene.post()), "marketing")
    assert review.state is ReviewState.OPEN


def test_a_claim_pulls_its_team_in_beside_what_is_cleared(scene: Scene):
    agree(scene)
    submission = scene.submit(scene.post(text="Descale your kettle, it is free."))
    assert scene.review(submission, "marketing").state is ReviewState.CLEARED
    legal = scene.review(submission, "legal")
    assert legal.state is ReviewState.OPEN
    make.decide(scene.session, legal, scene.reviewers["legal"])
    assert submission.state is SubmissionState.APPROVED


def test_an_excluded_word_sends_it_to_the_queue(scene: Scene):
    agree(scene, excluded_words=["vinegar"])
    assert scene.review(scene.submit(scene.post()), "marketing").state is ReviewState.OPEN


def test_outside_the_clause_the_team_answers_as_fast_as_was_agreed(scene: Scene):
    agree(scene, ClauseTerms(["faq_link"]), turnaround_h=2)
    review = scene.review(scene.submit(scene.post()), "marketing")
    assert review.state is ReviewState.OPEN
    assert review.turnaround_s == 7200


def test_a_later_step_that_is_cleared_does_not_keep_the_others(scene: Scene):
    post = scene.one_after_the_other()
    agree(scene, ClauseTerms(["in_order"], sample_percent=0), key="legal")
    submission = scene.submit(post)
    assert scene.review(submission, "legal").state is ReviewState.CLEARED
    make.decide(scene.session, scene.review(submission, "marketing"), scene.reviewers["marketing"])
    assert submission.state is SubmissionState.APPROVED


def test_an_earlier_step_that_is_cleared_opens_the_next(scene: Scene):
    post = scene.one_after_the_other()
    agree(scene, ClauseTerms(["in_order"], sample_percent=0))
    submission = scene.submit(post)
    assert scene.review(submission, "legal").state is ReviewState.OPEN


def test_the_route_says_who_is_cleared_and_what_keeps_others_outside(scene: Scene):
    agree(scene, excluded_words=["rinse"])
    post = scene.post()
    content = scene.session.get_one(Revision, post.latest_revision_id).content
    route = clearing_route.route(scene.session, scene.desk, content, now=NOW)
    assert route[0].cover is None
    assert route[0].coverage.obstacles[0].what == ("rinse",)


def approved(scene: Scene, **content: object):
    post = scene.post(**content)
    submission = scene.submit(post)
    assert submission.state is SubmissionState.APPROVED
    return post


def test_ending_it_takes_the_clearance_from_what_it_cleared(scene: Scene):
    version = agree(scene)
    post = approved(scene)
    assert agreements.end(scene.session, version, "A new brand.", actor=scene.priya, now=NOW) == 1
    assert approval_in_force(scene.session, post) is None
    assert post.state is PostState.DRAFT
    assert "no longer clears it" in scene.told(scene.maya, "approval.lost")[0].text


def test_what_the_next_version_covers_stays_cleared(scene: Scene):
    agree(scene)
    post = approved(scene)
    agree(scene, ClauseTerms(["how_to", "faq_link"], sample_percent=0))
    assert approval_in_force(scene.session, post) is not None


def test_a_narrower_version_takes_the_clearance_from_what_falls_out(scene: Scene):
    agree(scene)
    post = approved(scene)
    agree(scene, excluded_words=["vinegar"])
    assert approval_in_force(scene.session, post) is None


def test_a_version_that_begins_later_applies_on_its_day(scene: Scene):
    agree(scene)
    post = approved(scene)
    agree(scene, ClauseTerms(["faq_link"]), starts_on=TODAY + timedelta(days=1))
    agreement_rounds.tend(scene.session, now=NOW)
    assert approval_in_force(scene.session, post) is not None
    assert agreement_rounds.tend(scene.session, now=NOW + timedelta(days=2)) == 1
    assert approval_in_force(scene.session, post) is None


def test_an_agreement_that_runs_out_clears_nothing_any_more(scene: Scene):
    day = TODAY + timedelta(days=1)
    version = agree(scene, review_on=day, ends_on=day)
    post = approved(scene)
    agreement_rounds.tend(scene.session, now=version.ends_at - timedelta(seconds=1))
    assert approval_in_force(scene.session, post) is not None
    agreement_rounds.tend(scene.session, now=version.ends_at)
    assert approval_in_force(scene.session, post) is None
    assert scene.told(scene.priya, "agreement.ended")
    assert agreement_rounds.tend(scene.session, now=version.ends_at + timedelta(seconds=9)) == 0


def test_a_boundary_that_asks_for_the_team_takes_the_clearance(scene: Scene):
    agree(scene)
    post = approved(scene)
    agreement_rounds.tend(scene.session, now=NOW)
    rule = scene.session.scalars(select(Boundary).filter_by(key="free")).one()
    sam = make.make_user(scene.session, "Sam Ito", is_administrator=True)
    said = Wording(Severity.INFORM, {"words": ["vinegar"]}, team_key="marketing", why="Acid.")
    boundary_editing.change_boundary(scene.session, rule, said, seen=1, actor=sam, now=NOW)
    assert agreement_rounds.tend(scene.session, now=NOW + timedelta(seconds=10)) == 1
    assert approval_in_force(scene.session, post) is None


def test_what_is_still_with_another_team_is_taken_back(scene: Scene):
    version = agree(scene)
    post = scene.post(text="Descale your kettle, it is free.")
    submission = scene.submit(post)
    agreements.end(scene.session, version, "Enough.", actor=scene.priya, now=NOW)
    assert submission.state is SubmissionState.WITHDRAWN


def test_sent_again_the_team_is_asked_itself(scene: Scene):
    version = agree(scene)
    post = approved(scene)
    before = submissions.submissions_of(scene.session, post)[0]
    agreements.end(scene.session, version, "Enough.", actor=scene.priya, now=NOW)
    sent = submissions.send_again(scene.session, before, now=NOW, why="The agreement is over.")
    assert scene.review(sent, "marketing").state is ReviewState.OPEN
    assert sent.submitted_by is scene.maya
    assert scene.told(scene.maya, "post.sent_again")
    assert all(notice.read_at for notice in scene.told(scene.maya, "approval.lost"))


def test_what_has_moved_on_is_not_sent_again(scene: Scene):
    version = agree(scene)
    post = approved(scene)
    before = submissions.submissions_of(scene.session, post)[0]
    agreements.end(scene.session, version, "Enough.", actor=scene.priya, now=NOW)
    make.save(scene.session, post, scene.maya, text="Another text.")
    assert submissions.send_again(scene.session, before, now=NOW, why="Over.") is None
    assert submissions.open_submission(scene.session, post) is None


def test_a_team_that_stops_serving_the_desk_clears_nothing_there(scene: Scene):
    agree(scene)
    post = approved(scene)
    sam = make.make_user(scene.session, "Sam Ito", is_administrator=True)
    others = [t.id for t in scene.desk.teams if t.key != "marketing"]
    assert desks.set_teams(scene.session, scene.desk, others, actor=sam, now=NOW) == 1
    assert approval_in_force(scene.session, post) is None


def test_a_share_is_drawn_for_looking_at_afterwards(scene: Scene):
    agree(scene, ClauseTerms(["how_to"], sample_percent=100))
    approved(scene)
    assert scene.session.scalars(select(Sample)).one().team_id == team(scene).id
    approved(scene, title="Another", text="Salt.")
    assert len(scene.session.scalars(select(Sample)).all()) == 2


def test_at_no_share_nothing_is_drawn(scene: Scene):
    agree(scene)
    approved(scene)
    assert scene.session.scalars(select(Sample)).all() == []


def test_ten_approvals_in_a_row_suggest_an_agreement(scene: Scene):
    elena = scene.reviewers["marketing"]

    def offered() -> list[tuple[str, str]]:
        found = agreement_rounds.offers(scene.session, scene.desk, now=NOW)
        return [(offer.team.key, offer.format.key) for offer in found]

    for number in range(10):
        assert offered() == []
        make.clear(scene.session, scene.post(title=f"Post {number}"), scene.maya, {"marketing": elena})
    assert offered() == [("marketing", "how_to")]
    for _round in range(2):
        agreement_rounds.tell_offers(scene.session, now=NOW)
    for person in (scene.priya, elena):
        [notice] = scene.told(person, "agreement.offered")
        assert "Marketing has approved the last 10 posts of “How-to”" in notice.text
    agree(scene)
    assert offered() == []


def test_a_no_among_the_last_ten_suggests_nothing(scene: Scene):
    elena = scene.reviewers["marketing"]
    for number in range(11):
        post = scene.post(title=f"Post {number}")
        if number == 4:
            review = scene.review(scene.submit(post), "marketing")
            make.decide(scene.session, review, elena, make.Verdict.REQUEST_CHANGES)
        else:
            make.clear(scene.session, post, scene.maya, {"marketing": elena})
    assert agreement_rounds.offers(scene.session, scene.desk, now=NOW) == []


def test_both_sides_hear_once_that_it_is_to_be_looked_at_and_that_it_ends(scene: Scene):
    agree(scene, review_on=TODAY + timedelta(days=5), ends_on=TODAY + timedelta(days=30))
    elena = scene.reviewers["marketing"]
    for hours in range(0, 24 * 25, 6):
        agreement_rounds.tend(scene.session, now=NOW + timedelta(hours=hours))
    for person in (scene.priya, elena):
        assert len(scene.told(person, "agreement.look_again")) == 1
        assert len(scene.told(person, "agreement.ends_soon")) == 1


def test_the_team_gets_one_digest_a_working_day(scene: Scene):
    elena = scene.reviewers["marketing"]
    agree(scene, ClauseTerms(["how_to"], sample_percent=100))
    approved(scene)
    approved(scene, title="Another", text="Salt.")
    for hours in range(0, 24 * 4, 2):
        agreement_rounds.tend(scene.session, now=NOW + timedelta(hours=hours))
    told = scene.told(elena, "agreement.digest")
    assert len(told) == 1
    assert told[0].text == (
        "2 posts were cleared under Marketing’s agreement with Brindlemoor Home. 2 to look at afterwards."
    )


def test_a_digest_waits_for_the_teams_morning_and_a_day_off_has_none(scene: Scene):
    marketing = team(scene)
    marketing.zone, marketing.holidays = "Europe/Berlin", []
    opened = agreement_rounds.opening(marketing, now=NOW)
    assert opened is not None
    assert opened.astimezone(ZoneInfo("Europe/Berlin")).strftime("%H:%M") == "09:00"
    marketing.holidays = [NOW.astimezone(ZoneInfo("Europe/Berlin")).date().isoformat()]
    assert agreement_rounds.opening(marketing, now=NOW) is None
