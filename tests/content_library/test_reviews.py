"""Deciding: who may, on what, and what follows from it."""

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy.orm import Session

from content_library import posts, reviews, submissions, users
from content_library.approvals import approval_in_force
from content_library.database import Database
from content_library.errors import InvalidInput, NotFound, PermissionDenied, TransitionNotAllowed
from content_library.memberships import Place
from content_library.models.desk import Desk
from content_library.models.post import Post, PostState
from content_library.models.review import Approval, Decision, Review, ReviewState, SubmissionState, Verdict
from content_library.models.user import TeamMembership, User
from tests import factories as make
from tests.content_library.scene import Scene, make_scene
from tests.factories import NOW

APPROVE, CHANGES, REFUSE = Verdict.APPROVE, Verdict.REQUEST_CHANGES, Verdict.REFUSE


@pytest.fixture
def scene(session: Session) -> Scene:
    return make_scene(session)


def decide(
    session: Session, review: Review, person: User, verdict: Verdict = APPROVE, **more: Any
) -> Decision:
    seen = {"seen_revision_id": review.submission.revision_id, "seen_hash": review.submission.content_hash}
    reason = more.pop("reason", "" if verdict is APPROVE else "The price is missing.")
    return reviews.decide(session, review, verdict, actor=person, now=NOW, reason=reason, **{**seen, **more})


# ---- who ---------------------------------------------------------------------


def test_only_the_team_decides(scene: Scene):
    review = scene.submit(scene.post()).reviews[0]
    for outsider in (scene.reviewers["legal"], scene.priya, scene.ruth):
        with pytest.raises(PermissionDenied, match="Only Marketing can decide"):
            decide(scene.session, review, outsider)


def test_an_author_does_not_decide_on_their_own_text_even_as_a_member_of_the_team(scene: Scene):
    author = make.make_user(scene.session, "Noor Haddad", desk=scene.desk, teams=["marketing"])
    post = scene.post()
    make.save(scene.session, post, author, text="A word changed by a reviewer.")
    review = scene.submit(post).reviews[0]
    with pytest.raises(PermissionDenied, match="You wrote part of this text"):
        decide(scene.session, review, author)


def test_who_wrote_an_earlier_revision_still_does_not_decide(scene: Scene):
    author = make.make_user(scene.session, "Noor Haddad", desk=scene.desk, teams=["marketing"])
    post = make.make_post(scene.session, scene.desk, author)
    make.save(scene.session, post, scene.maya, text="Entirely rewritten by somebody else.")
    with pytest.raises(PermissionDenied, match="You wrote part of this text"):
        decide(scene.session, scene.submit(post).reviews[0], author)


def test_who_left_the_team_no_longer_decides(scene: Scene):
    review = scene.submit(scene.post()).reviews[0]
    elena = scene.reviewers["marketing"]
    elena.team_memberships.clear()
    with pytest.raises(PermissionDenied):
        decide(scene.session, review, elena)


def test_who_is_deactivated_no_longer_decides(scene: Scene):
    review = scene.submit(scene.post()).reviews[0]
    scene.reviewers["marketing"].is_active = False
    with pytest.raises(PermissionDenied):
        decide(scene.session, review, scene.reviewers["marketing"])


def test_a_team_that_no_longer_serves_the_desk_does_not_decide(scene: Scene):
    review = scene.submit(scene.post()).reviews[0]
    review.team.desks.clear()
    with pytest.raises(PermissionDenied):
        decide(scene.session, review, scene.reviewers["marketing"])


def test_one_person_counts_once_whatever_their_teams(scene: Scene):
    both = make.make_user(scene.session, "Noor Haddad", teams=["pr", "legal"])
    submission = scene.submit(scene.side_by_side())
    decide(scene.session, scene.review(submission, "pr"), both)
    with pytest.raises(
        TransitionNotAllowed, match=r"You have decided already, for PR\. One person counts once"
    ):
        decide(scene.session, scene.review(submission, "legal"), both)


