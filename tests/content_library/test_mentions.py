"""Naming somebody: only who may see the post, by a name that fits one person, told whether or not they took part."""

import pytest
from sqlalchemy.orm import Session

from content_library import discussion, submissions
from content_library.mentions import find_mentions, who_may_be_mentioned
from content_library.models.user import DeskRole
from tests import factories as make
from tests.content_library.scene import Scene, make_scene
from tests.factories import NOW

PEOPLE = {1: "Maya Okafor", 2: "Jonas Weil", 3: "Jonas Brandt", 4: "Ana-Lucía Pérez", 5: "Li", 6: "李 雷"}


@pytest.fixture
def scene(session: Session) -> Scene:
    return make_scene(session)


@pytest.mark.parametrize(
    ("text", "named", "unclear"),
    [
        ("@Maya look", [(1, "@Maya")], []),
        ("@maya okafor, look", [(1, "@maya okafor")], []),
        ("See (@Maya Okafor).", [(1, "@Maya Okafor")], []),
        ("@Maya  Okafor and @Jonas Brandt", [(1, "@Maya  Okafor"), (3, "@Jonas Brandt")], []),
        ("@Jonas?", [], ["@Jonas"]),
        ("@Mayo", [], ["@Mayo"]),
        ("@Mayas", [], ["@Mayas"]),
        ("write to maya@Maya.example", [], []),
        ("@Ana-Lucía and @Li and @李 雷", [(4, "@Ana-Lucía"), (5, "@Li"), (6, "@李 雷")], []),
        ("@Lia", [], ["@Lia"]),
        ("no at sign, and @ alone", [], []),
        ("@nobody @nobody", [], ["@nobody"]),
    ],
)
def test_a_name_counts_when_it_fits_one_person(text: str, named: list[tuple[int, str]], unclear: list[str]):
    found = find_mentions(text, PEOPLE)
    assert [(m["id"], text[m["start"] : m["end"]]) for m in found.mentions] == named
    assert found.unclear == unclear


def test_the_people_of_the_desk_and_of_its_teams_can_be_named_and_nobody_else(scene: Scene):
    elsewhere = make.make_desk(scene.session, "Elsewhere", "elsewhere")
    make.make_user(scene.session, "Zoe Stranger", desk=elsewhere)
    gone = make.make_user(scene.session, "Gus Gone", desk=scene.desk, role=DeskRole.LEAD)
    gone.is_active = False
    scene.session.flush()
    names = set(who_may_be_mentioned(scene.session, scene.desk.id).values())
    everybody = {scene.maya, scene.jonas, scene.priya, scene.ruth, *scene.reviewers.values()}
    assert names == {person.name for person in everybody}


def test_who_is_named_hears_it_once_and_as_a_mention_whether_or_not_they_took_part(scene: Scene):
    post = scene.post()
    said = discussion.comment(scene.session, post, "@Maya, @Ruth: ready?", actor=scene.jonas, now=NOW)
    assert [n.kind for n in scene.told(scene.maya)] == ["comment.mentioned"]
    (told,) = scene.told(scene.ruth)
    assert (told.kind, told.subject_id) == ("comment.mentioned", said.id)
    assert told.text == f"Jonas Weil mentioned you on “{post.title}”."
    assert scene.told(scene.priya) == []


def test_naming_oneself_or_somebody_who_cannot_see_the_desk_tells_nobody(scene: Scene):
    stranger = make.make_user(
        scene.session, "Zoe Stranger", desk=make.make_desk(scene.session, "Other", "other")
    )
    said = discussion.comment(scene.session, scene.post(), "@Jonas @Zoe", actor=scene.jonas, now=NOW)
    assert [m["id"] for m in said.mentions] == [scene.jonas.id]
    assert scene.told(stranger) == scene.told(scene.jonas) == []


def test_a_question_and_a_note_name_people_too(scene: Scene):
    post = scene.side_by_side()
    revision = post.revisions[-1]
    submission = submissions.submit(
        scene.session, post, revision, actor=scene.maya, now=NOW, note="Ask @Jonas Weil."
    )
    assert [n.kind for n in scene.told(scene.jonas)] == ["comment.mentioned"]
    discussion.ask(
        scene.session,
        scene.review(submission, "legal"),
        "@Maya or @Priya?",
        actor=scene.reviewers["legal"],
        now=NOW,
    )
    assert [n.kind for n in scene.told(scene.maya, "review.asked")] == ["review.asked"]
    assert scene.told(scene.maya, "comment.mentioned") == []
    assert len(scene.told(scene.priya, "comment.mentioned")) == 1


def test_words_are_kept_so_that_the_places_of_names_stay_right(scene: Scene):
    said = discussion.comment(
        scene.session, scene.post(), "  Cafe\u0301,\r\n@Maya ", actor=scene.jonas, now=NOW
    )
    (mention,) = said.mentions
    assert said.body == "Café,\n@Maya"
    assert said.body[mention["start"] : mention["end"]] == "@Maya"
