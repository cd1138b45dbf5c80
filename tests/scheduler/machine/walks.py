"""The whole machine: walks that go far, what always holds, and in the end a quiet time in which everything has to come
to an end that people can see.
"""

import sys
from datetime import datetime, timedelta

import hypothesis.strategies as st
from hypothesis.stateful import invariant, rule
from sqlalchemy import select

from scheduler import agenda, points
from scheduler.models import Publication
from scheduler.reconciling import MOST_LOOKS
from service_channel.networks.base import Outcome
from tests.fakes import Mode
from tests.scheduler.machine.engines import ENGINES, Engines, Trouble, engines
from tests.scheduler.machine.people import ACTS, QUIET, STORED, TIMING, S, some_parts
from tests.scheduler.machine.stock import LEFT, RIGHT
from tests.scheduler.machine.weather import Looking

ENDED = (S.PUBLISHED, S.FAILED, S.NEEDS_PERSON, S.MISSED, S.EXPIRED, S.CANCELLED)
UNANSWERED = (Mode.FAIL_BEFORE, Mode.RESET_BEFORE, Mode.LATE, Mode.LATE, Mode.FAIL_AFTER, Mode.GARBAGE, None)
BEFORE_A_LOOK = ("withdraw", "cancel", "archive", "stop_desk", "hold_account", "newer", "not_there")
AFTER_A_LOOK = ("cancel", "withdraw", "hold", "newer", "move", "stop_desk")
LOOKS = (*[(Looking.DIFFERENT, 1), (Looking.UNREADABLE, 1)] * 2, (Looking.UNREADABLE, MOST_LOOKS))
LOST = ("marked", "before_send", "sent", "before_record")

LATE = (  # what is planned, how long it waits for its claim (s), and how old its claim grows (s)
    ("offer", 250, 0), ("cleared", 1000, 0), ("cleared", 0, 125), ("cleared", 0, 185),
)  # fmt: skip

one_lost = st.sampled_from(("", "", "", *LOST))
one_account = st.sampled_from((LEFT, RIGHT))

STEPS = (
    "somebody_acts", "somebody_decides", "let_time_pass", "what_was_under_way_arrives", "the_clock_is_steady_or_jumps",
    "an_engine_works", "a_job_runs",
)  # fmt: skip
"""The rules that are no walks: without them a run gets further in less time."""


