"""What a post's page says of its publications: one line for each time it went out on several accounts."""

from datetime import timedelta

import pytest

from scheduler.publication_flow import Act
from tests import factories as make
from tests.app.house import count_queries
from tests.app.posts.conftest import HERE, Browser, World, words

__all__ = ["count_queries"]

OUT = (Act.CLAIM, Act.MARK, Act.SUCCEED)
ASKED = (Act.CLAIM, Act.MARK, Act.LOSE, Act.ASK)
HANDLES = ["one", "two", "three", "four"]


@pytest.fixture
def post_id(world: World) -> int:
    """A cleared evergreen post for four accounts."""
    with world.database.write() as session:
        accounts = [make.make_account(session, world.desk, handle=handle).id for handle in HANDLES]
    post_id = world.post(accounts=accounts, evergreen=True)
    world.clear(post_id)
    return post_id


def of_runs(browser: Browser, post_id: int) -> list[str]:
    card = browser.open(f"{HERE}/{post_id}").get_element_by_id("publications")
    return [words(line) for line in card.find_class("run-line")]


def test_three_of_four_is_said_in_one_line_that_leads_to_who_is_needed(
    maya: Browser, world: World, post_id: int
):
    *_, asked = world.run(post_id, {"one": OUT, "two": OUT, "three": OUT, "four": ASKED})
    assert of_runs(maya, post_id) == ["Out on 3 of 4 · 1 needs you"]
    [link] = maya.open(f"{HERE}/{post_id}").xpath("//p[@class='run-line']//a/@href")
    assert link == f"/d/brindlemoor/publications/{asked}"
    maya.open(link)


def test_the_list_under_the_line_is_named_by_it(maya: Browser, world: World, post_id: int):
    world.run(post_id, dict.fromkeys(HANDLES, OUT))
    page = maya.open(f"{HERE}/{post_id}")
    [named] = page.xpath("//li[@class='run']/ul/@aria-labelledby")
    assert words(page.get_element_by_id(named)) == "Out on 4 of 4"
    assert len(page.xpath("//li[@class='run']/ul/li")) == 4


def test_what_is_not_out_yet_is_counted_by_the_words_people_read(maya: Browser, world: World, post_id: int):
    world.run(post_id, {"one": (), "two": (Act.CLAIM,), "three": (Act.HOLD,), "four": (Act.BLOCK,)})
    assert of_runs(maya, post_id) == ["1 held · 1 waiting · 2 going"]


def test_every_run_on_several_accounts_has_its_own_line(maya: Browser, world: World, post_id: int):
    world.run(post_id, {"one": OUT, "two": (Act.MISS,)})
    world.run(post_id, {"one": (), "three": ()}, due_at=make.NOW + timedelta(days=2))
    assert of_runs(maya, post_id) == ["2 going", "Out on 1 of 2 · 1 needs you"]


def test_one_account_alone_needs_no_line(maya: Browser, world: World, post_id: int):
    world.run(post_id, {"one": OUT})
    assert of_runs(maya, post_id) == []
    assert "Out" in words(maya.open(f"{HERE}/{post_id}").get_element_by_id("publications"))


def test_the_page_asks_no_more_for_four_accounts_than_for_one(
    maya: Browser, world: World, post_id: int, count_queries
):
    world.run(post_id, {"one": OUT})
    maya.open(f"{HERE}/{post_id}")
    with count_queries(world.database) as before:
        maya.open(f"{HERE}/{post_id}")
    world.run(post_id, {"two": OUT, "three": OUT, "four": ASKED})
    with count_queries(world.database) as after:
        assert of_runs(maya, post_id) == ["Out on 3 of 4 · 1 needs you"]
    assert len(after) == len(before)
