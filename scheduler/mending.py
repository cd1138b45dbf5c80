"""What is blocked or held goes on by itself once the cause is gone; what waited past its time ends in words."""

import json
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Select, String, and_, cast, literal, or_, select, update
from sqlalchemy.orm import Session

from content_library.boundary_rules import boundaries_stamp
from content_library.models.account import Account, AccountState
from content_library.models.desk import Setting
from content_library.models.feed import LinkCheck
from content_library.models.notice import Notice
from content_library.models.post import Rendition
from scheduler import endings, transitions
from scheduler.binding import foresee, has_begun, let_go
from scheduler.gate import Reason
from scheduler.half_out import stands
from scheduler.models import Publication, PublicationState
from scheduler.publication_flow import Act
from scheduler.stage_changes import reaching_again

_WALK = "boundaries_applied"


def release_mended(session: Session, *, now: datetime, most: int = 200) -> int:
    """Publications whose account is connected again, whose links work again, that touch no boundary any more or that
    their account's stage allows now go on.

    Those past their grace become missed at the gate; the others keep the account's least gap. Returns how many.
    """
    mended = [
        *_account_is_back(session, most),
        *_links_work(session, most),
        *_touching(session, most),
        *reaching_again(session, most=most),
    ]
    for publication in mended:
        let_go(session, publication, actor=None, now=now, reason="mended", explanation="The cause is gone.")
    return sum(publication.state is PublicationState.PLANNED for publication in mended)


def forget_what_moved_on(session: Session, *, now: datetime) -> None:
    """What is no longer so, and nobody has been written about yet, counts as read: no mail follows."""
    still = select(Publication.id).where(
        Publication.id == Notice.subject_id,
        or_(
            Notice.kind == literal("publication.") + cast(Publication.state, String),
            and_(Notice.kind == "publication.take_down", Publication.taken_down_at.is_(None)),
            Notice.kind == "publication.left_there",
            and_(Notice.kind == "publication.gone", Publication.gone_at.is_not(None)),
        ),
    )
    session.execute(
        update(Notice)
        .where(
            Notice.mailed_at.is_(None),
            Notice.read_at.is_(None),
            Notice.subject_type == "publication",
            ~still.exists(),
        )
        .values(read_at=now)
        .execution_options(synchronize_session=False)
    )


def hold_dead_links(session: Session, *, now: datetime, most: int = 200) -> int:
    """What is planned with a link that does not work is held ahead of its time, and says so. Returns how many."""
    rows = session.execute(select(LinkCheck.url, LinkCheck.error).where(LinkCheck.is_ok.is_(False))).all()
    dead: dict[str, str] = {row.url: row.error for row in rows}
    if not dead:
        return 0
    found = 0
    for publication, payload in session.execute(_planned_with(dead, most)):
        link = next((url for url in json.loads(payload)["links"] if url in dead), None)
        if link is not None:
            transitions.move(
                session, publication, Act.HOLD, actor=None, now=now, reason=Reason.LINK,
                explanation=f"A link does not work: {link} ({dead[link]})",
            )  # fmt: skip
            found += 1
    return found


def _planned_with(dead: Iterable[str], most: int) -> Select[Publication, str]:
    """Candidates: the address stands somewhere in the payload."""
    named = or_(
        *(Rendition.payload.contains(json.dumps(u, ensure_ascii=False), autoescape=True) for u in dead)
    )
    return (
        select(Publication, Rendition.payload)
        .join(Rendition, Rendition.id == Publication.rendition_id)
        .where(Publication.state == PublicationState.PLANNED, named)
        .order_by(Publication.due_at)
        .limit(most)
    )


def expire_uncleared(session: Session, *, now: datetime, most: int = 200) -> int:
    """What waits for a clearance past its time expires: nothing is ever approved by silence. Returns how many.

    What has begun is missed instead, and people are told: it keeps its text, and they decide about the rest.
    """
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
        if has_begun(session, publication):
            _miss_the_rest(session, publication, now=now)
            continue
        transitions.move(
            session, publication, Act.EXPIRE, actor=None, now=now, reason=Reason.APPROVAL,
            explanation="It was not cleared in time.",
        )  # fmt: skip
    return len(waiting)


