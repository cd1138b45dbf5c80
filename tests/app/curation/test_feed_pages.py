"""Following feeds in the browser: the form, the choice, the health of each feed in words."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from sqlalchemy import func, select

from content_library.database import Database
from content_library.models.feed import Feed, FeedItem, Subscription
from tests.app.curation.conftest import Desk, browser_of
from tests.support.clock import FrozenClock
from tests.support.feed_documents import items, rss
from tests.support.sites import Answer, Site

pytestmark = pytest.mark.network
PAGE = "/d/brindlemoor/curation/feeds"


def words(text: str) -> str:
    return " ".join(html.fromstring(text).text_content().split())


def subscription_id(database: Database) -> int:
    with database.read() as session:
        return session.scalars(select(Subscription.id)).one()


def send(client: FlaskClient, url: str, **more: str):
    return client.post(PAGE, data={"url": url, "format_key": "industry_news", "licence_note": "", **more})


def test_a_followed_feed_is_listed_with_how_it_does(following: FlaskClient):
    page = words(following.get(PAGE).text)
    assert "Kitchen News" in page
    assert "Works becomes Industry news 5 stories so far checked just now" in page


def test_an_address_that_is_no_feed_is_said_at_the_field_and_kept(client: FlaskClient, site: Site):
    answer = send(client, f"{site.url}/nothing", licence_note="By agreement")
    assert answer.status_code == 422
    form = html.fromstring(answer.text)
    assert form.xpath("//input[@name='url']/@value") == [f"{site.url}/nothing"]
    assert form.xpath("//input[@name='licence_note']/@value") == ["By agreement"]
    assert "The site answers 404 at this address." in words(answer.text)


@pytest.mark.parametrize("url", ["", "http://10.0.0.1/", "ftp://example.org/feed", "http://127.0.0.1\\@x/"])
def test_an_address_that_leads_nowhere_good_is_refused(client: FlaskClient, database: Database, url: str):
    assert send(client, url).status_code == 422
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Feed)) == 0


def test_a_site_with_several_feeds_asks_which(client: FlaskClient, site: Site, database: Database):
    links = '<link rel="alternate" type="application/rss+xml" href="/feed" title="Posts">'
    links += '<link rel="alternate" type="application/rss+xml" href="/comments" title="Comments">'
    site["/"] = Answer(f"<html><head>{links}</head></html>".encode(), content_type="text/html")
    answer = send(client, f"{site.url}/", format_key="how_to", licence_note="By agreement")
    page = html.fromstring(answer.text)
    assert page.xpath("//input[@type='radio']/@value") == [f"{site.url}/feed", f"{site.url}/comments"]
    kept = {i.get("name"): i.get("value") for i in page.xpath("//main//input[@type='hidden']")}
    chosen = client.post(PAGE, data={**kept, "url": f"{site.url}/feed"})
    assert chosen.status_code == 303
    with database.read() as session:
        subscription = session.scalars(select(Subscription)).one()
        assert (subscription.format_key, subscription.licence_note) == ("how_to", "By agreement")


def test_a_feed_followed_already_is_said(following: FlaskClient, site: Site):
    answer = send(following, f"{site.url}/feed")
    assert answer.status_code == 422
    assert "This desk follows Kitchen News already." in answer.text


def test_checking_now_brings_what_is_new_once_a_minute(
    following: FlaskClient, site: Site, database: Database, clock: FrozenClock
):
    site["/feed"] = Answer(rss(items(6)))
    address = f"{PAGE}/{subscription_id(database)}/check"
    following.post(address)
    assert "checked less than a minute ago" in following.get(PAGE).text
    clock.advance(minutes=1)
    following.post(address)
    assert "6 stories so far" in following.get(PAGE).text


def test_a_feed_that_fails_says_why(
    following: FlaskClient, site: Site, database: Database, clock: FrozenClock
):
    site["/feed"] = Answer(status=410)
    clock.advance(minutes=1)
    following.post(f"{PAGE}/{subscription_id(database)}/check")
    page = words(following.get(PAGE).text)
    assert "Cannot be read" in page
    assert "The site says that this feed is gone for good (410)." in page
    assert "next in 15 min" in page


def test_pausing_resuming_and_removing(following: FlaskClient, database: Database):
    number = subscription_id(database)
    following.post(f"{PAGE}/{number}/pause")
    assert "Paused" in words(following.get(PAGE).text)
    following.post(f"{PAGE}/{number}/resumption")
    assert "Works" in words(following.get(PAGE).text)
    following.post(f"{PAGE}/{number}/removal")
    assert "No feed yet" in words(following.get(PAGE).text)
    assert following.post(f"{PAGE}/{number}/pause").status_code == 404
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(FeedItem)) == 5


def test_what_stories_become_can_be_changed(following: FlaskClient, database: Database):
    number = subscription_id(database)
    assert "Industry news" in following.get(f"{PAGE}/{number}").text
    sent = {"format_key": "community_link", "licence_note": "CC BY"}
    assert following.post(f"{PAGE}/{number}", data=sent).status_code == 303
    assert "becomes Community link" in words(following.get(PAGE).text)
    assert following.post(f"{PAGE}/{number}", data={**sent, "format_key": "nonsense"}).status_code == 422


def test_only_people_of_the_desk_change_its_feeds(
    application: Flask, following: FlaskClient, desk: Desk, database: Database, site: Site
):
    number = subscription_id(database)
    stranger, auditor = browser_of(application, desk.jonas), browser_of(application, desk.ruth)
    for act in ("pause", "removal", "check", "flood", "resumption"):
        assert stranger.post(f"/d/other/curation/feeds/{number}/{act}").status_code == 404
        assert auditor.post(f"{PAGE}/{number}/{act}").status_code == 403
    before = len(site.asked)
    assert send(auditor, f"{site.url}/feed").status_code == 403
    assert len(site.asked) == before
    assert auditor.get(PAGE).status_code == 403
