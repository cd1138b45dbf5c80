"""Deciding by the link of a mail: once, as its person, on its text, and only while they could decide signed in too."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy.orm import Session

from content_library import decision_links, discussion, mail_decisions, submissions, users
from content_library.database import Database
from content_library.errors import InvalidInput, PermissionDenied, TransitionNotAllowed
from content_library.mail_decisions import Why, closed, decide
from content_library.memberships import Place
from content_library.models.decision_link import DecisionLink
from content_library.models.post import PostState
from content_library.models.review import Decision, Review, ReviewState, Verdict
from content_library.models.user import User
from tests import factories as make
from tests.content_library.scene import Scene, make_scene
from tests.factories import NOW

APPROVE, CHANGES, REFUSE = Verdict.APPROVE, Verdict.REQUEST_CHANGES, Verdict.REFUSE


@pytest.fixture
def scene(session: Session) -> Scene:
    return make_scene(session)


@pytest.fixture
def sam(session: Session, scene: Scene) -> User:
    return make.make_user(session, "Sam Ito", is_administrator=True)


def link_for(scene: Scene, review: Review, person: User) -> DecisionLink:
    return decision_links.issue(scene.session, review, person, key="a key", now=NOW)


def elenas(scene: Scene, **content: Any) -> DecisionLink:
    review = scene.submit(scene.post(**content)).reviews[0]
    return link_for(scene, review, scene.reviewers["marketing"])


def why(scene: Scene, link: DecisionLink, *, now: Any = NOW) -> Why | None:
    shut = closed(scene.session, link, now=now)
    return shut.why if shut else None


# ---- deciding ------------------------------------------------------------------


def test_a_link_decides_as_its_person_and_the_record_says_how_they_were_known(scene: Scene):
    link = elenas(scene)
    decision = decide(scene.session, link, APPROVE, now=NOW)
    assert (decision.user, decision.identified_by) == (scene.reviewers["marketing"], "e-mail link")
    assert (decision.revision_id, decision.content_hash) == (link.revision_id, link.content_hash)
    assert link.review.submission.post.state is PostState.APPROVED
    (entry,) = scene.recorded("decision.approve")
    assert entry.payload is not None
    assert entry.payload.details["identified_by"] == "e-mail link"


@pytest.mark.parametrize("verdict", [APPROVE, CHANGES, REFUSE])
def test_it_is_spent_with_the_decision(scene: Scene, verdict: Verdict):
    link = elenas(scene)
    decide(scene.session, link, verdict, now=NOW, reason="The price is missing.")
    assert link.used_at == NOW
    assert why(scene, link) is Why.SPENT
    with pytest.raises(TransitionNotAllowed, match="has been used"):
        decide(scene.session, link, APPROVE, now=NOW)


@pytest.mark.parametrize("verdict", [CHANGES, REFUSE])
def test_a_no_without_a_reason_spends_nothing(scene: Scene, verdict: Verdict):
    link = elenas(scene)
    with pytest.raises(InvalidInput), scene.session.begin_nested():
        decide(scene.session, link, verdict, now=NOW, reason="  ")
    assert link.used_at is None
    assert scene.session.query(Decision).count() == 0
    assert why(scene, link) is None


def test_asking_what_a_link_is_worth_changes_nothing(scene: Scene):
    link = elenas(scene)
    scene.session.commit()
    assert [why(scene, link) for _ in range(3)] == [None] * 3
    assert not scene.session.dirty
    assert not scene.session.new


# ---- when it is worth nothing --------------------------------------------------


def refused(scene: Scene, link: DecisionLink, expected: Why) -> None:
    assert why(scene, link) is expected
    shut = closed(scene.session, link, now=NOW)
    assert shut is not None
    with pytest.raises(TransitionNotAllowed) as refusal:
        decide(scene.session, link, APPROVE, now=NOW)
    assert refusal.value.message == shut.sentence
    assert link.used_at is None


def test_a_newer_text_overtakes_it_and_asks_anew(scene: Scene):
    link = elenas(scene)
    post = link.review.submission.post
    make.save(scene.session, post, scene.maya, text="Another text.")
    scene.submit(post)
    refused(scene, link, Why.OVERTAKEN)
    told = scene.told(scene.reviewers["marketing"], "review.open")
    assert [n.read_at is None for n in told] == [False, True]


def test_who_left_the_team_decides_nothing(scene: Scene, sam: User):
    link = elenas(scene)
    users.set_place(scene.session, link.user, Place(), actor=sam, now=NOW)
    refused(scene, link, Why.NOT_YOURS)


def test_who_is_deactivated_decides_nothing(scene: Scene, sam: User):
    link = elenas(scene)
    users.deactivate(scene.session, link.user, actor=sam, now=NOW)
    refused(scene, link, Why.NOT_YOURS)


def test_who_became_an_author_decides_nothing_by_the_old_link_nor_gets_a_new_one(scene: Scene):
    noor = make.make_user(scene.session, "Noor Haddad", desk=scene.desk, teams=["marketing"])
    post = scene.post()
    first = link_for(scene, scene.submit(post).reviews[0], noor)
    make.save(scene.session, post, noor, text="A word of Noor’s.")
    review = scene.submit(post).reviews[0]
    refused(scene, first, Why.OVERTAKEN)
    assert len(scene.told(noor, "review.open")) == 1
    refused(scene, link_for(scene, review, noor), Why.NOT_YOURS)


def test_what_was_decided_signed_in_is_over_for_the_link(scene: Scene):
    link = elenas(scene)
    make.decide(scene.session, link.review, link.user)
    refused(scene, link, Why.OVER)


def test_what_a_colleague_decided_is_over_for_the_link(scene: Scene):
    noor = make.make_user(scene.session, "Noor Haddad", teams=["pr"])
    submission = scene.submit(scene.side_by_side())
    link = link_for(scene, scene.review(submission, "pr"), scene.reviewers["pr"])
    make.decide(scene.session, scene.review(submission, "pr"), noor)
    assert closed(scene.session, link, now=NOW) == mail_decisions.Closed(Why.OVER, "PR has decided already.")
    refused(scene, link, Why.OVER)


def test_what_the_desk_took_back_is_over(scene: Scene):
    link = elenas(scene)
    submissions.withdraw_submission(scene.session, link.review.submission, actor=scene.maya, now=NOW)
    refused(scene, link, Why.OVER)


def test_after_seven_days_it_is_too_old(scene: Scene):
    link = elenas(scene)
    assert why(scene, link, now=NOW + timedelta(days=7, seconds=-1)) is None
    assert why(scene, link, now=NOW + timedelta(days=7)) is Why.EXPIRED
    with pytest.raises(TransitionNotAllowed, match="works for seven days"):
        decide(scene.session, link, APPROVE, now=NOW + timedelta(days=7))


def test_switched_off_it_decides_nothing_and_on_again_it_does(scene: Scene, sam: User):
    link = elenas(scene)
    mail_decisions.switch(scene.session, on=False, actor=sam, now=NOW)
    refused(scene, link, Why.SWITCHED_OFF)
    mail_decisions.switch(scene.session, on=True, actor=sam, now=NOW)
    assert why(scene, link) is None
    assert [e.summary for e in scene.recorded("setting.changed")] == [
        "Switched deciding by mail off",
        "Switched deciding by mail on",
    ]


def test_switching_to_what_it_is_writes_nothing(scene: Scene, sam: User):
    mail_decisions.switch(scene.session, on=True, actor=sam, now=NOW)
    assert scene.recorded("setting.changed") == []


def test_only_administrators_switch_it(scene: Scene):
    with pytest.raises(PermissionDenied):
        mail_decisions.switch(scene.session, on=False, actor=scene.priya, now=NOW)


# ---- questions, and a new link ---------------------------------------------------


def test_a_question_stops_the_clock_and_leaves_the_link_to_decide_with(scene: Scene):
    link = elenas(scene)
    said = mail_decisions.ask(scene.session, link, "How long exactly?", now=NOW)
    assert (said.user, link.review.state) == (link.user, ReviewState.ASKED)
    assert why(scene, link) is None
    discussion.comment(
        scene.session, link.review.submission.post, "Twenty minutes.", actor=scene.maya, now=NOW
    )
    assert [n.details["quote"] for n in scene.told(link.user, "review.answered")] == ["Twenty minutes."]
    decide(scene.session, link, APPROVE, now=NOW)


def test_a_spent_link_asks_nothing(scene: Scene):
    link = elenas(scene)
    decide(scene.session, link, APPROVE, now=NOW)
    with pytest.raises(TransitionNotAllowed, match="has been used"):
        mail_decisions.ask(scene.session, link, "One more thing?", now=NOW)


def test_a_link_that_grew_too_old_brings_one_new_mail(scene: Scene):
    link, late = elenas(scene), NOW + timedelta(days=8)
    for _ in range(3):
        mail_decisions.ask_for_another(scene.session, link, now=late)
    (notice,) = scene.told(link.user, "review.reminder")
    assert (notice.subject_id, notice.text) == (
        link.review_id,
        "“Descale your kettle” still waits for Marketing.",
    )


def test_no_other_link_brings_a_new_mail(scene: Scene):
    link = elenas(scene)
    with pytest.raises(TransitionNotAllowed, match="still works"):
        mail_decisions.ask_for_another(scene.session, link, now=NOW)
    decide(scene.session, link, APPROVE, now=NOW)
    with pytest.raises(TransitionNotAllowed, match="has been used"):
        mail_decisions.ask_for_another(scene.session, link, now=NOW + timedelta(days=8))
    assert scene.told(link.user, "review.reminder") == []


# ---- at the same moment ----------------------------------------------------------


def at_once(database: Database, acts: list[Callable[[Session], object]]) -> list[BaseException]:
    together, raised = Barrier(len(acts)), []

    def run(act: Callable[[Session], object]) -> None:
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


def by_link(link_id: int, verdict: Verdict) -> Callable[[Session], object]:
    return lambda session: decide(
        session, session.get_one(DecisionLink, link_id), verdict, now=NOW, reason="Because."
    )


def test_of_two_who_open_the_same_link_at_once_one_decides(database: Database):
    with database.write() as session:
        scene = make_scene(session)
        link_id = elenas(scene).id
    raised = at_once(database, [by_link(link_id, APPROVE), by_link(link_id, REFUSE)])
    assert [type(r) for r in raised] == [TransitionNotAllowed]
    with database.read() as session:
        (decision,) = session.query(Decision)
        assert decision.verdict in (APPROVE, REFUSE)
        assert session.get_one(DecisionLink, link_id).used_at == NOW


def test_two_links_of_one_person_at_once_are_one_decision(database: Database):
    with database.write() as session:
        scene = make_scene(session)
        first = elenas(scene)
        ids = [first.id, link_for(scene, first.review, first.user).id]
    raised = at_once(database, [by_link(i, REFUSE) for i in ids])
    assert [type(r) for r in raised] == [TransitionNotAllowed]
    with database.read() as session:
        assert session.query(Decision).count() == 1
        assert session.query(DecisionLink).filter(DecisionLink.used_at.is_not(None)).count() == 1
