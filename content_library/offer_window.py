"""From when until when a post may go out: its own window and what its format says ends it. Pure.

Moments are wall times in the desk's zone, as people mean them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from content_library.errors import InvalidInput
from content_library.formats import FieldType
from content_library.wall_time import parse_wall, resolve


@dataclass(frozen=True)
class Window:
    """Both ends are instants; None is open. Nothing goes out at or after `until`."""

    starts_at: datetime | None
    until: datetime | None

    def contains(self, instant: datetime) -> bool:
        after = self.starts_at is None or instant >= self.starts_at
        return after and (self.until is None or instant < self.until)


def window(content: Mapping[str, Any], fields: Sequence[Mapping[str, Any]], zone: str) -> Window:
    """The window of a content document under its format's field specs. Unreadable moments count as not said."""
    ends = [_moment(content.get("valid_until", ""), zone)]
    for spec in fields:
        if spec.get("ends"):
            ends.append(_end(str(content["fields"].get(spec["key"], "")), spec["type"], zone))
    known = [end for end in ends if end is not None]
    return Window(_moment(content.get("valid_from", ""), zone), min(known) if known else None)


def _end(value: str, type_: str, zone: str) -> datetime | None:
    if type_ != FieldType.DATE:
        return _moment(value, zone)
    day = _moment(f"{value}T00:00", zone)
    if day is None:
        return None
    following = parse_wall(f"{value}T00:00") + timedelta(days=1)
    return resolve(following, zone).due_at


def _moment(value: str, zone: str) -> datetime | None:
    try:
        return resolve(parse_wall(value), zone).due_at if value else None
    except InvalidInput:
        return None
