"""The library's search and filters: the same answers on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from content_library import catalogue, posts
from content_library.finding import MOST_COUNTED, PostFilter, find_posts, has_posts
from content_library.models.format import Kind
from content_library.models.post import Post, PostState
from content_library.search import index_post
from tests.factories import NOW, make_desk, make_post, make_user


@pytest.fixture
def desk(session):
    return make_desk(session)


@pytest.fixture
def maya(session, desk):
    return make_user(session, "Maya Okafor", desk=desk)


def titles(session, desk, *, page=1, per_page=25, **wanted):
    found = find_posts(session, desk.id, PostFilter(**wanted), page=page, per_page=per_page)
    return [post.title for post in found.posts]


@pytest.mark.parametrize(
    "query", ["käse", "KASE", "kase", "kä", "Ka\u0308se reib", "reib käs", "“Käsereibe”!"]
)
def test_words_are_found_by_how_they_begin_whatever_their_case_and_accents(session, desk, maya, query):
    make_post(session, desk, maya, title="Käsereibe", text="Käse reiben.")
    make_post(session, desk, maya, title="Kettle")
    assert titles(session, desk, query=query) == ["Käsereibe"]


@pytest.mark.parametrize("query", ["reibe", "ettle", "käse toaster", "zzz"])
def test_nothing_is_found_by_the_middle_of_a_word_or_by_words_of_two_posts(session, desk, maya, query):
    make_post(session, desk, maya, title="Käsereibe", text="Käse.")
    make_post(session, desk, maya, title="Toaster")
    assert titles(session, desk, query=query) == []


@pytest.mark.parametrize(
    "query", ['"', "' OR 1=1 --", "kettle*", "NEAR(a b)", "a AND", "kettle:*|tea", "\x00"]
)
def test_what_looks_like_a_query_language_is_only_words(session, desk, maya, query):
    make_post(session, desk, maya, title="Something else", text="Entirely.")
    assert titles(session, desk, query=query) in ([], ["Something else"])


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("variants", {"bluesky": {"text": "quokka"}}),
        ("fields", {"terms": "quokka"}),
        ("source", {"url": "", "title": "quokka", "author": "", "via": "", "licence": ""}),
    ],
)
def test_variants_fields_and_sources_are_found_too(session, desk, maya, where, said):
    make_post(session, desk, maya, title="Found", **{where: said})
    assert titles(session, desk, query="quok") == ["Found"]


def test_topics_and_products_are_found_by_their_names(session, desk, maya):
    product = catalogue.add_product(session, desk, "Tern kettle", actor=maya, now=NOW)
    make_post(session, desk, maya, title="Found", text="No word of it.", products=[product.id])
    make_post(session, desk, maya, title="Not this", text="No word of it.")
    assert titles(session, desk, query="tern") == ["Found"]


def test_another_desks_posts_are_never_found(session, desk, maya):
    other = make_desk(session, "Other", "other")
    stranger = make_user(session, "Sam Stranger", desk=other)
    make_post(session, other, stranger, title="Theirs")
    assert titles(session, desk) == []
    assert titles(session, desk, query="theirs") == []


def test_the_latest_change_comes_first(session, desk, maya):
    for number in range(3):
        make_post(session, desk, maya, title=f"Post {number}", now=NOW + timedelta(minutes=number))
    assert titles(session, desk) == ["Post 2", "Post 1", "Post 0"]


def test_the_archive_is_left_out_until_it_is_asked_for(session, desk, maya):
    post = make_post(session, desk, maya, title="Old")
    posts.archive(session, post, actor=maya, now=NOW)
    assert titles(session, desk) == []
    assert titles(session, desk, state=PostState.ARCHIVED) == ["Old"]
    assert has_posts(session, desk.id)


def test_filters_narrow_and_can_be_combined(session, desk, maya):
    jonas = make_user(session, "Jonas Weil", desk=desk)
    topic = catalogue.add_topic(session, desk, "Knives", actor=maya, now=NOW)
    product = catalogue.add_product(session, desk, "Pip toaster", actor=maya, now=NOW)
    make_post(session, desk, maya, title="A", topics=[topic.id], evergreen=True)
    make_post(session, desk, jonas, title="B", topics=[topic.id])
    make_post(session, desk, jonas, title="C", format_key="sale", products=[product.id])
    assert titles(session, desk, owner_id=jonas.id, topic_id=topic.id) == ["B"]
    assert titles(session, desk, kind=Kind.PROMOTION) == ["C"]
    assert titles(session, desk, format_key="sale", product_id=product.id) == ["C"]
    assert titles(session, desk, evergreen=True) == ["A"]
    assert titles(session, desk, query="vinegar", owner_id=maya.id) == ["A"]


def test_pages_hold_what_they_say_and_a_page_too_far_is_the_last(session, desk, maya):
    for number in range(5):
        make_post(session, desk, maya, title=f"Post {number}", now=NOW + timedelta(minutes=number))
    found = find_posts(session, desk.id, PostFilter(), page=99, per_page=2)
    assert [p.title for p in found.posts] == ["Post 0"]
    assert (found.page, found.pages, found.total, found.first, found.last) == (3, 3, 5, 5, 5)


def test_counting_stops_where_nobody_pages_any_more(session, desk, maya):
    row = {
        "desk_id": desk.id, "owner_id": maya.id, "format_key": "how_to", "kind": Kind.EDU_TAINING, "title": "T",
        "excerpt": "", "state": PostState.DRAFT, "is_evergreen": False, "created_at": NOW, "updated_at": NOW,
        "version": 1,
    }  # fmt: skip
    session.execute(insert(Post), [row] * (MOST_COUNTED + 2))
    found = find_posts(session, desk.id, PostFilter())
    assert (found.total, found.is_more, len(found.posts)) == (MOST_COUNTED, True, 25)


def test_a_post_is_found_by_its_new_words_alone_after_it_is_indexed_again(session, desk, maya):
    post = make_post(session, desk, maya, title="Kettle")
    index_post(session, post, ["toaster toaster"])
    assert titles(session, desk, query="kettle") == []
    assert titles(session, desk, query="toast") == ["Kettle"]
