"""What was taken down is deleted where it stands; what cannot be deleted becomes somebody's errand."""

from typing import Any

import pytest
from sqlalchemy import select

from scheduler import settling
from scheduler.models import AttemptOutcome, Part, Publication, PublicationState
from service_channel.models.page_post import PagePost
from service_channel.models.sent_part import SentPart
from service_channel.networks.base import Outcome, SendResult
from service_channel.token_vault import TokenVault
from tests.fakes import CountingNetwork
from tests.scheduler.road import THREAD, Road

pytestmark = pytest.mark.network


def a_published_one(road: Road, **how: Any) -> int:
    """Published, and asked to be taken down."""
    publication_id = road.plan_one(**how)
    road.go()
    assert road.state(publication_id) is PublicationState.PUBLISHED
    with road.database.write() as session:
        _, lead = road.desk_and_lead(session)
        publication = session.get_one(Publication, publication_id)
        settling.take_down(session, publication, actor=lead, now=road.clock())
    return publication_id


def test_every_part_of_a_thread_is_deleted_the_last_first(road: Road) -> None:
    publication_id = a_published_one(road, text=THREAD, thread=True)
    road.take_down()
    assert not road.posts()
    assert road.get(publication_id).taken_down_at == road.clock()
    assert road.get(publication_id).state is PublicationState.PUBLISHED
    with road.database.read() as session:
        assert None not in list(session.scalars(select(Part.taken_down_at)))
        assert None not in list(session.scalars(select(SentPart.taken_down_at)))
    assert road.recorded(publication_id)[-2:] == ["publication.take_down", "publication.taken_down"]


def test_the_page_no_longer_shows_what_was_taken_down(road: Road) -> None:
    a_published_one(road, network="page")
    road.take_down()
    with road.database.read() as session:
        assert session.scalars(select(PagePost)).one().taken_down_at is not None


def test_it_is_done_once(road: Road) -> None:
    publication_id = a_published_one(road)
    for _ in range(3):
        road.take_down()
        road.clock.advance(minutes=2)
    assert road.recorded(publication_id).count("publication.taken_down") == 1
    assert [act for act, _ in road.outcomes(publication_id)].count("delete") == 1


class Stubborn(CountingNetwork):
    """A network that deletes nothing."""

    breaks = False

    def delete(self, access: Any, ref: Any, *, deadline_s: float) -> SendResult:
        if self.breaks:
            raise OSError("hush")
        return SendResult(Outcome.REFUSED, message="Not allowed.")


@pytest.mark.parametrize("breaks", [False, True])
def test_what_the_network_does_not_delete_is_tried_again_and_given_to_the_leads(
    road: Road, breaks: bool
) -> None:
    publication_id = a_published_one(road)
    stubborn = Stubborn()
    stubborn.breaks = breaks
    road.use(stubborn)
    for _ in range(40):
        road.take_down()
        road.clock.advance(minutes=1)
    deletions = [outcome for act, outcome in road.outcomes(publication_id) if act == "delete"]
    assert 4 <= len(deletions) < 20
    assert set(deletions) == {AttemptOutcome.UNKNOWN if breaks else AttemptOutcome.REFUSED}
    assert road.told().count("publication.take_down") == 1
    assert road.get(publication_id).taken_down_at is None


def test_without_a_way_in_the_leads_are_asked_at_once(road: Road) -> None:
    a_published_one(road)
    road.world.vault = TokenVault(["another key"])
    road.take_down()
    assert road.told() == ["publication.take_down"]