def test_people_of_another_desk_find_no_such_review(scene: Scene):
    review = scene.submit(scene.post()).reviews[0]
    other = make.make_desk(scene.session, "Tern Outdoor", "tern")
    stranger = make.make_user(scene.session, "Kim Stranger", desk=other)
    with pytest.raises(NotFound):
        reviews.get_review(scene.session, stranger, review.id)
    assert reviews.get_review(scene.session, scene.ruth, review.id) is review


# ---- on what -----------------------------------------------------------------


def test_a_decision_on_another_revision_than_the_one_in_review_is_refused(scene: Scene):
    review = scene.submit(scene.post()).reviews[0]
    for seen in ({"seen_revision_id": 0}, {"seen_hash": "0" * 64}):
        with pytest.raises(TransitionNotAllowed, match="The text has changed since you opened this page"):
            decide(scene.session, review, scene.reviewers["marketing"], **seen)


def test_a_decision_on_a_superseded_submission_says_that_a_newer_revision_was_sent(scene: Scene):
    post = scene.post()
    before = scene.submit(post).reviews[0]
    make.save(scene.session, post, scene.maya, text="A newer text.")
    scene.submit(post)
    with pytest.raises(TransitionNotAllowed, match="A newer revision was sent"):
        decide(scene.session, before, scene.reviewers["marketing"])
    assert before.state is ReviewState.MOOT


def test_too_late_says_who_ended_it(scene: Scene):
    submission = scene.submit(scene.side_by_side())
    decide(scene.session, scene.review(submission, "pr"), scene.reviewers["pr"], REFUSE)
    with pytest.raises(TransitionNotAllowed, match=r"Aisha Demir \(PR\) refused this"):
        decide(scene.session, scene.review(submission, "legal"), scene.reviewers["legal"])


def test_a_later_step_waits_for_the_earlier_one(scene: Scene):
    submission = scene.submit(scene.one_after_the_other())
    with pytest.raises(TransitionNotAllowed, match="An earlier step is still open"):
        decide(scene.session, scene.review(submission, "legal"), scene.reviewers["legal"])


def test_a_decision_keeps_the_words_it_is_about(scene: Scene):
    review = scene.submit(scene.post(text="Vinegar and\nwater, twenty minutes.")).reviews[0]
    place = {"network": "page", "quote": "Vinegar and   water"}
    decision = decide(scene.session, review, scene.reviewers["marketing"], CHANGES, place=place)
    assert decision.place == {"network": "page", "quote": "Vinegar and water"}


def test_words_that_do_not_stand_in_the_text_are_refused(scene: Scene):
    review = scene.submit(scene.post()).reviews[0]
    with pytest.raises(InvalidInput) as refusal:
        decide(
            scene.session,
            review,
            scene.reviewers["marketing"],
            CHANGES,
            place={"network": "", "quote": "free"},
        )
    assert "not in the text" in refusal.value.fields["quote"]


def test_words_of_another_network_are_refused_at_this_one(scene: Scene):
    make.make_account(scene.session, scene.desk)
    post = scene.post(variants={"bluesky": {"text": "Short and sweet."}})
    review = scene.submit(post).reviews[0]
    with pytest.raises(InvalidInput) as refusal:
        decide(
            scene.session, review, scene.reviewers["marketing"], CHANGES,
            place={"network": "page", "quote": "Short and sweet"},
        )  # fmt: skip
    assert "for Public page" in refusal.value.fields["quote"]


@pytest.mark.parametrize("verdict", [CHANGES, REFUSE])
def test_a_no_needs_a_reason(scene: Scene, verdict: Verdict):
    review = scene.submit(scene.post()).reviews[0]
    with pytest.raises(InvalidInput) as refusal:
        decide(scene.session, review, scene.reviewers["marketing"], verdict, reason="  ")
    assert refusal.value.fields == {"reason": "Say why, so that the author knows what to do."}
    assert review.state is ReviewState.OPEN


def test_a_reason_has_an_end(scene: Scene):
    review = scene.submit(scene.post()).reviews[0]
    with pytest.raises(InvalidInput, match="under 4000 characters"):
        decide(scene.session, review, scene.reviewers["marketing"], reason="x" * 4001)


# ---- what follows ------------------------------------------------------------


