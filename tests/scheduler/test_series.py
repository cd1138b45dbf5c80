"""A post that goes out again and again: each occurrence once, changed with its series unless somebody touched it."""

from datetime import UTC, date, datetime, time, timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from content_library.database import Database
from content_library.errors import InvalidInput, NotFound, PermissionDenied, TransitionNotAllowed
from content_library.models.account import Account
from content_library.models.post import PostState
from scheduler import planning, series
from scheduler.models import Publication, PublicationState, Run, RunCause
from scheduler.plan_models import Occurrence, Series
from scheduler.recurrence import Every, Rule
from scheduler.series import Terms
from tests import factories as make
from tests.scheduler.scene import NOW, Scene, a_scene, utc

S = PublicationState
WEEKLY = Rule(Every.WEEK, date(2026, 11, 2), time(10), "Europe/Berlin", weekdays=(2,))  # Wednesdays


@pytest.fixture
def evergreen(scene: Scene) -> Scene:
    scene.clear()
    scene.post.is_evergreen = True
    return scene


def start(scene: Scene, rule: Rule = WEEKLY, *accounts: Account) -> Series:
    terms = Terms(rule, accounts or [scene.page])
    return series.start(scene.session, scene.post, terms, actor=scene.maya, now=NOW)


def change(scene: Scene, found: Series, rule: Rule, *accounts: Account, now: datetime = NOW) -> None:
    terms = Terms(rule, accounts or [scene.page])
    series.change(scene.session, found, terms, seen=found.version, actor=scene.maya, now=now)


def planned(scene: Scene, *states: PublicationState) -> list[Publication]:
    wanted = states or (S.PLANNED,)
    query = (
        select(Publication).where(Publication.state.in_(wanted)).order_by(Publication.due_at, Publication.id)
    )
    return list(scene.session.scalars(query))


def days(scene: Scene, *states: PublicationState) -> list[str]:
    return [p.wall[5:16].replace("T", " ") for p in planned(scene, *states)]


def test_the_next_weeks_are_planned_each_a_run_of_its_own(evergreen: Scene) -> None:
    start(evergreen)
    found = planned(evergreen)
    assert len(found) == 9  # Wednesdays in 60 days from Tuesday 3 November
    assert (found[0].wall, found[0].zone) == ("2026-11-04T10:00:00", "Europe/Berlin")
    runs = evergreen.session.scalars(select(Run)).all()
    assert {run.cause for run in runs} == {RunCause.RECURRING}
    assert len(runs) == 9 == len({p.source_key for p in found})
    assert found[0].payload_sha256 is not None


def test_planning_ahead_again_adds_only_what_has_come_into_sight(evergreen: Scene) -> None:
    found = start(evergreen)
    assert series.plan_ahead(evergreen.session, found.id, now=NOW) == 0
    assert series.plan_ahead(evergreen.session, found.id, now=NOW + timedelta(days=7)) == 1


def test_two_engines_at_once_plan_each_occurrence_once(database: Database) -> None:
    with database.write() as session:
        scene = a_scene(session)
        scene.clear()
        scene.post.is_evergreen = True
        series_id = start(scene).id
    together, made = Barrier(2), []

    def engine() -> None:
        together.wait()
        with database.write() as session:
            made.append(series.plan_ahead(session, series_id, now=NOW + timedelta(days=14)))

    engines = [Thread(target=engine) for _ in range(2)]
    for one in engines:
        one.start()
    for one in engines:
        one.join()
    assert sorted(made) == [0, 2]
    with database.read() as session:
        assert (
            len(session.scalars(select(Occurrence)).all())
            == 11
            == len(session.scalars(select(Publication)).all())
        )


def test_starting_the_same_again_is_the_same_series(evergreen: Scene) -> None:
    assert start(evergreen) is start(evergreen)
    assert len(planned(evergreen)) == 9


def test_only_an_evergreen_post_goes_out_again(scene: Scene) -> None:
    with pytest.raises(InvalidInput, match="evergreen"):
        start(scene)


