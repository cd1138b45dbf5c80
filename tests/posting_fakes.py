"""The counting network as others are: where the server chooses the id, and where tokens run out."""

from datetime import datetime, timedelta
from typing import Any

from service_channel.networks.base import (
    Access,
    FindResult,
    NetworkClass,
    Outcome,
    OutgoingPart,
    Prepared,
    Presence,
    Promise,
    RemoteRef,
    Renewed,
    SendResult,
)
from tests.fake_network_server import digest
from tests.fakes import CountingNetwork, _body, _Broken, _outcome

KEY_WINDOW_S = 3_600.0
_LASTS = timedelta(hours=2)
_CLOCKS_APART = timedelta(minutes=2)


class RenewingNetwork(CountingNetwork):
    """Of class I; a token renews itself once, and what it was renewed with is worth nothing any more."""

    def __init__(self) -> None:
        super().__init__("bluesky")

    def renew(self, access: Access, *, now: datetime, deadline_s: float) -> Renewed:
        try:
            answer = self._exchange(access, "POST", "/token", {"token": access.secret["token"]}, deadline_s)
        except _Broken as broken:
            return Renewed(broken.outcome, message=str(broken))
        if answer.status != 200:
            return Renewed(Outcome.SIGNED_OUT, message=str(answer.json().get("message", "")))
        secret = {**access.secret, "token": answer.json()["token"]}
        return Renewed(Outcome.SENT, secret, expires_at=now + _LASTS)


class PostingNetwork(CountingNetwork):
    """Of class K, Q or B over `FakeServer`."""

    def __init__(
        self, key: str, kind: NetworkClass, *, key_window_s: float = KEY_WINDOW_S, can_read: bool = True
    ) -> None:
        super().__init__(key)
        window = key_window_s if kind is NetworkClass.KEYED else 0.0
        self._promise = Promise(kind, window, can_read and kind is not NetworkClass.BLIND)

    def promise(self, access: Access) -> Promise:
        return self._promise

    def send(
        self, access: Access, part: OutgoingPart, prepared: Prepared, *, deadline_s: float
    ) -> SendResult:
        body = _body(part)
        key = part.key if self._promise.kind is NetworkClass.KEYED else ""
        try:
            answer = self._exchange(access, "POST", _folder(access), body, deadline_s, key=key)
        except _Broken as broken:
            return SendResult(broken.outcome, request=body, message=str(broken))
        outcome, found = _outcome(answer), answer.json()
        ref = None
        if outcome is Outcome.SENT:
            ref = _ref(access, str(found["id"])) if found.get("digest") == digest(body) else None
            outcome = Outcome.SENT if ref else Outcome.UNKNOWN
        message = str(found.get("message", ""))
        return SendResult(outcome, ref, answer.status, body, found, message, answer.retry_after)

    def find(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> FindResult:
        if not self._promise.can_read:
            return FindResult(Presence.UNREADABLE, message="Nobody can look here.")
        try:
            answer = self._exchange(access, "GET", _folder(access), None, deadline_s)
        except _Broken as broken:
            return FindResult(Presence.UNREADABLE, message=str(broken))
        found = answer.json()
        if answer.status != 200 or not isinstance(found.get("posts"), list):
            return FindResult(Presence.UNREADABLE, None, answer.status)
        mine = next((one for one in found["posts"] if _is_it(one, part)), None)
        if mine is None:
            return FindResult(Presence.ABSENT, None, 200)
        return FindResult(Presence.FOUND, _ref(access, mine["id"]), 200, mine)


def _is_it(one: dict[str, Any], part: OutgoingPart) -> bool:
    since = (part.created_at - _CLOCKS_APART).timestamp()
    return one["body"]["text"] == part.text and one["made_at"] >= since and str(one["id"]) not in part.taken


def _folder(access: Access) -> str:
    return f"/accounts/{access.account_id}/posts"


def _ref(access: Access, path: str) -> RemoteRef:
    return RemoteRef(path, "", f"http://{access.secret['host']}{path}")
