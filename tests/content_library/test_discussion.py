"""The talk beside a post: who may speak, who hears of it, and what a question does to the clock."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from content_library import discussion
from content_library.errors import InvalidInput, PermissionDenied, TransitionNotAllowed
from content_library.models.review import ReviewState
from tests import factories as make
from tests.content_library.scene import Scene, make_scene
from tests.factories import NOW

LATER = NOW + timedelta(hours=2)


@pytest.fixture
def scene(session: Session) -> Scene:
    return make_scene(session)


def test_desk_and_reviewers_may_speak_and_auditors_listen(scene: Scene):
    post = scene.post()
    for person in (scene.jonas, scene.priya, scene.reviewers["legal"]):
        discussion.comment(scene.session, post, f"{person.name} was here.", actor=person, now=NOW)
    with pytest.raises(PermissionDenied):
        discussion.comment(scene.session, post, "Me too.", actor=scene.ruth, now=NOW)
    said = [c.body for c in discussion.comments(scene.session, post)]
    assert said == ["Jonas Weil was here.", "Priya Raman was here.", "Tom Hargreave was here."]


@pytest.mark.parametrize(("body", "sentence"), [("  ", "Write something"), ("x" * 4001, "under 4000")])
def test_a_comment_has_a_beginning_and_an_end(scene: Scene, body: str, sentence: str):
    with pytest.raises(InvalidInput) as refusal:
        discussion.comment(scene.session, scene.post(), body, actor=scene.maya, now=NOW)
    assert sentence in refusal.value.fields["body"]


def test_owner_and_those_who_spoke_hear_of_it_and_the_speaker_does_not(scene: Scene):
    post = scene.post()
    discussion.comment(scene.session, post, "One.", actor=scene.jonas, now=NOW)
    discussion.comment(scene.session, post, "Two.", actor=scene.priya, now=NOW)
    heard = [[n.details["quote"] for n in scene.told(p)] for p in (scene.maya, scene.jonas, scene.priya)]
    assert heard == [["One.", "Two."], ["Two."], []]


def test_answering_reads_what_was_said_before(scene: Scene):
    post = scene.post()
    discussion.comment(scene.session, post, "One.", actor=scene.jonas, now=NOW)
    discussion.comment(scene.session, post, "Answer.", actor=scene.maya, now=LATER)
    assert [n.read_at for n in scene.told(scene.maya)] == [LATER]


def test_a_question_stops_the_clock_and_asks_the_authors(scene: Scene):
    review = scene.submit(scene.post()).reviews[0]
    said = discussion.ask(
        scene.session, review, "How much?", actor=scene.reviewers["marketing"], now=NOW,
        place={"quote": "Vinegar", "network": ""},
    )  # fmt: skip
    assert (review.state, review.asked_at, said.review_id) == (ReviewState.ASKED, NOW, review.id)
    (notice,) = scene.told(scene.maya, "review.asked")
    assert (notice.text, notice.details["about"]) == (
        "Marketing has a question about “Descale your kettle”.",
        "Vinegar",
    )


def test_the_answer_sets_the_clock_going_and_tells_who_asked(scene: Scene):
    review = scene.submit(scene.post()).reviews[0]
    elena = scene.reviewers["marketing"]
    discussion.ask(scene.session, review, "How much?", actor=elena, now=NOW)
    discussion.comment(scene.session, review.submission.post, "A cup.", actor=scene.maya, now=LATER)
    assert (review.state, review.asked_at, review.stopped_s) == (ReviewState.OPEN, None, 7200)
    assert "It waits for you again" in scene.told(elena, "review.answered")[0].text


def test_a_second_question_adds_to_the_time_that_does_not_count(scene: Scene):
    review = scene.submit(scene.post()).reviews[0]
    for start in (NOW, LATER + timedelta(hours=1)):
        discussion.ask(scene.session, review, "Sure?", actor=scene.reviewers["marketing"], now=start)
        answered = start + timedelta(hours=2)
        discussion.comment(scene.session, review.submission.post, "Yes.", actor=scene.jonas, now=answered)
    assert review.stopped_s == 4 * 3600
    assert len(scene.told(scene.reviewers["marketing"], "review.answered")) == 2


def test_another_reviewers_comment_is_no_answer(scene: Scene):
    submission = scene.submit(scene.side_by_side())
    review = scene.review(submission, "pr")
    discussion.ask(scene.session, review, "Sure?", actor=scene.reviewers["pr"], now=NOW)
    for person in (scene.reviewers["legal"], scene.reviewers["pr"]):
        discussion.comment(scene.session, submission.post, "Hm.", actor=person, now=LATER)
    assert review.state is ReviewState.ASKED


def test_one_teams_question_leaves_the_other_teams_clock_alone(scene: Scene):
    submission = scene.submit(scene.side_by_side())
    discussion.ask(
        scene.session, scene.review(submission, "pr"), "Sure?", actor=scene.reviewers["pr"], now=NOW
    )
    make.decide(scene.session, scene.review(submission, "legal"), scene.reviewers["legal"])
    assert scene.review(submission, "pr").state is ReviewState.ASKED


def test_a_colleague_may_decide_while_the_question_is_open(scene: Scene):
    review = scene.submit(scene.post()).reviews[0]
    discussion.ask(scene.session, review, "Sure?", actor=scene.reviewers["marketing"], now=NOW)
    second = make.make_user(scene.session, "Noor Haddad", teams=["marketing"])
    make.decide(scene.session, review, second, now=LATER)
    assert (review.state, review.asked_at, review.stopped_s) == (ReviewState.DECIDED, None, 7200)


def test_only_the_team_asks_and_no_author(scene: Scene):
    author = make.make_user(scene.session, "Noor Haddad", desk=scene.desk, teams=["marketing"])
    post = make.make_post(scene.session, scene.desk, author)
    review = make.submit(scene.session, post, author).reviews[0]
    for person in (author, scene.reviewers["legal"], scene.priya):
        with pytest.raises(PermissionDenied):
            discussion.ask(scene.session, review, "Sure?", actor=person, now=NOW)


def test_what_is_not_open_is_not_asked_about(scene: Scene):
    submission = scene.submit(scene.one_after_the_other())
    with pytest.raises(TransitionNotAllowed):
        discussion.ask(
            scene.session, scene.review(submission, "legal"), "Sure?", actor=scene.reviewers["legal"], now=NOW
        )


def test_the_words_a_comment_is_about_stand_in_the_text(scene: Scene):
    review = scene.submit(scene.post()).reviews[0]
    with pytest.raises(InvalidInput) as refusal:
        discussion.comment(
            scene.session, review.submission.post, "This.", actor=scene.jonas, now=NOW,
            revision=review.submission.revision, place={"quote": "nowhere", "network": ""},
        )  # fmt: skip
    assert "quote" in refusal.value.fields
