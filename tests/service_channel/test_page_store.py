"""What stands on the built-in page: put once, never overwritten, and pictures open only while a post shows them."""

import hashlib
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from content_library.database import Database
from content_library.models.media import Media
from service_channel.models.page_post import PagePost
from service_channel.networks.base import Access, OutgoingMedia, OutgoingPart
from service_channel.networks.page import payload
from service_channel.page_store import MissingPicture, PageStore
from tests.factories import NOW, make_desk, make_user, page_of
from tests.support.pictures import make_picture

KEY = "0f" * 16
SHA = hashlib.sha256(b"kettle").hexdigest()


@pytest.fixture
def account_id(database: Database) -> int:
    with database.write() as session:
        desk = make_desk(session)
        make_picture(session, desk, make_user(session, "Maya Okafor"), sha256=SHA)
        return page_of(session, desk).id


def shown(account_id: int, text: str = "Descale your kettle.", *, picture: bool = False) -> dict[str, Any]:
    media = OutgoingMedia(Path("kettle.jpg"), SHA, "image/jpeg", "A Tern kettle", 1600, 900)
    part = OutgoingPart(
        publication_id=7,
        index=0,
        title="Descaling",
        text=text,
        language="en",
        media=(media,) if picture else (),
        key=KEY,
        created_at=NOW,
        source={"url": "https://example.org/kettle", "title": "Kettles"},
    )
    return payload(Access(account_id, "brindlemoor"), part)


def rows(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(PagePost)) or 0


def is_open(database: Database) -> bool:
    with database.read() as session:
        return session.scalars(select(Media.is_public)).one()


def test_what_is_put_stands_at_its_own_address(database: Database, account_id: int):
    standing = PageStore(database, public_url="https://desk.example").put_once(KEY, shown(account_id))
    with database.read() as session:
        row = session.scalars(select(PagePost)).one()
        session.expunge(row)
    assert standing.ref.url == f"https://desk.example/p/brindlemoor/{row.id}"
    assert (row.title, row.text, row.published_at) == ("Descaling", "Descale your kettle.", NOW)
    assert row.source == {"url": "https://example.org/kettle", "title": "Kettles"}


def test_the_same_key_with_the_same_content_is_the_same_row(database: Database, account_id: int):
    store = PageStore(database)
    assert store.put_once(KEY, shown(account_id)) == store.put_once(KEY, shown(account_id))
    assert rows(database) == 1


def test_the_same_key_with_other_content_answers_what_stands_there(database: Database, account_id: int):
    store = PageStore(database)
    first = store.put_once(KEY, shown(account_id))
    other = shown(account_id, "Something else.")
    assert store.put_once(KEY, other) == first
    assert first.digest != other["digest"]
    with database.read() as session:
        assert session.scalars(select(PagePost.text)).one() == "Descale your kettle."


def test_two_threads_putting_the_same_key_at_once_make_one_row(database: Database, account_id: int):
    store, begin = PageStore(database), threading.Barrier(4)
    answers = []

    def put() -> None:
        begin.wait(timeout=10)
        answers.append(store.put_once(KEY, shown(account_id)))

    threads = [threading.Thread(target=put) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(answers) == 4
    assert len(set(answers)) == 1
    assert rows(database) == 1


def test_what_was_taken_down_is_not_found_and_does_not_come_back(database: Database, account_id: int):
    store = PageStore(database)
    store.put_once(KEY, shown(account_id))
    store.delete(KEY)
    store.delete(KEY)
    assert store.find(KEY) is None
    store.put_once(KEY, shown(account_id))
    assert store.find(KEY) is None
    assert rows(database) == 1


def test_a_picture_is_open_while_a_post_shows_it(database: Database, account_id: int):
    store = PageStore(database)
    assert not is_open(database)
    store.put_once(KEY, shown(account_id, picture=True))
    store.put_once("1e" * 16, shown(account_id, "Again.", picture=True))
    assert is_open(database)
    store.delete(KEY)
    assert is_open(database)
    store.delete("1e" * 16)
    assert not is_open(database)


def test_the_row_says_how_the_picture_is_shown(database: Database, account_id: int):
    PageStore(database).put_once(KEY, shown(account_id, picture=True))
    with database.read() as session:
        (picture,) = session.scalars(select(PagePost.media)).one()
    assert picture == {
        "name": "kettle.jpg",
        "thumb": "kettle-thumb.jpg",
        "alt": "A Tern kettle",
        "width": 1600,
        "height": 900,
        "mime": "image/jpeg",
    }


def test_a_post_whose_picture_is_gone_is_not_put_without_it(database: Database, account_id: int):
    with database.write() as session:
        session.delete(session.scalars(select(Media)).one())
    with pytest.raises(MissingPicture):
        PageStore(database).put_once(KEY, shown(account_id, picture=True))
    assert rows(database) == 0
