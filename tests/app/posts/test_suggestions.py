"""Suggested words on the pages of a post, without script."""

import pytest

from content_library import discussion, suggestions
from content_library.models.post import Post
from content_library.models.suggestion import SuggestionState
from content_library.models.user import User
from tests.app.posts.conftest import HERE, Browser, World, words
from tests.factories import NOW

TEXT = "Vinegar and water, twenty minutes, then rinse."


@pytest.fixture
def post_id(world: World) -> int:
    """A post beside which Elena has proposed “half an hour” for “twenty minutes”."""
    number = world.post(text=TEXT)
    with world.database.write() as session:
        post = session.get_one(Post, number)
        discussion.comment(
            session, post, "Longer?", actor=session.get_one(User, world.reviewers["marketing"].id), now=NOW,
            revision=post.revisions[-1], place={"quote": "twenty minutes"}, replacement="half an hour",
        )  # fmt: skip
    return number


def state(world: World, post_id: int) -> SuggestionState:
    with world.database.read() as session:
        return suggestions.of_post(session, session.get_one(Post, post_id))[0].state


def place(world: World, post_id: int) -> str:
    """Where the suggestion is answered."""
    with world.database.read() as session:
        found = suggestions.of_post(session, session.get_one(Post, post_id))[0]
        return f"{HERE}/{post_id}/suggestions/{found.id}"


def text_in(world: World, post_id: int, person: User) -> str:
    copy = world.copy(post_id, person)
    return str(copy.content["text"]) if copy else ""


def test_what_is_typed_is_kept_and_the_words_are_put_into_it(world: World, maya: Browser, post_id: int):
    fields = {**maya.composer(post_id), "text": f"First: {TEXT}"}
    answer = maya.send(f"{place(world, post_id)}/application", fields)
    assert answer.status_code == 303
    assert text_in(world, post_id, world.maya) == "First: Vinegar and water, half an hour, then rinse."
    page = words(maya.open(f"{HERE}/{post_id}/compose"))
    assert "Applied by Maya Okafor, not saved as a revision yet" in page
    assert "Undo" in page


def test_undo_puts_them_back_and_twice_says_so(world: World, maya: Browser, post_id: int):
    maya.send(f"{place(world, post_id)}/application", maya.composer(post_id))
    for sentence in ("The words that stood there before are back", "These words are saved already"):
        assert maya.send(f"{place(world, post_id)}/application/removal").status_code == 303
        assert sentence in words(maya.open(f"{HERE}/{post_id}/compose"))
    assert text_in(world, post_id, world.maya) == TEXT
    assert state(world, post_id) is SuggestionState.OPEN


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [("Something else.", "are no longer there"), (f"{TEXT} {TEXT}", "stand there twice")],
)
def test_words_that_cannot_be_placed_are_said_and_what_was_typed_stays(
    world: World, maya: Browser, post_id: int, typed: str, sentence: str
):
    fields = {**maya.composer(post_id), "text": typed}
    assert maya.send(f"{place(world, post_id)}/application", fields).status_code == 303
    assert sentence in words(maya.open(f"{HERE}/{post_id}/compose"))
    assert text_in(world, post_id, world.maya) == typed


def test_a_form_that_cannot_be_kept_applies_nothing(world: World, maya: Browser, post_id: int):
    fields = {**maya.composer(post_id), "title": "x" * 300}
    assert maya.send(f"{place(world, post_id)}/application", fields).status_code == 422
    assert state(world, post_id) is SuggestionState.OPEN


def test_declining_needs_a_word_and_shows_it(world: World, maya: Browser, post_id: int):
    for why, sentence in (("", "Say why, in a word or two."), ("It is measured.", "It is measured.")):
        assert maya.send(f"{place(world, post_id)}/refusal", {"why": why}).status_code == 303
        assert sentence in words(maya.open(f"{HERE}/{post_id}"))
    assert state(world, post_id) is SuggestionState.DECLINED


def test_another_posts_suggestion_is_not_there(world: World, maya: Browser, post_id: int):
    other = world.post(text=TEXT)
    fields = maya.composer(other)
    for act in ("application", "application/removal", "refusal"):
        assert (
            maya.send(
                place(world, post_id).replace(f"/{post_id}/", f"/{other}/") + f"/{act}", fields
            ).status_code
            == 404
        )
    assert state(world, post_id) is SuggestionState.OPEN
