"""What the gate asks the database: statements made once, because they are asked hundreds of times a second.

They are asked of several publications at a time.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Row,
    String,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.orm import Session

from content_library.among import among
from content_library.boundary_rules import Lookout
from content_library.database import UtcDateTime
from content_library.models.account import Account
from content_library.models.desk import Desk, Team
from content_library.models.fact import Fact, FactUse
from content_library.models.feed import LinkCheck
from content_library.models.format import Format
from content_library.models.ladder import LadderStanding
from content_library.models.post import Post, Rendition, Revision, revision_authors
from content_library.models.review import (
    Approval,
    Decision,
    Review,
    ReviewState,
    Submission,
    SubmissionState,
    Verdict,
)
from content_library.models.user import User
from content_library.posting_limits import BUDGETS, DAY, HOUR
from scheduler.models import Hold, Part, Publication
from scheduler.plan_models import BlackoutWindow, QuietHours
from service_channel.models.allowance import Allowance
from service_channel.models.credential import Credential
from service_channel.models.sent_part import SentPart

_ASKED = among("ids", Publication.id)
_CHANGED_FACT = (
    select(Fact.name)
    .join(FactUse, FactUse.fact_id == Fact.id)
    .where(FactUse.revision_id == Publication.revision_id, FactUse.number < Fact.latest_number)
    .order_by(Fact.id)
    .limit(1)
    .correlate(Publication)
    .scalar_subquery()
)
_HAS_WINDOWS = (
    exists()
    .where(BlackoutWindow.desk_id == Publication.desk_id, BlackoutWindow.ended_at.is_(None))
    .correlate(Publication)
)
_LIMITED = [literal_column(f"'{network}'", String()) for network in sorted(BUDGETS)]
_PARTS_OUT = (
    select(func.count())
    .where(Part.publication_id == Publication.id, Part.remote_id.is_not(None))
    .correlate(Publication)
    .scalar_subquery()
)


def _sent_since(parameter: str, what: Any) -> Any:
    """`what` of the account's posts since a moment; asked only of accounts that have a budget."""
    since = bindparam(parameter, type_=UtcDateTime())
    asked = (
        select(what)
        .where(SentPart.account_id == Publication.account_id, SentPart.sent_at > since)
        .correlate(Publication)
        .scalar_subquery()
    )
    limited = or_(
        Account.network.in_(_LIMITED), Allowance.per_hour.is_not(None), Allowance.per_day.is_not(None)
    )
    return case((limited, asked), else_=None)


def _first() -> Any:
    return func.min(SentPart.sent_at, type_=UtcDateTime())


def _question() -> Any:
    return (
        select(
            Publication.id,
            Publication.desk_id,
            Publication.account_id,
            Publication.revision_id,
            Publication.payload_sha256,
            Publication.due_at,
            Publication.late_at,
            Publication.starts_at,
            Publication.ends_at,
            Publication.quiet_ok,
            Rendition.payload,
            Rendition.sha256,
            Rendition.revision_id.label("rendition_revision_id"),
            Rendition.account_id.label("rendition_account_id"),
            Revision.content_hash,
            Revision.post_id.label("revision_post_id"),
            Publication.post_id,
            Post.state.label("post_state"),
            Post.kind.label("post_kind"),
            Format.key.label("format_key"),
            Format.name.label("format_name"),
            Format.kind.label("format_kind"),
            Format.tone.label("format_tone"),
            Approval.content_hash.label("approved_hash"),
            Approval.valid_until,
            Approval.submission_id,
            Account.state.label("account_state"),
            Account.network,
            Account.handle,
            Account.name.label("account_name"),
            Account.least_gap_s,
            LadderStanding.stage,
            Credential.not_before,
            Credential.expires_at,
            Credential.dies_at,
            Desk.solo,
            Desk.zone,
            _CHANGED_FACT.label("changed_fact"),
            _HAS_WINDOWS.label("has_windows"),
            QuietHours.begins.label("quiet_from"),
            QuietHours.ends.label("quiet_until"),
            Allowance.per_hour,
            Allowance.per_day,
            Allowance.calls_left,
            Allowance.calls_until,
            _PARTS_OUT.label("parts_out"),
            _sent_since("hour_ago", func.count()).label("hour_sent"),
            _sent_since("hour_ago", _first()).label("hour_first"),
            _sent_since("day_ago", func.count()).label("day_sent"),
            _sent_since("day_ago", _first()).label("day_first"),
        )
        .select_from(Publication)
        .join(Account, Account.id == Publication.account_id)
        .join(Desk, Desk.id == Publication.desk_id)
        .join(Post, Post.id == Publication.post_id)
        .outerjoin(Rendition, Rendition.id == Publication.rendition_id)
        .outerjoin(Revision, Revision.id == Publication.revision_id)
        .outerjoin(Format, Format.key == Revision.content["format"].as_string())
        .outerjoin(
            Approval, and_(Approval.revision_id == Publication.revision_id, Approval.withdrawn_at.is_(None))
        )
        .outerjoin(QuietHours, QuietHours.account_id == Publication.account_id)
        .outerjoin(Credential, Credential.account_id == Publication.account_id)
        .outerjoin(Allowance, Allowance.account_id == Publication.account_id)
        .outerjoin(
            LadderStanding,
            and_(LadderStanding.account_id == Publication.account_id, LadderStanding.is_on),
        )
        .where(_ASKED)
    )


