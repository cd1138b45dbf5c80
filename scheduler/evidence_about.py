"""What the sections of an evidence pack have in common: the post, and the rows around it, each read once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from content_library.models.audit import AuditEntry
from content_library.models.legal_hold import LegalHold
from content_library.models.post import Post, Rendition, Revision
from content_library.models.review import Approval, Comment, Decision, Review, Submission
from content_library.models.user import User
from scheduler.models import Hold, HoldScope, Publication


@dataclass
class About:
    """The post of a pack, with what several sections need of it."""

    session: Session
    post: Post
    key: str

    def all(self, table: type[Any], *conditions: Any, options: Iterable[Any] = ()) -> Sequence[Any]:
        query = select(table).where(*conditions).order_by(*table.__table__.primary_key.columns)
        return self.session.scalars(query.options(*options)).unique().all()

    def person(self, user_id: int | None) -> dict[str, Any] | None:
        found = self.session.get(User, user_id) if user_id is not None else None
        return {"id": found.id, "name": found.name} if found else None

    @cached_property
    def revisions(self) -> Sequence[Revision]:
        loaded = (
            selectinload(Revision.renditions).joinedload(Rendition.account),
            selectinload(Revision.authors),
            joinedload(Revision.created_by),
        )
        return self.all(Revision, Revision.post_id == self.post.id, options=loaded)

    @cached_property
    def submissions(self) -> Sequence[Submission]:
        decided = selectinload(Submission.reviews).selectinload(Review.decisions).joinedload(Decision.user)
        return self.all(Submission, Submission.post_id == self.post.id, options=(decided,))

    @cached_property
    def approvals(self) -> Sequence[Approval]:
        return self.all(Approval, Approval.post_id == self.post.id)

    @cached_property
    def comments(self) -> Sequence[Comment]:
        return self.all(Comment, Comment.post_id == self.post.id, options=(joinedload(Comment.user),))

    @cached_property
    def publications(self) -> Sequence[Publication]:
        loaded = (
            joinedload(Publication.account),
            joinedload(Publication.run),
            selectinload(Publication.parts),
            selectinload(Publication.attempts),
        )
        return self.all(Publication, Publication.post_id == self.post.id, options=loaded)

    @cached_property
    def holds(self) -> Sequence[Hold]:
        """Those that could keep it back while it existed."""
        accounts = {p.account_id for p in self.publications}
        ids = [p.id for p in self.publications]
        scope = or_(
            Hold.publication_id.in_(ids),
            and_(Hold.scope == HoldScope.ACCOUNT, Hold.account_id.in_(accounts)),
            and_(Hold.scope == HoldScope.DESK, Hold.desk_id == self.post.desk_id),
            Hold.scope == HoldScope.ALL,
        )
        then = or_(Hold.lifted_at.is_(None), Hold.lifted_at >= self.post.created_at)
        return self.all(Hold, scope, then, options=(joinedload(Hold.created_by),))

    @cached_property
    def legal_holds(self) -> Sequence[LegalHold]:
        of_it = or_(LegalHold.post_id.is_(None), LegalHold.post_id == self.post.id)
        return self.all(LegalHold, LegalHold.desk_id == self.post.desk_id, of_it)

    @cached_property
    def entries(self) -> Sequence[AuditEntry]:
        """What the record says about the post and everything made of it."""
        about = {
            "post": [self.post.id],
            "submission": [s.id for s in self.submissions],
            "review": [r.id for s in self.submissions for r in s.reviews],
            "approval": [a.id for a in self.approvals],
            "comment": [c.id for c in self.comments],
            "publication": [p.id for p in self.publications],
            "hold": [h.id for h in self.holds],
            "legalhold": [h.id for h in self.legal_holds],
        }
        subjects = [
            and_(AuditEntry.subject_type == kind, AuditEntry.subject_id.in_(ids))
            for kind, ids in about.items()
            if ids
        ]
        return self.all(AuditEntry, or_(*subjects), options=(joinedload(AuditEntry.payload),))