def _miss_the_rest(session: Session, publication: Publication, *, now: datetime) -> None:
    said = "It had begun with a text that lost its approval, and nothing of it is out. Cancel it and plan it anew, "
    if stands(session, publication):
        said = (
            "A part of it is out, and the rest lost its approval and was not cleared again in time. Cancel the rest, "
            "and take down what is out if it should not stand alone; "
        )
    said += "or have exactly that revision cleared again and choose a new time."
    transitions.move(session, publication, Act.RELEASE, actor=None, now=now, reason=Reason.LATE)
    transitions.move(
        session, publication, Act.MISS, actor=None, now=now, reason=Reason.LATE, explanation=said
    )
    endings.tell(session, publication.id, now=now)


def block_account(session: Session, account: Account, *, now: datetime) -> int:
    """An account is out of use: what is planned there says so now, not only at its time. Returns how many."""
    planned = session.scalars(
        select(Publication)
        .where(Publication.account_id == account.id, Publication.state == PublicationState.PLANNED)
        .with_for_update()
    ).all()
    for publication in planned:
        transitions.move(
            session, publication, Act.BLOCK, actor=None, now=now, reason=Reason.ACCOUNT,
            explanation=f"{account.handle} is out of use.",
        )  # fmt: skip
    return len(planned)


def miss_blocked(session: Session, *, now: datetime, most: int = 200) -> int:
    """What was cleared but could not go until past its grace needs a person. Returns how many."""
    waiting = session.scalars(
        select(Publication)
        .where(
            Publication.state == PublicationState.BLOCKED,
            Publication.reason != Reason.APPROVAL,
            Publication.payload_sha256.is_not(None),
            Publication.late_at <= now,
        )
        .limit(most)
    ).all()
    for publication in waiting:
        why = f"Its time passed while it could not go out. {publication.explanation}".strip()
        transitions.move(session, publication, Act.RELEASE, actor=None, now=now, reason=Reason.LATE)
        transitions.move(
            session, publication, Act.MISS, actor=None, now=now, reason=Reason.LATE, explanation=why
        )
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


def _touching(session: Session, most: int) -> list[Publication]:
    """Blocked at a boundary or an agreement: whoever lets them go looks again first."""
    blocked = select(Publication).where(
        Publication.state == PublicationState.BLOCKED,
        Publication.reason.in_((Reason.BOUNDARY, Reason.AGREEMENT)),
        Publication.payload_sha256.is_not(None),
    )
    return list(session.scalars(blocked.order_by(Publication.due_at).limit(most)))


def apply_boundaries(session: Session, *, now: datetime, most: int = 200) -> int:
    """What is planned and touches a boundary that has changed since is blocked now, and says so. Returns how many.

    Goes on where it stopped, and begins again when the boundaries in force are others than before.
    """
    in_force = boundaries_stamp(session, now=now)
    kept = session.get(Setting, _WALK) or Setting(key=_WALK, value={"in_force": "", "after": 0})
    after = kept.value["after"] if kept.value["in_force"] == in_force else 0
    if after is None:
        return 0
    planned = session.scalars(
        select(Publication)
        .where(Publication.state == PublicationState.PLANNED, Publication.id > after)
        .order_by(Publication.id)
        .limit(most)
    ).all()
    kept.value = {"in_force": in_force, "after": planned[-1].id if len(planned) == most else None}
    session.add(kept)
    return sum(_block_touching(session, publication, now=now) for publication in planned)


def _block_touching(session: Session, publication: Publication, *, now: datetime) -> bool:
    foreseen = foresee(session, publication)
    if foreseen is None or foreseen.reason is not Reason.BOUNDARY:
        return False
    transitions.move(
        session,
        publication,
        foreseen.act,
        actor=None,
        now=now,
        reason=foreseen.reason,
        explanation=foreseen.sentence,
    )
    return True


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
