"""What is gathered about a post is everything that is known of it, and says itself whether it can be believed."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from content_library import record
from content_library.content import content_hash, rendition_hash
from content_library.errors import PermissionDenied
from content_library.models.audit import AuditEntry
from content_library.models.desk import Desk
from content_library.models.post import Post, Revision
from content_library.models.review import Verdict
from content_library.models.user import DeskRole, User
from content_library.sealing import seal
from scheduler import evidence, holds, settling
from scheduler.evidence_pack import with_files
from scheduler.models import Publication
from tests import factories as make

pytestmark = pytest.mark.network
KEY = "the key of the record"


@pytest.fixture
def published(road):
    """A post with a picture, cleared and published."""
    publication_id = road.plan_with_picture()
    road.go()
    with road.database.write() as session:
        seal(session, key=KEY, now=road.clock.advance(seconds=10))
    return publication_id


def gathered(road, *, seal_first=False):
    with road.database.write() as session:
        if seal_first:
            seal(session, key=KEY, now=road.clock.advance(seconds=10))
        post = session.scalars(select(Post)).one()
        lead = session.get_one(User, road.lead_id)
        return evidence.gather(session, post, actor=lead, now=road.clock(), key=KEY)


def test_every_section_is_there_and_is_plain_data(road, published):
    document = gathered(road)
    assert document.keys() == {"form", "made_at", "made_by", *evidence.SECTIONS}
    assert json.loads(json.dumps(document)) == document
    assert document["made_by"]["name"] == "Ines Vogt"


def test_the_hashes_can_be_made_again_from_the_document_alone(road, published):
    [revision] = gathered(road)["revisions"]["every"]
    renditions = revision["renditions"]
    assert [rendition_hash(r["payload"]) for r in renditions] == [r["sha256"] for r in renditions]
    assert content_hash(revision["content"], [r["sha256"] for r in renditions]) == revision["content_hash"]
    assert revision["matches_the_record"]


def test_each_decision_says_who_on_which_hash_and_how_they_were_identified(road, published):
    document = gathered(road)
    [submission] = document["submissions"]
    decisions = [d for review in submission["reviews"] for d in review["decisions"]]
    assert decisions
    assert {d["content_hash"] for d in decisions} == {document["revisions"]["every"][0]["content_hash"]}
    assert {d["identified_by"] for d in decisions} == {"password"}
    assert document["approvals"][0]["content_hash"] == submission["content_hash"]


def test_a_publication_says_what_was_sent_and_what_the_network_answered(road, published):
    [publication] = gathered(road)["publications"]
    assert publication["state"] == "published"
    [part] = publication["parts"]
    assert part["remote_id"]
    assert part["envelope_sha256"]
    assert part["sent"]["text"] == "Vinegar and water, twenty minutes, rinse twice."
    sent = [a for a in publication["attempts"] if a["outcome"] == "sent"]
    assert sent
    assert all(a["ended_at"] for a in sent)


def test_its_picture_is_in_it_by_hash(road, published):
    document = gathered(road)
    [picture] = document["media"]
    assert picture["alts"] == ["A kettle"]
    assert with_files(document, road.world.media_folder)["media"][0]["state"] == "kept"
    (road.world.media_folder / "kettle.jpg").write_bytes(b"another picture")
    changed = with_files(document, road.world.media_folder)["media"][0]
    assert changed["state"] == "changed on disk since it was approved"


def test_the_records_entries_about_it_stand_in_it_with_their_numbers_and_seals(road, published):
    document = gathered(road)
    verbs = [entry["verb"] for entry in document["record"]]
    for verb in ("post.created", "post.revised", "decision.approve", "approval.given", "publication.planned",
                 "publication.succeed"):  # fmt: skip
        assert any(v.startswith(verb) for v in verbs), (verb, verbs)
    assert {entry["seal"] for entry in document["record"]} == {"fits"}
    assert document["chain"]["seals_here_fit"]
    assert document["chain"]["head"]["seq"] >= max(entry["seq"] for entry in document["record"])


def test_other_posts_are_not_in_it(road, published):
    with road.database.write() as session:
        desk, lead = road.desk_and_lead(session)
        other = make.make_post(session, desk, lead, title="Another", topics=[])
        post = session.scalars(select(Post).order_by(Post.id)).first()
        document = evidence.gather(session, post, actor=lead, now=road.clock(), key=KEY)
        assert "Another" not in json.dumps(document)
        assert evidence.gather(session, other, actor=lead, now=road.clock(), key=KEY)["publications"] == []


def test_a_take_down_and_a_hold_are_in_it(road, published):
    with road.database.write() as session:
        desk, lead = road.desk_and_lead(session)
        stopped, _count = holds.stop_desk(session, desk, "Trouble.", actor=lead, now=road.clock())
        holds.lift(session, stopped, actor=lead, now=road.clock.advance(seconds=5))
        publication = session.get_one(Publication, published)
        settling.take_down(session, publication, actor=lead, now=road.clock())
    road.take_down()
    document = gathered(road)
    assert document["publications"][0]["taken_down_at"]
    assert document["publications"][0]["parts"][0]["taken_down_at"]
    assert [hold["reason"] for hold in document["holds"]] == ["Trouble."]
    assert document["holds"][0]["lifted_by"]["name"] == "Ines Vogt"
    assert "hold.placed" in [entry["verb"] for entry in document["record"]]


def test_a_tampered_entry_and_a_tampered_revision_show_in_it(road, published):
    with road.database.write() as session:
        session.execute(
            update(AuditEntry).where(AuditEntry.verb == "post.revised").values(actor_name="Nobody")
        )
        session.execute(update(Revision).values(content_hash="a" * 64))
    document = gathered(road)
    assert not document["chain"]["seals_here_fit"]
    assert [e["verb"] for e in document["record"] if e["seal"] != "fits"] == ["post.revised"]
    assert not document["revisions"]["match_the_record"]
    assert not document["revisions"]["every"][0]["matches_the_record"]


def test_what_waits_for_its_seal_is_counted(road, published):
    with road.database.write() as session:
        _desk, lead = road.desk_and_lead(session)
        post = session.scalars(select(Post)).one()
        evidence.note_pack(session, post, actor=lead, now=road.clock(), form="pdf", sha256="a" * 64, size=9)
    document = gathered(road)
    assert document["chain"]["waiting_for_their_seal"] == 1
    assert document["record"][-1]["seal"] == "waits for its seal"
    assert document["record"][-1]["details"] == {"form": "pdf", "sha256": "a" * 64, "bytes": 9}


def test_the_last_verification_is_said(road, published):
    assert gathered(road)["chain"]["last_verification"] is None
    with road.database.write() as session:
        desk, lead = road.desk_and_lead(session)
        verdict = record.Verdict(
            at=road.clock(), by="Ruth", ok=True, upto_seq=4, entries=4, flaws=0, problems=(), unsealed=0, against=None
        )  # fmt: skip
        record.keep_verdict(session, verdict, actor=lead, desk_id=desk.id)
    said = gathered(road)["chain"]["last_verification"]
    assert (said["upto_seq"], said["nothing_was_changed"]) == (4, True)


def test_a_finding_stands_in_it_with_what_the_author_said(road):
    with road.database.write() as session:
        desk = make.make_desk(session)
        maya = make.make_user(session, "Maya Okafor", desk=desk)
        road.lead_id = make.make_user(session, "Ines Vogt", desk=desk, role=DeskRole.LEAD).id
        reviewers = make.make_reviewers(session)
        post = make.make_post(
            session, desk, maya, text="It is free.", answers={"free": {"reason": "It is.", "evidence": "The list."}},
        )  # fmt: skip
        submission = make.submit(session, post, maya)
        review = next(r for r in submission.reviews if r.team.key in reviewers)
        make.decide(
            session, review, reviewers[review.team.key], Verdict.REQUEST_CHANGES, reason="Say for whom."
        )
        make.save(session, post, maya, text="It is free for you.", now=make.NOW + timedelta(minutes=5))
    document = gathered(road)
    [submission] = document["submissions"]
    finding = next(f for f in submission["findings"] if f["key"] == "free")
    assert (finding["reason"], finding["evidence"]) == ("It is.", "The list.")
    assert finding["places"][0]["words"] == "free"
    assert [d["reason"] for r in submission["reviews"] for d in r["decisions"]] == ["Say for whom."]
    assert [r["content"]["text"] for r in document["revisions"]["every"]] == [
        "It is free.",
        "It is free for you.",
    ]


def test_only_who_may_read_the_record_gets_it(road, published):
    with road.database.write() as session:
        desk = session.scalars(select(Desk)).one()
        post = session.scalars(select(Post)).one()
        for person in (make.make_user(session, "An Agent", desk=desk), make.make_user(session, "A Stranger")):
            with pytest.raises(PermissionDenied):
                evidence.gather(session, post, actor=person, now=road.clock(), key=KEY)
            with pytest.raises(PermissionDenied):
                evidence.note_pack(
                    session, post, actor=person, now=road.clock(), form="zip", sha256="", size=0
                )
