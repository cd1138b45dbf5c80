"""What a reviewer sends: a decision on what they saw, a comment, a question."""

from wtforms import HiddenField, IntegerField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import AnyOf, InputRequired, Length

from app.formatting import gettext as _
from app.forms import DeskcastForm, choices
from content_library.models.review import Verdict


class PlacedForm(DeskcastForm):
    """A form that may name the words it is about."""

    quote = StringField(
        _("Which words?"),
        description=_(
            "Select them in the preview, or copy them here. Leave it empty when it is about all of it."
        ),
        validators=[Length(max=1_000)],
    )
    network = SelectField(
        _("Where do they stand?"), choices=choices([("", _("Anywhere"))]), validate_choice=False
    )

    @property
    def place(self) -> dict[str, str]:
        return {"quote": self.quote.data or "", "network": self.network.data or ""}


class SuggestingForm(PlacedForm):
    """A form that may also propose other words for those it is about."""

    replacement = TextAreaField(
        _("Better like this"),
        description=_(
            "Write the words that should stand there instead; the author can take them with one button."
        ),
        validators=[Length(max=2_000)],
    )


class DecisionForm(SuggestingForm):
    """`seen_revision` and `seen_hash` name what stood on the page when the person decided."""

    seen_revision = IntegerField(validators=[InputRequired(_("Reload the page and decide again."))])
    seen_hash = HiddenField(validators=[InputRequired(_("Reload the page and decide again."))])
    verdict = StringField(
        validators=[AnyOf([v.value for v in Verdict], _("Choose to approve, ask for changes or refuse."))]
    )
    reason = TextAreaField(_("What has to change?"), validators=[Length(max=4_000)])
    checked = SelectMultipleField(_("Checklist"), validate_choice=False)


class CommentForm(SuggestingForm):
    body = TextAreaField(_("Your comment"), validators=[Length(max=4_000)])


class QuestionForm(PlacedForm):
    body = TextAreaField(
        _("Your question"),
        description=_("Your team’s clock stands until somebody of the desk answers."),
        validators=[Length(max=4_000)],
    )


class FindingForm(DeskcastForm):
    """What somebody of the team found afterwards."""

    finding = StringField()
    what = TextAreaField(_("What should not have been said?"), validators=[Length(max=2_000)])


class SeveralForm(DeskcastForm):
    """One decision on several reviews; which, and what stood there, is read beside it: see `several`."""

    verdict = StringField(
        validators=[
            AnyOf([Verdict.APPROVE, Verdict.REQUEST_CHANGES], _("Choose to approve or to ask for changes."))
        ]
    )
    reason = TextAreaField(_("What has to change?"), validators=[Length(max=4_000)])