def _short_teams() -> Any:
    """The publications whose submission lacks a team, or enough people who did not write it, on exactly this text."""
    counted = func.coalesce(Decision.for_user_id, Decision.user_id)
    author = (
        select(revision_authors.c.user_id)
        .where(
            revision_authors.c.revision_id == Decision.revision_id,
            revision_authors.c.user_id.in_([Decision.user_id, counted]),
        )
        .exists()
    )
    approvals = (
        select(func.count(counted.distinct()))
        .select_from(Decision)
        .join(User, User.id == Decision.user_id)
        .where(
            Decision.review_id == Review.id,
            Decision.verdict == Verdict.APPROVE,
            Decision.content_hash == Revision.content_hash,
            or_(Desk.solo, ~author),
        )
        .scalar_subquery()
    )
    lacking = and_(Review.state != ReviewState.CLEARED, approvals < Review.quorum)
    return (
        select(Publication.id)
        .join(Desk, Desk.id == Publication.desk_id)
        .join(Revision, Revision.id == Publication.revision_id)
        .join(Approval, and_(Approval.revision_id == Revision.id, Approval.withdrawn_at.is_(None)))
        .join(Submission, Submission.id == Approval.submission_id)
        .outerjoin(Review, Review.submission_id == Submission.id)
        .where(
            _ASKED,
            or_(Submission.state != SubmissionState.APPROVED, Review.id.is_(None), lacking),
        )
    )


HOLDS = select(Hold.scope, Hold.desk_id, Hold.account_id, Hold.kind, Hold.publication_id, Hold.reason).where(
    Hold.lifted_at.is_(None)
)


def _agreed() -> Any:
    return (
        select(Publication.id, Team.key)
        .join(
            Approval, and_(Approval.revision_id == Publication.revision_id, Approval.withdrawn_at.is_(None))
        )
        .join(Review, Review.submission_id == Approval.submission_id)
        .join(Team, Team.id == Review.team_id)
        .where(_ASKED, Review.state == ReviewState.CLEARED, Review.clause_id.is_not(None))
        .order_by(Publication.id, Team.id)
    )


QUESTION = _question()
SHORT = _short_teams()
AGREED = _agreed()


@dataclass(frozen=True)
class Known:
    """What the gate has to know of some publications, read in one transaction.

    `short`: the publications that are not cleared by everybody. `agreed`: publication → the teams whose agreement
    cleared it. `dead`: the links that do not work → why.
    """

    rows: Mapping[int, Row[Any]]
    holds: Sequence[Any]
    short: frozenset[int]
    agreed: Mapping[int, Sequence[str]]
    dead: Mapping[str, str]
    lookout: Lookout


def read(session: Session, ids: Sequence[int], *, now: datetime) -> Known:
    """Raises KeyError, later, for a publication there is not."""
    connection = session.connection()
    wanted = {"ids": ids}
    asked = {**wanted, "hour_ago": now - HOUR, "day_ago": now - DAY}
    rows = {row.id: row for row in connection.execute(QUESTION, asked)}
    payloads = [row.payload for row in rows.values() if row.payload is not None]
    agreed: dict[int, list[str]] = {}
    for publication_id, team in connection.execute(AGREED, wanted):
        agreed.setdefault(publication_id, []).append(team)
    return Known(
        rows=rows,
        holds=connection.execute(HOLDS).all(),
        short=frozenset(connection.execute(SHORT, wanted).scalars()),
        agreed=agreed,
        dead=_dead_links(session, payloads),
        lookout=Lookout(session, payloads, now=now),
    )


def _dead_links(session: Session, payloads: Sequence[str]) -> dict[str, str]:
    links = {link for payload in payloads for link in json.loads(payload)["links"]}
    if not links:
        return {}
    found = select(LinkCheck.url, LinkCheck.error).where(LinkCheck.url.in_(links), LinkCheck.is_ok.is_(False))
    return {row.url: row.error for row in session.execute(found)}
