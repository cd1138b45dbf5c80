"""Freezing a content document: numbers, renditions, hashes, and nothing of another desk."""

import json

import pytest
from sqlalchemy import select

from content_library.content import content_hash
from content_library.errors import InvalidInput
from content_library.media import add_picture
from content_library.media_store import StoredImage
from content_library.models.audit import AuditEntry
from content_library.models.media import Media
from content_library.models.post import Revision
from content_library.revisions import make_revision, searchable
from tests.factories import NOW, make_account, make_desk, make_post, make_user, page_of, save


@pytest.fixture
def desk(session):
    return make_desk(session)


@pytest.fixture
def maya(session, desk):
    return make_user(session, "Maya Okafor", desk=desk)


def a_picture(session, desk, person):
    stored = StoredImage("k.webp", "k-s.webp", "ab" * 32, "image/webp", 1600, 900, 1_000)
    return add_picture(session, desk, stored, actor=person, now=NOW)


def latest(session, post):
    return session.get_one(Revision, post.latest_revision_id)


def test_revisions_count_from_one_and_never_change(session, desk, maya):
    post = make_post(session, desk, maya, text="One.")
    first = latest(session, post)
    second = save(session, post, maya, text="Two.")
    assert (first.number, second.number, first.content["text"]) == (1, 2, "One.")


def test_every_account_gets_its_rendition_and_the_hash_covers_them(session, desk, maya):
    bluesky = make_account(session, desk)
    post = make_post(session, desk, maya, accounts=[bluesky.id, page_of(session, desk).id])
    revision = latest(session, post)
    assert {json.loads(r.payload)["network"] for r in revision.renditions} == {"page", "bluesky"}
    assert revision.content_hash == content_hash(revision.content, [r.sha256 for r in revision.renditions])


def test_an_account_of_another_desk_is_left_out(session, desk, maya):
    theirs = page_of(session, make_desk(session, "Other", "other"))
    post = make_post(session, desk, maya, accounts=[theirs.id])
    assert latest(session, post).content["accounts"] == []
    assert latest(session, post).renditions == []


def test_a_picture_of_another_desk_is_refused(session, desk, maya):
    other = make_desk(session, "Other", "other")
    theirs = a_picture(session, other, make_user(session, "Sam Stranger", desk=other))
    post = make_post(session, desk, maya)
    with pytest.raises(InvalidInput) as refusal:
        save(session, post, maya, media=[{"id": theirs.id, "sha256": theirs.sha256, "alt": "A kettle"}])
    assert set(refusal.value.fields) == {"media"}


def test_a_pictures_hash_comes_from_our_table_and_never_from_the_form(session, desk, maya):
    picture = a_picture(session, desk, maya)
    post = make_post(session, desk, maya, media=[{"id": picture.id, "sha256": "forged", "alt": "A kettle"}])
    assert latest(session, post).content["media"][0]["sha256"] == picture.sha256
    assert session.scalars(select(Media).join(Media.__table__.metadata.tables["post_media"])).all() == [
        picture
    ]


def test_making_a_revision_stands_in_the_record_with_its_hash(session, desk, maya):
    post = make_post(session, desk, maya)
    entry = session.scalars(select(AuditEntry).filter_by(verb="post.revised")).one()
    assert entry.payload.details["content_hash"] == latest(session, post).content_hash


def test_a_format_that_does_not_exist_is_refused(session, desk, maya):
    post = make_post(session, desk, maya)
    with pytest.raises(InvalidInput):
        make_revision(session, post, {**latest(session, post).content, "format": "poem"}, actor=maya, now=NOW)


def test_the_post_shows_what_its_newest_revision_says(session, desk, maya):
    post = make_post(session, desk, maya)
    save(
        session,
        post,
        maya,
        title="",
        text="First line.\nSecond.",
        evergreen=True,
        valid_until="2027-01-01T00:00",
    )
    assert (post.title, post.excerpt, post.is_evergreen) == ("First line.", "First line. Second.", True)
    assert post.valid_until.isoformat() == "2026-12-31T23:00:00+00:00"


def test_only_a_question_has_a_poll(session, desk, maya):
    poll = {"options": ["Dial", "Buttons"], "minutes": 60}
    post = make_post(session, desk, maya)
    with pytest.raises(InvalidInput) as refused:
        make_revision(session, post, {**latest(session, post).content, "poll": poll}, actor=maya, now=NOW)
    assert list(refused.value.fields) == ["poll_1"]
    question = make_post(session, desk, maya, format_key="improve", poll=poll)
    assert latest(session, question).content["poll"] == poll


def test_a_first_comment_and_options_are_part_of_what_is_cleared(session, desk, maya):
    bluesky = make_account(session, desk)
    post = make_post(session, desk, maya, format_key="improve", accounts=[bluesky.id])
    hashes = {latest(session, post).content_hash}
    for said in (
        {"first_comment": "Ask us."},
        {"first_comment": "Ask us here."},
        {"poll": {"options": ["A", "B"], "minutes": 60}},
        {"poll": {"options": ["A", "C"], "minutes": 60}},
        {"utm": {"medium": "social", "campaign": "c"}},
    ):
        hashes.add(save(session, post, maya, **said).content_hash)
    assert len(hashes) == 6


def test_a_post_is_found_by_its_options_and_its_first_comment(session, desk, maya):
    poll = {"options": ["Rhubarb", "Custard"], "minutes": 60}
    post = make_post(session, desk, maya, format_key="improve", poll=poll, first_comment="Marzipan.")
    assert {"Rhubarb", "Custard", "Marzipan."} <= set(searchable(post, latest(session, post).content))
