"""What somebody sends through the link of a mail. What they decide on is named by the link, not by a field."""

from wtforms import HiddenField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import AnyOf, Length

from app.formatting import gettext as _
from app.forms import DeskcastForm
from content_library.models.review import Verdict


class PlacedForm(DeskcastForm):
    """A form that may name the words it is about."""

    quote = StringField(
        _("Which words?"),
        description=_("Copy them here. Leave it empty when it is about all of it."),
        validators=[Length(max=1_000)],
    )
    network = HiddenField()

    @property
    def place(self) -> dict[str, str]:
        return {"quote": self.quote.data or "", "network": self.network.data or ""}


class MailedDecisionForm(PlacedForm):
    verdict = StringField(
        validators=[AnyOf([v.value for v in Verdict], _("Choose to approve, ask for changes or refuse."))]
    )
    reason = TextAreaField(_("What has to change?"), validators=[Length(max=4_000)])
    checked = SelectMultipleField(_("Checklist"), validate_choice=False)


class MailedQuestionForm(PlacedForm):
    body = TextAreaField(
        _("Your question"),
        description=_("The clock stands until somebody of the desk answers. The answer comes by mail."),
        validators=[Length(max=4_000)],
    )
