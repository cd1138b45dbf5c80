"""Planned silences: windows in which nothing goes out, and an account's quiet hours.

What falls into a window is held at once, visibly; once it is over, or ended, each is looked at again. What is past its
time then waits for a person: a window never ends in a burst.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library import audit
from content_library.errors import InvalidInput, NotFound, TransitionNotAllowed
from content_library.models.account import Account
from content_library.models.desk import Desk
from content_library.models.format import Format, Tone
from content_library.models.user import User
from content_library.notices import leads_of, notify
from content_library.permissions import can_hold, require
from content_library.transitions import flush
from content_library.wall_time import parse_wall, resolve
from scheduler import calm, stops, transitions
from scheduler.calm import Calm
from scheduler.gate import Reason
from scheduler.letting_go import Released, release
from scheduler.models import Publication, PublicationState
from scheduler.plan_models import BlackoutWindow, QuietHours
from scheduler.publication_flow import Act

MAY_SILENCE = "Only the desk’s leads can say when nothing goes out."
WHILE = "while nothing was to go out"
KEPT_BACK = "desk.kept_back"
LONGEST = 366  # days
MOST = 1000
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True)
class Terms:
    """What a window says. `starts` and `ends` are wall times in `zone`; no accounts: all of the desk's."""

    name: str
    starts: str
    ends: str
    zone: str
    reason: str = ""
    yearly: bool = False
    accounts: Sequence[Account] = ()


def windows_of(session: Session, desk_id: int) -> list[BlackoutWindow]:
    """Those that nobody has ended, in order."""
    return list(session.scalars(calm.open_windows(desk_id)))


def get_window(session: Session, desk_id: int, window_id: int) -> BlackoutWindow:
    """Raises NotFound, also for another desk's."""
    query = select(BlackoutWindow).where(BlackoutWindow.id == window_id, BlackoutWindow.desk_id == desk_id)
    found = session.scalar(query)
    if found is None:
        raise NotFound("There is no such window on this desk.")
    return found


def add_window(
    session: Session, desk: Desk, terms: Terms, *, actor: User, now: datetime
) -> tuple[BlackoutWindow, int]:
    """A new window; returns how many publications it holds from now on."""
    require(can_hold(actor, desk.id), MAY_SILENCE)
    window = BlackoutWindow(desk_id=desk.id, created_by_id=actor.id, created_at=now)
    _set(window, terms, now=now)
    session.add(window)
    flush(session)
    _record(session, window, "added", actor=actor, now=now)
    return window, _apply(session, desk, actor=actor, now=now)


def change_window(
    session: Session, window: BlackoutWindow, terms: Terms, *, seen: int, actor: User, now: datetime
) -> int:
    """Returns how many publications are held now that were not. What it no longer covers is looked at again."""
    require(can_hold(actor, window.desk_id), MAY_SILENCE)
    _check_open(window)
    if window.version != seen:
        raise TransitionNotAllowed("Somebody else changed this window a moment ago. Reload and look again.")
    _set(window, terms, now=now)
    flush(session)
    _record(session, window, "changed", actor=actor, now=now)
    return _apply(session, session.get_one(Desk, window.desk_id), actor=actor, now=now)


def end_window(session: Session, window: BlackoutWindow, *, actor: User, now: datetime) -> Released:
    """It is over before its time, and for good. Nothing is sent in that moment."""
    require(can_hold(actor, window.desk_id), MAY_SILENCE)
    _check_open(window)
    window.ended_at, window.ended_by_id = now, actor.id
    flush(session)
    _record(session, window, "ended", actor=actor, now=now)
    return _look_again(session, session.get_one(Desk, window.desk_id), actor=actor, now=now)


def _check_open(window: BlackoutWindow) -> None:
    if window.ended_at is not None:
        raise TransitionNotAllowed("This window was ended already.")


def _set(window: BlackoutWindow, terms: Terms, *, now: datetime) -> None:
    _check(terms, now=now)
    window.name, window.reason = terms.name.strip(), terms.reason.strip()
    window.starts = parse_wall(terms.starts).isoformat(timespec="seconds")
    window.ends = parse_wall(terms.ends).isoformat(timespec="seconds")
    window.zone, window.yearly, window.accounts = terms.zone, terms.yearly, list(terms.accounts)


def _check(terms: Terms, *, now: datetime) -> None:
    if not terms.name.strip() or len(terms.name) > 80:
        raise _wrong("name", "Give it a short name, such as Christmas.")
    if len(terms.reason) > 300:
        raise _wrong("reason", "Say it in at most 300 characters.")
    starts, ends = _instant(terms.starts, terms.zone, "starts"), _instant(terms.ends, terms.zone, "ends")
    if ends <= starts:
        raise _wrong("ends", "It has to end after it begins.")
    if (ends - starts).days > LONGEST:
        raise _wrong("ends", "A window lasts a year at most. To stop for longer, stop the desk.")
    if not terms.yearly and ends <= now:
        raise _wrong("ends", "That is over already. Choose a later end.")


def _instant(wall: str, zone: str, field: str) -> datetime:
    try:
        return resolve(parse_wall(wall), zone).due_at
    except InvalidInput as wrong:
        raise InvalidInput(
            wrong.message, {"zone" if "zone" in wrong.fields else field: wrong.message}
        ) from wrong


def _wrong(field: str, sentence: str) -> InvalidInput:
    return InvalidInput(sentence, {field: sentence})


