"""Posts as each network will show them, ready for the macros of `macros/post.html`.

What is typed and what is approved go the same way: a rendition's document and the pictures it names by their hash.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import regex
from flask import url_for
from markupsafe import Markup, escape
from sqlalchemy.orm import Session

from app.formatting import gettext as _
from app.network_icons import NETWORK_ICONS
from content_library.completeness import is_address
from content_library.content import rendition
from content_library.media import pictures_by_hash
from content_library.models.account import NETWORK_NAMES, Account
from content_library.models.media import Media
from content_library.models.post import Revision
from content_library.network_limits import count, count_comment, find_links, what_is_cut
from content_library.poll_rules import duration

PictureUrl = Callable[[Media], str]
_MARKED = regex.compile(r"(?<![\p{L}\p{N}_/@#&])[@#][\p{L}\p{N}_][\p{L}\p{N}_.@\-]*(?<![.\-@])")


def revision_previews(
    session: Session,
    revision: Revision,
    desk_id: int,
    *,
    marked: Collection[str] = (),
    picture_url: PictureUrl | None = None,
) -> list[dict[str, Any]]:
    """What every account will show of a revision, from its stored renditions, with the `marked` words marked.

    `picture_url` says where a picture is for those who do not belong to the desk.
    """
    documents = [(r.account, json.loads(r.payload)) for r in revision.renditions]
    return _items(session, desk_id, documents, marked, picture_url)


def content_previews(
    session: Session, desk_id: int, content: Mapping[str, Any], accounts: Sequence[Account]
) -> list[dict[str, Any]]:
    """What the first account of each network would show of a text that is being written."""
    first: dict[str, Account] = {}
    for account in accounts:
        first.setdefault(account.network, account)
    return _items(session, desk_id, [(a, rendition(content, a)) for a in first.values()])


def _items(
    session: Session,
    desk_id: int,
    documents: Sequence[tuple[Account, Mapping[str, Any]]],
    marked: Collection[str] = (),
    picture_url: PictureUrl | None = None,
) -> list[dict[str, Any]]:
    pictures = pictures_by_hash(session, desk_id, set(_hashes(documents)))
    networks = [account.network for account, _document in documents]
    ordered = sorted(documents, key=lambda pair: (pair[0].network != "page", pair[0].id))
    return [
        {
            "key": str(account.id),
            "label": _label(account, networks.count(account.network) > 1),
            "network": account.network,
            "icon": NETWORK_ICONS.get(account.network, "world"),
            "parts": len(_own(document)),
            "post": preview(account, document, pictures, marked, picture_url),
        }
        for account, document in ordered
    ]


def _hashes(documents: Sequence[tuple[Account, Mapping[str, Any]]]) -> Iterable[str]:
    return (
        m["sha256"] for _account, document in documents for part in document["parts"] for m in part["media"]
    )


def _label(account: Account, several: bool) -> str:  # noqa: FBT001 - of the same network
    name = NETWORK_NAMES.get(account.network, account.network)
    return f"{name} · {account.handle}" if several else name


def preview(
    account: Account,
    document: Mapping[str, Any],
    pictures: Mapping[str, Media],
    marked: Collection[str] = (),
    picture_url: PictureUrl | None = None,
) -> dict[str, Any]:
    """One account's rendition as the `preview` macro wants it."""
    texts = [part["text"] for part in _own(document)]
    shown = [shown_text(account.network, text, marked) for text in texts]
    has_pictures = bool(document["parts"][0]["media"])
    cut = what_is_cut(account.network, texts[0], has_pictures=has_pictures).beyond if len(texts) == 1 else ""
    return {
        "account_name": account.name,
        "handle": "" if account.network == "page" else f"@{account.handle}",
        "title": _words("page", document["title"], marked),
        "text_html": shown[0],
        "parts": shown[1:],
        "media": [_picture(m, pictures, picture_url or _on_the_shelf) for m in document["parts"][0]["media"]],
        "link": _source(document["source"]),
        "counts": _counts(account.network, texts, has_pictures=has_pictures),
        "cut": cut,
        **_poll(account.network, document["parts"][0], marked),
        "comment": _comment(account.network, document["parts"][-1], marked),
    }


