"""LinkedIn, for a person or a page: class Q where we may read our own posts, class B elsewhere.

A refused duplicate names the post it is a duplicate of, and that post's number holds its time. Made after the first
try, it is ours; made before, it proves that ours is not there, for ours would have been refused as well. Where we may
read, the named post is looked at first: LinkedIn was seen to name posts that nobody could open.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx

from content_library.web_fetch import FetchPolicy, httpx_transport
from service_channel.networks import linkedin_connect, linkedin_errors, linkedin_uploads, token_renewal
from service_channel.networks.base import (
    Access,
    AppKeys,
    Connection,
    ConnectRefused,
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
from service_channel.networks.linkedin_looking import found_part, is_standing, still_there
from service_channel.networks.linkedin_records import (
    COMMENT,
    POST,
    comment_body,
    comment_urn,
    commented,
    is_since,
    post_body,
    problem_of,
    ref_of,
)

API = "https://api.linkedin.com"
OAUTH = "https://www.linkedin.com/oauth/v2"
VERSION = "202609"  # LinkedIn keeps a version for a year at least
SCOPES = linkedin_connect.PERSON_SCOPES + linkedin_connect.PAGE_SCOPES
CHECK_DEADLINE_S = 20.0
_BLIND = "LinkedIn does not let this account's posts be read."
_ARRIVED = "An earlier try had arrived."


class LinkedIn:
    """`transport_for` is asked once for the way out to the web; `scopes` is what the administrator's app may ask."""

    key = "linkedin"
    asks_server = False

    def __init__(
        self,
        transport_for: Callable[[], httpx.BaseTransport] | None = None,
        *,
        api: str = API,
        oauth: str = OAUTH,
        version: str = VERSION,
        scopes: tuple[str, ...] = SCOPES,
    ) -> None:
        self._transport = transport_for() if transport_for else httpx_transport(FetchPolicy())
        self._api, self._oauth, self._version, self._scopes = api, oauth, version, scopes

    def promise(self, access: Access) -> Promise:
        """By the permissions the token was given when the account was connected."""
        if access.secret.get("can_read"):
            return Promise(NetworkClass.QUERYABLE)
        return Promise(NetworkClass.BLIND, can_read=False)

    def answers_at(self, access: Access) -> str:
        return self._api

    def new_key(self, now: datetime) -> str:
        """LinkedIn knows nothing of it; our own tables want one."""
        return uuid4().hex

    def way(self, server: str) -> SignInWay:
        return linkedin_connect.way(self._oauth, self._scopes)

    def register(self, server: str, redirect_uri: str) -> AppKeys | None:
        return None

    def identities(
        self, server: str, app: AppKeys, token: Mapping[str, Any], *, now: datetime
    ) -> tuple[Connection, ...]:
        said = str(token.get("access_token") or "")
        if not said:
            raise ConnectRefused("LinkedIn gave no token. Sign in once more.", "")
        return linkedin_connect.identities(self._wire(said, linkedin_connect.DEADLINE_S), app, token, now=now)

    def renew(self, access: Access, *, now: datetime, deadline_s: float) -> Renewed:
        """Only where LinkedIn gave a refresh token, as it does to approved partners."""
        return token_renewal.renewed(access, self.way(""), self._transport, now=now, deadline_s=deadline_s)

    def prepare(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> Preparation:
        if problem := problem_of(part):
            return Preparation(None, Outcome.REFUSED, problem)
        if not part.media:
            return Preparation(Prepared())
        try:
            line, author = self._line(access, deadline_s), _author(access)
            uploads = {
                each.sha256: linkedin_uploads.upload(line, self._api, author, each) for each in part.media
            }
            return Preparation(Prepared(uploads))
        except Failed as failed:
            return failed.as_preparation()

    def send(
        self, access: Access, part: OutgoingPart, prepared: Prepared, *, deadline_s: float
    ) -> SendResult:
        author = _author(access)
        body = comment_body(author, part) if part.parent else post_body(author, part, prepared)
        try:
            line = self._line(access, deadline_s)
            reply = line.post(_road(part), body)
        except Failed as failed:
            if failed.error == linkedin_errors.DUPLICATE:
                return _judged_duplicate(line, access, part, failed, body)
            return failed.as_send(body)
        return _sent(part, reply, body)

    def find(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> FindResult:
        if not access.secret.get("can_read"):
            return FindResult(Presence.UNREADABLE, message=_BLIND)
        try:
            return found_part(self._line(access, deadline_s), _author(access), part)
        except Failed as failed:
            return failed.as_find()

    def stands(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> FindResult:
        """Of a post; comments are not looked at again."""
        if not access.secret.get("can_read") or not POST.fullmatch(ref.remote_id):
            return FindResult(Presence.UNREADABLE, message=_BLIND)
        try:
            return still_there(self._line(access, deadline_s), ref.remote_id, _author(access))
        except Failed as failed:
            return failed.as_find()

    def delete(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> SendResult:
        asked = {"remote_id": ref.remote_id}
        road = _road_of(ref.remote_id)
        if not road:
            return SendResult(
                Outcome.REFUSED, request=asked, message=f"{ref.remote_id} is no post on LinkedIn."
            )
        actor = {"params": {"actor": _author(access)}} if COMMENT.fullmatch(ref.remote_id) else {}
        try:
            reply = self._line(access, deadline_s).delete(
                road, headers={"X-RestLi-Method": "DELETE"}, **actor
            )
        except Failed as failed:
            if failed.status == 404:
                return SendResult(Outcome.SENT, ref, failed.status, asked, failed.response)
            return failed.as_send(asked)
        return SendResult(Outcome.SENT, ref, reply.status, asked, reply.record)

    def check(self, access: Access) -> FindResult:
        author = _author(access)
        try:
            line = self._line(access, CHECK_DEADLINE_S)
            if author.startswith("urn:li:person:"):
                ours = [linkedin_connect.person_of(line)[0]]
            else:
                ours = linkedin_connect.pages_of(line)
        except Failed as failed:
            return failed.as_check()
        if author in ours:
            return FindResult(Presence.FOUND, RemoteRef(author))
        return FindResult(Presence.ABSENT, message="Who signed in may not post for this account any more.")

    def _line(self, access: Access, deadline_s: float) -> Caller:
        """Raises Failed where there is no token."""
        token = access.secret.get("access_token")
        if not token or not _author(access):
            raise Failed(Outcome.SIGNED_OUT, "This account was never connected, or not to the end.")
        return self._wire(str(token), deadline_s)

    def _wire(self, token: str, deadline_s: float) -> Caller:
        return linkedin_connect.line(self._api, self._transport, token, self._version, deadline_s)


def _author(access: Access) -> str:
    """Who speaks: urn:li:person:… or urn:li:organization:…"""
    return str(access.secret.get("author") or "")


def _road(part: OutgoingPart) -> str:
    if not part.parent:
        return "/rest/posts"
    return f"/rest/socialActions/{quote(commented(part), safe='')}/comments"


def _road_of(urn: str) -> str:
    """Where a post or comment of this name is; "" for what is neither."""
    if POST.fullmatch(urn):
        return f"/rest/posts/{quote(urn, safe='')}"
    comment = COMMENT.fullmatch(urn)
    return f"/rest/socialActions/{quote(comment[1], safe='')}/comments/{comment[2]}" if comment else ""


def _sent(part: OutgoingPart, reply: Reply, body: Mapping[str, Any]) -> SendResult:
    urn = reply.headers.get("x-restli-id", "")
    if part.parent:
        urn = comment_urn({"id": urn, **reply.body}, part)
    if not (COMMENT if part.parent else POST).fullmatch(urn):
        message = "The server said yes, but not to what."
        return SendResult(Outcome.UNKNOWN, None, reply.status, body, reply.record, message)
    return SendResult(Outcome.SENT, ref_of(urn), reply.status, body, reply.record)


def _judged_duplicate(
    line: Caller, access: Access, part: OutgoingPart, failed: Failed, body: Mapping[str, Any]
) -> SendResult:
    """LinkedIn holds these words already: as ours from an earlier try, as an older post, or as nobody knows what."""
    urn = linkedin_errors.named_by(failed)
    if urn and not is_since(urn, part):
        return failed.as_send(body)
    is_ours = bool(urn)
    if urn and access.secret.get("can_read"):
        is_ours = is_standing(line, urn, _author(access), part)
    if is_ours:
        return SendResult(Outcome.SENT, ref_of(urn), failed.status, body, failed.response, _ARRIVED)
    return SendResult(Outcome.UNKNOWN, None, failed.status, body, failed.response, failed.message)
