"""A receiver of our signed webhooks as Standard Webhooks 1.0.0 wants it. The function `verified` it uses is the one
that docs/networks/webhook.md shows, word by word.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Response, request

from tests.networks.servers.recorded import Recorded

PAGE = Path(__file__).parents[3] / "docs" / "networks" / "webhook.md"


def documented() -> dict[str, Any]:
    """What the receiver in the documents defines."""
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found, "the page shows no receiver"
    names: dict[str, Any] = {}
    exec(found.group(1), names)
    return names


@dataclass
class Receiver:
    """It drops what it has seen. `refuse` is what the next posting answers instead; `says` the body of a 200."""

    secret: str = "whsec_bGl2ZWxpdmVsaXZlbGl2ZWxpdmVsaXZlbGl2ZWxpdmU="
    refuse: tuple[int, Any] | None = None
    says: Any = ""
    seen: set[str] = field(default_factory=set)
    pings: int = 0

    def __post_init__(self) -> None:
        self.recorded = Recorded("webhook")
        self.recorded.app.post("/deskcast/<password>")(self.receive)
        self.verified = documented()["verified"]

    def receive(self, password: str) -> Response:
        octets = request.get_data()
        body = self.verified(self.secret, request.headers, octets)
        if body is None:
            return _json(401, {"error": "bad signature", "echo": request.url})
        if body["type"] == "ping":
            self.pings += 1
            return self._answer()
        if body["type"] == "post.taken_down":
            self.recorded.posts.pop(body["data"]["post"], None)
            return self._answer()
        answer: Response = self.recorded.posting(self._publish)(body)
        return answer

    def _publish(self, body: dict[str, Any]) -> Response:
        assert body["type"] == "post.published"
        if self.refuse is not None:
            (status, words), self.refuse = self.refuse, None
            return _json(status, words)
        if request.headers["webhook-id"] not in self.seen:
            self.seen.add(request.headers["webhook-id"])
            self.recorded.posts[body["data"]["post"]] = body
        return self._answer()

    def _answer(self) -> Response:
        return _json(200, self.says) if self.says else Response("", 204)


def _json(status: int, body: Any) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
