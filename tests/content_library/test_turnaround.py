"""How long teams usually take, as the composer says it."""

from datetime import timedelta

import pytest

from content_library.models.desk import Team
from content_library.models.review import Verdict
from content_library.turnaround import KEPT_FOR, LOOKED_BACK, usual_turnaround
from tests import factories as make
from tests.content_library.scene import Scene, make_scene
from tests.factories import NOW

HOUR = timedelta(hours=1)


@pytest.fixture
def scene(session) -> Scene:
    scene = make_scene(session)
    scene.format("for_marketing", [[{"team": "marketing", "why": "Voice."}]])
    return scene


def answer(scene: Scene, *minutes: int, at=NOW) -> None:
    """Marketing answers one post after each of these many minutes of its working day."""
    for taken in minutes:
        submission = scene.submit(scene.post(format_key="for_marketing"), now=at)
        review = scene.review(submission, "marketing")
        make.decide(scene.session, review, scene.reviewers["marketing"], now=at + timedelta(minutes=taken))


def team(scene: Scene, key: str = "marketing") -> int:
    return scene.session.query(Team).filter_by(key=key).one().id


def usual(scene: Scene, at=NOW + 8 * HOUR):
    return usual_turnaround(scene.session, [team(scene)], at)[team(scene)]


def test_it_says_the_median_and_the_ninth_of_ten_of_a_team(scene):
    answer(scene, 10, 20, 30, 40, 300)
    found = usual(scene)
    assert (found.median, found.p90, found.answers) == (timedelta(minutes=30), timedelta(minutes=300), 5)


def test_fewer_than_five_answers_say_nothing(scene):
    answer(scene, 10, 20, 30, 40)
    assert usual(scene) is None


def test_only_the_last_ninety_days_count(scene):
    answer(scene, 10, 10, 10, 10, 10)
    assert usual(scene, NOW + LOOKED_BACK) is not None
    assert usual(scene, NOW + LOOKED_BACK + HOUR) is None


def test_a_night_between_is_no_working_time(scene):
    answer(scene, *[24 * 60] * 5)  # asked on Tuesday at 09:00, answered on Wednesday at 09:00
    assert usual(scene, NOW + 48 * HOUR).median == timedelta(hours=8)


def test_sending_back_is_an_answer_and_taking_back_is_none(scene):
    answer(scene, 10, 10, 10)
    no = scene.review(scene.submit(scene.post(format_key="for_marketing")), "marketing")
    make.decide(scene.session, no, scene.reviewers["marketing"], Verdict.REQUEST_CHANGES, now=NOW + HOUR)
    scene.submit(scene.post(format_key="for_marketing"))
    assert usual(scene) is None
    answer(scene, 10)
    assert usual(scene, NOW + 9 * HOUR).answers == 5


def test_each_team_has_its_own(scene):
    answer(scene, 10, 10, 10, 10, 10)
    found = usual_turnaround(scene.session, [team(scene), team(scene, "legal")], NOW + 8 * HOUR)
    assert found[team(scene)] is not None
    assert found[team(scene, "legal")] is None


def test_it_is_kept_for_some_minutes_and_then_read_anew(scene):
    answer(scene, 10, 10, 10, 10, 10)
    at = NOW + 8 * HOUR
    assert usual(scene, at).answers == 5
    answer(scene, 10)
    assert usual(scene, at + KEPT_FOR - timedelta(seconds=1)).answers == 5
    assert usual(scene, at + KEPT_FOR).answers == 6


def test_for_no_team_nothing_is_asked(scene):
    assert usual_turnaround(scene.session, [], NOW) == {}
