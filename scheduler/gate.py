"""May this go out, now? Every reason not to, asked in the transaction that marks it as being sent.

The gate reads what is stored; it never fetches. A reason is a code, a sentence for people, and what happens to the
publication: held, blocked, missed, expired, or simply later.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from content_library.agreement_rules import uncovered
from content_library.boundaries.checking import Finding, owed
from content_library.boundaries.rules import Rule, Severity
from content_library.content import rendition_hash
from content_library.ladder_rules import HIGHEST
from content_library.ladder_stages import label, too_low
from content_library.models.account import AccountState
from content_library.models.desk import Team
from content_library.models.format import Format, Kind, Tone
from content_library.models.post import PostState, Revision
from content_library.models.review import Review
from content_library.posting_limits import DAY, HOUR, budget_of
from scheduler import calm, gate_questions
from scheduler.calm_times import Quiet
from scheduler.gate_questions import Known
from scheduler.models import HoldScope, Publication, PublicationState
from scheduler.publication_flow import Act

LATE = timedelta(seconds=30)  # from here on a publication is backlog and keeps the account's least gap


class Reason(StrEnum):
    STOPPED = "stopped"
    HOLD = "hold"
    APPROVAL = "approval"
    FACT = "fact"
    PAYLOAD = "payload"
    LADDER = "ladder"
    BOUNDARY = "boundary"
    AGREEMENT = "agreement"
    ACCOUNT = "account"
    WINDOW = "window"  # that of its offer
    BLACKOUT = "blackout"
    QUIET = "quiet"
    OVER = "over"
    LATE = "late"
    LINK = "link"
    RATE = "rate"  # tried again in a while
    BUDGET = "budget"  # the account has sent as much as it may just now
    GAP = "gap"
    CLOCK = "clock"


@dataclass(frozen=True)
class No:
    """Why not. `act` says what becomes of the publication; GIVE_BACK with `not_before` is simply later."""

    reason: Reason
    act: Act
    sentence: str
    not_before: datetime | None = None


@dataclass(frozen=True)
class Passed:
    """What may go: the payload's bytes, read in this very transaction."""

    publication_id: int
    account_id: int
    revision_id: int
    network: str
    payload: str


def ask(session: Session, publication_id: int, *, now: datetime, clock_sane: bool = True) -> Passed | No:
    """Every reason not to send this publication at `now`; `Passed` only if there is none."""
    return ask_all(session, [publication_id], now=now, clock_sane=clock_sane)[publication_id]


def ask_all(
    session: Session, ids: Sequence[int], *, now: datetime, clock_sane: bool = True
) -> dict[int, Passed | No]:
    """The same for several, in as many statements."""
    if not clock_sane:
        # No moment is named: by this clock it might be a day away, and nothing is claimed by it meanwhile.
        unsteady = "This machine’s clock jumped; waiting until it is steady."
        return dict.fromkeys(ids, No(Reason.CLOCK, Act.GIVE_BACK, unsteady))
    known = gate_questions.read(session, ids, now=now)
    return {one: _answer(session, known, known.rows[one], now) for one in ids}


def _answer(session: Session, known: Known, row: Row[Any], now: datetime) -> Passed | No:
    return (
        _hold(known, row)
        or _over(row, now)
        or _unapproved(known, row, now)
        or _outdated(row)
        or _changed(row)
        or _below_its_stage(row)
        or _boundaries(session, known, row)
        or _agreements(session, known, row, now)
        or _account(row, now)
        or _too_late(row, now)
        or _used_up(row, now)
        or _dead_link(known, row)
        or _silent(session, row, now)
        or _gap(session, row, now)
        or _over_budget(row, now)
        or Passed(row.id, row.account_id, row.revision_id, row.network, row.payload)
    )


_RENEWING = timedelta(seconds=15)


def _hold(known: Known, row: Row[Any]) -> No | None:
    for hold in known.holds:
        if _covers(hold, row):
            reason = Reason.HOLD if hold.scope is HoldScope.PUBLICATION else Reason.STOPPED
            return No(reason, Act.HOLD, f"Held: {hold.reason}")
    return None


def _covers(hold: Any, row: Row[Any]) -> bool:
    if hold.scope is HoldScope.KIND:
        return bool(hold.desk_id == row.desk_id and hold.kind is _kind(row))
    return bool(
        {
            HoldScope.ALL: True,
            HoldScope.DESK: hold.desk_id == row.desk_id,
            HoldScope.ACCOUNT: hold.account_id == row.account_id,
            HoldScope.PUBLICATION: hold.publication_id == row.id,
        }[hold.scope]
    )


def _kind(row: Row[Any]) -> Kind:
    """What the format of what goes out says; of a post that is bound to nothing yet, what it is written as."""
    kind: Kind = row.post_kind if row.format_key is None else row.format_kind
    return kind


