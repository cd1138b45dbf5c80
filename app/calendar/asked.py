"""What a person needs who is asked whether a publication is there: its words as sent, when, and where to look."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.extensions import db, now
from app.formatting import gettext as _
from content_library.models.account import NETWORK_NAMES
from scheduler.models import Attempt, Publication

MOST_SHOWN = 600


@dataclass(frozen=True)
class Asked:
    """`text`: the part nobody knows to be out, with its `number`, 0 where there is but one. `unsent`: what follows it.

    Parts go one after the other, so what follows was never tried, and never goes once a person says that this one is
    there: it would have to be attached to an address nobody knows. `sent_at`: of the last try. `answer`: what the
    network said to it, in its own words. `free_at`: before then something of it may still be on its way, and "not
    there" sends nothing yet.
    """

    text: str
    number: int
    unsent: Sequence[tuple[str, str]]  # what it is, and its words
    pictures: int
    sent_at: datetime | None
    answer: str
    network: str
    handle: str
    url: str
    free_at: datetime | None


def asked_about(publication: Publication) -> Asked:
    account, last = publication.account, _last_try(publication)
    known = {part.position for part in publication.parts if part.remote_id is not None}
    parts = json.loads(publication.rendition.payload)["parts"] if publication.rendition else []
    unclear = [(number, part) for number, part in enumerate(parts) if number not in known]
    nothing: dict[str, Any] = {"text": "", "media": []}
    number, tried = unclear[0] if unclear else (0, nothing)
    free_at = publication.not_before
    return Asked(
        text=tried["text"],
        number=number + 1 if len(parts) > 1 else 0,
        unsent=[(_named(number, part), part["text"]) for number, part in unclear[1:]],
        pictures=len(tried["media"]),
        sent_at=last.started_at if last else None,
        answer=_answer(last),
        network=NETWORK_NAMES.get(account.network, account.network),
        handle=account.handle,
        url=account.url if account.url.startswith(("https://", "http://", "/")) else "",
        free_at=free_at if free_at is not None and free_at > now() else None,
    )


def _named(number: int, part: Mapping[str, Any]) -> str:
    return _("First comment") if part.get("comment") else _("Part {number}").format(number=number + 1)


def _last_try(publication: Publication) -> Attempt | None:
    sends = select(Attempt).where(Attempt.publication_id == publication.id, Attempt.act == "send")
    return db().scalars(sends.order_by(Attempt.id.desc()).limit(1)).first()


def _answer(last: Attempt | None) -> str:
    """Its status and its own words; that there was none, where there was none."""
    if last is None or (last.status is None and not last.message):
        return _("No answer came back.")
    status = _("Status {status}.").format(status=last.status) if last.status else ""
    return f"{status} {last.message[:MOST_SHOWN]}".strip()
