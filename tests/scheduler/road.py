"""The road of a publication, one step at a time: what an engine's jobs do, without its threads and its patience."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select

from content_library import catalogue, facts
from content_library.database import Database
from content_library.facts import Naming
from content_library.models.audit import AuditEntry
from content_library.models.desk import Desk
from content_library.models.notice import Notice
from content_library.models.user import DeskRole, User
from scheduler import mending, points, publishing, reconciling, take_down, transitions
from scheduler.models import Attempt, AttemptOutcome, Publication, PublicationState
from scheduler.transitions import Claim
from scheduler.world import World
from service_channel.networks.base import SendResult
from tests import factories as make
from tests.fakes import CountingNetwork, FakeServer, Mode
from tests.support.clock import FrozenClock
from tests.support.pictures import make_picture

THREAD = (
    "Descale it with vinegar and water, wait twenty minutes, and rinse it twice before the next tea. " * 8
)
QUICK_S = 0.4
PICTURE = b"a picture of a kettle"


@dataclass
class Road:
    """A desk with an author, reviewers and a lead, and the world its publications go through."""

    world: World
    clock: FrozenClock
    server: FakeServer
    lead_id: int = 0
    _before: set[str] = field(default_factory=set)
    _used: list[CountingNetwork] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server.order(Mode.OK)
        self._before = set(self.server.posts())
        self._arrived = self.server.arrived()

    def arrived(self) -> int:
        """How many posts were tried since the road was made."""
        return self.server.arrived() - self._arrived

    @property
    def database(self) -> Database:
        return self.world.database

    def use(self, network: CountingNetwork) -> None:
        """Speak to another network from now on."""
        self.world.networks = {**self.world.networks, "bluesky": network}
        self._used.append(network)

    def close(self) -> None:
        points.on_reach(None)
        for network in self._used:
            network.close()

    def hurry(self) -> None:
        """A deadline that a slow network breaks at once."""
        self.world.timing = replace(self.world.timing, send_deadline=QUICK_S)

    def plan(self, *, network: str = "bluesky", count: int = 1, **content: Any) -> list[int]:
        """So many cleared posts, all due in a minute on one account."""
        with self.database.write() as session:
            desk = make.make_desk(session)
            author = make.make_user(session, "Maya Okafor", desk=desk)
            self.lead_id = make.make_user(session, "Ines Vogt", desk=desk, role=DeskRole.LEAD).id
            reviewers = make.make_reviewers(session)
            if network == "page":
                account = make.page_of(session, desk)
            else:
                account = make.make_account(session, desk, secret=dict(self.server.access().secret))
            account.least_gap_s = 0
            topic = catalogue.add_topic(session, desk, "Kettles", actor=author, now=make.NOW)
            for name, value in content.pop("facts", {}).items():
                lead = session.get_one(User, self.lead_id)
                facts.add_fact(session, desk, Naming(name), value, actor=lead, now=make.NOW)
            made: list[int] = []
            for n in range(count):
                post = make.make_post(
                    session,
                    desk,
                    author,
                    title=f"Post {n}",
                    accounts=[account.id],
                    topics=[topic.id],
                    **content,
                )
                make.clear(session, post, author, reviewers)
                made.append(make.plan(session, post, account, author).id)
        return made

    def plan_one(self, **how: Any) -> int:
        return self.plan(**how)[0]

    def plan_on_many(self, accounts: int) -> list[int]:
        """One cleared post on so many accounts, due in a minute on all of them."""
        with self.database.write() as session:
            desk = make.make_desk(session)
            author = make.make_user(session, "Maya Okafor", desk=desk)
            made = [
                make.make_account(session, desk, handle=f"desk-{n}", secret=dict(self.server.access().secret))
                for n in range(accounts)
            ]
            post = make.make_post(session, desk, author, accounts=[account.id for account in made])
            make.clear(session, post, author, make.make_reviewers(session))
            return [make.plan(session, post, account, author).id for account in made]

    def plan_with_picture(self) -> int:
        """A cleared post with a picture whose bytes lie in the media folder."""
        (self.world.media_folder / "kettle.jpg").write_bytes(PICTURE)
        with self.database.write() as session:
            desk = make.make_desk(session)
            author = make.make_user(session, "Maya Okafor", desk=desk)
            self.lead_id = make.make_user(session, "Ines Vogt", desk=desk, role=DeskRole.LEAD).id
            account = make.make_account(session, desk, secret=dict(self.server.access().secret))
            picture = make_picture(session, desk, author, sha256=hashlib.sha256(PICTURE).hexdigest())
            media = [{"id": picture.id, "sha256": picture.sha256, "alt": "A kettle"}]
            post = make.make_post(session, desk, author, accounts=[account.id], media=media)
            make.clear(session, post, author, make.make_reviewers(session))
            return make.plan(session, post, account, author).id

    def desk_and_lead(self, session: Any) -> tuple[Desk, User]:
        return session.scalars(select(Desk)).one(), session.get_one(User, self.lead_id)

    def claim(self, *, engine: str = "") -> list[Claim]:
        with self.database.write() as session:
            return transitions.claim(
                session, engine=engine or self.world.engine, now=self.clock(), until=self.clock(),
                lease_s=self.world.timing.lease, most=100, per_account=100,
            )  # fmt: skip

    def tick(self) -> int:
        """Claim what is due and see each through; returns how many were claimed."""
        claims = self.claim()
        for one in claims:
            publishing.publish_one(self.world, one)
        return len(claims)

    def go(self) -> None:
        """A minute later, when what was planned is due."""
        self.clock.advance(minutes=1)
        self.tick()

    def recover(self) -> None:
        with self.database.write() as session:
            reconciling.give_back_expired(session, now=self.clock())
            reconciling.lose_expired(session, now=self.clock())

    def look(self) -> None:
        with self.database.write() as session:
            due = reconciling.due_looks(session, now=self.clock())
        for publication_id in due:
            reconciling.look(self.world, publication_id)

    def mend(self) -> None:
        with self.database.write() as session:
            mending.release_mended(session, now=self.clock())

    def take_down(self) -> None:
        with self.database.write() as session:
            due = take_down.due(session)
        for publication_id in due:
            take_down.take_down_one(self.world, publication_id)

    def settle(self, *, rounds: int = 12, seconds: float = 30) -> None:
        """Let time pass with an engine at work."""
        for _ in range(rounds):
            self.recover()
            self.look()
            self.tick()
            self.clock.advance(seconds=seconds)

    def get(self, publication_id: int) -> Publication:
        with self.database.read() as session:
            found = session.get_one(Publication, publication_id)
            session.expunge(found)
            return found

    def state(self, publication_id: int) -> PublicationState:
        return self.get(publication_id).state

    def posts(self) -> list[Mapping[str, Any]]:
        """What stands on the network of all this, in the order of its parts."""
        found = [body for path, body in self.server.posts().items() if path not in self._before]
        return sorted(found, key=lambda body: (body["publication_id"], body["index"]))

    def outcomes(self, publication_id: int) -> list[tuple[str, AttemptOutcome]]:
        with self.database.read() as session:
            rows = session.scalars(
                select(Attempt).where(Attempt.publication_id == publication_id).order_by(Attempt.id)
            )
            return [(a.act, a.outcome) for a in rows]

    def recorded(self, publication_id: int) -> list[str]:
        """The verbs in the record about a publication, in order."""
        with self.database.read() as session:
            about = (AuditEntry.subject_type == "publication") & (AuditEntry.subject_id == publication_id)
            return list(session.scalars(select(AuditEntry.verb).where(about).order_by(AuditEntry.id)))

    def told(self) -> list[str]:
        """The kinds of what the lead was told."""
        with self.database.read() as session:
            return list(session.scalars(select(Notice.kind).where(Notice.user_id == self.lead_id)))


@dataclass
class SendsHere:
    """In the place of senders: in this process, on whatever the road speaks to."""

    road: Road

    def send(self, _network: str, access: Any, part: Any, prepared: Any, *, ends_at: float) -> SendResult:
        network = self.road.world.networks["bluesky"]
        return network.send(access, part, prepared, deadline_s=ends_at - self.road.world.monotonic())

    def stop(self) -> None:
        """There is nothing to stop."""
