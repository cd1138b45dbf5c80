"""Names in the talk as the pages show them."""

from content_library.models.user import User
from tests.app.posts.conftest import HERE, Browser, World, words


def test_a_named_person_is_marked_and_keeps_the_mark_under_a_new_name(world: World, maya: Browser):
    post_id = world.post()
    maya.send(f"{HERE}/{post_id}/comments", {"body": "<b>@Priya Raman</b> look"})
    with world.database.write() as session:
        session.get_one(User, world.priya.id).name = "Priya <Menon>"
    page = maya.client.get(f"{HERE}/{post_id}").text
    assert '&lt;b&gt;<b class="mention">@Priya &lt;Menon&gt;</b>&lt;/b&gt; look' in page


def test_a_name_that_fits_nobody_stays_plain_and_a_hint_says_so(world: World, maya: Browser):
    post_id = world.post()
    assert (
        maya.send(f"{HERE}/{post_id}/comments", {"body": "@Pria and @Sam Stranger, look"}).status_code == 303
    )
    page = maya.open(f"{HERE}/{post_id}")
    assert "@Pria, @Sam names nobody here" in words(page)
    assert page.find_class("mention") == []


def test_the_picker_offers_who_may_see_the_post_and_nobody_else(world: World, maya: Browser):
    (field,) = maya.open(f"{HERE}/{world.post()}").xpath("//*[@id='discussion']//textarea")
    offered = field.get("data-people")
    assert "Ruth Adler" in offered
    assert "Tom Hargreave" in offered
    assert "Stranger" not in offered
