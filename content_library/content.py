"""What a revision says, as one canonical document, and the hashes that bind a decision to it.

Text is brought to NFC once, when a revision is made. A rendition is the document of one account: exactly what will
stand there, part by part. The hash differs if and only if a byte of the canonical form differs.

Texts may name facts; `facts` holds what each said when the revision was made, and `resolved` is the one place that
writes them out.

What not every post has (`OPTIONAL`) stands in a document only where it is used, so that the hash of one that does not
use it stays what it was: `poll` {options, minutes}, `first_comment`, and `utm` {medium, campaign} for its links.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from content_library.fact_names import fact_key, names_in, written_out
from content_library.link_tags import tagged
from content_library.models.account import Account
from content_library.network_limits import LIMITS, split_thread
from content_library.poll_rules import USUAL_MINUTES, poll_on, with_lines

Content = dict[str, Any]

EMPTY: Mapping[str, Any] = {
    "title": "",
    "text": "",
    "thread": False,
    "language": "en",
    "audience": "public",
    "accounts": [],
    "variants": {},
    "media": [],
    "format": "",
    "fields": {},
    "topics": [],
    "products": [],
    "ingredient": "",
    "educational": False,
    "entertaining": False,
    "onward": {"kind": "none", "url": ""},
    "evergreen": False,
    "valid_from": "",
    "valid_until": "",
    "review_by": "",
    "source": {"url": "", "title": "", "author": "", "via": "", "licence": ""},
    "answers": {},
    "facts": {},
}
OPTIONAL = ("poll", "first_comment", "utm")

_URL = re.compile(r"https?://[^\s<>\"]+")
_TRAILING = ".,;:!?)]}’”'"


def empty(**known: Any) -> Content:
    """A content document with nothing said yet; `known` fills what is given."""
    document: Content = json.loads(json.dumps(EMPTY))
    return {**document, **known}


def normalise(raw: Mapping[str, Any]) -> Content:
    """The canonical document: every key there, text in NFC with plain line ends, ids sorted, no empty variants."""
    document: Content = _clean(empty(**{key: raw[key] for key in EMPTY if key in raw}))
    document["accounts"] = sorted({int(i) for i in document["accounts"]})
    document["topics"] = sorted({int(i) for i in document["topics"]})
    document["products"] = sorted({int(i) for i in document["products"]})
    document["variants"] = {
        network: {"text": variant["text"]}
        for network, variant in sorted(document["variants"].items())
        if variant.get("text") and variant["text"] != document["text"]
    }
    document["fields"] = {k: v for k, v in sorted(document["fields"].items()) if v not in ("", None, False)}
    document["answers"] = _answers(document["answers"])
    document["facts"] = dict(sorted(document["facts"].items()))
    document["media"] = [
        {"id": int(m["id"]), "sha256": m.get("sha256", ""), "alt": m.get("alt", "")}
        for m in document["media"]
    ]
    return {**document, **_optional(_clean({key: raw[key] for key in OPTIONAL if raw.get(key)}))}


def _optional(said: Mapping[str, Any]) -> dict[str, Any]:
    """What is used of what not every post has."""
    poll, comment, utm = said.get("poll"), said.get("first_comment"), said.get("utm")
    options = [option for line in poll["options"] if (option := " ".join(line.split()))] if poll else []
    kept: dict[str, Any] = {}
    if poll and options:
        kept["poll"] = {"options": options, "minutes": int(poll.get("minutes") or USUAL_MINUTES)}
    if comment:
        kept["first_comment"] = comment
    if utm:
        kept["utm"] = {key: utm.get(key, "") for key in ("medium", "campaign")}
    return kept


def _answers(raw: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """What the author says to boundaries: key → {reason, evidence}, without what is empty."""
    said = {key: {k: v for k, v in sorted(answer.items()) if v} for key, answer in sorted(raw.items())}
    return {key: answer for key, answer in said.items() if answer}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Mapping):
        return {key: _clean(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_clean(inner) for inner in value]
    return value


def clean_text(text: str) -> str:
    """NFC with plain line ends, no control characters and no space at the end of lines."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc")
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()


def facts_named(content: Mapping[str, Any]) -> dict[str, str]:
    """Key → name as written, of every fact a document names where it may go out."""
    texts = [content["title"], content["text"], *(v["text"] for v in content["variants"].values())]
    return names_in([*texts, *(m["alt"] for m in content["media"]), *_said_besides(content).values()])


def _said_besides(content: Mapping[str, Any]) -> dict[str, str]:
    """Field → text of the options of a poll and of the first comment, where there are any."""
    poll, comment = content.get("poll"), content.get("first_comment")
    options = {f"poll_{n}": option for n, option in enumerate(poll["options"], start=1)} if poll else {}
    return {**options, **({"first_comment": comment} if comment else {})}


