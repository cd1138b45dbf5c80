"""What an account may send: the network's own word, a budget of ours, and what waits because of either."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from content_library.errors import InvalidInput, PermissionDenied
from content_library.models.account import NETWORK_NAMES
from content_library.models.audit import AuditEntry
from content_library.models.format import Format, Tone
from content_library.posting_limits import BUDGETS, Budget, budget_of
from scheduler import budgets
from scheduler.gate import No, Passed, Reason
from scheduler.models import PublicationState
from scheduler.publication_flow import Act
from service_channel import allowances
from service_channel.models.allowance import Allowance
from service_channel.models.sent_part import SentPart
from service_channel.networks.base import Outcome, SendResult
from tests import factories as make
from tests.fakes import CountingNetwork
from tests.scheduler.road import THREAD, Road
from tests.scheduler.scene import LATER, Scene

HOUR = timedelta(hours=1)


def allow(scene: Scene, **known: Any) -> None:
    scene.session.merge(Allowance(account_id=scene.page.id, **known))
    scene.session.flush()


def sent(scene: Scene, *moments: datetime) -> None:
    """As if these posts had gone out on the page then."""
    for number, at in enumerate(moments):
        scene.session.add(
            SentPart(account_id=scene.page.id, remote_id=f"{at} {number}", publication_id=0, part_index=0, sent_at=at)
        )  # fmt: skip


def cleared(scene: Scene) -> Any:
    scene.clear()
    return scene.plan()


def test_every_budget_is_of_a_network_there_is_and_is_at_least_one() -> None:
    for network, budget in BUDGETS.items():
        assert network in NETWORK_NAMES
        assert budget != Budget() and all(
            limit is None or limit > 0 for limit in (budget.per_hour, budget.per_day)
        )


def test_a_lead_can_lower_a_budget_and_never_raise_it() -> None:
    assert budget_of("instagram", 3, 10) == Budget(3, 10)
    assert budget_of("instagram", None, 500) == Budget(None, 50)
    assert budget_of("mastodon", None, None) == BUDGETS["mastodon"]


def test_with_room_it_passes_and_over_the_hour_it_waits_for_the_oldest_to_be_an_hour_old(
    scene: Scene,
) -> None:
    publication = cleared(scene)
    allow(scene, per_hour=2)
    first = LATER - timedelta(minutes=50)
    sent(scene, LATER - 2 * HOUR, first)
    assert isinstance(scene.ask(publication), Passed)
    sent(scene, LATER - timedelta(minutes=1))
    no = scene.ask(publication)
    assert isinstance(no, No)
    assert (no.reason, no.act, no.not_before) == (Reason.BUDGET, Act.GIVE_BACK, first + HOUR)
    assert "at most 2 an hour" in no.sentence


def test_over_the_day_it_is_asked_again_when_its_grace_is_over_and_not_only_tomorrow(scene: Scene) -> None:
    publication = cleared(scene)
    allow(scene, per_day=1)
    sent(scene, LATER - 2 * HOUR)
    no = scene.ask(publication)
    assert isinstance(no, No) and "at most 1 a day" in no.sentence
    assert no.not_before == publication.late_at + timedelta(seconds=1)
    late = scene.ask(publication, no.not_before)
    assert isinstance(late, No)
    assert (late.reason, late.act) == (Reason.LATE, Act.MISS)


def test_another_accounts_posts_do_not_count(scene: Scene) -> None:
    publication = cleared(scene)
    other = make.make_account(scene.session, scene.desk)
    allow(scene, per_hour=1)
    scene.session.add(
        SentPart(account_id=other.id, remote_id="x", publication_id=0, part_index=0, sent_at=LATER)
    )
    assert isinstance(scene.ask(publication), Passed)


def test_what_the_network_itself_has_nothing_left_for_waits_until_it_has(scene: Scene) -> None:
    publication = cleared(scene)
    soon = LATER + timedelta(minutes=3)
    allow(scene, calls_left=1, calls_until=soon, said_at=LATER)
    assert isinstance(scene.ask(publication), Passed)
    allow(scene, calls_left=0, calls_until=soon, said_at=LATER)
    no = scene.ask(publication)
    assert isinstance(no, No)
    assert (no.reason, no.act, no.not_before) == (Reason.BUDGET, Act.GIVE_BACK, soon)
    assert isinstance(scene.ask(publication, soon), Passed)


def test_a_service_notice_does_not_wait_for_our_own_budget_but_for_the_networks(scene: Scene) -> None:
    scene.session.get_one(Format, "how_to").tone = Tone.SERVICE
    publication = cleared(scene)
    allow(scene, per_hour=1)
    sent(scene, LATER)
    assert isinstance(scene.ask(publication), Passed)
    allow(scene, per_hour=1, calls_left=0, calls_until=LATER + HOUR)
    assert isinstance(scene.ask(publication), No)


class Talkative(CountingNetwork):
    """A network that says with every answer what is left."""

    left = 1

    def send(self, *told: Any, deadline_s: float) -> SendResult:
        result = super().send(*told, deadline_s=deadline_s)
        assert result.outcome is Outcome.SENT
        Talkative.left -= 1
        headers = {
            "ratelimit-remaining": str(max(0, Talkative.left)),
            "ratelimit-limit": "300",
            "ratelimit-reset": "600",
        }
        return SendResult(result.outcome, result.ref, 201, {}, {"status": 201, "headers": headers})


@pytest.mark.network
def test_what_an_answer_says_is_kept_and_the_next_waits_visibly_and_then_goes(road: Road) -> None:
    Talkative.left = 1
    road.use(Talkative())
    first, second = road.plan(count=2)
    road.go()
    assert road.state(first) is PublicationState.PUBLISHED
    waits = road.get(second)
    assert (waits.state, waits.reason) == (PublicationState.PLANNED, Reason.BUDGET)
    assert waits.not_before == road.clock() + timedelta(minutes=10)
    with road.database.read() as session:
        kept = session.scalars(select(Allowance)).one()
        assert (kept.calls_left, kept.calls_most, kept.calls_until) == (0, 300, waits.not_before)
        [shown] = budgets.waiting(session, waits.account_id, now=road.clock())
        assert shown.id == second
        assert budgets.waiting_counts(session, waits.desk_id, now=road.clock()) == {waits.account_id: 1}
    Talkative.left = 9
    road.clock.advance(minutes=10, seconds=1)
    road.tick()
    assert road.state(second) is PublicationState.PUBLISHED


@pytest.mark.network
def test_what_is_too_much_is_never_lost_and_past_its_grace_a_person_decides(road: Road) -> None:
    made = road.plan(count=3)
    with road.database.write() as session:
        session.add(Allowance(account_id=road.get(made[0]).account_id, per_hour=2))
    road.go()
    assert [road.state(one) for one in made] == [
        PublicationState.PUBLISHED, PublicationState.PUBLISHED, PublicationState.PLANNED
    ]  # fmt: skip
    assert len(road.posts()) == 2
    road.clock.advance(minutes=15, seconds=2)
    road.tick()
    assert road.state(made[2]) is PublicationState.MISSED
    assert "publication.missed" in road.told()


@pytest.mark.network
def test_a_thread_begins_where_all_of_it_fits_and_then_is_not_broken_off(road: Road) -> None:
    [publication_id] = road.plan(text=THREAD, thread=True)
    account_id = road.get(publication_id).account_id
    with road.database.write() as session:
        session.add(Allowance(account_id=account_id, per_hour=3))
        for number in range(2):
            session.add(
                SentPart(account_id=account_id, remote_id=str(number), publication_id=0, part_index=0,
                         sent_at=road.clock())
            )  # fmt: skip
    road.go()
    assert road.state(publication_id) is PublicationState.PLANNED
    assert road.posts() == []
    road.clock.advance(hours=1)
    with road.database.write() as session:
        session.get_one(type(road.get(publication_id)), publication_id).late_at += timedelta(hours=2)
        session.get_one(type(road.get(publication_id)), publication_id).not_before = None
    road.tick()
    assert road.state(publication_id) is PublicationState.PUBLISHED
    assert len(road.posts()) >= 2


def test_lowering_is_for_leads_is_recorded_and_refuses_what_the_network_would_not_take(scene: Scene) -> None:
    account = make.make_account(scene.session, scene.desk, "instagram", "brindlemoor")
    for wrong, field in (
        (Budget(0, None), "an_hour"),
        (Budget(None, 51), "a_day"),
        (Budget(10**9, 1), "an_hour"),
    ):
        with pytest.raises(InvalidInput) as refused:
            allowances.lower(scene.session, account, wrong, actor=scene.priya, now=LATER)
        assert list(refused.value.fields) == [field]
    with pytest.raises(PermissionDenied):
        allowances.lower(scene.session, account, Budget(1, 1), actor=scene.maya, now=LATER)
    allowances.lower(scene.session, account, Budget(2, None), actor=scene.priya, now=LATER)
    found = budgets.sending(scene.session, account, now=LATER)
    assert found.budget == Budget(2, 50)
    entry = scene.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None and entry.verb == "account.budget"
    assert entry.summary.endswith("sends at most 2 an hour and 50 a day")


def test_a_network_that_speaks_again_keeps_what_a_lead_said(scene: Scene) -> None:
    allow(scene, per_hour=5)
    answer = {"headers": {"x-ratelimit-remaining": "7", "x-ratelimit-reset": "60"}}
    allowances.heard(scene.session, scene.page.id, answer, now=LATER)
    scene.session.expire_all()
    kept = scene.session.get_one(Allowance, scene.page.id)
    assert (kept.per_hour, kept.calls_left, kept.said_at) == (5, 7, LATER)
    allowances.heard(scene.session, scene.page.id, {"headers": {}, "body": {}}, now=LATER)
    allowances.heard(scene.session, scene.page.id, {}, now=LATER)
    assert scene.session.get_one(Allowance, scene.page.id).calls_left == 7


def test_a_day_with_more_than_the_account_sends_is_crowded_and_the_one_that_is_moved_does_not_count(
    scene: Scene,
) -> None:
    publication = cleared(scene)
    allow(scene, per_day=1)
    [found] = budgets.crowded(scene.session, scene.desk, [scene.page], LATER)
    assert (found.account, found.planned, found.most) == (scene.page, 1, 1)
    assert budgets.crowded(scene.session, scene.desk, [scene.page], LATER, but=publication.id) == []
    assert budgets.crowded(scene.session, scene.desk, [scene.page], LATER + timedelta(days=1)) == []
    allow(scene, per_day=None)
    assert budgets.crowded(scene.session, scene.desk, [scene.page], LATER) == []
