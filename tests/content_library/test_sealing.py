"""Sealing and verifying on both databases, under writers that do not wait and hands that change rows."""

import json
import threading

import pytest
from sqlalchemy import delete, insert, select, text, update

from content_library import audit
from content_library.database import Database
from content_library.models.audit import AuditEntry, AuditPayload
from content_library.models.desk import Desk
from content_library.record_chain import GENESIS, Head, Walk
from content_library.sealing import (
    export_head,
    read_head,
    seal,
    verify,
    verify_part,
)

KEY = "the key of the record"


def write(session, count, *, now, **options):
    desk = Desk(id=1, name="Kettles", handle="kettles")
    for number in range(count):
        audit.record(
            session, "desk.changed", desk, actor=None, now=now, desk_id=1,
            summary=f"Change {number}", **{"details": {"number": number, "who": "Zoë"}, **options},
        )  # fmt: skip
    session.flush()


@pytest.fixture
def sealed(database, clock):
    """Twelve sealed entries."""
    with database.write() as session:
        write(session, 12, now=clock())
        seal(session, key=KEY, now=clock.advance(seconds=5))
    return database


def verified(database: Database, clock, *, key=KEY, head=None):
    with database.read() as session:
        return verify(session, key=key, now=clock(), head=head)


def change(database, statement):
    with database.write() as session:
        session.execute(statement)


def at(seq):
    return AuditEntry.seq == seq


def test_sealing_numbers_the_entries_in_order_and_links_them(sealed, clock):
    with sealed.read() as session:
        rows = session.execute(
            select(AuditEntry.seq, AuditEntry.previous, AuditEntry.mac).order_by(AuditEntry.id)
        ).all()
    assert [row.seq for row in rows] == list(range(1, 13))
    assert [row.previous for row in rows] == [GENESIS, *(row.mac for row in rows[:-1])]
    assert verified(sealed, clock).ok


def test_what_was_just_written_waits_two_seconds_for_its_seal(session, clock):
    write(session, 3, now=clock())
    assert seal(session, key=KEY, now=clock.advance(seconds=1)) == 0
    assert seal(session, key=KEY, now=clock.advance(seconds=1)) == 3


def test_an_entry_of_a_clock_that_ran_ahead_is_sealed_all_the_same(session, clock):
    write(session, 1, now=clock.advance(days=2))
    assert seal(session, key=KEY, now=clock.advance(days=-2)) == 1


def test_no_entry_is_sealed_twice(sealed, clock):
    with sealed.write() as session:
        assert seal(session, key=KEY, now=clock.advance(minutes=1)) == 0


def test_a_late_entry_gets_the_next_number_whatever_its_id(sealed, clock):
    with sealed.write() as session:
        session.execute(
            insert(AuditEntry).values(
                id=-5, at=clock(), actor_name="Deskcast", verb="desk.changed", subject_type="desk",
                summary="Late", payload_digest="d" * 64,
            )
        )  # fmt: skip
        assert seal(session, key=KEY, now=clock.advance(seconds=5)) == 1
        assert session.scalar(select(AuditEntry.seq).where(AuditEntry.id == -5)) == 13
    assert verified(sealed, clock).ok


def test_sealing_goes_in_portions(session, clock):
    write(session, 5, now=clock())
    clock.advance(seconds=5)
    assert [seal(session, key=KEY, now=clock(), most=2) for _ in range(4)] == [2, 2, 1, 0]
    assert verify(session, key=KEY, now=clock()).entries == 5


def test_the_verdict_says_how_far_it_reaches(sealed, clock):
    verdict = verified(sealed, clock)
    assert (verdict.ok, verdict.upto_seq, verdict.entries, verdict.first_broken) == (True, 12, 12, None)


TAMPERING = {
    "a flipped summary": (update(AuditEntry).where(at(5)).values(summary="Nothing"), 5),
    "another actor": (update(AuditEntry).where(at(5)).values(actor_name="Jonas"), 5),
    "a later time": (update(AuditEntry).where(at(5)).values(at=text("'2026-11-03 10:00:00.000000'")), 5),
    "a changed link": (update(AuditEntry).where(at(5)).values(mac="a" * 64), 5),
    "a changed digest": (update(AuditEntry).where(at(5)).values(payload_digest="a" * 64), 5),
}


