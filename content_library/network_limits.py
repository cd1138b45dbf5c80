"""How long a text may be on each network, and where it is cut or split. Limits are plain data."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import regex

from content_library import text_weights
from content_library.limits_by_network import LIMITS as LIMITS
from content_library.limits_by_network import NetworkLimits as NetworkLimits
from content_library.limits_by_network import PollLimits as PollLimits
from content_library.text_weights import Counting
from content_library.text_weights import utf16_length as utf16_length


@dataclass(frozen=True)
class Count:
    """`used` of `limit` in the unit nearest to its limit; `over` is how much too long, 0 if it fits."""

    graphemes: int
    bytes: int
    used: int
    limit: int
    unit: str  # "characters" or "bytes"
    over: int


@dataclass(frozen=True)
class Cut:
    """A text at the limit. `kept + beyond` is the text."""

    kept: str
    beyond: str


@dataclass(frozen=True)
class Link:
    """An http(s) address in a text, without the punctuation that follows it. Offsets are of the `str`."""

    start: int
    end: int
    url: str


@dataclass(frozen=True)
class _Unit:
    """The least piece that is never divided: one grapheme or one whole URL."""

    text: str
    graphemes: int  # as this network counts them
    bytes: int

    @property
    def is_space(self) -> bool:
        return self.text.isspace()

    @property
    def may_break(self) -> bool:
        return self.is_space and self.text not in _GLUE


_GRAPHEME = regex.compile(r"\X")
_URL = regex.compile(r"(?<![\p{L}\p{N}_])https?://[^\s<>\"“”„«»]+", regex.IGNORECASE)
_AFTER_A_URL = ".,;:!?…'’‘*"
_GLUE = {"\u00a0", "\u202f", "\u2007"}  # spaces that hold words together
_SENTENCE_END = regex.compile(
    r"(?:[\p{L}\p{N}\p{Pe}\p{Pf}%€\"']{2}|[\p{So}])[.!?…]+[\p{Pe}\p{Pf}\"']*$|[。！？]$"
)
_LEAST_FILL = 0.4  # a paragraph or sentence may end a part that is at least this full


def limits_of(network: str) -> NetworkLimits:
    """`KeyError` for a network without limits here."""
    return LIMITS[network]


def find_links(text: str) -> list[Link]:
    """The http(s) addresses of a text. What ends a sentence or closes a bracket opened before is left out."""
    return [_trimmed(match.start(), match.group()) for match in _URL.finditer(text)]


def graphemes(text: str) -> list[str]:
    """What a reader calls characters: a flag or a family emoji is one (UAX #29)."""
    return [match.group() for match in _GRAPHEME.finditer(text)]


def count(network: str, text: str, *, has_pictures: bool = False) -> Count:
    """How long a text is for this network, in its own way of counting."""
    return _counted(text, _limits(network, has_pictures=has_pictures))


def count_comment(network: str, text: str) -> Count:
    """How long a first comment is. `KeyError` for a network where we cannot write one."""
    limits = LIMITS[network]
    if limits.first_comment is None:
        raise KeyError(network)
    return _counted(text, replace(limits, graphemes=limits.first_comment))


def _limits(network: str, *, has_pictures: bool) -> NetworkLimits:
    """What holds for one post; a text that goes with pictures may have less room."""
    limits = LIMITS[network]
    return replace(limits, graphemes=limits.caption) if has_pictures and limits.caption else limits


def _counted(text: str, limits: NetworkLimits) -> Count:
    characters, octets = _size(_units(text, limits))
    used, limit, unit = characters, limits.graphemes, "characters"
    if limits.bytes is not None and octets * limits.graphemes > characters * limits.bytes:
        used, limit, unit = octets, limits.bytes, "bytes"
    return Count(len(graphemes(text)), len(text.encode()), used, limit, unit, max(0, used - limit))


def what_is_cut(network: str, text: str, *, has_pictures: bool = False) -> Cut:
    """The text that fits into one post, and what is beyond it: for previews."""
    limits = _limits(network, has_pictures=has_pictures)
    units = _units(text, limits)
    fitting = _fitting(units, limits)
    return Cut(_joined(units[:fitting]), _joined(units[fitting:]))


def split_thread(network: str, text: str, *, has_pictures: bool = False) -> list[str]:
    """The parts of a thread, each within the limit: at paragraphs, then sentences, then words.

    Pictures go with the first part. No word is lost and no grapheme or URL is divided; a URL longer than the limit is
    a part of its own that does not fit. A network without threads gets the text in one part.
    """
    limits = LIMITS[network]
    if not limits.threads:
        return [text]
    rest = _stripped(_units(text, limits))
    parts: list[str] = []
    while rest:
        end = _part_end(rest, limits if parts else _limits(network, has_pictures=has_pictures))
        parts.append(_joined(_stripped(rest[:end])))
        rest = _stripped(rest[end:])
    return parts or [text]


def _trimmed(start: int, url: str) -> Link:
    while True:
        kept = url.rstrip(_AFTER_A_URL)
        if kept[-1:] in (")", "]") and kept.count(kept[-1]) > kept.count("(" if kept[-1] == ")" else "["):
            kept = kept[:-1]
        if kept == url:
            return Link(start, start + len(url), url)
        url = kept


def _units(text: str, limits: NetworkLimits) -> list[_Unit]:
    units: list[_Unit] = []
    position = 0
    for start, end in _link_spans(text, limits):
        units.extend(_single(text[position:start], limits))
        url = text[max(start, position) : end]
        units.append(_Unit(url, _link_length(url, limits), len(url.encode())))
        position = end
    units.extend(_single(text[position:], limits))
    return units


def _link_length(url: str, limits: NetworkLimits) -> int:
    if limits.counting is Counting.WEIGHTS:
        return text_weights.weight(url)
    if limits.counting is Counting.MARKED:
        return len(url)
    return limits.url_length or sum(_length(letter, limits) for letter in graphemes(url))


def _length(letter: str, limits: NetworkLimits) -> int:
    return text_weights.letter_length(letter, limits.counting)


def _link_spans(text: str, limits: NetworkLimits) -> Iterator[tuple[int, int]]:
    """The links, widened to whole graphemes: a combining mark behind one goes with it."""
    bounds = {0}
    position = 0
    for letter in graphemes(text):
        position += len(letter)
        bounds.add(position)
    for start, end in _links(text, limits):
        while start not in bounds:
            start -= 1
        while end not in bounds:
            end += 1
        yield start, end


def _links(text: str, limits: NetworkLimits) -> list[tuple[int, int]]:
    """Where the links are; with weights, what X alone takes for one is among them."""
    spans = [(link.start, link.end) for link in find_links(text)]
    if limits.counting is Counting.WEIGHTS:
        more = [(start, end) for start, end, _ in text_weights.addresses(text)]
        spans += [(a, b) for a, b in more if not any(a < end and start < b for start, end in spans)]
    return sorted(spans)


def _single(text: str, limits: NetworkLimits) -> list[_Unit]:
    return [_Unit(letter, _length(letter, limits), len(letter.encode())) for letter in graphemes(text)]


def _size(units: list[_Unit]) -> tuple[int, int]:
    return sum(unit.graphemes for unit in units), sum(unit.bytes for unit in units)


def _joined(units: list[_Unit]) -> str:
    return "".join(unit.text for unit in units)


def _stripped(units: list[_Unit]) -> list[_Unit]:
    start, end = 0, len(units)
    while start < end and units[start].is_space:
        start += 1
    while end > start and units[end - 1].is_space:
        end -= 1
    return units[start:end]


def _fitting(units: list[_Unit], limits: NetworkLimits) -> int:
    """How many units from the first on fit into one post."""
    characters = octets = 0
    for index, unit in enumerate(units):
        characters += unit.graphemes
        octets += unit.bytes
        if characters > limits.graphemes or (limits.bytes is not None and octets > limits.bytes):
            return index
    return len(units)


def _part_end(units: list[_Unit], limits: NetworkLimits) -> int:
    fitting = _fitting(units, limits)
    if fitting == len(units):
        return fitting
    least = int(fitting * _LEAST_FILL)
    for is_break in (_ends_paragraph, _ends_sentence):
        for end in range(fitting, max(least, 1) - 1, -1):
            if is_break(units, end):
                return end
    for end in range(fitting, 0, -1):
        if units[end].may_break:
            return end
    return max(fitting, 1)


def _ends_paragraph(units: list[_Unit], end: int) -> bool:
    """Whether an empty line begins at `end`."""
    blank = ""
    while end < len(units) and units[end].is_space:
        blank += units[end].text
        end += 1
    return blank.replace("\r\n", "\n").count("\n") > 1


def _ends_sentence(units: list[_Unit], end: int) -> bool:
    """Whether `units[:end]` closes a sentence: "3. May" and "e. g. so" do not, a line break does."""
    here = units[end]
    if "\n" in here.text:
        return True
    closes = bool(_SENTENCE_END.search(_joined(units[max(0, end - 8) : end])))
    if not closes or units[end - 1].text in "。！？":
        return closes
    following = units[end + 1].text if end + 1 < len(units) else ""
    return here.may_break and not following.islower()
