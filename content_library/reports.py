"""The figures of a desk's report: how long teams take, what passes at once, what becomes of submissions, what people go
on over. Of teams, formats and rules; of a person only to themselves.

Every figure is counted for the period and for the one before. An answer belongs to the period in which it was given, a
submission to the one in which it closed. Minutes are whole ones: the database counts how often each was taken, and the
percentile is found among the counts. A process keeps what it has counted for some minutes, because the year of a busy
desk is many rows.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Integer, case, cast, exists, extract, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from content_library.boundary_use import Use, uses_between
from content_library.models.agreement import Breach, Sample
from content_library.models.boundary import Boundary
from content_library.models.desk import Desk
from content_library.models.format import Kind
from content_library.models.post import Post
from content_library.models.review import (
    Approval,
    Decision,
    Review,
    ReviewState,
    Submission,
    SubmissionState,
    Verdict,
)
from content_library.models.user import User
from content_library.permissions import can_see_desk, require
from content_library.report_figures import Agreed, Answers, Pass
from content_library.report_periods import Period

KEPT_FOR = timedelta(minutes=5)
_MOST_KEPT = 500

_ANSWERED = (SubmissionState.APPROVED, SubmissionState.CHANGES_REQUESTED, SubmissionState.REFUSED)
_SENT_BACK = (SubmissionState.CHANGES_REQUESTED, SubmissionState.REFUSED)
_UNANSWERED = (ReviewState.OPEN, ReviewState.ASKED)


@dataclass(frozen=True)
class Wanted:
    """What a report is about; None: all of them."""

    period: Period
    team_id: int | None = None
    kind: Kind | None = None
    format_key: str | None = None


@dataclass(frozen=True)
class Report:
    """A desk's report as one person may read it: see `open_report`."""

    session: Session
    desk: Desk
    wanted: Wanted
    person: User
    now: datetime

    @property
    def periods(self) -> tuple[Period, Period]:
        """The period, and the one before."""
        return self.wanted.period, self.wanted.period.before


def open_report(session: Session, desk: Desk, wanted: Wanted, *, actor: User, now: datetime) -> Report:
    """Raises PermissionDenied for people who have nothing to do with the desk."""
    require(can_see_desk(actor, desk.id), "Only people of this desk and its reviewers read its report.")
    return Report(session, desk, wanted, actor, now)


Figures = TypeVar("Figures")


def _kept(count: Callable[[Report], Figures]) -> Callable[[Report], Figures]:
    """Count once in some minutes, whoever asks: for figures that are the same for everybody and hold no rows."""

    @wraps(count)
    def again(report: Report) -> Figures:
        kept = _KEPT.setdefault(report.session.get_bind(), {})
        key = (count.__name__, report.desk.id, report.wanted)
        known = kept.get(key)
        if known is None or not known[0] <= report.now < known[0] + KEPT_FOR:
            if len(kept) >= _MOST_KEPT:
                kept.clear()
            known = kept[key] = (report.now, count(report))
        found: Figures = known[1]
        return found

    return again


_KEPT: WeakKeyDictionary[Any, dict[Any, tuple[datetime, Any]]] = WeakKeyDictionary()


@_kept
def turnaround(report: Report) -> dict[int, tuple[Answers, Answers]]:
    """Team → its answers."""
    found: dict[int, tuple[Answers, Answers]] = defaultdict(lambda: (Answers(), Answers()))
    for earlier, team_id, minutes, count, in_time, reminded in report.session.execute(_worked(report)):
        answers = found[team_id][earlier]
        answers.working[minutes] += count
        answers.in_time += in_time
        answers.reminded += reminded
    for earlier, team_id, minutes, count in report.session.execute(_waited(report)):
        found[team_id][earlier].clock[minutes] += count
    for earlier, team_id, count in report.session.execute(_still_open(report)):
        found[team_id][earlier].still_open += count
    return dict(found)


def _worked(report: Report) -> Any:
    earlier, minutes = _earlier(report, Review.decided_at), Review.worked_s // 60
    in_time = func.sum(case((Review.worked_s <= Review.turnaround_s, 1), else_=0))
    reminded = func.sum(case((Review.reminded > 0, 1), else_=0))
    return (
        select(earlier, Review.team_id, minutes, func.count(), in_time, reminded)
        .where(*_answers(report))
        .group_by(earlier, Review.team_id, minutes)
    )


