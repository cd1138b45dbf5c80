"""From an approved payload to what an adapter takes."""

import json

from content_library.content import canonical_json, normalise, rendition
from content_library.models.account import Account
from scheduler.payloads import outgoing
from service_channel.networks.base import OutgoingPart, Poll
from tests.factories import NOW

POLL = {"options": ["Dial", "Buttons"], "minutes": 1_440}


def parts(network: str, **content: object) -> list[OutgoingPart]:
    said = normalise({"title": "T", "text": "Dial or buttons?", **content})
    account = Account(id=7, network=network, handle="h", name="N", desk_id=1)
    payload = canonical_json(rendition(said, account))
    count = len(json.loads(payload)["parts"])
    return [outgoing(5, payload, position, {}, now=NOW) for position in range(count)]


def test_the_poll_that_was_cleared_is_the_one_that_is_sent() -> None:
    assert parts("mastodon", poll=POLL)[0].poll == Poll(("Dial", "Buttons"), 1_440)
    assert parts("linkedin", poll=POLL)[0].poll == Poll(("Dial", "Buttons"), 1_440, "Dial or buttons?")


def test_without_one_nothing_is_asked() -> None:
    assert [part.poll for part in parts("mastodon", first_comment="More.")] == [None, None]
    assert parts("bluesky", poll=POLL)[0].poll is None


def test_the_first_comment_is_a_part_of_its_own_behind_a_poll() -> None:
    post, comment = parts("mastodon", poll=POLL, first_comment="More.")
    assert post.poll is not None
    assert (comment.index, comment.text, comment.poll, comment.media) == (1, "More.", None, ())
