"""What somebody who decides reads beside the previews: words, links, facts, and what changed since their team decided.

Used by the page of a review, by the page behind a mail's link, and by the mail itself, which is written outside any
request.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.changes import changes_between
from app.formatting import city, said
from app.formatting import gettext as _
from content_library import catalogue, reviews
from content_library.boundaries.rules import Detector
from content_library.formats import AUDIENCES, ONWARD, FieldType
from content_library.models.boundary import SubmittedFinding
from content_library.models.post import Post, Revision
from content_library.models.review import Review
from content_library.offer_window import window
from content_library.wall_time import parse_wall, resolve


def found_words(findings: Iterable[SubmittedFinding]) -> set[str]:
    """The words to mark. Of a hard text no words are meant, and those of personal data are not kept."""
    told = (f for f in findings if f.boundary.detector is not Detector.READING)
    return {place["words"] for finding in told for place in finding.places if place["words"]}


def links_of(revision: Revision) -> list[str]:
    """Every address that goes out, on whichever network, each once."""
    found = (link for r in revision.renditions for link in json.loads(r.payload)["links"])
    return list(dict.fromkeys(found))


def facts_of(session: Session, post: Post, revision: Revision, *, now: datetime) -> list[tuple[str, Any]]:
    """What the format asked for and what else stands behind the text, in words; what was not said is left out."""
    content, format_, zone = revision.content, post.format, post.desk.zone
    rows = [
        (spec["label"], _in_words(spec["type"], content["fields"].get(spec["key"]), zone, now))
        for spec in format_.fields
        if spec["type"] != FieldType.BUILTIN
    ]
    onward = content["onward"]
    open_between = window(content, format_.fields, zone)
    topics, products = catalogue.topics(session, post.desk_id), catalogue.products(session, post.desk_id)
    rows += [
        (_("Audience"), AUDIENCES.get(content["audience"], content["audience"])),
        (_("Not before"), _instant(open_between.starts_at, zone, now)),
        (_("Not after"), _instant(open_between.until, zone, now)),
        (_("Topics"), ", ".join(t.name for t in topics if t.id in content["topics"])),
        (_("Products"), ", ".join(p.name for p in products if p.id in content["products"])),
        (
            _("Onward path"),
            f"{ONWARD.get(onward['kind'], '')} {onward['url']}".strip() if onward["url"] else "",
        ),
        (_("Source"), " · ".join(v for v in content["source"].values() if v)),
        (_("Links say where readers came from"), _tags(content.get("utm"))),
    ]
    return [(label, value) for label, value in rows if value]


def _tags(utm: Mapping[str, str] | None) -> str:
    if not utm:
        return ""
    said = {"utm_source": _("the network"), "utm_medium": utm["medium"], "utm_campaign": utm["campaign"]}
    return ", ".join(f"{name} = {value}" for name, value in said.items() if value)


def _in_words(type_: str, value: Any, zone: str, now: datetime) -> str:
    if type_ == FieldType.CHECK:
        return _("yes") if value else ""
    if type_ == FieldType.MOMENT and value:
        return _instant(resolve(parse_wall(str(value)), zone).due_at, zone, now)
    return str(value or "")


def _instant(instant: datetime | None, zone: str, now: datetime) -> str:
    return f"{said(instant, now, zone)} ({city(zone)})" if instant else ""


def changed_since(session: Session, review: Review) -> dict[str, Any] | None:
    """What changed since this team decided last; None when it sees the post for the first time."""
    before = reviews.last_decided(session, review)
    if before is None:
        return None
    submission = review.submission
    between = changes_between(before, submission.revision, submission.post, session=session)
    return {"revision": before, **between}
