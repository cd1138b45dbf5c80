"""An engine dies at each named point, as if the power went; the next one finishes what it left, and nothing twice."""

import pytest

from scheduler.points import POINTS
from service_channel.networks.base import NetworkClass
from tests.drills import judge
from tests.drills.classes import THROUGH_SENDERS as CLASSES
from tests.drills.classes import K
from tests.drills.engines import THROUGH_SENDERS
from tests.drills.killing import die_at_a_point
from tests.drills.stage import Stage

pytestmark = [pytest.mark.network, pytest.mark.slow]

by_class = pytest.mark.parametrize("of", CLASSES, ids=lambda kind: f"class {kind.value}")


@pytest.mark.parametrize("kind", ["single", "thread", "page"])
@pytest.mark.parametrize("point", POINTS)
def test_an_engine_that_dies_at_a_point_leaves_nothing_undone_and_nothing_double(
    stage: Stage, point: str, kind: str
) -> None:
    die_at_a_point(stage, point, kind)
    stage.assert_promise()


def dies(stage: Stage, point: str, kind: str, of: NetworkClass) -> None:
    stage.engines.timing = THROUGH_SENDERS
    die_at_a_point(stage, point, kind, of=of)
    judge.assert_kept(stage)
    if of is K:
        stage.assert_promise()


@by_class
@pytest.mark.parametrize("point", ["marked", "sent"])
def test_in_every_class_a_death_around_sending_is_one_post_or_a_question(
    stage: Stage, point: str, of: NetworkClass
) -> None:
    dies(stage, point, "single", of)


@pytest.mark.drill
@by_class
@pytest.mark.parametrize("kind", ["single", "thread"])
@pytest.mark.parametrize("point", POINTS)
def test_in_every_class_a_death_at_any_point_is_one_post_or_a_question(
    stage: Stage, point: str, kind: str, of: NetworkClass
) -> None:
    dies(stage, point, kind, of)
