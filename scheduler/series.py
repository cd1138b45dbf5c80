"""Posts that go out again and again. Each occurrence is a run and publications of its own, planned some weeks ahead.

Changing, pausing or ending a series changes what it planned and nobody has touched. What somebody moved or cancelled by
hand stays as they left it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from content_library import audit
from content_library.errors import InvalidInput, NotFound, TransitionNotAllowed
from content_library.models.account import Account, AccountState
from content_library.models.post import Post, PostState
from content_library.models.user import User
from content_library.permissions import can_plan, require
from content_library.transitions import flush, hold_post
from content_library.wall_time import zone
from scheduler import transitions
from scheduler.laying_out import content_window, new_publication, new_run
from scheduler.models import Publication, PublicationState, RunCause
from scheduler.plan_models import Occurrence, Series
from scheduler.publication_flow import Act
from scheduler.recurrence import LAST_DAY, Every, Rule

AHEAD = timedelta(days=60)
MOST_DAYS = 62  # one a day
MAY_PLAN = "Only agents and leads of this desk can plan when its posts go out."
BY_SERIES = "series"  # the reason of what the series itself cancelled: it may plan that day again
MOST_TIMES = 1000
_STILL = (
    PublicationState.PLANNED, PublicationState.CLAIMED, PublicationState.HELD, PublicationState.BLOCKED,
)  # fmt: skip


@dataclass(frozen=True)
class Terms:
    """What somebody wants of a series."""

    rule: Rule
    accounts: Sequence[Account]


def read_rule(
    every: str, starts_on: str, at: str, zone_name: str, *, weekdays: Sequence[int] = (), month_day: int = 0,
    ends_on: str = "", count: int | None = None,
) -> Rule:  # fmt: skip
    """From a form. Raises InvalidInput at the field that is wrong."""
    if every not in set(Every):
        raise _wrong("every", "Choose how often it goes out.")
    rule = Rule(
        every=Every(every), starts_on=_day(starts_on, "starts_on"), at=_time(at), zone=zone(zone_name).key,
        weekdays=tuple(sorted(set(weekdays))) if every == Every.WEEK else (),
        month_day=month_day if every == Every.MONTH else 0,
        ends_on=_day(ends_on, "ends_on") if ends_on else None, count=count,
    )  # fmt: skip
    _check(rule)
    return rule


def _check(rule: Rule) -> None:
    if rule.every is Every.WEEK and (not rule.weekdays or not set(rule.weekdays) <= set(range(7))):
        raise _wrong("weekdays", "Choose at least one day of the week.")
    if rule.month_day != LAST_DAY and not 0 <= rule.month_day <= 31:
        raise _wrong("month_day", "Choose a day from 1 to 31, or the last day.")
    if rule.ends_on is not None and rule.count is not None:
        raise _wrong("ends_on", "Say either a last day or how many times, not both.")
    if rule.ends_on is not None and rule.ends_on < rule.starts_on:
        raise _wrong("ends_on", "It has to end after it begins.")
    if rule.count is not None and not 1 <= rule.count <= MOST_TIMES:
        raise _wrong("count", f"Write a number from 1 to {MOST_TIMES}.")


def _day(text: str, field: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise _wrong(field, "Choose a day of the calendar.") from None
    if not 2000 < found.year < 2200:
        raise _wrong(field, "Choose a day within this century or the next.")
    return found


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text).replace(tzinfo=None, second=0, microsecond=0)
    except ValueError:
        raise _wrong("time", "Choose a time of the day, such as 09:00.") from None


def _wrong(field: str, sentence: str) -> InvalidInput:
    return InvalidInput(sentence, {field: sentence})


def rule_of(series: Series) -> Rule:
    return Rule(
        every=series.every, starts_on=date.fromisoformat(series.starts_on), at=time.fromisoformat(series.time),
        zone=series.zone, weekdays=tuple(series.weekdays), month_day=series.month_day,
        ends_on=date.fromisoformat(series.ends_on) if series.ends_on else None, count=series.count,
    )  # fmt: skip


def series_of(session: Session, desk_id: int) -> list[Series]:
    """A desk's series, those in force first."""
    query = select(Series).where(Series.desk_id == desk_id).order_by(Series.id.desc())
    found = session.scalars(query.options(selectinload(Series.post), selectinload(Series.created_by))).all()
    return sorted(found, key=lambda s: (s.ended_at is not None, s.paused_at is not None))


def get_series(session: Session, desk_id: int, series_id: int) -> Series:
    """Raises NotFound, also for another desk's."""
    found = session.scalar(select(Series).where(Series.id == series_id, Series.desk_id == desk_id))
    if found is None:
        raise NotFound("There is no such series on this desk.")
    return found


def open_series(session: Session) -> Sequence[int]:
    """Those that go on, of every desk."""
    going = (Series.paused_at.is_(None), Series.ended_at.is_(None))
    return session.scalars(select(Series.id).where(*going).order_by(Series.id)).all()


