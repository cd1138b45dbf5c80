"""The network lies, hangs up, forgets for a while or applies late; what stands there is counted in the end."""

import pytest

from scheduler.models import PublicationState
from tests.drills.engines import wait_until
from tests.drills.stage import Stage
from tests.fakes import FakeServer, Mode

pytestmark = [pytest.mark.network, pytest.mark.slow]

LATER_THAN_THE_DEADLINE_S = 0.5
ENDS_WELL = (
    Mode.RATE_LIMITED,
    Mode.FAIL_BEFORE,
    Mode.FAIL_AFTER,
    Mode.RESET_BEFORE,
    Mode.RESET_AFTER,
    Mode.SILENT,
    Mode.LATE,
    Mode.GARBAGE,
    Mode.SLOW_DRIP,
    Mode.DUPLICATE,
    Mode.HIDDEN,
)
NEEDS_A_PERSON = {Mode.REFUSED: PublicationState.FAILED, Mode.REVOKED: PublicationState.BLOCKED}


def test_every_way_to_misbehave_has_its_drill() -> None:
    of_keys_and_tokens = {Mode.FORGETFUL, Mode.UNRENEWED}  # see test_keys_and_tokens.py
    assert {Mode.OK, *of_keys_and_tokens, *ENDS_WELL, *NEEDS_A_PERSON} == set(Mode)


@pytest.mark.parametrize("mode", ENDS_WELL)
def test_when_every_first_try_goes_wrong_each_post_still_stands_there_once(stage: Stage, mode: Mode) -> None:
    stage.server.order(mode, first_tries=True, seconds=LATER_THAN_THE_DEADLINE_S)
    stage.engines.start()
    stage.plan("single", "thread", accounts=2)
    stage.wait_until_over()
    stage.assert_promise()


@pytest.mark.parametrize("mode", NEEDS_A_PERSON)
def test_a_clear_no_sends_nothing_and_shows_what_the_network_said(stage: Stage, mode: Mode) -> None:
    stage.server.order(mode)
    stage.engines.start()
    stage.plan("single", "thread", accounts=2)
    wait_until(lambda: stage.states() == {NEEDS_A_PERSON[mode]: 2}, "a person is asked")
    stage.assert_promise(published=False)
    assert not stage.posts()
    words = {Mode.REFUSED: "We do not take this text.", Mode.REVOKED: "This token is not accepted."}[mode]
    assert all(words in said for said in stage.explanations())


@pytest.mark.parametrize(
    "mode", [Mode.FAIL_AFTER, Mode.RESET_AFTER, Mode.SILENT, Mode.LATE, Mode.HIDDEN, Mode.GARBAGE]
)
def test_an_engine_that_dies_beside_a_misbehaving_network_leaves_one_post(stage: Stage, mode: Mode) -> None:
    stage.server.order(mode, times=1, seconds=LATER_THAN_THE_DEADLINE_S)
    victim = stage.engines.start(crash_at="sent")
    stage.plan("single")
    victim.wait_dead()
    stage.engines.start()
    stage.wait_until_over()
    stage.assert_promise()


def test_a_rate_limit_is_waited_for(stage: Stage) -> None:
    stage.server.order(Mode.RATE_LIMITED, times=1, seconds=0.6)
    stage.engines.start()
    stage.plan("single")
    stage.wait_until_over()
    first, second = stage.arrivals()
    assert second - first >= 0.6
    stage.assert_promise()


def test_a_network_that_fails_for_a_while_gets_each_post_once_when_it_is_back(stage: Stage) -> None:
    stage.server.order(Mode.FAIL_BEFORE)
    stage.engines.start()
    stage.plan("single", "thread", accounts=2)
    wait_until(lambda: stage.arrived() >= 3, "some tries have failed")
    stage.server.order(Mode.OK)
    stage.wait_until_over()
    stage.assert_promise()


def test_a_network_that_is_dark_is_tried_again_later_and_says_so(stage: Stage) -> None:
    with FakeServer.start() as dark:
        dark.kill()
        stage.go_to(dark)
        stage.engines.start()
        stage.plan("single")
        # asked again and again: the next try may be under way, or too late on a busy machine, while we look
        wait_until(lambda: says_nobody_answered(stage), "it waits, and says that nobody answers")
    with FakeServer.start(port=dark.port) as back:
        stage.go_to(back)
        stage.let_pauses_pass()
        stage.wait_until_over()
        stage.assert_promise()


def says_nobody_answered(stage: Stage) -> bool:
    return any(
        " planned retry " in said and "ConnectionRefusedError" in said for said in stage.explanations()
    )
