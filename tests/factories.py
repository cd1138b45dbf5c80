"""People, desks and posts for tests, made through the product's own verbs wherever there is one."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library import catalogue, posts, reviews, sign_in, submissions
from content_library.models.account import Account, AccountState
from content_library.models.desk import Desk, Team
from content_library.models.post import Post, Revision
from content_library.models.review import Review, ReviewState, Submission, Verdict
from content_library.models.user import DeskMembership, DeskRole, TeamMembership, User
from content_library.wall_time import wall_of
from scheduler import planning
from scheduler.models import Publication
from service_channel.accounts import seal_secret
from service_channel.models.credential import Credential
from service_channel.token_vault import TokenVault

NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
VAULT_KEY = "a key for tests"
VAULT = TokenVault([VAULT_KEY])
PASSWORD = "correct horse battery staple"


def make_desk(
    session: Session, name: str = "Brindlemoor Home", handle: str = "brindlemoor", **about: Any
) -> Desk:
    """A desk with its public page, served by all four teams."""
    catalogue.install(session, now=NOW)
    teams = list(session.scalars(select(Team).order_by(Team.id)))
    zone = about.pop("zone", "Europe/Berlin")
    return catalogue.create_desk(session, name, handle, zone, actor=None, now=NOW, teams=teams, **about)


def make_user(
    session: Session,
    name: str,
    *,
    desk: Desk | None = None,
    role: DeskRole = DeskRole.AGENT,
    teams: Sequence[str] = (),
    **known: Any,
) -> User:
    """A person, on a desk with a role, in teams by key."""
    email = known.pop("email", f"{name.lower().replace(' ', '.')}@brindlemoor.example")
    person = User(name=name, email=email, created_at=NOW, zone="Europe/Berlin", **known)
    if desk is not None:
        person.desk_memberships.append(DeskMembership(desk=desk, role=role))
    for key in teams:
        person.team_memberships.append(
            TeamMembership(team=session.scalars(select(Team).filter_by(key=key)).one())
        )
    session.add(person)
    session.flush()
    return person


def page_of(session: Session, desk: Desk) -> Account:
    """The desk's public page."""
    return session.scalars(select(Account).filter_by(desk_id=desk.id, network="page")).one()


def make_account(
    session: Session,
    desk: Desk,
    network: str = "bluesky",
    handle: str = "brindlemoor.bsky.social",
    *,
    secret: dict[str, Any] | None = None,
    state: AccountState = AccountState.ACTIVE,
) -> Account:
    """A connected account with a stored secret."""
    account = Account(
        desk_id=desk.id,
        network=network,
        handle=handle,
        name=desk.name,
        state=state,
        created_at=NOW,
        least_gap_s=60,
    )
    session.add(account)
    session.flush()
    session.add(
        Credential(
            account_id=account.id,
            secret=seal_secret(VAULT, account.id, secret or {}),
            key_id=VAULT.key_id,
            connected_at=NOW,
            updated_at=NOW,
        )
    )
    session.flush()
    return account


def make_post(
    session: Session,
    desk: Desk,
    author: User,
    *,
    title: str = "Descale your kettle",
    text: str = "Vinegar and water, twenty minutes, rinse twice.",
    format_key: str = "how_to",
    now: datetime = NOW,
    **content: Any,
) -> Post:
    """A draft with its first revision, complete enough to be submitted unless the format asks for more."""
    if format_key == "how_to" and "topics" not in content:
        content["topics"] = [catalogue.add_topic(session, desk, "Kettles", actor=author, now=now).id]
    post = posts.create_post(
        session, desk, format_key, actor=author, now=now, title=title, text=text, **content
    )
    save(session, post, author, now=now)
    return post


def save(session: Session, post: Post, author: User, *, now: datetime = NOW, **content: Any) -> Revision:
    """A new revision of a post with some of its content changed."""
    copy = posts.working_copy(session, post, actor=author, now=now)
    posts.autosave(
        session, copy, {**copy.content, **content}, actor=author, now=now, seen_version=copy.version
    )
    return posts.save_revision(session, copy, actor=author, now=now, onto_revision_id=post.latest_revision_id)


def submit(session: Session, post: Post, author: User, *, now: datetime = NOW) -> Submission:
    revision = session.get_one(Revision, post.latest_revision_id)
    return submissions.submit(session, post, revision, actor=author, now=now)


def decide(
    session: Session, review: Review, person: User, verdict: Verdict = Verdict.APPROVE, *, now: datetime = NOW,
    reason: str = "",
) -> None:  # fmt: skip
    """Decide on what stands there now."""
    submission = review.submission
    reviews.decide(
        session, review, verdict, actor=person, now=now, seen_revision_id=submission.revision_id,
        seen_hash=submission.content_hash, reason=reason or ("" if verdict is Verdict.APPROVE else "Because."),
    )  # fmt: skip


def clear(
    session: Session, post: Post, author: User, reviewers: dict[str, User], *, now: datetime = NOW
) -> Submission:
    """Submit a post and let each team's reviewer approve it, step by step. `reviewers` by team key."""
    submission = submit(session, post, author, now=now)
    while opened := [r for r in submission.reviews if r.state is ReviewState.OPEN]:
        for review in opened:
            decide(session, review, reviewers[review.team.key], now=now)
    return submission


def make_reviewers(session: Session) -> dict[str, User]:
    """One person in each team."""
    names = {
        "marketing": "Elena Costa",
        "legal": "Tom Hargreave",
        "pr": "Aisha Demir",
        "product": "Lukas Brandt",
    }
    return {key: make_user(session, name, teams=[key]) for key, name in names.items()}


def plan(
    session: Session,
    post: Post,
    account: Account,
    planner: User,
    *,
    due_at: datetime | None = None,
    now: datetime = NOW,
) -> Publication:
    """A publication of a post on one account, by default in a minute."""
    due_at = due_at or now + timedelta(minutes=1)
    when = planning.WallTime(wall_of(due_at, "UTC").isoformat(), "UTC")
    return planning.plan(session, post, [account], when, actor=planner, now=now)[0]


def client_for(app: Flask, person: User | None) -> FlaskClient:
    """A browser signed in as a person, or nobody's."""
    client = app.test_client()
    if person is not None:
        with app.extensions["deskcast.database"].write() as session:
            now = app.extensions["deskcast.database"].clock
            secret = sign_in.start_session(
                session, person, now=now() if now else datetime.now(UTC), identified_by="password"
            )
        client.set_cookie(app.config["SIGN_IN_COOKIE"], secret)
    return client
