"""Making every interim revision again, and the proof that what stands there is what was made then.

A revision is proved by its own hash, which covers its document and the renditions of every account, and by the
record's entry of the day it was made. That entry's digest still proves it after the entry's details were erased.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library import audit
from content_library.content import content_hash, rendition_hash
from content_library.models.account import Account
from content_library.models.audit import AuditEntry, AuditPayload
from content_library.models.post import Post, Rendition, Revision

MADE = "post.revised"
MOST_NAMED = 50  # mismatches named one by one; the rest are counted
POSTS_AT_ONCE = 200


@dataclass(frozen=True)
class Mismatch:
    """Something of a post that is not what the record says. `number` None: about the post's revisions together."""

    post_id: int
    number: int | None
    sentence: str

    def __str__(self) -> str:
        what = (
            f"Post {self.post_id}" if self.number is None else f"Post {self.post_id}, revision {self.number}"
        )
        return f"{what}: {self.sentence}"


@dataclass(frozen=True)
class Progress:
    """How far the proof of all revisions has come: every post up to `post_id` is done."""

    post_id: int = 0
    revisions: int = 0
    flaws: int = 0
    mismatches: tuple[Mismatch, ...] = field(default=())

    @property
    def ok(self) -> bool:
        return not self.flaws

    def sentences(self) -> list[str]:
        """The outcome in words."""
        if self.ok:
            return [f"All {self.revisions} revisions match the record."]
        said = [str(mismatch) for mismatch in self.mismatches]
        more = self.flaws - len(said)
        return [*said, f"{more} more revisions do not match."] if more else said


@dataclass(frozen=True)
class _Stored:
    """A revision as it stands in the database now."""

    id: int
    post_id: int
    number: int
    content: Mapping[str, Any]
    content_hash: str
    created_by_id: int
    created_at: datetime
    renditions: tuple[tuple[str, str, str], ...]  # (handle of the account, payload, sha256)


@dataclass(frozen=True)
class _Noted:
    """What the record said when a revision was made. `details` None: they were erased."""

    post_id: int
    seq: int | None
    at: datetime
    actor_id: int | None
    summary: str
    digest: str
    details: Mapping[str, Any] | None

    def is_of(self, stored: _Stored) -> bool:
        if self.details is not None:
            return self.details.get("revision_id") == stored.id
        return self.digest == audit.digest({"revision_id": stored.id, "content_hash": stored.content_hash})


def prove_post(session: Session, post: Post) -> list[Mismatch]:
    """Every mismatch of a post's revisions, in their order; none when all match the record."""
    return _prove(post.id, _stored(session, post.id, post.id), _noted(session, post.id, post.id))


def prove_part(session: Session, begun: Progress, *, most: int = POSTS_AT_ONCE) -> Progress:
    """Go on from `begun` for at most `most` posts; the same comes back when the end is reached.

    Posts are told from revisions and from the record alike, so that a post that was removed whole is missed too.
    """
    post_ids = _next_posts(session, begun.post_id, most)
    if not post_ids:
        return begun
    stored = {
        k: list(g) for k, g in groupby(_stored(session, post_ids[0], post_ids[-1]), lambda s: s.post_id)
    }
    noted = {k: list(g) for k, g in groupby(_noted(session, post_ids[0], post_ids[-1]), lambda n: n.post_id)}
    on = begun
    for post_id in post_ids:
        found = _prove(post_id, stored.get(post_id, []), noted.get(post_id, []))
        named = (*on.mismatches, *found)[:MOST_NAMED]
        on = replace(on, flaws=on.flaws + len(found), mismatches=named)
    counted = sum(len(of_post) for of_post in stored.values())
    return replace(on, post_id=post_ids[-1], revisions=on.revisions + counted)


