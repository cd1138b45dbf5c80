"""What is asked for at each step of the ladder."""

from collections.abc import Mapping
from typing import Any

from wtforms import HiddenField, IntegerField, RadioField, StringField
from wtforms.validators import Length, NumberRange

from app.formatting import gettext as _
from app.forms import DeskcastForm, choices
from content_library.ladder import LONGEST_WHY
from content_library.ladder_rules import LIMITS, STAGES, Criteria, Measure

MEASURES = {
    Measure.PUBLISHED: _("Posts published"),
    Measure.FIRST_PASS: _("Approved at first pass, per cent"),
    Measure.CLEAN_DAYS: _("Days without a breach"),
    Measure.STAY_DAYS: _("Days at the stage, at least"),
}


def _why(form: str) -> StringField:
    """Several of these forms stand on one page, so each field has its own id."""
    return StringField(_("Why"), [Length(max=LONGEST_WHY)], id=f"{form}-why")


class SwitchForm(DeskcastForm):
    """On: with the stage to start at. Off: with the reason alone."""

    stage = RadioField(_("Stage"), id="switch-stage", validate_choice=False)
    why = _why("switch")


class AskForm(DeskcastForm):
    why = _why("ask")


class SignForm(DeskcastForm):
    """`seen`: the stage the page asked to sign."""

    seen = HiddenField()
    why = _why("sign")


class NotYetForm(DeskcastForm):
    why = _why("not-yet")


class DescentForm(DeskcastForm):
    stage = RadioField(_("Down to"), id="descent-stage", validate_choice=False)
    why = _why("descent")


class CriteriaForm(DeskcastForm):
    """`seen`: the version of the numbers the page showed. A field a criterion and stage, `published_2` …"""

    seen = HiddenField()


def criteria_form(known: Mapping[int, Criteria], version: int) -> CriteriaForm:
    """The form with the numbers in force, unless the request brings its own."""
    fields = {
        f"{measure}_{stage}": IntegerField(
            MEASURES[measure], [NumberRange(*LIMITS[measure], _range(measure))]
        )
        for stage in known
        for measure in Measure
    }
    values: dict[str, Any] = {
        f"{measure}_{stage}": getattr(criteria, measure)
        for stage, criteria in known.items()
        for measure in Measure
    }
    made: CriteriaForm = type("NumbersForm", (CriteriaForm,), fields)(data={**values, "seen": str(version)})
    return made


def _range(measure: Measure) -> str:
    return _("Write a whole number from {} to {}.").format(*LIMITS[measure])


def wanted_criteria(form: CriteriaForm) -> dict[int, Criteria]:
    """What the form says."""
    return {
        stage: Criteria(**{measure.value: form[f"{measure}_{stage}"].data for measure in Measure})
        for stage in STAGES
        if f"{Measure.PUBLISHED}_{stage}" in form
    }


def stage_choices(form: SwitchForm | DescentForm, stages: list[int]) -> None:
    """Offer these stages, by number and name."""
    form.stage.choices = choices((n, _("Stage {}: {}").format(n, STAGES[n].name)) for n in stages)