def _record(session: Session, window: BlackoutWindow, verb: str, *, actor: User, now: datetime) -> None:
    told = {
        "starts": window.starts, "ends": window.ends, "zone": window.zone, "yearly": window.yearly,
        "reason": window.reason, "accounts": [account.id for account in window.accounts],
    }  # fmt: skip
    summary = f"Window “{window.name}” {verb}: {window.starts[:16]} to {window.ends[:16]} {window.zone}"
    audit.record(session, f"window.{verb}", window, actor=actor, now=now, summary=summary, details=told)
    flush(session)


def _apply(session: Session, desk: Desk, *, actor: User, now: datetime) -> int:
    """Hold what falls into a window now, and look again at what no longer does."""
    _look_again(session, desk, actor=actor, now=now)
    silences = calm.read(session, desk, now=now)
    caught = _caught(session, desk, silences)
    for publication, name in caught:
        transitions.move(
            session, publication, Act.HOLD, actor=actor, now=now, reason=Reason.BLACKOUT,
            explanation=f"Nothing goes out then: {name}.",
        )  # fmt: skip
    return len(caught)


def _caught(session: Session, desk: Desk, silences: Calm) -> list[tuple[Publication, str]]:
    """What is planned inside a window, with the window's name; service notices are not caught."""
    rows = session.execute(
        stops.with_kind(select(Publication.id, Publication.account_id, Publication.due_at)).where(
            Publication.desk_id == desk.id,
            Publication.state.in_(stops.STOPPABLE),
            Format.tone != Tone.SERVICE,
        )
    ).all()
    hit = {row.id: s.name for row in rows if (s := silences.window(row.account_id, row.due_at)) is not None}
    found = session.scalars(
        select(Publication)
        .where(Publication.id.in_(hit), Publication.state.in_(stops.STOPPABLE))
        .order_by(Publication.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return [(publication, hit[publication.id]) for publication in found]


def release_over(session: Session, *, now: datetime) -> int:
    """What windows that are over have kept back goes on at its time, or waits for a person. Returns how many."""
    held = (Publication.state == PublicationState.HELD) & (Publication.reason == Reason.BLACKOUT)
    desks = select(Desk).where(select(Publication.id).where(Publication.desk_id == Desk.id, held).exists())
    count = 0
    for desk in session.scalars(desks.order_by(Desk.id)).all():
        released = _look_again(session, desk, actor=None, now=now)
        count += sum(len(some) for some in vars(released).values()) - len(released.held)
    return count


def _look_again(session: Session, desk: Desk, *, actor: User | None, now: datetime) -> Released:
    silences, released = calm.read(session, desk, now=now), Released.nothing()
    held = session.scalars(
        select(Publication)
        .where(
            Publication.desk_id == desk.id,
            Publication.state == PublicationState.HELD,
            Publication.reason == Reason.BLACKOUT,
        )
        .order_by(Publication.due_at)
        .limit(MOST)
        .with_for_update()
    )
    for publication in held.all():
        if silences.window(publication.account_id, max(publication.due_at, now)) is None:
            release(session, publication, released, actor=actor, now=now, while_=WHILE)
    if released.missed and actor is None:
        _tell(session, desk, len(released.missed), now=now)
    return released


def _tell(session: Session, desk: Desk, count: int, *, now: datetime) -> None:
    notify(
        session, leads_of(session, desk.id), KEPT_BACK, desk, stage=now.isoformat(), now=now, desk_id=desk.id,
        text=f"A window is over. {count} of {desk.name} missed their time in it: decide what becomes of each.",
    )  # fmt: skip


def quiet_hours(session: Session, desk_id: int) -> dict[int, QuietHours]:
    """By account; one without a row has none."""
    rows = session.scalars(
        select(QuietHours)
        .join(Account, Account.id == QuietHours.account_id)
        .where(Account.desk_id == desk_id)
    )
    return {row.account_id: row for row in rows}


def get_account(session: Session, desk_id: int, account_id: int) -> Account:
    """Raises NotFound, also for another desk's."""
    found = session.scalar(select(Account).where(Account.id == account_id, Account.desk_id == desk_id))
    if found is None:
        raise NotFound("There is no such account on this desk.")
    return found


def set_quiet_hours(
    session: Session, account: Account, begins: str, ends: str, *, actor: User, now: datetime
) -> None:
    """Every day in the desk's zone; both empty: none."""
    require(can_hold(actor, account.desk_id), MAY_SILENCE)
    begins, ends = begins.strip(), ends.strip()
    if bool(begins) != bool(ends) or (begins and begins == ends):
        raise _wrong("ends", "Say both from when and until when, or leave both empty.")
    for field, text in (("begins", begins), ("ends", ends)):
        if text and not _TIME.fullmatch(text):
            raise _wrong(field, "Write a time of the day, such as 22:00.")
    kept = session.get(QuietHours, account.id)
    if begins:
        session.merge(QuietHours(account_id=account.id, begins=begins, ends=ends))
    elif kept is not None:
        session.delete(kept)
    said = f"quiet from {begins} to {ends}" if begins else "no quiet hours"
    audit.record(
        session, "account.quiet_hours", account, actor=actor, now=now, summary=f"{account.handle}: {said}",
        details={"begins": begins, "ends": ends},
    )  # fmt: skip
    flush(session)
