"""Boundaries as people change them: versions with their day, what one would have caught, why people went on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from slugify import slugify
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, joinedload

from content_library import audit
from content_library.boundaries.checking import Finding, check
from content_library.boundaries.personal_data import Kind
from content_library.boundaries.rules import Detector, Rule, Severity
from content_library.boundary_rules import around
from content_library.boundary_use import LOOKED_BACK
from content_library.content import every_text, links_in, texts_going_out
from content_library.errors import Conflict, InvalidInput, NotFound
from content_library.models.account import Account
from content_library.models.boundary import Boundary, BoundaryVersion, SubmittedFinding
from content_library.models.desk import Desk, Team
from content_library.models.post import Post, Revision
from content_library.models.review import Submission
from content_library.models.user import User
from content_library.permissions import can_manage_desk, can_manage_people, require
from content_library.transitions import flush

MOST_LOOKED_AT = 2_000
MOST_EXAMPLES = 25
MOST_WORDS = 1_000
LONGEST_WORD = 80


@dataclass(frozen=True)
class Wording:
    """What a version says. `effective_at` None: from now on."""

    severity: Severity
    settings: Mapping[str, Any]
    advice: str = ""
    team_key: str = ""
    needs_evidence: bool = False
    effective_at: datetime | None = None
    why: str = ""


@dataclass(frozen=True)
class Standing:
    """A boundary with the version in force (None: it is not yet, or switched off) and one whose day is to come."""

    boundary: Boundary
    now: BoundaryVersion | None
    next: BoundaryVersion | None

    @property
    def shown(self) -> BoundaryVersion:
        """The version people read: the one in force, else the newest."""
        return self.now or self.next or self.boundary.versions[-1]


def boundaries(session: Session, desk_id: int, *, now: datetime) -> list[Standing]:
    """The boundaries of the installation and of the desk, in their order."""
    found = session.scalars(
        select(Boundary)
        .where(or_(Boundary.desk_id.is_(None), Boundary.desk_id == desk_id))
        .order_by(Boundary.desk_id.is_not(None), Boundary.id)
        .options(joinedload(Boundary.versions))
    ).unique()
    return [standing(boundary, now=now) for boundary in found]


def standing(boundary: Boundary, *, now: datetime) -> Standing:
    """What of a boundary is in force, and what comes."""
    there = [v for v in boundary.versions if v.effective_at <= now]
    newest = there[-1] if there else None
    coming = [
        v for v in boundary.versions if v.effective_at > now and (newest is None or v.number > newest.number)
    ]
    return Standing(boundary, newest if newest and newest.is_on else None, coming[-1] if coming else None)


def get_boundary(session: Session, desk_id: int, boundary_id: int) -> Boundary:
    """Raises NotFound, also for another desk's."""
    found = session.get(Boundary, boundary_id)
    if found is None or found.desk_id not in (None, desk_id):
        raise NotFound("There is no such boundary on this desk.")
    return found


def may_change(actor: User, boundary: Boundary) -> bool:
    """A desk's own: its leads and administrators. Those of the whole installation: administrators."""
    if boundary.desk_id is None:
        return can_manage_people(actor)
    return can_manage_desk(actor, boundary.desk_id)


def add_boundary(
    session: Session,
    desk: Desk,
    name: str,
    detector: Detector,
    wording: Wording,
    *,
    actor: User,
    now: datetime,
    everywhere: bool = False,
) -> Boundary:
    """A boundary of one's own, for the desk or `everywhere`. Raises InvalidInput by field, PermissionDenied."""
    require(
        can_manage_people(actor) if everywhere else can_manage_desk(actor, desk.id),
        "Only administrators set boundaries for every desk."
        if everywhere
        else "Only the desk’s leads and administrators set its boundaries.",
    )
    problems = _name_problems(session, name, desk.id) | _problems(session, detector, wording, now=now)
    if problems:
        raise InvalidInput("The boundary was not added.", problems)
    made = Boundary(
        key=_free_key(session, name),
        desk_id=None if everywhere else desk.id,
        name=name.strip(),
        detector=detector,
        created_at=now,
    )
    session.add(made)
    flush(session)
    _add_version(session, made, wording, actor=actor, now=now, verb="boundary.added", said="Added")
    return made


