"""What the mail about a review holds: exactly what goes out on each network, what changed, why, by when, and one link.

Written outside any request. A link that decides is made for people who may use one; others are led to the page.
"""

import difflib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.formatting import exact
from app.formatting import gettext as _
from app.reading import changed_since
from content_library import clock, decision_links, reviews, standing_in
from content_library.models.account import NETWORK_NAMES
from content_library.models.notice import Notice
from content_library.models.post import Rendition, Revision
from content_library.models.review import Review
from content_library.notices import ABOUT_A_REVIEW
from content_library.poll_rules import duration
from content_library.settings import Settings
from content_library.word_diff import Change


def review_to_decide(session: Session, notice: Notice) -> Review | None:
    """The review this notice is about, when its reader can decide on it now."""
    if notice.kind not in ABOUT_A_REVIEW or notice.subject_type != "review":
        return None
    review = session.get(Review, notice.subject_id)
    standing_in.resolve(session, notice.user, now=notice.mailed_at or clock.now(session))
    if review is None or reviews.obstacle(session, review, notice.user) is not None:
        return None
    return review


def shown(session: Session, notice: Notice, review: Review, settings: Settings) -> dict[str, Any]:
    """What the templates `emails/review.*` want beside what every notice's mail says."""
    submission, zone = review.submission, notice.user.zone
    since = changed_since(session, review)
    return {
        "team": review.team.name,
        "why": review.why,
        "due": exact(review.due_at, zone) if review.due_at else "",
        "networks": networks(submission.revision),
        "since": since["revision"].number if since else None,
        "changed": changed(since) if since else [],
        **_way(session, notice, review, settings),
    }


def _way(session: Session, notice: Notice, review: Review, settings: Settings) -> dict[str, Any]:
    """Where the button leads: through a link of one's own, or to the page of the review, or nowhere."""
    person = notice.user
    if decision_links.may_use(session, person):
        at = notice.mailed_at or clock.now(session)
        link = decision_links.issue(session, review, person, key=settings.secret_key, now=at)
        return {
            "act": _("Look at it and decide"),
            "url": f"{settings.public_url}{decision_links.PATH}{link.seed}",
            "until": exact(link.expires_at, person.zone),
        }
    page = "" if person.is_external else f"{settings.public_url}/reviews/{review.id}"
    return {"act": _("Read and decide"), "url": page, "until": ""}


def networks(revision: Revision) -> list[dict[str, Any]]:
    """What each account shows, part by part, in the order of the previews."""
    ordered = sorted(revision.renditions, key=lambda r: (r.account.network != "page", r.account_id))
    return [_network(rendition) for rendition in ordered]


def _network(rendition: Rendition) -> dict[str, Any]:
    account, document = rendition.account, json.loads(rendition.payload)
    name = NETWORK_NAMES.get(account.network, account.network)
    source = document["source"] or {}
    return {
        "name": name if account.network == "page" else f"{name} · {account.handle}",
        "title": document["title"],
        "parts": [_part(part) for part in document["parts"]],
        "links": document["links"],
        "source": " · ".join(value for value in source.values() if value),
    }


def _part(part: dict[str, Any]) -> dict[str, Any]:
    """The words of one part. `poll` are lines: the words above the options, if any, the options, the duration."""
    said = part.get("poll")
    lines = (
        [said.get("question", ""), *(f"( ) {o}" for o in said["options"]), _open_for(said)] if said else []
    )
    return {
        "text": part["text"],
        "alts": [m["alt"] for m in part["media"]],
        "poll": [line for line in lines if line],
        "is_comment": bool(part.get("comment")),
    }


def _open_for(poll: dict[str, Any]) -> str:
    return _("Poll, open for {time}").format(time=duration(poll["minutes"]))


def changed(since: dict[str, Any]) -> list[dict[str, Any]]:
    """What changed, in words: each field with its changes and, for plain text, the lines that went and came."""
    rows = [{"label": label, "ops": ops, "lines": _lines(ops)} for label, ops in since["rows"]]
    for change, _picture in since["pictures"]:
        number = change.after or change.before
        label = _("Picture {number}").format(number=number)
        said = _picture_said(change.before, change.after)
        rows.append({"label": f"{label}: {said}", "ops": change.alt, "lines": _lines(change.alt)})
    return rows


def _picture_said(before: int | None, after: int | None) -> str:
    if before is None:
        return _("new")
    if after is None:
        return _("removed")
    if before != after:
        return _("was number {number}").format(number=before)
    return _("another alt text")


def _lines(ops: Sequence[Change]) -> list[str]:
    before = "".join(text for op, text in ops if op != "insert").splitlines()
    after = "".join(text for op, text in ops if op != "delete").splitlines()
    return [line for line in difflib.ndiff(before, after) if line.startswith(("- ", "+ "))]


def wanted(details: dict[str, Any], zone: str) -> str:
    """When what a notice is about should be cleared, exactly; empty when nobody said."""
    return exact(datetime.fromisoformat(details["wanted_at"]), zone) if details.get("wanted_at") else ""
