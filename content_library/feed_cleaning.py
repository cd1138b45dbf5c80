"""What of a stranger's HTML we keep, and how it becomes text."""

import html
import re
from urllib.parse import urljoin

import nh3

MAX_FIELD = 256_000
MAX_TITLE = 500
MAX_NAME = 200
MAX_LINK = 2000

_KEPT = (
    "a abbr b blockquote br caption cite code dd del dfn dl dt em figcaption figure h2 h3 h4 h5 h6 hr i img ins "
    "kbd li mark ol p pre q s samp small strong sub sup table tbody td tfoot th thead tr u ul"
)
_TAGS = frozenset(_KEPT.split())
_ATTRIBUTES = {
    "a": {"href", "title"},
    "abbr": {"title"},
    "img": {"src", "alt", "title", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_SCHEMES = {"http", "https"}
_DROPPED_WITH_CONTENT = {
    "script",
    "style",
    "template",
    "noscript",
    "iframe",
    "object",
    "svg",
    "math",
    "title",
}
_BLOCK = re.compile(
    r"(?=</?(?:p|br|div|li|ul|ol|h[1-6]|tr|td|th|table|blockquote|pre|hr|dd|dt|figcaption)\b)"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_SPACES = re.compile(r"\s+")


class HtmlCleaner:
    """Cleans what came from one address; relative links are made absolute against it."""

    def __init__(self, base: str) -> None:
        self._cleaner = nh3.Cleaner(
            tags=_TAGS,
            attributes=_ATTRIBUTES,
            url_schemes=_SCHEMES,
            clean_content_tags=_DROPPED_WITH_CONTENT,
            link_rel="noopener noreferrer nofollow ugc",
            url_relative=lambda link: absolute_link(link, base) or None,
        )

    def clean(self, dirty: str) -> str:
        return self._cleaner.clean(dirty[:MAX_FIELD]).strip()


def text_of(markup: str) -> str:
    """The words of some HTML, blocks apart by a space. The answer is text, not markup."""
    spaced = _BLOCK.sub(" ", markup[:MAX_FIELD])
    return plain_text(html.unescape(_WORDS_ONLY.clean(spaced)), MAX_FIELD)


def title_text(value: str, *, is_markup: bool, most: int = MAX_TITLE) -> str:
    """A title, author or tag as text; markup that would leave nothing (a title about `<div>`) stays as it is."""
    if not is_markup:
        return plain_text(value, most)
    return plain_text(text_of(value[: most * 20]), most) or plain_text(value, most)


def plain_text(value: str, most: int) -> str:
    """One line without control characters, at most so many characters."""
    return _SPACES.sub(" ", _CONTROLS.sub("", value[: most * 20])).strip()[:most].rstrip()


def absolute_link(link: str, base: str) -> str:
    """An absolute http or https link, or nothing."""
    cleaned = link.strip()
    if not cleaned or len(cleaned) > MAX_LINK or "\\" in cleaned or _CONTROLS.search(cleaned):
        return ""
    try:
        joined = urljoin(base, cleaned)
    except ValueError:
        return ""
    scheme, separator, rest = joined.partition("://")
    if scheme.lower() not in _SCHEMES or not separator or not rest.strip("/") or len(joined) > MAX_LINK:
        return ""
    return joined if not _SPACES.search(joined) else _SPACES.sub("%20", joined)


_WORDS_ONLY = nh3.Cleaner(tags=frozenset(), clean_content_tags=_DROPPED_WITH_CONTENT - {"title"})
