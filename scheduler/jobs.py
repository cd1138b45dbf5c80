"""The recurring work, one short function a job. Each opens its own sessions and delegates."""

import logging
import platform
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from content_library import (
    agreement_rounds,
    boundary_owners,
    clock,
    decision_links,
    feeds,
    link_checks,
    meters,
    notifications,
    posts,
    pressing,
    reminders,
    sealing,
    sign_in,
    submissions,
    terms,
)
from content_library.models.account import Account, AccountState
from content_library.models.desk import EngineBeat
from content_library.settings import Settings
from content_library.web_fetch import Fetcher
from scheduler import (
    clock_warning,
    conservation,
    head_exports,
    mending,
    observing,
    overdue_notices,
    reconciling,
    retention,
    retiming,
    series,
    standing,
    take_down,
    transitions,
    triage,
    watch,
    windows,
    worker_beats,
)
from scheduler.account_queue import AccountQueue
from scheduler.workers import Workers
from scheduler.world import World
from service_channel import connecting, renewing
from service_channel.networks.base import Renewable

log = logging.getLogger(__name__)

MOST_CLAIMS = 500
LOOKS_AT_ONCE = 4
MAILS_AT_ONCE = 10
PER_ACCOUNT = 100
"""Claims of one account at a time: what a quick network takes within the lease."""


@dataclass
class Duty:
    """What the jobs of one engine share. `stopping` is set when the engine is to end."""

    world: World
    settings: Settings
    workers: Workers
    fetcher: Fetcher
    render_mail: notifications.Render
    queue: AccountQueue | None = None  # to workers, where the database can keep one
    stopping: threading.Event = field(default_factory=threading.Event)


def look_ahead(duty: Duty) -> None:
    """Claim what is due in the next seconds and hand each to a thread for its moment.

    Where workers live they are told whose turn it is, and only what they have left lying is claimed.
    """
    world, timing = duty.world, duty.world.timing
    claimed = MOST_CLAIMS
    while claimed == MOST_CLAIMS and duty.workers.waiting() < MOST_CLAIMS:
        with world.database.write() as session:
            now = clock.now(session)
            monotonic = world.monotonic()
            is_sane = world.clock_watch.tick(now, monotonic)
            clock_warning.keep(session, world.engine, world.clock_watch, now=now, monotonic=monotonic)
            if not is_sane:
                log.warning("this machine's clock jumped: publishing waits until it is steady for a minute")
                return
            claims = transitions.claim(
                session, engine=world.engine, now=now, until=_own_share(duty, session, now=now),
                lease_s=timing.lease, most=MOST_CLAIMS, per_account=PER_ACCOUNT,
            )  # fmt: skip
        duty.workers.take(claims, now=now, monotonic=monotonic)
        claimed = len(claims)


def _own_share(duty: Duty, session: Session, *, now: datetime) -> datetime:
    """Until when this engine claims what is due: all of it, or with workers there what they should have begun."""
    timing = duty.world.timing
    if duty.queue is not None and duty.queue.hand_over(session, now=now, timing=timing):
        return now - timedelta(seconds=timing.worker_silent)
    return now + timedelta(seconds=timing.look_ahead)


def recover(duty: Duty) -> None:
    """Bring back what a crash left behind: claims whose lease is over, sendings and jobs nobody finished."""
    with duty.world.database.write() as session:
        now = clock.now(session)
        if not _is_steady(duty.world, now):
            return
        observing.given_back(reconciling.give_back_expired(session, now=now))
        reconciling.lose_expired(session, now=now)
    if duty.queue is not None:
        with duty.world.database.write() as session:
            now = clock.now(session)
            worker_beats.forget_silent(session, now=now)
            duty.queue.clear_stalled(session, now=now, timing=duty.world.timing)


def reconcile(duty: Duty) -> None:
    """Look on the networks for what is unknown, and take down what was asked to be taken down."""
    world = duty.world
    with world.database.write() as session:
        now = clock.now(session)
        looking = _is_steady(world, now)
        unknown = (
            reconciling.due_looks(session, now=now, again_s=world.timing.send_deadline) if looking else []
        )
        unwanted = take_down.due(session)
    _each(duty, unknown, lambda publication_id: reconciling.look(world, publication_id))
    _each(duty, unwanted, lambda publication_id: take_down.take_down_one(world, publication_id))


