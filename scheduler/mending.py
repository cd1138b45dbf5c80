"""What is blocked or held goes on by itself once the cause is gone; what waited past its time ends in words."""

import json
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library.models.account import Account, AccountState
from content_library.models.feed import LinkCheck
from content_library.models.post import Rendition
from scheduler import transitions
from scheduler.gate import Reason
from scheduler.models import Publication, PublicationState
from scheduler.publication_flow import Act


def release_mended(session: Session, *, now: datetime, most: int = 200) -> int:
    """Publications whose account is connected again, or whose links work again, are planned again.

    Those past their grace become missed at the gate; the others keep the account's least gap. Returns how many.
    """
    mended = [*_account_is_back(session, most), *_links_work(session, most)]
    for publication in mended:
        transitions.move(
            session,
            publication,
            Act.RELEASE,
            actor=None,
            now=now,
            reason="mended",
            explanation="The cause is gone.",
        )
    return len(mended)


def hold_dead_links(session: Session, *, now: datetime) -> int:
    """What is planned with a link that does not work is held ahead of its time, and says so. Returns how many."""
    dead = dict(
        session.execute(select(LinkCheck.url, LinkCheck.error).where(LinkCheck.is_ok.is_(False))).all()
    )
    if not dead:
        return 0
    planned = session.scalars(select(Publication).where(Publication.state == PublicationState.PLANNED)).all()
    found = [(p, link) for p in planned if (link := next((u for u in _links(session, p) if u in dead), None))]
    for publication, link in found:
        transitions.move(
            session, publication, Act.HOLD, actor=None, now=now, reason=Reason.LINK,
            explanation=f"A link does not work: {link} ({dead[link]})",
        )  # fmt: skip
    return len(found)


def expire_uncleared(session: Session, *, now: datetime, most: int = 200) -> int:
    """What waits for a clearance past its time expires: nothing is ever approved by silence. Returns how many."""
    waiting = session.scalars(
        select(Publication)
        .where(
            Publication.state == PublicationState.BLOCKED,
            Publication.reason == Reason.APPROVAL,
            Publication.late_at <= now,
        )
        .limit(most)
    ).all()
    for publication in waiting:
        transitions.move(
            session, publication, Act.EXPIRE, actor=None, now=now, reason=Reason.APPROVAL,
            explanation="It was not cleared in time.",
        )  # fmt: skip
    return len(waiting)


def _account_is_back(session: Session, most: int) -> list[Publication]:
    return list(
        session.scalars(
            select(Publication)
            .join(Account, Account.id == Publication.account_id)
            .where(
                Publication.state == PublicationState.BLOCKED,
                Publication.reason == Reason.ACCOUNT,
                Account.state == AccountState.ACTIVE,
            )
            .limit(most)
        )
    )


def _links_work(session: Session, most: int) -> list[Publication]:
    """Held for a link, and no link of the payload is known to be dead any more."""
    held = session.scalars(
        select(Publication)
        .where(Publication.state == PublicationState.HELD, Publication.reason == Reason.LINK)
        .limit(most)
    ).all()
    dead = set(session.scalars(select(LinkCheck.url).where(LinkCheck.is_ok.is_(False)))) if held else set()
    return [p for p in held if not dead & set(_links(session, p))]


def links_planned(session: Session) -> set[str]:
    """Every link of what has not gone out yet and is bound."""
    payloads = session.scalars(
        select(Rendition.payload)
        .join(Publication, Publication.rendition_id == Rendition.id)
        .where(Publication.state.in_((PublicationState.PLANNED, PublicationState.HELD)))
        .order_by(Publication.due_at)
        .limit(2000)
    )
    return {link for payload in payloads for link in json.loads(payload)["links"]}


def _links(session: Session, publication: Publication) -> list[str]:
    rendition = session.get(Rendition, publication.rendition_id) if publication.rendition_id else None
    links: list[str] = json.loads(rendition.payload)["links"] if rendition else []
    return links
