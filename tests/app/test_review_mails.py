"""The mail about a review: word for word what goes out, what changed, why, by when, and one link."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from app import create_app
from app.mail_rendering import renderer
from content_library import decision_links, mail_decisions, submissions
from content_library.database import Database
from content_library.mail_times import SOON
from content_library.models.decision_link import DecisionLink
from content_library.models.notice import Notice
from content_library.models.post import Revision
from content_library.models.review import Review, Verdict
from content_library.models.user import User
from content_library.notices import notify
from content_library.notifications import Words
from content_library.settings import load
from tests import factories as make
from tests.content_library.scene import Scene, make_scene
from tests.factories import NOW

LONG = "First, warm water and a cup of vinegar. " * 9 + "\n\n" + "Then rinse, twice, and let it dry. " * 9


class Desk(Scene):
    """A scene whose notices are worded as mails."""

    folder: Path

    def mail(self, person: User, kind: str = "review.open") -> Words:
        settings = load(
            {"DESKCAST_DATA": str(self.folder), "DESKCAST_PUBLIC_URL": "https://desk.example.org"}
        )
        notice = self.told(person, kind)[-1]
        notice.mailed_at = NOW + SOON
        return renderer(settings)(self.session, [notice])

    @property
    def elena(self) -> User:
        return self.reviewers["marketing"]


@pytest.fixture
def desk(session: Session, tmp_path: Path) -> Desk:
    desk = Desk(**vars(make_scene(session)))
    desk.folder = tmp_path
    return desk


def submitted(desk: Desk, **content: object) -> Review:
    return desk.submit(desk.post(**content)).reviews[0]


def the_link(desk: Desk) -> DecisionLink:
    return desk.session.query(DecisionLink).one()


def test_every_network_is_there_part_by_part_word_for_word(desk: Desk):
    bluesky = make.make_account(desk.session, desk.desk)
    page = make.page_of(desk.session, desk.desk)
    text = f"{LONG}\n\nhttps://www.brindlemoor.example/help"
    review = submitted(desk, text=text, thread=True, accounts=[page.id, bluesky.id])
    words = desk.mail(desk.elena)
    for rendition in review.submission.revision.renditions:
        for part in json.loads(rendition.payload)["parts"]:
            assert part["text"] in words.text
    assert words.text.index("=== Public page ===") < words.text.index(
        "=== Bluesky · brindlemoor.bsky.social ==="
    )
    assert "[1/3]" in words.text
    assert "[3/3]" in words.text
    assert "Links:\nhttps://www.brindlemoor.example/help\n" in words.text


def test_a_poll_and_a_first_comment_are_there_word_for_word_and_named(desk: Desk):
    mastodon = make.make_account(desk.session, desk.desk, network="mastodon", handle="m@social.example")
    bluesky = make.make_account(desk.session, desk.desk)
    fields = {"interest": "a", "use": "b", "host": "c", "reply_until": "2026-12-01T09:00"}
    submitted(
        desk, format_key="future_products", text="Dial or buttons?", accounts=[mastodon.id, bluesky.id],
        fields=fields, poll={"options": ["Dial", "Buttons"], "minutes": 1_440}, first_comment="Ask us here.",
    )  # fmt: skip
    words = desk.mail(desk.elena)
    assert "Dial or buttons?\n( ) Dial\n( ) Buttons\nPoll, open for 1 day\n" in words.text
    assert "A) Dial\nB) Buttons" in words.text
    assert words.text.count("[First comment]\nAsk us here.") == 2
    assert "[1/" not in words.text
    assert words.html.count("First comment:") == 2
    assert "( ) Buttons" in words.html


def test_it_says_who_decides_for_whom_why_and_by_when(desk: Desk):
    post = desk.post()
    revision = desk.session.get_one(Revision, post.latest_revision_id)
    submissions.submit(
        desk.session, post, revision, actor=desk.maya, now=NOW, note="As you asked.",
        wanted_at=NOW + timedelta(days=1),
    )  # fmt: skip
    text = desk.mail(desk.elena).text
    for words in (
        "You decide as Elena Costa for Marketing.",
        "Why you are asked: ",
        "Wanted by: Wednesday 4 November 2026, 10:00:00 CET",
        "Answer by: Tuesday 3 November 2026, 18:00:00 CET",
        "Maya Okafor:\n> As you asked.",
        "Look at it and decide:\nhttps://desk.example.org/decisions/",
        "decides once, until Tuesday 10 November 2026, 10:00:10 CET",
    ):
        assert words in text
    assert "None" not in text
    assert "\n\n\n" not in text


def test_the_link_is_for_this_person_review_and_text(desk: Desk):
    review = submitted(desk)
    words = desk.mail(desk.elena)
    link = the_link(desk)
    assert (link.user, link.review, link.content_hash) == (desk.elena, review, review.submission.content_hash)
    assert words.text.count("/decisions/") == words.html.count("/decisions/") == 1
    assert link.seed in words.text
    assert link.seed in words.html


def test_what_changed_stands_before_the_text_as_lines_that_went_and_came(desk: Desk):
    post = desk.post(text="Twenty minutes.\nRinse twice.")
    first = desk.submit(post).reviews[0]
    make.decide(desk.session, first, desk.elena, Verdict.REQUEST_CHANGES)
    make.save(desk.session, post, desk.maya, text="Thirty minutes.\nRinse twice.")
    desk.submit(post)
    words = desk.mail(desk.elena)
    assert "DECIDED ON REVISION 1\n\nText\n- Twenty minutes.\n+ Thirty minutes.\n" in words.text
    assert ">Thirty</ins>" in words.html
    assert words.text.index("+ Thirty") < words.text.index("=== Public page")


def test_lines_stay_lines_in_html_without_any_style(desk: Desk):
    submitted(desk, text="One\n\nTwo <&>")
    assert "One<br />\n<br />\nTwo &lt;&amp;&gt;" in desk.mail(desk.elena).html


def test_typed_markup_is_harmless_and_a_typed_address_of_a_link_is_only_words(desk: Desk):
    submitted(desk, text=f"<b>1 & 2</b> https://desk.example.org/decisions/{'x' * 43}")
    words = desk.mail(desk.elena)
    assert "&lt;b&gt;1 &amp; 2&lt;/b&gt;" in words.html
    assert "<b>1 & 2</b>" in words.text


def test_who_wants_no_such_link_is_led_to_the_review(desk: Desk):
    desk.elena.wants_mail_decisions = False
    review = submitted(desk)
    words = desk.mail(desk.elena)
    assert f"Read and decide:\nhttps://desk.example.org/reviews/{review.id}\n" in words.text
    assert "/decisions/" not in words.text + words.html
    assert desk.session.query(DecisionLink).count() == 0


def test_who_cannot_decide_gets_the_short_mail_and_no_link(desk: Desk):
    review = submitted(desk)
    notify(
        desk.session, [desk.priya.id], "review.overdue", review, text="It should have been answered.", now=NOW
    )
    words = desk.mail(desk.priya, "review.overdue")
    assert "/decisions/" not in words.text
    assert f"/reviews/{review.id}" in words.text


def test_nobody_outside_is_led_to_a_page_where_one_signs_in(desk: Desk):
    desk.elena.is_external = True
    submitted(desk)
    words = desk.mail(desk.elena)
    assert "/me" not in words.text + words.html
    assert "You get this because you are asked to decide for Marketing." in words.text
    admin = make.make_user(desk.session, "Sam Ito", is_administrator=True)
    mail_decisions.switch(desk.session, on=False, actor=admin, now=NOW)
    words = desk.mail(desk.elena)
    assert "https://desk.example.org" not in words.text + words.html
    assert "Write to the person who asks you." in words.text


def test_a_reminder_brings_a_link_of_its_own(desk: Desk):
    review = submitted(desk)
    notify(
        desk.session, [desk.elena.id], "review.reminder", review, stage="50 %", text="Still waits.", now=NOW
    )
    seeds = {desk.mail(desk.elena, kind).text for kind in ("review.open", "review.reminder")}
    assert len(seeds) == desk.session.query(DecisionLink).count() == 2


def test_a_mail_about_a_review_that_is_over_has_no_link(desk: Desk):
    review = submitted(desk)
    make.decide(desk.session, review, desk.elena)
    notice = desk.session.query(Notice).filter_by(user_id=desk.elena.id).one()
    assert notice.read_at is not None
    desk.mail(desk.elena)
    assert desk.session.query(DecisionLink).count() == 0


def test_the_path_in_the_mail_is_the_one_of_the_page(tmp_path: Path):
    app = create_app(load({"DESKCAST_DATA": str(tmp_path)}), Database("sqlite://"))
    path = f"{decision_links.PATH}{'x' * 43}"
    assert app.url_map.bind("localhost").match(path) == ("decisions.show", {"secret": "x" * 43})
