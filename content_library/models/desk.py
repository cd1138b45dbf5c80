"""Desks, the teams that clear for them, and settings of the installation."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, String, Table, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from content_library.database import Base

team_desks = Table(
    "team_desks",
    Base.metadata,
    Column("team_id", ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True),
    Column("desk_id", ForeignKey("desks.id", ondelete="CASCADE"), primary_key=True),
)


class Desk(Base):
    """A service team with its own accounts and posts.

    `solo`: one person may clear their own posts; every such approval says so. `tags_links`: new posts add UTM
    parameters to their links, with `utm_medium`; each post can do otherwise.
    """

    __tablename__ = "desks"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    handle: Mapped[str] = mapped_column(String(40), unique=True)
    zone: Mapped[str] = mapped_column(String(64), default="UTC")
    language: Mapped[str] = mapped_column(String(12), default="en")
    about: Mapped[str] = mapped_column(default="")
    website: Mapped[str] = mapped_column(String(500), default="")
    opens: Mapped[str] = mapped_column(String(5), default="09:00")
    closes: Mapped[str] = mapped_column(String(5), default="17:30")
    solo: Mapped[bool] = mapped_column(default=False, server_default=false())
    tags_links: Mapped[bool] = mapped_column(default=False, server_default=false())
    utm_medium: Mapped[str] = mapped_column(String(100), default="social", server_default="social")
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    teams: Mapped[list[Team]] = relationship(secondary=team_desks, back_populates="desks", order_by="Team.id")
    __mapper_args__ = {"version_id_col": version}


OFFICE_WEEK = [[["09:00", "17:00"]]] * 5 + [[], []]


class Team(Base):
    """A reviewing department. It clears for the desks it serves.

    `hours`: seven days from Monday on, each a list of [begins, ends] of wall time in `zone`; `holidays`: ISO dates.
    `turnaround_h`: how many working hours its answer takes at most. `checklist`: what its people confirm, sentence by
    sentence, when they approve.
    """

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(30), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    zone: Mapped[str] = mapped_column(String(64), default="UTC", server_default="UTC")
    hours: Mapped[list[Any]] = mapped_column(
        default=lambda: OFFICE_WEEK, server_default=json.dumps(OFFICE_WEEK)
    )
    holidays: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    turnaround_h: Mapped[int] = mapped_column(default=8, server_default="8")
    checklist: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    created_at: Mapped[datetime]

    desks: Mapped[list[Desk]] = relationship(secondary=team_desks, back_populates="teams", lazy="selectin")


class Setting(Base):
    """A named value of the whole installation."""

    __tablename__ = "settings"

    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[dict[str, Any]]


class EngineBeat(Base):
    """When each recurring job last finished: what the health page and the watchdog read."""

    __tablename__ = "engine_beats"

    job: Mapped[str] = mapped_column(String(60), primary_key=True)
    at: Mapped[datetime]
    engine: Mapped[str] = mapped_column(String(80), default="")
    note: Mapped[str] = mapped_column(default="")
