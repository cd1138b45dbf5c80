"""Everything that happened to a publication, in the order in which it happened: the record and the attempts."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.formatting import gettext as _
from content_library.models.audit import AuditEntry
from scheduler.models import Attempt, AttemptOutcome, Publication

MOST = 200
SHOWN = {
    "planned": ("draft", "calendar-plus", _("Planned")),
    "moved": ("draft", "calendar-time", _("Moved")),
    "rebound": ("draft", "file-diff", _("Newer text")),
    "waits": ("review", "clock-exclamation", _("Waiting")),
    "release": ("approved", "player-play", _("Going")),
    "hold": ("held", "hand-stop", _("Held")),
    "block": ("review", "clock-exclamation", _("Waiting")),
    "miss": ("held", "clock-exclamation", _("Missed")),
    "expire": ("draft", "calendar-x", _("Expired")),
    "cancel": ("draft", "circle-minus", _("Cancelled")),
    "succeed": ("approved", "circle-check", _("Out")),
    "fail": ("failed", "alert-octagon", _("Failed")),
    "lose": ("review", "help-circle", _("Answer lost")),
    "ask": ("held", "user-question", _("A person is asked")),
    "retry": ("draft", "refresh", _("Goes again")),
    "left": ("draft", "circle-minus", _("Left as it is")),
    "take_down": ("review", "trash", _("To be taken down")),
    "taken_down": ("draft", "trash-off", _("Taken down")),
    "gone": ("held", "ghost", _("No longer there")),
    "back": ("approved", "circle-check", _("There again")),
}
ACTS = {
    "send": _("Sent to the network"),
    "look": _("Looked on the network"),
    "prepare": _("Media prepared"),
    "delete": _("Deleted on the network"),
    "stands": _("Looked whether it still stands"),
    "told": _("A person looked"),
}
OUTCOMES = {
    AttemptOutcome.OPEN: ("review", _("no answer yet")),
    AttemptOutcome.SENT: ("approved", _("the network has it")),
    AttemptOutcome.NOT_SENT: ("review", _("not sent")),
    AttemptOutcome.SIGNED_OUT: ("failed", _("signed out")),
    AttemptOutcome.REFUSED: ("failed", _("refused")),
    AttemptOutcome.UNKNOWN: ("review", _("the answer was lost")),
    AttemptOutcome.FOUND: ("approved", _("it is there")),
    AttemptOutcome.ABSENT: ("review", _("it is not there")),
}


@dataclass(frozen=True)
class Moment:
    """One line of the story; `request` and `response` only for an attempt."""

    at: datetime
    tone: str
    icon: str
    title: str
    who: str = ""
    text: str = ""
    request: str = ""
    response: str = ""


def story(publication: Publication) -> list[Moment]:
    """The newest last; at most the last MOST of each kind."""
    told = [_told(entry) for entry in _entries(publication)]
    tried = [_tried(attempt) for attempt in _attempts(publication)]
    return sorted(told + tried, key=lambda moment: moment.at)


def _entries(publication: Publication) -> Sequence[AuditEntry]:
    of_it = (AuditEntry.subject_type == "publication", AuditEntry.subject_id == publication.id)
    return (
        db().scalars(select(AuditEntry).where(*of_it).order_by(AuditEntry.id.desc()).limit(MOST)).all()[::-1]
    )


def _attempts(publication: Publication) -> Sequence[Attempt]:
    of_it = Attempt.publication_id == publication.id
    return db().scalars(select(Attempt).where(of_it).order_by(Attempt.id.desc()).limit(MOST)).all()[::-1]


def _told(entry: AuditEntry) -> Moment:
    tone, icon, title = SHOWN.get(entry.verb.partition(".")[2], ("draft", "circle-dot", entry.verb))
    # “Publication 12: held. Held: card payments.” The page is about this publication already.
    head, found, text = entry.summary.partition(": ")
    words = text if found and head.startswith("Publication ") else entry.summary
    return Moment(entry.at, tone, icon, title, entry.actor_name, _after_the_word(words))


def _after_the_word(words: str) -> str:
    """What follows the state's word, which the title says already."""
    first, found, rest = words.partition(". ")
    return rest if found and first.islower() else ("" if words.rstrip(".").islower() else words)


def _tried(attempt: Attempt) -> Moment:
    tone, outcome = OUTCOMES[attempt.outcome]
    part = _(", part {number}").format(number=attempt.position + 1) if attempt.position else ""
    status = f" ({attempt.status})" if attempt.status else ""
    return Moment(
        attempt.ended_at or attempt.started_at,
        tone,
        "send" if attempt.act == "send" else "eye",
        f"{ACTS.get(attempt.act, attempt.act)}{part}: {outcome}{status}",
        text=attempt.message,
        request=_pretty(attempt.request),
        response=_pretty(attempt.response),
    )


def _pretty(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) if document else ""
