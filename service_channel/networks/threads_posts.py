"""What a part looks like as a Threads container, and why Threads would not take it. Pure but for file sizes."""

import json
from collections.abc import Mapping

from content_library.network_limits import count, find_links, limits_of
from service_channel.networks.base import OutgoingMedia, OutgoingPart, Poll
from service_channel.networks.meta_containers import Wanted, pictures_unreachable

MOST_LINKS = 5
FEWEST_OPTIONS, MOST_OPTIONS, OPTION_CHARACTERS = 2, 4, 25
_OPTIONS = ("option_a", "option_b", "option_c", "option_d")


def problem(part: OutgoingPart) -> str:
    """Why Threads would refuse this part, "" if it would not; asked before anything is made."""
    limits = limits_of("threads")
    if count("threads", part.text).over:
        return f"The text is longer than the {limits.graphemes} characters Threads takes; an emoji counts several."
    if len({link.url for link in find_links(part.text)}) > MOST_LINKS:
        return f"Threads takes {MOST_LINKS} different links in one post."
    return _picture_problem(part) or (_poll_problem(part, part.poll) if part.poll else "")


def wanted(part: OutgoingPart) -> Wanted:
    reply = {"reply_to_id": part.parent.remote_id} if part.parent else {}
    envelope = {"text": part.text, **reply}
    pictures = [_picture(media) for media in part.media]
    if not pictures:
        return Wanted({"media_type": "TEXT", **envelope, **_poll(part.poll)})
    if len(pictures) == 1:
        return Wanted({**pictures[0], **envelope})
    children = [{**picture, "is_carousel_item": "true"} for picture in pictures]
    return Wanted({"media_type": "CAROUSEL", **envelope}, children)


def _picture(media: OutgoingMedia) -> dict[str, str]:
    alt = {"alt_text": media.alt} if media.alt else {}
    return {"media_type": "IMAGE", "image_url": media.url, **alt}


def _poll(poll: Poll | None) -> Mapping[str, str]:
    if poll is None:
        return {}
    options = dict(zip(_OPTIONS, poll.options, strict=False))
    return {"poll_attachment": json.dumps(options, ensure_ascii=False)}


def _picture_problem(part: OutgoingPart) -> str:
    limits = limits_of("threads")
    if len(part.media) > limits.images:
        return f"Threads takes {limits.images} pictures in one post; this one has {len(part.media)}."
    if any(media.mime not in limits.mimes for media in part.media):
        return "Threads takes JPEG and PNG pictures only."
    if any(media.path.stat().st_size > limits.image_bytes for media in part.media):
        return f"A picture is larger than the {limits.image_bytes // 1_000_000} MB Threads takes."
    return pictures_unreachable(part.media, "Threads")


def _poll_problem(part: OutgoingPart, poll: Poll) -> str:
    if part.media:
        return "Threads takes a poll only without pictures."
    if not FEWEST_OPTIONS <= len(poll.options) <= MOST_OPTIONS:
        return f"Threads takes polls of {FEWEST_OPTIONS} to {MOST_OPTIONS} options; this one has {len(poll.options)}."
    if any(not 1 <= len(option) <= OPTION_CHARACTERS for option in poll.options):
        return f"Threads takes options of 1 to {OPTION_CHARACTERS} characters in polls."
    return ""