def _waited(report: Report) -> Any:
    """By the clock on the wall, without the time the author was asked."""
    earlier = _earlier(report, Review.decided_at)
    seconds = _epoch(Review.decided_at) - _epoch(Review.opened_at) - Review.stopped_s
    minutes = seconds // 60
    return (
        select(earlier, Review.team_id, minutes, func.count())
        .where(*_answers(report))
        .group_by(earlier, Review.team_id, minutes)
    )


def _epoch(column: InstrumentedAttribute[Any]) -> ColumnElement[int]:
    """An instant in whole seconds, on both databases."""
    return cast(func.floor(extract("epoch", column)), Integer)


def _still_open(report: Report) -> Any:
    """Asked in the period, and not answered to this day."""
    earlier = _earlier(report, Review.opened_at)
    teams = [team.id for team in report.desk.teams]
    return (
        select(earlier, Review.team_id, func.count())
        .where(
            Review.team_id.in_(teams),  # the index of the queue begins with the team
            Review.state.in_(_UNANSWERED),
            *_within(report, Review.opened_at),
            *_of_reviews(report),
        )
        .group_by(earlier, Review.team_id)
    )


@_kept
def first_pass_of_teams(report: Report) -> dict[int, tuple[Pass, Pass]]:
    """Team → its answers to first tries; one passed when the team approved it."""
    earlier = _earlier(report, Review.decided_at)
    no = exists().where(Decision.review_id == Review.id, Decision.verdict != Verdict.APPROVE)
    passed = case((Submission.state.not_in(_SENT_BACK), 1), (no, 0), else_=1)  # one no closes the submission
    rows = report.session.execute(
        select(earlier, Review.team_id, func.count(), func.sum(passed))
        .join(Submission, Submission.id == Review.submission_id)
        .where(*_answers(report), _is_first_try())
        .group_by(earlier, Review.team_id)
    )
    return _passes(rows)


@_kept
def first_pass_of_formats(report: Report) -> dict[str, tuple[Pass, Pass]]:
    """Format → its first tries; one passed when every team approved it."""
    earlier = _earlier(report, Submission.closed_at)
    rows = report.session.execute(
        select(earlier, Post.format_key, func.count(), _approved())
        .join(Post, Post.id == Submission.post_id)
        .where(*_closed(report), Submission.state.in_(_ANSWERED), _is_first_try())
        .group_by(earlier, Post.format_key)
    )
    return _passes(rows)


def own_first_pass(report: Report) -> tuple[Pass, Pass]:
    """What this person has submitted."""
    earlier = _earlier(report, Submission.closed_at)
    rows = report.session.execute(
        select(earlier, Submission.submitted_by_id, func.count(), _approved())
        .where(
            *_closed(report),
            Submission.submitted_by_id == report.person.id,
            Submission.state.in_(_ANSWERED),
            _is_first_try(),
        )
        .group_by(earlier, Submission.submitted_by_id)
    )
    return _passes(rows).get(report.person.id, (Pass(), Pass()))


def _approved() -> ColumnElement[int]:
    return func.sum(case((Submission.state == SubmissionState.APPROVED, 1), else_=0))


def _passes(rows: Iterable[Any]) -> dict[Any, tuple[Pass, Pass]]:
    found: dict[Any, list[Pass]] = defaultdict(lambda: [Pass(), Pass()])
    for earlier, key, tries, passed in rows:
        found[key][earlier] = Pass(tries, int(passed))
    return {key: (both[0], both[1]) for key, both in found.items()}


def _is_first_try() -> ColumnElement[bool]:
    """Nothing of the post had been sent back before."""
    before = aliased(Submission)
    return ~exists().where(
        before.post_id == Submission.post_id, before.id < Submission.id, before.state.in_(_SENT_BACK)
    )


@_kept
def outcomes(report: Report) -> dict[SubmissionState, tuple[int, int]]:
    """State → how many submissions closed in it."""
    earlier = _earlier(report, Submission.closed_at)
    rows = report.session.execute(
        select(earlier, Submission.state, func.count())
        .where(*_closed(report))
        .group_by(earlier, Submission.state)
    )
    return _counts(rows)


@_kept
def solo_approvals(report: Report) -> tuple[int, int]:
    """How many were cleared by their own author, in solo mode."""
    earlier = _earlier(report, Approval.approved_at)
    rows = report.session.execute(
        select(earlier, Approval.is_solo, func.count())
        .join(Submission, Submission.id == Approval.submission_id)
        .where(
            Approval.is_solo,
            *_within(report, Approval.approved_at),
            (Submission.desk_id + 0) == report.desk.id,  # so that SQLite begins with the few solo approvals
            *_of_submissions(report),
        )
        .group_by(earlier, Approval.is_solo)
    )
    found: Mapping[Any, tuple[int, int]] = _counts(rows)
    return found.get(True, (0, 0))


