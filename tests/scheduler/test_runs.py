"""What became of a run, counted by the words people read."""

from datetime import timedelta
from typing import Any

import pytest

from scheduler.models import Publication
from scheduler.models import PublicationState as S
from scheduler.publication_flow import GIVEN_UP, LET_BE, SENT_BACK
from scheduler.runs import _RANKS, by_run, view_of
from tests.scheduler.scene import NOW


def a_publication(number: int, state: S, *, account: int = 0, run: int = 1, **known: Any) -> Publication:
    return Publication(
        id=number, run_id=run, account_id=account or number, state=state, due_at=NOW,
        **{"reason": "", **known},
    )  # fmt: skip


def counts(*publications: Publication) -> tuple[int, int, list[tuple[str, int]]]:
    view = view_of(publications)
    return view.out, view.accounts, [(it.word, it.count) for it in view.others]


def test_three_of_four_are_out_and_one_needs_somebody():
    run = [a_publication(n, S.PUBLISHED) for n in (1, 2, 3)]
    asked = a_publication(4, S.NEEDS_PERSON)
    assert counts(*run, asked) == (3, 4, [("needs you", 1)])
    assert view_of([*run, asked]).others[0].first is asked


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (S.PLANNED, "going"), (S.CLAIMED, "going"), (S.SENDING, "going"), (S.UNKNOWN, "going"), (S.BLOCKED, "waiting"),
        (S.HELD, "held"), (S.NEEDS_PERSON, "needs you"), (S.MISSED, "needs you"), (S.FAILED, "needs you"),
        (S.EXPIRED, "expired"), (S.CANCELLED, "cancelled"),
    ],
)  # fmt: skip
def test_every_state_is_counted_by_the_word_people_read(state: S, word: str):
    assert counts(a_publication(1, S.PUBLISHED), a_publication(2, state)) == (1, 2, [(word, 1)])


@pytest.mark.parametrize(
    ("state", "known", "word"),
    [
        (S.PUBLISHED, {"taken_down_at": NOW}, "taken_down"),
        (S.PUBLISHED, {"gone_at": NOW}, "gone"),
        (S.FAILED, {"reason": GIVEN_UP}, GIVEN_UP),
        (S.MISSED, {"reason": SENT_BACK}, "cancelled"),
        (S.MISSED, {"reason": LET_BE}, "expired"),
    ],
)
def test_what_no_longer_stands_or_waits_is_counted_as_what_became_of_it(
    state: S, known: dict[str, Any], word: str
):
    assert counts(a_publication(1, S.PUBLISHED), a_publication(2, state, **known)) == (1, 2, [(word, 1)])


def test_the_words_come_in_the_order_in_which_they_matter_and_each_once():
    states = [S.CANCELLED, S.UNKNOWN, S.PLANNED, S.BLOCKED, S.HELD, S.MISSED, S.FAILED]
    said = view_of([a_publication(n, state) for n, state in enumerate(states, start=1)])
    assert [(it.word, it.count) for it in said.others] == [
        ("needs you", 2), ("held", 1), ("waiting", 1), ("going", 2), ("cancelled", 1),
    ]  # fmt: skip
    assert said.out == 0
    assert [it.shown for it in said.others[:1]] == ["failed"], "the mark is that of the worst"


def test_of_several_that_need_somebody_the_first_is_the_earliest_of_the_worst():
    late = a_publication(1, S.FAILED, reason="refused")
    late.due_at = NOW + timedelta(hours=1)
    early, missed = a_publication(2, S.FAILED), a_publication(3, S.MISSED)
    assert view_of([late, missed, early]).others[0].first is early


def test_what_was_cancelled_and_planned_anew_on_its_account_counts_once():
    again = [a_publication(2, S.CANCELLED, account=7), a_publication(3, S.PUBLISHED, account=7)]
    assert counts(a_publication(1, S.PUBLISHED), *again) == (2, 2, [])
    never = [a_publication(2, S.CANCELLED, account=7), a_publication(3, S.EXPIRED, account=7)]
    assert counts(a_publication(1, S.PUBLISHED), *never) == (1, 2, [("expired", 1)])


def test_what_was_missed_still_needs_somebody_although_it_was_planned_anew():
    again = [a_publication(2, S.MISSED, account=7), a_publication(3, S.PUBLISHED, account=7)]
    assert counts(a_publication(1, S.PUBLISHED), *again) == (2, 2, [("needs you", 1)])


def test_runs_stand_in_the_order_given_and_are_never_cut_in_two():
    first = [a_publication(n, S.PUBLISHED, run=1) for n in (1, 2, 3)]
    second = [a_publication(n, S.PLANNED, run=2) for n in (4, 5)]
    alone = a_publication(6, S.PLANNED, run=3)
    given = [alone, second[1], first[2], second[0], *first[:2]]
    views = by_run(given, most=12)
    assert [(v.run_id, len(v.publications), v.is_on_several) for v in views] == [
        (3, 1, False), (2, 2, True), (1, 3, True),
    ]  # fmt: skip
    assert [v.run_id for v in by_run(given, most=2)] == [3, 2]
    assert by_run([], most=12) == []


def test_every_state_has_its_place():
    assert {*S, "gone", "taken_down", GIVEN_UP} == set(_RANKS)
