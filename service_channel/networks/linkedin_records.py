"""What a post and a comment look like on LinkedIn: body, number, moment and address.

Sources: learn.microsoft.com, LinkedIn, Posts API, MultiImage API, Poll API, Comments API.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import regex

from content_library.network_limits import limits_of, utf16_length
from service_channel.networks.base import OutgoingMedia, OutgoingPart, Poll, Prepared, RemoteRef
from service_channel.networks.linkedin_text import little, reads_the_same

TOLERANCE = timedelta(minutes=2)
POST = regex.compile(r"urn:li:(?:share|ugcPost):([0-9]{1,19})")
COMMENT = regex.compile(r"urn:li:comment:\((urn:li:(?:activity|share|ugcPost):[0-9]{1,19}),([0-9]{1,19})\)")
_COMMENT_LENGTH, _QUESTION_LENGTH, _OPTION_LENGTH = 1_250, 140, 30
_QUESTION = regex.compile(r"[^.!?\n]*[^.!?\s][^.!?\n]*\?(?=\s|$)")
_DURATIONS = ((1_440, "ONE_DAY"), (4_320, "THREE_DAYS"), (10_080, "SEVEN_DAYS"), (20_160, "FOURTEEN_DAYS"))


def post_body(author: str, part: OutgoingPart, prepared: Prepared) -> dict[str, Any]:
    """The body of POST /rest/posts."""
    body: dict[str, Any] = {
        "author": author,
        "commentary": little(part.text),
        "visibility": "PUBLIC",
        "distribution": {
            "feedDistribution": "MAIN_FEED",
            "targetEntities": [],
            "thirdPartyDistributionChannels": [],
        },
        "lifecycleState": "PUBLISHED",
        "isReshareDisabledByAuthor": False,
    }
    content = _content(part, prepared)
    return {**body, "content": content} if content else body


def comment_body(author: str, part: OutgoingPart) -> dict[str, Any]:
    """The body of POST /rest/socialActions/{post}/comments."""
    return {"actor": author, "object": commented(part), "message": {"text": part.text}}


def commented(part: OutgoingPart) -> str:
    """The post that a later part is a comment on: the first, for comments on comments are seen by few."""
    below = part.root or part.parent
    return below.remote_id if below else ""


def problem_of(part: OutgoingPart) -> str:
    """Why LinkedIn would refuse this part, "" if it would not; asked before anything is uploaded."""
    limits = limits_of("linkedin")
    if part.parent:
        return _comment_problem(part)
    if utf16_length(part.text) > limits.graphemes:
        return f"LinkedIn counts {utf16_length(part.text):,} characters in this text and takes {limits.graphemes:,}."
    if len(part.media) > limits.images:
        return f"LinkedIn takes {limits.images} pictures in one post; this one has {len(part.media)}."
    if any(media.mime not in limits.mimes for media in part.media):
        return "LinkedIn takes pictures as JPEG, PNG or GIF only."
    if any(media.path.stat().st_size > limits.image_bytes for media in part.media):
        return f"A picture is larger than the {limits.image_bytes // 1_000_000} MB LinkedIn takes."
    if any(utf16_length(media.alt) > limits.alt_graphemes for media in part.media):
        return f"An alt text is longer than the {limits.alt_graphemes:,} characters LinkedIn takes."
    return _poll_problem(part, part.poll) if part.poll else ""


def _comment_problem(part: OutgoingPart) -> str:
    if not POST.fullmatch(commented(part)):
        return "The part before this one has no number on LinkedIn, so this one cannot be put below it."
    if part.media or part.poll:
        return (
            "On LinkedIn a later part is a comment, and comments carry neither pictures nor polls from here."
        )
    if utf16_length(part.text) > _COMMENT_LENGTH:
        return f"On LinkedIn a later part is a comment, and comments hold {_COMMENT_LENGTH:,} characters."
    return ""


def _poll_problem(part: OutgoingPart, poll: Poll) -> str:
    if part.media:
        return "LinkedIn takes pictures or a poll in one post, not both."
    if not 2 <= len(poll.options) <= 4:
        return f"LinkedIn takes polls of two to four options; this one has {len(poll.options)}."
    if any(not option or utf16_length(option) > _OPTION_LENGTH for option in poll.options):
        return f"LinkedIn takes options of one to {_OPTION_LENGTH} characters."
    if not 0 < poll.minutes <= _DURATIONS[-1][0]:
        return "LinkedIn takes polls that last up to fourteen days."
    if not _question(part):
        return f"LinkedIn wants a question of up to {_QUESTION_LENGTH} characters for a poll, in the text or as title."
    return ""


def _content(part: OutgoingPart, prepared: Prepared) -> dict[str, Any]:
    if part.poll:
        return {"poll": _poll(part, part.poll)}
    pictures = [_picture(media, prepared) for media in part.media]
    if len(pictures) > 1:
        return {"multiImage": {"images": pictures}}
    return {"media": pictures[0]} if pictures else {}


def _picture(media: OutgoingMedia, prepared: Prepared) -> dict[str, str]:
    urn = str(prepared.uploads.get(media.sha256, ""))
    return {"id": urn, "altText": media.alt} if media.alt else {"id": urn}


def _poll(part: OutgoingPart, poll: Poll) -> dict[str, Any]:
    """LinkedIn knows four durations: the shortest that is long enough."""
    duration = next(name for minutes, name in _DURATIONS if poll.minutes <= minutes)
    options = [{"text": option} for option in poll.options]
    return {"question": _question(part), "options": options, "settings": {"duration": duration}}


def _question(part: OutgoingPart) -> str:
    """What was approved as such; else the last question of the text, or the title; "" where neither is short enough."""
    if part.poll and part.poll.question:
        return part.poll.question if utf16_length(part.poll.question) <= _QUESTION_LENGTH else ""
    asked = [match.group().strip() for match in _QUESTION.finditer(part.text)]
    said = [*reversed(asked), part.title.strip()]
    return next((words for words in said if words and utf16_length(words) <= _QUESTION_LENGTH), "")


def number_of(urn: str) -> int | None:
    """The number at the end of a post's or comment's name."""
    match = regex.search(r"([0-9]{1,19})\)?$", urn)
    return int(match[1]) if match else None


def moment_of(urn: str) -> datetime | None:
    """When it was made: the number's upper bits are milliseconds since 1970, as measured on known posts."""
    number = number_of(urn)
    return datetime.fromtimestamp((number >> 22) / 1000, UTC) if number is not None else None


