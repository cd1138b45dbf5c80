"""Deciding on several reviews at once, with every text on the page: each is decided on by itself."""

from collections.abc import Collection, Mapping
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for

from app.extensions import db, me, now, settings
from app.formatting import gettext as _
from app.forms import number
from app.reviews.forms import SeveralForm
from app.reviews.pages import reading
from app.reviews.views import blueprint, let_count, say
from app.sign_in import signed_in
from content_library import pressing, reviews
from content_library.models.review import Review, Verdict
from content_library.pressing import MOST_AT_ONCE, Read


@blueprint.get("/reviews/chosen")
@signed_in
def chosen() -> Any:
    let_count()
    found = _reviews(request.args.getlist("review"))
    if not found:
        flash(_("Choose at least one review in the list first."), "info")
        return redirect(url_for("reviews.queue"), 303)
    return _page(found, SeveralForm(formdata=None), ticked={r.id for r in found})


@blueprint.post("/reviews/decisions")
@signed_in
def decide_several() -> Any:
    form, shown = SeveralForm(), _reviews(request.form.getlist("shown"))
    ticked = set(map(number, request.form.getlist("review")))
    several = [_read(review) for review in shown if review.id in ticked]
    verdict = form.verdict.data
    decided = form.accepts(
        lambda: pressing.press_several(
            db(),
            several,
            Verdict(verdict),
            actor=me(),
            now=now(),
            wait_s=settings().undo_s,
            reason=form.reason.data or "",
            identified_by=g.web_session.identified_by,
        )
    )
    if not decided:
        return _page(shown, form, ticked=ticked), 422
    return _answer(shown, form.result, Verdict(verdict))


def _answer(shown: list[Review], outcome: pressing.Outcome, verdict: Verdict) -> Any:
    """Back to the queue; or, when some were refused, the page of what is left, naming each."""
    if outcome.made:
        said = {Verdict.APPROVE: _("Approved {count}."), Verdict.REQUEST_CHANGES: _("Sent back {count}.")}
        say(said[verdict].format(count=len(outcome.made)), outcome.made)
    if not outcome.refused:
        return redirect(url_for("reviews.queue"), 303)
    made = {decision.review_id for decision in outcome.made}
    left = [review for review in shown if review.id not in made]
    refused = {review.id: refusal.message for review, refusal in outcome.refused}
    return _page(left, SeveralForm(formdata=None), ticked=(), refused=refused)


def _reviews(ids: list[str]) -> list[Review]:
    """In the order of the page, each once. Raises NotFound for one this person cannot see."""
    wanted = list(dict.fromkeys(map(number, ids)))[:MOST_AT_ONCE]
    return [reviews.get_review(db(), me(), review_id) for review_id in wanted]


def _read(review: Review) -> Read:
    """What stood on the page about this review: `seen-7` holds the revision and the hash."""
    revision, _colon, content_hash = request.form.get(f"seen-{review.id}", "").partition(":")
    return Read(review, number(revision), content_hash, request.form.getlist(f"checked-{review.id}"))


def _page(
    found: list[Review], form: SeveralForm, *, ticked: Collection[int], refused: Mapping[int, str] = {}
) -> str:
    return render_template(
        "reviews/several.html",
        items=[{**reading(r), "checked": request.form.getlist(f"checked-{r.id}")} for r in found],
        form=form,
        ticked=ticked,
        refused=refused,
        most=MOST_AT_ONCE,
    )
