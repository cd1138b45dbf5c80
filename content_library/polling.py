"""When a feed is asked next. Pure.

Half the average gap between its changes, between 15 minutes and a day; quiet feeds daily, then weekly; what the
server asks for is respected up to a day; errors double the wait. A feed keeps its own place in each interval, so
that a thousand feeds added at once are not asked at once.
"""

import hashlib
import re
from datetime import UTC, datetime, timedelta

SHORTEST = timedelta(minutes=15)
DAILY = timedelta(days=1)
WEEKLY = timedelta(days=7)
QUIET_AFTER = timedelta(days=30)
SILENT_AFTER = timedelta(days=180)
FULL_FETCH_EVERY = timedelta(days=7)
CHECK_NOW_EVERY = timedelta(minutes=1)
NEW_FEED_GAP = timedelta(hours=2)

# How much one more gap counts in the average: about the last five changes matter.
_WEIGHT = 0.2
# 15 min × 2^7 is more than a day; from there on the feed is asked weekly.
_ERRORS_UNTIL_WEEKLY = 8
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def average_gap(known: timedelta | None, *, changed_at: datetime | None, now: datetime) -> timedelta | None:
    """The average gap after a change seen `now`; the change before it was at `changed_at`."""
    if changed_at is None:
        return known
    gap = max(timedelta(0), now - changed_at)
    return gap if known is None else known + (gap - known) * _WEIGHT


def usual_interval(gap: timedelta | None, *, quiet_for: timedelta) -> timedelta:
    """How long to wait after an answer. `quiet_for` is the time since the last change, or since it was added."""
    if quiet_for >= SILENT_AFTER:
        return WEEKLY
    if quiet_for >= QUIET_AFTER:
        return DAILY
    half = (NEW_FEED_GAP if gap is None else gap) / 2
    return min(max(half, SHORTEST), DAILY)


def asked_for(
    *, ttl_minutes: int | None = None, cache_control: str = "", retry_after_s: int | None = None
) -> timedelta:
    """The longest wait that the feed or its server asks for, at most a day; nothing asked is zero."""
    seconds = [(ttl_minutes or 0) * 60, _max_age(cache_control), retry_after_s or 0]
    return timedelta(seconds=min(max(0, *seconds), int(DAILY.total_seconds())))


def interval_after_answer(usual: timedelta, asked: timedelta) -> timedelta:
    return max(usual, min(asked, DAILY))


def interval_after_error(failures: int, *, retry_after_s: int | None = None) -> timedelta:
    """15 minutes, doubled with each failure in a row (counted from 1) up to a day, then weekly."""
    asked = asked_for(retry_after_s=retry_after_s)
    if failures > _ERRORS_UNTIL_WEEKLY:
        return WEEKLY
    return max(asked, min(SHORTEST * (1 << max(0, failures - 1)), DAILY))


def next_poll_at(
    feed_url: str, *, now: datetime, interval: timedelta, not_before: datetime | None = None
) -> datetime:
    """The feed's own place in the interval that comes next after half an interval or more.

    A feed asked on its place stays on it, exactly one interval apart. `not_before` is what the server asked for.
    """
    earliest = max(now + interval / 2, not_before or now)
    into = (earliest - _EPOCH - phase(feed_url, interval)) % interval
    return earliest if not into else earliest + interval - into


def phase(feed_url: str, interval: timedelta) -> timedelta:
    """A feed's place in an interval, always the same."""
    digest = hashlib.sha256(feed_url.encode("utf-8", "replace")).digest()
    return timedelta(seconds=int(interval.total_seconds() * int.from_bytes(digest[:4]) / 2**32))


def needs_full_fetch(full_fetch_at: datetime | None, *, now: datetime) -> bool:
    """Whether to ask without validators: once a week, as some servers say “not modified” for ever."""
    return full_fetch_at is None or now - full_fetch_at >= FULL_FETCH_EVERY


def may_check_now(checked_at: datetime | None, *, now: datetime) -> bool:
    """“Check now” works once a minute."""
    return checked_at is None or now - checked_at >= CHECK_NOW_EVERY


def _max_age(cache_control: str) -> int:
    if re.search(r"\bno-(?:cache|store)\b", cache_control, re.IGNORECASE):
        return 0
    found = re.search(r"(?<![\w-])max-age\s*=\s*\"?(\d{1,9})", cache_control, re.IGNORECASE)
    return int(found[1]) if found else 0
