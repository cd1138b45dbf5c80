"""The chain alone, without a database."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_library.record_chain import (
    GENESIS,
    MOST_NAMED,
    Entry,
    Flaw,
    Head,
    Problem,
    Sealed,
    Walk,
    canonical,
    finish,
    link,
    walk,
)

KEY = b"the key of the record"
AT = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)


def entry(number: int, **changed) -> Entry:
    facts = {
        "id": number,
        "at": AT + timedelta(seconds=number),
        "desk_id": 1,
        "actor_id": 7,
        "actor_name": "Maya Okafor",
        "verb": "post.submit",
        "subject_type": "post",
        "subject_id": number,
        "summary": f"Submitted “post {number}”",
        "payload_digest": "d" * 64,
    }
    return Entry(**{**facts, **changed})


def chain(length: int, *, key: bytes = KEY) -> list[Sealed]:
    rows, previous = [], GENESIS
    for seq in range(1, length + 1):
        mac = link(key, entry(seq), seq=seq, previous=previous)
        rows.append(Sealed(entry(seq), seq, previous, mac, "d" * 64))
        previous = mac
    return rows


def found(rows: list[Sealed], **options) -> list[tuple[Flaw, int]]:
    return [(problem.flaw, problem.seq) for problem in walk(rows, key=KEY, **options).problems]


def test_a_chain_that_nobody_touched_has_no_flaw():
    walked = walk(chain(20), key=KEY)
    assert (walked.seq, walked.entries, walked.flaws, walked.first_broken) == (20, 20, 0, None)


def test_an_empty_record_has_no_flaw():
    assert walk([], key=KEY) == Walk()


CHANGES = {
    "id": 99,
    "at": AT,
    "desk_id": None,
    "actor_id": 8,
    "actor_name": "Jonas Weil",
    "verb": "post.approve",
    "subject_type": "review",
    "subject_id": None,
    "summary": "Nothing happened",
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_to_any_column_is_named_once(name):
    rows = chain(9)
    rows[4] = rows[4]._replace(entry=rows[4].entry._replace(**{name: CHANGES[name]}))
    assert found(rows) == [(Flaw.ALTERED, 5)]


def test_a_changed_digest_of_the_details_is_found_even_when_the_details_fit_it():
    rows = chain(9)
    rows[4] = rows[4]._replace(entry=rows[4].entry._replace(payload_digest="e" * 64), details_digest="e" * 64)
    assert found(rows) == [(Flaw.ALTERED, 5)]


def test_changed_details_are_found():
    rows = chain(9)
    rows[4] = rows[4]._replace(details_digest="e" * 64)
    assert found(rows) == [(Flaw.DETAILS, 5)]


def test_erased_details_are_no_flaw():
    rows = [row._replace(details_digest=None) for row in chain(9)]
    assert found(rows) == []


def test_a_changed_link_shows_at_its_entry_and_at_the_next():
    rows = chain(9)
    rows[4] = rows[4]._replace(mac="f" * 64)
    assert found(rows) == [(Flaw.ALTERED, 5), (Flaw.RELINKED, 6)]


def test_a_link_that_was_taken_away_is_a_flaw():
    rows = chain(3)
    rows[1] = rows[1]._replace(mac=None, previous=None)
    assert found(rows) == [(Flaw.RELINKED, 2), (Flaw.ALTERED, 2), (Flaw.RELINKED, 3)]


def test_a_missing_entry_is_a_gap_with_its_number():
    rows = chain(9)
    del rows[4]
    walked = walk(rows, key=KEY)
    assert [str(problem) for problem in walked.problems] == ["Entry 5 is missing."]


def test_missing_entries_at_the_beginning_are_a_gap_too():
    walked = walk(chain(9)[3:], key=KEY)
    assert [str(problem) for problem in walked.problems] == ["Entries 1 to 3 are missing."]


def test_closing_the_numbers_over_a_missing_entry_does_not_hide_it():
    rows = chain(9)
    del rows[4]
    rows = [row._replace(seq=number) for number, row in enumerate(rows, start=1)]
    assert found(rows)[0] == (Flaw.RELINKED, 5)


def test_two_swapped_entries_are_both_named():
    rows = chain(9)
    rows[3], rows[6] = rows[6]._replace(seq=4), rows[3]._replace(seq=7)
    assert {seq for _flaw, seq in found(rows)} == {4, 5, 7, 8}
    assert walk(rows, key=KEY).first_broken == 4


def test_two_entries_that_changed_places_keeping_the_links_are_both_named():
    rows = chain(9)
    rows[3], rows[6] = rows[3]._replace(entry=rows[6].entry), rows[6]._replace(entry=rows[3].entry)
    assert found(rows) == [(Flaw.ALTERED, 4), (Flaw.ALTERED, 7)]


def test_an_entry_put_in_without_the_key_is_named():
    rows = chain(9)
    forged = Sealed(entry(100), 10, rows[-1].mac, "a" * 64, "d" * 64)
    assert found([*rows, forged]) == [(Flaw.ALTERED, 10)]


def test_a_whole_chain_written_anew_without_the_key_breaks_at_its_first_entry():
    walked = walk(chain(9, key=b"another key"), key=KEY)
    assert (walked.first_broken, walked.flaws) == (1, 9)


def test_a_cut_tail_shows_against_a_head():
    rows = chain(9)
    head = Head(9, rows[-1].mac)
    cut = walk(rows[:6], key=KEY, head=head)
    assert cut.flaws == 0
    assert str(finish(cut, head=head).problems[0]) == (
        "A tail is missing: it ends at entry 6, but an exported head says it reached entry 9."
    )


def test_a_tail_cut_and_grown_again_shows_against_a_head():
    rows = chain(9)
    head = Head(8, rows[7].mac)
    grown = rows[:7]
    for seq in (8, 9):
        other = entry(seq, summary="Something else")
        previous = grown[-1].mac
        grown.append(Sealed(other, seq, previous, link(KEY, other, seq=seq, previous=previous), "d" * 64))
    assert found(grown) == []
    assert found(grown, head=head) == [(Flaw.REWRITTEN, 8)]


def test_a_chain_that_has_grown_since_still_fits_an_old_head():
    rows = chain(9)
    head = Head(4, rows[3].mac)
    assert finish(walk(rows, key=KEY, head=head), head=head).flaws == 0


@given(st.integers(0, 12), st.integers(0, 11))
def test_walking_in_parts_finds_what_walking_at_once_finds(cut, broken):
    rows = chain(12)
    rows[broken] = rows[broken]._replace(entry=rows[broken].entry._replace(summary="changed"))
    first = walk(rows[:cut], key=KEY)
    assert walk(rows[cut:], key=KEY, begun=first) == walk(rows, key=KEY)


def test_many_flaws_are_counted_but_only_the_first_are_named():
    walked = walk(chain(MOST_NAMED + 30, key=b"another key"), key=KEY)
    assert (walked.flaws, len(walked.problems)) == (MOST_NAMED + 30, MOST_NAMED)


def test_the_same_instant_is_written_the_same_in_every_zone():
    elsewhere = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    here, there = entry(1, at=AT), entry(1, at=elsewhere)
    assert canonical(here, seq=1, previous=GENESIS) == canonical(there, seq=1, previous=GENESIS)


def test_an_instant_without_a_fraction_is_written_to_the_microsecond():
    written = json.loads(canonical(entry(1, at=AT), seq=1, previous=GENESIS))
    assert written[3] == "2026-11-03T09:00:00.000000+00:00"


@given(st.text(), st.text())
def test_text_cannot_move_from_one_column_into_the_next(one, other):
    if one == other:
        return
    apart = entry(1, verb=one, subject_type=other), entry(1, verb=other, subject_type=one)
    joined = entry(1, verb=one + other, subject_type=""), entry(1, verb=one, subject_type=other)
    for left, right in (apart, joined):
        same = left == right
        assert (canonical(left, seq=1, previous=GENESIS) == canonical(right, seq=1, previous=GENESIS)) is same


def test_every_flaw_has_its_sentence():
    for flaw in Flaw:
        assert str(Problem(flaw, 3, 5)).endswith(".")
