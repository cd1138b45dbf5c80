"""The timetable in one list, and the process that keeps it."""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.schedulers.base import BaseScheduler
from sqlalchemy.exc import SQLAlchemyError

from content_library import clock, notifications
from content_library.database import Database, cause, is_away
from content_library.settings import Settings
from content_library.web_addresses import FetchPolicy
from content_library.web_fetch import Fetcher
from scheduler import heaps, jobs, observing, points, publishing, reactions, transitions, watch
from scheduler.account_queue import queue_of
from scheduler.jobs import Duty
from scheduler.transitions import Claim
from scheduler.workers import Workers
from scheduler.world import World, make_world

log = logging.getLogger(__name__)

BEAT_EVERY_S = 5.0
LISTEN_EVERY_S = 0.2


@dataclass(frozen=True)
class Entry:
    """One line of the timetable: every `seconds`, never twice at once, never dropped for being late.

    `takes_s`: how long one run may take.
    """

    name: str
    run: Callable[[Duty], None]
    seconds: float
    takes_s: float = 0.0

    @property
    def late_after_s(self) -> float:
        """How old its beat may be before the job counts as late."""
        return 60.0 + 4 * self.seconds + self.takes_s


def timetable(settings: Settings) -> list[Entry]:
    """Everything that happens by itself."""
    timing = settings.timing
    return [
        Entry("look_ahead", jobs.look_ahead, timing.tick),
        Entry("recover", jobs.recover, timing.reconcile_tick),
        Entry("reconcile", jobs.reconcile, timing.reconcile_tick),
        Entry("look_again", jobs.look_again, 60.0, takes_s=900.0),
        Entry("settle_decisions", jobs.settle_decisions, 2.0),
        Entry("renew", jobs.renew, timing.housekeeping_tick),
        Entry("seal", jobs.seal, 3.0),
        Entry("mail", jobs.mail, timing.poll_tick, takes_s=300.0),
        Entry("poll_feeds", jobs.poll_feeds, timing.poll_tick, takes_s=900.0),
        Entry("mend", jobs.mend, timing.housekeeping_tick),
        Entry("watch", jobs.keep_watch, 30.0),
        Entry("check_links", jobs.check_links, 30.0, takes_s=900.0),
        Entry("tidy", jobs.tidy, 3600.0, takes_s=3600.0),
        Entry("plan_series", jobs.plan_series, 600.0, takes_s=900.0),
        Entry("retime", jobs.retime, 86_400.0, takes_s=3600.0),
        Entry("export_head", jobs.export_head, 900.0, takes_s=900.0),
    ]


class Engine:
    """One engine process: claims, sends, looks, and keeps house until it is stopped."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        render_mail: notifications.Render,
        *,
        world: World | None = None,
    ) -> None:
        reactions.listen()
        world = world or make_world(settings, database, engine=f"{socket.gethostname()}:{os.getpid()}")
        self.duty = Duty(
            world=world,
            settings=settings,
            workers=Workers(
                lambda claim: observing.within(claim, lambda: publishing.publish_one(world, claim)),
                threads=settings.engine_threads,
                give_back=self._give_back,
                send_by_s=settings.timing.send_deadline,
            ),
            fetcher=Fetcher(FetchPolicy(allow=settings.fetch_allow)),
            render_mail=render_mail,
            queue=queue_of(database),
        )
        self._starting = threading.Thread(target=self._say_started, name="starting", daemon=True)
        self._scheduler = _scheduler(self.duty, timetable(settings))

    def start(self) -> None:
        self._starting.start()
        self._scheduler.start()
        log.info("engine started as %s", self.duty.world.engine)

    def _say_started(self) -> None:
        """As soon as the database takes it: one that is busy or away keeps no engine from starting."""
        is_said = False
        while not is_said and not self.duty.stopping.is_set():
            try:
                jobs.beat(self.duty, watch.STARTED)
                is_said = True
            except SQLAlchemyError as problem:
                log.warning("that this engine has started is not noted yet: %s", cause(problem))
                self.duty.stopping.wait(BEAT_EVERY_S)

    def stop(self) -> None:
        """Finish what is under way, give back what is not begun."""
        self.duty.stopping.set()
        self._starting.join(self.duty.world.timing.send_deadline)  # it may wait for a database that is away
        self._scheduler.shutdown(wait=True)
        left = self.duty.workers.stop(timeout_s=self.duty.world.timing.send_deadline)
        try:
            self._give_back(left)
        except SQLAlchemyError as problem:
            log.warning("%d claims: their lease brings them back: %s", len(left), cause(problem))
        if self.duty.world.senders is not None:
            self.duty.world.senders.stop()
        self.duty.fetcher.close()
        log.info("engine stopped, %d claims were not begun", len(left))

    def _give_back(self, claims: Sequence[Claim]) -> None:
        with self.duty.world.database.write() as session:
            transitions.give_back(session, claims, now=clock.now(session))


def run(
    settings: Settings, database: Database, render_mail: notifications.Render, *, crash_at: str = "",
    world: World | None = None,
) -> None:  # fmt: skip
    """Run an engine until SIGTERM or SIGINT. `crash_at` names a point at which a drill kills it."""
    heaps.share()
    if crash_at:
        points.die_at(crash_at)
    asked_to_stop: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: asked_to_stop.append(received))
    engine = Engine(settings, database, render_mail, world=world)
    engine.start()
    # Waiting for a lock here would not do: where the kernel hands the signal to another thread, it wakes nobody.
    while not asked_to_stop:
        time.sleep(LISTEN_EVERY_S)
    engine.stop()
    database.dispose()


def _scheduler(duty: Duty, entries: list[Entry]) -> BaseScheduler:
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a job that is still running is no news
    scheduler = BackgroundScheduler(
        executors={"default": ThreadPoolExecutor(len(entries))},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        timezone="UTC",
    )
    for entry in entries:
        scheduler.add_job(
            _job(entry, duty),
            "interval",
            seconds=entry.seconds,
            id=entry.name,
            next_run_time=datetime.now(UTC),
        )
    return scheduler


def _job(entry: Entry, duty: Duty) -> Callable[[], None]:
    last_beat = 0.0

    def run_once() -> None:
        nonlocal last_beat
        try:
            entry.run(duty)
            if duty.world.monotonic() - last_beat >= BEAT_EVERY_S:
                jobs.beat(duty, entry.name)
                last_beat = duty.world.monotonic()
        except Exception as problem:
            if is_away(problem):  # no word of ours is wrong: the traceback would tell nothing
                log.warning(
                    "job %s did not finish; it runs again in %s s: the database says %s",
                    entry.name, entry.seconds, cause(problem),
                )  # fmt: skip
            else:
                log.exception("job %s did not finish; it runs again in %s s", entry.name, entry.seconds)

    return run_once
