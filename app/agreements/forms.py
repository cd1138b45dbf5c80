"""The form of an agreement's next version, with its clauses, and the small ones that end or suspend something."""

from collections.abc import Sequence
from typing import Any

from wtforms import (
    DateField,
    FieldList,
    Form,
    FormField,
    HiddenField,
    IntegerField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional

from app.formatting import gettext as _
from app.forms import DeskcastForm, choices, number
from content_library.agreement_drafts import MOST_CLAUSES, ClauseTerms, VersionTerms
from content_library.models.agreement import AgreementVersion

_DAY = InputRequired(_("Choose a day."))


class ClauseForm(Form):
    """One §. Nothing ticked under accounts or topics: every one."""

    formats = SelectMultipleField(_("Formats"), validate_choice=False)
    accounts = SelectMultipleField(_("Accounts"), validate_choice=False)
    topics = SelectMultipleField(_("Topics"), validate_choice=False)
    sample_percent = StringField(_("Looked at afterwards"))


class AgreementForm(DeskcastForm):
    """`seen` is the newest version the page showed; 0 when there is none."""

    seen = HiddenField()
    clauses = FieldList(FormField(ClauseForm), _("Clauses"), min_entries=1, max_entries=MOST_CLAUSES)
    excluded_words = TextAreaField(_("Never without being asked"), [Length(max=20_000)])
    turnaround_h = IntegerField(_("Answers what is not cleared within"), [Optional()])
    text = TextAreaField(_("In words"), [Length(max=10_000)])
    starts_on = DateField(_("First day"), [_DAY])
    review_on = DateField(_("Look at it again on"), [_DAY])
    ends_on = DateField(_("Last day"), [_DAY])
    why = StringField(_("Why this version"), [Length(max=300)])


class WhyForm(DeskcastForm):
    why = StringField(_("Why"), [Length(max=1_000)])


class ActForm(DeskcastForm):
    """A button that sends nothing but itself."""


Choices = Sequence[tuple[Any, str]]


def agreement_form(formats: Choices, accounts: Choices, topics: Choices, **known: Any) -> AgreementForm:
    """The form with what this desk has to choose from."""
    made = AgreementForm(**known)
    for entry in made.clauses:
        offer(entry.form, formats, accounts, topics)
    return made


def offer(clause: Any, formats: Choices, accounts: Choices, topics: Choices) -> None:
    """Put the choices into the form of one clause."""
    clause.formats.choices = choices(formats)
    clause.accounts.choices = choices(accounts)
    clause.topics.choices = choices(topics)


def terms_of(form: AgreementForm) -> VersionTerms:
    """What the form says."""
    return VersionTerms(
        clauses=[_clause(entry.form) for entry in form.clauses],
        starts_on=form.starts_on.data,
        review_on=form.review_on.data,
        ends_on=form.ends_on.data,
        text=form.text.data or "",
        excluded_words=_lines(form.excluded_words.data),
        turnaround_h=form.turnaround_h.data,
        why=form.why.data or "",
    )


def _clause(form: Any) -> ClauseTerms:
    percent = (form.sample_percent.data or "0").strip()
    return ClauseTerms(
        formats=[key for key in form.formats.data or [] if key],
        accounts=[number(i) for i in form.accounts.data or [] if i],
        topics=[number(i) for i in form.topics.data or [] if i],
        sample_percent=int(percent) if percent.isdecimal() and len(percent) < 4 else -1,
    )


def _lines(text: str | None) -> list[str]:
    return list(dict.fromkeys(line.strip() for line in (text or "").splitlines() if line.strip()))


def values_of(version: AgreementVersion) -> dict[str, Any]:
    """What stands in the fields when somebody goes on from this version; its days are chosen anew."""
    return {
        "excluded_words": "\n".join(version.excluded_words),
        "turnaround_h": version.turnaround_h,
        "text": version.text,
        "clauses": [
            {
                "formats": list(clause.formats),
                "accounts": [str(i) for i in clause.account_ids],
                "topics": [str(i) for i in clause.topic_ids],
                "sample_percent": str(clause.sample_percent),
            }
            for clause in version.clauses
        ],
    }
