"""How long to wait before trying again. Pure."""

from datetime import timedelta


def wait(tries: int, *, first_s: float = 15.0, most_s: float = 900.0) -> timedelta:
    """Doubling from `first_s` after the first try, never more than `most_s`. `tries` counts from 1."""
    return timedelta(seconds=min(most_s, first_s * 2 ** min(max(tries - 1, 0), 30)))