def _over(row: Row[Any], now: datetime) -> No | None:
    if row.ends_at is not None and row.ends_at <= now:
        what = "the rest of it" if row.parts_out else "it"
        return No(Reason.OVER, Act.EXPIRE, f"Its last moment has passed, so {what} does not go out.")
    if row.starts_at is not None and row.starts_at > now:
        return No(Reason.WINDOW, Act.BLOCK, "It is planned before its offer starts. Choose a later time.")
    return None


def _unapproved(known: Known, row: Row[Any], now: datetime) -> No | None:
    missing = No(Reason.APPROVAL, Act.BLOCK, "It is not cleared: no approval covers exactly this text.")
    if row.approved_hash is None or row.approved_hash != row.content_hash:
        return missing
    if row.revision_post_id != row.post_id or row.post_state is PostState.ARCHIVED:
        return missing
    if row.valid_until is not None and row.valid_until <= now:
        return No(Reason.APPROVAL, Act.BLOCK, "Its approval has run out. Submit it again.")
    if row.id in known.short:
        return No(Reason.APPROVAL, Act.BLOCK, "Not every team’s approval is in force any more.")
    return None


def _outdated(row: Row[Any]) -> No | None:
    """Whoever changes a fact withdraws the approvals that rest on it; what slipped through does not go out."""
    if row.changed_fact is None:
        return None
    sentence = f"The fact “{row.changed_fact}” has changed since this was cleared. Make a revision with the new value."
    return No(Reason.FACT, Act.BLOCK, sentence)


def _changed(row: Row[Any]) -> No | None:
    """The bytes to be sent are the bytes that were approved."""
    whole = (
        row.payload is not None
        and row.rendition_revision_id == row.revision_id
        and row.rendition_account_id == row.account_id
        and rendition_hash(row.payload) == row.sha256 == row.payload_sha256
    )
    return None if whole else No(Reason.PAYLOAD, Act.BLOCK, "What would be sent is not what was approved.")


def _below_its_stage(row: Row[Any]) -> No | None:
    """The format of what goes out is judged, which need not be that of the newest revision."""
    if row.stage is None or row.stage == HIGHEST:
        return None
    format_ = Format(
        key=row.format_key, name=row.format_name, kind=row.format_kind, tone=row.format_tone
    )  # as it stands in the row; no session knows it
    sentence = too_low(label(row.network, row.handle, row.account_name), row.stage, format_)
    return No(Reason.LADDER, Act.BLOCK, sentence) if sentence else None


def _boundaries(session: Session, known: Known, row: Row[Any]) -> No | None:
    """A rule added today applies to what was scheduled yesterday; no race makes it looser."""
    touched = known.lookout.find(row.desk_id, row.payload, zone=row.zone)
    findings = [finding for finding in touched if _asks(finding.rule)]
    if not findings:
        return None
    absent = _teams_absent(session, row.submission_id, findings)
    if absent:
        return No(Reason.BOUNDARY, Act.BLOCK, f"{absent} Submit it again.")
    answers = session.get_one(Revision, row.revision_id).content.get("answers", {})
    left = [o for o in owed(findings, answers) if o.field != "reason"]
    return No(Reason.BOUNDARY, Act.BLOCK, left[0].sentence) if left else None


def _agreements(session: Session, known: Known, row: Row[Any], now: datetime) -> No | None:
    """What an agreement cleared is covered by the one in force now: signed by both, not over, not suspended."""
    teams = known.agreed.get(row.id)
    if not teams:
        return None
    findings = known.lookout.find(row.desk_id, row.payload, zone=row.zone)
    content = session.get_one(Revision, row.revision_id).content
    key = uncovered(session, row.desk_id, teams, content, findings, now=now)
    if not key:
        return None
    name = session.scalars(select(Team.name).where(Team.key == key)).one()
    return No(Reason.AGREEMENT, Act.BLOCK, f"{name}’s agreement does not clear it at that time.")


def _asks(rule: Rule) -> bool:
    """Whether a rule can stop what is cleared: a reason is asked for only while somebody writes."""
    return rule.severity is Severity.BLOCK or rule.needs_evidence or bool(rule.team_key)


def _teams_absent(session: Session, submission_id: int, findings: Sequence[Finding]) -> str:
    """The sentence that names a team which a boundary asks for now and which nobody asked then; or nothing."""
    asked = set(
        session.scalars(
            select(Team.key)
            .join(Review, Review.team_id == Team.id)
            .where(Review.submission_id == submission_id)
        )
    )
    missing = next((f for f in findings if f.rule.team_key and f.rule.team_key not in asked), None)
    if missing is None:
        return ""
    name = session.scalar(select(Team.name).where(Team.key == missing.rule.team_key)) or missing.rule.team_key
    return f"{name} has to clear it too now ({missing.rule.name})."


