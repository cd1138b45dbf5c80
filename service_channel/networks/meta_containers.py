"""Publishing in two steps, as Instagram and Threads do it: a container is made, then published, and only once.

Sources: "Content publishing" and "IG Container" of the Instagram platform, "Posts" and "Troubleshooting" of the
Threads API. A container that was not published within 24 hours expires.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from service_channel.networks.base import (
    FindResult,
    Outcome,
    OutgoingMedia,
    OutgoingPart,
    Preparation,
    Prepared,
    Presence,
    RemoteRef,
    SendResult,
)
from service_channel.networks.calls import Failed
from service_channel.networks.meta_drafts import (
    TAKEN,
    UNPREPARED,
    Draft,
    Standing,
    already,
    draft_of,
    read_draft,
)
from service_channel.networks.meta_errors import DAY_FULL_S, NOT_READY_S, is_gone
from service_channel.networks.meta_lists import entries_in, found_in
from service_channel.networks.meta_wire import NONSENSE, Graph, id_in

_LONGEST_PAUSE_S = 8.0
_NOT_LISTED = "{name} says it is published, but does not list it."
_STILL_WORKING = "{name} is still working on the pictures."


class Status(StrEnum):
    IN_PROGRESS = "IN_PROGRESS"
    FINISHED = "FINISHED"  # can be published
    PUBLISHED = "PUBLISHED"
    EXPIRED = "EXPIRED"
    ERROR = "ERROR"
    GONE = ""  # ours: there is no such container


_USELESS = (Status.EXPIRED, Status.ERROR, Status.GONE)
"""Before another container is made in the place of such a one, the account's own posts are asked as well."""


@dataclass(frozen=True)
class Shape:
    """The names a network has for the same things: paths below the account, and fields."""

    name: str
    create: str
    publish: str
    status: str
    trouble: str  # the field that says why a container is of no use
    text: str
    listing: str
    replies: str  # where replies are listed; "" where there are none
    limit: str  # the path that says how much of the day's posts is used
    usage: str
    usage_of_replies: str


@dataclass(frozen=True)
class Wanted:
    """What to make: one container, or children and one that holds them."""

    fields: Mapping[str, str]
    children: Sequence[Mapping[str, str]] = ()