def start(session: Session, post: Post, terms: Terms, *, actor: User, now: datetime) -> Series:
    """Begin a series, and plan its next weeks. The same again, as by a second click, is the same series."""
    require(can_plan(actor, post.desk_id), MAY_PLAN)
    hold_post(session, post)
    _check_startable(post, terms, now=now)
    for known in session.scalars(select(Series).where(Series.post_id == post.id, Series.ended_at.is_(None))):
        if rule_of(known) == terms.rule and _ids(known.accounts) == _ids(terms.accounts):
            return known
    series = Series(desk_id=post.desk_id, post=post, created_by_id=actor.id, created_at=now, revision=1)
    _set(series, terms)
    session.add(series)
    flush(session)
    _record(session, series, "started", actor=actor, now=now)
    plan_ahead(session, series.id, now=now)
    return series


def _check_startable(post: Post, terms: Terms, *, now: datetime) -> None:
    if not post.is_evergreen:
        raise InvalidInput("Only an evergreen post goes out again. Mark it as evergreen first.")
    if post.state in (PostState.ARCHIVED, PostState.REFUSED, PostState.EXPIRED):
        raise TransitionNotAllowed(f"This post is {post.state.value}. Work on it first.")
    if not terms.accounts:
        raise _wrong("accounts", "Choose at least one account.")
    if any(a.desk_id != post.desk_id or a.state is AccountState.CLOSED for a in terms.accounts):
        raise _wrong("accounts", "One of the accounts is not this desk’s. Choose from the list.")
    if not terms.rule.following(now, 1):
        raise _wrong("starts_on", "No such day lies ahead. Look at the days and the end again.")


def change(session: Session, series: Series, terms: Terms, *, seen: int, actor: User, now: datetime) -> None:
    """What it planned and nobody has touched goes by the new terms; the rest stays as somebody left it."""
    require(can_plan(actor, series.desk_id), MAY_PLAN)
    hold_post(session, series.post)
    _check_going(series)
    if series.version != seen:
        raise TransitionNotAllowed("Somebody else changed this series a moment ago. Reload and look again.")
    _check_startable(series.post, terms, now=now)
    untouched = _untouched(session, series, now=now)
    _set(series, terms)
    series.revision += 1
    flush(session)
    _record(session, series, "changed", actor=actor, now=now)
    _take_back(session, series, untouched, actor=actor, now=now, keep=terms)
    plan_ahead(session, series.id, now=now)


def pause(session: Session, series: Series, *, actor: User, now: datetime) -> None:
    """Nothing of it goes out until it is resumed."""
    require(can_plan(actor, series.desk_id), MAY_PLAN)
    hold_post(session, series.post)
    _check_going(series)
    if series.paused_at is not None:
        raise TransitionNotAllowed("This series is paused already.")
    series.paused_at = now
    _stop(session, series, "paused", actor=actor, now=now)


def resume(session: Session, series: Series, *, actor: User, now: datetime) -> None:
    """It goes on with the days that lie ahead; those that passed meanwhile are not made up for."""
    require(can_plan(actor, series.desk_id), MAY_PLAN)
    hold_post(session, series.post)
    _check_going(series)
    if series.paused_at is None:
        raise TransitionNotAllowed("This series goes on already.")
    series.paused_at = None
    series.revision += 1
    flush(session)
    _record(session, series, "resumed", actor=actor, now=now)
    plan_ahead(session, series.id, now=now)


def end(session: Session, series: Series, *, actor: User, now: datetime) -> None:
    """For good."""
    require(can_plan(actor, series.desk_id), MAY_PLAN)
    hold_post(session, series.post)
    _check_going(series)
    series.ended_at = now
    _stop(session, series, "ended", actor=actor, now=now)


def _stop(session: Session, series: Series, verb: str, *, actor: User, now: datetime) -> None:
    flush(session)
    _record(session, series, verb, actor=actor, now=now)
    _take_back(session, series, _untouched(session, series, now=now), actor=actor, now=now)


def _check_going(series: Series) -> None:
    if series.ended_at is not None:
        raise TransitionNotAllowed("This series has ended. Start another one from its post.")


def _set(series: Series, terms: Terms) -> None:
    rule = terms.rule
    series.every, series.weekdays, series.month_day = rule.every, list(rule.weekdays), rule.month_day
    series.starts_on, series.time, series.zone = rule.starts_on.isoformat(), f"{rule.at:%H:%M}", rule.zone
    series.ends_on, series.count = rule.ends_on.isoformat() if rule.ends_on else "", rule.count
    series.accounts = list(terms.accounts)


def _ids(accounts: Sequence[Account]) -> set[int]:
    return {account.id for account in accounts}


