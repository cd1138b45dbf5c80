"""What customers see: everything that stands on the page, nothing else, and no trace left in their browser."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from lxml import html
from sqlalchemy import select

from app.public import pages
from content_library import image_work, media_links
from content_library.database import Database
from content_library.models.account import AccountState
from content_library.models.desk import Desk
from tests.app.public.conftest import NAME, PUBLIC_URL, SHA, THUMB, Page
from tests.factories import NOW, make_desk, page_of
from tests.support.clock import FrozenClock


def parsed(text: str) -> html.HtmlElement:
    return html.fromstring(text)


def headings(text: str) -> list[str]:
    return [h.text_content().strip() for h in parsed(text).xpath(".//article//h2")]


def test_the_newest_post_stands_first(client: FlaskClient, page: Page, clock: FrozenClock):
    page.put(title="Older", at=clock() - timedelta(days=1))
    page.put(title="Newer")
    assert headings(client.get("/p/brindlemoor").text) == ["Newer", "Older"]


def test_nothing_is_set_in_the_browser_and_no_script_runs(client: FlaskClient, page: Page):
    page.put()
    answer = client.get("/p/brindlemoor")
    assert "Set-Cookie" not in answer.headers
    assert not parsed(answer.text).xpath(".//script")
    assert answer.headers["Cache-Control"] == "public, max-age=60"


def test_times_are_in_the_zone_of_the_desk(client: FlaskClient, page: Page):
    page.put(at=NOW)
    (time,) = parsed(client.get("/p/brindlemoor").text).xpath(".//article//time")
    assert time.text == "3 November 2026, 10:00"
    assert time.get("datetime") == "2026-11-03T10:00:00+01:00"
    assert time.get("title") == "Tuesday 3 November 2026, 10:00 CET"


def test_what_a_text_holds_is_shown_and_never_run(client: FlaskClient, page: Page):
    page.put("<script>alert(1)</script>\n\nSee https://example.org/a?b=1&c=2.")
    body = parsed(client.get("/p/brindlemoor").text)
    first, second = body.xpath(".//div[@class='entry-text']//p")
    assert first.text_content() == "<script>alert(1)</script>"
    assert second.xpath(".//a")[0].get("href") == "https://example.org/a?b=1&c=2"


def test_pages_are_turned_twenty_posts_at_a_time(client: FlaskClient, page: Page):
    page.put_many(45)
    assert headings(client.get("/p/brindlemoor").text)[0] == "Post 44"
    last = client.get("/p/brindlemoor?page=3")
    assert headings(last.text) == ["Post 04", "Post 03", "Post 02", "Post 01", "Post 00"]
    assert parsed(last.text).xpath(".//a[@rel='prev']")[0].get("href") == "/p/brindlemoor?page=2"
    assert not parsed(last.text).xpath(".//a[@rel='next']")
    assert client.get("/p/brindlemoor?page=4").status_code == 404
    assert client.get("/p/brindlemoor?page=x").status_code == 200


def test_a_page_without_posts_says_what_to_do(client: FlaskClient, page: Page):
    assert "Nothing has been published here yet" in client.get("/p/brindlemoor").text


def test_a_post_has_its_own_address_with_what_link_cards_need(client: FlaskClient, page: Page):
    key = page.put("Fill it half.\n\nWait an hour.", pictures=1)
    document = parsed(client.get(page.address(key)).text)
    meta = {m.get("property") or m.get("name"): m.get("content") for m in document.xpath(".//meta[@content]")}
    assert meta["og:title"] == "Descaling · Brindlemoor Home"
    assert meta["og:type"] == "article"
    assert meta["description"] == meta["og:description"] == "Fill it half. Wait an hour."
    assert meta["og:url"] == f"https://desk.example.org{page.address(key)}"
    assert meta["og:image"] == f"https://desk.example.org/p/media/{NAME}"
    assert meta["og:image:alt"] == "A Tern kettle on a stove"
    assert document.xpath(".//link[@rel='canonical']")[0].get("href") == meta["og:url"]
    assert document.xpath(".//h1")[0].text == "Descaling"


def test_pictures_come_with_their_words_and_in_two_sizes(client: FlaskClient, page: Page):
    page.put(pictures=2)
    images = parsed(client.get("/p/brindlemoor").text).xpath(".//article//img")
    assert [image.get("alt") for image in images] == ["A Tern kettle on a stove"] * 2
    assert images[0].get("srcset") == f"/p/media/{THUMB} 480w, /p/media/{NAME} 1600w"
    assert [image.get("loading") for image in images] == [None, "lazy"]


def test_a_curated_post_names_its_source(client: FlaskClient, page: Page):
    page.put(
        source={
            "url": "https://news.example/a",
            "title": "Kettles",
            "author": "Ann",
            "via": "Daily Tea",
            "licence": "CC BY",
        }
    )
    line = parsed(client.get("/p/brindlemoor").text).xpath(".//*[@class='entry-source']")[0]
    assert " ".join(line.text_content().split()) == "Source: Kettles, Ann, via Daily Tea (CC BY)"
    assert line.xpath(".//a")[0].get("href") == "https://news.example/a"


def test_a_source_that_is_no_web_address_is_only_words(client: FlaskClient, page: Page):
    page.put(source={"url": "javascript:alert(1)", "title": "Kettles"})
    assert not parsed(client.get("/p/brindlemoor").text).xpath(".//*[@class='entry-source']//a")


def test_a_post_without_a_title_is_found_by_its_first_words(client: FlaskClient, page: Page):
    key = page.put("Card payments work again. " * 8, title="")
    assert not headings(client.get("/p/brindlemoor").text)
    title = parsed(client.get(page.address(key)).text).xpath(".//title")[0].text
    assert title == "Card payments work again. Card payments work again. Card payments… · Brindlemoor Home"


def test_what_was_taken_down_is_gone(client: FlaskClient, page: Page):
    key = page.put()
    address = page.address(key)
    page.store.delete(key)
    assert client.get(address).status_code == 410
    assert "taken down" in client.get(address).text
    assert "Descaling" not in client.get("/p/brindlemoor").text


@pytest.mark.parametrize(
    "address", ["/p/nobody", "/p/nobody/1", "/p/nobody/feed.atom", "/p/nobody/feed.json"]
)
def test_what_nobody_has_is_not_found(client: FlaskClient, page: Page, address: str):
    answer = client.get(address)
    assert answer.status_code == 404
    assert parsed(answer.text).xpath(".//*[@class='site-head']")


def test_a_post_is_only_at_the_page_of_its_own_desk(client: FlaskClient, page: Page, database: Database):
    with database.write() as session:
        make_desk(session, "Other desk", "other")
    key = page.put()
    assert client.get(page.address(key).replace("brindlemoor", "other")).status_code == 404


def test_a_closed_page_is_not_found(client: FlaskClient, page: Page, database: Database):
    with database.write() as session:
        page_of(session, session.scalars(select(Desk)).one()).state = AccountState.CLOSED
    assert client.get("/p/brindlemoor").status_code == 404


def test_an_unchanged_page_is_not_sent_again(client: FlaskClient, page: Page):
    page.put()
    etag = client.get("/p/brindlemoor").headers["ETag"]
    assert client.get("/p/brindlemoor", headers={"If-None-Match": etag}).status_code == 304
    page.put(title="Another")
    assert client.get("/p/brindlemoor", headers={"If-None-Match": etag}).status_code == 200


def test_an_open_picture_is_kept_for_ever_under_its_right_type(client: FlaskClient, page: Page):
    page.draw_pictures()
    key = page.put(pictures=1)
    for name in (NAME, THUMB):
        answer = client.get(f"/p/media/{name}")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "image/jpeg"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "immutable" in answer.headers["Cache-Control"] and "public" in answer.headers["Cache-Control"]
        answer.close()
    page.store.delete(key)
    assert client.get(f"/p/media/{NAME}").status_code == 404


def test_a_picture_that_no_published_post_shows_stays_closed(client: FlaskClient, page: Page):
    page.draw_pictures()
    assert client.get(f"/p/media/{NAME}").status_code == 404
    assert client.get(f"/p/media/..{NAME}").status_code == 404


def test_thumbnails_are_as_wide_as_the_page_says():
    assert image_work.THUMB_SIDE == pages.THUMB_SIDE


def test_a_picture_is_lent_to_a_network_at_an_address_of_ours_for_a_while(application, client, page, clock):
    page.draw_pictures()
    key = application.extensions["deskcast.settings"].secret_key
    address = media_links.address(PUBLIC_URL, key, SHA, now=clock()).removeprefix(PUBLIC_URL)
    with client.get(address) as answer:
        assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
        assert "noindex" in answer.headers["X-Robots-Tag"]
    assert client.get(f"/p/media/{NAME}").status_code == 404, "it is not public otherwise"
    assert client.get(address.replace(SHA, SHA[::-1])).status_code == 404
    clock.advance(hours=6)
    assert client.get(address).status_code == 404
