"""The form of a boundary, new or its next version. Each detector shows its own fields."""

from collections.abc import Iterable
from typing import Any

from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Length, NumberRange, Optional
from wtforms.widgets import DateTimeLocalInput

from app.formatting import gettext as _
from app.forms import DeskcastForm, choices
from content_library.boundaries.rules import Detector, Severity
from content_library.models.desk import Team

DETECTORS = {
    Detector.WORDS: _("Words and phrases"),
    Detector.PERSONAL_DATA: _("Personal data"),
    Detector.PRICES: _("Prices and reductions"),
    Detector.LINKS: _("Links"),
    Detector.PRODUCTS: _("Names of products"),
    Detector.MANNER: _("Shouting"),
    Detector.READING: _("Hard to read"),
}
SEVERITIES = {
    Severity.INFORM: _("Inform"),
    Severity.WARN: _("Warn: it goes on with a reason"),
    Severity.BLOCK: _("Block: it cannot be sent"),
}
KINDS = {
    "mail": _("E-mail addresses"),
    "phone": _("Telephone numbers"),
    "card": _("Payment cards"),
    "bank_account": _("Bank accounts"),
    "pattern": _("Numbers of your own, below"),
}
_LONG = Length(max=20_000)


class BoundaryForm(DeskcastForm):
    """`seen` is the newest version the page showed."""

    seen = HiddenField()
    name = StringField(_("Name"), [Length(max=80)])
    everywhere = BooleanField(_("For every desk of this installation"))
    words = TextAreaField(_("Words and phrases"), [_LONG])
    allowed = TextAreaField(_("Allowed"), [_LONG])
    kinds = SelectMultipleField(_("What to look for"), choices=choices(KINDS.items()))
    patterns = TextAreaField(_("Numbers of your own"), [_LONG])
    refused = TextAreaField(_("Refused sites"), [_LONG])
    shortened = BooleanField(_("Also links that hide where they lead"))
    marks = IntegerField(
        _("Marks in a row that are fine"), [Optional(), NumberRange(1, 9, _("From 1 to 9."))]
    )
    most = IntegerField(
        _("Reading index that is fine"), [Optional(), NumberRange(20, 90, _("From 20 to 90."))]
    )
    severity = RadioField(_("What happens"), choices=choices(SEVERITIES.items()))
    team_key = SelectField(_("Who has to clear it"))
    needs_evidence = BooleanField(_("The author says what it rests on"))
    advice = StringField(_("What to do about it"), [Length(max=300)])
    effective_at = StringField(_("From"), [Length(max=19)], widget=DateTimeLocalInput())
    why = StringField(_("Why"), [Length(max=300)])


class SwitchForm(DeskcastForm):
    seen = HiddenField()
    why = StringField(_("Why"), [Length(max=300)])


def boundary_form(teams: Iterable[Team], **known: Any) -> BoundaryForm:
    """The form with the teams of this desk to choose from."""
    made = BoundaryForm(**known)
    made.team_key.choices = choices(
        [("", _("Nobody beyond the format’s teams")), *((t.key, t.name) for t in teams)]
    )
    return made
