"""The library's list: found, filtered, paged, put away; and quick however long it is."""

from datetime import timedelta

import pytest
from lxml import html
from sqlalchemy import event, insert

from content_library.database import Database
from content_library.models.format import Kind
from content_library.models.post import Post, PostState
from content_library.models.user import User
from scheduler.models import Publication
from tests import factories as make
from tests.app.posts.conftest import Browser, World, words

HERE = "/d/brindlemoor/library"


def titles(page) -> list[str]:
    return [link.text_content() for link in page.xpath("//a[@class='row-title']")]


def test_an_empty_library_asks_for_the_first_post(maya: Browser, ruth: Browser):
    page = maya.open(HERE)
    assert "The first post" in words(page)
    assert page.xpath("//a[contains(., 'Write the first post')]")
    assert ruth.open(HERE).xpath("//a[contains(., 'Write the first post')]") == []


def test_it_lists_the_desks_posts_with_their_state_owner_and_first_words(maya: Browser, world: World):
    world.post(title="Descale your kettle")
    page = maya.open(HERE)
    assert titles(page) == ["Descale your kettle"]
    said = words(page.xpath("//li[contains(@class, 'post-row')]")[0])
    for part in ("Draft", "How-to", "Maya Okafor", "Vinegar and water", "Kettles", "changed today 10:00"):
        assert part in said
    assert "1–1 of 1 posts" in words(page)


def test_it_says_when_a_post_goes_out_next(maya: Browser, world: World):
    post_id = world.post(accounts=[world.page.id])
    world.clear(post_id)
    with world.database.write() as session:
        post, planner = session.get_one(Post, post_id), session.get_one(User, world.maya.id)
        make.plan(session, post, session.merge(world.page), planner)
        publication_id = session.query(Publication.id).scalar()
    page = maya.open(HERE)
    assert page.xpath(f"//a[@href='/d/brindlemoor/publications/{publication_id}']")


def test_filters_stand_in_the_address_and_as_chips_that_take_them_away(maya: Browser, world: World):
    world.post(title="A kettle")
    world.post(title="A lid", evergreen=True)
    page = maya.open(f"{HERE}?q=li&evergreen=1&state=draft&owner=me")
    assert titles(page) == ["A lid"]
    chips = {chip.text_content().strip(): chip.get("href") for chip in page.xpath("//a[@class='chip']")}
    assert set(chips) == {"“li”", "Evergreen only", "Drafts", "Mine"}
    assert chips["Drafts"] == f"{HERE}?q=li&owner=me&evergreen=1"
    assert page.xpath("//select[@name='state']/option[@selected]/@value") == ["draft"]


def test_nothing_found_says_what_to_do(maya: Browser, world: World):
    world.post()
    page = maya.open(f"{HERE}?q=zzz")
    assert "Nothing found" in words(page)
    assert page.xpath(f"//a[@href='{HERE}']")


@pytest.mark.parametrize(
    "query",
    [
        "state=nonsense&kind=x&format=y&owner=9&topic=9&product=z&page=0",
        "page=-3",
        "page=999999999999",
        "q=%00%FF",
        "topic=%27",
    ],
)
def test_an_odd_address_shows_the_library_all_the_same(maya: Browser, world: World, query: str):
    world.post(title="A kettle")
    maya.open(f"{HERE}?{query}")


def test_the_archive_is_a_filter(maya: Browser, world: World):
    post_id = world.post(title="Old")
    maya.send(f"/d/brindlemoor/posts/{post_id}/archive")
    assert titles(maya.open(HERE)) == []
    assert titles(maya.open(f"{HERE}?state=archived")) == ["Old"]


def test_many_are_put_away_at_once_and_what_may_not_be_stays(jonas: Browser, priya: Browser, world: World):
    first, second = world.post(title="First"), world.post(title="Second")
    world.submit(second)
    page = priya.open(jonas.send(f"{HERE}/archive", {"post": [first]}).location)
    assert world.state(first) is PostState.DRAFT  # Jonas does not own it
    answer = priya.send(f"{HERE}/archive?state=draft", {"post": [first, second]})
    assert answer.location == f"{HERE}?state=draft&page=1"
    assert (world.state(first), world.state(second)) == (PostState.ARCHIVED, PostState.IN_REVIEW)
    page = priya.open(answer.location)
    assert "1 archived." in words(page)
    assert "1 stayed" in words(page)


def test_ticking_nothing_says_so(maya: Browser, world: World):
    world.post()
    assert "Tick the posts" in words(maya.open(maya.send(f"{HERE}/archive").location))


def test_another_desks_post_cannot_be_put_away_from_here(maya: Browser, world: World):
    with world.database.write() as session:
        sam = session.get_one(User, world.stranger.id)
        theirs = make.make_post(session, sam.desk_memberships[0].desk, sam).id
    assert maya.send(f"{HERE}/archive", {"post": [theirs]}).status_code == 404
    assert world.state(theirs) is PostState.DRAFT


def test_topics_and_products_are_added_for_scripts_and_for_people(maya: Browser, ruth: Browser):
    said = maya.send("/d/brindlemoor/topics", {"name": " Lime  scale "}, json=True)
    assert (said.status_code, said.json["name"]) == (200, "Lime scale")
    assert maya.send("/d/brindlemoor/topics", {"name": "Lime scale"}, json=True).json["id"] == said.json["id"]
    assert maya.send("/d/brindlemoor/products", {"name": "Tern"}).status_code == 303
    assert maya.send("/d/brindlemoor/topics", {"name": "x" * 61}, json=True).status_code == 422
    assert maya.send("/d/brindlemoor/topics", {"name": ""}, json=True).status_code == 422
    assert ruth.send("/d/brindlemoor/topics", {"name": "No"}, json=True).status_code == 403


def test_a_full_page_stays_within_its_queries_and_its_weight(maya: Browser, world: World, database: Database):
    with database.write() as session:
        row = {
            "desk_id": world.desk.id, "owner_id": world.maya.id, "format_key": "how_to", "kind": Kind.EDU_TAINING,
            "excerpt": "First words. " * 20, "state": PostState.APPROVED, "is_evergreen": True, "created_at": make.NOW,
            "version": 1,
        }  # fmt: skip
        session.execute(
            insert(Post),
            [
                {**row, "title": f"Post {n}", "updated_at": make.NOW - timedelta(minutes=n)}
                for n in range(300)
            ],
        )
    asked = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    page = maya.client.get(f"{HERE}?q=&page=2")
    assert page.status_code == 200
    assert len(titles(html.fromstring(page.text))) == 25
    assert len(asked) <= 15, "\n".join(
        " ".join(a.split())[:150] + a[-120:].replace(chr(10), " ") for a in asked
    )
    assert len(page.data) <= 150 * 1024
