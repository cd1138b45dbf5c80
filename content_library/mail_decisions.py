"""Deciding through the link of a mail: as the person it was written to, on the text it was written about.

A link decides at most once. It is worth nothing as soon as the person could not decide signed in either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from content_library import audit, decision_links, discussion, reviews, standing_in
from content_library.decision_links import SETTING, is_switched_on, may_use
from content_library.errors import PermissionDenied, TransitionNotAllowed
from content_library.models.decision_link import DecisionLink
from content_library.models.desk import Setting
from content_library.models.review import Comment, Decision, SubmissionState, Verdict
from content_library.models.user import User
from content_library.notices import notify
from content_library.permissions import can_manage_people, require
from content_library.submission_steps import about
from content_library.transitions import flush, hold_deciders

IDENTIFIED_BY = "e-mail link"


class Why(StrEnum):
    """Why a link decides nothing any more."""

    SPENT = "spent"
    EXPIRED = "expired"
    OVERTAKEN = "overtaken"
    OVER = "over"
    SWITCHED_OFF = "switched_off"
    NOT_YOURS = "not_yours"


@dataclass(frozen=True)
class Closed:
    why: Why
    sentence: str


def closed(session: Session, link: DecisionLink, *, now: datetime) -> Closed | None:
    """Why this link decides nothing now, in words; None when it does."""
    standing_in.resolve(session, link.user, now=now)
    if link.used_at is not None:
        return Closed(Why.SPENT, "It works once, and has been used.")
    if not may_use(session, link.user):
        return Closed(Why.SWITCHED_OFF, "Links in mails decide nothing here now.")
    refusal = reviews.obstacle(session, link.review, link.user)
    if isinstance(refusal, PermissionDenied):
        return Closed(Why.NOT_YOURS, _not_yours(link))
    if link.review.submission.state is SubmissionState.SUPERSEDED:
        return Closed(Why.OVERTAKEN, "A newer text was sent in place of the one in your mail.")
    if refusal is not None:
        return Closed(Why.OVER, refusal.message)
    if link.expires_at <= now:
        return Closed(Why.EXPIRED, "A link works for seven days, and these are over.")
    return None


def _not_yours(link: DecisionLink) -> str:
    if any(author.id == link.user_id for author in link.revision.authors):
        return "You wrote part of this text, so somebody else has to decide on it."
    return f"You are not asked to decide for {link.review.team.name} any more."


def decide(
    session: Session,
    link: DecisionLink,
    verdict: Verdict,
    *,
    now: datetime,
    reason: str = "",
    place: Mapping[str, str] | None = None,
    checked: Sequence[str] = (),
) -> Decision:
    """The decision of the person the link belongs to, on the revision and hash it was made for; it is spent with it.

    Raises TransitionNotAllowed when it is worth nothing any more, and what `reviews.decide` raises.
    """
    _hold(session, link, now=now)
    decision = reviews.decide(
        session,
        link.review,
        verdict,
        actor=link.user,
        now=now,
        seen_revision_id=link.revision_id,
        seen_hash=link.content_hash,
        reason=reason,
        place=place,
        checked=checked,
        identified_by=IDENTIFIED_BY,
    )
    decision_links.spend(session, link, now=now)
    return decision


def ask(
    session: Session,
    link: DecisionLink,
    question: str,
    *,
    now: datetime,
    place: Mapping[str, str] | None = None,
) -> Comment:
    """Ask the author as the person the link belongs to. The link stays good for the decision."""
    _hold(session, link, now=now)
    return discussion.ask(session, link.review, question, actor=link.user, now=now, place=place)


def _hold(session: Session, link: DecisionLink, *, now: datetime) -> None:
    # First, as whoever decides does: two links of one person wait for each other.
    hold_deciders(session, link.user, link.review.team_id, now=now)
    decision_links.hold(session, link)
    shut = closed(session, link, now=now)
    if shut is not None:
        raise TransitionNotAllowed(shut.sentence)


def ask_for_another(session: Session, link: DecisionLink, *, now: datetime) -> None:
    """Write to the person again, once for each link that grew too old: the new mail brings a new one.

    Raises TransitionNotAllowed when age is not what is wrong with it.
    """
    decision_links.hold(session, link)
    shut = closed(session, link, now=now)
    if shut is None or shut.why is not Why.EXPIRED:
        raise TransitionNotAllowed(shut.sentence if shut else "This link still works.")
    submission = link.review.submission
    notify(
        session, [link.user_id], "review.reminder", link.review, stage=f"link {link.id}",
        text=f"“{submission.post.title}” still waits for {link.review.team.name}.", now=now,
        details=about(submission),
    )  # fmt: skip


def decided(session: Session, link: DecisionLink) -> Decision | None:
    """What this person decided on what the link was for, by whichever way."""
    return session.scalar(
        select(Decision).where(
            Decision.submission_id == link.review.submission_id, Decision.user_id == link.user_id
        )
    )


def switch(session: Session, *, on: bool, actor: User, now: datetime) -> None:
    """Let people of this installation decide by mail, or not. Links that are out already follow at once."""
    require(can_manage_people(actor), "Only administrators can change how people decide.")
    if is_switched_on(session) == on:
        return
    setting = session.merge(Setting(key=SETTING, value={"on": on}))
    flush(session)
    said = f"Switched deciding by mail {'on' if on else 'off'}"
    audit.record(session, "setting.changed", setting, actor=actor, now=now, summary=said, details={"on": on})


def depending(session: Session) -> int:
    """How many people can decide by mail only."""
    outside = select(func.count()).select_from(User).where(User.is_external, User.is_active)
    return session.scalar(outside) or 0
