"""A worker: a process that sends, for several accounts at once, what engines ring for. It keeps no timetable."""

import asyncio
import logging
import os
import platform
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from content_library import clock
from content_library.database import Database, cause
from content_library.models.account import Account, AccountState
from content_library.settings import Settings
from scheduler import (
    account_queue,
    clock_warning,
    heaps,
    observing,
    points,
    publishing,
    reactions,
    worker_beats,
)
from scheduler.account_batch import AccountBatch
from scheduler.transitions import Claim
from scheduler.world import World, make_world

log = logging.getLogger(__name__)

AGAIN_S = 2.0
CLAIM_AT_ONCE = 8
"""Accounts of one worker that claim at a moment: they wait for each other's locks, and hold a connection meanwhile."""


def run(settings: Settings, database: Database, *, crash_at: str = "", world: World | None = None) -> None:
    """Run a worker until SIGTERM or SIGINT; PostgreSQL only. `crash_at` names a point at which a drill kills it."""
    heaps.share()
    if crash_at:
        points.die_at(crash_at)
    reactions.listen()
    world = world or make_world(settings, database, engine=f"{socket.gethostname()}:{os.getpid()}")
    asyncio.run(Worker(settings, world).work())
    if world.senders is not None:
        world.senders.stop()
    database.dispose()


class Worker:
    """One worker process. What blocks happens in threads, one for each account that is being sent for."""

    def __init__(self, settings: Settings, world: World) -> None:
        self._world, self._url = world, settings.database_url
        self._accounts = settings.worker_accounts
        self._threads = ThreadPoolExecutor(self._accounts, thread_name_prefix="account")
        self._claiming = threading.BoundedSemaphore(CLAIM_AT_ONCE)
        self._stopping = threading.Event()
        self._asked_to_stop = asyncio.Event()
        self._beating = threading.Lock()
        self._takes_part = False
        self._busy = 0

    async def work(self) -> None:
        """Until asked to stop; where the queue cannot be reached, try again."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop_soon)
        await asyncio.to_thread(self._warm)
        log.info("worker started as %s, for %d accounts at once", self._world.engine, self._accounts)
        while not self._asked_to_stop.is_set():
            await self._serve()
        self._threads.shutdown()
        log.info("worker stopped")

    def _stop_soon(self) -> None:
        self._stopping.set()
        self._asked_to_stop.set()

    async def _serve(self) -> None:
        """Take part until asked to stop or until something breaks; by the end nothing is under way."""
        self._takes_part = True
        up = asyncio.Event()
        parts = [
            asyncio.create_task(
                account_queue.serve(
                    self._url, self._send_due, accounts=self._accounts, timing=self._world.timing, up=up.set
                )
            ),
            asyncio.create_task(self._beat(up)),
            asyncio.create_task(self._asked_to_stop.wait()),
        ]
        await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        self._stopping.set()
        await asyncio.to_thread(self._leave)
        for part in parts:
            part.cancel()
        ended = await asyncio.gather(*parts, return_exceptions=True)
        for problem in ended:
            if isinstance(problem, Exception):
                log.warning("the queue cannot be used; again in %g s: %s", AGAIN_S, cause(problem))
        if not self._asked_to_stop.is_set():
            await self._pause(AGAIN_S)
            self._stopping.clear()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._asked_to_stop.wait(), seconds)

    async def _send_due(self, account_id: int) -> None:
        self._busy += 1
        try:
            batch = AccountBatch(
                self._world, account_id, self._publish, self._stopping, claiming=self._claiming
            )
            await asyncio.get_running_loop().run_in_executor(self._threads, batch.run)
        finally:
            self._busy -= 1

    def _publish(self, claim: Claim) -> None:
        observing.within(claim, lambda: publishing.publish_one(self._world, claim))

    async def _beat(self, up: asyncio.Event) -> None:
        """From the loop that takes the jobs: where that hangs, or never began, this worker is silent."""
        await up.wait()
        while True:
            await asyncio.to_thread(self._say_alive)
            await asyncio.sleep(self._world.timing.worker_beat)

    def _say_alive(self) -> None:
        world = self._world
        with self._beating, world.database.write() as session:
            if not self._takes_part:  # it has just left
                return
            now, monotonic = clock.now(session), world.monotonic()
            world.clock_watch.tick(now, monotonic)
            clock_warning.keep(session, world.engine, world.clock_watch, now=now, monotonic=monotonic)
            worker_beats.beat(
                session, world.engine, accounts=self._accounts, busy=self._busy, note=platform.node(), now=now
            )

    def _leave(self) -> None:
        """Engines send by themselves at once, and not only when this worker has been silent for a while."""
        try:
            with self._beating, self._world.database.write() as session:
                self._takes_part = False
                worker_beats.leave(session, self._world.engine)
        except SQLAlchemyError as problem:
            log.warning("this worker could not say that it left: %s", cause(problem))

    def _warm(self) -> None:
        """Have a sender at hand where an account needs one: importing everything takes it seconds."""
        world = self._world
        if world.senders is None:
            return
        active = select(Account.network).where(Account.state == AccountState.ACTIVE).distinct()
        try:
            with world.database.read() as session:
                in_use = session.scalars(active).all()
        except SQLAlchemyError as problem:  # then it is started when it is needed
            log.warning("no sender is made ready yet: %s", cause(problem))
            return
        if any(map(world.needs_sender, in_use)):
            world.senders.start()
