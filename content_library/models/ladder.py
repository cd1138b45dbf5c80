"""Where each account stands on the ladder, how it came there, and what a desk asks for."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, false, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from content_library.database import Base, by_value
from content_library.models.account import Account
from content_library.models.user import User


class LadderStanding(Base):
    """An account's place. Without a row, or with `is_on` false, nobody meets the ladder there.

    `asked_…`: somebody asks for the next stage.
    """

    __tablename__ = "ladder_standings"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), unique=True)
    desk_id: Mapped[int] = mapped_column(ForeignKey("desks.id"), index=True)
    is_on: Mapped[bool] = mapped_column(default=True, server_default=true())
    stage: Mapped[int]
    since: Mapped[datetime]
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    asked_at: Mapped[datetime | None]
    asked_why: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)

    account: Mapped[Account] = relationship()
    asked_by: Mapped[User | None] = relationship(lazy="select")
    steps: Mapped[list[LadderStep]] = relationship(back_populates="standing", order_by="LadderStep.id")

    __table_args__ = (CheckConstraint("stage BETWEEN 1 AND 3", name="stage"),)
    __mapper_args__ = {"version_id_col": version}


class LadderAct(StrEnum):
    SWITCHED_ON = "switched_on"
    SWITCHED_OFF = "switched_off"
    ROSE = "rose"
    FELL = "fell"


class LadderStep(Base):
    """One step, never altered. `figures`: measure → {reached, needed} as they were then.

    `is_exception`: signed by an administrator although something was missing.
    """

    __tablename__ = "ladder_steps"

    id: Mapped[int] = mapped_column(primary_key=True)
    standing_id: Mapped[int] = mapped_column(ForeignKey("ladder_standings.id"), index=True)
    act: Mapped[LadderAct] = mapped_column(by_value(LadderAct))
    from_stage: Mapped[int | None]
    to_stage: Mapped[int | None]
    why: Mapped[str] = mapped_column(default="")
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    signed_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    figures: Mapped[dict[str, Any]] = mapped_column(default=dict)
    is_exception: Mapped[bool] = mapped_column(default=False, server_default=false())

    standing: Mapped[LadderStanding] = relationship(back_populates="steps")
    asked_by: Mapped[User | None] = relationship(foreign_keys=[asked_by_id])
    signed_by: Mapped[User] = relationship(foreign_keys=[signed_by_id])


class LadderCriteria(Base):
    """What a desk asks for before a stage: its number → numbers (see `ladder_rules.Criteria`)."""

    __tablename__ = "ladder_criteria"

    desk_id: Mapped[int] = mapped_column(ForeignKey("desks.id"), primary_key=True)
    stages: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}
