"""Facts of a desk: keeping them, changing what they say, and what that withdraws.

A value has one keeper, the owner team, and stands in many texts. Changing it ends every approval of a text that says
the old one, in the same transaction; nobody approves the new value by changing it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from textwrap import shorten

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from content_library import audit, clearance
from content_library.content import clean_text
from content_library.errors import Conflict, InvalidInput, TransitionNotAllowed
from content_library.fact_names import BRACES, LONGEST_NAME, LONGEST_VALUE, MOST_LINES, fact_key
from content_library.fact_shelf import is_used, posts_using
from content_library.models.desk import Desk
from content_library.models.fact import Fact, FactVersion
from content_library.models.user import User
from content_library.permissions import (
    can_add_fact,
    can_change_fact,
    can_draft,
    can_manage_desk,
    require,
    team_ids_for,
)
from content_library.revising import renew
from content_library.transitions import flush

LONGEST_ABOUT = 300
MOST_RENEWED = 100  # at a time, from the page of a fact
MAY_CHANGE = "Only the team that looks after this fact and the desk’s leads can change it."


@dataclass(frozen=True)
class Naming:
    """What is said about a fact beside its value."""

    name: str
    about: str = ""
    owner_team_id: int | None = None


def add_fact(session: Session, desk: Desk, naming: Naming, value: str, *, actor: User, now: datetime) -> Fact:
    """A new fact of the desk. Raises PermissionDenied, InvalidInput by field."""
    require(can_add_fact(actor, desk.id), "Only the desk’s leads and its reviewing teams can add facts.")
    naming, value = _cleaned(naming), clean_text(value)
    problems = (
        _naming_problems(session, desk, naming)
        | _value_problems(value)
        | _owner_problems(actor, desk, naming)
    )
    if problems:
        raise InvalidInput("The fact was not added.", problems)
    fact = Fact(
        desk_id=desk.id, name=naming.name, key=fact_key(naming.name), about=naming.about,
        owner_team_id=naming.owner_team_id, created_at=now,
    )  # fmt: skip
    with _alone_of_its_name(session, naming.name):
        session.add(fact)
        _add_version(session, fact, value, "", actor=actor, now=now)
    audit.record(
        session, "fact.added", fact, actor=actor, now=now, summary=f"Added the fact “{fact.name}”",
        details={"value": value, "about": fact.about, "owner_team_id": fact.owner_team_id},
    )  # fmt: skip
    return fact


def change_fact(
    session: Session, fact: Fact, value: str, *, why: str, seen: int, actor: User, now: datetime
) -> int:
    """Let it say something else. Every approval and open submission of a text that says what it said ends.

    `seen`: the newest version the person saw. Returns how many ended. Raises PermissionDenied, Conflict, InvalidInput.
    """
    _hold(session, fact)
    require(can_change_fact(actor, fact), MAY_CHANGE)
    _check_kept(fact)
    if fact.latest_number != seen:
        raise Conflict(
            "Somebody else changed this fact meanwhile. Nothing was overwritten: reload the page and look again."
        )
    before, value, why = _value_now(session, fact), clean_text(value), " ".join(why.split())
    problems = _value_problems(value)
    if not problems and value == before:
        problems["value"] = "It says that already."
    if not 1 <= len(why) <= LONGEST_ABOUT:
        problems["why"] = "Say why in a few words, for the people whose posts wait because of it."
    if problems:
        raise InvalidInput("The fact was not changed.", problems)
    version = _add_version(session, fact, value, why, actor=actor, now=now)
    audit.record(
        session, "fact.changed", fact, actor=actor, now=now,
        summary=f"Changed the fact “{fact.name}” (version {version.number})",
        details={"version": version.number, "before": before, "value": value, "why": why},
    )  # fmt: skip
    return _withdraw_resting_on(session, fact, f"{_quoted(before)} to {_quoted(value)}", actor=actor, now=now)


def _withdraw_resting_on(session: Session, fact: Fact, change: str, *, actor: User, now: datetime) -> int:
    resting = clearance.of_fact(session, fact.id, fact.latest_number)
    why = f"The fact “{fact.name}” changed from {change}."
    return clearance.drop_all(session, resting, actor=actor, now=now, why=why)


def _quoted(value: str) -> str:
    return f"“{shorten(value, 120, placeholder='…')}”"


def describe_fact(session: Session, fact: Fact, naming: Naming, *, actor: User, now: datetime) -> None:
    """Say what it is about, who looks after it, and, while no text has used it, what it is called.

    Raises PermissionDenied, InvalidInput by field.
    """
    _hold(session, fact)
    may_own = can_manage_desk(actor, fact.desk_id)
    require(may_own or can_change_fact(actor, fact), MAY_CHANGE)
    desk, naming = session.get_one(Desk, fact.desk_id), _cleaned(naming)
    problems: dict[str, str] = {}
    if naming.name != fact.name:
        problems |= _naming_problems(session, desk, naming, but=fact.id)
        if is_used(session, fact):
            problems["name"] = (
                "Texts use it by this name, so it keeps it. Add another fact and archive this one."
            )
    if naming.owner_team_id != fact.owner_team_id:
        problems |= _owner_problems(actor, desk, naming)
    if problems or len(naming.about) > LONGEST_ABOUT:
        raise InvalidInput("Nothing was changed.", problems or _too_long())
    before = {"name": fact.name, "about": fact.about, "owner_team_id": fact.owner_team_id}
    with _alone_of_its_name(session, naming.name):
        fact.name, fact.key, fact.about = naming.name, fact_key(naming.name), naming.about
        fact.owner_team_id = naming.owner_team_id
    session.expire(fact, ["owner_team"])
    audit.record(
        session, "fact.described", fact, actor=actor, now=now,
        summary=f"Changed what is said about the fact “{fact.name}”",
        details={"before": before, "name": fact.name, "about": fact.about, "owner_team_id": fact.owner_team_id},
    )  # fmt: skip


def archive_fact(session: Session, fact: Fact, *, actor: User, now: datetime) -> None:
    """Put a fact away that nothing needs. Raises TransitionNotAllowed while a post uses it or waits with it."""
    _hold(session, fact)
    require(can_change_fact(actor, fact), MAY_CHANGE)
    _check_kept(fact)
    if posts_using(session, fact, most=1) or clearance.of_fact(session, fact.id, fact.latest_number + 1):
        raise TransitionNotAllowed(
            "Posts use this fact. Write its value into them or archive them first; they are listed on its page."
        )
    fact.archived_at = now
    flush(session)
    audit.record(
        session, "fact.archived", fact, actor=actor, now=now, summary=f"Archived the fact “{fact.name}”"
    )


def restore_fact(session: Session, fact: Fact, *, actor: User, now: datetime) -> None:
    """Bring a fact back as it was."""
    _hold(session, fact)
    require(can_change_fact(actor, fact), MAY_CHANGE)
    if fact.archived_at is None:
        raise TransitionNotAllowed("This fact is in use already. Reload the page.")
    fact.archived_at = None
    flush(session)
    audit.record(
        session, "fact.restored", fact, actor=actor, now=now, summary=f"Restored the fact “{fact.name}”"
    )


def renew_all(session: Session, fact: Fact, *, actor: User, now: datetime) -> int:
    """New revisions, with the new value, of the posts that say an older one; none of them is approved.

    Returns how many. Raises PermissionDenied.
    """
    require(can_draft(actor, fact.desk_id), "Only agents and leads of this desk can write posts here.")
    waiting = [post for post, number in posts_using(session, fact) if number < fact.latest_number][
        :MOST_RENEWED
    ]
    for post in sorted(waiting, key=lambda post: post.id):
        renew(session, post, actor=actor, now=now)
    return len(waiting)


def correction(fact: Fact, said: str) -> dict[str, str]:
    """Title and text of a correction of what is out with an older value."""
    return {
        "title": f"Correction: {fact.name}",
        "text": f"A correction to an earlier post of ours. For “{fact.name}” it said: {said}\n\n"
        f"This is what holds now: {{{{{fact.name}}}}}",
    }


def _hold(session: Session, fact: Fact) -> None:
    """Nobody else changes this fact, or approves a text that uses it, until the transaction ends."""
    flush(session)
    session.execute(select(Fact.id).where(Fact.id == fact.id).with_for_update(key_share=True))
    session.refresh(fact)


def _check_kept(fact: Fact) -> None:
    if fact.archived_at is not None:
        raise TransitionNotAllowed("This fact is in the archive. Restore it first.")


def _value_now(session: Session, fact: Fact) -> str:
    return session.get_one(FactVersion, (fact.id, fact.latest_number)).value


def _add_version(
    session: Session, fact: Fact, value: str, why: str, *, actor: User, now: datetime
) -> FactVersion:
    fact.latest_number = (fact.latest_number or 0) + 1
    version = FactVersion(
        fact=fact, number=fact.latest_number, value=value, why=why, created_by_id=actor.id, created_at=now
    )
    session.add(version)
    flush(session)
    return version


def _cleaned(naming: Naming) -> Naming:
    return Naming(" ".join(clean_text(naming.name).split()), clean_text(naming.about), naming.owner_team_id)


def _naming_problems(session: Session, desk: Desk, naming: Naming, *, but: int = 0) -> dict[str, str]:
    name = naming.name
    if not 1 <= len(name) <= LONGEST_NAME or "{" in name or "}" in name:
        return {"name": f"Give it a name of up to {LONGEST_NAME} characters, without curly brackets."}
    if len(naming.about) > LONGEST_ABOUT:
        return _too_long()
    taken = session.scalar(
        select(Fact).where(Fact.desk_id == desk.id, Fact.key == fact_key(name), Fact.id != but)
    )
    if taken is None:
        return {}
    where = " in the archive. Restore it there" if taken.archived_at else " already. Change that one"
    return {"name": f"There is a fact called “{taken.name}”{where}, or choose another name."}


@contextmanager
def _alone_of_its_name(session: Session, name: str) -> Iterator[None]:
    """Somebody may give the same name in the same moment."""
    try:
        with session.begin_nested():
            yield
            flush(session)
    except IntegrityError as race:
        sentence = f"Somebody else added a fact called “{name}” a moment ago. Choose another name."
        raise InvalidInput("Nothing was changed.", {"name": sentence}) from race


def _too_long() -> dict[str, str]:
    return {"about": f"Keep this under {LONGEST_ABOUT} characters."}


def _value_problems(value: str) -> dict[str, str]:
    if not value:
        return {"value": "Write what stands in the text in its place."}
    if len(value) > LONGEST_VALUE or value.count("\n") >= MOST_LINES:
        return {"value": f"Keep it to {MOST_LINES} lines and {LONGEST_VALUE} characters."}
    if BRACES.search(value):
        return {"value": "A value cannot name another fact. Leave out the double curly brackets."}
    return {}


def _owner_problems(actor: User, desk: Desk, naming: Naming) -> dict[str, str]:
    """Leads and administrators choose among the desk's teams; a team's people keep facts for their own."""
    of_desk = {team.id for team in desk.teams}
    allowed: set[int | None] = (
        {None, *of_desk} if can_manage_desk(actor, desk.id) else {*team_ids_for(actor, desk.id)}
    )
    return {} if naming.owner_team_id in allowed else {"owner_team_id": "Choose a team from the list."}
