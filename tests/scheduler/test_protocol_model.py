"""Every order of events of the small model: no double with all safeguards, one with any of them taken away."""

from dataclasses import fields, replace

import pytest

from tests.scheduler.protocol_model import Safeguards, State, doubles, following, reachable

ALL = Safeguards()
NEEDED = (
    "sender_ends_at_its_deadline",
    "mark_is_conditional",
    "looks_wait_for_quiet",
    "it_takes_two_looks",
    "unclear_is_never_simply_sent_again",
)


def test_with_every_safeguard_no_order_of_events_posts_twice() -> None:
    assert doubles(ALL) is None


@pytest.mark.parametrize("name", NEEDED)
def test_without_one_safeguard_some_order_of_events_posts_twice(name: str) -> None:
    story = doubles(replace(ALL, **{name: False}))
    assert story is not None
    assert sum(event.startswith("arrives") for event in story) == 2


def test_asking_a_person_after_the_second_unclear_try_is_prudence_and_no_safeguard_of_the_model() -> None:
    """What the model assumes of the network may not hold: the more tries, the more often it has to."""
    assert {field.name for field in fields(Safeguards)} == {*NEEDED, "second_unclear_try_asks"}
    assert doubles(replace(ALL, second_unclear_try_asks=False)) is None


def test_the_model_is_walked_whole_and_ends_in_every_way() -> None:
    seen = reachable(ALL)
    assert len(seen) > 1_000
    assert {state.publication for state in seen} == {
        "planned",
        "claimed",
        "sending",
        "unknown",
        "published",
        "person",
    }


def test_from_every_state_an_end_can_be_reached() -> None:
    """Nothing is stuck, as long as engines run: claims beyond those of the model are left out."""
    seen = reachable(ALL)
    ends = {s for s in seen if s.publication in ("published", "person") or s.fence == 3}
    before: dict[State, set[State]] = {state: set() for state in seen}
    for state in seen:
        for _event, later in following(state, ALL):
            before[later].add(state)
    border, reached = list(ends), set(ends)
    while border:
        for earlier in before[border.pop()]:
            if earlier not in reached:
                reached.add(earlier)
                border.append(earlier)
    assert reached == seen
