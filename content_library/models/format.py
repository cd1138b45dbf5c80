"""A format is data: the fields it asks for, the teams that clear it, its tone and shelf life."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import String, false, true
from sqlalchemy.orm import Mapped, mapped_column

from content_library.database import Base, by_value


class Kind(StrEnum):
    EDU_TAINING = "edu_taining"
    QUESTION = "question"
    PROMOTION = "promotion"


class Tone(StrEnum):
    LIGHT = "light"
    PROMOTIONAL = "promotional"
    NEUTRAL = "neutral"
    SERVICE = "service"


class Format(Base):
    """`fields`: list of field specs (see `content_library.formats`). `steps`: list of steps, each a list of
    {team, quorum, why}; the teams of one step work side by side."""

    __tablename__ = "formats"

    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[Kind] = mapped_column(by_value(Kind))
    name: Mapped[str] = mapped_column(String(60))
    purpose: Mapped[str]
    tone: Mapped[Tone] = mapped_column(by_value(Tone))
    fields: Mapped[list[Any]]
    steps: Mapped[list[Any]]
    ingredient: Mapped[str] = mapped_column(String(40), default="")
    shelf_life_days: Mapped[int | None]
    grace_s: Mapped[int] = mapped_column(default=900)
    position: Mapped[int]
    is_builtin: Mapped[bool] = mapped_column(default=False, server_default=false())
    is_active: Mapped[bool] = mapped_column(default=True, server_default=true())
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}
