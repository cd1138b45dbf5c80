"""Writing down what happened on the network: attempts, where each part stands, and when all of them do.

These run hundreds of times a second, so the statements are made once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar, cast

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from content_library.among import among
from content_library.digests import SERVICE_NOTICE
from content_library.many_rows import Insert
from content_library.models.format import Tone
from scheduler import transitions
from scheduler.models import Attempt, AttemptOutcome, Part, Publication
from scheduler.publication_flow import Act, sources
from service_channel.models.sent_part import SentPart
from service_channel.networks.base import FindResult, Preparation, RemoteRef, SendResult

Answer = TypeVar("Answer", SendResult, FindResult, Preparation)

_attempts = cast(Table, Attempt.__table__)
_parts = cast(Table, Part.__table__)
_publications = cast(Table, Publication.__table__)

_OPEN = Insert(
    _attempts,
    "publication_id",
    "position",
    "fence",
    "act",
    "outcome",
    "started_at",
    "request",
    "response",
    "message",
)
_CLOSE = (
    update(_attempts)
    .where(_attempts.c.id == bindparam("this"))
    .values({c: bindparam(c) for c in ("outcome", "ended_at", "status", "request", "response", "message")})
)
_NOTE = insert(_attempts)
_STANDS = (
    update(_parts)
    .where(
        _parts.c.publication_id == bindparam("this"),
        _parts.c.position == bindparam("at"),
        _parts.c.remote_id.is_(None),
    )
    .values({c: bindparam(c) for c in ("remote_id", "cid", "url", "sent_at")})
)
_SENT = Insert(
    cast(Table, SentPart.__table__),
    "account_id", "remote_id", "url", "publication_id", "revision_id", "part_index", "sent_at",
)  # fmt: skip
_UNTOLD = (
    select(_parts.c.publication_id, _parts.c.position, _publications.c.revision_id)
    .join(_publications, _publications.c.id == _parts.c.publication_id)
    .where(
        among("places", _parts.c.publication_id, _parts.c.position),
        _parts.c.remote_id.is_(None),
    )
    .order_by(_parts.c.publication_id, _parts.c.position)  # held in this order by everybody
    .with_for_update(of=_parts)
)
_COMPLETE = (
    select(
        _publications.c.id, _publications.c.desk_id, _publications.c.due_at, _parts.c.url, _parts.c.sent_at
    )
    .join(_parts, _parts.c.publication_id == _publications.c.id)
    .where(
        among("ids", _publications.c.id),
        _publications.c.state.in_(sources(Act.SUCCEED)),
        _parts.c.position == 0,
    )
    .order_by(_publications.c.id)
    .with_for_update(of=_publications)
)


@dataclass(frozen=True)
class Trying:
    """A part that has been marked and not yet answered."""

    publication_id: int
    position: int
    fence: int


@dataclass(frozen=True)
class Answered:
    """How the call of an attempt ended."""

    attempt_id: int
    result: SendResult


@dataclass(frozen=True)
class Stands:
    """A part that stands on the network."""

    publication_id: int
    position: int
    account_id: int
    ref: RemoteRef


def open_attempts(session: Session, trying: Sequence[Trying], *, now: datetime) -> list[int]:
    """Attempts that begin now; returns their ids, in order."""
    if not trying:
        return []
    opened = [
        {
            "publication_id": one.publication_id,
            "position": one.position,
            "fence": one.fence,
            "act": "send",
            "outcome": AttemptOutcome.OPEN,
            "started_at": now,
            "request": {},
            "response": {},
            "message": "",
        }
        for one in trying
    ]
    return _OPEN.numbered(session.connection(), opened)


def close_attempts(session: Session, answered: Sequence[Answered], *, now: datetime) -> None:
    """How calls to the network ended, in its own words."""
    session.connection().execute(
        _CLOSE,
        [
            {
                "this": one.attempt_id,
                "outcome": AttemptOutcome(one.result.outcome.value),
                "ended_at": now,
                "status": one.result.status,
                "request": storable(one.result.request),
                "response": storable(one.result.response),
                "message": storable(one.result.message),
            }
            for one in answered
        ],
    )


def note_attempt(
    session: Session, publication_id: int, position: int, act: str, outcome: AttemptOutcome, *, now: datetime,
    fence: int = 0, status: int | None = None, request: Mapping[str, Any] | None = None,
    response: Mapping[str, Any] | None = None, message: str = "",
) -> None:  # fmt: skip
    """A call that is over already: a look, a preparation, a deletion."""
    session.connection().execute(
        _NOTE,
        {
            "publication_id": publication_id, "position": position, "fence": fence, "act": act, "outcome": outcome,
            "started_at": now, "ended_at": now, "status": status, "request": storable(request or {}),
            "response": storable(response or {}), "message": storable(message),
        },
    )  # fmt: skip


def told_about(publication: Publication) -> dict[str, Any]:
    """What a notice about a publication carries for its mail."""
    return {SERVICE_NOTICE: publication.post.format.tone is Tone.SERVICE}


def readable(answer: Answer) -> Answer:
    """The answer with a message that can be stored and shown."""
    return replace(answer, message=storable(answer.message))


def storable(said: Any) -> Any:
    """What a network said, without what no database stores: NUL and halves of characters."""
    if isinstance(said, str):
        return said.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(said, Mapping):
        return {storable(str(name)): storable(value) for name, value in said.items()}
    if isinstance(said, list | tuple):
        return [storable(value) for value in said]
    return said


def record_parts(session: Session, standing: Sequence[Stands], *, now: datetime) -> None:
    """Keep where parts stand. Telling it twice changes nothing."""
    connection = session.connection()
    by_place = {(one.publication_id, one.position): one for one in standing}
    untold = connection.execute(_UNTOLD, {"places": by_place}).all() if by_place else []
    if not untold:
        return
    known = [(row, by_place[row.publication_id, row.position]) for row in untold]
    connection.execute(
        _STANDS,
        [
            {
                "this": one.publication_id, "at": one.position, "remote_id": one.ref.remote_id, "cid": one.ref.cid,
                "url": one.ref.url, "sent_at": now,
            }
            for _, one in known
        ],
    )  # fmt: skip
    _SENT.all(
        connection,
        [
            {
                "account_id": one.account_id, "remote_id": one.ref.remote_id, "url": one.ref.url,
                "publication_id": one.publication_id, "revision_id": row.revision_id, "part_index": one.position,
                "sent_at": now,
            }
            for row, one in known
        ],
    )  # fmt: skip


def finish(session: Session, ids: Sequence[int], *, now: datetime) -> dict[int, float]:
    """All parts of these are out: published, at the address of the first.

    Those that were not already, each with how many seconds after its time its first part was out.
    """
    if not ids:
        return {}
    rows = session.connection().execute(_COMPLETE, {"ids": ids}).all()
    transitions.succeed(
        session, [transitions.Success(row.id, row.desk_id, row.url, row.sent_at) for row in rows], now=now
    )
    return {row.id: (row.sent_at - row.due_at).total_seconds() for row in rows}
