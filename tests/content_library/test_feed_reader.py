"""Feeds as they are in the wild, and as an enemy would write them."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from content_library.confined import ConfinedPool
from content_library.feed_discovery import DiscoveredFeed, discover_feeds, discover_feeds_safely
from content_library.feed_reader import (
    DateSource,
    FeedUnreadable,
    NotAFeed,
    ReadFeed,
    read_feed,
    read_feed_safely,
)

NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
URL = "https://news.example/feeds/all.xml"


def rss(items: str = "", *, head: str = "", start: str = '<?xml version="1.0"?>') -> bytes:
    return (
        f'{start}<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/" '
        'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<channel><title>News</title><link>/</link>{head}{items}</channel></rss>"
    ).encode()


def read(body: bytes, **options: str) -> ReadFeed:
    return read_feed(body, url=URL, now=NOW, **options)


def one(item: str, **options: str) -> object:
    return read(rss(f"<item>{item}</item>"), **options).entries[0]


# --- what a feed becomes ------------------------------------------------------------------------------


def test_an_rss_entry_becomes_plain_data() -> None:
    feed = read(
        rss(
            "<item><guid isPermaLink='false'>a-1</guid><title>Tom &amp;amp; &lt;b&gt;Jerry&lt;/b&gt;</title>"
            "<link>/story?a=1&amp;b=2</link><dc:creator>Anna\n Bell</dc:creator>"
            "<category>Cats</category><category>Cats</category><category>Mice</category>"
            "<description>&lt;p&gt;One&lt;/p&gt;&lt;p&gt;two &lt;a href='/x'&gt;three&lt;/a&gt;&lt;/p&gt;</description>"
            "<pubDate>Mon, 02 Nov 2026 10:00:00 +0100</pubDate>"
            "<media:thumbnail url='/t.jpg'/></item>",
            head="<language>en-GB</language><ttl>90</ttl><copyright>CC BY 4.0</copyright>",
        )
    )
    assert (feed.title, feed.site_url, feed.language, feed.ttl_minutes) == (
        "News",
        "https://news.example/",
        "en-GB",
        90,
    )
    entry = feed.entries[0]
    assert (entry.guid, entry.link) == ("a-1", "https://news.example/story?a=1&b=2")
    assert (entry.title, entry.author, entry.tags) == ("Tom & Jerry", "Anna Bell", ("Cats", "Mice"))
    assert entry.summary_text == "One two three"
    assert 'href="https://news.example/x"' in entry.summary_html
    assert (entry.published_at, entry.date_source) == (
        datetime(2026, 11, 2, 9, tzinfo=UTC),
        DateSource.PUBLISHED,
    )
    assert entry.image_url == "https://news.example/t.jpg"
    assert entry.licence == "CC BY 4.0"
    assert feed.notes == ()


def test_an_atom_entry_becomes_plain_data() -> None:
    feed = read(
        b"""<feed xmlns="http://www.w3.org/2005/Atom"><title type="text">1 &lt; 2</title>
        <link href="https://site.example/"/><link rel="self" href="/self"/>
        <entry><id>urn:1</id><title type="html">A &amp;lt;div&amp;gt; &lt;i&gt;tag&lt;/i&gt;</title>
        <link rel="enclosure" type="image/png" href="https://cdn.example/i.png"/>
        <link rel="alternate" href="https://site.example/1"/>
        <author><name>Bo</name></author><updated>2026-11-01T08:00:00Z</updated>
        <summary type="text">x &lt; y &amp; z</summary></entry></feed>"""
    )
    entry = feed.entries[0]
    assert (feed.title, feed.site_url) == ("1 < 2", "https://site.example/")
    assert (entry.title, entry.link, entry.author) == ("A <div> tag", "https://site.example/1", "Bo")
    assert (entry.summary_text, entry.summary_html) == ("x < y & z", "x &lt; y &amp; z")
    assert (entry.published_at, entry.date_source) == (
        datetime(2026, 11, 1, 8, tzinfo=UTC),
        DateSource.UPDATED,
    )
    assert entry.image_url == "https://cdn.example/i.png"


def test_an_rdf_feed_is_read() -> None:
    feed = read(
        b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
        <channel rdf:about="x"><title>Old</title></channel>
        <item rdf:about="https://old.example/1"><title>One</title><link>https://old.example/1</link></item>
        </rdf:RDF>"""
    )
    assert (feed.title, feed.entries[0].link) == ("Old", "https://old.example/1")


