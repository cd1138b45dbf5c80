"""What an account has earned by publishing: the figures of its ladder."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from content_library.ladder_stages import on_the_ladder
from content_library.models.format import Format
from content_library.models.post import Post
from scheduler.gate import Reason
from scheduler.models import Publication, PublicationState


def published_since(session: Session, account_id: int, since: datetime) -> int:
    """How many different posts went out there and still stand. Notices of trouble earn nothing."""
    return (
        session.scalar(
            select(func.count(Publication.post_id.distinct()))
            .join(Post, Post.id == Publication.post_id)
            .join(Format, Format.key == Post.format_key)
            .where(
                Publication.account_id == account_id,
                Publication.state == PublicationState.PUBLISHED,
                Publication.published_at >= since,
                Publication.take_down_wanted_at.is_(None),
                on_the_ladder(),
            )
        )
        or 0
    )


def take_downs(session: Session, account_id: int) -> list[datetime]:
    """When something that had gone out there was taken down, or asked to be."""
    when = func.coalesce(Publication.taken_down_at, Publication.take_down_wanted_at)
    return list(
        session.scalars(
            select(when).where(
                Publication.account_id == account_id,
                Publication.take_down_wanted_at.is_not(None),
            )
        )
    )


def waiting_for_a_stage(session: Session, account_id: int) -> int:
    """How many publications wait there for a higher stage."""
    waiting = select(func.count(Publication.id)).where(
        Publication.account_id == account_id,
        Publication.state == PublicationState.BLOCKED,
        Publication.reason == Reason.LADDER,
    )
    return session.scalar(waiting) or 0