def look_again(duty: Duty) -> None:
    """Look on the networks whether what is out still stands there."""
    world = duty.world
    with world.database.write() as session:
        now = clock.now(session)
        if not _is_steady(world, now):
            return
        standing.enrol(session, world, now=now)
        due = standing.due(session, now=now)
    _each(duty, due, lambda publication_id: standing.look(world, publication_id))


def _is_steady(world: World, now: datetime) -> bool:
    """Whether leases and pauses may be judged: by a clock that jumped they would seem to be over, and prove nothing."""
    return world.clock_watch.tick(now, world.monotonic())


def _each(
    duty: Duty, ids: Iterable[int], do: Callable[[int], object], *,
    about: Callable[[int], AbstractContextManager[object]] = observing.about,
) -> None:  # fmt: skip
    """Several at once, each on its own: one network that does not answer keeps nobody else waiting for long.

    `about` puts what an id is of into every line of the log meanwhile; a publication, unless something else is said.
    """

    def one(number: int) -> None:
        if duty.stopping.is_set():
            return
        with about(number):
            try:
                do(number)
            except Exception:
                log.exception("number %s: tried again later", number)

    with ThreadPoolExecutor(LOOKS_AT_ONCE) as pool:
        list(pool.map(one, ids))


def renew(duty: Duty) -> None:
    """Renew the access tokens that run out soon; say which connections a person has to renew."""
    world = duty.world
    renewable = {key for key, network in world.networks.items() if isinstance(network, Renewable)}
    with world.database.write() as session:
        now = clock.now(session)
        due = renewing.claim_due(session, renewable, now=now)
        keys = dict(session.execute(select(Account.id, Account.network).where(Account.id.in_(due))).all())
    _each(
        duty, due, lambda one: renewing.renew(world.database, world.networks[keys[one]], world.vault, one),
        about=nullcontext,
    )  # fmt: skip
    with world.database.write() as session:
        now = clock.now(session)
        renewing.end_dead(session, now=now)
        renewing.tell_dying(session, now=now)
        connecting.forget_old(session, now=now)
        in_use = set(
            session.scalars(select(Account.network).where(Account.state == AccountState.ACTIVE).distinct())
        )
    if world.senders is not None and any(map(world.needs_sender, in_use)):
        world.senders.start()


def mend(duty: Duty) -> None:
    """Release what is mended, expire what is over."""
    with duty.world.database.write() as session:
        now = clock.now(session)
        submissions.expire_submissions(session, now=now)
        reminders.remind(session, now=now)
        posts.expire_posts(session, now=now)
        agreement_rounds.tend(session, now=now)
        mending.expire_uncleared(session, now=now)
        mending.miss_blocked(session, now=now)
        mending.release_mended(session, now=now)
        mending.apply_boundaries(session, now=now)
        triage.settle(session, now=now)
        windows.release_over(session, now=now)


def retime(duty: Duty) -> None:
    """At the engine's start and daily: what is unsent goes by the rules of time zones in use now."""
    with duty.world.database.write() as session:
        now = clock.now(session)
        clock_warning.forget_ended(session, now=now)
        changed = retiming.retime(session, now=now)
    if changed:
        log.warning("the rules of time zones changed: %d publications go at another moment", changed)


def plan_series(duty: Duty) -> None:
    """Plan what series bring in the next weeks, one series at a time."""
    with duty.world.database.read() as session:
        open_ones = series.open_series(session)
    for series_id in open_ones:
        if duty.stopping.is_set():
            return
        with duty.world.database.write() as session:
            series.plan_ahead(session, series_id, now=clock.now(session))


