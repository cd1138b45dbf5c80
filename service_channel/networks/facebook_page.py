"""One Facebook Page over one line: its unpublished posts, what is public, and the comments below."""

import json
from collections.abc import Mapping
from typing import Any

from service_channel.networks import meta_comments, meta_standing
from service_channel.networks.base import (
    Access,
    FindResult,
    Outcome,
    OutgoingPart,
    Preparation,
    Prepared,
    Presence,
    RemoteRef,
    SendResult,
)
from service_channel.networks.calls import Failed, Reply
from service_channel.networks.meta_drafts import (
    EARLIER,
    TAKEN,
    UNPREPARED,
    Draft,
    Standing,
    already,
    draft_of,
    read_draft,
)
from service_channel.networks.meta_errors import is_gone
from service_channel.networks.meta_lists import found_in
from service_channel.networks.meta_wire import (
    NONSENSE,
    Graph,
    approved_bytes,
    deleted,
    own_id,
)

_NO_DRAFTS = (
    "Facebook published this post instead of keeping it unpublished. It was taken down again at once."
)


class Page:
    """One Page over one line. Methods raise `Failed`."""

    def __init__(self, access: Access, line: Graph) -> None:
        self._id, self._line = own_id(access, "page_id"), line

    def prepare(self, part: OutgoingPart) -> Preparation:
        kept = read_draft(part.draft)
        if kept is not None and (prepared := self._kept(kept, part)) is not None:
            return Preparation(prepared)
        post = self._line.made(f"{self._id}/feed", self._unpublished(part))
        if self._is_public(post):
            return self._published_too_early(post, part)
        return Preparation(Prepared(draft=draft_of(post, part)))

    def send(self, part: OutgoingPart, prepared: Prepared, request: Mapping[str, Any]) -> SendResult:
        if isinstance(prepared, Standing):
            return already(prepared.found)
        draft = read_draft(prepared.draft or part.draft)
        if draft is None:
            reply = self._line.get(self._id, fields="id")
            return SendResult(Outcome.NOT_SENT, None, reply.status, request, reply.record, UNPREPARED)
        try:
            reply = self._line.post(draft.remote_id, {"is_published": "true"})
        except Failed as failed:
            return self._refused(draft, failed, request)
        return _sent(draft, reply, request)

    def find(self, part: OutgoingPart) -> FindResult:
        kept = read_draft(part.draft)
        if kept is None:
            self._line.get(self._id, fields="id")  # nothing was ever sent; but say so only if we can look
            return FindResult(Presence.ABSENT)
        published = self._is_published(kept.remote_id)
        if published is None:
            return self._listed(part) or FindResult(Presence.ABSENT)
        return _standing(kept, part) if published else FindResult(Presence.ABSENT)

    def stands(self, ref: RemoteRef) -> FindResult:
        """Of a post, whose id begins with the Page's own; comments are not looked at again."""
        if not ref.remote_id.startswith(f"{self._id}_"):
            return meta_standing.not_ours(ref)
        listing = meta_standing.Listing(f"{self._id}/published_posts", "created_time", shown="is_published")
        return meta_standing.look(self._line, ref, listing)

    def prepare_comment(self, part: OutgoingPart) -> Preparation:
        return Preparation(
            Prepared({media.sha256: self._photo(part, index) for index, media in enumerate(part.media)})
        )

    def comment(self, part: OutgoingPart, prepared: Prepared) -> SendResult:
        if any(media.sha256 not in prepared.uploads for media in part.media):
            reply = self._line.get(self._id, fields="id")
            return SendResult(Outcome.NOT_SENT, None, reply.status, {}, reply.record, UNPREPARED)
        photo = {"attachment_id": str(prepared.uploads[part.media[0].sha256])} if part.media else {}
        return meta_comments.post_comment(self._line, meta_comments.FACEBOOK, part, **photo)

    def find_comment(self, part: OutgoingPart) -> FindResult:
        return meta_comments.find_comment(self._line, meta_comments.FACEBOOK, part, author=self._id)

    def _kept(self, kept: Draft, part: OutgoingPart) -> Prepared | None:
        """What is left of an earlier try, if it can be used; what holds other words is thrown away."""
        published = self._is_published(kept.remote_id)
        if published is None:
            found = self._listed(part)
            return Standing(draft=part.draft, found=found) if found else None
        if published:
            return Standing(draft=part.draft, found=_standing(kept, part))
        if kept.holds(part):
            return Prepared(draft=part.draft)
        self._throw_away(kept)
        return None

    def _throw_away(self, kept: Draft) -> None:
        """Before another one is made: a late answer must not bring the old one out."""
        done = deleted(self._line, RemoteRef(kept.remote_id))
        if done.outcome is not Outcome.SENT:
            raise Failed(Outcome.NOT_SENT, done.message, done.status)

    def _unpublished(self, part: OutgoingPart) -> dict[str, str]:
        """The fields of a post that readers do not see yet."""
        photos = [{"media_fbid": self._photo(part, index)} for index in range(len(part.media))]
        attached = {"attached_media": json.dumps(photos)} if photos else {}
        return {"message": part.text, "published": "false", **attached}

    def _photo(self, part: OutgoingPart, index: int) -> str:
        """The id of an uploaded picture that stands nowhere yet."""
        media = part.media[index]
        files = {
            "source": (f"{index + 1}.{media.mime.rpartition('/')[2]}", approved_bytes(media), media.mime)
        }
        fields = {"published": "false", "alt_text_custom": media.alt}
        return self._line.made(f"{self._id}/photos", fields, files=files)

    def _is_published(self, post: str) -> bool | None:
        """None where there is no such post."""
        try:
            reply = self._line.get(post, fields="is_published")
        except Failed as failed:
            if is_gone(failed):
                return None
            raise
        published = reply.body.get("is_published")
        if not isinstance(published, bool):
            raise Failed(Outcome.UNKNOWN, NONSENSE, reply.status, response=reply.record)
        return published

    def _published_too_early(self, post: str, part: OutgoingPart) -> Preparation:
        """Never seen, but said of some posts with pictures: nothing may be public before the gate has been asked."""
        try:
            deleted(self._line, RemoteRef(post))
        except Failed:
            draft = draft_of(post, part)
            return Preparation(Standing(draft=draft, found=FindResult(Presence.FOUND, _ref(post))))
        return Preparation(None, Outcome.REFUSED, _NO_DRAFTS)

    def _listed(self, part: OutgoingPart) -> FindResult | None:
        """Where the part stands on the Page, by its words and its time: for a draft that is not there any more."""
        path, fields = f"{self._id}/published_posts", "id,message,created_time"
        entry = found_in(self._line, path, part, fields=fields, text="message", time="created_time")
        return FindResult(Presence.FOUND, _ref(str(entry["id"]))) if entry else None

    def _refused(self, draft: Draft, failed: Failed, request: Mapping[str, Any]) -> SendResult:
        """A refusal to publish may mean that it is public already; whether it is, the post itself says."""
        if failed.outcome is Outcome.REFUSED and self._is_public(draft.remote_id):
            return SendResult(
                Outcome.SENT, _ref(draft.remote_id), failed.status, request, failed.response, EARLIER
            )
        return failed.as_send(request)

    def _is_public(self, post: str) -> bool:
        """Only where it says so: an id must not be lost because it could not be looked at just now."""
        try:
            return bool(self._is_published(post))
        except Failed:
            return False


def _sent(draft: Draft, reply: Reply, request: Mapping[str, Any]) -> SendResult:
    if reply.body.get("success") is not True:
        return SendResult(Outcome.UNKNOWN, None, reply.status, request, reply.record, NONSENSE)
    return SendResult(Outcome.SENT, _ref(draft.remote_id), reply.status, request, reply.record)


def _standing(kept: Draft, part: OutgoingPart) -> FindResult:
    if not kept.holds(part):
        return FindResult(Presence.DIFFERENT, _ref(kept.remote_id), message=TAKEN)
    return FindResult(Presence.FOUND, _ref(kept.remote_id))


def _ref(post: str) -> RemoteRef:
    return RemoteRef(post, url=f"https://www.facebook.com/{post}")
