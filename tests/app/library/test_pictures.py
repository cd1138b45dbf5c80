"""The pictures' pages: adding, describing, finding, and who is sent the bytes."""

import io

import pytest
from PIL import Image
from sqlalchemy import select

from content_library.models.media import Media
from tests import factories as make
from tests.app.posts.conftest import Browser, World, words

HERE = "/d/brindlemoor/media"


def png(colour: str = "#0b5a60", size: tuple[int, int] = (60, 40)) -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    out.seek(0)
    return out


@pytest.fixture
def picture_id(maya: Browser, world: World) -> int:
    answer = maya.send(HERE, {"upload": (png(), "kettle.png"), "alt": "A teal square", "rights": "Ours"})
    assert answer.status_code == 303
    with world.database.read() as session:
        return session.scalars(select(Media.id)).one()


def test_a_picture_is_added_and_shown_with_its_words(maya: Browser, picture_id: int):
    page = maya.open(HERE)
    assert page.xpath(f"//img[@src='{HERE}/{picture_id}/thumb']/@alt") == ["A teal square"]
    assert "Not used yet" in words(page)
    assert "1–1 of 1 pictures" in words(page)


def test_a_script_gets_the_fields_for_the_composer(maya: Browser):
    answer = maya.send(HERE, {"upload": (png(), "kettle.png")}, json=True)
    assert answer.status_code == 201
    assert f'name="alt_{answer.json["id"]}"' in answer.json["html"]


@pytest.mark.parametrize(
    "data", [b"", b"%PDF-1.7", b"GIF89a" + b"\x00" * 20, b"<svg xmlns='http://www.w3.org/2000/svg'/>"]
)
def test_what_is_no_picture_is_refused_with_a_sentence_and_leaves_nothing(
    maya: Browser, world: World, data: bytes, application
):
    told = maya.send(HERE, {"upload": (io.BytesIO(data), "x.png")}, json=True)
    assert told.status_code == 422
    assert told.json["message"]
    with world.database.read() as session:
        assert session.scalars(select(Media)).all() == []
    folder = application.extensions["deskcast.settings"].media_folder
    assert not folder.exists() or list(folder.iterdir()) == []


@pytest.mark.parametrize("megabytes", [21, 26])
def test_a_file_that_is_too_large_is_refused_with_a_sentence(maya: Browser, megabytes: int):
    head = b'--x\r\nContent-Disposition: form-data; name="upload"; filename="x.png"\r\n\r\n\x89PNG'
    body = head + b"x" * (megabytes * 1_000_000) + b"\r\n--x--\r\n"
    told = maya.client.post(
        HERE,
        input_stream=io.BytesIO(body),
        content_length=len(body),
        content_type="multipart/form-data; boundary=x",
        headers={"Accept": "application/json"},
    )
    assert told.status_code in (413, 422)
    assert "20 MB" in told.json["message"]


def test_no_file_at_all_is_refused_at_the_field_and_the_words_stay(maya: Browser):
    answer = maya.send(HERE, {"alt": "Words to keep"})
    assert answer.status_code == 422
    assert "Choose a picture first." in answer.text
    assert "Words to keep" in answer.text


def test_the_bytes_go_to_people_of_the_desk_and_nobody_else(
    maya: Browser, ruth: Browser, application, world: World, picture_id: int
):
    for path in (f"{HERE}/{picture_id}", f"{HERE}/{picture_id}/thumb"):
        answer = ruth.client.get(path, buffered=True)
        assert answer.status_code == 200
        assert Image.open(io.BytesIO(answer.data)).size
        assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert make.client_for(application, world.stranger).get(path).status_code == 404
        assert (
            make.client_for(application, world.stranger).get(path.replace("brindlemoor", "other")).status_code
            == 404
        )
        assert make.client_for(application, None).get(path).status_code == 303


def test_describing_it_says_where_it_is_used(maya: Browser, world: World, picture_id: int):
    world.post(title="Shows it", media=[{"id": picture_id, "sha256": "", "alt": "A square"}])
    page = maya.open(f"{HERE}/{picture_id}/about")
    assert "Shows it" in words(page)
    sent = {"alt": "A square of teal", "rights": "CC0", "sha256": "x", "is_public": "1", "desk_id": "2"}
    assert maya.send(f"{HERE}/{picture_id}/about", sent).status_code == 303
    with world.database.read() as session:
        picture = session.scalars(select(Media)).one()
        assert (picture.alt, picture.rights, picture.is_public) == ("A square of teal", "CC0", False)
        assert picture.desk_id == world.desk.id
    assert "Shows it" in words(maya.open(HERE))


def test_pictures_are_found_by_their_words(maya: Browser, picture_id: int):
    maya.send(HERE, {"upload": (png("#ffffff"), "lid.png"), "alt": "A lid"})
    assert maya.open(f"{HERE}?q=teal").xpath("count(//li[contains(@class, 'picture-card')])") == 1
    assert "Nothing found" in words(maya.open(f"{HERE}?q=zzz"))
    part = maya.client.get(f"{HERE}?q=lid", headers={"HX-Request": "true"})
    assert part.text.count("data-pick") == 1


def test_an_auditor_looks_and_adds_nothing(ruth: Browser, maya: Browser, picture_id: int):
    assert ruth.open(HERE).xpath("//form[@enctype]") == []
    assert ruth.send(HERE, {"upload": (png(), "x.png")}).status_code == 403
    assert ruth.send(f"{HERE}/{picture_id}/about", {"alt": "x"}).status_code == 403
