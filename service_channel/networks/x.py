"""X: class Q where the plan lets us read our own timeline, class B elsewhere. It keeps no key of ours.

X refuses a text that stands there already, without saying where. Our own post since the first try is adopted. That
ours is not there is taken as proved where two things come together: all posts since the first try were read and ours is
not among them, and another post with the same words at the same place is seen, which explains the refusal and beside
which ours would have been refused as well. Anything less stays unknown: X may show a post late.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx

from content_library.web_fetch import FetchPolicy, httpx_transport
from service_channel.networks import x_connect, x_errors, x_uploads
from service_channel.networks.base import (
    Access,
    AppKeys,
    Connection,
    FindResult,
    NetworkClass,
    Outcome,
    OutgoingPart,
    Preparation,
    Prepared,
    Presence,
    Promise,
    RemoteRef,
    Renewed,
    SendResult,
    SignInWay,
)
from service_channel.networks.calls import Caller, Failed, Reply
from service_channel.networks.x_records import (
    TOLERANCE,
    is_double_of,
    is_post_id,
    is_this_part,
    post_body,
    problem_of,
    ref_of,
)

API = "https://api.x.com"
CHECK_DEADLINE_S = 20.0
_PAGES = 5  # of a hundred posts each, as far as a look goes
_FIELDS = "created_at,entities,note_tweet,referenced_tweets"
_NONSENSE = "The server's answer makes no sense."
_BLIND = "This account's plan at X does not let its own posts be read."
_TOO_MANY = "There are more posts since then than can be looked through."
_ARRIVED = "An earlier try had arrived."


class X:
    """`transport_for` is asked once for the way out to the web; `api` is where X answers."""

    key = "x"
    asks_server = False

    def __init__(
        self, transport_for: Callable[[], httpx.BaseTransport] | None = None, *, api: str = API
    ) -> None:
        self._transport = transport_for() if transport_for else httpx_transport(FetchPolicy())
        self._api = api

    def promise(self, access: Access) -> Promise:
        """What reading the timeline was answered with when the account was connected."""
        if access.secret.get("can_read"):
            return Promise(NetworkClass.QUERYABLE)
        return Promise(NetworkClass.BLIND, can_read=False)

    def answers_at(self, access: Access) -> str:
        return self._api

    def new_key(self, now: datetime) -> str:
        """X knows nothing of it; our own tables want one."""
        return uuid4().hex

    def way(self, server: str) -> SignInWay:
        return x_connect.way(self._api)

    def register(self, server: str, redirect_uri: str) -> AppKeys | None:
        return None

    def identities(
        self, server: str, app: AppKeys, token: Mapping[str, Any], *, now: datetime
    ) -> tuple[Connection, ...]:
        return x_connect.identities(self._api, self._transport, app, token, now=now)

    def renew(self, access: Access, *, now: datetime, deadline_s: float) -> Renewed:
        return x_connect.renew(self._api, self._transport, access, now=now, deadline_s=deadline_s)

    def prepare(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> Preparation:
        if problem := problem_of(part):
            return Preparation(None, Outcome.REFUSED, problem)
        if not part.media:
            return Preparation(Prepared())
        try:
            line = self._line(access, deadline_s)
            return Preparation(Prepared({each.sha256: x_uploads.upload(line, each) for each in part.media}))
        except Failed as failed:
            return failed.as_preparation()

    def send(
        self, access: Access, part: OutgoingPart, prepared: Prepared, *, deadline_s: float
    ) -> SendResult:
        body = post_body(part, prepared)
        try:
            line = self._line(access, deadline_s)
            reply = line.post("/2/tweets", body)
        except Failed as failed:
            if failed.error == x_errors.DUPLICATE:
                return _judged_duplicate(line, access, part, failed, body)
            return failed.as_send(body)
        return _sent(access, reply, body)

    def find(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> FindResult:
        if not access.secret.get("can_read"):
            return FindResult(Presence.UNREADABLE, message=_BLIND)
        try:
            posts = list(_timeline(self._line(access, deadline_s), access, since=part.created_at - TOLERANCE))
        except Failed as failed:
            return failed.as_find()
        mine = _mine(posts, part)
        if mine is None:
            return FindResult(Presence.ABSENT, message="It is not among this account's posts.")
        return FindResult(Presence.FOUND, ref_of(access.handle, str(mine["id"])), response={"post": mine})

    def stands(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> FindResult:
        if not access.secret.get("can_read") or not is_post_id(ref.remote_id):
            return FindResult(Presence.UNREADABLE, message=_BLIND)
        try:
            reply = self._line(access, deadline_s).get(f"/2/tweets/{ref.remote_id}")
        except Failed as failed:
            gone = failed.status == 404 and x_errors.is_missing(failed.error)
            return failed.as_find(Presence.ABSENT if gone else Presence.UNREADABLE)
        post = reply.body.get("data")
        if isinstance(post, dict) and post.get("id") == ref.remote_id:
            return FindResult(Presence.FOUND, ref, reply.status)
        gone = post is None and _is_deleted(reply.body)
        return FindResult(Presence.ABSENT if gone else Presence.UNREADABLE, None, reply.status, reply.record)

    def delete(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> SendResult:
        asked = {"remote_id": ref.remote_id}
        if not is_post_id(ref.remote_id):
            return SendResult(Outcome.REFUSED, request=asked, message=f"{ref.remote_id} is no post on X.")
        try:
            reply = self._line(access, deadline_s).delete(f"/2/tweets/{ref.remote_id}")
        except Failed as failed:
            if failed.status == 404 and x_errors.is_missing(failed.error):
                return SendResult(Outcome.SENT, ref, failed.status, asked, failed.response)
            return failed.as_send(asked)
        if _is_deleted(reply.body):
            return SendResult(Outcome.SENT, ref, reply.status, asked, reply.record)
        return SendResult(Outcome.UNKNOWN, None, reply.status, asked, reply.record, _NONSENSE)

    def check(self, access: Access) -> FindResult:
        try:
            reply = self._line(access, CHECK_DEADLINE_S).get("/2/users/me")
        except Failed as failed:
            return failed.as_check()
        user = reply.body.get("data")
        user_id = user.get("id") if isinstance(user, dict) else None
        if user_id != access.secret.get("user_id"):
            return FindResult(Presence.UNREADABLE, None, reply.status, message=_NONSENSE)
        return FindResult(Presence.FOUND, RemoteRef(str(user_id)), reply.status)

    def _line(self, access: Access, deadline_s: float) -> Caller:
        """Raises Failed where there is no token."""
        token = access.secret.get("access_token")
        if not token:
            raise Failed(Outcome.SIGNED_OUT, "This account was never connected, or not to the end.")
        return x_connect.line(self._api, self._transport, str(token), deadline_s)


def _sent(access: Access, reply: Reply, body: Mapping[str, Any]) -> SendResult:
    post = reply.body.get("data")
    post_id = post.get("id") if isinstance(post, dict) else None
    if not is_post_id(post_id):
        message = "The server said yes, but not to what."
        return SendResult(Outcome.UNKNOWN, None, reply.status, body, reply.record, message)
    return SendResult(Outcome.SENT, ref_of(access.handle, str(post_id)), reply.status, body, reply.record)


def _judged_duplicate(
    line: Caller, access: Access, part: OutgoingPart, failed: Failed, body: Mapping[str, Any]
) -> SendResult:
    """X holds these words already: as ours from an earlier try, as another post, or as one that cannot be seen."""
    posts = _looked(line, access, part)
    mine = _mine(posts, part) if posts is not None else None
    if mine is not None:
        ref = ref_of(access.handle, str(mine["id"]))
        return SendResult(Outcome.SENT, ref, failed.status, body, {"post": mine}, _ARRIVED)
    explained = any(is_double_of(post, part) for post in posts or ())
    outcome = Outcome.REFUSED if explained else Outcome.UNKNOWN
    return SendResult(outcome, None, failed.status, body, failed.response, failed.message)


def _looked(line: Caller, access: Access, part: OutgoingPart) -> list[Mapping[str, Any]] | None:
    """The account's latest posts, from before the first try too; None where they cannot all be read."""
    if not access.secret.get("can_read"):
        return None
    try:
        since_first_try = list(_timeline(line, access, since=part.created_at - TOLERANCE))
        return since_first_try + list(_page(line, access)[0])
    except Failed:
        return None


