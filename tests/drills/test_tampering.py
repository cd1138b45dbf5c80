"""Somebody writes into the database itself; `deskcast verify-audit`, run as a stranger would, names what they did."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from content_library import audit
from content_library.audit import digest
from content_library.database import Database
from content_library.models.audit import AuditEntry, AuditPayload
from content_library.models.post import Rendition, Revision
from content_library.record_chain import GENESIS, Entry, link
from content_library.sealing import _COVERED, export_head, seal
from content_library.settings import load
from tests import factories as make
from tests.drills.engines import ROOT
from tests.support.clock import FrozenClock
from tests.support.databases import Databases, Kind

pytestmark = [pytest.mark.network, pytest.mark.slow]


@dataclass
class Ground:
    """A database with a sealed record of a post's life and of changes after it, and its exported head."""

    database: Database
    folder: Path
    head: dict[str, Any]

    def verify(self, *more: str) -> subprocess.CompletedProcess[str]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("DESKCAST_")}
        environment |= {"DESKCAST_DATA": str(self.folder), "DESKCAST_DATABASE_URL": self.database.url}
        return subprocess.run(
            [sys.executable, "-m", "app.cli", "verify-audit", *more],
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300,
        )  # fmt: skip

    def head_file(self) -> str:
        path = self.folder / "head.json"
        path.write_text(json.dumps(self.head))
        return str(path)


@pytest.fixture
def ground(databases: Databases, database_kind: Kind, tmp_path: Path, clock: FrozenClock) -> Iterator[Ground]:
    url = databases.new_url(database_kind)
    database = Database(url, clock=clock)
    key = load({"DESKCAST_DATA": str(tmp_path), "DESKCAST_DATABASE_URL": url}).record_key
    with database.write() as session:
        desk = make.make_desk(session)
        maya = make.make_user(session, "Maya Okafor", desk=desk)
        post = make.make_post(
            session,
            desk,
            maya,
            topics=[],
            format_key="fun_promotion",
            accounts=[make.page_of(session, desk).id],
        )
        make.save(session, post, maya, text="A second text.")
        for number in range(20):
            audit.record(session, "desk.changed", desk, actor=maya, now=clock(), summary=f"Change {number}",
                         details={"customer": f"Zoë {number}"})  # fmt: skip
        seal(session, key=key, now=clock.advance(seconds=5))
        head = export_head(session)
    yield Ground(database, tmp_path, head)
    database.dispose()
    databases.discard(url)


def at(seq: int) -> Any:
    return AuditEntry.seq == seq


def _remove(session: Session, *conditions: Any) -> None:
    gone = session.scalars(select(AuditEntry.id).where(*conditions)).all()
    session.execute(delete(AuditPayload).where(AuditPayload.entry_id.in_(gone)))
    session.execute(delete(AuditEntry).where(AuditEntry.id.in_(gone)))


def edit(session: Session) -> None:
    session.execute(update(AuditEntry).where(at(7)).values(summary="Nothing happened"))


def edit_details(session: Session) -> None:
    seventh = select(AuditEntry.id).where(at(7)).scalar_subquery()
    session.execute(
        update(AuditPayload).where(AuditPayload.entry_id == seventh).values(details={"customer": "Nobody"})
    )


def edit_details_and_digest(session: Session) -> None:
    edit_details(session)
    session.execute(update(AuditEntry).where(at(7)).values(payload_digest=digest({"customer": "Nobody"})))


def delete_one(session: Session) -> None:
    _remove(session, at(7))


def delete_some(session: Session) -> None:
    _remove(session, AuditEntry.seq.between(7, 9))


def delete_one_and_close_the_gap(session: Session) -> None:
    _remove(session, at(7))
    for seq in session.scalars(
        select(AuditEntry.seq).where(AuditEntry.seq > 7).order_by(AuditEntry.seq)
    ).all():
        session.execute(update(AuditEntry).where(at(seq or 0)).values(seq=(seq or 0) - 1))


def insert_one(session: Session) -> None:
    last = session.scalars(select(AuditEntry).order_by(AuditEntry.seq.desc())).first()
    assert last is not None
    session.execute(
        insert(AuditEntry).values(
            seq=(last.seq or 0) + 1, at=last.at, actor_name="Tom", verb="decision.approve", subject_type="review",
            summary="Approved", payload_digest="d" * 64, previous=last.mac, mac="c" * 64,
        )
    )  # fmt: skip