def keep_watch(duty: Duty) -> None:
    """Count what is overdue, compare what stands with what was planned, and say so where something is wrong."""
    database = duty.world.database
    with database.read() as session:
        now = clock.now(session)
        found = watch.overdue(session, now=now, timing=duty.world.timing)
    for one in found:
        if one.whose is watch.Whose.ENGINE:
            log.warning("%d publications are %s for too long, since %s", one.count, one.state, one.since)
    overdue_notices.tell(database, duty.world.timing, anything=bool(found))
    if not (total := conservation.keep_book(database, now=now)).adds_up:
        log.error("%s publications were planned and %d are there", total.created, total.standing)


def settle_decisions(duty: Duty) -> None:
    """Let the decisions count whose time to be taken back is over, each on its own."""
    pressing.settle_due(duty.world.database)


def seal(duty: Duty) -> None:
    """Chain the record's new entries."""
    with duty.world.database.write() as session:
        sealing.seal(session, key=duty.settings.record_key, now=clock.now(session))


def mail(duty: Duty) -> None:
    """Turn notices into mails and deliver what is due."""
    with duty.world.database.write() as session:
        mending.forget_what_moved_on(session, now=clock.now(session))
    while not duty.stopping.is_set() and _make_some_mails(duty):
        pass
    notifications.send_due(duty.world.database, duty.settings)


def _make_some_mails(duty: Duty) -> int:
    """A few at a time: wording a mail takes milliseconds, and on SQLite nobody else writes meanwhile."""
    with duty.world.database.write() as session:
        now = clock.now(session)
        return notifications.make_mails(session, duty.render_mail, now=now, most=MAILS_AT_ONCE)


def poll_feeds(duty: Duty) -> None:
    """Fetch the feeds that are due."""
    database = duty.world.database
    with database.read() as session:
        now = clock.now(session)
    polled = feeds.poll_due(database, duty.fetcher, now, stop=duty.stopping)
    meters.count("feed_polls", "changed", amount=polled.changed)
    meters.count("feed_polls", "failed", amount=polled.failed)
    meters.count("feed_polls", "unchanged", amount=polled.asked - polled.changed - polled.failed)


def check_links(duty: Duty) -> None:
    """Look at the links of what is planned."""
    database = duty.world.database
    with database.write() as session:
        now = clock.now(session)
        link_checks.watch(session, mending.links_planned(session), now)
    link_checks.check_due(database, duty.fetcher, now)
    terms.check_due(database, duty.fetcher, now=now)
    with database.write() as session:
        mending.hold_dead_links(session, now=clock.now(session))


def tidy(duty: Duty) -> None:
    """Forget sessions and links that are over, tell who looks after a boundary nobody heeds, and daily tidy up."""
    with duty.world.database.write() as session:
        now = clock.now(session)
        sign_in.forget_old_sessions(session, now=now)
        decision_links.forget_old(session, now=now)
    _tell_owners(duty)
    retention.tidy_daily(duty.world.database, duty.world.media_folder, stop=duty.stopping)


def _tell_owners(duty: Duty) -> None:
    """Counting takes its time on a large desk, so nobody waits for a lock meanwhile."""
    with duty.world.database.read() as session:
        is_due = bool(boundary_owners.to_tell(session, now=clock.now(session)))
    if is_due:
        with duty.world.database.write() as session:
            boundary_owners.tell_owners(session, now=clock.now(session))
    with duty.world.database.write() as session:
        agreement_rounds.tell_offers(session, now=clock.now(session))


def export_head(duty: Duty) -> None:
    """Once a day, keep the end of the record's chain where the database's owner cannot reach it."""
    head_exports.export_daily(duty.world.database, duty.settings, duty.fetcher)


def beat(duty: Duty, job: str) -> None:
    """Note that a job has just finished, for the health page and the watchdog.

    Never waits for another engine that is noting the same: that one may be asleep in the middle of it. Where both note
    it for the first time at the same moment, one of them has.
    """
    with suppress(IntegrityError), duty.world.database.write() as session:
        free = select(EngineBeat.job).where(EngineBeat.job == job).with_for_update(skip_locked=True)
        if session.scalar(free) is None and session.get(EngineBeat, job) is not None:
            return
        session.merge(
            EngineBeat(job=job, at=clock.now(session), engine=duty.world.engine, note=platform.node())
        )
