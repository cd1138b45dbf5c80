"""The test bed keeps its own promises; every other test relies on them."""

import smtplib
import socket
from datetime import timedelta

import httpx
import pytest
from playwright.sync_api import Page
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from content_library import clock as real_clock
from content_library.database import Database
from content_library.models.desk import Desk
from tests.support.browser import assert_accessible, assert_fits_width
from tests.support.clock import DEFAULT_NOW, FrozenClock
from tests.support.databases import Databases, Kind
from tests.support.openid import OpenIDProvider
from tests.support.smtp import Mailbox
from tests.support.sockets import SocketRefused

OUTSIDE = "192.0.2.1"  # set aside for documentation, RFC 5737
ACCESSIBLE_PAGE = """<!doctype html><html lang="en"><head><title>A page</title></head>
<body><main><h1>A page</h1><p>Text</p></main></body></html>"""
INACCESSIBLE_PAGE = ACCESSIBLE_PAGE.replace("<p>Text</p>", "<img src='data:,'><form><input></form>")


def a_desk() -> Desk:
    return Desk(name="Service", handle="service", created_at=DEFAULT_NOW)


def test_a_test_cannot_open_a_socket_without_saying_so():
    with socket.socket() as sock, pytest.raises(SocketRefused, match=r"pytest\.mark\.network"):
        sock.connect(("127.0.0.1", 9))


@pytest.mark.network
def test_a_test_marked_network_may_use_loopback():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()


@pytest.mark.network
def test_no_test_reaches_beyond_this_machine():
    with socket.socket() as sock, pytest.raises(SocketRefused, match="outside this machine"):
        sock.connect((OUTSIDE, 80))
    with pytest.raises(SocketRefused, match="outside this machine"):
        socket.create_connection(("deskcast.example", 80), timeout=1)


def test_time_stands_still_until_the_test_moves_it(clock: FrozenClock):
    clock.advance(minutes=5)
    assert clock() == DEFAULT_NOW + timedelta(minutes=5)


def test_a_session_reads_the_time_of_the_clock(session: Session, clock: FrozenClock):
    clock.advance(days=1)
    assert real_clock.now(session) == DEFAULT_NOW + timedelta(days=1)


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_finds_the_database_empty(database: Database, turn: int):
    with database.write() as session:
        assert session.scalar(select(func.count(Desk.id))) == 0
        session.add(a_desk())


def test_a_database_of_its_own_is_migrated_and_apart(database_kind: Kind, databases: Databases):
    first, second = (Database(databases.new_url(database_kind)) for _ in range(2))
    with first.write() as session:
        session.add(a_desk())
    with second.read() as session:
        assert session.scalar(select(func.count(Desk.id))) == 0
    for database in (first, second):
        database.dispose()
        databases.discard(database.url)


def test_the_mail_server_keeps_what_it_is_given(smtp_sink: Mailbox):
    with smtplib.SMTP(smtp_sink.host, smtp_sink.port, local_hostname="localhost", timeout=5) as client:
        client.sendmail(
            "desk@example.org", ["legal@example.org"], "To: legal@example.org\nSubject: A post waits\n\nHi"
        )
    assert [message["Subject"] for message in smtp_sink.to("legal@example.org")] == ["A post waits"]


def test_the_mail_server_refuses_when_told_to(smtp_sink: Mailbox):
    smtp_sink.refusing = "451 Try again later"
    with (
        smtplib.SMTP(smtp_sink.host, smtp_sink.port, local_hostname="localhost", timeout=5) as client,
        pytest.raises(smtplib.SMTPDataError),
    ):
        client.sendmail("desk@example.org", ["legal@example.org"], "Subject: A post waits\n\nHi")


def test_the_openid_provider_describes_itself(openid_provider: OpenIDProvider):
    openid_provider.knows("anna", email="anna@example.org")
    description = httpx.get(openid_provider.discovery_url, timeout=5).json()
    assert description["issuer"] == openid_provider.issuer


def test_axe_lets_a_good_page_pass_and_stops_a_bad_one(page: Page):
    page.set_content(ACCESSIBLE_PAGE)
    assert_accessible(page)
    page.set_content(INACCESSIBLE_PAGE)
    with pytest.raises(AssertionError, match="image-alt"):
        assert_accessible(page)


def test_a_page_too_wide_for_a_phone_is_noticed(phone_page: Page):
    phone_page.set_content(
        "<meta name=viewport content='width=device-width'><div style='width:900px'>wide</div>"
    )
    with pytest.raises(AssertionError, match="pixels too wide"):
        assert_fits_width(phone_page)
