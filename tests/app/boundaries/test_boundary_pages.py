"""Reading boundaries, trying them on what was submitted, changing them, and meeting them in the composer."""

import pytest
from sqlalchemy import select

from content_library.models.boundary import Boundary
from content_library.models.post import Post, WorkingCopy
from tests import factories as make
from tests.app.house import send, text_of

HERE = "/d/brindlemoor/boundaries"
OWN = {
    "detector": "words", "name": "Rivals", "words": "Rivalco\nother*", "allowed": "", "severity": "warn",
    "team_key": "legal", "advice": "Speak of ours.", "why": "Asked by Legal.",
}  # fmt: skip


def id_of(house, key):
    with house.database.read() as session:
        return session.scalars(select(Boundary.id).filter_by(key=key)).one()


def a_post(house, text, **content):
    with house.database.write() as session:
        maya, desk = session.merge(house.people["maya"]), session.merge(house.desk)
        page = make.page_of(session, desk)
        return make.make_post(session, desk, maya, text=text, accounts=[page.id], **content).id


def test_everybody_of_the_desk_reads_them_and_only_leads_add(house):
    for person in ("maya", "tom", "ruth", "priya"):
        page = text_of(house.client(person).get(HERE))
        assert "Personal data" in page
        assert ("Add a boundary" in page) is (person == "priya")


def test_a_lead_adds_one_for_the_desk_and_it_is_found_while_writing(house):
    answer = send(house.client("priya"), f"{HERE}/new", HERE, **OWN)
    assert answer.status_code == 303
    post_id = a_post(house, "As solid as Rivalco’s lids.")
    panel = text_of(house.client("maya").get(f"/d/brindlemoor/posts/{post_id}/compose"))
    assert "Rivals" in panel
    assert 'data-find="Rivalco"' in panel
    assert "Speak of ours." in panel
    assert 'name="reason_rivals"' in panel


def test_the_words_of_the_form_stay_when_it_is_refused(house):
    answer = send(house.client("priya"), f"{HERE}/new", HERE, **{**OWN, "why": ""})
    assert answer.status_code == 422
    page = text_of(answer)
    assert "Say why" in page
    assert "Rivalco" in page
    with house.database.read() as session:
        assert session.scalar(select(Boundary).filter_by(name="Rivals")) is None


def test_it_is_tried_on_what_was_submitted_before_it_is_saved(house):
    post_id = a_post(house, "As solid as Rivalco’s lids.", title="Lids")
    with house.database.write() as session:
        from content_library.models.post import Post

        make.submit(session, session.get_one(Post, post_id), session.merge(house.people["maya"]))
    page = text_of(send(house.client("priya"), f"{HERE}/new", f"{HERE}/new/preview", **OWN))
    assert "1 of 1 submissions" in page
    assert "<mark>Rivalco</mark>" in page
    assert 'value="Rivals"' in page
    with house.database.read() as session:
        assert session.scalar(select(Boundary).filter_by(name="Rivals")) is None


def test_an_administrator_changes_one_of_every_desk_and_a_lead_may_not(house):
    address = f"{HERE}/{id_of(house, 'free')}"
    fields = {**OWN, "seen": "1", "words": "gratis"}
    assert send(house.client("priya"), address, f"{address}/versions", **fields).status_code == 403
    assert send(house.client("sam"), address, f"{address}/versions", **fields).status_code == 303
    assert "version 2 in force" in text_of(house.client("maya").get(address))


def test_whoever_saw_an_older_version_is_told_and_overwrites_nothing(house):
    address = f"{HERE}/{id_of(house, 'free')}"
    fields = {**OWN, "seen": "1"}
    send(house.client("sam"), address, f"{address}/versions", **fields)
    assert send(house.client("sam"), address, f"{address}/versions", **fields).status_code == 409


