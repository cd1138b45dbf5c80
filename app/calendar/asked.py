"""What a person needs who is asked whether a publication is there: its words as sent, when, and where to look."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.extensions import db, now
from app.formatting import gettext as _
from content_library.models.account import NETWORK_NAMES
from scheduler.models import Attempt, Publication

MOST_SHOWN = 600


@dataclass(frozen=True)
class Asked:
    """`texts`: the parts nobody knows to be out, with their number in the thread, 0 where it is no thread.

    `sent_at`: of the last try. `answer`: what the network said to it, in its own words. `free_at`: before then
    something of it may still be on its way, and "not there" sends nothing yet.
    """

    texts: Sequence[tuple[int, str]]
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
    free_at = publication.not_before
    return Asked(
        texts=[(number + 1 if len(parts) > 1 else 0, part["text"]) for number, part in unclear],
        pictures=sum(len(part["media"]) for _number, part in unclear),
        sent_at=last.started_at if last else None,
        answer=_answer(last),
        network=NETWORK_NAMES.get(account.network, account.network),
        handle=account.handle,
        url=account.url if account.url.startswith(("https://", "http://", "/")) else "",
        free_at=free_at if free_at is not None and free_at > now() else None,
    )


def _last_try(publication: Publication) -> Attempt | None:
    sends = select(Attempt).where(Attempt.publication_id == publication.id, Attempt.act == "send")
    return db().scalars(sends.order_by(Attempt.id.desc()).limit(1)).first()


def _answer(last: Attempt | None) -> str:
    """Its status and its own words; that there was none, where there was none."""
    if last is None or (last.status is None and not last.message):
        return _("No answer came back.")
    status = _("Status {status}.").format(status=last.status) if last.status else ""
    return f"{status} {last.message[:MOST_SHOWN]}".strip()
