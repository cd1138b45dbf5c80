"""What the people of a desk do with its publications, as rules of a state machine.

Every act is a committed transaction of its own, or refused. What people want is told to the witness.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from content_library import posts, submissions
from content_library.approvals import approvals_in_force
from content_library.database import Database
from content_library.errors import Refusal
from content_library.models.account import Account, AccountState
from content_library.models.desk import Desk
from content_library.models.post import Post, Rendition, Revision
from content_library.models.review import Approval
from content_library.models.user import User
from content_library.settings import Timing
from scheduler import holds, planning, settling
from scheduler.models import Attempt, Hold, HoldScope, Publication, PublicationState
from scheduler.publication_flow import UNSENT
from service_channel import accounts
from service_channel.networks.base import Connection
from tests import factories as make
from tests.fakes import FakeServer
from tests.scheduler.machine import stock
from tests.scheduler.machine.stock import BOTH, LEFT, RIGHT, Shape, Stock
from tests.scheduler.machine.weather import Weather
from tests.scheduler.machine.witness import Witness
from tests.scheduler.scene import utc
from tests.support.clock import FrozenClock

S = PublicationState
TIMING = Timing()
QUIET = timedelta(seconds=TIMING.send_deadline + TIMING.settle)
ACTS = ("withdraw", "stop_desk", "hold_account", "hold", "cancel", "edit", "newer", "move", "archive")
ALSO = ("approve", "lift", "release", "reconnect", "plan_again")
STORED = ("payload", "rendition", "bound", "approval", "content")

picks = st.integers(0, 5)
dues = st.sampled_from((10, 10, 60, 300, 1500))
chosen_accounts = st.sampled_from((LEFT, RIGHT, BOTH))
some_parts = st.sampled_from((1, 1, 3))
busy = precondition(lambda self: bool(self.witness.due))


class People(RuleBasedStateMachine):
    """One desk, two accounts. `open_database` gives a database in which `stock` has been laid in."""

    open_database: Callable[[FrozenClock], Database]
    stock: Stock
    server: FakeServer
    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.clock = FrozenClock()
        self.database = type(self).open_database(self.clock)
        self.weather = Weather(self.server, self.clock, QUIET)
        self.witness = Witness(self.database, self.clock, TIMING, self.server)
        self.weather.witness = self.witness
        self.ready = {shape: list(ids) for shape, ids in self.stock.posts.items()}
        self.count = 0
        with self.database.read() as session:
            self.witness.frozen = {r.id: r.payload for r in session.scalars(select(Rendition))}
            self.witness.cleared = set(session.scalars(select(Approval.revision_id)))

    @contextmanager
    def acting(self) -> Iterator[Session]:
        """One request: committed, or refused and nothing changed."""
        with suppress(Refusal), self.database.write() as session:
            yield session

    def maya(self, session: Session) -> dict[str, Any]:
        return {"actor": session.get_one(User, self.stock.maya), "now": self.clock()}

    def priya(self, session: Session) -> dict[str, Any]:
        return {"actor": session.get_one(User, self.stock.priya), "now": self.clock()}

    def pick(self, session: Session, pick: int, *states: PublicationState) -> Publication | None:
        """One of the last few publications, the newest first, in one of these states if there is one."""
        query = select(Publication).order_by(Publication.id.desc()).limit(6)
        found = session.scalars(query.where(Publication.state.in_(states)) if states else query).all()
        found = found or session.scalars(query).all()
        return found[pick % len(found)] if found else None

    # ---- planning --------------------------------------------------------------

    @rule(
        in_s=dues,
        chosen=chosen_accounts,
        parts=some_parts,
        how=st.sampled_from(("cleared", "uncleared", "offer")),
    )
    def plan(self, in_s: int, chosen: tuple[int, ...], parts: int, how: str) -> None:
        """An offer ends soon after its time."""
        if how == "cleared":
            self.plan_cleared(in_s, chosen, parts)
            return
        ends_at = self.clock() + timedelta(seconds=in_s, minutes=4)
        until = ends_at.strftime("%Y-%m-%dT%H:%M") if how == "offer" else ""
        with self.acting() as session:
            post = self._write(session, (chosen, parts), until)
            if how == "offer":
                self._clear(session, post)
            self._plan(session, post, accounts_of(post), in_s)

    def plan_cleared(self, in_s: int, chosen: tuple[int, ...] = LEFT, parts: int = 1) -> list[int]:
        """Plan a cleared post; returns its publications. Ready ones first: writing one takes long."""
        ready = self.ready[chosen, parts]
        with self.acting() as session:
            if ready:
                post = session.get_one(Post, ready.pop())
            else:
                post = self._write(session, (chosen, parts))
                self._clear(session, post)
            return self._plan(session, post, [self.stock.accounts[n] for n in chosen], in_s)
        return []

    def _write(self, session: Session, shape: Shape, until: str = "") -> Post:
        self.count += 1
        post = stock.write(
            session, self.stock, shape, f"New {self.count}", now=self.clock(), valid_until=until
        )
        self._freeze(session, post)
        return post

    def _freeze(self, session: Session, post: Post) -> None:
        made = select(Rendition).where(Rendition.revision_id == post.latest_revision_id)
        for rendition in session.scalars(made):
            self.witness.frozen.setdefault(rendition.id, rendition.payload)

    def _clear(self, session: Session, post: Post) -> None:
        stock.clear(session, self.stock, post, now=self.clock())
        assert post.latest_revision_id is not None
        self.witness.cleared.add(post.latest_revision_id)

    def _plan(self, session: Session, post: Post, account_ids: list[int], in_s: int) -> list[int]:
        due_at = self.clock() + timedelta(seconds=in_s)
        chosen = [session.get_one(Account, account_id) for account_id in account_ids]
        made = planning.plan(session, post, chosen, utc(due_at), **self.maya(session))
        self.witness.due |= {publication.id: due_at for publication in made}
        return [publication.id for publication in made]

    # ---- acts ------------------------------------------------------------------

    @busy
    @rule(what=st.sampled_from((*ACTS, *ALSO)), pick=picks, in_s=dues)
    def somebody_acts(self, what: str, pick: int, in_s: int) -> None:
        likely = {
            "release": (S.HELD,),
            "approve": (S.BLOCKED,),
            "plan_again": (S.MISSED, S.EXPIRED, S.FAILED),
        }
        with self.acting() as session:
            publication = self.pick(session, pick, *likely.get(what, UNSENT))
            if publication is not None:
                self.act(session, what, publication, in_s)

    def act(self, session: Session, what: str, publication: Publication, in_s: int = 300) -> None:
        """Do one thing to a publication, its post, its account or its desk."""
        verbs: dict[str, Callable[[Session, Publication], Any]] = {
            "withdraw": self._withdraw, "stop_desk": self._stop_desk, "hold_account": self._hold_account,
            "hold": self._hold, "cancel": self._cancel, "edit": self._edit, "newer": self._newer,
            "archive": self._archive, "approve": self._approve, "lift": self._lift, "release": self._release,
            "reconnect": self._reconnect,
            "move": lambda session, publication: self._move(session, publication, in_s),
            "plan_again": lambda session, p: self._plan(session, p.post, [p.account_id], in_s),
        }  # fmt: skip
        verbs[what](session, publication)

    def _withdraw(self, session: Session, publication: Publication) -> None:
        for approval in approvals_in_force(session, publication.post):
            submissions.withdraw_approval(session, approval, why="A mistake.", **self.priya(session))
            self.witness.cleared.discard(approval.revision_id)

    def _stop_desk(self, session: Session, _publication: Publication) -> None:
        holds.stop_desk(session, session.get_one(Desk, self.stock.desk), "Wait.", **self.priya(session))

    def _hold_account(self, session: Session, publication: Publication) -> None:
        """No page offers it yet; the gate knows it."""
        session.add(
            Hold(
                scope=HoldScope.ACCOUNT, desk_id=self.stock.desk, account_id=publication.account_id, reason="Wait.",
                created_by_id=self.stock.priya, created_at=self.clock(),
            )
        )  # fmt: skip

    def _hold(self, session: Session, publication: Publication) -> None:
        holds.hold_publication(session, publication, "Wait.", **self.priya(session))

    def _cancel(self, session: Session, publication: Publication) -> None:
        planning.cancel(session, publication, **self.maya(session))
        self.witness.cancelled.add(publication.id)

    def _edit(self, session: Session, publication: Publication) -> None:
        self.count += 1
        post = publication.post
        said = session.get_one(Revision, post.latest_revision_id).content["text"].partition(". ")[2]
        make.save(
            session,
            post,
            session.get_one(User, self.stock.maya),
            now=self.clock(),
            text=f"{self.count}. {said}",
        )
        self._freeze(session, post)

    def _newer(self, session: Session, publication: Publication) -> None:
        self._edit(session, publication)
        self._clear(session, publication.post)

    def _approve(self, session: Session, publication: Publication) -> None:
        self._clear(session, publication.post)

    def _move(self, session: Session, publication: Publication, in_s: int) -> None:
        due_at = self.clock() + timedelta(seconds=in_s)
        planning.move_to(session, publication, utc(due_at), **self.maya(session))
        self.witness.due[publication.id] = due_at

    def _archive(self, session: Session, publication: Publication) -> None:
        posts.archive(session, publication.post, **self.maya(session))
        self.witness.cleared -= {r.id for r in publication.post.revisions}

    def _lift(self, session: Session, publication: Publication) -> None:
        for hold in holds.open_holds(session, self.stock.desk)[:1]:
            holds.lift(session, hold, **self.priya(session))

    def _release(self, session: Session, publication: Publication) -> None:
        holds.release_publication(session, publication, **self.priya(session))

    def _reconnect(self, session: Session, publication: Publication) -> None:
        self.connect(session, publication.account)

    def connect(self, session: Session, account: Account) -> None:
        desk = session.get_one(Desk, self.stock.desk)
        found = Connection(account.handle, account.name, f"did:{account.id}", "", self.stock.secret, "")
        accounts.connect(
            session, desk, account.network, found, vault=make.VAULT, account=account,
            **self.priya(session),
        )  # fmt: skip
        self.witness.reconnected(account.id)

    def set_right(self) -> None:
        """Every hold is lifted and every account connected."""
        with self.acting() as session:
            for hold in holds.open_holds(session, self.stock.desk):
                holds.lift(session, hold, **self.priya(session))
            lost = (Account.desk_id == self.stock.desk) & (Account.state == AccountState.RECONNECT)
            for account in session.scalars(select(Account).where(lost)):
                self.connect(session, account)

    # ---- answers ---------------------------------------------------------------

    @busy
    @rule(
        pick=picks, verb=st.sampled_from(("there", "not_there", "not_there", "give_up", "leave", "take_down"))
    )
    def somebody_decides(self, pick: int, verb: str) -> None:
        """What a person answers, also when nobody has asked."""
        likely = {"leave": (S.FAILED,), "take_down": (S.PUBLISHED,)}.get(
            verb, (S.NEEDS_PERSON, S.UNKNOWN, S.SENDING)
        )
        with self.acting() as session:
            publication = self.pick(session, pick, *likely)
            if publication is not None:
                self.decide(session, publication, verb)

    def decide(self, session: Session, publication: Publication, verb: str) -> None:
        was_asked = publication.state is S.NEEDS_PERSON
        if verb == "there":
            settling.it_is_there(session, publication, "https://bsky.example/x", **self.maya(session))
        else:
            {
                "not_there": settling.it_is_not_there, "give_up": settling.give_up, "leave": settling.leave,
                "take_down": settling.take_down,
            }[verb](session, publication, **self.maya(session))  # fmt: skip
        if was_asked:
            last = select(Attempt.id).order_by(Attempt.id.desc()).limit(1)
            self.witness.answered[publication.id] = session.scalar(last) or 0

    # ---- what nobody may do ----------------------------------------------------

    def tamper(self, session: Session, publication: Publication, what: str) -> None:
        """Somebody, or a disk, changes what is stored behind everybody’s back."""
        rendition = session.get(Rendition, publication.rendition_id)
        if rendition is None:
            return
        document, other = json.loads(rendition.payload), "0" * 64
        document["parts"][0]["text"] = "Buy now."
        payload, of_revision = json.dumps(document), Revision.id == publication.revision_id
        changes: dict[str, Any] = {
            "payload": update(Rendition).where(Rendition.id == rendition.id).values(payload=payload),
            "rendition": update(Rendition).where(Rendition.id == rendition.id).values(sha256=other),
            "bound": update(Publication).where(Publication.id == publication.id).values(payload_sha256=other),
            "approval": update(Approval).where(Approval.revision_id == publication.revision_id),
            "content": update(Revision).where(of_revision).values(content_hash=other),
        }
        changes["approval"] = changes["approval"].values(content_hash=other)
        session.execute(changes[what])


def accounts_of(post: Post) -> list[int]:
    """The accounts a post was written for."""
    return [r.account_id for r in post.revisions[-1].renditions]
