"""What keeps a desk's accounts silent at a moment: its windows and their quiet hours, read in two statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from content_library.models.account import Account
from content_library.models.desk import Desk
from scheduler.calm_times import Quiet, Stretch, occurrences
from scheduler.plan_models import BlackoutWindow, QuietHours

HORIZON = timedelta(days=740)  # nothing is planned further ahead
MOST_HOPS = 100  # from the end of one silence into the next


@dataclass(frozen=True)
class Calm:
    """The silences of one desk."""

    zone: str
    stretches: Sequence[Stretch]
    quiet: Mapping[int, Quiet]

    def window(self, account_id: int, instant: datetime) -> Stretch | None:
        return next((s for s in self.stretches if s.covers(account_id, instant)), None)

    def quiet_until(self, account_id: int, instant: datetime) -> datetime | None:
        hours = self.quiet.get(account_id)
        return hours.end_of(instant, self.zone) if hours is not None else None

    def free_from(self, account_id: int, instant: datetime) -> datetime:
        """The nearest moment, at or after one, that no window and no quiet hours cover."""
        for _ in range(MOST_HOPS):
            stretch = self.window(account_id, instant)
            later = stretch.ends_at if stretch is not None else self.quiet_until(account_id, instant)
            if later is None:
                return instant
            instant = later
        return instant


def read(session: Session, desk: Desk, *, now: datetime, until: datetime | None = None) -> Calm:
    """The silences of a desk from now on, or up to a moment."""
    found = session.scalars(open_windows(desk.id)).all()
    first, last = now - timedelta(days=1), until or now + HORIZON
    stretches = [s for w in found for s in stretches_of(w, first, last)]
    return Calm(desk.zone, sorted(stretches, key=lambda s: s.starts_at), _quiet(session, desk.id))


def open_windows(desk_id: int) -> Select[BlackoutWindow]:
    """The windows of a desk that nobody has ended."""
    wanted = (BlackoutWindow.desk_id == desk_id, BlackoutWindow.ended_at.is_(None))
    return select(BlackoutWindow).where(*wanted).order_by(BlackoutWindow.starts, BlackoutWindow.id)


def window_now(session: Session, desk_id: int, account_id: int, *, now: datetime) -> Stretch | None:
    """The window that keeps an account silent at this moment."""
    stretches = (s for w in session.scalars(open_windows(desk_id)) for s in stretches_of(w, now, now))
    return next((s for s in stretches if s.covers(account_id, now)), None)


def stretches_of(window: BlackoutWindow, first: datetime, last: datetime) -> list[Stretch]:
    """When a window keeps its accounts silent between two moments."""
    ids = frozenset(account.id for account in window.accounts)
    spans = occurrences(window.starts, window.ends, window.zone, yearly=window.yearly, first=first, last=last)
    return [Stretch(starts, ends, window.name, ids, window.id) for starts, ends in spans]


def _quiet(session: Session, desk_id: int) -> dict[int, Quiet]:
    rows = session.execute(
        select(QuietHours.account_id, QuietHours.begins, QuietHours.ends)
        .join(Account, Account.id == QuietHours.account_id)
        .where(Account.desk_id == desk_id)
    )
    return {row.account_id: Quiet(row.begins, row.ends) for row in rows}
