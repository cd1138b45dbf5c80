"""The base of every form, and how a verb's refusal finds its way back to the field it is about."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms import Field
from wtforms.fields import SelectChoice

from app.extensions import db, desk
from content_library.errors import InvalidInput
from content_library.wall_time import parse_wall, resolve


def wants_json() -> bool:
    """Whether the caller is a script of ours (or a tool) and not a page."""
    return request.accept_mimetypes.best == "application/json"


def choices(pairs: Iterable[tuple[Any, str]]) -> list[SelectChoice]:
    """The options of a select, radio or check field, from (value, label)."""
    return [SelectChoice(str(value), label) for value, label in pairs]


def number(text: str | None) -> int:
    """A number of ours in a hidden field; 0 for anything else."""
    return int(text) if text and re.fullmatch("[0-9]{1,9}", text) else 0


def instant(text: str | None, *, field: str) -> datetime | None:
    """A wall time in the desk's zone as an instant; None for nothing. Raises InvalidInput at `field`."""
    if not text:
        return None
    try:
        return resolve(parse_wall(text), desk().zone).due_at
    except InvalidInput as wrong:
        raise InvalidInput(wrong.message, {field: wrong.message}) from wrong


class DeskcastForm(FlaskForm):
    """A form whose verb may still say no: see `accepts`. `problem` is a sentence about the form as a whole."""

    problem: str = ""

    def accepts(self, verb: Callable[[], Any]) -> bool:
        """Validate, then run the verb. An InvalidInput undoes what the verb did and is shown at its fields."""
        if not self.validate_on_submit():
            return False
        try:
            with db().begin_nested():
                self.result = verb()
        except InvalidInput as refusal:
            self.show(refusal)
            return False
        return True

    def show(self, refusal: InvalidInput) -> None:
        """Put each sentence at its field; what has no field here stays with the form."""
        left = []
        for name, sentence in refusal.fields.items():
            field: Field | None = self._fields.get(name)
            if field is None:
                left.append(sentence)
            else:
                field.errors = [*field.errors, sentence]
        placed = len(refusal.fields) > len(left)
        self.problem = " ".join(left) if left else ("" if placed else refusal.message)
        if self.problem:
            self.form_errors.append(self.problem)
