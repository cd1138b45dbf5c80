"""Approval binds, withdrawal blocks, a newer approval takes the older one's place."""

from datetime import timedelta

from sqlalchemy import select

from content_library import approvals, posts
from content_library.models.audit import AuditEntry
from content_library.models.post import Revision
from scheduler import binding, holds, transitions
from scheduler.models import Part, PublicationState
from scheduler.publication_flow import Act
from tests import factories as make
from tests.scheduler.scene import LATER, NOW, Scene

S = PublicationState


def newer_approval(scene: Scene) -> int:
    revision = make.save(scene.session, scene.post, scene.maya, text="Lemon juice does it too.")
    scene.clear()
    return revision.id


def withdraw(scene: Scene) -> None:
    approvals.withdraw(
        scene.session, scene.post, scene.approval(), actor=scene.priya, now=NOW, why="A mistake"
    )


def verbs(scene: Scene, publication_id: int) -> list[str]:
    entries = select(AuditEntry.verb).where(
        AuditEntry.subject_type == "publication", AuditEntry.subject_id == publication_id
    )
    return list(scene.session.scalars(entries.order_by(AuditEntry.id)))


def test_an_approval_that_comes_later_binds_what_was_waiting(scene: Scene) -> None:
    publication = scene.plan()
    approval = scene.clear()
    assert publication.state is S.PLANNED
    assert publication.revision_id == approval.revision_id
    assert verbs(scene, publication.id) == ["publication.planned", "publication.release"]


def test_a_newer_approval_takes_the_older_ones_place_and_says_so(scene: Scene) -> None:
    scene.clear()
    publication = scene.plan()
    before = publication.payload_sha256
    revision_id = newer_approval(scene)
    assert publication.revision_id == revision_id
    assert publication.payload_sha256 != before
    assert "publication.rebound" in verbs(scene, publication.id)
    assert publication.state is S.PLANNED


def test_an_edit_moves_no_approval(scene: Scene) -> None:
    approval = scene.clear()
    publication = scene.plan()
    make.save(scene.session, scene.post, scene.maya, text="Something nobody has seen.")
    assert publication.revision_id == approval.revision_id
    assert publication.state is S.PLANNED


def test_a_withdrawal_blocks_what_is_unsent_in_the_same_transaction(scene: Scene) -> None:
    scene.clear()
    publication = scene.plan()
    withdraw(scene)
    assert (publication.state, publication.reason) == (S.BLOCKED, "approval")
    assert "A mistake" in publication.explanation


def test_a_withdrawal_falls_back_to_the_revision_that_is_still_approved(scene: Scene) -> None:
    first = scene.clear()
    publication = scene.plan()
    newer_approval(scene)
    withdraw(scene)
    assert publication.revision_id == first.revision_id
    assert publication.state is S.PLANNED


def test_archiving_the_post_stops_what_was_planned(scene: Scene) -> None:
    scene.clear()
    publication = scene.plan()
    posts.archive(scene.session, scene.post, actor=scene.maya, now=NOW)
    assert publication.state is not S.PLANNED


def test_a_thread_that_has_begun_keeps_the_text_it_began_with(scene: Scene) -> None:
    approval = scene.clear()
    publication = scene.plan()
    scene.session.add(Part(publication_id=publication.id, position=0, key="k", created_at=NOW, envelope={}))
    scene.session.flush()
    newer_approval(scene)
    assert publication.revision_id == approval.revision_id


def test_a_missed_publication_is_not_released_by_an_approval(scene: Scene) -> None:
    scene.clear()
    publication = scene.plan()
    transitions.move(scene.session, publication, Act.MISS, actor=None, now=NOW)
    newer_approval(scene)
    assert publication.state is S.MISSED


def test_an_approval_on_a_stopped_desk_holds_instead_of_planning(scene: Scene) -> None:
    publication = scene.plan()
    holds.stop_desk(scene.session, scene.desk, "Trouble", actor=scene.priya, now=NOW)
    scene.clear()
    assert (publication.state, publication.reason) == (S.HELD, "stopped")


def test_a_newer_text_whose_offer_is_over_by_then_waits_for_another_time(scene: Scene) -> None:
    scene.clear()
    publication = scene.plan()
    make.save(scene.session, scene.post, scene.maya, valid_until="2026-11-03T11:00")
    scene.clear()
    assert (publication.state, publication.reason) == (S.BLOCKED, "window")


def test_an_account_the_approved_text_does_not_name_is_not_bound(scene: Scene) -> None:
    other = make.make_account(scene.session, scene.desk)
    approval = scene.clear()
    publication = scene.plan(other)
    assert not binding.bind(scene.session, publication, approval)
    assert publication.state is S.BLOCKED


def test_an_expired_post_takes_its_unsent_publications_along(scene: Scene) -> None:
    publication = scene.plan()
    binding.expire_unsent(scene.session, scene.post, now=LATER)
    assert (publication.state, publication.reason) == (S.EXPIRED, "over")


def test_a_grace_of_nothing_means_until_the_offer_ends() -> None:
    ends_at = LATER + timedelta(hours=2)
    assert binding.late_at(LATER, 0, ends_at) == ends_at
    assert binding.late_at(LATER, 0, None) == LATER + timedelta(minutes=15)
    assert binding.late_at(LATER, 3600, ends_at) == LATER + timedelta(hours=1)


def test_what_is_bound_names_its_revision(scene: Scene) -> None:
    approval = scene.clear()
    publication = scene.plan()
    assert scene.session.get_one(Revision, approval.revision_id).number == 1
    assert publication.revision is not None
