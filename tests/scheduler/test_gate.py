"""The gate: every reason not to send, each one alone, and none when all is well."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library import boundary_editing, facts, ladder
from content_library.boundaries.rules import Severity
from content_library.boundary_editing import Wording
from content_library.facts import Naming
from content_library.models.account import AccountState
from content_library.models.boundary import Boundary
from content_library.models.fact import FactVersion
from content_library.models.post import PostState
from content_library.models.review import Decision, Verdict
from scheduler import holds, transitions
from scheduler.gate import No, Passed, Reason
from scheduler.models import Hold, HoldScope, Publication
from scheduler.publication_flow import Act
from service_channel.models.credential import Credential
from tests import factories as make
from tests.scheduler.scene import LATER, NOW, Scene, a_link_check, a_scene

LINK = "https://www.brindlemoor.example/help"


def cleared(scene: Scene) -> Publication:
    scene.clear()
    return scene.plan()


def refused(scene: Scene, publication: Publication, *, seconds: float = 0, **known: Any) -> No:
    answer = scene.ask(publication, publication.due_at + timedelta(seconds=seconds), **known)
    assert isinstance(answer, No)
    return answer


def test_what_is_cleared_connected_and_due_passes_with_the_approved_bytes(scene: Scene) -> None:
    publication = cleared(scene)
    answer = scene.ask(publication)
    assert isinstance(answer, Passed)
    assert publication.rendition is not None
    assert answer.payload == publication.rendition.payload


@pytest.mark.parametrize(
    ("scope", "reason"),
    [
        (HoldScope.ALL, Reason.STOPPED),
        (HoldScope.DESK, Reason.STOPPED),
        (HoldScope.ACCOUNT, Reason.STOPPED),
        (HoldScope.PUBLICATION, Reason.HOLD),
    ],
)
def test_a_hold_of_its_scope_keeps_it_back(scene: Scene, scope: HoldScope, reason: Reason) -> None:
    publication = cleared(scene)
    hold = Hold(
        scope=scope, desk_id=scene.desk.id, account_id=scene.page.id, publication_id=publication.id,
        reason="Trouble", created_by_id=scene.priya.id, created_at=NOW,
    )  # fmt: skip
    scene.session.add(hold)
    answer = refused(scene, publication)
    assert (answer.reason, answer.act) == (reason, Act.HOLD)
    assert "Trouble" in answer.sentence
    hold.lifted_at = NOW
    assert isinstance(scene.ask(publication), Passed)


def test_another_desks_hold_is_no_reason(scene: Scene) -> None:
    publication = cleared(scene)
    other = make.make_desk(scene.session, "Elsewhere", "elsewhere")
    scene.session.add(
        Hold(scope=HoldScope.DESK, desk_id=other.id, reason="x", created_by_id=scene.priya.id, created_at=NOW)
    )
    assert isinstance(scene.ask(publication), Passed)


def test_what_is_over_expires_also_inside_its_grace(scene: Scene) -> None:
    publication = cleared(scene)
    publication.ends_at = publication.due_at + timedelta(seconds=10)
    assert isinstance(scene.ask(publication), Passed)
    answer = refused(scene, publication, seconds=10)
    assert (answer.reason, answer.act) == (Reason.OVER, Act.EXPIRE)


def test_before_its_offer_begins_it_is_blocked(scene: Scene) -> None:
    publication = cleared(scene)
    publication.starts_at = publication.due_at + timedelta(seconds=1)
    answer = refused(scene, publication)
    assert (answer.reason, answer.act) == (Reason.WINDOW, Act.BLOCK)


def a_withdrawn_approval(scene: Scene) -> None:
    scene.approval().withdrawn_at = NOW


def an_approval_that_has_run_out(scene: Scene) -> None:
    scene.approval().valid_until = LATER


def an_approval_of_other_words(scene: Scene) -> None:
    scene.approval().content_hash = "0" * 64


def a_decision_on_other_words(scene: Scene) -> None:
    decisions = scene.session.scalars(select(Decision)).all()
    decisions[0].content_hash = "0" * 64


def a_decision_of_an_author(scene: Scene) -> None:
    scene.session.scalars(select(Decision)).all()[0].user_id = scene.maya.id


def a_decision_in_an_authors_place(scene: Scene) -> None:
    scene.session.scalars(select(Decision)).all()[0].for_user_id = scene.maya.id


def one_person_counted_by_themselves_and_by_another(scene: Scene) -> None:
    first = scene.session.scalars(select(Decision)).all()[0]
    first.review.quorum = 2
    scene.session.add(
        Decision(
            review=first.review,
            submission_id=first.submission_id,
            user=make.make_user(scene.session, "Kim Else"),
            for_user=first.user,
            revision_id=first.revision_id,
            content_hash=first.content_hash,
            verdict=first.verdict,
            at=first.at,
        )
    )


def a_quorum_that_is_not_met(scene: Scene) -> None:
    scene.session.scalars(select(Decision)).all()[0].review.quorum = 2


def a_team_that_changed_its_verdict(scene: Scene) -> None:
    scene.session.scalars(select(Decision)).all()[0].verdict = Verdict.REQUEST_CHANGES


def an_archived_post(scene: Scene) -> None:
    scene.post.state = PostState.ARCHIVED


@pytest.mark.parametrize(
    "damage",
    [
        a_withdrawn_approval,
        an_approval_that_has_run_out,
        an_approval_of_other_words,
        a_decision_on_other_words,
        a_decision_of_an_author,
        a_decision_in_an_authors_place,
        one_person_counted_by_themselves_and_by_another,
        a_quorum_that_is_not_met,
        a_team_that_changed_its_verdict,
        an_archived_post,
    ],
)
def test_without_every_approval_on_exactly_these_bytes_it_is_blocked(scene: Scene, damage: Any) -> None:
    publication = cleared(scene)
    damage(scene)
    answer = refused(scene, publication)
    assert (answer.reason, answer.act) == (Reason.APPROVAL, Act.BLOCK)


def test_an_authors_own_decision_counts_on_a_desk_in_solo_mode_only(scene: Scene) -> None:
    publication = cleared(scene)
    a_decision_of_an_author(scene)
    scene.desk.solo = True
    assert isinstance(scene.ask(publication), Passed)
    scene.desk.solo = False
    assert isinstance(scene.ask(publication), No)


def a_payload_that_was_changed(publication: Publication) -> None:
    assert publication.rendition is not None
    publication.rendition.payload += " "


def a_hash_that_was_changed(publication: Publication) -> None:
    publication.payload_sha256 = "0" * 64


@pytest.mark.parametrize("tamper", [a_payload_that_was_changed, a_hash_that_was_changed])
def test_a_single_changed_byte_is_not_sent(scene: Scene, tamper: Any) -> None:
    publication = cleared(scene)
    tamper(publication)
    answer = refused(scene, publication)
    assert (answer.reason, answer.act) == (Reason.PAYLOAD, Act.BLOCK)


@pytest.mark.parametrize("state", [AccountState.PRACTICE, AccountState.RECONNECT, AccountState.CLOSED])
def test_an_account_that_cannot_send_blocks(scene: Scene, state: AccountState) -> None:
    publication = cleared(scene)
    scene.page.state = state
    answer = refused(scene, publication)
    assert (answer.reason, answer.act) == (Reason.ACCOUNT, Act.BLOCK)


def test_a_network_that_asked_to_wait_is_waited_for(session: Session) -> None:
    scene = a_scene(session)
    account = make.make_account(session, scene.desk)
    scene.post = make.make_post(session, scene.desk, scene.maya, title="Another", accounts=[account.id])
    scene.clear()
    publication = scene.plan(account)
    until = publication.due_at + timedelta(minutes=5)
    session.get_one(Credential, account.id).not_before = until
    answer = refused(scene, publication)
    assert (answer.reason, answer.act, answer.not_before) == (Reason.RATE, Act.GIVE_BACK, until)
    assert isinstance(scene.ask(publication, until), Passed)


@pytest.mark.parametrize(
    ("seconds", "goes"), [(899, True), (900, True), (901, False)], ids=["inside", "at", "past"]
)
def test_late_within_the_grace_it_goes_and_beyond_it_a_person_decides(
    scene: Scene, seconds: int, goes: bool
) -> None:
    """The policies late-inside-grace, late-at-grace and late-past-grace of tests/data/wall_times.json."""
    publication = cleared(scene)
    answer = scene.ask(publication, publication.due_at + timedelta(seconds=seconds))
    if goes:
        assert isinstance(answer, Passed)
    else:
        assert isinstance(answer, No)
        assert (answer.reason, answer.act) == (Reason.LATE, Act.MISS)


def test_five_that_were_slept_through_are_all_missed_and_none_is_sent(scene: Scene) -> None:
    """The policy sleep-two-days."""
    scene.clear()
    first = scene.plan()
    made = [first]
    for number in range(4):
        account = make.make_account(scene.session, scene.desk, handle=f"desk-{number}.example")
        post = make.make_post(
            scene.session, scene.desk, scene.maya, title=f"Number {number}", accounts=[account.id]
        )
        make.clear(scene.session, post, scene.maya, scene.reviewers)
        made.append(make.plan(scene.session, post, account, scene.maya, due_at=LATER))
    answers = [scene.ask(p, LATER + timedelta(days=2)) for p in made]
    assert [getattr(a, "act", None) for a in answers] == [Act.MISS] * 5


def test_a_dead_link_holds_until_it_works_again(session: Session) -> None:
    scene = a_scene(session, text=f"Look here: {LINK}")
    publication = cleared(scene)
    check = a_link_check(LINK, is_ok=False)
    session.add(check)
    answer = refused(scene, publication)
    assert (answer.reason, answer.act) == (Reason.LINK, Act.HOLD)
    assert LINK in answer.sentence
    check.is_ok = True
    assert isinstance(scene.ask(publication), Passed)


def test_backlog_keeps_the_accounts_least_gap_and_what_is_on_time_does_not(scene: Scene) -> None:
    publication = cleared(scene)
    other = make.make_post(scene.session, scene.desk, scene.maya, title="Another", accounts=[scene.page.id])
    make.clear(scene.session, other, scene.maya, scene.reviewers)
    before = make.plan(scene.session, other, scene.page, scene.maya, due_at=LATER)
    for act in (Act.CLAIM, Act.MARK, Act.SUCCEED):
        transitions.move(
            scene.session, before, act, actor=None, now=publication.due_at + timedelta(seconds=40)
        )
    scene.page.least_gap_s = 60
    answer = refused(scene, publication, seconds=45)
    assert (answer.reason, answer.act) == (Reason.GAP, Act.GIVE_BACK)
    assert answer.not_before == publication.due_at + timedelta(seconds=100)
    assert isinstance(scene.ask(publication, publication.due_at + timedelta(seconds=100)), Passed)
    assert isinstance(scene.ask(publication, publication.due_at + timedelta(seconds=20)), Passed)


def test_while_the_clock_jumps_nothing_goes(scene: Scene) -> None:
    answer = refused(scene, cleared(scene), clock_sane=False)
    assert (answer.reason, answer.act) == (Reason.CLOCK, Act.GIVE_BACK)


def test_an_old_value_of_a_fact_is_not_sent_even_where_its_approval_was_left_standing(
    scene: Scene,
) -> None:
    price = facts.add_fact(scene.session, scene.desk, Naming("price"), "12 €", actor=scene.priya, now=NOW)
    make.save(scene.session, scene.post, scene.maya, text="It costs {{price}}.")
    publication = cleared(scene)
    assert isinstance(scene.ask(publication), Passed)
    scene.session.add(
        FactVersion(fact_id=price.id, number=2, value="14 €", created_by_id=scene.priya.id, created_at=NOW)
    )
    price.latest_number = 2
    answer = refused(scene, publication)
    assert (answer.reason, answer.act) == (Reason.FACT, Act.BLOCK)
    assert answer.sentence == (
        "The fact “price” has changed since this was cleared. Make a revision with the new value."
    )


def test_the_stop_switch_comes_before_every_other_reason(scene: Scene) -> None:
    publication = scene.plan()
    holds.stop_desk(scene.session, scene.desk, "Trouble", actor=scene.priya, now=NOW)
    assert refused(scene, publication).reason is Reason.STOPPED


def test_every_reason_of_the_gate_is_tested_here() -> None:
    tested = {
        Reason.STOPPED, Reason.HOLD, Reason.APPROVAL, Reason.PAYLOAD, Reason.ACCOUNT, Reason.WINDOW, Reason.OVER,
        Reason.LATE, Reason.LINK, Reason.RATE, Reason.BUDGET, Reason.GAP, Reason.CLOCK, Reason.BOUNDARY,
        Reason.FACT,
        Reason.LADDER,
        Reason.AGREEMENT,  # in test_agreed.py
        Reason.BLACKOUT, Reason.QUIET,  # in test_windows.py
    }  # fmt: skip
    assert tested == set(Reason)


def put_on_the_ladder(scene: Scene, stage: int, format_key: str) -> None:
    """The account is at a stage, and what is approved is of that format."""
    ladder.switch_on(scene.session, scene.page, stage, "x", actor=scene.priya, now=NOW)
    revision = scene.approval().revision
    revision.content = {**revision.content, "format": format_key}


def test_what_its_account_has_not_earned_waits_in_words(scene: Scene) -> None:
    publication = cleared(scene)
    put_on_the_ladder(scene, 1, "flash_sale")
    answer = refused(scene, publication)
    assert (answer.reason, answer.act) == (Reason.LADDER, Act.BLOCK)
    assert answer.sentence == (
        "Public page Brindlemoor Home is at stage 1, basic education. “Flash sale” needs stage 3. "
        "See what is missing under Ladder."
    )


@pytest.mark.parametrize(
    ("stage", "format_key"),
    [(1, "how_to"), (2, "improve"), (3, "flash_sale"), (1, "outage_notice"), (1, "product_warning")],
)
def test_what_its_account_has_earned_and_what_stands_outside_goes(
    scene: Scene, stage: int, format_key: str
) -> None:
    publication = cleared(scene)
    put_on_the_ladder(scene, stage, format_key)
    assert isinstance(scene.ask(publication), Passed)


def test_the_format_of_what_goes_out_counts_and_not_that_of_a_newer_draft(scene: Scene) -> None:
    publication = cleared(scene)
    ladder.switch_on(scene.session, scene.page, 1, "x", actor=scene.priya, now=NOW)
    make.save(scene.session, scene.post, scene.maya, format="flash_sale")
    assert scene.post.format_key == "flash_sale"
    assert isinstance(scene.ask(publication), Passed)


def test_without_the_ladder_the_gate_asks_nothing_about_it(scene: Scene) -> None:
    publication = cleared(scene)
    put_on_the_ladder(scene, 1, "flash_sale")
    ladder.switch_off(scene.session, scene.page, "x", actor=scene.priya, now=NOW)
    assert isinstance(scene.ask(publication), Passed)


def the_boundary(scene: Scene, key: str) -> Boundary:
    return scene.session.scalars(select(Boundary).filter_by(key=key)).one()


def now_says(scene: Scene, key: str, wording: Wording) -> None:
    sam = make.make_user(scene.session, "Sam Ito", is_administrator=True)
    boundary_editing.change_boundary(
        scene.session, the_boundary(scene, key), wording, seen=1, actor=sam, now=NOW + timedelta(minutes=1)
    )


@pytest.mark.parametrize(
    ("wording", "said"),
    [
        (Wording(Severity.BLOCK, {"words": ["kettle"]}, why="x"), "cannot go out"),
        (
            Wording(Severity.INFORM, {"words": ["kettle"]}, team_key="legal", why="x"),
            "Legal has to clear it too now",
        ),
        (Wording(Severity.INFORM, {"words": ["kettle"]}, needs_evidence=True, why="x"), "rests on"),
    ],
)
def test_a_rule_added_today_stops_what_was_scheduled_yesterday(
    scene: Scene, wording: Wording, said: str
) -> None:
    make.save(scene.session, scene.post, scene.maya, text="Descale your kettle.")
    publication = cleared(scene)
    now_says(scene, "free", wording)
    answer = refused(scene, publication)
    assert (answer.reason, answer.act) == (Reason.BOUNDARY, Act.BLOCK)
    assert said in answer.sentence


def test_a_warning_added_today_lets_go_what_is_cleared(scene: Scene) -> None:
    make.save(scene.session, scene.post, scene.maya, text="Descale your kettle.")
    publication = cleared(scene)
    now_says(scene, "free", Wording(Severity.WARN, {"words": ["kettle"]}, why="x"))
    assert isinstance(scene.ask(publication), Passed)


def test_a_rule_of_tomorrow_holds_from_tomorrow(scene: Scene) -> None:
    make.save(scene.session, scene.post, scene.maya, text="Descale your kettle.")
    publication = cleared(scene)
    day = publication.due_at + timedelta(minutes=5)
    now_says(scene, "free", Wording(Severity.BLOCK, {"words": ["kettle"]}, effective_at=day, why="x"))
    assert isinstance(scene.ask(publication), Passed)
    assert refused(scene, publication, seconds=300).reason is Reason.BOUNDARY


def test_what_a_team_has_cleared_for_its_words_goes(scene: Scene) -> None:
    make.save(scene.session, scene.post, scene.maya, text="Descaling is free.")
    assert isinstance(scene.ask(cleared(scene)), Passed)
