"""What the pages of the ladder show: each account with its stage, what it has earned, and what this person may do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.extensions import db, desk, me, now
from app.formatting import gettext as _
from app.forms import DeskcastForm
from app.ladder.forms import AskForm, DescentForm, NotYetForm, SignForm, SwitchForm, stage_choices
from content_library import after_reviews, ladder_progress
from content_library.ladder_rules import STAGES, Figures, Measure, Progress, Stage, missing
from content_library.ladder_stages import label_of
from content_library.models.account import Account
from content_library.models.ladder import LadderStanding, LadderStep
from content_library.permissions import (
    can_ask_for_a_stage,
    can_manage_desk,
    can_manage_people,
    can_sign_a_stage,
    can_step_down,
)
from scheduler import earned

SHOWN = {
    Measure.PUBLISHED: _("Posts published"),
    Measure.FIRST_PASS: _("Approved at first pass"),
    Measure.CLEAN_DAYS: _("Days without a breach"),
    Measure.STAY_DAYS: _("Minimum stay"),
}
_COUNTED = {
    Measure.PUBLISHED: _("{} of {}"),
    Measure.FIRST_PASS: _("{} % of {} %"),
    Measure.CLEAN_DAYS: _("{} of {} days"),
    Measure.STAY_DAYS: _("{} of {} days"),
}
ACTS = {
    "switched_on": ("review", "toggle-left", _("Switched on")),
    "switched_off": ("draft", "toggle-left", _("Switched off")),
    "rose": ("approved", "arrow-up", _("Up")),
    "fell": ("held", "arrow-down", _("Down")),
}


@dataclass(frozen=True)
class Bar:
    """One criterion as it is shown. The bar never says more than is needed."""

    label: str
    shown: str
    reached: int
    needed: int
    is_met: bool
    detail: str = ""


@dataclass(frozen=True)
class Rung:
    """An account on the ladder. `next` is None at the highest stage."""

    account: Account
    name: str
    standing: LadderStanding
    stage: Stage
    next: Stage | None
    bars: Sequence[Bar]
    lacking: Sequence[str]
    waiting: int

    @property
    def is_earned(self) -> bool:
        return self.next is not None and not self.lacking


@dataclass(frozen=True)
class Acts:
    """The forms this person may use here; None for those they may not."""

    switch: SwitchForm | None = None
    ask: AskForm | None = None
    sign: SignForm | None = None
    not_yet: NotYetForm | None = None
    descend: DescentForm | None = None


def figures_of(standing: LadderStanding) -> Figures:
    """How the account did since it came to its stage."""
    decided, approved = ladder_progress.first_pass(db(), standing)
    return Figures(
        published=earned.published_since(db(), standing.account_id, standing.since),
        decided=decided,
        first_pass=approved,
        breaches=[
            *earned.take_downs(db(), standing.account_id),
            *after_reviews.breaches_on(db(), standing.account_id, since=standing.since),
        ],
    )


def rung(standing: LadderStanding) -> Rung:
    following = STAGES.get(standing.stage + 1)
    figures = figures_of(standing) if following else Figures()
    every = ladder_progress.progress_of(db(), standing, figures, now=now())
    return Rung(
        account=standing.account,
        name=label_of(standing.account),
        standing=standing,
        stage=STAGES[standing.stage],
        next=following,
        bars=[_bar(one, figures) for one in every],
        lacking=missing(every),
        waiting=earned.waiting_for_a_stage(db(), standing.account_id),
    )


def _bar(one: Progress, figures: Figures) -> Bar:
    detail = ""
    if one.measure is Measure.FIRST_PASS:
        detail = _("{} of {} decided").format(figures.first_pass, figures.decided)
    shown = _COUNTED[one.measure].format(one.reached, one.needed)
    return Bar(SHOWN[one.measure], shown, min(one.reached, one.needed), one.needed, one.is_met, detail)


def acts(found: Rung | None, sent: dict[str, object]) -> Acts:
    """What this person may do with an account; `sent` holds the form that was refused, under its name."""
    here = desk().id
    switch = _switch_form(found, sent.get("switch")) if can_manage_desk(me(), here) else None
    if found is None:
        return Acts(switch=switch)
    asked = found.standing.asked_at is not None
    return Acts(
        switch=switch,
        ask=_form(AskForm, sent.get("ask")) if _may_ask(found, asked=asked) else None,
        sign=_sign_form(found, sent.get("sign")) if asked and ("sign" in sent or may_sign(found)) else None,
        not_yet=_form(NotYetForm, sent.get("not_yet")) if asked and _may_end() else None,
        descend=_descent_form(found, sent.get("descend")) if _may_descend(found) else None,
    )


def _may_ask(found: Rung, *, asked: bool) -> bool:
    return found.next is not None and not asked and can_ask_for_a_stage(me(), desk().id)


def may_sign(found: Rung) -> bool:
    """Somebody else than who asked; while something is missing only an administrator."""
    if found.standing.asked_by_id == me().id or not can_sign_a_stage(me(), desk().id):
        return False
    return found.is_earned or can_manage_people(me())


def _may_end() -> bool:
    return can_sign_a_stage(me(), desk().id) or can_ask_for_a_stage(me(), desk().id)


def _may_descend(found: Rung) -> bool:
    return found.stage.number > 1 and can_step_down(me(), desk().id)


def _form(kind: type[DeskcastForm], sent: object) -> Any:
    return sent or kind(formdata=None)


def _sign_form(found: Rung, sent: object) -> SignForm:
    made: SignForm = _form(SignForm, sent)
    made.seen.data = str(found.standing.stage + 1)
    return made


def _switch_form(found: Rung | None, sent: object) -> SwitchForm:
    made: SwitchForm = _form(SwitchForm, sent)
    stage_choices(made, list(STAGES))
    if found is None and made.stage.data is None:
        made.stage.data = "1"
    return made


def _descent_form(found: Rung, sent: object) -> DescentForm:
    made: DescentForm = _form(DescentForm, sent)
    stage_choices(made, list(range(1, found.stage.number)))
    if made.stage.data is None:
        made.stage.data = str(found.stage.number - 1)
    return made


def history(standing: LadderStanding | None) -> list[LadderStep]:
    """The newest first."""
    return list(reversed(standing.steps)) if standing else []


def signers() -> str:
    """Who may sign here, as a person would say it."""
    names = [team.name for team in desk().teams]
    teams = _("somebody of {} or ").format(", ".join(names)) if names else ""
    return _("{}an administrator, never the person who asked").format(teams)
