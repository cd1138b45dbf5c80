"""What the pages of a post send: each form takes exactly its own fields.

The composer's form is made for the post's format: `field_<key>` for what the format asks, `variant_<network>` for
what one network gets, `alt_<id>` for the description of a picture, `reason_<key>` and `evidence_<key>`
for what is said to a boundary.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    Field,
    Form,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Length
from wtforms.widgets import DateInput, DateTimeLocalInput, URLInput

from app.formatting import gettext as _
from app.forms import DeskcastForm
from content_library import poll_rules
from content_library.boundaries.rules import Rule, Severity
from content_library.formats import AUDIENCES, INGREDIENTS, ONWARD, FieldType
from content_library.link_tags import LONGEST_TAG
from content_library.media import LONGEST_ALT
from content_library.models.account import NETWORK_NAMES, Account
from content_library.models.desk import Desk
from content_library.models.format import Format, Kind
from content_library.models.topic import Product, Topic

LANGUAGES = {
    "en": "English", "ar": "العربية", "cs": "Čeština", "da": "Dansk", "de": "Deutsch", "el": "Ελληνικά",
    "es": "Español", "et": "Eesti", "fa": "فارسی", "fi": "Suomi", "fr": "Français", "he": "עברית", "hi": "हिन्दी",
    "hr": "Hrvatski", "hu": "Magyar", "id": "Bahasa Indonesia", "it": "Italiano", "ja": "日本語", "ko": "한국어",
    "lt": "Lietuvių", "lv": "Latviešu", "nb": "Norsk", "nl": "Nederlands", "pl": "Polski", "pt": "Português",
    "ro": "Română", "sk": "Slovenčina", "sl": "Slovenščina", "sv": "Svenska", "tr": "Türkçe", "uk": "Українська",
    "zh": "中文",
}  # fmt: skip
LONGEST_TEXT = 20_000


class Needed:
    """Marks a field that is needed before submitting; a draft may leave it empty."""

    field_flags = {"required": True}

    def __call__(self, form: Form, field: Field) -> None:
        return


def at_most(characters: int) -> Length:
    return Length(max=characters, message=_("Keep this under {} characters.").format(f"{characters:,}"))


def _options() -> dict[str, StringField]:
    """A field for each option of a poll."""
    return {
        f"poll_{n}": StringField(_("Option {}").format(n), [at_most(300)])
        for n in range(1, poll_rules.MOST + 1)
    }


class ComposerForm(DeskcastForm):
    """What every post has. `version` and `base` say which working copy and which revision the page began from."""

    version = HiddenField()
    base = HiddenField()
    format = SelectField(_("Format"))
    title = StringField(_("Working title"), [Needed(), at_most(200)])
    text = TextAreaField(_("Text"), [Needed(), at_most(LONGEST_TEXT)])
    accounts = SelectMultipleField(_("Where it goes out"), [Needed()], coerce=int)
    thread = BooleanField(_("Send a long text as a thread"))
    first_comment = TextAreaField(_("First comment"), [at_most(LONGEST_TEXT)])
    utm = BooleanField(_("Say in the links where readers came from (UTM)"))
    utm_campaign = StringField(_("Campaign"), [at_most(LONGEST_TAG)])
    media = SelectMultipleField(_("Pictures"), coerce=int, validate_choice=False)
    upload = FileField(_("Add a picture"))
    topics = SelectMultipleField(_("Topics"), coerce=int)
    new_topic = StringField(_("Another topic"), [at_most(60)])
    products = SelectMultipleField(_("Products"), coerce=int)
    new_product = StringField(_("Another product"), [at_most(60)])
    audience = RadioField(_("Audience"), choices=AUDIENCES)
    language = SelectField(_("Language"))
    ingredient = SelectField(_("What it gives the stream"), choices={"": _("Not said"), **INGREDIENTS})
    educational = BooleanField(_("Educational"))
    entertaining = BooleanField(_("Entertaining"))
    onward_kind = SelectField(_("Where people go from here"), choices=ONWARD)
    onward_url = StringField(_("Its address"), [at_most(2_000)], widget=URLInput())
    evergreen = BooleanField(_("Evergreen: it may run again"))
    valid_from = StringField(_("Valid from"), [at_most(19)], widget=DateTimeLocalInput())
    valid_until = StringField(_("Valid until"), [at_most(19)], widget=DateTimeLocalInput())
    review_by = StringField(_("Look at it again by"), [at_most(10)], widget=DateInput())
    source_url = StringField(_("Source link"), [at_most(2_000)], widget=URLInput())
    source_title = StringField(_("Title of the source"), [at_most(500)])
    source_author = StringField(_("Its author"), [at_most(200)])
    source_via = StringField(_("Found through"), [at_most(200)])
    source_licence = StringField(_("Licence or permission"), [at_most(300)])
    revision_note = StringField(_("What is different in this revision"), [at_most(300)])
    submission_note = TextAreaField(_("A word to the reviewers"), [at_most(2_000)])
    wanted_at = StringField(_("Wanted by"), [at_most(19)], widget=DateTimeLocalInput())


@dataclass(frozen=True)
class Shelf:
    """What the composer can choose from on this desk."""

    desk: Desk
    format: Format
    formats: list[Format]
    accounts: list[Account]
    topics: list[Topic]
    products: list[Product]
    boundaries: list[Rule]

    @property
    def networks(self) -> list[str]:
        return list(dict.fromkeys(account.network for account in self.accounts))

    @property
    def specs(self) -> list[dict[str, Any]]:
        return [dict(spec) for spec in self.format.fields]

    @property
    def has_poll(self) -> bool:
        """Only a question has one."""
        return self.format.kind is Kind.QUESTION

    @property
    def needs(self) -> set[str]:
        """The fields every post has that this format asks for."""
        return {spec["key"] for spec in self.specs if spec["type"] == FieldType.BUILTIN}


def composer_form(shelf: Shelf, pictures: Iterable[int], values: Mapping[str, Any]) -> ComposerForm:
    """The form of a format, filled with `values` unless the request brings its own."""
    fields: dict[str, Any] = {
        f"field_{spec['key']}": _field(spec) for spec in shelf.specs if spec["type"] != FieldType.BUILTIN
    }
    if shelf.has_poll:
        fields |= _options()
        fields["poll_minutes"] = SelectField(
            _("Open for"), choices=poll_rules.DURATIONS, coerce=int, default=poll_rules.USUAL_MINUTES
        )
    for network in shelf.networks:
        name = NETWORK_NAMES.get(network, network)
        fields[f"variant_{network}"] = TextAreaField(_("Text for {}").format(name), [at_most(LONGEST_TEXT)])
    for media_id in pictures:
        fields[f"alt_{media_id}"] = TextAreaField(
            _("Description for people who cannot see it"), [at_most(LONGEST_ALT)]
        )
    for rule in shelf.boundaries:
        fields |= _answers(rule)
    made: ComposerForm = type("FormatComposerForm", (ComposerForm,), fields)(data=values)
    _offer(made, shelf)
    return made


def _answers(rule: Rule) -> dict[str, Field]:
    """What the author can say to a boundary: a reason where it warns, evidence where it asks for it."""
    fields: dict[str, Field] = {}
    if rule.severity is Severity.WARN:
        fields[f"reason_{rule.key}"] = TextAreaField(_("Why it stands"), [at_most(1_000)])
    if rule.needs_evidence:
        fields[f"evidence_{rule.key}"] = TextAreaField(_("What it rests on"), [at_most(2_000)])
    return fields


def _field(spec: Mapping[str, Any]) -> Field:
    needed: list[Any] = [Needed()] if spec["required"] else []
    label, about = spec["label"], spec["why"]
    match spec["type"]:
        case FieldType.LONG_TEXT:
            return TextAreaField(label, [*needed, at_most(4_000)], description=about)
        case FieldType.URL:
            return StringField(label, [*needed, at_most(2_000)], description=about, widget=URLInput())
        case FieldType.DATE:
            return StringField(label, [*needed, at_most(10)], description=about, widget=DateInput())
        case FieldType.MOMENT:
            return StringField(label, [*needed, at_most(19)], description=about, widget=DateTimeLocalInput())
        case FieldType.CHECK:
            return BooleanField(label, needed, description=about)
    return StringField(label, [*needed, at_most(300)], description=about)


def _offer(form: ComposerForm, shelf: Shelf) -> None:
    """The choices of this desk, and no others."""
    form.format.choices = {f.key: f.name for f in shelf.formats}
    form.accounts.choices = {a.id: NETWORK_NAMES.get(a.network, a.network) for a in shelf.accounts}
    form.topics.choices = {t.id: t.name for t in shelf.topics}
    form.products.choices = {p.id: p.name for p in shelf.products}
    known = (
        LANGUAGES
        if not form.language.data or form.language.data in LANGUAGES
        else {**LANGUAGES, form.language.data: form.language.data}
    )
    form.language.choices = known
    for key in shelf.needs & {"topics", "products", "valid_from", "valid_until"}:
        form[key].flags.required = True
    if "source" in shelf.needs:
        form.source_url.flags.required = True


class NewPostForm(DeskcastForm):
    """`source` is the post that the new one is made from, if any."""

    format = RadioField(_("Format"))
    source = HiddenField()


class CommentForm(DeskcastForm):
    body = TextAreaField(_("Say something"), [at_most(4_000)])


class SubmissionForm(DeskcastForm):
    submission_note = TextAreaField(_("A word to the reviewers"), [at_most(2_000)])
    wanted_at = StringField(_("Wanted by"), [at_most(19)], widget=DateTimeLocalInput())


class DeclineForm(DeskcastForm):
    """No to suggested words."""

    why = StringField(_("Why"), [at_most(1_000)])


class WithdrawalForm(DeskcastForm):
    why = TextAreaField(_("Why"), [at_most(2_000)])


class ConflictForm(DeskcastForm):
    """Which text goes on, and the newest revision the person has seen while choosing."""

    choice = RadioField(
        choices={"mine": _("Keep mine"), "theirs": _("Take theirs"), "edit": _("Go on writing")}
    )
    onto = HiddenField()


class ActForm(DeskcastForm):
    """A button and nothing else."""