def is_since(urn: str, part: OutgoingPart) -> bool:
    """Whether it was made after the first try, and is not known to be another part."""
    moment = moment_of(urn)
    known = {number_of(other) for other in part.taken}
    return moment is not None and moment >= part.created_at - TOLERANCE and number_of(urn) not in known


def is_this_post(post: Mapping[str, Any], author: str, part: OutgoingPart) -> bool:
    urn, words = str(post.get("id", "")), post.get("commentary")
    if not POST.fullmatch(urn) or post.get("author") != author or not isinstance(words, str):
        return False
    out = post.get("lifecycleState", "PUBLISHED") == "PUBLISHED"
    return out and is_since(urn, part) and reads_the_same(words, part.text)


def is_this_comment(comment: Mapping[str, Any], author: str, part: OutgoingPart) -> bool:
    message = comment.get("message")
    words = message.get("text") if isinstance(message, dict) else None
    if comment.get("actor") != author or not isinstance(words, str):
        return False
    return is_since(comment_urn(comment, part), part) and reads_the_same(words, part.text)


def comment_urn(comment: Mapping[str, Any], part: OutgoingPart) -> str:
    """A comment's whole name; where only its number was said, below the post it was written on."""
    urn, number = str(comment.get("commentUrn", "")), str(comment.get("id", ""))
    return urn if COMMENT.fullmatch(urn) else f"urn:li:comment:({commented(part)},{number})"


def ref_of(urn: str) -> RemoteRef:
    """A post, or a comment by the post it stands below."""
    below = COMMENT.fullmatch(urn)
    return RemoteRef(urn, url=f"https://www.linkedin.com/feed/update/{below[1] if below else urn}/")