def _mine(posts: list[Mapping[str, Any]], part: OutgoingPart) -> Mapping[str, Any] | None:
    return next((post for post in posts if is_this_part(post, part)), None)


def _timeline(line: Caller, access: Access, *, since: datetime) -> Iterator[Mapping[str, Any]]:
    """All posts of the account since an instant, newest first. Raises Failed where they cannot all be read."""
    start, token = {"start_time": since.strftime("%Y-%m-%dT%H:%M:%SZ")}, ""
    for _ in range(_PAGES):
        more = {"pagination_token": token} if token else {}
        posts, token = _page(line, access, **start, **more)
        yield from posts
        if not token:
            return
    raise Failed(Outcome.UNKNOWN, _TOO_MANY)


def _page(line: Caller, access: Access, **params: str) -> tuple[list[Mapping[str, Any]], str]:
    """Up to a hundred posts, and where the next page begins."""
    path = f"/2/users/{access.secret.get('user_id')}/tweets"
    reply = line.call("GET", path, params={"max_results": 100, "tweet.fields": _FIELDS, **params})
    meta, posts = reply.body.get("meta"), reply.body.get("data", [])
    if not isinstance(meta, dict) or not isinstance(posts, list):
        raise Failed(Outcome.UNKNOWN, _NONSENSE, reply.status)
    return [post for post in posts if isinstance(post, dict)], str(meta.get("next_token") or "")


def _is_deleted(body: Mapping[str, Any]) -> bool:
    """Whether it is gone now: deleted, or named as not found."""
    data, errors = body.get("data"), body.get("errors")
    if isinstance(data, dict):
        return data.get("deleted") is True
    names = [str(error.get("type", "")) for error in errors or () if isinstance(error, dict)]
    return any(x_errors.is_missing(name.rpartition("/")[2]) for name in names)
