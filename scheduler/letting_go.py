"""What becomes of one publication when what kept it back is gone. Nothing is sent in that moment."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from content_library.approvals import approval_in_force
from content_library.models.user import User
from scheduler import transitions
from scheduler.binding import WAITS, bind, let_go
from scheduler.gate import Reason
from scheduler.half_out import tell_of_the_rest
from scheduler.models import Publication, PublicationState
from scheduler.publication_flow import Act


@dataclass(frozen=True)
class Released:
    """What became of what was kept back."""

    going: list[Publication]
    waiting: list[Publication]
    missed: list[Publication]
    expired: list[Publication]
    held: list[Publication]  # something else keeps them back

    @classmethod
    def nothing(cls) -> "Released":
        return cls([], [], [], [], [])


def release(
    session: Session,
    publication: Publication,
    released: Released,
    *,
    actor: User | None,
    now: datetime,
    while_: str = "while it was held",
) -> None:
    """Look at it again: it goes at its time, waits, was missed, or is over; and note which.

    What is past its time never goes now: a person gives it another. `while_` says what kept it back.
    """
    end = _ending(session, publication, actor=actor, now=now)
    if publication.ends_at is not None and publication.ends_at <= now:
        end(Act.EXPIRE, f"Its offer ended {while_}.")
        tell_of_the_rest(session, publication, now=now)
        released.expired.append(publication)
        return
    if publication.due_at <= now and publication.payload_sha256 is not None:
        transitions.move(session, publication, Act.RELEASE, actor=actor, now=now, reason="released")
        end(Act.MISS, f"Its time passed {while_}. Give it a new one.")
    elif not bind(session, publication, approval_in_force(session, publication.post, now=now)):
        end(Act.BLOCK, WAITS)
    else:
        let_go(session, publication, actor=actor, now=now, reason="released")
    {
        PublicationState.PLANNED: released.going,
        PublicationState.BLOCKED: released.waiting,
        PublicationState.MISSED: released.missed,
        PublicationState.HELD: released.held,
    }[publication.state].append(publication)


def _ending(
    session: Session, publication: Publication, *, actor: User | None, now: datetime
) -> Callable[[Act, str], None]:
    def end(act: Act, sentence: str) -> None:
        reason = {Act.EXPIRE: Reason.OVER, Act.BLOCK: Reason.APPROVAL, Act.MISS: Reason.LATE}[act]
        transitions.move(session, publication, act, actor=actor, now=now, reason=reason, explanation=sentence)

    return end
