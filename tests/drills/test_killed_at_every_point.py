"""An engine dies at each named point, as if the power went; the next one finishes what it left, and nothing twice."""

import pytest

from scheduler.points import POINTS
from tests.drills.stage import Stage

pytestmark = [pytest.mark.network, pytest.mark.slow]


def crashes(point: str, kind: str) -> list[str]:
    """Where one engine after the other dies. A thread dies at its second part; looking follows only an unclear end."""
    if point == "looked":
        return ["sent", "looked"]
    return [f"{point}:2"] if kind == "thread" and point != "claimed" else [point]


@pytest.mark.parametrize("kind", ["single", "thread", "page"])
@pytest.mark.parametrize("point", POINTS)
def test_an_engine_that_dies_at_a_point_leaves_nothing_undone_and_nothing_double(
    stage: Stage, point: str, kind: str
) -> None:
    first, *following = crashes(point, kind)
    victim = stage.engines.start(crash_at=first)  # it gets up while there is nothing to do yet
    stage.plan(kind)
    victim.wait_dead()
    for crash_at in following:
        stage.engines.start(crash_at=crash_at).wait_dead()
    stage.engines.start()
    stage.wait_until_over()
    stage.assert_promise()
