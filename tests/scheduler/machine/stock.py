"""What a machine begins with: a desk, its people, two accounts, and posts that are cleared and not planned yet.

Clearing costs more than everything else a machine does, so it is done once and the database copied for each run.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from content_library.models.desk import Desk
from content_library.models.format import Format, Kind, Tone
from content_library.models.post import Post
from content_library.models.user import DeskRole, User
from tests import factories as make
from tests.fakes import FakeServer

SENTENCE = "Descale it with vinegar and water, wait twenty minutes, and rinse it twice before the next tea. "
LEFT, RIGHT, BOTH = (0,), (1,), (0, 1)  # accounts
Shape = tuple[tuple[int, ...], int]  # accounts, parts
CLEARED: dict[Shape, int] = {
    (LEFT, 1): 16, (RIGHT, 1): 16, (BOTH, 1): 4, (LEFT, 3): 10, (RIGHT, 3): 10, (BOTH, 3): 2
}  # fmt: skip


@dataclass(frozen=True)
class Stock:
    """The ids of what is there. Maya writes and plans, Priya leads the desk, Tom clears."""

    desk: int
    maya: int
    priya: int
    tom: int
    accounts: tuple[int, int]
    secret: dict[str, Any]
    posts: dict[Shape, list[int]] = field(default_factory=dict)


def lay_in(session: Session, server: FakeServer) -> Stock:
    """Everything a machine needs, in one transaction."""
    desk = make.make_desk(session, zone="UTC")
    maya = make.make_user(session, "Maya Okafor", desk=desk)
    priya = make.make_user(session, "Priya Raman", desk=desk, role=DeskRole.LEAD)
    tom = make.make_user(session, "Tom Hargreave", teams=["legal"])
    secret = dict(server.access().secret)
    left, right = (make.make_account(session, desk, handle=f"{n}.bsky.social", secret=secret) for n in "ab")
    right.least_gap_s = 0
    session.add(
        Format(
            key="quick", kind=Kind.PROMOTION, name="Quick", purpose="", tone=Tone.NEUTRAL, fields=[], position=90,
            steps=[[{"team": "legal", "why": "Promises."}]],
        )
    )  # fmt: skip
    session.flush()
    stock = Stock(desk.id, maya.id, priya.id, tom.id, (left.id, right.id), secret)
    for shape, count in CLEARED.items():
        stock.posts[shape] = [_cleared(session, stock, shape, n) for n in range(count)]
    return stock


def _cleared(session: Session, stock: Stock, shape: Shape, number: int) -> int:
    post = write(session, stock, shape, f"{shape} {number}", now=make.NOW)
    clear(session, stock, post, now=make.NOW)
    return post.id


def write(
    session: Session, stock: Stock, shape: Shape, title: str, *, now: datetime, valid_until: str = ""
) -> Post:
    """A draft for these accounts, a thread if it has several parts."""
    chosen, parts = shape
    return make.make_post(
        session, session.get_one(Desk, stock.desk), session.get_one(User, stock.maya), title=title,
        text=f"{title}. {SENTENCE * (8 if parts > 1 else 1)}", format_key="quick", now=now, thread=parts > 1,
        accounts=[stock.accounts[n] for n in chosen], valid_until=valid_until,
    )  # fmt: skip


def clear(session: Session, stock: Stock, post: Post, *, now: datetime) -> None:
    """Tom approves the newest revision."""
    maya, tom = session.get_one(User, stock.maya), session.get_one(User, stock.tom)
    make.clear(session, post, maya, {"legal": tom}, now=now)
