"""The pages of facts: reading and adding them, changing one with its consequences shown before, and going on after."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library import facts
from content_library.facts import Naming
from content_library.models.desk import Team
from content_library.models.fact import Fact
from content_library.models.post import Post, Revision, WorkingCopy
from content_library.models.user import User
from scheduler import transitions
from scheduler.models import Part, Publication
from scheduler.publication_flow import Act
from tests import factories as make
from tests.app.house import House, send, text_of

DESK = "/d/brindlemoor"
HERE = f"{DESK}/facts"
TEXT = "Sharpening costs {{sharpening price}}."
NEW = {"name": "Returns period", "value": "30 days", "about": "From delivery.", "owner_team_id": "0"}


@pytest.fixture
def price(house: House) -> int:
    with house.database.write() as session:
        priya, desk = session.merge(house.people["priya"]), session.merge(house.desk)
        owner = session.scalars(select(Team.id).filter_by(key="product")).one()
        naming = Naming("Sharpening price", owner_team_id=owner)
        return facts.add_fact(session, desk, naming, "12 € a knife", actor=priya, now=make.NOW).id


def reviewers(house: House, session: Session) -> dict[str, User]:
    """A price is for Legal too."""
    names = (("marketing", "elena"), ("legal", "tom"))
    return {team: session.merge(house.people[name]) for team, name in names}


def a_post(
    house: House,
    *,
    text: str = TEXT,
    is_cleared: bool = False,
    is_planned: bool = False,
    is_out: bool = False,
) -> int:
    with house.database.write() as session:
        maya, desk = session.merge(house.people["maya"]), session.merge(house.desk)
        page = make.page_of(session, desk)
        post = make.make_post(session, desk, maya, title="Sharp knives", text=text, accounts=[page.id])
        if is_cleared or is_planned or is_out:
            make.clear(session, post, maya, reviewers(house, session))
        if is_planned or is_out:
            going = make.plan(session, post, page, maya)
            for act in (Act.CLAIM, Act.MARK, Act.SUCCEED) if is_out else ():
                transitions.move(session, going, act, actor=None, now=make.NOW + timedelta(minutes=1))
        return post.id


def change(
    house: House,
    fact_id: int,
    value: str = "14 € a knife",
    *,
    person: str = "lukas",
    action: str = "versions",
):
    return send(
        house.client(person), f"{HERE}/{fact_id}", f"{HERE}/{fact_id}/{action}",
        seen="1", value=value, why="Steel is dearer.",
    )  # fmt: skip


def press(house: House, person: str, page: str, action: str):
    return send(house.client(person), page, action)


def test_everybody_of_the_desk_reads_facts_and_its_leads_and_teams_add_them(house: House, price: int) -> None:
    for person in ("maya", "ruth", "priya", "lukas", "sam"):
        page = text_of(house.client(person).get(HERE))
        assert "Sharpening price" in page
        assert "12 € a knife" in page
        assert "looked after by Product" in page
        assert ("Add a fact" in page) is (person in ("priya", "lukas"))


def test_an_empty_list_says_what_facts_are_for(house: House) -> None:
    assert "No facts yet" in text_of(house.client("maya").get(HERE))
    assert "The archive is empty" in text_of(house.client("maya").get(f"{HERE}?archived=1"))


def test_a_lead_adds_a_fact_and_reads_how_it_is_written(house: House) -> None:
    answer = send(house.client("priya"), f"{HERE}/new", HERE, **NEW)
    assert answer.status_code == 303
    page = text_of(house.client("priya").get(answer.location))
    assert "{{Returns period}}" in page
    assert "30 days" in page


def test_a_refused_fact_keeps_its_words_in_the_form(house: House, price: int) -> None:
    answer = send(house.client("priya"), f"{HERE}/new", HERE, **{**NEW, "name": "sharpening PRICE"})
    assert answer.status_code == 422
    page = text_of(answer)
    assert "There is a fact called “Sharpening price” already." in page
    assert "From delivery." in page


def test_the_list_is_searched(house: House, price: int) -> None:
    assert "Sharpening price" in text_of(house.client("maya").get(f"{HERE}?q=12 €"))
    assert "Nothing found" in text_of(house.client("maya").get(f"{HERE}?q=zebra"))


def test_what_a_change_does_is_shown_before_anything_is_saved(house: House, price: int) -> None:
    a_post(house, is_planned=True)
    a_post(house, is_out=True)
    page = text_of(change(house, price, action="preview"))
    for sentence in (
        "2 approvals are withdrawn.", "One planned publication waits", "One is out with it already",
        "Nothing is saved yet.", "14 € a knife",
    ):  # fmt: skip
        assert sentence in page
    with house.database.read() as session:
        assert session.get_one(Fact, price).latest_number == 1


def test_changing_nothing_in_use_says_so(house: House, price: int) -> None:
    assert "Changing it ends nothing." in text_of(change(house, price, action="preview"))


def test_a_change_stops_what_is_planned_and_lists_what_is_out(house: House, price: int) -> None:
    planned, out = a_post(house, is_planned=True), a_post(house, is_out=True)
    assert change(house, price).status_code == 303
    with house.database.read() as session:
        waits = session.scalars(select(Publication).filter_by(post_id=planned)).one()
        assert waits.state.value == "blocked"
        assert (
            "The fact “Sharpening price” changed from “12 € a knife” to “14 € a knife”." in waits.explanation
        )
        outing = session.scalars(select(Publication.id).filter_by(post_id=out)).one()
    page = text_of(house.client("maya").get(f"{HERE}/{price}"))
    assert "Out with an older value" in page
    assert f"corrections/{outing}" in page
    assert "says version 1" in page


def test_half_a_thread_that_is_out_says_the_older_value_too(house: House, price: int) -> None:
    post_id = a_post(house, is_planned=True)
    with house.database.write() as session:
        half = session.scalars(select(Publication).filter_by(post_id=post_id)).one()
        for act in (Act.CLAIM, Act.MARK, Act.FAIL):
            transitions.move(session, half, act, actor=None, now=make.NOW + timedelta(minutes=1))
        first = Part(
            publication_id=half.id, position=0, key="of the first", created_at=make.NOW, remote_id="1",
            url="https://network.example/1", sent_at=make.NOW + timedelta(minutes=1),
        )  # fmt: skip
        session.add_all(
            [first, Part(publication_id=half.id, position=1, key="of the rest", created_at=make.NOW)]
        )
        half_id = half.id
    assert "One is out with it already" in text_of(change(house, price, action="preview"))
    change(house, price)
    page = text_of(house.client("maya").get(f"{HERE}/{price}"))
    assert f"corrections/{half_id}" in page
    with house.database.write() as session:
        session.get_one(Part, (half_id, 0)).taken_down_at = make.NOW + timedelta(hours=1)
    assert f"corrections/{half_id}" not in text_of(house.client("maya").get(f"{HERE}/{price}"))


def test_a_change_that_is_refused_keeps_the_value_and_the_reason(house: House, price: int) -> None:
    answer = change(house, price, "with {{another}}")
    assert answer.status_code == 422
    page = text_of(answer)
    assert "with {{another}}" in page
    assert "Steel is dearer." in page


def test_whoever_was_slower_is_told(house: House, price: int) -> None:
    change(house, price)
    assert change(house, price, "9 €").status_code == 409


def test_an_agent_reads_a_fact_and_has_no_form_to_change_it(house: House, price: int) -> None:
    page = text_of(house.client("maya").get(f"{HERE}/{price}"))
    assert "New value" not in page
    answer = house.client("maya").get(f"{HERE}/new")
    assert answer.status_code == 403


def test_the_post_says_what_changed_and_is_renewed_with_a_button(house: House, price: int) -> None:
    post_id = a_post(house, is_planned=True)
    change(house, price)
    page = text_of(house.client("maya").get(f"{DESK}/posts/{post_id}"))
    assert "has changed from “12 € a knife” to “14 € a knife” since this revision" in page
    assert "Send revision 1 to its reviewers" not in page
    answer = press(house, "maya", f"{DESK}/posts/{post_id}", f"{DESK}/posts/{post_id}/renewal")
    assert answer.status_code == 303
    page = text_of(house.client("maya").get(answer.location))
    assert "14 € a knife" in page
    assert "since this revision" not in page
    assert "Send revision 2 to its reviewers" in page


def test_after_the_new_revision_is_cleared_what_waited_goes_at_its_time(house: House, price: int) -> None:
    post_id = a_post(house, is_planned=True)
    change(house, price)
    press(house, "maya", f"{DESK}/posts/{post_id}", f"{DESK}/posts/{post_id}/renewal")
    with house.database.write() as session:
        post, maya = session.get_one(Post, post_id), session.merge(house.people["maya"])
        make.clear(session, post, maya, reviewers(house, session))
    with house.database.read() as session:
        going = session.scalars(select(Publication).filter_by(post_id=post_id)).one()
        assert going.state.value == "planned"
        assert going.revision_id == session.get_one(Post, post_id).latest_revision_id


def test_all_that_waited_is_renewed_from_the_page_of_the_fact(house: House, price: int) -> None:
    first, second = a_post(house, is_cleared=True), a_post(house)
    change(house, price)
    assert "Make new revisions of these" in text_of(house.client("maya").get(f"{HERE}/{price}"))
    assert press(house, "maya", f"{HERE}/{price}", f"{HERE}/{price}/renewals").status_code == 303
    with house.database.read() as session:
        for post_id in (first, second):
            latest = session.get_one(Revision, session.get_one(Post, post_id).latest_revision_id)
            assert "14 € a knife" in latest.renditions[0].payload
    assert "Make new revisions of these" not in text_of(house.client("maya").get(f"{HERE}/{price}"))


def test_a_correction_is_drafted_and_opens_in_the_composer(house: House, price: int) -> None:
    post_id = a_post(house, is_out=True)
    change(house, price)
    with house.database.read() as session:
        outing = session.scalars(select(Publication.id).filter_by(post_id=post_id)).one()
    answer = press(house, "maya", f"{HERE}/{price}", f"{HERE}/{price}/corrections/{outing}")
    assert answer.status_code == 303
    composer = text_of(house.client("maya").get(answer.location))
    assert "it said: 12 € a knife" in composer
    assert "{{Sharpening price}}" in composer
    assert "This is what holds now: 14 € a knife" in composer
    with house.database.read() as session:
        child = session.scalars(select(Post).where(Post.parent_id == post_id)).one()
        parent = session.get_one(Post, post_id)
        copy = session.scalars(select(WorkingCopy).filter_by(post_id=child.id)).one()
        accounts = session.get_one(Revision, parent.latest_revision_id).content["accounts"]
        assert (child.format_key, copy.content["accounts"]) == (parent.format_key, accounts)
    assert "made since:" in text_of(house.client("maya").get(f"{HERE}/{price}"))


def test_what_says_the_value_of_today_needs_no_correction(house: House, price: int) -> None:
    post_id = a_post(house, is_out=True)
    with house.database.read() as session:
        outing = session.scalars(select(Publication.id).filter_by(post_id=post_id)).one()
    page = f"{HERE}/{price}"
    assert press(house, "priya", page, f"{page}/corrections/{outing}").status_code == 404


def test_reviewers_see_the_facts_a_text_uses_with_their_versions(house: House, price: int) -> None:
    post_id = a_post(house)
    with house.database.write() as session:
        submission = make.submit(session, session.get_one(Post, post_id), session.merge(house.people["maya"]))
        review_id = submission.reviews[0].id
    page = text_of(house.client("elena").get(f"/reviews/{review_id}"))
    assert "Sharpening costs <mark>12 €</mark> a knife." in page
    assert "Facts used" in page
    assert "version 1" in page


def test_the_composer_offers_facts_and_says_which_name_is_unknown(house: House, price: int) -> None:
    post_id = a_post(house, text="It costs {{sharpening prize}}, or {{ SHARPENING price }}.")
    page = text_of(house.client("maya").get(f"{DESK}/posts/{post_id}/compose"))
    assert "Facts to use by name" in page
    assert "{{Sharpening price}}" in page
    assert "There is no fact called “sharpening prize” on this desk." in page
    assert "or 12 € a knife." in page


def test_a_composer_left_open_shows_what_the_fact_says_now(house: House, price: int) -> None:
    post_id = a_post(house)
    compose = f"{DESK}/posts/{post_id}/compose"
    house.client("maya").get(compose)
    change(house, price)
    assert "Sharpening costs 14 € a knife." in text_of(house.client("maya").get(compose))


def test_a_fact_that_is_used_keeps_its_name(house: House, price: int) -> None:
    a_post(house)
    with house.database.read() as session:
        owner = session.get_one(Fact, price).owner_team_id
    sent = {"name": "blade price", "about": "x", "owner_team_id": str(owner)}
    answer = send(house.client("priya"), f"{HERE}/{price}", f"{HERE}/{price}/naming", **sent)
    assert answer.status_code == 422
    assert "Texts use it by this name" in text_of(answer)
    answer = send(
        house.client("priya"),
        f"{HERE}/{price}",
        f"{HERE}/{price}/naming",
        **{**sent, "name": "Sharpening price"},
    )
    assert answer.status_code == 303


def test_a_fact_nothing_uses_is_archived_and_restored(house: House, price: int) -> None:
    page = f"{HERE}/{price}"
    assert press(house, "priya", page, f"{page}/archive").status_code == 303
    assert "Sharpening price" in text_of(house.client("maya").get(f"{HERE}?archived=1"))
    assert press(house, "priya", page, f"{page}/restoration").status_code == 303
    assert "Sharpening price" in text_of(house.client("maya").get(HERE))


def test_a_used_fact_is_not_archived_and_the_page_says_why(house: House, price: int) -> None:
    a_post(house)
    page = f"{HERE}/{price}"
    assert "/archive" not in text_of(house.client("priya").get(page))
    answer = send(house.client("priya"), page, f"{page}/archive")
    assert answer.status_code == 409
    assert "Posts use this fact." in text_of(answer)


def test_a_list_of_many_facts_costs_the_same_questions(house: House, price: int, count_queries) -> None:
    client = house.client("priya")

    def asked() -> int:
        with count_queries(house.database) as statements:
            assert client.get(HERE).status_code == 200
        return len(statements)

    asked()
    before = asked()
    with house.database.write() as session:
        priya, desk = session.merge(house.people["priya"]), session.merge(house.desk)
        for n in range(30):
            facts.add_fact(session, desk, Naming(f"fact {n}"), str(n), actor=priya, now=make.NOW)
    assert asked() == before
