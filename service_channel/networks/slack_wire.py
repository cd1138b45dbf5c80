"""How Slack's Web API is called. An error has status 200 and `ok: false`, so each answer is judged by its body."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx

from service_channel.networks.base import Outcome, OutgoingMedia
from service_channel.networks.calls import Caller, Failed, Refusal, Reply, wait_of
from service_channel.networks.chat_parts import NO_SENSE, approved_octets, file_name
from service_channel.networks.slack_messages import judged, words_of
from service_channel.networks.withheld import WITHHELD, Withheld

API = "https://slack.com/api"
PAUSES_S = (0.5, 1.0, 2.0, 4.0)
_NOT_READY = "Slack is still looking at a picture. It is tried again."


class Line:
    """Calls with one token, within one deadline."""

    def __init__(self, transport: httpx.BaseTransport, server: str, token: str, deadline_s: float) -> None:
        self._transport, self._deadline_s = transport, deadline_s
        self._calls = Caller(
            Withheld(transport, others=(token,)),
            deadline_s,
            server=server,
            headers={"Authorization": f"Bearer {token}"},
            read=read_slack,
        )

    def get(self, method: str, **params: str | int) -> Reply:
        return _judged(self._calls.get(f"/{method}", **params))

    def post(self, method: str, body: Mapping[str, Any]) -> Reply:
        return _judged(self._calls.post(f"/{method}", body))

    def upload(self, media: OutgoingMedia, number: int, pause: Callable[[float], None]) -> str:
        """A picture's file id. It stands in no channel: completed without one, a file is private to the app."""
        octets, name = approved_octets(media), file_name(number, media)
        asked = {"filename": name, "length": len(octets), "alt_txt": media.alt}
        place = _judged(self._calls.call("POST", "/files.getUploadURLExternal", data=asked)).body
        url, file_id = str(place.get("upload_url") or ""), str(place.get("file_id") or "")
        if not url or not file_id:
            raise Failed(Outcome.UNKNOWN, NO_SENSE)
        self._put(url, octets)
        self.post("files.completeUploadExternal", {"files": [{"id": file_id, "title": name}]})
        self._wait_for(file_id, pause)
        return file_id

    def _put(self, url: str, octets: bytes) -> None:
        """The upload's address is signed: no token goes there, and it is in nothing that is kept."""
        parts = httpx.URL(url)
        host = str(parts.copy_with(raw_path=b"/"))
        secret = parts.raw_path.decode().removeprefix("/")
        line = Caller(Withheld(self._transport, secret), self._deadline_s)
        line.call("POST", f"{host}{WITHHELD}", content=octets)

    def _wait_for(self, file_id: str, pause: Callable[[float], None]) -> None:
        """Slack looks at a file after the answer; before its kind is known, a block with it is refused."""
        for seconds in (*PAUSES_S, 0.0):
            found = self.get("files.info", file=file_id).body.get("file")
            if isinstance(found, dict) and found.get("mimetype"):
                return
            pause(seconds)
        raise Failed(Outcome.NOT_SENT, _NOT_READY, retry_after=30.0)


def read_slack(status: int, content: Any, _headers: Mapping[str, str]) -> Refusal:
    """An answer whose status is an error already: 429, or trouble of Slack's own."""
    error = content.get("error") if isinstance(content, dict) else None
    if not isinstance(error, str):
        return Refusal(outcome=None if status in (401, 429) else Outcome.UNKNOWN)
    return Refusal(error, words_of(error), None if status == 429 or status >= 500 else judged(error))


def _judged(reply: Reply) -> Reply:
    """The answer, where Slack says ok. Raises Failed."""
    ok, error = reply.body.get("ok"), reply.body.get("error")
    if ok is True:
        return reply
    if ok is not False or not isinstance(error, str):
        raise Failed(Outcome.UNKNOWN, NO_SENSE, reply.status, response=reply.record)
    words = words_of(error, _details(reply.body))
    raise Failed(judged(error), words, reply.status, error, wait_of(reply.headers), reply.record)


def _details(body: Mapping[str, Any]) -> str:
    """What is missing or wrong, as Slack puts it: `needed` scopes, or messages about blocks."""
    if isinstance(body.get("needed"), str):
        return str(body["needed"])
    more = body.get("response_metadata")
    said = more.get("messages") if isinstance(more, dict) else body.get("errors")
    return "; ".join(str(one) for one in said) if isinstance(said, list) else ""
