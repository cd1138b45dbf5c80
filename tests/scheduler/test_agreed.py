"""What an agreement cleared and is unsent: asked again at the gate, stopped when it no longer holds, sent again."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from content_library import agreement_rounds, agreements, submissions
from content_library.agreement_drafts import ClauseTerms, VersionTerms
from content_library.models.agreement import AgreementVersion
from content_library.models.desk import Team
from content_library.models.review import ReviewState, SubmissionState
from scheduler import gate
from scheduler.gate import Reason
from scheduler.models import PublicationState
from tests import factories as make
from tests.scheduler.scene import LATER, NOW, Scene, a_scene

TODAY = NOW.date()


@pytest.fixture
def scene(session: Session) -> Scene:
    return a_scene(session)


def agree(scene: Scene, formats: tuple[str, ...] = ("how_to",), **known: object) -> AgreementVersion:
    team = scene.session.scalars(select(Team).filter_by(key="marketing")).one()
    seen = [s.agreement.latest_number for s in agreements.agreements(scene.session, scene.desk.id, now=NOW)]
    days = {
        "starts_on": TODAY,
        "review_on": TODAY + timedelta(days=1),
        "ends_on": TODAY + timedelta(days=90),
    }
    terms = VersionTerms(
        [ClauseTerms(formats, sample_percent=0)],
        why="It goes well.",
        **{**days, **known},  # type: ignore[arg-type]
    )
    version = agreements.propose(
        scene.session, scene.desk, team, terms, seen=max(seen, default=0), actor=scene.priya, now=NOW
    )
    agreements.sign(scene.session, version, actor=scene.reviewers["marketing"], now=NOW)
    return version


def test_what_an_agreement_cleared_passes_the_gate(scene: Scene):
    agree(scene)
    scene.submit()
    publication = scene.plan()
    assert publication.state is PublicationState.PLANNED
    assert isinstance(scene.ask(publication), gate.Passed)


def test_the_gate_asks_for_the_agreement_in_force_then(scene: Scene):
    """Nobody has looked yet, and its last day is over."""
    version = agree(scene)
    scene.submit()
    publication = scene.plan()
    version.ends_at = LATER - timedelta(seconds=1)
    answer = scene.ask(publication, at=LATER)
    assert isinstance(answer, gate.No)
    assert (answer.reason, answer.act) == (Reason.AGREEMENT, gate.Act.BLOCK)
    assert "Marketing’s agreement does not clear it" in answer.sentence


def test_a_suspended_clause_stops_at_the_gate(scene: Scene):
    version = agree(scene)
    scene.submit()
    publication = scene.plan()
    version.clauses[0].suspended_at = NOW
    assert isinstance(scene.ask(publication), gate.No)


def test_a_renewed_agreement_keeps_what_was_cleared(scene: Scene):
    agree(scene)
    scene.submit()
    publication = scene.plan()
    agree(scene, ("faq_link", "how_to"))
    assert publication.state is PublicationState.PLANNED
    assert isinstance(scene.ask(publication), gate.Passed)


def test_what_is_planned_stops_at_once_and_goes_back_to_review_by_itself(scene: Scene):
    version = agree(scene)
    scene.submit()
    publication = scene.plan()
    agreements.end(scene.session, version, "A new brand.", actor=scene.priya, now=NOW)
    assert (publication.state, publication.reason) == (PublicationState.BLOCKED, Reason.APPROVAL)
    again = submissions.open_submission(scene.session, scene.post)
    assert again is not None
    assert [r.state for r in again.reviews] == [ReviewState.OPEN]
    make.decide(scene.session, again.reviews[0], scene.reviewers["marketing"])
    assert publication.state is PublicationState.PLANNED
    assert isinstance(scene.ask(publication), gate.Passed)


def test_what_nobody_planned_is_not_put_into_a_queue(scene: Scene):
    version = agree(scene)
    scene.submit()
    agreements.end(scene.session, version, "A new brand.", actor=scene.priya, now=NOW)
    assert submissions.open_submission(scene.session, scene.post) is None


def test_what_is_out_is_not_put_into_a_queue(scene: Scene):
    version = agree(scene)
    scene.submit()
    publication = scene.plan()
    scene.session.execute(
        update(type(publication)).values(state=PublicationState.PUBLISHED, published_at=NOW)
    )
    scene.session.expire_all()
    agreements.end(scene.session, version, "A new brand.", actor=scene.priya, now=NOW)
    assert submissions.open_submission(scene.session, scene.post) is None


def test_what_was_with_another_team_is_with_both_then(scene: Scene):
    version = agree(scene)
    make.save(scene.session, scene.post, scene.maya, text="Descale your kettle, it is free.")
    scene.submit()
    before = submissions.open_submission(scene.session, scene.post)
    assert before is not None
    agreements.end(scene.session, version, "Enough.", actor=scene.priya, now=NOW)
    again = submissions.open_submission(scene.session, scene.post)
    assert before.state is SubmissionState.WITHDRAWN
    assert again is not None
    assert {r.team.key: r.state for r in again.reviews} == {
        "marketing": ReviewState.OPEN,
        "legal": ReviewState.OPEN,
    }


def test_at_midnight_of_its_last_day_what_is_planned_later_goes_back(scene: Scene):
    version = agree(scene, review_on=TODAY, ends_on=TODAY)
    scene.submit()
    publication = scene.plan(due_at=version.ends_at + timedelta(hours=2))
    agreement_rounds.tend(scene.session, now=version.ends_at - timedelta(seconds=1))
    assert publication.state is PublicationState.BLOCKED  # foreseen: it would be over by then
    assert publication.reason == Reason.AGREEMENT
    agreement_rounds.tend(scene.session, now=version.ends_at)
    assert submissions.open_submission(scene.session, scene.post) is not None
