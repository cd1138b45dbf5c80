"""Who will clear what a post says, which of them has agreed beforehand, and what is still missing or owed before it can
be sent to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library.agreement_rules import coverages
from content_library.agreement_terms import Cover, Coverage, Terms
from content_library.boundaries.checking import Finding, owed
from content_library.boundary_rules import find_in_content
from content_library.completeness import missing
from content_library.fact_values import outdated
from content_library.ladder_stages import problem as below_its_stage
from content_library.models.desk import Desk, Team
from content_library.models.format import Format
from content_library.models.media import Media
from content_library.models.post import Post, Revision
from content_library.revisions import accounts_of
from content_library.workflow import PlannedReview, planned_reviews


@dataclass(frozen=True)
class Route:
    """A team that will clear the post, and why; or the agreement under which it has done so beforehand.

    `hours`: working hours in which the team answers.
    """

    review: PlannedReview
    team: Team | None  # None: the desk has no such team, so it cannot be submitted
    terms: Terms | None = None
    coverage: Coverage | None = None

    @property
    def cover(self) -> Cover | None:
        return self.coverage.cover if self.coverage else None

    @property
    def hours(self) -> int:
        agreed = self.terms.turnaround_h if self.terms else None
        return agreed or (self.team.turnaround_h if self.team else 0)


def route(
    session: Session,
    desk: Desk,
    content: Mapping[str, Any],
    findings: Sequence[Finding] = (),
    *,
    now: datetime,
) -> list[Route]:
    """Who will clear a post that says this on this desk, and which of them has agreed to it beforehand."""
    teams = {team.key: team for team in desk.teams}
    agreed = coverages(session, desk.id, content, findings, now=now)
    format_ = session.get_one(Format, content["format"])
    return [
        Route(planned, teams.get(planned.team_key), *agreed.get(planned.team_key, (None, None)))
        for planned in planned_reviews(format_.steps, findings)
    ]


def what_is_missing(session: Session, post: Post, revision: Revision, *, now: datetime) -> dict[str, str]:
    """Field → what to do, before this revision can be submitted."""
    desk = session.get_one(Desk, post.desk_id)
    format_ = session.get_one(Format, revision.content["format"])
    accounts = accounts_of(session, post.desk_id, revision.content["accounts"])
    found = missing(
        revision.content, fields=format_.fields, accounts=accounts, zone=desk.zone, now=now,
        pictures=_pictures(session, post.desk_id, revision.content),
    )  # fmt: skip
    found |= {f"fact_{fact.fact_id}": fact.sentence for fact in outdated(session, revision)}
    return found | below_its_stage(session, accounts, format_)


def _pictures(session: Session, desk_id: int, content: Mapping[str, Any]) -> dict[int, Media]:
    wanted = [m["id"] for m in content["media"]]
    if not wanted:
        return {}
    found = session.scalars(select(Media).where(Media.desk_id == desk_id, Media.id.in_(wanted)))
    return {picture.id: picture for picture in found}


def find(session: Session, revision: Revision, *, now: datetime) -> list[Finding]:
    """The boundaries in force that this revision touches."""
    desk = session.get_one(Desk, revision.post.desk_id)
    accounts = accounts_of(session, desk.id, revision.content["accounts"])
    return find_in_content(session, desk, revision.content, accounts, now=now)


def still_owed(findings: Sequence[Finding], content: Mapping[str, Any]) -> dict[str, str]:
    """Field → sentence of what the boundaries still ask of the author before this can be submitted."""
    every = owed(findings, content.get("answers", {}))
    return {
        f"{one.field}_{one.rule.key}" if one.field else f"boundary_{one.rule.key}": one.sentence
        for one in every
    }
