"""How a notice reads as a mail, and where its link leads."""

from pathlib import Path
from typing import Any

import pytest
from werkzeug.exceptions import NotFound

from app import create_app
from app.mail_rendering import renderer
from app.notice_links import path_of
from content_library.database import Database
from content_library.models.desk import Desk
from content_library.models.notice import Notice
from content_library.models.user import User
from content_library.notifications import Words
from content_library.settings import load
from tests import factories as make
from tests.factories import NOW


def notice(kind: str = "review.open", subject_type: str = "review", **details: Any) -> Notice:
    return Notice(
        user=User(name="Tom Hargreave", email="tom@example.org", zone="Europe/Berlin"),
        kind=kind, subject_type=subject_type, subject_id=34, text="“Spare lids” waits for PR.", created_at=NOW,
        details=details,
    )  # fmt: skip


@pytest.fixture
def render(session: Any, tmp_path: Path) -> Any:
    desk: Desk = make.make_desk(session)
    words = renderer(
        load({"DESKCAST_DATA": str(tmp_path), "DESKCAST_PUBLIC_URL": "https://desk.example.org"})
    )

    def of(told: Notice) -> Words:
        told.desk_id = desk.id
        with session.no_autoflush:
            return words(session, [told])

    return of


def test_a_mail_says_what_waits_from_whom_by_when_and_where(render):
    told = notice(
        post_id=7, **{"from": "Maya Okafor"}, quote="As you asked.", excerpt="The lids fit.",
        wanted_at="2026-11-04T08:00:00+00:00",
    )  # fmt: skip
    words = render(told)
    assert words.subject == "“Spare lids” waits for PR"
    for part in (
        "Maya Okafor:\n> As you asked.",
        "The lids fit.",
        "Wanted by: Wednesday 4 November 2026, 09:00:00 CET",
        "Read and decide:\nhttps://desk.example.org/reviews/34\n",
        "https://desk.example.org/me",
    ):
        assert part in words.text
    assert 'href="https://desk.example.org/reviews/34"' in words.html


def test_words_of_people_are_plain_in_text_and_harmless_in_html(render):
    words = render(notice(**{"from": "Maya", "quote": "<b>1 & 2</b>"}))
    assert "> <b>1 & 2</b>" in words.text
    assert "&lt;b&gt;1 &amp; 2&lt;/b&gt;" in words.html


def test_what_is_not_known_is_left_out(render):
    words = render(notice())
    assert "None" not in words.text + words.html
    assert "\n\n\n" not in words.text


@pytest.mark.parametrize(
    ("told", "endpoint"),
    [
        (notice(), "reviews.show"),
        (notice("review.asked", post_id=7), "posts.show"),
        (notice("post.sent_back", "post"), "posts.show"),
        (notice("comment.added", "comment", post_id=7), "posts.show"),
        (notice("publication.failed", "publication"), "calendar.publication"),
        (notice("account.signed_out", "account"), "accounts.index"),
        (notice("boundary.overridden", "boundary"), "boundaries.index"),
        (notice("ladder.asked", "ladderstanding", account_id=3), "ladder.show"),
        (notice("comment.mentioned", "submission", post_id=7), "posts.show"),
        (notice("suggestion.applied", "suggestion", post_id=7), "posts.show"),
        (notice("desk.stopped", "hold"), "calendar.hold_list"),
        (notice("something.else", "thing"), "home.notices"),
    ],
)
def test_every_link_leads_to_a_page_of_ours(told: Notice, endpoint: str, tmp_path: Path):
    app = create_app(load({"DESKCAST_DATA": str(tmp_path)}), Database("sqlite://"))
    path = path_of(told, "brindlemoor").partition("#")[0]
    try:
        found, _values = app.url_map.bind("localhost").match(path)
    except NotFound:
        pytest.fail(f"no page at {path}")
    assert found == endpoint


def test_without_a_desk_there_is_always_the_list(render):
    assert path_of(notice("post.sent_back", "post"), None) == "/notices"
