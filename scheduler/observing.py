"""What is said and counted about the life of a publication: a line in the log and a figure, in one word each.

Every line within `within` or `about` carries the publication, its account and, once known, its network.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from structlog.contextvars import bind_contextvars, bound_contextvars, get_contextvars

from content_library import meters

log = logging.getLogger(__name__)
Result = TypeVar("Result")


class Claimed(Protocol):
    @property
    def publication_id(self) -> int: ...

    @property
    def account_id(self) -> int: ...


@contextmanager
def about(publication_id: int) -> Iterator[None]:
    """Every line of this thread is about a publication, until the end."""
    with bound_contextvars(publication=publication_id, account=None, network=None):
        yield


@contextmanager
def of(claim: Claimed, network: str) -> Iterator[None]:
    """Every line is about a claimed publication, until the end: where one thread works for several."""
    with bound_contextvars(publication=claim.publication_id, account=claim.account_id, network=network):
        yield


def within(claim: Claimed, do: Callable[[], Result]) -> Result:
    """Do it with every line naming the claimed publication."""
    with about(claim.publication_id):
        bind_contextvars(account=claim.account_id)
        return do()


def _say(words: str, *values: object) -> None:
    """A line, where it is known which publication it is about."""
    if "publication" in get_contextvars():
        log.info(words, *values)


def on(network: str, account_id: int) -> None:
    """From here on the account and its network are known."""
    bind_contextvars(network=network, account=account_id)


def tried(network: str, act: str, outcome: str) -> None:
    """One call to a network has ended."""
    meters.count("attempts", network, act, outcome)
    _say("%s on %s: %s", act, network, outcome)


def looked(network: str, presence: str) -> None:
    """One look whether it is there has ended."""
    meters.count("looks", network, presence)
    _say("look on %s: %s", network, presence)


def refused(reason: str, act: str) -> None:
    """The gate said no."""
    meters.count("gate_refusals", reason)
    _say("not sent (%s): %s", reason, act)


def out(late_s: float) -> None:
    """It is out, so many seconds after its time."""
    meters.observe("lateness", max(0.0, late_s))
    _say("out, %.3f s after its time", late_s)


def given_back(count: int) -> None:
    """Claims that were not used."""
    meters.count("claims_given_back", amount=count)
