"""Microsoft Teams: the contract against a server written from the documents, and what is special about it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from content_library.web_fetch import httpx_transport
from service_channel.networks.base import Access, Network, Outcome, Presence, RemoteRef
from service_channel.networks.teams import Teams
from tests.networks.chat_ways import LOOPBACK, hosted, images, refusal
from tests.networks.contract import DEADLINE_S, BlindContract, Wired, a_part, send
from tests.networks.servers.recorded import Recorded
from tests.networks.servers.teams import PATH, WORKFLOW, TeamsServer

pytestmark = pytest.mark.network

LIVE, WRONG = TeamsServer().signature, "wrong-SIGNATURE_0123456789"
REAL = f"https://default0a.1b.environment.api.powerplatform.com:443{PATH}?api-version=1&sv=1.0&sig={LIVE}"


@pytest.fixture
def teams() -> Iterator[TeamsServer]:
    server = TeamsServer()
    with server.recorded.running():
        yield server


@pytest.fixture
def server(teams: TeamsServer) -> Recorded:
    return teams.recorded


@pytest.fixture
def network() -> Teams:
    return Teams(lambda: httpx_transport(LOOPBACK), hosts=("127.0.0.1",))


@pytest.fixture
def access(teams: TeamsServer) -> Access:
    return Access(1, "Status", {"address": teams.address(teams.recorded.url)})


@pytest.fixture
def wrong_access(access: Access, teams: TeamsServer) -> Access:
    return replace(access, secret={"address": teams.address(teams.recorded.url, signature=WRONG)})


@pytest.fixture
def unreachable_access(access: Access, teams: TeamsServer, dead_host: str) -> Access:
    return replace(access, secret={"address": teams.address(f"http://{dead_host}")})


class TestTeamsContract(BlindContract, Wired):
    secrets = (LIVE, WRONG)
    can_delete = False

    @pytest.fixture(autouse=True)
    def _with_server(self, server: Recorded) -> None:
        self._server = server

    def standing(self, access: Access) -> int:
        return len(self._server.posts)

    def test_good_credentials_are_found_good(self, network: Network, access: Access) -> None:
        """They cannot be: nothing but posting would show it."""
        found = network.check(access)
        assert found.presence is Presence.UNREADABLE and "cannot be tested without posting" in found.message
        assert not self._server.asked

    def test_wrong_credentials_are_a_proof_that_nothing_was_sent(
        self, network: Network, wrong_access: Access, access: Access
    ) -> None:
        result = send(network, wrong_access, a_part(network))
        assert result.outcome is Outcome.SIGNED_OUT
        assert "shared access signature is not valid" in result.message
        assert self.standing(access) == 0


def test_a_card_shows_each_line_as_it_is(
    network: Teams, access: Access, server: Recorded, tmp_path: Path
) -> None:
    media = hosted(images(tmp_path, 1))
    part = replace(a_part(network, "**Störung**\n\n- https://help.example/a_b!\nDanke"), media=media)
    assert send(network, access, part).ref == RemoteRef(part.key)
    card = server.posts["1"]
    assert (card["lang"], card["fallbackText"]) == ("en", part.text)
    assert card["body"] == [
        {"type": "RichTextBlock", "spacing": "None", "inlines": [{"type": "TextRun", "text": "**Störung**"}]},
        {
            "type": "RichTextBlock",
            "spacing": "Medium",
            "inlines": [
                {"type": "TextRun", "text": "- "},
                {
                    "type": "TextRun",
                    "text": "https://help.example/a_b",
                    "selectAction": {"type": "Action.OpenUrl", "url": "https://help.example/a_b"},
                },
                {"type": "TextRun", "text": "!"},
            ],
        },
        {"type": "RichTextBlock", "spacing": "None", "inlines": [{"type": "TextRun", "text": "Danke"}]},
        {"type": "Image", "url": media[0].url, "altText": media[0].alt, "size": "Stretch"},
    ]


def test_what_does_not_fit_is_refused_before_anything_is_sent(
    network: Teams, access: Access, server: Recorded, tmp_path: Path
) -> None:
    part, media = a_part(network), images(tmp_path, 1)
    for poor, words in (
        (replace(part, parent=RemoteRef("x")), "cannot attach a message to an earlier one"),
        (replace(part, media=media), "cannot be reached from outside by https"),
        (replace(part, media=hosted(media) * 5), "Teams takes 4 pictures"),
        (a_part(network, "x" * 5_001), "Teams takes 5,000 characters; this text has 5,001."),
        (a_part(network, "x\n" * 2_000), "about 28 KB"),
    ):
        preparation = network.prepare(access, poor, deadline_s=DEADLINE_S)
        assert preparation.outcome is Outcome.REFUSED and words in preparation.message
    assert not server.asked


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, {"id": "run"}, Outcome.SENT),
        (200, "", Outcome.SENT),
        (400, {"error": {"code": "TriggerInputSchemaMismatch", "message": "No"}}, Outcome.REFUSED),
        (413, "<html>", Outcome.REFUSED),
        (404, {"error": {"code": "WorkflowNotFound", "message": "No"}}, Outcome.SIGNED_OUT),
        (403, {"error": {"code": "DirectApiAuthorizationRequired", "message": "No"}}, Outcome.SIGNED_OUT),
        (403, "<html>blocked</html>", Outcome.UNKNOWN),
        (502, {"error": {"code": "NoResponse", "message": "No"}}, Outcome.UNKNOWN),
    ],
)
def test_each_answer_is_judged(
    network: Teams, teams: TeamsServer, access: Access, status: int, body: Any, outcome: Outcome
) -> None:
    teams.refuse = (status, body)
    result = send(network, access, a_part(network))
    assert (result.outcome, result.status) == (outcome, status)


def test_a_workflow_that_is_switched_off_says_so(network: Teams, teams: TeamsServer, access: Access) -> None:
    teams.is_on = False
    result = send(network, access, a_part(network))
    assert result.outcome is Outcome.SIGNED_OUT and "Switch it on in Power Automate" in result.message


def test_a_workflow_is_connected_by_its_address_alone(
    network: Teams, teams: TeamsServer, server: Recorded, access: Access
) -> None:
    connection = network.connect({"address": f" {access.secret['address']} ", "name": " Status "})
    assert (connection.handle, connection.display_name) == ("Status (0a1b2c3d)", "Status")
    assert (connection.remote_id, connection.secret) == (WORKFLOW, access.secret)
    assert not server.asked
    assert send(network, Access(1, "x", connection.secret), a_part(network)).outcome is Outcome.SENT


def test_the_real_hosts_are_known() -> None:
    network = Teams(lambda: httpx_transport(LOOPBACK))
    logic = REAL.replace(
        "default0a.1b.environment.api.powerplatform.com", "prod-12.westeurope.logic.azure.com"
    )
    assert network.connect({"address": REAL, "name": "a"}).remote_id == WORKFLOW
    assert network.connect({"address": logic, "name": "a"}).remote_id == WORKFLOW
    bare = "https://x.api.powerautomate.com/hook?sig=abc"
    assert len(network.connect({"address": bare, "name": "a"}).remote_id) == 16


@pytest.mark.parametrize(
    ("address", "name", "field", "words"),
    [
        ("", "a", "address", "Paste the workflow's whole address"),
        ("https://[x", "a", "address", "Paste the workflow's whole address"),
        ("https://desk.example/hook?sig=x", "a", "address", "Paste the workflow's whole address"),
        ("https://evil-logic.azure.com/hook?sig=x", "a", "address", "Paste the workflow's whole address"),
        (REAL.replace("https", "http"), "a", "address", "begins with https://"),
        (REAL.partition("&sig=")[0], "a", "address", "has no signature"),
        ("https://elm.webhook.office.com/webhookb2/x/IncomingWebhook/y", "a", "address", "connectors"),
        (REAL, " ", "name", "Give it a name"),
    ],
)
def test_what_was_pasted_wrongly_becomes_a_sentence(address: str, name: str, field: str, words: str) -> None:
    network = Teams(lambda: httpx_transport(LOOPBACK))
    at, sentence = refusal(network.connect, {"address": address, "name": name})
    assert at == field and words in sentence
