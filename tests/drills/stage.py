"""What a drill plans, and what must hold when it is over."""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bench import ground
from content_library import catalogue
from content_library.database import Database
from content_library.models.account import Account
from content_library.models.audit import AuditEntry
from content_library.models.desk import Desk
from content_library.models.user import User
from content_library.network_limits import split_thread
from scheduler import agenda
from scheduler.models import Attempt, AttemptOutcome, Publication, PublicationState
from service_channel.models.page_post import PagePost
from service_channel.networks.base import NetworkClass
from tests import factories as make
from tests.drills.classes import NETWORKS
from tests.drills.engines import EngineProcess, Engines, wait_until
from tests.fakes import FakeServer, Mode

LONG_S = 3.0  # no pause that is a proof is as long, in the drills' time
_ENDED = "everything has ended"
CONSONANTS = str.maketrans("0123456789abcdef", "bcdfghjklmnpqrst")
"""A name of these is no word that a boundary knows, as one with vowels was, and nobody's number."""
SENTENCE = "descale it with vinegar and water, wait twenty minutes, and rinse it twice."
ENDED = (
    PublicationState.PUBLISHED,
    PublicationState.FAILED,
    PublicationState.NEEDS_PERSON,
    PublicationState.MISSED,
)


def words(drill: str, number: int, kind: str) -> str:
    """No two parts say the same, in no two drills: where nobody gives ids, words are what a post is found by."""
    if kind != "thread":
        return f"Tip {drill} {number}: vinegar and water, twenty minutes, rinse twice."
    return " ".join(f"Step {step} of {drill} {number}: {SENTENCE}" for step in range(1, 9))


