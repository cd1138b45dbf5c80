"""Feeds from first look to daily polling: what is new, what is the same, when to ask again, what waits for a person."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from content_library import feeds
from content_library.database import Database
from content_library.errors import InvalidInput, NotFound, PermissionDenied
from content_library.feeds import FoundFeed
from content_library.models.desk import Desk
from content_library.models.feed import Feed, FeedItem, Proposal, ProposalState, Story, Subscription
from content_library.models.user import DeskRole, User
from content_library.web_fetch import Fetcher
from tests.factories import make_desk, make_user
from tests.support import sites
from tests.support.clock import FrozenClock
from tests.support.feed_documents import Item, items, rss
from tests.support.sites import Answer, Site

pytestmark = pytest.mark.network


class World:
    """One desk, one person, one site, and the verbs in their transactions."""

    def __init__(self, database: Database, site: Site, fetcher: Fetcher, clock: FrozenClock) -> None:
        self.database, self.site, self.fetcher, self.clock = database, site, fetcher, clock
        with database.write() as session:
            desk = make_desk(session)
            self.desk_id = desk.id
            self.maya_id = make_user(session, "Maya Okafor", desk=desk).id

    def say(self, entries: Sequence[Item], path: str = "/feed", **answer: Any) -> str:
        self.site[path] = Answer(rss(entries), **answer)
        return f"{self.site.url}{path}"

    def find(self, path: str = "/feed") -> FoundFeed:
        found = feeds.look_for(self.fetcher, f"{self.site.url}{path}", now=self.clock())
        assert isinstance(found, FoundFeed)
        return found

    def subscribe(self, path: str = "/feed", *, desk_id: int = 0, who: int = 0) -> int:
        found = self.find(path)
        with self.database.write() as session:
            return feeds.subscribe(
                session,
                session.get_one(Desk, desk_id or self.desk_id),
                found,
                format_key="industry_news",
                actor=session.get_one(User, who or self.maya_id),
                now=self.clock(),
            ).id

    def poll(self, **limits: Any) -> feeds.Polled:
        return feeds.poll_due(self.database, self.fetcher, self.clock(), **limits)

    def poll_in(self, **later: float) -> feeds.Polled:
        """Make everything due, so that only what is found out matters."""
        self.clock.advance(**later)
        with self.database.write() as session:
            for feed in session.scalars(select(Feed)):
                feed.due_at = self.clock()
        return self.poll()

    def count(self, model: Any) -> int:
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(model)) or 0

    def feed(self, number: int = 0) -> Feed:
        with self.database.read() as session:
            feed = session.scalars(select(Feed).order_by(Feed.id)).all()[number]
            session.expunge_all()
            return feed

    def proposed(self, desk_id: int = 0) -> list[str]:
        with self.database.read() as session:
            return list(
                session.scalars(
                    select(FeedItem.title)
                    .join(Proposal, Proposal.item_id == FeedItem.id)
                    .where(Proposal.desk_id == (desk_id or self.desk_id))
                    .order_by(FeedItem.published_at.desc(), FeedItem.id)
                )
            )

    def change(self, verb: Any, subscription_id: int, **more: Any) -> Any:
        with self.database.write() as session:
            subscription = feeds.get_subscription(session, self.desk_id, subscription_id)
            maya = session.get_one(User, self.maya_id)
            return verb(session, subscription, actor=maya, now=self.clock(), **more)


@pytest.fixture
def world(database: Database, clock: FrozenClock) -> Iterator[World]:
    with sites.site() as site, sites.fetcher() as fetcher:
        yield World(database, site, fetcher, clock)


# ---- following ----------------------------------------------------------------------------------------------


def test_following_a_feed_proposes_its_five_newest_stories_at_once(world: World):
    world.say(items(20))
    world.subscribe()
    assert world.count(FeedItem) == 20
    assert world.proposed() == [f"Story number {n} of the kitchen" for n in (20, 19, 18, 17, 16)]
    feed = world.feed()
    assert (feed.title, feed.site_url, feed.error) == ("Kitchen News", "https://news.example/", "")


def test_a_site_that_names_one_feed_is_followed_by_its_own_address(world: World):
    world.say(items(1), "/rss.xml")
    page = '<html><head><link rel="alternate" type="application/rss+xml" href="/rss.xml"></head></html>'
    world.site["/"] = Answer(page.encode(), content_type="text/html")
    world.subscribe("/")
    assert world.feed().url == f"{world.site.url}/rss.xml"


def test_a_site_that_names_several_feeds_lets_the_person_choose(world: World):
    page = "".join(
        f'<link rel="alternate" type="application/rss+xml" href="/{name}.xml" title="{name}">'
        for name in ("posts", "comments")
    )
    world.site["/"] = Answer(f"<html><head>{page}</head></html>".encode(), content_type="text/html")
    found = feeds.look_for(world.fetcher, f"{world.site.url}/", now=world.clock())
    assert [(one.url, one.title) for one in found] == [
        (f"{world.site.url}/posts.xml", "posts"),
        (f"{world.site.url}/comments.xml", "comments"),
    ]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Answer(b"<html><body>Hello</body></html>", content_type="text/html"), "This page names no feed."),
        (Answer(status=404), "The site answers 404"),
        (Answer(b""), "empty page"),
        (Answer(b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><rss/>"), ""),
    ],
)
def test_what_is_no_feed_is_said_at_the_address(world: World, answer: Answer, sentence: str):
    world.site["/x"] = answer
    with pytest.raises(InvalidInput) as refused:
        feeds.look_for(world.fetcher, f"{world.site.url}/x", now=world.clock())
    assert sentence in refused.value.fields["url"]


def test_an_address_inside_the_house_is_refused(world: World):
    with pytest.raises(InvalidInput) as refused:
        feeds.look_for(world.fetcher, "http://10.0.0.1/feed", now=world.clock())
    assert "url" in refused.value.fields


def test_a_desk_follows_a_feed_once(world: World):
    world.say(items(3))
    world.subscribe()
    with pytest.raises(InvalidInput, match="follows Kitchen News already"):
        world.subscribe()


def test_only_people_of_the_desk_can_make_it_follow_a_feed(world: World):
    world.say(items(3))
    with world.database.write() as session:
        desk = session.get_one(Desk, world.desk_id)
        auditor = make_user(session, "Ruth Adler", desk=desk, role=DeskRole.AUDITOR).id
    with pytest.raises(PermissionDenied):
        world.subscribe(who=auditor)
    assert world.count(Subscription) == 0


def test_a_feed_of_another_desk_is_not_found(world: World):
    world.say(items(3))
    subscription_id = world.subscribe()
    with world.database.write() as session:
        other = make_desk(session, "Other desk", "other")
        with pytest.raises(NotFound):
            feeds.get_subscription(session, other.id, subscription_id)


def test_a_shared_feed_is_asked_once_for_all_desks(world: World):
    world.say(items(8))
    world.subscribe()
    with world.database.write() as session:
        other = make_desk(session, "Other desk", "other")
        jonas = make_user(session, "Jonas Weil", desk=other)
    world.subscribe(desk_id=other.id, who=jonas.id)
    assert (world.count(Feed), world.count(FeedItem)) == (1, 8)
    assert len(world.proposed(other.id)) == 5
    before = world.site.times_asked("/feed")
    world.say(items(9))
    assert world.poll_in(days=1).asked == 1
    assert world.site.times_asked("/feed") == before + 1
    assert world.proposed()[0] == world.proposed(other.id)[0] == "Story number 9 of the kitchen"


# ---- polling ------------------------------------------------------------------------------------------------


def test_new_stories_are_proposed_and_known_ones_are_not_proposed_again(world: World):
    world.say(items(6))
    world.subscribe()
    world.say(items(8))
    polled = world.poll_in(hours=5)
    assert (polled.asked, polled.changed, polled.failed) == (1, 1, 0)
    assert world.proposed()[:3] == [f"Story number {n} of the kitchen" for n in (8, 7, 6)]
    assert world.count(FeedItem) == 8


def test_a_feed_that_is_not_due_is_not_asked(world: World):
    world.say(items(3))
    world.subscribe()
    assert world.poll().asked == 0


def test_an_unchanged_feed_costs_a_304(world: World):
    world.say(items(3), headers={"ETag": '"one"', "Last-Modified": "Mon, 02 Nov 2026 08:00:00 GMT"})
    world.subscribe()
    polled = world.poll_in(hours=5)
    assert (polled.asked, polled.changed) == (1, 0)
    asked = world.site.asked[-1]
    assert asked.headers["if-none-match"] == '"one"'
    assert asked.headers["if-modified-since"] == "Mon, 02 Nov 2026 08:00:00 GMT"
    assert world.feed().checked_at == world.clock()


def test_once_a_week_a_feed_is_asked_without_saying_what_we_have(world: World):
    world.say(items(3), headers={"ETag": '"one"'})
    world.subscribe()
    world.poll_in(days=6)
    assert "if-none-match" in world.site.asked[-1].headers
    world.poll_in(days=1)
    assert "if-none-match" not in world.site.asked[-1].headers


def test_the_same_bytes_again_are_no_news(world: World):
    world.say(items(3))
    world.subscribe()
    assert world.poll_in(hours=5).changed == 0


def test_a_feed_that_moved_for_good_is_asked_at_its_new_address(world: World):
    world.say(items(3))
    world.subscribe()
    world.say(items(4), "/new")
    world.site["/feed"] = Answer(status=301, headers={"Location": "/new"})
    world.poll_in(hours=5)
    assert world.feed().url == f"{world.site.url}/new"
    assert world.count(FeedItem) == 4


def test_a_feed_that_moved_onto_another_one_becomes_that_one(world: World):
    world.say(items(3))
    world.say(items(3), "/new")
    world.subscribe()
    world.subscribe("/new")
    with world.database.write() as session:
        other = make_desk(session, "Other desk", "other")
        jonas = make_user(session, "Jonas Weil", desk=other)
    world.subscribe(desk_id=other.id, who=jonas.id)
    world.site["/feed"] = Answer(status=301, headers={"Location": "/new"})
    world.poll_in(hours=5)
    with world.database.read() as session:
        assert [one.feed.url for one in feeds.followed(session, world.desk_id)] == [f"{world.site.url}/new"]
        assert [one.feed.url for one in feeds.followed(session, other.id)] == [f"{world.site.url}/new"]


def test_a_feed_for_a_while_elsewhere_keeps_its_address(world: World):
    world.say(items(3))
    world.subscribe()
    world.say(items(4), "/new")
    world.site["/feed"] = Answer(status=302, headers={"Location": "/new"})
    world.poll_in(hours=5)
    assert world.feed().url == f"{world.site.url}/feed"
    assert world.count(FeedItem) == 4


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (Answer(status=404), "nothing at this address (404)"),
        (Answer(status=410), "gone for good (410)"),
        (Answer(status=500), "answers with an error (500)"),
        (Answer(b"<html><body>Sold</body></html>", content_type="text/html"), "web page and not a feed"),
    ],
)
def test_what_goes_wrong_is_kept_in_words_until_it_works_again(world: World, answer: Answer, sentence: str):
    world.say(items(3))
    world.subscribe()
    world.site["/feed"] = answer
    assert world.poll_in(hours=5).failed == 1
    assert sentence in world.feed().error
    assert world.feed().failures == 1
    world.say(items(4))
    world.poll_in(hours=5)
    assert (world.feed().error, world.feed().failures) == ("", 0)
    assert world.count(FeedItem) == 4


def test_a_failing_feed_is_asked_ever_less_often(world: World):
    world.say(items(3))
    world.subscribe()
    world.site["/feed"] = Answer(status=500)
    waits = []
    for _ in range(4):
        world.poll_in(minutes=1)
        waits.append(world.feed().due_at - world.clock())
    assert waits == [timedelta(minutes=15 * 2**n) for n in range(4)]


def test_retry_after_is_respected(world: World):
    world.say(items(3))
    world.subscribe()
    world.site["/feed"] = Answer(status=429, headers={"Retry-After": "7200"})
    world.poll_in(hours=5)
    assert world.feed().due_at - world.clock() == timedelta(hours=2)


def test_one_bad_feed_delays_no_other(world: World):
    world.say(items(3), "/good")
    world.say(items(2, base="https://other.example"), "/bad")
    world.subscribe("/good")
    world.subscribe("/bad")
    world.say(items(4), "/good")
    world.site["/bad"] = Answer(b"<rss><channel><item>" + b"<a>" * 50_000)
    polled = world.poll_in(hours=5)
    assert (polled.asked, polled.failed) == (2, 1)
    assert "Story number 4 of the kitchen" in world.proposed()


def test_a_paused_feed_is_not_asked_and_a_resumed_one_is(world: World):
    world.say(items(3))
    subscription_id = world.subscribe()
    world.change(feeds.pause, subscription_id)
    assert world.poll_in(days=2).asked == 0
    world.change(feeds.resume, subscription_id)
    assert world.poll().asked == 1


def test_a_claimed_feed_is_not_claimed_twice_until_its_lease_is_over(world: World):
    world.say(items(3))
    world.subscribe()
    world.clock.advance(days=2)
    with world.database.write() as session:
        assert len(feeds.claim_due(session, world.clock(), 10, 60)) == 1
    assert world.poll().asked == 0
    world.clock.advance(seconds=60)
    assert world.poll().asked == 1


def test_many_feeds_are_asked_in_one_round(world: World):
    for number in range(30):
        world.say(items(3, base=f"https://n{number}.example", topic=f"house {number}"), f"/{number}")
        with world.database.write() as session:
            feeds.follow(
                session,
                session.get_one(Desk, world.desk_id),
                f"{world.site.url}/{number}",
                format_key="industry_news",
                actor=session.get_one(User, world.maya_id),
                now=world.clock(),
            )
    polled = world.poll(per_host=4)
    assert (polled.asked, polled.changed, polled.failed) == (30, 30, 0)
    assert (world.count(FeedItem), world.count(Story), world.count(Proposal)) == (90, 90, 90)


# ---- the same article ---------------------------------------------------------------------------------------


def test_new_guids_under_known_links_are_no_news(world: World):
    world.say(items(6, base="http://news.example"))
    world.subscribe()
    moved = [
        replace(one, guid=one.guid + "-new", link=one.link.replace("http:", "https:"))
        for one in items(6, base="http://news.example")
    ]
    world.say(moved)
    world.poll_in(hours=5)
    assert world.count(FeedItem) == 6
    later = [replace(one, link=one.link + "?moved=again") for one in moved]
    world.say(later)
    world.poll_in(hours=5)
    assert world.count(FeedItem) == 6


def test_a_changelog_whose_entries_share_one_link_loses_none(world: World):
    page = "https://news.example/changelog"
    entries = [Item(f"Release {n}", page, f"r{n}", at=Item("x").at + timedelta(hours=n)) for n in range(3)]
    world.say(entries)
    world.subscribe()
    assert (world.count(FeedItem), world.count(Story), len(world.proposed())) == (3, 3, 3)


def test_the_same_link_in_two_feeds_is_one_story(world: World):
    world.say([Item("A kettle for the new year", "https://news.example/k?utm_source=rss", "1")])
    world.say([Item("Kettles, again", "https://www.news.example/k", "2")], "/other")
    world.subscribe()
    world.subscribe("/other")
    assert (world.count(FeedItem), world.count(Story), len(world.proposed())) == (2, 1, 1)


def test_the_same_title_in_two_feeds_within_three_days_is_one_story(world: World):
    at = Item("x").at
    world.say([Item("A kettle for the new year", "https://a.example/1", "1", at=at)])
    same = Item("A Kettle for the New Year!", "https://b.example/9", "2", at=at + timedelta(hours=30))
    world.say([same], "/other")
    old = replace(same, guid="3", link="https://c.example/1", at=at - timedelta(days=4))
    world.say([old], "/third")
    for path in ("/feed", "/other", "/third"):
        world.subscribe(path)
    assert (world.count(FeedItem), world.count(Story)) == (3, 2)


def test_equal_titles_in_one_feed_are_two_stories(world: World):
    world.say(
        [
            Item("The weekly open thread is here", "https://a.example/1", "1"),
            Item("The weekly open thread is here", "https://a.example/2", "2"),
        ]
    )
    world.subscribe()
    assert world.count(Story) == 2


# ---- floods and checks --------------------------------------------------------------------------------------


def flooded(world: World) -> int:
    world.say(items(3))
    subscription_id = world.subscribe()
    world.say(items(40))
    world.poll_in(hours=5)
    return subscription_id


def test_a_flood_waits_for_a_person(world: World):
    subscription_id = flooded(world)
    assert len(world.proposed()) == 3
    with world.database.read() as session:
        subscription = session.get_one(Subscription, subscription_id)
        assert feeds.flood_size(session, subscription) == 37
    assert world.change(feeds.release_flood, subscription_id, take=True) == 37
    assert len(world.proposed()) == 40


def test_a_flood_can_be_left_out_for_good(world: World):
    subscription_id = flooded(world)
    world.change(feeds.release_flood, subscription_id, take=False)
    world.say(items(41))
    world.poll_in(hours=5)
    assert world.proposed()[0] == "Story number 41 of the kitchen"
    assert len(world.proposed()) == 4


def test_as_much_as_usual_is_no_flood(world: World):
    world.say(items(3))
    world.subscribe()
    world.say(items(12))
    world.poll_in(hours=5)
    assert len(world.proposed()) == 12


def test_checking_now_works_once_a_minute(world: World):
    world.say(items(3))
    subscription_id = world.subscribe()
    with pytest.raises(InvalidInput, match="less than a minute ago"):
        world.change(feeds.claim_check, subscription_id)
    world.clock.advance(minutes=1)
    world.say(items(4))
    feed_id = world.change(feeds.claim_check, subscription_id)
    assert world.poll_in(seconds=1).asked == 0
    feeds.poll_one(world.database, world.fetcher, feed_id, world.clock())
    assert world.count(FeedItem) == 4
    assert world.feed().leased_until is None


# ---- leaving ------------------------------------------------------------------------------------------------


def test_leaving_a_feed_takes_what_nobody_decided_on_and_can_be_undone(world: World):
    world.say(items(3))
    subscription_id = world.subscribe()
    with world.database.write() as session:
        first = session.scalars(select(Proposal).order_by(Proposal.id)).first()
        assert first
        first.state = ProposalState.DISMISSED
    world.change(feeds.remove, subscription_id)
    assert world.count(Proposal) == 1
    assert world.poll_in(days=2).asked == 0
    with world.database.read() as session:
        assert feeds.followed(session, world.desk_id) == []
    world.clock.advance(days=1)
    assert world.subscribe() == subscription_id
    assert len(world.proposed()) == 3


def test_a_story_a_desk_dismissed_does_not_come_back_through_another_feed(world: World):
    world.say([Item("A kettle for the new year", "https://news.example/k", "1")])
    world.subscribe()
    with world.database.write() as session:
        session.scalars(select(Proposal)).one().state = ProposalState.DISMISSED
    world.say([Item("Kettles, again", "https://news.example/k", "2")], "/other")
    world.subscribe("/other")
    with world.database.read() as session:
        assert session.scalars(select(Proposal.state)).one() is ProposalState.DISMISSED


def test_very_long_words_are_cut_and_not_lost(world: World):
    world.say([Item("Long " * 400, "https://news.example/long", "x" * 3000, author="A" * 500)])
    world.subscribe()
    with world.database.read() as session:
        item = session.scalars(select(FeedItem)).one()
        assert len(item.title) <= 500
        assert len(item.author) <= 200
