"""Which boundaries are in force on a desk, and what they find in a post: from the tables to the pure check.

Nothing is fetched: what is known of a link is what was stored when it was last looked at.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Integer, Select, bindparam, func, or_, select
from sqlalchemy.orm import Session, joinedload

from content_library.boundaries.builtin import BUILTIN_BOUNDARIES, BuiltinBoundary
from content_library.boundaries.checking import Around, Finding, check
from content_library.boundaries.rules import Rule
from content_library.content import links_in, source_line, texts_going_out
from content_library.database import UtcDateTime
from content_library.models.account import Account
from content_library.models.boundary import Boundary, BoundaryVersion, SubmittedFinding
from content_library.models.desk import Desk, Team
from content_library.models.feed import LinkCheck
from content_library.models.review import Submission
from content_library.models.topic import Product

_SHORTEST_PRODUCT_NAME = 3


def install_boundaries(session: Session, *, now: datetime) -> None:
    """Put the built-in boundaries in place. Doing it again changes nothing a person has changed."""
    known = set(session.scalars(select(Boundary.key)))
    teams: dict[str, int] = dict(session.execute(select(Team.key, Team.id)).all())
    for builtin in BUILTIN_BOUNDARIES:
        if builtin.key not in known:
            session.add(_boundary(builtin, teams.get(builtin.owner), now))
    session.flush()


def _boundary(builtin: BuiltinBoundary, owner_team_id: int | None, now: datetime) -> Boundary:
    first = BoundaryVersion(
        number=1,
        severity=builtin.severity,
        settings=json.loads(json.dumps(dict(builtin.settings))),
        advice=builtin.advice,
        team_key=builtin.team_key,
        needs_evidence=builtin.needs_evidence,
        effective_at=now,
        created_at=now,
        why="Comes with Deskcast.",
    )
    return Boundary(
        key=builtin.key,
        name=builtin.name,
        detector=builtin.detector,
        owner_team_id=owner_team_id,
        is_builtin=True,
        created_at=now,
        latest_number=1,
        versions=[first],
    )


def rules_in_force(session: Session, desk_id: int, *, now: datetime) -> list[Rule]:
    """The rules of the installation and of this desk at `now`, in a fixed order.

    They are asked for at every sending and every pause in typing, so a process keeps them until others are in force.
    """
    return _kept_rules(session, desk_id, boundaries_stamp(session, now=now), now=now)


def _kept_rules(session: Session, desk_id: int, stamp: str, *, now: datetime) -> list[Rule]:
    kept = _KEPT.setdefault(session.get_bind(), {})
    known = kept.get(desk_id)
    if known is None or known[0] != stamp:
        known = kept[desk_id] = (stamp, _read_rules(session, desk_id, now=now))
    return known[1]


_KEPT: WeakKeyDictionary[Any, dict[int, tuple[str, list[Rule]]]] = WeakKeyDictionary()


def _read_rules(session: Session, desk_id: int, *, now: datetime) -> list[Rule]:
    rows = session.execute(_in_force(now).where(or_(Boundary.desk_id.is_(None), Boundary.desk_id == desk_id)))
    return [
        Rule(
            key=row.key,
            version_id=row.id,
            number=row.number,
            name=row.name,
            detector=row.detector,
            severity=row.severity,
            settings=row.settings,
            advice=row.advice,
            team_key=row.team_key,
            needs_evidence=row.needs_evidence,
        )
        for row in rows
    ]


def boundaries_stamp(session: Session, *, now: datetime) -> str:
    """Another one whenever another version has come into force, anywhere in the installation."""
    row = session.connection().execute(_STAMP, {"now": now}).one()
    return f"{row.count}:{row.newest}:{row.written}"


_STAMP = select(
    func.count().label("count"),
    func.max(BoundaryVersion.id).label("newest"),
    func.max(BoundaryVersion.created_at).label("written"),
).where(BoundaryVersion.effective_at <= bindparam("now", type_=UtcDateTime()))


def _in_force(now: datetime) -> Select[Any]:
    """The highest version of each boundary whose time has come, where it is switched on."""
    newest = (
        select(BoundaryVersion.boundary_id, func.max(BoundaryVersion.number).label("number"))
        .where(BoundaryVersion.effective_at <= now)
        .group_by(BoundaryVersion.boundary_id)
        .subquery()
    )
    return (
        select(
            Boundary.key,
            Boundary.name,
            Boundary.detector,
            BoundaryVersion.id,
            BoundaryVersion.number,
            BoundaryVersion.severity,
            BoundaryVersion.settings,
            BoundaryVersion.advice,
            BoundaryVersion.team_key,
            BoundaryVersion.needs_evidence,
        )
        .join(Boundary, Boundary.id == BoundaryVersion.boundary_id)
        .join(
            newest,
            (newest.c.boundary_id == BoundaryVersion.boundary_id)
            & (newest.c.number == BoundaryVersion.number),
        )
        .where(BoundaryVersion.is_on)
        .order_by(Boundary.id)
    )


def around(session: Session, desk_id: int, zone: str, links: Collection[str] = ()) -> Around:
    """What a check on this desk knows beside the text."""
    return Around(_products(session, desk_id), regions_of(zone), _dead(session, links))


def _products(session: Session, desk_id: int) -> tuple[str, ...]:
    names = session.connection().execute(_PRODUCTS, {"desk_id": desk_id}).scalars()
    return tuple(name for name in names if len(name) >= _SHORTEST_PRODUCT_NAME)


def _dead(session: Session, links: Collection[str]) -> frozenset[str]:
    if not links:
        return frozenset()
    return frozenset(
        session.scalars(select(LinkCheck.url).where(LinkCheck.url.in_(links), LinkCheck.is_ok.is_(False)))
    )


_PRODUCTS = (
    select(Product.name)
    .where(Product.desk_id == bindparam("desk_id", type_=Integer()))
    .order_by(Product.name)
)


def find_in_content(
    session: Session, desk: Desk, content: Mapping[str, Any], accounts: Iterable[Account], *, now: datetime
) -> list[Finding]:
    """What a post that is being written or submitted touches, in what would go out on these accounts."""
    texts = texts_going_out(content, [account.network for account in accounts])
    return _find(session, desk.id, desk.zone, texts, now)


class Lookout:
    """The boundaries as of one moment, for several payloads: what they need is read once."""

    def __init__(self, session: Session, payloads: Iterable[str], *, now: datetime) -> None:
        self._session = session
        self._stamp = boundaries_stamp(session, now=now)
        self._now = now
        self._texts = {payload: _texts_of(payload) for payload in payloads}
        links = {link for texts in self._texts.values() for link in links_in(list(texts.values()))}
        self._dead = _dead(session, links)
        self._products: dict[int, tuple[str, ...]] = {}

    def find(self, desk_id: int, payload: str, *, zone: str) -> list[Finding]:
        """What one of the payloads touches. `zone` is the desk's."""
        if desk_id not in self._products:
            self._products[desk_id] = _products(self._session, desk_id)
        rules = _kept_rules(self._session, desk_id, self._stamp, now=self._now)
        around = Around(self._products[desk_id], regions_of(zone), self._dead)
        return check(self._texts[payload], rules, around)


