"""Boundaries that people mostly go on over: counted by posts, listed for their owner, and told of now and then."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from content_library import boundary_editing as editing
from content_library.boundaries.rules import Detector, Severity
from content_library.boundary_editing import Wording
from content_library.boundary_owners import TOLD, overridden_for, tell_owners
from content_library.boundary_use import Use, mostly_overridden, uses
from content_library.models.boundary import Boundary
from content_library.models.post import Post
from content_library.models.user import DeskRole
from tests import factories as make
from tests.content_library.scene import Scene, make_scene
from tests.factories import NOW

DAY = timedelta(days=1)
SHY = Wording(Severity.WARN, {"words": ["secret"], "allowed": []}, why="Asked by PR.")


@pytest.fixture
def scene(session) -> Scene:
    return make_scene(session)


def rule(scene: Scene, key: str = "links") -> Boundary:
    return scene.session.scalars(select(Boundary).filter_by(key=key)).one()


def go_on(scene: Scene, *, times: int = 1, why: str = "It is ours.", at=NOW, **content: Any) -> list[Post]:
    """So many posts that were submitted with a shortened link and a reason."""
    posts = []
    page = make.page_of(scene.session, scene.desk)
    for _ in range(times):
        said = {"text": "Look: https://bit.ly/1", "answers": {"links": {"reason": why}}, **content}
        post = scene.post(accounts=[page.id], now=at, **said)
        scene.submit(post, now=at)
        posts.append(post)
    return posts


def heed(scene: Scene, posts: list[Post]) -> None:
    """Take the link out and send each again."""
    for post in posts:
        make.save(scene.session, post, scene.maya, text="Look at our page.")
        scene.submit(post)


def listed(scene: Scene, person=None, at=NOW) -> list[str]:
    return [
        item.boundary.key for item in overridden_for(scene.session, scene.desk, person or scene.priya, now=at)
    ]


def test_a_post_has_gone_on_while_its_newest_submission_carries_the_words(scene):
    heed(scene, go_on(scene, times=6)[:2])
    assert uses(scene.session, scene.desk.id, now=NOW)[rule(scene).id] == Use(
        touched=6, warned=6, overridden=4
    )
    assert listed(scene) == ["links"]


def test_a_post_that_is_sent_again_and_again_counts_once(scene):
    post = go_on(scene)[0]
    for number in range(5):
        make.save(scene.session, post, scene.maya, text=f"Look {number}: https://bit.ly/1")
        scene.submit(post)
    assert uses(scene.session, scene.desk.id, now=NOW)[rule(scene).id] == Use(
        touched=6, warned=1, overridden=1
    )
    assert listed(scene) == []


@pytest.mark.parametrize(
    ("posts", "heeded", "is_listed"), [(4, 0, False), (5, 0, True), (6, 3, False), (7, 3, True)]
)
def test_a_rule_is_listed_from_five_posts_on_when_more_than_half_went_on(scene, posts, heeded, is_listed):
    heed(scene, go_on(scene, times=posts)[:heeded])
    assert bool(listed(scene)) is is_listed


def test_after_ninety_days_it_is_forgotten(scene):
    go_on(scene, times=5)
    assert listed(scene, at=NOW + 90 * DAY) == ["links"]
    assert listed(scene, at=NOW + 91 * DAY) == []


def test_who_changes_a_rule_begins_to_count_anew(scene):
    go_on(scene, times=5)
    sam = make.make_user(scene.session, "Sam Ito", is_administrator=True)
    wider = Wording(Severity.WARN, {"shortened": True, "allowed": ["bit.ly"]}, why="It is ours.")
    editing.change_boundary(scene.session, rule(scene), wider, seen=1, actor=sam, now=NOW + DAY)
    assert listed(scene, at=NOW) == ["links"]
    assert listed(scene, at=NOW + DAY) == []


def test_a_rule_that_informs_or_is_off_is_not_listed(scene):
    go_on(scene, times=5)
    sam = make.make_user(scene.session, "Sam Ito", is_administrator=True)
    editing.switch(scene.session, rule(scene), on=False, why="Too wide.", seen=1, actor=sam, now=NOW + DAY)
    assert listed(scene, at=NOW + DAY) == []


def test_the_worst_comes_first():
    used = {1: Use(9, 6, 4), 2: Use(9, 5, 5), 3: Use(99, 20, 20), 4: Use(9, 4, 4)}
    assert mostly_overridden(used) == [3, 2, 1]


def test_its_team_the_leads_and_administrators_see_it_and_nobody_else(scene):
    go_on(scene, times=5)
    sam = make.make_user(scene.session, "Sam Ito", is_administrator=True)
    seeing = {
        p.name
        for p in (scene.maya, scene.ruth, scene.priya, sam, *scene.reviewers.values())
        if listed(scene, p)
    }
    assert seeing == {"Priya Raman", "Sam Ito", "Elena Costa"}  # marketing looks after links


def test_another_desk_s_posts_do_not_count(scene):
    go_on(scene, times=5)
    other = make.make_desk(scene.session, "Other", "other")
    lead = make.make_user(scene.session, "Olga Fremd", desk=other, role=DeskRole.LEAD)
    assert uses(scene.session, other.id, now=NOW) == {}
    assert overridden_for(scene.session, other, lead, now=NOW) == []


def test_samples_of_the_reasons_name_nobody_and_show_no_personal_data(scene):
    go_on(scene, times=5, why="Ask jo@example.org or +49 30 901820.")
    go_on(scene, why="It is ours.")
    samples = overridden_for(scene.session, scene.desk, scene.priya, now=NOW)[0].samples
    assert list(samples) == ["It is ours.", "Ask ••• or •••."]


def test_the_owner_team_is_told_once_in_thirty_days(scene):
    go_on(scene, times=5)
    elena = scene.reviewers["marketing"]
    for hours in (0, 1, 24 * 29):
        tell_owners(scene.session, now=NOW + timedelta(hours=hours))
    told = scene.told(elena, TOLD)
    assert [n.text for n in told] == [
        "5 of 5 posts went on over the boundary “Links” in 90 days. Is it worded too widely?"
    ]
    assert told[0].desk_id == scene.desk.id
    assert tell_owners(scene.session, now=NOW + 30 * DAY) == 1
    assert len(scene.told(elena, TOLD)) == 2
    assert not scene.told(scene.priya, TOLD)


def test_a_rule_that_no_team_looks_after_is_the_leads_matter(scene):
    made = editing.add_boundary(
        scene.session, scene.desk, "Secrets", Detector.WORDS, SHY, actor=scene.priya, now=NOW
    )
    go_on(scene, times=5, text="A secret.", answers={made.key: {"reason": "It is known."}})
    assert tell_owners(scene.session, now=NOW) == 1
    assert scene.told(scene.priya, TOLD)
    assert not scene.told(scene.reviewers["marketing"], TOLD)


def test_a_team_that_does_not_serve_the_desk_is_not_told_of_it(scene):
    go_on(scene, times=5)
    scene.desk.teams.remove(rule(scene).owner_team)
    scene.session.flush()
    scene.session.expire_all()
    tell_owners(scene.session, now=NOW)
    assert not scene.told(scene.reviewers["marketing"], TOLD)
    assert scene.told(scene.priya, TOLD)


def test_nobody_is_told_of_rules_that_people_heed(scene):
    heed(scene, go_on(scene, times=5))
    assert tell_owners(scene.session, now=NOW) == 0