def test_the_post_is_approved_when_every_team_is_there(scene: Scene):
    post = scene.side_by_side()
    submission = scene.submit(post)
    decide(scene.session, scene.review(submission, "pr"), scene.reviewers["pr"])
    assert post.state is PostState.IN_REVIEW
    assert approval_in_force(scene.session, post) is None
    decide(scene.session, scene.review(submission, "legal"), scene.reviewers["legal"])
    approval = approval_in_force(scene.session, post)
    assert post.state is PostState.APPROVED
    assert approval is not None
    assert (approval.revision_id, approval.content_hash) == (submission.revision_id, submission.content_hash)
    assert not approval.is_solo


def test_the_next_step_opens_when_the_one_before_is_done(scene: Scene):
    submission = scene.submit(scene.one_after_the_other())
    legal = scene.review(submission, "legal")
    assert (legal.state, scene.told(scene.reviewers["legal"])) == (ReviewState.WAITING, [])
    decide(scene.session, scene.review(submission, "marketing"), scene.reviewers["marketing"])
    assert (legal.state, legal.opened_at) == (ReviewState.OPEN, NOW)
    assert [n.text for n in scene.told(scene.reviewers["legal"])] == [
        "“Descale your kettle” waits for Legal."
    ]


def test_a_quorum_needs_as_many_different_people(scene: Scene):
    second = make.make_user(scene.session, "Noor Haddad", teams=["legal"])
    format_ = scene.format("two_of_legal", [[{"team": "legal", "quorum": 2, "why": "It is a promise."}]])
    post = scene.post(format_key=format_.key)
    review = scene.submit(post).reviews[0]
    decide(scene.session, review, scene.reviewers["legal"])
    assert (review.state, post.state) == (ReviewState.OPEN, PostState.IN_REVIEW)
    decide(scene.session, review, second)
    assert (review.state, post.state) == (ReviewState.DECIDED, PostState.APPROVED)


@pytest.mark.parametrize(
    ("verdict", "state", "ended"),
    [
        (CHANGES, PostState.CHANGES_REQUESTED, SubmissionState.CHANGES_REQUESTED),
        (REFUSE, PostState.REFUSED, SubmissionState.REFUSED),
    ],
)
def test_one_no_sends_the_post_back_and_spares_the_other_teams(
    scene: Scene, verdict: Verdict, state: PostState, ended: SubmissionState
):
    post = scene.side_by_side()
    submission = scene.submit(post)
    decide(scene.session, scene.review(submission, "pr"), scene.reviewers["pr"], verdict)
    assert (post.state, submission.state, submission.closed_at) == (state, ended, NOW)
    assert scene.review(submission, "legal").state is ReviewState.MOOT
    assert [n.read_at for n in scene.told(scene.reviewers["legal"])] == [NOW]


def test_the_authors_are_told_why_it_came_back(scene: Scene):
    submission = scene.submit(scene.post())
    decide(scene.session, submission.reviews[0], scene.reviewers["marketing"], CHANGES)
    (notice,) = scene.told(scene.maya, "post.sent_back")
    assert notice.text == "Marketing asks for changes to “Descale your kettle”."
    assert (notice.details["from"], notice.details["quote"]) == ("Elena Costa", "The price is missing.")


def test_an_approval_ends_with_the_offer_it_approves(scene: Scene):
    post = scene.post(valid_until="2026-11-20T18:00")
    make.clear(scene.session, post, scene.maya, scene.reviewers)
    approval = approval_in_force(scene.session, post)
    assert approval is not None
    assert approval.valid_until is not None
    assert approval.valid_until.isoformat() == "2026-11-20T17:00:00+00:00"
    assert approval_in_force(scene.session, post, now=approval.valid_until) is None


def test_pressing_approve_twice_changes_nothing_the_second_time(scene: Scene):
    review = scene.submit(scene.post()).reviews[0]
    first = decide(scene.session, review, scene.reviewers["marketing"])
    again = decide(scene.session, review, scene.reviewers["marketing"])
    assert again is first
    assert len(scene.recorded("decision.approve")) == 1


def test_a_second_thought_after_deciding_is_refused(scene: Scene):
    submission = scene.submit(scene.side_by_side())
    decide(scene.session, scene.review(submission, "pr"), scene.reviewers["pr"])
    with pytest.raises(TransitionNotAllowed, match="You have decided already"):
        decide(scene.session, scene.review(submission, "pr"), scene.reviewers["pr"], REFUSE)


