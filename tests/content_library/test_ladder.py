"""The ladder of an account: on and off, asking, signing, stepping down; who may, what is kept, who is told."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library import ladder, ladder_progress
from content_library.errors import Conflict, InvalidInput, PermissionDenied, Refusal, TransitionNotAllowed
from content_library.in_use import in_use
from content_library.ladder_rules import DEFAULTS, Criteria, Figures
from content_library.ladder_stages import needed_by, on_the_ladder, stages_of
from content_library.models.account import Account, AccountState
from content_library.models.format import Format
from content_library.models.ladder import LadderAct, LadderStanding
from content_library.models.review import Verdict
from content_library.models.user import DeskRole, User
from content_library.permissions import can_sign_a_stage
from content_library.submissions import what_is_missing
from tests import factories as make
from tests.content_library.scene import NOW, Scene, make_scene

EARNED = Figures(published=30, decided=10, first_pass=9)
LATER = NOW + timedelta(days=40)
FLASH = {"format_key": "flash_sale"}


@dataclass
class Ladder:
    """A scene with an account, and the verbs with the people who use them."""

    scene: Scene
    account: Account
    sam: User

    @property
    def session(self) -> Session:
        return self.scene.session

    @property
    def standing(self) -> LadderStanding:
        found = ladder_progress.standing_of(self.session, self.account)
        assert found is not None
        return found

    def on(self, stage: int = 1, *, actor: User | None = None, now: datetime = NOW) -> None:
        why = "It has earned that."
        ladder.switch_on(self.session, self.account, stage, why, actor=actor or self.scene.priya, now=now)

    def ask(self, figures: Figures = EARNED, *, actor: User | None = None, why: str = "") -> None:
        ladder.ask(self.session, self.account, figures, actor=actor or self.scene.priya, now=LATER, why=why)

    def sign(
        self, actor: User, figures: Figures = EARNED, *, seen: int = 2, why: str = "", now: datetime = LATER
    ) -> Any:
        return ladder.sign(self.session, self.account, figures, seen=seen, actor=actor, now=now, why=why)

    def down(self, stage: int, actor: User, why: str = "A joke went wrong.") -> Any:
        return ladder.step_down(self.session, self.account, stage, why, actor=actor, now=LATER)


@pytest.fixture
def climb(session: Session) -> Ladder:
    scene = make_scene(session)
    account = make.make_account(session, scene.desk, handle="x")
    return Ladder(scene, account, make.make_user(session, "Sam Ito", is_administrator=True))


def stranger(climb: Ladder) -> User:
    """A lead of another desk, in a team that does not serve this one."""
    desk = make.make_desk(climb.session, "Elsewhere", "elsewhere")
    return make.make_user(climb.session, "Olga Fremd", desk=desk, role=DeskRole.LEAD)


def test_without_a_ladder_nothing_is_asked_and_nobody_meets_it(climb: Ladder) -> None:
    assert stages_of(climb.session, [climb.account.id]) == {}
    assert not in_use(climb.session, climb.scene.desk.id).ladder
    post = climb.scene.post(accounts=[climb.account.id], **FLASH)
    assert "accounts" not in what_is_missing(climb.session, post, post.revisions[-1], now=NOW)


def test_a_lead_switches_it_on_at_the_stage_that_is_earned_and_the_record_knows_why(climb: Ladder) -> None:
    climb.on(2)
    assert stages_of(climb.session, [climb.account.id]) == {climb.account.id: 2}
    assert in_use(climb.session, climb.scene.desk.id).ladder
    (step,) = climb.standing.steps
    assert (step.act, step.from_stage, step.to_stage) == (LadderAct.SWITCHED_ON, None, 2)
    assert (step.why, step.signed_by.name) == ("It has earned that.", "Priya Raman")
    (entry,) = climb.scene.recorded("ladder.switched_on")
    assert entry.summary == "Switched the ladder of Bluesky @x on at stage 2, edu-taining and questions."
    assert entry.desk_id == climb.scene.desk.id


def test_off_again_its_history_stays_and_on_again_it_begins_anew(climb: Ladder) -> None:
    climb.on(1)
    ladder.switch_off(climb.session, climb.account, "Enough.", actor=climb.scene.priya, now=NOW)
    assert stages_of(climb.session, [climb.account.id]) == {}
    climb.on(3, actor=climb.sam, now=LATER)
    assert [s.act for s in climb.standing.steps] == [
        LadderAct.SWITCHED_ON, LadderAct.SWITCHED_OFF, LadderAct.SWITCHED_ON,
    ]  # fmt: skip
    assert (climb.standing.stage, climb.standing.since) == (3, LATER)


def test_what_stands_already_is_not_switched_twice(climb: Ladder) -> None:
    with pytest.raises(TransitionNotAllowed):
        ladder.switch_off(climb.session, climb.account, "x", actor=climb.scene.priya, now=NOW)
    climb.on()
    with pytest.raises(TransitionNotAllowed):
        climb.on()


@pytest.mark.parametrize(("stage", "why", "field"), [(0, "x", "stage"), (4, "x", "stage"), (1, " ", "why")])
def test_a_ladder_begins_at_a_stage_there_is_and_with_a_reason(
    climb: Ladder, stage: int, why: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        ladder.switch_on(climb.session, climb.account, stage, why, actor=climb.scene.priya, now=NOW)
    assert set(refused.value.fields) == {field}


def test_an_account_out_of_use_has_no_ladder(climb: Ladder) -> None:
    climb.on()
    climb.account.state = AccountState.CLOSED
    climb.session.flush()
    assert not in_use(climb.session, climb.scene.desk.id).ladder
    assert ladder_progress.standings(climb.session, climb.scene.desk.id) == []


def test_who_asks_and_who_signs_are_two_people_and_both_stand_in_the_history(climb: Ladder) -> None:
    climb.on()
    tom, priya = climb.scene.reviewers["legal"], climb.scene.priya
    climb.ask()
    step = climb.sign(tom)
    assert (step.act, step.from_stage, step.to_stage) == (LadderAct.ROSE, 1, 2)
    assert (step.asked_by.name, step.signed_by.name, step.is_exception) == (priya.name, tom.name, False)
    assert step.figures["published"] == {"reached": 30, "needed": 10}
    assert (climb.standing.stage, climb.standing.since, climb.standing.asked_at) == (2, LATER, None)


def test_the_one_who_asked_never_signs_also_as_an_administrator(climb: Ladder) -> None:
    climb.on()
    both = make.make_user(
        climb.session, "Ada Both", desk=climb.scene.desk, role=DeskRole.LEAD, teams=["pr"], is_administrator=True
    )  # fmt: skip
    climb.ask(actor=both)
    with pytest.raises(PermissionDenied):
        climb.sign(both)
    climb.sign(climb.scene.reviewers["pr"])


def test_a_stage_that_is_not_earned_is_refused_with_the_list_of_what_is_missing(climb: Ladder) -> None:
    climb.on()
    climb.ask(Figures(published=8, decided=2, first_pass=2), why="We are nearly there.")
    with pytest.raises(InvalidInput) as refused:
        climb.sign(
            climb.scene.reviewers["legal"], Figures(published=8, decided=2, first_pass=1), why="Go on."
        )
    assert refused.value.message == (
        "This stage cannot be signed yet. "
        "Still missing: 8 of 10 posts published; 50 of 80 % approved at first pass."
    )
    assert climb.standing.stage == 1


def test_the_minimum_stay_is_a_criterion_like_the_others(climb: Ladder) -> None:
    climb.on(now=LATER - timedelta(days=13, hours=23))
    climb.ask(why="Early.")
    with pytest.raises(InvalidInput, match="13 of 14 days at this stage"):
        climb.sign(climb.scene.reviewers["legal"])
    climb.sign(climb.scene.reviewers["legal"], now=LATER + timedelta(hours=1))


def test_an_administrator_signs_without_the_criteria_with_a_reason_that_shows(climb: Ladder) -> None:
    climb.on()
    climb.ask(Figures(), why="They come from another account.")
    with pytest.raises(InvalidInput) as refused:
        climb.sign(climb.sam, Figures())
    assert "why" in refused.value.fields
    step = climb.sign(climb.sam, Figures(), why="I know their work.")
    assert (step.is_exception, step.why) == (True, "I know their work.")
    (entry,) = climb.scene.recorded("ladder.rose")
    assert entry.payload is not None
    assert entry.payload.details["is_exception"] is True
    assert entry.payload.details["figures"]["published"] == {"reached": 0, "needed": 10}


def test_a_stale_page_signs_nothing(climb: Ladder) -> None:
    climb.on()
    climb.ask()
    climb.sign(climb.scene.reviewers["legal"])
    with pytest.raises(TransitionNotAllowed):
        climb.sign(climb.scene.reviewers["pr"])
    climb.ask(why="And on.")
    with pytest.raises(Conflict):
        climb.sign(climb.sam, why="x")


def test_asking_is_once_and_ends_at_the_top(climb: Ladder) -> None:
    climb.on(2)
    climb.ask(why="Please.")
    with pytest.raises(TransitionNotAllowed):
        climb.ask()
    climb.sign(climb.sam, seen=3, why="Yes.")
    with pytest.raises(TransitionNotAllowed):
        climb.ask()


def test_asking_early_needs_a_reason_and_only_administrators_are_told(climb: Ladder) -> None:
    climb.on()
    with pytest.raises(InvalidInput):
        climb.ask(Figures())
    climb.ask(Figures(), why="A campaign.")
    assert len(climb.scene.told(climb.sam, "ladder.asked")) == 1
    assert climb.scene.told(climb.scene.reviewers["legal"]) == []


def test_whoever_may_sign_is_told_and_needs_not_look_once_it_is_signed(climb: Ladder) -> None:
    climb.on()
    climb.ask()
    people = [*climb.scene.reviewers.values(), climb.sam]
    told = [climb.scene.told(person, "ladder.asked") for person in people]
    assert [len(notices) for notices in told] == [1] * 5
    assert told[0][0].text == "Priya Raman asks for stage 2, edu-taining and questions, for Bluesky @x."
    assert climb.scene.told(climb.scene.maya) == climb.scene.told(climb.scene.priya) == []
    climb.sign(climb.scene.reviewers["legal"])
    climb.session.expire_all()
    assert all(climb.scene.told(person, "ladder.asked")[0].read_at for person in people)
    (notice,) = climb.scene.told(climb.scene.priya, "ladder.rose")
    assert "Tom Hargreave has signed it." in notice.text


def test_not_yet_is_said_with_a_reason_and_the_stage_can_be_asked_for_again(climb: Ladder) -> None:
    climb.on()
    climb.ask()
    tom = climb.scene.reviewers["legal"]
    with pytest.raises(InvalidInput):
        ladder.turn_down(climb.session, climb.account, "", actor=tom, now=LATER)
    ladder.turn_down(climb.session, climb.account, "After the holidays.", actor=tom, now=LATER)
    (notice,) = climb.scene.told(climb.scene.priya, "ladder.not_yet")
    assert notice.details["quote"] == "After the holidays."
    assert climb.standing.asked_at is None
    with pytest.raises(TransitionNotAllowed):
        ladder.turn_down(climb.session, climb.account, "x", actor=tom, now=LATER)
    climb.ask()
    assert len(climb.scene.recorded("ladder.not_yet")) == 1


def test_down_at_once_with_a_reason_by_a_lead_a_team_or_an_administrator(climb: Ladder) -> None:
    climb.on(3)
    climb.down(2, climb.scene.reviewers["pr"])
    climb.down(1, climb.sam)
    assert [(s.from_stage, s.to_stage) for s in climb.standing.steps] == [(None, 3), (3, 2), (2, 1)]
    assert [n.kind for n in climb.scene.told(climb.scene.priya)] == ["ladder.fell", "ladder.fell"]
    with pytest.raises(TransitionNotAllowed):
        climb.down(1, climb.sam)


def test_a_step_down_goes_below_and_says_why_and_ends_what_was_asked(climb: Ladder) -> None:
    climb.on(2)
    climb.ask(why="Soon.")
    for stage, why in ((2, "x"), (3, "x"), (0, "x"), (1, "")):
        with pytest.raises(InvalidInput):
            climb.down(stage, climb.scene.priya, why)
    climb.down(1, climb.scene.priya)
    assert climb.standing.asked_at is None
    with pytest.raises(TransitionNotAllowed):
        climb.sign(climb.sam, why="x")


def test_every_verb_asks_who_is_acting(climb: Ladder) -> None:
    session, account, scene = climb.session, climb.account, climb.scene
    climb.on(2)
    climb.ask(why="Soon.")
    desk, everybody = scene.desk, [scene.maya, scene.ruth, stranger(climb)]
    teams = [scene.reviewers["legal"]]
    refused: list[tuple[Any, list[User]]] = [
        (lambda who: ladder.switch_off(session, account, "x", actor=who, now=NOW), [*everybody, *teams]),
        (lambda who: climb.on(actor=who), [*everybody, *teams]),
        (lambda who: climb.ask(actor=who, why="x"), [*everybody, *teams, climb.sam]),
        (lambda who: climb.sign(who, seen=3), [*everybody, scene.priya]),
        (lambda who: ladder.turn_down(session, account, "x", actor=who, now=NOW), everybody),
        (lambda who: climb.down(1, who), everybody),
        (
            lambda who: ladder_progress.set_criteria(session, desk, {}, seen=0, actor=who, now=NOW),
            [*everybody, *teams],
        ),
    ]
    for verb, people in refused:
        for person in people:
            with pytest.raises(PermissionDenied):
                verb(person)
    assert climb.standing.asked_at is not None


def test_a_team_that_serves_another_desk_signs_nothing_here(climb: Ladder) -> None:
    from content_library.models.desk import Team

    team = Team(key="away", name="Away", created_at=NOW)
    climb.session.add(team)
    climb.session.flush()
    away = make.make_user(climb.session, "Una Away", teams=["away"])
    assert not can_sign_a_stage(away, climb.scene.desk.id)


def test_a_desk_sets_its_own_numbers_and_they_hold_from_then_on(climb: Ladder) -> None:
    session, desk, priya = climb.session, climb.scene.desk, climb.scene.priya
    easy = Criteria(1, 0, 0, 1)
    ladder_progress.set_criteria(session, desk, {2: easy}, seen=0, actor=priya, now=NOW)
    assert ladder_progress.criteria_of(session, desk.id) == ({2: easy, 3: DEFAULTS[3]}, 1)
    climb.on()
    climb.ask(Figures(published=1))
    climb.sign(climb.scene.reviewers["legal"], Figures(published=1))
    (entry,) = climb.scene.recorded("ladder.criteria_changed")
    assert entry.payload is not None
    assert entry.payload.details["before"]["2"]["published"] == 10
    assert entry.payload.details["after"]["2"]["published"] == 1


def test_numbers_out_of_reach_and_numbers_somebody_else_changed_are_refused(climb: Ladder) -> None:
    session, desk, priya = climb.session, climb.scene.desk, climb.scene.priya
    with pytest.raises(InvalidInput) as refused:
        ladder_progress.set_criteria(session, desk, {3: Criteria(5, 101, 0, 0)}, seen=0, actor=priya, now=NOW)
    assert set(refused.value.fields) == {"first_pass_3", "stay_days_3"}
    ladder_progress.set_criteria(session, desk, {2: DEFAULTS[2]}, seen=0, actor=priya, now=NOW)
    with pytest.raises(Conflict):
        ladder_progress.set_criteria(session, desk, {2: DEFAULTS[2]}, seen=0, actor=climb.sam, now=NOW)


def test_a_post_beyond_the_stage_of_an_account_is_kept_and_not_submitted(climb: Ladder) -> None:
    climb.on(1)
    post = climb.scene.post(
        accounts=[climb.account.id, make.page_of(climb.session, climb.scene.desk).id], **FLASH
    )
    with pytest.raises(InvalidInput) as refused:
        climb.scene.submit(post)
    assert refused.value.fields["accounts"] == (
        "Bluesky @x is at stage 1, basic education. “Flash sale” needs stage 3. "
        "Take the account out, or see what is missing under Ladder."
    )


def test_what_the_stage_allows_and_what_stands_outside_is_submitted(climb: Ladder) -> None:
    climb.on(1)
    climb.scene.submit(climb.scene.post(accounts=[climb.account.id]))
    outage = climb.scene.post(accounts=[climb.account.id], format_key="outage_notice")
    assert "accounts" not in what_is_missing(climb.session, outage, outage.revisions[-1], now=NOW)


def test_two_accounts_below_are_named_with_their_stages(climb: Ladder) -> None:
    climb.on(1)
    page = make.page_of(climb.session, climb.scene.desk)
    ladder.switch_on(climb.session, page, 2, "x", actor=climb.sam, now=NOW)
    post = climb.scene.post(accounts=[climb.account.id, page.id], **FLASH)
    said = what_is_missing(climb.session, post, post.revisions[-1], now=NOW)["accounts"]
    assert "Public page Brindlemoor Home is at stage 2, edu-taining and questions." in said
    assert "Bluesky @x is at stage 1, basic education." in said
    assert "Take these accounts out" in said


def test_the_database_and_the_rules_agree_on_what_stands_outside(climb: Ladder) -> None:
    climb.scene.format("a_service_note", [[{"team": "pr", "why": "x"}]])
    climb.session.get_one(Format, "a_service_note").tone = "service"
    climb.session.get_one(Format, "how_to").tone = "service"
    climb.session.flush()
    every = climb.session.scalars(select(Format)).all()
    inside = set(climb.session.scalars(select(Format.key).where(on_the_ladder())))
    assert inside == {f.key for f in every if needed_by(f) is not None}
    assert "how_to" in inside
    assert "a_service_note" not in inside


def decided(climb: Ladder, *verdicts: Verdict, now: datetime = NOW, **content: Any) -> None:
    """A post of this account, submitted again after each verdict but the last."""
    content.setdefault("accounts", [climb.account.id])
    post = climb.scene.post(**content)
    for number, verdict in enumerate(verdicts):
        if number:
            make.save(climb.session, post, climb.scene.maya, text=f"Better {number}.", now=now)
        submission = make.submit(climb.session, post, climb.scene.maya, now=now)
        for review in list(submission.reviews):
            make.decide(climb.session, review, climb.scene.reviewers[review.team.key], verdict, now=now)


def test_first_pass_counts_each_post_once_by_its_first_decision(climb: Ladder) -> None:
    climb.on()
    no, yes = Verdict.REQUEST_CHANGES, Verdict.APPROVE
    page = make.page_of(climb.session, climb.scene.desk)
    decided(climb, yes)
    decided(climb, no, yes)
    decided(climb, Verdict.REFUSE)
    decided(climb, yes, accounts=[page.id])
    make.submit(climb.session, climb.scene.post(accounts=[climb.account.id]), climb.scene.maya)
    assert ladder_progress.first_pass(climb.session, climb.standing) == (3, 1)


def test_first_pass_counts_from_the_day_of_the_stage_and_no_notices_of_trouble(climb: Ladder) -> None:
    decided(climb, Verdict.APPROVE, now=NOW - timedelta(days=1))
    climb.on()
    assert ladder_progress.first_pass(climb.session, climb.standing) == (0, 0)
    decided(
        climb, Verdict.APPROVE, format_key="outage_notice",
        fields={"incident": "Payments", "next_update": "2026-11-03T12:00"},
    )  # fmt: skip
    decided(climb, Verdict.APPROVE)
    assert ladder_progress.first_pass(climb.session, climb.standing) == (1, 1)


def test_at_the_top_nothing_more_is_asked(climb: Ladder) -> None:
    climb.on(3)
    assert ladder_progress.progress_of(climb.session, climb.standing, EARNED, now=NOW) == []


def test_refusals_are_sentences(climb: Ladder) -> None:
    with pytest.raises(Refusal) as refused:
        climb.sign(climb.sam)
    assert refused.value.message.endswith("Reload the page.")
