"""Sessions on the server, throttling, and links that work once."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from content_library import one_time_links, sign_in
from content_library.errors import NotFound
from content_library.models.user import LinkPurpose, OneTimeLink, SignInFailure, WebSession
from tests.factories import make_user


@pytest.fixture
def maya(session):
    return make_user(session, "Maya Okafor")


def started(session, person, clock):
    return sign_in.start_session(session, person, now=clock(), identified_by="password")


def test_a_right_password_fits_and_a_wrong_one_does_not():
    stored = sign_in.hash_password("correct horse battery staple")
    assert sign_in.password_fits(stored, "correct horse battery staple")
    assert not sign_in.password_fits(stored, "Correct horse battery staple")


def test_nobody_has_a_password_that_fits():
    assert not sign_in.password_fits(None, "nobody has this password")


def test_a_session_is_found_by_its_secret_which_is_not_stored(session, maya, clock):
    secret = started(session, maya, clock)
    assert sign_in.find_session(session, secret, now=clock()).user is maya
    assert secret not in session.scalars(select(WebSession.secret_hash)).all()


def test_a_session_is_over_after_twelve_idle_hours(session, maya, clock):
    secret = started(session, maya, clock)
    assert sign_in.find_session(session, secret, now=clock.advance(hours=11, minutes=59))
    assert sign_in.find_session(session, secret, now=clock.advance(minutes=1)) is None


def test_a_session_is_over_after_a_week_however_much_it_is_used(session, maya, clock):
    secret = started(session, maya, clock)
    for _ in range(13):
        found = sign_in.find_session(session, secret, now=clock.advance(hours=11.9))
        sign_in.touch(session, found, now=clock())
    clock.set(found.created_at + timedelta(days=7))
    assert sign_in.find_session(session, secret, now=clock()) is None


def test_the_session_of_a_deactivated_person_is_worth_nothing(session, maya, clock):
    secret = started(session, maya, clock)
    maya.is_active = False
    assert sign_in.find_session(session, secret, now=clock()) is None


def test_ending_every_session_but_one_keeps_that_one(session, maya, clock):
    kept, other = started(session, maya, clock), started(session, maya, clock)
    sign_in.end_sessions_of(session, maya, but=sign_in.find_session(session, kept, now=clock()))
    assert sign_in.find_session(session, kept, now=clock())
    assert sign_in.find_session(session, other, now=clock()) is None


def test_ten_failures_in_a_quarter_of_an_hour_are_enough(session, clock):
    keys = ["mail:maya@example.com", "address:192.0.2.1"]
    for _ in range(sign_in.THROTTLE_LIMIT - 1):
        sign_in.note_failure(session, keys, now=clock())
    assert not sign_in.is_throttled(session, keys, now=clock())
    sign_in.note_failure(session, keys[:1], now=clock())
    assert sign_in.is_throttled(session, keys, now=clock())
    assert sign_in.is_throttled(session, keys[:1], now=clock())
    assert not sign_in.is_throttled(session, keys[1:], now=clock())
    assert not sign_in.is_throttled(session, keys, now=clock.advance(minutes=15))


def test_sessions_and_failures_that_are_over_are_forgotten(session, maya, clock):
    started(session, maya, clock)
    sign_in.note_failure(session, ["address:192.0.2.1"], now=clock())
    sign_in.forget_old_sessions(session, now=clock.advance(hours=12))
    assert session.scalars(select(WebSession)).all() == []
    assert session.scalars(select(SignInFailure)).all() == []


def test_a_link_works_once(session, maya, clock):
    secret = one_time_links.issue(session, LinkPurpose.INVITATION, maya, now=clock())
    assert one_time_links.use(session, LinkPurpose.INVITATION, secret, now=clock()).user is maya
    with pytest.raises(NotFound, match="has been used"):
        one_time_links.use(session, LinkPurpose.INVITATION, secret, now=clock())


def test_a_link_does_nothing_else_than_its_purpose(session, maya, clock):
    secret = one_time_links.issue(session, LinkPurpose.INVITATION, maya, now=clock())
    with pytest.raises(NotFound):
        one_time_links.use(session, LinkPurpose.PASSWORD_RESET, secret, now=clock())


@pytest.mark.parametrize("purpose", LinkPurpose)
def test_a_link_is_over_at_its_end(session, maya, clock, purpose):
    secret = one_time_links.issue(session, purpose, maya, now=clock())
    clock.advance(seconds=one_time_links.LASTS[purpose].total_seconds())
    with pytest.raises(NotFound):
        one_time_links.find(session, purpose, secret, now=clock())


def test_a_new_link_ends_the_former_one(session, maya, clock):
    former = one_time_links.issue(session, LinkPurpose.PASSWORD_RESET, maya, now=clock())
    newer = one_time_links.issue(session, LinkPurpose.PASSWORD_RESET, maya, now=clock())
    assert one_time_links.find(session, LinkPurpose.PASSWORD_RESET, newer, now=clock())
    with pytest.raises(NotFound):
        one_time_links.find(session, LinkPurpose.PASSWORD_RESET, former, now=clock())


def test_the_link_of_a_deactivated_person_does_not_work(session, maya, clock):
    secret = one_time_links.issue(session, LinkPurpose.INVITATION, maya, now=clock())
    maya.is_active = False
    with pytest.raises(NotFound):
        one_time_links.find(session, LinkPurpose.INVITATION, secret, now=clock())


def test_the_secret_of_a_link_is_not_stored(session, maya, clock):
    secret = one_time_links.issue(session, LinkPurpose.INVITATION, maya, now=clock())
    assert session.scalars(select(OneTimeLink.secret_hash)).one() == sign_in.secret_hash(secret)