@pytest.mark.parametrize("version", ["1", "1.1"])
def test_a_json_feed_is_read_by_ourselves(version: str) -> None:
    author = (
        {"authors": [{"name": "Anna"}, {"name": "Bo"}]} if version == "1.1" else {"author": {"name": "Anna"}}
    )
    body = {
        "version": f"https://jsonfeed.org/version/{version}",
        "title": "News",
        "home_page_url": "https://site.example/",
        "items": [
            {
                "id": 7,
                "url": "/7",
                "title": "Plain <b>",
                "content_html": "<p onclick='x()'>Hi</p><script>x()</script>",
                "date_published": "2026-11-02T10:00:00+01:00",
                "tags": ["one", 2],
                "image": "/i.png",
                **author,
            },
            {"id": "8", "content_text": "a < b"},
            "not an item",
        ],
    }
    feed = read(json.dumps(body).encode(), content_type="application/feed+json")
    first, second = feed.entries
    assert (first.guid, first.link, first.title) == ("7", "https://news.example/7", "Plain <b>")
    assert (first.summary_html, first.summary_text) == ("<p>Hi</p>", "Hi")
    assert first.author == ("Anna, Bo" if version == "1.1" else "Anna")
    assert (first.published_at, first.tags) == (datetime(2026, 11, 2, 9, tzinfo=UTC), ("one", "2"))
    assert (second.summary_text, second.date_source) == ("a < b", DateSource.FIRST_SEEN)


def test_an_entry_without_anything_is_kept_and_empty() -> None:
    entry = one("")
    assert (entry.guid, entry.link, entry.title, entry.summary_html) == (None, "", "", "")  # type: ignore[attr-defined]


def test_a_broken_feed_is_read_with_a_note() -> None:
    feed = read(rss("<item><title>Fish & chips</title><description>a<br>b</item>"))
    assert feed.entries[0].title == "Fish & chips"
    assert feed.notes == ("The feed is not well-formed, but it can be read.",)


def test_only_the_first_five_hundred_entries_are_read_with_a_note() -> None:
    feed = read(rss("<item><title>x</title></item>" * 520))
    assert len(feed.entries) == 500
    assert feed.notes == ("The feed has 520 entries; we read the first 500.",)


def test_how_often_a_feed_asks_to_be_read() -> None:
    period = "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>"
    assert read(rss(head=period)).ttl_minutes == 360
    assert read(rss(head="<ttl>soon</ttl>")).ttl_minutes is None


# --- bytes to text ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "declared", "content_type"),
    [
        ("utf-8", "", "text/xml"),
        ("utf-8-sig", "", ""),
        ("cp1252", ' encoding="iso-8859-1"', "text/xml"),
        ("cp1252", "", "text/xml; charset=iso-8859-1"),
        ("cp1252", ' encoding="utf-8"', "text/xml; charset=utf-8"),
        ("utf-8", ' encoding="utf-8"', "text/xml; charset=nonsense"),
        ("utf-16", ' encoding="utf-16"', ""),
        ("utf-16-le", ' encoding="utf-16"', ""),
    ],
)
def test_an_encoding_is_found(encoding: str, declared: str, content_type: str) -> None:
    text = rss("<item><title>Zoë’s café</title></item>", start=f'<?xml version="1.0"{declared}?>').decode()
    assert read(text.encode(encoding), content_type=content_type).entries[0].title == "Zoë’s café"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32", "utf-7"])
