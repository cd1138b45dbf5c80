"""Many publications at once: some posts, each on every one of some accounts, and no two posts in the same words."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import update

from content_library import catalogue
from content_library.database import Database
from content_library.models.account import Account
from content_library.models.desk import Desk
from content_library.models.user import User
from content_library.network_limits import split_thread
from content_library.wall_time import wall_of
from scheduler import planning
from scheduler.models import Publication
from tests import factories as make
from tests.drills.stage import Stage, words


@dataclass(frozen=True)
class Place:
    """An account to be connected: on which network, and what is kept to sign in there."""

    network: str
    handle: str
    secret: Mapping[str, Any]


@dataclass(frozen=True)
class Crowd:
    """What was planned: publication → its place (by number) and its words."""

    places: Sequence[Place]
    texts: Mapping[int, tuple[int, str]]

    def texts_of(self, place: int) -> dict[str, int]:
        """The words that belong there, and whose they are."""
        return {text: publication for publication, (at, text) in self.texts.items() if at == place}


def plan_crowd(
    stage: Stage, places: Sequence[Place], *, posts: int, chance: random.Random, within_s: float,
    tomorrow: int = 0, threads: bool = False,
) -> Crowd:  # fmt: skip
    """Every post on every place. Once all are cleared they fall due, in any order, within so many seconds.

    The last `tomorrow` publications stay planned for then. With `threads` every other post is one.
    """
    ground = _ground(stage.database, places)
    planned: dict[int, tuple[int, str]] = {}
    for n in range(posts):
        kind = "thread" if threads and n % 2 else "single"
        made = _planned(stage.database, ground, n, words(stage.name, n, kind), kind)
        planned |= made
        for publication_id, (place, text) in made.items():
            parts = split_thread(places[place].network, text) if kind == "thread" else [text]
            stage.planned[publication_id] = len(parts)
    due = _due(list(planned)[: len(planned) - tomorrow], chance, within_s)
    with stage.database.write() as session:
        for publication_id, due_at in due.items():
            session.execute(
                update(Publication)
                .where(Publication.id == publication_id)
                .values(due_at=due_at, late_at=due_at + timedelta(hours=1))
            )
    return Crowd(places, planned)


@dataclass(frozen=True)
class _Ground:
    """By their ids: the desk, who writes and who decides, a topic, and the accounts in the order of their places."""

    desk: int
    author: int
    reviewers: Mapping[str, int]
    topic: int
    accounts: Sequence[int]


def _ground(database: Database, places: Sequence[Place]) -> _Ground:
    with database.write() as session:
        desk = make.make_desk(session)
        author, reviewers = make.make_user(session, "Maya Okafor", desk=desk), make.make_reviewers(session)
        topic = catalogue.add_topic(session, desk, "Kettles", actor=author, now=make.NOW)
        made = [make.make_account(session, desk, p.network, p.handle, secret=dict(p.secret)) for p in places]
        for account in made:
            account.least_gap_s = 0  # late ones must not wait for one another for minutes
        people = {team: person.id for team, person in reviewers.items()}
        return _Ground(desk.id, author.id, people, topic.id, [account.id for account in made])


def _planned(database: Database, on: _Ground, n: int, text: str, kind: str) -> dict[int, tuple[int, str]]:
    """One post, cleared and planned for tomorrow, so that nothing begins before all are there."""
    now = datetime.now(UTC)
    when = planning.WallTime(wall_of(now + timedelta(days=1), "UTC").isoformat(), "UTC")
    with database.write() as session:
        desk, author = session.get_one(Desk, on.desk), session.get_one(User, on.author)
        reviewers = {team: session.get_one(User, person) for team, person in on.reviewers.items()}
        post = make.make_post(
            session, desk, author, title=f"Post {n}", text=text, now=now, accounts=list(on.accounts), topics=[on.topic],
            **({"thread": True} if kind == "thread" else {}),
        )  # fmt: skip
        make.clear(session, post, author, reviewers, now=now)
        accounts = [session.get_one(Account, one) for one in on.accounts]
        made = planning.plan(session, post, accounts, when, actor=author, now=now)
        return {p.id: (on.accounts.index(p.account_id), text) for p in made}


def _due(ids: list[int], chance: random.Random, within_s: float) -> dict[int, datetime]:
    start = datetime.now(UTC) + timedelta(seconds=0.5)
    chance.shuffle(ids)
    return {one: start + timedelta(seconds=chance.uniform(0, within_s)) for one in ids}


def counting_places(stage: Stage, networks: Sequence[str], *, accounts: int) -> list[Place]:
    """So many accounts of each network, all on the network that counts."""
    secret = stage.server.access().secret
    return [Place(name, f"{name}-{n}.example", secret) for name in networks for n in range(accounts)]
