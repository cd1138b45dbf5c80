"""What a person decides about a publication: it is there, it is not there, take it down."""

import json
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library.errors import InvalidInput, TransitionNotAllowed
from content_library.models.audit import AuditEntry
from content_library.models.user import User
from content_library.permissions import can_settle, require
from scheduler import recording, transitions
from scheduler.binding import late_at
from scheduler.half_out import stands
from scheduler.models import AttemptOutcome, Publication, PublicationState
from scheduler.payloads import parts_of
from scheduler.proofs import TOLD
from scheduler.publication_flow import FINAL, GIVEN_UP, SEEN, Act

LONGEST_ADDRESS = 1000
MAY_SETTLE = "Only agents and leads of this desk can decide about its publications."


_ANSWERS = {
    "publication.succeed": "it is there",
    "publication.retry": "it is not there, so it goes again",
    "publication.fail": "it was given up",
}


def it_is_there(
    session: Session,
    publication: Publication,
    url: str,
    *,
    actor: User,
    now: datetime,
    seen: int | None = None,
) -> None:
    """A person has seen it on the network. `url` is where; `seen` the version they saw here."""
    require(can_settle(actor, publication.desk_id), MAY_SETTLE)
    url = url.strip()
    if len(url) > LONGEST_ADDRESS or (url and not url.startswith(("https://", "http://", "/"))):
        sentence = "Write the whole address, beginning with https://, or leave it empty."
        raise InvalidInput(sentence, {"url": sentence})
    check_asked(session, publication, seen)
    publication.url = url or publication.url
    publication.first_sent_at = publication.first_sent_at or now
    transitions.move(
        session,
        publication,
        Act.SUCCEED,
        actor=actor,
        now=now,
        reason=SEEN,
        explanation=f"A person saw it there.{_left_out(session, publication)}",
    )


def it_is_not_there(
    session: Session, publication: Publication, *, actor: User, now: datetime, seen: int | None = None
) -> None:
    """A person has looked and it is not there: it goes through the gate again, under the same key."""
    require(can_settle(actor, publication.desk_id), MAY_SETTLE)
    check_asked(session, publication, seen)
    publication.looks = 0
    recording.note_attempt(
        session, publication.id, _first_missing(session, publication), TOLD, AttemptOutcome.ABSENT, now=now,
        message=f"{actor.name} looked: not there.",
    )  # fmt: skip
    publication.late_at = late_at(now, publication.grace_s, publication.ends_at)  # a person wants it now
    transitions.move(
        session,
        publication,
        Act.RETRY,
        actor=actor,
        now=now,
        reason="looked",
        explanation="A person looked: not there.",
    )


def give_up(
    session: Session, publication: Publication, *, actor: User, now: datetime, seen: int | None = None
) -> None:
    """A person decides that it is not sent again."""
    require(can_settle(actor, publication.desk_id), MAY_SETTLE)
    check_asked(session, publication, seen)
    transitions.move(
        session,
        publication,
        Act.FAIL,
        actor=actor,
        now=now,
        reason=GIVEN_UP,
        explanation="A person gave it up.",
    )


def leave(session: Session, publication: Publication, *, actor: User, now: datetime) -> None:
    """A person has read why it failed and leaves it at that: it asks for nobody any more."""
    require(can_settle(actor, publication.desk_id), MAY_SETTLE)
    if publication.state is not PublicationState.FAILED or publication.reason == GIVEN_UP:
        raise TransitionNotAllowed("Only what has failed can be left as it is. Reload the page.")
    publication.reason = GIVEN_UP
    transitions.note(session, publication, "publication.left", "Left as it is", now=now, actor=actor)


def take_down(session: Session, publication: Publication, *, actor: User, now: datetime) -> None:
    """Ask for what is out to be taken down. The scheduler deletes it; the record keeps what stood there."""
    require(can_settle(actor, publication.desk_id), MAY_SETTLE)
    if publication.state is not PublicationState.PUBLISHED and not is_left_standing(session, publication):
        raise TransitionNotAllowed("Only what is out can be taken down. Cancel it instead.")
    if publication.take_down_wanted_at is not None:
        raise TransitionNotAllowed("It is being taken down already.")
    if not any(p.remote_id for p in parts_of(session, publication.id)):
        raise InvalidInput("Deskcast does not know where it stands. Take it down on the network itself.")
    publication.take_down_wanted_at = now
    transitions.note(session, publication, "publication.take_down", "Taking it down", now=now, actor=actor)


def is_left_standing(session: Session, publication: Publication) -> bool:
    """Whether it is over without being out, and a part of it stands there all the same."""
    is_over = publication.state in FINAL and publication.state is not PublicationState.PUBLISHED
    return is_over and stands(session, publication)


def _first_missing(session: Session, publication: Publication) -> int:
    """Which part is not known to be out."""
    parts = parts_of(session, publication.id)
    return next((part.position for part in parts if part.remote_id is None), 0)


def _left_out(session: Session, publication: Publication) -> str:
    """What never goes out any more, because it would follow a part whose address nobody knows."""
    parts = json.loads(publication.rendition.payload)["parts"] if publication.rendition else []
    rest = len(parts) - _first_missing(session, publication) - 1
    if rest <= 0:
        return ""
    return f" What follows it did not go out: {'one part' if rest == 1 else f'{rest} parts'}."


def check_asked(session: Session, publication: Publication, seen: int | None = None) -> None:
    """Only what waits for a person is settled by one: nobody may answer for what is still being sent or looked for.

    `seen`: the version whose page was answered. Raises TransitionNotAllowed, which says who was quicker.
    """
    if publication.state is not PublicationState.NEEDS_PERSON:
        raise TransitionNotAllowed(_answered(session, publication))
    if seen is not None and seen != publication.version:
        raise TransitionNotAllowed(
            "It was sent again meanwhile, and it is unclear again whether it arrived. Look once more."
        )


def _answered(session: Session, publication: Publication) -> str:
    """What somebody else said about it, where one did."""
    said = session.scalars(
        select(AuditEntry)
        .where(
            AuditEntry.subject_type == "publication",
            AuditEntry.subject_id == publication.id,
            AuditEntry.verb.in_(_ANSWERS),
            AuditEntry.actor_id.is_not(None),
        )
        .order_by(AuditEntry.id.desc())
        .limit(1)
    ).first()
    if said is None:
        return "This publication does not wait for an answer. Reload the page."
    return f"{said.actor_name} was quicker and answered: {_ANSWERS[said.verb]}. Nothing was changed by you."
