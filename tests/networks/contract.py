"""What every network and every fake of one must do. A test class inherits this and says how to sign in.

A subclass defines the fixtures `network` and `access`; `SignInContract` adds what holds where one signs in.
"""

from dataclasses import replace
from datetime import UTC, datetime

from service_channel.networks.base import (
    Access,
    Network,
    NetworkClass,
    Outcome,
    OutgoingPart,
    Prepared,
    Presence,
    SendResult,
)

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


def prepared(network: Network, access: Access, part: OutgoingPart) -> Prepared:
    preparation = network.prepare(access, part, deadline_s=DEADLINE_S)
    assert preparation.prepared is not None, preparation
    return preparation.prepared


def send(network: Network, access: Access, part: OutgoingPart) -> SendResult:
    return network.send(access, part, prepared(network, access, part), deadline_s=DEADLINE_S)


def presence(network: Network, access: Access, part: OutgoingPart) -> Presence:
    return network.find(access, part, deadline_s=DEADLINE_S).presence


class Contract:
    """For networks of class I: we choose the identity."""

    def standing(self, access: Access) -> int:
        """How many posts stand on the network, counted without the adapter."""
        raise NotImplementedError

    def test_it_says_that_we_choose_the_identity(self, network: Network) -> None:
        assert network.kind is NetworkClass.IDENTIFIED
        assert network.key

    def test_keys_are_never_given_twice(self, network: Network) -> None:
        keys = {network.new_key(CREATED_AT) for _ in range(2_000)}
        assert len(keys) == 2_000
        assert all(0 < len(key) <= 40 for key in keys)

    def test_what_was_sent_is_found_where_the_network_said(self, network: Network, access: Access) -> None:
        part = a_part(network)
        result = send(network, access, part)
        assert result.outcome is Outcome.SENT
        assert result.ref is not None and result.ref.remote_id
        found = network.find(access, part, deadline_s=DEADLINE_S)
        assert (found.presence, found.ref) == (Presence.FOUND, result.ref)
        assert self.standing(access) == 1

    def test_the_same_part_sent_twice_stands_there_once(self, network: Network, access: Access) -> None:
        part = a_part(network)
        first, second = send(network, access, part), send(network, access, part)
        assert (first.outcome, second.outcome) == (Outcome.SENT, Outcome.SENT)
        assert first.ref == second.ref
        assert self.standing(access) == 1

    def test_two_parts_stand_there_both(self, network: Network, access: Access) -> None:
        one, other = a_part(network), a_part(network)
        assert send(network, access, one).ref != send(network, access, other).ref
        assert self.standing(access) == 2

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

    def test_what_was_never_sent_is_absent(self, network: Network, access: Access) -> None:
        assert presence(network, access, a_part(network)) is Presence.ABSENT

    def test_what_was_taken_down_is_absent_and_taking_down_again_is_done(
        self, network: Network, access: Access
    ) -> None:
        part, neighbour = a_part(network), a_part(network)
        ref = send(network, access, part).ref
        assert ref is not None
        send(network, access, neighbour)
        assert network.delete(access, ref, deadline_s=DEADLINE_S).outcome is Outcome.SENT
        assert presence(network, access, part) is Presence.ABSENT
        assert network.delete(access, ref, deadline_s=DEADLINE_S).outcome is Outcome.SENT
        assert presence(network, access, neighbour) is Presence.FOUND
        assert self.standing(access) == 1

    def test_good_credentials_are_found_good(self, network: Network, access: Access) -> None:
        assert network.check(access).presence is Presence.FOUND


class SignInContract(Contract):
    """For networks one signs in to over a wire. Adds the fixtures `wrong_access` and `unreachable_access`."""

    def test_wrong_credentials_are_a_proof_that_nothing_was_sent(
        self, network: Network, wrong_access: Access, access: Access
    ) -> None:
        part = a_part(network)
        assert (
            network.send(wrong_access, part, Prepared(), deadline_s=DEADLINE_S).outcome is Outcome.SIGNED_OUT
        )
        assert network.check(wrong_access).presence is Presence.ABSENT
        assert presence(network, access, part) is Presence.ABSENT

    def test_an_unreachable_server_is_a_proof_that_nothing_was_sent(
        self, network: Network, unreachable_access: Access
    ) -> None:
        part = a_part(network)
        result = network.send(unreachable_access, part, Prepared(), deadline_s=DEADLINE_S)
        assert result.outcome is Outcome.NOT_SENT
        assert result.message
        assert network.check(unreachable_access).presence is Presence.UNREADABLE
        assert presence(network, unreachable_access, part) is Presence.UNREADABLE
