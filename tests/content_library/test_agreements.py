"""Agreements: proposed by one side, signed by the other, changed by versions, ended by either."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from content_library import agreements
from content_library.agreement_drafts import ClauseTerms, midnight
from content_library.agreement_rules import terms_in_force
from content_library.errors import Conflict, InvalidInput, NotFound, PermissionDenied, TransitionNotAllowed
from content_library.models.agreement import AgreementState, Side
from tests import factories as make
from tests.content_library.agreed import TODAY, agree, propose, team, terms
from tests.content_library.scene import Scene, make_scene
from tests.factories import NOW


@pytest.fixture
def scene(session: Session) -> Scene:
    return make_scene(session)


def in_force(scene: Scene, now=NOW) -> dict[str, int]:
    return {key: found.number for key, found in terms_in_force(scene.session, scene.desk.id, now=now).items()}


def test_nothing_is_in_force_before_both_have_signed(scene: Scene):
    version = propose(scene)
    assert version.state is AgreementState.PROPOSED
    assert in_force(scene) == {}
    agreements.sign(scene.session, version, actor=scene.reviewers["marketing"], now=NOW)
    assert in_force(scene) == {"marketing": 1}


def test_both_signatures_stand_in_the_record_with_what_was_signed(scene: Scene):
    agree(scene, excluded_words=["cheap"])
    proposed, signed = scene.recorded("agreement.propose")[0], scene.recorded("agreement.sign")[0]
    assert (proposed.actor_name, signed.actor_name) == ("Priya Raman", "Elena Costa")
    assert signed.payload.details["excluded_words"] == ["cheap"]
    assert signed.payload.details["clauses"][0]["formats"] == ["how_to"]


def test_the_team_may_propose_and_then_a_lead_signs(scene: Scene):
    elena = scene.reviewers["marketing"]
    version = agreements.propose(
        scene.session, scene.desk, team(scene), terms(), seen=0, actor=elena, now=NOW
    )
    assert version.proposed_for is Side.TEAM
    with pytest.raises(PermissionDenied):
        agreements.sign(scene.session, version, actor=scene.reviewers["legal"], now=NOW)
    agreements.sign(scene.session, version, actor=scene.priya, now=NOW)
    assert in_force(scene) == {"marketing": 1}


def test_who_proposed_it_never_signs_for_the_other_side(scene: Scene):
    both = make.make_user(
        scene.session, "Lea Both", desk=scene.desk, role=make.DeskRole.LEAD, teams=["marketing"]
    )
    version = agreements.propose(scene.session, scene.desk, team(scene), terms(), seen=0, actor=both, now=NOW)
    with pytest.raises(PermissionDenied, match="You proposed it"):
        agreements.sign(scene.session, version, actor=both, now=NOW)


@pytest.mark.parametrize("who", ["maya", "ruth"])
def test_agents_and_auditors_neither_propose_nor_sign(scene: Scene, who: str):
    person = getattr(scene, who)
    with pytest.raises(PermissionDenied):
        agreements.propose(scene.session, scene.desk, team(scene), terms(), seen=0, actor=person, now=NOW)
    version = propose(scene)
    with pytest.raises(PermissionDenied):
        agreements.sign(scene.session, version, actor=person, now=NOW)


def test_a_newer_proposal_takes_the_place_of_one_that_waits(scene: Scene):
    first = propose(scene)
    second = propose(scene, ClauseTerms(["faq_link"]))
    assert (first.state, second.number) == (AgreementState.WITHDRAWN, 2)
    with pytest.raises(TransitionNotAllowed):
        agreements.sign(scene.session, first, actor=scene.reviewers["marketing"], now=NOW)


def test_two_who_propose_at_once_do_not_overwrite_one_another(scene: Scene):
    propose(scene)
    with pytest.raises(Conflict):
        agreements.propose(
            scene.session, scene.desk, team(scene), terms(), seen=0, actor=scene.priya, now=NOW
        )


def test_declining_needs_a_reason_and_tells_who_proposed(scene: Scene):
    version, elena = propose(scene), scene.reviewers["marketing"]
    with pytest.raises(InvalidInput):
        agreements.decline(scene.session, version, "  ", actor=elena, now=NOW)
    agreements.decline(scene.session, version, "Too wide.", actor=elena, now=NOW)
    assert version.state is AgreementState.DECLINED
    assert "Too wide." in scene.told(scene.priya, "agreement.declined")[0].text


def test_a_proposal_can_be_taken_back_by_its_side_alone(scene: Scene):
    version = propose(scene)
    with pytest.raises(PermissionDenied):
        agreements.take_back(scene.session, version, actor=scene.reviewers["marketing"], now=NOW)
    agreements.take_back(scene.session, version, actor=scene.priya, now=NOW)
    assert version.state is AgreementState.WITHDRAWN


def test_a_change_says_why(scene: Scene):
    agree(scene, why="")  # the first needs no reason
    with pytest.raises(InvalidInput) as refused:
        propose(scene, why=" ")
    assert set(refused.value.fields) == {"why"}


def test_the_newest_version_that_has_begun_is_in_force(scene: Scene):
    agree(scene)
    agree(scene, ClauseTerms(["faq_link"]), starts_on=TODAY + timedelta(days=2))
    assert in_force(scene) == {"marketing": 1}
    assert in_force(scene, NOW + timedelta(days=3)) == {"marketing": 2}


def test_an_agreement_ends_at_midnight_in_the_teams_zone(scene: Scene):
    """Its last day is the 3rd in Auckland: at 11:00 UTC of the 3rd (daylight saving time) it is over."""
    team(scene).zone = "Pacific/Auckland"
    version = agree(scene, review_on=TODAY + timedelta(days=1), ends_on=TODAY + timedelta(days=1))
    over = midnight(TODAY + timedelta(days=2), "Pacific/Auckland")
    assert version.ends_at == over
    assert over.hour in (11, 12)
    assert in_force(scene, over - timedelta(microseconds=1)) == {"marketing": 1}
    assert in_force(scene, over) == {}


def test_an_older_version_does_not_come_back_when_the_newer_is_over(scene: Scene):
    agree(scene)
    soon = TODAY + timedelta(days=1)
    agree(scene, review_on=soon, ends_on=soon)
    assert in_force(scene, NOW + timedelta(days=5)) == {}


@pytest.mark.parametrize("who", ["priya", "marketing"])
def test_either_side_ends_it_at_once_with_a_reason(scene: Scene, who: str):
    version = agree(scene)
    person = scene.priya if who == "priya" else scene.reviewers[who]
    with pytest.raises(InvalidInput):
        agreements.end(scene.session, version, "", actor=person, now=NOW)
    agreements.end(scene.session, version, "A new brand.", actor=person, now=NOW)
    assert in_force(scene) == {}
    assert version.closed_why == "A new brand."


def test_others_cannot_end_it(scene: Scene):
    version = agree(scene)
    for person in (scene.maya, scene.ruth, scene.reviewers["legal"]):
        with pytest.raises(PermissionDenied):
            agreements.end(scene.session, version, "Because.", actor=person, now=NOW)


def test_a_team_that_no_longer_clears_for_the_desk_has_no_agreement_with_it(scene: Scene):
    agree(scene)
    scene.desk.teams = [t for t in scene.desk.teams if t.key != "marketing"]
    scene.session.flush()
    assert in_force(scene) == {}
    with pytest.raises(InvalidInput) as refused:
        propose(scene)
    assert "does not clear for" in refused.value.fields["team"]


WRONG = {
    "starts_on": {"starts_on": TODAY - timedelta(days=1)},
    "ends_on": {"ends_on": TODAY - timedelta(days=1), "review_on": TODAY - timedelta(days=1)},
    "review_on": {"review_on": TODAY + timedelta(days=400)},
    "turnaround_h": {"turnaround_h": 0},
    "text": {"text": "x" * 10_001},
    "excluded_words": {"excluded_words": ["word"] * 501},
}


@pytest.mark.parametrize("field", WRONG)
def test_what_cannot_be_is_said_at_its_field(scene: Scene, field: str):
    with pytest.raises(InvalidInput) as refused:
        propose(scene, **WRONG[field])
    assert field in refused.value.fields
    assert agreements.agreements(scene.session, scene.desk.id, now=NOW) == [] or all(
        s.agreement.versions == [] for s in agreements.agreements(scene.session, scene.desk.id, now=NOW)
    )


def test_an_agreement_lasts_two_years_at_most(scene: Scene):
    with pytest.raises(InvalidInput) as refused:
        propose(scene, ends_on=TODAY + timedelta(days=800))
    assert "two years" in refused.value.fields["ends_on"]


@pytest.mark.parametrize(
    "clauses",
    [
        (ClauseTerms([]),),
        (ClauseTerms(["no_such_format"]),),
        (ClauseTerms(["how_to"], accounts=[999]),),
        (ClauseTerms(["how_to"], topics=[999]),),
        (ClauseTerms(["how_to"], sample_percent=101),),
        (ClauseTerms(["how_to"]),) * 13,
    ],
)
def test_a_clause_is_about_what_the_desk_has(scene: Scene, clauses: tuple[ClauseTerms, ...]):
    with pytest.raises(InvalidInput) as refused:
        propose(scene, *clauses)
    assert set(refused.value.fields) == {"clauses"}


def test_a_foreign_desk_does_not_find_it(scene: Scene):
    version = agree(scene)
    other = make.make_desk(scene.session, "Elsewhere", "elsewhere")
    with pytest.raises(NotFound):
        agreements.get_agreement(scene.session, other.id, version.agreement_id)
    with pytest.raises(NotFound):
        agreements.version_of(version.agreement, 9)


def test_the_standing_tells_now_next_and_proposed(scene: Scene):
    first = agree(scene)
    later = agree(scene, starts_on=TODAY + timedelta(days=9))
    waiting = propose(scene)
    standing = agreements.agreements(scene.session, scene.desk.id, now=NOW)[0]
    assert (standing.now, standing.next, standing.proposed) == (first, later, waiting)
    after = agreements.standing(standing.agreement, now=NOW + timedelta(days=10))
    assert (after.now, after.next) == (later, None)