def reorder(session: Session) -> None:
    for old, new in ((7, -1), (12, 7), (-1, 12)):
        session.execute(update(AuditEntry).where(at(old)).values(seq=new))


def rewrite_without_the_key(session: Session) -> None:
    previous = GENESIS
    for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.seq)).all():
        summary = "Changed" if entry.seq == 7 else entry.summary
        covered = Entry(*(getattr(entry, c.key) for c in _COVERED))._replace(summary=summary)
        mac = link(b"a guess", covered, seq=entry.seq or 0, previous=previous)
        entry.summary, entry.previous, entry.mac = summary, previous, mac
        previous = mac


TAMPERINGS: dict[str, tuple[Callable[[Session], None], str]] = {
    "edited": (edit, "Entry 7 is not what was sealed"),
    "details edited": (edit_details, "The details of entry 7 are not those that were sealed."),
    "details and digest edited": (edit_details_and_digest, "Entry 7 is not what was sealed"),
    "deleted": (delete_one, "Entry 7 is missing."),
    "several deleted": (delete_some, "Entries 7 to 9 are missing."),
    "deleted and closed": (
        delete_one_and_close_the_gap,
        "Entry 7 does not follow the entry that stands before it",
    ),
    "inserted": (insert_one, "is not what was sealed: it was changed, swapped or put in afterwards."),
    "reordered": (reorder, "Entry 7 does not follow the entry that stands before it"),
    "rewritten": (rewrite_without_the_key, "Entry 1 is not what was sealed"),
}


def test_untouched_it_says_how_far_it_was_verified(ground: Ground) -> None:
    verdict = ground.verify("--head", ground.head_file())
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
    said = verdict.stdout.splitlines()
    assert (
        said[0] == f"Verified up to entry {ground.head['seq']}: all {ground.head['seq']} sealed entries fit."
    )
    assert said[1] == "All 2 revisions match the record."


@pytest.mark.parametrize("what", TAMPERINGS)
def test_what_was_done_to_the_record_is_named_with_its_number(ground: Ground, what: str) -> None:
    tamper, sentence = TAMPERINGS[what]
    with ground.database.write() as session:
        tamper(session)
    verdict = ground.verify()
    assert verdict.returncode == 1
    assert sentence in verdict.stdout
    assert sentence in verdict.stdout.splitlines()[0] or what == "inserted"


def test_a_cut_tail_shows_only_against_an_exported_head(ground: Ground) -> None:
    with ground.database.write() as session:
        _remove(session, AuditEntry.seq > 15)
    assert ground.verify().returncode == 0
    verdict = ground.verify("--head", ground.head_file())
    assert verdict.returncode == 1
    assert verdict.stdout.splitlines()[0] == (
        f"A tail is missing: it ends at entry 15, but an exported head says it reached entry {ground.head['seq']}."
    )


def test_erasing_a_customers_details_breaks_nothing(ground: Ground) -> None:
    with ground.database.write() as session:
        session.execute(delete(AuditPayload))
    verdict = ground.verify("--head", ground.head_file())
    assert verdict.returncode == 0, verdict.stdout


def test_a_changed_revision_is_named_although_the_chain_fits(ground: Ground) -> None:
    with ground.database.write() as session:
        revision = session.scalars(select(Revision).where(Revision.number == 2)).one()
        revision.content = {**revision.content, "text": "Never written."}
        post_id = revision.post_id
    verdict = ground.verify()
    assert verdict.returncode == 1
    assert "sealed entries fit." in verdict.stdout
    assert f"Post {post_id}, revision 2: its text, media or renditions do not fit its hash." in verdict.stdout


def test_a_removed_revision_is_missed(ground: Ground) -> None:
    with ground.database.write() as session:
        first = session.scalars(select(Revision).where(Revision.number == 1)).one()
        session.execute(delete(Rendition).where(Rendition.revision_id == first.id))
        session.execute(delete(Revision).where(Revision.id == first.id))
    verdict = ground.verify()
    assert verdict.returncode == 1
    assert "a revision is gone, or was replaced" in verdict.stdout


@pytest.mark.parametrize("given", ["", "{}", "nonsense", '{"seq": 1, "mac": "x"}'])
def test_a_file_that_is_no_head_is_said(ground: Ground, given: str) -> None:
    path = ground.folder / "no-head.json"
    path.write_text(given)
    verdict = ground.verify("--head", str(path))
    assert verdict.returncode == 2
    assert "is not an exported head" in verdict.stderr
