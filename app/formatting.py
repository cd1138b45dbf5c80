"""How values are shown: times as people say them, counts with their unit, texts with their links."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from flask import Flask, g
from markupsafe import Markup, escape

from app.network_icons import NETWORK_ICONS
from content_library.wall_time import zone
from scheduler.publication_flow import shown

_URL = re.compile(r"https?://[^\s<>\"]+")


def gettext(text: str) -> str:
    """The place where a translation will be looked up; English now."""
    return text


def viewer_zone() -> str:
    """The zone times are shown in: the desk's on its pages, else the person's, else UTC."""
    if g.get("desk") is not None:
        return str(g.desk.zone)
    return str(g.user.zone) if g.get("user") is not None else "UTC"


def city(zone_name: str) -> str:
    """`Europe/Berlin` → `Berlin`."""
    return zone_name.rsplit("/", 1)[-1].replace("_", " ")


def exact(instant: datetime, zone_name: str | None = None) -> str:
    """`Monday 4 May 2026, 09:30:00 CEST`."""
    local = instant.astimezone(zone(zone_name or viewer_zone()))
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M:%S %Z}"


def said(instant: datetime, now: datetime, zone_name: str | None = None) -> str:
    """As people say it: `today 09:30`, `tomorrow 09:30`, `Mon 09:30`, `4 May 09:30`, `4 May 2025`."""
    tz = zone(zone_name or viewer_zone())
    local, today = instant.astimezone(tz), now.astimezone(tz).date()
    days = (local.date() - today).days
    names = {-1: "yesterday", 0: "today", 1: "tomorrow"}
    if days in names:
        return f"{names[days]} {local:%H:%M}"
    if 1 < days < 7:
        return f"{local:%a %H:%M}"
    if local.year == today.year:
        return f"{local.day} {local:%b %H:%M}"
    return f"{local.day} {local:%b %Y}"


def ago(instant: datetime, now: datetime) -> str:
    """`just now`, `4 min ago`, `2 h ago`, `3 days ago`; the future as `in 4 min`."""
    seconds = (now - instant).total_seconds()
    words = span(timedelta(seconds=abs(seconds)))
    if abs(seconds) < 45:
        return "just now"
    return f"{words} ago" if seconds > 0 else f"in {words}"


def span(length: timedelta) -> str:
    """A length of time in one unit: `40 s`, `12 min`, `5 h`, `3 days`."""
    seconds = int(length.total_seconds())
    for size, unit in ((86_400, "day"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            count = round(seconds / size)
            return f"{count} {unit}{'s' if unit == 'day' and count != 1 else ''}"
    return f"{seconds} s"


def worked(length: timedelta) -> str:
    """Working time, which has no days: `40 min`, `2 h 10 min`, `13 h`."""
    minutes = round(length.total_seconds() / 60)
    hours, rest = divmod(minutes, 60)
    if not minutes:
        return "less than a minute"
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest and hours < 10 else f"{round(minutes / 60)} h"


def time_tag(instant: datetime | None, *, zone_name: str | None = None, relative: bool = False) -> Markup:
    """A `<time>` that says it as people do, with the exact one on hover."""
    if instant is None:
        return Markup("–")
    shown = ago(instant, g.now_shown) if relative else said(instant, g.now_shown, zone_name)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        instant.isoformat(timespec="seconds"), exact(instant, zone_name), shown
    )


def linked(text: str) -> Markup:
    """A post's text as HTML: escaped, line breaks kept, addresses made links. Nothing else is interpreted."""
    pieces, last = [], 0
    for match in _URL.finditer(text):
        address = match.group().rstrip(".,;:!?)]}’”'")
        pieces.append(escape(text[last : match.start()]))
        pieces.append(Markup('<a href="{0}" rel="noopener nofollow ugc">{0}</a>').format(address))
        last = match.start() + len(address)
    pieces.append(escape(text[last:]))
    return Markup("").join(pieces).replace("\n", Markup("<br>\n"))


def day(value: date) -> str:
    """`4 May 2026`."""
    return f"{value.day} {value:%B %Y}"


def name_in(key: Any, names: Mapping[Any, str]) -> str:
    """What something is called; what is no longer there is called by its key."""
    return names.get(key, str(key))


def words(value: str) -> str:
    """`changes_requested` → `changes requested`."""
    return value.replace("_", " ")


def teach_templates(app: Flask) -> None:
    """Register filters and globals."""
    app.jinja_env.globals.update(_=gettext, time_tag=time_tag, NETWORK_ICONS=NETWORK_ICONS)
    app.jinja_env.filters.update(
        linked=linked,
        exact=exact,
        words=words,
        span=span,
        worked=worked,
        city=city,
        day=day,
        name_in=name_in,
        shown=shown,
    )
