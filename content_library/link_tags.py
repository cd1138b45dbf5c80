"""UTM parameters: telling the website where a reader came from. Added to the links of what goes out. Pure.

`utm_source` is the network, `utm_medium` the desk's word for social media, `utm_campaign` the post's. A link that has a
parameter keeps its own; nothing else of an address is touched, so that encoding and fragment stay as they were written.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from content_library.network_limits import find_links

LONGEST_TAG = 100
USUAL_MEDIUM = "social"
_SOURCES = {"discord_webhook": "discord", "slack_webhook": "slack"}


def source_of(network: str) -> str:
    """What the website is told of where a reader came from."""
    return _SOURCES.get(network, network)


def tagged(text: str, network: str, utm: Mapping[str, str]) -> str:
    """The text with the parameters on each of its links. Doing it again changes nothing."""
    wanted = {
        "utm_source": source_of(network),
        "utm_medium": utm.get("medium") or USUAL_MEDIUM,
        "utm_campaign": utm.get("campaign", ""),
    }
    pieces, last = [], 0
    for link in find_links(text):
        pieces += [text[last : link.start], tagged_link(link.url, wanted)]
        last = link.end
    return "".join([*pieces, text[last:]])


def tagged_link(url: str, wanted: Mapping[str, str]) -> str:
    """One address with those of the parameters that it does not have yet; as it is where it cannot be read."""
    try:
        query = urlsplit(url).query
    except ValueError:
        return url
    known = {name.lower() for name, _ in parse_qsl(query, keep_blank_values=True)}
    more = {name: value for name, value in wanted.items() if value and name not in known}
    if not more:
        return url
    before, hash_, fragment = url.partition("#")
    joint = "?" if "?" not in before else "" if before[-1] in "?&" else "&"
    return f"{before}{joint}{urlencode(more, quote_via=quote)}{hash_}{fragment}"
