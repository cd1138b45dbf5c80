"""What is needed to send the next part of a claimed publication, read before anything is decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from content_library import clock
from content_library.models.account import AccountState
from scheduler import gate, observing, payloads
from scheduler.models import PublicationState
from scheduler.payloads import MediaChanged
from scheduler.publication_flow import Act
from scheduler.transitions import Claim
from scheduler.world import World
from service_channel import accounts
from service_channel.networks.base import Access, Network, OutgoingMedia, OutgoingPart, Promise
from service_channel.token_vault import CannotOpen


@dataclass(frozen=True)
class Errand:
    """The next part of a claimed publication, from `payload`."""

    claim: Claim
    network: Network
    access: Access
    promise: Promise
    payload: str
    part: OutgoingPart


@dataclass(frozen=True)
class Finished:
    """All parts are there already: an answer that came late had filled in the last one."""

    revision_id: int


@dataclass(frozen=True)
class _Facts:
    """What is stored about one claimed publication at `now`."""

    claim: Claim
    found: payloads.Claimed
    parts: Sequence[payloads.Standing]
    sealed: Any  # the row of its credentials, or None
    now: datetime


def next_errand(world: World, claimed: Claim) -> Errand | Finished | gate.No | None:
    """What is to be done next; None when the claim is lost. `No` says why it cannot even be prepared."""
    facts = world.reads.ask(partial(_read, world), claimed)
    if facts is None:
        return None
    observing.on(facts.found.network, claimed.account_id)
    try:
        return _next(world, facts)
    except MediaChanged as problem:
        return gate.No(gate.Reason.PAYLOAD, Act.BLOCK, str(problem))
    except CannotOpen as problem:
        return gate.No(gate.Reason.ACCOUNT, Act.BLOCK, str(problem))


def _read(world: World, claims: Sequence[Claim]) -> list[_Facts | None]:
    ids = [claim.publication_id for claim in claims]
    with world.database.read() as session:
        now = clock.now(session)
        found = payloads.read_claimed(session, ids)
        parts = payloads.standing_parts(session, ids)
        sealed = accounts.sealed(session, {one.id for one in found.values()})
    return [
        _Facts(claim, one, parts.get(claim.publication_id, ()), sealed.get(one.id), now)
        if (one := found.get(claim.publication_id)) is not None and _is_ours(claim, one)
        else None
        for claim in claims
    ]


def _is_ours(claim: Claim, found: payloads.Claimed) -> bool:
    return found.fence == claim.fence and found.state is PublicationState.CLAIMED


def _next(world: World, facts: _Facts) -> Errand | Finished | gate.No:
    found, this = facts.found, facts.claim.publication_id
    if payloads.is_complete(facts.parts):
        assert found.revision_id is not None
        return Finished(found.revision_id)
    network = world.networks.get(found.network)
    if found.payload is None or found.account_state is not AccountState.ACTIVE or network is None:
        return _unable(world, facts)
    access = accounts.opened(found, facts.sealed, database=world.database, vault=world.vault)
    media = _pictures(world, found.desk_id, found.payload)
    part = payloads.next_part(this, found.payload, media, facts.parts, now=facts.now)
    part = payloads.addressed(part, lambda sha256: world.picture_address(sha256, facts.now))
    return Errand(facts.claim, network, access, network.promise(access), found.payload, part)


def _pictures(world: World, desk_id: int, payload: str) -> dict[str, OutgoingMedia]:
    if not payloads.pictures_in(payload):
        return {}
    with world.database.read() as session:
        return payloads.media_of(session, desk_id, payload, world.media_folder)


def _unable(world: World, facts: _Facts) -> gate.No:
    """Why it cannot be sent: what the gate says, or that this release knows no such network."""
    with world.database.read() as session:
        answer = gate.ask(
            session, facts.claim.publication_id, now=clock.now(session), clock_sane=world.clock_sane
        )
    sentence = f"This release cannot send to {facts.found.network}."
    return answer if isinstance(answer, gate.No) else gate.No(gate.Reason.ACCOUNT, Act.HOLD, sentence)
