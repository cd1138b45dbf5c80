"""The network lies, hangs up, forgets for a while or applies late; what stands there is counted in the end."""

import pytest

from scheduler.models import PublicationState
from tests.drills.engines import wait_until
from tests.drills.stage import Stage
from tests.fakes import Mode

pytestmark = pytest.mark.network

LATER_THAN_THE_DEADLINE = 0.8


@pytest.mark.parametrize("kind", ["single", "thread"])
@pytest.mark.parametrize(
    "mode", [Mode.FAIL_AFTER, Mode.LATE, Mode.RESET_AFTER, Mode.RESET_BEFORE, Mode.GARBAGE, Mode.RATE_LIMITED]
)
def test_an_unclear_answer_ends_published_once(stage: Stage, mode: Mode, kind: str) -> None:
    stage.server.order(mode, times=1, seconds=LATER_THAN_THE_DEADLINE)
    stage.plan(kind)
    stage.engines.start()
    stage.wait_until_over()
    stage.assert_promise()


@pytest.mark.parametrize("mode", [Mode.FAIL_AFTER, Mode.LATE, Mode.RESET_AFTER, Mode.HIDDEN])
def test_an_engine_that_dies_beside_a_misbehaving_network_leaves_one_post(stage: Stage, mode: Mode) -> None:
    stage.server.order(mode, times=1, seconds=LATER_THAN_THE_DEADLINE)
    stage.plan("single")
    stage.engines.start(crash_at="sent").wait_dead()
    stage.engines.start()
    stage.wait_until_over()
    stage.assert_promise()


def test_a_network_that_fails_for_a_while_gets_each_post_once_when_it_is_back(stage: Stage) -> None:
    stage.server.order(Mode.FAIL_BEFORE)
    stage.plan("single", "thread", accounts=2)
    stage.engines.start()
    wait_until(lambda: stage.arrived() >= 3, "some tries have failed")
    stage.server.order(Mode.OK)
    stage.wait_until_over()
    stage.assert_promise()


def test_a_revoked_token_blocks_and_sends_nothing(stage: Stage) -> None:
    stage.server.order(Mode.REVOKED)
    stage.plan("single")
    stage.engines.start()
    wait_until(lambda: stage.states() == {PublicationState.BLOCKED: 1}, "it is blocked")
    stage.assert_promise(published=False)
    assert not stage.posts()
