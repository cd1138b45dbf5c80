"""Turning notices into mails, and sending them: once each, again when the server was away, given up in the end.

What becomes due for one person in the same round is one mail. When it is due the person chooses (`mail_times`); only
what is on fire (`digests.CANNOT_WAIT`) goes alone and at once. A notice and the mail it stands in are written in one
transaction, so that it is in one mail at most, whatever crashes.

Sending happens outside every transaction. A mail is claimed by moving its `due_at` ahead first, so that two engines
never send the same one; what a crash leaves behind is tried again after the lease, under the same Message-ID.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, lazyload

from content_library import backoff, clock, decision_links, meters
from content_library.database import Database
from content_library.digests import CANNOT_WAIT, CANNOT_WAIT_FOR_CUSTOMERS, cannot_wait, newest
from content_library.mail_outbox import Letter, MailNotSent, Sender, ServerUnreachable, compose, deliver
from content_library.mail_times import SOON, MailTimes
from content_library.models.notice import Mail, Notice
from content_library.models.user import User
from content_library.settings import Settings

LEASE = timedelta(minutes=10)
MOST_TRIES = 18  # with the waits below: about a day and a half
LONGEST_RUN_S = 60.0
NOT_AGAIN = "Not sent: Deskcast was restored from a backup, and it may have gone out before."
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Words:
    """What one mail says of a notice, or of several."""

    subject: str
    text: str
    html: str


Render = Callable[[Session, Sequence[Notice]], Words]


def make_mails(session: Session, render: Render, *, now: datetime, most: int = 100) -> int:
    """Write the mails that are due, for at most so many people; returns how many mails.

    A notice gets at most one mail. None for people who want no mail or are no longer active.
    """
    made = sum(_mails_for(session, person, render, now) for person in _due_people(session, now)[:most])
    session.flush()
    return made


def mail_times(person: User) -> MailTimes:
    """How this person has chosen mail to come."""
    return MailTimes(
        person.zone,
        together=person.mail_together,
        times=tuple(person.mail_times),
        days=tuple(person.mail_days),
        quiet_from=person.quiet_from,
        quiet_until=person.quiet_until,
        quiet_weekends=person.quiet_weekends,
    )


def _due_people(session: Session, now: datetime) -> list[User]:
    """Whom something may be due for: what was told first is due first, and what is on fire does not wait for it."""
    fire = Notice.kind.in_([*CANNOT_WAIT, *CANNOT_WAIT_FOR_CUSTOMERS])
    waiting = session.execute(
        select(User, func.min(Notice.created_at), func.count(Notice.id).filter(fire))
        .join(Notice, Notice.user_id == User.id)
        .where(Notice.mailed_at.is_(None), Notice.created_at <= now - SOON)
        .group_by(User.id)
        .order_by(func.min(Notice.id))
        .options(lazyload("*"))
    )
    return [
        person
        for person, first, burning in waiting
        if burning or not _wants(person) or _is_due(mail_times(person), first, now)
    ]


def _wants(person: User) -> bool:
    return person.is_active and person.wants_mail


def _is_due(times: MailTimes, told_at: datetime, now: datetime) -> bool:
    return times.leaves_at(told_at) <= now and times.awake_at(now) <= now


def _mails_for(session: Session, person: User, render: Render, now: datetime) -> int:
    """The mails of one person that are due now: each fire alone, everything else together."""
    times, wants = mail_times(person), _wants(person)
    due = [
        n
        for n in _waiting(session, person, now)
        if not wants or cannot_wait(n) or _is_due(times, n.created_at, now)
    ]
    for notice in due:
        notice.mailed_at = now
    if not wants:
        return 0
    fires = [n for n in due if cannot_wait(n) and n.read_at is None]
    rest = newest(n for n in due if not cannot_wait(n))
    letters = [*([n] for n in fires), *([rest] if rest else [])]
    session.add_all([_mail(person, render(session, told), now) for told in letters])
    return len(letters)


def _waiting(session: Session, person: User, now: datetime) -> Sequence[Notice]:
    """What this person has not been written about; nothing while another engine writes to them."""
    mine = select(User.id).where(User.id == person.id).with_for_update(skip_locked=True, key_share=True)
    if session.scalar(mine) is None:
        return []
    return session.scalars(
        select(Notice)
        .where(Notice.user_id == person.id, Notice.mailed_at.is_(None), Notice.created_at <= now - SOON)
        .order_by(Notice.id)
        .with_for_update(of=Notice)
    ).all()


def _mail(person: User, words: Words, now: datetime) -> Mail:
    return Mail(
        to=person.email,
        subject=words.subject[:300],
        text=words.text,
        html=words.html,
        created_at=now,
        due_at=now,
    )


def send_due(database: Database, settings: Settings, *, now: datetime | None = None, most: int = 50) -> int:
    """Send what is due, the oldest first; returns how many left. Stops when no server answers."""
    sent, started = 0, time.monotonic()
    for _ in range(most):
        claimed = _claim(database, now, keys=(settings.secret_key, *settings.secret_key_fallbacks))
        if claimed is None or time.monotonic() - started > LONGEST_RUN_S:
            break
        mail_id, letter = claimed
        try:
            deliver(
                compose(letter, _sender(settings)), smtp_url=settings.smtp_url, folder=settings.mail_folder
            )
        except MailNotSent as problem:
            _note_failure(database, mail_id, problem, now)
            if isinstance(problem, ServerUnreachable):
                break
        else:
            _note_sent(database, mail_id, now)
            sent += 1
    return sent


def let_pass(session: Session, *, now: datetime) -> int:
    """After a restore: what a backup still wanted to send by mail has most likely been sent. Returns how many mails."""
    waiting = (Mail.sent_at.is_(None), Mail.given_up_at.is_(None))
    quickly = {"synchronize_session": False}
    passed: Any = session.execute(
        update(Mail).where(*waiting).values(given_up_at=now, error=NOT_AGAIN), execution_options=quickly
    )
    session.execute(
        update(Notice).where(Notice.mailed_at.is_(None)).values(mailed_at=now), execution_options=quickly
    )
    return int(passed.rowcount)


def _claim(
    database: Database, now: datetime | None, *, keys: Sequence[str] = ()
) -> tuple[int, Letter] | None:
    with database.write() as session:
        now = now or clock.now(session)
        mail = session.scalar(
            select(Mail)
            .where(Mail.sent_at.is_(None), Mail.given_up_at.is_(None), Mail.due_at <= now)
            .order_by(Mail.due_at, Mail.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if mail is None:
            return None
        mail.due_at, mail.attempts = now + LEASE, mail.attempts + 1
        key = f"deskcast-{mail.created_at:%Y%m%d%H%M%S}-{mail.id}"
        letter = Letter(key, mail.to, mail.subject, mail.text, mail.html, mail.created_at)
        return mail.id, decision_links.with_secrets(session, letter, keys)


def _sender(settings: Settings) -> Sender:
    host = settings.public_url.partition("://")[2].partition("/")[0].partition(":")[0]
    return Sender(settings.mail_from, f"notices.{host}")


def _note_sent(database: Database, mail_id: int, now: datetime | None) -> None:
    with database.write() as session:
        mail, now = session.get_one(Mail, mail_id), now or clock.now(session)
        mail.sent_at, mail.error = now, ""
    meters.count("mails", "sent")


def _note_failure(database: Database, mail_id: int, problem: MailNotSent, now: datetime | None) -> None:
    with database.write() as session:
        mail, now = session.get_one(Mail, mail_id), now or clock.now(session)
        mail.error = str(problem)[:500]
        mail.due_at = now + backoff.wait(mail.attempts, first_s=30.0, most_s=4 * 3600.0)
        if problem.for_good or mail.attempts >= MOST_TRIES:
            mail.given_up_at = now
        meters.count("mails", "given_up" if mail.given_up_at else "put_off")
        log.warning("mail %s not sent, try %s: %s", mail_id, mail.attempts, problem)
