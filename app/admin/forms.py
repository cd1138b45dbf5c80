"""The forms of `app.admin`."""

from collections.abc import Sequence
from typing import Any

from wtforms import (
    BooleanField,
    EmailField,
    FieldList,
    Form,
    FormField,
    HiddenField,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
    URLField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from app.formatting import gettext as _
from app.forms import DeskcastForm, choices
from app.zones import zone_choices
from content_library.format_editing import MOST_PEOPLE, MOST_STEPS
from content_library.formats import BUILTIN_FIELDS, INGREDIENTS, FieldType
from content_library.link_tags import LONGEST_TAG
from content_library.memberships import ROLE_NAMES, Place
from content_library.models.desk import Desk, Team
from content_library.models.format import Kind, Tone
from content_library.models.user import DeskRole

_NEEDED = InputRequired(_("This is needed."))
NO_ROLE = "none"
ROLES = [(NO_ROLE, _("Not on this desk")), *((role.value, name) for role, name in ROLE_NAMES.items())]
KINDS = {
    Kind.EDU_TAINING: _("Edu-taining"),
    Kind.QUESTION: _("Question"),
    Kind.PROMOTION: _("Promotion and service"),
}
TONES = {
    Tone.NEUTRAL: _("Neutral"),
    Tone.LIGHT: _("Light"),
    Tone.PROMOTIONAL: _("Promotional"),
    Tone.SERVICE: _("Service"),
}
FIELD_TYPES = {
    FieldType.TEXT: _("A line of text"),
    FieldType.LONG_TEXT: _("Several lines"),
    FieldType.URL: _("A link"),
    FieldType.DATE: _("A day"),
    FieldType.MOMENT: _("A day and time"),
    FieldType.CHECK: _("Something to confirm"),
}


class DeskRoleForm(Form):
    """One desk's line in a place."""

    desk = HiddenField()
    role = SelectField(_("Role"), choices=choices(ROLES), default=NO_ROLE)


class PlaceForm(DeskcastForm):
    """Where a person belongs."""

    desks = FieldList(FormField(DeskRoleForm))
    teams = SelectMultipleField(_("Clears for"), coerce=int)
    administrator = BooleanField(_("Administrator"))

    def __init__(
        self,
        *args: Any,
        every_desk: Sequence[Desk],
        every_team: Sequence[Team],
        place: Place | None = None,
        **kw: Any,
    ) -> None:
        if place is not None:
            kw["administrator"], kw["teams"] = place.administrator, list(place.teams)
        held = dict(place.desks or {}) if place else {}
        kw["desks"] = [{"desk": str(d.id), "role": held.get(d.id, NO_ROLE)} for d in every_desk]
        super().__init__(*args, **kw)
        self.teams.choices = choices((team.id, team.name) for team in every_team)
        names = {str(desk.id): desk.name for desk in every_desk}
        for line in self.desks:
            line.form.role.label.text = names.get(line.form.desk.data or "", "")

    def place(self) -> Place:
        desks = {
            int(line.form.desk.data): DeskRole(line.form.role.data)
            for line in self.desks
            if line.form.role.data != NO_ROLE and (line.form.desk.data or "").isdecimal()
        }
        return Place(administrator=self.administrator.data, desks=desks, teams=self.teams.data or [])


class InviteForm(PlaceForm):
    name = StringField(_("Name"), [_NEEDED, Length(max=120)])
    email = EmailField(_("E-mail"), [_NEEDED, Length(max=254)])


class OutsiderForm(DeskcastForm):
    """Somebody who decides by mail and never signs in."""

    name = StringField(_("Name"), [_NEEDED, Length(max=120)])
    email = EmailField(_("E-mail"), [_NEEDED, Length(max=254)])
    teams = SelectMultipleField(_("Decides for"), coerce=int)

    def __init__(self, *args: Any, every_team: Sequence[Team], **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.teams.choices = choices((team.id, team.name) for team in every_team)


class PersonForm(DeskcastForm):
    name = StringField(_("Name"), [_NEEDED, Length(max=120)])
    email = EmailField(_("E-mail"), [_NEEDED, Length(max=254)])


class NewDeskForm(DeskcastForm):
    name = StringField(_("Name"), [_NEEDED, Length(max=80)])
    handle = StringField(_("Address"), [Length(max=40)])
    zone = SelectField(_("Time zone"))
    teams = SelectMultipleField(_("Teams that clear for it"), coerce=int)

    def __init__(self, *args: Any, every_team: Sequence[Team], **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.zone.choices = choices(zone_choices(self.zone.data))
        self.teams.choices = choices((team.id, team.name) for team in every_team)


class DeskForm(DeskcastForm):
    name = StringField(_("Name"), [_NEEDED, Length(max=80)])
    zone = SelectField(_("Time zone"))
    opens = TimeField(_("Opens"), [_NEEDED])
    closes = TimeField(_("Closes"), [_NEEDED])
    about = TextAreaField(_("About"), [Length(max=500)])
    website = URLField(_("Website"), [Length(max=500)])

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.zone.choices = choices(zone_choices(self.zone.data))


class LinkTagsForm(DeskcastForm):
    tags = BooleanField(_("New posts say in their links where readers came from (UTM)"))
    medium = StringField(_("utm_medium"), [_NEEDED, Length(max=LONGEST_TAG)])


class DeskTeamsForm(DeskcastForm):
    teams = SelectMultipleField(_("Teams"), coerce=int)

    def __init__(self, *args: Any, every_team: Sequence[Team], **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.teams.choices = choices((team.id, team.name) for team in every_team)


class TeamForm(DeskcastForm):
    name = StringField(_("Name"), [_NEEDED, Length(max=60)])
    desks = SelectMultipleField(_("Desks it clears for"), coerce=int)

    def __init__(self, *args: Any, every_desk: Sequence[Desk], **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.desks.choices = choices((desk.id, desk.name) for desk in every_desk)


DAYS = (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"))


class TeamHoursForm(DeskcastForm):
    """A day's hours are written as people say them: `09:00-12:30, 13:30-17:00`, empty when nobody works."""

    zone = SelectField(_("Time zone"))
    monday = StringField(DAYS[0], [Length(max=100)])
    tuesday = StringField(DAYS[1], [Length(max=100)])
    wednesday = StringField(DAYS[2], [Length(max=100)])
    thursday = StringField(DAYS[3], [Length(max=100)])
    friday = StringField(DAYS[4], [Length(max=100)])
    saturday = StringField(DAYS[5], [Length(max=100)])
    sunday = StringField(DAYS[6], [Length(max=100)])
    holidays = TextAreaField(_("Holidays"), [Length(max=4_000)])
    turnaround_h = IntegerField(_("Answers within"), [InputRequired(_("This is needed."))])

    DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.zone.choices = choices(zone_choices(self.zone.data))


class TeamChecklistForm(DeskcastForm):
    sentences = TextAreaField(_("What its people confirm when they approve"), [Length(max=4_000)])


class ShelfForm(DeskcastForm):
    name = StringField(_("Name"), [_NEEDED, Length(max=60)])


class PartForm(Form):
    """One team's line in a format."""

    team = HiddenField()
    step = SelectField(
        _("When"), coerce=int,
        choices=choices([(0, _("Not asked")), *((n, _("Step %(n)s") % {"n": n}) for n in range(1, MOST_STEPS + 1))]),
    )  # fmt: skip
    quorum = IntegerField(
        _("People"), [Optional(), NumberRange(1, MOST_PEOPLE, _("From 1 to 5 people."))], default=1
    )
    why = StringField(_("What the author is told"), [Length(max=200)])


class FieldForm(Form):
    """One thing a format of one's own asks for; without a label it is left out."""

    label = StringField(_("Label"), [Length(max=60)])
    type = SelectField(_("Kind"), choices=choices((t.value, name) for t, name in FIELD_TYPES.items()))
    why = StringField(_("Why it is asked"), [Length(max=200)])
    required = BooleanField(_("Needed"))
    ends = BooleanField(_("Ends it"))


class FormatForm(DeskcastForm):
    version = HiddenField()
    name = StringField(_("Name"), [_NEEDED, Length(max=60)])
    purpose = StringField(_("What it is for"), [_NEEDED, Length(max=300)])
    kind = SelectField(_("Kind"), choices=choices((k.value, name) for k, name in KINDS.items()))
    tone = SelectField(_("Tone"), choices=choices((t.value, name) for t, name in TONES.items()))
    ingredient = SelectField(_("What it gives the stream"), choices=choices(INGREDIENTS.items()))
    shelf_life_days = IntegerField(
        _("Good for"), [Optional(), NumberRange(1, 3650, _("From 1 to 3650 days."))]
    )
    grace_min = IntegerField(
        _("May be late by"), [NumberRange(0, 1440, _("From 0 to 1440 minutes."))], default=15
    )
    parts = FieldList(FormField(PartForm))
    builtin = SelectMultipleField(_("Ask for these"), choices=choices(BUILTIN_FIELDS.items()))
    fields = FieldList(FormField(FieldForm))
