"""Boundaries that people mostly go on over, for those who look after them: a list, and a notice now and then.

A rule nobody heeds only teaches people to go on. Its owner narrows it, lets it inform only, or switches it off.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library.boundaries.personal_data import masked
from content_library.boundary_rules import regions_of
from content_library.boundary_use import LOOKED_BACK, Use, mostly_overridden, uses
from content_library.models.boundary import Boundary, SubmittedFinding
from content_library.models.desk import Desk
from content_library.models.notice import Notice
from content_library.models.review import Submission
from content_library.models.user import User
from content_library.notices import leads_of, notify, reviewers_of
from content_library.permissions import can_manage_desk, team_ids_for

TOLD = "boundary.overridden"
TOLD_AGAIN_AFTER = timedelta(days=30)
MOST_SAMPLES = 3


@dataclass(frozen=True)
class Overridden:
    """`samples`: what people gave as a reason, without names and with personal data masked."""

    boundary: Boundary
    use: Use
    samples: Sequence[str]


def overridden_for(session: Session, desk: Desk, person: User, *, now: datetime) -> list[Overridden]:
    """The rules that people of this desk mostly go on over, as far as this person looks after them: all of them for the
    desk's leads and administrators, a team's own for its people."""
    used = uses(session, desk.id, now=now)
    rules = [session.get_one(Boundary, boundary_id) for boundary_id in mostly_overridden(used)]
    mine = team_ids_for(person, desk.id)
    everything = can_manage_desk(person, desk.id)
    return [
        Overridden(rule, used[rule.id], _samples(session, desk, rule, now=now))
        for rule in rules
        if everything or rule.owner_team_id in mine
    ]


def _samples(session: Session, desk: Desk, rule: Boundary, *, now: datetime) -> list[str]:
    """The newest reasons, each once."""
    reasons = session.scalars(
        select(SubmittedFinding.reason)
        .join(Submission, Submission.id == SubmittedFinding.submission_id)
        .where(
            Submission.desk_id == desk.id,
            SubmittedFinding.boundary_id == rule.id,
            SubmittedFinding.at >= now - LOOKED_BACK,
            SubmittedFinding.reason != "",
        )
        .order_by(SubmittedFinding.id.desc())
        .limit(10 * MOST_SAMPLES)
    )
    shown = (masked(reason, regions=regions_of(desk.zone)) for reason in reasons)
    return list(dict.fromkeys(shown))[:MOST_SAMPLES]


def to_tell(session: Session, *, now: datetime) -> list[tuple[Desk, Boundary, Use]]:
    """The rules that a desk mostly goes on over and whose owner was not told of it in the last 30 days."""
    found = []
    for desk in session.scalars(select(Desk).order_by(Desk.id)).all():
        used = uses(session, desk.id, now=now)
        rules = [session.get_one(Boundary, boundary_id) for boundary_id in mostly_overridden(used)]
        found += [
            (desk, rule, used[rule.id]) for rule in rules if not _was_told(session, desk, rule, now=now)
        ]
    return found


def tell_owners(session: Session, *, now: datetime) -> int:
    """Tell who looks after a rule that a desk mostly goes on over, once in 30 days for each rule and desk. Returns how
    many rules were told of."""
    due = to_tell(session, now=now)
    for desk, rule, use in due:
        _tell(session, desk, rule, use, now=now)
    return len(due)


def _was_told(session: Session, desk: Desk, rule: Boundary, *, now: datetime) -> bool:
    lately = select(Notice.id).where(
        Notice.subject_type == "boundary",
        Notice.subject_id == rule.id,
        Notice.kind == TOLD,
        Notice.desk_id == desk.id,
        Notice.created_at > now - TOLD_AGAIN_AFTER,
    )
    return session.scalar(lately.limit(1)) is not None


def _tell(session: Session, desk: Desk, rule: Boundary, use: Use, *, now: datetime) -> None:
    team = rule.owner_team
    serves = team is not None and desk in team.desks
    people = reviewers_of(session, team.id) if team is not None and serves else leads_of(session, desk.id)
    text = (
        f"{use.overridden} of {use.warned} posts went on over the boundary “{rule.name}” in 90 days. "
        "Is it worded too widely?"
    )
    stage = f"desk {desk.id}, {now:%Y-%m-%d}"
    notify(session, people, TOLD, rule, text=text, now=now, stage=stage, desk_id=desk.id)
