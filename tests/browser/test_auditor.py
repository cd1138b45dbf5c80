"""An auditor's morning: the record is sound, then somebody writes into the database, and she finds which row it was."""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pypdfium2
import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select, update

from content_library.models.audit import AuditEntry
from content_library.sealing import seal
from tests.browser.demo_desk import DemoDesk, open_desk
from tests.support.browser import DESKTOP, window
from tests.support.databases import Databases

pytestmark = [pytest.mark.network, pytest.mark.browser, pytest.mark.slow]

PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def desk(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoDesk]:
    with open_desk(databases.new_url("sqlite"), tmp_path_factory.mktemp("auditor")) as opened:
        key = opened.app.extensions["deskcast.settings"].record_key
        with opened.database.write() as session:
            while seal(session, key=key, now=datetime.now(UTC) + timedelta(minutes=1)):
                pass
        yield opened


@pytest.fixture
def ruth(desk: DemoDesk, chromium: Browser) -> Iterator[Page]:
    with window(chromium, size=DESKTOP) as context:
        context.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        desk.enter(context, "ruth")
        yield context.new_page()


def verify(page: Page, desk: DemoDesk) -> None:
    page.goto(f"{desk.url}/d/brindlemoor/record")
    page.get_by_role("button", name="Verify", exact=True).click()


def test_she_verifies_finds_the_tampered_row_and_takes_the_evidence_away(desk: DemoDesk, ruth: Page) -> None:
    verify(ruth, desk)
    expect(ruth.get_by_text("Nothing was changed")).to_be_visible()

    post_id = desk.things["dial"]
    with desk.database.write() as session:
        of_the_post = AuditEntry.subject_type == "post", AuditEntry.subject_id == post_id
        seq = session.scalars(select(AuditEntry.seq).where(*of_the_post).order_by(AuditEntry.seq)).first()
        session.execute(update(AuditEntry).where(AuditEntry.seq == seq).values(actor_name="Nobody at all"))
    verify(ruth, desk)
    expect(ruth.get_by_text("The record was changed")).to_be_visible()
    expect(ruth.get_by_text(f"Entry {seq} is not what was sealed")).to_be_visible()

    ruth.goto(f"{desk.url}/d/brindlemoor/posts/{post_id}")
    with ruth.expect_download() as zipped:
        ruth.get_by_role("button", name="Evidence pack (.zip)").click()
    with ruth.expect_download() as printed:
        ruth.get_by_role("button", name="To print (.pdf)").click()

    with zipfile.ZipFile(zipped.value.path()) as pack:
        listed = dict(reversed(line.split("  ", 1)) for line in pack.read("SHA256SUMS").decode().splitlines())
        assert listed == {name: hashlib.sha256(pack.read(name)).hexdigest() for name in listed}
        assert set(pack.namelist()) == {*listed, "SHA256SUMS"}
        document = json.loads(pack.read("evidence.json"))
    assert [entry["seq"] for entry in document["record"] if entry["seal"].startswith("does not fit")] == [seq]
    assert document["chain"]["last_verification"]["nothing_was_changed"] is False

    pdf = pypdfium2.PdfDocument(printed.value.path())
    text = "".join(page.get_textpage().get_text_range() for page in pdf)
    pdf.close()
    assert "Some seals do not fit: see below." in text
    assert document["revisions"]["every"][0]["content_hash"] in text


def test_she_goes_from_the_record_to_a_posts_evidence_and_every_revision(desk: DemoDesk, ruth: Page) -> None:
    ruth.goto(f"{desk.url}/d/brindlemoor/record?subject=post+{desk.things['lids']}")
    ruth.get_by_role("link", name="Its evidence").click()
    expect(ruth.get_by_text("Every revision matches the record")).to_be_visible()
    ruth.get_by_role("link", name="Revision 1", exact=True).click()
    expect(ruth.get_by_text("Matches the record")).to_be_visible()
