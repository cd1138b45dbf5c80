"""The triage page: what waits, what is decided, and why nothing is there."""

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient
from lxml import html
from sqlalchemy import select, update

from content_library.database import Database
from content_library.models.feed import Feed, FeedItem, Proposal, ProposalState, Subscription
from content_library.models.post import Post
from tests.app.curation.conftest import Desk, browser_of
from tests.support.clock import FrozenClock
from tests.support.feed_documents import items, rss
from tests.support.sites import Answer, Site

pytestmark = pytest.mark.network
PAGE = "/d/brindlemoor/curation"


def titles(text: str) -> list[str]:
    return [h.text_content() for h in html.fromstring(text).xpath(".//article//h2")]


def test_what_the_feeds_bring_waits_with_the_newest_first(following: FlaskClient):
    assert titles(following.get(PAGE).text) == [f"Story number {n} of the kitchen" for n in (5, 4, 3, 2, 1)]


def test_accepting_makes_a_draft_and_goes_on_with_the_next_story(
    following: FlaskClient, desk: Desk, database: Database
):
    first, second = desk.proposal_id(5), desk.proposal_id(4)
    answer = following.post(f"{PAGE}/proposals/{first}/acceptance?page=1", data={"next": second})
    assert (answer.status_code, answer.location) == (303, f"{PAGE}#proposal-{second}")
    with database.read() as session:
        post = session.scalars(select(Post)).one()
        session.expunge(post)
    assert (post.title, post.format_key) == ("Story number 5 of the kitchen", "industry_news")
    assert "Made a draft" in following.get(PAGE).text
    assert titles(following.get(f"{PAGE}?view=accepted").text) == ["Story number 5 of the kitchen"]
    assert f"/posts/{post.id}" in following.get(f"{PAGE}?view=accepted").text


def test_accepting_to_write_at_once_leads_to_the_composer(
    following: FlaskClient, desk: Desk, database: Database
):
    sent = {"format": "how_to", "write": "yes"}
    answer = following.post(f"{PAGE}/proposals/{desk.proposal_id(5)}/acceptance", data=sent)
    with database.read() as session:
        post_id, format_key = session.execute(select(Post.id, Post.format_key)).one()
    with following.application.test_request_context():
        assert answer.location == url_for("posts.compose", desk="brindlemoor", post_id=post_id)
    assert format_key == "how_to"


def test_a_story_somebody_else_took_is_said_and_not_taken_twice(
    following: FlaskClient, desk: Desk, database: Database
):
    address = f"{PAGE}/proposals/{desk.proposal_id(5)}/acceptance"
    following.post(address)
    again = following.post(address)
    assert again.status_code == 409
    assert "Maya Okafor already made a draft of this story" in again.text
    with database.read() as session:
        assert len(session.scalars(select(Post)).all()) == 1


def test_dismissing_can_be_undone(following: FlaskClient, desk: Desk):
    number = desk.proposal_id(5)
    following.post(f"{PAGE}/proposals/{number}/dismissal", data={"next": "0"})
    assert desk.states()["Story number 5 of the kitchen"] is ProposalState.DISMISSED
    page = following.get(PAGE)
    (undo,) = html.fromstring(page.text).xpath(".//form[contains(@action, '/return')]/@action")
    assert following.post(undo).location == f"{PAGE}#proposal-{number}"
    assert desk.states()["Story number 5 of the kitchen"] is ProposalState.PROPOSED


def test_putting_away_until_tomorrow_means_nine_in_the_morning_there(
    following: FlaskClient, desk: Desk, database: Database
):
    number = desk.proposal_id(5)
    following.post(f"{PAGE}/proposals/{number}/snooze", data={"for": "tomorrow"})
    with database.read() as session:
        until = session.get_one(Proposal, number).snoozed_until
    assert until and until.isoformat() == "2026-11-04T08:00:00+00:00"
    assert titles(following.get(f"{PAGE}?view=snoozed").text) == ["Story number 5 of the kitchen"]
    assert following.post(f"{PAGE}/proposals/{desk.proposal_id(4)}/snooze").status_code == 422


def test_several_are_dismissed_at_once(following: FlaskClient, desk: Desk):
    chosen = [desk.proposal_id(5), desk.proposal_id(3)]
    following.post(f"{PAGE}/dismissals", data={"proposal": [*map(str, chosen), "x"]})
    assert titles(following.get(PAGE).text) == [f"Story number {n} of the kitchen" for n in (4, 2, 1)]


