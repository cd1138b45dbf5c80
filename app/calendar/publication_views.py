"""One publication: its page, and everything a person can do with it."""

from collections.abc import Callable
from typing import Any

from flask import flash, jsonify, redirect, render_template, request, url_for

from app.calendar.asked import asked_about
from app.calendar.cards import event
from app.calendar.forms import CROWDED, SILENT, CancelForm, MoveForm, ReasonForm, SettleForm, as_time
from app.calendar.meaning import Meaning, in_zone, is_understood, meaning, moment
from app.calendar.publication_page import is_on_its_way, publication_page
from app.calendar.views import blueprint
from app.extensions import db, desk, me, now
from app.formatting import city
from app.formatting import gettext as _
from app.forms import wants_json
from app.sign_in import signed_in
from content_library.errors import InvalidInput
from content_library.permissions import can_settle, require
from content_library.wall_time import wall_of
from scheduler import agenda, holds, planning, settling
from scheduler.models import Publication, PublicationState
from scheduler.planning import WallTime
from scheduler.publication_flow import UNSENT

SECONDS_TO_UNDO = 15


@blueprint.get("/d/<desk>/publications/<int:publication_id>")
@signed_in
def publication(publication_id: int) -> Any:
    found = _found(publication_id)
    if request.headers.get("HX-Request") and not is_on_its_way(found, now()):
        return "", 200, {"HX-Refresh": "true"}  # it has arrived: show the whole page anew
    return _page(found)


@blueprint.get("/d/<desk>/publications/<int:publication_id>/time/meaning")
@signed_in
def move_meaning(publication_id: int) -> Any:
    found, form = _found(publication_id), MoveForm(formdata=request.args, meta={"csrf": False})
    return render_template("calendar/_meaning.html", meant=_meant(found, form))


@blueprint.post("/d/<desk>/publications/<int:publication_id>/time")
@signed_in
def move(publication_id: int) -> Any:
    """Another time. For scripts `Accept: application/json`: the card as it is now, and the way back."""
    found, form = _found(publication_id), MoveForm()
    before = WallTime(found.wall, found.zone, found.fold)
    if form.takes_instead():
        return _page(found, moving=form)
    if form.is_submitted() and not wants_json() and not _is_understood(found, form):
        return _page(found, moving=form), 422
    moved = form.accepts(
        lambda: planning.move_to(
            db(),
            found,
            _target(found, form),
            actor=me(),
            now=now(),
            seen_version=form.seen.data,
            quiet_ok=form.knows_silence(),
        )
    )
    if wants_json():
        return _moved_json(found, form, before) if moved else _refused_json(form)
    if not moved:
        return _page(found, moving=form), 422
    undo: Any = {"text": _moved(found), "undo_url": _move_url(found), "seconds": SECONDS_TO_UNDO}
    flash(undo | {"fields": _back(found, before)}, "undo")
    return redirect(_back_to(form.back.data or "", found), 303)


@blueprint.post("/d/<desk>/publications/<int:publication_id>/cancellation")
@signed_in
def cancel(publication_id: int) -> Any:
    found, form = _found(publication_id), CancelForm()
    return _done(
        found, form, lambda: planning.cancel(db(), found, actor=me(), now=now(), why=form.reason.data or ""),
        _("Cancelled. It does not go out."),
    )  # fmt: skip


@blueprint.post("/d/<desk>/publications/<int:publication_id>/hold")
@signed_in
def hold(publication_id: int) -> Any:
    found, form = _found(publication_id), ReasonForm()
    return _done(
        found, form, lambda: holds.hold_publication(db(), found, form.reason.data or "", actor=me(), now=now()),
        _("Held. It stays back until somebody lets it go."),
    )  # fmt: skip


@blueprint.post("/d/<desk>/publications/<int:publication_id>/release")
@signed_in
def release(publication_id: int) -> Any:
    found = _found(publication_id)
    holds.release_publication(db(), found, actor=me(), now=now())
    flash(_released(found), "good")
    return redirect(_own_url(found), 303)


@blueprint.post("/d/<desk>/publications/<int:publication_id>/settlement")
@signed_in
def settle(publication_id: int) -> Any:
    """What a person saw on the network, or decided about a failure."""
    found, form = _found(publication_id), SettleForm()
    verbs: dict[str, tuple[Callable[..., None], str]] = {
        "there": (settling.it_is_there, _("Noted: it is out.")),
        "absent": (
            settling.it_is_not_there,
            _("It goes again as soon as nothing of it can be on its way any more."),
        ),
        "give_up": (settling.give_up, _("Given up. It is not sent again.")),
        "leave": (settling.leave, _("Left as it is.")),
    }
    verb, sentence = verbs.get(form.answer.data or "", verbs["there"])
    told: dict[str, Any] = {"url": form.url.data or ""} if form.answer.data == "there" else {}
    if form.answer.data != "leave":
        told["seen"] = form.seen.data
    return _done(found, form, lambda: verb(db(), found, **told, actor=me(), now=now()), sentence)


