"""A Threads profile: a network of class I. A container publishes once; a part with a parent is a reply.

Sources: "Posts", "Create replies", "Polls", "Accessibility", "Delete posts", "Troubleshooting", "Get access tokens"
and "Long-lived tokens" of the Threads API.
"""

import time
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import httpx

from content_library.web_fetch import FetchPolicy, httpx_transport
from service_channel.networks import meta_standing, threads_login
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
    Promise,
    RemoteRef,
    Renewed,
    SendResult,
    SignInWay,
)
from service_channel.networks.calls import Failed
from service_channel.networks.meta_containers import Containers, Shape
from service_channel.networks.meta_errors import is_gone, is_permission
from service_channel.networks.meta_wire import CHECK_DEADLINE_S, Graph, checked, deleted, own_id
from service_channel.networks.threads_posts import problem, wanted

_SHAPE = Shape(
    name="Threads",
    create="threads",
    publish="threads_publish",
    status="status",
    trouble="error_message",
    text="text",
    listing="threads",
    replies="replies",
    limit="threads_publishing_limit",
    usage="quota_usage",
    usage_of_replies="reply_quota_usage",
)
_BY_HAND = (
    "Threads does not let Deskcast delete this: the permission threads_delete is missing."
    " Open the post in the Threads app and delete it there."
)


class Threads:
    """`server` is where the Threads API answers, without a version; `pause` waits for containers, in seconds."""

    key = "threads"
    asks_server = False

    def __init__(
        self,
        transport_for: Callable[[], httpx.BaseTransport] | None = None,
        *,
        server: str = threads_login.SERVER,
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
        return threads_login.way(self._server)

    def register(self, server: str, redirect_uri: str) -> AppKeys | None:
        return None

    def identities(
        self, server: str, app: AppKeys, token: Mapping[str, Any], *, now: datetime
    ) -> tuple[Connection, ...]:
        return (threads_login.signed_in(self._transport, self._server, app, token, now=now),)

    def renew(self, access: Access, *, now: datetime, deadline_s: float) -> Renewed:
        return threads_login.renew(self._transport, self._server, access, now=now, deadline_s=deadline_s)

    def prepare(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> Preparation:
        if said := problem(part):
            return Preparation(None, Outcome.REFUSED, said)
        try:
            return self._containers(access, deadline_s).prepare(part, wanted(part))
        except Failed as failed:
            return failed.as_preparation()

    def send(
        self, access: Access, part: OutgoingPart, prepared: Prepared, *, deadline_s: float
    ) -> SendResult:
        try:
            return self._containers(access, deadline_s).send(part, prepared)
        except Failed as failed:
            return failed.as_send({"text": part.text})

    def find(self, access: Access, part: OutgoingPart, *, deadline_s: float) -> FindResult:
        try:
            return self._containers(access, deadline_s).find(part)
        except Failed as failed:
            return failed.as_find()

    def stands(self, access: Access, ref: RemoteRef, *, deadline_s: float) -> FindResult:
        try:
            listing = meta_standing.Listing(f"{own_id(access, 'user_id')}/threads", "timestamp")
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
            return checked(self._line(access, CHECK_DEADLINE_S), "me", own_id(access, "user_id"))
        except Failed as failed:
            return failed.as_check()

    def _containers(self, access: Access, deadline_s: float) -> Containers:
        return Containers(self._line(access, deadline_s), _SHAPE, own_id(access, "user_id"), self._pause)

    def _line(self, access: Access, deadline_s: float) -> Graph:
        server = f"{self._server}/{threads_login.VERSION}"
        return Graph(access.secret, self._transport, deadline_s, server=server, needs=threads_login.NEEDS)
