"""What an account may send: the network's own word from its last answer, and how far a desk lead lowered our budget."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from content_library.database import Base
from content_library.models.account import Account


class Allowance(Base):
    """`per_hour` and `per_day`: the lead's own limits, None where the network's hold (content_library.posting_limits).

    `calls_left` of `calls_most` until `calls_until`: what the network said at `said_at`. No row: nothing is known.
    """

    __tablename__ = "allowances"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    per_hour: Mapped[int | None]
    per_day: Mapped[int | None]
    calls_left: Mapped[int | None]
    calls_most: Mapped[int | None]
    calls_until: Mapped[datetime | None]
    said_at: Mapped[datetime | None]

    account: Mapped[Account] = relationship()
