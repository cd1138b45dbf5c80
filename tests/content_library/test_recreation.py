"""Every revision is made again and compared with the record; whatever was changed in a row is named."""

import json

import pytest
from sqlalchemy import delete, update

from content_library import posts
from content_library.content import canonical_json, content_hash, rendition_hash
from content_library.models.audit import AuditEntry, AuditPayload
from content_library.models.post import Rendition, Revision, revision_authors
from content_library.recreation import Progress, prove_part, prove_post
from tests import factories as make
from tests.content_library.scene import make_scene


@pytest.fixture
def scene(session):
    return make_scene(session)


@pytest.fixture
def post(scene):
    """Three revisions, the second by another person."""
    post = scene.post(accounts=[make.page_of(scene.session, scene.desk).id])
    make.save(scene.session, post, scene.jonas, text="Citric acid and water.")
    make.save(scene.session, post, scene.maya, text="Vinegar, and then citric acid. 😀 שלום")
    return post


def proved(scene, post):
    scene.session.flush()
    scene.session.expire_all()
    return [str(mismatch) for mismatch in prove_post(scene.session, post)]


def of(post, number):
    return (Revision.post_id == post.id, Revision.number == number)


def revision(scene, post, number):
    scene.session.flush()
    return next(r for r in post.revisions if r.number == number)


def test_what_nobody_touched_matches_the_record(scene, post):
    assert proved(scene, post) == []


def test_it_still_matches_when_the_details_of_the_record_were_erased(scene, post):
    scene.session.flush()
    scene.session.execute(delete(AuditPayload))
    assert proved(scene, post) == []


@pytest.mark.parametrize("erased", [False, True])
def test_a_changed_text_is_named_with_its_revision(scene, post, erased):
    stored = revision(scene, post, 2)
    content = {**stored.content, "text": "Nothing of the kind."}
    scene.session.execute(update(Revision).where(*of(post, 2)).values(content=content))
    if erased:
        scene.session.execute(delete(AuditPayload))
    assert proved(scene, post) == [
        f"Post {post.id}, revision 2: its text, media or renditions do not fit its hash."
    ]


def test_a_changed_text_with_a_hash_made_to_fit_differs_from_the_record(scene, post):
    stored = revision(scene, post, 2)
    content = {**stored.content, "text": "Nothing of the kind."}
    forged = content_hash(content, [r.sha256 for r in stored.renditions])
    values = {"content": content, "content_hash": forged}
    scene.session.execute(update(Revision).where(*of(post, 2)).values(values))
    [found] = proved(scene, post)
    assert found.startswith(f"Post {post.id}, revision 2: its hash is {forged[:12]}…, but the record says ")


def test_a_forged_revision_is_found_without_the_details_of_the_record(scene, post):
    stored = revision(scene, post, 2)
    content = {**stored.content, "text": "Nothing of the kind."}
    forged = content_hash(content, [r.sha256 for r in stored.renditions])
    values = {"content": content, "content_hash": forged}
    scene.session.execute(update(Revision).where(*of(post, 2)).values(values))
    scene.session.execute(delete(AuditPayload))
    found = proved(scene, post)
    assert found[0] == f"Post {post.id}, revision 2: the record knows no revision like it."
    assert "a revision is gone, or was replaced" in found[1]


def test_a_changed_rendition_is_named_with_its_account(scene, post):
    stored = revision(scene, post, 3).renditions[0]
    payload = json.loads(stored.payload)
    payload["parts"][0]["text"] = "Nothing of the kind."
    scene.session.execute(
        update(Rendition).where(Rendition.id == stored.id).values(payload=canonical_json(payload))
    )
    assert proved(scene, post) == [
        f"Post {post.id}, revision 3: what was to go out on {stored.account.handle} does not fit its hash."
    ]


def test_a_changed_rendition_with_its_own_hash_does_not_fit_the_revisions(scene, post):
    stored = revision(scene, post, 3).renditions[0]
    changed = stored.payload.replace("Vinegar", "Bleach")
    values = {"payload": changed, "sha256": rendition_hash(changed)}
    scene.session.execute(update(Rendition).where(Rendition.id == stored.id).values(values))
    assert "do not fit its hash" in proved(scene, post)[0]


def test_a_revision_that_was_removed_is_missed_by_the_record(scene, post):
    gone = revision(scene, post, 2)
    scene.session.execute(delete(Rendition).where(Rendition.revision_id == gone.id))
    scene.session.execute(delete(revision_authors).where(revision_authors.c.revision_id == gone.id))
    scene.session.execute(delete(Revision).where(*of(post, 2)))
    scene.session.expunge_all()
    post = posts.get_post(scene.session, scene.desk.id, post.id)
    [found] = proved(scene, post)
    assert "a revision is gone, or was replaced" in found
    assert "knows “Revision 2 of “Descale your kettle””" in found


def test_a_revision_that_was_put_in_is_unknown_to_the_record(scene, post):
    first = revision(scene, post, 1)
    scene.session.add(
        Revision(
            post=post, number=9, content=first.content, content_hash=content_hash(first.content, []),
            created_by_id=scene.maya.id, created_at=make.NOW,
        )
    )  # fmt: skip
    assert proved(scene, post) == [f"Post {post.id}, revision 9: the record knows no revision like it."]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"number": 7}, "the record calls it “Revision 2 of"),
        ({"created_at": make.NOW.replace(year=2020)}, "when it was made, or by whom"),
    ],
    ids=["number", "time"],
)
def test_a_changed_number_or_time_is_named(scene, post, values, said):
    scene.session.execute(update(Revision).where(*of(post, 2)).values(values))
    assert said in " ".join(proved(scene, post))


def test_another_author_is_named(scene, post):
    scene.session.execute(update(Revision).where(*of(post, 2)).values(created_by_id=scene.priya.id))
    assert "when it was made, or by whom" in proved(scene, post)[0]


def walk(session, most):
    on, parts = Progress(), 0
    while (further := prove_part(session, on, most=most)) != on:
        on, parts = further, parts + 1
    return on, parts


def test_all_posts_are_proved_in_parts_with_the_same_outcome(scene, post):
    others = [scene.post(title=f"Post {number}", topics=[]) for number in range(4)]
    scene.session.flush()
    assert walk(scene.session, 2) == (Progress(others[-1].id, 7), 3)
    scene.session.execute(update(Revision).where(*of(others[2], 1)).values(content_hash="a" * 64))
    on, parts = walk(scene.session, 2)
    assert (parts, on.ok, on.flaws, on.revisions) == (3, False, 2, 7)
    assert on == walk(scene.session, 200)[0]
    assert all(sentence.startswith(f"Post {others[2].id}, revision 1: ") for sentence in on.sentences())


def test_a_post_that_was_removed_whole_is_missed(scene, post):
    scene.session.flush()
    entries = update(AuditEntry).where(AuditEntry.subject_type == "post", AuditEntry.verb == "post.revised")
    scene.session.execute(entries.values(subject_id=post.id + 5_000))
    on, _parts = walk(scene.session, 2)
    assert on.flaws == 6
    assert f"Post {post.id + 5_000}: a revision is gone" in on.sentences()[3]


def test_an_empty_library_is_proved():
    assert Progress().sentences() == ["All 0 revisions match the record."]
