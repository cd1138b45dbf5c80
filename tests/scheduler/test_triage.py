"""Sorting out what was kept back: looked at again, never a burst, nothing sent, and taken back within minutes."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, select

from content_library.approvals import withdraw
from content_library.errors import InvalidInput, NotFound, PermissionDenied, TransitionNotAllowed
from content_library.models.account import AccountState
from content_library.models.audit import AuditEntry
from content_library.models.notice import Notice
from scheduler import agenda, holds, kept_back, triage
from scheduler.kept_back import Choice, Kept
from scheduler.models import Publication, PublicationState
from scheduler.publication_flow import SENT_BACK
from scheduler.triage import UNDO, Wanted
from tests import factories as make
from tests.scheduler.scene import NOW, Scene, a_link_check
from tests.scheduler.test_holds import several, stop

S = PublicationState
AFTER = NOW + timedelta(hours=5)  # Tuesday 14:00 UTC, 15:00 in Berlin


def kept(scene: Scene, count: int, now: datetime = AFTER) -> list[Publication]:
    """An hour apart, held by the stop, past their times when it is lifted."""
    made = several(scene, count)
    hold, _count = stop(scene)
    holds.lift(scene.session, hold, actor=scene.priya, now=now)
    assert all(p.state is S.MISSED for p in made)
    return made


def look(scene: Scene, now: datetime = AFTER) -> list[Kept]:
    return kept_back.look(scene.session, scene.desk, now=now)


def local(instant: datetime) -> str:
    return (instant + timedelta(hours=1)).replace(tzinfo=None).isoformat()  # Berlin in November


def wanted(publication: Publication, choice: Choice, at: datetime | None = None) -> Wanted:
    return Wanted(publication.id, choice, publication.version, local(at) if at else "")


def sort_out(scene: Scene, *choices: Wanted, now: datetime = AFTER) -> triage.Sorted:
    return triage.sort_out(scene.session, scene.desk, choices, actor=scene.priya, now=now)


def test_suggested_times_keep_apart_from_one_another_and_from_what_is_planned(scene: Scene) -> None:
    kept(scene, 3)
    post = make.make_post(scene.session, scene.desk, scene.maya, title="Other", accounts=[scene.page.id])
    make.clear(scene.session, post, scene.maya, scene.reviewers)
    make.plan(scene.session, post, scene.page, scene.maya, due_at=AFTER + timedelta(minutes=35), now=AFTER)
    times = [row.at - AFTER for row in look(scene) if row.at]
    assert times == [timedelta(minutes=m) for m in (15, 50, 65)]
    assert {row.choice for row in look(scene)} == {Choice.RESUME}


def test_what_was_planned_in_the_desks_hours_stays_within_them(scene: Scene) -> None:
    kept(scene, 2)
    evening = NOW + timedelta(hours=7, minutes=5)  # 17:05 in Berlin; the desk closes at 17:30
    assert [row.at for row in look(scene, evening)] == [
        datetime.fromisoformat("2026-11-03T17:20+01:00"), datetime.fromisoformat("2026-11-04T09:00+01:00"),
    ]  # fmt: skip


def test_what_was_planned_at_night_may_go_at_night(scene: Scene) -> None:
    scene.clear()
    scene.plan(due_at=NOW + timedelta(hours=12))
    hold, _count = stop(scene)
    late = NOW + timedelta(hours=13)
    holds.lift(scene.session, hold, actor=scene.priya, now=late)
    assert [row.at for row in look(scene, late)] == [late + timedelta(minutes=15)]


def test_a_row_says_what_stands_against_it(scene: Scene) -> None:
    over, unapproved, linked, closed, full = kept(scene, 5)
    over.ends_at = NOW + timedelta(hours=2)
    withdraw(
        scene.session,
        unapproved.post,
        scene_approval(scene, unapproved),
        actor=scene.priya,
        now=AFTER,
        why="x",
    )
    assert linked.rendition is not None
    linked.rendition.payload = linked.rendition.payload.replace(
        '"links":[]', '"links":["https://a.example/"]'
    )
    scene.session.add(a_link_check("https://a.example/", is_ok=False))
    full.ends_at = AFTER + timedelta(minutes=10)
    rows = {row.id: row for row in look(scene)}
    assert (rows[over.id].choice, rows[over.id].why) == (Choice.LET_BE, "Its offer or day is over.")
    assert (rows[unapproved.id].choice, rows[unapproved.id].why) == (
        Choice.BACK,
        "No approval covers it any more.",
    )
    assert (rows[linked.id].choice, rows[linked.id].why) == (
        Choice.BACK, "A link does not work: https://a.example/"
    )  # fmt: skip
    assert rows[full.id].why == "Nothing is free before its offer or day is over."
    assert rows[closed.id].choice is Choice.RESUME
    scene.page.state = AccountState.RECONNECT
    assert {row.id: row.choice for row in look(scene)}[closed.id] is Choice.LEAVE


def scene_approval(scene: Scene, publication: Publication):
    from content_library.approvals import approval_in_force

    return approval_in_force(scene.session, publication.post)


def test_while_it_is_stopped_again_nothing_is_suggested(scene: Scene) -> None:
    kept(scene, 1)
    stop(scene)
    (row,) = look(scene)
    assert (row.choice, row.why) == (Choice.LEAVE, "Stopped: Card payments fail")


def test_what_was_planned_anew_meanwhile_does_not_go_twice(scene: Scene) -> None:
    (old,) = kept(scene, 1)
    make.plan(scene.session, old.post, scene.page, scene.maya, due_at=AFTER + timedelta(hours=1), now=AFTER)
    (row,) = look(scene)
    assert (row.choice, row.why) == (Choice.LET_BE, "It was planned anew meanwhile.")
    done = sort_out(scene, wanted(old, Choice.RESUME, AFTER + timedelta(hours=2)))
    assert (done.done, done.refused) == ({}, [(old.id, "It was planned anew meanwhile.")])


def test_each_goes_where_somebody_puts_it_and_nothing_is_sent(scene: Scene) -> None:
    on, back, off, left = kept(scene, 4)
    at = AFTER + timedelta(hours=1)
    done = sort_out(
        scene, wanted(on, Choice.RESUME, at), wanted(back, Choice.BACK), wanted(off, Choice.LET_BE),
        wanted(left, Choice.LEAVE),
    )  # fmt: skip
    assert done.done == {Choice.RESUME: 1, Choice.BACK: 1, Choice.LET_BE: 1}
    assert (on.state, on.due_at, on.zone) == (S.PLANNED, at, "Europe/Berlin")
    assert [p.state for p in (back, off, left)] == [S.MISSED] * 3
    assert [c.id for c in agenda.needing_a_person(scene.session, scene.desk.id)] == [left.id]
    assert [row.id for row in look(scene)] == [left.id]


def test_what_is_set_aside_reads_as_what_it_will_be(scene: Scene) -> None:
    back, off = kept(scene, 2)
    sort_out(scene, wanted(back, Choice.BACK), wanted(off, Choice.LET_BE))
    cards = {
        c.id: (c.word, c.shown)
        for c in agenda.of_ids(scene.session, scene.desk.id, [back.id, off.id]).values()
    }
    assert cards == {back.id: ("cancelled", "cancelled"), off.id: ("expired", "expired")}
    for word, expected in (("cancelled", [back.id]), ("expired", [off.id]), ("needs you", [])):
        found = agenda.between(
            scene.session, scene.desk.id, NOW, AFTER, agenda.AgendaFilter(word=word)
        )  # fmt: skip
        assert [c.id for c in found] == expected


def test_after_ten_minutes_it_ends_and_its_author_is_told(scene: Scene) -> None:
    back, off = kept(scene, 2)
    sort_out(scene, wanted(back, Choice.BACK), wanted(off, Choice.LET_BE))
    assert triage.settle(scene.session, now=AFTER + UNDO - timedelta(seconds=1)) == 0
    assert triage.settle(scene.session, now=AFTER + UNDO) == 2
    assert (back.state, back.reason, off.state) == (S.CANCELLED, SENT_BACK, S.EXPIRED)
    (told,) = scene.session.scalars(select(Notice).filter_by(kind="publication.sent_back"))
    assert (told.user_id, told.subject_type, told.subject_id) == (scene.maya.id, "post", back.post_id)
    assert triage.settle(scene.session, now=AFTER + UNDO * 2) == 0


def test_everything_that_was_decided_at_once_is_taken_back_at_once(scene: Scene) -> None:
    on, back, off = kept(scene, 3)
    before = [(p.wall, p.zone, p.due_at, p.late_at, p.explanation) for p in (on, back, off)]
    done = sort_out(
        scene, wanted(on, Choice.RESUME, AFTER + timedelta(hours=1)), wanted(back, Choice.BACK),
        wanted(off, Choice.LET_BE),
    )  # fmt: skip
    assert done.act is not None
    assert triage.recent(scene.session, scene.desk.id, now=AFTER) == [done.act]
    assert triage.undo(scene.session, done.act, actor=scene.priya, now=AFTER + timedelta(minutes=9)) == (3, 0)
    assert [p.state for p in (on, back, off)] == [S.MISSED] * 3
    assert [(p.wall, p.zone, p.due_at, p.late_at, p.explanation) for p in (on, back, off)] == before
    assert triage.settle(scene.session, now=AFTER + UNDO) == 0
    assert len(look(scene)) == 3
    assert triage.recent(scene.session, scene.desk.id, now=AFTER) == []
    with pytest.raises(TransitionNotAllowed, match="already"):
        triage.undo(scene.session, done.act, actor=scene.priya, now=AFTER)


def test_what_has_moved_on_since_is_not_taken_back(scene: Scene) -> None:
    on, back = kept(scene, 2)
    done = sort_out(scene, wanted(on, Choice.RESUME, AFTER + timedelta(hours=1)), wanted(back, Choice.BACK))
    assert done.act is not None
    holds.hold_publication(scene.session, on, "Ask Tom", actor=scene.priya, now=AFTER)
    assert triage.undo(scene.session, done.act, actor=scene.priya, now=AFTER) == (1, 1)
    assert (on.state, back.reason) == (S.HELD, "late")


def test_it_is_too_late_to_take_back_after_ten_minutes(scene: Scene) -> None:
    (one,) = kept(scene, 1)
    act = sort_out(scene, wanted(one, Choice.LET_BE)).act
    assert act is not None
    with pytest.raises(TransitionNotAllowed, match="too late"):
        triage.undo(scene.session, act, actor=scene.priya, now=AFTER + UNDO)


def test_who_presses_second_changes_nothing_and_is_told(scene: Scene) -> None:
    (one,) = kept(scene, 1)
    choice = wanted(one, Choice.LET_BE)
    assert sort_out(scene, choice).refused == []
    second = sort_out(scene, choice)
    assert (second.act, second.refused) == (None, [(one.id, triage.MOVED_ON)])


@pytest.mark.parametrize(
    ("minutes", "problem"),
    [(-1, "past by now"), (60 * 26, "over by then"), (31, "Something else goes out there")],
)
def test_a_time_that_does_not_fit_is_refused_in_words(scene: Scene, minutes: int, problem: str) -> None:
    first, second = kept(scene, 2)
    second.ends_at = AFTER + timedelta(days=1)
    scene.page.least_gap_s = 120
    scene.session.flush()
    done = sort_out(
        scene, wanted(first, Choice.RESUME, AFTER + timedelta(minutes=30)),
        wanted(second, Choice.RESUME, AFTER + timedelta(minutes=minutes)),
    )  # fmt: skip
    assert done.done == {Choice.RESUME: 1}
    assert [publication_id for publication_id, _why in done.refused] == [second.id]
    assert problem in done.refused[0][1]


def test_what_is_no_time_is_refused_too(scene: Scene) -> None:
    (one,) = kept(scene, 1)
    done = sort_out(scene, Wanted(one.id, Choice.RESUME, one.version, "soon"))
    assert "not a date and time" in done.refused[0][1]


def test_taking_everything_as_suggested_takes_what_was_seen(scene: Scene) -> None:
    first, second = kept(scene, 2)
    seen = triage.fingerprint(look(scene))
    first.ends_at = AFTER
    with pytest.raises(InvalidInput, match="changed since you looked"):
        triage.sort_all(scene.session, scene.desk, seen, actor=scene.priya, now=AFTER)
    seen = triage.fingerprint(look(scene))
    done = triage.sort_all(scene.session, scene.desk, seen, actor=scene.priya, now=AFTER)
    assert done.done == {Choice.RESUME: 1, Choice.LET_BE: 1}
    assert second.due_at == AFTER + timedelta(minutes=15)


def test_many_are_looked_at_in_as_many_statements_as_a_few(scene: Scene) -> None:
    kept(scene, 2)
    few = statements(scene)
    more = several(scene, 8)
    hold, _count = stop(scene)
    holds.lift(scene.session, hold, actor=scene.priya, now=AFTER + timedelta(hours=5))
    assert len(more) == 8
    assert statements(scene) == few <= 14


def statements(scene: Scene) -> int:
    seen: list[str] = []
    scene.session.flush()
    bind = scene.session.get_bind()
    listen = lambda *args: seen.append(args[2])  # noqa: E731
    event.listen(bind, "before_cursor_execute", listen)
    look(scene, AFTER + timedelta(hours=6))
    event.remove(bind, "before_cursor_execute", listen)
    return len(seen)


def test_only_leads_sort_out_and_only_their_own(scene: Scene) -> None:
    (one,) = kept(scene, 1)
    with pytest.raises(PermissionDenied):
        triage.sort_out(scene.session, scene.desk, [wanted(one, Choice.LET_BE)], actor=scene.maya, now=AFTER)
    other = make.make_desk(scene.session, "Elsewhere", "elsewhere")
    act = sort_out(scene, wanted(one, Choice.LET_BE)).act
    assert act is not None
    with pytest.raises(PermissionDenied):
        triage.undo(scene.session, act, actor=scene.maya, now=AFTER)
    with pytest.raises(NotFound):
        triage.get_act(scene.session, other.id, act.id)
    assert triage.get_act(scene.session, scene.desk.id, act.id) is act


def test_what_was_decided_stands_in_the_record(scene: Scene) -> None:
    on, off = kept(scene, 2)
    sort_out(scene, wanted(on, Choice.RESUME, AFTER + timedelta(hours=1)), wanted(off, Choice.LET_BE))
    (entry,) = scene.session.scalars(select(AuditEntry).filter_by(verb="triage.decided"))
    assert (entry.actor_name, entry.summary) == ("Priya Raman", "Sorted out: 1 go on, 1 do not go out")
