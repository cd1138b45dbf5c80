"""Formats as administrators change them: who clears them, in which order, and formats of one's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slugify import slugify
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from content_library import audit
from content_library.clearance import drop_unsupported, of_format
from content_library.errors import Conflict, InvalidInput, NotFound, TransitionNotAllowed
from content_library.formats import BUILTIN_FIELDS, INGREDIENTS, FieldSpec, FieldType
from content_library.models.desk import Team
from content_library.models.format import Format, Kind, Tone
from content_library.models.user import User
from content_library.permissions import can_manage_people, require
from content_library.transitions import flush
from content_library.workflow import planned_reviews

ONLY_ADMINISTRATORS = "Only administrators can change formats."
MOST_STEPS = 4
MOST_PEOPLE = 5
MOST_FIELDS = 12


@dataclass(frozen=True)
class TeamPart:
    """A team's part: in which step (from 1), how many of its people, and what the author is told about why."""

    team_key: str
    step: int
    quorum: int = 1
    why: str = ""


@dataclass(frozen=True)
class About:
    """What a format is. `shelf_life_days` None: no end. `grace_s`: how late it may still go out, in seconds."""

    name: str
    purpose: str
    kind: Kind
    tone: Tone
    ingredient: str
    shelf_life_days: int | None
    grace_s: int


def get_format(session: Session, key: str) -> Format:
    """Raises NotFound."""
    found = session.get(Format, key)
    if found is None:
        raise NotFound("There is no such format.")
    return found


def parts_of(format_: Format) -> list[TeamPart]:
    return [
        TeamPart(part["team"], number, int(part.get("quorum", 1)), part.get("why", ""))
        for number, step in enumerate(format_.steps, start=1)
        for part in step
    ]


def add_format(
    session: Session,
    about: About,
    parts: Sequence[TeamPart],
    fields: Sequence[FieldSpec],
    *,
    actor: User,
    now: datetime,
) -> Format:
    """A format of one's own. Raises InvalidInput by field."""
    require(can_manage_people(actor), ONLY_ADMINISTRATORS)
    problems = {**_problems(session, about), **_field_problems(fields)}
    if problems:
        raise InvalidInput("The format was not added.", problems)
    made = Format(
        key=_free_key(session, about.name),
        fields=[spec.as_data() for spec in fields],
        steps=_steps(session, parts),
        position=(session.scalar(select(func.max(Format.position))) or 0) + 1,
        **_columns(about),
    )
    session.add(made)
    flush(session)
    _note(
        session,
        made,
        "format.added",
        f"Added the format “{made.name}”",
        {},
        _written(made),
        actor=actor,
        now=now,
    )
    return made


def change_format(
    session: Session,
    format_: Format,
    about: About,
    parts: Sequence[TeamPart],
    fields: Sequence[FieldSpec] | None,
    *,
    seen_version: int,
    actor: User,
    now: datetime,
) -> int:
    """Change a format; `fields=None` leaves them. Returns how many posts lost their clearance.

    What a built-in format asks for, and its kind, stay. When more teams or people are asked for than before, what
    was cleared with fewer is uncleared: a stricter rule also holds for what is not out yet.
    """
    require(can_manage_people(actor), ONLY_ADMINISTRATORS)
    _check_version(format_, seen_version)
    problems = {**_problems(session, about, but=format_), **_field_problems(fields or ())}
    if problems:
        raise InvalidInput("The format was not changed.", problems)
    before = _written(format_)
    _apply(session, format_, about, parts, fields)
    after = _written(format_)
    if before == after:
        return 0
    flush(session)
    said = f"Changed the format “{format_.name}”"
    _note(session, format_, "format.changed", said, before, after, actor=actor, now=now)
    return _uncleared(session, format_, actor=actor, now=now)


def retire(session: Session, format_: Format, *, actor: User, now: datetime) -> None:
    """Offer the format no longer. Posts that have it keep it. Raises TransitionNotAllowed for the last one."""
    require(can_manage_people(actor), ONLY_ADMINISTRATORS)
    if not format_.is_active:
        return
    others = select(func.count()).select_from(Format).where(Format.is_active, Format.key != format_.key)
    if not session.scalar(others):
        raise TransitionNotAllowed("This is the last format. Add another before retiring it.")
    _switch(session, format_, "format.retired", f"Retired the format “{format_.name}”", actor=actor, now=now)


def bring_back(session: Session, format_: Format, *, actor: User, now: datetime) -> None:
    """Offer a retired format again."""
    require(can_manage_people(actor), ONLY_ADMINISTRATORS)
    if not format_.is_active:
        said = f"Brought the format “{format_.name}” back"
        _switch(session, format_, "format.brought_back", said, actor=actor, now=now)


def _switch(
    session: Session, format_: Format, verb: str, summary: str, *, actor: User, now: datetime
) -> None:
    format_.is_active = not format_.is_active
    flush(session)
    _note(session, format_, verb, summary, {}, {"is_active": format_.is_active}, actor=actor, now=now)


