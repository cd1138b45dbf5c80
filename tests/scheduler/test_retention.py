"""What is past its time goes, what a hold covers stays, and the record and its evidence outlive both."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from content_library import audit, legal_holds, posts, recreation, sealing
from content_library.errors import InvalidInput, PermissionDenied
from content_library.models.audit import AuditEntry, AuditPayload
from content_library.models.desk import Desk
from content_library.models.feed import Feed, FeedItem, Proposal, ProposalState, Story, Subscription
from content_library.models.media import Media
from content_library.models.notice import Mail, Notice
from content_library.models.post import Post, PostState, Revision, WorkingCopy
from content_library.models.review import Approval, Decision
from content_library.models.user import DeskRole, LinkPurpose, OneTimeLink, User
from scheduler import evidence, retention
from scheduler.evidence_pack import with_files
from scheduler.models import Attempt, AttemptOutcome
from tests import factories as make
from tests.support.pictures import make_picture

pytestmark = pytest.mark.network
KEY = "the key of the record"
ALL = {kind.key: retention.FEWEST_DAYS for kind in retention.KINDS}
NEVER = dict.fromkeys(ALL)
ENDED = 40  # days


@pytest.fixture
def ground(road):
    """A published post with its picture, and one old thing of each kind beside it; forty days later."""
    publication_id = road.plan_with_picture()
    road.go()
    with road.database.write() as session:
        desk, lead = road.desk_and_lead(session)
        _old_things(session, road, desk, lead, publication_id)
        make.make_user(session, "Ruth Adler", desk=desk, role=DeskRole.AUDITOR)
        make.make_user(session, "Sam Ito", is_administrator=True)
        sealing.seal(session, key=KEY, now=road.clock.advance(seconds=10))
    road.clock.advance(days=ENDED)
    return road


def _old_things(session, road, desk, lead, publication_id):
    now = road.clock()
    post = session.scalars(select(Post)).one()
    notice = {"user_id": lead.id, "kind": "x", "subject_type": "post", "text": "x", "created_at": now}
    session.add(Notice(**notice, subject_id=991, desk_id=desk.id, read_at=now))
    session.add(Mail(to="a@b.example", subject="x", text="x", created_at=now, due_at=now, sent_at=now))
    session.add(
        OneTimeLink(secret_hash="a" * 64, purpose=LinkPurpose.PASSWORD_RESET, created_at=now, expires_at=now)
    )
    audit.record(session, "user.signed_in", lead, actor=lead, now=now, summary="Signed in",
                 details={"identified_by": "password", "address": "192.0.2.7"})  # fmt: skip
    posts.working_copy(session, post, actor=lead, now=now)
    session.add(
        Attempt(publication_id=publication_id, position=0, fence=1, act="send", outcome=AttemptOutcome.NOT_SENT,
                started_at=now, ended_at=now, status=503, request={}, response={"error": "busy"}, message="Busy.")
    )  # fmt: skip
    _stories(session, desk, lead, now)
    archived = make.make_post(
        session, desk, lead, title="Put away", media=[_picture(session, road, desk, lead)], topics=[]
    )
    posts.archive(session, archived, actor=lead, now=now)


def _stories(session, desk, lead, now):
    feed = Feed(url="http://127.0.0.1:9/x.xml", due_at=now, created_at=now)
    session.add(feed)
    session.flush()
    subscription = Subscription(desk_id=desk.id, feed_id=feed.id, format_key="industry_news", added_by_id=lead.id,
                                added_at=now)  # fmt: skip
    session.add(subscription)
    for name, state in (("used", ProposalState.ACCEPTED), ("unused", ProposalState.PROPOSED)):
        story = Story(link=f"https://news.example/{name}", title=name, first_seen_at=now)
        session.add(story)
        session.flush()
        item = FeedItem(feed_id=feed.id, story_id=story.id, key=name, title=name, summary_text="Long.",
                        published_at=now, date_source="feed", first_seen_at=now)  # fmt: skip
        session.add(item)
        session.flush()
        session.add(
            Proposal(desk_id=desk.id, story_id=story.id, item_id=item.id, subscription_id=subscription.id, state=state,
                     proposed_at=now, dated_at=now)
        )  # fmt: skip


def _picture(session, road, desk, lead, name="a" * 32):
    for ending in ("", "-thumb"):
        (road.world.media_folder / f"{name}{ending}.jpg").write_bytes(b"another picture")
    picture = make_picture(session, desk, lead, sha256="b" * 64, name=name)
    return {"id": picture.id, "sha256": picture.sha256, "alt": ""}


def person(session, name):
    return session.scalars(select(User).where(User.name == name)).one()


def keep(road, **days):
    with road.database.write() as session:
        retention.set_periods(session, {**NEVER, **days}, actor=person(session, "Sam Ito"), now=road.clock())


def tidied(road):
    return retention.tidy(road.database, road.world.media_folder)


def held(road, *, post_id=None):
    with road.database.write() as session:
        desk = session.scalars(select(Desk)).one()
        legal_holds.place(
            session, desk, "A case.", actor=person(session, "Ruth Adler"), now=road.clock(), post_id=post_id
        )


def would_go(road, wanted=ALL):
    with road.database.read() as session:
        return retention.preview(session, wanted, now=road.clock())


EXPECTED = {
    "mails": 1,
    "sign_ins": 1,
    "links": 1,
    "working_copies": 1,
    "feed_texts": 1,
    "answers": 1,
    "pictures": 1,
}


def test_the_preview_says_what_a_round_then_does(ground):
    said = would_go(ground)
    assert said.items() >= EXPECTED.items()
    keep(ground, **ALL)
    assert tidied(ground) == {key: count for key, count in said.items() if count}
    assert not any(would_go(ground).values())


def test_nothing_goes_before_its_time_or_when_it_is_kept_for_ever(ground):
    assert not any(would_go(ground, dict.fromkeys(ALL, ENDED + 1)).values())
    keep(ground)
    assert tidied(ground) == {}


def test_a_round_is_one_entry_in_the_record_with_its_counts(ground):
    keep(ground, mails=30, links=30)
    tidied(ground)
    tidied(ground)
    with ground.database.read() as session:
        [entry] = session.scalars(select(AuditEntry).where(AuditEntry.verb == retention.TIDIED))
        assert entry.summary == "Deleted what was past its time: 1 mails, 1 used-up links"
        assert entry.payload.details == {"mails": 1, "links": 1}


def test_deleting_everything_that_may_go_never_touches_the_record_or_its_evidence(ground):
    keep(ground, **ALL)
    kept = (AuditEntry, Revision, Decision, Approval, Attempt, Post)
    with ground.database.write() as session:
        sealing.seal(session, key=KEY, now=ground.clock.advance(seconds=10))
        counts = [session.scalar(select(func.count()).select_from(table)) for table in kept]
    assert tidied(ground).keys() >= EXPECTED.keys()
    with ground.database.write() as session:
        after = [session.scalar(select(func.count()).select_from(table)) for table in kept]
        assert after == [counts[0] + 1, *counts[1:]]
        sealing.seal(session, key=KEY, now=ground.clock.advance(seconds=10))
        verification = sealing.verify(session, key=KEY, now=ground.clock())
        assert verification.ok, verification.problems
        assert recreation.prove_part(session, recreation.Progress()).ok
        _the_evidence_is_whole(session, ground)


def _the_evidence_is_whole(session, road):
    post = session.scalars(select(Post).where(Post.state != PostState.ARCHIVED)).one()
    document = evidence.gather(session, post, actor=person(session, "Ruth Adler"), now=road.clock(), key=KEY)
    assert document["revisions"]["match_the_record"]
    assert document["chain"]["seals_here_fit"]
    assert with_files(document, road.world.media_folder)["media"][0]["state"] == "kept"
    attempts = {a["outcome"]: a for a in document["publications"][0]["attempts"]}
    assert attempts["sent"]["ended_at"]
    assert (attempts["not_sent"]["response"], attempts["not_sent"]["status"]) == ({}, 503)
    assert [d for s in document["submissions"] for r in s["reviews"] for d in r["decisions"]]


def test_a_hold_on_the_desk_keeps_everything_of_it(ground):
    keep(ground, **ALL)
    held(ground)
    assert tidied(ground).keys() <= {"links"}


def test_a_hold_on_one_post_keeps_what_is_of_it_and_what_might_be(ground):
    keep(ground, **ALL)
    with ground.database.read() as session:
        published = session.scalars(select(Post.id).where(Post.state != PostState.ARCHIVED)).one()
    held(ground, post_id=published)
    gone = tidied(ground)
    assert gone.keys() == {"links", "feed_texts", "pictures"}


def test_a_hold_on_an_archived_post_keeps_its_pictures(ground):
    keep(ground, **ALL)
    with ground.database.read() as session:
        archived = session.scalars(select(Post.id).where(Post.state == PostState.ARCHIVED)).one()
    held(ground, post_id=archived)
    assert "pictures" not in tidied(ground)


def test_when_the_hold_is_lifted_the_periods_hold_again(ground):
    keep(ground, **ALL)
    held(ground)
    with ground.database.write() as session:
        desk = session.scalars(select(Desk)).one()
        [hold] = legal_holds.legal_holds(session, desk.id)
        legal_holds.lift(session, hold, "Settled.", actor=person(session, "Ruth Adler"), now=ground.clock())
    assert tidied(ground).keys() >= EXPECTED.keys()


def test_a_picture_goes_with_its_files_and_only_where_nothing_that_stays_shows_it(ground):
    keep(ground, pictures=30)
    assert tidied(ground) == {"pictures": 1}
    assert [path.name for path in ground.world.media_folder.glob("*.jpg")] == ["kettle.jpg"]
    with ground.database.read() as session:
        assert session.scalars(select(Media.name)).all() == ["kettle.jpg"]


def test_a_picture_that_only_an_interim_revision_of_a_published_post_shows_stays(ground):
    keep(ground, pictures=30)
    with ground.database.write() as session:
        revision = session.scalars(select(Revision).order_by(Revision.id)).first()
        other = session.scalars(select(Media).where(Media.name.startswith("a"))).one()
        media = [*revision.content["media"], {"id": other.id, "sha256": other.sha256, "alt": ""}]
        session.execute(
            update(Revision)
            .where(Revision.id == revision.id)
            .values(content={**revision.content, "media": media})
        )
    assert tidied(ground) == {}


def test_the_only_text_of_a_post_is_not_thrown_away(ground):
    keep(ground, working_copies=30)
    with ground.database.write() as session:
        desk, lead = ground.desk_and_lead(session)
        then = ground.clock() - timedelta(days=35)
        posts.create_post(session, desk, "how_to", actor=lead, now=then, text="A first draft.")
    assert tidied(ground) == {"working_copies": 1}
    with ground.database.read() as session:
        assert [copy.content["text"] for copy in session.scalars(select(WorkingCopy))] == ["A first draft."]


def test_the_entry_of_a_sign_in_stays_without_its_details(ground):
    keep(ground, sign_ins=30)
    tidied(ground)
    with ground.database.write() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.verb == "user.signed_in")).one()
        assert entry.payload is None
        assert session.scalar(select(func.count()).select_from(AuditPayload)) > 1


def test_a_mail_that_waits_is_never_deleted(ground):
    keep(ground, mails=30)
    with ground.database.write() as session:
        session.execute(update(Mail).values(sent_at=None))
    assert tidied(ground) == {}


def test_many_go_in_small_portions_and_stop_when_asked(ground):
    class StopsAfter:
        def __init__(self, times):
            self.times = times

        def is_set(self):
            self.times -= 1
            return self.times <= 0

    keep(ground, mails=30)
    with ground.database.write() as session:
        then = ground.clock() - timedelta(days=35)
        for number in range(1_100):
            session.add(
                Mail(
                    to="a@b.example",
                    subject=str(number),
                    text="x",
                    created_at=then,
                    due_at=then,
                    sent_at=then,
                )
            )
    folder = ground.world.media_folder
    assert retention.tidy(ground.database, folder, stop=StopsAfter(1)) == {"mails": 500}
    assert tidied(ground) == {"mails": 601}


def test_a_round_is_made_once_a_day(ground):
    keep(ground, mails=30)
    folder = ground.world.media_folder
    assert retention.tidy_daily(ground.database, folder) == {"mails": 1}
    with ground.database.write() as session:
        then = ground.clock() - timedelta(days=35)
        session.add(Mail(to="a@b.example", subject="x", text="x", created_at=then, due_at=then, sent_at=then))
    assert retention.tidy_daily(ground.database, folder) == {}
    ground.clock.advance(days=1)
    assert retention.tidy_daily(ground.database, folder) == {"mails": 1}


@pytest.mark.parametrize("days", [0, 29, -1, 36_501])
def test_a_period_that_cannot_be_is_refused_at_its_field(session, days):
    sam = make.make_user(session, "Sam Ito", is_administrator=True)
    with pytest.raises(InvalidInput) as refusal:
        retention.set_periods(session, {**ALL, "mails": days}, actor=sam, now=make.NOW)
    assert list(refusal.value.fields) == ["mails"]


def test_only_administrators_say_how_long(session):
    desk = make.make_desk(session)
    for role in DeskRole:
        one = make.make_user(session, f"A {role}", desk=desk, role=role)
        with pytest.raises(PermissionDenied):
            retention.set_periods(session, ALL, actor=one, now=make.NOW)


def test_a_change_of_periods_is_recorded_with_before_and_after(session):
    sam = make.make_user(session, "Sam Ito", is_administrator=True)
    before = retention.periods(session)
    for _twice in range(2):
        retention.set_periods(session, {**before, "mails": None, "links": 45}, actor=sam, now=make.NOW)
    [entry] = session.scalars(select(AuditEntry).where(AuditEntry.verb == "retention.changed"))
    assert entry.summary == "Kept how long: Mails: for ever; Used-up links: 45 days"
    assert json.dumps(entry.payload.details)
    assert retention.periods(session)["mails"] is None
