"""A workflow of Power Automate as learn.microsoft.com describes it: "When a Teams webhook request is received",
the shared access signature in its address, the errors of the workflow service, and what an adaptive card may hold
(adaptivecards.io: RichTextBlock and TextRun 1.2, Image). It answers 202 with nothing and posts later.
"""

import json
from dataclasses import dataclass
from typing import Any

from flask import Response, request

from tests.networks.servers.recorded import Recorded

WORKFLOW = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
PATH = f"/powerautomate/automations/direct/workflows/{WORKFLOW}/triggers/manual/paths/invoke"


@dataclass
class TeamsServer:
    """One workflow. `refuse` is what the next posting answers instead; `is_on` whether it is switched on."""

    signature: str = "live-SIGNATURE_0123456789"
    is_on: bool = True
    refuse: tuple[int, Any] | None = None

    def __post_init__(self) -> None:
        self.recorded = Recorded("teams", rate_limited=_rate_limited)
        self.recorded.app.post(
            "/powerautomate/automations/direct/workflows/<workflow>/triggers/manual/paths/invoke"
        )(self.recorded.posting(self.invoke))

    def address(self, url: str, *, signature: str = "") -> str:
        query = f"api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={signature or self.signature}"
        return f"{url}{PATH}?{query}"

    def invoke(self, workflow: str) -> Response:
        assert request.args["api-version"] == "1" and request.args["sp"] == "/triggers/manual/run"
        if workflow != WORKFLOW:
            return _error(404, "WorkflowNotFound", f"The workflow '{workflow}' could not be found.")
        if request.args.get("sig") != self.signature:
            words = "The provided workflow run shared access signature is not valid."
            return _error(401, "AuthorizationFailed", words)
        if not self.is_on:
            return _error(400, "WorkflowTriggerIsNotEnabled", "The trigger 'manual' is not enabled.")
        if self.refuse is not None:
            (status, body), self.refuse = self.refuse, None
            return _json(status, body) if isinstance(body, dict) else Response(body, status)
        return self._accepted(request.get_data())

    def _accepted(self, octets: bytes) -> Response:
        if len(octets) > 28_000:
            return _error(413, "RequestEntityTooLarge", "Request entity too large")
        body = json.loads(octets)
        assert body["type"] == "message" and len(body["attachments"]) == 1
        attachment = body["attachments"][0]
        assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
        _check(attachment["content"])
        self.recorded.posts[str(len(self.recorded.posts) + 1)] = attachment["content"]
        return Response("", 202)


def _check(card: dict[str, Any]) -> None:
    assert card["type"] == "AdaptiveCard" and card["version"] in ("1.2", "1.3", "1.4", "1.5")
    for element in card["body"]:
        if element["type"] == "RichTextBlock":
            assert element["inlines"] and all(
                run["type"] == "TextRun" and run["text"] for run in element["inlines"]
            )
        else:
            assert element["type"] == "Image" and element["url"].startswith("https://")


def _error(status: int, code: str, words: str) -> Response:
    return _json(status, {"error": {"code": code, "message": words}})


def _rate_limited() -> Response:
    answer = _error(429, "WorkflowRunsThrottled", "Too many requests.")
    answer.headers["Retry-After"] = "30"
    return answer


def _json(status: int, body: Any) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
