"""When the rules of a zone change: the time on the wall stays, the instant follows, and nothing late is sent."""

from datetime import timedelta

from sqlalchemy import select

from content_library.models.audit import AuditEntry
from content_library.models.notice import Notice
from content_library.wall_time import tzdata_version
from scheduler import retiming, transitions
from scheduler.models import Publication, PublicationState
from scheduler.publication_flow import Act
from tests.scheduler.scene import LATER, NOW, Scene

S = PublicationState
HOUR = timedelta(hours=1)


def under_older_rules(publication: Publication, shift: timedelta = HOUR) -> None:
    """As it was derived with a release in which its zone was an hour off."""
    publication.due_at, publication.late_at = publication.due_at + shift, publication.late_at + shift
    publication.tzdata_version = "2020a"


def retime(scene: Scene, now=NOW) -> int:
    scene.session.flush()
    count = retiming.retime(scene.session, now=now)
    scene.session.flush()
    scene.session.expire_all()
    return count


def entries(scene: Scene) -> list[AuditEntry]:
    return list(scene.session.scalars(select(AuditEntry).filter_by(verb="publication.retimed")))


def test_the_wall_time_stays_and_the_instant_follows_the_new_rules(scene: Scene) -> None:
    scene.clear()
    publication = scene.plan()
    under_older_rules(publication)
    assert retime(scene) == 1
    assert (publication.due_at, publication.wall, publication.state) == (
        LATER,
        "2026-11-03T12:00:00",
        S.PLANNED,
    )
    assert publication.late_at == LATER + timedelta(minutes=15)
    assert publication.tzdata_version == tzdata_version()
    (entry,) = entries(scene)
    assert "goes at 2026-11-03 12:00 UTC instead of 2026-11-03 13:00 UTC" in entry.summary
    assert entry.payload is not None
    assert entry.payload.details["tzdata"] == ["2020a", tzdata_version()]


def test_leads_hear_once_and_read_which(scene: Scene) -> None:
    scene.clear()
    publication = scene.plan()
    under_older_rules(publication)
    retime(scene)
    (told,) = scene.session.scalars(select(Notice).filter_by(kind="desk.retimed"))
    assert (told.user_id, told.stage, told.details["publications"]) == (
        scene.priya.id, tzdata_version(), [publication.id],
    )  # fmt: skip
    assert "Descale your kettle" in told.details["quote"]
    assert retime(scene) == 0
    assert len(entries(scene)) == 1


def test_what_means_the_same_moment_is_only_stamped(scene: Scene) -> None:
    publication = scene.plan()
    publication.tzdata_version = "2020a"
    assert retime(scene) == 0
    assert publication.tzdata_version == tzdata_version()
    assert entries(scene) == []


def test_what_would_then_lie_in_the_past_is_missed_and_never_sent(scene: Scene) -> None:
    scene.clear()
    publication = scene.plan()
    under_older_rules(publication)
    retime(scene, LATER + timedelta(minutes=1))
    assert (publication.state, publication.reason, publication.explanation) == (
        S.MISSED,
        "late",
        retiming.PAST,
    )
    (told,) = scene.session.scalars(select(Notice).filter_by(kind="desk.retimed"))
    assert "(missed)" in told.details["quote"]


def test_what_an_engine_has_claimed_for_the_old_moment_is_given_back(scene: Scene) -> None:
    scene.clear()
    publication = scene.plan()
    under_older_rules(publication, -HOUR)
    transitions.move(scene.session, publication, Act.CLAIM, actor=None, now=NOW)
    retime(scene)
    assert (publication.state, publication.due_at) == (S.PLANNED, LATER)


def test_what_is_out_keeps_the_moment_it_went_out_for(scene: Scene) -> None:
    scene.clear()
    publication = scene.plan()
    for act in (Act.CLAIM, Act.MARK, Act.SUCCEED):
        transitions.move(scene.session, publication, act, actor=None, now=NOW)
    under_older_rules(publication)
    assert retime(scene) == 0
    assert (publication.due_at, publication.tzdata_version) == (LATER + HOUR, "2020a")


def test_what_waits_keeps_waiting_for_its_new_moment(scene: Scene) -> None:
    publication = scene.plan()
    under_older_rules(publication)
    retime(scene)
    assert (publication.state, publication.due_at) == (S.BLOCKED, LATER)
