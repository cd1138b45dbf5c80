"""Links by which one person decides once on one revision. What opens one stands in the mail that left, only there.

The table keeps a seed and the hash of the secret. The secret is made from the seed under the installation's key, once
for its hash and again in the moment of sending: a stored mail holds the seed, and a seed opens nothing.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from content_library.errors import NotFound
from content_library.mail_outbox import Letter
from content_library.models.decision_link import DecisionLink
from content_library.models.desk import Setting
from content_library.models.media import Media
from content_library.models.post import Revision
from content_library.models.review import Review
from content_library.models.user import User
from content_library.sign_in import secret_hash
from content_library.transitions import flush

LASTS = timedelta(days=7)
KEPT = timedelta(days=90)  # after its end: so long a link still says what became of it
PATH = "/decisions/"
SETTING = "mail_decisions"
_SEED = re.compile(rf"(?<={PATH})[A-Za-z0-9_-]{{43}}(?![A-Za-z0-9_-])")


def issue(session: Session, review: Review, person: User, *, key: str, now: datetime) -> DecisionLink:
    """A new link for what stands in review now. It is complete only in the mail that leaves: see `with_secrets`."""
    seed = secrets.token_urlsafe(32)
    submission = review.submission
    link = DecisionLink(
        seed=seed,
        secret_hash=secret_hash(_secret(key, seed)),
        user_id=person.id,
        review_id=review.id,
        revision_id=submission.revision_id,
        content_hash=submission.content_hash,
        created_at=now,
        expires_at=now + LASTS,
    )
    session.add(link)
    flush(session)
    return link


def with_secrets(session: Session, letter: Letter, keys: Sequence[str]) -> Letter:
    """The letter as it leaves: the seeds of its reader's links become what opens them, under the key they were made
    with. Whatever else looks like a seed stays as it is."""
    looking = {*_SEED.findall(letter.text), *_SEED.findall(letter.html)}
    if not looking:
        return letter
    links = session.scalars(
        select(DecisionLink)
        .join(User, User.id == DecisionLink.user_id)
        .where(DecisionLink.seed.in_(looking), func.lower(User.email) == letter.to.lower())
    )
    opens = {link.seed: _opener(link, keys) for link in links}
    text, html = (_SEED.sub(lambda m: opens.get(m[0], m[0]), part) for part in (letter.text, letter.html))
    return replace(letter, text=text, html=html)


def _opener(link: DecisionLink, keys: Sequence[str]) -> str:
    """The link's secret; its seed when the key it was made under is gone."""
    tried = (_secret(key, link.seed) for key in keys)
    return next((secret for secret in tried if secret_hash(secret) == link.secret_hash), link.seed)


def _secret(key: str, seed: str) -> str:
    digest = hmac.digest(key.encode(), f"deskcast:decision-link:v1\n{seed}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def find(session: Session, secret: str) -> DecisionLink:
    """The link that this opens, spent or not. Raises NotFound."""
    link = session.scalar(select(DecisionLink).where(DecisionLink.secret_hash == secret_hash(secret)))
    if link is None:
        raise NotFound("This link is not complete, or it was never valid. Open it from the mail once more.")
    return link


def pictures_of(session: Session, revision: Revision) -> list[Media]:
    """The pictures that a revision shows: all that its links open the door to."""
    hashes = {
        m["sha256"] for r in revision.renditions for p in json.loads(r.payload)["parts"] for m in p["media"]
    }
    desk_id = revision.post.desk_id
    return list(session.scalars(select(Media).where(Media.desk_id == desk_id, Media.sha256.in_(hashes))))


def hold(session: Session, link: DecisionLink) -> None:
    """Let nobody else use the link until this transaction ends, and read it again."""
    session.refresh(link, with_for_update=True)


def spend(session: Session, link: DecisionLink, *, now: datetime) -> None:
    """It decided; it opens nothing again."""
    link.used_at = now
    flush(session)


def is_switched_on(session: Session) -> bool:
    """Whether this installation lets people decide by mail."""
    row = session.get(Setting, SETTING)
    return row is None or row.value.get("on") is not False


def may_use(session: Session, person: User) -> bool:
    """Whether this person decides by mail: people outside always do, others unless they asked not to."""
    return is_switched_on(session) and (person.is_external or person.wants_mail_decisions)


def forget_old(session: Session, *, now: datetime) -> None:
    """Remove links that were over long ago."""
    session.execute(delete(DecisionLink).where(DecisionLink.expires_at <= now - KEPT))