def resolved(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document with the values of its facts in place of their names. Asking twice changes nothing."""
    values = {fact_key(name): fact["value"] for name, fact in content.get("facts", {}).items()}
    if not values:
        return content
    return {
        **content,
        "title": " ".join(written_out(content["title"], values).split("\n")),
        "text": written_out(content["text"], values),
        "variants": {
            network: {**variant, "text": written_out(variant["text"], values)}
            for network, variant in content["variants"].items()
        },
        "media": [{**m, "alt": written_out(m["alt"], values)} for m in content["media"]],
        **_besides_resolved(content, values),
    }


def _besides_resolved(content: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if poll := content.get("poll"):
        options = [" ".join(written_out(option, values).split()) for option in poll["options"]]
        found["poll"] = {**poll, "options": options}
    if comment := content.get("first_comment"):
        found["first_comment"] = written_out(comment, values)
    return found


def text_for(content: Mapping[str, Any], network: str) -> str:
    """The text this network gets: its variant, or the post's own."""
    content = resolved(content)
    variant = content["variants"].get(network)
    return str(variant["text"] if variant else content["text"])


def texts_going_out(content: Mapping[str, Any], networks: Iterable[str]) -> dict[str, str]:
    """Field → text of what people will read on these networks: text, variants, alt texts, the page's own."""
    wanted = set(networks)
    unread = {f"variant_{network}" for network in content["variants"].keys() - wanted}
    if "page" not in wanted:
        unread |= {"title", "source"}
    if wanted and wanted <= content["variants"].keys():
        unread.add("text")
    if wanted and not any(LIMITS[network].first_comment for network in wanted):
        unread.add("first_comment")
    return {field: text for field, text in every_text(content).items() if field not in unread}


def every_text(content: Mapping[str, Any]) -> dict[str, str]:
    """Field → text of everything that may go out."""
    content = resolved(content)
    variants = {f"variant_{network}": variant["text"] for network, variant in content["variants"].items()}
    alts = {f"alt_{m['id']}": m["alt"] for m in content["media"]}
    return {
        "title": content["title"],
        "text": content["text"],
        "source": source_line(content["source"]),
        **variants,
        **alts,
        **_said_besides(content),
        **({"utm_campaign": content["utm"]["campaign"]} if content.get("utm") else {}),
    }


def source_line(source: Mapping[str, str]) -> str:
    """What the page says of where a curated post comes from."""
    return " · ".join(part for key in ("title", "author", "via", "licence") if (part := source[key]))


def parts_for(content: Mapping[str, Any], network: str) -> list[str]:
    """The texts of the posts on this network, in order: several only for a thread. Without the first comment.

    Links have their UTM parameters. Where the network has no polls, the options are lines of the text.
    """
    return _parts(resolved(content), network)[0]


def _parts(content: Mapping[str, Any], network: str) -> tuple[list[str], dict[str, Any] | None]:
    """The texts, and the poll that goes with the first of them."""
    text, poll, has_pictures = _tagged(content, network), content.get("poll"), bool(content["media"])
    texts = _split(content, network, text)
    if not poll:
        return texts, None
    made = poll_on(network, poll, texts[0], has_pictures=has_pictures)
    return (texts, made) if made else (_split(content, network, with_lines(text, poll["options"])), None)


def _tagged(content: Mapping[str, Any], network: str) -> str:
    text, utm = text_for(content, network), content.get("utm")
    return tagged(text, network, utm) if utm else text


def _split(content: Mapping[str, Any], network: str, text: str) -> list[str]:
    if content["thread"] and LIMITS[network].threads:
        return split_thread(network, text, has_pictures=bool(content["media"]))
    return [text]


def comment_for(content: Mapping[str, Any], network: str) -> str:
    """The first comment as it goes out on this network; "" where there is none, or none can be written."""
    content = resolved(content)
    comment, utm = content.get("first_comment", ""), content.get("utm")
    if not comment or LIMITS[network].first_comment is None:
        return ""
    return tagged(comment, network, utm) if utm else str(comment)


def rendition(content: Mapping[str, Any], account: Account) -> dict[str, Any]:
    """Exactly what this account will show. The title is sent only where the network has one (the public page).

    A first comment is the last part and says so; a poll stands with the first part.
    """
    content = resolved(content)
    texts, poll = _parts(content, account.network)
    comment = comment_for(content, account.network)
    media = [{"sha256": m["sha256"], "alt": m["alt"]} for m in content["media"]]
    parts: list[dict[str, Any]] = [
        {"text": text, "media": media if n == 0 else []} for n, text in enumerate(texts)
    ]
    if poll:
        parts[0]["poll"] = poll
    if comment:
        parts.append({"text": comment, "media": [], "comment": True})
    return {
        "v": 1,
        "account": account.id,
        "network": account.network,
        "audience": content["audience"],
        "language": content["language"],
        "title": content["title"] if account.network == "page" else "",
        "parts": parts,
        "links": links_in([part["text"] for part in parts]),
        "source": content["source"] if account.network == "page" else None,
    }


def links_in(texts: Sequence[str]) -> list[str]:
    """The http(s) addresses in the texts, in order, each once."""
    found = (match.rstrip(_TRAILING) for text in texts for match in _URL.findall(text))
    return list(dict.fromkeys(found))


def canonical_json(document: Mapping[str, Any]) -> str:
    """One serialisation: sorted keys, no spaces, unescaped Unicode."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def rendition_hash(payload: str) -> str:
    """SHA-256 of a rendition's canonical JSON, apart from every other kind of hash."""
    return hashlib.sha256(f"deskcast:rendition:v1\n{payload}".encode()).hexdigest()


def content_hash(content: Mapping[str, Any], rendition_hashes: Sequence[str]) -> str:
    """What decisions and approvals are bound to: the document and every account's rendition."""
    bound = canonical_json({"content": content, "renditions": sorted(rendition_hashes)})
    return hashlib.sha256(f"deskcast:revision:v1\n{bound}".encode()).hexdigest()
