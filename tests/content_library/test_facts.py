"""Facts on the road: used by name, changed by their keepers, and what a change ends."""

import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library import fact_shelf, facts, posts, submissions
from content_library.approvals import approval_in_force
from content_library.database import Database
from content_library.errors import Conflict, InvalidInput, NotFound, PermissionDenied, TransitionNotAllowed
from content_library.fact_values import outdated
from content_library.facts import Naming
from content_library.finding import PostFilter, find_posts
from content_library.models.desk import Desk, Team
from content_library.models.fact import Fact, FactUse
from content_library.models.post import Post, PostState, Revision
from content_library.models.review import SubmissionState
from content_library.models.user import User
from content_library.revising import renew
from tests import factories as make
from tests.content_library.scene import Scene, make_scene
from tests.factories import NOW

LATER = NOW + timedelta(hours=1)
TEXT = "Sharpening costs {{sharpening price}}."


@pytest.fixture
def scene(session: Session) -> Scene:
    return make_scene(session)


@pytest.fixture
def price(scene: Scene) -> Fact:
    return add(scene, "Sharpening price", "12 € a knife")


def team(scene: Scene, key: str) -> int:
    return scene.session.scalars(select(Team.id).where(Team.key == key)).one()


def add(scene: Scene, name: str, value: str, *, owner: str = "product", by: User | None = None) -> Fact:
    naming = Naming(name, owner_team_id=team(scene, owner) if owner else None)
    return facts.add_fact(scene.session, scene.desk, naming, value, actor=by or scene.priya, now=NOW)


def change(
    scene: Scene, fact: Fact, value: str = "14 € a knife", *, by: User | None = None, **how: object
) -> int:
    asked = {"why": "Steel is dearer.", "seen": fact.latest_number, "now": LATER, **how}
    return facts.change_fact(scene.session, fact, value, actor=by or scene.reviewers["product"], **asked)


def text_of(post: Post, session: Session) -> str:
    revision = session.get_one(Revision, post.latest_revision_id)
    return revision.renditions[0].payload


def latest(scene: Scene, post: Post) -> Revision:
    return scene.session.get_one(Revision, post.latest_revision_id)


def problems(refused: pytest.ExceptionInfo[InvalidInput]) -> dict[str, str]:
    return refused.value.fields


# ---- using -------------------------------------------------------------------------------


def test_a_revision_says_the_value_and_keeps_which_version_it_was(scene: Scene, price: Fact) -> None:
    revision = latest(scene, scene.post(text="It costs {{SHARPENING  price}}."))
    assert "It costs 12 € a knife." in revision.renditions[0].payload
    assert revision.content["facts"] == {
        "Sharpening price": {"id": price.id, "number": 1, "value": "12 € a knife"}
    }
    used = scene.session.scalars(select(FactUse)).one()
    assert (used.revision_id, used.fact_id, used.number) == (revision.id, price.id, 1)


def test_values_come_from_the_desk_and_never_from_what_was_sent(scene: Scene, price: Fact) -> None:
    forged = {"Sharpening price": {"id": price.id, "number": 9, "value": "nothing"}}
    revision = latest(scene, scene.post(text=TEXT, facts=forged))
    assert revision.content["facts"]["Sharpening price"]["value"] == "12 € a knife"


def test_posts_are_found_by_what_their_facts_say(scene: Scene, price: Fact) -> None:
    post = scene.post(title="Sharp knives", text=TEXT)
    found = find_posts(scene.session, scene.desk.id, PostFilter(query="knife"))
    assert [p.id for p in found.posts] == [post.id]
    assert "12 € a knife" in post.excerpt


def test_saving_again_makes_a_revision_only_when_a_fact_has_changed(scene: Scene, price: Fact) -> None:
    post = scene.post(text=TEXT)
    first = latest(scene, post)
    assert make.save(scene.session, post, scene.maya).id == first.id
    change(scene, price)
    second = make.save(scene.session, post, scene.maya)
    assert second.number == 2
    assert "14 € a knife" in second.renditions[0].payload
    assert second.content_hash != first.content_hash


