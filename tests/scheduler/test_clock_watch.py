"""When this machine's clock jumps, nothing goes out until it is steady again."""

from datetime import UTC, datetime, timedelta

from scheduler.clock_watch import ClockWatch

START = datetime(2026, 11, 3, 11, 0, tzinfo=UTC)


def at(watch: ClockWatch, seconds: float, *, jumped_by: float = 0) -> bool:
    return watch.tick(START + timedelta(seconds=seconds + jumped_by), 1000 + seconds)


def test_a_steady_clock_is_sane() -> None:
    watch = ClockWatch(120)
    assert all(at(watch, n) for n in range(100))


def test_a_small_correction_is_no_jump() -> None:
    watch = ClockWatch(120)
    assert at(watch, 0)
    assert at(watch, 1, jumped_by=100)


def test_a_jump_stops_publishing_and_a_minute_of_agreement_starts_it_again() -> None:
    watch = ClockWatch(120)
    assert at(watch, 0)
    assert not at(watch, 1, jumped_by=3600)
    assert not at(watch, 60, jumped_by=3600)
    assert at(watch, 61, jumped_by=3600)


def test_a_clock_that_jumps_forward_and_back_is_sane_a_minute_after_it_came_back() -> None:
    watch = ClockWatch(120)
    assert at(watch, 0)
    assert not at(watch, 1, jumped_by=3600)
    assert not at(watch, 21)
    assert not at(watch, 80)
    assert at(watch, 81)
