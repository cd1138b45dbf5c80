"""Two engines and the weather on the network, as rules: claiming, sending, being lost, looking, mending, deleting."""

from datetime import timedelta

import hypothesis.strategies as st
from hypothesis.stateful import precondition, rule
from sqlalchemy import select

from content_library import posts, submissions
from scheduler import mending, points, publishing, reconciling, take_down, transitions
from scheduler.clock_watch import ClockWatch
from scheduler.models import Publication
from scheduler.transitions import Claim
from scheduler.world import World
from service_channel.networks.base import Outcome
from tests import factories as make
from tests.fakes import Mode
from tests.scheduler.machine.people import (
    ACTS,
    TIMING,
    People,
    S,
    busy,
    picks,
)
from tests.scheduler.machine.weather import Looking, Preparing

ENGINES = ("left", "right")
OTHERS = ("cut", "sleep", "oversleep", "jump")
Trouble = tuple[str, str]  # the point, and what happens there

engines = st.sampled_from(ENGINES)
skies = st.sampled_from((*[Mode.OK] * 3, *Mode, None))
looks = st.sampled_from((*[Looking.CLEAR] * 4, *Looking))
preparations = st.sampled_from((*[Preparing.CLEAR] * 12, *Preparing))
happenings = st.one_of(st.just("cut"), st.sampled_from((*ACTS, *OTHERS)))
troubles = st.one_of(st.none(), st.tuples(st.sampled_from(points.POINTS), happenings))
pauses = st.sampled_from((3, 15, 30, 70, 125, 185, 1000))
hopeful = precondition(lambda self: bool(self.weather.under_way))


class PowerCut(BaseException):
    """The engine is gone at a named point."""


