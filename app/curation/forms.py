"""What is asked when a desk follows a feed."""

from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length

from app.formatting import gettext as _
from app.forms import DeskcastForm
from content_library.models.format import Format


class SubscriptionForm(DeskcastForm):
    format_key = SelectField(
        _("Becomes"), description=_("What an accepted story starts as. It can be changed for each story.")
    )
    licence_note = StringField(
        _("Licence note"),
        validators=[Length(max=300)],
        description=_("What you may do with its texts, if its owner says so. It goes along with each draft."),
    )

    def offer(self, formats: list[Format], *, usual: str = "industry_news") -> None:
        """Fill the list of formats; `usual` is chosen until somebody chooses another."""
        self.format_key.choices = [(one.key, one.name) for one in formats]
        if not self.format_key.data and any(one.key == usual for one in formats):
            self.format_key.data = usual


class FeedForm(SubscriptionForm):
    url = StringField(
        _("Address"),
        validators=[InputRequired(_("Enter the address of a feed or of a site.")), Length(max=2000)],
        description=_("Of the feed, or of the site: we look for the feeds it names."),
    )
