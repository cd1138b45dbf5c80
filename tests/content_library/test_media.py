"""The desk's pictures: taken in, described, found, and where they are used."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from content_library.errors import InvalidInput, NotFound, PermissionDenied
from content_library.media import (
    LONGEST_ALT,
    add_picture,
    describe,
    find_pictures,
    get_picture,
    pictures_by_hash,
    pictures_by_id,
    used_in,
)
from content_library.media_store import StoredImage
from content_library.models.audit import AuditEntry
from content_library.models.user import DeskRole
from tests.factories import NOW, make_desk, make_post, make_user, save


@pytest.fixture
def desk(session):
    return make_desk(session)


@pytest.fixture
def maya(session, desk):
    return make_user(session, "Maya Okafor", desk=desk)


def stored(number=1):
    return StoredImage(
        f"{number}.webp", f"{number}-s.webp", f"{number:064x}", "image/webp", 1600, 900, 12_345
    )


def added(session, desk, person, number=1, **said):
    return add_picture(
        session, desk, stored(number), actor=person, now=NOW + timedelta(minutes=number), **said
    )


def test_a_picture_is_kept_with_its_words_and_stands_in_the_record(session, desk, maya):
    picture = added(session, desk, maya, alt=" A kettle ", rights="Ours", original_name="kettle.png")
    assert (picture.alt, picture.rights, picture.sha256) == ("A kettle", "Ours", f"{1:064x}")
    assert session.scalars(select(AuditEntry).filter_by(verb="media.added")).one().subject_id == picture.id


def test_a_file_name_never_decides_where_something_lies(session, desk, maya):
    picture = added(session, desk, maya, original_name="../../etc/passwd")
    assert (picture.name, picture.original_name) == ("1.webp", "../../etc/passwd")


def test_an_auditor_adds_and_describes_nothing(session, desk, maya):
    ruth = make_user(session, "Ruth Adler", desk=desk, role=DeskRole.AUDITOR)
    with pytest.raises(PermissionDenied):
        added(session, desk, ruth)
    picture = added(session, desk, maya)
    with pytest.raises(PermissionDenied):
        describe(session, picture, alt="A", rights="", actor=ruth, now=NOW)


def test_words_that_are_too_long_are_refused_at_their_field(session, desk, maya):
    with pytest.raises(InvalidInput) as refusal:
        added(session, desk, maya, alt="x" * (LONGEST_ALT + 1))
    assert set(refusal.value.fields) == {"alt"}


def test_describing_it_again_changes_no_post_that_uses_it(session, desk, maya):
    picture = added(session, desk, maya, alt="A kettle")
    post = make_post(
        session, desk, maya, media=[{"id": picture.id, "sha256": picture.sha256, "alt": "Our kettle"}]
    )
    describe(session, picture, alt="A teal kettle", rights="Ours", actor=maya, now=NOW)
    assert picture.alt == "A teal kettle"
    assert post.revisions[0].content["media"][0]["alt"] == "Our kettle"


def test_another_desks_picture_is_not_found(session, desk, maya):
    picture = added(session, desk, maya)
    other = make_desk(session, "Other", "other")
    with pytest.raises(NotFound):
        get_picture(session, other.id, picture.id)
    assert pictures_by_id(session, other.id, [picture.id]) == {}
    assert pictures_by_hash(session, other.id, [picture.sha256]) == {}


def test_pictures_are_found_by_how_their_words_begin_the_newest_first(session, desk, maya):
    added(session, desk, maya, 1, alt="Käsereibe auf einem Tisch")
    added(session, desk, maya, 2, original_name="kaesereibe.png", rights="Foto: Ängström")
    added(session, desk, maya, 3, alt="A kettle")
    assert [p.name for p in find_pictures(session, desk.id, "KÄSE").pictures] == ["1.webp"]
    assert [p.name for p in find_pictures(session, desk.id, "angst").pictures] == ["2.webp"]
    assert [p.name for p in find_pictures(session, desk.id).pictures] == ["3.webp", "2.webp", "1.webp"]


def test_a_page_of_pictures_says_where_it_stands(session, desk, maya):
    for number in range(1, 6):
        added(session, desk, maya, number)
    found = find_pictures(session, desk.id, page=2, per_page=2)
    assert [p.name for p in found.pictures] == ["3.webp", "2.webp"]
    assert (found.first, found.last, found.total, found.pages) == (3, 4, 5, 3)


def test_where_it_is_used_follows_the_newest_revision(session, desk, maya):
    picture = added(session, desk, maya, alt="A kettle")
    post = make_post(
        session, desk, maya, media=[{"id": picture.id, "sha256": picture.sha256, "alt": "A kettle"}]
    )
    assert used_in(session, [picture]) == {picture.id: [post]}
    save(session, post, maya, media=[])
    assert used_in(session, [picture]) == {picture.id: []}