def find_in_payload(
    session: Session, desk_id: int, payload: str, *, zone: str, now: datetime
) -> list[Finding]:
    """What a rendition touches, with the rules as of now. `zone` is the desk's."""
    return Lookout(session, [payload], now=now).find(desk_id, payload, zone=zone)


def _texts_of(payload: str) -> dict[str, str]:
    """Field → text, of everything a payload lets go out."""
    document = json.loads(payload)
    texts = {
        "title": document["title"],
        "source": source_line(document["source"]) if document["source"] else "",
    }
    for number, part in enumerate(document["parts"], start=1):
        texts[f"part_{number}"] = part["text"]
        texts |= {f"alt_{number}_{place}": m["alt"] for place, m in enumerate(part["media"], start=1)}
        options = part["poll"]["options"] if "poll" in part else ()
        texts |= {f"option_{number}_{place}": option for place, option in enumerate(options, start=1)}
    return texts


def _find(
    session: Session, desk_id: int, zone: str, texts: Mapping[str, str], now: datetime
) -> list[Finding]:
    rules = rules_in_force(session, desk_id, now=now)
    return check(texts, rules, around(session, desk_id, zone, links_in(list(texts.values()))))


def keep_findings(
    session: Session,
    submission: Submission,
    findings: Iterable[Finding],
    answers: Mapping[str, Mapping[str, str]],
    *,
    now: datetime,
) -> None:
    """Note what was found in a submission, and what its author said to it."""
    boundaries: dict[int, int] = dict(
        session.execute(
            select(BoundaryVersion.id, BoundaryVersion.boundary_id).where(
                BoundaryVersion.id.in_([f.rule.version_id for f in findings])
            )
        ).all()
    )
    session.add_all(
        SubmittedFinding(
            submission_id=submission.id,
            boundary_id=boundaries[finding.rule.version_id],
            version_id=finding.rule.version_id,
            places=[place.as_data() for place in finding.places],
            reason=answers.get(finding.rule.key, {}).get("reason", ""),
            evidence=answers.get(finding.rule.key, {}).get("evidence", ""),
            at=now,
        )
        for finding in findings
    )


def findings_of(session: Session, submission: Submission) -> list[SubmittedFinding]:
    """What was found in a submission, as it was then."""
    return list(
        session.scalars(
            select(SubmittedFinding)
            .where(SubmittedFinding.submission_id == submission.id)
            .order_by(SubmittedFinding.id)
            .options(joinedload(SubmittedFinding.boundary), joinedload(SubmittedFinding.version))
        )
    )


def regions_of(zone: str) -> tuple[str, ...]:
    """The country a time zone lies in, as the zone database says; none for UTC and the like."""
    return _country_of_zone().get(zone, ())


@lru_cache(maxsize=1)
def _country_of_zone() -> Mapping[str, tuple[str, ...]]:
    table = (files("tzdata") / "zoneinfo" / "zone.tab").read_text("utf-8")
    rows = (line.split("\t") for line in table.splitlines() if line and not line.startswith("#"))
    return {row[2]: (row[0],) for row in rows}
