"""What is planned on an account follows its stage on the ladder: a step down stops it, a step up lets it go on."""

from datetime import datetime

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from content_library.ladder_rules import reaches
from content_library.ladder_stages import label_of, needed_by, stages_of, too_low
from content_library.models.account import Account
from content_library.models.format import Format
from content_library.models.ladder import LadderStanding
from content_library.models.post import Revision
from scheduler import transitions
from scheduler.binding import let_go
from scheduler.gate import Reason
from scheduler.models import Publication, PublicationState
from scheduler.publication_flow import Act

GOING = (PublicationState.PLANNED, PublicationState.CLAIMED)
_FOLLOWING = (*GOING, PublicationState.SENDING, PublicationState.BLOCKED)


def follow_stage(session: Session, account: Account, *, now: datetime) -> None:
    """What is being marked at this moment is waited for, and left out: it is on its way, or has another part to go."""
    session.flush()
    stage = stages_of(session, [account.id]).get(account.id)
    found = session.execute(
        _with_format()
        .where(Publication.account_id == account.id, Publication.state.in_(_FOLLOWING))
        .with_for_update(of=Publication)
        .execution_options(populate_existing=True)
    )
    for publication, format_ in found.all():
        sentence = too_low(label_of(account), stage, format_)
        if publication.state in GOING and sentence:
            transitions.move(
                session, publication, Act.BLOCK, actor=None, now=now, reason=Reason.LADDER, explanation=sentence
            )  # fmt: skip
        elif publication.state is PublicationState.BLOCKED and publication.reason == Reason.LADDER:
            let_go(
                session, publication, actor=None, now=now, reason="mended",
                explanation="The account’s stage allows it now.",
            )  # fmt: skip


def reaching_again(session: Session, *, most: int) -> list[Publication]:
    """What waits for a stage that its account has, because its format asks for less now or a step came in between."""
    waiting = session.execute(
        _with_format()
        .add_columns(LadderStanding.stage)
        .outerjoin(
            LadderStanding, and_(LadderStanding.account_id == Publication.account_id, LadderStanding.is_on)
        )
        .where(Publication.state == PublicationState.BLOCKED, Publication.reason == Reason.LADDER)
    )
    return [p for p, format_, stage in waiting if reaches(stage, needed_by(format_))][:most]


def _with_format() -> Select[Publication, Format]:
    """Publications that are bound, with the format of what they would send."""
    return (
        select(Publication, Format)
        .join(Revision, Revision.id == Publication.revision_id)
        .join(Format, Revision.content["format"].as_string() == Format.key)
        .order_by(Publication.id)
    )
