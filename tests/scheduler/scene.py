"""A desk with its people and one post, and how far each test takes it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library.approvals import approval_in_force
from content_library.models.account import Account
from content_library.models.desk import Desk
from content_library.models.feed import LinkCheck
from content_library.models.post import Post
from content_library.models.review import Approval, Review, ReviewState, Verdict
from content_library.models.user import DeskRole, User
from scheduler import gate
from scheduler.models import Publication
from scheduler.planning import WallTime
from tests import factories as make

NOW = make.NOW
LATER = NOW + timedelta(hours=3)


@dataclass
class Scene:
    session: Session
    desk: Desk
    maya: User
    priya: User
    reviewers: dict[str, User]
    page: Account
    post: Post

    def submit(self) -> None:
        make.submit(self.session, self.post, self.maya)

    def clear(self) -> Approval:
        make.clear(self.session, self.post, self.maya, self.reviewers)
        return self.approval()

    def approval(self) -> Approval:
        found = approval_in_force(self.session, self.post)
        assert found is not None
        return found

    def decide(self, verdict: Verdict) -> None:
        """Submit, and let the first team that is asked say this."""
        self.submit()
        review = self.session.scalars(select(Review).where(Review.state == ReviewState.OPEN)).first()
        assert review is not None
        make.decide(self.session, review, self.reviewers[review.team.key], verdict)

    def plan(
        self, account: Account | None = None, due_at: datetime = LATER, now: datetime = NOW
    ) -> Publication:
        return make.plan(self.session, self.post, account or self.page, self.maya, due_at=due_at, now=now)

    def ask(
        self, publication: Publication, at: datetime | None = None, **known: Any
    ) -> gate.Passed | gate.No:
        self.session.flush()
        return gate.ask(self.session, publication.id, now=at or publication.due_at, **known)


def a_scene(session: Session, **content: Any) -> Scene:
    desk = make.make_desk(session)
    maya = make.make_user(session, "Maya Okafor", desk=desk)
    priya = make.make_user(session, "Priya Raman", desk=desk, role=DeskRole.LEAD)
    reviewers = make.make_reviewers(session)
    page = make.page_of(session, desk)
    accounts = content.pop("accounts", [page.id])
    post = make.make_post(session, desk, maya, accounts=accounts, **content)
    return Scene(session, desk, maya, priya, reviewers, page, post)


def utc(instant: datetime) -> WallTime:
    return WallTime(instant.replace(tzinfo=None).isoformat(timespec="seconds"), "UTC")


def a_link_check(url: str, *, is_ok: bool) -> LinkCheck:
    error = "" if is_ok else "404 Not Found"
    return LinkCheck(url=url, is_ok=is_ok, error=error, checked_at=NOW, watched_at=NOW, due_at=NOW)
