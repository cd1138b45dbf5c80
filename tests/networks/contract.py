"""What every network and every fake of one must do. A test class inherits the contract of its class and says how to
sign in.

A subclass defines the fixtures `network` and `access`, and `standing`. `Contract` is for class I, `KeyedContract` for
K, `QueryableContract` for Q, `BlindContract` for B. `SignIn` adds what holds where one signs in, and `Wired` what
holds for every network behind a recorded server (`tests/networks/servers`), `AskedAgain` what holds where one post can
be asked for by its id (`AskedForOne` where nobody signs in).
"""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from content_library.network_limits import LIMITS, PollLimits
from service_channel.networks.base import (
    Access,
    Network,
    NetworkClass,
    Outcome,
    OutgoingPart,
    Poll,
    Prepared,
    Presence,
    Rereadable,
    SendResult,
)
from tests.networks.servers.recorded import Fault, Recorded

DEADLINE_S = 20.0
CREATED_AT = datetime(2026, 11, 3, 9, 0, 0, 123_456, tzinfo=UTC)


def a_part(network: Network, text: str = "The line in Elm Street works again.") -> OutgoingPart:
    return OutgoingPart(
        publication_id=7,
        index=0,
        title="Elm Street",
        text=text,
        language="en",
        media=(),
        key=network.new_key(CREATED_AT),
        created_at=CREATED_AT,
    )


def a_poll(limits: PollLimits, length: int) -> Poll:
    """As many options as the network takes, each so long, open for as long as it may be."""
    options = tuple(chr(ord("a") + n) * length for n in range(limits.options))
    question = "Which day suits you?" if limits.question else ""
    return Poll(options, limits.most_minutes or 1_440, question)


def asking(network: Network, poll: Poll) -> OutgoingPart:
    return replace(a_part(network, "We ask you. Which day suits you?"), poll=poll)


def prepared(network: Network, access: Access, part: OutgoingPart) -> Prepared:
    preparation = network.prepare(access, part, deadline_s=DEADLINE_S)
    assert preparation.prepared is not None, preparation
    return preparation.prepared


def send(network: Network, access: Access, part: OutgoingPart) -> SendResult:
    return network.send(access, part, prepared(network, access, part), deadline_s=DEADLINE_S)


def presence(network: Network, access: Access, part: OutgoingPart) -> Presence:
    return network.find(access, part, deadline_s=DEADLINE_S).presence


