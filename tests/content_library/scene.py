"""A desk with its people, for tests of review: an author, a lead, an auditor, and one person in each team."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library.models.audit import AuditEntry
from content_library.models.desk import Desk
from content_library.models.format import Format, Kind, Tone
from content_library.models.notice import Notice
from content_library.models.post import Post
from content_library.models.review import Review, Submission
from content_library.models.user import DeskRole, User
from tests import factories as make
from tests.factories import NOW

CELEBRITY = {"format_key": "celebrity_news", "fields": {"relevance": "A chef uses our bowl."}}


@dataclass
class Scene:
    session: Session
    desk: Desk
    maya: User  # agent, the author
    jonas: User  # agent
    priya: User  # lead
    ruth: User  # auditor
    reviewers: dict[str, User]

    def post(self, **content: Any) -> Post:
        return make.make_post(self.session, self.desk, self.maya, **content)

    def side_by_side(self, **content: Any) -> Post:
        """A post that PR and Legal clear in the same step."""
        return self.post(**{**CELEBRITY, **content})

    def one_after_the_other(self, **content: Any) -> Post:
        """A post that Marketing clears before Legal sees it."""
        steps = [[{"team": "marketing", "why": "Voice."}], [{"team": "legal", "why": "Promises."}]]
        return self.post(format_key=self.format("in_order", steps).key, **content)

    def format(self, key: str, steps: list[list[dict[str, Any]]], **known: Any) -> Format:
        format_ = Format(
            key=key, kind=Kind.PROMOTION, name=key, purpose="", tone=Tone.NEUTRAL, fields=[], steps=steps,
            position=90, **known,
        )  # fmt: skip
        self.session.add(format_)
        self.session.flush()
        return format_

    def submit(self, post: Post, *, now: datetime = NOW) -> Submission:
        return make.submit(self.session, post, self.maya, now=now)

    def review(self, submission: Submission, team: str) -> Review:
        return next(r for r in submission.reviews if r.team.key == team)

    def told(self, person: User, kind: str = "") -> list[Notice]:
        found = self.session.scalars(select(Notice).where(Notice.user_id == person.id).order_by(Notice.id))
        return [n for n in found if kind in ("", n.kind)]

    def recorded(self, verb: str) -> list[AuditEntry]:
        self.session.flush()
        return list(
            self.session.scalars(select(AuditEntry).where(AuditEntry.verb == verb).order_by(AuditEntry.id))
        )


def make_scene(session: Session) -> Scene:
    desk = make.make_desk(session)
    return Scene(
        session=session,
        desk=desk,
        maya=make.make_user(session, "Maya Okafor", desk=desk),
        jonas=make.make_user(session, "Jonas Weil", desk=desk),
        priya=make.make_user(session, "Priya Raman", desk=desk, role=DeskRole.LEAD),
        ruth=make.make_user(session, "Ruth Adler", desk=desk, role=DeskRole.AUDITOR),
        reviewers=make.make_reviewers(session),
    )