class Engines(People):
    """Two engines beside the people."""

    def __init__(self) -> None:
        super().__init__()
        self.worlds = {name: self._world(name) for name in ENGINES}
        self.claims: list[tuple[str, Claim]] = []
        self.trouble: tuple[str, str] | None = None
        self.running: list[int] = []
        self.before: dict[int, S] = {}
        points.on_reach(self._reach)

    def _world(self, engine: str) -> World:
        return World(
            database=self.database, networks={"bluesky": self.weather}, vault=make.VAULT, media_folder=self.folder,
            timing=TIMING, engine=engine, clock_watch=ClockWatch(TIMING.clock_drift),
        )  # fmt: skip

    # ---- time ------------------------------------------------------------------

    @busy
    @rule(seconds=pauses)
    def let_time_pass(self, seconds: int) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """What is under way arrives at the latest when nothing is said to be in flight any more."""
        then = self.clock() + timedelta(seconds=seconds)
        for one in [u for u in self.weather.under_way if u.until <= then]:
            self.weather.arrive(one)
        self.clock.set(then)

    @hopeful
    @rule(pick=picks)
    def what_was_under_way_arrives(self, pick: int) -> None:
        self.weather.arrive(self.weather.under_way[pick % len(self.weather.under_way)])

    @busy
    @rule()
    def the_clock_is_steady_or_jumps(self) -> None:
        self.jump(jumped=not self.witness.jumped)

    def jump(self, *, jumped: bool) -> None:
        self.witness.jumped = jumped
        for world in self.worlds.values():
            world.clock_watch.jumped = jumped

    # ---- engines ---------------------------------------------------------------

    def claim(self, engine: str) -> None:
        now = self.clock()
        with self.database.write() as session:
            before = {p.id: p.state for p in session.scalars(select(Publication))}
            session.expunge_all()
            claims = transitions.claim(
                session, engine=engine, now=now, until=now + timedelta(seconds=TIMING.look_ahead),
                lease_s=TIMING.lease, most=100, per_account=100,
            )  # fmt: skip
        for claim in claims:
            if before[claim.publication_id] is not S.PLANNED:
                self.witness.wrong.append(f"claimed while it was {before[claim.publication_id]}: {claim}")
        self.claims += [(engine, claim) for claim in claims]

    @busy
    @rule(engine=engines, claims=st.booleans(), sky=skies, preparing=preparations, trouble=troubles)
    def an_engine_works(
        self, engine: str, claims: bool, sky: Mode | None, preparing: Preparing, trouble: Trouble | None
    ) -> None:
        if claims:
            self.claim(engine)
        self.weather.preparing = preparing
        self.work(engine, sky, trouble)

    def work(self, engine: str, sky: Mode | None = Mode.OK, trouble: Trouble | None = None) -> None:
        """Each claim of an engine whose moment has come, in order; an engine that is lost loses them all."""
        self.weather.sending, self.trouble = sky, trouble
        due = [c for c in self.claims if c[0] == engine and c[1].due_at <= self.clock()]
        for one in sorted(due, key=lambda c: (c[1].due_at, c[1].publication_id)):
            if one in self.claims:
                self.claims.remove(one)
                self._run(*one)
        self.weather.sending, self.weather.preparing, self.trouble = Mode.OK, Preparing.CLEAR, None

    def _run(self, engine: str, claim: Claim) -> None:
        self.running.append(claim.publication_id)
        try:
            publishing.publish_one(self.worlds[engine], claim)
        except PowerCut:
            self.witness.engine_lost(claim)
            self.claims = [c for c in self.claims if c[0] != engine]
        finally:
            self.running.pop()

    def _reach(self, point: str) -> None:
        if point == "marked":
            self.witness.at_mark()
        assert not self.witness.wrong, self.witness.wrong[0]
        if self.trouble is None or self.trouble[0] != point or not self.running:
            return
        what, self.trouble = self.trouble[1], None
        if what == "cut":
            raise PowerCut
        self.meanwhile(what, self.running[-1])

    def meanwhile(self, what: str, publication_id: int) -> None:
        """Somebody or something acts while an engine is in the middle of a publication."""
        if what in ("sleep", "oversleep"):
            self.sleep(publish=what == "oversleep")
        elif what == "jump":
            self.jump(jumped=True)
        elif what == "not_there":
            with self.acting() as session:
                self.decide(session, session.get_one(Publication, publication_id), what)
        else:
            with self.acting() as session:
                self.act(session, what, session.get_one(Publication, publication_id))

    def sleep(self, *, publish: bool) -> None:
        """The engine sleeps past its lease; another takes over, and may have published when it wakes."""
        self.advance(TIMING.lease + 1)
        self.recover()
        self.look()
        self.advance(20)
        self.claim("right")
        if publish:
            self.work("right")

    @busy
    @rule(job=st.sampled_from(("recover", "look", "mend", "delete")), looking=looks, trouble=happenings,
          deleting=st.sampled_from((Outcome.SENT, Outcome.UNKNOWN, Outcome.REFUSED)))  # fmt: skip
    def a_job_runs(self, job: str, looking: Looking, trouble: str, deleting: Outcome) -> None:
        self.weather.looking, self.weather.deleting = looking, deleting
        self.trouble = ("looked", trouble)
        {"recover": self.recover, "look": self.look, "mend": self.mend, "delete": self.delete}[job]()
        self.weather.looking, self.weather.deleting, self.trouble = Looking.CLEAR, Outcome.SENT, None

    def recover(self) -> None:
        with self.database.write() as session:
            reconciling.give_back_expired(session, now=self.clock())
            reconciling.lose_expired(session, now=self.clock())

    def look(self) -> None:
        with self.database.write() as session:
            due = reconciling.due_looks(session, now=self.clock(), again_s=TIMING.send_deadline)
        for publication_id in due:
            self.running.append(publication_id)
            try:
                reconciling.look(self.worlds["left"], publication_id)
            except PowerCut:
                pass
            finally:
                self.running.pop()

    def mend(self) -> None:
        with self.database.write() as session:
            now = self.clock()
            submissions.expire_submissions(session, now=now)
            posts.expire_posts(session, now=now)
            mending.expire_uncleared(session, now=now)
            mending.miss_blocked(session, now=now)
            mending.release_mended(session, now=now)

    def delete(self) -> None:
        with self.database.write() as session:
            due = take_down.due(session)
        for publication_id in due:
            take_down.take_down_one(self.worlds["left"], publication_id)