def test_switched_off_it_asks_nobody_and_can_be_switched_on_again(house):
    address = f"{HERE}/{id_of(house, 'free')}"
    client = house.client("sam")
    assert send(client, address, f"{address}/switch", seen="1", why="").status_code == 422
    assert send(client, address, f"{address}/switch", seen="1", why="Too wide.").status_code == 303
    assert "Switch it on again" in text_of(client.get(address))
    assert send(client, address, f"{address}/switch", seen="2", why="Back.").status_code == 303


def test_the_composer_names_the_team_the_word_and_why_and_without_it_neither(house):
    post_id = a_post(house, "Descaling is free.")
    address = f"/d/brindlemoor/posts/{post_id}/compose"
    client = house.client("maya")
    before = text_of(client.get(address))
    assert "“Free”: “free”." in before
    assert "Send to Marketing and Legal" in before
    form = {"text": "Descaling is easy.", "title": "T", "format": "how_to", "accounts": "1", "audience": "public",
            "language": "en", "ingredient": "", "onward_kind": "none", "version": "0", "base": ""}  # fmt: skip
    after = text_of(send(client, address, f"/d/brindlemoor/posts/{post_id}/preview", **form))
    assert "“Free”" not in after
    assert "Send to Marketing<" in after


def test_a_reason_is_kept_with_the_text_and_shown_to_the_reviewers(house):
    post_id = a_post(house, "x", topics=[])
    address = f"/d/brindlemoor/posts/{post_id}"
    with house.database.write() as session:
        from content_library import catalogue

        topic = catalogue.add_topic(
            session, session.merge(house.desk), "Tea", actor=session.merge(house.people["maya"]), now=make.NOW
        ).id
    form = {"text": "Look: https://bit.ly/tea", "title": "Tea", "format": "how_to", "accounts": "1", "topics": topic,
            "audience": "public", "language": "en", "ingredient": "education", "onward_kind": "none", "version": "0",
            "base": "1"}  # fmt: skip
    client = house.client("maya")
    refused = send(client, f"{address}/compose", f"{address}/compose/submission", **form)
    assert refused.status_code == 422
    assert "say why it stands" in text_of(refused)
    with house.database.read() as session:
        version = session.scalars(select(WorkingCopy.version)).one()
    form |= {"reason_links": "Our own short link.", "version": str(version)}
    assert send(client, f"{address}/compose", f"{address}/compose/submission", **form).status_code == 303
    with house.database.read() as session:
        from content_library.models.review import Review

        review_id = session.scalars(select(Review.id)).one()
    page = text_of(house.client("elena").get(f"/reviews/{review_id}"))
    assert "Our own short link." in page
    assert "<mark>https://bit.ly/tea</mark>" in page


@pytest.mark.parametrize(
    "detector", ["words", "personal_data", "prices", "links", "products", "manner", "reading"]
)
def test_every_detector_has_its_own_form(house, detector):
    page = text_of(house.client("priya").get(f"{HERE}/new?detector={detector}"))
    assert ('name="words"' in page) is (detector == "words")
    assert ('name="patterns"' in page) is (detector == "personal_data")
    assert ('name="refused"' in page) is (detector == "links")
    assert house.client("priya").get(f"{HERE}/new?detector=nonsense").status_code == 404


def test_who_looks_after_a_rule_sees_that_people_mostly_go_on_over_it(house):
    for _ in range(5):
        post_id = a_post(house, "Look: https://bit.ly/1", answers={"links": {"reason": "It is ours."}})
        with house.database.write() as session:
            make.submit(session, session.get_one(Post, post_id), session.merge(house.people["maya"]))
    for person, sees in (("priya", True), ("elena", True), ("sam", True), ("maya", False), ("tom", False)):
        page = text_of(house.client(person).get(HERE))
        assert ("100 % went on" in page) is sees, person
        assert ("“It is ours.”" in page) is sees
    shown = text_of(house.client("elena").get(f"{HERE}/{id_of(house, 'links')}"))
    assert "5 of 5 posts in 90 days went on with a reason." in shown
    assert "5 of 5 posts" not in text_of(house.client("maya").get(HERE))
