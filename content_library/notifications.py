"""Turning notices into mails, and sending them: once each, again when the server was away, given up in the end.

Sending happens outside every transaction. A mail is claimed by moving its `due_at` ahead first, so that two engines
never send the same one; what a crash leaves behind is tried again after the lease, under the same Message-ID.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from content_library import backoff, clock, decision_links
from content_library.database import Database
from content_library.mail_outbox import Letter, MailNotSent, Sender, ServerUnreachable, compose, deliver
from content_library.models.notice import Mail, Notice
from content_library.settings import Settings

QUIET = timedelta(seconds=10)  # what is read or over within this needs no mail
LEASE = timedelta(minutes=10)
MOST_TRIES = 18  # with the waits below: about a day and a half
LONGEST_RUN_S = 60.0
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Words:
    """A notice as a mail says it."""

    subject: str
    text: str
    html: str


Render = Callable[[Session, Notice], Words]


def make_mails(session: Session, render: Render, *, now: datetime, most: int = 100) -> int:
    """Write a mail for each notice that is old enough and still unread; returns how many.

    A notice gets at most one mail. None for people who want no mail or are no longer active.
    """
    old_enough = session.scalars(
        select(Notice)
        .where(Notice.mailed_at.is_(None), Notice.created_at <= now - QUIET)
        .order_by(Notice.id)
        .limit(most)
        .with_for_update(skip_locked=True, of=Notice)
        .options(joinedload(Notice.user).lazyload("*"))
    ).all()
    made = 0
    for notice in old_enough:
        notice.mailed_at = now
        if notice.read_at is None and notice.user.is_active and notice.user.wants_mail:
            session.add(_mail(notice, render(session, notice), now))
            made += 1
    session.flush()
    return made


def _mail(notice: Notice, words: Words, now: datetime) -> Mail:
    return Mail(
        to=notice.user.email,
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


def _note_failure(database: Database, mail_id: int, problem: MailNotSent, now: datetime | None) -> None:
    with database.write() as session:
        mail, now = session.get_one(Mail, mail_id), now or clock.now(session)
        mail.error = str(problem)[:500]
        mail.due_at = now + backoff.wait(mail.attempts, first_s=30.0, most_s=4 * 3600.0)
        if problem.for_good or mail.attempts >= MOST_TRIES:
            mail.given_up_at = now
        log.warning("mail %s not sent, try %s: %s", mail_id, mail.attempts, problem)
