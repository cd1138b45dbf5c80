"""The ladder of an account: switching it on and off, asking for the next stage, signing it, stepping down.

Whoever asks never signs. Figures are handed in as plain data; what they come from lies in other layers. What is
planned follows a change of stage in the same transaction (`events.StageChanged`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library import audit, events
from content_library.errors import Conflict, InvalidInput, TransitionNotAllowed
from content_library.ladder_progress import progress_of
from content_library.ladder_rules import FIRST, HIGHEST, STAGES, Figures, as_data, missing
from content_library.ladder_stages import label_of
from content_library.models.account import Account, AccountState
from content_library.models.desk import Desk
from content_library.models.ladder import LadderAct, LadderStanding, LadderStep
from content_library.models.user import TeamMembership, User
from content_library.notices import leads_of, notify, over
from content_library.permissions import (
    can_ask_for_a_stage,
    can_manage_desk,
    can_manage_people,
    can_sign_a_stage,
    can_step_down,
    require,
)
from content_library.transitions import flush

ASKED = "ladder.asked"
LONGEST_WHY = 300
MAY_SWITCH = "Only the desk’s leads and administrators switch the ladder on and off."


def switch_on(
    session: Session, account: Account, stage: int, why: str, *, actor: User, now: datetime
) -> LadderStanding:
    """Put an account on the ladder at a stage it has earned already, with a reason.

    Raises PermissionDenied, InvalidInput by field, TransitionNotAllowed when it is on.
    """
    require(can_manage_desk(actor, account.desk_id), MAY_SWITCH)
    standing = _hold(session, account)
    if standing is not None and standing.is_on:
        raise TransitionNotAllowed("The ladder of this account is on already. Reload the page.")
    if account.state is AccountState.CLOSED:
        raise TransitionNotAllowed("This account is out of use.")
    problems = {} if stage in STAGES else {"stage": "Choose the stage it starts with."}
    if problems | _why_problem(why):
        raise InvalidInput("The ladder was not switched on.", problems | _why_problem(why))
    if standing is None:
        standing = LadderStanding(account=account, desk_id=account.desk_id, stage=stage, since=now)
        session.add(standing)
    standing.is_on = True
    _step(session, standing, LadderAct.SWITCHED_ON, None, stage, why, actor=actor, now=now)
    return standing


def switch_off(session: Session, account: Account, why: str, *, actor: User, now: datetime) -> None:
    """Nobody meets the ladder there any more; its history stays. Raises as `switch_on` does."""
    require(can_manage_desk(actor, account.desk_id), MAY_SWITCH)
    standing = _on(session, account)
    _check_why(why)
    standing.is_on = False
    _step(session, standing, LadderAct.SWITCHED_OFF, standing.stage, None, why, actor=actor, now=now)


def ask(
    session: Session, account: Account, figures: Figures, *, actor: User, now: datetime, why: str = ""
) -> None:
    """A lead asks for the next stage; who may sign it is told. While something is missing only an administrator may,
    so the lead says why.

    Raises PermissionDenied, InvalidInput, TransitionNotAllowed when it is asked for already or there is none.
    """
    require(can_ask_for_a_stage(actor, account.desk_id), "Only the desk’s leads ask for a stage.")
    standing = _on(session, account)
    if standing.stage == HIGHEST:
        raise TransitionNotAllowed("This account is at the highest stage already.")
    if standing.asked_at is not None:
        raise TransitionNotAllowed("The next stage is asked for already. Reload the page.")
    lacking = missing(progress_of(session, standing, figures, now=now))
    if lacking or why.strip():
        _check_why(why)
    standing.asked_by, standing.asked_at, standing.asked_why = actor, now, why.strip()
    flush(session)
    wanted = standing.stage + 1
    audit.record(
        session, ASKED, standing, actor=actor, now=now,
        summary=f"Asked for stage {wanted} for {label_of(account)}",
        details={"account_id": account.id, "stage": wanted, "why": why.strip(), "missing": lacking},
    )  # fmt: skip
    people = _signers(session, standing.desk_id, only_administrators=bool(lacking))
    text = f"{actor.name} asks for stage {wanted}, {STAGES[wanted].name}, for {label_of(account)}."
    _tell(session, set(people) - {actor.id}, ASKED, standing, text, actor=actor, why=why, now=now)


def turn_down(session: Session, account: Account, why: str, *, actor: User, now: datetime) -> None:
    """Not yet: whoever may sign says why, or a lead takes the question back. Raises as the others do."""
    may = can_sign_a_stage(actor, account.desk_id) or can_ask_for_a_stage(actor, account.desk_id)
    require(may, "Only who may sign the stage, or a lead of the desk, ends the question for it.")
    standing = _on(session, account)
    _check_asked(standing)
    _check_why(why)
    people = {*leads_of(session, standing.desk_id), standing.asked_by_id or actor.id} - {actor.id}
    _no_longer_asked(session, standing, now=now)
    flush(session)
    wanted = standing.stage + 1
    audit.record(
        session, "ladder.not_yet", standing, actor=actor, now=now,
        summary=f"Not yet stage {wanted} for {label_of(account)}: {why.strip()}",
        details={"account_id": account.id, "stage": wanted, "why": why.strip()},
    )  # fmt: skip
    text = f"{actor.name} says not yet to stage {wanted} for {label_of(account)}."
    _tell(session, people, "ladder.not_yet", standing, text, actor=actor, why=why, now=now)


def sign(
    session: Session,
    account: Account,
    figures: Figures,
    *,
    seen: int,
    actor: User,
    now: datetime,
    why: str = "",
) -> LadderStep:
    """The next stage is earned and signed. `seen`: the stage the person was asked to sign.

    Raises PermissionDenied (also to the one who asked), TransitionNotAllowed when nobody asks, Conflict when another
    stage is asked for now, InvalidInput with what is missing, where only an administrator may sign, with a reason.
    """
    may = "Only people of the desk’s teams and administrators sign a stage."
    require(can_sign_a_stage(actor, account.desk_id), may)
    standing = _on(session, account)
    _check_asked(standing)
    require(
        standing.asked_by_id != actor.id, "Whoever asks for a stage does not sign it: somebody else does."
    )
    if seen != standing.stage + 1:
        raise Conflict("Another stage is asked for now. Nothing was signed: reload the page and look again.")
    every = progress_of(session, standing, figures, now=now)
    lacking = missing(every)
    _check_earned(lacking, why, actor=actor)
    return _step(
        session, standing, LadderAct.ROSE, standing.stage, seen, why, actor=actor, now=now,
        figures=as_data(every), is_exception=bool(lacking),
    )  # fmt: skip


def step_down(
    session: Session,
    account: Account,
    stage: int,
    why: str,
    *,
    actor: User,
    now: datetime,
    figures: Figures | None = None,
) -> LadderStep:
    """Down to a lower stage, at once, with a reason. What is planned beyond it waits.

    Raises PermissionDenied, InvalidInput by field, TransitionNotAllowed at the first stage.
    """
    may = "Only leads of the desk, people of its teams and administrators step an account down."
    require(can_step_down(actor, account.desk_id), may)
    standing = _on(session, account)
    if standing.stage == FIRST:
        raise TransitionNotAllowed("This account is at the first stage already.")
    problems = {} if FIRST <= stage < standing.stage else {"stage": "Choose a stage below the one it is at."}
    if problems | _why_problem(why):
        raise InvalidInput("The stage was not changed.", problems | _why_problem(why))
    every = progress_of(session, standing, figures, now=now) if figures else []
    return _step(
        session, standing, LadderAct.FELL, standing.stage, stage, why, actor=actor, now=now, figures=as_data(every)
    )  # fmt: skip


def _hold(session: Session, account: Account) -> LadderStanding | None:
    """Let nobody else move this account on the ladder until this transaction ends, and read its place again."""
    flush(session)
    session.execute(select(Account.id).where(Account.id == account.id).with_for_update(key_share=True))
    found = select(LadderStanding).where(LadderStanding.account_id == account.id)
    return session.scalar(found.execution_options(populate_existing=True))


def _on(session: Session, account: Account) -> LadderStanding:
    standing = _hold(session, account)
    if standing is None or not standing.is_on:
        raise TransitionNotAllowed("The ladder of this account is off. Reload the page.")
    return standing


def _check_asked(standing: LadderStanding) -> None:
    if standing.asked_at is None:
        raise TransitionNotAllowed("Nobody asks for a stage here any more. Reload the page.")


def _check_earned(lacking: Sequence[str], why: str, *, actor: User) -> None:
    if not lacking:
        return
    still = f"Still missing: {'; '.join(lacking)}."
    if not can_manage_people(actor):
        raise InvalidInput(f"This stage cannot be signed yet. {still}")
    if not why.strip():
        sentence = f"{still} Say why it is signed all the same."
        raise InvalidInput(sentence, {"why": sentence})


def _why_problem(why: str) -> dict[str, str]:
    if not why.strip():
        return {"why": "Say why, for those who ask later."}
    return {"why": f"Keep this under {LONGEST_WHY} characters."} if len(why.strip()) > LONGEST_WHY else {}


def _check_why(why: str) -> None:
    problems = _why_problem(why)
    if problems:
        raise InvalidInput(problems["why"], problems)


def _step(
    session: Session,
    standing: LadderStanding,
    act: LadderAct,
    before: int | None,
    after: int | None,
    why: str,
    *,
    actor: User,
    now: datetime,
    figures: Mapping[str, Any] | None = None,
    is_exception: bool = False,
) -> LadderStep:
    """Write the step, the record, and tell whoever has to know; what is planned follows."""
    account = standing.account
    step = LadderStep(
        standing=standing, act=act, from_stage=before, to_stage=after, why=why.strip(), signed_by=actor, at=now,
        asked_by_id=standing.asked_by_id if act is LadderAct.ROSE else None, figures=dict(figures or {}),
        is_exception=is_exception,
    )  # fmt: skip
    session.add(step)
    people = {*leads_of(session, standing.desk_id), standing.asked_by_id or actor.id} - {actor.id}
    standing.stage, standing.since = after or standing.stage, now
    _no_longer_asked(session, standing, now=now)
    flush(session)
    said = _SAID[act].format(account=label_of(account), stage=after, name=STAGES[after].name if after else "")
    audit.record(
        session, f"ladder.{act}", standing, actor=actor, now=now, summary=said,
        details={"account_id": account.id, "from": before, "to": after, "why": step.why, "figures": step.figures,
                 "asked_by_id": step.asked_by_id, "is_exception": is_exception},
    )  # fmt: skip
    if act in (LadderAct.ROSE, LadderAct.FELL):
        text = f"{said} {_BY[act].format(actor.name)}"
        _tell(session, people, f"ladder.{act}", standing, text, actor=actor, why=why, now=now)
    events.tell(session, events.StageChanged(account, now))
    return step


_SAID: Mapping[LadderAct, str] = {
    LadderAct.SWITCHED_ON: "Switched the ladder of {account} on at stage {stage}, {name}.",
    LadderAct.SWITCHED_OFF: "Switched the ladder of {account} off.",
    LadderAct.ROSE: "{account} is at stage {stage} now, {name}.",
    LadderAct.FELL: "{account} is back at stage {stage}, {name}.",
}
_BY: Mapping[LadderAct, str] = {LadderAct.ROSE: "{} has signed it.", LadderAct.FELL: "{} stepped it down."}


def _no_longer_asked(session: Session, standing: LadderStanding, *, now: datetime) -> None:
    standing.asked_by, standing.asked_at, standing.asked_why = None, None, ""
    if standing.id is not None:
        over(session, ASKED, [standing], now=now)


def _signers(session: Session, desk_id: int, *, only_administrators: bool) -> list[int]:
    """The active people who may sign a stage of this desk now."""
    found = set(session.scalars(select(User.id).where(User.is_active, User.is_administrator)))
    if not only_administrators:
        teams = [team.id for team in session.get_one(Desk, desk_id).teams]
        found |= set(
            session.scalars(
                select(TeamMembership.user_id)
                .join(User, User.id == TeamMembership.user_id)
                .where(TeamMembership.team_id.in_(teams), User.is_active)
            )
        )
    return sorted(found)


def _tell(
    session: Session,
    people: set[int],
    kind: str,
    standing: LadderStanding,
    text: str,
    *,
    actor: User,
    why: str,
    now: datetime,
) -> None:
    details = {"account_id": standing.account_id, "from": actor.name, "quote": why.strip()}
    notify(
        session, people, kind, standing, stage=f"version {standing.version}", text=text, now=now,
        details=details,
    )  # fmt: skip
