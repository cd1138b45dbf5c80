"""A team's checklist: approving needs all of it on every path, and a decision keeps the sentences as they were."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from content_library import desks, pressing, reviews
from content_library.errors import InvalidInput, PermissionDenied
from content_library.models.post import PostState
from content_library.models.review import Decision, Review, Verdict
from content_library.models.user import User
from tests import factories as make
from tests.content_library.scene import Scene, make_scene
from tests.factories import NOW

LIST = ["The price is right.", "Nobody is promised anything."]


@pytest.fixture
def scene(session: Session) -> Scene:
    return make_scene(session)


@pytest.fixture
def sam(session: Session, scene: Scene) -> User:
    return make.make_user(session, "Sam Ito", is_administrator=True)


@pytest.fixture
def review(session: Session, scene: Scene, sam: User) -> Review:
    found = scene.review(scene.submit(scene.post()), "marketing")
    desks.change_checklist(session, found.team, LIST, actor=sam, now=NOW)
    return found


def decide(
    session: Session, review: Review, person: User, verdict: Verdict = Verdict.APPROVE, **more: Any
) -> Decision:
    submission = review.submission
    return reviews.decide(
        session, review, verdict, actor=person, now=NOW, seen_revision_id=submission.revision_id,
        seen_hash=submission.content_hash, **more,
    )  # fmt: skip


@pytest.mark.parametrize("checked", [(), LIST[:1], ["Something else."]])
def test_approving_names_what_is_not_ticked(
    scene: Scene, session: Session, review: Review, checked: list[str]
):
    with pytest.raises(InvalidInput) as refusal:
        decide(session, review, scene.reviewers["marketing"], checked=checked)
    assert "“Nobody is promised anything.”" in refusal.value.fields["checked"]
    assert ("“The price is right.”" in refusal.value.fields["checked"]) == (LIST[0] not in checked)
    assert session.query(Decision).count() == 0


def test_with_everything_ticked_it_is_approved_and_the_record_keeps_the_sentences(
    scene: Scene, session: Session, review: Review
):
    decision = decide(
        session, review, scene.reviewers["marketing"], checked=[*reversed(LIST), "Not on the list."]
    )
    assert decision.checked == LIST
    assert review.submission.post.state is PostState.APPROVED
    [entry] = scene.recorded("decision.approve")
    assert entry.payload.details["checked"] == LIST


def test_a_no_needs_nothing_ticked_and_keeps_what_was(scene: Scene, session: Session, review: Review):
    decision = decide(
        session, review, scene.reviewers["marketing"], Verdict.REQUEST_CHANGES, reason="Hm.", checked=LIST[:1]
    )
    assert decision.checked == LIST[:1]


def test_a_later_list_changes_no_decision_and_asks_anew_of_the_next(
    scene: Scene, session: Session, review: Review, sam: User
):
    first = decide(session, review, scene.reviewers["marketing"], checked=LIST)
    desks.change_checklist(session, review.team, ["Another."], actor=sam, now=NOW)
    assert first.checked == LIST
    second = scene.review(scene.submit(scene.post(title="Second")), "marketing")
    with pytest.raises(InvalidInput, match="Another"):
        decide(session, second, scene.reviewers["marketing"], checked=LIST)


def test_what_is_pressed_and_a_list_that_changes_meanwhile_does_not_count(
    scene: Scene, session: Session, review: Review, sam: User
):
    elena, submission = scene.reviewers["marketing"], review.submission
    how = {"seen_revision_id": submission.revision_id, "seen_hash": submission.content_hash}
    with pytest.raises(InvalidInput):
        pressing.press(session, review, Verdict.APPROVE, actor=elena, now=NOW, wait_s=10, **how)
    pressing.press(session, review, Verdict.APPROVE, actor=elena, now=NOW, wait_s=10, checked=LIST, **how)
    desks.change_checklist(session, review.team, [*LIST, "And this."], actor=sam, now=NOW)
    later = NOW + timedelta(seconds=10)
    assert [pressing.settle(session, i, now=later) for i in pressing.due(session, now=later)] == [None]
    assert "“And this.”" in scene.told(elena, "decision.refused")[0].text


def test_several_at_once_obey_it_one_by_one(scene: Scene, session: Session, review: Review):
    elena = scene.reviewers["marketing"]
    other = scene.review(scene.submit(scene.post(title="Second")), "marketing")
    reads = [
        pressing.Read(r, r.submission.revision_id, r.submission.content_hash, checked)
        for r, checked in ((review, LIST), (other, LIST[:1]))
    ]
    outcome = pressing.press_several(session, reads, Verdict.APPROVE, actor=elena, now=NOW, wait_s=0)
    assert [d.review_id for d in outcome.made] == [review.id]
    [(refused, why)] = outcome.refused
    assert refused is other
    assert "Not ticked: “Nobody is promised anything.”" in why.message


def test_in_solo_mode_one_person_ticks_the_lists_of_every_team_they_clear(
    session: Session, scene: Scene, sam: User
):
    scene.desk.solo = True
    alone = make.make_user(session, "Alva Solo", desk=scene.desk, teams=["pr", "legal"])
    submission = scene.submit(scene.side_by_side())
    for team, sentences in (("pr", ["Our tone."]), ("legal", ["No promise."])):
        desks.change_checklist(session, scene.review(submission, team).team, sentences, actor=sam, now=NOW)
    with pytest.raises(InvalidInput, match="No promise"):
        decide(session, scene.review(submission, "pr"), alone, checked=["Our tone."])
    decide(session, scene.review(submission, "pr"), alone, checked=["Our tone.", "No promise."])
    assert submission.post.state is PostState.APPROVED


def test_a_list_is_written_by_an_administrator_once_each_and_recorded(
    session: Session, scene: Scene, sam: User
):
    team = scene.desk.teams[0]
    lines = ["  One   thing. ", "", "One thing.", "Another."]
    desks.change_checklist(session, team, lines, actor=sam, now=NOW)
    desks.change_checklist(session, team, lines, actor=sam, now=NOW)
    assert team.checklist == ["One thing.", "Another."]
    assert len(scene.recorded("team.checklist_changed")) == 1
    with pytest.raises(PermissionDenied):
        desks.change_checklist(session, team, [], actor=scene.priya, now=NOW)


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [([f"Line {n}" for n in range(13)], "at most 12"), (["x" * 201], "under 200 characters")],
)
def test_a_list_nobody_reads_is_refused(
    session: Session, scene: Scene, sam: User, lines: list[str], sentence: str
):
    with pytest.raises(InvalidInput, match=sentence):
        desks.change_checklist(session, scene.desk.teams[0], lines, actor=sam, now=NOW)
    assert scene.desk.teams[0].checklist == []