def test_searching_and_filtering_stand_in_the_address_and_survive_a_decision(
    following: FlaskClient, desk: Desk
):
    assert titles(following.get(f"{PAGE}?q=number+4").text) == ["Story number 4 of the kitchen"]
    answer = following.post(f"{PAGE}/proposals/{desk.proposal_id(4)}/dismissal?q=number&feed=1")
    assert answer.location == f"{PAGE}?q=number&feed=1"
    assert "No story fits" in following.get(f"{PAGE}?q=nothing+like+this").text


def test_text_of_strangers_runs_nothing_and_loads_nothing(
    following: FlaskClient, site: Site, database: Database
):
    with database.write() as session:
        session.execute(
            update(FeedItem).values(
                title="<script>alert(1)</script>",
                summary_html='<p onclick="x()">Hi<img src="https://spy.example/p.gif"><script>x()</script></p>'
                '<a href="javascript:x()">a</a><h2>Big</h2>',
            )
        )
    (article, *_rest) = html.fromstring(following.get(PAGE).text).xpath(".//article")
    assert article.xpath(".//h2")[0].text == "<script>alert(1)</script>"
    (text,) = article.xpath(".//div[@class='proposal-text']")
    assert not text.xpath(
        ".//img | .//script | .//h2 | .//*[@onclick] | .//a[starts-with(@href, 'javascript')]"
    )
    assert "Hi" in text.text_content()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"error": "The site answers with an error (503)."}, "None of your feeds can be read"),
        ({"checked_at": None}, "The first check is on its way"),
        ({}, "You have looked at everything"),
    ],
)
def test_an_empty_page_says_why(following: FlaskClient, database: Database, change: dict, words: str):
    with database.write() as session:
        session.execute(update(Proposal).values(state=ProposalState.DISMISSED))
        if change:
            session.execute(update(Feed).values(**change))
    assert words in following.get(PAGE).text


def test_a_desk_without_feeds_is_told_to_follow_one(client: FlaskClient):
    assert "Follow your first feed" in client.get(PAGE).text


def test_a_desk_whose_feeds_are_paused_is_told_so(following: FlaskClient, database: Database):
    with database.write() as session:
        session.execute(update(Proposal).values(state=ProposalState.DISMISSED))
        session.execute(update(Subscription).values(is_active=False))
    assert "All feeds are paused" in following.get(PAGE).text


def test_a_flood_asks_before_it_fills_the_page(
    following: FlaskClient, site: Site, database: Database, clock: FrozenClock
):
    site["/feed"] = Answer(rss(items(45)))
    clock.advance(hours=2)
    with database.read() as session:
        subscription_id = session.scalars(select(Subscription.id)).one()
    following.post(f"{PAGE}/feeds/{subscription_id}/check")
    assert "40 new stories at once from Kitchen News" in following.get(PAGE).text
    following.post(f"{PAGE}/feeds/{subscription_id}/flood", data={"take": "yes"})
    page = following.get(PAGE).text
    assert "at once from" not in page
    assert len(titles(page)) == 20
    assert len(titles(following.get(f"{PAGE}?page=3").text)) == 5


def test_other_peoples_desks_are_not_found(application: Flask, following: FlaskClient, desk: Desk):
    stranger = browser_of(application, desk.jonas)
    assert stranger.get(PAGE).status_code == 404
    number = desk.proposal_id(5)
    assert stranger.post(f"/d/other/curation/proposals/{number}/acceptance").status_code == 404
    assert stranger.post(f"{PAGE}/proposals/{number}/dismissal").status_code == 404
    assert desk.states()["Story number 5 of the kitchen"] is ProposalState.PROPOSED


def test_an_auditor_does_not_curate(application: Flask, following: FlaskClient, desk: Desk):
    auditor = browser_of(application, desk.ruth)
    assert auditor.get(PAGE).status_code == 403
    number = desk.proposal_id(5)
    assert auditor.post(f"{PAGE}/proposals/{number}/acceptance").status_code == 403
    assert auditor.post(f"{PAGE}/dismissals", data={"proposal": [str(number)]}).status_code == 403


def test_nobody_curates_without_signing_in(application: Flask, desk: Desk):
    assert application.test_client().get(PAGE).status_code == 303
