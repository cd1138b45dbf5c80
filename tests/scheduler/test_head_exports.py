"""The head of the record leaves the house once a day, to every place it is to go, and a failure is known."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import select

from content_library import audit
from content_library.errors import InvalidInput, PermissionDenied
from content_library.models.audit import AuditEntry
from content_library.models.desk import Desk
from content_library.models.notice import Mail
from content_library.sealing import export_head, read_head, seal, verify
from content_library.settings import load
from content_library.web_addresses import FetchPolicy
from content_library.web_fetch import Fetcher
from scheduler import head_exports
from scheduler.head_exports import Places
from tests import factories as make

pytestmark = pytest.mark.network
KEY = "the key of the record"


@pytest.fixture
def settings(tmp_path):
    return load({"DESKCAST_DATA": str(tmp_path)})


@pytest.fixture
def fetcher():
    with Fetcher(FetchPolicy(allow=("127.0.0.1:*",))) as fetcher:
        yield fetcher


@pytest.fixture
def hook():
    """A webhook; `status` is what it answers, `got` what it was sent."""

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.got.append((self.headers["Content-Type"], body))
            self.send_response(server.status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.got, server.status = [], 204
    server.url = f"http://127.0.0.1:{server.server_port}/heads"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def sealed(database, clock):
    with database.write() as session:
        desk = Desk(id=1, name="Kettles", handle="kettles")
        for number in range(5):
            audit.record(
                session, "desk.changed", desk, actor=None, now=clock(), desk_id=1, summary=f"Change {number}"
            )
        seal(session, key=KEY, now=clock.advance(seconds=5))
    return database


def go_to(database, places, clock):
    with database.write() as session:
        sam = make.make_user(session, "Sam Ito", is_administrator=True)
        head_exports.set_places(session, places, actor=sam, now=clock())


def entries(database):
    with database.read() as session:
        rows = session.scalars(
            select(AuditEntry).where(AuditEntry.verb == "record.head_exported").order_by(AuditEntry.id)
        )
        return [(row.summary, row.payload.details) for row in rows]


def test_without_any_setting_it_goes_into_a_file_that_verifies_the_record(sealed, settings, fetcher, clock):
    head_exports.export_daily(sealed, settings, fetcher)
    [file] = settings.heads_folder.iterdir()
    assert file.name == "head-2026-11-03-5.json"
    head = read_head(json.loads(file.read_text()))
    with sealed.read() as session:
        assert head.mac == export_head(session)["mac"]
        assert verify(session, key=KEY, now=clock(), head=head).ok
    [(summary, details)] = entries(sealed)
    assert summary == "Exported the head at entry 5 to: folder"
    assert (details["seq"], details["mac"]) == (5, head.mac)


def test_it_goes_once_a_day(sealed, settings, fetcher, clock):
    assert head_exports.export_daily(sealed, settings, fetcher)
    assert head_exports.export_daily(sealed, settings, fetcher) is None
    clock.advance(days=1)
    assert head_exports.export_daily(sealed, settings, fetcher)
    assert len(entries(sealed)) == 2
    assert len(list(settings.heads_folder.iterdir())) == 2


def test_it_goes_by_mail_and_to_a_webhook(sealed, settings, fetcher, clock, hook):
    go_to(sealed, Places(folder=False, mail="audit@example.com", webhook=hook.url), clock)
    export = head_exports.export_daily(sealed, settings, fetcher)
    assert (list(export.done), dict(export.problems)) == (["mail", "webhook"], {})
    [(kind, body)] = hook.got
    assert kind == "application/json"
    assert json.loads(body)["seq"] == 5
    with sealed.read() as session:
        mail = session.scalars(select(Mail)).one()
        assert mail.to == "audit@example.com"
        assert json.loads(body)["mac"] in mail.text
    assert not settings.heads_folder.exists()
    assert entries(sealed)[0][1]["to"] == {"mail": "audit@example.com", "webhook": hook.url}


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_webhook_that_refuses_is_known_and_asked_again_an_hour_later(
    sealed, settings, fetcher, clock, hook, status
):
    go_to(sealed, Places(webhook=hook.url), clock)
    hook.status = status
    assert head_exports.export_daily(sealed, settings, fetcher).problems == {
        "webhook": f"The webhook answers {status}."
    }
    assert head_exports.export_daily(sealed, settings, fetcher) is None
    hook.status = 200
    clock.advance(hours=1)
    export = head_exports.export_daily(sealed, settings, fetcher)
    assert (list(export.done), dict(export.problems)) == (["folder", "webhook"], {})
    assert len(hook.got) == 2
    assert [summary.rpartition(": ")[2] for summary, _details in entries(sealed)] == ["folder", "webhook"]


def test_a_folder_that_cannot_be_written_is_known(sealed, settings, fetcher):
    settings.heads_folder.write_text("in the way")
    export = head_exports.export_daily(sealed, settings, fetcher)
    assert "cannot be written" in export.problems["folder"]
    assert entries(sealed) == []
    with sealed.read() as session:
        assert head_exports.last_export(session) == export


def test_a_private_address_is_refused_by_the_fetcher_and_said(sealed, settings, clock, hook):
    go_to(sealed, Places(folder=False, webhook=hook.url), clock)
    with Fetcher(FetchPolicy()) as strict:
        export = head_exports.export_daily(sealed, settings, strict)
    assert export.problems["webhook"]
    assert hook.got == []


def test_nothing_is_exported_before_the_first_seal_or_to_nowhere(database, settings, fetcher, clock):
    assert head_exports.export_daily(database, settings, fetcher) is None
    go_to(database, Places(folder=False), clock)
    with database.write() as session:
        seal(session, key=KEY, now=clock.advance(seconds=5))
    assert head_exports.export_daily(database, settings, fetcher) is None


@pytest.mark.parametrize(
    ("places", "field"), [(Places(mail="nobody"), "mail"), (Places(webhook="ftp://x"), "webhook")]
)
def test_an_address_that_cannot_be_one_is_refused_at_its_field(session, places, field):
    sam = make.make_user(session, "Sam Ito", is_administrator=True)
    with pytest.raises(InvalidInput) as refusal:
        head_exports.set_places(session, places, actor=sam, now=make.NOW)
    assert list(refusal.value.fields) == [field]


def test_only_administrators_say_where_it_goes(session):
    with pytest.raises(PermissionDenied):
        head_exports.set_places(session, Places(), actor=make.make_user(session, "Maya"), now=make.NOW)
