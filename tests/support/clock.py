"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

DEFAULT_NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)  # a Tuesday, no change of clocks near


class FrozenClock:
    """Call it for the time. `advance` moves it, `set` puts it somewhere else."""

    def __init__(self, now: datetime = DEFAULT_NOW) -> None:
        self.set(now)

    def __call__(self) -> datetime:
        return self.now

    def set(self, now: datetime) -> datetime:
        if now.tzinfo is None:
            raise ValueError(f"a clock needs an aware instant, not {now!r}")
        self.now = now.astimezone(UTC)
        return self.now

    def advance(self, **duration: float) -> datetime:
        """Move on by `timedelta(**duration)`, for example `advance(minutes=5)`; returns the new time."""
        self.now += timedelta(**duration)
        return self.now
