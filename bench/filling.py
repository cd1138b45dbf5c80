"""A library of any size in one database: posts of every kind and state with all that hangs on them, by bulk inserts.

The same size gives the same rows. What people look at daily is as on a busy desk (at most 1,500 publications in the
month that is shown, a tenth of the posts in review); the rest is two years of history and plan.
"""

import random
import sys
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from bench.words import COMMON, PRODUCTS, RARE, TOPICS, Words
from content_library import catalogue
from content_library.content import canonical_json, content_hash, empty, normalise, rendition, rendition_hash
from content_library.database import Database
from content_library.models.account import Account
from content_library.models.audit import AuditEntry, AuditPayload
from content_library.models.boundary import Boundary, SubmittedFinding
from content_library.models.desk import Desk, Team
from content_library.models.format import Format
from content_library.models.notice import Notice
from content_library.models.post import Post, PostState, Rendition, Revision, revision_authors
from content_library.models.review import (
    Approval,
    Comment,
    Decision,
    Review,
    ReviewState,
    Submission,
    SubmissionState,
    Verdict,
)
from content_library.models.topic import Product, Topic, post_products, post_topics
from content_library.models.user import DeskRole, User
from content_library.search_tokens import tokens
from content_library.wall_time import tzdata_version, wall_of
from scheduler.models import Publication, PublicationState, Run, RunCause
from scheduler.publication_flow import GIVEN_UP
from service_channel.models.page_post import PagePost
from tests import factories as make

__all__ = ["COMMON", "RARE", "Library", "fill"]

AT_ONCE = 2_000  # posts in one transaction
SPAN = timedelta(days=365)
IN_SHOWN_MONTH = 1_500
AGENTS = 12
TURNAROUND_S = 8 * 3_600
STATES = (
    (PostState.DRAFT, 10), (PostState.IN_REVIEW, 10), (PostState.CHANGES_REQUESTED, 4), (PostState.REFUSED, 2),
    (PostState.EXPIRED, 4), (PostState.ARCHIVED, 10), (PostState.APPROVED, 60),
)  # fmt: skip
MANY_IN_REVIEW = ((PostState.IN_REVIEW, 50), (PostState.CHANGES_REQUESTED, 5), (PostState.APPROVED, 45))
SUBMITTED = {
    PostState.IN_REVIEW: SubmissionState.OPEN,
    PostState.CHANGES_REQUESTED: SubmissionState.CHANGES_REQUESTED,
    PostState.REFUSED: SubmissionState.REFUSED,
    PostState.EXPIRED: SubmissionState.APPROVED,
    PostState.ARCHIVED: SubmissionState.APPROVED,
    PostState.APPROVED: SubmissionState.APPROVED,
}
VERDICTS = {
    SubmissionState.APPROVED: Verdict.APPROVE,
    SubmissionState.CHANGES_REQUESTED: Verdict.REQUEST_CHANGES,
    SubmissionState.REFUSED: Verdict.REFUSE,
}
TABLES = (
    Post, Revision, revision_authors, Rendition, Submission, Review, Decision, Approval, SubmittedFinding, Comment, Run,
    Publication, PagePost, post_topics, post_products, Notice, AuditEntry, AuditPayload,
)  # fmt: skip
SEARCH = {
    "sqlite": "INSERT INTO post_search (rowid, tokens) VALUES (:id, :words)",
    "postgresql": "INSERT INTO post_search (post_id, words)"
    " VALUES (:id, array_to_tsvector(string_to_array(:words, ' ')))",
}


@dataclass(frozen=True)
class Library:
    """What was made. `viewer` leads the desk and clears for marketing, `lawyer` for legal; `post_id` is a post that
    went out."""

    desk: Desk
    viewer: User
    lawyer: User
    post_id: int
    posts: int
    in_review: int


