"""An Instagram professional account behind a Facebook Page: a network of class I. A container publishes once.

Sources: "Content publishing", references of IG User Media, IG Media and IG Container of the Instagram API with
Facebook Login (Graph API v25.0).
"""

import time
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import httpx

from content_library.network_limits import count, limits_of
from content_library.web_fetch import FetchPolicy, httpx_transport
from service_channel.networks import meta_comments, meta_login, meta_standing
from service_channel.networks.base import (
    Access,
    AppKeys,
    Connection,
    ConnectRefused,
    FindResult,
    NetworkClass,
    Outcome,
    OutgoingMedia,
    OutgoingPart,
    Preparation,
    Prepared,
    Promise,
    RemoteRef,
    SendResult,
    SignInWay,
)
from service_channel.networks.calls import Failed
from service_channel.networks.meta_containers import Containers, Shape, Wanted, pictures_unreachable
from service_channel.networks.meta_errors import is_gone, is_permission
from service_channel.networks.meta_wire import (
    CHECK_DEADLINE_S,
    Graph,
    checked,
    deleted,
    own_id,
    tokens_of,
)

NEEDS = (
    "pages_show_list",
    "pages_read_engagement",
    "instagram_basic",
    "instagram_content_publish",
    "instagram_manage_comments",
)
SCOPES = (*NEEDS, "instagram_manage_contents", "business_management")
"""The last two are asked for and may be refused: taking down, and seeing Pages of a business portfolio."""

_SHAPE = Shape(
    name="Instagram",
    create="media",
    publish="media_publish",
    status="status_code",
    trouble="status",
    text="caption",
    listing="media",
    replies="",
    limit="content_publishing_limit",
    usage="quota_usage",
    usage_of_replies="",
)
_BY_HAND = (
    "Instagram does not let Deskcast delete this: the permission instagram_manage_contents is missing."
    " Open the post in the Instagram app and delete it there."
)


class Instagram:
    """`transport_for` is asked once for the way out to the web; `pause` waits for containers, in seconds."""

    key = "instagram"
    asks_server = False

    def __init__(
        self,
        transport_for: Callable[[], httpx.BaseTransport] | None = None,
        *,
        server: str = meta_login.SERVER,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._transport = transport_for() if transport_for else httpx_transport(FetchPolicy())
        self._server, self._pause = server, pause

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
        accounts = [_connection(page, app, found.dies_at) for page in found.pages if _account(page)]
        if not accounts:
            raise ConnectRefused(_nobody(has_pages=bool(found.pages)), meta_login.FIELD)
        return tuple(accounts)

    def prepare(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> Preparation:
        if problem := _comment_problem(part) if part.parent else _problem(part):
            return Preparation(None, Outcome.REFUSED, problem)
        if part.parent:
            return Preparation(Prepared())
        try:
            return self._containers(access, deadline_s).prepare(part, _wanted(part))
        except Failed as failed:
            return failed.as_preparation()

    def send(
        self, access: Access, part: OutgoingPart, prepared: Prepared, *, deadline_s: float
    ) -> SendResult:
        try:
            if part.parent:
                line = self._line(access, deadline_s)
                return meta_comments.post_comment(line, meta_comments.INSTAGRAM, part)
            return self._containers(access, deadline_s).send(part, prepared)
        except Failed as failed:
            return failed.as_send({"caption": part.text})

    def find(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> FindResult:
        try:
            if part.parent:
                line, author = self._line(access, deadline_s), own_id(access, "ig_id")
                return meta_comments.find_comment(line, meta_comments.INSTAGRAM, part, author=author)
            return self._containers(access, deadline_s).find(part)
        except Failed as failed:
            return failed.as_find()

    def stands(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> FindResult:
        try:
            listing = meta_standing.Listing(f"{own_id(access, 'ig_id')}/media", "timestamp")
            return meta_standing.look(self._line(access, deadline_s), ref, listing)
        except Failed as failed:
            return failed.as_find()

    def delete(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> SendResult:
        request = {"remote_id": ref.remote_id}
        try:
            return deleted(self._line(access, deadline_s), ref)
        except Failed as failed:
            if is_permission(failed) or is_gone(failed):
                return SendResult(Outcome.REFUSED, None, failed.status, request, failed.response, _BY_HAND)
            return failed.as_send(request)

    def check(self, access: Access) -> FindResult:
        try:
            account = own_id(access, "ig_id")
            return checked(self._line(access, CHECK_DEADLINE_S), account, account)
        except Failed as failed:
            return failed.as_check()

    def _containers(self, access: Access, deadline_s: float) -> Containers:
        return Containers(self._line(access, deadline_s), _SHAPE, own_id(access, "ig_id"), self._pause)

    def _line(self, access: Access, deadline_s: float) -> Graph:
        return Graph(access.secret, self._transport, deadline_s, server=self._server, needs=NEEDS)


def _problem(part: OutgoingPart) -> str:
    """Why Instagram would refuse this post, "" if it would not; asked before anything is made."""
    limits = limits_of("instagram")
    if not part.media:
        return "Instagram takes no post without a picture. Add a JPEG picture."
    if len(part.media) > limits.images:
        return f"Instagram takes {limits.images} pictures in one post; this one has {len(part.media)}."
    if any(media.mime not in limits.mimes for media in part.media):
        return "Instagram takes JPEG pictures only."
    if any(media.path.stat().st_size > limits.image_bytes for media in part.media):
        return f"A picture is larger than the {limits.image_bytes // 1_000_000} MB Instagram takes."
    if count("instagram", part.text).over:
        return f"The text is longer than the {limits.graphemes} characters Instagram takes."
    return pictures_unreachable(part.media, "Instagram")


def _comment_problem(part: OutgoingPart) -> str:
    return "Instagram takes no pictures in comments." if part.media else ""


def _wanted(part: OutgoingPart) -> Wanted:
    pictures = [_picture(media) for media in part.media]
    if len(pictures) == 1:
        return Wanted({**pictures[0], "caption": part.text})
    children = [{**picture, "is_carousel_item": "true"} for picture in pictures]
    return Wanted({"media_type": "CAROUSEL", "caption": part.text}, children)


def _picture(media: OutgoingMedia) -> dict[str, str]:
    return {"image_url": media.url, **({"alt_text": media.alt} if media.alt else {})}


def _account(page: Mapping[str, Any]) -> Mapping[str, Any]:
    """The professional account behind a Page; empty where there is none."""
    account = page.get("instagram_business_account")
    return account if isinstance(account, dict) and account.get("id") else {}


def _connection(page: Mapping[str, Any], app: AppKeys, dies_at: datetime | None) -> Connection:
    account = _account(page)
    ig_id = str(account["id"])
    handle = str(account.get("username") or ig_id)
    secret = {"ig_id": ig_id, **tokens_of(str(page["access_token"]), app.client_secret)}
    name, url = str(account.get("name") or handle), f"https://www.instagram.com/{handle}/"
    return Connection(handle, name, ig_id, url, secret, dies_at=dies_at)


def _nobody(*, has_pages: bool) -> str:
    if has_pages:
        return (
            "No professional Instagram account is connected to the Pages of this person."
            " Connect one in the Page's settings, under Linked accounts."
        )
    return (
        "This person may not write posts on any Facebook Page, so there is no Instagram account behind one."
    )
