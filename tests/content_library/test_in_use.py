"""What a desk uses by now: its own, and nobody else's."""

from sqlalchemy.orm import Session

from content_library import facts
from content_library.facts import Naming
from content_library.in_use import InUse, in_use
from tests import factories as make
from tests.content_library.agreed import propose
from tests.content_library.scene import make_scene
from tests.factories import NOW


def test_a_new_desk_uses_none_of_it_and_each_shows_once_it_is_begun(session: Session):
    scene = make_scene(session)
    other = make.make_desk(session, "Elsewhere", "elsewhere")
    assert in_use(session, scene.desk.id) == InUse(facts=False, agreements=False, ladder=False)
    facts.add_fact(session, scene.desk, Naming("price"), "39", actor=scene.priya, now=NOW)
    assert in_use(session, scene.desk.id) == InUse(facts=True, agreements=False, ladder=False)
    propose(scene)
    assert in_use(session, scene.desk.id) == InUse(facts=True, agreements=True, ladder=False)
    assert in_use(session, other.id) == InUse(facts=False, agreements=False, ladder=False)
