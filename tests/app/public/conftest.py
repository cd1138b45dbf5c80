"""A desk with a public page, and its application."""

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select

from app import create_app
from content_library.database import Database
from content_library.models.account import Account
from content_library.settings import load
from service_channel.networks.base import Access, OutgoingMedia, OutgoingPart
from service_channel.networks.page import payload
from service_channel.page_store import PageStore
from tests.factories import NOW, make_desk, make_user
from tests.support.clock import FrozenClock
from tests.support.pictures import make_picture

PUBLIC_URL = "https://desk.example.org"
SHA = hashlib.sha256(b"kettle").hexdigest()
STEM = "0123456789abcdef" * 2
NAME, THUMB = f"{STEM}.jpg", f"{STEM}-thumb.jpg"


class Page:
    """The page of Brindlemoor Home; `put` publishes on it as the network's adapter would."""

    def __init__(self, database: Database, folder: Path, clock: FrozenClock) -> None:
        self.store, self.database, self.clock = PageStore(database), database, clock
        self._keys = iter(range(1, 10_000))
        self.folder = folder
        with database.write() as session:
            desk = make_desk(session)
            make_picture(session, desk, make_user(session, "Maya Okafor"), sha256=SHA, name=STEM)
        with database.read() as session:
            self.account_id = session.scalars(select(Account.id)).one()

    def put(self, text: str = "Descale your kettle.", *, at: datetime | None = None, **said: Any) -> str:
        """Publish; returns the key."""
        pictures = said.pop("pictures", 0)
        picture = OutgoingMedia(Path(NAME), SHA, "image/jpeg", "A Tern kettle on a stove", 1600, 900)
        part = OutgoingPart(
            publication_id=7,
            index=0,
            title=said.get("title", "Descaling"),
            text=text,
            language=said.get("language", "en"),
            media=(picture,) * pictures,
            key=f"{next(self._keys):032x}",
            created_at=at or self.clock(),
            source=said.get("source", {}),
        )
        self.store.put_once(part.key, payload(Access(self.account_id, "brindlemoor"), part))
        return part.key

    def put_many(self, count: int) -> None:
        for number in range(count):
            self.put(f"Text {number:02d}.", title=f"Post {number:02d}", at=NOW + timedelta(minutes=number))

    def address(self, key: str) -> str:
        standing = self.store.find(key)
        assert standing
        return standing.ref.url

    def draw_pictures(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (1600, 900), "#0b5a60").save(self.folder / NAME)
        Image.new("RGB", (480, 270), "#0b5a60").save(self.folder / THUMB)


@pytest.fixture
def application(database: Database, tmp_path: Path) -> Iterator[Flask]:
    settings = load(
        {
            "DESKCAST_DATA": str(tmp_path),
            "DESKCAST_DATABASE_URL": database.url,
            "DESKCAST_PUBLIC_URL": PUBLIC_URL,
        }
    )
    yield create_app(settings, database)


@pytest.fixture
def page(database: Database, application: Flask, clock: FrozenClock) -> Page:
    return Page(database, application.extensions["deskcast.settings"].media_folder, clock)


@pytest.fixture
def client(application: Flask) -> FlaskClient:
    client = application.test_client()
    client.environ_base["HTTP_HOST"] = "desk.example.org"
    return client
