"""What agreements cleared, looked at afterwards: the list, and what a person finds."""

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for

from app.extensions import db, me, now
from app.formatting import gettext as _
from app.navigation import at_most
from app.reviews.forms import FindingForm
from app.reviews.pages import review_page
from app.reviews.views import blueprint, review_of
from app.sign_in import signed_in
from content_library import after_reviews, review_queue
from content_library.models.review import Review


@blueprint.get("/reviews/afterwards")
@signed_in
def afterwards() -> Any:
    found = after_reviews.samples_for(db(), me(), page=request.args.get("page", 1, type=int))
    counts = {asked: review_queue.waiting_count(db(), me(), asked=asked) for asked in (False, True)}
    return render_template(
        "reviews/afterwards.html",
        found=found,
        wanted=None,
        counts=counts,
        samples=found.total,
        at_most=at_most,
    )


@blueprint.post("/reviews/<int:review_id>/finding")
@signed_in
def find(review_id: int) -> Any:
    """In order, or a breach with what should not have been said."""
    review, form = review_of(review_id), FindingForm()
    if form.finding.data not in ("in_order", "breach"):
        abort(400)
    verb = _in_order if form.finding.data == "in_order" else _breach
    if form.accepts(lambda: verb(review, form)):
        flash(form.result, "good")
        return redirect(url_for("reviews.afterwards"), 303)
    return review_page(review, finding=form), 422


def _in_order(review: Review, _form: FindingForm) -> str:
    after_reviews.find_in_order(db(), review, "", actor=me(), now=now())
    return _("“{}” is in order.").format(review.submission.post.title)


def _breach(review: Review, form: FindingForm) -> str:
    fallen = after_reviews.note_breach(db(), review, form.what.data or "", actor=me(), now=now())
    if not fallen:
        return _("The breach is noted, and the desk is told.")
    posts = _("1 post loses") if fallen == 1 else _("{} posts lose").format(fallen)
    return _("The breach is noted. The clause is suspended: {} its clearance.").format(posts)
