"""A Facebook Page: a network of class I. A post is made unpublished, its id is kept, and then it is published.

Sources: "Posts" of the Pages API, references of Page Feed, Page Photos and Page Post (Graph API v25.0). Publishing is
`is_published=true` on the post; publishing what is public already changes nothing.
"""

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import httpx

from content_library.network_limits import count, limits_of
from content_library.web_fetch import FetchPolicy, httpx_transport
from service_channel.networks import meta_login
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
    Promise,
    RemoteRef,
    SendResult,
    SignInWay,
)
from service_channel.networks.calls import Failed
from service_channel.networks.facebook_page import Page
from service_channel.networks.meta_wire import (
    CHECK_DEADLINE_S,
    Graph,
    checked,
    deleted,
    own_id,
    tokens_of,
)

NEEDS = ("pages_show_list", "pages_read_engagement", "pages_manage_posts", "pages_manage_engagement")
SCOPES = (*NEEDS, "business_management")
"""The last one is asked for and may be refused: it shows the Pages of a business portfolio."""
_NO_DRAFTS = (
    "Facebook published this post instead of keeping it unpublished. It was taken down again at once."
)


class Facebook:
    """`transport_for` is asked once for the way out to the web; `server` is where the Graph API answers."""

    key = "facebook"
    asks_server = False

    def __init__(
        self,
        transport_for: Callable[[], httpx.BaseTransport] | None = None,
        *,
        server: str = meta_login.SERVER,
    ) -> None:
        self._transport = transport_for() if transport_for else httpx_transport(FetchPolicy())
        self._server = server

    def promise(self, access: Access) -> Promise:
        return Promise(NetworkClass.IDENTIFIED)

    def answers_at(self, access: Access) -> str:
        return self._server

    def new_key(self, now: datetime) -> str:
        return uuid.uuid4().hex

    def way(self, server: str) -> SignInWay:
        token_url = f"{self._server}/oauth/access_token"
        return SignInWay(meta_login.AUTHORIZE, token_url, SCOPES, has_pkce=False, scope_separator=",")

    def register(self, server: str, redirect_uri: str) -> AppKeys | None:
        return None

    def identities(
        self, server: str, app: AppKeys, token: Mapping[str, Any], *, now: datetime
    ) -> tuple[Connection, ...]:
        found = meta_login.signed_in(self._transport, self._server, app, token, needs=NEEDS)
        if not found.pages:
            said = "This person may not write posts on any Facebook Page. Sign in as somebody who may."
            raise ConnectRefused(said, meta_login.FIELD)
        return tuple(_connection(page, app, found.dies_at) for page in found.pages)

    def prepare(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> Preparation:
        if problem := _problem(part):
            return Preparation(None, Outcome.REFUSED, problem)
        try:
            page = Page(access, self._line(access, deadline_s))
            return page.prepare_comment(part) if part.parent else page.prepare(part)
        except Failed as failed:
            return failed.as_preparation()

    def send(
        self, access: Access, part: OutgoingPart, prepared: Prepared, *, deadline_s: float
    ) -> SendResult:
        request = {"draft": prepared.draft or part.draft, "message": part.text}
        try:
            page = Page(access, self._line(access, deadline_s))
            return page.comment(part, prepared) if part.parent else page.send(part, prepared, request)
        except Failed as failed:
            return failed.as_send(request)

    def find(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> FindResult:
        try:
            page = Page(access, self._line(access, deadline_s))
            return page.find_comment(part) if part.parent else page.find(part)
        except Failed as failed:
            return failed.as_find()

    def stands(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> FindResult:
        try:
            return Page(access, self._line(access, deadline_s)).stands(ref)
        except Failed as failed:
            return failed.as_find()

    def delete(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> SendResult:
        try:
            return deleted(self._line(access, deadline_s), ref)
        except Failed as failed:
            return failed.as_send({"remote_id": ref.remote_id})

    def check(self, access: Access) -> FindResult:
        try:
            page_id = own_id(access, "page_id")
            return checked(self._line(access, CHECK_DEADLINE_S), page_id, page_id)
        except Failed as failed:
            return failed.as_check()

    def _line(self, access: Access, deadline_s: float) -> Graph:
        return Graph(access.secret, self._transport, deadline_s, server=self._server, needs=NEEDS)


def _problem(part: OutgoingPart) -> str:
    """Why Facebook would refuse this part, "" if it would not; asked before anything is uploaded."""
    limits = limits_of("facebook")
    most = 1 if part.parent else limits.images
    if len(part.media) > most:
        where = "one comment" if part.parent else "one post"
        return f"Facebook takes {most} picture{'s' * (most > 1)} in {where}; this one has {len(part.media)}."
    if any(media.mime not in limits.mimes for media in part.media):
        return "Facebook takes JPEG and PNG pictures only."
    if any(media.path.stat().st_size > limits.image_bytes for media in part.media):
        return f"A picture is larger than the {limits.image_bytes // 1_000_000} MB Facebook takes."
    if count("facebook", part.text).over:
        return f"The text is longer than the {limits.graphemes} characters Facebook takes."
    return ""


def _connection(page: Mapping[str, Any], app: AppKeys, dies_at: datetime | None) -> Connection:
    page_id, name = str(page["id"]), str(page.get("name") or "")
    handle = str(page.get("username") or page_id)
    secret = {"page_id": page_id, **tokens_of(str(page["access_token"]), app.client_secret)}
    url = str(page.get("link") or f"https://www.facebook.com/{handle}")
    return Connection(handle, name or handle, page_id, url, secret, dies_at=dies_at)
