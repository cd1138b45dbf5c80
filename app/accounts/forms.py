"""What is asked when an account is connected."""

from wtforms import PasswordField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from app.formatting import gettext as _
from app.forms import DeskcastForm, choices
from content_library.models.account import NETWORK_NAMES


class BlueskyForm(DeskcastForm):
    host = StringField(
        _("Server"),
        [InputRequired(_("Enter the server, such as https://bsky.social.")), Length(max=500)],
        default="https://bsky.social",
        description=_("Where the account lives. Leave it as it is unless you know that it is elsewhere."),
    )
    identifier = StringField(
        _("Handle"),
        [InputRequired(_("Enter the account’s handle.")), Length(max=253)],
        description=_("Such as brindlemoor.bsky.social."),
    )
    app_password = PasswordField(
        _("App password"),
        [InputRequired(_("Enter an app password.")), Length(max=200)],
        description=_(
            "Not the account’s real password: an app password can post, but it cannot take the account over, and "
            "you can end it in Bluesky at any time. You make one there under Settings, Privacy and security, "
            "App passwords."
        ),
    )


class PracticeForm(DeskcastForm):
    network = SelectField(
        _("Network"), choices=choices((key, name) for key, name in NETWORK_NAMES.items() if key != "page")
    )
    handle = StringField(
        _("Handle"),
        [InputRequired(_("Write the account’s handle.")), Length(max=253)],
    )