def test_own_entities_are_refused_in_any_encoding(encoding: str) -> None:
    layers = "".join(f"<!ENTITY e{n + 1} '{''.join([f'&e{n};'] * 10)}'>" for n in range(8))
    bomb = (
        f"<!DOCTYPE rss [<!ENTITY e0 'ha'>{layers}]>"
        + rss("<item><title>&e8;</title></item>", start="").decode()
    )
    charset = "text/xml; charset=" + encoding
    started = time.process_time()
    with pytest.raises((FeedUnreadable, NotAFeed)):
        read(bomb.encode(encoding), content_type=charset)
    assert time.process_time() - started < 2


# --- cleaning -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dirty",
    [
        "<a href='java&#09;script:alert(1)'>x</a>",
        "<a href=' JaVaScRiPt:alert(1)'>x</a>",
        "<a href='data:text/html,x'>x</a>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)><a xlink:href='javascript:alert(1)'>x</a></svg>",
        "<script>alert(1)</script>",
        "<style>*{}</style><p style='x:y' class='z' id='q'>x</p>",
        "<iframe src='https://x.example'></iframe>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        "<form action='https://x.example'><input name=a></form>",
        "<!--<img src=x onerror=alert(1)>-->",
        "<a href='//\\evil.example'>x</a>",
    ],
)
def test_nothing_that_acts_survives_cleaning(dirty: str) -> None:
    entry = one(f"<description><![CDATA[{dirty}]]></description>")
    for bad in ("script", "onerror", "onload", "style", "iframe", "data:", "<form", "<svg", "class=", "\\"):
        assert bad not in entry.summary_html.lower()  # type: ignore[attr-defined]


def test_links_out_carry_no_reference_back() -> None:
    entry = one("<description>&lt;a href='https://x.example/'&gt;x&lt;/a&gt;</description>")
    assert 'rel="noopener noreferrer nofollow ugc"' in entry.summary_html  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "java&#09;script:alert(1)", "data:text/html,x", "file:///etc", "http://a\\b/"],
)
def test_an_entrys_link_is_http_or_nothing(link: str) -> None:
    entry = one(f"<guid isPermaLink='false'>1</guid><link>{link}</link>")
    assert entry.link == ""  # type: ignore[attr-defined]


def test_a_title_about_a_tag_keeps_it() -> None:
    assert one("<title>&lt;script&gt;</title>").title == "<script>"  # type: ignore[attr-defined]


def test_control_characters_and_length_are_taken_from_titles() -> None:
    item = {"title": "a\u0007\u0081b\n" + "c" * 900}
    body = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [item]})
    assert read(body.encode()).entries[0].title == "ab " + "c" * 497


# --- dates --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "language", "read_as"),
    [
        ("Tue, 03 Feb 2026 10:00:00 +0100", "", datetime(2026, 2, 3, 9, tzinfo=UTC)),
        ("mar., 03 févr. 2026 10:00:00 +0100", "fr", datetime(2026, 2, 3, 9, tzinfo=UTC)),
        ("Di, 03 Dez 2024 09:00:00 +0000", "de-DE", datetime(2024, 12, 3, 9, tzinfo=UTC)),
        ("3 de febrero de 2026", "", datetime(2026, 2, 3, tzinfo=UTC)),
        ("вт, 03 фев 2026 10:00", "ru", datetime(2026, 2, 3, 10, tzinfo=UTC)),
    ],
)
def test_a_date_is_read_in_its_language(written: str, language: str, read_as: datetime) -> None:
    body = rss(f"<item><pubDate>{written}</pubDate></item>", head=f"<language>{language}</language>")
    entry = read(body).entries[0]
    assert entry.published_at == read_as
    expected = DateSource.PUBLISHED if written.startswith("Tue") else DateSource.LOCALISED
    assert entry.date_source is expected


@pytest.mark.parametrize(
    "written",
    [
        "Wed, 04 Nov 2026 09:00:00 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "0000-00-00",
        "soon",
        "99999-01-01",
        "",
    ],
)
def test_a_date_that_cannot_be_is_when_we_first_saw_it(written: str) -> None:
    entry = one(f"<pubDate>{written}</pubDate>")
    assert (entry.published_at, entry.date_source) == (NOW, DateSource.FIRST_SEEN)  # type: ignore[attr-defined]


