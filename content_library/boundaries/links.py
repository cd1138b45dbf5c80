"""Links that hide where they lead, that a desk does not want, or that are known to lead nowhere."""

from collections.abc import Collection, Sequence
from urllib.parse import urlsplit

from content_library.network_limits import find_links

SHORTENERS = frozenset(
    {
        "bit.ly", "buff.ly", "cutt.ly", "dlvr.it", "goo.gl", "is.gd", "lnkd.in", "ow.ly", "rb.gy", "rebrand.ly",
        "shorturl.at", "t.co", "t.ly", "t1p.de", "tiny.cc", "tinyurl.com", "v.gd",
    }
)  # fmt: skip


def find_unwanted(
    text: str,
    *,
    refused: Sequence[str] = (),
    allowed: Sequence[str] = (),
    shortened: bool = True,
    dead: Collection[str] = (),
) -> list[tuple[int, int]]:
    """Where a link stands that is not to go out.

    `refused` and `allowed` are hosts, each with everything below it (`example.com` covers `shop.example.com`). With
    `allowed` every other host is unwanted. `shortened`: also addresses of link shorteners, unless allowed.
    """
    unwanted = [*refused, *(SHORTENERS if shortened else ())]
    return [
        (link.start, link.start + len(link.url))
        for link in find_links(text)
        if link.url in dead or _is_unwanted(_host(link.url), unwanted, allowed)
    ]


def _is_unwanted(host: str, refused: Sequence[str], allowed: Sequence[str]) -> bool:
    if _below(host, allowed):
        return False
    return bool(allowed) or _below(host, refused)


def _below(host: str, hosts: Sequence[str]) -> bool:
    return any(host == known or host.endswith(f".{known}") for known in map(str.lower, hosts))


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
