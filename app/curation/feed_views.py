"""The feeds a desk follows: how each does, following one more, checking, pausing, leaving."""

from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for

from app.curation.forms import FeedForm, SubscriptionForm
from app.curation.views import blueprint
from app.extensions import database, db, desk, me, now
from app.formatting import gettext as _
from app.sign_in import signed_in
from content_library import catalogue, feeds, proposals
from content_library.errors import InvalidInput
from content_library.models.feed import Subscription
from content_library.web_fetch import Fetcher


@blueprint.get("/d/<desk>/curation/feeds")
@signed_in
def feeds_index() -> Any:
    feeds.check_may_follow(desk(), actor=me())
    return _page(_feed_form(formdata=None))


@blueprint.post("/d/<desk>/curation/feeds")
@signed_in
def add_feed() -> Any:
    feeds.check_may_follow(desk(), actor=me())
    form = _feed_form()
    if not form.validate_on_submit():
        return _page(form), 422
    address = form.url.data or ""
    db().commit()  # looking takes seconds: nobody waits for our transaction meanwhile
    try:
        found = feeds.look_for(_fetcher(), address, now=now())
    except InvalidInput as refusal:
        form.show(refusal)
        return _page(form), 422
    if isinstance(found, list):
        return render_template("curation/choose_feed.html", form=form, found=found, address=address)
    return _subscribe(form, found)


@blueprint.get("/d/<desk>/curation/feeds/<int:subscription_id>")
@signed_in
def feed(subscription_id: int) -> Any:
    feeds.check_may_follow(desk(), actor=me())
    return _settings_page(_subscription(subscription_id))


@blueprint.post("/d/<desk>/curation/feeds/<int:subscription_id>")
@signed_in
def change_feed(subscription_id: int) -> Any:
    subscription = _subscription(subscription_id)
    form = SubscriptionForm()
    form.offer(catalogue.formats(db()))
    changed = form.accepts(
        lambda: feeds.change(
            db(),
            subscription,
            format_key=form.format_key.data,
            licence_note=form.licence_note.data or "",
            actor=me(),
            now=now(),
        )
    )
    if not changed:
        return _settings_page(subscription, form), 422
    flash(_("Saved. New drafts from this feed use it."), "good")
    return redirect(url_for("curation.feeds_index"), 303)


@blueprint.post("/d/<desk>/curation/feeds/<int:subscription_id>/check")
@signed_in
def check_feed(subscription_id: int) -> Any:
    """Ask the feed now, once a minute at most."""
    subscription = _subscription(subscription_id)
    try:
        feed_id = feeds.claim_check(db(), subscription, actor=me(), now=now())
    except InvalidInput as too_soon:
        flash(too_soon.message, "warn")
        return redirect(url_for("curation.feeds_index"), 303)
    db().commit()
    look = feeds.poll_one(database(), _fetcher(), feed_id, now())
    if look.error:
        flash(look.error, "warn")
    else:
        flash(_("Checked. New stories, if there are any, are under To look at."), "good")
    return redirect(url_for("curation.feeds_index"), 303)


@blueprint.post("/d/<desk>/curation/feeds/<int:subscription_id>/pause")
@signed_in
def pause_feed(subscription_id: int) -> Any:
    feeds.pause(db(), _subscription(subscription_id), actor=me(), now=now())
    flash(_("Paused. Nothing new comes from this feed until you resume it."), "good")
    return redirect(url_for("curation.feeds_index"), 303)


@blueprint.post("/d/<desk>/curation/feeds/<int:subscription_id>/resumption")
@signed_in
def resume_feed(subscription_id: int) -> Any:
    feeds.resume(db(), _subscription(subscription_id), actor=me(), now=now())
    flash(_("Resumed. It is checked within a minute."), "good")
    return redirect(url_for("curation.feeds_index"), 303)


@blueprint.post("/d/<desk>/curation/feeds/<int:subscription_id>/removal")
@signed_in
def remove_feed(subscription_id: int) -> Any:
    feeds.remove(db(), _subscription(subscription_id), actor=me(), now=now())
    flash(_("Removed. Drafts made from it stay in the library."), "good")
    return redirect(url_for("curation.feeds_index"), 303)


@blueprint.post("/d/<desk>/curation/feeds/<int:subscription_id>/flood")
@signed_in
def release_flood(subscription_id: int) -> Any:
    take = request.form.get("take") == "yes"
    proposed = feeds.release_flood(db(), _subscription(subscription_id), take=take, actor=me(), now=now())
    said = _("{} stories added.").format(proposed) if take else _("Left out. New stories come as usual.")
    flash(said, "good")
    return redirect(url_for("curation.index"), 303)


def _subscribe(form: FeedForm, found: feeds.FoundFeed) -> Any:
    subscribed = form.accepts(
        lambda: feeds.subscribe(
            db(),
            desk(),
            found,
            format_key=form.format_key.data,
            licence_note=form.licence_note.data or "",
            actor=me(),
            now=now(),
        )
    )
    if not subscribed:
        return _page(form), 422
    feed = form.result.feed
    flash(_("Following “{}”. Its newest stories are here.").format(feed.title or feed.url), "good")
    return redirect(url_for("curation.index"), 303)


def _page(form: FeedForm) -> str:
    followed = feeds.followed(db(), desk().id)
    return render_template(
        "curation/feeds.html",
        form=form,
        followed=followed,
        items=feeds.item_counts(db(), followed),
        names={one.key: one.name for one in catalogue.formats(db(), retired=True)},
        waiting=proposals.counts(db(), desk().id, now=now())[None],
    )


def _settings_page(subscription: Subscription, form: SubscriptionForm | None = None) -> str:
    if form is None:
        form = SubscriptionForm(formdata=None, obj=subscription)
        form.offer(catalogue.formats(db()))
    return render_template("curation/feed.html", form=form, subscription=subscription)


def _feed_form(**options: Any) -> FeedForm:
    form = FeedForm(**options)
    form.offer(catalogue.formats(db()))
    return form


def _subscription(subscription_id: int) -> Subscription:
    return feeds.get_subscription(db(), desk().id, subscription_id)


def _fetcher() -> Fetcher:
    found: Fetcher = current_app.extensions["deskcast.fetcher"]
    return found
