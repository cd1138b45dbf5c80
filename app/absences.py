"""“While I am away”: the form by which people hand on their decisions, for themselves or for somebody else."""

from datetime import timedelta
from typing import Any

from wtforms import DateField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from app.extensions import db, me, now
from app.formatting import gettext as _
from app.forms import DeskcastForm, choices
from content_library import delegations
from content_library.delegations import Absence
from content_library.models.user import Delegation, User
from content_library.wall_time import wall_of

_NEEDED = InputRequired(_("This is needed."))


class AbsenceForm(DeskcastForm):
    """One’s own teams, and the colleagues who may take the place."""

    team = SelectField(_("Decisions of"), coerce=int)
    to = SelectField(_("Go to"), coerce=int)
    first_day = DateField(_("From"), [_NEEDED])
    last_day = DateField(_("Up to and including"), [_NEEDED])
    reason = StringField(_("Reason"), [_NEEDED, Length(max=500)])

    def __init__(self, *args: Any, giver: User, **kw: Any) -> None:
        super().__init__(*args, prefix="absence-", **kw)
        self.team.choices = choices((m.team_id, m.team.name) for m in giver.team_memberships)
        self.to.choices = choices((p.id, p.name) for p in delegations.candidates(db(), giver))


def absences_of(giver: User, form: AbsenceForm | None = None) -> dict[str, Any]:
    """What the card shows: the form, and what is handed on."""
    today = wall_of(now(), giver.zone).date()
    fresh = {"first_day": today, "last_day": today + timedelta(days=7)}
    return {
        "giver": giver,
        "absence": form or AbsenceForm(formdata=None, giver=giver, **fresh),
        "handed_on": delegations.given_by(db(), giver, now=now()),
    }


def hand_on(giver: User) -> tuple[AbsenceForm, Delegation | None]:
    """Run the form; the delegation, or None with the form to show again."""
    form = AbsenceForm(giver=giver)
    return form, (form.result if form.accepts(lambda: _delegate(giver, form)) else None)


def _delegate(giver: User, form: AbsenceForm) -> Delegation:
    absence = Absence(
        team_id=form.team.data,
        to_user_id=form.to.data,
        first_day=str(form.first_day.data),
        last_day=str(form.last_day.data),
        reason=form.reason.data or "",
    )
    return delegations.delegate(db(), giver, absence, actor=me(), now=now())


def said(made: Delegation) -> str:
    """What is flashed about it."""
    return _("{name} decides for {other} from {first} to {last}.").format(
        name=made.to_user.name, other=made.from_user.name, first=made.first_day, last=made.last_day
    )
