"""What shapes the plan beside the publications themselves: windows, quiet hours, series, and what triage decided."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, String, Table, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from content_library.database import Base, by_value
from content_library.models.account import Account
from content_library.models.post import Post
from content_library.models.user import User
from scheduler.models import Run
from scheduler.recurrence import Every

window_accounts = Table(
    "window_accounts",
    Base.metadata,
    Column("window_id", ForeignKey("windows.id", ondelete="CASCADE"), primary_key=True),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
)

series_accounts = Table(
    "series_accounts",
    Base.metadata,
    Column("series_id", ForeignKey("series.id", ondelete="CASCADE"), primary_key=True),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
)


class BlackoutWindow(Base):
    """A stretch of wall time in which nothing goes out on a desk, or on some of its accounts.

    `starts` and `ends` are wall times in `zone`; nothing goes out from the first until before the second. `yearly`:
    the same days of every year from the first on. No accounts: all of the desk's.
    """

    __tablename__ = "windows"

    id: Mapped[int] = mapped_column(primary_key=True)
    desk_id: Mapped[int] = mapped_column(ForeignKey("desks.id"))
    name: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(default="")
    starts: Mapped[str] = mapped_column(String(19))
    ends: Mapped[str] = mapped_column(String(19))
    zone: Mapped[str] = mapped_column(String(64))
    yearly: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    accounts: Mapped[list[Account]] = relationship(
        secondary=window_accounts, order_by=Account.id, lazy="selectin"
    )
    created_by: Mapped[User] = relationship(foreign_keys=[created_by_id])
    __table_args__ = (
        Index(
            "ix_windows_open",
            "desk_id",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )
    __mapper_args__ = {"version_id_col": version}


class QuietHours(Base):
    """From when until when an account says nothing, every day, in the desk's zone; no row: it has none."""

    __tablename__ = "quiet_hours"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    begins: Mapped[str] = mapped_column(String(5))
    ends: Mapped[str] = mapped_column(String(5))


class Series(Base):
    """A post that goes out again and again: on which days, at what time on the wall, on which accounts.

    `weekdays` (0 is Monday) for a weekly one; `month_day` for a monthly one, LAST_DAY for the last of each month.
    `ends_on` and `count` are two ways to end; neither: until somebody ends it. `revision` grows with each change.
    """

    __tablename__ = "series"

    id: Mapped[int] = mapped_column(primary_key=True)
    desk_id: Mapped[int] = mapped_column(ForeignKey("desks.id"), index=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"), index=True)
    every: Mapped[Every] = mapped_column(by_value(Every))
    weekdays: Mapped[list[int]] = mapped_column(default=list)
    month_day: Mapped[int] = mapped_column(default=0)
    starts_on: Mapped[str] = mapped_column(String(10))
    time: Mapped[str] = mapped_column(String(5))
    zone: Mapped[str] = mapped_column(String(64))
    ends_on: Mapped[str] = mapped_column(String(10), default="")
    count: Mapped[int | None]
    revision: Mapped[int] = mapped_column(default=1)
    created_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    paused_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    post: Mapped[Post] = relationship()
    created_by: Mapped[User] = relationship()
    accounts: Mapped[list[Account]] = relationship(
        secondary=series_accounts, order_by=Account.id, lazy="selectin"
    )
    __mapper_args__ = {"version_id_col": version}


class Occurrence(Base):
    """One day of a series that was planned, and its run. Never made twice: two engines meet at the key."""

    __tablename__ = "occurrences"

    series_id: Mapped[int] = mapped_column(ForeignKey("series.id"), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"), unique=True)

    run: Mapped[Run] = relationship()


class TriageAct(Base):
    """What somebody decided at once about publications that were kept back, so that it can be taken back.

    `choices`: for each {id, act, version, before: {…}}; `version` is the publication's after the act.
    """

    __tablename__ = "triage_acts"

    id: Mapped[int] = mapped_column(primary_key=True)
    desk_id: Mapped[int] = mapped_column(ForeignKey("desks.id"))
    by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    choices: Mapped[list[Any]]
    undone_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]

    by: Mapped[User] = relationship()
    __table_args__ = (
        Index(
            "ix_triage_acts_open",
            "desk_id",
            sqlite_where=text("settled_at IS NULL"),
            postgresql_where=text("settled_at IS NULL"),
        ),
    )