@blueprint.get("/d/<desk>/publications/<int:publication_id>/settlement/again")
@signed_in
def send_again(publication_id: int) -> Any:
    """The risky answer, once more in words before it counts."""
    require(can_settle(me(), desk().id), settling.MAY_SETTLE)
    found = _found(publication_id)
    if found.state is not PublicationState.NEEDS_PERSON:
        flash(_("It does not wait for an answer any more: this is what became of it."), "warn")
        return redirect(_own_url(found), 303)
    return render_template("calendar/send_again.html", publication=found, asked=asked_about(found))


@blueprint.post("/d/<desk>/publications/<int:publication_id>/take-down")
@signed_in
def take_down(publication_id: int) -> Any:
    found = _found(publication_id)
    settling.take_down(db(), found, actor=me(), now=now())
    flash(_("It is being taken down. The record keeps what stood there."), "good")
    return redirect(_own_url(found), 303)


def _found(publication_id: int) -> Publication:
    return planning.get_publication(db(), desk().id, publication_id)


def _page(found: Publication, *, moving: MoveForm | None = None, **forms: Any) -> str:
    form = moving or as_time(MoveForm(formdata=None), found.wall, found.zone, found.fold)
    form.seen.data = form.seen.data or found.version
    meant = _meant(found, form) if found.state in UNSENT else Meaning()
    return publication_page(found, moving=form, meant=meant, was_wrong=moving is not None, **forms)


def _done(found: Publication, form: Any, verb: Callable[[], Any], sentence: str) -> Any:
    if not form.accepts(verb):
        name = type(form).__name__.removesuffix("Form").lower()
        return _page(found, **{name: form}), 422
    flash(sentence, "good")
    return redirect(_own_url(found), 303)


def _meant(found: Publication, form: MoveForm) -> Meaning:
    return meaning(form.when(), [found.account], post=found.post, grace_s=found.grace_s, but=found.id)


def _is_understood(found: Publication, form: MoveForm) -> bool:
    return bool(form.keep_zone.data) or is_understood(_meant(found, form), form.understood.data)


def _target(found: Publication, form: MoveForm) -> WallTime:
    """The calendar speaks in the desk's zone; what was planned in another zone stays in it."""
    when = form.when()
    return in_zone(when, found.zone) if form.keep_zone.data and when.zone != found.zone else when


def _moved(found: Publication) -> str:
    return _("Moved to {when}, {city}.").format(when=moment(found.due_at, found.zone), city=city(found.zone))


def _back(found: Publication, before: WallTime) -> dict[str, Any]:
    """The fields that move it back."""
    return {
        "date": before.wall[:10],
        "time": before.wall[11:16],
        "zone": before.zone,
        "fold": before.fold,
        "seen": found.version,
        "understood": f"{before.wall[:10]} {before.wall[11:16]} {before.zone}{CROWDED}{SILENT}",
    }


def _moved_json(found: Publication, form: MoveForm, before: WallTime) -> Any:
    card = agenda.one(db(), desk().id, found.id)
    meant = _meant(found, as_time(MoveForm(formdata=None), found.wall, found.zone, found.fold))
    when = WallTime(found.wall, found.zone, found.fold)
    said_before = [
        form.when().resolved().sentence or when.resolved().sentence,
        *meant.silences,
        *meant.crowded,
    ]
    near = agenda.near(db(), desk().id, [found.account], found.due_at, but=found.id)
    return jsonify(
        event=event(card, desk().zone, may_move=True),
        said=_moved(found),
        clocks=" ".join(said_before).strip(),
        near=[
            _("{time} {title}").format(time=f"{wall_of(c.due_at, desk().zone):%H:%M}", title=c.title)
            for c in near
        ],
        undo=_back(found, before),
    )


def _refused_json(form: MoveForm) -> Any:
    refused = [sentence for sentences in form.errors.values() for sentence in sentences]
    raise InvalidInput(refused[0] if refused else _("That time cannot be used."))


def _released(found: Publication) -> str:
    sentences = {
        "planned": _("Released. It goes out {when}.").format(when=moment(found.due_at, found.zone)),
        "missed": _("Its time passed while it was held. Choose a new one."),
        "expired": _("Its offer ended while it was held, so it does not go out."),
    }
    return sentences.get(found.state.value, found.explanation)


def _own_url(found: Publication) -> str:
    return url_for("calendar.publication", publication_id=found.id)


def _move_url(found: Publication) -> str:
    return url_for("calendar.move", publication_id=found.id)


def _back_to(back: str, found: Publication) -> str:
    """Only to pages of this desk's calendar."""
    inside = url_for("calendar.month")
    return back if back == inside or back.startswith((f"{inside}?", f"{inside}/")) else _own_url(found)