class Basics:
    """What holds for every network, whatever it offers."""

    kind: NetworkClass
    can_delete = True
    judges_polls = True  # whether the network has limits of its own for a poll

    def standing(self, access: Access) -> int:
        """How many posts stand on the network, counted without the adapter."""
        raise NotImplementedError

    def test_it_says_what_can_be_counted_on(self, network: Network, access: Access) -> None:
        assert network.promise(access).kind is self.kind
        assert network.key

    def test_keys_are_never_given_twice(self, network: Network) -> None:
        keys = {network.new_key(CREATED_AT) for _ in range(2_000)}
        assert len(keys) == 2_000
        assert all(0 < len(key) <= 40 for key in keys)

    def test_what_was_sent_stands_there(self, network: Network, access: Access) -> None:
        result = send(network, access, a_part(network))
        assert result.outcome is Outcome.SENT, result
        assert result.ref is not None and result.ref.remote_id
        assert self.standing(access) == 1

    def test_two_parts_stand_there_both(self, network: Network, access: Access) -> None:
        one, other = a_part(network), a_part(network, "And the one in Oak Street.")
        assert send(network, access, one).ref != send(network, access, other).ref
        assert self.standing(access) == 2

    def test_preparing_shows_readers_nothing_and_may_be_repeated(
        self, network: Network, access: Access
    ) -> None:
        part = a_part(network)
        prepared(network, access, part)
        again = prepared(network, access, part)
        assert self.standing(access) == 0
        assert network.send(access, part, again, deadline_s=DEADLINE_S).outcome is Outcome.SENT
        assert self.standing(access) == 1

    def test_what_was_sent_can_be_taken_down_or_is_said_to_stay(
        self, network: Network, access: Access
    ) -> None:
        ref = send(network, access, a_part(network)).ref
        assert ref is not None
        done = network.delete(access, ref, deadline_s=DEADLINE_S)
        assert done.outcome is (Outcome.SENT if self.can_delete else Outcome.REFUSED), done
        assert done.outcome is Outcome.SENT or done.message
        assert self.standing(access) == (0 if self.can_delete else 1)

    def test_a_first_comment_is_taken_where_the_limits_say_so_and_stands_apart(
        self, network: Network, access: Access
    ) -> None:
        limits = LIMITS.get(network.key)
        if limits is None or limits.first_comment is None:
            return
        post = send(network, access, a_part(network)).ref
        assert post is not None
        text = "Ask us here. " * (limits.first_comment // 13)
        comment = replace(a_part(network, text.strip()), index=1, parent=post, root=post)
        result = network.send(access, comment, prepared(network, access, comment), deadline_s=DEADLINE_S)
        assert result.outcome is Outcome.SENT, result
        assert result.ref is not None and result.ref.remote_id != post.remote_id

    def test_a_poll_is_taken_up_to_the_limits_and_not_beyond(self, network: Network, access: Access) -> None:
        limits = LIMITS[network.key].polls if network.key in LIMITS else None
        if limits is None:
            return
        full, long = a_poll(limits, limits.option_length), a_poll(limits, limits.option_length + 1)
        assert send(network, access, asking(network, full)).outcome is Outcome.SENT
        if self.judges_polls:
            refused = network.prepare(access, asking(network, long), deadline_s=DEADLINE_S)
            assert (refused.prepared, refused.outcome) == (None, Outcome.REFUSED)
            assert refused.message

    def test_good_credentials_are_found_good(self, network: Network, access: Access) -> None:
        assert network.check(access).presence is Presence.FOUND


class Readable(Basics):
    """Where one can look what stands there."""

    def test_what_was_sent_is_found_where_the_network_said(self, network: Network, access: Access) -> None:
        part = a_part(network)
        result = send(network, access, part)
        assert result.outcome is Outcome.SENT
        assert result.ref is not None and result.ref.remote_id
        found = network.find(access, part, deadline_s=DEADLINE_S)
        assert (found.presence, found.ref) == (Presence.FOUND, result.ref)
        assert self.standing(access) == 1

    def test_what_was_never_sent_is_absent(self, network: Network, access: Access) -> None:
        assert presence(network, access, a_part(network)) is Presence.ABSENT

    def test_what_was_taken_down_is_absent_and_taking_down_again_is_done(
        self, network: Network, access: Access
    ) -> None:
        part, neighbour = a_part(network), a_part(network, "And the one in Oak Street.")
        ref = send(network, access, part).ref
        assert ref is not None
        send(network, access, neighbour)
        if not self.can_delete:
            return
        assert network.delete(access, ref, deadline_s=DEADLINE_S).outcome is Outcome.SENT
        assert presence(network, access, part) is Presence.ABSENT
        assert network.delete(access, ref, deadline_s=DEADLINE_S).outcome is Outcome.SENT
        assert presence(network, access, neighbour) is Presence.FOUND
        assert self.standing(access) == 1


class KeyedContract(Basics):
    """For networks of class K: the server honours our key, within its window."""

    kind = NetworkClass.KEYED

    def test_it_says_how_long_the_server_remembers(self, network: Network, access: Access) -> None:
        assert network.promise(access).key_window_s > 0

    def test_the_same_part_sent_twice_stands_there_once(self, network: Network, access: Access) -> None:
        part = a_part(network)
        first, second = send(network, access, part), send(network, access, part)
        assert (first.outcome, second.outcome) == (Outcome.SENT, Outcome.SENT)
        assert first.ref == second.ref
        assert self.standing(access) == 1

    def test_the_same_words_under_another_key_are_another_post(
        self, network: Network, access: Access
    ) -> None:
        assert send(network, access, a_part(network)).ref != send(network, access, a_part(network)).ref
        assert self.standing(access) == 2


class QueryableContract(Readable):
    """For networks of class Q: no key, but what stands there can be read.

    `old_post` puts a post with these words there as if it had been made at that time, or last week by somebody else.
    """

    kind = NetworkClass.QUERYABLE

    def old_post(self, access: Access, text: str) -> None:
        """A post of the account with this text, an hour older than `CREATED_AT`."""
        raise NotImplementedError

    def test_an_older_post_with_the_same_words_is_not_taken_for_it(
        self, network: Network, access: Access
    ) -> None:
        part = a_part(network)
        self.old_post(access, part.text)
        assert presence(network, access, part) is Presence.ABSENT

    def test_a_post_that_is_known_to_be_another_part_is_not_taken_for_it(
        self, network: Network, access: Access
    ) -> None:
        part = a_part(network)
        ref = send(network, access, part).ref
        assert ref is not None
        assert presence(network, access, replace(part, taken=frozenset({ref.remote_id}))) is Presence.ABSENT


class BlindContract(Basics):
    """For networks of class B: there is no way to look."""

    kind = NetworkClass.BLIND

    def test_it_never_says_what_stands_there(self, network: Network, access: Access) -> None:
        part = a_part(network)
        assert presence(network, access, part) is Presence.UNREADABLE
        send(network, access, part)
        assert presence(network, access, part) is Presence.UNREADABLE


class Contract(Readable):
    """For networks of class I: we choose the identity."""

    kind = NetworkClass.IDENTIFIED

    def test_the_same_part_sent_twice_stands_there_once(self, network: Network, access: Access) -> None:
        part = a_part(network)
        first, second = send(network, access, part), send(network, access, part)
        assert (first.outcome, second.outcome) == (Outcome.SENT, Outcome.SENT)
        assert first.ref == second.ref
        assert self.standing(access) == 1

    def test_other_content_under_the_same_key_never_overwrites(
        self, network: Network, access: Access
    ) -> None:
        part = a_part(network)
        send(network, access, part)
        other = replace(part, text="Something else entirely.")
        assert send(network, access, other).outcome is Outcome.REFUSED
        assert presence(network, access, other) is Presence.DIFFERENT
        assert presence(network, access, part) is Presence.FOUND
        assert self.standing(access) == 1


class SignIn:
    """For networks one signs in to over a wire. Adds the fixtures `wrong_access` and `unreachable_access`."""

    def standing(self, access: Access) -> int:
        raise NotImplementedError

    def test_wrong_credentials_are_a_proof_that_nothing_was_sent(
        self, network: Network, wrong_access: Access, access: Access
    ) -> None:
        part = a_part(network)
        assert (
            network.send(wrong_access, part, Prepared(), deadline_s=DEADLINE_S).outcome is Outcome.SIGNED_OUT
        )
        assert network.check(wrong_access).presence is Presence.ABSENT
        assert self.standing(access) == 0

    def test_an_unreachable_server_is_a_proof_that_nothing_was_sent(
        self, network: Network, unreachable_access: Access
    ) -> None:
        part = a_part(network)
        result = network.send(unreachable_access, part, Prepared(), deadline_s=DEADLINE_S)
        assert result.outcome is Outcome.NOT_SENT
        assert result.message
        assert network.check(unreachable_access).presence is Presence.UNREADABLE
        assert presence(network, unreachable_access, part) is Presence.UNREADABLE


class Wired(SignIn):
    """For networks behind a recorded server. Adds the fixture `server`, and `secrets`: what must never be kept."""

    secrets: tuple[str, ...] = ()

    @pytest.mark.parametrize(
        ("fault", "outcome", "standing"),
        [
            (Fault.RATE_LIMITED, Outcome.NOT_SENT, 0),
            (Fault.FAIL_BEFORE, Outcome.UNKNOWN, 0),
            (Fault.FAIL_AFTER, Outcome.UNKNOWN, 1),
            (Fault.RESET_BEFORE, Outcome.UNKNOWN, 0),
            (Fault.RESET_AFTER, Outcome.UNKNOWN, 1),
            (Fault.GARBAGE, Outcome.UNKNOWN, 1),
            (Fault.REDIRECT, Outcome.UNKNOWN, 0),
        ],
    )
    def test_each_fault_is_judged_by_what_it_proves(
        self,
        network: Network,
        access: Access,
        server: Recorded,
        fault: Fault,
        outcome: Outcome,
        standing: int,
    ) -> None:
        part = a_part(network)
        ready = prepared(network, access, part)
        server.order(fault)
        result = network.send(access, part, ready, deadline_s=DEADLINE_S)
        assert result.outcome is outcome, result
        assert result.outcome is Outcome.SENT or result.message
        assert self.standing(access) == standing
        self._keeps_no_secret(result)

    def test_a_rate_limit_says_how_long_to_wait(
        self, network: Network, access: Access, server: Recorded
    ) -> None:
        part = a_part(network)
        ready = prepared(network, access, part)
        server.order(Fault.RATE_LIMITED)
        result = network.send(access, part, ready, deadline_s=DEADLINE_S)
        assert result.retry_after is not None and 0 < result.retry_after <= 3_600

    def test_no_secret_is_kept_with_what_was_sent(
        self, network: Network, access: Access, unreachable_access: Access, wrong_access: Access
    ) -> None:
        part = a_part(network)
        self._keeps_no_secret(send(network, access, part))
        self._keeps_no_secret(network.find(access, part, deadline_s=DEADLINE_S))
        self._keeps_no_secret(network.check(access))
        for poor in (unreachable_access, wrong_access):
            self._keeps_no_secret(network.send(poor, part, Prepared(), deadline_s=DEADLINE_S))
            self._keeps_no_secret(network.check(poor))

    def _keeps_no_secret(self, answer: object) -> None:
        assert self.secrets, "say which secrets the accesses of this test hold"
        assert not [secret for secret in self.secrets if secret in repr(answer)]


class AskedForOne:
    """Where one post can be asked for by its id, long after it went out."""

    def test_what_stands_is_there_and_what_was_removed_is_proved_to_be_gone(
        self, network: Network, access: Access
    ) -> None:
        assert isinstance(network, Rereadable)
        ref, other = (send(network, access, a_part(network, text)).ref for text in ("Elm.", "Oak."))
        assert ref is not None and other is not None
        assert network.stands(access, ref, deadline_s=DEADLINE_S).presence is Presence.FOUND
        assert network.delete(access, ref, deadline_s=DEADLINE_S).outcome is Outcome.SENT
        assert network.stands(access, ref, deadline_s=DEADLINE_S).presence is Presence.ABSENT
        assert network.stands(access, other, deadline_s=DEADLINE_S).presence is Presence.FOUND


class AskedAgain(AskedForOne, SignIn):
    """The same over a wire."""

    def test_who_may_not_look_or_cannot_says_nothing(
        self, network: Network, access: Access, wrong_access: Access, unreachable_access: Access
    ) -> None:
        assert isinstance(network, Rereadable)
        ref = send(network, access, a_part(network)).ref
        assert ref is not None
        for poor in (wrong_access, unreachable_access):
            found = network.stands(poor, ref, deadline_s=DEADLINE_S)
            assert found.presence is Presence.UNREADABLE


class SignInContract(SignIn, Contract):
    """For networks of class I one signs in to."""
