"""The demo desk on a port of loopback, with a way in for each of its people and a name for each of its things."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from playwright.sync_api import BrowserContext
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import create_app, demo
from content_library import decision_links, mail_decisions, one_time_links, posts, record, sign_in
from content_library.database import Database
from content_library.mail_outbox import Letter
from content_library.models.account import Account
from content_library.models.agreement import Agreement
from content_library.models.audit import AuditEntry
from content_library.models.boundary import Boundary
from content_library.models.decision_link import DecisionLink
from content_library.models.desk import Desk, Team
from content_library.models.fact import Fact
from content_library.models.feed import Subscription
from content_library.models.media import Media
from content_library.models.post import Post
from content_library.models.review import Review, ReviewState, Submission, Verdict
from content_library.models.user import LinkPurpose, TeamMembership, User
from content_library.record import UnderWay
from content_library.record_chain import Walk
from content_library.settings import Settings, load
from scheduler import holds, planning, series, transitions, windows
from scheduler.models import Publication, PublicationState
from scheduler.publication_flow import Act
from service_channel.models.page_post import PagePost
from tests.support.served import served

TITLES = {
    "descale": "Descale your Tern kettle",
    "flash": "Guaranteed lowest: 24 hours on Pip toasters",
    "chef": "A chef uses our bowl",
    "cleaning": "Three ways to clean a burnt pan",
    "dial": "Dial or buttons?",
    "labels": "New energy labels for kettles",
    "lids": "Spare lids for the Fen pots",
}


@dataclass
class DemoDesk:
    """`path_of` an endpoint takes the names of `things` for the parts of the address."""

    app: Flask
    database: Database
    url: str
    things: dict[str, Any] = field(default_factory=dict)

    def path_of(self, endpoint: str, values: Mapping[str, str], more: Mapping[str, Any]) -> str:
        rule = next(self.app.url_map.iter_rules(endpoint))
        known = {name: self._known(values.get(name, name), name) for name in rule.arguments}
        with self.app.test_request_context():
            asked = {name: self.things.get(value, value) for name, value in more.items()}
            return self.app.url_map.bind("localhost").build(endpoint, {**known, **asked})

    def _known(self, value: str, name: str) -> Any:
        """The thing a value names; a network's key is a word by itself."""
        return value if name == "network" else self.things[value]

    def enter(self, context: BrowserContext, person: str) -> None:
        """Give a browser a session of this person; of nobody, none."""
        context.clear_cookies()
        if not person:
            return
        with self.database.write() as session:
            user = session.scalars(select(User).filter_by(email=f"{person}@brindlemoor.example")).one()
            secret = sign_in.start_session(session, user, now=datetime.now(UTC), identified_by="password")
        cookie = {"name": self.app.config["SIGN_IN_COOKIE"], "value": secret, "url": self.url}
        context.add_cookies([cookie])  # type: ignore[list-item]


def settings_for(url: str, folder: Path, *, is_demo: bool) -> Settings:
    return load(
        {"DESKCAST_DATA": str(folder), "DESKCAST_DATABASE_URL": url, "DESKCAST_DEMO": str(int(is_demo)),
         "DESKCAST_PUBLIC_URL": "http://127.0.0.1", "DESKCAST_UNDO_S": "0"}
    )  # fmt: skip


@contextmanager
def open_desk(url: str, folder: Path) -> Iterator[DemoDesk]:
    """The demo, with what it lacks for every page to have something to show."""
    settings = settings_for(url, folder, is_demo=True)
    database = Database(url)
    assert demo.load(database, settings)
    with database.write() as session:
        things = _add(session) | _links_that_decide(session, settings.secret_key)
    with database.read() as session:
        things |= _named(session)
    app = create_app(settings, database)
    with served(app) as address:
        yield DemoDesk(app, database, address, things)
    database.dispose()


def _add(session: Session) -> dict[str, Any]:
    now = datetime.now(UTC)
    desk = session.scalars(select(Desk)).one()
    maya, jonas, priya = (_person(session, name) for name in ("maya", "jonas", "priya"))
    session.add(User(name="Nobody Yet", email="nobody@brindlemoor.example", zone=desk.zone, created_at=now))
    _two_texts(session, maya, jonas, now)
    held, _count = holds.stop_desk(session, desk, "A rehearsal.", actor=priya, now=now)
    holds.lift(session, held, actor=priya, now=now + timedelta(seconds=1))
    record.keep_walk(session, UnderWay(Walk(seq=3, entries=3), None, 100))
    links = {"set_up_link": (LinkPurpose.SETUP, None), "invitation_link": (LinkPurpose.INVITATION, jonas),
             "password_link": (LinkPurpose.PASSWORD_RESET, maya)}  # fmt: skip
    terms = windows.Terms(
        "Christmas", f"{now.year}-12-24T12:00", f"{now.year}-12-27T00:00", desk.zone, yearly=True
    )
    window, _count = windows.add_window(session, desk, terms, actor=priya, now=now)
    return {"hold": held.id, "window": window.id, **_again(session, desk, priya, now)} | {
        name: one_time_links.issue(session, purpose, user, now=now) for name, (purpose, user) in links.items()
    }


