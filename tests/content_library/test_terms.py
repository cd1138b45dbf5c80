"""The terms a post names: read soon, kept as read; what rests on them ends when other words stand there."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from content_library import terms
from content_library.approvals import approval_in_force
from content_library.database import Database
from content_library.models.post import Post, PostState
from content_library.models.review import Submission, SubmissionState
from content_library.models.terms import TermsPage
from content_library.terms_pages import copies_of, terms_links
from content_library.terms_text import words_of
from content_library.web_fetch import Fetcher
from tests import factories as make
from tests.content_library.scene import Scene, make_scene
from tests.factories import NOW
from tests.support import sites
from tests.support.sites import Answer, Site

pytestmark = pytest.mark.network
PAGE = (
    "<html><head><title>Terms</title></head><body><nav>Menu</nav>"
    "<article><h1>Terms</h1><p>{}</p></article></body></html>"
)
FIRST = "One per household, in Germany and Austria, until the end of the month, while we have them in stock."
OTHER = (
    "One per person, in Germany only, until the end of the week, and not together with other offers of ours."
)


@pytest.fixture
def site() -> Iterator[Site]:
    with sites.site() as found:
        found["/terms"] = page(FIRST)
        yield found


@pytest.fixture
def fetcher() -> Iterator[Fetcher]:
    with sites.fetcher() as found:
        yield found


def page(words: str) -> Answer:
    return Answer(PAGE.format(words).encode(), content_type="text/html; charset=utf-8")


@pytest.fixture
def post_id(database: Database, site: Site) -> int:
    """A post that names its terms, in review."""
    with database.write() as session:
        scene = make_scene(session)
        scene.format("offer", [[{"team": "legal", "why": "Promises."}]])
        post = scene.post(format_key="offer", fields={"terms": f"See {site.url}/terms, please."})
        scene.submit(post)
        return post.id


def look(database: Database, fetcher: Fetcher, *, hours: float = 0) -> int:
    return terms.check_due(database, fetcher, now=NOW + timedelta(hours=hours))


def decide(database: Database, post_id: int) -> None:
    with database.write() as session:
        submission = session.query(Submission).filter_by(post_id=post_id).one()
        tom = session.query(make.User).filter_by(name="Tom Hargreave").one()
        make.decide(session, submission.reviews[0], tom)


def state(database: Database, post_id: int) -> tuple[PostState, SubmissionState, bool]:
    with database.read() as session:
        post = session.get_one(Post, post_id)
        submission = session.query(Submission).filter_by(post_id=post_id).one()
        return post.state, submission.state, approval_in_force(session, post) is not None


def copies(database: Database, post_id: int) -> list[tuple[str, str]]:
    with database.read() as session:
        submission = session.query(Submission).filter_by(post_id=post_id).one()
        return [(copy.text if copy else "", error) for _url, copy, error in copies_of(session, submission)]


def test_the_addresses_in_terms_and_rules_are_terms_and_no_others():
    content = {
        "fields": {"terms": "https://a.example/t and https://b.example/t.", "link": "https://c.example/"}
    }
    assert terms_links(content) == ["https://a.example/t", "https://b.example/t"]
    assert terms_links({"fields": {"rules": "https://d.example/r"}}) == ["https://d.example/r"]
    assert terms_links({"fields": {}}) == []


def test_they_are_read_soon_and_reviewers_see_the_copy(database, fetcher, post_id):
    assert copies(database, post_id) == [("", "")]
    assert look(database, fetcher) == 0
    [(text, error)] = copies(database, post_id)
    assert FIRST in text
    assert "Menu" not in text
    assert error == ""


def test_the_same_words_change_nothing_whatever_stands_around_them(database, fetcher, site, post_id):
    look(database, fetcher)
    decide(database, post_id)
    site["/terms"] = Answer(
        PAGE.format(FIRST).replace("Menu", "Other menu").encode(), content_type="text/html"
    )
    assert look(database, fetcher, hours=7) == 0
    assert state(database, post_id) == (PostState.APPROVED, SubmissionState.APPROVED, True)


def test_other_words_end_what_was_cleared_on_the_old_ones(database, fetcher, site, post_id):
    look(database, fetcher)
    decide(database, post_id)
    site["/terms"] = page(OTHER)
    assert look(database, fetcher, hours=7) == 1
    assert state(database, post_id) == (PostState.DRAFT, SubmissionState.APPROVED, False)
    with database.read() as session:
        scene = Scene(session, None, None, None, None, None, {})  # type: ignore[arg-type]
        [entry] = scene.recorded("terms.changed")
        assert entry.payload.details["url"] == f"{site.url}/terms"
        maya = session.query(make.User).filter_by(name="Maya Okafor").one()
        assert "have changed since they were read" in scene.told(maya, "approval.lost")[0].text


def test_other_words_take_back_what_is_in_review(database, fetcher, site, post_id):
    look(database, fetcher)
    site["/terms"] = page(OTHER)
    assert look(database, fetcher, hours=7) == 1
    assert state(database, post_id) == (PostState.DRAFT, SubmissionState.WITHDRAWN, False)
    assert look(database, fetcher, hours=14) == 0, "nothing under way names them any more"
    assert site.times_asked("/terms") == 2


def test_submitted_again_the_new_copy_is_the_one_that_counts(database, fetcher, site, post_id):
    look(database, fetcher)
    site["/terms"] = page(OTHER)
    look(database, fetcher, hours=7)
    with database.write() as session:
        post = session.get_one(Post, post_id)
        maya = session.query(make.User).filter_by(name="Maya Okafor").one()
        submission = make.submit(session, post, maya, now=NOW + timedelta(hours=8))
        [(_url, copy, _error)] = copies_of(session, submission)
        assert copy is not None
        assert OTHER in copy.text
    assert look(database, fetcher, hours=15) == 0


def test_a_page_that_cannot_be_read_ends_nothing_and_is_tried_again(database, fetcher, site, post_id):
    site["/terms"] = Answer(status=503)
    look(database, fetcher)
    assert copies(database, post_id) == [("", "It answers 503.")]
    site["/terms"] = page(FIRST)
    assert look(database, fetcher, hours=0.1) == 0
    assert site.times_asked("/terms") == 1
    look(database, fetcher, hours=0.3)
    assert FIRST in copies(database, post_id)[0][0]
    decide(database, post_id)
    site["/terms"] = Answer(status=503)
    assert look(database, fetcher, hours=9) == 0
    assert state(database, post_id)[2]


def test_a_file_is_compared_byte_by_byte(database, fetcher, site, post_id):
    site["/terms"] = Answer(b"%PDF-1.7 one", content_type="application/pdf")
    look(database, fetcher)
    assert copies(database, post_id) == [("", "")]
    site["/terms"] = Answer(b"%PDF-1.7 two", content_type="application/pdf")
    assert look(database, fetcher, hours=7) == 1


def test_what_was_there_before_is_the_same_copy_again(database, fetcher, site, post_id):
    for words, hours in ((FIRST, 0), (OTHER, 7)):
        site["/terms"] = page(words)
        look(database, fetcher, hours=hours)
    with database.write() as session:
        terms_page = session.query(TermsPage).one()
        found = next(c for c in terms_page.copies if FIRST in c.text)
        terms.note(session, terms_page, terms.Read(found.sha256, found.text), now=NOW + timedelta(hours=14))
        assert len(terms_page.copies) == 2
        assert terms_page.sha256 == found.sha256


@pytest.mark.parametrize(
    ("payload", "kind", "words"),
    [
        (b"One  per\nhousehold.\r\n\r\n", "text/plain", "One per\nhousehold."),
        (b"\x00\x01", "application/octet-stream", ""),
        ("Höchstens drei.".encode("latin-1"), "text/plain; charset=iso-8859-1", "Höchstens drei."),
    ],
)
def test_text_is_read_as_text_and_nothing_else_is(payload: bytes, kind: str, words: str):
    assert words_of(payload, content_type=kind) == (None, words.encode())