def _own(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The parts of the post itself, without its first comment."""
    return [part for part in document["parts"] if not part.get("comment")]


def _poll(network: str, part: Mapping[str, Any], marked: Collection[str]) -> dict[str, Any]:
    """The options, the words above them where the text does not say them alone, and how long it is open."""
    poll = part.get("poll")
    if poll is None:
        return {}
    question = poll.get("question", "")
    return {
        "poll": [{"label": _words("page", option, marked)} for option in poll["options"]],
        "poll_question": "" if question == part["text"] else question,
        "poll_open": "" if network == "threads" else _("open for {}").format(duration(poll["minutes"])),
    }


def _comment(network: str, part: Mapping[str, Any], marked: Collection[str]) -> dict[str, Any] | None:
    if not part.get("comment"):
        return None
    counted = count_comment(network, part["text"])
    counts = {"used": counted.used, "limit": counted.limit, "unit": counted.unit}
    return {"text_html": shown_text(network, part["text"], marked), "counts": counts}


def shown_text(network: str, text: str, marked: Collection[str] = ()) -> Markup:
    """A text with its links, with mentions and hashtags as the network marks them, and `marked` words as found."""
    pieces, last = [], 0
    for link in find_links(text):
        pieces.append(_words(network, text[last : link.start], marked))
        shown = Markup('<a href="{0}" rel="noopener nofollow ugc">{0}</a>').format(link.url)
        pieces.append(Markup("<mark>{}</mark>").format(shown) if link.url in marked else shown)
        last = link.end
    pieces.append(_words(network, text[last:], marked))
    return Markup("").join(pieces).replace("\n", Markup("<br>\n"))


def _words(network: str, text: str, marked: Collection[str]) -> Markup:
    found = "|".join(regex.escape(word) for word in sorted(marked, key=len, reverse=True))
    tags = "" if network == "page" else _MARKED.pattern
    looked_for = "|".join(f"(?P<{name}>{one})" for name, one in (("found", found), ("tag", tags)) if one)
    pieces, last = [], 0
    for match in regex.finditer(looked_for, text) if looked_for else ():
        shape = Markup("<mark>{}</mark>") if match.lastgroup == "found" else Markup("<a>{}</a>")
        pieces += [escape(text[last : match.start()]), shape.format(match.group())]
        last = match.end()
    return Markup("").join([*pieces, escape(text[last:])])


def _counts(network: str, texts: Sequence[str], *, has_pictures: bool) -> dict[str, Any]:
    """Of a thread, the longest part counts. Pictures go with the first."""
    every = [count(network, text, has_pictures=has_pictures and n == 0) for n, text in enumerate(texts)]
    longest = max(every, key=lambda c: c.used / c.limit)
    return {"used": longest.used, "limit": longest.limit, "unit": longest.unit}


def _on_the_shelf(picture: Media) -> str:
    return url_for("library.picture_file", media_id=picture.id)


def _picture(
    media: Mapping[str, Any], pictures: Mapping[str, Media], picture_url: PictureUrl
) -> dict[str, Any]:
    known = pictures.get(media["sha256"])
    if known is None:
        return {"url": "", "alt": media["alt"]}
    return {
        "url": picture_url(known),
        "alt": media["alt"],
        "width": known.width,
        "height": known.height,
    }


def _source(source: Mapping[str, str] | None) -> dict[str, str] | None:
    """The card of the article a curated post speaks of; the public page names it."""
    if not source or not is_address(source["url"]):
        return None
    host = urlsplit(source["url"]).hostname or ""
    said = " · ".join(part for part in (source["author"], source["via"], source["licence"]) if part)
    return {"url": source["url"], "title": source["title"] or source["url"], "host": host, "text": said}