def _account(row: Row[Any], now: datetime) -> No | None:
    if row.account_state is AccountState.PRACTICE:
        return No(
            Reason.ACCOUNT, Act.BLOCK, f"{row.handle} is a practice account. Connect it under Accounts."
        )
    if row.account_state is AccountState.CLOSED:
        return No(Reason.ACCOUNT, Act.BLOCK, f"{row.handle} is out of use.")
    if row.account_state is not AccountState.ACTIVE:
        return No(Reason.ACCOUNT, Act.BLOCK, f"{row.handle} has to be connected again under Accounts.")
    if row.dies_at is not None and row.dies_at <= now:
        return No(Reason.ACCOUNT, Act.BLOCK, f"{row.handle} has to be connected again under Accounts.")
    if row.expires_at is not None and row.expires_at <= now:
        return No(Reason.RATE, Act.GIVE_BACK, "Its access is being renewed.", now + _RENEWING)
    if row.not_before is not None and row.not_before > now:
        return No(Reason.RATE, Act.GIVE_BACK, "The network asked us to wait.", row.not_before)
    return None


def _too_late(row: Row[Any], now: datetime) -> No | None:
    if now <= row.late_at:
        return None
    return No(Reason.LATE, Act.MISS, "Its time passed while it could not go out. Decide what becomes of it.")


def _used_up(row: Row[Any], now: datetime) -> No | None:
    """The network's own word from its last answer: nothing is left, until its limit begins anew."""
    if row.calls_left is None or row.calls_left > 0 or row.calls_until <= now:
        return None
    sentence = "The network takes nothing more from this account for a while."
    return No(Reason.BUDGET, Act.GIVE_BACK, sentence, _soon_enough(row, row.calls_until))


def _dead_link(known: Known, row: Row[Any]) -> No | None:
    dead = next((link for link in json.loads(row.payload)["links"] if link in known.dead), None)
    if dead is None:
        return None
    return No(Reason.LINK, Act.HOLD, f"A link does not work: {dead} ({known.dead[dead]})")


def _silent(session: Session, row: Row[Any], now: datetime) -> No | None:
    """A window holds what is due in it; quiet hours let what is late wait. Service notices pass both."""
    window = calm.window_now(session, row.desk_id, row.account_id, now=now) if row.has_windows else None
    until = _quiet_until(row, now)
    if (window is None and until is None) or row.format_tone is Tone.SERVICE:
        return None
    if window is not None:
        return No(Reason.BLACKOUT, Act.HOLD, f"Nothing goes out then: {window.name}.")
    return No(Reason.QUIET, Act.GIVE_BACK, "It is late, and its account is quiet until then.", until)


def _quiet_until(row: Row[Any], now: datetime) -> datetime | None:
    """What was planned for then goes then; only backlog has to wait, unless its own time was meant to be there.

    A thread that has begun goes on: half of it says less than all of it.
    """
    if row.quiet_from is None or row.quiet_ok or row.parts_out or now - row.due_at <= LATE:
        return None
    return Quiet(row.quiet_from, row.quiet_until).end_of(now, row.zone)


def _gap(session: Session, row: Row[Any], now: datetime) -> No | None:
    if row.parts_out or now - row.due_at <= LATE or row.least_gap_s <= 0:
        return None
    last = session.scalar(
        select(func.max(Publication.published_at)).where(
            Publication.account_id == row.account_id, Publication.state == PublicationState.PUBLISHED
        )
    )
    if last is None or now - last >= timedelta(seconds=row.least_gap_s):
        return None
    free = last + timedelta(seconds=row.least_gap_s)
    return No(Reason.GAP, Act.GIVE_BACK, "Several are late; they go out one after the other.", free)


def _over_budget(row: Row[Any], now: datetime) -> No | None:
    """A desk's own pace does not keep a service notice; what the network itself refuses is `_used_up`."""
    no = _budget(row, now)
    return None if no is None or row.format_tone is Tone.SERVICE else no


def _budget(row: Row[Any], now: datetime) -> No | None:
    """Whether the account has sent as much as it may. A thread begins where all of it fits, and then goes on."""
    budget = budget_of(row.network, row.per_hour, row.per_day)
    if row.parts_out or (budget.per_hour is None and budget.per_day is None):
        return None
    parts = len(json.loads(row.payload)["parts"])
    for most, sent, first, span, unit in (
        (budget.per_day, row.day_sent, row.day_first, DAY, "a day"),
        (budget.per_hour, row.hour_sent, row.hour_first, HOUR, "an hour"),
    ):
        if most is not None and sent and sent + min(parts, most) > most:
            sentence = f"{row.handle} sends at most {most:,} {unit}. It goes as soon as there is room again."
            return No(Reason.BUDGET, Act.GIVE_BACK, sentence, _soon_enough(row, max(first + span, now)))
    return None


def _soon_enough(row: Row[Any], instant: datetime) -> datetime:
    """Asked again when its grace is over at the latest, so that a person hears of it then and not later."""
    over: datetime = row.late_at + timedelta(seconds=1)
    return min(instant, over)
