"""Boundaries on the road: found while writing, owed at submission, kept with it, and asking for their teams."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library import boundary_editing as editing
from content_library import clearing_route, submissions
from content_library.boundaries.rules import Detector, Severity
from content_library.boundary_editing import Wording
from content_library.boundary_rules import find_in_payload, findings_of, regions_of, rules_in_force
from content_library.errors import Conflict, InvalidInput, PermissionDenied
from content_library.models.audit import AuditEntry
from content_library.models.boundary import Boundary, SubmittedFinding
from content_library.models.post import Revision
from tests import factories as make
from tests.scheduler.scene import NOW, Scene, a_scene

SHY = Wording(
    Severity.WARN, {"words": ["secret"], "allowed": []}, advice="Say it openly.", why="Asked by PR."
)


@pytest.fixture
def scene(session: Session) -> Scene:
    return a_scene(session)


def say(scene: Scene, text: str, **content: object) -> Revision:
    return make.save(scene.session, scene.post, scene.maya, text=text, **content)


def submit(scene: Scene, revision: Revision) -> submissions.Submission:
    return submissions.submit(scene.session, scene.post, revision, actor=scene.maya, now=NOW)


def teams(submission: submissions.Submission) -> dict[str, str]:
    return {review.team.key: review.why for review in submission.reviews}


def refusal(scene: Scene, revision: Revision) -> dict[str, str]:
    with pytest.raises(InvalidInput) as refused:
        submit(scene, revision)
    return refused.value.fields


def test_a_word_brings_its_team_in_and_without_it_the_team_is_out(scene: Scene) -> None:
    assert set(teams(submit(scene, say(scene, "Descale your kettle.")))) == {"marketing"}
    asked = teams(submit(scene, say(scene, "Descale your kettle, it is free.")))
    assert set(asked) == {"marketing", "legal"}
    assert asked["legal"] == "“Free”: “free”."


def test_a_team_that_is_asked_anyway_reads_why_else_it_is(scene: Scene) -> None:
    rule = editing.get_boundary(scene.session, scene.desk.id, boundary(scene, "free").id)
    said = Wording(Severity.INFORM, {"words": ["kettle"]}, team_key="marketing", why="To see.")
    editing.change_boundary(scene.session, rule, said, seen=1, actor=admin(scene), now=NOW)
    asked = teams(submit(scene, say(scene, "A kettle.")))
    assert set(asked) == {"marketing"}
    assert asked["marketing"].endswith("“Free”: “kettle”.")


def boundary(scene: Scene, key: str) -> Boundary:
    return scene.session.scalars(select(Boundary).filter_by(key=key)).one()


def admin(scene: Scene):
    return make.make_user(scene.session, "Sam Ito", is_administrator=True)


def test_what_blocks_keeps_it_from_being_submitted_and_nothing_is_half_saved(scene: Scene) -> None:
    fields = refusal(scene, say(scene, "Write to ada@mail.example, it is shit."))
    assert set(fields) == {"boundary_personal_data", "boundary_expletives"}
    assert "“shit”" in fields["boundary_expletives"]
    assert "ada@mail.example" not in fields["boundary_personal_data"]
    assert scene.session.scalars(select(SubmittedFinding)).all() == []


def test_a_warning_goes_on_with_a_reason_and_a_claim_with_its_evidence(scene: Scene) -> None:
    text = "The best kettle: https://bit.ly/x"
    assert set(refusal(scene, say(scene, text))) == {"reason_links", "evidence_superlatives"}
    answers = {"links": {"reason": "Our own campaign."}, "superlatives": {"evidence": "Which? 2026, p. 12"}}
    sent = submit(scene, say(scene, text, answers=answers))
    kept = {f.boundary.key: (f.reason, f.evidence) for f in findings_of(scene.session, sent)}
    assert kept["links"] == ("Our own campaign.", "")
    assert kept["superlatives"] == ("", "Which? 2026, p. 12")


def test_an_answer_is_part_of_what_is_approved(scene: Scene) -> None:
    one = say(scene, "The best kettle.", answers={"superlatives": {"evidence": "A test."}})
    other = say(scene, "The best kettle.", answers={"superlatives": {"evidence": "Another test."}})
    assert one.content_hash != other.content_hash


def test_personal_data_is_kept_by_its_place_and_never_copied(scene: Scene) -> None:
    rule = boundary(scene, "personal_data")
    softer = Wording(Severity.WARN, {}, why="Our own hotline may stand there.")
    editing.change_boundary(scene.session, rule, softer, seen=1, actor=admin(scene), now=NOW)
    revision = say(scene, "Call +44 20 7946 0958.", answers={"personal_data": {"reason": "The hotline."}})
    submit(scene, revision)
    found = scene.session.scalars(select(SubmittedFinding)).one()
    assert found.places == [{"field": "text", "start": 5, "end": 21, "words": ""}]
    said = scene.session.scalars(select(AuditEntry.summary)).all()
    assert not any("7946" in summary for summary in said)


def test_only_what_goes_out_is_looked_at(scene: Scene) -> None:
    bluesky = make.make_account(scene.session, scene.desk)
    variants = {"page": {"text": "Free, on the page."}}
    only_bluesky = say(scene, "Plain.", accounts=[bluesky.id], variants=variants, title="Free kettles")
    assert clearing_route.find(scene.session, only_bluesky, now=NOW) == []
    both = say(scene, "Plain.", accounts=[bluesky.id, scene.page.id], variants=variants, title="Free kettles")
    places = clearing_route.find(scene.session, both, now=NOW)[0].places
    assert {place.field for place in places} == {"title", "variant_page"}


def test_what_the_page_says_of_the_source_is_looked_at_too_while_writing_and_at_sending(scene: Scene) -> None:
    source = {
        "url": "https://news.example/1",
        "title": "Kettles for free",
        "author": "",
        "via": "",
        "licence": "",
    }
    revision = say(scene, "Plain.", source=source)
    assert [f.rule.key for f in clearing_route.find(scene.session, revision, now=NOW)] == ["free"]
    payload = revision.renditions[0].payload
    found = find_in_payload(scene.session, scene.desk.id, payload, zone=scene.desk.zone, now=NOW)
    assert [f.rule.key for f in found] == ["free"]
    bluesky = make.make_account(scene.session, scene.desk)
    elsewhere = say(scene, "Plain.", source=source, accounts=[bluesky.id])
    assert clearing_route.find(scene.session, elsewhere, now=NOW) == []


def test_options_of_a_poll_the_first_comment_and_the_campaign_are_looked_at_while_writing_and_at_sending(
    scene: Scene,
) -> None:
    bluesky = make.make_account(scene.session, scene.desk)
    mastodon = make.make_account(scene.session, scene.desk, network="mastodon", handle="m")
    accounts = [bluesky.id, mastodon.id]
    besides = {
        "poll_2": {"poll": {"options": ["Dial", "A free one"], "minutes": 60}, "format": "this_or_that"},
        "first_comment": {"first_comment": "Sharpening is free."},
        "utm_campaign": {"text": "Plain: https://a.example", "utm": {"medium": "social", "campaign": "free"}},
    }
    for field, said in besides.items():
        revision = say(
            scene, **{"text": "Plain, or not?", "accounts": accounts, "poll": None, "utm": None, **said}
        )
        (found,) = clearing_route.find(scene.session, revision, now=NOW)
        assert (found.rule.key, {place.field for place in found.places}) == ("free", {field})
        for rendition in revision.renditions:
            touched = find_in_payload(
                scene.session, scene.desk.id, rendition.payload, zone=scene.desk.zone, now=NOW
            )
            assert [f.rule.key for f in touched] == ["free"], (field, rendition.account.network)
        say(scene, "Plain.", first_comment="", poll=None, utm=None, format="how_to")


def test_the_name_of_a_product_asks_product(scene: Scene) -> None:
    from content_library import catalogue

    catalogue.add_product(scene.session, scene.desk, "Tern kettle", actor=scene.maya, now=NOW)
    assert set(teams(submit(scene, say(scene, "Your TERN  KETTLE likes vinegar.")))) == {
        "marketing",
        "product",
    }


def test_a_version_holds_from_its_day_on(scene: Scene) -> None:
    later = NOW + timedelta(days=2)
    made = editing.add_boundary(
        scene.session, scene.desk, "Secrets", Detector.WORDS, SHY, actor=scene.priya, now=NOW
    )
    blocking = Wording(Severity.BLOCK, {"words": ["secret"]}, effective_at=later, why="It went wrong.")
    editing.change_boundary(scene.session, made, blocking, seen=1, actor=scene.priya, now=NOW)

    def severity(now):
        return {r.key: r.severity for r in rules_in_force(scene.session, scene.desk.id, now=now)}.get(
            "secrets"
        )

    assert severity(NOW - timedelta(seconds=1)) is None
    assert severity(NOW) is Severity.WARN
    assert severity(later - timedelta(seconds=1)) is Severity.WARN
    assert severity(later) is Severity.BLOCK
    standing = editing.standing(made, now=NOW)
    assert (standing.now.number, standing.next.number) == (1, 2)


def test_a_newer_version_takes_the_place_of_one_that_is_still_to_come(scene: Scene) -> None:
    made = editing.add_boundary(
        scene.session, scene.desk, "Secrets", Detector.WORDS, SHY, actor=scene.priya, now=NOW
    )
    coming = Wording(Severity.BLOCK, {"words": ["secret"]}, effective_at=NOW + timedelta(days=2), why="Soon.")
    editing.change_boundary(scene.session, made, coming, seen=1, actor=scene.priya, now=NOW)
    editing.change_boundary(scene.session, made, SHY, seen=2, actor=scene.priya, now=NOW + timedelta(days=1))
    rules = {r.key: r for r in rules_in_force(scene.session, scene.desk.id, now=NOW + timedelta(days=9))}
    assert rules["secrets"].number == 3


def test_switched_off_it_finds_nothing_and_on_again_the_same(scene: Scene) -> None:
    rule, sam = boundary(scene, "free"), admin(scene)
    editing.switch(scene.session, rule, on=False, why="Too wide.", seen=1, actor=sam, now=NOW)
    assert clearing_route.find(scene.session, say(scene, "It is free."), now=NOW) == []
    editing.switch(scene.session, rule, on=True, why="Back.", seen=2, actor=sam, now=NOW)
    assert len(clearing_route.find(scene.session, say(scene, "It is free."), now=NOW)) == 1
    verbs = scene.session.scalars(
        select(AuditEntry.verb).where(AuditEntry.verb.startswith("boundary."))
    ).all()
    assert verbs == ["boundary.switched_off", "boundary.switched_on"]


def test_two_people_at_once_do_not_overwrite_one_another(scene: Scene) -> None:
    rule, sam = boundary(scene, "free"), admin(scene)
    editing.switch(scene.session, rule, on=False, why="Too wide.", seen=1, actor=sam, now=NOW)
    with pytest.raises(Conflict):
        editing.switch(scene.session, rule, on=False, why="Too wide.", seen=1, actor=sam, now=NOW)


def test_leads_change_their_desks_and_administrators_every_desks(scene: Scene) -> None:
    with pytest.raises(PermissionDenied):
        editing.switch(
            scene.session, boundary(scene, "free"), on=False, why="x", seen=1, actor=scene.priya, now=NOW
        )
    own = editing.add_boundary(
        scene.session, scene.desk, "Secrets", Detector.WORDS, SHY, actor=scene.priya, now=NOW
    )
    with pytest.raises(PermissionDenied):
        editing.switch(scene.session, own, on=False, why="x", seen=1, actor=scene.maya, now=NOW)
    with pytest.raises(PermissionDenied):
        editing.add_boundary(
            scene.session, scene.desk, "All", Detector.WORDS, SHY, actor=scene.priya, now=NOW, everywhere=True
        )
    other = make.make_desk(scene.session, "Elsewhere", "elsewhere")
    assert "secrets" not in {r.key for r in rules_in_force(scene.session, other.id, now=NOW)}


@pytest.mark.parametrize(
    ("detector", "settings", "field"),
    [
        (Detector.WORDS, {"words": []}, "words"),
        (Detector.WORDS, {"words": ["*"]}, "words"),
        (Detector.WORDS, {"words": ["x" * 81]}, "words"),
        (Detector.PERSONAL_DATA, {"patterns": [{"name": "order", "shape": "A#"}]}, "patterns"),
        (Detector.PERSONAL_DATA, {"patterns": [{"name": "", "shape": "####"}]}, "patterns"),
    ],
)
def test_a_rule_that_could_not_work_is_refused_at_its_field(scene: Scene, detector, settings, field) -> None:
    with pytest.raises(InvalidInput) as refused:
        wording = Wording(Severity.WARN, settings, why="x")
        editing.add_boundary(scene.session, scene.desk, "Mine", detector, wording, actor=scene.priya, now=NOW)
    assert field in refused.value.fields


def test_what_a_rule_would_have_caught_is_counted_over_ninety_days(scene: Scene) -> None:
    sent = submit(scene, say(scene, "A secret kettle."))
    old = make.make_post(
        scene.session, scene.desk, scene.maya, text="A secret, long ago.", accounts=[scene.page.id]
    )
    make.submit(scene.session, old, scene.maya).submitted_at = NOW - timedelta(days=91)
    scene.session.flush()
    tried = editing.would_have_caught(scene.session, scene.desk, "Secrets", Detector.WORDS, SHY, now=NOW)
    assert (tried.looked_at, tried.caught, tried.is_all) == (1, 1, True)
    assert tried.examples[0].post_id == sent.post_id
    assert tried.examples[0].finding.words == ["secret"]
    assert scene.session.scalar(select(Boundary).filter_by(name="Secrets")) is None


def test_every_reason_to_go_on_is_kept_for_who_looks_after_the_rule(scene: Scene) -> None:
    for number in range(5):
        answers = {"links": {"reason": "It is ours."}}
        submit(scene, say(scene, f"Look {number}: https://bit.ly/{number}", answers=answers))
    assert len(editing.reasons(scene.session, scene.desk.id, boundary(scene, "links"))) == 5


def test_the_built_in_boundaries_are_installed_once_and_what_people_changed_stays(scene: Scene) -> None:
    from content_library import catalogue

    editing.switch(
        scene.session, boundary(scene, "free"), on=False, why="Too wide.", seen=1, actor=admin(scene), now=NOW
    )
    before = scene.session.scalars(select(Boundary.key)).all()
    catalogue.install(scene.session, now=NOW)
    assert scene.session.scalars(select(Boundary.key)).all() == before
    assert "free" not in {r.key for r in rules_in_force(scene.session, scene.desk.id, now=NOW)}


def test_the_country_of_a_zone() -> None:
    assert regions_of("Europe/Berlin") == ("DE",)
    assert regions_of("America/New_York") == ("US",)
    assert regions_of("UTC") == ()
