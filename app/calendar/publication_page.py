"""What the page of a publication shows: its state in words, what can be done next, what will go, what happened."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import render_template
from sqlalchemy import select
from sqlalchemy.orm import joinedload, lazyload

from app.calendar.asked import asked_about
from app.calendar.cards import shown
from app.calendar.forms import CancelForm, MoveForm, ReasonForm, SettleForm
from app.calendar.meaning import Meaning, lateness, moment
from app.calendar.story import story
from app.extensions import db, desk, me, now
from app.formatting import gettext as _
from app.previews import preview
from content_library.media import pictures_by_hash
from content_library.models.post import Rendition
from content_library.models.review import Approval, Decision, Verdict
from content_library.models.user import User
from content_library.permissions import can_hold, can_plan, can_settle
from content_library.wall_time import zone_names
from scheduler import agenda, settling
from scheduler.gate import Reason
from scheduler.holds import stop_of
from scheduler.models import Publication
from scheduler.models import PublicationState as S
from scheduler.publication_flow import FINAL, GIVEN_UP, UNSENT

SOON = timedelta(minutes=2)
FREQUENTLY, SELDOM = "2s", "15s"


@dataclass(frozen=True)
class Steps:
    """What this person can do with it now."""

    move: bool
    cancel: bool
    hold: bool
    release: bool
    mend: bool
    settle: bool
    leave: bool
    take_down: bool
    plan_anew: bool


def publication_page(
    found: Publication, *, moving: MoveForm, meant: Meaning, was_wrong: bool = False, **forms: Any
) -> str:
    """The whole page. `forms` are those that were refused, by name: reason, cancel, settle."""
    return render_template(
        "calendar/publication.html",
        publication=found,
        card=shown(agenda.one(db(), desk().id, found.id), desk().zone),
        sentence=sentence(found),
        steps=steps(found),
        story=story(found),
        preview=_preview(found.rendition) if found.rendition else None,
        approved_by=_approved_by(found),
        late_rule=lateness(found.grace_s),
        moving=moving,
        meant=meant,
        move_open=was_wrong or found.state is S.MISSED,
        zones=zone_names(),
        reason_form=forms.get("reason") or ReasonForm(formdata=None),
        cancel_form=forms.get("cancel") or CancelForm(formdata=None),
        settle_form=forms.get("settle") or SettleForm(formdata=None),
        asked=asked_about(found) if found.state is S.NEEDS_PERSON else None,
        refresh=_refresh(found, now()),
    )


def steps(found: Publication) -> Steps:
    person, state = me(), found.state
    may_plan, may_hold = can_plan(person, found.desk_id), can_hold(person, found.desk_id)
    may_settle = can_settle(person, found.desk_id)
    failed, is_left = state is S.FAILED, settling.is_left_standing(db(), found)
    return Steps(
        move=may_plan and state in UNSENT,
        cancel=may_plan and state in UNSENT,
        hold=may_hold and state in (S.PLANNED, S.CLAIMED),
        release=may_hold and _can_be_released(found),
        mend=may_plan and state is S.HELD and found.reason == Reason.LINK,
        settle=may_settle and state is S.NEEDS_PERSON,
        leave=may_settle and failed and found.reason != GIVEN_UP,
        take_down=may_settle and (state is S.PUBLISHED or is_left) and found.take_down_wanted_at is None,
        plan_anew=may_plan and not is_left and (failed or state in (S.EXPIRED, S.CANCELLED)),
    )


def _can_be_released(found: Publication) -> bool:
    """A link that does not work and a window let go by themselves, and a stopped desk has to be started first."""
    if found.state is not S.HELD or found.reason in (Reason.LINK, Reason.BLACKOUT):
        return False
    return stop_of(db(), found.desk_id) is None


def is_on_its_way(found: Publication, instant: datetime) -> bool:
    """Whether something will change on the page without anybody doing anything."""
    if found.take_down_wanted_at is not None and found.taken_down_at is None:
        return True
    if found.state in (S.CLAIMED, S.SENDING, S.UNKNOWN):
        return True
    return found.state is S.PLANNED and found.due_at - instant < timedelta(hours=1)


def _refresh(found: Publication, instant: datetime) -> str:
    """How often the page looks again by itself; empty when there is nothing to wait for."""
    if not is_on_its_way(found, instant):
        return ""
    goes_at = max(found.due_at, found.not_before or found.due_at)
    return FREQUENTLY if found.state is not S.PLANNED or goes_at - instant < SOON else SELDOM


def sentence(found: Publication) -> str:
    """Why it is where it is, and what happens next."""
    if found.taken_down_at is not None:
        said = _("It was out and has been taken down. The record below keeps what stood there.")
        return f"{said} {found.explanation}".strip() if found.state is S.PUBLISHED else said
    if found.take_down_wanted_at is not None:
        return _("It is being taken down.")
    if found.gone_at is not None:
        return _gone(found, found.gone_at)
    if found.state is S.PLANNED and found.explanation and found.not_before and found.not_before > now():
        again = _("It is tried again {when}.").format(when=moment(found.not_before, desk().zone))
        return f"{found.explanation} {again}"
    if found.state in FINAL and found.parts and settling.is_left_standing(db(), found):
        left = _("A part of it stands there: {address}").format(address=_first_address(found))
        return f"{found.explanation} {left}".strip()
    if found.explanation and found.state not in (S.PLANNED, S.CLAIMED, S.SENDING, S.PUBLISHED):
        return found.explanation
    return {
        S.PLANNED: _("It goes out by itself at its time."),
        S.CLAIMED: _("It is about to go."),
        S.SENDING: _("It is on its way to the network."),
        S.PUBLISHED: _("It is out."),
        S.UNKNOWN: _("The network’s answer was lost. Deskcast is looking whether it is there."),
        S.NEEDS_PERSON: _("Deskcast could not find out whether it is there. Please look."),
        S.BLOCKED: _("It waits."),
        S.HELD: _("It is held."),
        S.MISSED: _("Its time passed. Choose a new one."),
    }.get(found.state, "")


def _first_address(found: Publication) -> str:
    return next((part.url for part in found.parts if part.remote_id and part.url), found.account.handle)


def _gone(found: Publication, since: datetime) -> str:
    return _(
        "It was out, and no longer stands on {account}: the network was asked twice, last {when}. It is not sent again "
        "by itself. If it is back, that is noticed within days."
    ).format(account=found.account.handle, when=moment(since, desk().zone))


def _approved_by(found: Publication) -> Sequence[Decision]:
    """Who cleared exactly what it sends."""
    if found.revision_id is None:
        return []
    newest = (
        select(Approval.submission_id)
        .where(Approval.revision_id == found.revision_id)
        .order_by(Approval.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = select(Decision).where(Decision.submission_id == newest, Decision.verdict == Verdict.APPROVE)
    people = [
        joinedload(who).options(lazyload(User.desk_memberships), lazyload(User.team_memberships))
        for who in (Decision.user, Decision.for_user)
    ]
    return db().scalars(query.options(*people).order_by(Decision.id)).all()


def _preview(rendition: Rendition) -> dict[str, Any]:
    """Exactly what it sends, or sent, from the stored rendition."""
    document = json.loads(rendition.payload)
    hashes = {picture["sha256"] for part in document["parts"] for picture in part["media"]}
    return preview(rendition.account, document, pictures_by_hash(db(), desk().id, hashes))