def _again(session: Session, desk: Desk, priya: User, now: datetime) -> dict[str, int]:
    """An evergreen post, and a series of it over a change of clocks."""
    post = session.scalars(select(Post).where(Post.desk_id == desk.id, Post.is_evergreen)).first()
    assert post is not None
    page = session.scalars(select(Account).filter_by(desk_id=desk.id, network="page")).one()
    rule = series.read_rule("week", now.date().isoformat(), "02:30", desk.zone, weekdays=[6])
    started = series.start(session, post, series.Terms(rule, [page]), actor=priya, now=now)
    return {"series": started.id, "evergreen": post.id, "asked": _asked(session, post, page, priya, now)}


def _asked(session: Session, post: Post, page: Account, priya: User, now: datetime) -> int:
    """A publication of which nobody knows whether it is there."""
    at = now + timedelta(days=40)
    when = planning.WallTime(at.replace(tzinfo=None).isoformat(timespec="seconds"), "UTC")
    [publication] = planning.plan(session, post, [page], when, actor=priya, now=now)
    for act in (Act.CLAIM, Act.MARK, Act.LOSE, Act.ASK):
        transitions.move(session, publication, act, actor=None, now=now)
    return publication.id


def _links_that_decide(session: Session, key: str) -> dict[str, str]:
    """One for each thing that a link can show: what is to be decided, what was decided, that it is too old."""
    now = datetime.now(UTC)
    flash, lids = (_open_review(session, TITLES[name]) for name in ("flash", "lids"))
    people = {
        m.team_id: m.user
        for m in session.scalars(select(TeamMembership).order_by(TeamMembership.user_id.desc()))
    }
    fresh = decision_links.issue(session, flash, people[flash.team_id], key=key, now=now)
    old = decision_links.issue(session, flash, people[flash.team_id], key=key, now=now - timedelta(days=8))
    spent = decision_links.issue(session, lids, people[lids.team_id], key=key, now=now)
    mail_decisions.decide(session, spent, Verdict.APPROVE, now=now)
    links = {"decision_link": fresh, "old_link": old, "spent_link": spent}
    return {name: _secret(session, link, key) for name, link in links.items()}


def _open_review(session: Session, title: str) -> Review:
    query = select(Review).join(Submission).join(Post, Post.id == Submission.post_id)
    found = session.scalars(query.where(Post.title == title, Review.state == ReviewState.OPEN)).first()
    assert found is not None
    return found


def _secret(session: Session, link: DecisionLink, key: str) -> str:
    """What stands in the mail that leaves."""
    text = f"{decision_links.PATH}{link.seed}"
    letter = Letter("", link.user.email, "", text, "", datetime.now(UTC))
    return decision_links.with_secrets(session, letter, [key]).text.removeprefix(decision_links.PATH)


def _two_texts(session: Session, maya: User, jonas: User, now: datetime) -> None:
    """Maya was typing when Jonas saved."""
    post = session.scalars(select(Post).filter_by(title=TITLES["cleaning"])).one()
    hers = posts.working_copy(session, post, actor=maya, now=now)
    his = posts.working_copy(session, post, actor=jonas, now=now)
    for copy, person, text in ((hers, maya, "Soda, mostly."), (his, jonas, "Salt, and then patience.")):
        content = {**copy.content, "text": text}
        posts.autosave(session, copy, content, actor=person, now=now, seen_version=copy.version)
    posts.save_revision(session, his, actor=jonas, now=now, onto_revision_id=post.latest_revision_id)


def _person(session: Session, name: str) -> User:
    return session.scalars(select(User).filter_by(email=f"{name}@brindlemoor.example")).one()


def _named(session: Session) -> dict[str, Any]:
    def first(table: type[Any], *conditions: Any) -> Any:
        return session.scalars(select(table).where(*conditions).order_by(table.id)).first().id

    posts_by_name = {name: first(Post, Post.title == title) for name, title in TITLES.items()}
    return posts_by_name | {
        "desk": "brindlemoor",
        "handle": "brindlemoor",
        "shelf": "topics",
        "first_number": 1,
        "format": "fun_promotion",
        "picture": first(Media),
        "person": first(User, User.name == "Maya Okafor"),
        "outsider": first(User, User.is_external),
        "team": first(Team, Team.key == "legal"),
        "entry": first(AuditEntry, AuditEntry.desk_id.is_not(None)),
        "boundary": first(Boundary, Boundary.key == "free"),
        "fact": first(Fact, Fact.key == "sharpening limit"),
        "subscription": first(Subscription),
        "bluesky": first(Account, Account.network == "bluesky"),
        "mastodon": first(Account, Account.network == "mastodon"),
        "planned": first(Publication, Publication.state == PublicationState.PLANNED),
        "held": first(Publication, Publication.state == PublicationState.HELD),
        "out": first(Publication, Publication.state == PublicationState.PUBLISHED),
        "open_review": first(Review, Review.state == ReviewState.OPEN, Review.team.has(key="legal")),
        "decided_review": first(Review, Review.decided_at.is_not(None), Review.team.has(key="marketing")),
        "agreement": first(Agreement, Agreement.team.has(key="marketing")),
        "proposed": first(Agreement, Agreement.team.has(key="pr")),
        "page_post": first(PagePost),
    }
