"""The table of states: every state × every act, and what must never be possible."""

import itertools

import pytest

from content_library.errors import TransitionNotAllowed
from scheduler.models import PublicationState as S
from scheduler.publication_flow import FINAL, TRANSITIONS, UNSENT, WORDS, Act, next_state, sources


@pytest.mark.parametrize(("state", "act"), list(itertools.product(S, Act)))
def test_every_state_and_act_either_leads_on_or_is_refused_in_words(state: S, act: Act) -> None:
    if (state, act) in TRANSITIONS:
        assert next_state(state, act) is TRANSITIONS[state, act]
        return
    with pytest.raises(TransitionNotAllowed, match="publication"):
        next_state(state, act)


def test_sending_is_reached_only_through_a_claim_and_the_gate() -> None:
    assert [key for key, target in TRANSITIONS.items() if target is S.SENDING] == [(S.CLAIMED, Act.MARK)]
    assert [key for key, target in TRANSITIONS.items() if target is S.CLAIMED] == [
        (S.PLANNED, Act.CLAIM),
        (S.SENDING, Act.PART_DONE),
    ]


def test_what_is_over_stays_over() -> None:
    assert not [state for state, _ in TRANSITIONS if state in FINAL]


def test_cancelling_is_possible_exactly_before_anything_is_sent() -> None:
    assert set(sources(Act.CANCEL)) == set(UNSENT)


def test_an_unclear_answer_is_never_simply_sent_again() -> None:
    assert TRANSITIONS[S.SENDING, Act.LOSE] is S.UNKNOWN
    assert (S.UNKNOWN, Act.CLAIM) not in TRANSITIONS
    assert (S.UNKNOWN, Act.MARK) not in TRANSITIONS


def test_every_act_has_one_target() -> None:
    for act in Act:
        assert len({TRANSITIONS[state, act] for state in sources(act)}) == 1


def test_every_state_has_a_word_for_people() -> None:
    assert set(WORDS) == set(S)
