"""What a person decides: it is there, it is not there, give it up, leave it, take it down."""

from datetime import timedelta

import pytest

from content_library.errors import InvalidInput, PermissionDenied, TransitionNotAllowed
from content_library.models.user import DeskRole
from scheduler import settling, transitions
from scheduler.gate import Passed
from scheduler.models import Part, Publication, PublicationState
from scheduler.publication_flow import Act, word
from tests import factories as make
from tests.scheduler.scene import NOW, Scene

S = PublicationState
ASKED = (Act.CLAIM, Act.MARK, Act.LOSE, Act.ASK)


def brought_to(scene: Scene, *acts: Act) -> Publication:
    scene.clear()
    publication = scene.plan()
    for act in acts:
        transitions.move(scene.session, publication, act, actor=None, now=publication.due_at)
    return publication


def test_what_a_person_has_seen_is_out(scene: Scene) -> None:
    publication = brought_to(scene, *ASKED)
    settling.it_is_there(scene.session, publication, " https://bsky.app/x ", actor=scene.maya, now=NOW)
    assert (publication.state, publication.url) == (S.PUBLISHED, "https://bsky.app/x")
    assert publication.published_at == NOW


@pytest.mark.parametrize("url", ["javascript:alert(1)", "bsky.app/x", "https://" + "x" * 1000])
def test_an_address_that_is_none_is_refused_at_its_field(scene: Scene, url: str) -> None:
    publication = brought_to(scene, *ASKED)
    with pytest.raises(InvalidInput) as refused:
        settling.it_is_there(scene.session, publication, url, actor=scene.maya, now=NOW)
    assert list(refused.value.fields) == ["url"]


def test_what_is_not_there_goes_again_also_when_its_grace_is_long_over(scene: Scene) -> None:
    publication = brought_to(scene, *ASKED)
    key, looked_at = publication.client_key, publication.due_at + timedelta(hours=5)
    settling.it_is_not_there(scene.session, publication, actor=scene.maya, now=looked_at)
    assert (publication.state, publication.client_key) == (S.PLANNED, key)
    assert isinstance(scene.ask(publication, looked_at), Passed)


def test_what_is_sent_again_never_goes_after_its_offer(scene: Scene) -> None:
    publication = brought_to(scene, *ASKED)
    publication.ends_at = publication.due_at + timedelta(hours=1)
    looked_at = publication.due_at + timedelta(hours=5)
    settling.it_is_not_there(scene.session, publication, actor=scene.maya, now=looked_at)
    assert scene.ask(publication, looked_at).act is Act.EXPIRE  # type: ignore[union-attr]


def test_what_is_given_up_has_failed_and_asks_nobody_any_more(scene: Scene) -> None:
    publication = brought_to(scene, *ASKED)
    settling.give_up(scene.session, publication, actor=scene.maya, now=NOW)
    assert publication.state is S.FAILED
    assert word(publication.state, publication.reason) == "failed"


def test_a_failure_can_be_left_as_it_is_once(scene: Scene) -> None:
    publication = brought_to(scene, Act.CLAIM, Act.MARK, Act.FAIL)
    assert word(publication.state, publication.reason) == "needs you"
    settling.leave(scene.session, publication, actor=scene.maya, now=NOW)
    assert word(publication.state, publication.reason) == "failed"
    with pytest.raises(TransitionNotAllowed):
        settling.leave(scene.session, publication, actor=scene.maya, now=NOW)


@pytest.mark.parametrize("acts", [(), (Act.CLAIM, Act.MARK), (Act.CANCEL,)])
def test_only_what_waits_for_a_person_is_settled_by_one(scene: Scene, acts: tuple[Act, ...]) -> None:
    publication = brought_to(scene, *acts)
    with pytest.raises(TransitionNotAllowed):
        settling.it_is_not_there(scene.session, publication, actor=scene.maya, now=NOW)
    with pytest.raises(TransitionNotAllowed):
        settling.give_up(scene.session, publication, actor=scene.maya, now=NOW)


def test_an_auditor_settles_nothing(scene: Scene) -> None:
    publication = brought_to(scene, *ASKED)
    ruth = make.make_user(scene.session, "Ruth Adler", desk=scene.desk, role=DeskRole.AUDITOR)
    for verb in (settling.it_is_not_there, settling.give_up, settling.take_down, settling.leave):
        with pytest.raises(PermissionDenied):
            verb(scene.session, publication, actor=ruth, now=NOW)


def test_what_is_out_is_asked_to_be_taken_down_once(scene: Scene) -> None:
    publication = brought_to(scene, Act.CLAIM, Act.MARK, Act.SUCCEED)
    part = Part(
        publication_id=publication.id, position=0, key="k", created_at=NOW, envelope={}, remote_id="x"
    )
    scene.session.add(part)
    scene.session.flush()
    settling.take_down(scene.session, publication, actor=scene.maya, now=NOW)
    assert publication.take_down_wanted_at == NOW
    with pytest.raises(TransitionNotAllowed, match="already"):
        settling.take_down(scene.session, publication, actor=scene.maya, now=NOW)


def test_what_stands_nowhere_we_know_cannot_be_taken_down(scene: Scene) -> None:
    publication = brought_to(scene, Act.CLAIM, Act.MARK, Act.SUCCEED)
    with pytest.raises(InvalidInput, match="on the network itself"):
        settling.take_down(scene.session, publication, actor=scene.maya, now=NOW)


def test_what_is_not_out_is_cancelled_and_not_taken_down(scene: Scene) -> None:
    with pytest.raises(TransitionNotAllowed, match="Cancel it"):
        settling.take_down(scene.session, brought_to(scene), actor=scene.maya, now=NOW)
