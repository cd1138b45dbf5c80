"""After a restore the database does not know what has happened since: what may be out already must not go again.

State decides. What had not begun and was due meanwhile is missed: a person looks, and plans it again or leaves it. What
was being sent, or looked for, is looked for as after a crash. Mails that were waiting count as sent, and everybody
signs in again.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, case, delete, exists, select, update
from sqlalchemy.orm import Session

from content_library import audit, notifications, sign_in
from content_library.models.desk import Desk, EngineBeat, Setting
from content_library.models.user import User
from content_library.notices import leads_of, notify
from content_library.transitions import flush
from scheduler import transitions
from scheduler.models import Part, Publication, PublicationState, WorkerBeat
from scheduler.publication_flow import Act

RESTORED = "restored"
"""The reason of what is missed by a restore, and the setting that says when the last one was."""
KIND = "installation.restored"
_NOT_BEGUN = (
    PublicationState.PLANNED,
    PublicationState.CLAIMED,
    PublicationState.HELD,
    PublicationState.BLOCKED,
)
_IN_DOUBT = (PublicationState.SENDING, PublicationState.UNKNOWN)
_BEGUN = (
    *_IN_DOUBT,
    PublicationState.PUBLISHED,
    PublicationState.NEEDS_PERSON,
    PublicationState.FAILED,
)
_CLOCKS_APART = timedelta(minutes=10)


@dataclass(frozen=True)
class Settled:
    """How many publications were due meanwhile, how many are looked for, and how many mails were let pass."""

    missed: int
    expired: int
    looked_for: int
    mails: int


def begun_since(session: Session, made_at: datetime) -> frozenset[str]:
    """In a database that is about to be replaced: the client keys of what has begun to go out since the backup."""
    rows = session.scalars(
        select(Publication.client_key).where(
            Publication.state.in_(_BEGUN), Publication.state_at >= made_at - _CLOCKS_APART
        )
    )
    return frozenset(rows)


def settle_restored(
    session: Session, *, made_at: datetime, now: datetime, begun: Collection[str] = ()
) -> Settled:
    """Make the database of a backup fit to go on. `made_at`: when the backup was made. Before any engine starts.

    `begun`: client keys of what is known to have begun since, such as what was moved to an earlier time.
    """
    mails = notifications.let_pass(session, now=now)
    sign_in.end_every_session(session)
    session.execute(delete(EngineBeat))
    session.execute(delete(WorkerBeat))
    due = [p for p in session.scalars(_not_begun()) if p.due_at <= now or p.client_key in begun]
    missed = Counter(p.desk_id for p in due if _give_up(session, p, made_at, now=now))
    settled = Settled(missed.total(), len(due) - missed.total(), _look_soon(session, now), mails)
    _note(session, settled, made_at, now=now)
    _tell(session, missed, made_at, now=now)
    return settled


def _not_begun() -> Select[Publication]:
    return (
        select(Publication)
        .where(Publication.state.in_(_NOT_BEGUN))
        .order_by(Publication.due_at, Publication.id)
    )


def _give_up(session: Session, publication: Publication, made_at: datetime, *, now: datetime) -> bool:
    """True when it is missed. What no approval was bound to in the backup expires: it has to be planned anew."""
    explanation = (
        f"Deskcast was restored from a backup of {_said(made_at)}, and this was due, or had begun, before it went on. "
        "It may be out: look there first, and give it a new time only if it is not."
    )
    how: dict[str, Any] = {"actor": None, "now": now, "reason": RESTORED, "explanation": explanation}
    if publication.payload_sha256 is None:
        transitions.move(session, publication, Act.EXPIRE, **how)
        return False
    if publication.state in (PublicationState.HELD, PublicationState.BLOCKED):
        transitions.move(session, publication, Act.RELEASE, actor=None, now=now, reason=RESTORED)
    transitions.move(session, publication, Act.MISS, **how)
    return True


def _look_soon(session: Session, now: datetime) -> int:
    """What may have been on its way is looked for as soon as an engine runs: its lease is long over.

    What follows a part that is found then may be out as well, which no look can tell: it is missed like the rest.
    """
    has_more = exists().where(Part.publication_id == Publication.id, Part.position > 0)
    late = case((has_more & (Publication.late_at > now), now), else_=Publication.late_at)
    found: Any = session.execute(
        update(Publication)
        .where(Publication.state.in_(_IN_DOUBT))
        .values(not_before=None, leased_until=now, late_at=late, version=Publication.version + 1)
        .execution_options(synchronize_session=False)
    )
    return int(found.rowcount)


def _note(session: Session, settled: Settled, made_at: datetime, *, now: datetime) -> None:
    setting = session.merge(
        Setting(key=RESTORED, value={"made_at": made_at.isoformat(), "at": now.isoformat()})
    )
    audit.record(
        session, KIND, setting, actor=None, now=now,
        summary=f"Restored from a backup of {_said(made_at)}; {settled.missed} publications were due since then",
        details={"made_at": made_at, "missed": settled.missed, "expired": settled.expired,
                 "looked_for": settled.looked_for, "mails_let_pass": settled.mails},
    )  # fmt: skip
    flush(session)


def _tell(session: Session, missed: Counter[int], made_at: datetime, *, now: datetime) -> None:
    """One notice for the leads of each desk and for administrators."""
    told: set[int] = set()
    for desk in session.scalars(select(Desk).order_by(Desk.id)):
        leads = set(leads_of(session, desk.id)) - told
        text = f"{_since(made_at)} {_may_be_out(missed[desk.id])}"
        notify(session, leads, KIND, desk, stage=now.isoformat(), text=text, now=now, desk_id=desk.id)
        told |= leads
    text = f"{_since(made_at)} {_may_be_out(missed.total())} People and roles are those of then too."
    for person in session.scalars(select(User).where(User.is_administrator, User.is_active)):
        if person.id not in told:
            notify(session, [person.id], KIND, person, stage=now.isoformat(), text=text, now=now)


def _since(made_at: datetime) -> str:
    return f"Deskcast was restored from a backup of {_said(made_at)}: what was done since then is not in it."


def _may_be_out(count: int) -> str:
    if not count:
        return "Nothing was due meanwhile."
    things = "publication was" if count == 1 else "publications were"
    return f"{count} {things} due meanwhile and may be out: look before you plan them again."


def _said(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