def change_boundary(
    session: Session, boundary: Boundary, wording: Wording, *, seen: int, actor: User, now: datetime
) -> BoundaryVersion:
    """The next version, from its day on. `seen`: the newest number the person saw.

    Raises PermissionDenied, Conflict when somebody was quicker, InvalidInput by field.
    """
    _check_may(actor, boundary)
    _check_seen(boundary, seen)
    problems = _problems(session, boundary.detector, wording, now=now)
    if problems:
        raise InvalidInput("The boundary was not changed.", problems)
    return _add_version(
        session, boundary, wording, actor=actor, now=now, verb="boundary.changed", said="Changed"
    )


def switch(
    session: Session, boundary: Boundary, *, on: bool, why: str, seen: int, actor: User, now: datetime
) -> BoundaryVersion:
    """Switch a boundary off, or on again as it was. Both are versions, so that the record knows what held when."""
    _check_may(actor, boundary)
    _check_seen(boundary, seen)
    if not why.strip():
        sentence = "Say why, for those who ask later."
        raise InvalidInput(sentence, {"why": sentence})
    last = boundary.versions[-1]
    wording = Wording(
        last.severity, last.settings, last.advice, last.team_key, last.needs_evidence, None, why
    )
    verb, said = ("boundary.switched_on", "Switched on") if on else ("boundary.switched_off", "Switched off")
    return _add_version(session, boundary, wording, actor=actor, now=now, verb=verb, said=said, is_on=on)


def _check_may(actor: User, boundary: Boundary) -> None:
    require(
        may_change(actor, boundary),
        "This boundary holds for every desk: an administrator changes it."
        if boundary.desk_id is None
        else "Only the desk’s leads and administrators change its boundaries.",
    )


def _check_seen(boundary: Boundary, seen: int) -> None:
    if boundary.latest_number != seen:
        raise Conflict(
            "Somebody else changed this boundary meanwhile. Nothing was overwritten: reload the page and look again."
        )


def _add_version(
    session: Session,
    boundary: Boundary,
    wording: Wording,
    *,
    actor: User,
    now: datetime,
    verb: str,
    said: str,
    is_on: bool = True,
) -> BoundaryVersion:
    boundary.latest_number += 1
    version = BoundaryVersion(
        boundary=boundary,
        number=boundary.latest_number,
        is_on=is_on,
        severity=wording.severity,
        settings=dict(wording.settings),
        advice=wording.advice.strip(),
        team_key=wording.team_key,
        needs_evidence=wording.needs_evidence,
        effective_at=wording.effective_at or now,
        why=wording.why.strip(),
        created_by_id=actor.id,
        created_at=now,
    )
    session.add(version)
    flush(session)
    audit.record(
        session, verb, boundary, actor=actor, now=now, desk_id=boundary.desk_id,
        summary=f"{said} the boundary “{boundary.name}” (version {version.number})",
        details={
            "version": version.number, "is_on": is_on, "severity": version.severity, "settings": version.settings,
            "team": version.team_key, "needs_evidence": version.needs_evidence, "why": version.why,
            "effective_at": version.effective_at.isoformat(),
        },
    )  # fmt: skip
    return version


def _name_problems(session: Session, name: str, desk_id: int) -> dict[str, str]:
    name = name.strip()
    if not 1 <= len(name) <= 80:
        return {"name": "Give the boundary a name of up to 80 characters."}
    known = select(Boundary.id).where(
        func.lower(Boundary.name) == name.lower(),
        or_(Boundary.desk_id.is_(None), Boundary.desk_id == desk_id),
    )
    return {"name": f"There is a boundary called “{name}” already."} if session.scalar(known) else {}


def _problems(session: Session, detector: Detector, wording: Wording, *, now: datetime) -> dict[str, str]:
    problems = dict(_settings_problems(detector, wording.settings))
    if wording.team_key and session.scalar(select(Team.id).where(Team.key == wording.team_key)) is None:
        problems["team_key"] = "There is no such team. Choose one from the list."
    if len(wording.advice) > 300:
        problems["advice"] = "Keep this under 300 characters."
    if not wording.why.strip():
        problems["why"] = "Say why, for those who ask later."
    if wording.effective_at is not None and wording.effective_at < now - timedelta(minutes=1):
        problems["effective_at"] = "That day is past. A boundary holds from now on at the earliest."
    return problems


