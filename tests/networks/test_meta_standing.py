"""Facebook, Instagram and Threads give one answer for "gone" and "not for you": what counts, and what never does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from content_library.web_fetch import FetchPolicy, httpx_transport
from service_channel.networks.base import Access, Network, Presence, RemoteRef
from service_channel.networks.facebook import Facebook
from service_channel.networks.instagram import Instagram
from service_channel.networks.threads import Threads
from tests.networks.contract import DEADLINE_S, a_part, send
from tests.networks.doubtful_meta import DoubtfulAnswers
from tests.networks.draft_keeping import DraftKeeper, accesses
from tests.networks.meta_pictures import a_jpeg
from tests.networks.servers import facebook as facebook_server
from tests.networks.servers import instagram as instagram_server
from tests.networks.servers import threads as threads_server
from tests.networks.servers.facebook import FacebookServer
from tests.networks.servers.instagram import InstagramServer
from tests.networks.servers.meta import GraphServer, proof
from tests.networks.servers.threads import ThreadsServer

pytestmark = pytest.mark.network
LOOPBACK = FetchPolicy(allow=("127.0.0.1:*",))


def running(graph: GraphServer) -> Iterator[GraphServer]:
    with graph.recorded.running():
        yield graph


def there(network: Network) -> DraftKeeper:
    return DraftKeeper(network, network)


class TestFacebook(DoubtfulAnswers):
    listing = "/published_posts"
    moment = "created_time"

    @pytest.fixture
    def graph(self) -> Iterator[GraphServer]:
        yield from running(FacebookServer())

    @pytest.fixture
    def network(self, graph: GraphServer) -> DraftKeeper:
        server = f"{graph.recorded.url}/v25.0"
        return there(Facebook(lambda: httpx_transport(LOOPBACK), server=server))

    @pytest.fixture
    def access(self) -> Access:
        token = facebook_server.TOKEN
        return accesses({"page_id": facebook_server.PAGE, "access_token": token, "proof": proof(token)})[0]

    def test_a_post_that_was_taken_out_of_sight_is_neither_there_nor_gone(
        self, network: DraftKeeper, access: Access, graph: GraphServer
    ) -> None:
        ref = send(network, access, a_part(network)).ref
        assert ref is not None
        graph.objects[ref.remote_id]["is_published"] = False
        found = network.stands(access, ref, deadline_s=DEADLINE_S)
        assert found.presence is Presence.UNREADABLE
        assert "readers do not see it" in found.message

    def test_a_post_of_another_page_is_not_asked_for(
        self, network: DraftKeeper, access: Access, graph: GraphServer
    ) -> None:
        found = network.stands(access, RemoteRef("999_17900000000000001"), deadline_s=DEADLINE_S)
        assert found.presence is Presence.UNREADABLE
        assert not graph.recorded.asked


class TestInstagram(DoubtfulAnswers):
    listing = "/media"

    @pytest.fixture
    def graph(self) -> Iterator[GraphServer]:
        yield from running(InstagramServer())

    @pytest.fixture
    def network(self, graph: GraphServer, tmp_path: Path) -> DraftKeeper:
        server = f"{graph.recorded.url}/v25.0"
        made = Instagram(lambda: httpx_transport(LOOPBACK), server=server, pause=lambda _seconds: None)
        return DraftKeeper(made, made, (a_jpeg(tmp_path),))

    @pytest.fixture
    def access(self) -> Access:
        token = instagram_server.TOKEN
        return accesses({"ig_id": instagram_server.USER, "access_token": token, "proof": proof(token)})[0]


class TestThreads(DoubtfulAnswers):
    listing = "/threads"

    @pytest.fixture
    def graph(self) -> Iterator[GraphServer]:
        yield from running(ThreadsServer())

    @pytest.fixture
    def network(self, graph: GraphServer) -> DraftKeeper:
        server = graph.recorded.url
        return there(Threads(lambda: httpx_transport(LOOPBACK), server=server, pause=lambda _seconds: None))

    @pytest.fixture
    def access(self) -> Access:
        return accesses({"user_id": threads_server.USER, "access_token": threads_server.TOKEN})[0]
