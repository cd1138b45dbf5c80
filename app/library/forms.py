"""What the library's pages send."""

from flask_wtf.file import FileField, FileRequired
from wtforms import SelectMultipleField, StringField, TextAreaField
from wtforms.validators import Length

from app.formatting import gettext as _
from app.forms import DeskcastForm
from content_library.media import LONGEST_ALT, LONGEST_RIGHTS


class UploadForm(DeskcastForm):
    upload = FileField(_("Picture"), [FileRequired(_("Choose a picture first."))])
    alt = TextAreaField(_("Description for people who cannot see it"), [Length(max=LONGEST_ALT)])
    rights = StringField(_("Whose picture it is"), [Length(max=LONGEST_RIGHTS)])


class PictureForm(DeskcastForm):
    alt = TextAreaField(_("Description for people who cannot see it"), [Length(max=LONGEST_ALT)])
    rights = StringField(_("Whose picture it is"), [Length(max=LONGEST_RIGHTS)])


class ShelfForm(DeskcastForm):
    """A new topic or product."""

    name = StringField(_("Name"), [Length(max=60)])


class ArchiveForm(DeskcastForm):
    """The posts that were ticked."""

    post = SelectMultipleField(_("Posts"), coerce=int, validate_choice=False)