def test_an_unknown_fact_keeps_a_post_from_being_submitted(scene: Scene) -> None:
    post = scene.post(text="It costs {{sharpening price}}.")
    with pytest.raises(InvalidInput) as refused:
        scene.submit(post)
    assert problems(refused)["text"] == (
        "There is no fact called “sharpening price” on this desk. Choose one from the list or write the value."
    )


def test_a_fact_of_another_desk_is_unknown(scene: Scene, price: Fact) -> None:
    other = make.make_desk(scene.session, "Kettle Club", "kettles")
    nina = make.make_user(scene.session, "Nina Holm", desk=other)
    post = make.make_post(scene.session, other, nina, text=TEXT)
    assert latest(scene, post).content["facts"] == {}
    with pytest.raises(NotFound):
        fact_shelf.get_fact(scene.session, other.id, price.id)
    assert fact_shelf.offered(scene.session, other.id) == []


def test_the_written_out_text_is_what_boundaries_and_lengths_are_asked_about(scene: Scene) -> None:
    add(scene, "gift", "a free whetstone")
    submission = scene.submit(scene.post(text="With it comes {{gift}}."))
    assert {r.team.key for r in submission.reviews} == {"marketing", "legal"}


# ---- changing ----------------------------------------------------------------------------


def test_a_change_withdraws_the_approvals_of_what_says_the_old_value(scene: Scene, price: Fact) -> None:
    post, other = scene.post(text=TEXT), scene.post(title="No price", text="Come by.")
    for p in (post, other):
        make.clear(scene.session, p, scene.maya, scene.reviewers)
    assert change(scene, price) == 1
    assert approval_in_force(scene.session, post) is None
    assert post.state is PostState.DRAFT
    assert approval_in_force(scene.session, other) is not None
    (entry,) = scene.recorded("approval.withdrawn")
    assert "The fact “Sharpening price” changed from “12 € a knife” to “14 € a knife”." in entry.summary


def test_a_change_takes_back_what_is_in_review(scene: Scene, price: Fact) -> None:
    post = scene.post(text=TEXT)
    submission = scene.submit(post)
    assert change(scene, price) == 1
    assert submission.state is SubmissionState.WITHDRAWN
    assert post.state is PostState.DRAFT


def test_the_people_of_a_text_are_told_why(scene: Scene, price: Fact) -> None:
    make.clear(scene.session, scene.post(text=TEXT), scene.maya, scene.reviewers)
    change(scene, price)
    (notice,) = scene.told(scene.maya, "approval.lost")
    assert "changed from “12 € a knife” to “14 € a knife”" in notice.text


def test_an_older_approved_revision_without_the_fact_stays_approved(scene: Scene, price: Fact) -> None:
    post = scene.post(text="Come by.")
    make.clear(scene.session, post, scene.maya, scene.reviewers)
    make.save(scene.session, post, scene.maya, text=TEXT)
    make.submit(scene.session, post, scene.maya)
    assert change(scene, price) == 1
    assert post.state is PostState.APPROVED


def test_what_a_change_would_end_is_known_before(scene: Scene, price: Fact) -> None:
    make.clear(scene.session, scene.post(text=TEXT), scene.maya, scene.reviewers)
    scene.submit(scene.post(text=TEXT, title="Another"))
    found = fact_shelf.effects(scene.session, price)
    assert (found.approvals, found.submissions) == (1, 1)
    assert change(scene, price) == 2


def test_a_change_is_in_the_record_with_both_values_and_the_reason(scene: Scene, price: Fact) -> None:
    change(scene, price)
    (entry,) = scene.recorded("fact.changed")
    assert entry.payload is not None
    assert entry.payload.details == {
        "version": 2, "before": "12 € a knife", "value": "14 € a knife", "why": "Steel is dearer.",
    }  # fmt: skip
    assert [v.value for v in price.versions] == ["12 € a knife", "14 € a knife"]


