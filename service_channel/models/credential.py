"""The secrets of an account, encrypted, and how healthy its connection is."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from content_library.database import Base
from content_library.models.account import Account


class Credential(Base):
    """`secret` and `session` are AES-GCM ciphertexts bound to this row and column; `key_id` names the key."""

    __tablename__ = "credentials"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    host: Mapped[str] = mapped_column(String(500), default="")
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    session: Mapped[bytes | None] = mapped_column(LargeBinary)
    key_id: Mapped[str] = mapped_column(String(20))
    connected_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    last_ok_at: Mapped[datetime | None]
    problem: Mapped[str] = mapped_column(default="")
    problem_at: Mapped[datetime | None]
    not_before: Mapped[datetime | None]  # the network asked us to wait until then
    expires_at: Mapped[datetime | None]  # the access token runs out; it is renewed before
    dies_at: Mapped[datetime | None]  # from then on a person has to connect again
    renewing_until: Mapped[datetime | None]  # somebody is renewing it, or has just tried in vain
    renewed_at: Mapped[datetime | None]

    account: Mapped[Account] = relationship()
