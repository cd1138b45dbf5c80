"""The figures of a desk's report, made by people doing their work."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from content_library import after_reviews, discussion, reports, submissions
from content_library.agreement_drafts import ClauseTerms
from content_library.boundary_use import Use
from content_library.errors import PermissionDenied
from content_library.models.format import Kind
from content_library.models.post import Post, Revision
from content_library.models.review import Submission, SubmissionState, Verdict
from content_library.report_figures import Agreed, Answers, Pass, share
from content_library.report_periods import Period
from content_library.reports import KEPT_FOR, Report, Wanted, open_report
from tests import factories as make
from tests.content_library.agreed import agree
from tests.content_library.scene import Scene, make_scene
from tests.factories import NOW

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WEEK = Period(date(2026, 11, 2), date(2026, 11, 8), "Europe/Berlin")  # NOW is its Tuesday, 10:00 there
FORMAT = "for_marketing"
NO = Verdict.REQUEST_CHANGES


@pytest.fixture
def scene(session) -> Scene:
    scene = make_scene(session)
    scene.format(FORMAT, [[{"team": "marketing", "why": "Voice."}]])
    return scene


def report(scene: Scene, person: Any = None, *, at=NOW + 5 * DAY, **wanted: Any) -> Report:
    asked = Wanted(**{"period": WEEK, **wanted})
    return open_report(scene.session, scene.desk, asked, actor=person or scene.priya, now=at)


def send(scene: Scene, *, at=NOW, by=None, post: Post | None = None, **content: Any) -> Submission:
    post = post or scene.post(now=at, **{"format_key": FORMAT, **content})
    revision = scene.session.get_one(Revision, post.latest_revision_id)
    return submissions.submit(scene.session, post, revision, actor=by or scene.maya, now=at)


def answer(
    scene: Scene, submission: Submission, *, at, verdict=Verdict.APPROVE, team="marketing"
) -> Submission:
    make.decide(scene.session, scene.review(submission, team), scene.reviewers[team], verdict, now=at)
    return submission


def answered(scene: Scene, *minutes: int, at=NOW, **known: Any) -> list[Submission]:
    return [answer(scene, send(scene, at=at, **known), at=at + taken * MINUTE) for taken in minutes]


def marketing(scene: Scene, **wanted: Any) -> tuple[Answers, Answers]:
    team = next(t for t in scene.desk.teams if t.key == "marketing")
    return reports.turnaround(report(scene, **wanted)).get(team.id, (Answers(), Answers()))


def test_only_people_of_the_desk_and_its_reviewers_read_a_report(scene):
    for person in (scene.maya, scene.priya, scene.ruth, scene.reviewers["legal"]):
        assert report(scene, person)
    elsewhere = make.make_desk(scene.session, "Other", "other")
    stranger = make.make_user(scene.session, "Olga Fremd", desk=elsewhere)
    with pytest.raises(PermissionDenied):
        report(scene, stranger)


def test_a_team_s_time_is_counted_in_its_hours_and_by_the_clock(scene):
    answered(scene, 10, 20, 30, 40, 24 * 60)  # the last on the next day at 09:00: eight working hours
    now, before = marketing(scene)
    assert (now.count, before.count) == (5, 0)
    assert (now.minutes("working", 50), now.minutes("working", 90)) == (30, 8 * 60)
    assert (now.minutes("clock", 50), now.minutes("clock", 90)) == (30, 24 * 60)


def test_fewer_than_five_answers_have_no_median_and_no_share(scene):
    answered(scene, 10, 20, 30, 40)
    now, _before = marketing(scene)
    assert now.count == 4
    assert (now.minutes("working", 50), now.minutes("clock", 90), now.share_in_time) == (None, None, None)


def test_in_time_is_within_what_was_promised_when_the_review_opened(scene):
    team = next(t for t in scene.desk.teams if t.key == "marketing")
    team.turnaround_h = 2
    answered(scene, 60, 119, 120, 121, 240)
    now, _before = marketing(scene)
    assert (now.in_time, now.share_in_time) == (3, 60)


def test_the_time_the_author_is_asked_counts_nowhere(scene):
    submission = send(scene)
    review = scene.review(submission, "marketing")
    elena = scene.reviewers["marketing"]
    discussion.ask(scene.session, review, "Which lid?", actor=elena, now=NOW + 10 * MINUTE)
    discussion.comment(scene.session, submission.post, "The big one.", actor=scene.maya, now=NOW + 3 * HOUR)
    answer(scene, submission, at=NOW + 3 * HOUR + 5 * MINUTE)
    now, _before = marketing(scene)
    assert dict(now.working) == {15: 1}
    assert dict(now.clock) == {15: 1}


def test_an_answer_belongs_to_the_days_it_was_given_in(scene):
    answered(scene, 10, at=NOW - 7 * DAY)
    answered(scene, 10, 10)
    now, before = marketing(scene)
    assert (now.count, before.count) == (2, 1)
    ends = Period(date(2026, 11, 4), date(2026, 11, 4), "Europe/Berlin")
    assert [a.count for a in marketing(scene, period=ends)] == [0, 2]


def test_reviews_that_were_reminded_and_those_still_open_are_counted(scene):
    submission = send(scene)
    scene.review(submission, "marketing").reminded = 50
    answer(scene, submission, at=NOW + 5 * HOUR)
    send(scene)
    answered(scene, 10)
    now, before = marketing(scene)
    assert (now.count, now.reminded, now.still_open, before.still_open) == (2, 1, 1, 0)


def test_reviews_without_a_clock_are_left_out(scene):
    scene.review(answered(scene, 10)[0], "marketing").turnaround_s = 0
    scene.session.flush()
    assert marketing(scene)[0].count == 0


def sent_back_and_again(scene: Scene) -> Post:
    """A post that passes at its second try."""
    post = answer(scene, send(scene), at=NOW + HOUR, verdict=NO).post
    make.save(scene.session, post, scene.maya, text="Better.")
    answer(scene, send(scene, at=NOW + 2 * HOUR, post=post), at=NOW + 3 * HOUR)
    return post


def test_only_first_tries_count_for_the_first_pass_share(scene):
    sent_back_and_again(scene)
    answered(scene, 10, 10, 10, 10)
    found = reports.first_pass_of_formats(report(scene))
    assert found == {FORMAT: (Pass(5, 4), Pass())}
    assert found[FORMAT][0].share == 80


def test_a_second_team_s_no_leaves_the_first_team_s_yes_a_pass(scene):
    submission = scene.submit(scene.side_by_side())
    answer(scene, submission, team="pr", at=NOW + HOUR)
    answer(scene, submission, team="legal", at=NOW + HOUR, verdict=Verdict.REFUSE)
    names = {t.id: t.key for t in scene.desk.teams}
    found = reports.first_pass_of_teams(report(scene))
    assert {names[i]: both[0] for i, both in found.items()} == {"pr": Pass(1, 1), "legal": Pass(1, 0)}
    assert reports.first_pass_of_formats(report(scene)) == {"celebrity_news": (Pass(1, 0), Pass())}


def test_what_was_withdrawn_or_replaced_is_no_try(scene):
    submissions.withdraw_submission(scene.session, send(scene), actor=scene.maya, now=NOW + HOUR)
    replaced = send(scene)
    make.save(scene.session, replaced.post, scene.maya, text="Newer.")
    send(scene, post=replaced.post, at=NOW + HOUR)
    assert reports.first_pass_of_formats(report(scene)) == {}
    assert reports.outcomes(report(scene)) == {
        SubmissionState.WITHDRAWN: (1, 0),
        SubmissionState.SUPERSEDED: (1, 0),
    }


def test_a_person_reads_their_own_tries_and_nobody_else_s(scene):
    answered(scene, 10, 10)
    answered(scene, 10, by=scene.jonas)
    assert reports.own_first_pass(report(scene, scene.maya)) == (Pass(2, 2), Pass())
    assert reports.own_first_pass(report(scene, scene.jonas)) == (Pass(1, 1), Pass())
    assert reports.own_first_pass(report(scene, scene.priya)) == (Pass(), Pass())


def test_every_way_a_submission_ends_is_counted(scene):
    answered(scene, 10, 10)
    answer(scene, send(scene), at=NOW + HOUR, verdict=NO)
    answer(scene, send(scene), at=NOW + HOUR, verdict=Verdict.REFUSE)
    send(scene).wanted_at = NOW + HOUR
    send(scene)
    scene.session.flush()
    submissions.expire_submissions(scene.session, now=NOW + 2 * HOUR)
    assert reports.outcomes(report(scene)) == {
        SubmissionState.APPROVED: (2, 0),
        SubmissionState.CHANGES_REQUESTED: (1, 0),
        SubmissionState.REFUSED: (1, 0),
        SubmissionState.EXPIRED: (1, 0),
    }


def test_what_an_author_cleared_alone_is_counted_apart(scene):
    scene.desk.solo = True
    answered(scene, 10)
    own = send(scene, by=scene.maya)
    elena = scene.reviewers["marketing"]
    own.revision.authors.append(elena)
    scene.session.flush()
    answer(scene, own, at=NOW + HOUR)
    assert reports.outcomes(report(scene))[SubmissionState.APPROVED] == (2, 0)
    assert reports.solo_approvals(report(scene)) == (1, 0)


def warn(scene: Scene, *, at=NOW) -> Submission:
    page = make.page_of(scene.session, scene.desk)
    said = {"text": "Look: https://bit.ly/1", "answers": {"links": {"reason": "It is ours."}}}
    return send(scene, at=at, accounts=[page.id], **said)


def test_warnings_are_counted_by_post_and_by_what_became_of_the_words(scene):
    later = NOW + 7 * DAY
    warn(scene)
    warn(scene, at=later)
    heeded = warn(scene, at=later).post
    make.save(scene.session, heeded, scene.maya, text="Look at our page.")
    send(scene, post=heeded, at=later + HOUR)
    following = Period(date(2026, 11, 9), date(2026, 11, 15), WEEK.zone)
    assert reports.overrides(report(scene, period=following)) == [("Links", Use(2, 2, 1), Use(1, 1, 1))]


NARROWED: list[tuple[str, Callable[[Scene], dict[str, Any]], bool]] = [
    ("team", lambda scene: {"team_id": team_id(scene, "marketing")}, True),
    ("another team", lambda scene: {"team_id": team_id(scene, "legal")}, False),
    ("kind", lambda _scene: {"kind": Kind.PROMOTION}, True),
    ("another kind", lambda _scene: {"kind": Kind.QUESTION}, False),
    ("format", lambda _scene: {"format_key": FORMAT}, True),
    ("another format", lambda _scene: {"format_key": "how_to"}, False),
]


def team_id(scene: Scene, key: str) -> int:
    return next(t.id for t in scene.desk.teams if t.key == key)


@pytest.mark.parametrize(("name", "wanted", "is_there"), NARROWED, ids=[n[0] for n in NARROWED])
def test_every_figure_can_be_narrowed(scene, name, wanted, is_there):
    scene.desk.solo = True
    first = warn(scene)
    first.revision.authors.append(scene.reviewers["marketing"])
    scene.session.flush()
    answer(scene, first, at=NOW + HOUR)
    asked = report(scene, scene.maya, **wanted(scene))
    found = [
        any(now.count for now, _before in reports.turnaround(asked).values()),
        bool(reports.first_pass_of_teams(asked)),
        bool(reports.first_pass_of_formats(asked)),
        reports.own_first_pass(asked)[0].tries == 1,
        bool(reports.outcomes(asked)),
        reports.solo_approvals(asked) == (1, 0),
        bool(reports.overrides(asked)),
    ]
    assert found == [is_there] * 7, name


def test_another_desk_s_work_is_not_in_the_report(scene):
    other = make.make_desk(scene.session, "Other", "other")
    olga = make.make_user(scene.session, "Olga Fremd", desk=other)
    warn(scene)
    answered(scene, 10)
    asked = open_report(scene.session, other, Wanted(WEEK), actor=olga, now=NOW + 5 * DAY)
    counted = (
        reports.turnaround,
        reports.first_pass_of_teams,
        reports.first_pass_of_formats,
        reports.outcomes,
    )
    assert [count(asked) for count in counted] == [{}] * 4
    assert reports.overrides(asked) == []


def test_what_was_counted_is_kept_for_some_minutes(scene):
    answered(scene, 10)
    assert reports.outcomes(report(scene, at=NOW)) == {SubmissionState.APPROVED: (1, 0)}
    answered(scene, 10)
    soon = NOW + KEPT_FOR - timedelta(seconds=1)
    assert reports.outcomes(report(scene, at=soon)) == {SubmissionState.APPROVED: (1, 0)}
    assert reports.outcomes(report(scene, at=NOW + KEPT_FOR)) == {SubmissionState.APPROVED: (2, 0)}


@pytest.mark.parametrize(
    ("part", "whole", "known"), [(0, 0, None), (4, 4, None), (5, 5, 100), (1, 6, 17), (0, 9, 0)]
)
def test_a_share_is_of_five_or_more(part, whole, known):
    assert share(part, whole) == known


def test_what_agreements_cleared_is_counted_with_what_was_found_afterwards(scene):
    agree(scene, ClauseTerms([FORMAT], sample_percent=100))
    first, second, third = (send(scene).reviews[0] for _ in range(3))
    elena = scene.reviewers["marketing"]
    after_reviews.find_in_order(scene.session, first, "", actor=elena, now=NOW + HOUR)
    after_reviews.note_breach(scene.session, second, "A claim.", actor=elena, now=NOW + HOUR)
    assert reports.agreed(report(scene))[third.team_id] == (Agreed(3, 3, 2, 1), Agreed())
    assert reports.agreed(report(scene, kind=Kind.QUESTION)) == {}
    assert marketing(scene)[0].count == 0, "nobody answered anything"