@pytest.mark.parametrize("what", TAMPERING)
def test_a_change_is_found_and_its_number_named(sealed, clock, what):
    statement, seq = TAMPERING[what]
    change(sealed, statement)
    verdict = verified(sealed, clock)
    assert (verdict.ok, verdict.first_broken) == (False, seq)


def test_changed_details_are_found(sealed, clock):
    with sealed.write() as session:
        entry = session.scalar(select(AuditEntry).where(at(5)))
        entry.payload.details = {**entry.payload.details, "who": "Nobody"}
    verdict = verified(sealed, clock)
    assert verdict.first_broken == 5
    assert str(verdict.problems[0]) == "The details of entry 5 are not those that were sealed."


def test_erased_details_break_nothing(sealed, clock):
    change(sealed, delete(AuditPayload))
    assert verified(sealed, clock).ok


def test_a_deleted_entry_is_a_gap(sealed, clock):
    with sealed.write() as session:
        session.delete(session.scalar(select(AuditEntry).where(at(5))).payload)
        session.execute(delete(AuditEntry).where(at(5)))
    assert [str(p) for p in verified(sealed, clock).problems] == ["Entry 5 is missing."]


def test_an_inserted_entry_is_found(sealed, clock):
    with sealed.write() as session:
        session.execute(
            insert(AuditEntry).values(
                seq=13, at=clock(), actor_name="Maya", verb="post.approve", subject_type="post",
                summary="Approved", payload_digest="d" * 64, previous="b" * 64, mac="c" * 64,
            )
        )  # fmt: skip
    assert verified(sealed, clock).first_broken == 13


def test_swapped_entries_are_found(sealed, clock):
    with sealed.write() as session:
        for old, new in ((4, -1), (9, 4), (-1, 9)):
            session.execute(update(AuditEntry).where(at(old)).values(seq=new))
    verdict = verified(sealed, clock)
    assert (verdict.ok, verdict.first_broken) == (False, 4)


def test_a_cut_tail_is_found_with_an_exported_head_only(sealed, clock):
    with sealed.read() as session:
        head = read_head(json.loads(json.dumps(export_head(session))))
    with sealed.write() as session:
        cut = session.scalars(select(AuditEntry.id).where(AuditEntry.seq > 8)).all()
        session.execute(delete(AuditPayload).where(AuditPayload.entry_id.in_(cut)))
        session.execute(delete(AuditEntry).where(AuditEntry.id.in_(cut)))
    assert verified(sealed, clock).ok
    verdict = verified(sealed, clock, head=head)
    assert (verdict.ok, verdict.first_broken) == (False, 9)


def test_a_tail_unsealed_changed_and_sealed_again_is_found_with_an_exported_head(sealed, clock):
    with sealed.read() as session:
        head = read_head(export_head(session))
    with sealed.write() as session:
        tail = update(AuditEntry).where(AuditEntry.seq > 8)
        session.execute(tail.values(seq=None, mac=None, previous=None, summary="As if nothing had been"))
        assert seal(session, key=KEY, now=clock.advance(minutes=5)) == 4
    assert verified(sealed, clock).ok
    assert verified(sealed, clock, head=head).first_broken == 12


def test_a_record_written_anew_without_the_key_is_found(sealed, clock):
    with sealed.write() as session:
        session.execute(update(AuditEntry).values(seq=None, mac=None, previous=None, summary="Rewritten"))
        seal(session, key="a guess", now=clock.advance(minutes=5))
    assert verified(sealed, clock).first_broken == 1


def test_an_old_head_still_fits_a_record_that_has_grown(sealed, clock):
    with sealed.read() as session:
        head = read_head(export_head(session))
    with sealed.write() as session:
        write(session, 3, now=clock())
        seal(session, key=KEY, now=clock.advance(seconds=5))
    verdict = verified(sealed, clock, head=head)
    assert (verdict.ok, verdict.upto_seq) == (True, 15)


def test_an_empty_record_has_a_head_that_says_so(session, clock):
    assert export_head(session)["seq"] == 0
    assert read_head(export_head(session)) is None
    assert verify(session, key=KEY, now=clock()).ok


