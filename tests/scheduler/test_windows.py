"""Windows and quiet hours: what falls in is kept back in words, and comes out again one by one, never in a burst."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from content_library.errors import InvalidInput, NotFound, PermissionDenied, TransitionNotAllowed
from content_library.models.audit import AuditEntry
from content_library.models.format import Format, Tone
from content_library.models.notice import Notice
from scheduler import calm, gate, kept_back, planning, transitions, windows
from scheduler.calm_times import Quiet, occurrences
from scheduler.gate import Reason
from scheduler.models import Publication, PublicationState
from scheduler.plan_models import BlackoutWindow
from scheduler.publication_flow import Act
from scheduler.windows import Terms
from tests import factories as make
from tests.scheduler.scene import LATER, NOW, Scene, utc

S = PublicationState
NOON = Terms(
    "Staff meeting", "2026-11-03T12:30", "2026-11-03T14:00", "Europe/Berlin", reason="Nobody answers"
)
OVER = NOW + timedelta(hours=4, minutes=1)  # a minute after it; LATER, 13:00 in Berlin, lies in it


def add(scene: Scene, terms: Terms = NOON, now: datetime = NOW) -> tuple[BlackoutWindow, int]:
    return windows.add_window(scene.session, scene.desk, terms, actor=scene.priya, now=now)


def planned(scene: Scene, due_at: datetime = LATER) -> Publication:
    if scene.post.state.value == "draft":
        scene.clear()
    return scene.plan(due_at=due_at)


def test_what_falls_into_a_new_window_is_held_at_once_in_words(scene: Scene) -> None:
    inside = planned(scene)
    _window, count = add(scene)
    assert (count, inside.state, inside.reason) == (1, S.HELD, Reason.BLACKOUT)
    assert inside.explanation == "Nothing goes out then: Staff meeting."


def test_what_is_planned_into_a_window_is_held_from_the_start(scene: Scene) -> None:
    add(scene)
    assert planned(scene).state is S.HELD


def test_the_gate_holds_what_slipped_through_and_what_is_claimed(scene: Scene) -> None:
    inside = planned(scene)
    window, _count = add(scene)
    transitions.move(scene.session, inside, Act.RELEASE, actor=None, now=NOW)
    answer = scene.ask(inside)
    assert isinstance(answer, gate.No)
    assert (answer.reason, answer.act) == (Reason.BLACKOUT, Act.HOLD)
    assert isinstance(scene.ask(inside, LATER - timedelta(hours=1)), gate.Passed)
    window.ended_at = NOW
    assert isinstance(scene.ask(inside), gate.Passed)


def test_a_window_begins_with_its_first_moment_and_ends_before_its_last(scene: Scene) -> None:
    add(scene)
    silences = calm.read(scene.session, scene.desk, now=NOW)
    start, end = datetime(2026, 11, 3, 11, 30, tzinfo=UTC), datetime(2026, 11, 3, 13, 0, tzinfo=UTC)
    asked = [start - timedelta(seconds=1), start, end - timedelta(seconds=1), end]
    assert [silences.window(scene.page.id, at) is not None for at in asked] == [False, True, True, False]
    assert silences.free_from(scene.page.id, start) == end


def test_a_service_notice_passes(scene: Scene) -> None:
    scene.session.get_one(Format, "how_to").tone = Tone.SERVICE
    inside = planned(scene)
    assert add(scene)[1] == 0
    assert inside.state is S.PLANNED
    assert isinstance(scene.ask(inside), gate.Passed)


def test_a_window_of_some_accounts_leaves_the_others(scene: Scene) -> None:
    inside = planned(scene)
    other = make.make_account(scene.session, scene.desk)
    terms = Terms(NOON.name, NOON.starts, NOON.ends, NOON.zone, accounts=[other])
    assert add(scene, terms)[1] == 0
    assert isinstance(scene.ask(inside), gate.Passed)


def test_once_it_is_over_a_person_decides_and_nothing_bursts(scene: Scene) -> None:
    inside = planned(scene)
    add(scene)
    assert windows.release_over(scene.session, now=OVER - timedelta(minutes=2)) == 0
    assert inside.state is S.HELD
    assert windows.release_over(scene.session, now=OVER) == 1
    assert (inside.state, inside.reason) == (S.MISSED, Reason.LATE)
    (told,) = scene.session.scalars(select(Notice).filter_by(kind="desk.kept_back"))
    assert (told.user_id, told.text[:36]) == (scene.priya.id, "A window is over. 1 of Brindlemoor H")
    (row,) = kept_back.look(scene.session, scene.desk, now=OVER)
    assert row.at == datetime(2026, 11, 3, 13, 20, tzinfo=UTC)


def test_what_lies_in_a_window_of_next_month_stays_held_until_then(scene: Scene) -> None:
    terms = Terms("Christmas", "2026-12-24T12:00", "2026-12-27T00:00", "Europe/Berlin")
    inside = planned(scene, datetime(2026, 12, 25, 9, tzinfo=UTC))
    add(scene, terms)
    assert windows.release_over(scene.session, now=NOW) == 0
    assert inside.state is S.HELD


def test_ending_a_window_early_lets_go_what_is_still_ahead(scene: Scene) -> None:
    inside = planned(scene)
    window, _count = add(scene)
    released = windows.end_window(scene.session, window, actor=scene.priya, now=NOW)
    assert (released.going, inside.state) == ([inside], S.PLANNED)
    with pytest.raises(TransitionNotAllowed, match="ended already"):
        windows.end_window(scene.session, window, actor=scene.priya, now=NOW)


def test_changing_a_window_lets_go_what_it_no_longer_covers_and_holds_what_it_does(scene: Scene) -> None:
    inside = planned(scene)
    window, _count = add(scene)
    moved = Terms(NOON.name, "2026-11-04T12:30", "2026-11-04T14:00", NOON.zone)
    change = {"actor": scene.priya, "now": NOW}
    assert windows.change_window(scene.session, window, moved, seen=window.version, **change) == 0
    assert inside.state is S.PLANNED
    assert windows.change_window(scene.session, window, NOON, seen=window.version, **change) == 1
    with pytest.raises(TransitionNotAllowed, match="Somebody else changed"):
        windows.change_window(scene.session, window, NOON, seen=1, **change)


def test_moving_out_of_a_window_lets_it_go(scene: Scene) -> None:
    inside = planned(scene)
    add(scene)
    planning.move_to(scene.session, inside, utc(OVER), actor=scene.maya, now=NOW)
    assert inside.state is S.PLANNED
    planning.move_to(scene.session, inside, utc(LATER), actor=scene.maya, now=NOW)
    assert inside.state is S.HELD


def test_a_yearly_window_comes_again_in_its_own_zone() -> None:
    first, last = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 10, tzinfo=UTC)
    found = occurrences(
        "2026-12-31T18:00", "2027-01-01T12:00", "Europe/Berlin", yearly=True, first=first, last=last
    )
    assert [f"{start:%Y-%m-%d %H}/{end:%Y-%m-%d %H}" for start, end in found] == [
        "2026-12-31 17/2027-01-01 11", "2027-12-31 17/2028-01-01 11",
    ]  # fmt: skip


def test_a_leap_day_that_does_not_exist_has_no_window() -> None:
    first, last = datetime(2028, 1, 1, tzinfo=UTC), datetime(2029, 12, 31, tzinfo=UTC)
    found = list(
        occurrences("2028-02-29T00:00", "2028-03-01T00:00", "UTC", yearly=True, first=first, last=last)
    )
    assert [start.year for start, _end in found] == [2028]


def test_a_window_over_a_change_of_clocks_keeps_to_the_clocks_on_the_wall() -> None:
    span = {"yearly": False, "first": NOW - timedelta(days=30), "last": NOW}
    [(start, end)] = occurrences("2026-10-25T00:00", "2026-10-26T00:00", "Europe/Berlin", **span)
    assert end - start == timedelta(hours=25)


@pytest.mark.parametrize(
    ("field", "terms"),
    [
        ("name", Terms(" ", NOON.starts, NOON.ends, NOON.zone)),
        ("starts", Terms("x", "soon", NOON.ends, NOON.zone)),
        ("ends", Terms("x", NOON.starts, "2026-02-30T10:00", NOON.zone)),
        ("ends", Terms("x", NOON.ends, NOON.starts, NOON.zone)),
        ("ends", Terms("x", NOON.starts, "2028-11-03T12:30", NOON.zone)),
        ("ends", Terms("x", "2026-11-02T12:30", "2026-11-02T14:00", NOON.zone)),
        ("zone", Terms("x", NOON.starts, NOON.ends, "Amerika/New_York")),
        ("reason", Terms("x", NOON.starts, NOON.ends, NOON.zone, reason="x" * 301)),
    ],
)
def test_what_makes_no_window_is_refused_at_its_field(scene: Scene, field: str, terms: Terms) -> None:
    with pytest.raises(InvalidInput) as refused:
        add(scene, terms)
    assert list(refused.value.fields) == [field]


def test_only_leads_silence_a_desk_and_every_change_stands_in_the_record(scene: Scene) -> None:
    with pytest.raises(PermissionDenied):
        windows.add_window(scene.session, scene.desk, NOON, actor=scene.maya, now=NOW)
    with pytest.raises(PermissionDenied):
        windows.set_quiet_hours(scene.session, scene.page, "22:00", "07:00", actor=scene.maya, now=NOW)
    window, _count = add(scene)
    windows.end_window(scene.session, window, actor=scene.priya, now=NOW)
    quiet(scene)
    told = scene.session.scalars(select(AuditEntry.verb).where(AuditEntry.actor_id == scene.priya.id)).all()
    assert [v for v in told if v.startswith(("window.", "account."))] == [
        "window.added", "window.ended", "account.quiet_hours",
    ]  # fmt: skip
    with pytest.raises(NotFound):
        windows.get_window(scene.session, scene.desk.id + 1, window.id)


def quiet(scene: Scene, begins: str = "22:00", ends: str = "07:00") -> None:
    windows.set_quiet_hours(scene.session, scene.page, begins, ends, actor=scene.priya, now=NOW)


NIGHT = datetime(2026, 11, 3, 22, 30, tzinfo=UTC)  # 23:30 in Berlin
MORNING = datetime(2026, 11, 4, 6, 0, tzinfo=UTC)


def test_quiet_hours_are_none_until_somebody_sets_them_and_can_be_taken_away(scene: Scene) -> None:
    assert windows.quiet_hours(scene.session, scene.desk.id) == {}
    quiet(scene)
    assert windows.quiet_hours(scene.session, scene.desk.id)[scene.page.id].begins == "22:00"
    quiet(scene, "", "")
    assert windows.quiet_hours(scene.session, scene.desk.id) == {}


@pytest.mark.parametrize(
    ("begins", "ends"), [("22:00", ""), ("", "07:00"), ("22:00", "22:00"), ("25:00", "07:00")]
)
def test_half_a_pair_of_quiet_hours_is_refused(scene: Scene, begins: str, ends: str) -> None:
    with pytest.raises(InvalidInput):
        quiet(scene, begins, ends)


def test_what_is_late_waits_until_the_quiet_hours_are_over(scene: Scene) -> None:
    scene.post.format_key = "how_to"
    publication = planned(scene, NIGHT - timedelta(hours=2))
    publication.late_at = NIGHT + timedelta(days=1)
    quiet(scene)
    answer = scene.ask(publication, NIGHT)
    assert isinstance(answer, gate.No)
    assert (answer.reason, answer.act, answer.not_before) == (Reason.QUIET, Act.GIVE_BACK, MORNING)
    assert isinstance(scene.ask(publication, MORNING), gate.Passed)


def test_what_is_past_its_grace_by_then_is_missed(scene: Scene) -> None:
    publication = planned(scene, NIGHT - timedelta(hours=2))
    quiet(scene)
    answer = scene.ask(publication, NIGHT)
    assert isinstance(answer, gate.No)
    assert answer.act is Act.MISS


def test_what_was_planned_there_on_purpose_goes_out_there_also_a_little_late(scene: Scene) -> None:
    quiet(scene)
    scene.clear()
    (meant,) = planning.plan(
        scene.session, scene.post, [scene.page], utc(NIGHT), actor=scene.maya, now=NOW, quiet_ok=True
    )
    assert (meant.state, meant.quiet_ok) == (S.PLANNED, True)
    for late in (timedelta(0), timedelta(minutes=5)):
        assert isinstance(scene.ask(meant, NIGHT + late), gate.Passed)
    planning.move_to(scene.session, meant, utc(LATER), actor=scene.maya, now=NOW, quiet_ok=True)
    assert meant.quiet_ok is False  # that time is not in them


def test_a_late_service_notice_does_not_wait_for_the_morning(scene: Scene) -> None:
    scene.session.get_one(Format, "how_to").tone = Tone.SERVICE
    publication = planned(scene, NIGHT - timedelta(minutes=10))
    quiet(scene)
    assert isinstance(scene.ask(publication, NIGHT), gate.Passed)


@pytest.mark.parametrize(
    ("hours", "local", "over"),
    [
        (Quiet("22:00", "07:00"), "2026-11-03T21:59:59+01:00", None),
        (Quiet("22:00", "07:00"), "2026-11-03T22:00:00+01:00", "2026-11-04T07:00:00+01:00"),
        (Quiet("22:00", "07:00"), "2026-11-04T06:59:59+01:00", "2026-11-04T07:00:00+01:00"),
        (Quiet("22:00", "07:00"), "2026-11-04T07:00:00+01:00", None),
        (Quiet("12:00", "13:00"), "2026-11-04T12:30:00+01:00", "2026-11-04T13:00:00+01:00"),
        (Quiet("22:00", "07:00"), "2026-10-24T23:00:00+02:00", "2026-10-25T07:00:00+01:00"),
        (Quiet("22:00", "02:30"), "2026-03-29T03:10:00+02:00", "2026-03-29T03:30:00+02:00"),
    ],
)
def test_quiet_hours_end_by_the_clocks_on_the_wall(hours: Quiet, local: str, over: str | None) -> None:
    found = hours.end_of(datetime.fromisoformat(local), "Europe/Berlin")
    assert found == (datetime.fromisoformat(over) if over else None)
