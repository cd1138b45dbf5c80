"""A pack can be checked by whoever has it, with nothing of ours."""

import hashlib
import io
import json
import zipfile
from datetime import datetime, timedelta, timezone
from enum import StrEnum

import pytest

from scheduler.evidence_pack import DOCUMENT, SUMS, plain, sha256_of, with_files, write_pack, written

PICTURE = b"a picture of a kettle"
HASH = hashlib.sha256(PICTURE).hexdigest()


class Colour(StrEnum):
    TEAL = "teal"


def document(*pictures):
    return {"made_at": "2026-11-03T09:00:01+00:00", "title": "Zoë 😀", "media": list(pictures)}


def picture(sha256=HASH, name="kettle.jpg"):
    return {"sha256": sha256, "name": name}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "kettle.jpg").write_bytes(PICTURE)
    return tmp_path


def packed(folder, *pictures, **options):
    file = io.BytesIO()
    write_pack(file, with_files(document(*pictures), folder, **options), folder)
    return zipfile.ZipFile(file)


def test_every_file_hashes_to_what_the_list_says(folder):
    pack = packed(folder, picture())
    sums = dict(reversed(line.split("  ", 1)) for line in pack.read(SUMS).decode().splitlines())
    assert sums.keys() == set(pack.namelist()) - {SUMS}
    assert {name: hashlib.sha256(pack.read(name)).hexdigest() for name in sums} == sums
    assert f"media/{HASH}.jpg" in sums


def test_the_document_is_canonical_and_keeps_every_character(folder):
    text = packed(folder).read(DOCUMENT).decode()
    assert "Zoë 😀" in text
    assert list(json.loads(text)) == sorted(json.loads(text))
    assert written(json.loads(text)).decode() == text


def test_the_same_document_gives_the_same_bytes(folder):
    first, second = io.BytesIO(), io.BytesIO()
    for file in (first, second):
        write_pack(file, with_files(document(picture()), folder), folder)
    assert first.getvalue() == second.getvalue()


@pytest.mark.parametrize(
    ("what", "state"),
    [
        (picture(), "kept"),
        (picture(name="gone.jpg"), "missing on disk"),
        (picture(name=None), "no longer kept"),
        (picture(sha256="a" * 64), "changed on disk since it was approved"),
    ],
    ids=["kept", "missing", "deleted", "changed"],
)
def test_each_picture_says_whether_it_is_the_one_that_was_approved(folder, what, state):
    [found] = with_files(document(what), folder)["media"]
    assert found["state"] == state
    assert (found["file"] is not None) == (state == "kept")


def test_what_is_too_much_is_left_out_in_words(folder):
    (folder / "second.jpg").write_bytes(PICTURE * 2)
    second = picture(hashlib.sha256(PICTURE * 2).hexdigest(), "second.jpg")
    states = [m["state"] for m in with_files(document(second, picture()), folder, most=30)["media"]]
    assert states == ["left out: the pictures of this pack are more than 0 MB together", "kept"]
    assert packed(folder, second, picture(), most=30).namelist()[-2] == f"media/{HASH}.jpg"


def test_instants_are_written_in_utc_and_enums_by_value():
    there = timezone(timedelta(hours=2))
    found = plain({1: (datetime(2026, 5, 1, 12, tzinfo=there), Colour.TEAL, None, {"a": {"b"}})})
    assert found == {"1": ["2026-05-01T10:00:00+00:00", "teal", None, {"a": ["b"]}]}


def test_a_file_is_hashed_from_its_beginning_and_left_there():
    file = io.BytesIO(PICTURE)
    file.seek(5)
    assert sha256_of(file) == (HASH, len(PICTURE))
    assert file.tell() == 0
