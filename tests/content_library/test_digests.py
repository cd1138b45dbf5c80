"""One mail, not twenty: what gathers, what waits for the morning, what is on fire, and what is over by then."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.mail_rendering import renderer
from content_library import discussion, notifications, reviews
from content_library.database import Database
from content_library.digests import CANNOT_WAIT, CANNOT_WAIT_FOR_CUSTOMERS, SERVICE_NOTICE
from content_library.models.notice import Mail, Notice
from content_library.models.review import Verdict
from content_library.models.user import User
from content_library.notices import notify
from content_library.notifications import make_mails, send_due
from content_library.reminders import remind
from content_library.settings import Settings, load
from tests import factories as make
from tests.content_library.scene import Scene, make_scene
from tests.support.smtp import Mailbox

BERLIN = ZoneInfo("Europe/Berlin")
MORNING = datetime(2026, 11, 3, 10, 0, tzinfo=BERLIN)
EVENING = MORNING.replace(hour=21)
NEXT_MORNING = MORNING.replace(day=4, hour=7)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"DESKCAST_DATA": str(tmp_path), "DESKCAST_PUBLIC_URL": "https://desk.example.org"})


@pytest.fixture
def render(settings: Settings) -> notifications.Render:
    return renderer(settings)


@pytest.fixture
def person(session: Session) -> User:
    return in_berlin(make.make_user(session, "Tom Hargreave"))


def in_berlin(person: User) -> User:
    person.zone = "Europe/Berlin"
    return person


def tell(
    session: Session, person: User, number: int, *, at: datetime, kind: str = "thing.done", **details: object
):
    notify(
        session,
        [person.id],
        kind,
        person,
        text=f"Thing {number}.",
        stage=str(number),
        now=at,
        details=details,
    )


def mails(session: Session) -> list[Mail]:
    return list(session.scalars(select(Mail).order_by(Mail.id)))


def test_what_becomes_due_together_is_one_mail_whatever_was_chosen(session: Session, person: User, render):
    for number in range(20):
        tell(session, person, number, at=MORNING + timedelta(milliseconds=number))
    assert make_mails(session, render, now=MORNING + timedelta(seconds=11)) == 1
    (mail,) = mails(session)
    assert mail.subject == "20 for your information"
    assert all(f"* Thing {number}." in mail.text for number in range(20))


def test_what_gathers_at_night_is_one_mail_in_the_morning(session: Session, person: User, render):
    for number in range(3):
        tell(session, person, number, at=EVENING + timedelta(hours=number))
        assert make_mails(session, render, now=EVENING + timedelta(hours=number, minutes=1)) == 0
    assert make_mails(session, render, now=NEXT_MORNING - timedelta(seconds=1)) == 0
    assert make_mails(session, render, now=NEXT_MORNING) == 1
    assert make_mails(session, render, now=NEXT_MORNING + timedelta(hours=1)) == 0


def test_an_engine_that_slept_over_the_time_still_keeps_the_night(session: Session, person: User, render):
    tell(session, person, 1, at=MORNING)
    assert make_mails(session, render, now=EVENING) == 0
    assert make_mails(session, render, now=NEXT_MORNING) == 1


def test_who_wants_mails_together_gets_one_at_each_time(session: Session, person: User, render):
    person.mail_together = True
    for number, minutes in enumerate((0, 60, 180, 200, 240)):
        tell(session, person, number, at=MORNING + timedelta(minutes=minutes))
    made = [make_mails(session, render, now=MORNING + timedelta(minutes=m)) for m in range(0, 60 * 24, 15)]
    assert sum(made) == 2
    assert [m.created_at.astimezone(BERLIN).strftime("%d %H:%M") for m in mails(session)] == [
        "03 13:30",
        "04 08:30",
    ]


@pytest.mark.parametrize("kind", [*CANNOT_WAIT, *CANNOT_WAIT_FOR_CUSTOMERS])
def test_what_is_on_fire_goes_alone_and_at_once_at_night(session: Session, person: User, render, kind: str):
    person.mail_together = True
    tell(session, person, 1, at=EVENING)
    tell(session, person, 2, at=EVENING, kind=kind, **{SERVICE_NOTICE: True})
    assert make_mails(session, render, now=EVENING + timedelta(minutes=1)) == 1
    (mail,) = mails(session)
    assert mail.subject == "Thing 2"
    assert "Thing 1" not in mail.text


@pytest.mark.parametrize("kind", ["review.reminder", "review.overdue", *CANNOT_WAIT_FOR_CUSTOMERS])
def test_a_review_and_anything_but_a_service_notice_waits_for_the_morning(
    session: Session, person: User, render, kind: str
):
    tell(session, person, 1, at=EVENING, kind=kind)
    assert make_mails(session, render, now=EVENING + timedelta(minutes=1)) == 0


@pytest.mark.parametrize("kind", [*CANNOT_WAIT, *CANNOT_WAIT_FOR_CUSTOMERS])
def test_every_fire_says_why_it_cannot_wait(kind: str):
    assert {**CANNOT_WAIT, **CANNOT_WAIT_FOR_CUSTOMERS}[kind].endswith(".")


def test_one_persons_night_does_not_hold_back_anothers_mail(session: Session, person: User, render):
    awake = make.make_user(session, "Ana Silva", email="ana@example.org")
    awake.zone = "America/New_York"
    for number in range(5):
        tell(session, person, number, at=EVENING)
    tell(session, awake, 1, at=EVENING)
    assert make_mails(session, render, now=EVENING + timedelta(minutes=1), most=1) == 1
    assert mails(session)[0].to == "ana@example.org"


def test_what_was_read_or_is_over_by_then_does_not_stand_in_the_mail(session: Session, render):
    scene = make_scene(session)
    tom = in_berlin(scene.reviewers["legal"])
    kept, decided = (scene.submit(scene.side_by_side(title=t), now=EVENING) for t in ("Kept", "Decided"))
    review = scene.review(decided, "legal")
    reviews.decide(
        session, review, Verdict.APPROVE, actor=tom, now=EVENING, seen_revision_id=decided.revision_id,
        seen_hash=decided.content_hash,
    )  # fmt: skip
    make_mails(session, render, now=NEXT_MORNING)
    (mail,) = [m for m in mails(session) if m.to == tom.email]
    assert (mail.subject, "Decided" in mail.text) == ("“Kept” waits for Legal", False)
    assert scene.review(kept, "legal").id != review.id


def test_when_nothing_is_left_no_mail_is_sent(session: Session, person: User, render):
    tell(session, person, 1, at=EVENING)
    session.scalars(select(Notice)).one().read_at = EVENING
    assert make_mails(session, render, now=NEXT_MORNING) == 0
    assert session.scalars(select(Notice)).one().mailed_at == NEXT_MORNING


def late(scene: Scene) -> User:
    """A review that was asked for, reminded twice and is late by now, all while Tom slept."""
    tom = in_berlin(scene.reviewers["legal"])
    submission = scene.submit(scene.side_by_side(title="Spare lids"), now=MORNING)
    review = scene.review(submission, "legal")
    for _ in range(30):
        if review.remind_at is not None:
            remind(scene.session, now=review.remind_at + timedelta(seconds=1))
    return tom


def test_a_review_that_was_reminded_stands_once_with_its_newest_state_and_its_clock(session: Session, render):
    scene = make_scene(session)
    tom = late(scene)
    tell(session, tom, 7, at=MORNING)
    assert len(scene.told(tom)) == 5  # asked for, 50 %, 80 %, late, and another thing
    make_mails(session, render, now=MORNING + timedelta(days=2))
    (mail,) = [m for m in mails(session) if m.to == tom.email]
    assert mail.subject == "1 to decide, 1 for your information"
    assert mail.text.count("Spare lids") == 1
    assert "should have been answered by Legal" in mail.text
    assert "Answer by:" in mail.text
    assert "https://desk.example.org/decisions/" in mail.text


def test_a_mail_of_many_things_is_ordered_by_desk_and_by_what_to_do(session: Session, render):
    scene = make_scene(session)
    maya = in_berlin(scene.maya)
    post = scene.side_by_side(title="Spare lids")
    submission = scene.submit(post, now=MORNING)
    discussion.comment(session, post, "Nice.", actor=scene.jonas, now=MORNING)
    reviews.decide(
        session, scene.review(submission, "legal"), Verdict.REQUEST_CHANGES, actor=scene.reviewers["legal"],
        now=MORNING, seen_revision_id=submission.revision_id, seen_hash=submission.content_hash, reason="Too bold.",
    )  # fmt: skip
    make_mails(session, render, now=MORNING + timedelta(minutes=1))
    (mail,) = [m for m in mails(session) if m.to == maya.email]
    assert mail.subject == "1 back with you, 1 for your information"
    back, known = mail.text.index("· Back with you"), mail.text.index("· For your information")
    assert back < mail.text.index("Too bold.") < known < mail.text.index("> Nice.")
    for part in (scene.desk.name, "Back with you", "Too bold.", "Nice."):
        assert part in mail.html


def test_what_was_sent_back_and_is_in_review_again_is_over(session: Session, render):
    scene = make_scene(session)
    post = scene.side_by_side()
    submission = scene.submit(post, now=EVENING)
    reviews.decide(
        session, scene.review(submission, "legal"), Verdict.REQUEST_CHANGES, actor=scene.reviewers["legal"],
        now=EVENING, seen_revision_id=submission.revision_id, seen_hash=submission.content_hash, reason="Too bold.",
    )  # fmt: skip
    assert scene.told(scene.maya, "post.sent_back")[0].read_at is None
    make.save(session, post, scene.maya, now=EVENING, text="Quieter.")
    scene.submit(post, now=EVENING)
    assert scene.told(scene.maya, "post.sent_back")[0].read_at == EVENING


def test_a_crash_while_writing_mails_leaves_every_notice_for_the_next_round(
    database: Database, render, settings: Settings, smtp_sink: Mailbox
):
    with database.write() as session:
        person = in_berlin(make.make_user(session, "Tom Hargreave"))
        for number in range(3):
            tell(session, person, number, at=EVENING)

    class Stopped(Exception):
        pass

    def stops(session: Session, told: object) -> notifications.Words:
        raise Stopped

    with pytest.raises(Stopped), database.write() as session:
        make_mails(session, stops, now=NEXT_MORNING)
    up = replace(settings, smtp_url=f"smtp://127.0.0.1:{smtp_sink.port}")
    for minute in range(3):
        with database.write() as session:
            make_mails(session, render, now=NEXT_MORNING + timedelta(minutes=minute))
        send_due(database, up, now=NEXT_MORNING + timedelta(minutes=minute))
    (received,) = smtp_sink.messages
    assert str(received["Subject"]) == "3 for your information"
    body = received.get_body(("plain",))
    assert body is not None
    assert [f"Thing {n}." in body.get_content() for n in range(3)] == [True] * 3
