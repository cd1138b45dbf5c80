"""What is out is looked at again: only what the network says twice counts as gone, and nothing is sent again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from content_library.models.notice import Notice
from content_library.web_fetch import FetchPolicy
from scheduler import mending, standing
from scheduler.models import AttemptOutcome, Part, Publication, PublicationState, Standing
from service_channel.models.allowance import Allowance
from service_channel.networks.base import Access, FindResult, Presence, RemoteRef, Rereadable
from service_channel.networks.every import networks
from tests.fakes import CountingNetwork, Mode
from tests.scheduler.road import Road

pytestmark = pytest.mark.network

FOUND, ABSENT = FindResult(Presence.FOUND), FindResult(Presence.ABSENT, status=404)
UNREADABLE = FindResult(Presence.UNREADABLE, message="Broken.")


class Watched(CountingNetwork):
    """A network that can be asked for one post, and answers as it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.answer: Callable[[], FindResult] = lambda: FOUND
        self.asked: list[RemoteRef] = []

    def stands(self, access: Any, ref: RemoteRef, *, deadline_s: float) -> FindResult:
        self.asked.append(ref)
        return self.answer()


class Reading(CountingNetwork):
    """A network that says of one address whether something stands there."""

    def stands(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> FindResult:
        status = self._exchange(access, "GET", ref.remote_id, None, deadline_s).status
        return FindResult({200: Presence.FOUND, 404: Presence.ABSENT}[status], ref, status)


@pytest.fixture
def network(road: Road) -> Watched:
    made = Watched()
    road.use(made)
    return made


@pytest.fixture
def out(road: Road, network: Watched) -> int:
    """A publication that has just gone out."""
    publication_id = road.plan_one()
    road.go()
    assert road.state(publication_id) is PublicationState.PUBLISHED
    return publication_id


def look(road: Road) -> int:
    """One round of the job; returns how many were looked at."""
    with road.database.write() as session:
        standing.enrol(session, road.world, now=road.clock())
        due = standing.due(session, now=road.clock())
    for publication_id in due:
        standing.look(road.world, publication_id)
    return len(due)


def after(road: Road, **length: float) -> int:
    road.clock.advance(**length)
    return look(road)


def kept(road: Road, publication_id: int) -> Standing:
    with road.database.read() as session:
        found = session.get_one(Standing, publication_id)
        session.expunge(found)
        return found


def test_it_is_looked_at_after_an_hour_a_day_and_a_week_and_then_no_more(
    road: Road, network: Watched, out: int
) -> None:
    assert look(road) == 0
    assert [after(road, minutes=59), after(road, minutes=2)] == [0, 1]
    assert [after(road, hours=22), after(road, hours=2)] == [0, 1]
    assert [after(road, days=5), after(road, days=2)] == [0, 1]
    assert after(road, days=30) == 0
    assert kept(road, out).next_at is None
    assert len(network.asked) == 3 and len(set(network.asked)) == 1
    assert road.get(out).gone_at is None


def test_one_absence_says_nothing_and_two_some_time_apart_prove_it(
    road: Road, network: Watched, out: int
) -> None:
    network.answer = lambda: ABSENT
    after(road, hours=1, seconds=1)
    assert road.get(out).gone_at is None
    assert after(road, minutes=10) == 0
    assert after(road, minutes=21) == 1
    found = road.get(out)
    assert found.gone_at == road.clock()
    assert found.state is PublicationState.PUBLISHED
    assert road.recorded(out)[-1] == "publication.gone"
    assert road.outcomes(out)[-2:] == [("stands", AttemptOutcome.ABSENT)] * 2
    assert road.told() == ["publication.gone"]


def test_whoever_planned_it_and_the_leads_are_told_once(road: Road, network: Watched, out: int) -> None:
    network.answer = lambda: ABSENT
    for _ in range(12):
        after(road, hours=12)
    with road.database.read() as session:
        told = session.scalars(select(Notice.user_id).where(Notice.kind == "publication.gone")).all()
    assert len(told) == len(set(told)) == 2


def test_it_is_never_sent_again_by_itself(road: Road, network: Watched, out: int) -> None:
    network.answer = lambda: ABSENT
    for _ in range(8):
        after(road, hours=2)
        road.settle(rounds=2)
    assert road.arrived() == 1
    assert road.state(out) is PublicationState.PUBLISHED


def test_found_again_clears_it_and_what_people_were_told_is_over(
    road: Road, network: Watched, out: int
) -> None:
    network.answer = lambda: ABSENT
    after(road, hours=2)
    after(road, hours=1)
    assert road.get(out).gone_at is not None
    network.answer = lambda: FOUND
    after(road, hours=2)
    assert road.get(out).gone_at is None
    assert road.recorded(out)[-1] == "publication.back"
    with road.database.read() as session:
        assert all(session.scalars(select(Notice.read_at).where(Notice.kind == "publication.gone")))
    assert after(road, hours=2) == 1  # and it is looked at from the beginning


def test_a_transient_absence_is_forgotten_when_it_is_seen(road: Road, network: Watched, out: int) -> None:
    network.answer = lambda: ABSENT
    after(road, hours=2)
    network.answer = lambda: FOUND
    after(road, hours=1)
    network.answer = lambda: ABSENT
    after(road, days=1)
    assert road.get(out).gone_at is None
    assert kept(road, out).absent_at == road.clock()


def test_what_cannot_be_read_says_nothing_however_often(road: Road, network: Watched, out: int) -> None:
    network.answer = lambda: UNREADABLE
    for _ in range(40):
        after(road, hours=6)
    assert road.get(out).gone_at is None
    assert road.told() == []
    assert kept(road, out).next_at is None


def test_between_two_absences_an_unreadable_look_neither_counts_nor_undoes(
    road: Road, network: Watched, out: int
) -> None:
    network.answer = lambda: ABSENT
    after(road, hours=2)
    network.answer = lambda: UNREADABLE
    after(road, hours=1)
    assert road.get(out).gone_at is None
    network.answer = lambda: ABSENT
    after(road, hours=2)
    assert road.get(out).gone_at is not None


def test_a_crash_while_looking_says_nothing(road: Road, network: Watched, out: int) -> None:
    def broken() -> FindResult:
        raise RuntimeError("a bug of ours")

    network.answer = broken
    assert after(road, hours=2) == 1
    assert road.get(out).gone_at is None


def test_another_text_under_its_id_is_still_there(road: Road, network: Watched, out: int) -> None:
    network.answer = lambda: FindResult(Presence.DIFFERENT)
    for _ in range(4):
        after(road, hours=12)
    assert road.get(out).gone_at is None


def test_what_is_being_taken_down_is_not_looked_at(road: Road, network: Watched, out: int) -> None:
    look(road)
    with road.database.write() as session:
        session.get_one(Publication, out).take_down_wanted_at = road.clock()
    assert after(road, hours=2) == 0
    assert kept(road, out).next_at is None
    assert network.asked == []


def test_no_call_is_made_while_the_network_has_few_left(road: Road, network: Watched, out: int) -> None:
    look(road)
    until = road.clock() + timedelta(hours=3)
    with road.database.write() as session:
        session.add(Allowance(account_id=road.get(out).account_id, calls_left=3, calls_until=until))
    assert after(road, hours=2) == 0
    assert kept(road, out).next_at == until
    assert after(road, hours=1) == 1


def test_a_round_asks_for_a_few_of_each_account(road: Road, network: Watched) -> None:
    road.plan(count=standing.PER_ACCOUNT + 2)
    road.go()
    assert after(road, hours=2) == standing.PER_ACCOUNT
    assert after(road, minutes=6) == 2


def test_two_engines_do_not_look_at_the_same(road: Road, network: Watched, out: int) -> None:
    road.clock.advance(hours=2)
    with road.database.write() as session:
        standing.enrol(session, road.world, now=road.clock())
        assert standing.due(session, now=road.clock()) == [out]
    with road.database.write() as session:
        assert standing.enrol(session, road.world, now=road.clock()) == 0
        assert standing.due(session, now=road.clock()) == []


def test_a_network_is_told_how_far_back_it_has_to_read(road: Road, network: Watched, out: int) -> None:
    after(road, hours=2)
    with road.database.read() as session:
        chosen = session.get_one(Part, (out, 0)).created_at
    assert [ref.made_at for ref in network.asked] == [chosen]


def test_what_went_out_long_ago_is_not_begun_with(road: Road, network: Watched, out: int) -> None:
    assert after(road, days=8) == 0


def test_only_networks_that_can_be_asked_for_one_post_are_asked(road: Road) -> None:
    assert not isinstance(road.world.networks["bluesky"], Rereadable)
    road.plan_one()
    road.go()
    assert after(road, hours=2) == 0


def test_of_the_real_networks_those_are_asked_that_answer_for_one_post_by_its_id() -> None:
    asked = {key for key, network in networks(FetchPolicy()).items() if isinstance(network, Rereadable)}
    assert asked == {
        "page", "bluesky", "mastodon", "x", "linkedin", "facebook", "instagram", "threads",
        "discord", "discord_webhook", "slack",
    }  # fmt: skip


def test_by_the_identity_we_chose_it_is_found_gone_on_a_network_that_lost_it(road: Road) -> None:
    road.use(Reading())
    publication_id = road.plan_one()
    road.go()
    assert after(road, hours=1, minutes=1) == 1
    assert road.get(publication_id).gone_at is None
    [path] = set(road.server.posts()) - road._before
    line = CountingNetwork()
    line.delete(road.server.access(), RemoteRef(path), deadline_s=5)
    line.close()
    road.server.order(Mode.OK)
    after(road, days=1)
    assert after(road, hours=1) == 1
    assert road.get(publication_id).gone_at is not None


def test_the_mail_about_it_is_not_forgotten_while_it_is_gone(road: Road, network: Watched, out: int) -> None:
    network.answer = lambda: ABSENT
    after(road, hours=2)
    after(road, hours=1)
    with road.database.write() as session:
        mending.forget_what_moved_on(session, now=road.clock())
    with road.database.read() as session:
        assert not any(session.scalars(select(Notice.read_at).where(Notice.kind == "publication.gone")))


def test_it_is_counted_and_listed_for_its_desk(road: Road, network: Watched, out: int) -> None:
    network.answer = lambda: ABSENT
    after(road, hours=2)
    after(road, hours=1)
    found, now = road.get(out), road.clock()
    with road.database.read() as session:
        span: dict[str, Any] = {"since": now - timedelta(days=1), "until": now + timedelta(seconds=1)}
        assert [p.id for p in standing.gone_lately(session, found.desk_id, **span)] == [out]
        handle = "brindlemoor.bsky.social"
        counts = standing.gone_counts(session, found.desk_id, before=now - timedelta(days=2), **span)
        assert counts == [("bluesky", handle, 1, 0)]
        counts = standing.gone_counts(
            session, found.desk_id, before=now - timedelta(days=2), since=now + timedelta(hours=1),
            until=now + timedelta(hours=2),
        )  # fmt: skip
        assert counts == [("bluesky", handle, 0, 1)]
        assert standing.gone_lately(session, found.desk_id + 1, **span) == []