@pytest.mark.parametrize(
    "given", [None, {}, {"seq": 3}, {"seq": "x", "mac": "a" * 64}, {"seq": 3, "mac": "a"}, "1"]
)
def test_something_that_is_no_head_is_refused(given):
    with pytest.raises(ValueError, match="not a head"):
        read_head(given)


def test_what_should_have_been_sealed_is_counted(database, clock):
    with database.write() as session:
        write(session, 4, now=clock())
    clock.advance(seconds=59)
    assert verified(database, clock).unsealed == 0
    clock.advance(seconds=1)
    verdict = verified(database, clock)
    assert (verdict.ok, verdict.unsealed) == (True, 4)


def test_verifying_in_parts_gives_the_same_verdict(sealed, clock):
    change(sealed, update(AuditEntry).where(at(7)).values(summary="Nothing"))
    with sealed.read() as session:
        on, parts = Walk(), 0
        while (further := verify_part(session, on, key=KEY, most=5)) != on:
            on, parts = further, parts + 1
        assert parts == 3
        assert on == verify_part(session, Walk(), key=KEY)


DETAILS = [
    {},
    {"9": 1, "10": 2},
    {9: "a", 10: "b"},
    {"at": None, "nested": {"list": [1, 2.5, True, None, "ä\u2028\U0001f600"]}},
    {"big": 2**60, "small": -1e-3, "tuple": (1, 2)},
]


@pytest.mark.parametrize("details", DETAILS, ids=str)
def test_details_have_the_same_digest_when_they_come_back(database, clock, details):
    with database.write() as session:
        write(session, 1, now=clock(), details=details)
        seal(session, key=KEY, now=clock.advance(seconds=5))
    assert verified(database, clock).ok


def test_many_writers_and_two_sealers_leave_one_unbroken_chain(database, clock):
    writers, each = 4, 15
    clock.advance(seconds=30)
    over = threading.Event()
    failed: list[BaseException] = []

    def guard(work):
        try:
            work()
        except BaseException as error:  # reported in the test's own thread
            failed.append(error)

    def writes():
        for _ in range(each):
            with database.write() as session:
                write(session, 1, now=clock())

    def seals():
        while not over.is_set():
            with database.write() as session:
                seal(session, key=KEY, now=clock.now.replace(minute=59), most=7)

    threads = [threading.Thread(target=guard, args=(writes,)) for _ in range(writers)]
    sealers = [threading.Thread(target=guard, args=(seals,)) for _ in range(2)]
    for thread in (*threads, *sealers):
        thread.start()
    for thread in threads:
        thread.join()
    over.set()
    for thread in sealers:
        thread.join()
    with database.write() as session:
        seal(session, key=KEY, now=clock.advance(hours=1))
    assert not failed
    verdict = verified(database, clock)
    assert (verdict.ok, verdict.upto_seq, verdict.entries) == (True, writers * each, writers * each)


def test_a_second_sealer_on_postgresql_does_not_wait(database, clock):
    if database.is_sqlite:
        return  # there the write lock is the one sealer's
    with database.write() as session:
        write(session, 2, now=clock())
    clock.advance(seconds=5)
    with database.write() as first, database.write() as second:
        assert seal(first, key=KEY, now=clock()) == 2
        assert seal(second, key=KEY, now=clock()) == 0


def test_a_transaction_that_commits_late_is_sealed_after_what_came_before_it(database, clock):
    if database.is_sqlite:
        return  # one writer at a time there
    early = database.session(writing=True)
    write(early, 1, now=clock())
    with database.write() as session:
        write(session, 1, now=clock())
    with database.write() as session:
        assert seal(session, key=KEY, now=clock.advance(seconds=5)) == 1
    early.commit()
    early.close()
    with database.write() as session:
        assert seal(session, key=KEY, now=clock()) == 1
        numbers = session.execute(select(AuditEntry.id, AuditEntry.seq).order_by(AuditEntry.id)).all()
    assert [seq for _id, seq in numbers] == [2, 1]
    assert verified(database, clock).ok


def test_a_head_names_the_last_sealed_entry(sealed):
    with sealed.read() as session:
        exported = export_head(session)
        assert session.scalar(select(AuditEntry.mac).where(at(12))) == exported["mac"]
    assert read_head(exported) == Head(12, exported["mac"])