def fill(database: Database, count: int, shares: tuple[tuple[PostState, int], ...] = STATES) -> Library:
    """`count` posts on one desk, so many of a hundred in each state; says how far it is."""
    with database.write() as session:
        cast = _Cast(session)
    states = [state for state, share in shares for _ in range(share)]
    random.Random(1).shuffle(states)
    filling = _Filling(cast, count)
    for begin in range(0, count, AT_ONCE):
        for n in range(begin, min(begin + AT_ONCE, count)):
            filling.add(n + 1, states[n % len(states)])
        with database.write() as session:
            filling.write(session)
        print(f"    {min(begin + AT_ONCE, count):,} of {count:,} posts", file=sys.stderr)
    _finish(database)
    return Library(
        cast.desk, cast.viewer, cast.reviewers["legal"], filling.shown_post, count, filling.in_review
    )


class _Cast:
    """The desk, its people, accounts, topics and products."""

    def __init__(self, session: Session) -> None:
        now = datetime.now(UTC)
        self.desk = make.make_desk(session)
        self.viewer = make.make_user(
            session, "Priya Raman", desk=self.desk, role=DeskRole.LEAD, teams=["marketing"]
        )
        self.agents = [make.make_user(session, f"Agent {n}", desk=self.desk) for n in range(AGENTS)]
        self.reviewers = make.make_reviewers(session)
        self.teams = {team.key: team.id for team in session.scalars(select(Team))}
        page = make.page_of(session, self.desk)
        bluesky = [make.make_account(session, self.desk, handle=f"desk-{n}.example") for n in range(2)]
        self.accounts: list[Account] = [page, *bluesky]
        topics = [catalogue.add_topic(session, self.desk, t, actor=self.viewer, now=now) for t in TOPICS]
        products = [
            catalogue.add_product(session, self.desk, p, actor=self.viewer, now=now) for p in PRODUCTS
        ]
        self.topics: list[Topic] = topics
        self.products: list[Product] = products
        self.formats = [(f.key, f.kind) for f in session.scalars(select(Format).order_by(Format.position))]
        rules = session.scalars(select(Boundary).order_by(Boundary.id))
        self.rules = [(rule.id, rule.versions[0].id, rule.versions[0].severity) for rule in rules]
        self.audited = session.scalar(select(func.max(AuditEntry.id))) or 0


