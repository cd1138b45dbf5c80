"""What is written down: one entry for each act, one place for each part, and nothing no database can store."""

import pytest
from sqlalchemy import select

from scheduler import publishing, recording
from scheduler.models import Attempt, AttemptOutcome, Part
from scheduler.publication_flow import Act
from scheduler.transitions import RECORDED
from service_channel.models.sent_part import SentPart
from service_channel.networks.base import Outcome, RemoteRef, SendResult
from tests.fakes import CountingNetwork, Mode
from tests.scheduler.road import THREAD, Road

pytestmark = pytest.mark.network


def test_a_publication_that_goes_out_is_recorded_once(road: Road) -> None:
    publication_id = road.plan_one(text=THREAD, thread=True)
    road.go()
    assert road.recorded(publication_id) == [
        "publication.planned",
        "publication.release",
        "publication.succeed",
    ]


def test_each_recorded_act_has_exactly_one_entry_and_technical_steps_have_none(road: Road) -> None:
    publication_id = road.plan_one()
    road.server.order(Mode.FAIL_BEFORE, times=1)
    road.go()
    road.settle(rounds=4)
    assert road.recorded(publication_id)[2:] == [
        "publication.lose",
        "publication.retry",
        "publication.succeed",
    ]
    assert not RECORDED & {Act.CLAIM, Act.MARK, Act.GIVE_BACK, Act.PART_DONE}


def test_telling_where_a_part_stands_twice_changes_nothing(road: Road) -> None:
    publication_id = road.plan_one()
    road.go()
    with road.database.write() as session:
        account_id = session.scalars(select(SentPart.account_id)).one()
        other = recording.Stands(publication_id, 0, account_id, RemoteRef("other"))
        recording.record_parts(session, [other], now=road.clock())
    with road.database.read() as session:
        assert session.scalars(select(Part.remote_id)).one() != "other"
        assert len(session.scalars(select(SentPart)).all()) == 1


def test_the_envelope_is_chosen_once_and_kept_through_every_try(road: Road) -> None:
    publication_id = road.plan_one()
    road.server.order(Mode.FAIL_BEFORE, times=2)
    road.go()
    with road.database.read() as session:
        first = session.execute(select(Part.key, Part.created_at, Part.envelope_sha256)).one()
    road.settle()
    with road.database.read() as session:
        assert session.execute(select(Part.key, Part.created_at, Part.envelope_sha256)).one() == first
    assert publication_id == road.posts()[0]["publication_id"]
    assert road.posts()[0]["created_at"] == first.created_at.isoformat()


class Babel(CountingNetwork):
    """A network that says what no database can store."""

    def send(self, access, part, prepared, *, deadline_s):  # type: ignore[no-untyped-def]
        said = {"note": "half\ud800 and\x00nothing", "more": [{"\x00": "\x00"}]}
        return SendResult(Outcome.REFUSED, None, 400, {"text": part.text}, said, "No\x00 thanks \udfff.")


def test_what_no_database_can_store_is_kept_as_far_as_it_can_be(road: Road) -> None:
    publication_id = road.plan_one()
    road.use(Babel())
    road.go()
    assert road.outcomes(publication_id) == [("send", AttemptOutcome.REFUSED)]
    assert road.get(publication_id).explanation == "No\ufffd thanks ?."
    with road.database.read() as session:
        assert session.scalars(select(Attempt.response)).one() == {
            "note": "half? and\ufffdnothing",
            "more": [{"\ufffd": "\ufffd"}],
        }


class Crashing(CountingNetwork):
    """A network whose adapter breaks, with a secret in its words."""

    def send(self, access, part, prepared, *, deadline_s):  # type: ignore[no-untyped-def]
        raise RuntimeError("Authorization: Bearer hush")


def test_an_adapter_that_breaks_leaves_an_unknown_and_no_secret(road: Road) -> None:
    publication_id = road.plan_one()
    road.use(Crashing())
    road.clock.advance(minutes=1)
    (claim,) = road.claim()
    publishing.publish_one(road.world, claim)
    assert road.outcomes(publication_id) == [("send", AttemptOutcome.UNKNOWN)]
    with road.database.read() as session:
        (message,) = session.scalars(select(Attempt.message))
    assert message == "Sending it broke off (RuntimeError)."
    assert "hush" not in road.get(publication_id).explanation