@dataclass
class Stage:
    """A database with cleared posts, the network that counts, and the engines between them."""

    url: str
    server: FakeServer
    engines: Engines
    database: Database
    name: str = field(default_factory=lambda: uuid.uuid4().hex[:4].translate(CONSONANTS))
    planned: dict[int, int] = field(default_factory=dict)  # publication id → its parts
    _before: set[str] = field(default_factory=set)
    _events: int = 0

    def __post_init__(self) -> None:
        self.server.order(Mode.OK)
        self._before = set(self.server.posts())
        self._events = len(self.server.events())

    def go_to(self, server: FakeServer) -> None:
        """Another network, of this drill alone, on which nothing stands yet."""
        self.server, self._before, self._events = server, set(), 0

    def plan(
        self, *kinds: str, accounts: int = 1, in_s: float = 0.1, of: NetworkClass = NetworkClass.IDENTIFIED
    ) -> list[int]:
        """One cleared publication of each kind, due in `in_s` seconds, spread over so many accounts of a class."""
        now = datetime.now(UTC)
        with self.database.write() as session:
            desk, author, places = self._people(session, accounts, of)
            reviewers = make.make_reviewers(session)
            made = {}
            for n, kind in enumerate(kinds):
                account = places["page"] if kind == "page" else places[f"network-{n % accounts}"]
                text = words(self.name, n, kind)
                post = make.make_post(
                    session, desk, author, title=f"Post {n}", text=text, now=now, accounts=[account.id],
                    topics=[self._topic], **({"thread": True} if kind == "thread" else {}),
                )  # fmt: skip
                make.clear(session, post, author, reviewers, now=now)
                parts = split_thread(account.network, text) if kind == "thread" else [text]
                made[make.plan(session, post, account, author, now=now).id] = len(parts)
            due_at = datetime.now(UTC) + timedelta(seconds=in_s)
            session.execute(
                update(Publication).values(due_at=due_at, late_at=due_at + timedelta(seconds=900))
            )
        self.planned |= made
        return list(made)

    def plan_many(self, count: int, *, accounts: int) -> None:
        """So many publications of one cleared post, all due now, spread over the accounts."""
        now = datetime.now(UTC)
        with self.database.write() as session:
            desk, author, places = self._people(session, accounts, NetworkClass.IDENTIFIED)
            spread = [places[f"network-{n}"] for n in range(accounts)]
            post = make.make_post(
                session, desk, author, now=now, accounts=[a.id for a in spread], topics=[self._topic]
            )
            make.clear(session, post, author, make.make_reviewers(session), now=now)
            ground.many_publications(session, post, spread, count=count, due=[now] * count)
            self.planned = dict.fromkeys(session.scalars(select(Publication.id)), 1)

    def _people(
        self, session: Session, accounts: int, of: NetworkClass
    ) -> tuple[Desk, User, dict[str, Account]]:
        desk = make.make_desk(session)
        author = make.make_user(session, "Maya Okafor", desk=desk)
        self._topic = catalogue.add_topic(session, desk, "Kettles", actor=author, now=make.NOW).id
        places = {"page": make.page_of(session, desk)}
        for n in range(accounts):
            secret = dict(self.server.access().secret)
            places[f"network-{n}"] = make.make_account(
                session, desk, NETWORKS[of], f"desk-{n}.example", secret=secret
            )
        return desk, author, places

    def arrived(self) -> int:
        """How many posts were tried since the drill began."""
        return len(self.arrivals())

    def arrivals(self) -> list[float]:
        """When each try came in, in seconds."""
        return [event["at"] for event in self._new_events() if event["event"] == "arrived"]

    def let_pauses_pass(self) -> None:
        """As if what waits long for another try, or look, had waited long enough."""
        waiting = (PublicationState.PLANNED, PublicationState.UNKNOWN)
        with self.database.write() as session:
            session.execute(
                update(Publication)
                .where(
                    Publication.state.in_(waiting),
                    Publication.not_before > datetime.now(UTC) + timedelta(seconds=LONG_S),
                )
                .values(not_before=None, version=Publication.version + 1)
            )

    def reasons(self) -> set[str]:
        with self.database.read() as session:
            return set(session.scalars(select(Publication.reason)))

    def states(self) -> Counter[PublicationState]:
        with self.database.read() as session:
            return Counter(session.scalars(select(Publication.state)))

    def is_over(self) -> bool:
        return all(state in ENDED for state in self.states())

    def wait_until_over(self, *, within: float = 120) -> None:
        self._wait(self.is_over, _ENDED, within)

    def hurry_until_over(self, *, within: float = 180) -> None:
        """Like `wait_until_over`, for what would wait for minutes after an unlucky try."""
        self._hurry_until(self.is_over, _ENDED, within)

    def hurry_until_dead(self, engine: EngineProcess, *, within: float = 180) -> None:
        """Until it has died of itself, while what it works at does not wait for minutes after an unlucky try."""
        self._hurry_until(lambda: not engine.is_alive(), f"engine {engine.pid} is gone", within)

    def _hurry_until(self, true: Callable[[], bool], what: str, within: float) -> None:
        def is_true() -> bool:
            self.let_pauses_pass()
            time.sleep(0.3)
            return true()

        self._wait(is_true, what, within)

    def _wait(self, true: Callable[[], bool], what: str, within: float) -> None:
        try:
            wait_until(true, what, within=within)
        except AssertionError as late:
            left = [said for said in self.explanations() if " published " not in said]
            logs = [engine.said() for engine in self.engines.started]
            raise AssertionError("\n".join([str(late), str(self.states()), *left, *logs])) from None

    def posts(self) -> Counter[tuple[int, int]]:
        """How many posts stand for each part, on the counting network and on the page."""
        bodies = [body for path, body in self.server.posts().items() if path not in self._before]
        standing = Counter((body["publication_id"], body["index"]) for body in bodies)
        with self.database.read() as session:
            standing.update((row, 0) for row in session.scalars(select(PagePost.publication_id)))
        return standing

    def assert_promise(self, *, published: bool = True) -> None:
        """Each part at most once, ever; nothing lost, nothing silent, one entry in the record for each end."""
        wait_until(self.server.is_quiet, "nothing more can be applied")
        self._assert_counts(published=published)
        self._assert_once_applied()
        self._assert_nothing_silent()
        self._assert_recorded()

    def _assert_counts(self, *, published: bool) -> None:
        posts = self.posts()
        assert not [part for part, count in posts.items() if count > 1], posts
        states = self.states()
        assert sum(states.values()) == len(self.planned), states
        if published:
            assert states == {PublicationState.PUBLISHED: len(self.planned)}, (states, self.explanations())
            wanted = {(p, n) for p, parts in self.planned.items() for n in range(parts)}
            assert set(posts) == wanted

    def _assert_once_applied(self) -> None:
        applied = Counter(e["path"] for e in self._new_events() if e["event"] == "applied")
        assert all(count == 1 for count in applied.values()), applied

    def _assert_nothing_silent(self) -> None:
        with self.database.read() as session:
            assert agenda.overdue(session, now=datetime.now(UTC), slack_s=1) == 0
            ended = session.scalars(
                select(Publication.id).where(Publication.state == PublicationState.PUBLISHED)
            )
            still_open = select(func.count()).where(
                Attempt.outcome == AttemptOutcome.OPEN, Attempt.publication_id.in_(list(ended))
            )
            assert session.scalar(still_open) == 0
            unsaid = session.scalars(
                select(Publication.id).where(
                    Publication.state != PublicationState.PUBLISHED, Publication.explanation == ""
                )
            )
            assert not list(unsaid)

    def _assert_recorded(self) -> None:
        with self.database.read() as session:
            succeeded = Counter(
                session.scalars(select(AuditEntry.subject_id).where(AuditEntry.verb == "publication.succeed"))
            )
            out = set(
                session.scalars(select(Publication.id).where(Publication.state == PublicationState.PUBLISHED))
            )
        assert succeeded == dict.fromkeys(out, 1)

    def explanations(self) -> Sequence[str]:
        with self.database.read() as session:
            return [
                f"{p.id} {p.state} {p.reason} {p.not_before}: {p.explanation}"
                for p in session.scalars(select(Publication))
            ]

    def _new_events(self) -> list[dict[str, Any]]:
        return self.server.events()[self._events :]
