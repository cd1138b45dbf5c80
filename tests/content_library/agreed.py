"""A desk with an agreement, for tests of what agreements clear."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from content_library import agreements
from content_library.agreement_drafts import ClauseTerms, VersionTerms
from content_library.models.agreement import AgreementVersion
from content_library.models.desk import Team
from tests.content_library.scene import Scene
from tests.factories import NOW

TODAY = NOW.date()


def team(scene: Scene, key: str = "marketing") -> Team:
    return scene.session.scalars(select(Team).filter_by(key=key)).one()


def terms(*clauses: ClauseTerms, **known: Any) -> VersionTerms:
    """An agreement for a year from today on, about how-tos, nothing sampled."""
    days: dict[str, date] = {
        "starts_on": TODAY,
        "review_on": TODAY + timedelta(days=180),
        "ends_on": TODAY + timedelta(days=365),
    }
    clauses = clauses or (ClauseTerms(["how_to"], sample_percent=0),)
    return VersionTerms(clauses, **{**days, "why": "It goes well.", **known})


def propose(
    scene: Scene, *clauses: ClauseTerms, key: str = "marketing", now: datetime = NOW, **known: Any
) -> AgreementVersion:
    """By the lead, for the desk."""
    with_team = team(scene, key)
    there = agreements.agreements(scene.session, scene.desk.id, now=now)
    seen = next((s.agreement.latest_number for s in there if s.agreement.team_id == with_team.id), 0)
    return agreements.propose(
        scene.session, scene.desk, with_team, terms(*clauses, **known), seen=seen, actor=scene.priya, now=now
    )


def agree(
    scene: Scene, *clauses: ClauseTerms, key: str = "marketing", now: datetime = NOW, **known: Any
) -> AgreementVersion:
    """Proposed by the lead and signed by the team."""
    version = propose(scene, *clauses, key=key, now=now, **known)
    agreements.sign(scene.session, version, actor=scene.reviewers[key], now=now)
    return version
