"""Boundaries with their versions, and what they found in what was submitted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, false, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from content_library.boundaries.rules import Detector, Severity
from content_library.database import Base, by_value
from content_library.models.desk import Desk, Team
from content_library.models.user import User


class Boundary(Base):
    """A rule of what may be said in public. `desk_id` None: it holds for the whole installation.

    What it says stands in its versions; `owner_team` looks after it.
    """

    __tablename__ = "boundaries"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(60), unique=True)
    desk_id: Mapped[int | None] = mapped_column(ForeignKey("desks.id"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    detector: Mapped[Detector] = mapped_column(by_value(Detector))
    owner_team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    is_builtin: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime]
    latest_number: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)

    desk: Mapped[Desk | None] = relationship()
    owner_team: Mapped[Team | None] = relationship(lazy="joined")
    versions: Mapped[list[BoundaryVersion]] = relationship(
        back_populates="boundary", order_by="BoundaryVersion.number"
    )

    __mapper_args__ = {"version_id_col": version}


class BoundaryVersion(Base):
    """What a boundary says from `effective_at` on. The highest number whose time has come is in force."""

    __tablename__ = "boundary_versions"

    id: Mapped[int] = mapped_column(primary_key=True)
    boundary_id: Mapped[int] = mapped_column(ForeignKey("boundaries.id", ondelete="CASCADE"))
    number: Mapped[int]
    is_on: Mapped[bool] = mapped_column(default=True, server_default=true())
    severity: Mapped[Severity] = mapped_column(by_value(Severity))
    settings: Mapped[dict[str, Any]]
    advice: Mapped[str] = mapped_column(default="")
    team_key: Mapped[str] = mapped_column(String(30), default="")
    needs_evidence: Mapped[bool] = mapped_column(default=False, server_default=false())
    effective_at: Mapped[datetime]
    why: Mapped[str] = mapped_column(default="")
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]

    boundary: Mapped[Boundary] = relationship(back_populates="versions")
    created_by: Mapped[User | None] = relationship()

    __table_args__ = (UniqueConstraint("boundary_id", "number"),)


class SubmittedFinding(Base):
    """What one version found in a submission, as it was then, with what the author answered.

    `places`: list of {field, start, end, words}; the words of personal data are never kept.
    """

    __tablename__ = "findings"

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"), index=True)
    boundary_id: Mapped[int] = mapped_column(ForeignKey("boundaries.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("boundary_versions.id"))
    places: Mapped[list[Any]]
    reason: Mapped[str] = mapped_column(default="")
    evidence: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]

    boundary: Mapped[Boundary] = relationship()
    version: Mapped[BoundaryVersion] = relationship()

    __table_args__ = (Index("ix_findings_boundary_id_at", "boundary_id", "at"), Index("ix_findings_at", "at"))