def test_a_decision_is_on_the_record_with_what_was_seen(scene: Scene):
    submission = scene.submit(scene.post())
    decide(scene.session, submission.reviews[0], scene.reviewers["marketing"], identified_by="openid")
    (entry,) = scene.recorded("decision.approve")
    assert entry.payload is not None
    details = entry.payload.details
    assert (entry.actor_name, details["identified_by"]) == ("Elena Costa", "openid")
    assert details["content_hash"] == submission.content_hash


# ---- solo mode ---------------------------------------------------------------


def test_in_solo_mode_one_person_clears_their_own_text_and_the_record_says_so(scene: Scene):
    scene.desk.solo = True
    alone = make.make_user(scene.session, "Noor Haddad", desk=scene.desk, teams=["pr", "legal"])
    post = scene.side_by_side()
    make.save(scene.session, post, alone, text="By one person alone.")
    submission = scene.submit(post)
    decision = decide(scene.session, scene.review(submission, "pr"), alone)
    approval = approval_in_force(scene.session, post)
    assert decision.is_solo
    assert approval is not None
    assert approval.is_solo
    assert scene.review(submission, "legal").state is ReviewState.CLEARED
    assert scene.recorded("approval.given")[0].summary.endswith("(solo mode)")


def test_in_solo_mode_a_team_the_person_is_not_in_is_still_asked(scene: Scene):
    scene.desk.solo = True
    alone = make.make_user(scene.session, "Noor Haddad", desk=scene.desk, teams=["pr"])
    post = scene.side_by_side()
    make.save(scene.session, post, alone, text="By one person alone.")
    submission = scene.submit(post)
    decide(scene.session, scene.review(submission, "pr"), alone)
    assert post.state is PostState.IN_REVIEW
    assert scene.review(submission, "legal").state is ReviewState.OPEN


# ---- what need not be read again ----------------------------------------------


def test_a_team_is_shown_what_changed_since_its_own_last_decision(scene: Scene):
    post = scene.side_by_side()
    first = scene.submit(post)
    assert reviews.last_decided(scene.session, scene.review(first, "pr")) is None
    decide(scene.session, scene.review(first, "pr"), scene.reviewers["pr"], CHANGES)
    make.save(scene.session, post, scene.maya, text="Another text.")
    second = scene.submit(post)
    assert reviews.last_decided(scene.session, scene.review(second, "pr")) is first.revision
    assert reviews.last_decided(scene.session, scene.review(second, "legal")) is None


# ---- at the same moment --------------------------------------------------------


