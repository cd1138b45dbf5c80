"""Where accounts stand on the ladder and what they have earned, and what a desk asks for before a stage."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from content_library import audit
from content_library.errors import Conflict, InvalidInput
from content_library.ladder_rules import (
    HIGHEST,
    Criteria,
    Figures,
    Progress,
    criteria_as_data,
    criteria_from,
    problems_of,
    progress,
)
from content_library.ladder_stages import on_the_ladder
from content_library.models.account import Account, AccountState
from content_library.models.desk import Desk
from content_library.models.format import Format
from content_library.models.ladder import LadderCriteria, LadderStanding, LadderStep
from content_library.models.post import Post, Rendition
from content_library.models.review import Submission, SubmissionState
from content_library.models.user import User
from content_library.permissions import can_manage_desk, require
from content_library.transitions import flush

_DECIDED = (SubmissionState.APPROVED, SubmissionState.CHANGES_REQUESTED, SubmissionState.REFUSED)


def standings(session: Session, desk_id: int) -> list[LadderStanding]:
    """Where the desk's accounts in use stand, also those whose ladder was switched off again."""
    return list(
        session.scalars(
            select(LadderStanding)
            .join(LadderStanding.account)
            .where(LadderStanding.desk_id == desk_id, Account.state != AccountState.CLOSED)
            .order_by(Account.id)
            .options(joinedload(LadderStanding.account), joinedload(LadderStanding.asked_by).lazyload("*"))
        )
    )


def standing_of(session: Session, account: Account) -> LadderStanding | None:
    """With its steps, or None where the ladder was never on."""
    steps = selectinload(LadderStanding.steps)
    return session.scalar(
        select(LadderStanding)
        .where(LadderStanding.account_id == account.id)
        .options(
            joinedload(LadderStanding.asked_by).lazyload("*"),
            steps.joinedload(LadderStep.asked_by).lazyload("*"),
            steps.joinedload(LadderStep.signed_by).lazyload("*"),
        )
    )


def criteria_of(session: Session, desk_id: int) -> tuple[dict[int, Criteria], int]:
    """What the desk asks for before each stage, and the version of that (0: the defaults)."""
    kept = session.get(LadderCriteria, desk_id)
    return criteria_from(kept.stages if kept else {}), kept.version if kept else 0


def progress_of(
    session: Session, standing: LadderStanding, figures: Figures, *, now: datetime
) -> list[Progress]:
    """Each criterion of the next stage; nothing at the highest."""
    if standing.stage == HIGHEST:
        return []
    criteria, _version = criteria_of(session, standing.desk_id)
    return progress(standing.since, figures, criteria[standing.stage + 1], now=now)


def first_pass(session: Session, standing: LadderStanding) -> tuple[int, int]:
    """(decided, approved): posts for this account whose first decision fell since it came to its stage."""
    earlier = aliased(Submission)
    had_one = exists().where(
        earlier.post_id == Submission.post_id, earlier.id < Submission.id, earlier.state.in_(_DECIDED)
    )
    approved = func.count().filter(Submission.state == SubmissionState.APPROVED)
    row = session.execute(
        select(func.count(), approved)
        .select_from(Submission)
        .join(Rendition, Rendition.revision_id == Submission.revision_id)
        .join(Post, Post.id == Submission.post_id)
        .join(Format, Format.key == Post.format_key)
        .where(
            Submission.desk_id == standing.desk_id,
            Submission.state.in_(_DECIDED),
            Submission.closed_at >= standing.since,
            Rendition.account_id == standing.account_id,
            on_the_ladder(),
            ~had_one,
        )
    ).one()
    return row[0], row[1]


def set_criteria(
    session: Session, desk: Desk, wanted: Mapping[int, Criteria], *, seen: int, actor: User, now: datetime
) -> None:
    """What the desk asks for before each stage, from now on. `seen`: the version the person saw.

    Raises PermissionDenied, Conflict, InvalidInput by `<measure>_<stage>`.
    """
    require(
        can_manage_desk(actor, desk.id), "Only the desk’s leads and administrators set what a stage asks for."
    )
    problems = {
        f"{measure}_{stage}": sentence
        for stage, criteria in wanted.items()
        for measure, sentence in problems_of(criteria).items()
    }
    if problems:
        raise InvalidInput("What the stages ask for was not changed.", problems)
    before, version = criteria_of(session, desk.id)
    if version != seen:
        raise Conflict(
            "Somebody else changed these numbers meanwhile. Nothing was overwritten: reload the page."
        )
    kept = session.get(LadderCriteria, desk.id) or LadderCriteria(desk_id=desk.id)
    kept.stages = criteria_as_data({**before, **wanted})
    session.add(kept)
    flush(session)
    audit.record(
        session, "ladder.criteria_changed", desk, actor=actor, now=now, desk_id=desk.id,
        summary=f"Changed what the stages of the ladder ask for on “{desk.name}”",
        details={"before": criteria_as_data(before), "after": kept.stages},
    )  # fmt: skip
