"""What the ladder lets an account carry: asked while writing, at submission and by the gate, in the same words."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from content_library.ladder_rules import BUILTIN_STAGES, OUTSIDE, STAGES, reaches, stage_needed
from content_library.models.account import NETWORK_NAMES, Account
from content_library.models.format import Format, Tone
from content_library.models.ladder import LadderStanding


def stages_of(session: Session, account_ids: Collection[int]) -> dict[int, int]:
    """Account id → its stage; accounts whose ladder is off are left out."""
    rows = session.execute(
        select(LadderStanding.account_id, LadderStanding.stage).where(
            LadderStanding.account_id.in_(account_ids), LadderStanding.is_on
        )
    )
    return {row.account_id: row.stage for row in rows}


def needed_by(format_: Format) -> int | None:
    """The stage a format needs; None when it stands outside the ladder."""
    return stage_needed(format_.key, format_.kind, format_.tone)


def on_the_ladder() -> ColumnElement[bool]:
    """The same question to the database: formats that do not stand outside."""
    own = and_(Format.key.not_in(OUTSIDE), Format.tone != Tone.SERVICE)
    return or_(Format.key.in_(BUILTIN_STAGES), own)


def label(network: str, handle: str, name: str) -> str:
    """`Bluesky @brindlemoor.bsky.social`, `Public page Brindlemoor Home`."""
    return f"{NETWORK_NAMES.get(network, network)} {name if network == 'page' else f'@{handle}'}"


def label_of(account: Account) -> str:
    return label(account.network, account.handle, account.name)


def at_stage(account: str, stage: int) -> str:
    """`Bluesky @x is at stage 1, basic education.`"""
    return f"{account} is at stage {stage}, {STAGES[stage].name}."


def too_low(account: str, stage: int | None, format_: Format) -> str:
    """Why an account at this stage cannot carry this format; empty when it can."""
    needed = needed_by(format_)
    if stage is None or needed is None or reaches(stage, needed):
        return ""
    return f"{at_stage(account, stage)} {_needs(format_, needed)} See what is missing under Ladder."


def _needs(format_: Format, needed: int) -> str:
    return f"“{format_.name}” needs stage {needed}."


def problem(session: Session, accounts: Sequence[Account], format_: Format) -> dict[str, str]:
    """At `accounts`: the chosen accounts that cannot carry this format yet, and what to do. Empty when all can."""
    needed = needed_by(format_)
    stages = stages_of(session, [a.id for a in accounts]) if needed is not None else {}
    low = [a for a in accounts if not reaches(stages.get(a.id), needed)]
    if not low or needed is None:
        return {}
    where = " ".join(at_stage(label_of(a), stages[a.id]) for a in low)
    which = "the account" if len(low) == 1 else "these accounts"
    return {
        "accounts": f"{where} {_needs(format_, needed)} "
        f"Take {which} out, or see what is missing under Ladder."
    }
