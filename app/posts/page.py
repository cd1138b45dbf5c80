"""A post's own page: what stands there now, what became of it, and what can be done with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import render_template
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.extensions import db, desk, me, now
from app.formatting import gettext as _
from app.formatting import linked
from app.posts.forms import LANGUAGES, ActForm, CommentForm, SubmissionForm, WithdrawalForm
from app.previews import revision_previews
from content_library import discussion, posts, submissions, suggestions
from content_library.approvals import approval_in_force
from content_library.content import text_for
from content_library.fact_values import Outdated, outdated
from content_library.formats import AUDIENCES, INGREDIENTS, ONWARD, FieldType
from content_library.models.format import Format
from content_library.models.post import Post, PostState, Rendition, Revision
from content_library.models.review import Approval, Submission, SubmissionState
from content_library.revisions import latest_revision
from content_library.turnaround import usual_turnaround
from scheduler.agenda import of_post
from scheduler.runs import by_run

MOST_PUBLICATIONS = 12


@dataclass(frozen=True)
class Standing:
    """Which revision is newest, which is approved, which is in review: often one, sometimes three."""

    post: Post
    latest: Revision | None
    approval: Approval | None
    submission: Submission | None
    outdated: Sequence[Outdated] = ()

    @property
    def is_split(self) -> bool:
        """Something other than the newest revision is what would go out."""
        return bool(self.approval and self.latest and self.approval.revision_id != self.latest.id)

    @property
    def is_in_review(self) -> bool:
        return self.submission is not None

    @property
    def may_submit(self) -> bool:
        if self.latest is None or self.post.state is PostState.ARCHIVED or self.outdated:
            return False
        under_way = self.submission and self.submission.revision_id == self.latest.id
        cleared = self.approval and self.approval.revision_id == self.latest.id
        return not under_way and not cleared


def post_page(
    post: Post,
    *,
    comment: CommentForm | None = None,
    submission: SubmissionForm | None = None,
    withdrawal: WithdrawalForm | None = None,
) -> str:
    """The page, with the form that was refused still filled in."""
    latest = _latest(post)
    sent = submissions.submissions_of(db(), post)
    under_way = next((s for s in sent if s.state is SubmissionState.OPEN), None)
    parent = db().get(Post, post.parent_id) if post.parent_id else None
    changed = outdated(db(), latest) if latest and post.state is not PostState.ARCHIVED else []
    publications = of_post(db(), post)
    standing = Standing(post, latest, approval_in_force(db(), post, now=now()), under_way, changed)
    return render_template(
        "posts/show.html",
        post=post,
        standing=standing,
        latest=latest,
        copy=posts.find_working_copy(db(), post, actor=me()),
        previews=revision_previews(db(), latest, desk().id) if latest else [],
        text=text_for(latest.content, "") if latest else "",
        submissions=sent,
        usual=usual_turnaround(db(), [r.team_id for r in under_way.reviews] if under_way else [], now()),
        comments=discussion.comments(db(), post),
        suggested=suggestions.of_post(db(), post),
        publications=publications,
        runs=by_run(publications, most=MOST_PUBLICATIONS),
        facts=_facts(post, latest) if latest else [],
        fact_values=latest.content.get("facts", {}) if latest else {},
        parent=parent,
        parent_changed=_has_changed_since(parent, latest),
        children=_children(post),
        comment_form=comment or CommentForm(formdata=None),
        submission_form=submission or SubmissionForm(formdata=None),
        withdrawal_form=withdrawal or WithdrawalForm(formdata=None),
        act=ActForm(formdata=None),
    )


def _latest(post: Post) -> Revision | None:
    """The newest revision with what every account will show of it."""
    shown = joinedload(Revision.renditions).joinedload(Rendition.account)
    who = joinedload(Revision.created_by).lazyload("*")
    revision_id = post.latest_revision_id
    return db().get(Revision, revision_id, options=[shown, who]) if revision_id else None


def _has_changed_since(parent: Post | None, latest: Revision | None) -> bool:
    """Whether the post this was made from says something else since this one was last revised."""
    theirs = latest_revision(db(), parent) if parent else None
    return bool(theirs and latest and theirs.created_at > latest.created_at)


def _children(post: Post) -> list[Post]:
    children = select(Post).where(Post.parent_id == post.id).order_by(Post.id).limit(20)
    return list(db().scalars(children))


def _facts(post: Post, latest: Revision) -> list[tuple[str, Any]]:
    """What a revision says beside its text: (term, value), without what is empty."""
    content = latest.content
    format_ = db().get_one(Format, content["format"])
    rows = [(_("Format"), format_.name)]
    for spec in format_.fields:
        if spec["type"] != FieldType.BUILTIN and content["fields"].get(spec["key"]):
            rows.append((spec["label"], _value(content["fields"][spec["key"]], spec["type"])))
    marks = [
        name
        for key, name in (("educational", _("educational")), ("entertaining", _("entertaining")))
        if content[key]
    ]
    onward = content["onward"]
    rows += [
        (_("Topics"), ", ".join(t.name for t in post.topics)),
        (_("Products"), ", ".join(p.name for p in post.products)),
        (_("Audience"), AUDIENCES.get(content["audience"], content["audience"])),
        (_("Gives the stream"), ", ".join([INGREDIENTS.get(content["ingredient"], ""), *marks]).strip(", ")),
        (
            _("From here people go to"),
            f"{ONWARD[onward['kind']]} {onward['url']}" if onward["kind"] != "none" else "",
        ),
        (_("Evergreen"), _("yes, it may run again") if content["evergreen"] else ""),
        (_("Valid from"), content["valid_from"].replace("T", " ")),
        (_("Valid until"), content["valid_until"].replace("T", " ")),
        (_("Look at it again by"), content["review_by"]),
        (_("Source"), " · ".join(filter(None, content["source"].values()))),
        (_("Language"), LANGUAGES.get(content["language"], content["language"])),
    ]
    return [(term, linked(value)) for term, value in rows if value]


def _value(value: Any, type_: str) -> str:
    if value is True:
        return _("yes")
    return str(value).replace("T", " ") if type_ == FieldType.MOMENT else str(value)
