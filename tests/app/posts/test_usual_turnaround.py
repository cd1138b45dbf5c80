"""How long teams usually take, said where people decide when to send."""

from tests.app.posts.conftest import HERE, Browser, World, words


def test_the_composer_says_how_long_a_team_usually_takes(maya: Browser, world: World):
    for _ in range(5):
        world.clear(world.post())
    panel = words(maya.open(f"{HERE}/{world.post()}/compose"))
    assert "within 8 working hours, usually less than a minute" in panel


def test_a_post_in_review_says_it_too(maya: Browser, world: World):
    for _ in range(5):
        world.clear(world.post())
    post_id = world.post()
    world.submit(post_id)
    assert "Usually answers in less than a minute of its working time." in words(
        maya.open(f"{HERE}/{post_id}")
    )


def test_of_a_team_with_few_answers_nothing_is_said(maya: Browser, world: World):
    for _ in range(4):
        world.clear(world.post())
    post_id = world.post()
    assert "usually" not in words(maya.open(f"{HERE}/{post_id}/compose"))
    world.submit(post_id)
    assert "Usually" not in words(maya.open(f"{HERE}/{post_id}"))
