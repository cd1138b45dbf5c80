"""What a page shows one time only: an invitation's link, to the person who made it. Kept in their signed cookie."""

from flask import session as visit

_KEY = "told_once"


def tell_once(about: int, text: str) -> None:
    """Remember a text about something until its page is shown."""
    visit[_KEY] = [about, text]


def told(about: int) -> str | None:
    """The text, if there is one about this; it is gone afterwards."""
    kept = visit.get(_KEY)
    if not kept or kept[0] != about:
        return None
    visit.pop(_KEY)
    return str(kept[1])
