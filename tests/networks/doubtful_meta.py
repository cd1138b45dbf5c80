"""What Facebook, Instagram and Threads must never take for a proof that a post is gone.

A subclass defines the fixtures `network`, `access` and `graph`, and where the account's own posts are listed.
"""

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Response

from service_channel.networks.base import Access, Presence, RemoteRef
from tests.networks.contract import DEADLINE_S, a_part, send
from tests.networks.draft_keeping import DraftKeeper
from tests.networks.servers.meta import GONE, NOW, GraphServer, graph_error, rate_limited

WORDS = GONE.format(method="get", id="1")
DOUBTFUL = {
    "a token that was revoked": lambda: graph_error(190, "The session was invalidated.", subcode=460, status=401),
    "a permission that is missing": lambda: graph_error(10, "(#10) Requires pages_read_engagement", status=403),
    "a permission that was taken": lambda: graph_error(200, "(#200) Permissions error", status=403),
    "an app at its limit": lambda: graph_error(4, "(#4) Application request limit reached", status=403),
    "an account at its limit": rate_limited,
    "too many calls": lambda: graph_error(613, "Calls to this api have exceeded the rate limit.", status=429),
    "a service that is down": lambda: graph_error(2, "An unexpected error has occurred.", status=500),
    "a fault in these words": lambda: graph_error(100, WORDS, subcode=33, status=500),
    "a passing fault in these words": lambda: graph_error(100, WORDS, subcode=33, is_transient=True),
    "another error of this number": lambda: graph_error(100, "(#100) Tried accessing nonexisting field"),
    "a bare 404": lambda: Response("<html>Not Found</html>", 404, content_type="text/html"),
    "a page in between": lambda: Response("<html>Wait</html>", 200, content_type="text/html"),
}  # fmt: skip


class DoubtfulAnswers:
    """`listing` is how the path of the account's own posts ends, `moment` the field that says when each was made."""

    listing: str
    moment = "timestamp"

    def _refs(self, network: DraftKeeper, access: Access) -> tuple[RemoteRef, RemoteRef]:
        """A post that was removed, and one that stands."""
        gone, other = (send(network, access, a_part(network, text)).ref for text in ("Elm.", "Oak."))
        assert gone is not None and other is not None
        network.delete(access, gone, deadline_s=DEADLINE_S)
        return gone, other

    def _presence(self, network: DraftKeeper, access: Access, ref: RemoteRef) -> Presence:
        return network.stands(access, ref, deadline_s=DEADLINE_S).presence

    @pytest.mark.parametrize("answer", DOUBTFUL)
    def test_a_doubtful_answer_for_the_post_says_nothing(
        self, network: DraftKeeper, access: Access, graph: GraphServer, answer: str
    ) -> None:
        gone, _ = self._refs(network, access)
        graph.order("GET", f"/{gone.remote_id}", DOUBTFUL[answer]())
        assert self._presence(network, access, gone) is Presence.UNREADABLE
        assert self._presence(network, access, gone) is Presence.ABSENT

    @pytest.mark.parametrize("answer", DOUBTFUL)
    def test_a_doubtful_answer_for_the_list_of_posts_says_nothing(
        self, network: DraftKeeper, access: Access, graph: GraphServer, answer: str
    ) -> None:
        gone, _ = self._refs(network, access)
        graph.order("GET", self.listing, DOUBTFUL[answer]())
        assert self._presence(network, access, gone) is Presence.UNREADABLE
        assert self._presence(network, access, gone) is Presence.ABSENT

    def test_what_is_not_shown_by_its_id_but_listed_is_not_gone(
        self, network: DraftKeeper, access: Access, graph: GraphServer
    ) -> None:
        _, other = self._refs(network, access)
        graph.order("GET", f"/{other.remote_id}", graph.gone_as("get", other.remote_id))
        assert self._presence(network, access, other) is Presence.UNREADABLE

    def test_an_empty_list_proves_nothing(self, network: DraftKeeper, access: Access, graph: Any) -> None:
        gone, _ = self._refs(network, access)
        graph.hides_posts = True
        assert self._presence(network, access, gone) is Presence.UNREADABLE

    def test_a_list_without_end_proves_nothing_unless_it_reaches_back_to_before_the_post(
        self, network: DraftKeeper, access: Access, graph: GraphServer
    ) -> None:
        gone, other = self._refs(network, access)
        post = graph.recorded.posts[other.remote_id]
        older = {**post, self.moment: (NOW - timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%S+0000")}
        graph.recorded.posts |= {f"{other.remote_id}{number}": post for number in range(600)}
        assert self._presence(network, access, gone) is Presence.UNREADABLE
        assert self._presence(network, access, replace(gone, made_at=NOW)) is Presence.UNREADABLE
        before = {f"{other.remote_id}9{number}": older for number in range(600)}
        graph.recorded.posts = before | {other.remote_id: post}
        assert self._presence(network, access, gone) is Presence.UNREADABLE
        assert self._presence(network, access, replace(gone, made_at=NOW)) is Presence.ABSENT

    def test_what_stands_on_a_later_page_of_the_list_is_not_gone(
        self, network: DraftKeeper, access: Access, graph: GraphServer
    ) -> None:
        _, other = self._refs(network, access)
        post = graph.recorded.posts[other.remote_id]
        graph.recorded.posts |= {f"{other.remote_id}{number}": post for number in range(120)}
        graph.order("GET", f"/{other.remote_id}", graph.gone_as("get", other.remote_id))
        before = len(graph.recorded.asked)
        assert self._presence(network, access, replace(other, made_at=NOW)) is Presence.UNREADABLE
        assert len(graph.recorded.asked) - before == 4

    def test_an_answer_that_comes_too_late_says_nothing(
        self, network: DraftKeeper, access: Access, graph: GraphServer
    ) -> None:
        gone, _ = self._refs(network, access)
        usual = graph.app.view_functions["show"]

        def slow(object_id: str) -> Any:
            time.sleep(0.6)
            return usual(object_id)

        graph.app.view_functions["show"] = slow
        assert network.stands(access, gone, deadline_s=0.2).presence is Presence.UNREADABLE
        assert self._presence(network, access, gone) is Presence.ABSENT

    def test_what_cannot_be_a_post_is_not_asked_for(
        self, network: DraftKeeper, access: Access, graph: GraphServer
    ) -> None:
        for strange in ("", "../me", "1/comments"):
            assert self._presence(network, access, RemoteRef(strange)) is Presence.UNREADABLE
        assert not graph.recorded.asked
