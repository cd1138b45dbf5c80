"""What stands in the log: one line of JSON each, with the ids to follow a thing by, and no secret and no person."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app import create_app
from app.logs import QUIET, Scrubbing, secrets_of, set_up_logs
from content_library.settings import load
from scheduler import observing, publishing
from tests.app.house import database, house
from tests.scheduler.conftest import fake_server, road, world
from tests.scheduler.road import Road

__all__ = ["database", "fake_server", "house", "road", "world"]
SECRETS = {
    "DESKCAST_SECRET_KEY": "secret-key-0123456789",
    "DESKCAST_VAULT_KEYS": "vault-key-0123456789,vault-key-9876543210",
    "DESKCAST_RECORD_KEY": "record-key-0123456789",
    "DESKCAST_METRICS_TOKEN": "metrics-token-0123456789",
    "DESKCAST_SMTP_URL": "smtp://user:pass%20word-0123@mail.example:587",
    "DESKCAST_OPENID_ISSUER": "https://id.example",
    "DESKCAST_OPENID_CLIENT_ID": "deskcast",
    "DESKCAST_OPENID_CLIENT_SECRET": "client-secret-0123456789",
}


class Said:
    """The lines of the log as they were written."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.text().splitlines()]

    def text(self) -> str:
        return self._stream.getvalue()


@pytest.fixture
def said(tmp_path: Path) -> Iterator[Said]:
    root = logging.getLogger()
    kept, levels = root.handlers, {name: logging.getLogger(name).level for name in ("root", *QUIET)}
    stream = io.StringIO()
    settings = load({"DESKCAST_DATA": str(tmp_path), **SECRETS})
    set_up_logs(as_json=True, settings=settings, stream=stream)
    yield Said(stream)
    root.handlers = kept
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def test_every_line_of_a_request_carries_its_id_and_the_rule_instead_of_the_path(
    said: Said, house, tmp_path: Path
):
    settings = load({"DESKCAST_DATA": str(tmp_path), "DESKCAST_LOG_JSON": "1", "DESKCAST_DEMO": "0"})
    client = create_app(settings, house.database).test_client()
    answer = client.get("/invitation/a-secret-that-opens-something")
    (line,) = [line for line in said.lines() if line["logger"] == "app.request_ids"]
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert str(line["event"]).startswith("GET /invitation/<secret> 404, ")


def test_after_a_request_nothing_of_it_clings_to_the_thread(said: Said, house):
    house.client().get("/healthz")
    logging.getLogger("somewhere").warning("later")
    assert "request_id" not in said.lines()[-1]


@pytest.mark.network
def test_every_line_of_a_publication_s_life_names_it_its_account_and_its_network(said: Said, road: Road):
    publication_id = road.plan_one()
    road.clock.advance(minutes=1)
    (claim,) = road.claim()
    observing.within(claim, lambda: publishing.publish_one(road.world, claim))
    lines = [line for line in said.lines() if line["logger"] == "scheduler.observing"]
    assert [line["event"] for line in lines] == ["send on counting: sent", "out, 0.000 s after its time"]
    for line in lines:
        about = (line["publication"], line["account"], line["network"])
        assert about == (publication_id, claim.account_id, "bluesky")
    logging.getLogger("somewhere").warning("later")
    assert "publication" not in said.lines()[-1]


def test_no_secret_of_the_configuration_stands_in_any_line(said: Said):
    log = logging.getLogger("anywhere")
    for name, value in SECRETS.items():
        log.error("cannot use %s: %s", name, value)
    log.error("password “pass word-0123” refused")
    written = said.text()
    for value in (
        "secret-key-0",
        "vault-key-",
        "record-key-",
        "metrics-token-",
        "word-0123",
        "client-secret",
    ):
        assert value not in written


def test_no_mail_address_no_link_that_opens_and_no_row_stands_in_a_line(said: Said):
    log = logging.getLogger("anywhere")
    log.warning("mail 4 not sent: 550 maya.okafor@brindlemoor.example unknown; Sam <sam@x.example>")
    log.warning("GET /decisions/Zx81-aaaabbbbccccdddd was slow")
    try:
        raise ValueError(
            "duplicate key\nDETAIL:  Key (email)=(maya) already exists.\n[parameters: ('maya',)]"
        )
    except ValueError:
        log.exception("not stored")
    written = said.text()
    for hidden in ("@", "Zx81", "(maya)", "'maya'"):
        assert hidden not in written
    assert "duplicate key" in written


def test_an_error_of_the_database_does_not_repeat_the_values(house):
    with house.database.read() as session, pytest.raises(SQLAlchemyError) as raised:
        session.execute(text("SELECT :name FROM nowhere"), {"name": "Maya Okafor"})
    assert "Maya" not in str(raised.value)


def test_numbers_stay_numbers_and_what_is_not_known_is_left_out():
    line = Scrubbing(["topsecret"])(None, "info", {"publication": 7, "network": None, "event": "a topsecret"})
    assert line == {"publication": 7, "event": "a …"}


def test_short_values_are_no_secrets(tmp_path: Path):
    settings = load(
        {"DESKCAST_DATA": str(tmp_path), "DESKCAST_DATABASE_URL": "postgresql://deskcast:desk@db/desk"}
    )
    assert "desk" not in secrets_of(settings)
