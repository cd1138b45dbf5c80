"""What is sent from the pages of home."""

from wtforms import HiddenField, IntegerField
from wtforms.validators import NumberRange

from app.forms import DeskcastForm


class ReadForm(DeskcastForm):
    """`up_to`: the newest notice that stood on the page. What came since stays new."""

    up_to = IntegerField(validators=[NumberRange(min=0)])


class OneReadForm(DeskcastForm):
    """`back`: "today" to return there, else to the list of notices."""

    back = HiddenField()
