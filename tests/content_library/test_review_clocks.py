"""Clocks of reviews: in the team's hours, standing while the author is asked, with reminders and never an approval."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library import desks, discussion, reminders, submissions
from content_library.errors import InvalidInput, PermissionDenied
from content_library.models.desk import Team
from content_library.models.notice import Notice
from content_library.models.post import PostState
from content_library.models.review import Review, ReviewState, Submission, SubmissionState
from content_library.models.user import User
from content_library.review_clocks import forecast, worked
from tests import factories as make
from tests.scheduler.scene import Scene, a_scene

OFFICE = [[["09:00", "17:00"]]] * 5 + [[], []]


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)


def team(turnaround_h: int = 8, hours=OFFICE, holidays=(), zone: str = "Europe/Berlin") -> Team:
    return Team(key="t", name="T", zone=zone, hours=hours, holidays=list(holidays), turnaround_h=turnaround_h)


def asked(team_: Team) -> tuple[Team, int]:
    return team_, team_.turnaround_h


@pytest.fixture
def scene(session: Session) -> Scene:
    opened = a_scene(session)
    for one in session.scalars(select(Team)):
        one.zone = "Europe/Berlin"
    return opened


@pytest.fixture
def sam(scene: Scene) -> User:
    return make.make_user(scene.session, "Sam Ito", is_administrator=True)


FRIDAY = berlin("2026-11-06T16:30")


def sent(scene: Scene, at: datetime = FRIDAY, **known: object) -> Review:
    revision = make.save(scene.session, scene.post, scene.maya, text=f"At {at}.")
    submission = submissions.submit(scene.session, scene.post, revision, actor=scene.maya, now=at, **known)
    return submission.reviews[0]


def told(scene: Scene, kind: str) -> list[tuple[int, str]]:
    rows = scene.session.execute(select(Notice.user_id, Notice.stage).where(Notice.kind == kind))
    return sorted((row.user_id, row.stage) for row in rows)


def test_the_latest_safe_moment_for_monday_at_ten_is_friday_at_ten():
    found = forecast([[asked(team())]], now=FRIDAY, wanted_at=berlin("2026-11-09T10:00"))
    assert found.send_by == berlin("2026-11-06T10:00")


def test_with_a_holiday_on_monday_it_is_friday_at_nine_for_tuesday_at_nine():
    found = forecast(
        [[asked(team(holidays=["2026-11-09"]))]], now=FRIDAY, wanted_at=berlin("2026-11-10T09:00")
    )
    assert found.send_by == berlin("2026-11-06T09:00")


def test_steps_follow_one_another_and_the_slowest_of_a_step_counts():
    quick, slow = team(1), team(8)
    found = forecast(
        [[asked(quick), asked(slow)], [asked(quick)]], now=berlin("2026-11-05T09:00"), wanted_at=None
    )
    assert found.by == berlin("2026-11-06T10:00")
    assert found.send_by is None


def test_a_team_in_another_zone_answers_in_its_own_hours():
    tokyo = team(1, zone="Asia/Tokyo")
    found = forecast([[asked(tokyo)]], now=berlin("2026-11-05T12:00"), wanted_at=None)
    assert found.by == berlin("2026-11-06T02:00")  # 10:00 in Tokyo


def test_the_clock_runs_in_the_teams_hours_only(scene: Scene) -> None:
    review = sent(scene)
    assert review.turnaround_s == 8 * 3600
    assert review.due_at == berlin("2026-11-09T16:30")
    assert worked(review, now=berlin("2026-11-08T12:00")) == 30 * 60


def test_it_stands_while_the_author_is_asked_and_goes_on_with_the_answer(scene: Scene) -> None:
    review, elena = sent(scene, berlin("2026-11-05T09:00")), scene.reviewers["marketing"]
    ask = berlin("2026-11-05T11:00")
    discussion.ask(scene.session, review, "Which kettle?", actor=elena, now=ask)
    assert (review.state, review.due_at, review.remind_at) == (ReviewState.ASKED, None, None)
    answered = berlin("2026-11-09T16:00")
    discussion.comment(scene.session, scene.post, "The Tern.", actor=scene.maya, now=answered)
    assert worked(review, now=answered) == 2 * 3600
    assert review.due_at == berlin("2026-11-10T14:00")  # six hours are left


def test_the_team_is_reminded_at_half_and_most_of_its_time_and_the_leads_when_it_is_over(
    scene: Scene,
) -> None:
    review = sent(scene, berlin("2026-11-05T09:00"))
    elena, priya, maya = scene.reviewers["marketing"].id, scene.priya.id, scene.maya.id
    assert reminders.remind(scene.session, now=berlin("2026-11-05T12:59")) == 0
    assert reminders.remind(scene.session, now=berlin("2026-11-05T13:00")) == 1
    assert told(scene, "review.reminder") == [(elena, "50 %")]
    assert reminders.remind(scene.session, now=berlin("2026-11-05T13:01")) == 0
    assert reminders.remind(scene.session, now=berlin("2026-11-05T15:24")) == 1
    assert told(scene, "review.reminder") == [(elena, "50 %"), (elena, "80 %")]
    reminders.remind(scene.session, now=berlin("2026-11-05T17:00"))
    assert told(scene, "review.overdue") == sorted((p, "100 %") for p in (elena, priya, maya))
    assert review.state is ReviewState.OPEN
    assert reminders.remind(scene.session, now=berlin("2026-12-05T17:00")) == 0


def test_after_a_long_silence_of_the_engine_one_reminder_is_sent_and_not_three(scene: Scene) -> None:
    sent(scene, berlin("2026-11-05T09:00"))
    assert reminders.remind(scene.session, now=berlin("2026-11-09T12:00")) == 1
    assert told(scene, "review.reminder") == []
    assert {stage for _, stage in told(scene, "review.overdue")} == {"100 %"}


def test_other_hours_keep_what_is_used_up_and_count_what_is_left_anew(scene: Scene, sam: User) -> None:
    review = sent(scene, berlin("2026-11-05T09:00"))
    desks.change_team_hours(
        scene.session, review.team, zone="Europe/Berlin", hours=[[["13:00", "17:00"]]] * 5 + [[], []], holidays=[],
        turnaround_h=8, actor=sam, now=berlin("2026-11-05T11:00"),
    )  # fmt: skip
    assert worked(review, now=berlin("2026-11-05T13:00")) == 2 * 3600
    assert review.due_at == berlin("2026-11-06T15:00")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"hours": [[]] * 7}, "hours"),
        ({"hours": [[["09:00", "12:00"], ["11:00", "13:00"]]] + [[]] * 6}, "hours"),
        ({"hours": [[["nine", "12:00"]]] + [[]] * 6}, "hours"),
        ({"holidays": ["Christmas"]}, "holidays"),
        ({"turnaround_h": 0}, "turnaround_h"),
        ({"zone": "Nowhere/Land"}, "zone"),
    ],
)
def test_hours_that_make_no_sense_are_refused_at_their_field(scene: Scene, sam: User, change, field) -> None:
    legal = scene.session.scalars(select(Team).filter_by(key="legal")).one()
    asked = {"zone": "Europe/Berlin", "hours": OFFICE, "holidays": [], "turnaround_h": 8, **change}
    with pytest.raises(InvalidInput) as refused:
        desks.change_team_hours(scene.session, legal, actor=sam, now=FRIDAY, **asked)
    assert field in refused.value.fields
    assert legal.turnaround_h == 8


def test_only_administrators_change_hours(scene: Scene) -> None:
    legal = scene.session.scalars(select(Team).filter_by(key="legal")).one()
    with pytest.raises(PermissionDenied):
        desks.change_team_hours(
            scene.session,
            legal,
            zone="UTC",
            hours=OFFICE,
            holidays=[],
            turnaround_h=2,
            actor=scene.priya,
            now=FRIDAY,
        )


def test_what_is_not_cleared_at_its_time_expires_and_is_never_approved(scene: Scene) -> None:
    wanted = berlin("2026-11-09T10:00")
    review = sent(scene, wanted_at=wanted)
    submissions.expire_submissions(scene.session, now=wanted - timedelta(seconds=1))
    assert review.submission.state is SubmissionState.OPEN
    submissions.expire_submissions(scene.session, now=wanted)
    assert scene.session.scalars(select(Submission.state)).one() is SubmissionState.EXPIRED
    assert (review.state, scene.post.state) == (ReviewState.MOOT, PostState.EXPIRED)
    submissions.submit(
        scene.session,
        scene.post,
        review.submission.revision,
        actor=scene.maya,
        now=wanted + timedelta(minutes=1),
    )
    assert scene.post.state is PostState.IN_REVIEW


def test_what_is_approved_already_outlives_a_newer_revision_that_was_not_cleared_in_time(
    scene: Scene,
) -> None:
    scene.clear()
    wanted = berlin("2026-11-09T10:00")
    sent(scene, wanted_at=wanted)
    submissions.expire_submissions(scene.session, now=wanted)
    assert scene.post.state is PostState.APPROVED
    assert scene.approval().withdrawn_at is None


def test_what_people_were_reminded_of_is_over_with_the_decision(scene: Scene) -> None:
    review = sent(scene, berlin("2026-11-05T09:00"))
    reminders.remind(scene.session, now=berlin("2026-11-05T13:00"))
    reminders.remind(scene.session, now=berlin("2026-11-05T17:00"))
    unread = select(Notice.kind).where(Notice.read_at.is_(None), Notice.kind.startswith("review."))
    assert set(scene.session.scalars(unread)) == {"review.open", "review.reminder", "review.overdue"}
    make.decide(scene.session, review, scene.reviewers["marketing"])
    assert scene.session.scalars(unread).all() == []
