"""What is asked when an account is connected."""

from collections.abc import Sequence

from wtforms import Field, IntegerField, PasswordField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from app.accounts.reach import Choice
from app.formatting import gettext as _
from app.forms import DeskcastForm, choices
from content_library.models.account import NETWORK_NAMES
from service_channel.networks.base import Asked, Connection


class TypedForm(DeskcastForm):
    """What a network asks for; the fields are added for each."""

    asked: tuple[Asked, ...] = ()

    def given(self) -> dict[str, str]:
        """What was typed, by name."""
        return {one.name: self._fields[one.name].data or "" for one in self.asked}


def typed_form(asked: Sequence[Asked]) -> type[TypedForm]:
    """A form with a field for each thing a network asks for."""
    fields = {one.name: _field(one) for one in asked}
    return type("NetworkForm", (TypedForm,), {**fields, "asked": tuple(asked)})


def _field(one: Asked) -> Field:
    kind = PasswordField if one.is_secret else StringField
    said = _("Enter the {label}.").format(label=_in_a_sentence(_(one.label)))
    needed = InputRequired(said) if one.is_required else Optional()
    return kind(_(one.label), [needed, Length(max=one.longest)], default=one.default, description=_(one.why))


def _in_a_sentence(label: str) -> str:
    """“App password” as “app password”; an abbreviation stays."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


class SignInForm(DeskcastForm):
    server = StringField(
        _("Server"),
        [Length(max=500)],
        description=_("The server the account lives on, such as mastodon.social."),
    )


def sign_in_form(chosen: Choice) -> type[SignInForm]:
    """Asks for the server, or for what the network wants to be led by."""
    if chosen.pushed is None:
        return SignInForm
    ask = chosen.pushed.sign_in_ask
    asked = StringField(_(ask.label), [Length(max=ask.longest)], description=_(ask.why))
    return type("NamedSignInForm", (SignInForm,), {"server": asked})


class ChoiceForm(DeskcastForm):
    """Which of the accounts that were found is meant."""

    account = RadioField(_("Account"), [InputRequired(_("Choose an account."))])

    def offer(self, found: Sequence[Connection]) -> None:
        self.account.choices = [(str(n), one.display_name or one.handle) for n, one in enumerate(found)]


class PracticeForm(DeskcastForm):
    network = SelectField(
        _("Network"), choices=choices((key, name) for key, name in NETWORK_NAMES.items() if key != "page")
    )
    handle = StringField(
        _("Handle"),
        [InputRequired(_("Write the account’s handle.")), Length(max=253)],
    )


class BudgetForm(DeskcastForm):
    """The most posts of an account; empty is as many as its network takes."""

    an_hour = IntegerField(_("Posts in an hour, at most"), [Optional()])
    a_day = IntegerField(_("Posts in a day, at most"), [Optional()])