class Containers:
    """The containers of one account, over one line. Methods raise `Failed` where they do not say otherwise."""

    def __init__(self, line: Graph, shape: Shape, owner: str, pause: Callable[[float], None]) -> None:
        self._line, self._shape, self._owner, self._pause = line, shape, owner, pause

    def prepare(self, part: OutgoingPart, wanted: Wanted) -> Preparation:
        """A container that can be published: the one kept with the part, or else a new one."""
        kept = read_draft(part.draft)
        if kept is not None and (prepared := self._kept(kept, part)) is not None:
            return Preparation(prepared)
        if spent := self._day_is_full(part):
            return spent
        return Preparation(Prepared(draft=draft_of(self._make(wanted), part)))

    def send(self, part: OutgoingPart, prepared: Prepared) -> SendResult:
        """One call that makes it public. Does not raise."""
        if isinstance(prepared, Standing):
            return already(prepared.found)
        draft = read_draft(prepared.draft or part.draft)
        request = {"creation_id": draft.remote_id if draft else "", "text": part.text}
        try:
            if draft is None:
                return self._unprepared(request)
            reply = self._line.post(f"{self._owner}/{self._shape.publish}", {"creation_id": draft.remote_id})
            ref = self._ref(id_in(reply))
        except Failed as failed:
            return failed.as_send(request)
        return SendResult(Outcome.SENT, ref, reply.status, request, reply.record)

    def find(self, part: OutgoingPart) -> FindResult:
        kept = read_draft(part.draft)
        if kept is None:
            self._line.get(self._owner, fields="id")  # nothing was ever sent; but say so only if we can look
            return FindResult(Presence.ABSENT)
        status, _ = self._status(kept.remote_id)
        if status is Status.PUBLISHED:
            return self._published(kept, part)
        if status is Status.IN_PROGRESS:
            return FindResult(Presence.UNREADABLE, message=_STILL_WORKING.format(name=self._shape.name))
        found = self._listed(part) if status in _USELESS else None
        return found or FindResult(Presence.ABSENT)

    def _kept(self, kept: Draft, part: OutgoingPart) -> Prepared | None:
        """What is left of an earlier try, if it can be used."""
        status, _ = self._status(kept.remote_id)
        if status is Status.PUBLISHED:
            return Standing(draft=part.draft, found=self._published(kept, part))
        if status in _USELESS and (found := self._listed(part)):
            return Standing(draft=part.draft, found=found)
        if status in (Status.FINISHED, Status.IN_PROGRESS) and kept.holds(part):
            self._wait(kept.remote_id)
            return Prepared(draft=part.draft)
        return None

    def _make(self, wanted: Wanted) -> str:
        path = f"{self._owner}/{self._shape.create}"
        children = [self._line.made(path, fields) for fields in wanted.children]
        for child in children:
            self._wait(child)
        more = {"children": ",".join(children)} if children else {}
        container = self._line.made(path, {**wanted.fields, **more})
        self._wait(container)
        return container

    def _wait(self, container: str) -> None:
        """Until it can be published, within the line's deadline."""
        pause = 1.0
        status, trouble = self._status(container)
        while status is Status.IN_PROGRESS:
            if self._line.seconds_left < pause + 1.0:
                said = _STILL_WORKING.format(name=self._shape.name)
                raise Failed(Outcome.NOT_SENT, said, retry_after=NOT_READY_S)
            self._pause(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)
            status, trouble = self._status(container)
        self._require_usable(status, trouble)

    def _require_usable(self, status: Status, trouble: str) -> None:
        if status is Status.ERROR:
            said = trouble or "It did not say why."
            raise Failed(Outcome.REFUSED, f"{self._shape.name} could not use this post: {said}")
        if status in (Status.EXPIRED, Status.GONE):
            raise Failed(Outcome.NOT_SENT, f"{self._shape.name} did not keep the draft.")

    def _status(self, container: str) -> tuple[Status, str]:
        """How far a container is, and what is wrong with it."""
        fields = f"{self._shape.status},{self._shape.trouble}"
        try:
            reply = self._line.get(container, fields=fields)
        except Failed as failed:
            if is_gone(failed):
                return Status.GONE, ""
            raise
        said = reply.body.get(self._shape.status)
        if not said or said not in list(Status):
            raise Failed(Outcome.UNKNOWN, NONSENSE, reply.status, response=reply.record)
        return Status(said), str(reply.body.get(self._shape.trouble) or "")

    def _published(self, kept: Draft, part: OutgoingPart) -> FindResult:
        if not kept.holds(part):
            return FindResult(Presence.DIFFERENT, message=TAKEN)
        said = _NOT_LISTED.format(name=self._shape.name)
        return self._listed(part) or FindResult(Presence.UNREADABLE, message=said)

    def _listed(self, part: OutgoingPart) -> FindResult | None:
        """Where the part stands among the account's own posts, by its words and its time."""
        path = self._shape.replies if part.parent and self._shape.replies else self._shape.listing
        fields = f"id,{self._shape.text},timestamp,permalink"
        text, path = self._shape.text, f"{self._owner}/{path}"
        entry = found_in(self._line, path, part, fields=fields, text=text, time="timestamp")
        if not entry:
            return None
        ref = RemoteRef(str(entry["id"]), url=str(entry.get("permalink") or ""))
        return FindResult(Presence.FOUND, ref)

    def _ref(self, media: str) -> RemoteRef:
        """Where a published post is read; without an address if the network does not say it just now."""
        try:
            permalink = self._line.get(media, fields="permalink").body.get("permalink")
        except Failed:
            permalink = None
        return RemoteRef(media, url=permalink if isinstance(permalink, str) else "")

    def _unprepared(self, request: Mapping[str, str]) -> SendResult:
        reply = self._line.get(self._owner, fields="id")
        return SendResult(Outcome.NOT_SENT, None, reply.status, request, reply.record, UNPREPARED)

    def _day_is_full(self, part: OutgoingPart) -> Preparation | None:
        """Why nothing can be published just now, where the network counts posts of 24 hours."""
        usage = (
            self._shape.usage_of_replies
            if part.parent and self._shape.usage_of_replies
            else self._shape.usage
        )
        config = usage.replace("quota_usage", "config")
        entries = entries_in(self._line.get(f"{self._owner}/{self._shape.limit}", fields=f"{usage},{config}"))
        used, total = _used_of(entries, usage, config)
        if total is None or used < total:
            return None
        said = f"{self._shape.name} takes {total} posts of an account in 24 hours, and they are used up."
        return Preparation(None, Outcome.NOT_SENT, said, retry_after=DAY_FULL_S)


def _used_of(entries: Sequence[Mapping[str, object]], usage: str, config: str) -> tuple[int, int | None]:
    """How many posts of how many; no total where the network does not say it in numbers."""
    first = entries[0] if entries else {}
    used, limits = first.get(usage), first.get(config)
    total = limits.get("quota_total") if isinstance(limits, dict) else None
    return (used, total) if isinstance(used, int) and isinstance(total, int) else (0, None)


def pictures_unreachable(media: Sequence[OutgoingMedia], name: str) -> str:
    """Why a network that fetches pictures itself cannot have these; "" where it can."""
    if all(one.url for one in media):
        return ""
    return (
        f"{name} fetches pictures from Deskcast, and Deskcast cannot be reached from outside. An administrator"
        " sets its public address."
    )