def test_a_series_may_come_before_the_clearance_and_waits_for_it(scene: Scene) -> None:
    scene.post.is_evergreen = True
    start(scene)
    assert len(planned(scene, S.BLOCKED)) == 9
    scene.clear()
    assert len(planned(scene)) == 9


def test_a_post_that_is_in_a_series_can_still_be_planned_by_hand(evergreen: Scene) -> None:
    start(evergreen)
    evergreen.plan()
    assert evergreen.session.scalars(select(Run.cause).order_by(Run.id.desc())).first() is RunCause.FIRST


def test_another_time_of_the_day_moves_what_nobody_has_touched(evergreen: Scene) -> None:
    found = start(
        evergreen, Rule(Every.WEEK, WEEKLY.starts_on, time(10), "Europe/Berlin", weekdays=(2,), count=3)
    )
    first, second, third = planned(evergreen)
    planning.move_to(evergreen.session, first, utc(NOW + timedelta(days=2)), actor=evergreen.maya, now=NOW)
    planning.cancel(evergreen.session, second, actor=evergreen.maya, now=NOW)
    change(
        evergreen,
        found,
        Rule(Every.WEEK, WEEKLY.starts_on, time(15), "Europe/Berlin", weekdays=(2,), count=3),
    )
    assert days(evergreen) == ["11-05 09:00", "11-18 15:00"]
    assert (first.state, second.state, second.reason) == (S.PLANNED, S.CANCELLED, "cancelled")
    assert (third.state, third.reason) == (S.CANCELLED, "series")


def test_changing_there_and_back_plans_each_day_anew(evergreen: Scene) -> None:
    daily = Rule(Every.DAY, date(2026, 11, 4), time(10), "UTC", count=2)
    later = Rule(Every.DAY, date(2026, 11, 4), time(11), "UTC", count=2)
    found = start(evergreen, daily)
    for rule in (later, daily):
        change(evergreen, found, rule)
    assert days(evergreen) == ["11-04 10:00", "11-05 10:00"]
    assert len(planned(evergreen, S.CANCELLED)) == 4


def test_an_account_more_adds_and_an_account_less_takes_away(evergreen: Scene) -> None:
    other = make.make_account(evergreen.session, evergreen.desk)
    once = Rule(Every.DAY, date(2026, 11, 4), time(10), "UTC", count=1)
    found = start(evergreen, once)
    change(evergreen, found, once, evergreen.page, other)
    assert {p.account_id for p in planned(evergreen, S.PLANNED, S.BLOCKED)} == {evergreen.page.id, other.id}
    change(evergreen, found, once, other)
    assert {p.account_id for p in planned(evergreen, S.PLANNED, S.BLOCKED)} == {other.id}


def test_a_paused_series_goes_on_with_what_lies_ahead(evergreen: Scene) -> None:
    found = start(evergreen)
    series.pause(evergreen.session, found, actor=evergreen.maya, now=NOW)
    assert planned(evergreen) == []
    assert series.plan_ahead(evergreen.session, found.id, now=NOW) == 0
    assert found.id not in series.open_series(evergreen.session)
    with pytest.raises(TransitionNotAllowed, match="paused already"):
        series.pause(evergreen.session, found, actor=evergreen.maya, now=NOW)
    series.resume(evergreen.session, found, actor=evergreen.maya, now=NOW + timedelta(days=7))
    assert planned(evergreen)[0].wall == "2026-11-11T10:00:00"


def test_an_ended_series_takes_back_what_nobody_touched_and_stays_ended(evergreen: Scene) -> None:
    found = start(evergreen)
    moved = planned(evergreen)[0]
    planning.move_to(evergreen.session, moved, utc(NOW + timedelta(days=2)), actor=evergreen.maya, now=NOW)
    series.end(evergreen.session, found, actor=evergreen.maya, now=NOW)
    assert planned(evergreen) == [moved]
    for verb in (series.end, series.pause, series.resume):
        with pytest.raises(TransitionNotAllowed, match="has ended"):
            verb(evergreen.session, found, actor=evergreen.maya, now=NOW)