class _Filling:
    """Rows, gathered table by table until they are written. Ids are counted here."""

    def __init__(self, cast: _Cast, count: int) -> None:
        self.cast, self.count = cast, count
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.rng, self.words = random.Random(7), Words(7)
        self.tzdata = tzdata_version()
        self.rows: dict[Any, list[dict[str, Any]]] = defaultdict(list)
        self.search: list[dict[str, Any]] = []
        self.last: dict[Any, int] = defaultdict(int, {AuditEntry: cast.audited})
        self.shown_post = self.in_review = self.needing = 0
        self.shown_share = min(IN_SHOWN_MONTH, count // 24) / count

    def add(self, post_id: int, state: PostState) -> None:
        """One post with everything that hangs on it."""
        owner = self._owner(state)
        created_at = self.now - self.rng.random() * 2 * SPAN
        updated_at = created_at + self.rng.random() * (self.now - created_at)
        content = self._content(post_id)
        revision, renditions = self._revisions(post_id, owner, content, created_at, updated_at)
        self._post(post_id, state, owner, content, revision["id"], created_at, updated_at)
        if state in SUBMITTED:
            self._submission(post_id, state, owner, revision, updated_at)
        self._publication(post_id, state, owner, revision, renditions, content)
        self._around(post_id, owner, content, revision["id"], updated_at)

    def write(self, session: Session) -> None:
        for table in TABLES:
            rows = self.rows.pop(table, [])
            if rows:
                session.execute(insert(getattr(table, "__table__", table)), rows)
        session.execute(text(SEARCH[session.get_bind().dialect.name]), self.search)
        self.search = []

    def _row(self, table: Any, **values: Any) -> dict[str, Any]:
        self.last[table] += 1
        row = {"id": self.last[table], **values}
        self.rows[table].append(row)
        return row

    def _owner(self, state: PostState) -> User:
        """The viewer writes too, but nothing that waits for the viewer's own team."""
        people = self.cast.agents if state is PostState.IN_REVIEW else [*self.cast.agents, self.cast.viewer]
        return self.rng.choice(people)

    def _content(self, post_id: int) -> dict[str, Any]:
        format_key, _kind = self.cast.formats[post_id % len(self.cast.formats)]
        return normalise(
            empty(
                title=self.words.title(),
                text=self.words.text(rare=post_id % 4_999 == 17),
                format=format_key,
                accounts=[a.id for a in self.cast.accounts[:2]],
                topics=[t.id for t in self.rng.sample(self.cast.topics, 1 + post_id % 2)],
                products=[self.rng.choice(self.cast.products).id] if post_id % 2 else [],
                evergreen=post_id % 7 == 0,
                ingredient="expertise",
            )
        )

    def _revisions(
        self, post_id: int, owner: User, content: dict[str, Any], created_at: datetime, updated_at: datetime
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Two of every third post, else one; the last with its renditions."""
        documents = [(a, canonical_json(rendition(content, a))) for a in self.cast.accounts[:2]]
        hashed = content_hash(content, [rendition_hash(payload) for _, payload in documents])
        for number in (1, 2) if post_id % 3 == 0 else (1,):
            revision = self._row(
                Revision, post_id=post_id, number=number, content=content, content_hash=hashed,
                created_by_id=owner.id, created_at=created_at if number == 1 else updated_at, note="",
            )  # fmt: skip
            self.rows[revision_authors].append({"revision_id": revision["id"], "user_id": owner.id})
        made = [
            self._row(
                Rendition,
                revision_id=revision["id"],
                account_id=account.id,
                payload=payload,
                sha256=rendition_hash(payload),
            )
            for account, payload in documents
        ]
        return revision, made

    def _post(
        self, post_id: int, state: PostState, owner: User, content: dict[str, Any], revision_id: int,
        created_at: datetime, updated_at: datetime,
    ) -> None:  # fmt: skip
        kind = dict(self.cast.formats)[content["format"]]
        self.rows[Post].append(
            {
                "id": post_id, "desk_id": self.cast.desk.id, "owner_id": owner.id, "format_key": content["format"],
                "kind": kind, "title": content["title"], "excerpt": content["text"][:280], "state": state,
                "is_evergreen": content["evergreen"], "latest_revision_id": revision_id, "version": 1,
                "created_at": created_at, "updated_at": updated_at,
            }
        )  # fmt: skip
        self.rows[post_topics] += [{"post_id": post_id, "topic_id": t} for t in content["topics"]]
        self.rows[post_products] += [{"post_id": post_id, "product_id": p} for p in content["products"]]
        found = tokens([content["title"], content["text"]])
        self.search.append({"id": post_id, "words": " ".join(found)})

    def _submission(
        self, post_id: int, state: PostState, owner: User, revision: dict[str, Any], at: datetime
    ) -> None:
        ended = SUBMITTED[state]
        is_open = ended is SubmissionState.OPEN
        if is_open:
            self.in_review += 1
            at = self.now - self.rng.random() * timedelta(days=60)
        if post_id % 5 == 0:
            again = (SubmissionState.CHANGES_REQUESTED, SubmissionState.WITHDRAWN, SubmissionState.EXPIRED)
            self._sent(post_id, again[post_id // 5 % 3], owner, revision, at - timedelta(days=3))
        submission = self._sent(post_id, ended, owner, revision, at)
        closed_at = submission["closed_at"]
        if ended is SubmissionState.APPROVED:
            self._row(
                Approval, post_id=post_id, revision_id=revision["id"], submission_id=submission["id"],
                content_hash=revision["content_hash"], approved_at=closed_at, is_solo=False, withdrawn_why="",
            )  # fmt: skip

    def _sent(
        self, post_id: int, ended: SubmissionState, owner: User, revision: dict[str, Any], at: datetime
    ) -> dict[str, Any]:
        """A submission with its reviews, and with a finding in two of three."""
        is_open = ended is SubmissionState.OPEN
        submission = self._row(
            Submission, desk_id=self.cast.desk.id, post_id=post_id, revision_id=revision["id"],
            content_hash=revision["content_hash"], state=ended, note="", submitted_by_id=owner.id, submitted_at=at,
            closed_at=None if is_open else at + timedelta(days=1), version=1,
        )  # fmt: skip
        for team in ("marketing", "legal"):
            self._review(submission, team, owner, is_open=is_open, at=at)
        if submission["id"] % 3:
            boundary_id, version_id, severity = self.rng.choice(self.cast.rules)
            self._row(
                SubmittedFinding, submission_id=submission["id"], boundary_id=boundary_id, version_id=version_id,
                places=[{"field": "text", "start": 0, "end": 4, "words": "Free"}], evidence="", at=at,
                reason="It is ours." if severity == "warn" else "",
            )  # fmt: skip
        return submission

    def _review(
        self, submission: dict[str, Any], team: str, owner: User, *, is_open: bool, at: datetime
    ) -> None:
        verdict = VERDICTS.get(submission["state"])
        decided_at = at + timedelta(minutes=self.rng.randint(5, 1_440)) if verdict else None
        state = ReviewState.OPEN if is_open else ReviewState.DECIDED if verdict else ReviewState.MOOT
        worked_s = 0 if is_open else int(self.rng.lognormvariate(8.6, 0.9))
        review = self._row(
            Review, submission_id=submission["id"], desk_id=self.cast.desk.id, team_id=self.cast.teams[team],
            step=1, quorum=1, why="", state=state, opened_at=at, stopped_s=0, decided_at=decided_at,
            turnaround_s=TURNAROUND_S, worked_s=worked_s, running_since=at if is_open else None,
            reminded=80 if worked_s > 0.8 * TURNAROUND_S else 50 if worked_s > 0.5 * TURNAROUND_S else 0, version=1,
        )  # fmt: skip
        if verdict is None:
            return
        by_viewer = team == "marketing" and owner is not self.cast.viewer and submission["id"] % 2 == 0
        person = self.cast.viewer if by_viewer else self.cast.reviewers[team]
        self._row(
            Decision, review_id=review["id"], submission_id=submission["id"], user_id=person.id,
            revision_id=submission["revision_id"], content_hash=submission["content_hash"],
            verdict=verdict, reason="Please say how long it takes.", is_solo=False,
            identified_by="password", at=decided_at,
        )  # fmt: skip

    def _publication(
        self, post_id: int, state: PostState, owner: User, revision: dict[str, Any],
        renditions: list[dict[str, Any]], content: dict[str, Any],
    ) -> None:  # fmt: skip
        due_at = self._due_at()
        ended, reason = self._ended(state, due_at)
        shown = renditions[post_id % 2]
        published_at = due_at + timedelta(seconds=1) if ended is PublicationState.PUBLISHED else None
        run = self._row(
            Run, post_id=post_id, number=1, cause=RunCause.FIRST, created_by_id=owner.id, created_at=due_at
        )
        made = self._row(
            Publication, source_key=f"bench-{post_id}", client_key=f"bench-{post_id}", desk_id=self.cast.desk.id,
            run_id=run["id"], post_id=post_id, account_id=shown["account_id"], revision_id=revision["id"],
            rendition_id=shown["id"], payload_sha256=shown["sha256"], state=ended, reason=reason, explanation="",
            wall=wall_of(due_at, self.cast.desk.zone).isoformat(timespec="seconds"), zone=self.cast.desk.zone,
            fold=0, due_at=due_at, tzdata_version=self.tzdata, grace_s=900, late_at=due_at + timedelta(seconds=900),
            fence=0, claimed_by="", tries=0, looks=0, state_at=due_at, published_at=published_at,
            url=f"https://social.example/{post_id}" if published_at else "", created_by_id=owner.id,
            created_at=due_at - timedelta(days=3), version=1,
        )  # fmt: skip
        if published_at is None:
            return
        if state is PostState.APPROVED and post_id % 15 == 0:
            self.shown_post = post_id
        if shown["account_id"] == self.cast.accounts[0].id:
            self._row(
                PagePost, account_id=shown["account_id"], key=f"bench-{post_id}", publication_id=made["id"],
                title=content["title"], text=content["text"], language="en", media=[], source={},
                digest=shown["sha256"], published_at=published_at, touched_at=published_at,
            )  # fmt: skip

    def _due_at(self) -> datetime:
        """In this month as often as a busy desk plans, else in the two years around it; in office hours."""
        month = self.now.replace(day=1, hour=8, minute=0, second=0)
        minutes = timedelta(minutes=self.rng.randrange(600))
        if self.rng.random() < self.shown_share:
            return month + timedelta(days=self.rng.randrange(30)) + minutes
        days = self.rng.randrange(31, SPAN.days)
        return month + timedelta(days=days if self.rng.random() < 0.4 else -days) + minutes

    def _ended(self, state: PostState, due_at: datetime) -> tuple[PublicationState, str]:
        """A state that fits the post's and the time; a few of hundreds need a person."""
        is_past = due_at < self.now
        if state in (PostState.APPROVED, PostState.EXPIRED, PostState.ARCHIVED):
            if not is_past:
                planned = state is PostState.APPROVED
                return (PublicationState.PLANNED if planned else PublicationState.CANCELLED), ""
            chance = self.rng.random()
            if chance < 0.01 and self.needing < 40:
                self.needing += 1
                return PublicationState.NEEDS_PERSON, ""
            if chance < 0.03:
                return PublicationState.FAILED, GIVEN_UP
            return PublicationState.PUBLISHED, ""
        return (PublicationState.CANCELLED if is_past else PublicationState.BLOCKED), ""

    def _around(
        self, post_id: int, owner: User, content: dict[str, Any], revision_id: int, at: datetime
    ) -> None:
        """The record, a notice, and a word in the discussion of every fifth."""
        for verb in ("post.created", "revision.saved"):
            entry = self._row(
                AuditEntry, at=at, desk_id=self.cast.desk.id, actor_id=owner.id, actor_name=owner.name,
                verb=verb, subject_type="Post", subject_id=post_id, summary=f"“{content['title']}”",
                payload_digest="0" * 64,
            )  # fmt: skip
            self.rows[AuditPayload].append({"entry_id": entry["id"], "details": {"revision_id": revision_id}})
        told = self.cast.viewer if post_id % 40 == 0 else owner
        self._row(
            Notice, user_id=told.id, desk_id=self.cast.desk.id, kind="review.decided", subject_type="Post",
            subject_id=post_id, stage="", text=f"“{content['title']}” was approved.", details={}, created_at=at,
            read_at=at if post_id % 80 else None, mailed_at=at,
        )  # fmt: skip
        if post_id % 5 == 0:
            self._row(
                Comment, post_id=post_id, revision_id=revision_id, user_id=owner.id, at=at,
                body="Shall we name the model in the first line?",
            )  # fmt: skip


def _finish(database: Database) -> None:
    """Counters after our own ids, and what the planner knows."""
    with database.engine.begin() as connection:
        if not database.is_sqlite:
            for table in (t.__table__ for t in TABLES if hasattr(t, "__table__") and "id" in t.__table__.c):
                sequence = f"pg_get_serial_sequence('{table.name}', 'id')"
                connection.execute(text(f"SELECT setval({sequence}, (SELECT max(id) FROM {table.name}))"))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE" if database.is_sqlite else "VACUUM ANALYZE")
