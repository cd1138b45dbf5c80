"""From a notice to a mail that has left: once, in time, to those who want it, and given up in the end."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library import notifications
from content_library.database import Database
from content_library.mail_times import SOON
from content_library.models.notice import Mail, Notice
from content_library.models.user import User
from content_library.notices import notify
from content_library.notifications import LEASE, MOST_TRIES, Words, make_mails, send_due
from content_library.settings import Settings, load
from tests import factories as make
from tests.factories import NOW
from tests.support.clock import FrozenClock
from tests.support.smtp import Mailbox

LATER = NOW + SOON


def plain(_session: Session, notices: Sequence[Notice]) -> Words:
    (notice,) = notices
    return Words(notice.text, f"{notice.text}\n", "")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"DESKCAST_DATA": str(tmp_path), "DESKCAST_PUBLIC_URL": "https://desk.example.org"})


@pytest.fixture
def person(session: Session) -> User:
    return make.make_user(session, "Tom Hargreave")


def tell(session: Session, person: User, text: str = "A post waits.") -> None:
    notify(session, [person.id], "review.open", person, text=text, now=NOW)


def mails(session: Session) -> list[Mail]:
    return list(session.scalars(select(Mail).order_by(Mail.id)))


def test_a_notice_becomes_one_mail_after_a_little_while(session: Session, person: User):
    tell(session, person)
    assert make_mails(session, plain, now=LATER - timedelta(seconds=1)) == 0
    assert make_mails(session, plain, now=LATER) == 1
    assert make_mails(session, plain, now=LATER + timedelta(days=1)) == 0
    (mail,) = mails(session)
    assert (mail.to, mail.subject, mail.due_at) == (person.email, "A post waits.", LATER)


def test_what_was_read_meanwhile_needs_no_mail(session: Session, person: User):
    tell(session, person)
    session.query(Notice).one().read_at = NOW
    assert make_mails(session, plain, now=LATER) == 0
    assert session.query(Notice).one().mailed_at == LATER


@pytest.mark.parametrize("closed_to_mail", [{"wants_mail": False}, {"is_active": False}])
def test_who_wants_none_or_is_gone_gets_none(session: Session, person: User, closed_to_mail: dict[str, bool]):
    for name, value in closed_to_mail.items():
        setattr(person, name, value)
    tell(session, person)
    assert make_mails(session, plain, now=LATER) == 0
    assert mails(session) == []


def written(database: Database, count: int = 1) -> None:
    with database.write() as session:
        people = [make.make_user(session, f"Person {n}") for n in range(count)]
        for person in people:
            tell(session, person)
        make_mails(session, plain, now=LATER)


def only(database: Database) -> Mail:
    return every(database)[0]


def every(database: Database) -> list[Mail]:
    with database.read() as session:
        found = mails(session)
        session.expunge_all()
        return found


def test_without_a_server_the_mail_is_a_file(database: Database, settings: Settings):
    written(database)
    assert send_due(database, settings, now=LATER) == 1
    assert len(list(settings.mail_folder.glob("*.eml"))) == 1
    assert only(database).sent_at == LATER
    assert send_due(database, settings, now=LATER + timedelta(days=2)) == 0


def test_the_time_is_the_databases_when_none_is_given(
    database: Database, settings: Settings, clock: FrozenClock
):
    written(database)
    clock.set(LATER + timedelta(hours=1))
    assert send_due(database, settings) == 1
    assert only(database).sent_at == LATER + timedelta(hours=1)


def test_a_server_that_was_down_gets_every_mail_once_it_is_up(
    database: Database, settings: Settings, smtp_sink: Mailbox
):
    written(database, count=3)
    up = replace(settings, smtp_url=f"smtp://127.0.0.1:{smtp_sink.port}")
    down = replace(settings, smtp_url="smtp://127.0.0.1:9")
    assert send_due(database, down, now=LATER) == 0
    assert [m.attempts for m in every(database)] == [1, 0, 0]  # nobody answers: the others wait untried
    assert "127.0.0.1" in every(database)[0].error
    assert send_due(database, up, now=LATER + timedelta(seconds=1)) == 2
    assert send_due(database, up, now=LATER + timedelta(minutes=1)) == 1
    assert sorted(str(m["To"]) for m in smtp_sink.messages) == sorted(
        f"person.{n}@brindlemoor.example" for n in range(3)
    )


def test_one_refused_mail_does_not_stop_the_others(
    database: Database, settings: Settings, smtp_sink: Mailbox
):
    written(database, count=2)
    with database.write() as session:
        mails(session)[0].to = "not an address"
    up = replace(settings, smtp_url=f"smtp://127.0.0.1:{smtp_sink.port}")
    assert send_due(database, up, now=LATER) == 1
    bad, good = every(database)
    assert (bad.given_up_at, bad.error) == (LATER, "“not an address” is not a mail address.")
    assert good.sent_at == LATER


def test_a_mail_is_given_up_after_many_tries_and_keeps_the_error(
    database: Database, settings: Settings, smtp_sink: Mailbox
):
    written(database)
    smtp_sink.refusing = "451 Mailbox busy"
    busy = replace(settings, smtp_url=f"smtp://127.0.0.1:{smtp_sink.port}")
    now, waits = LATER, []
    for _ in range(MOST_TRIES):
        send_due(database, busy, now=now)
        waits.append(only(database).due_at - now)
        now = only(database).due_at
    mail = only(database)
    assert mail.attempts == MOST_TRIES
    assert mail.given_up_at is not None
    assert "451 Mailbox busy" in mail.error
    assert waits == sorted(waits)
    assert timedelta(days=1) < now - LATER < timedelta(days=2)
    smtp_sink.refusing = None
    assert send_due(database, busy, now=now + timedelta(days=9)) == 0


def test_what_a_crash_left_is_sent_again_after_the_lease_under_the_same_id(
    database: Database, settings: Settings, smtp_sink: Mailbox
):
    written(database)
    claimed = notifications._claim(database, LATER)
    assert claimed is not None
    up = replace(settings, smtp_url=f"smtp://127.0.0.1:{smtp_sink.port}")
    assert send_due(database, up, now=LATER + timedelta(minutes=1)) == 0
    assert send_due(database, up, now=LATER + LEASE) == 1
    assert str(smtp_sink.messages[0]["Message-ID"]).startswith(f"<{claimed[1].key}@")


def test_two_engines_send_each_mail_once(database: Database, settings: Settings, smtp_sink: Mailbox):
    written(database, count=12)
    up = replace(settings, smtp_url=f"smtp://127.0.0.1:{smtp_sink.port}")
    together, sent = Barrier(3), []

    def engine() -> None:
        together.wait()
        sent.append(send_due(database, up, now=LATER))

    engines = [Thread(target=engine) for _ in range(3)]
    for thread in engines:
        thread.start()
    for thread in engines:
        thread.join()
    assert sum(sent) == 12
    assert len({str(m["To"]) for m in smtp_sink.messages}) == len(smtp_sink.messages) == 12


def test_the_database_is_free_while_a_mail_is_on_its_way(
    database: Database, settings: Settings, smtp_sink: Mailbox
):
    """SQLite has one writer: a transaction held over a slow mail server would stop everything else."""
    written(database)
    keep, counted = smtp_sink.handle_DATA, []

    async def write_meanwhile(*received: Any) -> str:
        with database.write() as session:
            counted.append(session.scalars(select(Mail).with_for_update(nowait=True)).one().attempts)
        return await keep(*received)

    smtp_sink.handle_DATA = write_meanwhile  # type: ignore[method-assign]
    assert (
        send_due(database, replace(settings, smtp_url=f"smtp://127.0.0.1:{smtp_sink.port}"), now=LATER) == 1
    )
    assert counted == [1]
