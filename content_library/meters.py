"""What is counted while it works. Where the figures go is not known here: nobody listens unless `to` names somebody.

Labels are few and known beforehand (a network, an outcome), never ids or texts.
"""

from typing import Protocol


class Sink(Protocol):
    """Takes figures from any thread, and never raises."""

    def add(self, name: str, labels: tuple[str, ...], amount: float) -> None: ...

    def observe(self, name: str, labels: tuple[str, ...], value: float) -> None: ...


_sink: Sink | None = None


def to(sink: Sink | None) -> None:
    """Send every figure to `sink` from now on; None: nowhere."""
    global _sink
    _sink = sink


def count(name: str, *labels: str, amount: float = 1) -> None:
    """So many more of something."""
    if _sink is not None and amount:
        _sink.add(name, labels, amount)


def observe(name: str, value: float, *labels: str) -> None:
    """One measured value, in seconds."""
    if _sink is not None:
        _sink.observe(name, labels, value)
