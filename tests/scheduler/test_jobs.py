"""Every line of the timetable does its work on a real database, and one that fails keeps no other from it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from content_library import clock as real_clock
from content_library.database import Database
from content_library.models.audit import AuditEntry
from content_library.models.desk import EngineBeat
from content_library.models.feed import LinkCheck
from content_library.models.notice import Mail, Notice
from content_library.models.user import User
from content_library.notices import notify
from content_library.notifications import Words
from content_library.settings import Settings, load
from content_library.web_addresses import FetchPolicy
from content_library.web_fetch import Fetcher
from scheduler import jobs, publishing
from scheduler.engine import timetable
from scheduler.jobs import Duty
from scheduler.models import Publication, PublicationState
from scheduler.workers import Workers
from service_channel.networks.base import FindResult
from tests import factories as make
from tests.drills.engines import wait_until
from tests.fakes import CountingNetwork, Mode
from tests.scheduler.road import Road

pytestmark = pytest.mark.network


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"DESKCAST_DATA": str(tmp_path)})


@pytest.fixture
def duty(road: Road, settings: Settings) -> Iterator[Duty]:
    workers = Workers(lambda claim: publishing.publish_one(road.world, claim), threads=2)
    fetcher = Fetcher(FetchPolicy())
    yield Duty(
        road.world, settings, workers, fetcher, lambda _session, told: Words(told[0].kind, told[0].text, "")
    )
    workers.stop(timeout_s=10)
    fetcher.close()


def test_every_job_runs_on_an_empty_database(duty: Duty, settings: Settings) -> None:
    for entry in timetable(settings):
        entry.run(duty)
        jobs.beat(duty, entry.name)
    with duty.world.database.read() as session:
        beats = set(session.scalars(select(EngineBeat.job)))
    assert beats == {entry.name for entry in timetable(settings)}


def test_the_names_in_the_timetable_are_unique_and_each_happens_again(settings: Settings) -> None:
    entries = timetable(settings)
    assert len({entry.name for entry in entries}) == len(entries)
    assert all(entry.seconds > 0 for entry in entries)


def test_looking_ahead_hands_over_what_is_due_and_nothing_else(road: Road, duty: Duty) -> None:
    first, second = road.plan(count=2)
    with road.database.write() as session:
        session.execute(
            update(Publication)
            .where(Publication.id == second)
            .values(due_at=road.get(first).due_at.replace(hour=20))
        )
    road.clock.advance(minutes=1)
    jobs.look_ahead(duty)
    wait_until(lambda: duty.workers.waiting() == 0, "what was handed over is done")
    assert road.state(first) is PublicationState.PUBLISHED
    assert road.state(second) is PublicationState.PLANNED


def test_one_look_that_breaks_keeps_no_other_from_being_settled(road: Road, duty: Duty) -> None:
    first, second = road.plan(count=2)
    road.server.order(Mode.FAIL_AFTER, times=2)
    road.go()

    class HalfBlind(CountingNetwork):
        def find(self, access: Any, part: Any, *, deadline_s: float) -> FindResult:
            if part.publication_id == first:
                return FindResult(None)  # type: ignore[arg-type]
            return super().find(access, part, deadline_s=deadline_s)

    road.use(HalfBlind())
    jobs.reconcile(duty)
    assert road.state(second) is PublicationState.PUBLISHED
    assert road.state(first) is PublicationState.UNKNOWN


def test_a_clock_that_jumped_claims_nothing(road: Road, duty: Duty) -> None:
    publication_id = road.plan_one()
    jobs.look_ahead(duty)
    road.clock.advance(hours=1)  # the other clock has not moved
    jobs.look_ahead(duty)
    assert road.state(publication_id) is PublicationState.PLANNED


def test_what_was_claimed_when_the_clock_jumped_waits_for_no_moment_of_that_clock(road: Road) -> None:
    publication_id = road.plan_one()
    road.clock.advance(minutes=1)
    (claim,) = road.claim()
    road.world.clock_watch.jumped = True
    road.clock.advance(days=1)
    publishing.publish_one(road.world, claim)
    road.clock.advance(days=-1)
    road.world.clock_watch.jumped = False
    road.tick()
    assert road.state(publication_id) is PublicationState.PUBLISHED


def test_a_clock_that_jumped_ends_no_lease(road: Road, duty: Duty) -> None:
    publication_id = road.plan_one()
    road.clock.advance(minutes=1)
    road.claim()
    jobs.recover(duty)
    road.clock.advance(hours=1)  # the other clock has not moved
    jobs.recover(duty)
    assert road.state(publication_id) is PublicationState.CLAIMED


def test_by_a_clock_that_jumped_nobody_looks(road: Road, duty: Duty) -> None:
    """It would be too early: something may still be on its way, however late it seems to be."""
    publication_id = road.plan_one()
    road.server.order(Mode.FAIL_AFTER, times=1)
    road.go()
    jobs.recover(duty)
    road.clock.advance(hours=1)  # the other clock has not moved
    jobs.reconcile(duty)
    assert road.state(publication_id) is PublicationState.UNKNOWN


def test_what_happened_is_sealed_and_who_has_to_know_gets_a_mail(road: Road, duty: Duty) -> None:
    road.plan_one()
    road.server.order(Mode.REFUSED, times=1)
    road.go()
    road.clock.advance(minutes=1)
    jobs.seal(duty)
    jobs.mail(duty)
    with road.database.read() as session:
        assert session.scalar(select(func.count()).where(AuditEntry.seq.is_(None))) == 0
        lead = session.get_one(User, road.lead_id)
        assert session.scalar(select(func.count()).where(Mail.to == lead.email, Mail.sent_at.is_not(None)))


def test_who_looks_after_a_rule_that_nobody_heeds_is_told_once(road: Road, duty: Duty) -> None:
    answers = {"links": {"reason": "It is ours."}}
    road.plan(count=5, text="Look: https://bit.ly/1", answers=answers)
    jobs.tidy(duty)
    jobs.tidy(duty)
    with road.database.read() as session:
        told = session.scalars(select(Notice).where(Notice.kind == "boundary.overridden")).all()
        assert [notice.user.name for notice in told] == ["Elena Costa"]


def test_the_links_of_what_is_planned_are_looked_at(road: Road, duty: Duty) -> None:
    road.plan_one(text="Read on at http://192.0.2.1/kettles")
    jobs.check_links(duty)
    with road.database.read() as session:
        assert session.scalars(select(LinkCheck.url)).all() == ["http://192.0.2.1/kettles"]


def test_a_beat_another_engine_is_writing_is_not_waited_for(
    postgres_url: str, road: Road, duty: Duty
) -> None:
    database = Database(postgres_url)
    there = replace(duty, world=replace(road.world, database=database, engine="other"))
    jobs.beat(there, "seal")
    with database.write() as session:
        session.scalars(select(EngineBeat).with_for_update()).one()
        jobs.beat(there, "seal")  # comes back at once
        assert real_clock.now(session)
    database.dispose()


def test_two_engines_that_note_the_first_beat_at_the_same_moment_both_go_on(
    postgres_url: str, road: Road, duty: Duty
) -> None:
    database = Database(postgres_url)
    there = replace(duty, world=replace(road.world, database=database, engine="other"))
    with ThreadPoolExecutor(1) as pool:
        with database.write() as session:
            session.add(EngineBeat(job="start", at=make.NOW, engine="one", note=""))
            session.flush()
            second = pool.submit(jobs.beat, there, "start")
            wait_until(lambda: _is_waiting(database), "the second waits for the first")
        second.result(10)
    database.dispose()


def _is_waiting(database: Database) -> bool:
    with database.read() as session:
        return bool(session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


def test_many_notices_become_mails_in_one_round(road: Road, duty: Duty) -> None:
    with road.database.write() as session:
        people = [make.make_user(session, f"Person {n}") for n in range(jobs.MAILS_AT_ONCE * 2 + 1)]
        notify(session, [p.id for p in people], "comment.added", people[0], text="A word.", now=road.clock())
    road.clock.advance(minutes=1)
    jobs.mail(duty)
    with road.database.read() as session:
        assert session.query(Mail).filter(Mail.sent_at.is_not(None)).count() == len(people)
