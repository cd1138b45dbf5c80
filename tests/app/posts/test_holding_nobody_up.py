"""SQLite has one write lock for everybody: nobody holds it by sending slowly, and only looking does not ask for it."""

import io
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library.database import Database
from content_library.models.user import User
from tests.app.posts.conftest import HERE, Browser, World

WRITE = {"content_type": "application/x-www-form-urlencoded"}


class SlowBody(io.BytesIO):
    """What somebody is still sending. Whenever it is read, somebody else writes."""

    def __init__(self, data: bytes, database: Database) -> None:
        super().__init__(data)
        self.database, self.others_wrote = database, 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.wait()
        return super().read(size)

    def readinto(self, buffer: Any, /) -> int:
        self.wait()
        return super().readinto(buffer)

    def wait(self) -> None:
        with self.database.write() as session:
            change(session)
        self.others_wrote += 1


def change(session: Session) -> None:
    session.scalars(select(User).order_by(User.id)).first().name += "!"  # type: ignore[union-attr]
    session.flush()


@pytest.mark.parametrize("address", [f"{HERE}/{{}}/working-copy", "/sign-in"])
def test_whoever_sends_slowly_holds_no_lock(maya: Browser, world: World, database: Database, address: str):
    post_id = world.post()
    data = urlencode({**maya.composer(post_id), "text": "Slowly."}, doseq=True).encode()
    body = SlowBody(data, database)
    answer = maya.client.post(
        address.format(post_id), input_stream=body, headers={"Content-Length": str(len(data))}, **WRITE
    )
    assert answer.status_code < 500
    assert body.others_wrote


def test_a_preview_waits_for_nobody_who_writes(maya: Browser, world: World, database: Database):
    post_id = world.post()
    fields = maya.composer(post_id)
    with database.write() as session:
        change(session)
        answer = maya.send(f"{HERE}/{post_id}/preview", {**fields, "text": "Seen at once."})
    assert answer.status_code == 200
    assert "Seen at once." in answer.text
