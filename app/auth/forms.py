"""The forms of `app.auth`."""

from typing import Any

from wtforms import (
    BooleanField,
    EmailField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import InputRequired, Length, ValidationError
from wtforms.widgets import TimeInput

from app.formatting import gettext as _
from app.forms import DeskcastForm, choices
from app.zones import zone_choices
from content_library.passwords import LONGEST, password_problem

DAYS = [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")]
_NEEDED = InputRequired(_("This is needed."))


class SignInForm(DeskcastForm):
    email = EmailField(_("E-mail"), [_NEEDED, Length(max=254)])
    password = PasswordField(_("Password"), [_NEEDED, Length(max=LONGEST)])


class ForgottenForm(DeskcastForm):
    email = EmailField(_("E-mail"), [_NEEDED, Length(max=254)])


class NewPasswordForm(DeskcastForm):
    """A new password, judged for the person it is for: see `belongs_to`."""

    password = PasswordField(_("New password"), [_NEEDED])

    def belongs_to(self, *, email: str, name: str) -> "NewPasswordForm":
        self._email, self._name = email, name
        return self

    def validate_password(self, field: PasswordField) -> None:
        problem = password_problem(field.data or "", email=self._email, name=self._name)
        if problem:
            raise ValidationError(problem)


class ChangePasswordForm(NewPasswordForm):
    current = PasswordField(_("Current password"), [_NEEDED, Length(max=LONGEST)])


class DetailsForm(DeskcastForm):
    name = StringField(_("Name"), [_NEEDED, Length(max=120)])
    zone = SelectField(_("Time zone"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone.choices = choices(zone_choices(self.zone.data))


class MailForm(DeskcastForm):
    """How notices come by mail. Times are wall times in the person's zone."""

    how = RadioField(
        _("How should mails come?"),
        choices=choices(
            [("each", _("Each by itself")), ("together", _("Together")), ("none", _("No mails"))]
        ),
    )
    times = StringField(_("At these times"), [Length(max=60)])
    days = SelectMultipleField(_("On these days"), coerce=int, choices=choices(enumerate(DAYS)))
    quiet_from = StringField(_("Quiet from"), [Length(max=8)], widget=TimeInput())
    quiet_until = StringField(_("Quiet until"), [Length(max=8)], widget=TimeInput())
    quiet_weekends = BooleanField(_("No mails on weekends either"))
    wants_mail_decisions = BooleanField(_("Let me decide by the links in mails"))


class SetUpForm(DeskcastForm):
    name = StringField(_("Your name"), [_NEEDED, Length(max=120)])
    email = EmailField(_("Your e-mail"), [_NEEDED, Length(max=254)])
    password = PasswordField(_("Password"), [_NEEDED])
    desk_name = StringField(_("Name of your service desk"), [_NEEDED, Length(max=80)])
    zone = SelectField(_("Time zone"))
    clearing = RadioField(
        _("Who reads a text before it goes out?"),
        choices=choices([("reviewer", _("Somebody else")), ("solo", _("I do, myself (solo mode)"))]),
        default="reviewer",
    )
    reviewer_name = StringField(_("Their name"), [Length(max=120)])
    reviewer_email = EmailField(_("Their e-mail"), [Length(max=254)])
    reviewer_teams = SelectMultipleField(_("They read for"))

    def __init__(self, *args: Any, teams: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone.choices = choices(zone_choices(self.zone.data))
        self.reviewer_teams.choices = choices(teams)

    def validate_password(self, field: PasswordField) -> None:
        problem = password_problem(field.data or "", email=self.email.data or "", name=self.name.data or "")
        if problem:
            raise ValidationError(problem)

    def validate_reviewer_name(self, field: StringField) -> None:
        if self.clearing.data == "reviewer" and not (field.data or "").strip():
            raise ValidationError(_("Write who it is, or choose to read it yourself."))

    def validate_reviewer_teams(self, field: SelectMultipleField) -> None:
        if self.clearing.data == "reviewer" and not field.data:
            raise ValidationError(_("Choose at least one team."))