def test_what_has_gone_out_and_what_was_missed_stays_as_it_was(evergreen: Scene) -> None:
    found = start(evergreen, Rule(Every.DAY, date(2026, 11, 4), time(10), "UTC"))
    later = datetime(2026, 11, 6, 12, tzinfo=UTC)
    series.end(evergreen.session, found, actor=evergreen.maya, now=later)
    assert days(evergreen) == ["11-04 10:00", "11-05 10:00", "11-06 10:00"]


def test_days_that_passed_while_no_engine_ran_are_not_made_up_for(evergreen: Scene) -> None:
    found = start(evergreen, Rule(Every.DAY, date(2026, 11, 4), time(10), "UTC"))
    much_later = NOW + timedelta(days=90)
    series.plan_ahead(evergreen.session, found.id, now=much_later)
    walls = [p.wall for p in planned(evergreen)]
    assert not [w for w in walls if "2027-01-03" < w < "2027-02-01"]


def test_nothing_is_planned_outside_the_days_of_the_post_or_for_one_in_the_archive(evergreen: Scene) -> None:
    found = start(evergreen)
    before = len(planned(evergreen))
    evergreen.post.state = PostState.ARCHIVED
    assert series.plan_ahead(evergreen.session, found.id, now=NOW + timedelta(days=30)) == 0
    assert len(planned(evergreen)) == before


def test_who_has_not_seen_the_last_change_changes_nothing(evergreen: Scene) -> None:
    found = start(evergreen)
    seen = found.version
    change(evergreen, found, Rule(Every.DAY, date(2026, 11, 4), time(10), "UTC", count=1))
    with pytest.raises(TransitionNotAllowed, match="Somebody else changed"):
        series.change(
            evergreen.session,
            found,
            Terms(WEEKLY, [evergreen.page]),
            seen=seen,
            actor=evergreen.maya,
            now=NOW,
        )


def test_only_who_plans_starts_series_and_only_on_their_own_desk(evergreen: Scene) -> None:
    with pytest.raises(PermissionDenied):
        series.start(
            evergreen.session, evergreen.post, Terms(WEEKLY, [evergreen.page]),
            actor=evergreen.reviewers["legal"], now=NOW,
        )  # fmt: skip
    found = start(evergreen)
    other = make.make_desk(evergreen.session, "Elsewhere", "elsewhere")
    with pytest.raises(NotFound):
        series.get_series(evergreen.session, other.id, found.id)
    with pytest.raises(InvalidInput) as refused:
        start(evergreen, WEEKLY, make.page_of(evergreen.session, other))
    assert list(refused.value.fields) == ["accounts"]


GOOD = {"every": "week", "starts_on": "2026-11-04", "at": "10:00", "zone_name": "UTC", "weekdays": [2]}


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("every", {"every": "hour"}),
        ("starts_on", {"starts_on": "2026-02-30"}),
        ("starts_on", {"starts_on": "9999-01-01"}),
        ("time", {"at": "25:00"}),
        ("zone", {"zone_name": "EST"}),
        ("weekdays", {"weekdays": []}),
        ("weekdays", {"weekdays": [7]}),
        ("month_day", {"every": "month", "month_day": 32}),
        ("ends_on", {"ends_on": "2026-11-03"}),
        ("ends_on", {"ends_on": "2026-12-03", "count": 3}),
        ("count", {"count": 0}),
    ],
)
def test_what_makes_no_series_is_refused_at_its_field(field: str, wrong: dict) -> None:
    with pytest.raises(InvalidInput) as refused:
        series.read_rule(**(GOOD | wrong))
    assert list(refused.value.fields) == [field]


def test_a_series_without_a_day_ahead_is_refused(evergreen: Scene) -> None:
    with pytest.raises(InvalidInput, match="No such day lies ahead"):
        start(evergreen, Rule(Every.DAY, date(2026, 1, 1), time(10), "UTC", ends_on=date(2026, 1, 5)))
