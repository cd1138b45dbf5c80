"""What is sent from the pages of home."""

from wtforms import IntegerField
from wtforms.validators import NumberRange

from app.forms import DeskcastForm


class ReadForm(DeskcastForm):
    """`up_to`: the newest notice that stood on the page. What came since stays new."""

    up_to = IntegerField(validators=[NumberRange(min=0)])
