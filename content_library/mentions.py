"""Whom somebody means with `@Maya` or `@Maya Okafor`: only people of the desk and of the teams that clear for it.

A mention is kept as a person's number and its place in the words, so that renaming somebody breaks nothing. A name
that fits nobody, or more than one, stays plain text; who cannot see the desk is as unknown as who does not exist.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from content_library.models.desk import team_desks
from content_library.models.user import DeskMembership, TeamMembership, User
from content_library.notices import notify

MENTIONED = "comment.mentioned"
MOST_MENTIONS = 20
_WRITTEN = re.compile(r"(?<![\w@.])@(\w[\w’'\-]*)")
_BEFORE, _AFTER = r"(?<![\w@.])@", r"(?!\w)"


@dataclass(frozen=True)
class Found:
    """`mentions`: {id, start, end} in reading order; `unclear`: the names as written that fit nobody, or several."""

    mentions: list[dict[str, int]]
    unclear: list[str]

    @property
    def people(self) -> set[int]:
        return {mention["id"] for mention in self.mentions}


def who_may_be_mentioned(session: Session, desk_id: int) -> dict[int, str]:
    """The active people of a desk and of its teams, by number, sorted by name."""
    of_desk = select(DeskMembership.user_id).where(DeskMembership.desk_id == desk_id)
    of_teams = (
        select(TeamMembership.user_id)
        .join(team_desks, team_desks.c.team_id == TeamMembership.team_id)
        .where(team_desks.c.desk_id == desk_id)
    )
    rows = session.execute(
        select(User.id, User.name)
        .where(User.is_active, or_(User.id.in_(of_desk), User.id.in_(of_teams)))
        .order_by(User.name, User.id)
    )
    return {row.id: row.name for row in rows}


def plain(text: str) -> str:
    """The words as they are kept: composed letters and plain line ends, so that places in them stay right."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()


def find_mentions(text: str, people: Mapping[int, str]) -> Found:
    """The longest name that fits counts: `@Maya Okafor` before `@Maya`."""
    called = _names(people)
    ordered = sorted(called, key=len, reverse=True)
    mentions: list[dict[str, int]] = []
    unclear: list[str] = []
    for written in _WRITTEN.finditer(text):
        fits = (_match(name, text, written.start()) for name in ordered)
        match = next((m for m in fits if m is not None), None)
        ids = called[match[0]] if match else set()
        if match and len(ids) == 1 and len(mentions) < MOST_MENTIONS:
            mentions.append({"id": min(ids), "start": written.start(), "end": match[1]})
        else:
            unclear.append(written.group())
    return Found(mentions, list(dict.fromkeys(unclear)))


def _names(people: Mapping[int, str]) -> dict[str, set[int]]:
    """What people can be called by: their whole name, and each one's first word."""
    called: dict[str, set[int]] = {}
    for number, name in people.items():
        whole = " ".join(unicodedata.normalize("NFC", name).split()).casefold()
        for said in {whole, whole.split(" ", 1)[0]} - {""}:
            called.setdefault(said, set()).add(number)
    return called


def _match(name: str, text: str, start: int) -> tuple[str, int] | None:
    pattern = _BEFORE + r"\s+".join(map(re.escape, name.split(" "))) + _AFTER
    found = re.compile(pattern, re.IGNORECASE).match(text, start)
    return (name, found.end()) if found else None


def mentions_in(session: Session, desk_id: int, text: str) -> Found:
    """Whom these words of somebody on this desk mention."""
    if "@" not in text:
        return Found([], [])
    return find_mentions(text, who_may_be_mentioned(session, desk_id))


def tell_mentioned(
    session: Session, people: Iterable[int], subject: Any, text: str, *, desk_id: int, now: datetime,
    details: Mapping[str, Any],
) -> None:  # fmt: skip
    """Tell people that they were named, whether or not they took part in the talk before."""
    notify(session, people, MENTIONED, subject, text=text, now=now, desk_id=desk_id, details=details)


def names_of(session: Session, mentions: Sequence[Mapping[str, int]]) -> dict[int, str]:
    """What the mentioned people are called today."""
    ids = {mention["id"] for mention in mentions}
    if not ids:
        return {}
    rows = session.execute(select(User.id, User.name).where(User.id.in_(ids)))
    return {row.id: row.name for row in rows}