@_kept
def agreed(report: Report) -> dict[int, tuple[Agreed, Agreed]]:
    """Team → what was cleared in its name, in the period in which it was cleared."""
    earlier = _earlier(report, Review.decided_at)
    looked_at = func.sum(case((Sample.decided_at.is_not(None), 1), else_=0))
    rows = report.session.execute(
        select(earlier, Review.team_id, func.count(), func.count(Sample.id), looked_at, func.count(Breach.id))
        .outerjoin(Sample, Sample.review_id == Review.id)
        .outerjoin(Breach, Breach.review_id == Review.id)
        .where(
            Review.state == ReviewState.CLEARED,
            Review.clause_id.is_not(None),
            *_within(report, Review.decided_at),
            *_of_reviews(report),
        )
        .group_by(earlier, Review.team_id)
    )
    found: dict[int, list[Agreed]] = defaultdict(lambda: [Agreed(), Agreed()])
    for before, team_id, cleared, drawn, seen, breaches in rows:
        found[team_id][before] = Agreed(cleared, drawn, int(seen), breaches)
    return {team_id: (both[0], both[1]) for team_id, both in found.items()}


def _counts(rows: Iterable[Any]) -> dict[Any, tuple[int, int]]:
    found: dict[Any, list[int]] = defaultdict(lambda: [0, 0])
    for earlier, key, count in rows:
        found[key][earlier] = count
    return {key: (both[0], both[1]) for key, both in found.items()}


@_kept
def overrides(report: Report) -> list[tuple[str, Use, Use]]:
    """The boundaries over whose warning posts went, by name, the most first."""
    conditions = _of_submissions(report)
    now, before = (
        uses_between(report.session, report.desk.id, conditions, p.since, p.until) for p in report.periods
    )
    nothing = Use(0, 0, 0)
    warned = {i for used in (now, before) for i, use in used.items() if use.warned}
    names = report.session.execute(select(Boundary.id, Boundary.name).where(Boundary.id.in_(warned)))
    rows = [(name, now.get(i, nothing), before.get(i, nothing)) for i, name in names]
    return sorted(rows, key=lambda row: (-row[1].overridden, -row[1].warned, row[0]))


def _earlier(report: Report, column: InstrumentedAttribute[Any]) -> ColumnElement[int]:
    """0 in the period, 1 in the one before."""
    return case((column >= report.wanted.period.since, 0), else_=1).label("earlier")


def _within(report: Report, column: InstrumentedAttribute[Any]) -> list[ColumnElement[bool]]:
    """In the period or the one before, which ends where it begins."""
    now, before = report.periods
    return [column >= before.since, column < now.until]


def _answers(report: Report) -> list[ColumnElement[bool]]:
    return [
        *_within(report, Review.decided_at),
        Review.state == ReviewState.DECIDED,
        Review.turnaround_s > 0,  # what was answered before there were clocks has no working time
        *_of_reviews(report),
    ]


def _closed(report: Report) -> list[ColumnElement[bool]]:
    return [
        Submission.desk_id == report.desk.id,
        *_within(report, Submission.closed_at),
        *_of_submissions(report),
    ]


def _of_reviews(report: Report) -> list[ColumnElement[bool]]:
    wanted = report.wanted
    conditions = [Review.desk_id == report.desk.id]
    if wanted.team_id is not None:
        conditions.append(Review.team_id == wanted.team_id)
    posts = _of_posts(wanted)
    if posts:
        sent = aliased(Submission)
        conditions.append(exists().where(sent.id == Review.submission_id, Post.id == sent.post_id, *posts))
    return conditions


def _of_submissions(report: Report) -> list[ColumnElement[bool]]:
    wanted = report.wanted
    conditions: list[ColumnElement[bool]] = []
    if wanted.team_id is not None:
        conditions.append(
            exists().where(Review.submission_id == Submission.id, Review.team_id == wanted.team_id)
        )
    posts = _of_posts(wanted)
    if posts:
        post = aliased(Post)
        conditions.append(exists().where(post.id == Submission.post_id, *_of_posts(wanted, post)))
    return conditions


def _of_posts(wanted: Wanted, post: Any = Post) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.kind is not None:
        conditions.append(post.kind == wanted.kind)
    if wanted.format_key is not None:
        conditions.append(post.format_key == wanted.format_key)
    return conditions