class PublicationMachine(Engines):
    """What people and engines do, and what must hold after every step of either."""

    @rule(
        skies=st.permutations((*Mode, None)), moments=st.permutations((*points.POINTS, *[""] * 5)),
        count=st.integers(2, 4), parts=some_parts, engine=engines,
    )  # fmt: skip
    def several_go_out(
        self, skies: list[Mode | None], moments: list[str], count: int, parts: int, engine: str
    ) -> None:
        """In changing weather, the engine lost now and then; in the end one more on each account."""
        self.a_new_day()
        for sky, moment, chosen in zip(skies[:count], moments, (LEFT, RIGHT) * 2, strict=False):
            self.plan_cleared(10, chosen, parts)
            self.advance(10)
            self.claim(engine)
            self.work(engine, sky, (moment, "cut") if moment else None)
        for chosen in (LEFT, RIGHT):
            self.plan_cleared(10, chosen)
        self.advance(10)
        self.claim(engine)
        self.work(engine)

    @rule(whats=st.permutations((*ACTS, "sleep", "oversleep", "jump")), parts=some_parts)
    def somebody_acts_before_the_mark(self, whats: list[str], parts: int) -> None:
        """Four times, while it is prepared and when it is ready to go."""
        for point, chosen, what in zip(
            ("prepared", "before_mark") * 2, (LEFT, RIGHT) * 2, whats, strict=False
        ):
            self._send_with(chosen, parts, (point, what))

    @rule(whats=st.permutations((*ACTS, "sleep", "oversleep", "jump")))
    def somebody_acts_between_the_parts(self, whats: list[str]) -> None:
        """Of a thread, or before anything of it is read."""
        for point, chosen, what in zip(
            ("claimed", *["recorded"] * 3), (LEFT, RIGHT) * 2, whats, strict=False
        ):
            self._send_with(chosen, 3, (point, what))

    def _send_with(self, chosen: tuple[int, ...], parts: int, trouble: Trouble) -> None:
        self.a_new_day()
        self.plan_cleared(10, chosen, parts)
        self.advance(10)
        self.claim("left")
        self.work("left", Mode.OK, trouble)

    @rule(
        skies=st.permutations(UNANSWERED),
        lost=one_lost,
        whats=st.permutations(BEFORE_A_LOOK),
        parts=some_parts,
    )
    def somebody_acts_after_an_unclear_answer(
        self, skies: list[Mode | None], lost: str, whats: list[str], parts: int
    ) -> None:
        """Before anybody has looked; what may go goes again."""
        for publication_id, what in zip(self._leave_unclear(skies, lost, parts), whats, strict=False):
            self.meanwhile(what, publication_id)
        self._look_and_send_again()

    @rule(
        skies=st.permutations(UNANSWERED),
        lost=one_lost,
        whats=st.permutations(AFTER_A_LOOK),
        parts=some_parts,
    )
    def somebody_acts_after_a_look(
        self, skies: list[Mode | None], lost: str, whats: list[str], parts: int
    ) -> None:
        """At what was not found, or not yet."""
        made = self._leave_unclear(skies, lost, parts)
        self.look()
        for publication_id, what in zip(made, whats, strict=False):
            self.meanwhile(what, publication_id)
        self._look_and_send_again()

    def _leave_unclear(self, skies: list[Mode | None], lost: str, parts: int) -> list[int]:
        """On two accounts no answer, or the engine is lost with it."""
        self.a_new_day()
        made = []
        for chosen, sky in zip((LEFT, RIGHT), skies, strict=False):
            made += self.plan_cleared(10, chosen, parts)
            self.advance(10)
            self.claim("left")
            self.work("left", Mode.OK if lost else sky, (lost, "cut") if lost else None)
        if lost:
            self.advance(TIMING.lease + 1)
            self.recover()
        return made

    def _look_and_send_again(self) -> None:
        for _ in range(2):
            self.look()
            self.advance(20)
            self.claim("right")
            self.work("right")
            self.advance(QUIET.total_seconds())

    @rule(late=st.sampled_from(LATE), chosen=one_account)
    def an_engine_comes_late(self, late: tuple[str, int, int], chosen: tuple[int, ...]) -> None:
        how, before_claiming, after_it = late
        self.a_new_day()
        self.plan(10, chosen, 1, how)
        self.advance(10 + before_claiming)
        self.claim("left")
        self.advance(after_it)
        self.work("left")

    @rule(deleting=st.permutations((Outcome.SENT, Outcome.UNKNOWN, Outcome.REFUSED)), parts=some_parts)
    def what_is_out_is_taken_down(self, deleting: list[Outcome], parts: int) -> None:
        self.a_new_day()
        made = self.plan_cleared(10, LEFT, parts)
        self.advance(10)
        self.claim("left")
        self.work("left")
        for publication_id in made:
            with self.acting() as session:
                self.decide(session, session.get_one(Publication, publication_id), "take_down")
        for outcome in deleting:
            self.weather.deleting = outcome
            self.delete()
            self.advance(70)
        self.weather.deleting = Outcome.SENT

    @rule(
        chosen=one_account, looking=st.sampled_from(LOOKS),
        sky=st.sampled_from(UNANSWERED), verb=st.sampled_from(("there", "not_there", "not_there", "give_up")),
    )  # fmt: skip
    def a_person_is_asked(
        self, chosen: tuple[int, ...], looking: tuple[Looking, int], sky: Mode | None, verb: str
    ) -> None:
        """Something nobody can make out is put to a person, who answers."""
        self.a_new_day()
        made = self.plan_cleared(10, chosen)
        self.advance(10)
        self.claim("left")
        self.work("left", sky)
        answer, times = looking
        for _ in range(times):
            self.weather.looking = answer
            self.look()
            self.advance(901 if times > 1 else 16)
        self.weather.looking = Looking.CLEAR
        for publication_id in made:
            with self.acting() as session:
                self.decide(session, session.get_one(Publication, publication_id), verb)
        self.claim("right")
        self.work("right")

    @rule(whats=st.permutations(STORED), parts=some_parts)
    def something_stored_is_changed(self, whats: list[str], parts: int) -> None:
        """Behind everybody’s back, on two accounts, before they go out."""
        self.a_new_day()
        for what, chosen in zip(whats, (LEFT, RIGHT), strict=False):
            made = self.plan_cleared(10, chosen, parts)
            with self.acting() as session:
                for publication_id in made:
                    self.tamper(session, session.get_one(Publication, publication_id), what)
        self.advance(10)
        self.claim("right")
        self.work("right")

    def a_new_day(self) -> None:
        """Nothing stands in the way, so that a walk gets far."""
        self.jump(jumped=False)
        self.set_right()

    # ---- what always holds -----------------------------------------------------

    @invariant()
    def nothing_is_wrong(self) -> None:
        wrong = self.witness.look_around()
        assert not wrong, wrong[0]

    # ---- in the end ------------------------------------------------------------

    def _bring_to_an_end(self) -> None:
        """The network is well, every hold is lifted, every account connected: after a quiet time nothing is open."""
        self.weather.clear_sky()
        self.a_new_day()
        self._release_all()
        for _ in range(80):
            self._one_round()
            waits = self._next_moment()
            if waits is None:
                break
            self.advance(max(1.0, (waits - self.clock()).total_seconds()))
        wrong = self.witness.in_the_end()
        assert not wrong, wrong[0]
        with self.database.read() as session:
            left = {
                p.id: (p.state, p.reason)
                for p in session.scalars(select(Publication))
                if p.state not in ENDED
            }
            counted = agenda.counts(session)
        assert not left, f"still open after a quiet time: {left}"
        assert sum(counted.values()) == len(self.witness.due)

    def _release_all(self) -> None:
        """Also what was held without a hold, because it could not be prepared."""
        for publication_id in self.witness.due:
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
