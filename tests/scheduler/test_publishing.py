"""From a claim to the network and back, on real databases and a counting network."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from content_library import approvals, boundary_editing
from content_library.boundaries.rules import Detector, Severity
from content_library.boundary_editing import Wording
from content_library.models.account import Account, AccountState
from content_library.models.notice import Notice
from scheduler import holds, points, publishing
from scheduler.models import Attempt, AttemptOutcome, Part, Publication, PublicationState
from service_channel.models.credential import Credential
from service_channel.models.page_post import PagePost
from service_channel.models.sent_part import SentPart
from service_channel.networks.base import Outcome, Preparation
from service_channel.token_vault import TokenVault
from tests import factories as make
from tests.fake_network_server import TOKEN
from tests.fakes import CountingNetwork, Mode
from tests.scheduler.road import THREAD, Road

pytestmark = pytest.mark.network

PLANNED, PUBLISHED, UNKNOWN = PublicationState.PLANNED, PublicationState.PUBLISHED, PublicationState.UNKNOWN
BLOCKED, HELD, FAILED = PublicationState.BLOCKED, PublicationState.HELD, PublicationState.FAILED


def test_a_cleared_post_goes_out_once_on_the_public_page(road: Road) -> None:
    publication_id = road.plan_one(network="page")
    assert road.tick() == 0  # not yet due
    road.clock.advance(minutes=1)
    assert road.tick() == 1
    assert road.tick() == 0
    assert road.state(publication_id) is PUBLISHED
    with road.database.read() as session:
        assert (
            session.scalars(select(PagePost)).one().text == "Vinegar and water, twenty minutes, rinse twice."
        )
        assert session.scalars(select(Attempt)).one().outcome is AttemptOutcome.SENT


def test_what_went_out_shows_that_the_account_works(road: Road) -> None:
    publication_id = road.plan_one()
    with road.database.write() as session:
        account = session.get_one(Publication, publication_id).account_id
        credential = session.get_one(Credential, account)
        credential.problem, credential.problem_at = "It could not be reached.", road.clock()
    sent_at = road.clock.advance(minutes=1)
    assert road.tick() == 1
    with road.database.read() as session:
        credential = session.get_one(Credential, account)
        assert (credential.last_ok_at, credential.problem, credential.problem_at) == (sent_at, "", None)


def test_what_loses_its_approval_is_never_sent(road: Road) -> None:
    publication_id = road.plan_one()
    withdraw(road, publication_id)
    road.go()
    assert road.state(publication_id) is BLOCKED
    assert not road.posts()


def withdraw(road: Road, publication_id: int) -> None:
    with road.database.write() as session:
        publication = session.get_one(Publication, publication_id)
        approval = approvals.approval_in_force(session, publication.post)
        assert approval is not None
        approvals.withdraw(
            session, publication.post, approval, actor=None, now=road.clock(), why="A mistake."
        )


APPLIED_BUT_UNCLEAR = (Mode.FAIL_AFTER, Mode.RESET_AFTER, Mode.GARBAGE, Mode.SLOW_DRIP, Mode.LATE)
NOT_APPLIED_AND_UNCLEAR = (Mode.FAIL_BEFORE, Mode.RESET_BEFORE)


@pytest.mark.parametrize("mode", APPLIED_BUT_UNCLEAR)
def test_an_unclear_answer_is_unknown_then_found_then_published(road: Road, mode: Mode) -> None:
    road.hurry()
    publication_id = road.plan_one()
    road.server.order(mode, times=1, seconds=0.5)
    road.go()
    assert road.state(publication_id) is UNKNOWN
    road.settle()
    assert road.state(publication_id) is PUBLISHED
    assert len(road.posts()) == 1


@pytest.mark.parametrize("mode", NOT_APPLIED_AND_UNCLEAR)
def test_what_was_never_applied_is_looked_for_and_sent_again_under_its_key(road: Road, mode: Mode) -> None:
    publication_id = road.plan_one()
    road.server.order(mode, times=1)
    road.go()
    assert road.state(publication_id) is UNKNOWN
    road.settle()
    assert road.state(publication_id) is PUBLISHED
    assert len(road.posts()) == 1
    times = 1 if mode is Mode.FAIL_BEFORE else 2  # unanswered: once more
    looks = [("look", AttemptOutcome.ABSENT)] * times
    first, *between, last = road.outcomes(publication_id)
    assert (first, last) == (("send", AttemptOutcome.UNKNOWN), ("send", AttemptOutcome.SENT))
    assert between == looks


@pytest.mark.parametrize("mode", [Mode.OK, Mode.DUPLICATE, Mode.HIDDEN])
def test_a_yes_is_published_at_once(road: Road, mode: Mode) -> None:
    publication_id = road.plan_one()
    road.server.order(mode, times=1, seconds=0.2)
    road.go()
    assert road.state(publication_id) is PUBLISHED
    assert len(road.posts()) == 1


def test_a_network_that_asks_to_wait_is_asked_again_after_exactly_that_long(road: Road) -> None:
    first, second = road.plan(count=2)
    road.server.order(Mode.RATE_LIMITED, times=1, seconds=240)
    road.go()
    until = road.clock() + timedelta(seconds=240)
    assert road.get(first).state is PLANNED
    assert road.get(first).not_before == until
    assert road.get(second).state is PLANNED  # the whole account waits
    assert road.arrived() == 1
    with road.database.read() as session:
        assert session.scalars(select(Credential)).one().not_before == until
    road.clock.advance(seconds=239)
    road.tick()
    assert not road.posts()
    road.clock.advance(seconds=1)
    road.tick()
    assert len(road.posts()) == 2


def test_a_refused_token_loses_the_account_blocks_what_was_due_and_tells_the_leads_once(road: Road) -> None:
    first, second = road.plan(count=2)
    road.server.order(Mode.REVOKED)
    road.go()
    assert [road.state(first), road.state(second)] == [BLOCKED, BLOCKED]
    assert road.get(first).reason == "account"
    assert road.get(first).leased_until is None
    assert road.told() == ["account.reconnect"]
    with road.database.read() as session:
        account = session.scalars(select(Account).where(Account.network == "bluesky")).one()
        assert account.state is AccountState.RECONNECT
        assert session.get_one(Credential, account.id).problem


def test_an_account_lost_twice_on_one_day_is_told_twice(road: Road) -> None:
    publication_id = road.plan_one()
    road.server.order(Mode.REVOKED)
    road.go()
    reconnect(road)
    road.mend()
    road.settle(rounds=1)
    assert road.state(publication_id) is BLOCKED
    assert road.told() == ["account.reconnect", "account.reconnect"]


def reconnect(road: Road) -> None:
    with road.database.write() as session:
        session.execute(update(Account).values(state=AccountState.ACTIVE))
    road.clock.advance(seconds=30)


def test_what_was_blocked_goes_when_the_account_is_connected_again(road: Road) -> None:
    publication_id = road.plan_one()
    road.server.order(Mode.REVOKED)
    road.go()
    road.server.order(Mode.OK)
    reconnect(road)
    road.mend()
    road.tick()
    assert road.state(publication_id) is PUBLISHED


def test_refused_content_fails_with_the_networks_own_words(road: Road) -> None:
    publication_id = road.plan_one()
    road.server.order(Mode.REFUSED, times=1)
    road.go()
    road.settle(rounds=2)
    assert road.state(publication_id) is FAILED
    assert road.get(publication_id).explanation == "We do not take this text."
    assert "publication.failed" in road.told()
    assert not road.posts()


def test_a_thread_stands_in_order_each_part_answering_the_one_before(road: Road) -> None:
    publication_id = road.plan_one(text=THREAD, thread=True)
    road.go()
    posts = road.posts()
    assert [body["index"] for body in posts] == [0, 1, 2]
    with road.database.read() as session:
        parts = session.scalars(select(Part).order_by(Part.position)).all()
        assert [body["parent"] for body in posts] == [None, parts[0].remote_id, parts[1].remote_id]
        assert [body["root"] for body in posts] == [None, parts[0].remote_id, parts[0].remote_id]
        assert len(session.scalars(select(SentPart)).all()) == 3
        assert session.get_one(Publication, publication_id).url == parts[0].url


@pytest.mark.parametrize("mode", [Mode.FAIL_AFTER, Mode.FAIL_BEFORE, Mode.RATE_LIMITED])
def test_an_interrupted_thread_goes_on_at_the_first_missing_part(road: Road, mode: Mode) -> None:
    publication_id = road.plan_one(text=THREAD, thread=True)
    interrupt_after_first_part(lambda: road.server.order(mode, times=1, seconds=30))
    road.go()
    assert len([b for b in road.posts() if b["index"] == 0]) == 1
    assert road.state(publication_id) is not PUBLISHED
    road.settle()
    assert road.state(publication_id) is PUBLISHED
    assert [body["index"] for body in road.posts()] == [0, 1, 2]


def test_a_first_comment_goes_out_right_after_the_post_as_an_answer_to_it(road: Road) -> None:
    publication_id = road.plan_one(first_comment="Ask us here: https://a.example/ask")
    road.go()
    assert road.state(publication_id) is PUBLISHED
    post, comment = road.posts()
    with road.database.read() as session:
        first = session.scalars(select(Part).order_by(Part.position)).first()
        assert first is not None
        assert (comment["text"], comment["parent"]) == ("Ask us here: https://a.example/ask", first.remote_id)
        assert session.get_one(Publication, publication_id).url == first.url
    assert post["parent"] is None


@pytest.mark.parametrize("mode", [Mode.FAIL_AFTER, Mode.FAIL_BEFORE, Mode.RATE_LIMITED])
def test_a_comment_that_was_interrupted_is_made_up_for_and_its_post_is_not_sent_again(
    road: Road, mode: Mode
) -> None:
    publication_id = road.plan_one(first_comment="Ask us here.")
    interrupt_after_first_part(lambda: road.server.order(mode, times=1, seconds=30))
    road.go()
    assert road.state(publication_id) is not PUBLISHED
    road.settle()
    assert road.state(publication_id) is PUBLISHED
    assert [body["text"] for body in road.posts()][1:] == ["Ask us here."]
    assert len(road.posts()) == 2


def test_a_comment_the_network_refuses_leaves_the_post_standing_and_asks_a_person(road: Road) -> None:
    publication_id = road.plan_one(first_comment="Ask us here.")
    interrupt_after_first_part(lambda: road.server.order(Mode.REFUSED, times=1))
    road.go()
    assert road.state(publication_id) in (FAILED, PublicationState.NEEDS_PERSON)
    assert [body["index"] for body in road.posts()] == [0]


def test_a_page_without_comments_gets_the_post_alone(road: Road) -> None:
    publication_id = road.plan_one(network="page", first_comment="Ask us here.")
    road.go()
    assert road.state(publication_id) is PUBLISHED
    with road.database.read() as session:
        assert len(session.scalars(select(Part)).all()) == 1


def test_a_boundary_added_after_the_clearance_is_found_in_the_first_comment_too(road: Road) -> None:
    publication_id = road.plan_one(first_comment="Sharpening is complimentary.")
    with road.database.write() as session:
        words = Wording(Severity.BLOCK, {"words": ["complimentary"]}, why="Asked by Legal.")
        admin = make.make_user(session, "Sam Ito", is_administrator=True)
        desk, _ = road.desk_and_lead(session)
        boundary_editing.add_boundary(
            session, desk, "Complimentary", Detector.WORDS, words, actor=admin, now=road.clock()
        )
    road.go()
    assert road.state(publication_id) is BLOCKED
    assert road.posts() == []


def interrupt_after_first_part(do) -> None:  # type: ignore[no-untyped-def]
    """Do something when the first part has been recorded."""

    def once(point: str) -> None:
        if point == "recorded":
            points.on_reach(None)
            do()

    points.on_reach(once)


def test_a_hold_placed_between_two_parts_of_a_thread_keeps_the_rest_back(road: Road) -> None:
    publication_id = road.plan_one(text=THREAD, thread=True)

    def hold() -> None:
        with road.database.write() as session:
            _, lead = road.desk_and_lead(session)
            publication = session.get_one(Publication, publication_id)
            holds.hold_publication(session, publication, "Wait.", actor=lead, now=road.clock())

    interrupt_after_first_part(hold)
    road.go()
    assert road.state(publication_id) is HELD
    assert [body["index"] for body in road.posts()] == [0]


def test_an_approval_withdrawn_between_two_parts_of_a_thread_keeps_the_rest_back(road: Road) -> None:
    publication_id = road.plan_one(text=THREAD, thread=True)
    interrupt_after_first_part(lambda: withdraw(road, publication_id))
    road.go()
    assert road.state(publication_id) is BLOCKED
    assert [body["index"] for body in road.posts()] == [0]


@pytest.mark.parametrize("harm", ["changed", "gone"])
def test_a_picture_that_is_not_the_approved_one_blocks_and_is_never_sent(road: Road, harm: str) -> None:
    publication_id = road.plan_with_picture()
    file = road.world.media_folder / "kettle.jpg"
    file.unlink() if harm == "gone" else file.write_bytes(b"another picture")
    road.go()
    assert road.state(publication_id) is BLOCKED
    assert road.get(publication_id).reason == "payload"
    assert "publication.blocked" in road.told()
    assert not road.posts()
    assert not road.outcomes(publication_id)


def test_a_key_that_cannot_be_opened_loses_the_account_and_is_not_tried_in_circles(road: Road) -> None:
    publication_id = road.plan_one()
    road.world.vault = TokenVault(["another key"])
    road.go()
    for _ in range(3):
        road.clock.advance(seconds=10)
        road.mend()
        road.tick()
    assert road.state(publication_id) is BLOCKED
    assert road.recorded(publication_id).count("publication.block") == 1
    assert road.told() == ["account.reconnect"]


class Unprepared(CountingNetwork):
    """A network to which nothing can be uploaded."""

    def __init__(self, answer: Preparation | None) -> None:
        super().__init__()
        self.answer = answer

    def prepare(self, access, part, *, deadline_s):  # type: ignore[no-untyped-def]
        if self.answer is None:
            raise OSError("the disk is gone")
        return self.answer


@pytest.mark.parametrize("answer", [Preparation(None, Outcome.NOT_SENT, "No route."), None])
def test_what_cannot_be_prepared_is_tried_again_and_missed_in_the_end(
    road: Road, answer: Preparation | None
) -> None:
    publication_id = road.plan_one()
    road.use(Unprepared(answer))
    road.go()
    assert road.state(publication_id) is PLANNED
    road.settle(rounds=40)
    assert road.state(publication_id) is PublicationState.MISSED
    assert "publication.missed" in road.told()
    assert {act for act, _ in road.outcomes(publication_id)} == {"prepare"}


def test_a_newer_revision_bound_while_the_older_was_prepared_is_what_goes_out(road: Road) -> None:
    publication_id = road.plan_one()

    def approve_newer(point: str) -> None:
        if point != "prepared":
            return
        points.on_reach(None)
        with road.database.write() as session:
            publication = session.get_one(Publication, publication_id)
            author = publication.created_by
            assert author is not None
            make.save(session, publication.post, author, text="Citric acid works too.")
            submission = make.submit(session, publication.post, author)
            for review in submission.reviews:
                make.decide(session, review, reviewer_of(session, review.team.key))

    points.on_reach(approve_newer)
    road.go()
    road.settle(rounds=2)
    assert [body["text"] for body in road.posts()] == ["Citric acid works too."]
    assert road.state(publication_id) is PUBLISHED


def reviewer_of(session, team_key: str):  # type: ignore[no-untyped-def]
    from content_library.models.desk import Team
    from content_library.models.user import TeamMembership, User

    return session.scalars(select(User).join(TeamMembership).join(Team).where(Team.key == team_key)).first()


def test_a_claim_whose_lease_is_too_short_for_sending_is_given_back(road: Road) -> None:
    publication_id = road.plan_one()
    road.clock.advance(minutes=1)
    (claim,) = road.claim()
    road.clock.advance(seconds=road.world.timing.lease - road.world.timing.send_deadline)
    publishing.publish_one(road.world, claim)
    assert road.state(publication_id) is PLANNED
    assert not road.posts()


def test_a_claim_another_engine_has_taken_over_is_dropped(road: Road) -> None:
    publication_id = road.plan_one()
    road.clock.advance(minutes=1)
    (old,) = road.claim(engine="asleep")
    road.clock.advance(seconds=road.world.timing.lease + 1)
    road.recover()
    (new,) = road.claim()
    publishing.publish_one(road.world, old)
    assert not road.posts()
    publishing.publish_one(road.world, new)
    assert road.state(publication_id) is PUBLISHED


def test_nothing_goes_out_while_the_clock_cannot_be_trusted(road: Road) -> None:
    publication_id = road.plan_one()
    road.world.clock_watch.jumped = True
    road.go()
    assert road.state(publication_id) is PLANNED
    assert not road.posts()


def test_what_is_past_its_grace_is_missed_and_said(road: Road) -> None:
    publication_id = road.plan_one()
    road.clock.advance(minutes=30)
    road.tick()
    assert road.state(publication_id) is PublicationState.MISSED
    assert "publication.missed" in road.told()
    assert not road.posts()


def test_what_goes_wrong_is_told_once_with_the_cause(road: Road) -> None:
    road.plan_one()
    road.server.order(Mode.REFUSED, times=1)
    road.go()
    with road.database.read() as session:
        texts = session.scalars(select(Notice.text).where(Notice.user_id == road.lead_id)).all()
    assert list(texts) == ["“Post 0” on brindlemoor.bsky.social: We do not take this text."]


def test_attempts_keep_what_was_sent_and_what_came_back_and_never_the_token(road: Road) -> None:
    publication_id = road.plan_one()
    road.server.order(Mode.FAIL_BEFORE, times=1)
    road.go()
    road.settle(rounds=4)
    with road.database.read() as session:
        attempts = session.scalars(
            select(Attempt).where(Attempt.publication_id == publication_id).order_by(Attempt.id)
        ).all()
        assert [a.status for a in attempts] == [500, 404, 201]
        assert attempts[0].request["text"] == "Vinegar and water, twenty minutes, rinse twice."
        assert attempts[-1].response["digest"]
        kept = repr([(a.request, a.response, a.message) for a in attempts])
        assert TOKEN not in kept
