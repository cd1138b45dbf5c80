"""Looking among an account's own statuses for a part that may have arrived."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from service_channel.networks.base import FindResult, Outcome, OutgoingPart, Presence, RemoteRef
from service_channel.networks.calls import Caller, Failed
from service_channel.networks.mastodon_text import (
    is_alike,
    is_conceivable,
    is_nearly_alike,
    is_source,
    likeness,
)
from service_channel.networks.mastodon_wire import address_in, id_in

EARLIER = timedelta(minutes=2)  # how far a server's clock may be behind ours
PAGE = 40  # Mastodon's most: docs.joinmastodon.org/methods/accounts/#statuses
PAGES = 25  # a thousand posts
SOURCES = 20  # each is a call of its own, and Mastodon allows 300 in five minutes
_UNPAGED = 200  # snac knows no pages; it answers with up to 256
_NO_SOURCE = {400, 403, 404, 405, 410, 501}
_UNSURE = "Something that looks much like this post stands there, but the server does not show its source."

Status = Mapping[str, Any]


def look(caller: Caller, account_id: str, part: OutgoingPart) -> FindResult:
    """Raises Failed where the server's answer cannot be read to its end."""
    floor = part.created_at - EARLIER
    candidates = [one for one in _since(caller, account_id, floor) if _may_be(one, part, floor)]
    found = next((one for one in candidates if is_alike(_shown(one), part.text)), None)
    return _answer(found) if found else _by_source(caller, candidates, part.text)


def _by_source(caller: Caller, candidates: list[Status], text: str) -> FindResult:
    """A server may show a text in a form of its own; what was written tells, where it keeps that."""
    conceivable = [one for one in candidates if is_conceivable(_shown(one), text)]
    conceivable.sort(key=lambda one: likeness(_shown(one), text), reverse=True)
    if len(conceivable) > SOURCES:
        raise Failed(Outcome.UNKNOWN, "There are more posts much like this one than can be told apart.")
    unsure = False
    for status in conceivable:
        source = _source(caller, status)
        if source is not None and is_source(source, text):
            return _answer(status)
        unsure = unsure or (source is None and is_nearly_alike(_shown(status), text))
    if unsure:
        return FindResult(Presence.UNREADABLE, None, 200, message=_UNSURE)
    return FindResult(Presence.ABSENT, None, 200)


def ref_of(status: Status) -> RemoteRef:
    return RemoteRef(id_in(status), "", address_in(status, "url", "uri"))


def status_path(remote_id: str) -> str:
    return f"/api/v1/statuses/{quote(remote_id, safe='')}"


def _answer(found: Status) -> FindResult:
    ref = ref_of(found)
    kept = {"id": ref.remote_id, "created_at": found.get("created_at"), "url": ref.url}
    return FindResult(Presence.FOUND, ref, 200, {"status": 200, "body": kept})


def _since(caller: Caller, account_id: str, floor: datetime) -> list[Status]:
    """The account's statuses down to `floor`, newest first."""
    found: dict[str, Status] = {}
    asked: dict[str, str | int] = {"limit": PAGE, "exclude_reblogs": "true"}
    for _ in range(PAGES):
        page = _page(caller, account_id, asked)
        fresh = {id_in(one): one for one in page if id_in(one) not in found}
        found |= fresh
        if not page or (not fresh and len(page) < _UNPAGED) or _made(page[-1]) < floor:
            return list(found.values())
        asked["max_id"] = id_in(page[-1])
    raise Failed(Outcome.UNKNOWN, "There are more posts since then than can be looked through.")


def _page(caller: Caller, account_id: str, asked: Mapping[str, str | int]) -> list[Status]:
    reply = caller.get(f"/api/v1/accounts/{quote(account_id, safe='')}/statuses", **asked)
    page = reply.content
    if not isinstance(page, list) or not all(id_in(one) for one in page):
        raise Failed(Outcome.UNKNOWN, "The server's answer makes no sense.", reply.status)
    return page


def _may_be(status: Status, part: OutgoingPart, floor: datetime) -> bool:
    above = part.parent.remote_id if part.parent else ""
    answers = str(status.get("in_reply_to_id") or "")
    is_ours = not status.get("reblog") and id_in(status) not in part.taken
    return is_ours and answers == above and _made(status) >= floor


def _made(status: Status) -> datetime:
    try:
        moment = datetime.fromisoformat(str(status.get("created_at")))
    except ValueError:
        raise Failed(Outcome.UNKNOWN, "The server does not say when a post was made.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _shown(status: Status) -> str:
    return str(status.get("content") or "")


def _source(caller: Caller, status: Status) -> str | None:
    """What was written, None where the server does not tell."""
    try:
        text = caller.get(f"{status_path(id_in(status))}/source").body.get("text")
    except Failed as failed:
        if failed.status in _NO_SOURCE:
            return None
        raise
    return text if isinstance(text, str) else None
