"""The place in a text that a decision, question or comment is about: the words themselves, and on which network.

Beside transitions, below use cases.
"""

import json
from collections.abc import Mapping

from content_library.errors import InvalidInput
from content_library.models.account import NETWORK_NAMES
from content_library.models.post import Revision

LONGEST_QUOTE = 1_000


def checked_place(revision: Revision, place: Mapping[str, str] | None) -> dict[str, str] | None:
    """The place as it is kept, or None when no words were named.

    Raises InvalidInput at `quote` when the words do not stand in what goes out. Spaces and line ends may differ,
    because a selection in a browser changes them.
    """
    quote = " ".join((place or {}).get("quote", "").split())
    if not quote:
        return None
    if len(quote) > LONGEST_QUOTE:
        sentence = f"Mark fewer words: at most {LONGEST_QUOTE} characters."
        raise InvalidInput(sentence, {"quote": sentence})
    network = (place or {}).get("network", "")
    found = [name for name, text in _texts(revision) if quote in text]
    if not found or (network and network not in found):
        where = f" for {NETWORK_NAMES.get(network, network)}" if network in NETWORK_NAMES and found else ""
        sentence = (
            f"These words are not in the text{where}. Copy them as they stand there, or leave this empty."
        )
        raise InvalidInput(sentence, {"quote": sentence})
    return {"network": network or found[0], "quote": quote}


def _texts(revision: Revision) -> list[tuple[str, str]]:
    """(network, everything of words that goes out there, with single spaces) of each rendition."""
    found = []
    for rendition in revision.renditions:
        document = json.loads(rendition.payload)
        parts = [p["text"] for p in document["parts"]]
        alts = [m["alt"] for p in document["parts"] for m in p["media"]]
        options = [option for p in document["parts"] if "poll" in p for option in p["poll"]["options"]]
        said = " ".join(" ".join([document["title"], *parts, *alts, *options]).split())
        found.append((document["network"], said))
    return found