def _settings_problems(detector: Detector, settings: Mapping[str, Any]) -> Mapping[str, str]:
    listed = [*settings.get("words", ()), *settings.get("allowed", ()), *settings.get("refused", ())]
    if len(listed) > MOST_WORDS or any(len(word) > LONGEST_WORD for word in listed):
        return {"words": f"At most {MOST_WORDS} words of up to {LONGEST_WORD} characters."}
    if detector is Detector.WORDS:
        bare = [word for word in settings.get("words", ()) if len(word.rstrip("*").strip()) >= 2]
        return (
            {}
            if bare
            else {"words": "Write at least one word of two letters or more, each on a line of its own."}
        )
    if detector is Detector.PERSONAL_DATA:
        return _pattern_problems(settings.get("patterns", ()))
    return {}


def _pattern_problems(patterns: Sequence[Mapping[str, str]]) -> Mapping[str, str]:
    for pattern in patterns:
        if not pattern["name"] or sum(c in "#@" for c in pattern["shape"]) < 3:
            return {
                "patterns": "Write a name, a colon and a shape with at least three # (a digit) or @ (a letter), "
                "such as “order number: BH-######”."
            }
    return {}


def _free_key(session: Session, name: str) -> str:
    base = slugify(name, separator="_")[:50] or "boundary"
    taken = set(session.scalars(select(Boundary.key).where(Boundary.key.startswith(base))))
    return next(key for n in range(1, 10_000) if (key := base if n == 1 else f"{base}_{n}") not in taken)


def kinds_of_personal_data() -> list[str]:
    """The kinds a rule on personal data may be narrowed to."""
    return [kind.value for kind in Kind if kind is not Kind.PATTERN]


@dataclass(frozen=True)
class Caught:
    """A post that a rule touches."""

    post_id: int
    title: str
    finding: Finding


@dataclass(frozen=True)
class Preview:
    """What a rule would have caught in `looked_at` submissions since `since`, the newest first.

    `is_all`: there were no more to look at.
    """

    since: datetime
    looked_at: int
    caught: int
    examples: Sequence[Caught]
    is_all: bool


def would_have_caught(
    session: Session, desk: Desk, name: str, detector: Detector, wording: Wording, *, now: datetime
) -> Preview:
    """Run a rule that is not in force over what was submitted on this desk in the last 90 days.

    Raises InvalidInput by field when the rule cannot be run.
    """
    problems = _settings_problems(detector, wording.settings)
    if problems:
        raise InvalidInput("This cannot be tried yet.", problems)
    rule = Rule("preview", 0, 0, name, detector, wording.severity, wording.settings, wording.advice)
    since = now - LOOKED_BACK
    rows = session.execute(
        select(Post.id, Post.title, Revision.content)
        .join(Submission, Submission.post_id == Post.id)
        .join(Revision, Revision.id == Submission.revision_id)
        .where(Submission.desk_id == desk.id, Submission.submitted_at >= since)
        .order_by(Submission.id.desc())
        .limit(MOST_LOOKED_AT + 1)
    ).all()
    networks: dict[int, str] = dict(
        session.execute(select(Account.id, Account.network).where(Account.desk_id == desk.id)).all()
    )
    looked_at = rows[:MOST_LOOKED_AT]
    links = links_in([text for row in looked_at for text in every_text(row.content).values()])
    known = around(session, desk.id, desk.zone, links)
    caught = [
        Caught(row.id, row.title, finding)
        for row in looked_at
        for finding in check(_going_out(row.content, networks), [rule], known)
    ]
    return Preview(since, len(looked_at), len(caught), caught[:MOST_EXAMPLES], len(rows) <= MOST_LOOKED_AT)


def _going_out(content: Mapping[str, Any], networks: Mapping[int, str]) -> dict[str, str]:
    return texts_going_out(content, [networks[i] for i in content["accounts"] if i in networks])


def reasons(session: Session, desk_id: int, boundary: Boundary, *, most: int = 20) -> list[SubmittedFinding]:
    """Why people went on lately, the newest first."""
    return list(
        session.scalars(
            select(SubmittedFinding)
            .join(Submission, Submission.id == SubmittedFinding.submission_id)
            .where(
                Submission.desk_id == desk_id,
                SubmittedFinding.boundary_id == boundary.id,
                SubmittedFinding.reason != "",
            )
            .order_by(SubmittedFinding.id.desc())
            .limit(most)
            .options(joinedload(SubmittedFinding.version))
        )
    )
