"""What goes on by itself once the cause is gone, and what ends in words when it waited too long."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library import boundary_editing
from content_library.boundaries.rules import Severity
from content_library.boundary_editing import Wording
from content_library.models.account import AccountState
from content_library.models.boundary import Boundary
from content_library.models.feed import LinkCheck
from content_library.models.notice import Notice
from content_library.notices import notify
from scheduler import holds, mending
from scheduler.models import Publication, PublicationState
from tests import factories as make
from tests.scheduler.scene import LATER, NOW, Scene, a_link_check, a_scene

S = PublicationState
LINK = "https://www.brindlemoor.example/help?a=50%25_off"


def with_link(session: Session) -> tuple[Scene, Publication]:
    scene = a_scene(session, text=f"Look here: {LINK}")
    scene.clear()
    return scene, scene.plan()


def on_a_practice_account(session: Session) -> tuple[Scene, Publication]:
    scene = a_scene(session)
    account = make.make_account(session, scene.desk, state=AccountState.PRACTICE)
    scene.post = make.make_post(session, scene.desk, scene.maya, title="Another", accounts=[account.id])
    scene.clear()
    return scene, scene.plan(account)


def test_a_dead_link_is_held_ahead_of_its_time_and_released_when_it_works(session: Session) -> None:
    _scene, publication = with_link(session)
    session.add(a_link_check(LINK, is_ok=False))
    assert mending.hold_dead_links(session, now=NOW) == 1
    assert (publication.state, publication.reason) == (S.HELD, "link")
    assert LINK in publication.explanation
    assert mending.release_mended(session, now=NOW) == 0
    session.scalars(select(LinkCheck).filter_by(url=LINK)).one().is_ok = True
    assert mending.release_mended(session, now=NOW) == 1
    assert publication.state is S.PLANNED


def test_another_dead_link_holds_nothing(session: Session) -> None:
    with_link(session)
    session.add(a_link_check(LINK[:-3], is_ok=False))
    assert mending.hold_dead_links(session, now=NOW) == 0


def test_a_link_that_works_again_does_not_go_past_a_stop(session: Session) -> None:
    scene, publication = with_link(session)
    session.add(a_link_check(LINK, is_ok=False))
    mending.hold_dead_links(session, now=NOW)
    holds.stop_desk(session, scene.desk, "Trouble", actor=scene.priya, now=NOW)
    session.scalars(select(LinkCheck).filter_by(url=LINK)).one().is_ok = True
    assert mending.release_mended(session, now=NOW) == 0
    assert (publication.state, publication.reason) == (S.HELD, "stopped")


def test_what_waits_for_an_account_goes_when_it_is_connected(session: Session) -> None:
    _scene, publication = on_a_practice_account(session)
    assert publication.reason == "account"
    assert mending.release_mended(session, now=NOW) == 0
    publication.account.state = AccountState.ACTIVE
    assert mending.release_mended(session, now=NOW) == 1
    assert publication.state is S.PLANNED


def test_a_connected_account_releases_nothing_whose_approval_is_gone(session: Session) -> None:
    scene, publication = on_a_practice_account(session)
    scene.approval().withdrawn_at = NOW
    publication.account.state = AccountState.ACTIVE
    assert mending.release_mended(session, now=NOW) == 0
    assert (publication.state, publication.reason) == (S.BLOCKED, "approval")


def test_an_account_out_of_use_blocks_what_is_planned_there_at_once(scene: Scene) -> None:
    scene.clear()
    publication = scene.plan()
    assert mending.block_account(scene.session, scene.page, now=NOW) == 1
    assert (publication.state, publication.reason) == (S.BLOCKED, "account")
    assert "out of use" in publication.explanation


def test_nothing_is_approved_by_silence(scene: Scene) -> None:
    publication = scene.plan()
    assert mending.expire_uncleared(scene.session, now=publication.late_at - timedelta(seconds=1)) == 0
    assert mending.expire_uncleared(scene.session, now=publication.late_at) == 1
    assert (publication.state, publication.explanation) == (S.EXPIRED, "It was not cleared in time.")


def test_what_was_cleared_but_could_not_go_in_time_needs_a_person(session: Session) -> None:
    _scene, publication = on_a_practice_account(session)
    assert mending.miss_blocked(session, now=publication.late_at - timedelta(seconds=1)) == 0
    assert mending.miss_blocked(session, now=publication.late_at) == 1
    assert (publication.state, publication.reason) == (S.MISSED, "late")
    assert "practice account" in publication.explanation


def test_what_waits_for_its_clearance_is_never_merely_missed(scene: Scene) -> None:
    publication = scene.plan()
    assert mending.miss_blocked(scene.session, now=LATER + timedelta(days=1)) == 0
    assert publication.state is S.BLOCKED


def test_the_links_of_what_is_planned_are_the_ones_to_watch(session: Session) -> None:
    with_link(session)
    assert mending.links_planned(session) == {LINK}


def now_says(scene: Scene, wording: Wording, *, seen: int = 1) -> None:
    rule = scene.session.scalars(select(Boundary).filter_by(key="free")).one()
    sam = make.make_user(scene.session, f"Sam {seen}", is_administrator=True)
    boundary_editing.change_boundary(scene.session, rule, wording, seen=seen, actor=sam, now=NOW)


def test_what_is_planned_and_touches_a_new_boundary_waits_at_once_and_goes_on_when_the_rule_is_gone(
    session: Session,
) -> None:
    scene = a_scene(session, text="Descale your kettle.")
    scene.clear()
    publication = scene.plan()
    assert mending.apply_boundaries(session, now=NOW) == 0
    now_says(scene, Wording(Severity.BLOCK, {"words": ["kettle"]}, why="A recall."))
    assert mending.apply_boundaries(session, now=NOW) == 1
    assert (publication.state, publication.reason) == (S.BLOCKED, "boundary")
    assert "kettle" in publication.explanation
    assert mending.release_mended(session, now=NOW) == 0
    now_says(scene, Wording(Severity.BLOCK, {"words": ["teapot"]}, why="Only that one."), seen=2)
    assert mending.release_mended(session, now=NOW) == 1
    assert publication.state is S.PLANNED


def test_every_planned_publication_is_looked_at_once_for_each_change(session: Session) -> None:
    scene = a_scene(session, text="Descale your kettle.")
    scene.clear()
    scene.plan()
    for number in range(3):
        scene.post = make.make_post(
            session, scene.desk, scene.maya, text=f"Kettle {number}.", accounts=[scene.page.id]
        )
        scene.clear()
        scene.plan()
    now_says(scene, Wording(Severity.BLOCK, {"words": ["kettle"]}, why="A recall."))
    assert [mending.apply_boundaries(session, now=NOW, most=3) for _ in range(3)] == [3, 1, 0]


def test_nobody_is_written_to_about_what_is_no_longer_so(scene: Scene) -> None:
    publication = scene.plan()
    told = f"publication.{PublicationState.FAILED.value}", f"publication.{publication.state.value}"
    for kind in told:
        notify(scene.session, [scene.maya.id], kind, publication, text="Look.", now=NOW)
    mending.forget_what_moved_on(scene.session, now=LATER)
    found = scene.session.execute(select(Notice.kind, Notice.read_at).where(Notice.kind.in_(told)))
    assert dict(iter(found)) == {told[0]: LATER, told[1]: None}
