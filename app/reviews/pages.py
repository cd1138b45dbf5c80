"""What the pages of review show: gathered here, so that a view is load, form, verb and answer."""

from typing import Any

from flask import g, render_template, request, url_for

from app.changes import changes_between
from app.extensions import db, me, now
from app.formatting import gettext as _
from app.forms import choices
from app.navigation import at_most
from app.previews import revision_previews
from app.reading import changed_since, facts_of, found_words, links_of
from app.reviews.forms import CommentForm, DecisionForm, FindingForm, QuestionForm
from content_library import after_reviews, discussion, pressing, review_queue, reviews, suggestions
from content_library import permissions as may
from content_library.boundary_rules import findings_of
from content_library.errors import Refusal
from content_library.in_place_of import people_away
from content_library.models.format import Kind
from content_library.models.post import Revision
from content_library.models.review import Review, Submission
from content_library.review_queue import QueueFilter
from content_library.submissions import open_submission
from content_library.terms_pages import copies_of

KINDS = {
    Kind.EDU_TAINING: _("Edu-taining"),
    Kind.QUESTION: _("Question"),
    Kind.PROMOTION: _("Promotion and service"),
}


def queue_page(wanted: QueueFilter, page: int) -> str:
    """What waits for this person; with nothing there, what they decided lately."""
    found = review_queue.queue(db(), me(), wanted, page=page)
    return render_template(
        "reviews/queue.html",
        wanted=wanted,
        found=found,
        counts=_counts(wanted, found.total),
        samples=after_reviews.samples_count(db(), me()),
        given=review_queue.given(db(), found.reviews),
        at_most=at_most,
        desk_choices=_desk_choices(),
        kind_choices=[("", _("Every kind")), *((k.value, name) for k, name in KINDS.items())],
        chips=_chips(wanted),
        lately=review_queue.decided_lately(db(), me()) if not found.reviews else [],
        waited=lambda review: review_queue.waited(review, now=now()),
        beside=_beside,
        in_place_of=_in_place_of,
        url=_queue_url,
    )


def _desk_choices() -> list[tuple[str, str]]:
    """The desks this person clears for; nothing to choose when it is one."""
    served = [d for d in g.desks if may.can_review(me(), d.id)]
    return [("", _("Every desk")), *((d.handle, d.name) for d in served)] if len(served) > 1 else []


def _chips(wanted: QueueFilter) -> list[dict[str, str]]:
    """The filters in use, each with the address without it."""
    desk = next((d for d in g.desks if d.id == wanted.desk_id), None)
    shown = {
        "q": f"“{wanted.query}”" if wanted.query else "",
        "desk": desk.name if desk else "",
        "kind": KINDS[wanted.kind] if wanted.kind else "",
    }
    return [
        {"label": label, "remove_url": _queue_url(**{key: None})} for key, label in shown.items() if label
    ]


def _counts(wanted: QueueFilter, total: int) -> dict[bool, int]:
    """How many stand behind each tab (`True` is the author’s), up to a hundred."""
    other = review_queue.waiting_count(db(), me(), desk_id=wanted.desk_id, asked=not wanted.asked)
    return {wanted.asked: total, not wanted.asked: other}


def _beside(review: Review) -> list[Review]:
    """The other teams of the same step."""
    return [r for r in review.submission.reviews if r.step == review.step and r.id != review.id]


def _in_place_of(review: Review) -> str:
    """The names of those for whom this person may decide here; empty when it is their own team’s."""
    return ", ".join(person.name for person in people_away(review, me()))


def _queue_url(**changed: Any) -> str:
    """The address of the queue with some of what is asked for changed; nothing asked for is left out."""
    kept = {k: v for k, v in request.args.items() if k in ("q", "desk", "kind", "asked", "page")}
    asked = {**kept, "page": None, **changed}
    return url_for("reviews.queue", **{k: v for k, v in asked.items() if v})


def review_page(
    review: Review,
    *,
    decision: DecisionForm | None = None,
    comment: CommentForm | None = None,
    question: QuestionForm | None = None,
    finding: FindingForm | None = None,
) -> str:
    """One review: what goes out, what changed, who else is asked, and the bar to decide with."""
    submission = review.submission
    previous, following = review_queue.neighbours(db(), me(), review)
    shown = reading(review)
    networks = _networks(shown["previews"])
    return render_template(
        "reviews/show.html",
        **shown,
        links=links_of(submission.revision),
        facts=facts_of(db(), submission.post, submission.revision, now=now()),
        after=_after(review, finding),
        comments=discussion.comments(db(), submission.post),
        suggested=suggestions.of_post(db(), submission.post),
        waited=review_queue.waited(review, now=now()),
        left=review_queue.waiting_count(db(), me()),
        networks=networks,
        previous=previous,
        following=following,
        decision=_placed(decision or _fresh_decision(submission), networks),
        comment=_placed(comment or CommentForm(formdata=None), networks),
        question=_placed(question or QuestionForm(formdata=None), networks),
    )


def reading(review: Review) -> dict[str, Any]:
    """What somebody has to see to decide: the exact text, what changed, what was found, what stands in the way."""
    submission = review.submission
    findings = findings_of(db(), submission)
    return {
        "review": review,
        "submission": submission,
        "post": submission.post,
        "revision": submission.revision,
        "previews": revision_previews(
            db(), submission.revision, review.desk_id, marked=found_words(findings)
        ),
        "since": changed_since(db(), review),
        "findings": findings,
        "terms": copies_of(db(), submission),
        "obstacle": reviews.obstacle(db(), review, me()),
        "pressed": pressing.pending_of(db(), submission, me()),
        "checklist": reviews.checklist(review, me()),
        "in_place_of": _in_place_of(review),
    }


def _after(review: Review, form: FindingForm | None) -> dict[str, Any]:
    """What was found afterwards in what an agreement cleared."""
    if not review.cleared_under:
        return {}
    return {
        "sample": after_reviews.sample_of(db(), review),
        "breach": after_reviews.breach_of(db(), review),
        "obstacle": after_reviews.obstacle(db(), review, me()),
        "form": form or FindingForm(formdata=None),
    }


def _networks(previews: list[dict[str, Any]]) -> list[tuple[str, str]]:
    named = {item["network"]: item["label"].partition(" · ")[0] for item in previews}
    return [("", _("Anywhere")), *named.items()]


def _placed(form: Any, networks: list[tuple[str, str]]) -> Any:
    form.network.choices = choices(networks)
    return form


def _fresh_decision(submission: Submission) -> DecisionForm:
    return DecisionForm(
        formdata=None, seen_revision=submission.revision_id, seen_hash=submission.content_hash
    )


def moved_on_page(review: Review, refusal: Refusal, seen: int | None) -> str:
    """Too late: what happened meanwhile, what changed in the text, and where to go on."""
    submission = review.submission
    newer = open_submission(db(), submission.post)
    newer = newer if newer is not None and newer.id != submission.id else None
    read = db().get(Revision, seen) if seen else None
    there = (newer or submission).revision
    differs = read is not None and read.post_id == there.post_id and read.id != there.id
    return render_template(
        "reviews/moved_on.html",
        review=review,
        submission=submission,
        post=submission.post,
        sentence=refusal.message,
        suggested=suggestions.of_post(db(), submission.post),
        between=changes_between(read, there, submission.post) if differs and read else None,
        read=read,
        there=there,
        newer=next((r for r in newer.reviews if r.team_id == review.team_id), None) if newer else None,
        following=review_queue.next_review(db(), me(), review),
    )