def test_without_a_date_the_documents_own_counts() -> None:
    entry = one("<title>x</title>", last_modified="Sun, 01 Nov 2026 12:00:00 GMT")
    assert entry.published_at == datetime(2026, 11, 1, 12, tzinfo=UTC)  # type: ignore[attr-defined]
    assert entry.date_source is DateSource.LAST_MODIFIED  # type: ignore[attr-defined]


# --- not a feed ---------------------------------------------------------------------------------------

PAGE = b"""<!DOCTYPE html><html><head><base href="https://site.example/blog/">
<link rel="alternate" type="application/rss+xml" title="All &amp; more" href="feed.xml">
<link rel="ALTERNATE" type="application/atom+xml; charset=utf-8" href="//site.example/atom">
<link rel="alternate" type="application/feed+json" href="/feed.json">
<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">
<link rel="alternate" type="text/html" href="/fr"></head>
<body><a href="/comments/feed/">Comments</a><a href="/feed.json">Again</a><a href="/about">About</a></body></html>"""


def test_a_web_page_is_not_a_feed_and_names_its_feeds() -> None:
    with pytest.raises(NotAFeed) as page:
        read(PAGE)
    assert page.value.is_page
    assert discover_feeds(PAGE, "https://site.example/") == [
        DiscoveredFeed("https://site.example/blog/feed.xml", "All & more", "RSS", is_named=True),
        DiscoveredFeed("https://site.example/atom", "", "Atom", is_named=True),
        DiscoveredFeed("https://site.example/feed.json", "", "JSON Feed", is_named=True),
        DiscoveredFeed("https://site.example/comments/feed/", "Comments", "RSS", is_named=False),
    ]


@pytest.mark.parametrize(
    "body",
    [b"", b"  \n", b"plain words", b"<svg/>", b"{}", b'{"version": 1}', b"[1]", b"\x00\x01\x02", b"%PDF-1.7"],
)
def test_anything_else_is_not_a_feed_rather_than_an_empty_one(body: bytes) -> None:
    with pytest.raises(NotAFeed):
        read(body)


@pytest.mark.parametrize("body", [b"{", b'{"a": ' + b"[" * 100_000, b'{"id": ' + b"9" * 10_000 + b"}"])
def test_broken_json_cannot_be_read(body: bytes) -> None:
    with pytest.raises(FeedUnreadable):
        read(body)


@given(
    st.binary(max_size=200), st.sampled_from([b"", b"{", b"<rss>", b"<feed>", b"<?xml", b"<!DOCTYPE html>"])
)
@example(b"", b"<rss>")
def test_whatever_comes_is_a_feed_or_one_of_two_refusals(body: bytes, start: bytes) -> None:
    try:
        feed = read(start + body)
    except (FeedUnreadable, NotAFeed) as refusal:
        assert refusal.message.endswith(".")
    else:
        assert isinstance(feed, ReadFeed)
    discover_feeds(start + body, URL)


FRAGMENTS = (
    "<item> </item> <title> </title> <link> </link> <guid> <description> </description> <![CDATA[ ]]> <!-- --> "
    "<pubDate> </pubDate> Tue,&#x20;03 &amp; &lt; &bogus; <a&#x20;b='c'> <media:thumbnail/> <author> <br> x "
    "http://[ 2026"
)


@given(st.lists(st.sampled_from(FRAGMENTS.split()), max_size=40))
def test_whatever_stands_in_a_channel_is_read_or_refused(parts: list[str]) -> None:
    try:
        feed = read(rss("".join(parts)))
    except (FeedUnreadable, NotAFeed):
        return
    for entry in feed.entries:
        assert entry.link == "" or entry.link.startswith(("http://", "https://"))
        assert "<script" not in entry.summary_html
        assert entry.published_at <= NOW


