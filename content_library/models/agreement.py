"""Agreements between a desk and a team: versions that both have signed, their clauses, samples and breaches."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy import text as condition
from sqlalchemy.orm import Mapped, mapped_column, relationship

from content_library.database import Base, by_value
from content_library.models.desk import Desk, Team
from content_library.models.review import Review
from content_library.models.user import User


class AgreementState(StrEnum):
    """Of one version."""

    PROPOSED = "proposed"  # one side has signed
    SIGNED = "signed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"  # taken back, or another proposal came in its place
    ENDED = "ended"


class SampleState(StrEnum):
    OPEN = "open"
    IN_ORDER = "in_order"
    BREACH = "breach"


class Side(StrEnum):
    """Who signs: the desk (its leads) and the team (its people)."""

    DESK = "desk"
    TEAM = "team"


class Agreement(Base):
    """What one team and one desk have agreed on; what it says stands in its versions."""

    __tablename__ = "agreements"

    id: Mapped[int] = mapped_column(primary_key=True)
    desk_id: Mapped[int] = mapped_column(ForeignKey("desks.id"))
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    latest_number: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    told_at: Mapped[datetime]  # until when the team has been told what was cleared
    version: Mapped[int] = mapped_column(default=1)

    desk: Mapped[Desk] = relationship()
    team: Mapped[Team] = relationship(lazy="joined")
    versions: Mapped[list[AgreementVersion]] = relationship(
        back_populates="agreement", order_by="AgreementVersion.number"
    )

    __table_args__ = (UniqueConstraint("desk_id", "team_id"),)
    __mapper_args__ = {"version_id_col": version}

    @property
    def named(self) -> str:
        """What a sentence calls it."""
        return f"the agreement between {self.desk.name} and {self.team.name}"


class AgreementVersion(Base):
    """What was signed. `starts_on`, `review_on` and `ends_on` are days in the team's zone; `starts_at` and `ends_at`
    the instants they stand for: the beginning of the first and the end of the last day.

    `turnaround_h`: working hours in which the team answers what is not cleared by it; None: as fast as for everybody.
    `seed` decides with the text which posts are sampled; it is shown to nobody, so that nobody can write around it.
    """

    __tablename__ = "agreement_versions"

    id: Mapped[int] = mapped_column(primary_key=True)
    agreement_id: Mapped[int] = mapped_column(ForeignKey("agreements.id"))
    number: Mapped[int]
    state: Mapped[AgreementState] = mapped_column(by_value(AgreementState))
    text: Mapped[str] = mapped_column(default="")
    excluded_words: Mapped[list[str]] = mapped_column(default=list)
    turnaround_h: Mapped[int | None]
    starts_on: Mapped[date]
    review_on: Mapped[date]
    ends_on: Mapped[date]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    why: Mapped[str] = mapped_column(default="")
    seed: Mapped[str] = mapped_column(String(32))
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    proposed_at: Mapped[datetime]
    proposed_for: Mapped[Side] = mapped_column(by_value(Side))
    signed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    signed_at: Mapped[datetime | None]
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    closed_at: Mapped[datetime | None]
    closed_why: Mapped[str] = mapped_column(default="")
    row_version: Mapped[int] = mapped_column(default=1)

    agreement: Mapped[Agreement] = relationship(back_populates="versions")
    proposed_by: Mapped[User] = relationship(foreign_keys=[proposed_by_id])
    signed_by: Mapped[User | None] = relationship(foreign_keys=[signed_by_id])
    closed_by: Mapped[User | None] = relationship(foreign_keys=[closed_by_id])
    clauses: Mapped[list[AgreementClause]] = relationship(
        back_populates="version", order_by="AgreementClause.number", cascade="all, delete-orphan"
    )

    __table_args__ = (
        UniqueConstraint("agreement_id", "number"),
        Index(
            "uq_agreement_versions_proposed",
            "agreement_id",
            unique=True,
            sqlite_where=condition("state = 'proposed'"),
            postgresql_where=condition("state = 'proposed'"),
        ),
    )
    __mapper_args__ = {"version_id_col": row_version}


class AgreementClause(Base):
    """§ `number`: what is cleared beforehand. An empty list of accounts or topics means every one of the desk."""

    __tablename__ = "agreement_clauses"

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("agreement_versions.id", ondelete="CASCADE"))
    number: Mapped[int]
    formats: Mapped[list[str]]
    account_ids: Mapped[list[int]] = mapped_column(default=list)
    topic_ids: Mapped[list[int]] = mapped_column(default=list)
    sample_percent: Mapped[int]
    suspended_at: Mapped[datetime | None]
    suspended_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    suspended_why: Mapped[str] = mapped_column(default="")

    version: Mapped[AgreementVersion] = relationship(back_populates="clauses")
    suspended_by: Mapped[User | None] = relationship()
    breaches: Mapped[list[Breach]] = relationship(back_populates="clause", order_by="Breach.id")

    __table_args__ = (UniqueConstraint("version_id", "number"),)


class Sample(Base):
    """A post that an agreement cleared and that its team looks at afterwards."""

    __tablename__ = "samples"

    id: Mapped[int] = mapped_column(primary_key=True)
    review_id: Mapped[int] = mapped_column(ForeignKey("reviews.id"), unique=True)
    desk_id: Mapped[int] = mapped_column(ForeignKey("desks.id"))
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
    state: Mapped[SampleState] = mapped_column(by_value(SampleState))
    opened_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    note: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)

    review: Mapped[Review] = relationship()
    decided_by: Mapped[User | None] = relationship()

    __table_args__ = (Index("ix_samples_team_id_state_opened_at", "team_id", "state", "opened_at"),)
    __mapper_args__ = {"version_id_col": version}


class Breach(Base):
    """A post that a clause cleared and that it should not have. Two suspend the clause."""

    __tablename__ = "breaches"

    id: Mapped[int] = mapped_column(primary_key=True)
    clause_id: Mapped[int] = mapped_column(ForeignKey("agreement_clauses.id"), index=True)
    review_id: Mapped[int] = mapped_column(ForeignKey("reviews.id"), unique=True)
    noted_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    what: Mapped[str]

    clause: Mapped[AgreementClause] = relationship(back_populates="breaches")
    review: Mapped[Review] = relationship()
    noted_by: Mapped[User] = relationship()
