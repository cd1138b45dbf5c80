"""What the pages of facts send."""

from wtforms import HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import Length

from app.formatting import gettext as _
from app.forms import DeskcastForm
from content_library.fact_names import LONGEST_NAME, LONGEST_VALUE


class NamingForm(DeskcastForm):
    """What a fact is called, what it is about, and who looks after it."""

    name = StringField(_("Name"), [Length(max=LONGEST_NAME)])
    about = StringField(_("What it is about"), [Length(max=300)])
    owner_team_id = SelectField(_("Looked after by"), coerce=int, validate_choice=False)


class NewFactForm(NamingForm):
    value = TextAreaField(_("Value"), [Length(max=LONGEST_VALUE)])


class ChangeForm(DeskcastForm):
    """`seen` is the newest version the page showed."""

    seen = HiddenField()
    value = TextAreaField(_("New value"), [Length(max=LONGEST_VALUE)])
    why = StringField(_("Why"), [Length(max=300)])


class ActForm(DeskcastForm):
    """A button, and nothing beside it."""
