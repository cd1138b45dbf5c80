"""Triage: what the feeds propose, looked through and decided on, one screen, by keyboard or by hand."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from app.curation.asked import Asked, asked
from app.curation.words import SNOOZES, snoozed_until
from app.extensions import db, desk, me, now
from app.formatting import gettext as _
from app.sign_in import signed_in
from content_library import catalogue, feeds, posts, proposals
from content_library.errors import InvalidInput
from content_library.models.feed import Proposal, ProposalState
from content_library.permissions import can_draft, require

PER_PAGE = 20
MOST_AT_ONCE = 100

blueprint = Blueprint("curation", __name__)


@blueprint.get("/d/<desk>/curation")
@signed_in
def index() -> Any:
    require(can_draft(me(), desk().id), proposals.MAY_CURATE)
    seen = asked()
    found = proposals.find_proposals(
        db(), desk().id, seen.wanted, now=now(), page=seen.page, per_page=PER_PAGE
    )
    counts = proposals.counts(db(), desk().id, now=now())
    followed = feeds.followed(db(), desk().id)
    return render_template(
        "curation/index.html",
        asked=seen,
        found=found,
        tabs=_tabs(seen, counts),
        waiting=counts[None],
        followed=followed,
        flooded=[(one, feeds.flood_size(db(), one)) for one in followed if one.flood_at and one.is_active],
        formats=[(one.key, one.name) for one in catalogue.formats(db())],
        drafts=proposals.drafts_of(db(), found.proposals),
        alike=proposals.possible_duplicates(found.proposals),
        snoozes=[(key, label) for key, (label, _days) in SNOOZES.items()],
    )


@blueprint.post("/d/<desk>/curation/proposals/<int:proposal_id>/acceptance")
@signed_in
def accept(proposal_id: int) -> Any:
    proposal = _proposal(proposal_id)
    post = proposals.accept(
        db(),
        proposal,
        start_draft=posts.create_post,
        actor=me(),
        now=now(),
        format_key=request.form.get("format", ""),
    )
    if "write" in request.form:
        return redirect(url_for("posts.compose", post_id=post.id), 303)
    flash(_("Made a draft: “{}”. It waits in the library.").format(post.title), "good")
    return _go_on()


@blueprint.post("/d/<desk>/curation/proposals/<int:proposal_id>/dismissal")
@signed_in
def dismiss(proposal_id: int) -> Any:
    proposal = _proposal(proposal_id)
    proposals.dismiss(db(), proposal, actor=me(), now=now())
    _offer_undo(_("Dismissed “{}”.").format(proposal.item.title), proposal)
    return _go_on()


@blueprint.post("/d/<desk>/curation/proposals/<int:proposal_id>/snooze")
@signed_in
def snooze(proposal_id: int) -> Any:
    proposal = _proposal(proposal_id)
    require(can_draft(me(), desk().id), proposals.MAY_CURATE)
    until = snoozed_until(request.form.get("for", ""), now())
    if until is None:
        raise InvalidInput(_("Choose how long to put this story away."))
    proposals.snooze(db(), proposal, until=until, actor=me(), now=now())
    _offer_undo(_("Put away “{}”.").format(proposal.item.title), proposal)
    return _go_on()


@blueprint.post("/d/<desk>/curation/proposals/<int:proposal_id>/return")
@signed_in
def bring_back(proposal_id: int) -> Any:
    proposal = _proposal(proposal_id)
    proposals.bring_back(db(), proposal, actor=me(), now=now())
    flash(_("“{}” is back under To look at.").format(proposal.item.title), "good")
    return redirect(asked().url() + f"#proposal-{proposal.id}", 303)


@blueprint.post("/d/<desk>/curation/dismissals")
@signed_in
def dismiss_many() -> Any:
    ids = [int(value) for value in request.form.getlist("proposal") if value.isdecimal()][:MOST_AT_ONCE]
    gone = proposals.dismiss_many(db(), desk().id, ids, actor=me(), now=now())
    flash(_("{} dismissed. They are under Dismissed if you want one back.").format(len(gone)), "good")
    return redirect(asked().url(), 303)


def _proposal(proposal_id: int) -> Proposal:
    return proposals.get_proposal(db(), desk().id, proposal_id)


def _offer_undo(text: str, proposal: Proposal) -> None:
    undo_url = url_for("curation.bring_back", proposal_id=proposal.id, **asked().arguments)
    flash({"text": text, "undo_url": undo_url, "seconds": 10}, "undo")  # type: ignore[arg-type]


def _go_on() -> Any:
    """Back to the list where the person was, at the story after the one decided on."""
    following = request.form.get("next", type=int)
    return redirect(asked().url() + (f"#proposal-{following}" if following else ""), 303)


def _tabs(seen: Asked, counts: Any) -> list[dict[str, Any]]:
    states = {
        "": (_("To look at"), None),
        "snoozed": (_("Put away"), ProposalState.SNOOZED),
        "accepted": (_("Made drafts"), ProposalState.ACCEPTED),
        "dismissed": (_("Dismissed"), ProposalState.DISMISSED),
    }
    tabs = [
        {
            "label": label,
            "url": url_for("curation.index", view=view or None),
            "active": seen.view == view,
            "count": counts.get(state, 0),
        }
        for view, (label, state) in states.items()
    ]
    return [*tabs, {"label": _("Feeds"), "url": url_for("curation.feeds_index"), "active": False}]
