"""From what a person means ("Monday 09:30 in Berlin") to an instant: the only resolver of the house.

Wall time, zone and fold are the truth; the instant is derived. A time that does not exist moves forward by the
offset in force before the gap (RFC 5545 § 3.3.5); of a time that happens twice the first is meant unless the
second was chosen. Never in SQL: PostgreSQL takes the second.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones, reset_tzpath

from content_library.errors import InvalidInput

# Python prefers the system's zone files over the newer `tzdata` package unless the search path is empty.
reset_tzpath(())
ZoneInfo.clear_cache()

_WALL = re.compile(r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2}))?")
_REFUSED = ("posix/", "right/")
_GEOGRAPHIC = re.compile(
    r"(Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)/.+|UTC|Etc/UTC|Etc/GMT[+-]\d{1,2}"
)


class WallKind(StrEnum):
    NORMAL = "normal"
    GAP = "gap"
    OVERLAP = "overlap"


@dataclass(frozen=True)
class Resolved:
    """An instant and how it came about. `local` is what the clocks on the wall will show then."""

    due_at: datetime
    local: datetime
    kind: WallKind
    fold: int
    sentence: str


def tzdata_version() -> str:
    """The IANA release in use, such as `2026f`."""
    return files("tzdata").joinpath("zoneinfo", "tzdata.zi").read_text().split("\n", 1)[0].split()[-1]


def system_tzdata_version(folder: Path = Path("/usr/share/zoneinfo")) -> str:
    """The release this machine's own zones are of; empty where it does not say."""
    for name, form in (("tzdata.zi", "# version "), ("+VERSION", "")):
        try:
            first = (folder / name).read_text(encoding="ascii").split("\n", 1)[0].strip()
        except (OSError, UnicodeDecodeError):
            continue
        if first.startswith(form):
            return first.removeprefix(form).split("-")[0]
    return ""


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of that name. Geographic names, UTC and Etc/GMT±n only; anything else is refused."""
    if not _GEOGRAPHIC.fullmatch(name) or name.startswith(_REFUSED) or name not in _known():
        raise InvalidInput(
            f"“{name}” is not a time zone we know. Choose one like Europe/Berlin or America/New_York.",
            {"zone": "Choose a time zone from the list, such as Europe/Berlin."},
        )
    return ZoneInfo(name)


@cache
def zone_names() -> tuple[str, ...]:
    """Every zone a person may choose, sorted."""
    return tuple(sorted(n for n in _known() if _GEOGRAPHIC.fullmatch(n)))


@cache
def _known() -> frozenset[str]:
    return frozenset(available_timezones())


def parse_wall(text: str) -> datetime:
    """`2026-05-01T09:00` as a naive datetime.

    Refuses what is no date, 24:00 (ask for 00:00 of the next day) and leap seconds (computer time has none).
    """
    match = _WALL.fullmatch(text.strip())
    if match is None:
        raise _bad_wall(f"“{text}” is not a date and time. Write it like 2026-05-01 09:00.")
    numbers = [int(n or 0) for n in match.groups()]
    if numbers[3] == 24:
        raise _bad_wall("24:00 is not used here. Write 00:00 of the next day.")
    if numbers[5] == 60:
        raise _bad_wall("Computer clocks have no second 60. Write :59, or :00 of the next minute.")
    try:
        return datetime(*numbers)  # type: ignore[arg-type]  # noqa: DTZ001 - wall time is naive on purpose
    except ValueError:
        raise _bad_wall(f"{text[:10]} is not a day in the calendar. Check the day and month.") from None


def _bad_wall(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, {"wall": sentence})


def resolve(wall: datetime, zone_name: str, *, fold: int = 0) -> Resolved:
    """The instant a wall time in a zone stands for; `fold=1` means the second of a time that happens twice."""
    tz = zone(zone_name)
    wall = wall.replace(tzinfo=None, fold=0)
    first = wall.replace(tzinfo=tz, fold=0)
    second = wall.replace(tzinfo=tz, fold=1)
    early, late = first.utcoffset(), second.utcoffset()
    assert early is not None
    assert late is not None
    if early == late:
        return _resolved(wall - early, tz, WallKind.NORMAL, 0, "")
    if early < late:  # spring: fold=0 is the offset before the gap
        return _resolved(wall - early, tz, WallKind.GAP, 0, _gap_sentence(wall, wall - early, tz))
    chosen = late if fold else early
    return _resolved(wall - chosen, tz, WallKind.OVERLAP, 1 if fold else 0, _overlap_sentence(wall, tz, fold))


def _resolved(naive_utc: datetime, tz: ZoneInfo, kind: WallKind, fold: int, sentence: str) -> Resolved:
    due_at = naive_utc.replace(tzinfo=UTC)
    return Resolved(due_at, due_at.astimezone(tz), kind, fold, sentence)


def _gap_sentence(wall: datetime, naive_utc: datetime, tz: ZoneInfo) -> str:
    shown = naive_utc.replace(tzinfo=UTC).astimezone(tz)
    return (
        f"The clocks go forward that day and {wall:%H:%M} does not exist in {tz.key}. "
        f"It will go out at {shown:%H:%M}."
    )


def _overlap_sentence(wall: datetime, tz: ZoneInfo, fold: int) -> str:
    which = "second" if fold else "first"
    return (
        f"The clocks go back that day and {wall:%H:%M} happens twice in {tz.key}. The {which} one is chosen."
    )


def wall_of(instant: datetime, zone_name: str) -> datetime:
    """The naive wall time an instant has in a zone, to the minute's second."""
    return instant.astimezone(zone(zone_name)).replace(tzinfo=None, microsecond=0)


def ceil_minute(instant: datetime) -> datetime:
    """The next full minute at or after an instant."""
    floor = instant.replace(second=0, microsecond=0)
    return floor if floor == instant else floor + timedelta(minutes=1)
