"""The whole machine: walks that go far, what always holds, and in the end a quiet time in which everything has to come
to an end that people can see.
"""

import sys
from datetime import datetime, timedelta

import hypothesis.strategies as st
from hypothesis.stateful import invariant, rule
from sqlalchemy import select

from content_library.models.account import AccountState
from scheduler import agenda, holds, points, reconciling
from scheduler.models import Publication
from tests.fakes import Mode
from tests.scheduler.machine.engines import ENGINES, Engines, Trouble, engines, skies, troubles
from tests.scheduler.machine.people import ACTS, QUIET, STORED, TIMING, S, some_parts
from tests.scheduler.machine.stock import LEFT, RIGHT
from tests.scheduler.machine.weather import Looking

ENDED = (S.PUBLISHED, S.FAILED, S.NEEDS_PERSON, S.MISSED, S.EXPIRED, S.CANCELLED)
UNANSWERED = (Mode.FAIL_BEFORE, Mode.RESET_BEFORE, Mode.LATE, Mode.LATE, Mode.FAIL_AFTER, Mode.GARBAGE, None)
BEFORE_A_LOOK = ("withdraw", "archive", "stop_desk", "hold_account", "newer", "not_there")
AFTER_A_LOOK = ("cancel", "withdraw", "hold", "newer", "move", "stop_desk")
LOST = ("marked", "before_send", "sent", "before_record")

one_account = st.sampled_from((LEFT, RIGHT))


