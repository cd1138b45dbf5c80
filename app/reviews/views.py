"""The pages of `app.reviews`: the queue, one review, and what is sent from there."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, g, redirect, request, url_for

from app.desks import stand_on
from app.extensions import database, db, let_go, me, now, settings
from app.formatting import gettext as _
from app.forms import number
from app.mentions import say_unclear
from app.navigation import at_most
from app.reviews.forms import CommentForm, DecisionForm, QuestionForm
from app.reviews.pages import moved_on_page, queue_page, review_page
from app.sign_in import signed_in
from content_library import discussion, pressing, review_queue, reviews
from content_library.errors import Conflict, TransitionNotAllowed
from content_library.models.format import Kind
from content_library.models.review import Decision, PendingDecision, Review, Verdict
from content_library.review_queue import QueueFilter

blueprint = Blueprint("reviews", __name__)


@blueprint.get("/reviews")
@signed_in
def queue() -> Any:
    let_count()
    desk = next((d for d in g.desks if d.handle == request.args.get("desk", "")), None)
    kind = request.args.get("kind", "")
    wanted = QueueFilter(
        query=request.args.get("q", "")[:200],
        desk_id=desk.id if desk else None,
        kind=Kind(kind) if kind in set(Kind) else None,
        asked=request.args.get("asked", "") == "1",
    )
    return queue_page(wanted, request.args.get("page", 1, type=int))


@blueprint.get("/reviews/<int:review_id>")
@signed_in
def show(review_id: int) -> Any:
    let_count()
    return review_page(review_of(review_id))


@blueprint.post("/reviews/<int:review_id>/decision")
@signed_in
def decide(review_id: int) -> Any:
    review, form = review_of(review_id), DecisionForm()
    decided = form.accepts(
        lambda: pressing.press(
            db(),
            review,
            Verdict(form.verdict.data),
            actor=me(),
            now=now(),
            wait_s=settings().undo_s,
            seen_revision_id=form.seen_revision.data or 0,
            seen_hash=form.seen_hash.data or "",
            reason=form.reason.data or "",
            place=form.place,
            replacement=form.replacement.data or "",
            identified_by=g.web_session.identified_by,
            checked=form.checked.data or [],
        )
    )
    return _go_on(review, form) if decided else (review_page(review, decision=form), 422)


@blueprint.post("/reviews/undone-decisions")
@signed_in
def undo() -> Any:
    """Take back what this person pressed: `review` holds the ids, with commas between."""
    asked = [number(part) for part in request.form.get("review", "").split(",")[: pressing.MOST_AT_ONCE]]
    undone = pressing.undo(db(), asked, actor=me(), now=now())
    if not undone:
        flash(_("Too late to undo: it counts already, or was undone before."), "warn")
        return redirect(url_for("reviews.queue"), 303)
    title = undone[0].submission.post.title
    flash(_("Undone. “{title}” waits for you again.").format(title=title) if len(undone) == 1
          else _("Undone. {count} reviews wait for you again.").format(count=len(undone)), "good")  # fmt: skip
    return _to(undone[0].id if len(undone) == 1 else None)


@blueprint.post("/reviews/<int:review_id>/comments")
@signed_in
def comment(review_id: int) -> Any:
    review, form = review_of(review_id), CommentForm()
    said = form.accepts(
        lambda: discussion.comment(
            db(),
            review.submission.post,
            form.body.data or "",
            actor=me(),
            now=now(),
            revision=review.submission.revision,
            place=form.place,
            replacement=form.replacement.data or "",
        )
    )
    if not said:
        return review_page(review, comment=form), 422
    say_unclear(review.submission.post, form.result.body)
    return redirect(url_for("reviews.show", review_id=review.id, _anchor=f"comment-{form.result.id}"), 303)


@blueprint.post("/reviews/<int:review_id>/question")
@signed_in
def ask(review_id: int) -> Any:
    review, form = review_of(review_id), QuestionForm()
    asked = form.accepts(
        lambda: discussion.ask(db(), review, form.body.data or "", actor=me(), now=now(), place=form.place)
    )
    if not asked:
        return review_page(review, question=form), 422
    say_unclear(review.submission.post, form.result.body)
    flash(_("Asked. Your team’s clock stands until somebody of the desk answers."), "good")
    return _to_next(review)


@blueprint.errorhandler(TransitionNotAllowed)
@blueprint.errorhandler(Conflict)
def moved_on(refusal: Any) -> Any:
    """Nothing was changed; the page says what happened meanwhile."""
    db().rollback()
    db().expire_all()
    review = review_of((request.view_args or {})["review_id"])
    return moved_on_page(review, refusal, request.form.get("seen_revision", type=int)), 409


def review_of(review_id: int) -> Review:
    """The review, with its desk as the one the page stands on."""
    review = reviews.get_review(db(), me(), review_id)
    stand_on(review.submission.post.desk)
    return review


def let_count() -> None:
    """Let what this person pressed count where its time is over, also while no engine runs."""
    if pressing.due(db(), now=now(), person=me()):
        let_go()
        pressing.settle_due(database(), person=me())


def _go_on(review: Review, form: DecisionForm) -> Any:
    said = {
        Verdict.APPROVE: _("Approved “{title}”."),
        Verdict.REQUEST_CHANGES: _("“{title}” goes back to its author for changes."),
        Verdict.REFUSE: _("Refused “{title}”."),
    }
    left = review_queue.waiting_count(db(), me())
    rest = _("{count} left.").format(count=at_most(left)) if left else _("Nothing else waits for you.")
    text = said[Verdict(form.verdict.data)].format(title=review.submission.post.title)
    say(f"{text} {rest}", [form.result])
    return _to_next(review)


def say(text: str, made: Sequence[PendingDecision | Decision]) -> None:
    """What was decided, with the way back while there is one."""
    pending = [str(d.review_id) for d in made if isinstance(d, PendingDecision)]
    if not pending:
        flash(text, "good")
        return
    undo: Any = {"text": text, "undo_url": url_for("reviews.undo"), "fields": {"review": ",".join(pending)}}
    undo |= {"seconds": settings().undo_s, "key": "u", "strict": True}
    flash(undo, "undo")


def _to_next(review: Review) -> Any:
    return _to(review_queue.next_review(db(), me(), review), after=review.id)


def _to(review_id: int | None, **more: Any) -> Any:
    if review_id is None:
        return redirect(url_for("reviews.queue"), 303)
    return redirect(url_for("reviews.show", review_id=review_id, **more), 303)
