"""What is asked when something is planned, moved, held or settled."""

import re
from typing import Any

from flask import request
from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import DateInput, HiddenInput, TimeInput

from app.formatting import gettext as _
from app.forms import DeskcastForm, choices
from content_library.errors import InvalidInput
from scheduler.planning import WallTime

CROWDED = " crowded"  # in the marker of what was understood, where a day is fuller than an account's limit
SILENT = " silent"  # ends it, where something keeps quiet then

WEEKDAYS = (
    _("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"),
)  # fmt: skip


class TimeForm(DeskcastForm):
    """A time on the wall. `fold` is asked only where it happens twice."""

    date = StringField(_("Day"), [InputRequired(_("Choose a day."))], widget=DateInput())
    time = StringField(_("Time"), [InputRequired(_("Choose a time."))], widget=TimeInput())
    zone = StringField(
        _("Time zone"),
        [InputRequired(_("Choose a time zone from the list, such as Europe/Berlin.")), Length(max=64)],
        description=_("The time keeps to the clocks on the wall there."),
    )
    fold = HiddenField(default="0")
    understood = HiddenField()

    def when(self) -> WallTime:
        wall = f"{(self.date.data or '').strip()} {(self.time.data or '').strip()}"
        return WallTime(wall, (self.zone.data or "").strip(), 1 if self.fold.data == "1" else 0)

    def takes_instead(self) -> bool:
        """Whether the moment that was offered is taken: it is filled in, and saved with the next press."""
        wall = request.form.get("instead", "")
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}", wall):
            self.date.data, self.time.data = wall[:10], wall[11:]
        return bool(wall)

    def knows_silence(self) -> bool:
        """Whether the person was told that something keeps quiet then."""
        return (self.understood.data or "").endswith(SILENT)

    def show(self, refusal: InvalidInput) -> None:
        """What is wrong with the wall time is said at its day."""
        fields = {"date" if name == "wall" else name: said for name, said in refusal.fields.items()}
        super().show(InvalidInput(refusal.message, fields))


class PlanForm(TimeForm):
    accounts = SelectMultipleField(_("Accounts"), coerce=int)
    key = HiddenField(validators=[Length(max=64)])


class MoveForm(TimeForm):
    """`seen` is the version the person saw; `keep_zone` moves it without taking it out of its own zone."""

    seen = IntegerField(validators=[Optional()], widget=HiddenInput())
    keep_zone = HiddenField()
    back = HiddenField()


class ReasonForm(DeskcastForm):
    reason = StringField(
        _("Why"),
        [InputRequired(_("Say in a few words why, so that others know when to lift it.")), Length(max=300)],
    )


class StopForm(ReasonForm):
    """`what` is the reach: the choices are those this person may stop."""

    what = RadioField(_("What to stop"), validate_choice=False)


class WindowForm(DeskcastForm):
    """`seen` is the version the person saw."""

    name = StringField(
        _("Name"), [InputRequired(_("Give it a short name, such as Christmas.")), Length(max=80)]
    )
    reason = StringField(
        _("Why"), [Length(max=300)], description=_("What others read who want to plan then.")
    )
    from_day = StringField(_("From"), [InputRequired(_("Choose a day."))], widget=DateInput())
    from_time = StringField(_("At"), default="00:00", widget=TimeInput())
    to_day = StringField(_("Until before"), [InputRequired(_("Choose a day."))], widget=DateInput())
    to_time = StringField(_("At"), default="00:00", widget=TimeInput())
    zone = StringField(
        _("Time zone"), [InputRequired(_("Choose a time zone from the list.")), Length(max=64)]
    )
    yearly = BooleanField(_("Every year on these days"))
    accounts = SelectMultipleField(_("Accounts"), coerce=int)
    seen = IntegerField(validators=[Optional()], widget=HiddenInput())

    def show(self, refusal: InvalidInput) -> None:
        """What is wrong with its two times is said at their days."""
        places = {"starts": "from_day", "ends": "to_day"}
        super().show(InvalidInput(refusal.message, {places.get(k, k): v for k, v in refusal.fields.items()}))


class SeriesForm(DeskcastForm):
    """`shown`: for which days exactly the dates were shown; `seen`: the version the person saw."""

    every = SelectField(_("How often"), choices=choices(
        [("day", _("Every day")), ("week", _("Every week")), ("month", _("Every month")), ("year", _("Every year"))]
    ), default="week")  # fmt: skip
    weekdays = SelectMultipleField(
        _("On these days of the week"), coerce=int, choices=choices(enumerate(WEEKDAYS))
    )
    month_day = SelectField(_("On this day of the month"), coerce=int, choices=choices(
        [(0, _("The day it begins on")), *((n, str(n)) for n in range(1, 32)), (-1, _("The last day"))]
    ), default=0)  # fmt: skip
    starts_on = StringField(_("From"), [InputRequired(_("Choose a day."))], widget=DateInput())
    time = StringField(_("Time"), [InputRequired(_("Choose a time."))], widget=TimeInput())
    zone = StringField(
        _("Time zone"), [InputRequired(_("Choose a time zone from the list.")), Length(max=64)]
    )
    ends_on = StringField(
        _("Last day"), widget=DateInput(), description=_("Empty: it goes on until somebody ends it.")
    )
    count = IntegerField(_("Or how many times"), [Optional()])
    accounts = SelectMultipleField(_("Accounts"), coerce=int)
    shown = HiddenField(validators=[Length(max=200)])
    seen = IntegerField(validators=[Optional()], widget=HiddenInput())

    def show(self, refusal: InvalidInput) -> None:
        """What is wrong with a wall time is said at the time."""
        fields = {"time" if name == "wall" else name: said for name, said in refusal.fields.items()}
        super().show(InvalidInput(refusal.message, fields))


class QuietForm(DeskcastForm):
    begins = StringField(_("Quiet from"), widget=TimeInput())
    ends = StringField(_("until"), widget=TimeInput())


class KeptBackForm(DeskcastForm):
    """Beside the rows. `everything` carries what was suggested when it is all taken."""

    everything = HiddenField(validators=[Length(max=16)])


class CancelForm(DeskcastForm):
    reason = StringField(_("Why"), [Length(max=300)], description=_("For the record. It may stay empty."))


class SettleForm(DeskcastForm):
    """What a person has seen on the network; `seen` is the version they saw here."""

    answer = RadioField(
        _("What did you see there?"),
        [InputRequired(_("Choose one."))],
        choices=choices(
            [
                ("there", _("It is there")),
                ("absent", _("Not there, send again")),
                ("give_up", _("Give it up")),
                ("leave", _("Leave it as it is")),
            ]
        ),
    )
    url = StringField(_("Its address, if you have it"), [Length(max=1000)])
    seen = IntegerField(validators=[Optional()], widget=HiddenInput())


def as_time(form: TimeForm, wall: str, zone: str, fold: int = 0) -> Any:
    """Fill a form with a wall time: `2026-05-04T09:30:00`."""
    form.date.data, form.time.data = wall[:10], wall[11:16]
    form.zone.data, form.fold.data = zone, str(fold)
    return form
