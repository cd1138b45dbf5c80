"""Links that decide: for one person, one review, one text; what opens one is in the mail that left, only there."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from content_library import decision_links
from content_library.database import Base
from content_library.decision_links import KEPT, LASTS, find, forget_old, issue, may_use, with_secrets
from content_library.errors import NotFound
from content_library.mail_outbox import Letter
from content_library.models.decision_link import DecisionLink
from content_library.models.desk import Setting
from tests.content_library.scene import Scene, make_scene
from tests.factories import NOW

KEY = "a key of this installation"


@pytest.fixture
def scene(session: Session) -> Scene:
    return make_scene(session)


def made(scene: Scene, *, key: str = KEY) -> DecisionLink:
    review = scene.submit(scene.post()).reviews[0]
    return issue(scene.session, review, scene.reviewers["marketing"], key=key, now=NOW)


def letter(link: DecisionLink, *, to: str = "") -> Letter:
    url = f"https://desk.example.org/decisions/{link.seed}"
    return Letter("k", to or link.user.email, "Subject", f"Decide:\n{url}\n", f'<a href="{url}">x</a>', NOW)


def secret_in(sent: Letter) -> str:
    return sent.text.rpartition("/decisions/")[2].strip()


def test_the_letter_that_leaves_opens_the_link_and_the_stored_one_does_not(scene: Scene):
    link = made(scene)
    sent = with_secrets(scene.session, letter(link), [KEY])
    secret = secret_in(sent)
    assert find(scene.session, secret) is link
    assert f'href="https://desk.example.org/decisions/{secret}"' in sent.html
    with pytest.raises(NotFound):
        find(scene.session, link.seed)


def test_every_try_of_a_mail_carries_the_same_secret(scene: Scene):
    waiting = letter(made(scene))
    first, again = (with_secrets(scene.session, waiting, [KEY]) for _ in range(2))
    assert first == again


def test_the_secret_stands_in_no_table(scene: Scene):
    secret = secret_in(with_secrets(scene.session, letter(made(scene)), [KEY]))
    for table in Base.metadata.sorted_tables:
        for row in scene.session.execute(select(table)):
            assert secret not in str(row), table.name


def test_it_belongs_to_the_person_the_review_and_the_text_of_that_moment(scene: Scene):
    link = made(scene)
    submission = link.review.submission
    assert (link.user, link.revision_id, link.content_hash) == (
        scene.reviewers["marketing"],
        submission.revision_id,
        submission.content_hash,
    )
    assert link.expires_at == NOW + LASTS


def test_a_mail_to_somebody_else_never_carries_it(scene: Scene):
    stray = letter(made(scene), to="somebody.else@example.org")
    assert with_secrets(scene.session, stray, [KEY]) == stray


def test_what_only_looks_like_a_seed_stays_as_it_is(scene: Scene):
    link = made(scene)
    typed = replace(letter(link), text=f"See /decisions/{'x' * 43} and /decisions/{link.seed}longer", html="")
    assert with_secrets(scene.session, typed, [KEY]) == typed


def test_a_mail_that_waits_while_the_key_changes_still_opens(scene: Scene):
    link = made(scene, key="the former key")
    sent = with_secrets(scene.session, letter(link), ["the new key", "the former key"])
    assert find(scene.session, secret_in(sent)) is link


def test_under_a_key_that_is_gone_the_mail_leaves_with_a_link_that_opens_nothing(scene: Scene):
    link = made(scene, key="the former key")
    sent = with_secrets(scene.session, letter(link), ["the new key"])
    assert secret_in(sent) == link.seed


def test_two_links_never_have_the_same_secret(scene: Scene):
    review = scene.submit(scene.post()).reviews[0]
    links = [issue(scene.session, review, scene.reviewers["marketing"], key=KEY, now=NOW) for _ in range(3)]
    assert len({link.secret_hash for link in links}) == 3


@pytest.mark.parametrize("wrong", ["", "x", "x" * 43, "é" * 43, "x" * 5_000])
def test_a_wrong_secret_is_not_found_whatever_it_looks_like(scene: Scene, wrong: str):
    made(scene)
    with pytest.raises(NotFound, match="not complete, or it was never valid"):
        find(scene.session, wrong)


def test_who_may_decide_by_mail(scene: Scene):
    tom = scene.reviewers["legal"]
    assert may_use(scene.session, tom)
    tom.wants_mail_decisions = False
    assert not may_use(scene.session, tom)
    tom.is_external = True
    assert may_use(scene.session, tom)
    scene.session.add(Setting(key=decision_links.SETTING, value={"on": False}))
    assert not may_use(scene.session, tom)


def test_links_that_were_over_long_ago_are_forgotten(scene: Scene):
    link = made(scene)
    forget_old(scene.session, now=link.expires_at + KEPT - timedelta(seconds=1))
    assert scene.session.query(DecisionLink).count() == 1
    forget_old(scene.session, now=link.expires_at + KEPT)
    assert scene.session.query(DecisionLink).count() == 0
