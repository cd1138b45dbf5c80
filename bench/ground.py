"""What the measurements share: databases to measure on, a cleared post, many publications of it, a table of figures."""

import platform
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app import migrate
from content_library.database import Database
from content_library.models.account import Account
from content_library.models.post import Post, Revision
from content_library.models.user import User
from content_library.wall_time import tzdata_version
from scheduler import reactions
from scheduler.models import Publication, PublicationState, Run, RunCause
from tests import factories as make
from tests.fakes import FakeServer
from tests.support.postgres import PostgresServer

BOTH = ("sqlite", "postgresql")


def machine() -> str:
    """One line on where and when this was measured."""
    cpu = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    return f"{datetime.now(UTC):%Y-%m-%d}, {cpu}, 2 cores, Python {platform.python_version()}"


@contextmanager
def fresh_database(kind: str) -> Iterator[Database]:
    """A migrated, empty database of a kind, on disk."""
    folder = Path(tempfile.mkdtemp(prefix="deskcast-bench-"))
    reactions.listen()
    try:
        if kind == "sqlite":
            yield from _opened(f"sqlite:///{folder / 'bench.db'}")
        else:
            with PostgresServer(durable=True) as server:
                yield from _opened(server.create("bench"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _opened(url: str) -> Iterator[Database]:
    migrate.upgrade(url)
    database = Database(url)
    try:
        yield database
    finally:
        database.dispose()


def cleared_post(session: Session, server: FakeServer, *, accounts: int) -> tuple[Post, list[Account], User]:
    """One approved post that may go to many accounts of the counting network."""
    now = datetime.now(UTC)
    desk = make.make_desk(session)
    author = make.make_user(session, "Maya Okafor", desk=desk)
    reviewers = make.make_reviewers(session)
    made = [
        make.make_account(session, desk, handle=f"desk-{n}.example", secret=dict(server.access().secret))
        for n in range(accounts)
    ]
    for account in made:
        account.least_gap_s = 0
    post = make.make_post(session, desk, author, now=now, accounts=[a.id for a in made])
    make.clear(session, post, author, reviewers, now=now)
    return post, made, author


def many_publications(
    session: Session, post: Post, accounts: list[Account], *, count: int, due: list[datetime]
) -> None:
    """`count` planned publications of a cleared post, one run after the other; `due` gives each its time."""
    now = datetime.now(UTC)
    revision = session.get_one(Revision, post.latest_revision_id)
    renditions = {r.account_id: r for r in revision.renditions}
    runs = -(-count // len(accounts))
    first = session.query(Run).count() + 1
    session.execute(
        insert(Run),
        [
            {"post_id": post.id, "number": first + n, "cause": RunCause.RECYCLED, "created_at": now}
            for n in range(runs)
        ],
    )
    session.flush()
    run_ids = [r.id for r in session.query(Run).filter(Run.number >= first).order_by(Run.number)]
    rows = []
    for n in range(count):
        account = accounts[n % len(accounts)]
        rows.append(_row(post, account, run_ids[n // len(accounts)], renditions[account.id], due[n], now))
    session.execute(insert(Publication), rows)


def _row(
    post: Post, account: Account, run_id: int, rendition: object, due_at: datetime, now: datetime
) -> dict:  # type: ignore[type-arg]
    return {
        "source_key": uuid.uuid4().hex,
        "desk_id": post.desk_id,
        "run_id": run_id,
        "post_id": post.id,
        "account_id": account.id,
        "revision_id": rendition.revision_id,  # type: ignore[attr-defined]
        "rendition_id": rendition.id,  # type: ignore[attr-defined]
        "payload_sha256": rendition.sha256,  # type: ignore[attr-defined]
        "client_key": str(uuid.uuid4()),
        "state": PublicationState.PLANNED,
        "wall": due_at.replace(tzinfo=None).isoformat(timespec="seconds"),
        "zone": "UTC",
        "due_at": due_at,
        "tzdata_version": tzdata_version(),
        "grace_s": 900,
        "late_at": due_at + timedelta(hours=1),
        "state_at": now,
        "created_at": now,
    }


def row(*cells: object, widths: tuple[int, ...] = (34, 16, 16, 16, 16)) -> str:
    """One line of a table on the terminal."""
    return "  ".join(str(cell).ljust(width) for cell, width in zip(cells, widths, strict=False)).rstrip()
