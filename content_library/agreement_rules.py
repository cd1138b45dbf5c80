"""Which agreements of a desk are in force, and what they clear of a post: from the tables to the pure terms.

In force is the highest version that both sides have signed and whose first day has come, until its last day is over
or somebody ends it: an older version does not come back.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, bindparam, func, select
from sqlalchemy.orm import Session

from content_library.agreement_terms import Clause, Coverage, Subject, Terms, coverage
from content_library.boundaries.checking import Finding
from content_library.content import every_text
from content_library.database import UtcDateTime
from content_library.models.agreement import (
    Agreement,
    AgreementClause,
    AgreementState,
    AgreementVersion,
)
from content_library.models.desk import Team, team_desks

COUNTS = (AgreementState.SIGNED, AgreementState.ENDED)
"""States of what was once signed by both: the newest of these is in force, or nothing is."""


def terms_in_force(session: Session, desk_id: int, *, now: datetime) -> dict[str, Terms]:
    """Team key → the agreement in force between that team and the desk. Only of teams that clear for the desk."""
    rows = session.connection().execute(_TERMS, {"desk_id": desk_id, "now": now}).all()
    clauses: dict[int, list[Clause]] = {}
    for row in rows:
        clauses.setdefault(row.version_id, []).append(_clause(row))
    return {row.key: _terms(row, clauses[row.version_id]) for row in rows}


def _clause(row: Any) -> Clause:
    return Clause(
        id=row.clause_id,
        number=row.clause_number,
        formats=frozenset(row.formats),
        accounts=frozenset(row.account_ids),
        topics=frozenset(row.topic_ids),
        sample_percent=row.sample_percent,
        is_suspended=row.suspended_at is not None,
    )


def _terms(row: Any, clauses: Sequence[Clause]) -> Terms:
    return Terms(
        version_id=row.version_id,
        number=row.number,
        team_key=row.key,
        team_name=row.name,
        clauses=tuple(clauses),
        excluded_words=tuple(row.excluded_words),
        turnaround_h=row.turnaround_h,
        seed=row.seed,
    )


def _in_force() -> Any:
    begun = (
        select(AgreementVersion.agreement_id, func.max(AgreementVersion.number).label("number"))
        .where(
            AgreementVersion.state.in_(COUNTS),
            AgreementVersion.starts_at <= bindparam("now", type_=UtcDateTime()),
        )
        .group_by(AgreementVersion.agreement_id)
        .subquery()
    )
    return (
        select(
            AgreementVersion.id.label("version_id"),
            AgreementVersion.number,
            AgreementVersion.excluded_words,
            AgreementVersion.turnaround_h,
            AgreementVersion.seed,
            Team.key,
            Team.name,
            AgreementClause.id.label("clause_id"),
            AgreementClause.number.label("clause_number"),
            AgreementClause.formats,
            AgreementClause.account_ids,
            AgreementClause.topic_ids,
            AgreementClause.sample_percent,
            AgreementClause.suspended_at,
        )
        .join(Agreement, Agreement.id == AgreementVersion.agreement_id)
        .join(Team, Team.id == Agreement.team_id)
        .join(team_desks, (team_desks.c.team_id == Team.id) & (team_desks.c.desk_id == Agreement.desk_id))
        .join(AgreementClause, AgreementClause.version_id == AgreementVersion.id)
        .join(
            begun,
            (begun.c.agreement_id == AgreementVersion.agreement_id)
            & (begun.c.number == AgreementVersion.number),
        )
        .where(
            Agreement.desk_id == bindparam("desk_id", type_=Integer()),
            AgreementVersion.state == AgreementState.SIGNED,
            AgreementVersion.ends_at > bindparam("now", type_=UtcDateTime()),
        )
        .order_by(Team.id, AgreementClause.number)
    )


_TERMS = _in_force()


def subject_of(content: Mapping[str, Any], findings: Sequence[Finding]) -> Subject:
    """What an agreement reads of a post: everything that may go out, on whichever network."""
    return Subject(
        format=content["format"],
        accounts=frozenset(content["accounts"]),
        topics=frozenset(content["topics"]),
        texts=every_text(content),
        findings=tuple(findings),
    )


def coverages(
    session: Session, desk_id: int, content: Mapping[str, Any], findings: Sequence[Finding], *, now: datetime
) -> dict[str, tuple[Terms, Coverage]]:
    """Team key → the agreement in force and whether it clears this."""
    terms = terms_in_force(session, desk_id, now=now)
    if not terms:
        return {}
    subject = subject_of(content, findings)
    return {key: (found, coverage(found, subject)) for key, found in terms.items()}


def uncovered(
    session: Session,
    desk_id: int,
    team_keys: Sequence[str],
    content: Mapping[str, Any],
    findings: Sequence[Finding],
    *,
    now: datetime,
) -> str:
    """The first of these teams whose agreement does not clear this now; empty when each does."""
    known = coverages(session, desk_id, content, findings, now=now)
    return next((key for key in team_keys if key not in known or known[key][1].cover is None), "")