def _next_posts(session: Session, after: int, most: int) -> list[int]:
    made = select(Revision.post_id).where(Revision.post_id > after).distinct()
    known = (
        select(AuditEntry.subject_id)
        .where(AuditEntry.subject_type == "post", AuditEntry.verb == MADE, AuditEntry.subject_id > after)
        .distinct()
    )
    some = [session.scalars(query.order_by(query.selected_columns[0]).limit(most)) for query in (made, known)]
    return sorted({post_id for ids in some for post_id in ids if post_id is not None})[:most]


def _prove(post_id: int, stored: Sequence[_Stored], noted: Sequence[_Noted]) -> list[Mismatch]:
    found, left = [], list(noted)
    for revision in stored:
        note = next((n for n in left if n.is_of(revision)), None)
        if note is not None:
            left.remove(note)
        found += [Mismatch(post_id, revision.number, flaw) for flaw in _flaws(revision, note)]
    return found + [Mismatch(post_id, None, _gone(note)) for note in left]


def _gone(note: _Noted) -> str:
    place = f"entry {note.seq} of the record" if note.seq else "the record"
    return f"a revision is gone, or was replaced: {place} knows “{note.summary}”, and nothing here fits it."


def _flaws(revision: _Stored, note: _Noted | None) -> Iterable[str]:
    yield from _own_flaws(revision)
    if note is None:
        yield "the record knows no revision like it."
        return
    recorded = (note.details or {}).get("content_hash", revision.content_hash)
    if recorded != revision.content_hash:
        yield f"its hash is {revision.content_hash[:12]}…, but the record says {str(recorded)[:12]}…."
    if not note.summary.startswith(f"Revision {revision.number} of "):
        yield f"the record calls it “{note.summary}”."
    if (note.at, note.actor_id) != (revision.created_at, revision.created_by_id):
        yield "when it was made, or by whom, is not what the record says."


def _own_flaws(revision: _Stored) -> Iterable[str]:
    for handle, payload, sha256 in revision.renditions:
        if rendition_hash(payload) != sha256:
            yield f"what was to go out on {handle} does not fit its hash."
    if (
        content_hash(revision.content, [sha256 for *_rest, sha256 in revision.renditions])
        != revision.content_hash
    ):
        yield "its text, media or renditions do not fit its hash."


def _stored(session: Session, first: int, last: int) -> list[_Stored]:
    renditions: dict[int, list[tuple[str, str, str]]] = {}
    rows = session.execute(
        select(Rendition.revision_id, Account.handle, Rendition.payload, Rendition.sha256)
        .join(Revision, Revision.id == Rendition.revision_id)
        .outerjoin(Account, Account.id == Rendition.account_id)
        .where(Revision.post_id.between(first, last))
        .order_by(Rendition.id)
    )
    for revision_id, handle, payload, sha256 in rows:
        renditions.setdefault(revision_id, []).append((handle or "an account", payload, sha256))
    columns = (
        Revision.id, Revision.post_id, Revision.number, Revision.content, Revision.content_hash,
        Revision.created_by_id, Revision.created_at,
    )  # fmt: skip
    query = select(*columns).where(Revision.post_id.between(first, last))
    ordered = query.order_by(Revision.post_id, Revision.number)
    return [
        _Stored(
            row.id, row.post_id, row.number, row.content, row.content_hash, row.created_by_id, row.created_at,
            tuple(renditions.get(row.id, ())),
        )
        for row in session.execute(ordered)
    ]  # fmt: skip


def _noted(session: Session, first: int, last: int) -> list[_Noted]:
    columns = (
        AuditEntry.subject_id, AuditEntry.seq, AuditEntry.at, AuditEntry.actor_id, AuditEntry.summary,
        AuditEntry.payload_digest, AuditPayload.details,
    )  # fmt: skip
    query = (
        select(*columns)
        .outerjoin(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
        .where(
            AuditEntry.subject_type == "post",
            AuditEntry.subject_id.between(first, last),
            AuditEntry.verb == MADE,
        )
        .order_by(AuditEntry.subject_id, AuditEntry.id)
    )
    return [_Noted(*row) for row in session.execute(query)]
