"""The evidence of a post in the browser: its page, every revision made again, and the two packs."""

import hashlib
import io
import json
import zipfile

import pypdfium2
import pytest
from sqlalchemy import select, update

from content_library.models.audit import AuditEntry
from content_library.models.post import Post, Revision
from content_library.models.user import User
from tests import factories as make
from tests.app.house import send, text_of
from tests.app.record.lives import TEXT, live

RECORD = "/d/brindlemoor/record"


@pytest.fixture
def life(house, clock, tmp_path):
    return live(house, clock, tmp_path)


def page_of(life):
    return f"{RECORD}/posts/{life.post_id}"


def pack(life, form, person="ruth"):
    return send(life.house.client(person), page_of(life), f"{page_of(life)}/pack", form=form)


def test_the_page_says_that_every_revision_matches_the_record(life):
    page = text_of(life.house.client("ruth").get(page_of(life)))
    assert "Every revision matches the record" in page
    assert page.count("matches</td>") == 2
    assert "password" in page
    assert "1 call to the network" in page


def test_a_changed_row_is_named_on_the_page_and_on_the_revisions_own(life):
    with life.house.database.write() as session:
        stored = session.scalars(select(Revision).where(Revision.number == 1)).one()
        session.execute(
            update(Revision)
            .where(Revision.id == stored.id)
            .values(content={**stored.content, "text": "Never said."})
        )
    client = life.house.client("ruth")
    page = text_of(client.get(page_of(life)))
    assert "Something does not match the record" in page
    assert f"Post {life.post_id}, revision 1: its text, media or renditions do not fit its hash." in page
    assert "Does not match the record" in text_of(client.get(f"{page_of(life)}/revisions/1"))
    assert "Matches the record" in text_of(client.get(f"{page_of(life)}/revisions/2"))


def test_every_interim_revision_is_shown_as_it_was(life):
    client = life.house.client("ruth")
    first, second = (text_of(client.get(f"{page_of(life)}/revisions/{n}")) for n in (1, 2))
    assert "First words." in first
    assert TEXT in second
    assert "Matches the record" in first
    assert client.get(f"{page_of(life)}/revisions/3").status_code == 404


def test_the_packs_files_hash_to_what_its_list_says_and_hold_the_real_text(life):
    answer = pack(life, "zip")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=evidence-brindlemoor-post-")
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    for line in archive.read("SHA256SUMS").decode().splitlines():
        sha256, name = line.split("  ", 1)
        assert hashlib.sha256(archive.read(name)).hexdigest() == sha256
    document = json.loads(archive.read("evidence.json"))
    assert document["revisions"]["every"][1]["content"]["text"] == TEXT
    assert document["media"][0]["file"] in archive.namelist()
    assert document["publications"][0]["state"] == "published"


def test_the_pdf_says_the_same_facts(life):
    answer = pack(life, "pdf")
    assert answer.mimetype == "application/pdf"
    pdf = pypdfium2.PdfDocument(answer.data)
    text = "\n".join(page.get_textpage().get_text_range() for page in pdf)
    pdf.close()
    with life.house.database.read() as session:
        hashes = session.scalars(select(Revision.content_hash)).all()
        last = max(seq for seq in session.scalars(select(AuditEntry.seq)) if seq)
    for said in (*hashes, "First words.", "All 2 match the record.", "The seal of every entry in this pack fits.",
                 f"entry {last}", "password", "Public page", "Page 1 of"):  # fmt: skip
        assert said in text, said


def test_a_poll_a_first_comment_and_what_links_tell_are_in_both(life):
    with life.house.database.write() as session:
        post = session.get_one(Post, life.post_id)
        mastodon = make.make_account(session, post.desk, network="mastodon", handle="m@social.example")
        make.save(
            session, post, session.get_one(User, life.house.people["maya"].id), format="improve",
            text="Dial or buttons? https://a.example", accounts=[mastodon.id], first_comment="Ask us here.", media=[],
            poll={"options": ["Dial", "Buttons"], "minutes": 1_440}, utm={"medium": "social", "campaign": "lids"},
        )  # fmt: skip
    pdf = pypdfium2.PdfDocument(pack(life, "pdf").data)
    text = "\n".join(page.get_textpage().get_text_range() for page in pdf)
    pdf.close()
    for said in ("First comment", "Ask us here.", "Poll, open for 1 day", "( ) Buttons", "campaign: lids"):
        assert said in text, said
    document = json.loads(zipfile.ZipFile(io.BytesIO(pack(life, "zip").data)).read("evidence.json"))
    newest = document["revisions"]["every"][-1]
    assert newest["content"]["poll"]["options"] == ["Dial", "Buttons"]
    sent = json.loads(newest["renditions"][0]["payload"])
    assert sent["parts"][1] == {"comment": True, "media": [], "text": "Ask us here."}
    assert sent["links"] == ["https://a.example?utm_source=mastodon&utm_medium=social&utm_campaign=lids"]


def test_making_a_pack_is_itself_in_the_record_with_the_hash_of_its_bytes(life):
    answer = pack(life, "zip")
    with life.house.database.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.verb == "evidence.packed")).one()
        assert entry.actor_name == "Ruth Adler"
        assert entry.payload.details == {
            "form": "zip", "sha256": hashlib.sha256(answer.data).hexdigest(), "bytes": len(answer.data)
        }  # fmt: skip


def test_a_pack_without_its_pictures_says_so(life):
    (life.media / "kettle.jpg").unlink()
    archive = zipfile.ZipFile(io.BytesIO(pack(life, "zip").data))
    assert json.loads(archive.read("evidence.json"))["media"][0]["state"] == "missing on disk"
    assert pack(life, "pdf").status_code == 200


def test_a_pack_of_a_post_that_was_never_submitted(life):
    with life.house.database.write() as session:
        from tests import factories as make

        desk = session.merge(life.house.desk)
        post = make.make_post(
            session, desk, session.merge(life.house.people["maya"]), title="", text="", topics=[]
        )
        life.post_id = post.id
    for form in ("zip", "pdf"):
        assert pack(life, form).status_code == 200


@pytest.mark.parametrize("form", ["", "exe"])
def test_an_unknown_form_leads_back(life, form):
    answer = pack(life, form)
    assert (answer.status_code, answer.headers["Location"]) == (303, page_of(life))


@pytest.mark.parametrize(
    ("who", "allowed"), [("ruth", True), ("priya", True), ("sam", True), ("maya", False)]
)
def test_the_post_offers_its_packs_to_who_may_read_the_record(life, who, allowed):
    page = text_of(life.house.client(who).get(f"/d/brindlemoor/posts/{life.post_id}"))
    assert ("Evidence pack (.zip)" in page) is allowed
    assert (life.house.client(who).get(page_of(life)).status_code == 200) is allowed


def test_the_post_of_another_desk_is_not_found(life):
    assert life.house.client("ruth").get(f"{RECORD}/posts/99999").status_code == 404
    assert life.house.client("ruth").get(f"{RECORD}/posts/99999/revisions/1").status_code == 404
