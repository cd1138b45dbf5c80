"""The doctor tries the way out to every network in use and to feeds: each place once, and nothing is sent there."""

import base64
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy.orm import Session

from app import doctor_outside
from app.doctor_findings import Finding
from content_library.database import Database
from content_library.models.account import AccountState
from content_library.settings import Settings, load
from content_library.web_addresses import FetchPolicy
from service_channel import accounts
from service_channel.models.credential import Credential
from tests import factories as make
from tests.factories import VAULT_KEY

pytestmark = pytest.mark.network

WEBHOOK = {"address": "https://hooks.example/in", "secret": f"whsec_{base64.b64encode(b'x' * 24).decode()}"}
TEAMS = {"address": "https://prod-1.westeurope.logic.azure.com:443/workflows/1?sig=secret"}
SECRETS = {
    "mastodon": {"server": "https://mastodon.example"},
    "bluesky": {"host": "https://pds.example"},
    "webhook": WEBHOOK,
    "teams": TEAMS,
}
HOSTS = {
    "bluesky": "pds.example",
    "mastodon": "mastodon.example",
    "x": "api.x.com",
    "linkedin": "api.linkedin.com",
    "facebook": "graph.facebook.com",
    "instagram": "graph.facebook.com",
    "threads": "graph.threads.net",
    "telegram": "api.telegram.org",
    "discord": "discord.com",
    "discord_webhook": "discord.com",
    "slack": "slack.com",
    "slack_webhook": "hooks.slack.com",
    "teams": "prod-1.westeurope.logic.azure.com",
    "webhook": "hooks.example",
}


class Listening:
    """A server that takes connections and counts what it is sent over them."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.connections, self.heard = 0, b""
        self.over = Event()
        Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                self.connections += 1
                self.heard += connection.recv(1000)
            self.over.set()


@pytest.fixture
def server() -> Iterator[Listening]:
    server = Listening()
    with closing(server.socket):
        yield server


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port: int = closed.getsockname()[1]
        return port


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"DESKCAST_DATA": str(tmp_path), "DESKCAST_VAULT_KEYS": VAULT_KEY})


def on_mastodon(session: Session, *ports: int) -> None:
    desk = make.make_desk(session)
    for index, port in enumerate(ports):
        secret = {"server": f"http://127.0.0.1:{port}", "access_token": "t"}
        make.make_account(session, desk, "mastodon", f"desk{index}@mastodon.example", secret=secret)


def said(settings: Settings, session: Session) -> Finding:
    (finding,) = doctor_outside.reached(doctor_outside.places(settings, session))
    return finding


def test_every_network_says_where_its_calls_go(database: Database, settings: Settings) -> None:
    assert set(HOSTS) | {"page"} == set(accounts.networks(FetchPolicy()))
    with database.write() as session:
        desk = make.make_desk(session)
        for network in HOSTS:
            make.make_account(session, desk, network, f"on {network}", secret=SECRETS.get(network))
        wanted = [(host, 443) for host in dict.fromkeys(HOSTS.values())]
        assert doctor_outside.places(settings, session) == wanted


def test_only_accounts_in_use_are_tried_for(database: Database, settings: Settings) -> None:
    with database.write() as session:
        desk = make.make_desk(session)
        for state in set(AccountState) - {AccountState.ACTIVE}:
            make.make_account(session, desk, "x", f"{state}", state=state)
        assert said(settings, session).sentence == "No account and no feed needs the network outside."


def test_the_server_of_an_account_is_known_without_the_key_to_its_secret(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    lost = load({"DESKCAST_DATA": str(tmp_path), "DESKCAST_VAULT_KEYS": "another"})
    with database.write() as session:
        account = make.make_account(session, make.make_desk(session), secret={"host": "https://pds.example"})
        session.get_one(Credential, account.id).host = "https://pds.example"
        session.flush()
        assert doctor_outside.places(lost, session) == [("pds.example", 443)]


def test_a_server_that_takes_connections_is_reached_once_and_sent_nothing(
    database: Database, settings: Settings, server: Listening
) -> None:
    with database.write() as session:
        on_mastodon(session, server.port, server.port)
        found = said(settings, session)
    assert found == Finding(ok=True, sentence=f"Outside can be reached (127.0.0.1:{server.port}).")
    assert server.over.wait(5)
    assert (server.connections, server.heard) == (1, b"")


def test_a_server_that_is_down_is_named_beside_one_that_answers(
    database: Database, settings: Settings, server: Listening, closed_port: int
) -> None:
    with database.write() as session:
        on_mastodon(session, server.port, closed_port)
        found = said(settings, session)
    assert not found.ok
    assert found.sentence.startswith(
        f"Some of what is needed outside cannot be reached (127.0.0.1:{closed_port}: Connection refused)."
    )


def test_with_every_server_down_the_way_out_is_closed(
    database: Database, settings: Settings, closed_port: int
) -> None:
    with database.write() as session:
        on_mastodon(session, closed_port)
        found = said(settings, session)
    assert not found.ok and "Check the firewall" in found.sentence


def test_the_way_out_is_closed_when_nothing_is_reached() -> None:
    def none(_host: str, _port: int) -> None:
        raise TimeoutError("timed out")

    def no_name(host: str, _port: int) -> None:
        if host == "b.example":
            raise socket.gaierror("no")

    places = [("a.example", 443), ("b.example", 80)]
    (closed,) = doctor_outside.reached(places, none)
    assert not closed.ok and "Check the firewall" in closed.sentence
    (some,) = doctor_outside.reached(places, no_name)
    assert not some.ok and "b.example: its name is not found" in some.sentence
    (all_,) = doctor_outside.reached(places, lambda _h, _p: None)
    assert all_ == Finding(ok=True, sentence="Outside can be reached (a.example, b.example).")
    assert next(doctor_outside.reached([], none)).ok


def test_all_are_tried_at_once_and_one_that_hangs_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    never = Event()

    def hangs(host: str, _port: int) -> None:
        if host != "a.example":
            never.wait(30)

    monkeypatch.setattr(doctor_outside, "WAITS_S", 0.3)
    began = time.monotonic()
    (found,) = doctor_outside.reached([(f"{name}.example", 443) for name in "abcdefgh"], hangs)
    assert time.monotonic() - began < 5
    never.set()
    assert "b.example: no answer" in found.sentence and "h.example: no answer" in found.sentence
    assert "a.example" not in found.sentence