def _check_version(format_: Format, seen: int) -> None:
    if format_.version != seen:
        raise Conflict(
            "Somebody else changed this format meanwhile. Nothing was overwritten: reload the page."
        )


def _apply(
    session: Session,
    format_: Format,
    about: About,
    parts: Sequence[TeamPart],
    fields: Sequence[FieldSpec] | None,
) -> None:
    for key, value in _columns(about).items():
        if key != "kind" or not format_.is_builtin:
            setattr(format_, key, value)
    format_.steps = _steps(session, parts)
    if fields is not None and not format_.is_builtin:
        format_.fields = [spec.as_data() for spec in fields]


def _uncleared(session: Session, format_: Format, *, actor: User, now: datetime) -> int:
    required = planned_reviews(format_.steps)
    why = f"“{format_.name}” is cleared by more people or other teams now."
    resting = of_format(session, format_.key)
    return drop_unsupported(session, resting, actor=actor, now=now, why=why, required=required)


def _columns(about: About) -> dict[str, Any]:
    return {**vars(about), "name": about.name.strip(), "purpose": about.purpose.strip()}


def _steps(session: Session, parts: Sequence[TeamPart]) -> list[Any]:
    """The steps in their order, without empty ones. Raises InvalidInput when nobody would clear it."""
    known = set(session.scalars(select(Team.key)))
    wanted = [part for part in parts if part.team_key in known and 1 <= part.step <= MOST_STEPS]
    if not wanted:
        sentence = "Choose at least one team. Nothing goes out that nobody has looked at."
        raise InvalidInput(sentence, {"parts": sentence})
    numbers = sorted({part.step for part in wanted})
    return [[_as_data(part) for part in wanted if part.step == number] for number in numbers]


def _as_data(part: TeamPart) -> dict[str, Any]:
    quorum = min(max(part.quorum, 1), MOST_PEOPLE)
    return {"team": part.team_key, "why": part.why.strip()[:200], "quorum": quorum}


def _problems(session: Session, about: About, *, but: Format | None = None) -> dict[str, str]:
    name, problems = about.name.strip(), {}
    if not 1 <= len(name) <= 60:
        problems["name"] = "Give the format a name of up to 60 characters."
    known = session.scalar(select(Format).where(func.lower(Format.name) == name.lower()))
    if known is not None and known is not but:
        problems["name"] = f"There is a format called “{known.name}” already."
    if not 1 <= len(about.purpose.strip()) <= 300:
        problems["purpose"] = "Say in a sentence what it is for."
    if about.ingredient not in INGREDIENTS:
        problems["ingredient"] = "Choose what it gives the stream."
    if about.shelf_life_days is not None and not 1 <= about.shelf_life_days <= 3_650:
        problems["shelf_life_days"] = "Write a number of days from 1 to 3650, or leave it empty."
    if not 0 <= about.grace_s <= 86_400:
        problems["grace_s"] = "Write at most a day."
    return problems


def _field_problems(fields: Sequence[FieldSpec]) -> Mapping[str, str]:
    if len(fields) > MOST_FIELDS:
        return {"fields": f"Ask for at most {MOST_FIELDS} things."}
    if any(not spec.label.strip() or len(spec.label) > 60 for spec in fields):
        return {"fields": "Give every field a label of up to 60 characters."}
    if len({spec.key for spec in fields}) < len(fields):
        return {"fields": "Two fields have the same label."}
    return {}


def own_field(label: str, why: str, type_: FieldType, *, required: bool, ends: bool = False) -> FieldSpec:
    """A field of a format of one's own. Its key comes from its label."""
    key = slugify(label, separator="_")[:40] or "field"
    return FieldSpec(f"own_{key}", label.strip(), why.strip(), type_, required=required, ends=ends)


def builtin_field(key: str, why: str = "", *, required: bool = True) -> FieldSpec:
    """A field every post has, asked for by a format. Raises InvalidInput for any other key."""
    if key not in BUILTIN_FIELDS:
        raise InvalidInput("There is no such field.", {"fields": "Choose from the list."})
    reason = why.strip() or "This format asks for it."
    return FieldSpec(key, BUILTIN_FIELDS[key], reason, FieldType.BUILTIN, required=required)


def _free_key(session: Session, name: str) -> str:
    base = slugify(name, separator="_")[:34] or "format"
    taken = set(session.scalars(select(Format.key).where(Format.key.startswith(base))))
    return next(key for n in range(1, 1_000) if (key := base if n == 1 else f"{base}_{n}") not in taken)


def _written(format_: Format) -> dict[str, Any]:
    names = ("name", "purpose", "kind", "tone", "ingredient", "shelf_life_days", "grace_s", "steps", "fields")
    return {name: getattr(format_, name) for name in names}


def _note(
    session: Session,
    format_: Format,
    verb: str,
    summary: str,
    before: Any,
    after: Any,
    *,
    actor: User,
    now: datetime,
) -> None:
    audit.record(
        session, verb, format_, actor=actor, now=now, summary=summary,
        details={"format": format_.key, "before": before, "after": after},
    )  # fmt: skip