def test_whoever_saw_an_older_version_is_told_and_nothing_is_overwritten(scene: Scene, price: Fact) -> None:
    change(scene, price)
    with pytest.raises(Conflict):
        change(scene, price, "9 €", seen=1)
    assert price.latest_number == 2


@pytest.mark.parametrize(
    ("value", "why", "field"),
    [
        ("", "Because.", "value"),
        ("12 € a knife", "Because.", "value"),
        ("x" * 501, "Because.", "value"),
        ("a\nb\nc\nd\ne\nf\ng", "Because.", "value"),
        ("as {{another}}", "Because.", "value"),
        ("14 €", " ", "why"),
        ("14 €", "y" * 301, "why"),
    ],
)
def test_a_change_needs_another_value_and_a_reason(
    scene: Scene, price: Fact, value: str, why: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        change(scene, price, value, why=why)
    assert list(problems(refused)) == [field]
    assert price.latest_number == 1


# ---- who ---------------------------------------------------------------------------------


def test_leads_and_the_people_of_the_owner_team_change_a_fact(scene: Scene, price: Fact) -> None:
    change(scene, price, "13 €", by=scene.priya)
    change(scene, price, "14 €", by=scene.reviewers["product"])
    assert price.latest_number == 3


@pytest.mark.parametrize("who", ["maya", "ruth", "legal", "admin"])
def test_nobody_else_does(scene: Scene, price: Fact, who: str) -> None:
    people = {
        "maya": scene.maya,
        "ruth": scene.ruth,
        "legal": scene.reviewers["legal"],
        "admin": make.make_user(scene.session, "Sam Ito", is_administrator=True),
    }
    with pytest.raises(PermissionDenied):
        change(scene, price, by=people[who])
    with pytest.raises(PermissionDenied):
        facts.archive_fact(scene.session, price, actor=people[who], now=NOW)


def test_a_team_that_serves_the_desk_no_longer_keeps_its_facts_no_longer(scene: Scene, price: Fact) -> None:
    scene.desk.teams = [t for t in scene.desk.teams if t.key != "product"]
    scene.session.flush()
    scene.session.expire_all()
    with pytest.raises(PermissionDenied):
        change(scene, price)


def test_a_reviewer_adds_facts_for_their_own_team_only(scene: Scene) -> None:
    tom = scene.reviewers["legal"]
    assert add(scene, "returns period", "30 days", owner="legal", by=tom).owner_team_id == team(
        scene, "legal"
    )
    for owner in ("product", ""):
        with pytest.raises(InvalidInput) as refused:
            add(scene, "guarantee", "2 years", owner=owner, by=tom)
        assert list(problems(refused)) == ["owner_team_id"]
    with pytest.raises(PermissionDenied):
        add(scene, "guarantee", "2 years", by=scene.maya)


def test_an_administrator_says_who_looks_after_a_fact(scene: Scene, price: Fact) -> None:
    sam = make.make_user(scene.session, "Sam Ito", is_administrator=True)
    naming = Naming(price.name, "Per blade.", team(scene, "legal"))
    facts.describe_fact(scene.session, price, naming, actor=sam, now=NOW)
    assert (price.about, price.owner_team_id) == ("Per blade.", team(scene, "legal"))
    with pytest.raises(PermissionDenied):
        change(scene, price)
    with pytest.raises(PermissionDenied):
        facts.describe_fact(scene.session, price, naming, actor=scene.maya, now=NOW)


# ---- names and the archive ---------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a {brace}", "SHARPENING  price"])
def test_a_name_is_needed_and_is_the_only_one_of_its_kind(scene: Scene, price: Fact, name: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        add(scene, name, "1 €")
    assert list(problems(refused)) == ["name"]


def test_two_facts_of_one_name_in_the_same_moment_are_one_and_a_sentence(database: Database) -> None:
    with database.write() as session:
        there = make_scene(session)
        desk_id, priya_id = there.desk.id, there.priya.id
    at_once, refused, added = threading.Barrier(2), [], []

    def add_one() -> None:
        at_once.wait(10)
        with suppress(InvalidInput), database.write() as session:
            desk, priya = session.get_one(Desk, desk_id), session.get_one(User, priya_id)
            try:
                added.append(facts.add_fact(session, desk, Naming("price"), "1", actor=priya, now=NOW).id)
            except InvalidInput as sentence:
                refused.append(sentence.fields)
                raise

    both = [threading.Thread(target=add_one) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(20)
    assert len(added) == 1
    assert [list(fields) for fields in refused] == [["name"]]


def test_a_fact_is_renamed_only_while_no_text_uses_it(scene: Scene, price: Fact) -> None:
    def rename(name: str) -> None:
        facts.describe_fact(
            scene.session, price, Naming(name, "", price.owner_team_id), actor=scene.priya, now=NOW
        )

    rename("blade price")
    scene.post(text="{{blade price}}")
    with pytest.raises(InvalidInput) as refused:
        rename("another")
    assert list(problems(refused)) == ["name"]
    assert price.name == "blade price"


def test_a_fact_that_posts_use_cannot_be_archived(scene: Scene, price: Fact) -> None:
    post = scene.post(text=TEXT)
    with pytest.raises(TransitionNotAllowed):
        facts.archive_fact(scene.session, price, actor=scene.priya, now=NOW)
    make.clear(scene.session, post, scene.maya, scene.reviewers)
    make.save(scene.session, post, scene.maya, text="Come by.")
    with pytest.raises(TransitionNotAllowed):  # the older revision is approved still
        facts.archive_fact(scene.session, price, actor=scene.priya, now=NOW)


def test_an_archived_fact_is_unknown_to_texts_and_comes_back(scene: Scene, price: Fact) -> None:
    facts.archive_fact(scene.session, price, actor=scene.priya, now=NOW)
    assert fact_shelf.find_facts(scene.session, scene.desk.id).total == 0
    assert fact_shelf.find_facts(scene.session, scene.desk.id, archived=True).total == 1
    assert latest(scene, scene.post(text=TEXT)).content["facts"] == {}
    with pytest.raises(TransitionNotAllowed):
        change(scene, price)
    with pytest.raises(InvalidInput) as refused:
        add(scene, "sharpening price", "1 €")
    assert "in the archive" in problems(refused)["name"]
    facts.restore_fact(scene.session, price, actor=scene.priya, now=NOW)
    assert fact_shelf.offered(scene.session, scene.desk.id) == [("Sharpening price", "12 € a knife")]


def test_the_list_is_searched_by_name_and_value_and_counts_posts(scene: Scene, price: Fact) -> None:
    add(scene, "Returns period", "30 days")
    scene.post(text=TEXT)
    scene.post(text=TEXT, title="Another")
    every = fact_shelf.find_facts(scene.session, scene.desk.id)
    assert [(f.fact.name, f.latest.value, f.posts) for f in every.facts] == [
        ("Returns period", "30 days", 0), ("Sharpening price", "12 € a knife", 2),
    ]  # fmt: skip
    for words, names in (
        ("SHARP", ["Sharpening price"]),
        ("30 days", ["Returns period"]),
        ("zebra", []),
        ("%", []),
    ):
        found = fact_shelf.find_facts(scene.session, scene.desk.id, words)
        assert [f.fact.name for f in found.facts] == names


# ---- going on ----------------------------------------------------------------------------


def test_a_revision_with_an_older_value_cannot_be_submitted(scene: Scene, price: Fact) -> None:
    post = scene.post(text=TEXT)
    change(scene, price)
    with pytest.raises(InvalidInput) as refused:
        scene.submit(post)
    assert problems(refused) == {
        f"fact_{price.id}": "The fact “Sharpening price” has changed from “12 € a knife” to “14 € a knife” "
        "since this revision."
    }


def test_a_new_revision_says_the_new_value_and_is_not_approved(scene: Scene, price: Fact) -> None:
    post = scene.post(text=TEXT)
    make.clear(scene.session, post, scene.maya, scene.reviewers)
    change(scene, price)
    assert [o.name for o in outdated(scene.session, latest(scene, post))] == ["Sharpening price"]
    fresh = renew(scene.session, post, actor=scene.jonas, now=LATER)
    assert "14 € a knife" in fresh.renditions[0].payload
    assert fresh.created_by_id == scene.jonas.id
    assert approval_in_force(scene.session, post) is None
    assert outdated(scene.session, fresh) == []
    make.clear(scene.session, post, scene.jonas, scene.reviewers, now=LATER)
    assert post.state is PostState.APPROVED


def test_what_was_sent_back_is_a_draft_again_with_the_new_value(scene: Scene, price: Fact) -> None:
    post = scene.post(text=TEXT)
    submission = scene.submit(post)
    make.decide(
        scene.session, submission.reviews[0], scene.reviewers["marketing"], make.Verdict.REQUEST_CHANGES
    )
    change(scene, price)
    renew(scene.session, post, actor=scene.maya, now=LATER)
    assert post.state is PostState.DRAFT


def test_there_is_nothing_to_renew_while_facts_say_what_they_said(scene: Scene, price: Fact) -> None:
    post = scene.post(text=TEXT)
    with pytest.raises(TransitionNotAllowed):
        renew(scene.session, post, actor=scene.maya, now=LATER)
    with pytest.raises(PermissionDenied):
        renew(scene.session, post, actor=scene.ruth, now=LATER)


def test_everything_that_waited_is_renewed_at_once(scene: Scene, price: Fact) -> None:
    waiting = [scene.post(text=TEXT, title=f"Post {n}") for n in range(3)]
    posts.archive(scene.session, waiting[0], actor=scene.maya, now=NOW)
    change(scene, price)
    assert facts.renew_all(scene.session, price, actor=scene.jonas, now=LATER) == 2
    assert [latest(scene, p).number for p in waiting] == [1, 2, 2]
    assert facts.renew_all(scene.session, price, actor=scene.jonas, now=LATER) == 0
    with pytest.raises(PermissionDenied):
        facts.renew_all(scene.session, price, actor=scene.reviewers["product"], now=LATER)


def test_the_one_who_renewed_a_text_does_not_decide_on_it(scene: Scene, price: Fact) -> None:
    elena = scene.reviewers["marketing"]
    elena.desk_memberships.append(make.DeskMembership(desk=scene.desk, role=make.DeskRole.AGENT))
    post = scene.post(text=TEXT)
    change(scene, price)
    scene.session.expire_all()
    renew(scene.session, post, actor=elena, now=LATER)
    submission = submissions.submit(scene.session, post, latest(scene, post), actor=scene.maya, now=LATER)
    with pytest.raises(PermissionDenied):
        make.decide(scene.session, submission.reviews[0], elena, now=LATER)


def test_a_correction_names_what_was_wrong_and_says_what_holds(scene: Scene, price: Fact) -> None:
    post = scene.post(text=TEXT)
    change(scene, price)
    child = posts.repurpose(
        scene.session, post, scene.desk, "how_to", actor=scene.maya, now=LATER,
        **facts.correction(price, "12 € a knife"),
    )  # fmt: skip
    revision = make.save(scene.session, child, scene.maya, now=LATER)
    assert child.parent_id == post.id
    assert "For “Sharpening price” it said: 12 € a knife" in revision.content["text"]
    assert "This is what holds now: 14 € a knife" in revision.renditions[0].payload.replace("\\n", " ")
