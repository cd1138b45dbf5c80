"""Facts: values that many texts use by name, with their versions and the revisions that used them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from content_library.database import Base
from content_library.models.desk import Team
from content_library.models.user import User


class Fact(Base):
    """What it says stands in its versions. `key` is the name as texts are matched with it."""

    __tablename__ = "facts"

    id: Mapped[int] = mapped_column(primary_key=True)
    desk_id: Mapped[int] = mapped_column(ForeignKey("desks.id"))
    name: Mapped[str] = mapped_column(String(60))
    key: Mapped[str] = mapped_column(String(200))
    about: Mapped[str] = mapped_column(default="")
    owner_team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    latest_number: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    owner_team: Mapped[Team | None] = relationship(lazy="joined")
    versions: Mapped[list[FactVersion]] = relationship(back_populates="fact", order_by="FactVersion.number")

    __table_args__ = (UniqueConstraint("desk_id", "key"),)
    __mapper_args__ = {"version_id_col": version}


class FactVersion(Base):
    """What a fact says from `created_at` on, until the next one."""

    __tablename__ = "fact_versions"

    fact_id: Mapped[int] = mapped_column(ForeignKey("facts.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[str]
    why: Mapped[str] = mapped_column(default="")
    created_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]

    fact: Mapped[Fact] = relationship(back_populates="versions")
    created_by: Mapped[User] = relationship()


class FactUse(Base):
    """A revision says what this version of a fact says."""

    __tablename__ = "fact_uses"

    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id", ondelete="CASCADE"), primary_key=True)
    fact_id: Mapped[int] = mapped_column(ForeignKey("facts.id"), primary_key=True)
    number: Mapped[int]

    fact: Mapped[Fact] = relationship()

    __table_args__ = (Index("ix_fact_uses_fact_id_number", "fact_id", "number"),)