def _record(session: Session, series: Series, verb: str, *, actor: User, now: datetime) -> None:
    told = {
        "post_id": series.post_id, "every": series.every, "weekdays": series.weekdays,
        "month_day": series.month_day, "starts_on": series.starts_on, "time": series.time, "zone": series.zone,
        "ends_on": series.ends_on, "count": series.count, "accounts": sorted(_ids(series.accounts)),
    }  # fmt: skip
    summary = f"Series of “{series.post.title}” {verb}"
    audit.record(session, f"series.{verb}", series, actor=actor, now=now, summary=summary, details=told)
    flush(session)


def plan_ahead(session: Session, series_id: int, *, now: datetime) -> int:
    """Plan what is not planned yet of the weeks ahead, each occurrence once; returns how many publications."""
    series = session.get(Series, series_id)
    if series is None:
        return 0
    hold_post(session, series.post)  # first, as everybody who changes a series does
    session.refresh(series, with_for_update=True)
    if series.paused_at is not None or series.ended_at is not None:
        return 0
    ahead = rule_of(series).following(now, MOST_DAYS)
    wanted = [(day, moment.due_at) for day, moment in ahead if moment.due_at <= now + AHEAD]
    known = _known(session, series)
    open_between = content_window(session, series.post)
    made = 0
    for day, due_at in wanted:
        missing = [a for a in series.accounts if a.id not in known.get(day.isoformat(), set())]
        missing = [a for a in missing if a.state is not AccountState.CLOSED]
        if missing and open_between.contains(due_at) and series.post.state in _PLANNABLE:
            made += _plan_day(session, series, day, missing, now=now)
    return made


_PLANNABLE = (PostState.DRAFT, PostState.IN_REVIEW, PostState.CHANGES_REQUESTED, PostState.APPROVED)


def _known(session: Session, series: Series) -> dict[str, set[int]]:
    """The accounts of each day that need nothing more: planned, out, or as somebody left them."""
    rows = session.execute(
        select(Occurrence.day, Publication.account_id, Publication.state, Publication.reason)
        .join(Publication, Publication.run_id == Occurrence.run_id)
        .where(Occurrence.series_id == series.id)
    )
    found: dict[str, set[int]] = {}
    for row in rows:
        if row.state is not PublicationState.CANCELLED or row.reason != BY_SERIES:
            found.setdefault(row.day, set()).add(row.account_id)
    return found


def _plan_day(
    session: Session, series: Series, day: date, accounts: Sequence[Account], *, now: datetime
) -> int:
    rule, key = rule_of(series), (series.id, day.isoformat())
    occurrence = session.get(Occurrence, key)
    if occurrence is None:
        run = new_run(session, series.post, RunCause.RECURRING, by_id=series.created_by_id, now=now)
        occurrence = Occurrence(series_id=series.id, day=key[1], run=run)
        session.add(occurrence)
        flush(session)
    for account in accounts:
        new_publication(
            session, occurrence.run, account, rule.wall(day), rule.zone, rule.resolved(day),
            source=f"series:{series.id}:{series.revision}:{day.isoformat()}", by_id=series.created_by_id, actor=None,
            now=now,
        )  # fmt: skip
    return len(accounts)


def _untouched(session: Session, series: Series, *, now: datetime) -> list[tuple[str, Publication]]:
    """What it planned, lies ahead, has not begun to go out, and stands where the series put it."""
    rule = rule_of(series)
    rows = session.execute(
        select(Occurrence.day, Publication)
        .join(Publication, Publication.run_id == Occurrence.run_id)
        .where(
            Occurrence.series_id == series.id,
            Publication.state.in_((*_STILL, PublicationState.SENDING)),
            Publication.due_at > now,
        )
        .order_by(Publication.id)
        .with_for_update(of=Publication)
        .execution_options(populate_existing=True)
    )
    return [
        (row[0], row[1])
        for row in rows
        if row[1].state in _STILL
        and (row[1].wall, row[1].zone) == (rule.wall(date.fromisoformat(row[0])), rule.zone)
    ]


def _take_back(
    session: Session, series: Series, untouched: Sequence[tuple[str, Publication]], *, actor: User, now: datetime,
    keep: Terms | None = None,
) -> None:  # fmt: skip
    """Cancel what the series no longer wants. What already stands as the new terms want it stays."""
    last = max((date.fromisoformat(day) for day, _p in untouched), default=None)
    wanted = _walls(keep.rule, now, last) if keep is not None and last is not None else set()
    accounts = _ids(keep.accounts) if keep is not None else set()
    for publication in (publication for _on, publication in untouched):
        if (publication.wall, publication.zone) in wanted and publication.account_id in accounts:
            continue
        transitions.move(
            session, publication, Act.CANCEL, actor=actor, now=now, reason=BY_SERIES,
            explanation="Its series no longer has this time.",
        )  # fmt: skip


def _walls(rule: Rule, now: datetime, last: date) -> set[tuple[str, str]]:
    return {(rule.wall(day), rule.zone) for day, _time_ in rule.following(now, MOST_TIMES) if day <= last}
