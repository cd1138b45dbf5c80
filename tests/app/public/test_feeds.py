"""The feeds of a page: read back by a feed reader, stable in what they call things, quiet when nothing changed."""

import json
from io import BytesIO

import feedparser
from flask.testing import FlaskClient

from content_library.feed_reader import read_feed
from tests.app.public.conftest import NAME, Page
from tests.support.clock import FrozenClock

SOURCE = {"url": "https://news.example/a", "title": "Kettles", "author": "Ann"}


def read(body: bytes) -> feedparser.FeedParserDict:
    found = feedparser.parse(BytesIO(body), response_headers={"content-type": "application/atom+xml"})
    assert not found.bozo, found
    return found


def test_a_reader_finds_every_post_in_the_atom_feed(client: FlaskClient, page: Page):
    key = page.put("Fill it half & wait.\n\nDone <3", pictures=1, source=SOURCE)
    answer = client.get("/p/brindlemoor/feed.atom")
    assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    feed = read(answer.data)
    assert (feed.version, feed.feed.title, feed.feed.language) == ("atom10", "Brindlemoor Home", "en")
    assert {link.rel: link.href for link in feed.feed.links} == {
        "self": "https://desk.example.org/p/brindlemoor/feed.atom",
        "alternate": "https://desk.example.org/p/brindlemoor",
    }
    (entry,) = feed.entries
    assert entry.title == "Descaling"
    assert entry.link == f"https://desk.example.org{page.address(key)}"
    assert entry.content[0].type == "text/html"
    assert '<p dir="auto">Fill it half &amp; wait.</p>' in entry.content[0].value
    assert 'alt="A Tern kettle on a stove"' in entry.content[0].value
    assert f'src="https://desk.example.org/p/media/{NAME}"' in entry.content[0].value
    assert '<a href="https://news.example/a">Kettles</a>, Ann' in entry.content[0].value


def test_our_own_reader_reads_both_feeds_alike(client: FlaskClient, page: Page, clock: FrozenClock):
    page.put("Fill it half & wait.", pictures=1, source=SOURCE)
    page.put("Card payments work again.", title="")
    read_back = [
        read_feed(
            answer.data,
            content_type=answer.headers["Content-Type"],
            url="https://desk.example.org/p/brindlemoor",
            now=clock(),
        )
        for answer in (client.get("/p/brindlemoor/feed.atom"), client.get("/p/brindlemoor/feed.json"))
    ]
    for feed in read_back:
        assert (feed.title, feed.site_url) == ("Brindlemoor Home", "https://desk.example.org/p/brindlemoor")
        assert [entry.title for entry in feed.entries] == ["Card payments work again.", "Descaling"]
        assert feed.notes == ()
    atom, json_ = read_back
    assert [(e.guid, e.link, e.published_at) for e in atom.entries] == [
        (e.guid, e.link, e.published_at) for e in json_.entries
    ]


def test_an_id_never_changes(client: FlaskClient, page: Page):
    page.put()
    (entry,) = read(client.get("/p/brindlemoor/feed.atom").data).entries
    assert entry.id == "urn:uuid:00000000-0000-0000-0000-000000000001"
    (item,) = json.loads(client.get("/p/brindlemoor/feed.json").data)["items"]
    assert item["id"] == entry.id


def test_characters_that_xml_forbids_do_not_break_the_feed(client: FlaskClient, page: Page):
    page.put("Before\ufffeafter", title="A\ufffftitle")
    (entry,) = read(client.get("/p/brindlemoor/feed.atom").data).entries
    assert entry.title == "Atitle"


def test_each_post_says_its_language(client: FlaskClient, page: Page):
    page.put("Wasserkocher entkalken.", language="de")
    (entry,) = read(client.get("/p/brindlemoor/feed.atom").data).entries
    assert entry.content[0].language == "de"


def test_an_empty_page_has_valid_feeds(client: FlaskClient, page: Page):
    feed = read(client.get("/p/brindlemoor/feed.atom").data)
    assert feed.feed.updated == "2026-11-03T09:00:00.000Z"
    assert json.loads(client.get("/p/brindlemoor/feed.json").data)["items"] == []


def test_the_json_feed_says_what_the_standard_asks_for(client: FlaskClient, page: Page):
    key = page.put("Fill it half.", pictures=1, source=SOURCE)
    answer = client.get("/p/brindlemoor/feed.json")
    assert answer.headers["Content-Type"] == "application/feed+json; charset=utf-8"
    feed = json.loads(answer.data)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"] == "https://desk.example.org/p/brindlemoor/feed.json"
    (item,) = feed["items"]
    assert item["url"] == f"https://desk.example.org{page.address(key)}"
    assert item["content_text"] == "Fill it half."
    assert item["date_published"] == "2026-11-03T09:00:00.000Z"
    assert item["external_url"] == "https://news.example/a"
    assert item["attachments"] == [
        {
            "url": f"https://desk.example.org/p/media/{NAME}",
            "mime_type": "image/jpeg",
            "title": "A Tern kettle on a stove",
        }
    ]


def test_feeds_hold_the_newest_fifty(client: FlaskClient, page: Page):
    page.put_many(55)
    entries = read(client.get("/p/brindlemoor/feed.atom").data).entries
    assert (len(entries), entries[0].title, entries[-1].title) == (50, "Post 54", "Post 05")


def test_an_unchanged_feed_is_not_sent_again(client: FlaskClient, page: Page, clock: FrozenClock):
    key = page.put()
    clock.advance(minutes=1)
    for address in ("/p/brindlemoor/feed.atom", "/p/brindlemoor/feed.json"):
        first = client.get(address)
        assert first.headers["Last-Modified"] == "Tue, 03 Nov 2026 09:00:00 GMT"
        assert first.headers["Cache-Control"] == "public, max-age=60"
        for name, value in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")):
            assert client.get(address, headers={name: first.headers[value]}).status_code == 304
    etag = client.get("/p/brindlemoor/feed.atom").headers["ETag"]
    page.store.delete(key)
    clock.advance(minutes=1)
    again = client.get("/p/brindlemoor/feed.atom", headers={"If-None-Match": etag})
    assert again.status_code == 200
    assert again.headers["Last-Modified"] == "Tue, 03 Nov 2026 09:01:00 GMT"


def test_a_post_of_this_very_second_gives_no_date_to_ask_with(client: FlaskClient, page: Page):
    page.put()
    assert "Last-Modified" not in client.get("/p/brindlemoor/feed.atom").headers
