"""What stands on a network unpublished, how we know it again, and how a published post is told from others. Pure.

A draft is kept as `id#mark`. The mark says what it holds, because an Instagram or Threads container cannot be asked
for its words: a published draft with another mark is something else under our identity.
"""

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from service_channel.networks.base import FindResult, Outcome, OutgoingPart, Prepared, Presence, SendResult

EARLIER = "An earlier try had arrived."
TAKEN = "This post's draft was published with other content. Nothing was overwritten."
UNPREPARED = "There is no draft of this post on the network. It is prepared again."
_CLOCKS_MAY_DIFFER = timedelta(minutes=2)


@dataclass(frozen=True)
class Draft:
    remote_id: str
    mark: str

    def __str__(self) -> str:
        return f"{self.remote_id}#{self.mark}"

    def holds(self, part: OutgoingPart) -> bool:
        return self.mark == mark_of(part)


@dataclass(frozen=True)
class Standing(Prepared):
    """A part that needs no sending any more: `found` is what an earlier try of it left in public."""

    found: FindResult = field(default_factory=lambda: FindResult(Presence.UNREADABLE))


def draft_of(remote_id: str, part: OutgoingPart) -> str:
    """As it is kept."""
    return str(Draft(remote_id, mark_of(part)))


def read_draft(kept: str) -> Draft | None:
    remote_id, _, mark = kept.partition("#")
    return Draft(remote_id, mark) if remote_id and mark else None


def mark_of(part: OutgoingPart) -> str:
    """16 hexadecimal digits that change with everything a reader would see."""
    parent = part.parent.remote_id if part.parent else ""
    media = [(one.sha256, one.alt) for one in part.media]
    shown = json.dumps([part.text, media, parent, part.poll.options if part.poll else ()])
    return hashlib.sha256(shown.encode()).hexdigest()[:16]


def already(found: FindResult) -> SendResult:
    """How sending ends where the draft is public already: nothing more is asked of the network."""
    if found.presence is Presence.FOUND:
        return SendResult(Outcome.SENT, found.ref, found.status, {}, found.response, EARLIER)
    outcome = Outcome.REFUSED if found.presence is Presence.DIFFERENT else Outcome.UNKNOWN
    return SendResult(outcome, None, found.status, {}, found.response, found.message)


def ours(
    entries: Iterable[Mapping[str, Any]], part: OutgoingPart, *, text: str, time: str
) -> Mapping[str, Any] | None:
    """The first post with these words, made since the first try and not known to be another part.

    `text` and `time` name the fields of an entry.
    """
    earliest = part.created_at - _CLOCKS_MAY_DIFFER
    for entry in entries:
        made, words, remote_id = instant_of(entry.get(time)), entry.get(text), entry.get("id")
        is_known = not isinstance(remote_id, str) or remote_id in part.taken
        if made is None or made < earliest or is_known:
            continue
        if isinstance(words, str) and _plain(words) == _plain(part.text):
            return entry
    return None


def reaches_back(entries: Sequence[Mapping[str, Any]], part: OutgoingPart, *, time: str, most: int) -> bool:
    """Whether a list, newest first, holds everything since the first try: only then "not in it" means something."""
    if len(entries) < most:
        return True
    oldest = instant_of(entries[-1].get(time))
    return oldest is not None and oldest < part.created_at - _CLOCKS_MAY_DIFFER


def instant_of(said: Any) -> datetime | None:
    """A moment as the Graph API writes it; None for anything else."""
    try:
        instant = datetime.fromisoformat(said)
    except (TypeError, ValueError):
        return None
    return instant if instant.tzinfo else None


def _plain(words: str) -> str:
    """Words as they compare. Instagram leaves out the @ of a mention for some apps (reference of IG Media)."""
    return " ".join(unicodedata.normalize("NFC", words).replace("@", "").split())
