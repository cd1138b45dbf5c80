"""Writing down what happened on the network: attempts, where each part stands, and when all of them do.

These run hundreds of times a second, so the statements are made once.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar, cast

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from content_library.digests import SERVICE_NOTICE
from content_library.models.format import Tone
from scheduler import observing, transitions
from scheduler.models import Attempt, AttemptOutcome, Part, Publication
from scheduler.publication_flow import Act
from service_channel.models.sent_part import SentPart
from service_channel.networks.base import FindResult, Preparation, RemoteRef, SendResult

Answer = TypeVar("Answer", SendResult, FindResult, Preparation)

_attempts = cast(Table, Attempt.__table__)
_parts = cast(Table, Part.__table__)
_publications = cast(Table, Publication.__table__)

_OPEN = insert(_attempts).returning(_attempts.c.id)
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
_SENT = insert(cast(Table, SentPart.__table__))
_BOUND = select(_publications.c.revision_id).where(_publications.c.id == bindparam("this"))
_FIRST = select(_parts.c.url, _parts.c.sent_at, _publications.c.due_at).where(
    _parts.c.publication_id == bindparam("this"),
    _parts.c.position == 0,
    _publications.c.id == _parts.c.publication_id,
)


def open_attempt(session: Session, publication_id: int, position: int, *, fence: int, now: datetime) -> int:
    """An attempt that has been marked and not yet answered; returns its id."""
    opened = {
        "publication_id": publication_id,
        "position": position,
        "fence": fence,
        "act": "send",
        "outcome": AttemptOutcome.OPEN,
        "started_at": now,
        "request": {},
        "response": {},
        "message": "",
    }
    attempt_id: int = session.connection().execute(_OPEN, opened).scalar_one()
    return attempt_id


def close_attempt(
    session: Session, attempt_id: int, outcome: AttemptOutcome, *, now: datetime, status: int | None,
    request: Mapping[str, Any], response: Mapping[str, Any], message: str,
) -> None:  # fmt: skip
    """How a call to the network ended, in its own words."""
    session.connection().execute(
        _CLOSE,
        {
            "this": attempt_id, "outcome": outcome, "ended_at": now, "status": status,
            "request": storable(request), "response": storable(response), "message": storable(message),
        },
    )  # fmt: skip


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


def record_part(
    session: Session, publication_id: int, position: int, ref: RemoteRef, account_id: int, *, now: datetime
) -> None:
    """Keep where a part stands. Telling it twice changes nothing."""
    connection = session.connection()
    stands = {"remote_id": ref.remote_id, "cid": ref.cid, "url": ref.url, "sent_at": now}
    if not connection.execute(_STANDS, {"this": publication_id, "at": position, **stands}).rowcount:
        return
    connection.execute(
        _SENT,
        {
            "account_id": account_id, "remote_id": ref.remote_id, "url": ref.url, "publication_id": publication_id,
            "revision_id": connection.execute(_BOUND, {"this": publication_id}).scalar(), "part_index": position,
            "sent_at": now,
        },
    )  # fmt: skip


def finish(session: Session, publication_id: int, *, now: datetime) -> bool:
    """All parts are out: published, at the address of the first."""
    first = session.connection().execute(_FIRST, {"this": publication_id}).one()
    values = {"url": first.url, "leased_until": None, "first_sent_at": first.sent_at}
    is_first = transitions.settle(session, publication_id, Act.SUCCEED, now=now, values=values)
    if is_first:
        observing.out((first.sent_at - first.due_at).total_seconds())
    return is_first
