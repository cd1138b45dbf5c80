"""Text as LinkedIn's posts hold it: the "little" format, where a reserved sign that is not escaped cuts the text off.

Source: learn.microsoft.com, LinkedIn, little Text Format. Comments hold plain text.
"""

import unicodedata

import regex

from content_library.network_limits import find_links

_RESERVED = regex.compile(r"[|{}@\[\]()<>#\\*_~]")
_HASHTAG = regex.compile(r"(?<![\p{L}\p{N}_&/#])#(?=[\p{L}\p{N}_]*\p{L})([\p{L}\p{N}]+)(?![\p{L}\p{N}_])")
_ESCAPED = regex.compile(r"\\([|{}@\[\]()<>#\\*_~])")
_TEMPLATE = regex.compile(r"\{hashtag\|\\?([#＃])\|([^{}|]+)\}")
_SHORTENED = r"https?://lnkd\.in/\S+"


def little(text: str) -> str:
    """A text for `commentary`: everything reserved is escaped, save the signs of hashtags, which stay hashtags."""
    parts, position = [], 0
    for match in _HASHTAG.finditer(text):
        parts += [_escaped(text[position : match.start()]), match.group()]
        position = match.end()
    return "".join([*parts, _escaped(text[position:])])


def plain(commentary: str) -> str:
    """What readers see of a `commentary`."""
    return str(_ESCAPED.sub(r"\1", _TEMPLATE.sub(r"\1\2", commentary)))


def reads_the_same(shown: str, text: str) -> bool:
    """Whether what LinkedIn shows is this text. It writes long links as its own short ones."""
    wanted, pattern, position = _tidy(text), "", 0
    for link in find_links(wanted):
        pattern += regex.escape(wanted[position : link.start])
        pattern += f"(?:{regex.escape(link.url)}|{_SHORTENED})"
        position = link.end
    whole = regex.compile(pattern + regex.escape(wanted[position:]))
    return bool(whole.fullmatch(_tidy(plain(shown))) or whole.fullmatch(_tidy(shown)))


def _escaped(text: str) -> str:
    return str(_RESERVED.sub(lambda match: "\\" + match.group(), text))


def _tidy(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
