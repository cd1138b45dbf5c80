"""What one server of Mastodon's API takes, by its own words, and in a sentence why it would refuse a part.

Servers differ widely (500 to 100,000 characters), so each is asked when an account is connected: `configuration` of
/api/v2/instance, or of /api/v1/instance (docs.joinmastodon.org/methods/instance).
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

import regex

from content_library.network_limits import find_links, graphemes, limits_of
from service_channel.networks.base import OutgoingMedia, OutgoingPart, Poll

_MENTION = regex.compile(r"(?<![\w/])@([\w-]+(?:\.[\w-]+)*)@[\w-]+(?:\.[\w-]+)+", regex.IGNORECASE)
_USUAL = limits_of("mastodon")


@dataclass(frozen=True)
class ServerLimits:
    """The defaults are Mastodon's own. `image_pixels` 0: the server names no limit."""

    characters: int = _USUAL.graphemes
    url_characters: int = _USUAL.url_length or 23
    media: int = _USUAL.images
    image_bytes: int = _USUAL.image_bytes
    image_pixels: int = 0
    alt_characters: int = _USUAL.alt_graphemes
    mimes: tuple[str, ...] = _USUAL.mimes
    poll_options: int = 4
    poll_option_characters: int = 50
    poll_least_s: int = 300
    poll_most_s: int = 2_629_746

    @classmethod
    def told(cls, instance: Mapping[str, Any]) -> Self:
        """Read from a server's answer about itself; what it does not say is as in Mastodon."""
        said = _inside(instance, "configuration")
        statuses, media = _inside(said, "statuses"), _inside(said, "media_attachments")
        polls = _inside(said, "polls") or _inside(instance, "poll_limits")
        return cls.kept(
            {
                "characters": statuses.get("max_characters") or instance.get("max_toot_chars"),
                "url_characters": statuses.get("characters_reserved_per_url"),
                "media": statuses.get("max_media_attachments"),
                "image_bytes": media.get("image_size_limit"),
                "image_pixels": media.get("image_matrix_limit"),
                "alt_characters": media.get("description_limit"),
                "mimes": media.get("supported_mime_types"),
                "poll_options": polls.get("max_options"),
                "poll_option_characters": polls.get("max_characters_per_option"),
                "poll_least_s": polls.get("min_expiration"),
                "poll_most_s": polls.get("max_expiration"),
            }
        )

    @classmethod
    def kept(cls, limits: Any) -> Self:
        """What `as_kept` gave, read back; a value that makes no sense is as in Mastodon."""
        known = _inside({"limits": limits}, "limits")
        whole = {one.name: known.get(one.name) for one in fields(cls) if one.name != "mimes"}
        found: dict[str, Any] = {name: value for name, value in whole.items() if _is_count(value)}
        mimes = known.get("mimes")
        if isinstance(mimes, list | tuple) and mimes and all(isinstance(mime, str) for mime in mimes):
            found["mimes"] = tuple(mime for mime in mimes if mime.startswith("image/"))
        return cls(**found)

    def as_kept(self) -> dict[str, Any]:
        return {**asdict(self), "mimes": list(self.mimes)}


def length(text: str, limits: ServerLimits) -> int:
    """How many characters a server counts: each link as one fixed length, a mention without its server."""
    counted = _MENTION.sub(r"@\1", text)
    links = find_links(counted)
    letters = len(graphemes(counted)) - sum(len(graphemes(link.url)) for link in links)
    return letters + len(links) * limits.url_characters


def problem(part: OutgoingPart, limits: ServerLimits, server: str) -> str:
    """Why `server` would refuse this part, "" if it would not. Asked before anything is sent there."""
    return next(_problems(part, limits, server), "")


def _problems(part: OutgoingPart, limits: ServerLimits, server: str) -> Iterator[str]:
    long = length(part.text, limits)
    if long > limits.characters:
        yield f"{server} takes {limits.characters:,} characters in one post; this one has {long:,}."
    if len(part.media) > limits.media:
        yield f"{server} takes {limits.media} images in one post; this one has {len(part.media)}."
    if part.media and part.poll:
        yield f"{server} takes either images or a poll in one post; this one has both."
    for media in part.media:
        yield from _image_problems(media, limits, server)
    if part.poll:
        yield from _poll_problems(part.poll, limits, server)


def _image_problems(media: OutgoingMedia, limits: ServerLimits, server: str) -> Iterator[str]:
    if limits.mimes and media.mime not in limits.mimes:
        yield f"{server} takes no images of the kind {media.mime}."
    if media.path.stat().st_size > limits.image_bytes:
        yield f"An image is larger than the {limits.image_bytes / 1_000_000:.3g} MB {server} takes."
    if limits.image_pixels and media.width * media.height > limits.image_pixels:
        yield f"An image has more than the {limits.image_pixels:,} pixels {server} takes."
    if len(graphemes(media.alt)) > limits.alt_characters:
        yield f"{server} takes {limits.alt_characters:,} characters of alt text; an image has more."


def _poll_problems(poll: Poll, limits: ServerLimits, server: str) -> Iterator[str]:
    if not 2 <= len(poll.options) <= limits.poll_options:
        yield f"{server} takes polls of 2 to {limits.poll_options} options; this one has {len(poll.options)}."
    if len(set(poll.options)) < len(poll.options):
        yield "Two options of the poll are the same."
    if any(len(graphemes(option)) > limits.poll_option_characters for option in poll.options):
        yield f"{server} takes {limits.poll_option_characters} characters in an option of a poll; one has more."
    if not limits.poll_least_s <= poll.minutes * 60 <= limits.poll_most_s:
        least, most = _span(limits.poll_least_s), _span(limits.poll_most_s)
        yield f"{server} keeps polls open for {least} to {most}; this one asks for {_span(poll.minutes * 60)}."


def _span(seconds: int) -> str:
    """Whole days, hours or minutes, for a sentence."""
    for unit, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= unit:
            number = seconds // unit
            return f"{number} {name}" if number == 1 else f"{number} {name}s"
    return f"{seconds} seconds"


def _inside(outer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = outer.get(name)
    return found if isinstance(found, dict) else {}


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
