"""The built-in page behind the contract of every network."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from service_channel.networks.base import Access, OutgoingMedia, RemoteRef
from service_channel.networks.page import Page, StandingPost, payload
from tests.networks.contract import AskedForOne, Contract, a_part


class DictStore:
    """The page's table, without a database."""

    def __init__(self) -> None:
        self.rows: dict[str, Mapping[str, Any]] = {}

    def put_once(self, key: str, payload: Mapping[str, Any]) -> StandingPost:
        return self._standing(key, self.rows.setdefault(key, payload))

    def find(self, key: str) -> StandingPost | None:
        row = self.rows.get(key)
        return self._standing(key, row) if row else None

    def delete(self, key: str) -> None:
        self.rows.pop(key, None)

    def _standing(self, key: str, row: Mapping[str, Any]) -> StandingPost:
        return StandingPost(RemoteRef(key, "", f"/p/{key}"), row["digest"])


@pytest.fixture
def network() -> Page:
    return Page()


@pytest.fixture
def access() -> Access:
    return Access(1, "desk", store=DictStore())


class TestPageContract(AskedForOne, Contract):
    def standing(self, access: Access) -> int:
        return len(access.store.rows)


def test_the_page_stores_everything_it_shows(network: Page, access: Access) -> None:
    shown = payload(access, a_part(network))
    assert shown["title"] == "Elm Street"
    assert shown["published_at"] == "2026-11-03T09:00:00.123456+00:00"
    assert (shown["publication_id"], shown["account_id"], shown["language"]) == (7, 1, "en")


@pytest.mark.parametrize("change", ["title", "text", "language", "alt", "image", "account", "time"])
def test_whatever_is_shown_is_part_of_the_digest(network: Page, access: Access, change: str) -> None:
    image = OutgoingMedia(Path("/kept/a.png"), "ab" * 32, "image/png", "A map", 40, 30)
    part = replace(a_part(network), media=(image,))
    changed = {
        "title": replace(part, title="Oak Street"),
        "text": replace(part, text=part.text + " "),
        "language": replace(part, language="de"),
        "alt": replace(part, media=(replace(image, alt="A plan"),)),
        "image": replace(part, media=(replace(image, sha256="cd" * 32),)),
        "account": part,
        "time": replace(part, created_at=part.created_at + timedelta(seconds=1)),
    }[change]
    reader = replace(access, account_id=2) if change == "account" else access
    assert payload(reader, changed)["digest"] != payload(access, part)["digest"]


def test_where_a_file_lies_is_no_part_of_the_digest(network: Page, access: Access) -> None:
    image = OutgoingMedia(Path("/kept/a.png"), "ab" * 32, "image/png", "A map", 40, 30)
    part = replace(a_part(network), media=(image,))
    moved = replace(part, media=(replace(image, path=Path("/elsewhere/a.png")),))
    assert payload(access, moved) == payload(access, part)