# --- hostile documents, in a process that can be killed ------------------------------------------------


@pytest.fixture(scope="module")
def pool() -> Iterator[ConfinedPool]:
    pool = ConfinedPool(size=2)
    yield pool
    pool.close()


HOSTILE = {
    "comments": rss("<item><description><![CDATA[" + "<!--" * 200_000 + "]]></description></item>"),
    "bare comments": rss("<item><description>" + "<!--" * 200_000 + "</description></item>"),
    "open cdata": rss("<item>" + "<![CDATA[" * 100_000 + "</item>"),
    "nested": rss("<a>" * 100_000),
    "nested in html": rss("<item><description><![CDATA[" + "<div>" * 50_000 + "]]></description></item>"),
    "attributes": rss("<item " + " ".join(f'a{n}="x"' for n in range(50_000)) + "/>"),
    "many tags": rss("<a/>" * 300_000),
    "long title": rss("<item><title>" + "x" * 4_000_000 + "</title></item>"),
    "long date": rss("<item><pubDate>" + "1 Jan " * 100_000 + "</pubDate></item>"),
    "doctypes": b"<rss>" + b"<!DOCTYPE " * 100_000,
    "open tags": b"<rss>" + b"<a b='" * 200_000,
    "ampersands": rss("<item><title>" + "&" * 400_000 + "</title></item>"),
    "many entries": rss("<item><title>x</title><link>/x</link></item>" * 20_000),
    "many dates": rss("<item><pubDate>32 Foo 20260</pubDate></item>" * 400),
    "json": b'{"version": "https://jsonfeed.org/version/1.1", "items": ' + b"[" * 1_000_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_no_hostile_document_costs_more_than_its_limits_or_harms_the_next(
    pool: ConfinedPool, name: str
) -> None:
    started = time.monotonic()
    try:
        feed = read_feed_safely(HOSTILE[name], url=URL, now=NOW, pool=pool)
    except (FeedUnreadable, NotAFeed) as refusal:
        assert refusal.message.endswith(".")
    else:
        assert all(len(entry.title) <= 500 and len(entry.summary_html) < 1_000_000 for entry in feed.entries)
    assert time.monotonic() - started < 12
    assert read_feed_safely(rss("<item/>"), url=URL, now=NOW, pool=pool).title == "News"


def test_a_document_that_takes_too_long_says_so_and_delays_no_other() -> None:
    pool = ConfinedPool(size=2, wall_seconds=1.0)
    slow = HOSTILE["many entries"]
    try:
        read_feed_safely(rss("<item/>"), url=URL, now=NOW, pool=pool)
        with ThreadPoolExecutor(2) as threads:
            stuck = threads.submit(read_feed_safely, slow, url=URL, now=NOW, pool=pool)
            others = threads.submit(
                lambda: [read_feed_safely(rss("<item/>"), url=URL, now=NOW, pool=pool) for _ in range(20)]
            )
            assert len(others.result()) == 20
            with pytest.raises(FeedUnreadable, match="more than 10 seconds"):
                stuck.result()
    finally:
        pool.close()


def test_what_comes_from_the_other_process_is_what_was_read(pool: ConfinedPool) -> None:
    body = rss(
        "<item><title>Zoë</title><category>x</category><pubDate>Mon, 02 Nov 2026 10:00:00 GMT</pubDate></item>"
    )
    plain = read_feed(body, url=URL, now=NOW)
    assert read_feed_safely(body, url=URL, now=NOW, pool=pool) == plain
    with pytest.raises(NotAFeed) as page:
        read_feed_safely(PAGE, url=URL, now=NOW, pool=pool)
    assert page.value.is_page
    with pytest.raises(FeedUnreadable, match="own entities"):
        read_feed_safely(b"<!DOCTYPE rss [<!ENTITY a 'b'>]><rss/>", url=URL, now=NOW, pool=pool)
    assert discover_feeds_safely(PAGE, "https://site.example/", pool=pool) == discover_feeds(
        PAGE, "https://site.example/"
    )
