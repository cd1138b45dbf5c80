"""How long networks find a text, each in its own way of counting.

X: characters weigh one or two, an emoji two, an address 23 whatever its length. Source: docs.x.com, Counting
characters; the configuration of twitter-text, version 3. X knows every top-level domain and this does not: a name
written without https:// whose ending is not known here weighs 23 or more.
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum

import regex

ADDRESS_WEIGHT = 23


class Counting(StrEnum):
    """What a network counts."""

    GRAPHEMES = "graphemes"  # what a reader calls characters
    WEIGHTS = "weights"  # X
    UTF16 = "utf16"  # most servers: an emoji is two or more
    CODE_POINTS = "code_points"
    MARKED = "marked"  # Discord: code points, and a backslash before each mark that is to stay a mark
    EMOJI_BYTES = (
        "emoji_bytes"  # Threads ("Posts", limitations): characters, but an emoji as its bytes in UTF-8
    )


_LIGHT = ((0, 4_351), (8_192, 8_205), (8_208, 8_223), (8_242, 8_247))  # these weigh 1, all else 2
_COMMON = "com|org|net|info|biz|edu|gov|app|dev|shop|online|store|site|blog|cloud|help|support|news"
_RESERVED = "example|test|invalid|localhost|local|internal|lan|home|corp"  # X takes these for plain words

_LABEL = r"[\p{L}\p{N}\p{M}](?:[\p{L}\p{N}\p{M}_-]*[\p{L}\p{N}\p{M}])?\."
_BARE_LABEL = r"[a-z0-9\u00c0-\u024f-]+\."  # without https://
_PATH = r"[a-z0-9!*';:=+,.$/%#\[\]\-–_~@|&\u00c0-\u024f\u0400-\u04ff]"
_PATH_END = r"[a-z0-9+\-=_#/\u00c0-\u024f\u0400-\u04ff]"
_BRACKETS = rf"\({_PATH}+\)"
_ADDRESS = regex.compile(
    rf"(?:(?P<scheme>https?://)(?:{_LABEL})+|(?:{_BARE_LABEL})+)"
    r"(?P<top>[a-z]{2,63}|xn--[a-z0-9]+)(?![a-z0-9@])(?::[0-9]+)?"
    rf"(?P<path>/(?:{_PATH}|{_BRACKETS})*(?<={_PATH_END}|\)))?"
    r"(?:\?[a-z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]*[a-z0-9\-_&=#/])?",
    regex.IGNORECASE,
)
_EMOJI = regex.compile(
    r"""(?V1)
    \p{Regional_Indicator}{2}
    | [0-9\#*]\ufe0f?\u20e3
    | (?<one>\p{Emoji_Modifier_Base}\p{Emoji_Modifier}
        | \p{Emoji_Presentation}
        | [\p{Emoji}--[0-9\#*\p{Emoji_Presentation}]]\ufe0f?)
      (?: (?:\u200d(?&one))+ | [\U000e0020-\U000e007e]+\U000e007f )?
    """,
    regex.VERBOSE,
)
_BEFORE_NONE = regex.compile(r"[A-Za-z0-9@＠$#＃]")  # an address does not begin behind one of these
_BEFORE_BARE_NONE = regex.compile(r"[-_./]")
_GRAPHEME = regex.compile(r"\X")
_PICTORIAL = regex.compile(r"\p{Extended_Pictographic}|\p{Regional_Indicator}|\uFE0F\u20E3")
_MARK = regex.compile(r"[\\*_~`|]")


def weight(text: str) -> int:
    """What a text weighs: 280 is the most that a post holds."""
    total = position = 0
    for start, end, heavy in addresses(text):
        total += _plain(text[position:start]) + heavy
        position = end
    return total + _plain(text[position:])


def addresses(text: str) -> Iterator[tuple[int, int, int]]:
    """What X makes a link of, with or without https:// in front: start, end and weight."""
    for match in _ADDRESS.finditer(text):
        before = text[: match.start()][-1:]
        if not _BEFORE_NONE.match(before) and (match["scheme"] or not _BEFORE_BARE_NONE.match(before)):
            is_whole = (
                match["scheme"] or match["path"]
            )  # of a bare name, only a path makes the rest belong to it
            end = match.end() if is_whole else match.end("top")
            yield match.start(), end, _address_weight(match, text[match.start() : end])


def letter_length(letter: str, counting: Counting) -> int:
    """How much one grapheme takes of a limit."""
    return _COUNTED[counting](letter)


def utf16_length(text: str) -> int:
    """How many characters most servers count: an emoji is two or more."""
    return len(text.encode("utf-16-le")) // 2


def letter_weight(letter: str) -> int:
    """What one grapheme weighs: an emoji of many code points 2, else the sum of its code points."""
    if letter in ("\r\n", "\r"):
        return 1
    if _EMOJI.fullmatch(letter):
        return 2
    return sum(1 if _is_light(ord(point)) else 2 for point in unicodedata.normalize("NFC", letter))


def _address_weight(match: "regex.Match[str]", written: str) -> int:
    top = match["top"].lower()
    if regex.fullmatch(_RESERVED, top):
        return _plain(written)
    sure = match["scheme"] or len(top) == 2 or regex.fullmatch(_COMMON, top)
    return ADDRESS_WEIGHT if sure else max(ADDRESS_WEIGHT, _plain(written))


def _plain(text: str) -> int:
    return sum(letter_weight(match.group()) for match in _GRAPHEME.finditer(text))


def _is_light(point: int) -> bool:
    return any(first <= point <= last for first, last in _LIGHT)


def _marked(letter: str) -> int:
    return len(letter) + len(_MARK.findall(letter))


def _emoji_as_bytes(letter: str) -> int:
    return len(letter.encode()) if _PICTORIAL.search(letter) else 1


_COUNTED: Mapping[Counting, Callable[[str], int]] = {
    Counting.GRAPHEMES: lambda _letter: 1,
    Counting.WEIGHTS: letter_weight,
    Counting.UTF16: utf16_length,
    Counting.CODE_POINTS: len,
    Counting.MARKED: _marked,
    Counting.EMOJI_BYTES: _emoji_as_bytes,
}
