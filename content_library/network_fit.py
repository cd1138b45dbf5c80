"""What a network would refuse of a post, each as a sentence at its field, and what it does differently. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from content_library.content import comment_for, parts_for, resolved, text_for
from content_library.models.account import NETWORK_NAMES
from content_library.network_limits import LIMITS, Count, count, count_comment, graphemes
from content_library.poll_rules import duration, poll_on, why_as_lines
from content_library.poll_rules import problems as poll_problems

_KINDS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WebP", "image/gif": "GIF"}


class Picture(Protocol):
    """What is known of a picture's bytes. `size` in bytes."""

    mime: str
    size: int


def misfits(
    content: Mapping[str, Any], networks: Sequence[str], pictures: Mapping[int, Picture]
) -> dict[str, str]:
    """Field → what to do about it. `pictures` by id, as far as they are known."""
    content = resolved(content)
    found: dict[str, str] = {}
    for network in networks:
        found.update(_text(content, network))
        found.update(_pictures(network, content["media"], pictures))
        found.update(_comment(content, network))
    return found | _poll(content, networks)


def _text(content: Mapping[str, Any], network: str) -> dict[str, str]:
    name, has_pictures = NETWORK_NAMES[network], bool(content["media"])
    counts = [
        count(network, part, has_pictures=has_pictures and n == 0)
        for n, part in enumerate(parts_for(content, network))
    ]
    over = next((c for c in counts if c.over), None)
    if over is None or not text_for(content, network):
        return {}
    field = f"variant_{network}" if network in content["variants"] else "text"
    return {field: f"{_too_long(content, network, over)} Shorten it, {_ways(network, name)}."}


def _too_long(content: Mapping[str, Any], network: str, over: Count) -> str:
    caption = bool(content["media"]) and over.limit == LIMITS[network].caption
    where = " where there are pictures" if caption else ""
    tags = ", with the UTM parameters of its links" if content.get("utm") else ""
    return f"{NETWORK_NAMES[network]} takes {over.limit}{where} and this is {over.used}{tags}."


def _ways(network: str, name: str) -> str:
    return f"write a variant for {name}, or send it as a thread"


def _comment(content: Mapping[str, Any], network: str) -> dict[str, str]:
    comment = comment_for(content, network)
    if not comment or not (counted := count_comment(network, comment)).over:
        return {}
    name = NETWORK_NAMES[network]
    said = f"{name} takes {counted.limit} in a comment and this is {counted.used}. Shorten it."
    return {"first_comment": said}


def _pictures(
    network: str, media: Sequence[Mapping[str, Any]], pictures: Mapping[int, Picture]
) -> dict[str, str]:
    problem = next(_picture_problems(network, media, pictures), "")
    return {"media": problem} if problem else {}


def _picture_problems(
    network: str, media: Sequence[Mapping[str, Any]], pictures: Mapping[int, Picture]
) -> Iterator[str]:
    limits, name = LIMITS[network], NETWORK_NAMES[network]
    if limits.needs_image and not media:
        yield f"{name} takes no post without a picture. Add one, or do not send it to {name}."
    if len(media) > limits.images:
        yield f"{name} takes {limits.images} pictures and there are {len(media)}. Remove some."
    for n, one in enumerate(media, start=1):
        if len(graphemes(one["alt"])) > limits.alt_graphemes:
            yield (
                f"The description of picture {n} is too long for {name}, "
                f"which takes {limits.alt_graphemes} characters. Shorten it."
            )
        if known := pictures.get(one["id"]):
            yield from _bytes(network, n, known)


def _bytes(network: str, n: int, picture: Picture) -> Iterator[str]:
    limits, name = LIMITS[network], NETWORK_NAMES[network]
    if picture.mime not in limits.mimes:
        kinds = ", ".join(_KINDS[mime] for mime in limits.mimes)
        yield f"{name} takes pictures as {kinds}, and picture {n} is {_KINDS.get(picture.mime, 'another kind')}."
    if picture.size > limits.image_bytes:
        yield f"Picture {n} is larger than the {limits.image_bytes / 1_000_000:.3g} MB {name} takes."


def _poll(content: Mapping[str, Any], networks: Sequence[str]) -> dict[str, str]:
    poll = content.get("poll")
    if not poll:
        return {}
    limits = {
        NETWORK_NAMES[network]: LIMITS[network].polls for network in networks if _has_poll(content, network)
    }
    return poll_problems(poll, {name: known for name, known in limits.items() if known})


def hints(content: Mapping[str, Any], networks: Sequence[str]) -> list[str]:
    """What becomes of a poll or a first comment where a network has none, and what it does in its own way."""
    content = resolved(content)
    found = [*_polls_elsewhere(content, networks), *_polls_there(content, networks)]
    without = [NETWORK_NAMES[network] for network in networks if LIMITS[network].first_comment is None]
    if content.get("first_comment") and without:
        found.append(
            f"The first comment does not go out here, because none can be written: {', '.join(without)}."
        )
    return found


def _polls_elsewhere(content: Mapping[str, Any], networks: Sequence[str]) -> Iterator[str]:
    """Where the options are lines of the text, and why; networks with the same reason together."""
    reasons: dict[str, list[str]] = {}
    for network in networks if content.get("poll") else ():
        if why := why_as_lines(network, _asked(content, network), has_pictures=bool(content["media"])):
            reasons.setdefault(why, []).append(NETWORK_NAMES[network])
    for why, names in reasons.items():
        yield f"{', '.join(names)}: {why}, so the options stand below the text."


def _polls_there(content: Mapping[str, Any], networks: Sequence[str]) -> Iterator[str]:
    poll = content.get("poll")
    if not poll:
        return
    if "threads" in networks and _has_poll(content, "threads"):
        yield "Threads itself decides how long a poll is open."
    longer = _at_linkedin(poll["minutes"])
    if longer != poll["minutes"] and "linkedin" in networks and _has_poll(content, "linkedin"):
        yield f"LinkedIn keeps this poll open for {duration(longer)}: it knows 1, 3, 7 and 14 days."


def _has_poll(content: Mapping[str, Any], network: str) -> bool:
    has_pictures = bool(content["media"])
    return poll_on(network, content["poll"], _asked(content, network), has_pictures=has_pictures) is not None


def _asked(content: Mapping[str, Any], network: str) -> str:
    """The text a poll would stand beside."""
    return parts_for({**content, "poll": None}, network)[0]


def _at_linkedin(minutes: int) -> int:
    return next((known for known in (1_440, 4_320, 10_080, 20_160) if minutes <= known), minutes)