class PublicationMachine(Engines):
    """What people and engines do, and what must hold after every step of either."""

    @rule(
        mishaps=st.lists(st.tuples(skies, troubles), min_size=1, max_size=4), parts=some_parts, engine=engines,
        pause=st.sampled_from((0, 0, 40, 125)),
    )  # fmt: skip
    def several_go_out(
        self, mishaps: list[tuple[Mode | None, Trouble | None]], parts: int, engine: str, pause: int
    ) -> None:
        """One after the other, each with something else going wrong, and in the end one more on each account."""
        for n, (sky, trouble) in enumerate(mishaps):
            self.plan_cleared(10, (LEFT, RIGHT)[n % 2], parts)
            self.advance(10)
            self.claim(engine)
            self.advance(pause)
            self.work(engine, sky, trouble)
        for chosen in (LEFT, RIGHT):
            self.plan_cleared(10, chosen)
        self.advance(10)
        self.claim(engine)
        self.work(engine)

    @rule(whats=st.permutations((*ACTS, "sleep", "oversleep", "jump")), parts=some_parts)
    def somebody_acts_in_the_middle(self, whats: list[str], parts: int) -> None:
        """At four moments, on two accounts."""
        moments = ("claimed", "prepared", "before_mark", "recorded")
        for point, chosen, what in zip(moments, (LEFT, RIGHT) * 2, whats, strict=False):
            self.plan_cleared(10, chosen, parts)
            self.advance(10)
            self.claim("left")
            self.work("left", Mode.OK, (point, what))

    @rule(
        skies=st.permutations(UNANSWERED), lost=st.sampled_from(("", "", "", *LOST)), is_looked_for=st.booleans(),
        whats=st.one_of(st.permutations(BEFORE_A_LOOK), st.permutations(AFTER_A_LOOK)), parts=some_parts,
    )  # fmt: skip
    def an_unclear_answer(
        self, skies: list[Mode | None], lost: str, is_looked_for: bool, whats: list[str], parts: int
    ) -> None:
        """On two accounts no answer, or the engine is lost with it; somebody acts, before it is looked for or after;
        what may go goes again."""
        made = []
        for chosen, sky in zip((LEFT, RIGHT), skies, strict=False):
            made += self.plan_cleared(10, chosen, parts)
            self.advance(10)
            self.claim("left")
            self.work("left", Mode.OK if lost else sky, (lost, "cut") if lost else None)
        if lost:
            self.advance(TIMING.lease + 1)
            self.recover()
        if is_looked_for:
            self.look()
        for publication_id, what in zip(made, whats, strict=False):
            self.meanwhile(what, publication_id)
        self.look()
        self.advance(20)
        self.claim("right")
        self.work("right")

    @rule(how=st.sampled_from(("cleared", "offer")), chosen=one_account, seconds=st.sampled_from((250, 1000)))
    def an_engine_comes_late(self, how: str, chosen: tuple[int, ...], seconds: int) -> None:
        """After the end of an offer, or after the grace."""
        self.plan(10, chosen, 1, how)
        self.advance(10 + seconds)
        self.claim("left")
        self.work("left")

    @rule(
        chosen=one_account, looking=st.sampled_from((*[Looking.DIFFERENT] * 5, Looking.UNREADABLE)),
        sky=st.sampled_from(UNANSWERED), verb=st.sampled_from(("there", "not_there", "not_there", "give_up")),
    )  # fmt: skip
    def a_person_is_asked(
        self, chosen: tuple[int, ...], looking: Looking, sky: Mode | None, verb: str
    ) -> None:
        """Something nobody can make out is put to a person, who answers."""
        made = self.plan_cleared(10, chosen)
        self.advance(10)
        self.claim("left")
        self.work("left", sky)
        for _ in range(reconciling.MOST_LOOKS if looking is Looking.UNREADABLE else 1):
            self.weather.looking = looking
            self.look()
            self.advance(901 if looking is Looking.UNREADABLE else 0)
        self.weather.looking = Looking.CLEAR
        for publication_id in made:
            with self.acting() as session:
                self.decide(session, session.get_one(Publication, publication_id), verb)
        self.claim("right")
        self.work("right")

    @rule(whats=st.permutations(STORED), parts=some_parts)
    def something_stored_is_changed(self, whats: list[str], parts: int) -> None:
        """Behind everybody’s back, on two accounts, before they go out."""
        for what, chosen in zip(whats, (LEFT, RIGHT), strict=False):
            made = self.plan_cleared(10, chosen, parts)
            with self.acting() as session:
                for publication_id in made:
                    self.tamper(session, session.get_one(Publication, publication_id), what)
        self.advance(10)
        self.claim("right")
        self.work("right")

    # ---- what always holds -----------------------------------------------------

    @invariant()
    def nothing_is_wrong(self) -> None:
        assert not self.witness.look_around()

    # ---- in the end ------------------------------------------------------------

    def _bring_to_an_end(self) -> None:
        """The network is well, every hold is lifted, every account connected: after a quiet time nothing is open."""
        self.weather.clear_sky()
        self.jump(jumped=False)
        self._remove_obstacles()
        for _ in range(80):
            self._one_round()
            waits = self._next_moment()
            if waits is None:
                break
            self.advance(max(1.0, (waits - self.clock()).total_seconds()))
        assert not self.witness.in_the_end()
        with self.database.read() as session:
            left = {
                p.id: (p.state, p.reason)
                for p in session.scalars(select(Publication))
                if p.state not in ENDED
            }
            counted = agenda.counts(session)
        assert not left, f"still open after a quiet time: {left}"
        assert sum(counted.values()) == len(self.witness.due)

    def _remove_obstacles(self) -> None:
        with self.acting() as session:
            for hold in holds.open_holds(session, self.stock.desk):
                holds.lift(session, hold, **self.priya(session))
        for publication_id in self.witness.due:
            with self.acting() as session:
                publication = session.get_one(Publication, publication_id)
                if publication.account.state is AccountState.RECONNECT:
                    self.act(session, "reconnect", publication)
            with self.acting() as session:
                publication = session.get_one(Publication, publication_id)
                if publication.state is S.HELD:
                    self.act(session, "release", publication)

    def _one_round(self) -> None:
        self.recover()
        self.look()
        self.mend()
        self.delete()
        for engine in ENGINES:
            self.claim(engine)
            self.work(engine)

    def _next_moment(self) -> datetime | None:
        """When something that is still open may go on; None when nothing is."""
        now, moments = self.clock(), [u.until for u in self.weather.under_way]
        with self.database.read() as session:
            for p in session.scalars(select(Publication)):
                if p.state not in ENDED:
                    known = (p.due_at, p.not_before, p.leased_until, p.late_at, p.state_at + QUIET)
                    later = [at for at in known if at is not None and at > now]
                    moments.append(min(later, default=now) + timedelta(seconds=1))
                elif p.take_down_wanted_at is not None and p.taken_down_at is None:
                    moments.append(p.take_down_wanted_at)
        return min(moments, default=None)

    def teardown(self) -> None:
        try:
            self.trouble = None
            if sys.exc_info()[0] is None:  # what has gone wrong already is what is to be read
                self._bring_to_an_end()
        finally:
            points.on_reach(None)
            self.weather.close()
            self.database.dispose()
