"""Agreements on the screen: proposed, signed, declined, ended, suspended, and met in the composer and the queue."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from content_library import after_reviews, agreements
from content_library.agreement_drafts import ClauseTerms, VersionTerms
from content_library.models.agreement import Agreement, AgreementState, AgreementVersion, Breach, Sample
from content_library.models.desk import Team
from content_library.models.post import Post, PostState
from content_library.models.review import Review
from tests import factories as make
from tests.app.house import send, text_of

HERE = "/d/brindlemoor/agreements"
TODAY = make.NOW.date()
FORM = {
    "clauses-0-formats": "how_to", "clauses-0-sample_percent": "100", "excluded_words": "cheap\nbest",
    "text": "Links to our own pages.", "starts_on": TODAY.isoformat(),
    "review_on": (TODAY + timedelta(days=30)).isoformat(), "ends_on": (TODAY + timedelta(days=90)).isoformat(),
}  # fmt: skip


def team_id(house, key="marketing"):
    with house.database.read() as session:
        return session.scalars(select(Team.id).filter_by(key=key)).one()


def propose_on_screen(house, person="priya", **changed):
    page = f"{HERE}/with/{team_id(house)}"
    return send(house.client(person), page, page, **{"seen": "0", **FORM, **changed})


def agree(house, *, percent=100, sign=True):
    with house.database.write() as session:
        team = session.get_one(Team, team_id(house))
        priya, elena = (session.merge(house.people[name]) for name in ("priya", "elena"))
        desk = session.merge(house.desk)
        terms = VersionTerms(
            [ClauseTerms(["how_to"], sample_percent=percent)], TODAY, TODAY, TODAY + timedelta(days=90),
            excluded_words=["cheap"], why="It goes well.",
        )  # fmt: skip
        version = agreements.propose(session, desk, team, terms, seen=0, actor=priya, now=make.NOW)
        if sign:
            agreements.sign(session, version, actor=elena, now=make.NOW)
        return version.agreement_id


def a_post(house, text="Vinegar and water.", **content):
    with house.database.write() as session:
        maya, desk = session.merge(house.people["maya"]), session.merge(house.desk)
        page = make.page_of(session, desk)
        return make.make_post(session, desk, maya, text=text, accounts=[page.id], **content).id


def submit(house, post_id):
    with house.database.write() as session:
        maya = session.merge(house.people["maya"])
        return make.submit(session, session.get_one(Post, post_id), maya, now=make.NOW).reviews[0].id


def versions(house):
    with house.database.read() as session:
        return [(v.number, v.state) for v in session.scalars(select(AgreementVersion)).all()]


def test_without_an_agreement_the_page_says_what_that_means(house):
    page = text_of(house.client("maya").get(HERE))
    assert "Nothing is agreed with Marketing" in page
    assert "Propose an agreement" not in page
    assert page.count("Propose an agreement") == 0
    assert "Propose an agreement" in text_of(house.client("priya").get(HERE))
    assert "Propose an agreement" in text_of(house.client("elena").get(HERE))


def test_a_lead_proposes_and_the_team_signs(house):
    answer = propose_on_screen(house)
    assert answer.status_code == 303
    page = answer.headers["Location"]
    assert "Sign version 1" not in text_of(house.client("priya").get(page))
    elena = house.client("elena")
    assert "Sign version 1" in text_of(elena.get(page))
    assert send(elena, page, f"{page}/versions/1/signature").status_code == 303
    assert versions(house) == [(1, AgreementState.SIGNED)]
    shown = text_of(elena.get(page))
    assert "In force" in shown
    assert re.search(r"Signed for Marketing by\s+Elena Costa", shown)
    assert "cheap, best" in shown


def test_what_is_wrong_is_said_and_what_was_typed_stays(house):
    answer = propose_on_screen(house, ends_on=(TODAY - timedelta(days=3)).isoformat(), text="Mind the tone.")
    assert answer.status_code == 422
    page = text_of(answer)
    assert "The last day is before the first." in page
    assert "Mind the tone." in page
    assert versions(house) == []


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"clauses-0-formats": ""}, "choose at least one format"),
        ({"clauses-0-sample_percent": "lots"}, "from 0 to 100 percent"),
        ({"ends_on": "someday"}, "Not a valid date"),
        ({"clauses-0-accounts": "999"}, "not on this desk any more"),
    ],
)
def test_a_clause_that_cannot_be_is_named(house, wrong, sentence):
    answer = propose_on_screen(house, **wrong)
    assert answer.status_code == 422
    assert sentence in text_of(answer)


def test_a_clause_more_or_less_keeps_what_was_typed(house):
    page, client = f"{HERE}/with/{team_id(house)}", house.client("priya")
    more = send(client, page, f"{page}/draft", **{**FORM, "seen": "0", "act": "more"})
    assert more.status_code == 200
    shown = text_of(more)
    assert "clauses-1-sample_percent" in shown
    assert "Links to our own pages." in shown
    both = {**FORM, "seen": "0", "clauses-1-formats": "faq_link", "clauses-1-sample_percent": "5"}
    less = text_of(send(client, page, f"{page}/draft", **{**both, "act": "less"}))
    assert "clauses-1-sample_percent" not in less
    assert send(client, page, page, **both).status_code == 303
    assert len(versions(house)) == 1


def test_the_next_version_begins_with_what_the_last_says(house):
    agree(house)
    page = text_of(house.client("elena").get(f"{HERE}/with/{team_id(house)}"))
    assert re.search(r'value="how_to"\s+checked', page)
    assert "Sign and propose version 2" in page
    assert "You sign for Marketing" in page


def test_declining_wants_a_reason(house):
    agreement_id = agree(house, sign=False)
    page, elena = f"{HERE}/{agreement_id}", house.client("elena")
    assert send(elena, page, f"{page}/versions/1/refusal", why="").status_code == 422
    assert send(elena, page, f"{page}/versions/1/refusal", why="Too wide.").status_code == 303
    assert versions(house) == [(1, AgreementState.DECLINED)]
    assert "Too wide." in text_of(house.client("priya").get(page))


def test_a_lead_takes_a_proposal_back(house):
    page = f"{HERE}/{agree(house, sign=False)}"
    assert send(house.client("priya"), page, f"{page}/versions/1/withdrawal").status_code == 303
    assert versions(house) == [(1, AgreementState.WITHDRAWN)]


def test_ending_says_how_many_fall_with_it(house):
    page = f"{HERE}/{agree(house)}"
    submit(house, a_post(house))
    client = house.client("priya")
    assert send(client, page, f"{page}/versions/1/end", why="A new brand.").status_code == 303
    assert "1 post loses" in text_of(client.get(page))


def test_a_clause_is_suspended_with_a_reason(house):
    agreement_id = agree(house)
    page = f"{HERE}/{agreement_id}"
    with house.database.read() as session:
        clause = session.get_one(Agreement, agreement_id).versions[0].clauses[0].id
    assert (
        send(house.client("elena"), page, f"{page}/clauses/{clause}/suspension", why="A law.").status_code
        == 303
    )
    assert "Suspended" in text_of(house.client("maya").get(page))
    assert house.client("maya").get(f"{HERE}/999").status_code == 404


def test_the_composer_says_it_is_cleared_and_what_keeps_it_out(house):
    agree(house)
    clean, dirty = a_post(house), a_post(house, "A cheap kettle.", title="Cheap")
    client = house.client("maya")
    shown = text_of(client.get(f"/d/brindlemoor/posts/{clean}/compose"))
    assert "under agreement Marketing v1 §1" in shown
    assert "Send, and it is cleared" in shown
    shown = text_of(client.get(f"/d/brindlemoor/posts/{dirty}/compose"))
    assert "Outside agreement Marketing v1: it excludes “cheap”." in shown
    assert "Send to Marketing" in shown


def test_the_composer_says_what_would_change_it(house):
    post_id = a_post(house, "Descale your kettle, it is free.")
    shown = text_of(house.client("maya").get(f"/d/brindlemoor/posts/{post_id}/compose"))
    assert "Without these words it is not asked." in shown


def test_submitting_what_is_cleared_says_so(house):
    agree(house)
    post_id = a_post(house)
    client, page = house.client("maya"), f"/d/brindlemoor/posts/{post_id}"
    assert send(client, page, f"{page}/submission").status_code == 303
    shown = text_of(client.get(page))
    assert "Cleared under agreement Marketing v1 §1. Plan when it goes out." in shown
    with house.database.read() as session:
        assert session.get_one(Post, post_id).state is PostState.APPROVED


def test_what_was_drawn_waits_for_the_team_and_is_found_in_order(house):
    agree(house)
    review_id = submit(house, a_post(house))
    elena = house.client("elena")
    assert "To look at afterwards" in text_of(elena.get("/reviews"))
    assert "Descale your kettle" in text_of(elena.get("/reviews/afterwards"))
    page = f"/reviews/{review_id}"
    assert "Drawn for Marketing to look at." in text_of(elena.get(page))
    assert send(elena, page, f"{page}/finding", finding="in_order").status_code == 303
    assert "Nothing to look at" in text_of(elena.get("/reviews/afterwards"))
    assert send(elena, page, f"{page}/finding", finding="in_order").status_code == 409


def test_the_second_breach_suspends_and_says_so(house):
    agree(house)
    first, second = (submit(house, a_post(house, title=title)) for title in ("One", "Two"))
    elena = house.client("elena")
    page = f"/reviews/{first}"
    assert send(elena, page, f"{page}/finding", finding="breach", what="").status_code == 422
    assert send(elena, page, f"{page}/finding", finding="breach", what="A claim.").status_code == 303
    page = f"/reviews/{second}"
    assert send(elena, page, f"{page}/finding", finding="breach", what="A price.").status_code == 303
    assert "The clause is suspended: 2 posts lose its clearance." in text_of(elena.get("/reviews/afterwards"))
    with house.database.read() as session:
        assert len(session.scalars(select(Breach)).all()) == 2
        assert {s.state.value for s in session.scalars(select(Sample))} == {"breach"}


def test_others_see_what_cleared_it_and_cannot_judge(house):
    agree(house)
    review_id = submit(house, a_post(house))
    for person in ("maya", "tom", "priya"):
        shown = text_of(house.client(person).get(f"/reviews/{review_id}"))
        assert "Cleared under agreement Marketing v1 §1" in shown
        assert "Note a breach" not in shown
    assert (
        house.client("elena").post(f"/reviews/{review_id}/finding", data={"finding": "x"}).status_code == 400
    )


def test_ten_clean_approvals_offer_an_agreement(house):
    with house.database.write() as session:
        maya, elena = session.merge(house.people["maya"]), session.merge(house.people["elena"])
        desk = session.merge(house.desk)
        for number in range(10):
            post = make.make_post(session, desk, maya, title=f"Post {number}")
            make.clear(session, post, maya, {"marketing": elena})
    shown = text_of(house.client("priya").get(HERE))
    assert "Marketing has approved the last 10 posts of this format." in shown
    assert "format=how_to" in shown


def test_the_list_of_what_it_cleared_stands_on_its_page(house):
    agreement_id = agree(house)
    submit(house, a_post(house))
    page = text_of(house.client("ruth").get(f"{HERE}/{agreement_id}"))
    assert "Descale your kettle" in page
    assert "Marketing v1 §1" in page
    with house.database.read() as session:
        agreement = session.get_one(Agreement, agreement_id)
        assert after_reviews.cleared_under(session, agreement).total == 1
        assert session.scalars(select(Review)).one().cleared_under == "Marketing v1 §1"
