"""Sorting out on one screen what was kept back past its time: each as suggested or as chosen; and taking it back."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for

from app.calendar.cards import ShownCard, shown
from app.calendar.forms import KeptBackForm
from app.calendar.views import blueprint
from app.extensions import db, desk, me, now
from app.formatting import gettext as _
from app.forms import number
from app.sign_in import signed_in
from content_library.paging import nearest_page
from content_library.permissions import can_hold
from content_library.wall_time import wall_of
from scheduler import agenda, kept_back, triage
from scheduler.kept_back import Choice, Kept
from scheduler.triage import Sorted, Wanted

PER_PAGE = 50
MOST_NAMED = 3
CHOICES = {
    Choice.RESUME: _("Goes out at"),
    Choice.BACK: _("Back to its author"),
    Choice.LET_BE: _("Does not go out"),
    Choice.LEAVE: _("Leave it for now"),
}


@blueprint.get("/d/<desk>/kept-back")
@signed_in
def sort_list() -> Any:
    return render_template("calendar/kept_back.html", **kept_back_part("calendar.sort_list"))


@blueprint.post("/d/<desk>/kept-back")
@signed_in
def sort_out() -> Any:
    """The rows of a page as they stand there, one of them, or everything as suggested."""
    form = KeptBackForm()
    everything = form.everything.data or ""
    verb: Callable[[], Sorted] = (
        (lambda: triage.sort_all(db(), desk(), everything, actor=me(), now=now()))
        if everything
        else (lambda: triage.sort_out(db(), desk(), _wanted(), actor=me(), now=now()))
    )
    if form.accepts(verb):
        _tell(form.result)
    elif form.problem:
        flash(form.problem, "warn")
    return redirect(url_for("calendar.sort_list"), 303)


@blueprint.post("/d/<desk>/kept-back/<int:act_id>/undo")
@signed_in
def sort_undo(act_id: int) -> Any:
    back, moved_on = triage.undo(db(), triage.get_act(db(), desk().id, act_id), actor=me(), now=now())
    flash(_("Taken back: {count}.").format(count=back), "good")
    if moved_on:
        flash(_("{count} had moved on since and stay as they are.").format(count=moved_on), "warn")
    return redirect(url_for("calendar.sort_list"), 303)


def kept_back_part(endpoint: str, **place: Any) -> dict[str, Any]:
    """What the table of rows needs, on whichever page it stands."""
    found = kept_back.look(db(), desk(), now=now())
    page = nearest_page(request.args.get("page", 1, type=int), len(found), PER_PAGE)
    part = found[(page - 1) * PER_PAGE : page * PER_PAGE]
    cards = agenda.of_ids(db(), desk().id, [row.id for row in part])
    return {
        "rows": [_row(row, shown(cards[row.id], desk().zone)) for row in part if row.id in cards],
        "total": len(found),
        "first": (page - 1) * PER_PAGE + 1,
        "previous_url": url_for(endpoint, page=page - 1, **place) if page > 1 else "",
        "next_url": url_for(endpoint, page=page + 1, **place) if page * PER_PAGE < len(found) else "",
        "suggested": {_words(choice): sum(r.choice is choice for r in found) for choice in Choice},
        "fingerprint": triage.fingerprint(found),
        "choices": CHOICES,
        "recent": triage.recent(db(), desk().id, now=now()),
        "said_of": _said_of,
        "may_sort": can_hold(me(), desk().id),
    }


def _row(kept: Kept, card: ShownCard) -> dict[str, Any]:
    local = wall_of(kept.at, desk().zone) if kept.at else None
    return {
        "kept": kept,
        "card": card,
        "date": f"{local:%Y-%m-%d}" if local else "",
        "time": f"{local:%H:%M}" if local else "",
    }


def _words(choice: Choice) -> str:
    return {
        Choice.RESUME: _("go out later"),
        Choice.BACK: _("back to their authors"),
        Choice.LET_BE: _("do not go out"),
        Choice.LEAVE: _("wait for you"),
    }[choice]


def _wanted() -> list[Wanted]:
    """What stands in each row; only one of them where its own button was pressed."""
    only, form = number(request.form.get("only")), request.form
    ids = [only] if only else [number(text) for text in form.getlist("row")[:PER_PAGE]]
    return [_one(i, form) for i in ids if form.get(f"choice-{i}") in set(Choice)]


def _one(publication_id: int, form: Mapping[str, str]) -> Wanted:
    wall = f"{form.get(f'date-{publication_id}', '')} {form.get(f'time-{publication_id}', '')}"
    seen = number(form.get(f"seen-{publication_id}"))
    return Wanted(publication_id, Choice(form[f"choice-{publication_id}"]), seen, wall.strip())


def _tell(done: Sorted) -> None:
    if done.act is not None:
        undo = url_for("calendar.sort_undo", act_id=done.act.id)
        text = _("{what}. Nothing was sent in that moment.").format(what=_said_of(done.act).capitalize())
        told: Any = {"text": text, "undo_url": undo, "seconds": int(triage.UNDO.total_seconds())}
        flash(told, "undo")
    if not done.refused:
        if done.act is None:
            flash(_("Nothing was chosen."), "info")
        return
    cards = agenda.of_ids(db(), desk().id, [i for i, _why in done.refused[:MOST_NAMED]])
    for publication_id, why in done.refused[:MOST_NAMED]:
        title = cards[publication_id].title if publication_id in cards else str(publication_id)
        flash(_("“{title}”: {why}").format(title=title, why=why), "warn")
    if len(done.refused) > MOST_NAMED:
        flash(_("And {count} more.").format(count=len(done.refused) - MOST_NAMED), "warn")


def _said_of(act: Any) -> str:
    """“12 go out later, 3 back to their authors”."""
    acts = [choice["act"] for choice in act.choices]
    return ", ".join(f"{acts.count(c.value)} {_words(c)}" for c in Choice if c.value in acts)