def at_once(database: Database, acts: list[Any]) -> list[BaseException]:
    """Each act in a session and thread of its own, all starting together; returns what they raised."""
    together, raised = Barrier(len(acts)), []

    def run(act: Any) -> None:
        together.wait()
        try:
            with database.write() as session:
                act(session)
        except Exception as refusal:
            raised.append(refusal)

    threads = [Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def by(review_id: int, person_id: int, verdict: Verdict = APPROVE) -> Any:
    def act(session: Session) -> None:
        decide(session, session.get_one(Review, review_id), session.get_one(User, person_id), verdict)

    return act


def test_two_teams_that_approve_in_the_same_moment_approve_the_post(database: Database):
    for turn in range(5):
        with database.write() as session:
            scene = make_scene(session) if turn == 0 else again(session)
            post = scene.side_by_side(title=f"Round {turn}")
            submission = scene.submit(post)
            acts = [by(scene.review(submission, k).id, scene.reviewers[k].id) for k in ("pr", "legal")]
            post_id = post.id
        assert at_once(database, acts) == []
        with database.read() as session:
            assert session.get_one(Post, post_id).state is PostState.APPROVED


def again(session: Session) -> Scene:
    """The scene of an earlier turn, in this session."""
    people = {u.name: u for u in session.query(User)}
    teams = {m.team.key: m.user for m in session.query(TeamMembership)}
    return Scene(
        session, session.query(Desk).one(), people["Maya Okafor"], people["Jonas Weil"], people["Priya Raman"],
        people["Ruth Adler"], teams,
    )  # fmt: skip


def test_pressing_twice_at_once_is_one_decision(database: Database):
    with database.write() as session:
        scene = make_scene(session)
        review = scene.submit(scene.post()).reviews[0]
        act = by(review.id, scene.reviewers["marketing"].id)
    assert at_once(database, [act, act, act]) == []
    with database.read() as session:
        assert session.query(Decision).count() == 1
        assert session.query(Approval).count() == 1


def test_an_approval_and_a_refusal_at_once_leave_no_approval(database: Database):
    with database.write() as session:
        scene = make_scene(session)
        post = scene.side_by_side()
        submission = scene.submit(post)
        acts = [
            by(scene.review(submission, "pr").id, scene.reviewers["pr"].id),
            by(scene.review(submission, "legal").id, scene.reviewers["legal"].id, REFUSE),
        ]
        post_id = post.id
    raised = at_once(database, acts)
    assert all(isinstance(r, TransitionNotAllowed) for r in raised)
    with database.read() as session:
        assert session.get_one(Post, post_id).state is PostState.REFUSED
        assert session.query(Approval).count() == 0


def test_archiving_withdraws_every_approval_also_that_of_an_earlier_revision(scene: Scene):
    post = scene.post()
    make.clear(scene.session, post, scene.maya, scene.reviewers)
    make.save(scene.session, post, scene.maya, text="A second text.")
    make.clear(scene.session, post, scene.maya, scene.reviewers)
    posts.archive(scene.session, post, actor=scene.priya, now=NOW)
    assert [a.withdrawn_why for a in scene.session.query(Approval)] == ["The post was archived."] * 2


def test_what_ran_out_can_be_approved_again(scene: Scene):
    post = scene.post(valid_until="2026-11-20T18:00")
    make.clear(scene.session, post, scene.maya, scene.reviewers)
    approval = approval_in_force(scene.session, post)
    assert approval is not None
    approval.valid_until = NOW - timedelta(minutes=1)
    scene.session.flush()
    submission = make.clear(scene.session, post, scene.maya, scene.reviewers)
    assert submission.state is SubmissionState.APPROVED
    assert approval.withdrawn_why == "It had run out."


def test_an_approval_is_withdrawn_once_with_a_reason_by_lead_or_reviewer(scene: Scene):
    post = scene.post()
    make.clear(scene.session, post, scene.maya, scene.reviewers)
    approval = approval_in_force(scene.session, post)
    assert approval is not None
    withdraw = submissions.withdraw_approval
    with pytest.raises(PermissionDenied):
        withdraw(scene.session, approval, actor=scene.maya, now=NOW, why="No.")
    with pytest.raises(InvalidInput):
        withdraw(scene.session, approval, actor=scene.priya, now=NOW, why=" ")
    withdraw(scene.session, approval, actor=scene.reviewers["legal"], now=NOW, why="The price changed.")
    assert (post.state, approval.withdrawn_why) == (PostState.DRAFT, "The price changed.")
    assert scene.told(scene.maya, "approval.withdrawn")[0].details["quote"] == "The price changed."
    with pytest.raises(TransitionNotAllowed, match="withdrawn already"):
        withdraw(scene.session, approval, actor=scene.priya, now=NOW, why="Again.")


def test_an_approval_by_somebody_who_leaves_the_team_at_that_moment_does_not_stay(database: Database):
    with database.write() as session:
        scene = make_scene(session)
        sam = make.make_user(session, "Sam Ito", is_administrator=True)
        elena, sam_id = scene.reviewers["marketing"].id, sam.id
        ids = [scene.submit(scene.post(title=f"Post {n}")).reviews[0].id for n in range(4)]

    def leave(session: Session) -> None:
        users.set_place(
            session, session.get_one(User, elena), Place(), actor=session.get_one(User, sam_id), now=NOW
        )

    raised = at_once(database, [*(by(review_id, elena) for review_id in ids), leave])
    assert all(isinstance(r, PermissionDenied) for r in raised)
    with database.read() as session:
        assert session.query(Approval).filter(Approval.withdrawn_at.is_(None)).count() == 0
